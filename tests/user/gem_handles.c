// SPDX-License-Identifier: GPL-2.0
/*
 * GEM handles, flink names and mmap offsets, as a user process sees them: what names an object,
 * for whom, until when, and what a wrong name gives.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "demo.h"

#define LARGEST	(4ul << 20)	/* block that the kernel has, MAX_PAGE_ORDER */

static int create_dumb(int fd, __u32 width, __u32 height, __u32 bpp,
		       struct drm_mode_create_dumb *args)
{
	*args = (struct drm_mode_create_dumb){ .width = width, .height = height, .bpp = bpp };

	return drm_call(fd, DRM_IOCTL_MODE_CREATE_DUMB, args);
}

static int destroy_dumb(int fd, __u32 handle)
{
	struct drm_mode_destroy_dumb args = { .handle = handle };

	return drm_call(fd, DRM_IOCTL_MODE_DESTROY_DUMB, &args);
}

/* ---- handles ---- */

static void case_close(void)
{
	int fd = drm_open_primary();
	struct bo bo = bo_create(fd, 1);

	expect(gem_close(fd, bo.handle), 0, "GEM_CLOSE");
	expect(gem_close(fd, bo.handle), -EINVAL, "a second GEM_CLOSE");
	expect(destroy_dumb(fd, bo.handle), -EINVAL, "DESTROY_DUMB after GEM_CLOSE");
	expect(gem_close(fd, 0), -EINVAL, "GEM_CLOSE of handle 0");
	expect(gem_close(fd, ~0u), -EINVAL, "GEM_CLOSE of handle ~0");

	bo = bo_create(fd, 1);
	expect(destroy_dumb(fd, bo.handle), 0, "DESTROY_DUMB");
	expect(destroy_dumb(fd, bo.handle), -EINVAL, "a second DESTROY_DUMB");
	expect(gem_close(fd, bo.handle), -EINVAL, "GEM_CLOSE after DESTROY_DUMB");
}

static void case_closed_handle(void)
{
	int fd = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(fd, 1);
	__u64 offset;
	__u32 name;

	bo_close(&bo);
	bo.handle = 1;
	expect(gem_map_offset(fd, bo.handle, &offset), -ENOENT, "MAP_DUMB of a closed handle");
	expect(gem_flink(fd, bo.handle, &name), -ENOENT, "FLINK of a closed handle");
	expect(prime_export(fd, bo.handle, 0, &prime_fd), -ENOENT, "export of a closed handle");
}

static void case_bad_sizes(void)
{
	static const struct {
		__u32 width, height, bpp;
	} bad[] = {
		{ 0, 1, 32 }, { 1, 0, 32 }, { 1, 1, 0 },
		{ 0x40000000, 1, 32 }, { 0x10000, 0x10000, 32 }, { 1, 1, ~0u },
		{ ~0u, ~0u, 8 }, { ~0u, 1, 8 },
	};
	struct drm_mode_create_dumb args;
	int fd = drm_open_primary();
	struct bo bo;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		int ret = create_dumb(fd, bad[i].width, bad[i].height, bad[i].bpp, &args);

		check(ret == -EINVAL, "CREATE_DUMB %ux%u at %u bpp: got %s, expected EINVAL",
		      bad[i].width, bad[i].height, bad[i].bpp,
		      ret ? strerrorname_np(-ret) : "success");
		check(!args.handle && !args.size, "a failed CREATE_DUMB returned handle %u",
		      args.handle);
	}

	/* None of them took a handle. */
	bo = bo_create(fd, 1);
	check(bo.handle == 1, "the first object's handle is %u", bo.handle);
}

static void case_sizes(void)
{
	static const struct {
		__u32 width, height, bpp;
	} sizes[] = {
		{ 1, 1, 8 }, { 1, 1, 32 }, { 1023, 3, 32 }, { 1024, 1, 32 }, { 1025, 1, 32 },
		{ 333, 77, 16 }, { 1920, 1080, 32 },
	};
	struct drm_mode_create_dumb args;
	int fd = drm_open_primary();
	size_t i, page;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		__u64 need, offset;
		void *map;

		expect(create_dumb(fd, sizes[i].width, sizes[i].height, sizes[i].bpp, &args), 0,
		       "CREATE_DUMB");
		need = (__u64)args.pitch * sizes[i].height;
		check(args.pitch >= sizes[i].width * sizes[i].bpp / 8, "pitch %u for %u pixels",
		      args.pitch, sizes[i].width);
		check(args.size >= need && args.size < need + PAGE && !(args.size % PAGE),
		      "size %llu for %llu bytes", args.size, need);
		expect(gem_map_offset(fd, args.handle, &offset), 0, "MAP_DUMB");
		map = map_rw(fd, args.size, offset);
		for (page = 0; page < args.size / PAGE; page++)
			check_zero(map + page * PAGE, page, "odd size");
		unmap(map, args.size);
	}
}

