// SPDX-License-Identifier: GPL-2.0
/*
 * Wrong use of panthor's ioctls that touch memory: each answers with its errno, and
 * nothing stays behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "panthor_reclaim.h"

#define SIZE		(16 * PAGE)
#define NO_HANDLE	4711u
#define NOWHERE		1ull	/* no address of user space */
#define VA		0x40000000ull
#define CHUNK		(256u << 10)

/* A handle or an id that is given away next is one that nobody has. */
struct traces {
	__u32 handle, vm, group, heap, syncobj;
	long long gems;
};

static struct gpu gpu, other;
static struct gpu_bo bo;
static __u32 private, others_private, unmappable, group, syncobj;
static __u64 user_va_end;
static struct traces before;

static int vm_try_create(__u32 flags, __u64 range, struct drm_panthor_vm_create *vm)
{
	*vm = (struct drm_panthor_vm_create){ .flags = flags, .user_va_range = range };

	return drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_CREATE, vm);
}

static int vm_try_destroy(__u32 id, __u32 pad)
{
	struct drm_panthor_vm_destroy args = { .id = id, .pad = pad };

	return drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &args);
}

static int heap_try_create(__u32 vm, __u32 chunks, __u32 size, __u32 max, __u32 *handle)
{
	struct drm_panthor_tiler_heap_create args = {
		.vm_id = vm, .initial_chunk_count = chunks, .chunk_size = size, .max_chunks = max,
		.target_in_flight = 8,
	};
	int ret = drm_call(gpu.fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &args);

	*handle = args.handle;

	return ret;
}

static int heap_try_destroy(__u32 handle, __u32 pad)
{
	struct drm_panthor_tiler_heap_destroy args = { .handle = handle, .pad = pad };

	return drm_call(gpu.fd, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &args);
}

static struct traces look(void)
{
	struct drm_syncobj_destroy sync = { .handle = gpu_syncobj(&gpu) };
	struct drm_panthor_vm_create vm;
	struct traces traces;

	traces.syncobj = sync.handle;
	expect(drm_call(gpu.fd, DRM_IOCTL_SYNCOBJ_DESTROY, &sync), 0, "SYNCOBJ_DESTROY");
	expect(bo_try_create(&gpu, PAGE, 0, 0, &traces.handle), 0, "BO_CREATE");
	expect(gem_close(gpu.fd, traces.handle), 0, "GEM_CLOSE");
	expect(vm_try_create(0, 0, &vm), 0, "VM_CREATE");
	expect(vm_try_destroy(vm.id, 0), 0, "VM_DESTROY");
	traces.vm = vm.id;
	traces.group = gpu_group(&gpu, 1);
	gpu_group_destroy(&gpu, traces.group);
	expect(heap_try_create(gpu.vm, 1, CHUNK, 1, &traces.heap), 0, "TILER_HEAP_CREATE");
	expect(heap_try_destroy(traces.heap, 0), 0, "TILER_HEAP_DESTROY");
	traces.gems = gems_total();

	return traces;
}

static void setup(void)
{
	struct drm_panthor_vm_create vm;

	gpu = gpu_open();
	other = gpu_open();
	bo = gpu_bo(&gpu, SIZE, DRM_PANTHOR_BO_WB_MMAP);
	group = gpu_group(&gpu, 1);
	syncobj = gpu_syncobj(&gpu);
	expect(vm_try_create(0, 1ull << 40, &vm), 0, "VM_CREATE");
	check(vm.user_va_range >= 1ull << 40, "a range of %llx", vm.user_va_range);
	expect(bo_try_create(&gpu, SIZE, 0, vm.id, &others_private), 0, "BO_CREATE");
	expect(bo_try_create(&gpu, SIZE, 0, gpu.vm, &private), 0, "BO_CREATE");
	expect(bo_try_create(&gpu, SIZE, DRM_PANTHOR_BO_NO_MMAP, 0, &unmappable), 0,
	       "BO_CREATE");
	/* The range of the VM of @gpu, which was given none, is not less. */
	user_va_end = 1ull << 47;
	cpu_stamp(bo.map, SIZE / PAGE, 7);
	before = look();
}

static bool same(const struct traces *a, const struct traces *b)
{
	return a->handle == b->handle && a->vm == b->vm && a->group == b->group &&
	       a->heap == b->heap && a->syncobj == b->syncobj && a->gems >= b->gems;
}

