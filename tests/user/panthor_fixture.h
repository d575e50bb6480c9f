/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What cases with a VM, a buffer and a group begin with, and how they end.
 */
#ifndef PANTHOR_FIXTURE_H
#define PANTHOR_FIXTURE_H

#include "panthor_gpu.h"

static struct gpu gpu;
static struct gpu_bo bo;
static __u32 group, done;

static inline void setup(void)
{
	model_calm();
	gpu = gpu_open();
	bo = gpu_bo(&gpu, 4 * PAGE, 0);
	group = gpu_group(&gpu, 1);
	done = gpu_syncobj(&gpu);
}

static inline void check_fill(const struct gpu_bo *where, __u32 value)
{
	const __u32 *word = where->map;
	size_t i;

	for (i = 0; i < where->size / 4; i++)
		check(word[i] == value, "word %zu is 0x%x, expected 0x%x", i, word[i], value);
}

static inline void submit_fill(__u32 value)
{
	struct stream s = stream_begin(&gpu);

	cs_fill(&s, bo.va, bo.size, value);
	gpu_submit(&gpu, group, 0, &s, done);
}

/* With a job that has begun, so that the GPU has power and the group a slot. */
static inline void setup_busy(void)
{
	setup();
	model_set("job_delay_ms", 2000);
	submit_fill(1);
	expect(gpu_wait(&gpu, done, 0.2), -ETIME, "a delayed job");
}

/* The GPU works again for those who come now. */
static inline void check_works(void)
{
	struct gpu fresh = gpu_open();
	struct gpu_bo its = gpu_bo(&fresh, PAGE, 0);
	__u32 its_group = gpu_group(&fresh, 1);
	struct stream s = stream_begin(&fresh);

	cs_fill(&s, its.va, its.size, 0x600d);
	gpu_run(&fresh, its_group, &s);
	check_fill(&its, 0x600d);
	gpu_close(&fresh);
}

#endif
