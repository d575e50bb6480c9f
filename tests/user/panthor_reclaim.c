// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "panthor_reclaim.h"

bool is_upstream(void)
{
	char path[128];

	return !debugfs_file("gem_pages", path, sizeof(path));
}

void upstream_differs(const char *what, const char *ours, const char *upstream)
{
	if (is_upstream())
		note("differs: %s: upstream: %s, ours: %s", what, upstream, ours);
}

static const char *errno_name(int err)
{
	return err ? strerrorname_np(-err) : "success";
}

int answer(const char *what, int ours, int upstream)
{
	upstream_differs(what, errno_name(ours), errno_name(upstream));

	return is_upstream() ? upstream : ours;
}

void shrink(unsigned long pages)
{
	char path[128], text[32];
	int fd, len;

	check(debugfs_file("shrink", path, sizeof(path)), "no file %s", path);
	len = snprintf(text, sizeof(text), "%lu", pages);
	fd = open(path, O_WRONLY);
	check(fd >= 0 && write(fd, text, len) == len, "%s: %m", path);
	close(fd);
}

void evict_all(struct gpu *gpu)
{
	unsigned int tries;

	for (tries = 0; tries < 50; tries++) {
		shrink(100000);
		if (!fdinfo(gpu->fd, "drm-resident-memory"))
			return;
		usleep(20000);
	}
	fail("%lld bytes stay resident", fdinfo(gpu->fd, "drm-resident-memory"));
}

void gpu_stamp(struct gpu *gpu, __u32 group, __u64 va, unsigned int pages, __u32 value)
{
	struct stream s = stream_begin(gpu);

	cs_move48(&s, 0, va);
	cs_move32(&s, 2, pages);
	cs_move32(&s, 3, value);
	cs_store(&s, 3, 0, 1, 0);
	cs_wait(&s, 1);
	cs_add64(&s, 0, 0, PAGE);
	cs_add32(&s, 3, 3, 1);
	cs_add32(&s, 2, 2, -1);
	cs_branch(&s, NEQUAL, 2, -6);
	gpu_run(gpu, group, &s);
}

void gpu_collect(struct gpu *gpu, __u32 group, __u64 va, unsigned int pages, __u64 to)
{
	struct stream s = stream_begin(gpu);

	cs_move48(&s, 0, va);
	cs_move48(&s, 4, to);
	cs_move32(&s, 2, pages);
	cs_load(&s, 3, 0, 1, 0);
	cs_wait(&s, 1);
	cs_store(&s, 3, 4, 1, 0);
	cs_wait(&s, 1);
	cs_add64(&s, 0, 0, PAGE);
	cs_add64(&s, 4, 4, 4);
	cs_add32(&s, 2, 2, -1);
	cs_branch(&s, NEQUAL, 2, -8);
	gpu_run(gpu, group, &s);
}

void expect_stamps(const void *map, unsigned int pages, size_t step, __u32 value,
		   const char *who)
{
	unsigned int i;

	for (i = 0; i < pages; i++) {
		__u32 got = load((const __u32 *)(map + i * step));

		check(got == value + i, "%s: page %u has %x instead of %x", who, i, got, value + i);
	}
}

void cpu_stamp(void *map, unsigned int pages, __u32 value)
{
	unsigned int i;

	for (i = 0; i < pages; i++)
		store((__u32 *)(map + i * PAGE), value + i);
}

void check_bo(struct gpu *gpu, __u32 group, const struct gpu_bo *bo, __u64 va,
	      const struct gpu_bo *result, __u32 value)
{
	unsigned int pages = bo->size / PAGE;

	gpu_collect(gpu, group, va, pages, result->va);
	expect_stamps(result->map, pages, 4, value, "GPU");
	expect_stamps(bo->map, pages, PAGE, value, "CPU");
}

long long gems_total(void)
{
	static char buf[256 * 1024];
	char path[128], *at;

	check(debugfs_file("gems", path, sizeof(path)), "no file %s", path);
	check(read_file(path, buf, sizeof(buf)) > 0, "%s: %m", path);
	at = strstr(buf, "Total size: ");
	check(at, "%s has no total", path);

	return atoll(at + strlen("Total size: "));
}

void gems_go_back(long long before)
{
	long long now = 0;
	unsigned int tries;

	for (tries = 0; tries < 100; tries++) {
		now = gems_total();
		if (now <= before)
			return;
		usleep(20000);
	}
	fail("%lld bytes stay", now - before);
}

int bo_try_create(struct gpu *gpu, __u64 size, __u32 flags, __u32 vm, __u32 *handle)
{
	struct drm_panthor_bo_create args = {
		.size = size, .flags = flags, .exclusive_vm_id = vm,
	};
	int ret = drm_call(gpu->fd, DRM_IOCTL_PANTHOR_BO_CREATE, &args);

	*handle = args.handle;

	return ret;
}

int bo_try_madvise(struct gpu *gpu, __u32 handle, __u32 advice, bool *retained)
{
	struct panthor_madvise args = { .handle = handle, .advice = advice };
	int ret = drm_call(gpu->fd, PANTHOR_MADVISE, &args);

	*retained = args.retained;

	return ret;
}

int bo_try_sync(struct gpu *gpu, __u32 handle, __u32 type, __u64 offset, __u64 size)
{
	struct drm_panthor_bo_sync_op op = {
		.handle = handle, .type = type, .offset = offset, .size = size,
	};
	struct drm_panthor_bo_sync args = { .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op) };

	return drm_call(gpu->fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args);
}
