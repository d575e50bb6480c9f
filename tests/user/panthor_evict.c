// SPDX-License-Identifier: GPL-2.0
/*
 * Panthor's buffer objects under reclaim: what the GPU and the CPU wrote is there after an
 * eviction, in every VM, and no job finds its memory gone.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "panthor_reclaim.h"

#define SIZE	(64 * PAGE)
#define KIB	1024ll

/* ---- cases ---- */

static void case_one_vm(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, SIZE, 0), result = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1);
	unsigned int i;

	for (i = 0; i < 8; i++) {
		evict_all(&gpu);
		gpu_stamp(&gpu, group, bo.va, SIZE / PAGE, 0x1000000 * i + 1);
		evict_all(&gpu);
		check_bo(&gpu, group, &bo, bo.va, &result, 0x1000000 * i + 1);
		cpu_stamp(bo.map, SIZE / PAGE, 0x1000000 * i + 7);
		evict_all(&gpu);
		check_bo(&gpu, group, &bo, bo.va, &result, 0x1000000 * i + 7);
	}
	check(gpu_vm_usable(&gpu), "the VM is unusable");
	gpu_close(&gpu);
}

/* One object, two VMs, one of them with two mappings, one of which begins inside. */
static void case_two_vms(void)
{
	struct gpu a = gpu_open(), b = gpu_open();
	struct gpu_bo bo = gpu_bo(&a, SIZE, 0);
	struct gpu_bo result_a = gpu_bo(&a, PAGE, 0), result_b = gpu_bo(&b, PAGE, 0);
	__u32 group_a = gpu_group(&a, 1), group_b = gpu_group(&b, 1), handle;
	__u64 va = 1ull << 30, inner = 2ull << 30;
	unsigned int i;
	int fd;

	expect(prime_export(a.fd, bo.handle, DRM_RDWR, &fd), 0, "export");
	expect(prime_import(b.fd, fd, &handle), 0, "import");
	expect(gpu_try_bind(&b, handle, va, SIZE, 0), 0, "bind");
	expect(gpu_try_bind_part(&b, handle, 8 * PAGE, inner, 16 * PAGE, 0), 0, "bind a part");

	for (i = 0; i < 6; i++) {
		__u32 value = 0x100000 * i + 1;

		gpu_stamp(&a, group_a, bo.va, SIZE / PAGE, value);
		evict_all(&a);
		check_bo(&b, group_b, &bo, va, &result_b, value);
		gpu_collect(&b, group_b, inner, 16, result_b.va);
		expect_stamps(result_b.map, 16, 4, value + 8, "inside");
		evict_all(&b);
		gpu_stamp(&b, group_b, va, SIZE / PAGE, value + 0x50000);
		/* Evicted in one VM, used in the other. */
		evict_all(&a);
		check_bo(&a, group_a, &bo, bo.va, &result_a, value + 0x50000);
	}
	close(fd);
	gpu_close(&b);
	gpu_close(&a);
}

/* Mappings that are split, cut and replaced while they are evicted. */
static void case_split_evicted(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, 4ul << 20, 0), result = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1);
	unsigned int resident;

	for (resident = 0; resident < 2; resident++) {
		gpu_stamp(&gpu, group, bo.va, bo.size / PAGE, 1);
		if (!resident)
			evict_all(&gpu);
		expect(gpu_try_bind(&gpu, 0, bo.va + 100 * PAGE, 700 * PAGE,
				    DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP), 0, "unmap the middle");
		if (resident)
			evict_all(&gpu);
		gpu_collect(&gpu, group, bo.va, 100, result.va);
		expect_stamps(result.map, 100, 4, 1, "head");
		evict_all(&gpu);
		gpu_collect(&gpu, group, bo.va + 800 * PAGE, 224, result.va);
		expect_stamps(result.map, 224, 4, 801, "tail");
		evict_all(&gpu);
		expect(gpu_try_bind(&gpu, bo.handle, bo.va, bo.size, 0), 0, "map all again");
		gpu_collect(&gpu, group, bo.va + 90 * PAGE, 800, result.va);
		expect_stamps(result.map, 800, 4, 91, "all");
	}
	gpu_close(&gpu);
}

