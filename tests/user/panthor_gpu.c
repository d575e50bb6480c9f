// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "panthor_gpu.h"

#define CODE_SIZE	(256ul << 10)
#define FIRST_VA	(16ull << 20)
#define RING_SIZE	(64u << 10)
#define CALL_ALIGN	64

/* ---- ioctls ---- */

int gpu_query(int fd, __u32 type, void *data, __u32 size)
{
	struct drm_panthor_dev_query args = {
		.type = type, .size = size, .pointer = (uintptr_t)data,
	};

	return drm_call(fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &args);
}

struct gpu gpu_open(void)
{
	struct drm_panthor_vm_create args = {};
	struct gpu gpu = { .fd = drm_open_render(), .next_va = FIRST_VA };

	check(gpu.fd >= 0, "no render node");
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_VM_CREATE, &args), 0, "VM_CREATE");
	gpu.vm = args.id;
	gpu.code = gpu_bo(&gpu, CODE_SIZE, 0);

	return gpu;
}

void gpu_close(struct gpu *gpu)
{
	close(gpu->fd);
	unmap(gpu->code.map, gpu->code.size);
}

int gpu_try_bind_part(struct gpu *gpu, __u32 handle, __u64 offset, __u64 va, __u64 size,
		      __u32 flags)
{
	struct drm_panthor_vm_bind_op op = {
		.flags = flags, .bo_handle = handle, .bo_offset = offset, .va = va, .size = size,
	};
	struct drm_panthor_vm_bind args = {
		.vm_id = gpu->vm, .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};

	return drm_call(gpu->fd, DRM_IOCTL_PANTHOR_VM_BIND, &args);
}

int gpu_try_bind(struct gpu *gpu, __u32 handle, __u64 va, __u64 size, __u32 flags)
{
	return gpu_try_bind_part(gpu, handle, 0, va, size, flags);
}

static struct gpu_bo make_bo(struct gpu *gpu, size_t size, __u32 flags, __u32 vm)
{
	struct drm_panthor_bo_create args = {
		.size = size, .flags = flags, .exclusive_vm_id = vm,
	};
	struct gpu_bo bo = { .size = size, .va = gpu->next_va };
	struct drm_panthor_bo_mmap_offset offset = {};

	expect(drm_call(gpu->fd, DRM_IOCTL_PANTHOR_BO_CREATE, &args), 0, "BO_CREATE");
	bo.handle = args.handle;
	offset.handle = args.handle;
	expect(gpu_try_bind(gpu, bo.handle, bo.va, size, DRM_PANTHOR_VM_BIND_OP_TYPE_MAP), 0,
	       "VM_BIND to map");
	gpu->next_va += size + PAGE;
	expect(drm_call(gpu->fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &offset), 0, "BO_MMAP_OFFSET");
	bo.map = map_rw(gpu->fd, size, offset.offset);

	return bo;
}

struct gpu_bo gpu_bo(struct gpu *gpu, size_t size, __u32 flags)
{
	return make_bo(gpu, size, flags, 0);
}

struct gpu_bo gpu_own_bo(struct gpu *gpu, size_t size)
{
	return make_bo(gpu, size, 0, gpu->vm);
}

void gpu_unbind(struct gpu *gpu, const struct gpu_bo *bo)
{
	expect(gpu_try_bind(gpu, 0, bo->va, bo->size, DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP), 0,
	       "VM_BIND to unmap");
}

bool gpu_vm_usable(struct gpu *gpu)
{
	struct drm_panthor_vm_get_state args = { .vm_id = gpu->vm };

	expect(drm_call(gpu->fd, DRM_IOCTL_PANTHOR_VM_GET_STATE, &args), 0, "VM_GET_STATE");

	return args.state == DRM_PANTHOR_VM_STATE_USABLE;
}

int gpu_try_group(struct gpu *gpu, unsigned int queues, __u32 *group)
{
	struct drm_panthor_queue_create queue[8];
	struct drm_panthor_group_create args = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(queues, queue),
		.max_compute_cores = 1, .max_fragment_cores = 1, .max_tiler_cores = 1,
		.priority = PANTHOR_GROUP_PRIORITY_MEDIUM,
		.compute_core_mask = 1, .fragment_core_mask = 1, .tiler_core_mask = 1,
		.vm_id = gpu->vm,
	};
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(queue); i++)
		queue[i] = (struct drm_panthor_queue_create){ .ringbuf_size = RING_SIZE };
	ret = drm_call(gpu->fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, &args);
	*group = args.group_handle;

	return ret;
}

__u32 gpu_group(struct gpu *gpu, unsigned int queues)
{
	__u32 group;

	expect(gpu_try_group(gpu, queues, &group), 0, "GROUP_CREATE");

	return group;
}

__u32 gpu_group_state(struct gpu *gpu, __u32 group)
{
	struct drm_panthor_group_get_state args = { .group_handle = group };

	expect(drm_call(gpu->fd, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &args), 0, "GROUP_GET_STATE");

	return args.state;
}

void gpu_group_destroy(struct gpu *gpu, __u32 group)
{
	struct drm_panthor_group_destroy args = { .group_handle = group };

	expect(drm_call(gpu->fd, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &args), 0, "GROUP_DESTROY");
}

__u32 gpu_syncobj(struct gpu *gpu)
{
	struct drm_syncobj_create args = {};

	expect(drm_call(gpu->fd, DRM_IOCTL_SYNCOBJ_CREATE, &args), 0, "SYNCOBJ_CREATE");

	return args.handle;
}

