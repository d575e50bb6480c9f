// SPDX-License-Identifier: GPL-2.0
/*
 * The GPU goes away while it has clients, and comes back.
 */
#include <time.h>
#include <unistd.h>

#include "panthor_fixture.h"
#include "panthor_reclaim.h"

static void case_rebind(void)
{
	struct stream s;

	setup();
	submit_fill(1);
	expect(gpu_wait(&gpu, done, 10), 0, "a job");
	device_tell("unbind");
	check(!device_is_there(), "the device is still there");
	s = stream_begin(&gpu);
	expect(gpu_try_submit(&gpu, group, 0, &s, done), -ENODEV, "GROUP_SUBMIT");
	device_tell("bind");
	check_works();
}

/* The device goes while a job runs. */
static void case_rebind_busy(void)
{
	setup_busy();
	device_tell("unbind");
	model_calm();
	close(gpu.fd);
	device_tell("bind");
	check_works();
}

/* The driver gives the device up when the MCU does not boot after a reset. */
static void case_no_boot(void)
{
	unsigned int tries;

	setup_busy();
	model_set("no_boots", 2);
	model_set("hang_mcu", 1);
	for (tries = 0; tries < 200 && device_is_there(); tries++) {
		struct timespec some = { 0, 100000000 };

		nanosleep(&some, NULL);
	}
	check(!device_is_there(), "the device is still there");
	close(gpu.fd);
	model_calm();
	device_tell("unbind");
	device_tell("bind");
	check_works();
}

/* Buffers of a client that lives on were evicted; new ones come and go as before. */
static void case_rebind_evicted(void)
{
	bool upstream = is_upstream();
	struct stream s;

	setup();
	upstream_differs("a mapping of an evicted buffer, after unbind", "SIGBUS", "its content");
	submit_fill(3);
	expect(gpu_wait(&gpu, done, 10), 0, "a job");
	evict_all(&gpu);
	device_tell("unbind");
	if (upstream)
		check_fill(&bo, 3);
	else
		check(probe_read(bo.map) == SIGBUS, "the mapping is not dead");
	s = stream_begin(&gpu);
	expect(gpu_try_submit(&gpu, group, 0, &s, done), -ENODEV, "GROUP_SUBMIT");
	gpu_close(&gpu);
	device_tell("bind");
	setup();
	submit_fill(4);
	expect(gpu_wait(&gpu, done, 10), 0, "a job after bind");
	evict_all(&gpu);
	check_fill(&bo, 4);
	gpu_close(&gpu);
}

#define CLIENTS	3u

static unsigned int *steps;

/* Work until the device is gone; its successor is another one. */
static void client(void *arg)
{
	struct stream s;
	int ret;

	(void)arg;
	setup();
	s = stream_begin(&gpu);
	cs_fill(&s, bo.va, bo.size, 5);
	add(steps, 1);
	do {
		ret = gpu_try_submit(&gpu, group, 0, &s, done);
		if (!ret)
			ret = gpu_wait(&gpu, done, 20);
	} while (!ret);
	expect(ret, -ENODEV, "the device is gone");
	add(steps, 1);
	await(steps, 2 * CLIENTS + 1);
	expect(gpu_try_submit(&gpu, group, 0, &s, done), -ENODEV, "GROUP_SUBMIT");
	gpu_close(&gpu);
}

/* Clients that work when the device goes are still there when it comes back. */
static void case_rebind_clients(void)
{
	pid_t pid[CLIENTS];
	unsigned int i;

	steps = shared_alloc(sizeof(*steps));
	for (i = 0; i < CLIENTS; i++)
		pid[i] = spawn(client, NULL);
	await(steps, CLIENTS);
	usleep(200000);
	device_tell("unbind");
	await(steps, 2 * CLIENTS);
	device_tell("bind");
	check_works();
	add(steps, 1);
	for (i = 0; i < CLIENTS; i++)
		reap(pid[i]);
	check_works();
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "rebind", case_rebind },
		{ "rebind_busy", case_rebind_busy },
		{ "rebind_evicted", case_rebind_evicted },
		{ "rebind_clients", case_rebind_clients },
		{ "no_boot", case_no_boot },
	};

	opt.driver = "panthor";
	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