static int demo_offset(int fd, __u32 handle, __u32 pad, __u64 *offset)
{
	struct drm_gem_pages_demo_mmap_offset args = { .handle = handle, .pad = pad };
	int ret = drm_call(fd, DRM_IOCTL_GEM_PAGES_DEMO_MMAP_OFFSET, &args);

	*offset = args.offset;

	return ret;
}

static void case_create(void)
{
	static const __u64 bad[] = { 0, ~0ull, ~0ull - PAGE, 1ull << 63 };
	int fd = drm_open_primary(), dmabuf;
	__u64 size, offset;
	__u32 handle;
	size_t i;
	void *map;

	if (driver_is_stock())
		skip("it creates dumb buffers only");

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		size = bad[i];
		expect(demo_try_create(fd, &size, 0, &handle), -EINVAL, "CREATE of a bad size");
	}
	size = PAGE;
	expect(demo_try_create(fd, &size, 0x10, &handle), -EINVAL, "CREATE with an unknown flag");

	for (i = 0; i < 2; i++) {
		size = PAGE + 1;
		expect(demo_try_create(fd, &size, i ? GEM_PAGES_DEMO_WC : 0, &handle), 0, "CREATE");
		check(size == 2 * PAGE, "a page and a byte became %llu bytes", size);
		expect(demo_offset(fd, handle, 1, &offset), -EINVAL, "MMAP_OFFSET with a pad");
		expect(demo_offset(fd, handle, 0, &offset), 0, "MMAP_OFFSET");
		map = map_rw(fd, size, offset);
		check_zero(map + PAGE, 1, "a new object");
		stamp_pages(map, 1, 0, 2);
		unmap(map, size);
		map = map_rw(fd, size, offset);
		check_pages(map, 1, 0, 2, "mapped anew");
		unmap(map, size);
		expect(gem_close(fd, handle), 0, "GEM_CLOSE");
		expect(demo_offset(fd, handle, 0, &offset), -ENOENT, "MMAP_OFFSET, closed");
	}

	expect(demo_try_create(fd, &size, GEM_PAGES_DEMO_NO_MMAP, &handle), 0, "CREATE, NO_MMAP");
	expect(demo_offset(fd, handle, 0, &offset), -EPERM, "MMAP_OFFSET, NO_MMAP");
	expect(demo_try_create(fd, &size, GEM_PAGES_DEMO_NO_SHARE, &handle), 0, "CREATE, NO_SHARE");
	expect(prime_export(fd, handle, 0, &dmabuf), -EINVAL, "export, NO_SHARE");
	expect(demo_offset(fd, handle, 0, &offset), 0, "MMAP_OFFSET, NO_SHARE");
}

