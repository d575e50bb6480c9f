// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs on the panthor driver while memory is short.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "panthor_gpu.h"

static long swapped_out(void)
{
	static char text[32768];
	const char *at;

	check(read_file("/proc/vmstat", text, sizeof(text)) > 0, "/proc/vmstat");
	at = strstr(text, "pswpout ");

	return at ? atol(at + strlen("pswpout ")) : 0;
}

/* Load a word of each page of @bo, add @add and store it again. */
static void add_to_pages(struct gpu *gpu, __u32 group, const struct gpu_bo *bo, int add)
{
	struct stream s = stream_begin(gpu);

	cs_move48(&s, 16, bo->va);
	cs_move32(&s, 18, bo->size / PAGE);
	cs_load(&s, 0, 16, 1, 0);
	cs_wait(&s, 1);
	cs_add32(&s, 0, 0, add);
	cs_store(&s, 0, 16, 1, 0);
	cs_add64(&s, 16, 16, PAGE);
	cs_add32(&s, 18, 18, -1);
	cs_branch(&s, GREATER, 18, -7);
	cs_wait(&s, 1);
	gpu_run(gpu, group, &s);
	gpu->used = 0;
}

#define BIG	(256 * PAGE)
#define VMS	6u
#define ROUNDS	2u

/*
 * More buffers than memory: what is evicted comes back before it is used. All that is
 * in a VM must fit, for jobs may use all of it.
 */
static void case_more_than_memory(void)
{
	unsigned long each = sysconf(_SC_PHYS_PAGES) * PAGE / BIG * 5 / 4 / VMS;
	unsigned long count = each * VMS, i, page;
	struct gpu_bo *bo = calloc(count, sizeof(*bo));
	__u32 group[VMS], round;
	struct gpu gpu[VMS];
	long swapped = swapped_out();

	for (i = 0; i < VMS; i++) {
		gpu[i] = gpu_open();
		group[i] = gpu_group(&gpu[i], 1);
	}
	for (i = 0; i < count; i++)
		bo[i] = gpu_bo(&gpu[i / each], BIG, 0);
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < count; i++)
			add_to_pages(&gpu[i / each], group[i / each], &bo[i], i);
	for (i = 0; i < count; i++) {
		const __u32 *word = bo[i].map;

		for (page = 0; page < BIG / PAGE; page++)
			check(word[page * PAGE / 4] == i * ROUNDS,
			      "page %lu of buffer %lu says %u", page, i, word[page * PAGE / 4]);
	}
	note("%lu MiB of buffers, %lu pages were swapped out", count, swapped_out() - swapped);
	check(swapped_out() > swapped, "nothing was swapped out");
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "more_than_memory", case_more_than_memory },
	};

	opt.driver = "panthor";
	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
