// SPDX-License-Identifier: GPL-2.0
/*
 * PRIME between files, processes and drivers: what an export and an import share, who may
 * write, and how long the pages live.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"

#define PAGES	16ul

static int export(int fd, __u32 handle, __u32 flags)
{
	int prime_fd;

	expect(prime_export(fd, handle, flags | DRM_CLOEXEC, &prime_fd), 0, "PRIME_HANDLE_TO_FD");

	return prime_fd;
}

static __u32 import(int fd, int prime_fd)
{
	__u32 handle;

	expect(prime_import(fd, prime_fd, &handle), 0, "PRIME_FD_TO_HANDLE");

	return handle;
}

static ino_t inode(int fd)
{
	struct stat st;

	check(!fstat(fd, &st), "fstat: %s", strerrorname_np(errno));

	return st.st_ino;
}

/* ---- export ---- */

static void case_bad_arguments(void)
{
	int fd = drm_open_primary(), prime_fd, pipes[2];
	struct bo bo = bo_create(fd, 1);
	__u32 handle;

	expect(prime_export(fd, bo.handle, O_APPEND, &prime_fd), -EINVAL, "export, unknown flag");
	expect(prime_export(fd, bo.handle + 1, 0, &prime_fd), -ENOENT, "export of no handle");
	expect(prime_export(fd, 0, 0, &prime_fd), -ENOENT, "export of handle 0");

	check(!pipe(pipes), "pipe");
	expect(prime_import(fd, pipes[0], &handle), -EINVAL, "import of a pipe");
	expect(prime_import(fd, fd, &handle), -EINVAL, "import of the DRM node");
	expect(prime_import(fd, 1000, &handle), -EBADF, "import of no file");
	expect(prime_import(fd, -1, &handle), -EBADF, "import of -1");
}

static void case_export_twice(void)
{
	int fd = drm_open_primary(), a, b;
	struct bo bo = bo_create(fd, 1), other = bo_create(fd, 1);

	a = export(fd, bo.handle, DRM_RDWR);
	b = export(fd, bo.handle, DRM_RDWR);
	check(a != b && inode(a) == inode(b), "two exports are two dma-bufs");
	check(inode(a) != inode(export(fd, other.handle, 0)), "two objects are one dma-buf");
	check(fcntl(a, F_GETFD) & FD_CLOEXEC, "DRM_CLOEXEC was lost");
	check((fcntl(a, F_GETFL) & O_ACCMODE) == O_RDWR, "DRM_RDWR was lost");
}

static void case_seek(void)
{
	int fd = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(fd, PAGES);

	prime_fd = export(fd, bo.handle, DRM_RDWR);
	check(lseek(prime_fd, 0, SEEK_END) == (off_t)bo.size, "SEEK_END gives %ld",
	      lseek(prime_fd, 0, SEEK_END));
	check(lseek(prime_fd, 0, SEEK_SET) == 0, "SEEK_SET gives %ld",
	      lseek(prime_fd, 0, SEEK_SET));
	check(lseek(prime_fd, 0, SEEK_CUR) < 0 && errno == EINVAL, "SEEK_CUR works");
	check(lseek(prime_fd, PAGE, SEEK_SET) < 0 && errno == EINVAL, "SEEK_SET to a page works");
}

static void case_map_range(void)
{
	int fd = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(fd, PAGES);
	unsigned long first, count;
	void *map;

	stamp_pages(bo_map(&bo), 0, 0, PAGES);
	prime_fd = export(fd, bo.handle, DRM_RDWR);
	check_pages(map_rw(prime_fd, bo.size, 0), 0, 0, PAGES, "the dma-buf's mapping");

	expect(try_map(prime_fd, bo.size + PAGE, 0, PROT_READ, MAP_SHARED, &map), -EINVAL,
	       "mmap of more than the dma-buf");
	for (first = 1; first <= PAGES; first++) {
		count = PAGES - first;
		expect(try_map(prime_fd, (count + 1) * PAGE, first * PAGE, PROT_READ, MAP_SHARED,
			       &map), -EINVAL, "mmap that ends behind the dma-buf");
		if (!count)
			continue;
		expect(try_map(prime_fd, PAGE, first * PAGE, PROT_READ, MAP_SHARED, &map), 0,
		       "mmap of one page");
		/* Stock drivers show another page here: wrong_page has that case. */
		if (!driver_is_stock())
			check_page(map, 0, first, "one page of the dma-buf");
		unmap(map, PAGE);
	}
}