static void case_contiguous(void)
{
	static const struct {
		__u64 size;
		int ret;
	} sizes[] = {
		{ 0, -EINVAL }, { 1, 0 }, { 3 * PAGE - 1, 0 }, { LARGEST, 0 },
		{ LARGEST + 1, -EINVAL }, { ~0ull, -EINVAL },
	};
	unsigned long i, page, count;
	int fd = drm_open_primary();
	struct bo bo = { .fd = fd };
	__u64 size;
	void *map;

	if (driver_is_stock())
		skip("it creates dumb buffers only");

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i].size;
		expect(demo_try_create(fd, &size, GEM_PAGES_DEMO_CONTIGUOUS, &bo.handle),
		       sizes[i].ret, "CREATE, CONTIGUOUS");
		if (sizes[i].ret)
			continue;
		check(size - sizes[i].size < PAGE && !(size % PAGE), "%llu bytes became %llu",
		      sizes[i].size, size);
		/* All of it is there from the first moment on. */
		check(demo_info(size).resident == size, "%lu bytes are resident",
		      demo_info(size).resident);
		bo.size = size;
		expect(gem_map_offset(fd, bo.handle, &bo.offset), 0, "MAP_DUMB");
		map = bo_map(&bo);
		count = size / PAGE;
		for (page = 0; page < count; page++)
			check_zero(map + page * PAGE, page, "a new object");
		stamp_pages(map, i, 0, count);

		/* Scans leave it alone. */
		demo_shrink(100000, KERNEL);
		check(demo_info(size).resident == size, "%lu bytes are resident",
		      demo_info(size).resident);
		check_pages(map, i, 0, count, "after a scan");
		unmap(map, size);
		map = bo_map(&bo);
		check_pages(map, i, 0, count, "mapped anew");

		/* Unless nobody needs what is in it. */
		check(demo_madvise(&bo, GEM_PAGES_DEMO_DONTNEED), "it is gone at once");
		demo_shrink(100000, KERNEL);
		check(!demo_madvise(&bo, GEM_PAGES_DEMO_WILLNEED), "it was not purged");
		check(!demo_info(size).resident, "%lu bytes are resident",
		      demo_info(size).resident);
		check(probe_read(map) == SIGBUS, "it can still be read");
		unmap(map, size);
		bo_close(&bo);
	}

	/* More than there is memory, one after the other: nothing stays behind, or is seen. */
	for (i = 0; i <= (unsigned long)meminfo("MemTotal") / (LARGEST / PAGE); i++) {
		size = LARGEST;
		expect(demo_try_create(fd, &size, GEM_PAGES_DEMO_CONTIGUOUS, &bo.handle), 0,
		       "CREATE, CONTIGUOUS, once more");
		expect(gem_map_offset(fd, bo.handle, &bo.offset), 0, "MAP_DUMB");
		map = map_rw(fd, size, bo.offset);
		check_zero(map, 0, "once more");
		stamp_pages(map, i, 0, 1);
		unmap(map, size);
		expect(gem_close(fd, bo.handle), 0, "GEM_CLOSE");
	}
}

static void case_reuse(void)
{
	int fd = drm_open_primary();
	struct bo bo[3], again;
	void *map;
	int i;

	for (i = 0; i < 3; i++) {
		bo[i] = bo_create(fd, 4);
		map = bo_map(&bo[i]);
		stamp_pages(map, i, 0, 4);
		unmap(map, bo[i].size);
	}

	bo_close(&bo[1]);
	again = bo_create(fd, 4);
	check(again.handle == 2, "the freed handle 2 was not reused, but %u was given",
	      again.handle);
	map = bo_map(&again);
	for (i = 0; i < 4; i++)
		check_zero(map + i * PAGE, i, "the new object of a reused handle");
	stamp_pages(map, 9, 0, 4);

	for (i = 0; i < 3; i += 2)
		check_pages(bo_map(&bo[i]), i, 0, 4, "a neighbour of the closed object");
}

