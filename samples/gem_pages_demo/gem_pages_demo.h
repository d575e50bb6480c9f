/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _GEM_PAGES_DEMO_H_
#define _GEM_PAGES_DEMO_H_

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include <drm/drm_device.h>
#include <drm/drm_gem_pages.h>
#include <drm/drm_gem_pages_shrinker.h>

struct demo_device {
	struct drm_device drm;

	/* Jobs whose fences wait until debugfs says that the device goes on. */
	spinlock_t lock;
	bool hold;
	struct list_head held;
};

struct demo_object {
	struct drm_gem_pages_object base;

	/* Where the device maps it, protected by the reservation lock. */
	struct list_head mappings;
};

/* The VM of the device that a client has. */
struct demo_vm {
	struct drm_gem_pages_vm reclaim;
	/* Taken before the reservation lock of an object. */
	struct mutex lock;
	struct list_head mappings;
	/* Protects the page table. The device itself holds it when it handles faults. */
	struct mutex table_lock;
};

#define to_demo_device(_drm) container_of(_drm, struct demo_device, drm)
#define to_demo_object(_obj) container_of(_obj, struct demo_object, base)

extern const struct drm_gem_pages_shrinker_ops demo_shrinker_ops;

void demo_gpu_init(struct demo_device *demo);
void demo_gpu_fini(struct demo_device *demo);
int demo_open(struct drm_device *dev, struct drm_file *file);
void demo_postclose(struct drm_device *dev, struct drm_file *file);
int demo_map_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int demo_run_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int demo_madvise_ioctl(struct drm_device *dev, void *data, struct drm_file *file);

#endif /* _GEM_PAGES_DEMO_H_ */