static void case_read_only(void)
{
	int fd = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(fd, PAGES);
	void *map;

	stamp_pages(bo_map(&bo), 0, 0, PAGES);
	prime_fd = export(fd, bo.handle, 0);
	check((fcntl(prime_fd, F_GETFL) & O_ACCMODE) == O_RDONLY, "the export is not read-only");
	expect(try_map(prime_fd, bo.size, 0, PROT_READ | PROT_WRITE, MAP_SHARED, &map), -EACCES,
	       "a writable mapping of a read-only export");
	expect(try_map(prime_fd, bo.size, 0, PROT_READ, MAP_SHARED, &map), 0,
	       "a read-only mapping of a read-only export");
	check_pages(map, 0, 0, PAGES, "a read-only mapping");
	expect(mprotect(map, PAGE, PROT_READ | PROT_WRITE) ? -errno : 0, -EACCES,
	       "mprotect to writable");
	check(probe_write(map) == SIGSEGV, "a read-only mapping could be written");
	check_page(map, 0, 0, "a read-only mapping");
}

static void case_read_write(void)
{
	int fd = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(fd, PAGES);
	void *map, *drm = bo_map(&bo);

	prime_fd = export(fd, bo.handle, DRM_RDWR);
	map = map_rw(prime_fd, bo.size, 0);
	stamp_pages(map, 1, 0, PAGES / 2);
	stamp_pages(drm, 2, PAGES / 2, PAGES / 2);
	check_pages(drm, 1, 0, PAGES / 2, "written through the dma-buf");
	check_pages(map, 2, PAGES / 2, PAGES / 2, "written through the DRM node");

	unmap(map, bo.size);
	expect(try_map(prime_fd, bo.size, 0, PROT_READ, MAP_SHARED, &map), 0, "mmap");
	expect(mprotect(map, PAGE, PROT_READ | PROT_WRITE) ? -errno : 0, 0, "mprotect to writable");
	stamp_page(map, 3, 0);
	check_page(drm, 3, 0, "written after mprotect");
}

static void case_private_map(void)
{
	int fd = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(fd, 2);
	long before = dmabuf_count();
	void *map;

	prime_fd = export(fd, bo.handle, DRM_RDWR);
	expect(try_map(prime_fd, bo.size, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE, &map), -EINVAL,
	       "a writable MAP_PRIVATE");
	expect(try_map(prime_fd, bo.size, 0, PROT_READ, MAP_PRIVATE, &map), -EINVAL,
	       "a MAP_PRIVATE that could be made writable");
	close(prime_fd);
	bo_close(&bo);
	close(fd);
	check(dmabuf_count() == before, "the refused mapping keeps the dma-buf");
}

static int sync_ioctl(int prime_fd, __u64 flags)
{
	struct dma_buf_sync args = { .flags = flags };

	return drm_call(prime_fd, DMA_BUF_IOCTL_SYNC, &args);
}

static void case_cpu_access(void)
{
	static const __u64 directions[] = {
		DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW,
	};
	int fd = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(fd, PAGES);
	void *map;
	size_t i;

	prime_fd = export(fd, bo.handle, DRM_RDWR);
	map = map_rw(prime_fd, bo.size, 0);
	for (i = 0; i < ARRAY_SIZE(directions); i++) {
		expect(sync_ioctl(prime_fd, DMA_BUF_SYNC_START | directions[i]), 0, "SYNC_START");
		stamp_pages(map, i, 0, PAGES);
		expect(sync_ioctl(prime_fd, DMA_BUF_SYNC_END | directions[i]), 0, "SYNC_END");
		check_pages(map, i, 0, PAGES, "between two syncs");
	}
	expect(sync_ioctl(prime_fd, DMA_BUF_SYNC_START), -EINVAL, "SYNC without a direction");
	expect(sync_ioctl(prime_fd, DMA_BUF_SYNC_RW | 1 << 5), -EINVAL, "SYNC, unknown flag");

	/* An export that nobody has touched, mapped or imported. */
	bo = bo_create(fd, PAGES);
	prime_fd = export(fd, bo.handle, 0);
	expect(sync_ioctl(prime_fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW), 0, "SYNC_START");
	expect(sync_ioctl(prime_fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW), 0, "SYNC_END");
}