static int compare_offsets(const void *a, const void *b)
{
	const struct bo *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void case_many(void)
{
	unsigned long count = 600, order[600], i;
	struct bo *bo = calloc(count, sizeof(*bo));
	int fd = drm_open_primary();
	__u64 random = opt.seed;

	check(bo, "no memory");
	for (i = 0; i < count; i++) {
		bo[i] = bo_create(fd, 1 + i % 3);
		check(bo[i].handle == i + 1, "object %lu has handle %u", i + 1, bo[i].handle);
		order[i] = i + 1;
	}

	qsort(bo, count, sizeof(*bo), compare_offsets);
	for (i = 0; i < count; i++) {
		check(bo[i].offset && !(bo[i].offset % PAGE), "offset %llx", bo[i].offset);
		if (i)
			check(bo[i - 1].offset + bo[i - 1].size <= bo[i].offset,
			      "objects at %llx and %llx overlap", bo[i - 1].offset, bo[i].offset);
	}

	/* A few of them in use, so that closing meets both kinds. */
	for (i = 0; i < count; i += 7) {
		void *map = bo_map(&bo[i]);

		stamp_pages(map, 0, 0, 1);
		unmap(map, bo[i].size);
	}

	shuffle(order, count, &random);
	for (i = 0; i < count; i++)
		expect(gem_close(fd, order[i]), 0, "GEM_CLOSE in random order");
	for (i = 0; i < count; i++)
		expect(gem_close(fd, order[i]), -EINVAL, "a second GEM_CLOSE");
}

static void case_private(void)
{
	int a = drm_open_primary(), b = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(a, 1);
	__u64 offset;
	__u32 name;

	expect(gem_map_offset(b, bo.handle, &offset), -ENOENT, "another file's handle: MAP_DUMB");
	expect(gem_close(b, bo.handle), -EINVAL, "another file's handle: GEM_CLOSE");
	expect(gem_flink(b, bo.handle, &name), -ENOENT, "another file's handle: FLINK");
	expect(prime_export(b, bo.handle, 0, &prime_fd), -ENOENT, "another file's handle: export");
	bo_close(&bo);
}

static void case_file_close_frees(void)
{
	unsigned long pages = 2048, round, i;
	long before = meminfo("Shmem"), after;

	for (round = 0; round < 3; round++) {
		int fd = drm_open_primary();
		struct bo bo = bo_create(fd, pages);
		void *map = bo_map(&bo);

		for (i = 0; i < pages; i++)
			*(__u64 *)(map + i * PAGE) = i;
		check(meminfo("Shmem") - before > (long)pages / 2, "the pages are not counted");
		unmap(map, bo.size);
		close(fd);
		after = meminfo("Shmem");
		check(after - before < (long)pages / 2, "%ld pages outlive the file",
		      after - before);
	}
}

/* ---- flink names ---- */

/* Return: the name, or end the case if this driver has none. */
static __u32 take_name(int fd, __u32 handle)
{
	__u32 name;
	int ret = gem_flink(fd, handle, &name);

	if (ret == -EOPNOTSUPP || ret == -EACCES)
		skip("the driver refuses flink names: %s", strerrorname_np(-ret));
	expect(ret, 0, "FLINK");
	check(name, "FLINK gave the name 0");

	return name;
}

static void case_flink(void)
{
	int a = drm_open_primary(), b = drm_open_primary();
	struct bo bo = bo_create(a, 4), other;
	__u32 name = take_name(a, bo.handle), handle;
	void *mine = bo_map(&bo), *theirs;
	__u64 size;

	check(take_name(a, bo.handle) == name, "a second FLINK gave another name");
	expect(gem_open(b, name, &handle, &size), 0, "GEM_OPEN");
	check(size == bo.size, "GEM_OPEN says %llu bytes", size);
	check(take_name(b, handle) == name, "the opened handle has another name");

	other = (struct bo){ .fd = b, .handle = handle, .size = size };
	expect(gem_map_offset(b, handle, &other.offset), 0, "MAP_DUMB of the opened handle");
	check(other.offset == bo.offset, "the same object has two mmap offsets");

	theirs = bo_map(&other);
	stamp_pages(mine, 1, 0, 2);
	stamp_pages(theirs, 2, 2, 2);
	check_pages(theirs, 1, 0, 2, "read through the opened name");
	check_pages(mine, 2, 2, 2, "written through the opened name");
}

static void case_flink_handles(void)
{
	int a = drm_open_primary(), b = drm_open_primary();
	struct bo bo = bo_create(a, 1), unnamed = bo_create(a, 1);
	__u32 name = take_name(a, bo.handle), first, second;
	__u64 size;

	check(take_name(a, unnamed.handle) != name, "two objects have one name");
	expect(gem_open(b, name, &first, &size), 0, "GEM_OPEN");
	expect(gem_open(b, name, &second, &size), 0, "a second GEM_OPEN");
	check(first != second, "two GEM_OPEN gave one handle");
	expect(gem_close(b, first), 0, "GEM_CLOSE of the first");
	expect(gem_map_offset(b, second, &size), 0, "MAP_DUMB of the second");
	expect(gem_open(b, 0, &first, &size), -ENOENT, "GEM_OPEN of name 0");
	expect(gem_open(b, name + 1000, &first, &size), -ENOENT, "GEM_OPEN of no name");
}

static void case_flink_life(void)
{
	int a = drm_open_primary(), b = drm_open_primary();
	struct bo bo = bo_create(a, 2);
	__u32 name = take_name(a, bo.handle), handle, again;
	void *map = bo_map(&bo);
	__u64 size;

	stamp_pages(map, 0, 0, 2);
	expect(gem_open(b, name, &handle, &size), 0, "GEM_OPEN");
	bo_close(&bo);
	expect(gem_open(a, name, &again, &size), 0, "the name while one handle is left");
	expect(gem_close(a, again), 0, "GEM_CLOSE");
	expect(gem_close(b, handle), 0, "GEM_CLOSE of the last handle");
	/* The mapping keeps the object, but not its name. */
	expect(gem_open(b, name, &handle, &size), -ENOENT, "the name after the last handle");
	check_pages(map, 0, 0, 2, "the mapping after the last handle");
}

static void case_flink_file_close(void)
{
	int a = drm_open_primary(), b = drm_open_primary();
	struct bo bo = bo_create(a, 1);
	__u32 name = take_name(a, bo.handle), handle;
	__u64 size;

	close(a);
	expect(gem_open(b, name, &handle, &size), -ENOENT, "the name after its file was closed");
}

struct peer {
	int from[2], to[2];
};

static void peer_opens(void *arg)
{
	struct peer *peer = arg;
	int fd = drm_open_primary();
	struct bo bo = { .fd = fd };
	__u64 size;
	__u32 name;
	void *map;
	char c;

	check(read(peer->to[0], &name, sizeof(name)) == sizeof(name), "no name came");
	expect(gem_open(fd, name, &bo.handle, &size), 0, "GEM_OPEN in another process");
	bo.size = size;
	expect(gem_map_offset(fd, bo.handle, &bo.offset), 0, "MAP_DUMB in another process");
	map = bo_map(&bo);
	check_pages(map, 1, 0, 8, "another process");
	stamp_pages(map, 2, 4, 4);
	check(write(peer->from[1], "", 1) == 1, "pipe");

	/* The creator closes everything now. */
	check(read(peer->to[0], &c, 1) == 1, "pipe");
	check_pages(map, 1, 0, 4, "another process, after the creator has left");
	check_pages(map, 2, 4, 4, "another process, after the creator has left");
	unmap(map, bo.size);
	check_pages(bo_map(&bo), 1, 0, 4, "a new mapping, after the creator has left");
}

static void case_flink_processes(void)
{
	struct peer peer;
	__u32 name;
	struct bo bo;
	void *map;
	pid_t pid;
	char c;
	int fd;

	check(!pipe(peer.from) && !pipe(peer.to), "pipe");
	pid = spawn(peer_opens, &peer);

	fd = drm_open_primary();
	bo = bo_create(fd, 8);
	map = bo_map(&bo);
	stamp_pages(map, 1, 0, 8);
	name = take_name(fd, bo.handle);
	check(write(peer.to[1], &name, sizeof(name)) == sizeof(name), "pipe");

	close(peer.from[1]);
	if (read(peer.from[0], &c, 1) != 1)
		reap(pid);
	check_pages(map, 1, 0, 4, "the creator");
	check_pages(map, 2, 4, 4, "the creator");
	unmap(map, bo.size);
	bo_close(&bo);
	close(fd);
	check(write(peer.to[1], "", 1) == 1, "pipe");
	reap(pid);
}

static void drop_sys_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	check(!syscall(SYS_capget, &header, data), "capget: %s", strerrorname_np(errno));
	data[0].effective &= ~(1u << CAP_SYS_ADMIN);
	check(!syscall(SYS_capset, &header, data), "capset: %s", strerrorname_np(errno));
}

