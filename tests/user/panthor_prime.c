// SPDX-License-Identifier: GPL-2.0
/*
 * PRIME between panthor and the sample driver: jobs of the one and mappings of the other
 * see the same bytes, also after an eviction; what may be evicted, and what may not.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include "panthor_reclaim.h"

#define PAGES	61u	/* no other object has so many */
#define SIZE	(PAGES * PAGE)
#define VA	0x40000000ull

/* What debugfs of panthor says of the only object of this size. */
static size_t resident(size_t size)
{
	static char buf[256 * 1024];
	char path[128], *line, *next = buf;
	size_t its_size, bytes = 0;
	unsigned int matches = 0;

	check(debugfs_file("gems", path, sizeof(path)), "no file %s", path);
	check(read_file(path, buf, sizeof(buf)) > 0, "%s: %m", path);
	while ((line = strsep(&next, "\n"))) {
		size_t its_bytes;

		if (sscanf(line, "%*s %*d %*d %*d %zu %zu", &its_size, &its_bytes) != 2 ||
		    its_size != size)
			continue;
		bytes = its_bytes;
		matches++;
	}
	check(matches == 1, "%s lists %u objects of %zu bytes", path, matches, size);

	return bytes;
}

static void shrink_much(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		shrink(100000);
		usleep(10000);
	}
}

static const char *as(const char *driver)
{
	const char *was = opt.driver;

	opt.driver = driver;

	return was;
}

static int sample_open(void)
{
	const char *was = as("gem_pages_demo");
	int fd = drm_open_primary();

	as(was);

	return fd;
}

/* Evict what the sample driver has. So many bytes of its only object of this size must stay. */
static void sample_evict(size_t size, size_t bytes)
{
	const char *was = as("gem_pages_demo");
	struct object_info info;

	demo_shrink(100000, KERNEL);
	info = demo_info(size);
	check(info.resident == bytes, "%lu bytes are resident (%s, %d pins), not %zu",
	      info.resident, info.state, info.pins, bytes);
	as(was);
}

/* Bytes in the mapping of a dma-buf are to be looked at, or were changed. */
static void cpu_access(int dmabuf, __u64 flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_RW };

	expect(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync) ? -errno : 0, 0, "DMA_BUF_IOCTL_SYNC");
}

static int export(struct gpu *gpu, __u32 handle)
{
	int fd;

	expect(prime_export(gpu->fd, handle, DRM_CLOEXEC | DRM_RDWR, &fd), 0, "export");

	return fd;
}

static struct bo sample_import(int fd, int dmabuf)
{
	struct bo bo = { .fd = fd, .size = SIZE };

	expect(prime_import(fd, dmabuf, &bo.handle), 0, "import by the sample driver");
	expect(gem_map_offset(fd, bo.handle, &bo.offset), 0, "MAP_DUMB");

	return bo;
}

/* ---- panthor exports ---- */

/* As long as nobody imports it, an exported object comes and goes as others do. */
static void case_exported(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, SIZE, 0), result = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1), i;
	int dmabuf = export(&gpu, bo.handle);
	void *map = map_rw(dmabuf, SIZE, 0);

	for (i = 0; i < 4; i++) {
		gpu_stamp(&gpu, group, bo.va, PAGES, 0x1000 * i + 1);
		shrink_much();
		check(!resident(SIZE), "an exported object is not evicted");
		cpu_access(dmabuf, DMA_BUF_SYNC_START);
		expect_stamps(map, PAGES, PAGE, 0x1000 * i + 1, "dma-buf");
		cpu_stamp(map, PAGES, 0x1000 * i + 100);
		cpu_access(dmabuf, DMA_BUF_SYNC_END);
		shrink_much();
		check_bo(&gpu, group, &bo, bo.va, &result, 0x1000 * i + 100);
	}
	unmap(map, SIZE);
	close(dmabuf);
	gpu_close(&gpu);
}

