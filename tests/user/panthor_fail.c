// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation of each of panthor's calls that touch memory is made to fail, one after
 * the other: the call answers -ENOMEM or does without, nothing is lost or stays behind,
 * and the next try works.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "panthor_reclaim.h"

#define PAGES	24u
#define SIZE	(PAGES * PAGE)
#define VA	0x40000000ull
#define LIMIT	2000u

/* From shmem_file_setup(), and from upstream's VM_CREATE. */
#define NO_INODE	(-ENOSPC)
#define NO_PAGE_TABLE	(-EINVAL)

static struct gpu gpu;
static struct gpu_bo bo, result;
static __u32 group;
static int fail_nth = -1;

static void arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	check(write(fail_nth, text, len) == len, "fail-nth: %m");
}

/* Return: whether an allocation has failed since arm(). */
static bool disarm(void)
{
	char left[16] = "";

	check(pread(fail_nth, left, sizeof(left) - 1, 0) > 0, "fail-nth: %m");
	check(write(fail_nth, "0", 1) == 1, "fail-nth: %m");

	return !strtoul(left, NULL, 10);
}

/*
 * @call is what is made to fail; @undo takes a success back, and @before is done before
 * each try. All that they write to was written before. @error is what the kernel says
 * besides -ENOMEM.
 */
static void fail_all_with(int error, const char *what, int (*call)(void), void (*undo)(void),
			  void (*before)(void))
{
	unsigned int nth, errors = 0;
	bool failed = true;
	int ret;

	for (nth = 1; failed; nth++) {
		check(nth < LIMIT, "%s: no end after %u allocations", what, nth);
		if (before)
			before();
		arm(nth);
		ret = call();
		failed = disarm();
		check(!ret || (failed && (ret == -ENOMEM || ret == error)),
		      "%s, allocation %u: %s", what, nth, strerrorname_np(-ret));
		if (ret) {
			errors++;
			/* The same at once, with nothing in between. */
			expect(call(), 0, what);
		}
		if (undo)
			undo();
	}
	note("%s: %u allocations, %u errors", what, nth - 2, errors);
	check(nth > 2, "%s: nothing was made to fail", what);
}

static void fail_all(const char *what, int (*call)(void), void (*undo)(void),
		     void (*before)(void))
{
	fail_all_with(-ENOMEM, what, call, undo, before);
}

static void fail_none(const char *what, int (*call)(void))
{
	arm(1);
	expect(call(), 0, what);
	check(!disarm(), "%s allocates memory", what);
}

/* The same of what has to succeed, and may not need any memory. */
static void fail_all_or_none(const char *what, int (*call)(void), void (*before)(void))
{
	unsigned int nth;
	bool failed = true;

	for (nth = 1; failed; nth++) {
		check(nth < LIMIT, "%s: no end after %u allocations", what, nth);
		before();
		arm(nth);
		expect(call(), 0, what);
		failed = disarm();
	}
	note("%s: %u allocations", what, nth - 2);
}

static long long gems;

static void setup(void)
{
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		skip("no allocation can be made to fail: %m");
	gems = gems_total();
	gpu = gpu_open();
	bo = gpu_bo(&gpu, SIZE, DRM_PANTHOR_BO_WB_MMAP);
	result = gpu_bo(&gpu, PAGE, 0);
	group = gpu_group(&gpu, 1);
	cpu_stamp(bo.map, PAGES, 1);
	check_bo(&gpu, group, &bo, bo.va, &result, 1);
}

static void teardown(void)
{
	check(gpu_vm_usable(&gpu), "the VM is unusable");
	check_bo(&gpu, group, &bo, bo.va, &result, 1);
	evict_all(&gpu);
	check_bo(&gpu, group, &bo, bo.va, &result, 1);
	unmap(bo.map, bo.size);
	unmap(result.map, result.size);
	gpu_close(&gpu);
	gems_go_back(gems);
}

static void evict(void)
{
	evict_all(&gpu);
}

/* ---- objects ---- */

static __u32 handle;
static int file;
static void *map;

static int call_create(void)
{
	return bo_try_create(&gpu, SIZE, 0, 0, &handle);
}

static int call_create_exclusive(void)
{
	return bo_try_create(&gpu, SIZE, 0, gpu.vm, &handle);
}

static void undo_create(void)
{
	expect(gem_close(gpu.fd, handle), 0, "GEM_CLOSE");
}

static void case_bo_create(void)
{
	setup();
	fail_all_with(NO_INODE, "BO_CREATE", call_create, undo_create, NULL);
	fail_all_with(NO_INODE, "BO_CREATE, exclusive", call_create_exclusive, undo_create, NULL);
	teardown();
}

static __u64 offset;