/* What was there is as it was, and there is nothing else. */
static void teardown(void)
{
	struct gpu_bo result = gpu_bo(&gpu, PAGE, 0);
	struct traces after;
	unsigned int tries;

	check(gpu_vm_usable(&gpu), "the VM is unusable");
	check_bo(&gpu, group, &bo, bo.va, &result, 7);
	gpu_unbind(&gpu, &result);
	unmap(result.map, result.size);
	expect(gem_close(gpu.fd, result.handle), 0, "GEM_CLOSE");
	/* Jobs are put by a worker. gpu_run() makes a sync object. */
	before.syncobj++;
	for (tries = 0; tries < 100; tries++) {
		after = look();
		if (same(&before, &after))
			break;
		usleep(20000);
	}
	check(after.handle == before.handle, "handle %u stays", before.handle);
	check(after.vm == before.vm, "VM %u stays", before.vm);
	check(after.group == before.group, "group %u stays", before.group);
	check(after.heap == before.heap, "heap %x stays", before.heap);
	check(after.syncobj == before.syncobj, "sync object %u stays", before.syncobj);
	/* A worker may have been about to free some that were there before. */
	check(after.gems <= before.gems, "%lld bytes stay", after.gems - before.gems);
	gpu_close(&other);
	gpu_close(&gpu);
}

/* ---- objects ---- */

static void case_bo_create(void)
{
	const struct {
		const char *what;
		struct drm_panthor_bo_create args;
		int want;
	} rows[] = {
		{ "size 0", { .size = 0 }, -EINVAL },
		{ "flag 2", { .size = PAGE, .flags = 1 << 2 }, -EINVAL },
		{ "flag 31", { .size = PAGE, .flags = 1u << 31 }, -EINVAL },
		{ "NO_MMAP and WB_MMAP", { .size = PAGE, .flags = 3 }, -EINVAL },
		{ "pad", { .size = PAGE, .pad = 1 }, -EINVAL },
		{ "an unknown VM", { .size = PAGE, .exclusive_vm_id = NO_HANDLE }, -EINVAL },
		{ "the last VM there is", { .size = PAGE, .exclusive_vm_id = -1u }, -EINVAL },
		/* Rounded up it is 0. */
		{ "size 2^64 - 1", { .size = -1ull }, -EINVAL },
		{ "size 2^64 - 4095", { .size = -PAGE + 1 }, -EINVAL },
		{ "size 2^63", { .size = 1ull << 63 }, -EINVAL },
		{ "size 2^64 - 4096", { .size = -PAGE }, -EINVAL },
	};
	unsigned int i, count = ARRAY_SIZE(rows);
	__u32 handle;

	setup();
	upstream_differs("a size that is 0 when rounded up, or beyond 2^63", "EINVAL",
			 "a kernel warning, so not tried");
	if (is_upstream())
		count -= 4;
	for (i = 0; i < count; i++) {
		struct drm_panthor_bo_create args = rows[i].args;

		expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_CREATE, &args), rows[i].want,
		       rows[i].what);
	}
	/* Not aligned is fine, and told. */
	{
		struct drm_panthor_bo_create args = { .size = PAGE + 1 };

		expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_CREATE, &args), 0, "unaligned");
		check(args.size == 2 * PAGE, "the size is %llu", args.size);
		expect(gem_close(gpu.fd, args.handle), 0, "GEM_CLOSE");
	}
	/*
	 * More than there is memory is fine as well, as long as nobody wants it. Upstream
	 * gives each object an offset for mmap at once.
	 */
	expect(bo_try_create(&gpu, 1ull << 40, 0, 0, &handle), answer("a TiB", 0, -ENOSPC),
	       "a TiB");
	if (!is_upstream()) {
		expect(gpu_try_bind(&gpu, handle, VA, 1ull << 40, 0), -ENOMEM, "bind a TiB");
		expect(gem_close(gpu.fd, handle), 0, "GEM_CLOSE");
	}
	teardown();
}

static void case_bo_mmap_offset(void)
{
	struct drm_panthor_bo_mmap_offset args;
	__u64 offset;
	void *map;

	setup();
	args = (struct drm_panthor_bo_mmap_offset){ .handle = NO_HANDLE };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args), -ENOENT, "bad handle");
	args = (struct drm_panthor_bo_mmap_offset){ .handle = 0 };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args), -ENOENT, "handle 0");
	args = (struct drm_panthor_bo_mmap_offset){ .handle = bo.handle, .pad = 1 };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args), -EINVAL, "pad");
	args = (struct drm_panthor_bo_mmap_offset){ .handle = unmappable };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args), -EPERM, "NO_MMAP");

	args = (struct drm_panthor_bo_mmap_offset){ .handle = bo.handle };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args), 0, "BO_MMAP_OFFSET");
	offset = args.offset;
	expect(try_map(gpu.fd, SIZE + PAGE, offset, PROT_READ | PROT_WRITE, MAP_SHARED, &map),
	       -EINVAL, "mmap of more than there is");
	expect(try_map(gpu.fd, PAGE, offset + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, &map),
	       -EINVAL, "mmap from the middle");
	expect(try_map(gpu.fd, PAGE, 0, PROT_READ | PROT_WRITE, MAP_SHARED, &map), -EINVAL,
	       "mmap of nothing");
	expect(try_map(gpu.fd, SIZE, offset, PROT_READ | PROT_WRITE, MAP_PRIVATE, &map), -EINVAL,
	       "private mmap");
	expect(try_map(other.fd, SIZE, offset, PROT_READ | PROT_WRITE, MAP_SHARED, &map), -EACCES,
	       "mmap by another file");
	expect(try_map(gpu.fd, PAGE, DRM_PANTHOR_USER_FLUSH_ID_MMIO_OFFSET,
		       PROT_READ | PROT_WRITE, MAP_SHARED, &map), -EINVAL, "write to FLUSH_ID");
	expect(try_map(gpu.fd, 2 * PAGE, DRM_PANTHOR_USER_FLUSH_ID_MMIO_OFFSET, PROT_READ,
		       MAP_SHARED, &map), -EINVAL, "more than FLUSH_ID");
	teardown();
}

