/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reclaim of panthor's buffer objects, jobs that show what is in them, and the ioctls
 * that are about objects alone.
 */
#ifndef PANTHOR_RECLAIM_H
#define PANTHOR_RECLAIM_H

#include "demo.h"
#include "panthor_gpu.h"

/* The driver's name does not say. */
bool is_upstream(void);
/* On upstream's, note in what it differs, so that tests/side-by-side can show it. */
void upstream_differs(const char *what, const char *ours, const char *upstream);
/* The same of two errnos. Return: the one that the driver has to answer. */
int answer(const char *what, int ours, int upstream);

/* Ask for a scan; both upstream's file and the library's take a number of pages. */
void shrink(unsigned long pages);
/* Evict all that the file has; what the driver itself keeps pinned is not in there. */
void evict_all(struct gpu *gpu);
/* The bytes of all objects that debugfs lists, which are all but the imported ones. */
long long gems_total(void);
/* Jobs and files are put by workers: wait until there is no more than there was. */
void gems_go_back(long long before);

/* One word for each page: @value, @value + 1, ... */
void gpu_stamp(struct gpu *gpu, __u32 group, __u64 va, unsigned int pages, __u32 value);
/* The first word of each page, one behind the other. */
void gpu_collect(struct gpu *gpu, __u32 group, __u64 va, unsigned int pages, __u64 to);
void expect_stamps(const void *map, unsigned int pages, size_t step, __u32 value,
		   const char *who);
void cpu_stamp(void *map, unsigned int pages, __u32 value);
/* Both see @value in all pages of @bo. */
void check_bo(struct gpu *gpu, __u32 group, const struct gpu_bo *bo, __u64 va,
	      const struct gpu_bo *result, __u32 value);

/* What only the driver on the library has. */
struct panthor_madvise {
	__u32 handle, advice, retained, pad;
};

#define PANTHOR_MADVISE	DRM_IOWR(0x9f, struct panthor_madvise)
enum { WILLNEED, DONTNEED };

/* These return 0 or a negative errno. */
int bo_try_create(struct gpu *gpu, __u64 size, __u32 flags, __u32 vm, __u32 *handle);
int bo_try_madvise(struct gpu *gpu, __u32 handle, __u32 advice, bool *retained);
int bo_try_sync(struct gpu *gpu, __u32 handle, __u32 type, __u64 offset, __u64 size);

#endif