static int call_offset(void)
{
	struct drm_panthor_bo_mmap_offset args = { .handle = handle };
	int ret = drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args);

	offset = args.offset;

	return ret;
}

static void before_create(void)
{
	expect(call_create(), 0, "BO_CREATE");
}

static int call_map(void)
{
	return try_map(gpu.fd, SIZE, offset, PROT_READ | PROT_WRITE, MAP_SHARED, &map);
}

static void undo_map(void)
{
	unmap(map, SIZE);
}

static void case_mmap(void)
{
	setup();
	before_create();
	fail_none("BO_MMAP_OFFSET", call_offset);
	fail_all("mmap", call_map, undo_map, NULL);
	undo_create();
	teardown();
}

/* The process of the guest's architecture repeats a fault for which there was no memory. */
static int call_fault(void)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		if (load((__u32 *)(bo.map + i * PAGE)) != 1 + i)
			return -EILSEQ;

	return 0;
}

static void case_fault(void)
{
	setup();
	fail_all("fault", call_fault, NULL, evict);
	teardown();
}

static int call_sync(void)
{
	return bo_try_sync(&gpu, bo.handle,
			   DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE, 0, SIZE);
}

static int call_label(void)
{
	struct drm_panthor_bo_set_label args = {
		.handle = bo.handle, .label = (uintptr_t)"a name",
	};

	return drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args);
}

static int call_madvise(void)
{
	bool retained;

	return bo_try_madvise(&gpu, bo.handle, WILLNEED, &retained);
}

static void touch(void)
{
	expect(call_fault(), 0, "a fault");
}

static void case_bo_calls(void)
{
	setup();
	fail_all("BO_SET_LABEL", call_label, NULL, NULL);
	/* The pages are there, for the GPU has them mapped. */
	touch();
	expect(call_sync(), 0, "BO_SYNC");
	if (!is_upstream()) {
		fail_none("BO_MADVISE", call_madvise);
		evict();
		fail_none("BO_MADVISE, evicted", call_madvise);
	}
	fail_all("BO_SYNC", call_sync, NULL, evict);
	teardown();
}

static int call_export(void)
{
	return prime_export(gpu.fd, handle, DRM_CLOEXEC | DRM_RDWR, &file);
}

static void undo_export(void)
{
	close(file);
	undo_create();
}

static struct gpu other;

static int call_import(void)
{
	return prime_import(other.fd, file, &handle);
}

static void undo_import(void)
{
	expect(gem_close(other.fd, handle), 0, "GEM_CLOSE");
}

static void case_prime(void)
{
	const char *was = opt.driver;
	struct bo its;
	int sample;

	setup();
	fail_all("export", call_export, undo_export, before_create);
	other = gpu_open();
	expect(prime_export(gpu.fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &file), 0, "export");
	fail_all("import of panthor's own", call_import, undo_import, evict);
	close(file);

	opt.driver = "gem_pages_demo";
	sample = drm_open_primary();
	opt.driver = was;
	its = bo_create(sample, PAGES);
	expect(prime_export(sample, its.handle, DRM_CLOEXEC | DRM_RDWR, &file), 0, "export");
	fail_all("import", call_import, undo_import, NULL);
	close(file);
	close(sample);
	gpu_close(&other);
	teardown();
}

/* ---- VMs ---- */

static struct drm_panthor_vm_create vm;

static int call_vm(void)
{
	vm = (struct drm_panthor_vm_create){};

	return drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_CREATE, &vm);
}

static void undo_vm(void)
{
	struct drm_panthor_vm_destroy args = { .id = vm.id };

	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &args), 0, "VM_DESTROY");
	check(vm.id == gpu.vm + 1, "VM %u stays", gpu.vm + 1);
}

static void case_vm_create(void)
{
	setup();
	fail_all_with(NO_PAGE_TABLE, "VM_CREATE", call_vm, undo_vm, NULL);
	teardown();
}

static int call_bind(void)
{
	return gpu_try_bind(&gpu, handle, VA, SIZE, DRM_PANTHOR_VM_BIND_OP_TYPE_MAP);
}

static int call_unbind(void)
{
	return gpu_try_bind(&gpu, 0, VA, SIZE, DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP);
}

static int call_cut(void)
{
	return gpu_try_bind(&gpu, 0, VA + 8 * PAGE, 8 * PAGE, DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP);
}

static int call_sparse(void)
{
	return gpu_try_bind(&gpu, 0, VA, 4ul << 20, DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE |
			    DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC);
}

static void undo_sparse(void)
{
	expect(gpu_try_bind(&gpu, 0, VA, 4ul << 20, DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP), 0,
	       "unmap");
}

