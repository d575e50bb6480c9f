/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _GEM_PAGES_BENCH_H_
#define _GEM_PAGES_BENCH_H_

#include <linux/mutex.h>
#include <linux/types.h>

#include <drm/drm_gem.h>

struct drm_device;
struct drm_driver;
struct drm_gem_lru;
struct page;

/*
 * One of those that are compared. They all do the same for the bench, and it calls
 * them in the same way, so that what it adds itself is the same for all.
 */
struct bench_side {
	const char *name;

	struct drm_device *(*init)(struct device *parent);
	void (*fini)(void);

	/* With an mmap offset, which upstream always has, or as the library makes it. */
	struct drm_gem_object *(*create)(size_t size, bool offset);
	/* Pages and device map. */
	int (*populate)(struct drm_gem_object *gem);
	struct page *(*page)(struct drm_gem_object *gem, pgoff_t index);
	/* What a driver calls when the device has written to all of an object. */
	void (*mark_dirty)(struct drm_gem_object *gem);
	int (*pin)(struct drm_gem_object *gem);
	void (*unpin)(struct drm_gem_object *gem);

	/* What follows is missing where there is no reclaim. */

	/* One object, without the shrinker and without writing to swap. */
	int (*evict)(struct drm_gem_object *gem);
	/* In the one VM that there is; the object has pages. */
	void (*gpu_map)(struct drm_gem_object *gem, bool map);
	unsigned long (*scan)(unsigned long nr_to_scan);
	unsigned long (*count)(void);
};

extern const struct bench_side bench_ours, bench_shmem, bench_peer;

/* The peer's way to find out whether an object is busy: wait as panthor does, or look. */
extern bool bench_peer_waits;

/* A VM, as far as it is locked when an object is unmapped from it. */
struct bench_vm_locks {
	struct dma_resv resv;
	/* what panthor has for the page tables of a VM */
	struct mutex op_lock;
};

void bench_vm_locks_init(struct bench_vm_locks *locks);
void bench_vm_locks_fini(struct bench_vm_locks *locks);
struct drm_device *bench_drm_device(struct device *parent, const struct drm_driver *driver);

#endif /* _GEM_PAGES_BENCH_H_ */