/* An import keeps the object where it is. */
static void case_exported_imported(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, SIZE, 0), result = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1), i;
	int sample = sample_open();

	for (i = 0; i < 4; i++) {
		int dmabuf = export(&gpu, bo.handle);
		__u32 value = 0x1000 * i + 1;
		struct bo its;
		void *map;

		gpu_stamp(&gpu, group, bo.va, PAGES, value);
		shrink_much();
		its = sample_import(sample, dmabuf);
		/* The handle is enough. */
		close(dmabuf);
		shrink_much();
		check(resident(SIZE) == SIZE, "evicted under an importer");
		map = bo_map(&its);
		expect_stamps(map, PAGES, PAGE, value, "importer");
		expect(demo_try_fill(sample, its.handle, 1), -EINVAL, "FILL of an import");
		gpu_stamp(&gpu, group, bo.va, PAGES, value + 100);
		shrink_much();
		expect_stamps(map, PAGES, PAGE, value + 100, "importer, again");
		cpu_stamp(map, PAGES, value + 200);
		shrink_much();
		check_bo(&gpu, group, &bo, bo.va, &result, value + 200);
		unmap(map, SIZE);
		bo_close(&its);
		shrink_much();
		check(!resident(SIZE), "not evicted after the importer has gone");
		check_bo(&gpu, group, &bo, bo.va, &result, value + 200);
	}
	close(sample);
	gpu_close(&gpu);
}

/* The importer has the object for itself when panthor's file is gone. */
static void case_exporter_gone(void)
{
	long long before = gems_total();
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, SIZE, 0);
	__u32 group = gpu_group(&gpu, 1);
	int sample = sample_open(), dmabuf = export(&gpu, bo.handle);
	struct bo its;
	void *map;

	gpu_stamp(&gpu, group, bo.va, PAGES, 5);
	shrink_much();
	unmap(bo.map, SIZE);
	gpu_close(&gpu);
	shrink_much();
	its = sample_import(sample, dmabuf);
	map = bo_map(&its);
	expect_stamps(map, PAGES, PAGE, 5, "importer");
	close(dmabuf);
	cpu_stamp(map, PAGES, 6);
	shrink_much();
	expect_stamps(map, PAGES, PAGE, 6, "importer, later");
	unmap(map, SIZE);
	bo_close(&its);
	close(sample);
	gems_go_back(before);
}

/* ---- the sample driver exports ---- */

static void check_words(const void *map, __u32 value)
{
	const __u32 *word = map;
	size_t i;

	for (i = 0; i < SIZE / sizeof(*word); i++)
		check(word[i] == value, "word %zu is %x, not %x", i, word[i], value);
}

