// SPDX-License-Identifier: GPL-2.0
/*
 * What the panthor driver does when the GPU does not do its part. Every case ends with
 * a job that works, in a VM and a group of its own.
 */
#include <time.h>
#include <unistd.h>

#include "panthor_fixture.h"

static void check_state(__u32 wanted)
{
	__u32 state = gpu_group_state(&gpu, group);

	check(state & wanted, "the group is in state 0x%x, without 0x%x", state, wanted);
}

/* The stream executes nothing: the job times out. */
static void case_job_timeout(void)
{
	setup();
	model_set("hang_streams", 1);
	submit_fill(1);
	expect(gpu_wait(&gpu, done, 3), -ETIME, "a job that hangs");
	expect(gpu_wait(&gpu, done, 20), 0, "a job that timed out");
	check_state(DRM_PANTHOR_GROUP_STATE_TIMEDOUT);
	model_calm();
	check_works();
}

/* The stream goes round and round. */
static void case_endless_loop(void)
{
	struct stream s;

	setup();
	s = stream_begin(&gpu);
	cs_branch(&s, ALWAYS, 0, -1);
	gpu_submit(&gpu, group, 0, &s, done);
	expect(gpu_wait(&gpu, done, 20), 0, "a job that timed out");
	check_state(DRM_PANTHOR_GROUP_STATE_TIMEDOUT);
	check_works();
}

/* A shader does not end: the firmware's timer is faster than the driver's. */
static void case_progress_timer(void)
{
	struct stream s;

	setup();
	model_set("hang_jobs", 1);
	s = stream_begin(&gpu);
	cs_run_compute(&s);
	cs_wait(&s, 1);
	gpu_submit(&gpu, group, 0, &s, done);
	expect(gpu_wait(&gpu, done, 4.5), 0, "a job without progress");
	check_state(DRM_PANTHOR_GROUP_STATE_TIMEDOUT);
	model_calm();
	check_works();
}