static void case_flink_needs_auth(void)
{
	int master = drm_open_primary(), fd;
	struct bo bo = bo_create(master, 1), mine;
	__u32 name = take_name(master, bo.handle), handle;
	struct drm_auth auth = {};
	__u64 size;

	expect(drm_call(master, DRM_IOCTL_SET_MASTER, NULL), 0, "SET_MASTER");

	/* What a file may do is decided when it is opened. */
	drop_sys_admin();
	fd = drm_open_primary();
	mine = bo_create(fd, 1);
	expect(gem_flink(fd, mine.handle, &handle), -EACCES, "FLINK without authentication");
	expect(gem_open(fd, name, &handle, &size), -EACCES, "GEM_OPEN without authentication");

	expect(drm_call(fd, DRM_IOCTL_GET_MAGIC, &auth), 0, "GET_MAGIC");
	expect(drm_call(master, DRM_IOCTL_AUTH_MAGIC, &auth), 0, "AUTH_MAGIC");
	expect(gem_open(fd, name, &handle, &size), 0, "GEM_OPEN after authentication");
	expect(gem_flink(fd, mine.handle, &name), 0, "FLINK after authentication");
}

static void case_render_node(void)
{
	int primary = drm_open_primary(), render = drm_open_render(), prime_fd;
	struct bo bo = bo_create(primary, 2);
	struct drm_mode_create_dumb dumb;
	__u32 handle, name;
	__u64 size;
	void *map;

	if (render < 0)
		skip("no render node");

	expect(create_dumb(render, 1, 1, 32, &dumb), -EACCES, "CREATE_DUMB on the render node");
	expect(gem_open(render, 1, &handle, &size), -EACCES, "GEM_OPEN on the render node");

	/* PRIME is the way in, and the mapping is like any other. */
	map = bo_map(&bo);
	stamp_pages(map, 0, 0, 2);
	expect(prime_export(primary, bo.handle, DRM_RDWR, &prime_fd), 0, "export");
	expect(prime_import(render, prime_fd, &handle), 0, "import on the render node");
	expect(gem_flink(render, handle, &name), -EACCES, "FLINK on the render node");
	check_pages(map_rw(render, bo.size, bo.offset), 0, 0, 2, "the render node's mapping");
}