static void bind_async(struct gpu *gpu, __u32 handle, __u64 va, __u64 size, __u32 flags)
{
	struct drm_panthor_sync_op sync = {
		.flags = DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_SYNCOBJ | DRM_PANTHOR_SYNC_OP_SIGNAL,
		.handle = gpu_syncobj(gpu),
	};
	struct drm_panthor_vm_bind_op op = {
		.flags = flags, .bo_handle = handle, .va = va, .size = size,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
	};
	struct drm_panthor_vm_bind args = {
		.vm_id = gpu->vm, .flags = DRM_PANTHOR_VM_BIND_ASYNC,
		.ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};

	expect(drm_call(gpu->fd, DRM_IOCTL_PANTHOR_VM_BIND, &args), 0, "VM_BIND, asynchronous");
	expect(gpu_wait(gpu, sync.handle, 5), 0, "wait for VM_BIND");
}

/* The same through the queue of the VM, which is on the way to signalling a fence. */
static void case_async_bind(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, SIZE, 0), result = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1);
	__u64 va = 1ull << 30;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		gpu_stamp(&gpu, group, bo.va, SIZE / PAGE, i + 1);
		evict_all(&gpu);
		bind_async(&gpu, bo.handle, va, SIZE, 0);
		check_bo(&gpu, group, &bo, va, &result, i + 1);
		evict_all(&gpu);
		bind_async(&gpu, 0, va + 8 * PAGE, 8 * PAGE, DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP);
		gpu_collect(&gpu, group, va + 16 * PAGE, 48, result.va);
		expect_stamps(result.map, 48, 4, i + 17, "behind the hole");
		bind_async(&gpu, 0, va + 20 * PAGE, 8 * PAGE, DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP);
		evict_all(&gpu);
		gpu_collect(&gpu, group, va + 28 * PAGE, 36, result.va);
		expect_stamps(result.map, 36, 4, i + 29, "behind the second hole");
		bind_async(&gpu, 0, va, SIZE, DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP);
		check_bo(&gpu, group, &bo, bo.va, &result, i + 1);
	}
	gpu_close(&gpu);
}

/* A job that is running keeps all of its memory. */
static void case_under_job(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, SIZE, 0), flag = gpu_bo(&gpu, PAGE, 0);
	struct gpu_bo result = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1), done;
	unsigned int i;

	cpu_stamp(bo.map, SIZE / PAGE, 5);
	for (i = 0; i < 4; i++) {
		struct stream s = stream_begin(&gpu);

		evict_all(&gpu);
		store((__u32 *)flag.map, 0);
		done = gpu_syncobj(&gpu);
		cs_await(&s, flag.va);
		cs_move48(&s, 0, bo.va);
		cs_move32(&s, 2, 0xabc0 + i);
		cs_store(&s, 2, 0, 1, 0);
		cs_wait(&s, 1);
		gpu_submit(&gpu, group, 0, &s, done);
		shrink(100000);
		shrink(100000);
		check(fdinfo(gpu.fd, "drm-resident-memory") > 0, "evicted under a job");
		expect(gpu_wait(&gpu, done, 0.1), -ETIME, "wait");
		shrink(100000);
		store((__u32 *)flag.map, 1);
		expect(gpu_wait(&gpu, done, 5), 0, "wait for the job");
		check(load((__u32 *)bo.map) == 0xabc0 + i, "the job wrote %x", *(__u32 *)bo.map);
	}
	evict_all(&gpu);
	store((__u32 *)bo.map, 5);
	check_bo(&gpu, group, &bo, bo.va, &result, 5);
	gpu_close(&gpu);
}