static void case_bo_sync(void)
{
	struct drm_panthor_bo_sync_op op;
	const struct {
		const char *what;
		struct drm_panthor_bo_sync_op op;
		int want;
	} rows[] = {
		{ "all", { .size = SIZE }, 0 },
		{ "nothing", { .offset = SIZE }, 0 },
		{ "past the end", { .size = SIZE + 1 }, -EINVAL },
		{ "past the end by a byte", { .offset = 1, .size = SIZE }, -EINVAL },
		{ "behind the end", { .offset = SIZE + 1 }, -EINVAL },
		{ "size of 2^64 - 1", { .offset = 0, .size = -1ull }, -EINVAL },
		{ "end at 2^64", { .offset = PAGE, .size = -PAGE }, -EINVAL },
		{ "end behind 2^64", { .offset = -PAGE, .size = 2 * PAGE }, -EINVAL },
		{ "offset of 2^63", { .offset = 1ull << 63 }, -EINVAL },
		{ "type 2", { .type = 2, .size = SIZE }, -EINVAL },
		{ "type 2^32 - 1", { .type = -1u, .size = SIZE }, -EINVAL },
	};
	struct drm_panthor_bo_sync args;
	char wide[2][64] = {};
	unsigned int i;

	setup();
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		op = rows[i].op;
		op.handle = bo.handle;
		args = (struct drm_panthor_bo_sync){ .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op) };
		expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args), rows[i].want,
		       rows[i].what);
	}
	expect(bo_try_sync(&gpu, NO_HANDLE, 0, 0, SIZE), -ENOENT, "bad handle");

	op = (struct drm_panthor_bo_sync_op){ .handle = bo.handle, .size = SIZE };
	args = (struct drm_panthor_bo_sync){ .ops = { .stride = 0, .count = 0, .array = NOWHERE } };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args), 0, "no operation");
	args.ops = (struct drm_panthor_obj_array){ sizeof(op), 1, NOWHERE };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args), -EFAULT, "bad array");
	args.ops = (struct drm_panthor_obj_array){ sizeof(op) - 1, 1, (uintptr_t)&op };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args), -EINVAL, "small stride");
	args.ops = (struct drm_panthor_obj_array){ 0, 1, (uintptr_t)&op };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args), -EINVAL, "stride 0");
	memcpy(wide[0], &op, sizeof(op));
	memcpy(wide[1], &op, sizeof(op));
	args.ops = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(2, wide);
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args), 0, "wide stride");
	wide[1][sizeof(op)] = 1;
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args), -E2BIG, "unknown field");
	args.ops = (struct drm_panthor_obj_array){ 1u << 31, 1, (uintptr_t)&op };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args), -EFAULT, "huge stride");
	teardown();
}

static void case_bo_label(void)
{
	static char text[8192];
	struct drm_panthor_bo_set_label args;

	setup();
	args = (struct drm_panthor_bo_set_label){ .handle = NO_HANDLE };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args), -ENOENT, "bad handle");
	args = (struct drm_panthor_bo_set_label){ .handle = bo.handle, .pad = 1 };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args), -EINVAL, "pad");
	args = (struct drm_panthor_bo_set_label){ .handle = bo.handle, .label = NOWHERE };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args), -EFAULT, "bad address");
	memset(text, 'a', sizeof(text) - 1);
	args.label = (uintptr_t)text;
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args), -E2BIG, "too long");
	text[4096] = '\0';
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args), -E2BIG, "long by one");
	text[4095] = '\0';
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args), 0, "longest");
	text[0] = '\0';
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args), 0, "empty");
	args.label = 0;
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args), 0, "none");
	teardown();
}

static void case_bo_query_info(void)
{
	struct drm_panthor_bo_query_info args = { .handle = NO_HANDLE };

	setup();
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &args), -ENOENT, "bad handle");
	args = (struct drm_panthor_bo_query_info){
		.handle = unmappable, .extra_flags = -1u, .create_flags = -1u, .pad = -1u,
	};
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &args), 0, "BO_QUERY_INFO");
	check(!args.extra_flags && !args.pad && args.create_flags == DRM_PANTHOR_BO_NO_MMAP,
	      "flags %x, extra %x", args.create_flags, args.extra_flags);
	teardown();
}