int gpu_wait(struct gpu *gpu, __u32 syncobj, double seconds)
{
	struct timespec ts;
	struct drm_syncobj_wait args = {
		.handles = (uintptr_t)&syncobj, .count_handles = 1,
		.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
	};

	clock_gettime(CLOCK_MONOTONIC, &ts);
	args.timeout_nsec = ts.tv_sec * 1000000000ll + ts.tv_nsec + (long long)(seconds * 1e9);

	return drm_call(gpu->fd, DRM_IOCTL_SYNCOBJ_WAIT, &args);
}

int gpu_try_submit(struct gpu *gpu, __u32 group, unsigned int queue, const struct stream *stream,
		   __u32 syncobj)
{
	struct drm_panthor_sync_op sync = {
		.flags = DRM_PANTHOR_SYNC_OP_SIGNAL | DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_SYNCOBJ,
		.handle = syncobj,
	};
	struct drm_panthor_queue_submit submit = {
		.queue_index = queue,
		.stream_addr = stream_va(stream), .stream_size = stream_size(stream),
		.syncs = DRM_PANTHOR_OBJ_ARRAY(1, &sync),
	};
	struct drm_panthor_group_submit args = {
		.group_handle = group, .queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &submit),
	};

	return drm_call(gpu->fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args);
}

void gpu_submit(struct gpu *gpu, __u32 group, unsigned int queue, const struct stream *stream,
		__u32 syncobj)
{
	expect(gpu_try_submit(gpu, group, queue, stream, syncobj), 0, "GROUP_SUBMIT");
}

void gpu_run(struct gpu *gpu, __u32 group, const struct stream *stream)
{
	__u32 done = gpu_syncobj(gpu);

	gpu_submit(gpu, group, 0, stream, done);
	expect(gpu_wait(gpu, done, 20), 0, "SYNCOBJ_WAIT");
	check(!gpu_group_state(gpu, group), "the group is in state 0x%x",
	      gpu_group_state(gpu, group));
}

/* ---- command streams ---- */

struct stream stream_begin(struct gpu *gpu)
{
	gpu->used = (gpu->used + CALL_ALIGN - 1) & -CALL_ALIGN;

	return (struct stream){ .gpu = gpu, .start = gpu->code.map + gpu->used };
}

__u64 stream_va(const struct stream *stream)
{
	return stream->gpu->code.va + ((void *)stream->start - stream->gpu->code.map);
}

__u32 stream_size(const struct stream *stream)
{
	return stream->count * sizeof(__u64);
}

void emit(struct stream *stream, __u64 insn)
{
	check(stream->gpu->used < CODE_SIZE, "no room for command streams");
	stream->start[stream->count++] = insn;
	stream->gpu->used += sizeof(insn);
}

void cs_await(struct stream *s, __u64 va)
{
	cs_move48(s, 0, va);
	cs_load(s, 2, 0, 1, 0);
	cs_wait(s, 1);
	cs_branch(s, EQUAL, 2, -3);
}

void cs_fill(struct stream *s, __u64 va, size_t bytes, __u32 value)
{
	unsigned int i;

	/* Registers 0-15 hold the value, 16-17 the address, 18 what is left. */
	for (i = 0; i < 16; i++)
		cs_move32(s, i, value);
	cs_move48(s, 16, va);
	cs_move32(s, 18, bytes / 64);
	cs_store(s, 0, 16, 0xffff, 0);
	cs_add64(s, 16, 16, 64);
	cs_add32(s, 18, 18, -1);
	cs_branch(s, GREATER, 18, -4);
	cs_wait(s, 1);
}

/* ---- the model ---- */

#define MODEL	"/sys/kernel/debug/mali_csf/"

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	check(fd >= 0, "%s: %m", path);
	check(write(fd, text, strlen(text)) > 0, "%s: %m", path);
	close(fd);
}

void model_set(const char *name, unsigned long value)
{
	char path[128], text[24];

	snprintf(path, sizeof(path), MODEL "%s", name);
	snprintf(text, sizeof(text), "%lu", value);
	write_text(path, text);
}

unsigned long model_stat(const char *name)
{
	char path[128], text[32] = "";

	snprintf(path, sizeof(path), MODEL "stats/%s", name);
	check(read_file(path, text, sizeof(text)) > 0, "%s: %m", path);

	return strtoul(text, NULL, 0);
}

void model_calm(void)
{
	static const char *const trouble[] = {
		"hang_streams", "hang_jobs", "hang_mcu", "no_boots", "drop_irqs",
		"fault_accesses", "corrupt_acks", "keep_tlb", "job_delay_ms", "reset_delay_ms",
		"flush_delay_ms",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(trouble); i++)
		model_set(trouble[i], 0);
}

/* ---- the device ---- */

#define DEVICE	"/sys/bus/platform/devices/*.gpu"

/* Return: the path of a file of the device. */
static const char *device_file(const char *name)
{
	static char path[256];
	glob_t found;

	check(!glob(DEVICE, 0, NULL, &found), "there is no GPU");
	snprintf(path, sizeof(path), "%s/%s", found.gl_pathv[0], name);
	globfree(&found);

	return path;
}

void device_tell(const char *what)
{
	char path[128], name[64];

	check(sscanf(device_file(""), "/sys/bus/platform/devices/%63[^/]", name) == 1,
	      "the GPU has no name");
	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/%s", opt.driver, what);
	write_text(path, name);
}

bool device_is_there(void)
{
	int fd = drm_open_render();

	if (fd < 0)
		return false;
	close(fd);

	return true;
}

void device_await(const char *status)
{
	char text[32] = "";
	unsigned int tries;

	for (tries = 0; tries < 200; tries++) {
		struct timespec some = { 0, 50000000 };

		check(read_file(device_file("power/runtime_status"), text, sizeof(text)) > 0,
		      "runtime_status: %m");
		if (!strncmp(text, status, strlen(status)))
			return;
		nanosleep(&some, NULL);
	}
	fail("the device stays %s", text);
}