/* What a job finds mapped while it runs it may use, whatever it was started with. */
static void case_bound_under_job(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo flag = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1), done = gpu_syncobj(&gpu);
	struct stream s = stream_begin(&gpu);
	/* Where the next one will be. */
	__u64 va = gpu.next_va;
	long long before;
	struct gpu_bo bo;

	cs_await(&s, flag.va);
	cs_move48(&s, 0, va);
	cs_move32(&s, 2, 0xabc);
	cs_store(&s, 2, 0, 1, 0);
	cs_wait(&s, 1);
	gpu_submit(&gpu, group, 0, &s, done);
	expect(gpu_wait(&gpu, done, 0.1), -ETIME, "a job that waits for the CPU");
	bo = gpu_bo(&gpu, SIZE, 0);
	check(bo.va == va, "it is at %llx, not at %llx", bo.va, va);
	cpu_stamp(bo.map, SIZE / PAGE, 5);
	before = fdinfo(gpu.fd, "drm-resident-memory");
	check(before >= (long long)SIZE, "%lld bytes are resident", before);
	shrink(100000);
	shrink(100000);
	upstream_differs("an object that was bound under a job", "stays", "is evicted");
	if (is_upstream()) {
		check(fdinfo(gpu.fd, "drm-resident-memory") < before, "upstream keeps it");
		return;
	}
	check(fdinfo(gpu.fd, "drm-resident-memory") >= before, "evicted under a job");
	store((__u32 *)flag.map, 1);
	expect(gpu_wait(&gpu, done, 10), 0, "wait for the job");
	check(load((__u32 *)bo.map) == 0xabc, "the job wrote %x", *(__u32 *)bo.map);
	evict_all(&gpu);
	expect_stamps(bo.map + PAGE, SIZE / PAGE - 1, PAGE, 6, "CPU");
	gpu_close(&gpu);
}

static struct gpu late;
static struct gpu_bo late_bo;

static void unmap_late(void *arg)
{
	(void)arg;
	gpu_unbind(&late, &late_bo);
}

/* The caches of the GPU may hold what it wrote until the flush that ends an unmap. */
static void case_being_unmapped(void)
{
	struct gpu other = gpu_open();
	struct gpu_bo flag = gpu_bo(&other, PAGE, 0);
	__u32 busy = gpu_group(&other, 1), done = gpu_syncobj(&other), group;
	struct stream s = stream_begin(&other);
	unsigned int tries;
	bool seen = false;

	if (is_upstream())
		skip("upstream evicts it");
	/* So that nothing else is flushed: the GPU has work all the time. */
	cs_await(&s, flag.va);
	gpu_submit(&other, busy, 0, &s, done);

	late = gpu_open();
	late_bo = gpu_bo(&late, SIZE, 0);
	group = gpu_group(&late, 1);
	for (tries = 0; !seen && tries < 50; tries++) {
		unsigned long flushed, waits;
		long long before;
		pid_t pid;

		if (tries)
			expect(gpu_try_bind(&late, late_bo.handle, late_bo.va, SIZE, 0), 0, "bind");
		gpu_stamp(&late, group, late_bo.va, SIZE / PAGE, tries);
		before = fdinfo(late.fd, "drm-resident-memory");
		flushed = model_stat("flushed");
		check(model_stat("flushes") == flushed, "a flush is going on");
		model_set("flush_delay_ms", 60);
		pid = spawn(unmap_late, NULL);
		for (waits = 0; waits < 500 && model_stat("flushes") == flushed; waits++)
			usleep(1000);
		seen = model_stat("flushes") > flushed;
		shrink(100000);
		seen = seen && model_stat("flushed") == flushed;
		if (seen)
			check(fdinfo(late.fd, "drm-resident-memory") >= before,
			      "evicted before the flush");
		reap(pid);
		model_set("flush_delay_ms", 0);
		evict_all(&late);
		expect_stamps(late_bo.map, SIZE / PAGE, PAGE, tries, "CPU");
	}
	check(seen, "no scan was between unmap and flush");
	store((__u32 *)flag.map, 1);
	expect(gpu_wait(&other, done, 10), 0, "the job of the other one");
	gpu_close(&late);
	gpu_close(&other);
}

/* What went to swap; pages of zeroes are only noted there. */
static unsigned long swapped(void)
{
	return vmstat("pswpout") + vmstat("swpout_zero");
}

/* What the GPU only reads is not written to swap. */
static void case_read_only(void)
{
	const unsigned int pages = 1024, small = 512;
	struct gpu gpu = gpu_open();
	struct gpu_bo result = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1), handle;
	unsigned long before, count;
	__u64 va = 1ull << 30;

	if (is_upstream())
		skip("upstream leaves it to the core to write what was evicted");
	expect(bo_try_create(&gpu, pages * PAGE, 0, 0, &handle), 0, "BO_CREATE");
	expect(gpu_try_bind(&gpu, handle, va, pages * PAGE, DRM_PANTHOR_VM_BIND_OP_MAP_READONLY),
	       0, "bind");
	evict_all(&gpu);
	gpu_collect(&gpu, group, va, pages, result.va);
	before = swapped();
	evict_all(&gpu);
	count = swapped() - before;
	/* The code and the result. */
	check(count < small, "%lu pages of a read-only object went to swap", count);

	expect(gpu_try_bind(&gpu, handle, va, pages * PAGE, 0), 0, "bind for writing");
	before = swapped();
	evict_all(&gpu);
	count = swapped() - before;
	check(count >= pages, "only %lu pages that may have been written went to swap", count);
	gpu_close(&gpu);
}