static void case_bo_madvise(void)
{
	const struct {
		const char *what;
		struct panthor_madvise args;
		int want;
	} rows[] = {
		{ "advice 2", { .advice = 2 }, -EINVAL },
		{ "advice 2^32 - 1", { .advice = -1u }, -EINVAL },
		{ "pad", { .pad = 1 }, -EINVAL },
		{ "DONTNEED of what can be shared", { .advice = DONTNEED }, -EINVAL },
		{ "WILLNEED", { .advice = WILLNEED, .retained = 5 }, 0 },
	};
	struct panthor_madvise args;
	unsigned int i;

	setup();
	args = (struct panthor_madvise){ .handle = bo.handle };
	expect(drm_call(gpu.fd, PANTHOR_MADVISE, &args), answer("BO_MADVISE", 0, -EINVAL),
	       "BO_MADVISE");
	if (is_upstream()) {
		teardown();
		return;
	}
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		args = rows[i].args;
		args.handle = bo.handle;
		expect(drm_call(gpu.fd, PANTHOR_MADVISE, &args), rows[i].want, rows[i].what);
	}
	check(args.retained == 1, "retained is %u", args.retained);
	args = (struct panthor_madvise){ .handle = NO_HANDLE };
	expect(drm_call(gpu.fd, PANTHOR_MADVISE, &args), -ENOENT, "bad handle");
	teardown();
}

/* ---- VMs ---- */

static void case_vm_create(void)
{
	struct drm_panthor_vm_create vm;
	unsigned int count;
	__u32 first = 0;
	int ret = 0;

	setup();
	expect(vm_try_create(1, 0, &vm), -EINVAL, "flag 0");
	expect(vm_try_create(1u << 31, 0, &vm), -EINVAL, "flag 31");
	expect(vm_try_create(0, 1ull << 48, &vm), -EINVAL, "no room for the kernel");
	expect(vm_try_create(0, 1ull << 63, &vm), -EINVAL, "a range of 2^63");
	expect(vm_try_create(0, -1ull, &vm), -EINVAL, "a range of 2^64 - 1");
	expect(vm_try_destroy(0, 0), -EINVAL, "VM 0");
	expect(vm_try_destroy(NO_HANDLE, 0), -EINVAL, "bad VM");
	expect(vm_try_destroy(gpu.vm, 1), -EINVAL, "pad");

	for (count = 0; count < 100; count++) {
		ret = vm_try_create(0, 0, &vm);
		if (ret)
			break;
		if (!first)
			first = vm.id;
	}
	expect(ret, -EBUSY, "too many VMs");
	while (count--)
		expect(vm_try_destroy(first + count, 0), 0, "VM_DESTROY");
	teardown();
}

struct bind_row {
	const char *what;
	struct drm_panthor_vm_bind_op op;
	int want;
};

#define MAP		DRM_PANTHOR_VM_BIND_OP_TYPE_MAP
#define UNMAP		DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP
#define SYNC_ONLY	DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY
#define SPARSE		DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE
#define NOEXEC		DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC

#define OP(f, h, o, v, s)	\
	((struct drm_panthor_vm_bind_op){ .flags = (f), .bo_handle = (h), .bo_offset = (o), \
					  .va = (v), .size = (s) })
#define SYNC(f, h, p)		\
	((struct drm_panthor_sync_op){ .flags = (f), .handle = (h), .timeline_value = (p) })

static int bind_try(__u32 vm, __u32 flags, const struct drm_panthor_vm_bind_op *ops,
		    unsigned int count, __u32 *done)
{
	struct drm_panthor_vm_bind args = {
		.vm_id = vm, .flags = flags, .ops = DRM_PANTHOR_OBJ_ARRAY(count, ops),
	};
	int ret = drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_BIND, &args);

	if (done)
		*done = args.ops.count;

	return ret;
}