/* ---- self-import ---- */

static void case_import_same_file(void)
{
	int fd = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(fd, 1);

	prime_fd = export(fd, bo.handle, DRM_RDWR);
	check(import(fd, prime_fd) == bo.handle, "importing one's own export gives another handle");
	bo_close(&bo);
	expect(gem_close(fd, 1), -EINVAL, "the import was counted as a second handle");

	/* The dma-buf has kept the object. */
	bo.handle = import(fd, prime_fd);
	expect(gem_map_offset(fd, bo.handle, &bo.offset), 0, "MAP_DUMB");
	check(lseek(prime_fd, 0, SEEK_END) == (off_t)bo.size, "size");
}

static void case_import_other_file(void)
{
	int a = drm_open_primary(), b = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(a, PAGES), other = { .fd = b, .size = bo.size };
	void *mine = bo_map(&bo), *theirs;

	bo_create(b, 1);
	prime_fd = export(a, bo.handle, DRM_RDWR);
	other.handle = import(b, prime_fd);
	check(import(b, prime_fd) == other.handle, "a second import gives another handle");
	expect(gem_map_offset(b, other.handle, &other.offset), 0, "MAP_DUMB of the import");
	check(other.offset == bo.offset, "the self-import is another object");

	theirs = bo_map(&other);
	stamp_pages(mine, 1, 0, PAGES / 2);
	stamp_pages(theirs, 2, PAGES / 2, PAGES / 2);
	check_pages(theirs, 1, 0, PAGES / 2, "the importer's mapping");
	check_pages(mine, 2, PAGES / 2, PAGES / 2, "the exporter's mapping");

	check(inode(export(b, other.handle, 0)) == inode(prime_fd),
	      "exporting the import gives another dma-buf");
	expect(gem_close(b, other.handle), 0, "GEM_CLOSE");
	expect(gem_close(b, other.handle), -EINVAL, "GEM_CLOSE of the closed import");
	other.handle = import(b, prime_fd);
	expect(gem_map_offset(b, other.handle, &other.offset), 0, "MAP_DUMB of a third import");
	check_pages(bo_map(&other), 1, 0, PAGES / 2, "a third import");
}

struct link {
	int sock[2];
	unsigned int *step;
};

static void run_importer(void *arg)
{
	struct link *link = arg;
	int prime_fd, fd = drm_open_primary();
	struct bo bo = { .fd = fd };
	void *drm, *map;

	close(link->sock[1]);
	prime_fd = recv_fd(link->sock[0]);
	bo.handle = import(fd, prime_fd);
	check(import(fd, prime_fd) == bo.handle, "a second import gives another handle");
	bo.size = lseek(prime_fd, 0, SEEK_END);
	check(bo.size == PAGES * PAGE, "the dma-buf has %zu bytes", bo.size);
	expect(gem_map_offset(fd, bo.handle, &bo.offset), 0, "MAP_DUMB");
	drm = bo_map(&bo);
	map = map_rw(prime_fd, bo.size, 0);
	check_pages(drm, 1, 0, PAGES, "the DRM mapping of the import");
	check_pages(map, 1, 0, PAGES, "the dma-buf mapping of the import");
	stamp_pages(drm, 2, 0, 4);
	stamp_pages(map, 3, 4, 4);
	store(link->step, 1);

	await(link->step, 2);
	check_pages(map, 4, 8, PAGES - 8, "written by the exporter meanwhile");
	check_pages(drm, 4, 8, PAGES - 8, "written by the exporter meanwhile");
}

static void case_processes(void)
{
	struct link link = { .step = shared_alloc(PAGE) };
	struct bo bo;
	void *map;
	pid_t pid;
	int fd;

	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, link.sock), "socketpair");
	pid = spawn(run_importer, &link);
	close(link.sock[0]);

	fd = drm_open_primary();
	bo = bo_create(fd, PAGES);
	map = bo_map(&bo);
	stamp_pages(map, 1, 0, PAGES);
	send_fd(link.sock[1], export(fd, bo.handle, DRM_RDWR));

	await(link.step, 1);
	check_pages(map, 2, 0, 4, "written by the importer, DRM mapping");
	check_pages(map, 3, 4, 4, "written by the importer, dma-buf mapping");
	stamp_pages(map, 4, 8, PAGES - 8);
	store(link.step, 2);
	reap(pid);
}