static void case_sparse(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo result = gpu_bo(&gpu, PAGE, 0), bo = gpu_bo(&gpu, SIZE, 0);
	__u32 group = gpu_group(&gpu, 1);
	__u64 va = 1ull << 30;
	unsigned int i;

	expect(gpu_try_bind(&gpu, 0, va, 16ul << 20, DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE |
			    DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC), 0, "bind sparse");
	for (i = 0; i < 4; i++) {
		gpu_stamp(&gpu, group, va + (3ul << 20), 600, 77);
		evict_all(&gpu);
		gpu_collect(&gpu, group, va, 100, result.va);
		expect(gpu_try_bind(&gpu, bo.handle, va + (5ul << 20), SIZE, 0), 0, "bind into it");
		gpu_stamp(&gpu, group, va + (5ul << 20), SIZE / PAGE, 9 + i);
		evict_all(&gpu);
		check_bo(&gpu, group, &bo, bo.va, &result, 9 + i);
		expect(gpu_try_bind(&gpu, 0, va + (5ul << 20), SIZE,
				    DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE |
				    DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC), 0, "sparse again");
	}
	gpu_close(&gpu);
}

static void case_fdinfo(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, 1ul << 20, 0);

	cpu_stamp(bo.map, bo.size / PAGE, 1);
	check(!fdinfo(gpu.fd, "panthor-evicted-memory"), "evicted before");
	evict_all(&gpu);
	upstream_differs("evicted memory in fdinfo", "told", "not told");
	if (is_upstream())
		check(!fdinfo(gpu.fd, "panthor-evicted-memory"), "upstream tells");
	else
		check(fdinfo(gpu.fd, "panthor-evicted-memory") >= 1024 * KIB, "%lld bytes evicted",
		      fdinfo(gpu.fd, "panthor-evicted-memory"));
	gpu_close(&gpu);
}

/* A purged object that is still mapped keeps no other job from running. */
static void case_purged(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_own_bo(&gpu, SIZE), other = gpu_bo(&gpu, SIZE, 0);
	struct gpu_bo result = gpu_bo(&gpu, PAGE, 0);
	struct panthor_madvise args = { .handle = bo.handle, .advice = 1 };
	__u32 group = gpu_group(&gpu, 1);
	int ret = drm_call(gpu.fd, PANTHOR_MADVISE, &args);

	expect(ret, answer("BO_MADVISE", 0, -EINVAL), "DONTNEED");
	if (is_upstream())
		return;
	check(args.retained == 1, "gone at once");
	gpu_stamp(&gpu, group, bo.va, SIZE / PAGE, 3);
	check(fdinfo(gpu.fd, "drm-purgeable-memory") == SIZE, "%lld bytes purgeable",
	      fdinfo(gpu.fd, "drm-purgeable-memory"));
	args.advice = 0;
	expect(drm_call(gpu.fd, PANTHOR_MADVISE, &args), 0, "WILLNEED");
	check(args.retained == 1, "gone without need");
	evict_all(&gpu);
	check_bo(&gpu, group, &bo, bo.va, &result, 3);

	args.advice = 1;
	expect(drm_call(gpu.fd, PANTHOR_MADVISE, &args), 0, "DONTNEED again");
	evict_all(&gpu);
	args.advice = 0;
	expect(drm_call(gpu.fd, PANTHOR_MADVISE, &args), 0, "WILLNEED again");
	check(!args.retained, "retained after a purge");
	check(probe_read(bo.map) == SIGBUS, "the mapping is not dead");
	gpu_stamp(&gpu, group, other.va, SIZE / PAGE, 4);
	evict_all(&gpu);
	check_bo(&gpu, group, &other, other.va, &result, 4);
	expect(gpu_try_bind(&gpu, bo.handle, 1ull << 30, SIZE, 0), -EFAULT, "bind what is gone");
	gpu_unbind(&gpu, &bo);
	check_bo(&gpu, group, &other, other.va, &result, 4);

	args = (struct panthor_madvise){ .handle = bo.handle, .advice = 2 };
	expect(drm_call(gpu.fd, PANTHOR_MADVISE, &args), -EINVAL, "unknown advice");
	args = (struct panthor_madvise){ .handle = bo.handle, .pad = 1 };
	expect(drm_call(gpu.fd, PANTHOR_MADVISE, &args), -EINVAL, "pad");
	args = (struct panthor_madvise){ .handle = 4711 };
	expect(drm_call(gpu.fd, PANTHOR_MADVISE, &args), -ENOENT, "bad handle");
	gpu_close(&gpu);
}

