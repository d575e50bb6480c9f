// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs on the panthor driver: what command streams compute, groups that share slots,
 * sync objects, the tiler heap.
 */
#include <stdio.h>
#include <string.h>

#include "panthor_gpu.h"

static void check_words(const struct gpu_bo *bo, size_t first, size_t count, __u32 value)
{
	const __u32 *word = bo->map;
	size_t i;

	for (i = first; i < first + count; i++)
		check(word[i] == value, "word %zu is 0x%x, expected 0x%x", i, word[i], value);
}

static void case_query(void)
{
	struct drm_panthor_gpu_info info = {};
	struct drm_panthor_csif_info csif = {};
	int fd = drm_open_render();

	check(fd >= 0, "no render node");
	expect(gpu_query(fd, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &info, sizeof(info)), 0, "GPU_INFO");
	expect(gpu_query(fd, DRM_PANTHOR_DEV_QUERY_CSIF_INFO, &csif, sizeof(csif)), 0,
	       "CSIF_INFO");
	note("GPU 0x%x, %u group slots of %u streams, coherency %u", info.gpu_id,
	     csif.csg_slot_count, csif.cs_slot_count, info.selected_coherency);
	check(csif.cs_reg_count == 96, "%u registers", csif.cs_reg_count);
	check(csif.scoreboard_slot_count == 8, "%u scoreboards", csif.scoreboard_slot_count);
}

/* A pattern that the GPU writes and the CPU reads. */
static void case_store(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, PAGE, 0);
	struct stream s = stream_begin(&gpu);
	const __u32 *word = bo.map;
	__u32 group = gpu_group(&gpu, 1);
	unsigned int i;

	for (i = 0; i < 16; i++)
		cs_move32(&s, i, 0xabcd0000 + i);
	cs_move48(&s, 16, bo.va);
	cs_store(&s, 0, 16, 0xffff, 0);
	cs_store(&s, 0, 16, 0x00f0, 128);
	cs_wait(&s, 1);
	gpu_run(&gpu, group, &s);

	for (i = 0; i < 16; i++)
		check(word[i] == 0xabcd0000 + i, "word %u is 0x%x", i, word[i]);
	for (i = 0; i < 16; i++)
		check(word[32 + i] == (i / 4 == 1 ? 0xabcd0000 + i : 0),
		      "word %u of the masked store is 0x%x", i, word[32 + i]);
	check_words(&bo, 48, PAGE / 4 - 48, 0);
}

static void case_fill(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, 64 * PAGE, 0);
	__u32 group = gpu_group(&gpu, 1);
	struct stream s = stream_begin(&gpu);

	cs_fill(&s, bo.va, bo.size, 0x5a5a1234);
	gpu_run(&gpu, group, &s);
	check_words(&bo, 0, bo.size / 4, 0x5a5a1234);
}

/* The number of the latest cache flush, in the one register that user space maps. */
static void case_flush_id(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1), before, tries;
	const __u32 *id;
	void *map;

	expect(try_map(gpu.fd, PAGE, DRM_PANTHOR_USER_FLUSH_ID_MMIO_OFFSET, PROT_READ, MAP_SHARED,
		       &map), 0, "mmap of FLUSH_ID");
	id = map;
	/* While the device is suspended it is a page of the driver's that says 1. */
	for (tries = 0; tries < 20; tries++) {
		struct stream s = stream_begin(&gpu);

		cs_fill(&s, bo.va, bo.size, tries);
		before = load(id);
		gpu_run(&gpu, group, &s);
		if (before > 1 && load(id) > before)
			return;
	}
	fail("FLUSH_ID says %u and then %u", before, load(id));
}

/* What the CPU writes is copied by the GPU, through a call. */
static void case_copy(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo from = gpu_bo(&gpu, 4 * PAGE, 0), to = gpu_bo(&gpu, 4 * PAGE, 0);
	__u32 group = gpu_group(&gpu, 1);
	struct stream inner, s;

	random_page(from.map, 1);
	random_page(from.map + 3 * PAGE, 2);
	inner = stream_begin(&gpu);
	cs_set_slots(&inner, 0, 3);
	cs_load(&inner, 32, 16, 0xffff, 0);
	cs_wait(&inner, 1 << 3);
	cs_store(&inner, 32, 20, 0xffff, 0);
	cs_add64(&inner, 16, 16, 64);
	cs_add64(&inner, 20, 20, 64);

	s = stream_begin(&gpu);
	cs_move48(&s, 16, from.va);
	cs_move48(&s, 20, to.va);
	cs_move48(&s, 24, stream_va(&inner));
	cs_move32(&s, 26, stream_size(&inner));
	cs_move32(&s, 28, from.size / 64);
	cs_call(&s, 24, 26);
	cs_add32(&s, 28, 28, -1);
	cs_branch(&s, NEQUAL, 28, -3);
	gpu_run(&gpu, group, &s);
	check(!memcmp(from.map, to.map, from.size), "the copy differs");
}