static void case_imported(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo result = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1), handle, i, page;
	int sample = sample_open(), dmabuf;
	struct bo bo = bo_create(sample, PAGES);
	struct gpu_bo its = { .size = SIZE, .va = VA, .map = bo_map(&bo) };

	for (i = 0; i < 3; i++) {
		__u32 value = 0x1000 * i + 1;

		expect(demo_try_fill(sample, bo.handle, value), 0, "FILL");
		sample_evict(SIZE, 0);
		expect(prime_export(sample, bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0,
		       "export");
		expect(prime_import(gpu.fd, dmabuf, &handle), 0, "import");
		close(dmabuf);
		expect(gpu_try_bind(&gpu, handle, VA, SIZE, 0), 0, "bind");
		sample_evict(SIZE, SIZE);
		gpu_collect(&gpu, group, VA, PAGES, result.va);
		for (page = 0; page < PAGES; page++)
			check(((__u32 *)result.map)[page] == value, "page %u: %x, not %x", page,
			      ((__u32 *)result.map)[page], value);
		shrink_much();
		gpu_stamp(&gpu, group, VA, PAGES, value + 100);
		sample_evict(SIZE, SIZE);
		shrink_much();
		check_bo(&gpu, group, &its, VA, &result, value + 100);
		cpu_stamp(its.map, PAGES, value + 200);
		shrink_much();
		check_bo(&gpu, group, &its, VA, &result, value + 200);
		expect(demo_try_fill(sample, bo.handle, value + 300), 0, "FILL");
		gpu_collect(&gpu, group, VA, 1, result.va);
		check(*(__u32 *)result.map == value + 300, "GPU: %x", *(__u32 *)result.map);

		/* A part stays mapped, and that is enough. */
		gpu_stamp(&gpu, group, VA, PAGES, value + 400);
		expect(gem_close(gpu.fd, handle), 0, "GEM_CLOSE");
		if (!i)
			upstream_differs("unmap the middle of an import", "success",
					 "a crash, so not tried");
		if (!is_upstream())
			expect(gpu_try_bind(&gpu, 0, VA + 10 * PAGE, 20 * PAGE,
					    DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP), 0,
			       "unmap the middle");
		shrink_much();
		sample_evict(SIZE, SIZE);
		gpu_collect(&gpu, group, VA + 30 * PAGE, PAGES - 30, result.va);
		expect_stamps(result.map, PAGES - 30, 4, value + 430, "tail");
		expect(gpu_try_bind(&gpu, 0, VA, SIZE, DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP), 0,
		       "unmap");
		sample_evict(SIZE, 0);
		expect_stamps(its.map, PAGES, PAGE, value + 400, "exporter");
		expect(demo_try_fill(sample, bo.handle, 7), 0, "FILL");
		check_words(its.map, 7);
	}
	check(gpu_vm_usable(&gpu), "the VM is unusable");
	close(sample);
	gpu_close(&gpu);
}

#define BLOCK		512u	/* pages of 2 MiB, for which the GPU has one entry */
#define TWO_BLOCKS	(2 * BLOCK * PAGE)

static void expect_fault(struct gpu *gpu, __u64 va)
{
	__u32 group = gpu_group(gpu, 1), done = gpu_syncobj(gpu);
	struct stream s = stream_begin(gpu);

	cs_move48(&s, 0, va);
	cs_load(&s, 2, 0, 1, 0);
	cs_wait(&s, 1);
	gpu_submit(gpu, group, 0, &s, done);
	expect(gpu_wait(gpu, done, 20), 0, "a job that reads the hole");
	check(gpu_group_state(gpu, group) & DRM_PANTHOR_GROUP_STATE_FATAL_FAULT,
	      "a job has read 0x%llx, which is not mapped", va);
	gpu_group_destroy(gpu, group);
}

/*
 * Unmap while a job waits for the CPU, and all the time looks at the word at @va, which is
 * @word for the CPU. It must not notice. Return: how many pages were locked meanwhile.
 */
static unsigned long unmap_under_job(struct gpu *gpu, __u32 group, __u64 va, __u32 *word,
				     __u64 hole, __u64 size)
{
	__u32 done = gpu_syncobj(gpu);
	struct stream s = stream_begin(gpu);
	unsigned long locked;

	store(word, 0);
	cs_move48(&s, 0, va);
	cs_move32(&s, 2, 1);
	cs_store(&s, 2, 0, 1, 0);
	cs_wait(&s, 1);
	cs_load(&s, 2, 0, 1, 0);
	cs_wait(&s, 1);
	cs_add32(&s, 2, 2, -2);
	cs_branch(&s, NEQUAL, 2, -4);
	gpu_submit(gpu, group, 0, &s, done);
	await(word, 1);
	locked = model_stat("locked_pages");
	expect(gpu_try_bind(gpu, 0, hole, size, DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP), 0,
	       "unmap a part");
	locked = model_stat("locked_pages") - locked;
	store(word, 2);
	expect(gpu_wait(gpu, done, 20), 0, "the job");
	check(!gpu_group_state(gpu, group), "the group is in state 0x%x",
	      gpu_group_state(gpu, group));

	return locked;
}

/*
 * What is bound, which pages of it in blocks of 2 MiB, and what is unmapped then, all in
 * pages. A block of which a part is unmapped has to be replaced, as a whole, by pages.
 */