/* Nobody can make the jobs of others fault: what they may map cannot be given up. */
static void case_purge_shared(void)
{
	struct gpu gpu = gpu_open(), its = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, SIZE, 0), result = gpu_bo(&its, PAGE, 0);
	__u32 its_group = gpu_group(&its, 1), handle;
	__u64 va = 1ull << 30;
	bool retained;
	int fd;

	if (is_upstream())
		skip("upstream has no BO_MADVISE");
	expect(prime_export(gpu.fd, bo.handle, DRM_RDWR, &fd), 0, "export");
	expect(prime_import(its.fd, fd, &handle), 0, "import");
	expect(gpu_try_bind(&its, handle, va, SIZE, 0), 0, "bind");
	cpu_stamp(bo.map, SIZE / PAGE, 3);
	expect(bo_try_madvise(&gpu, bo.handle, DONTNEED, &retained), -EINVAL, "DONTNEED");
	expect(bo_try_madvise(&its, handle, DONTNEED, &retained), -EINVAL, "DONTNEED, imported");
	evict_all(&gpu);
	check_bo(&its, its_group, &bo, va, &result, 3);
	close(fd);
	gpu_close(&its);
	gpu_close(&gpu);
}

static void case_bo_sync(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, SIZE, DRM_PANTHOR_BO_WB_MMAP);
	unsigned int type;

	for (type = 0; type < 2; type++) {
		expect(bo_try_sync(&gpu, bo.handle, type, 0, SIZE), 0, "all");
		expect(bo_try_sync(&gpu, bo.handle, type, PAGE - 1, 3), 0, "some bytes");
		expect(bo_try_sync(&gpu, bo.handle, type, SIZE, 0), 0, "nothing");
		expect(bo_try_sync(&gpu, bo.handle, type, 1, SIZE), -EINVAL, "past the end");
		expect(bo_try_sync(&gpu, bo.handle, type, SIZE + 1, 0), -EINVAL, "behind the end");
		expect(bo_try_sync(&gpu, bo.handle, type, PAGE, -1ull), -EINVAL, "overflow");
		evict_all(&gpu);
		expect(bo_try_sync(&gpu, bo.handle, type, 0, SIZE), 0, "evicted");
		cpu_stamp(bo.map, SIZE / PAGE, 1);
	}
	expect(bo_try_sync(&gpu, bo.handle, 2, 0, SIZE), -EINVAL, "unknown type");
	expect(bo_try_sync(&gpu, 4711, 0, 0, SIZE), -ENOENT, "bad handle");
	gpu_close(&gpu);
}

/* A refused offset leaves no reference: the object goes away with its handle. */
static void case_no_mmap(void)
{
	struct gpu gpu = gpu_open();
	struct drm_panthor_bo_create args = { .size = 53 * PAGE, .flags = DRM_PANTHOR_BO_NO_MMAP };
	struct drm_panthor_bo_mmap_offset offset;
	char path[128], buf[65536];
	ssize_t len;

	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_CREATE, &args), 0, "BO_CREATE");
	offset = (struct drm_panthor_bo_mmap_offset){ .handle = args.handle };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &offset), -EPERM, "mmap offset");
	expect(gem_close(gpu.fd, args.handle), 0, "close");
	check(debugfs_file("gems", path, sizeof(path)), "no file %s", path);
	len = read_file(path, buf, sizeof(buf) - 1);
	check(len > 0, "%s: %zd", path, len);
	buf[len] = '\0';
	check(!strstr(buf, " 217088 "), "the object is still there");
	gpu_close(&gpu);
}

/* Several processes with several VMs each, more than fits into memory. A job needs its VM. */
#define VMS	3u
#define BOS	8u