/* One queue waits for another, with either width of sync object. */
static void case_sync(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 2), waits = gpu_syncobj(&gpu), sets = gpu_syncobj(&gpu);
	struct stream s = stream_begin(&gpu);
	const __u32 *word = bo.map;

	cs_move48(&s, 16, bo.va);
	cs_move48(&s, 18, 6);
	cs_sync_wait64(&s, GREATER, 16, 18);
	cs_move48(&s, 16, bo.va + 64);
	cs_sync_wait32(&s, GREATER, 16, 18);
	cs_move48(&s, 16, bo.va + 128);
	cs_store(&s, 18, 16, 1, 0);
	gpu_submit(&gpu, group, 0, &s, waits);
	expect(gpu_wait(&gpu, waits, 0.3), -ETIME, "a job that waits");
	check(!word[32], "the job did not wait");

	s = stream_begin(&gpu);
	cs_move48(&s, 16, bo.va + 64);
	cs_move48(&s, 18, 7);
	cs_sync_add32(&s, 16, 18);
	cs_move48(&s, 16, bo.va);
	cs_sync_set64(&s, 16, 18);
	gpu_submit(&gpu, group, 1, &s, sets);
	expect(gpu_wait(&gpu, sets, 10), 0, "the job that sets");
	expect(gpu_wait(&gpu, waits, 10), 0, "the job that waited");
	check(word[32] == 6, "the job that waited stored %u", word[32]);
}

#define MANY	10u

/* More groups than slots: they are suspended and resumed in the middle of a call. */
static void case_many_groups(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, MANY * 4 * PAGE, 0);
	__u32 group[MANY], done[MANY];
	unsigned long suspends = model_stat("suspends");
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		struct stream s = stream_begin(&gpu);

		group[i] = gpu_group(&gpu, 1);
		done[i] = gpu_syncobj(&gpu);
		/* Busy for a while, then the pattern. */
		cs_move32(&s, 30, 400000);
		cs_add32(&s, 30, 30, -1);
		cs_branch(&s, GREATER, 30, -2);
		cs_fill(&s, bo.va + i * 4 * PAGE, 4 * PAGE, 0x1000 + i);
		gpu_submit(&gpu, group[i], 0, &s, done[i]);
	}
	for (i = 0; i < MANY; i++)
		expect(gpu_wait(&gpu, done[i], 60), 0, "SYNCOBJ_WAIT");
	for (i = 0; i < MANY; i++) {
		check(!gpu_group_state(&gpu, group[i]), "group %u is in state 0x%x", i,
		      gpu_group_state(&gpu, group[i]));
		check_words(&bo, i * PAGE, PAGE, 0x1000 + i);
	}
	note("%lu groups were suspended", model_stat("suspends") - suspends);
	check(model_stat("suspends") > suspends, "no group was suspended");
}

/* More VMs than address spaces. */
static void case_many_vms(void)
{
	struct gpu gpu[MANY];
	struct gpu_bo bo[MANY];
	__u32 group[MANY];
	unsigned int i, round;

	for (i = 0; i < MANY; i++) {
		gpu[i] = gpu_open();
		bo[i] = gpu_bo(&gpu[i], PAGE, 0);
		group[i] = gpu_group(&gpu[i], 1);
	}
	for (round = 0; round < 3; round++) {
		for (i = 0; i < MANY; i++) {
			struct stream s = stream_begin(&gpu[i]);

			cs_fill(&s, bo[i].va, PAGE, round << 8 | i);
			gpu_run(&gpu[i], group[i], &s);
			check_words(&bo[i], 0, PAGE / 4, round << 8 | i);
		}
	}
}

/* A page goes and another comes where it was: no old translation is left. */
static void case_remap(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo[2] = { gpu_bo(&gpu, PAGE, 0), gpu_bo(&gpu, PAGE, 0) };
	__u32 group = gpu_group(&gpu, 1);
	unsigned int i;

	for (i = 0; i < 8; i++) {
		struct stream s = stream_begin(&gpu);

		gpu_unbind(&gpu, &(struct gpu_bo){ .va = bo[0].va, .size = PAGE });
		expect(gpu_try_bind(&gpu, bo[i % 2].handle, bo[0].va, PAGE,
				    DRM_PANTHOR_VM_BIND_OP_TYPE_MAP), 0, "VM_BIND to map");
		cs_fill(&s, bo[0].va, PAGE, 100 + i);
		gpu_run(&gpu, group, &s);
		check_words(&bo[i % 2], 0, PAGE / 4, 100 + i);
		if (i)
			check_words(&bo[!(i % 2)], 0, PAGE / 4, 99 + i);
	}
}