/* ---- mmap offsets ---- */

static void case_offset(void)
{
	int fd = drm_open_primary();
	struct bo bo = bo_create(fd, 4);
	__u64 again, max = ~0ull >> 1;

	check(bo.offset && !(bo.offset % PAGE), "offset %llx", bo.offset);
	check(bo.offset + bo.size < max, "offset %llx is no file offset", bo.offset);
	expect(gem_map_offset(fd, bo.handle, &again), 0, "MAP_DUMB");
	check(again == bo.offset, "a second MAP_DUMB gave %llx instead of %llx", again, bo.offset);
	expect(gem_map_offset(fd, bo.handle + 100, &again), -ENOENT, "MAP_DUMB of no handle");
	expect(gem_map_offset(fd, 0, &again), -ENOENT, "MAP_DUMB of handle 0");
}

static int try_rw(int fd, size_t size, __u64 offset)
{
	void *map;
	int ret = try_map(fd, size, offset, PROT_READ | PROT_WRITE, MAP_SHARED, &map);

	if (!ret)
		munmap(map, size);

	return ret;
}

static void case_bad_offset(void)
{
	int fd = drm_open_primary();
	struct bo bo = bo_create(fd, 4);

	expect(try_rw(fd, PAGE, 0), -EINVAL, "mmap of offset 0");
	expect(try_rw(fd, PAGE, bo.offset + PAGE), -EINVAL, "mmap of the object's second page");
	expect(try_rw(fd, PAGE, bo.offset + bo.size), -EINVAL, "mmap behind the object");
	expect(try_rw(fd, PAGE, bo.offset - PAGE), -EINVAL, "mmap before the object");
	expect(try_rw(fd, bo.size + PAGE, bo.offset), -EINVAL, "mmap of more than the object");
	expect(try_rw(fd, bo.size, bo.offset), 0, "mmap of the object");

	bo_close(&bo);
	expect(try_rw(fd, bo.size, bo.offset), -EINVAL, "mmap of a freed object's offset");
}

static void case_no_handle(void)
{
	int a = drm_open_primary(), b = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(a, 4);
	__u32 handle;
	void *map;

	expect(try_rw(b, bo.size, bo.offset), -EACCES, "mmap by a file without a handle");

	expect(prime_export(a, bo.handle, 0, &prime_fd), 0, "export");
	expect(prime_import(b, prime_fd, &handle), 0, "import");
	expect(try_rw(b, bo.size, bo.offset), 0, "mmap with a handle");
	expect(gem_close(b, handle), 0, "GEM_CLOSE");
	expect(try_rw(b, bo.size, bo.offset), -EACCES, "mmap after the handle was closed");

	map = bo_map(&bo);
	bo_close(&bo);
	expect(try_rw(a, bo.size, bo.offset), -EACCES, "mmap without a handle");
	unmap(map, bo.size);
}

static void case_partial(void)
{
	int fd = drm_open_primary();
	struct bo bo = bo_create(fd, 16);
	void *whole = bo_map(&bo), *part;
	unsigned long count;

	stamp_pages(whole, 0, 0, 16);
	for (count = 1; count <= 16; count++) {
		part = map_rw(fd, count * PAGE, bo.offset);
		check_pages(part, 0, 0, count, "a partial mapping");
		stamp_pages(part, 0, 0, count);
		unmap(part, count * PAGE);
	}
	check_pages(whole, 0, 0, 16, "the whole mapping");

	/* A length that is no multiple of the page size. */
	part = map_rw(fd, 2 * PAGE + 1, bo.offset);
	check_pages(part, 0, 0, 3, "an odd length");
}