struct client_vm {
	struct gpu gpu;
	struct gpu_bo bo[BOS], result;
	__u32 group, value[BOS];
};

static void check_client_bo(struct client_vm *vm, unsigned int i)
{
	if (vm->value[i])
		check_bo(&vm->gpu, vm->group, &vm->bo[i], vm->bo[i].va, &vm->result, vm->value[i]);
}

static void client(void *arg)
{
	unsigned int seed = (uintptr_t)arg, i, n, pages = (1ul << 20) / PAGE;
	struct client_vm vms[VMS] = {}, *vm;

	for (vm = vms; vm < vms + VMS; vm++) {
		vm->gpu = gpu_open();
		vm->result = gpu_bo(&vm->gpu, PAGE, 0);
		vm->group = gpu_group(&vm->gpu, 1);
		for (i = 0; i < BOS; i++)
			vm->bo[i] = gpu_bo(&vm->gpu, pages * PAGE, 0);
	}
	for (n = 0; n < 24; n++) {
		vm = &vms[rand_r(&seed) % VMS];
		i = rand_r(&seed) % BOS;
		check_client_bo(vm, i);
		vm->value[i] = rand_r(&seed) | 1;
		if (n & 1)
			gpu_stamp(&vm->gpu, vm->group, vm->bo[i].va, pages, vm->value[i]);
		else
			cpu_stamp(vm->bo[i].map, pages, vm->value[i]);
		if (n % 16 == 7)
			shrink(rand_r(&seed) % 4096);
	}
	for (vm = vms; vm < vms + VMS; vm++) {
		for (i = 0; i < BOS; i++)
			check_client_bo(vm, i);
		gpu_close(&vm->gpu);
	}
}

static void case_clients(void)
{
	uintptr_t i;
	pid_t pid[3];

	for (i = 0; i < ARRAY_SIZE(pid); i++)
		pid[i] = spawn(client, (void *)(opt.seed + i));
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		reap(pid[i]);
}

/* Runtime suspend between eviction and use, and eviction while suspended. */
static void case_suspend(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, SIZE, 0), result = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1);

	gpu_stamp(&gpu, group, bo.va, SIZE / PAGE, 3);
	device_await("suspended");
	evict_all(&gpu);
	check_bo(&gpu, group, &bo, bo.va, &result, 3);
	evict_all(&gpu);
	device_await("suspended");
	check_bo(&gpu, group, &bo, bo.va, &result, 3);
	gpu_close(&gpu);
}

/*
 * A job that begins, and then ends with the reset of the GPU or with its own group; others
 * are none the worse.
 */
static void trouble(const char *name, __u32 state)
{
	struct gpu gpu = gpu_open(), its = gpu_open();
	struct gpu_bo bo = gpu_bo(&gpu, SIZE, 0), result = gpu_bo(&gpu, PAGE, 0);
	struct gpu_bo target = gpu_bo(&its, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1), its_group = gpu_group(&its, 1), i;
	__u32 done = gpu_syncobj(&its);
	unsigned long resets = model_stat("resets");

	for (i = 0; i < 2; i++) {
		struct stream s = stream_begin(&its);

		gpu_stamp(&gpu, group, bo.va, SIZE / PAGE, 0x1000 * i + 1);
		evict_all(&gpu);
		check(!fdinfo(gpu.fd, "drm-resident-memory"), "not evicted");
		model_set("job_delay_ms", 500);
		cs_fill(&s, target.va, PAGE, 1);
		gpu_submit(&its, its_group, 0, &s, done);
		expect(gpu_wait(&its, done, 0.1), -ETIME, "a delayed job");
		model_set(name, 1);
		expect(gpu_wait(&its, done, 30), 0, "a job that the GPU cannot do");
		model_calm();
		check(!state || gpu_group_state(&its, its_group) & state,
		      "the group is in state 0x%x", gpu_group_state(&its, its_group));
		gpu_group_destroy(&its, its_group);
		its_group = gpu_group(&its, 1);
		/* Its group may have been in a slot, too; the VM and all in it is as before. */
		if (gpu_group_state(&gpu, group)) {
			gpu_group_destroy(&gpu, group);
			group = gpu_group(&gpu, 1);
		}
		check_bo(&gpu, group, &bo, bo.va, &result, 0x1000 * i + 1);
		evict_all(&gpu);
		check_bo(&gpu, group, &bo, bo.va, &result, 0x1000 * i + 1);
	}
	note("%s: %lu resets", name, model_stat("resets") - resets);
	check(gpu_vm_usable(&gpu), "the VM is unusable");
	gpu_close(&its);
	gpu_close(&gpu);
}