static void bind_rows(__u32 flags)
{
	const struct bind_row rows[] = {
		{ "handle 0", OP(MAP, 0, 0, VA, SIZE), -EINVAL },
		{ "bad handle", OP(MAP, NO_HANDLE, 0, VA, SIZE), -EINVAL },
		{ "another VM's object", OP(MAP, others_private, 0, VA, SIZE), -EINVAL },
		{ "unaligned VA", OP(MAP, bo.handle, 0, VA + 1, SIZE), -EINVAL },
		{ "unaligned size", OP(MAP, bo.handle, 0, VA, SIZE - 1), -EINVAL },
		{ "unaligned offset", OP(MAP, bo.handle, 1, VA, PAGE), -EINVAL },
		{ "larger than the object", OP(MAP, bo.handle, 0, VA, SIZE + PAGE), -EINVAL },
		{ "past the end", OP(MAP, bo.handle, PAGE, VA, SIZE), -EINVAL },
		{ "behind the end", OP(MAP, bo.handle, SIZE, VA, PAGE), -EINVAL },
		{ "offset near 2^64", OP(MAP, bo.handle, -PAGE, VA, 2 * PAGE), -EINVAL },
		{ "size near 2^64", OP(MAP, bo.handle, 0, VA, -PAGE), -EINVAL },
		{ "VA near 2^64", OP(MAP, bo.handle, 0, -PAGE, PAGE), -EINVAL },
		{ "VA beyond 2^64", OP(MAP, bo.handle, 0, -PAGE, 2 * PAGE), -EINVAL },
		{ "VA of the kernel", OP(MAP, bo.handle, 0, user_va_end, PAGE), -EINVAL },
		{ "VA into the kernel",
		  OP(MAP, bo.handle, 0, user_va_end - PAGE, 2 * PAGE), -EINVAL },
		{ "flag 4", OP(MAP | 1 << 4, bo.handle, 0, VA, SIZE), -EINVAL },
		{ "flag 27", OP(MAP | 1 << 27, bo.handle, 0, VA, SIZE), -EINVAL },
		{ "type 3", OP(3 << 28, bo.handle, 0, VA, SIZE), -EINVAL },
		{ "type 15", OP(15u << 28, bo.handle, 0, VA, SIZE), -EINVAL },
		{ "sparse, executable", OP(MAP | SPARSE, 0, 0, VA, SIZE), -EINVAL },
		{ "sparse, handle", OP(MAP | SPARSE | NOEXEC, bo.handle, 0, VA, SIZE), -EINVAL },
		{ "sparse, offset", OP(MAP | SPARSE | NOEXEC, 0, PAGE, VA, SIZE), -EINVAL },
		{ "unmap, handle", OP(UNMAP, bo.handle, 0, VA, SIZE), -EINVAL },
		{ "unmap, offset", OP(UNMAP, 0, PAGE, VA, SIZE), -EINVAL },
		{ "unmap, flag 0", OP(UNMAP | 1, 0, 0, VA, SIZE), -EINVAL },
		{ "unmap, unaligned", OP(UNMAP, 0, 0, VA, SIZE - 1), -EINVAL },
		{ "unmap, VA near 2^64", OP(UNMAP, 0, 0, -PAGE, 2 * PAGE), -EINVAL },
		{ "sync only, size", OP(SYNC_ONLY, 0, 0, 0, PAGE), -EINVAL },
		{ "sync only, flag 0", OP(SYNC_ONLY | 1, 0, 0, VA, SIZE), -EINVAL },
	};
	struct drm_panthor_vm_bind_op ops[2] = {
		OP(MAP, bo.handle, 0, VA, SIZE), OP(MAP, bo.handle, 1, VA, PAGE),
	};
	struct drm_panthor_vm_bind args = { .vm_id = gpu.vm, .flags = flags };
	char wide[2][sizeof(ops[0]) + 8] = {};
	unsigned int i;
	int unknown;
	__u32 done;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		expect(bind_try(gpu.vm, flags, &rows[i].op, 1, NULL), rows[i].want, rows[i].what);
		check(gpu_vm_usable(&gpu), "%s: the VM is unusable", rows[i].what);
	}
	unknown = answer("unknown flags of VM_BIND", -EINVAL, 0);
	expect(bind_try(gpu.vm, flags | 2, ops, 0, NULL), unknown, "flag 1");
	expect(bind_try(gpu.vm, flags | 1u << 31, ops, 0, NULL), unknown, "flag 31");
	expect(bind_try(0, flags, ops, 1, NULL), -EINVAL, "VM 0");
	expect(bind_try(NO_HANDLE, flags, ops, 1, NULL), -EINVAL, "bad VM");
	expect(bind_try(gpu.vm, flags, ops, 0, NULL), 0, "no operation");

	/* One of two is wrong. What was done before is told, or nothing was done. */
	expect(bind_try(gpu.vm, flags, ops, 2, &done), -EINVAL, "the second");
	if (!flags) {
		check(done == 1, "%u operations were done", done);
		expect(gpu_try_bind(&gpu, 0, VA, SIZE, UNMAP), 0, "unmap");
	}

	args.ops = (struct drm_panthor_obj_array){ sizeof(ops[0]), 1, NOWHERE };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_BIND, &args), -EFAULT, "bad array");
	args.ops = (struct drm_panthor_obj_array){ sizeof(ops[0]) - 8, 1, (uintptr_t)ops };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_BIND, &args), -EINVAL, "small stride");
	args.ops = (struct drm_panthor_obj_array){ 0, 1, (uintptr_t)ops };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_BIND, &args), -EINVAL, "stride 0");
	memcpy(wide[0], &ops[0], sizeof(ops[0]));
	wide[0][sizeof(ops[0])] = 1;
	args.ops = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, wide);
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_BIND, &args), -E2BIG, "unknown field");
	check(gpu_vm_usable(&gpu), "the VM is unusable");
}