static const struct part {
	const char *what;
	unsigned int va, offset, pages, in_blocks, hole, size;
	bool splits;
} parts[] = {
	{ "inside a block", 0, 0, 2 * BLOCK, 2 * BLOCK, 200, 16, true },
	{ "across two blocks", 0, 0, 2 * BLOCK, 2 * BLOCK, BLOCK - 8, 16, true },
	{ "the start of a block", 0, 0, 2 * BLOCK, 2 * BLOCK, 0, 16, true },
	{ "the end of a block", 0, 0, 2 * BLOCK, 2 * BLOCK, 2 * BLOCK - 16, 16, true },
	{ "a block", 0, 0, 2 * BLOCK, 2 * BLOCK, BLOCK, BLOCK, false },
	{ "pages before a block", 100, 100, 2 * BLOCK - 100, BLOCK, 110, 16, false },
	{ "pages and a block", 100, 100, 2 * BLOCK - 100, BLOCK, BLOCK - 8, 16, true },
	{ "pages after a block", 0, 0, BLOCK + 100, BLOCK, BLOCK + 50, 16, false },
	{ "pages that do not fit a block", 0, 1, 2 * BLOCK - 1, 0, 200, 16, false },
};

/* Make the hole, look around, and fill it again. @its is what @part->va leads to. */
static void check_hole(struct gpu *gpu, __u32 handle, const struct part *part, void *its,
		       const struct gpu_bo *result, __u32 value)
{
	unsigned int left = part->hole - part->va, right = part->pages - left - part->size;
	__u64 hole = VA + part->hole * PAGE, end = hole + part->size * PAGE;
	/* A page that stays, in the same block if there is one. */
	unsigned int beside = left ? left - 1 : part->size;
	__u32 group = gpu_group(gpu, 1);
	unsigned long locked;

	locked = unmap_under_job(gpu, group, VA + (part->va + beside) * PAGE + 4,
				 its + beside * PAGE + 4, hole, end - hole);
	check(!part->splits || locked >= BLOCK, "%s: only %lu pages were locked", part->what,
	      locked);
	check(part->in_blocks || locked < BLOCK, "%s: %lu pages were locked", part->what, locked);
	shrink_much();
	if (left)
		gpu_collect(gpu, group, VA + part->va * PAGE, left, result->va);
	expect_stamps(result->map, left, 4, value, "before the hole");
	if (right)
		gpu_collect(gpu, group, end, right, result->va);
	expect_stamps(result->map, right, 4, value + left + part->size, "behind the hole");
	expect_stamps(its, part->pages, PAGE, value, "exporter");
	gpu_group_destroy(gpu, group);
	expect_fault(gpu, hole);
	expect_fault(gpu, end - PAGE);
	expect(gpu_try_bind_part(gpu, handle, (part->offset + left) * PAGE, hole,
				 end - hole, 0), 0,
	       "bind the hole");
}