static void dying_exporter(void *arg)
{
	struct link *link = arg;
	int fd = drm_open_primary();
	struct bo bo = bo_create(fd, PAGES);

	stamp_pages(bo_map(&bo), 1, 0, PAGES);
	send_fd(link->sock[1], export(fd, bo.handle, DRM_RDWR));
	/* Dies with everything open. */
	kill(getpid(), SIGKILL);
}

static void case_exporter_dies(void)
{
	int fd = drm_open_primary(), prime_fd;
	struct link link;
	struct bo bo = { .fd = fd };
	void *map;
	pid_t pid;

	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, link.sock), "socketpair");
	pid = spawn(dying_exporter, &link);
	reap_status(pid);

	prime_fd = recv_fd(link.sock[0]);
	bo.size = lseek(prime_fd, 0, SEEK_END);
	check_pages(map_rw(prime_fd, bo.size, 0), 1, 0, PAGES, "the dead exporter's dma-buf");
	bo.handle = import(fd, prime_fd);
	close(prime_fd);
	expect(gem_map_offset(fd, bo.handle, &bo.offset), 0, "MAP_DUMB");
	map = bo_map(&bo);
	check_pages(map, 1, 0, PAGES, "the dead exporter's object");
	stamp_pages(map, 2, 0, PAGES);
	unmap(map, bo.size);
	check_pages(bo_map(&bo), 2, 0, PAGES, "the object, written after the exporter died");
}

static void case_outlives_all(void)
{
	int fd = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(fd, PAGES);
	void *map;

	prime_fd = export(fd, bo.handle, DRM_RDWR);
	map = map_rw(prime_fd, bo.size, 0);
	stamp_pages(map, 1, 0, PAGES / 2);
	bo_close(&bo);
	close(prime_fd);
	close(fd);
	check_pages(map, 1, 0, PAGES / 2, "the mapping, all else closed");
	stamp_pages(map, 2, PAGES / 2, PAGES / 2);
	check_pages(map, 2, PAGES / 2, PAGES / 2, "first touched when all else was closed");
	unmap(map, bo.size);
}

static void child_writes_third(void *map)
{
	stamp_pages(map, 2, PAGES / 2, PAGES / 2);
	check_pages(map, 1, 0, PAGES / 2, "the child's mapping");
}

static void case_dmabuf_fork(void)
{
	int fd = drm_open_primary(), prime_fd;
	struct bo bo = bo_create(fd, PAGES);
	void *map;

	prime_fd = export(fd, bo.handle, DRM_RDWR);
	map = map_rw(prime_fd, bo.size, 0);
	stamp_pages(map, 1, 0, PAGES / 2);
	bo_close(&bo);
	close(prime_fd);
	close(fd);
	reap(spawn(child_writes_third, map));
	check_pages(map, 2, PAGES / 2, PAGES / 2, "written by the child");
}

#define IMPORTERS	6

static struct many {
	int prime_fd;
	unsigned int *ready;
	unsigned int index;
} many;

static void one_of_many(void *arg)
{
	struct bo bo = { .fd = drm_open_primary(), .size = PAGES * PAGE };
	unsigned long i, round;
	void *map;

	(void)arg;
	add(many.ready, 1);
	await(many.ready, IMPORTERS);
	for (round = 0; round < 20; round++) {
		bo.handle = import(bo.fd, many.prime_fd);
		expect(gem_map_offset(bo.fd, bo.handle, &bo.offset), 0, "MAP_DUMB");
		map = bo_map(&bo);
		for (i = many.index; i < PAGES; i += IMPORTERS) {
			if (round)
				check_page(map + i * PAGE, round - 1, i, "an importer's own page");
			stamp_page(map + i * PAGE, round, i);
		}
		bo_close(&bo);
		unmap(map, bo.size);
	}
}

static void case_many_importers(void)
{
	int fd = drm_open_primary();
	struct bo bo = bo_create(fd, PAGES);
	pid_t pid[IMPORTERS];
	int i;

	many.prime_fd = export(fd, bo.handle, DRM_RDWR);
	many.ready = shared_alloc(PAGE);
	for (i = 0; i < IMPORTERS; i++) {
		many.index = i;
		pid[i] = spawn(one_of_many, NULL);
	}
	for (i = 0; i < IMPORTERS; i++)
		reap(pid[i]);
	check_pages(bo_map(&bo), 19, 0, PAGES, "after all importers have left");
}