/* A mapping is replaced under a running job, which waits for the UNLOCK and never faults. */
static void case_locked(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo flag = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1), done = gpu_syncobj(&gpu);
	unsigned long stalls = model_stat("stalls");
	struct stream s = stream_begin(&gpu);
	unsigned int i;

	cs_await(&s, flag.va);
	gpu_submit(&gpu, group, 0, &s, done);
	expect(gpu_wait(&gpu, done, 0.1), -ETIME, "a job that waits for the CPU");
	for (i = 0; i < 16; i++)
		expect(gpu_try_bind(&gpu, flag.handle, flag.va, flag.size,
				    DRM_PANTHOR_VM_BIND_OP_TYPE_MAP), 0, "VM_BIND");
	store((__u32 *)flag.map, 1);
	expect(gpu_wait(&gpu, done, 10), 0, "the job");
	check(!gpu_group_state(&gpu, group), "the group is in state 0x%x",
	      gpu_group_state(&gpu, group));
	check(model_stat("stalls") > stalls, "no access was held up");
	gpu_close(&gpu);
}

#define CHUNK		(256u << 10)
#define RECORDS		(CHUNK / 64)

/* Write descriptors of a tiler context and a heap with @chunk as its first. */
static void describe_tiler(struct gpu_bo *bo, __u64 chunk)
{
	__u64 *context = bo->map, *heap = bo->map + 256;

	memset(bo->map, 0, PAGE);
	context[3] = bo->va + 256;
	heap[2] = chunk + 64;
	heap[3] = chunk + CHUNK;
}

static void tile(struct stream *s, const struct gpu_bo *tiler, __u64 heap, __u32 records)
{
	cs_move48(s, 50, heap);
	cs_heap_set(s, 50);
	cs_heap_operation(s, VT_STARTED);
	cs_move32(s, 33, records);
	cs_move32(s, 34, 1);
	cs_move48(s, 40, tiler->va);
	cs_run_idvs(s);
	cs_wait(s, 1);
	cs_heap_operation(s, VT_COMPLETED);
}

static struct drm_panthor_tiler_heap_create new_heap(struct gpu *gpu, __u32 max_chunks)
{
	struct drm_panthor_tiler_heap_create heap = {
		.vm_id = gpu->vm, .initial_chunk_count = 1, .chunk_size = CHUNK,
		.max_chunks = max_chunks, .target_in_flight = 8,
	};

	expect(drm_call(gpu->fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &heap), 0,
	       "TILER_HEAP_CREATE");

	return heap;
}

/* The heap grows while a job runs; the chunks of a finished pass are used again. */
static void case_tiler_heap(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo tiler = gpu_bo(&gpu, PAGE, 0);
	struct drm_panthor_tiler_heap_create heap = new_heap(&gpu, 8);
	__u32 group = gpu_group(&gpu, 1);
	unsigned long ooms = model_stat("ooms");
	struct stream s = stream_begin(&gpu);

	describe_tiler(&tiler, heap.first_heap_chunk_gpu_va);
	tile(&s, &tiler, heap.tiler_heap_ctx_gpu_va, 3 * RECORDS);
	cs_load(&s, 52, 40, 0x000f, 40);
	cs_wait(&s, 1);
	cs_finish_fragment(&s, 52, 54);
	gpu_run(&gpu, group, &s);
	check(model_stat("ooms") == ooms + 3, "%lu chunks were asked for, not 3",
	      model_stat("ooms") - ooms);

	s = stream_begin(&gpu);
	describe_tiler(&tiler, heap.first_heap_chunk_gpu_va);
	tile(&s, &tiler, heap.tiler_heap_ctx_gpu_va, 3 * RECORDS);
	gpu_run(&gpu, group, &s);
	check(model_stat("ooms") == ooms + 3, "chunks that are free were not used");
}

/* A heap that may not grow makes the job fail, and not the group. */
static void case_tiler_oom(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo tiler = gpu_bo(&gpu, PAGE, 0), bo = gpu_bo(&gpu, PAGE, 0);
	struct drm_panthor_tiler_heap_create heap = new_heap(&gpu, 1);
	__u32 group = gpu_group(&gpu, 1);
	struct stream s = stream_begin(&gpu);

	describe_tiler(&tiler, heap.first_heap_chunk_gpu_va);
	tile(&s, &tiler, heap.tiler_heap_ctx_gpu_va, 2 * RECORDS);
	gpu_run(&gpu, group, &s);

	s = stream_begin(&gpu);
	cs_fill(&s, bo.va, PAGE, 1);
	gpu_run(&gpu, group, &s);
	check_words(&bo, 0, PAGE / 4, 1);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "query", case_query },
		{ "store", case_store },
		{ "fill", case_fill },
		{ "flush_id", case_flush_id },
		{ "copy", case_copy },
		{ "sync", case_sync },
		{ "many_groups", case_many_groups },
		{ "many_vms", case_many_vms },
		{ "remap", case_remap },
		{ "locked", case_locked },
		{ "tiler_heap", case_tiler_heap },
		{ "tiler_oom", case_tiler_oom },
	};

	opt.driver = "panthor";
	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