static void case_blocks(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo result = gpu_bo(&gpu, PAGE, 0);
	int sample = sample_open(), dmabuf;
	struct bo bo = { .fd = sample };
	const struct part *part;
	__u64 size = TWO_BLOCKS;
	__u32 handle, group, i;
	void *map;

	expect(demo_try_create(sample, &size, GEM_PAGES_DEMO_CONTIGUOUS, &bo.handle), 0,
	       "CREATE");
	bo.size = size;
	expect(gem_map_offset(sample, bo.handle, &bo.offset), 0, "MAP_DUMB");
	map = bo_map(&bo);
	expect(prime_export(sample, bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0, "export");
	expect(prime_import(gpu.fd, dmabuf, &handle), 0, "import");
	close(dmabuf);
	upstream_differs("unmap a part of a block of an import", "success",
			 "a crash, so not tried");

	for (i = 0, part = parts; i < ARRAY_SIZE(parts); i++, part++) {
		struct gpu_bo its = { .size = part->pages * PAGE, .va = VA + part->va * PAGE,
				      .map = map + part->offset * PAGE };
		unsigned long blocks = model_stat("block_misses");
		__u32 value = 0x10000 * i + 1;

		group = gpu_group(&gpu, 1);
		expect(gpu_try_bind_part(&gpu, handle, part->offset * PAGE, its.va, its.size, 0),
		       0, "bind");
		gpu_stamp(&gpu, group, its.va, part->pages, value);
		blocks = model_stat("block_misses") - blocks;
		check(blocks == part->in_blocks, "%s: %lu pages are in blocks, not %u",
		      part->what, blocks, part->in_blocks);
		shrink_much();
		sample_evict(TWO_BLOCKS, TWO_BLOCKS);
		check_bo(&gpu, group, &its, its.va, &result, value);
		gpu_group_destroy(&gpu, group);
		if (!is_upstream())
			check_hole(&gpu, handle, part, its.map, &result, value);

		group = gpu_group(&gpu, 1);
		check_bo(&gpu, group, &its, its.va, &result, value);
		gpu_stamp(&gpu, group, its.va, part->pages, value + 0x8000);
		expect_stamps(its.map, part->pages, PAGE, value + 0x8000, part->what);
		cpu_stamp(its.map, part->pages, value + 0xc000);
		check_bo(&gpu, group, &its, its.va, &result, value + 0xc000);
		gpu_group_destroy(&gpu, group);
		gpu_unbind(&gpu, &its);
		expect_fault(&gpu, its.va);
		expect_fault(&gpu, its.va + its.size - PAGE);
	}
	check(gpu_vm_usable(&gpu), "the VM is unusable");
	close(sample);
	gpu_close(&gpu);
}

/* What panthor can do with an object of somebody else, and what it cannot. */
static void case_imported_calls(void)
{
	struct gpu gpu = gpu_open();
	int sample = sample_open(), dmabuf, again;
	struct bo bo = bo_create(sample, PAGES);
	struct drm_panthor_bo_query_info info = {};
	struct drm_panthor_bo_mmap_offset offset = {};
	struct drm_panthor_bo_set_label label = {};
	bool retained;
	void *map;

	expect(prime_export(sample, bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0, "export");
	expect(prime_import(gpu.fd, dmabuf, &info.handle), 0, "import");
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &info), 0, "BO_QUERY_INFO");
	check(info.extra_flags == DRM_PANTHOR_BO_IS_IMPORTED, "extra flags %x", info.extra_flags);
	expect(bo_try_sync(&gpu, info.handle, 0, 0, PAGE), -EINVAL, "BO_SYNC");
	expect(bo_try_madvise(&gpu, info.handle, DONTNEED, &retained), -EINVAL, "BO_MADVISE");
	expect(gpu_try_bind(&gpu, info.handle, VA, SIZE + PAGE, 0), -EINVAL, "bind too much");
	label.handle = info.handle;
	label.label = (uintptr_t)"not ours";
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &label), 0, "BO_SET_LABEL");

	offset.handle = info.handle;
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &offset), 0, "BO_MMAP_OFFSET");
	map = map_rw(gpu.fd, SIZE, offset.offset);
	cpu_stamp(map, PAGES, 3);
	expect(demo_try_fill(sample, bo.handle, 4), 0, "FILL");
	check_words(map, 4);
	unmap(map, SIZE);

	/* Handed on, it is the one that it was. */
	expect(prime_export(gpu.fd, info.handle, DRM_CLOEXEC | DRM_RDWR, &again), 0, "export");
	{
		struct bo same;

		expect(prime_import(sample, again, &same.handle), 0, "import back");
		check(same.handle == bo.handle, "handle %u and not %u", same.handle, bo.handle);
	}
	close(again);
	close(dmabuf);
	close(sample);
	gpu_close(&gpu);
}

/* ---- panthor alone ---- */