static void case_page_fault(void)
{
	struct stream s;

	setup();
	s = stream_begin(&gpu);
	cs_fill(&s, bo.va + bo.size, PAGE, 1);
	gpu_submit(&gpu, group, 0, &s, done);
	expect(gpu_wait(&gpu, done, 10), 0, "a job that faulted");
	check_state(DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	check_works();
}

static void case_injected_fault(void)
{
	setup();
	model_set("fault_accesses", 1);
	submit_fill(1);
	expect(gpu_wait(&gpu, done, 10), 0, "a job that faulted");
	check_state(DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	check_works();
}

static void case_read_only(void)
{
	struct stream s;

	setup();
	expect(gpu_try_bind(&gpu, bo.handle, 1ull << 30, bo.size,
			    DRM_PANTHOR_VM_BIND_OP_TYPE_MAP |
			    DRM_PANTHOR_VM_BIND_OP_MAP_READONLY), 0, "VM_BIND");
	s = stream_begin(&gpu);
	cs_fill(&s, 1ull << 30, PAGE, 1);
	gpu_submit(&gpu, group, 0, &s, done);
	expect(gpu_wait(&gpu, done, 10), 0, "a job that faulted");
	check_state(DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	check_fill(&bo, 0);
	check_works();
}

static void case_invalid_instruction(void)
{
	struct stream s;

	setup();
	s = stream_begin(&gpu);
	emit(&s, 0xffull << 56);
	gpu_submit(&gpu, group, 0, &s, done);
	expect(gpu_wait(&gpu, done, 10), 0, "a job with an unknown instruction");
	check_state(DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	check_works();
}

/* A fault of the GPU itself is told and no more. */
static void case_gpu_fault(void)
{
	unsigned long irqs, tries = 0;

	setup_busy();
	irqs = model_stat("irqs");
	model_set("gpu_fault", 0x80);
	while (model_stat("irqs") == irqs)
		check(tries++ < 1000 && !usleep(1000), "no interrupt");
	expect(gpu_wait(&gpu, done, 10), 0, "a job");
	check_fill(&bo, 1);
	check_works();
}

/* An address space says that it has faulted, though nothing was accessed. */
static void case_mmu_fault(void)
{
	setup_busy();
	/* The first is the MCU's. */
	model_set("mmu_fault", 1);
	expect(gpu_wait(&gpu, done, 10), 0, "a job whose address space has faulted");
	check_state(DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	check_works();
}

/* The firmware answers nothing: a reset with all of the firmware loaded anew. */
static void case_mcu_hang(void)
{
	unsigned long resets;

	setup_busy();
	resets = model_stat("resets");
	model_set("hang_mcu", 1);
	expect(gpu_wait(&gpu, done, 20), 0, "a job on a hung MCU");
	model_calm();
	check_works();
	check(model_stat("resets") > resets, "the GPU was not reset");
}

/* The state of a group is answered with nonsense. */
static void case_corrupt_answer(void)
{
	setup();
	model_set("corrupt_acks", 1);
	submit_fill(1);
	expect(gpu_wait(&gpu, done, 20), 0, "a job whose group is lost");
	check(!model_stat("../corrupt_acks"), "nothing was corrupted");
	check_works();
}

static void case_lost_interrupts(void)
{
	unsigned int i;

	setup();
	for (i = 0; i < 4; i++) {
		model_set("drop_irqs", 1);
		submit_fill(i);
		expect(gpu_wait(&gpu, done, 20), 0, "a job whose interrupt was lost");
	}
	check_works();
}

/* A reset that takes nearly as long as it may, and one that takes longer. */
static void slow_reset(unsigned int delay_ms)
{
	unsigned long resets;

	setup_busy();
	resets = model_stat("resets");
	model_set("reset_delay_ms", delay_ms);
	model_set("hang_mcu", 1);
	expect(gpu_wait(&gpu, done, 20), 0, "a job on a hung MCU");
	model_calm();
	check_works();
	check(model_stat("resets") > resets, "the GPU was not reset");
}

static void case_slow_reset(void)
{
	slow_reset(50);
}

static void case_too_slow_reset(void)
{
	slow_reset(300);
}

/* The MCU does not boot on resume, but does when the driver tries again. */
static void case_no_boot_once(void)
{
	setup();
	device_await("suspended");
	model_set("no_boots", 1);
	submit_fill(3);
	expect(gpu_wait(&gpu, done, 10), 0, "a job after a boot that failed");
	check_fill(&bo, 3);
	check_works();
}

static void case_delayed_job(void)
{
	struct timespec some = { 0, 200000000 };

	setup();
	model_set("job_delay_ms", 600);
	submit_fill(7);
	nanosleep(&some, NULL);
	check_fill(&bo, 0);
	expect(gpu_wait(&gpu, done, 10), 0, "a delayed job");
	check_fill(&bo, 7);
	model_calm();
}

static void case_runtime_suspend(void)
{
	unsigned int i;

	setup();
	for (i = 1; i < 4; i++) {
		unsigned long boots = model_stat("boots");

		submit_fill(i);
		expect(gpu_wait(&gpu, done, 10), 0, "a job");
		device_await("suspended");
		check_fill(&bo, i);
		submit_fill(i + 10);
		expect(gpu_wait(&gpu, done, 10), 0, "a job after suspend");
		check_fill(&bo, i + 10);
		check(model_stat("boots") > boots, "the MCU was not booted again");
	}
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "job_timeout", case_job_timeout },
		{ "endless_loop", case_endless_loop },
		{ "progress_timer", case_progress_timer },
		{ "page_fault", case_page_fault },
		{ "injected_fault", case_injected_fault },
		{ "read_only", case_read_only },
		{ "invalid_instruction", case_invalid_instruction },
		{ "gpu_fault", case_gpu_fault },
		{ "mmu_fault", case_mmu_fault },
		{ "mcu_hang", case_mcu_hang },
		{ "corrupt_answer", case_corrupt_answer },
		{ "lost_interrupts", case_lost_interrupts },
		{ "slow_reset", case_slow_reset },
		{ "too_slow_reset", case_too_slow_reset },
		{ "no_boot_once", case_no_boot_once },
		{ "delayed_job", case_delayed_job },
		{ "runtime_suspend", case_runtime_suspend },
	};

	opt.driver = "panthor";
	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