/* A new object has no pages yet. */
static void undo_bind(void)
{
	gpu_stamp(&gpu, group, VA, PAGES, 9);
	gpu.used = 0;
	expect(call_unbind(), 0, "unmap");
	undo_create();
}

static void before_bind_evicted(void)
{
	evict();
	handle = bo.handle;
}

static void undo_bind_evicted(void)
{
	check_bo(&gpu, group, &bo, VA, &result, 1);
	gpu.used = 0;
	expect(call_unbind(), 0, "unmap");
}

static void before_unbind(void)
{
	handle = bo.handle;
	expect(call_bind(), 0, "map");
}

static void undo_cut(void)
{
	gpu_collect(&gpu, group, VA + 16 * PAGE, 8, result.va);
	gpu.used = 0;
	expect_stamps(result.map, 8, 4, 17, "tail");
	expect(call_unbind(), 0, "unmap");
}

static void case_vm_bind(void)
{
	setup();
	fail_all("map", call_bind, undo_bind, before_create);
	fail_all("map what is evicted", call_bind, undo_bind_evicted, before_bind_evicted);
	fail_all("map sparse", call_sparse, undo_sparse, NULL);
	fail_all("unmap", call_unbind, NULL, before_unbind);
	fail_all("unmap the middle", call_cut, undo_cut, before_unbind);
	teardown();
}

static __u32 syncobj;

/* With a timeline, unless this is upstream's, which crashes when there is no memory for it. */
static bool timeline;

static int bind_async(__u32 flags, __u32 its, __u64 va, __u64 size)
{
	struct drm_panthor_sync_op sync = {
		.flags = (timeline ? DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ :
			  DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_SYNCOBJ) | DRM_PANTHOR_SYNC_OP_SIGNAL,
		.handle = syncobj, .timeline_value = timeline,
	};
	struct drm_panthor_vm_bind_op op = {
		.flags = flags, .bo_handle = its, .va = va, .size = size,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
	};
	struct drm_panthor_vm_bind args = {
		.vm_id = gpu.vm, .flags = DRM_PANTHOR_VM_BIND_ASYNC,
		.ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};

	return drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_BIND, &args);
}

static int call_bind_async(void)
{
	return bind_async(DRM_PANTHOR_VM_BIND_OP_TYPE_MAP, bo.handle, VA, SIZE);
}

static int call_cut_async(void)
{
	return bind_async(DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP, 0, VA + 8 * PAGE, 8 * PAGE);
}

static void finish_async(void)
{
	struct drm_syncobj_destroy args = { .handle = syncobj };

	/* Of a timeline this waits for all points. */
	expect(gpu_wait(&gpu, syncobj, 10), 0, "wait for VM_BIND");
	expect(drm_call(gpu.fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args), 0, "SYNCOBJ_DESTROY");
}

static void before_bind_async(void)
{
	syncobj = gpu_syncobj(&gpu);
	evict();
}

static void undo_bind_async(void)
{
	finish_async();
	undo_bind_evicted();
}

static void before_cut_async(void)
{
	syncobj = gpu_syncobj(&gpu);
	before_unbind();
}

static void undo_cut_async(void)
{
	finish_async();
	undo_cut();
}

static void case_vm_bind_async(void)
{
	setup();
	timeline = !is_upstream();
	upstream_differs("no memory for a timeline point", "ENOMEM", "a crash, so not tried");
	fail_all("map", call_bind_async, undo_bind_async, before_bind_async);
	fail_all("unmap the middle", call_cut_async, undo_cut_async, before_cut_async);
	teardown();
}

/* ---- groups, heaps, jobs ---- */

static __u32 its_group;

static int call_group(void)
{
	return gpu_try_group(&gpu, 2, &its_group);
}

static void undo_group(void)
{
	gpu_group_destroy(&gpu, its_group);
}

static void case_group_create(void)
{
	setup();
	if (is_upstream())
		skip("upstream tears down a scheduler that it could not make, and crashes");
	fail_all_with(NO_INODE, "GROUP_CREATE", call_group, undo_group, NULL);
	teardown();
}

static struct drm_panthor_tiler_heap_create heap;

static int call_heap(void)
{
	heap = (struct drm_panthor_tiler_heap_create){
		.vm_id = gpu.vm, .initial_chunk_count = 2, .chunk_size = 128 << 10,
		.max_chunks = 4, .target_in_flight = 8,
	};

	return drm_call(gpu.fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &heap);
}

static void undo_heap(void)
{
	struct drm_panthor_tiler_heap_destroy args = { .handle = heap.handle };

	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &args), 0,
	       "TILER_HEAP_DESTROY");
}

static void case_tiler_heap(void)
{
	setup();
	fail_all_with(NO_INODE, "TILER_HEAP_CREATE", call_heap, undo_heap, NULL);
	teardown();
}