static void case_vm_bind(void)
{
	struct drm_panthor_sync_op sync;
	struct drm_panthor_vm_bind_op op = OP(MAP, 0, 0, VA, SIZE);

	setup();
	op.bo_handle = bo.handle;
	sync = SYNC(DRM_PANTHOR_SYNC_OP_SIGNAL, syncobj, 0);
	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	expect(bind_try(gpu.vm, 0, &op, 1, NULL), -EINVAL, "syncs of a synchronous bind");
	bind_rows(0);
	/* Without a size there is nothing to do. */
	expect(gpu_try_bind(&gpu, bo.handle, VA, 0, MAP), 0, "map nothing");
	expect(gpu_try_bind(&gpu, 0, VA, 0, UNMAP), 0, "unmap nothing");
	expect(gpu_try_bind(&gpu, 0, VA, SIZE, UNMAP), 0, "unmap where nothing is");
	teardown();
}

static void case_vm_bind_async(void)
{
	struct drm_panthor_sync_op sync;
	struct drm_panthor_vm_bind_op op = OP(MAP, 0, 0, VA, SIZE);
	const struct {
		const char *what;
		__u32 flags, handle;
		__u64 point;
		int want;
	} rows[] = {
		{ "signal what is not there", DRM_PANTHOR_SYNC_OP_SIGNAL, NO_HANDLE, 0, -EINVAL },
		{ "wait for what is not there", 0, NO_HANDLE, 0, -ENOENT },
		{ "wait without a fence", 0, 0, 0, -EINVAL },
		{ "point without a timeline", DRM_PANTHOR_SYNC_OP_SIGNAL, 0, 1, -EINVAL },
		{ "type 2", DRM_PANTHOR_SYNC_OP_SIGNAL | 2, 0, 0, -EINVAL },
		{ "flag 8", DRM_PANTHOR_SYNC_OP_SIGNAL | 1 << 8, 0, 0, -EINVAL },
	};
	unsigned int i;

	setup();
	bind_rows(DRM_PANTHOR_VM_BIND_ASYNC);
	op.bo_handle = bo.handle;
	op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	upstream_differs("signal a sync object that is not there", "EINVAL",
			 "a crash, so not tried");
	for (i = is_upstream() ? 1 : 0; i < ARRAY_SIZE(rows); i++) {
		sync = SYNC(rows[i].flags, rows[i].handle ?: syncobj, rows[i].point);
		expect(bind_try(gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1, NULL), rows[i].want,
		       rows[i].what);
	}
	sync = SYNC(DRM_PANTHOR_SYNC_OP_SIGNAL, syncobj, 0);
	op.syncs = (struct drm_panthor_obj_array){ sizeof(sync) - 1, 1, (uintptr_t)&sync };
	expect(bind_try(gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1, NULL), -EINVAL,
	       "small stride of syncs");
	op.syncs = (struct drm_panthor_obj_array){ sizeof(sync), 1, NOWHERE };
	expect(bind_try(gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1, NULL), -EFAULT,
	       "bad array of syncs");
	op = (struct drm_panthor_vm_bind_op){ .flags = SYNC_ONLY };
	expect(bind_try(gpu.vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1, NULL), -EINVAL,
	       "sync only without syncs");
	teardown();
}

/* ---- heaps, groups and jobs ---- */

static void case_tiler_heap(void)
{
	const struct {
		const char *what;
		__u32 vm, chunks, size, max;
	} rows[] = {
		{ "bad VM", NO_HANDLE, 1, CHUNK, 1 },
		{ "no chunk", 0, 0, CHUNK, 1 },
		{ "more than may be", 0, 2, CHUNK, 1 },
		{ "chunks of 0", 0, 1, 0, 1 },
		{ "chunks of 64 KiB", 0, 1, 64 << 10, 1 },
		{ "chunks of 16 MiB", 0, 1, 16 << 20, 1 },
		{ "chunks of no whole page", 0, 1, CHUNK + 1, 1 },
		{ "chunks of 4 GiB - 4096", 0, 1, -4096u, 1 },
	};
	__u32 handle, first = 0, count;
	unsigned int i;
	int ret = 0;

	setup();
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		expect(heap_try_create(rows[i].vm ?: gpu.vm, rows[i].chunks, rows[i].size,
				       rows[i].max, &handle), -EINVAL, rows[i].what);
	expect(heap_try_destroy(gpu.vm << 16 | 99, 0), -EINVAL, "bad heap");
	expect(heap_try_destroy(NO_HANDLE << 16, 0), -EINVAL, "heap of a bad VM");
	for (count = 0; count < 200; count++) {
		ret = heap_try_create(gpu.vm, 1, 128 << 10, 1, &handle);
		if (ret)
			break;
		if (!first)
			first = handle;
	}
	expect(ret, -EBUSY, "too many heaps");
	expect(heap_try_destroy(first, 1), -EINVAL, "pad");
	while (count--)
		expect(heap_try_destroy(first + count, 0), 0, "TILER_HEAP_DESTROY");
	teardown();
}

