// SPDX-License-Identifier: GPL-2.0
/*
 * The model of the GPU sees what it is there to see: with invalidations of its TLB
 * that get lost, it must report stale translations and free pages. So this is run
 * where these reports are wanted, and not with the others.
 */
#include "panthor_fixture.h"

static void lose_invalidations(bool close)
{
	struct stream s;

	setup();
	submit_fill(1);
	expect(gpu_wait(&gpu, done, 10), 0, "a job");
	/* Keep the device awake: suspend takes the address space away. */
	submit_fill(2);
	expect(gpu_wait(&gpu, done, 10), 0, "a job");
	model_set("keep_tlb", 1000);
	gpu_unbind(&gpu, &bo);
	unmap(bo.map, bo.size);
	if (close)
		expect(gem_close(gpu.fd, bo.handle), 0, "GEM_CLOSE");
	s = stream_begin(&gpu);
	cs_fill(&s, bo.va, bo.size, 3);
	gpu_submit(&gpu, group, 0, &s, done);
	expect(gpu_wait(&gpu, done, 10), 0, "a job with stale translations");
	model_calm();
}

static void case_stale(void)
{
	lose_invalidations(false);
}

static void case_free(void)
{
	lose_invalidations(true);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "stale", case_stale },
		{ "free", case_free },
	};

	opt.driver = "panthor";
	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