/*
 * What ends something cannot fail, and has to do without memory. What goes later, because
 * there was none to unmap it, goes with its VM, which is looked at in the end.
 */
static void before_heap_destroy(void)
{
	expect(call_heap(), 0, "TILER_HEAP_CREATE");
}

static int call_heap_destroy(void)
{
	struct drm_panthor_tiler_heap_destroy args = { .handle = heap.handle };

	return drm_call(gpu.fd, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &args);
}

static void before_group_destroy(void)
{
	expect(call_group(), 0, "GROUP_CREATE");
}

static int call_group_destroy(void)
{
	struct drm_panthor_group_destroy args = { .group_handle = its_group };

	return drm_call(gpu.fd, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &args);
}

static struct gpu its;

static void before_close(void)
{
	__u32 extra;

	its = gpu_open();
	expect(bo_try_create(&its, SIZE, 0, its.vm, &extra), 0, "BO_CREATE");
	expect(gpu_try_bind(&its, extra, VA, SIZE, 0), 0, "map");
	/* A mapping would keep the file. */
	unmap(its.code.map, its.code.size);
}

static int call_close(void)
{
	return close(its.fd) ? -errno : 0;
}

static void case_destroy(void)
{
	setup();
	fail_all_or_none("TILER_HEAP_DESTROY", call_heap_destroy, before_heap_destroy);
	fail_all_or_none("GROUP_DESTROY", call_group_destroy, before_group_destroy);
	upstream_differs("close with mappings and no memory", "ends them",
			 "a kernel warning and a leak, so not tried");
	if (!is_upstream())
		fail_all_or_none("close", call_close, before_close);
	teardown();
}

static struct stream stream;

static int call_submit(void)
{
	return gpu_try_submit(&gpu, group, 0, &stream, syncobj);
}

/* A copy of the words of all pages, of a VM of which all is evicted. */
static void before_submit(void)
{
	memset(result.map, 0, PAGE);
	gpu.used = 0;
	stream = stream_begin(&gpu);
	cs_move48(&stream, 0, bo.va);
	cs_move48(&stream, 4, result.va);
	cs_move32(&stream, 2, PAGES);
	cs_load(&stream, 3, 0, 1, 0);
	cs_wait(&stream, 1);
	cs_store(&stream, 3, 4, 1, 0);
	cs_wait(&stream, 1);
	cs_add64(&stream, 0, 0, PAGE);
	cs_add64(&stream, 4, 4, 4);
	cs_add32(&stream, 2, 2, -1);
	cs_branch(&stream, NEQUAL, 2, -8);
	syncobj = gpu_syncobj(&gpu);
	evict();
}

static void undo_submit(void)
{
	struct drm_syncobj_destroy args = { .handle = syncobj };

	expect(gpu_wait(&gpu, syncobj, 20), 0, "wait for a job");
	check(!gpu_group_state(&gpu, group), "the group is in state 0x%x",
	      gpu_group_state(&gpu, group));
	expect_stamps(result.map, PAGES, 4, 1, "GPU");
	expect(drm_call(gpu.fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args), 0, "SYNCOBJ_DESTROY");
}

static void case_submit(void)
{
	setup();
	fail_all("GROUP_SUBMIT", call_submit, undo_submit, before_submit);
	teardown();
}

/* ---- reclaim ---- */

/* The scan itself may not fail, and loses nothing. */
static int call_scan(void)
{
	return write(file, "100000", 6) == 6 ? 0 : -errno;
}

static void undo_scan(void)
{
	check_bo(&gpu, group, &bo, bo.va, &result, 1);
	gpu.used = 0;
}

static void case_scan(void)
{
	char path[128];

	setup();
	check(debugfs_file("shrink", path, sizeof(path)), "no file %s", path);
	file = open(path, O_WRONLY | O_CLOEXEC);
	check(file >= 0, "%s: %m", path);
	upstream_differs("a scan allocates memory", "for swap", "none");
	if (is_upstream())
		fail_none("scan", call_scan);
	else
		fail_all("scan", call_scan, undo_scan, NULL);
	close(file);
	teardown();
}

static const struct test_case cases[] = {
	{ "bo_create", case_bo_create },
	{ "mmap", case_mmap },
	{ "fault", case_fault },
	{ "bo_calls", case_bo_calls },
	{ "prime", case_prime },
	{ "vm_create", case_vm_create },
	{ "vm_bind", case_vm_bind },
	{ "vm_bind_async", case_vm_bind_async },
	{ "group_create", case_group_create },
	{ "tiler_heap", case_tiler_heap },
	{ "destroy", case_destroy },
	{ "submit", case_submit },
	{ "scan", case_scan },
};

int main(int argc, char **argv)
{
	opt.driver = "panthor";
	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
