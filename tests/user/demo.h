/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sample driver's own ioctls and its files in debugfs, and what the kernel says about
 * memory.
 */
#ifndef DEMO_H
#define DEMO_H

#include "../../samples/gem_pages_demo/gem_pages_demo_uapi.h"
#include "common.h"

/* The contexts that a scan can be in. */
enum context { KERNEL, NOFS, NOIO, NOWAIT, ATOMIC, CONTEXTS };

extern const char *const context_name[CONTEXTS];

/* What debugfs says of an object. */
struct object_info {
	char state[16], class[16];
	unsigned long resident;
	int pins, mmaps;
	unsigned int vms, evictions;
};

/* These return 0 or a negative errno; demo_try_madvise() also whether content is retained. */
int demo_try_create(int fd, __u64 *size, __u32 flags, __u32 *handle);
int demo_try_madvise(int fd, __u32 handle, unsigned int advice);
int demo_try_map(int fd, __u32 handle, bool map);
int demo_try_run(int fd, __u32 handle, bool write, __u32 value, __u64 *wrong);
int demo_try_fill(int fd, __u32 handle, __u32 value);
/* Return: the number of pages reported freed, or a negative errno. */
long demo_try_shrink(unsigned long pages, enum context context);

/* These fail the case instead. */
bool demo_madvise(const struct bo *bo, unsigned int advice);
void demo_map(const struct bo *bo, bool map);
void demo_write(const struct bo *bo, __u32 value);
/* Fail unless the device finds @value in each word. */
void demo_compare(const struct bo *bo, __u32 value, const char *when);
unsigned long demo_shrink(unsigned long pages, enum context context);
/* A scan of which allocation number @nth fails, if there are so many. */
long demo_shrink_failing(unsigned long pages, unsigned int nth, bool *failed);
/* The number of pages that a scan in @context says it could free. */
unsigned long demo_count(enum context context);
/* Jobs that run from now on do not end before the hold does. Return: 0 or a negative errno. */
int demo_hold(bool hold);
/* Return: what debugfs says of the only object of this size. */
struct object_info demo_info(size_t size);

/* Another open file, with a handle of the same object. */
struct bo bo_share(const struct bo *bo);

/* A figure of /proc/meminfo in pages, or of /proc/vmstat. */
long meminfo(const char *key);
long free_of_cpus(void);
long vmstat(const char *key);
/* A figure in fdinfo in bytes. The kernel leaves out some keys that would say 0. */
long long fdinfo(int fd, const char *key);
double now(void);

#endif