static void case_group_create(void)
{
	struct drm_panthor_queue_create queue[33];
	const struct drm_panthor_group_create good = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(1, queue),
		.max_compute_cores = 1, .max_fragment_cores = 1, .max_tiler_cores = 1,
		.priority = PANTHOR_GROUP_PRIORITY_MEDIUM,
		.compute_core_mask = 1, .fragment_core_mask = 1, .tiler_core_mask = 1,
	};
	const __u32 sizes[] = { 0, 1, 2048, 12288, 1 << 17, 1u << 31 };
	struct drm_panthor_group_create args;
	unsigned int i;

#define try_group(want, change)	({						\
	for (i = 0; i < ARRAY_SIZE(queue); i++)					\
		queue[i] = (struct drm_panthor_queue_create){ .ringbuf_size = 4096 };	\
	args = good;								\
	args.vm_id = gpu.vm;							\
	change;									\
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, &args), want, #change); })

	setup();
	try_group(-EINVAL, args.vm_id = NO_HANDLE);
	try_group(-EINVAL, args.pad = 1);
	try_group(-EINVAL, args.priority = 4);
	try_group(-EINVAL, args.compute_core_mask = -1ull);
	try_group(-EINVAL, args.fragment_core_mask = -1ull);
	try_group(-EINVAL, args.tiler_core_mask = -1ull);
	try_group(-EINVAL, args.max_compute_cores = 255);
	try_group(-EINVAL, args.queues.count = 0);
	try_group(-EINVAL, args.queues.count = 33);
	try_group(-EINVAL, args.queues.stride = 1);
	try_group(-EFAULT, args.queues.array = NOWHERE);
	try_group(-EINVAL, queue[0].priority = 16);
	try_group(-EINVAL, queue[0].pad[2] = 1);
	/* The second of two, when the first has a ring buffer already. */
	try_group(-EINVAL, queue[1].pad[0] = 1; args.queues.count = 2);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		__u32 size = sizes[i];
		unsigned int keep = i;

		try_group(-EINVAL, queue[0].ringbuf_size = size);
		i = keep;
	}
	teardown();
}

static void case_group_submit(void)
{
	struct drm_panthor_queue_submit submit;
	struct drm_panthor_sync_op sync;
	struct drm_panthor_group_submit args;
	char wide[sizeof(submit) + 8] = {};
	struct stream s;

#define try_submit(want, change) ({						\
	sync = SYNC(DRM_PANTHOR_SYNC_OP_SIGNAL, syncobj, 0);			\
	submit = (struct drm_panthor_queue_submit){				\
		.stream_addr = stream_va(&s), .stream_size = stream_size(&s),	\
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),			\
	};									\
	args = (struct drm_panthor_group_submit){				\
		.group_handle = group,						\
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &submit),		\
	};									\
	change;									\
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args), want, #change); })

	setup();
	s = stream_begin(&gpu);
	cs_wait(&s, 1);
	try_submit(-EINVAL, args.pad = 1);
	try_submit(-EINVAL, args.group_handle = 0);
	try_submit(-EINVAL, args.group_handle = NO_HANDLE);
	try_submit(-EINVAL, args.queue_submits.stride = 8);
	try_submit(-EFAULT, args.queue_submits.array = NOWHERE);
	try_submit(0, args.queue_submits.count = 0);
	try_submit(-EINVAL, submit.pad = 1);
	try_submit(-EINVAL, submit.queue_index = 1);
	try_submit(-EINVAL, submit.queue_index = -1u);
	try_submit(-EINVAL, submit.stream_size = 0);
	try_submit(-EINVAL, submit.stream_addr = 0);
	try_submit(-EINVAL, submit.stream_size += 1);
	try_submit(-EINVAL, submit.stream_addr += 8);
	try_submit(-EINVAL, submit.latest_flush = 1 << 24);
	try_submit(-EINVAL, submit.latest_flush = 1 << 30);
	try_submit(-EINVAL, submit.syncs.stride = 8);
	try_submit(-EFAULT, submit.syncs.array = NOWHERE);
	try_submit(-EINVAL, sync.flags |= 1 << 8);
	try_submit(-EINVAL, sync.flags |= 2);
	try_submit(-EINVAL, sync.timeline_value = 1);
	upstream_differs("signal a sync object that is not there", "EINVAL",
			 "a crash, so not tried");
	if (!is_upstream())
		try_submit(-EINVAL, sync.handle = NO_HANDLE);
	try_submit(-ENOENT, sync.flags = 0; sync.handle = NO_HANDLE);
	memcpy(wide, &submit, sizeof(submit));
	wide[sizeof(submit)] = 1;
	try_submit(-E2BIG, args.queue_submits.stride = sizeof(wide);
		   args.queue_submits.array = (uintptr_t)wide);
	expect(gpu_wait(&gpu, syncobj, 0.1), -ETIME, "a job that was refused");
	teardown();
}