/* The GPU is reset while buffers are evicted, and a job times out. */
static void case_reset(void)
{
	unsigned long resets = model_stat("resets");

	trouble("hang_mcu", 0);
	check(model_stat("resets") > resets, "the GPU was not reset");
	trouble("hang_streams", DRM_PANTHOR_GROUP_STATE_TIMEDOUT);
}

/* An access faults while the buffers of another VM are evicted. */
static void case_fault(void)
{
	trouble("fault_accesses", DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
}

/* Store a word where nothing is. Return: the state of the group that did. */
static __u32 state_after_store(struct gpu *gpu, __u64 va)
{
	__u32 group = gpu_group(gpu, 1), done = gpu_syncobj(gpu), state;
	struct stream s = stream_begin(gpu);

	cs_move48(&s, 0, va);
	cs_move32(&s, 2, 0xbad);
	cs_store(&s, 2, 0, 1, 0);
	cs_wait(&s, 1);
	gpu_submit(gpu, group, 0, &s, done);
	expect(gpu_wait(gpu, done, 20), 0, "a job");
	state = gpu_group_state(gpu, group);
	gpu_group_destroy(gpu, group);

	return state;
}

/* Jobs that touch what was purged, or unmapped while evicted, fault; others go on. */
static void case_gone(void)
{
	struct gpu gpu = gpu_open();
	struct gpu_bo bo = gpu_own_bo(&gpu, SIZE), other = gpu_bo(&gpu, SIZE, 0);
	struct gpu_bo result = gpu_bo(&gpu, PAGE, 0);
	__u32 group = gpu_group(&gpu, 1), state, i;
	bool retained;

	cpu_stamp(bo.map, SIZE / PAGE, 3);
	cpu_stamp(other.map, SIZE / PAGE, 4);
	check_bo(&gpu, group, &bo, bo.va, &result, 3);
	check(!state_after_store(&gpu, bo.va), "a job on what is there failed");
	evict_all(&gpu);
	check(!state_after_store(&gpu, bo.va), "a job on what was evicted failed");
	if (!is_upstream()) {
		expect(bo_try_madvise(&gpu, bo.handle, DONTNEED, &retained), 0, "DONTNEED");
		evict_all(&gpu);
		expect(bo_try_madvise(&gpu, bo.handle, WILLNEED, &retained), 0, "WILLNEED");
		check(!retained, "not purged");
	} else {
		evict_all(&gpu);
		gpu_unbind(&gpu, &bo);
	}
	for (i = 0; i < 3; i++) {
		gpu_group_destroy(&gpu, group);
		group = gpu_group(&gpu, 1);
		check_bo(&gpu, group, &other, other.va, &result, 4);
		state = state_after_store(&gpu, bo.va + i * PAGE);
		check(state & DRM_PANTHOR_GROUP_STATE_FATAL_FAULT,
		      "the group that touched it is in state 0x%x", state);
		evict_all(&gpu);
	}
	check(gpu_vm_usable(&gpu), "the VM is unusable");
	gpu_close(&gpu);
}

static const struct test_case cases[] = {
	{ "one_vm", case_one_vm },
	{ "two_vms", case_two_vms },
	{ "split_evicted", case_split_evicted },
	{ "async_bind", case_async_bind },
	{ "under_job", case_under_job },
	{ "bound_under_job", case_bound_under_job },
	{ "being_unmapped", case_being_unmapped },
	{ "read_only", case_read_only },
	{ "sparse", case_sparse },
	{ "fdinfo", case_fdinfo },
	{ "purged", case_purged },
	{ "purge_shared", case_purge_shared },
	{ "bo_sync", case_bo_sync },
	{ "no_mmap", case_no_mmap },
	{ "clients", case_clients },
	{ "suspend", case_suspend },
	{ "reset", case_reset },
	{ "fault", case_fault },
	{ "gone", case_gone },
};

int main(int argc, char **argv)
{
	opt.driver = "panthor";
	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