/* ---- foreign dma-bufs ---- */

static int create_udmabuf(void **memory)
{
	struct udmabuf_create args = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = PAGES * PAGE };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd;

	if (dev < 0)
		skip("/dev/udmabuf: %s", strerrorname_np(errno));

	args.memfd = memfd_create("pages", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	check((int)args.memfd >= 0 && !ftruncate(args.memfd, args.size), "memfd");
	check(!fcntl(args.memfd, F_ADD_SEALS, F_SEAL_SHRINK), "F_SEAL_SHRINK");
	*memory = map_rw(args.memfd, args.size, 0);
	fd = ioctl(dev, UDMABUF_CREATE, &args);
	check(fd >= 0, "UDMABUF_CREATE: %s", strerrorname_np(errno));
	close(args.memfd);
	close(dev);

	return fd;
}

static int create_heap_buffer(void **memory)
{
	struct dma_heap_allocation_data args = {
		.len = PAGES * PAGE,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	int dev = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);

	if (dev < 0)
		skip("/dev/dma_heap/system: %s", strerrorname_np(errno));
	expect(drm_call(dev, DMA_HEAP_IOCTL_ALLOC, &args), 0, "DMA_HEAP_IOCTL_ALLOC");
	close(dev);
	*memory = map_rw(args.fd, args.len, 0);

	return args.fd;
}

/*
 * Some drivers have a fake offset for an imported object, most have not. Where there is one,
 * the mapping is the exporter's. Return: a mapping of the import, or NULL.
 */
static void *map_import(struct bo *bo, void *memory)
{
	int ret = gem_map_offset(bo->fd, bo->handle, &bo->offset);
	void *map;

	if (ret == -EINVAL) {
		note("%s gives no mmap offset for an import", opt.driver);
		return NULL;
	}
	expect(ret, 0, "MAP_DUMB of a foreign import");

	expect(try_map(bo->fd, bo->size + PAGE, bo->offset, PROT_READ, MAP_SHARED, &map), -EINVAL,
	       "mmap of more than the import");
	map = bo_map(bo);
	check_pages(map, 1, 0, PAGES, "the DRM mapping of a foreign import");
	stamp_pages(map, 2, 0, PAGES);
	check_pages(memory, 2, 0, PAGES, "written through the DRM mapping");
	unmap(map, bo->size);

	return bo_map(bo);
}

static void import_foreign(int (*create)(void **memory))
{
	long before = dmabuf_count();
	int fd = drm_open_primary(), prime_fd, again;
	struct bo bo = { .fd = fd, .size = PAGES * PAGE };
	void *memory, *map;

	prime_fd = create(&memory);
	stamp_pages(memory, 1, 0, PAGES);

	bo.handle = import(fd, prime_fd);
	check(import(fd, prime_fd) == bo.handle, "a second import gives another handle");
	again = export(fd, bo.handle, DRM_RDWR);
	check(inode(again) == inode(prime_fd), "exporting the import gives another dma-buf");
	close(prime_fd);

	/* The import keeps the dma-buf, and the way back is open. */
	check(lseek(again, 0, SEEK_END) == (off_t)bo.size, "size of the re-export");
	map = map_rw(again, bo.size, 0);
	check_pages(map, 1, 0, PAGES, "the re-exported dma-buf");
	unmap(map, bo.size);
	close(again);

	map = map_import(&bo, memory);
	bo_close(&bo);
	close(fd);
	if (map) {
		check_pages(map, 2, 0, PAGES, "the DRM mapping of a closed import");
		stamp_pages(map, 1, 0, PAGES);
		unmap(map, bo.size);
	}
	check_pages(memory, 1, 0, PAGES, "the foreign memory");
	unmap(memory, bo.size);
	check(dmabuf_count() == before, "%ld dma-bufs before, %ld after", before, dmabuf_count());
}

static void case_udmabuf(void)
{
	import_foreign(create_udmabuf);
}

static void case_heap(void)
{
	import_foreign(create_heap_buffer);
}