/* What is left: calls that look, or end something. */
static void case_others(void)
{
	struct drm_panthor_gpu_info info;
	struct drm_panthor_dev_query query;
	struct drm_panthor_group_destroy destroy;
	struct drm_panthor_group_get_state state;
	struct drm_panthor_vm_get_state vm;
	struct drm_panthor_set_user_mmio_offset offset = { .offset = PAGE };

	setup();
	query = (struct drm_panthor_dev_query){ .type = 99 };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &query), -EINVAL, "type 99");
	query = (struct drm_panthor_dev_query){ .type = 99, .pointer = (uintptr_t)&info };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &query), -EINVAL, "type 99 again");
	query = (struct drm_panthor_dev_query){
		.type = DRM_PANTHOR_DEV_QUERY_GPU_INFO, .size = sizeof(info), .pointer = NOWHERE,
	};
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &query), -EFAULT, "bad address");
	query.size = 1;
	query.pointer = (uintptr_t)&info;
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &query), -EINVAL, "small size");

	destroy = (struct drm_panthor_group_destroy){ .group_handle = NO_HANDLE };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &destroy), -EINVAL, "bad group");
	destroy = (struct drm_panthor_group_destroy){ .group_handle = group, .pad = 1 };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &destroy), -EINVAL, "pad");
	state = (struct drm_panthor_group_get_state){ .group_handle = NO_HANDLE };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &state), -EINVAL, "bad group");
	state = (struct drm_panthor_group_get_state){ .group_handle = group, .pad = 1 };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &state), -EINVAL, "pad");
	vm = (struct drm_panthor_vm_get_state){ .vm_id = NO_HANDLE };
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_GET_STATE, &vm), -EINVAL, "bad VM");
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET, &offset), -EINVAL,
	       "an offset that is none");
	expect(gem_close(gpu.fd, NO_HANDLE), -EINVAL, "GEM_CLOSE of a bad handle");
	expect(drm_call(gpu.fd, DRM_IOWR(DRM_COMMAND_BASE + 0x50, __u64), &offset), -EINVAL,
	       "no ioctl");
	teardown();
}

/* Streams that are not there: the job fails and its group, but nobody in another VM. */
static void case_bad_streams(void)
{
	const struct {
		__u64 addr;
		__u32 size;
	} rows[] = {
		{ VA, 64 },
		{ 1ull << 46, 4096 },
		{ -64ull, 64 },
		/* Zeroes are NOPs, until the object ends. */
		{ 0, 2 * PAGE },
	};
	unsigned int i;

	setup();
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct gpu its = gpu_open();
		struct gpu_bo zeroes = gpu_bo(&its, PAGE, 0);
		__u32 its_group = gpu_group(&its, 1);
		struct drm_panthor_sync_op sync =
			SYNC(DRM_PANTHOR_SYNC_OP_SIGNAL, gpu_syncobj(&its), 0);
		struct drm_panthor_queue_submit submit = {
			.stream_addr = rows[i].addr ?: zeroes.va, .stream_size = rows[i].size,
			.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
		};
		struct drm_panthor_group_submit args = {
			.group_handle = its_group,
			.queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &submit),
		};

		expect(drm_call(its.fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args), 0, "GROUP_SUBMIT");
		expect(gpu_wait(&its, sync.handle, 30), 0, "wait for a job");
		check(gpu_group_state(&its, its_group) & DRM_PANTHOR_GROUP_STATE_FATAL_FAULT,
		      "stream %u: the group is in state 0x%x", i,
		      gpu_group_state(&its, its_group));
		expect(drm_call(its.fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args), -EINVAL,
		       "GROUP_SUBMIT to a dead group");
		unmap(zeroes.map, zeroes.size);
		gpu_close(&its);
	}
	teardown();
}

static const struct test_case cases[] = {
	{ "bo_create", case_bo_create },
	{ "bo_mmap_offset", case_bo_mmap_offset },
	{ "bo_sync", case_bo_sync },
	{ "bo_label", case_bo_label },
	{ "bo_query_info", case_bo_query_info },
	{ "bo_madvise", case_bo_madvise },
	{ "vm_create", case_vm_create },
	{ "vm_bind", case_vm_bind },
	{ "vm_bind_async", case_vm_bind_async },
	{ "tiler_heap", case_tiler_heap },
	{ "group_create", case_group_create },
	{ "group_submit", case_group_submit },
	{ "others", case_others },
	{ "bad_streams", case_bad_streams },
};

int main(int argc, char **argv)
{
	opt.driver = "panthor";
	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
