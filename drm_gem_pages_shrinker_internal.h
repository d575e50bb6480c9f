/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_PAGES_SHRINKER_INTERNAL_H_
#define _DRM_GEM_PAGES_SHRINKER_INTERNAL_H_

/*
 * What the shrinker, what shows it to the outside, and their tests share.
 */

#include <linux/atomic.h>
#include <linux/notifier.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/drm_gem_pages_shrinker.h>

#include "drm_gem_pages_internal.h"

struct shrinker;

/* What a scan must be allowed to do before it can reclaim an object. */
enum drm_gem_pages_needs {
	DRM_GEM_PAGES_NEEDS_IO = BIT(0),	/* wait for what is being written to swap */
	DRM_GEM_PAGES_NEEDS_FS = BIT(1),	/* zap user mappings */
	DRM_GEM_PAGES_NEEDS_ALL = BIT(2) - 1,
};

struct drm_gem_pages_shrinker {
	struct drm_device *dev;
	const struct drm_gem_pages_shrinker_ops *ops;
	/* While it is held, the next one stays: what it was registered as, or NULL. */
	struct rw_semaphore alive;
	struct shrinker *shrinker;
	struct notifier_block vmap_notifier;
	struct list_head node;
	struct rcu_head rcu;

	/* advances with each use of a VM */
	atomic64_t clock;

	/*
	 * Protects all that follows, and the class and the place of each object. A
	 * leaf; taken with interrupts off because anybody may drop the last pin.
	 */
	spinlock_t lock;
	struct drm_gem_pages_lru lru[DRM_GEM_PAGES_CLASSES];
	unsigned long count[DRM_GEM_PAGES_CLASSES];
	unsigned long pages[DRM_GEM_PAGES_CLASSES][DRM_GEM_PAGES_NEEDS_ALL + 1];
	/* VMs that have objects, least recently used first; see sort_vms() */
	struct list_head vms;
	unsigned long vm_count;
	struct list_head idle_vmaps;

	/* All objects, for debugfs. */
	spinlock_t objects_lock;
	struct list_head objects;
	unsigned long last_freed;
};

unsigned long drm_gem_pages_shrinker_count(struct drm_gem_pages_shrinker *shrinker, gfp_t gfp);
unsigned long drm_gem_pages_shrinker_scan(struct drm_gem_pages_shrinker *shrinker, gfp_t gfp,
					  unsigned long target, unsigned long *passed);
unsigned long drm_gem_pages_shrinker_reclaim(struct drm_gem_pages_shrinker *shrinker, gfp_t gfp,
					     unsigned long target);
unsigned long drm_gem_pages_pages_in(struct drm_gem_pages_shrinker *shrinker,
				     enum drm_gem_pages_class class, unsigned int allowed);
unsigned long drm_gem_pages_swap_space(gfp_t gfp);
void drm_gem_pages_debugfs_init(struct drm_gem_pages_shrinker *shrinker);

#endif /* _DRM_GEM_PAGES_SHRINKER_INTERNAL_H_ */