static void case_outlives(void)
{
	int fd = drm_open_primary();
	struct bo bo = bo_create(fd, 32), other;
	void *map = bo_map(&bo), *untouched = bo_map(&bo);
	int i;

	stamp_pages(map, 1, 0, 16);
	bo_close(&bo);
	check_pages(map, 1, 0, 16, "after the handle was closed");
	stamp_pages(map, 2, 16, 8);

	/* The object's place is still taken. */
	for (i = 0; i < 8; i++) {
		other = bo_create(fd, 32);
		check(other.offset != bo.offset, "a live object's offset was given away");
		stamp_pages(bo_map(&other), 7, 0, 32);
	}

	close(fd);
	check_pages(map, 1, 0, 16, "after the file was closed");
	check_pages(map, 2, 16, 8, "after the file was closed");
	/* Faults that come this late still find their pages. */
	check_pages(untouched, 1, 0, 16, "first touch after the file was closed");
	check_pages(untouched, 2, 16, 8, "first touch after the file was closed");
	stamp_pages(untouched, 3, 24, 8);
	check_pages(map, 3, 24, 8, "written after the file was closed");
	unmap(map, bo.size);
	check_pages(untouched, 3, 24, 8, "the last mapping");
}

static void case_private_map(void)
{
	int fd = drm_open_primary();
	struct bo bo = bo_create(fd, 2);
	void *map;

	expect(try_map(fd, bo.size, bo.offset, PROT_READ | PROT_WRITE, MAP_PRIVATE, &map), -EINVAL,
	       "a writable MAP_PRIVATE");
	expect(try_map(fd, bo.size, bo.offset, PROT_READ, MAP_PRIVATE, &map), -EINVAL,
	       "a MAP_PRIVATE that could be made writable");
	/* Nothing stays behind. */
	bo_close(&bo);
	expect(try_rw(fd, bo.size, bo.offset), -EINVAL, "mmap of the freed object");
}

static void case_read_only_file(void)
{
	int fd = drm_open_primary_flags(O_RDONLY);
	struct bo bo = bo_create(fd, 2);
	void *map;

	expect(try_rw(fd, bo.size, bo.offset), -EACCES, "a writable mapping of a read-only file");
	expect(try_map(fd, bo.size, bo.offset, PROT_READ, MAP_SHARED, &map), 0,
	       "a read-only mapping of a read-only file");
	check_zero(map, 0, "a read-only mapping");
	expect(mprotect(map, bo.size, PROT_READ | PROT_WRITE) ? -errno : 0, -EACCES,
	       "mprotect to writable");
	check(probe_write(map + PAGE) == SIGSEGV, "a read-only mapping could be written");
	check_zero(map + PAGE, 1, "a read-only mapping");
}

static void case_no_growth(void)
{
	int fd = drm_open_primary();
	struct bo bo = bo_create(fd, 8);
	void *map = bo_map(&bo), *part = map_rw(fd, 2 * PAGE, bo.offset);

	expect(mremap(map, bo.size, bo.size + PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? -errno : 0,
	       -EFAULT, "mremap beyond the object");
	expect(mremap(part, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? -errno : 0,
	       -EFAULT, "mremap of a partial mapping to more");
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "close_once", case_close },
		{ "closed_handle", case_closed_handle },
		{ "bad_sizes", case_bad_sizes },
		{ "odd_sizes", case_sizes },
		{ "create", case_create },
		{ "create_contiguous", case_contiguous },
		{ "handle_reuse", case_reuse },
		{ "many_handles", case_many },
		{ "handles_belong_to_a_file", case_private },
		{ "closing_the_file_frees", case_file_close_frees },
		{ "flink_shares", case_flink },
		{ "flink_handles", case_flink_handles },
		{ "flink_ends_with_last_handle", case_flink_life },
		{ "flink_ends_with_file", case_flink_file_close },
		{ "flink_between_processes", case_flink_processes },
		{ "flink_needs_authentication", case_flink_needs_auth },
		{ "render_node", case_render_node },
		{ "offset_is_stable", case_offset },
		{ "offset_wrong", case_bad_offset },
		{ "offset_without_handle", case_no_handle },
		{ "partial_mapping", case_partial },
		{ "mapping_outlives_handle_and_file", case_outlives },
		{ "private_mapping_refused", case_private_map },
		{ "read_only_file", case_read_only_file },
		{ "mapping_cannot_grow", case_no_growth },
	};

	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