static void case_self_import(void)
{
	struct gpu a = gpu_open(), b = gpu_open();
	struct gpu_bo bo = gpu_bo(&a, SIZE, 0), result = gpu_bo(&b, PAGE, 0);
	__u32 group_a = gpu_group(&a, 1), group_b = gpu_group(&b, 1), handle, i;
	struct drm_panthor_bo_query_info info = {};
	int dmabuf = export(&a, bo.handle);
	long long before = gems_total();

	expect(prime_import(a.fd, dmabuf, &handle), 0, "import");
	check(handle == bo.handle, "handle %u and not %u", handle, bo.handle);
	expect(prime_import(b.fd, dmabuf, &handle), 0, "import by another file");
	check(gems_total() == before, "%lld bytes more", gems_total() - before);
	info.handle = handle;
	expect(drm_call(b.fd, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &info), 0, "BO_QUERY_INFO");
	check(!info.extra_flags, "an object of panthor's own is imported");
	close(dmabuf);
	expect(gpu_try_bind(&b, handle, VA, SIZE, 0), 0, "bind");
	for (i = 0; i < 4; i++) {
		gpu_stamp(&a, group_a, bo.va, PAGES, 0x1000 * i + 1);
		shrink_much();
		check(!resident(SIZE), "not evicted");
		check_bo(&b, group_b, &bo, VA, &result, 0x1000 * i + 1);
	}
	/* The other one keeps it. */
	unmap(bo.map, SIZE);
	gpu_close(&a);
	shrink_much();
	gpu_collect(&b, group_b, VA, PAGES, result.va);
	expect_stamps(result.map, PAGES, 4, 0x1000 * (i - 1) + 1, "the other file");
	gpu_close(&b);
}

static void case_refused(void)
{
	long long before = gems_total();
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, SIZE, 0);
	__u32 private, unmappable, handle;
	int dmabuf, null = open("/dev/null", O_RDWR);
	void *map;

	expect(bo_try_create(&gpu, PAGE, 0, gpu.vm, &private), 0, "BO_CREATE");
	expect(prime_export(gpu.fd, private, DRM_RDWR, &dmabuf), -EINVAL, "an exclusive object");
	expect(prime_export(gpu.fd, 4711, DRM_RDWR, &dmabuf), -ENOENT, "a bad handle");
	expect(prime_export(gpu.fd, bo.handle, 1u << 31, &dmabuf), -EINVAL, "a bad flag");
	expect(prime_import(gpu.fd, -1, &handle), -EBADF, "no file");
	expect(prime_import(gpu.fd, null, &handle), -EINVAL, "no dma-buf");
	close(null);

	/* Others may have it, but not map it; upstream does not look at the flag here. */
	expect(bo_try_create(&gpu, PAGE, DRM_PANTHOR_BO_NO_MMAP, 0, &unmappable), 0, "BO_CREATE");
	dmabuf = export(&gpu, unmappable);
	expect(try_map(dmabuf, PAGE, 0, PROT_READ | PROT_WRITE, MAP_SHARED, &map),
	       answer("mmap of the dma-buf of a NO_MMAP object", -EPERM, 0), "mmap of the dma-buf");
	if (is_upstream())
		unmap(map, PAGE);
	close(dmabuf);

	/* Without DRM_RDWR it is read-only. */
	expect(prime_export(gpu.fd, bo.handle, DRM_CLOEXEC, &dmabuf), 0, "export");
	expect(try_map(dmabuf, SIZE, 0, PROT_READ | PROT_WRITE, MAP_SHARED, &map), -EACCES,
	       "write to a read-only dma-buf");
	expect(try_map(dmabuf, SIZE + PAGE, 0, PROT_READ, MAP_SHARED, &map), -EINVAL,
	       "mmap past the end");
	close(dmabuf);
	unmap(bo.map, SIZE);
	gpu_close(&gpu);
	gems_go_back(before);
}

static const struct test_case cases[] = {
	{ "exported", case_exported },
	{ "exported_imported", case_exported_imported },
	{ "exporter_gone", case_exporter_gone },
	{ "imported", case_imported },
	{ "imported_blocks", case_blocks },
	{ "imported_calls", case_imported_calls },
	{ "self_import", case_self_import },
	{ "refused", case_refused },
};

int main(int argc, char **argv)
{
	opt.driver = "panthor";
	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