static void case_import_balance(void)
{
	int fd = drm_open_primary(), prime_fd, i;
	long before = dmabuf_count();
	void *memory;
	__u32 handle;

	if (before < 0)
		skip("debugfs does not count dma-bufs");

	for (i = 0; i < 50; i++) {
		prime_fd = create_udmabuf(&memory);
		handle = import(fd, prime_fd);
		check(dmabuf_count() == before + 1, "dma-buf count");
		/* Each order of closing. */
		if (i % 2)
			close(prime_fd);
		expect(gem_close(fd, handle), 0, "GEM_CLOSE");
		if (!(i % 2))
			close(prime_fd);
		unmap(memory, PAGES * PAGE);
	}
	check(dmabuf_count() == before, "%ld dma-bufs before, %ld after", before, dmabuf_count());
}

static void case_export_balance(void)
{
	int fd = drm_open_primary(), other = drm_open_primary(), prime_fd, i;
	long before = dmabuf_count();
	struct bo bo;
	__u32 handle;
	void *map;

	if (before < 0)
		skip("debugfs does not count dma-bufs");

	for (i = 0; i < 50; i++) {
		bo = bo_create(fd, 2);
		prime_fd = export(fd, bo.handle, DRM_RDWR);
		handle = import(other, prime_fd);
		map = map_rw(prime_fd, bo.size, 0);
		stamp_pages(map, 0, 0, 2);
		close(prime_fd);
		if (i % 2)
			unmap(map, bo.size);
		bo_close(&bo);
		expect(gem_close(other, handle), 0, "GEM_CLOSE");
		if (!(i % 2)) {
			check_pages(map, 0, 0, 2, "the last mapping");
			unmap(map, bo.size);
		}
	}
	check(dmabuf_count() == before, "%ld dma-bufs before, %ld after", before, dmabuf_count());
}

/* ---- two drivers ---- */

static void between_devices(int from, int to)
{
	long before = dmabuf_count();
	struct bo bo = bo_create(from, PAGES);
	void *memory = bo_map(&bo), *map;
	int prime_fd, again;
	__u32 handle;

	stamp_pages(memory, 1, 0, PAGES / 2);
	prime_fd = export(from, bo.handle, DRM_RDWR);
	handle = import(to, prime_fd);
	bo_close(&bo);
	close(prime_fd);

	again = export(to, handle, DRM_RDWR);
	map = map_rw(again, bo.size, 0);
	check_pages(map, 1, 0, PAGES / 2, "the other driver's dma-buf");
	stamp_pages(map, 2, PAGES / 2, PAGES / 2);
	check_pages(memory, 2, PAGES / 2, PAGES / 2, "written through the import");

	/* And back to where it came from: the same object. */
	bo.handle = import(from, again);
	expect(gem_map_offset(from, bo.handle, &bo.offset), 0, "MAP_DUMB of the object come home");
	check_pages(bo_map(&bo), 1, 0, PAGES / 2, "the object come home");

	close(again);
	unmap(map, bo.size);
	expect(gem_close(to, handle), 0, "GEM_CLOSE of the import");
	bo_close(&bo);
	/* The last mapping was left open on purpose: it keeps the object, not the dma-buf. */
	check(dmabuf_count() == before, "%ld dma-bufs before, %ld after", before, dmabuf_count());
}

static int open_other(void)
{
	int fd = drm_open_second();

	if (fd < 0)
		skip("%s has no second device", opt.driver);

	return fd;
}

static void case_other_device_imports(void)
{
	between_devices(drm_open_primary(), open_other());
}

static void case_other_device_exports(void)
{
	between_devices(open_other(), drm_open_primary());
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "bad_arguments", case_bad_arguments },
		{ "export_twice", case_export_twice },
		{ "dmabuf_size", case_seek },
		{ "dmabuf_map_range", case_map_range },
		{ "export_read_only", case_read_only },
		{ "export_read_write", case_read_write },
		{ "dmabuf_private_mapping_refused", case_private_map },
		{ "dmabuf_cpu_access", case_cpu_access },
		{ "import_into_same_file", case_import_same_file },
		{ "import_into_other_file", case_import_other_file },
		{ "import_in_other_process", case_processes },
		{ "exporter_dies", case_exporter_dies },
		{ "mapping_outlives_all", case_outlives_all },
		{ "dmabuf_mapping_forked", case_dmabuf_fork },
		{ "many_importers", case_many_importers },
		{ "import_udmabuf", case_udmabuf },
		{ "import_dma_heap", case_heap },
		{ "import_balance", case_import_balance },
		{ "export_balance", case_export_balance },
		{ "other_device_imports", case_other_device_imports },
		{ "other_device_exports", case_other_device_exports },
	};

	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
