/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __MSM_GEM_OBJECT_H__
#define __MSM_GEM_OBJECT_H__

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/types.h>

#include <drm/drm_gem.h>
#include <drm/drm_gem_pages.h>
#include <drm/drm_gem_pages_gpuvm.h>
#include <drm/drm_gem_pages_shrinker.h>

struct drm_device;
struct drm_gpuva;

/**
 * struct msm_gem_object - buffer object
 *
 * Pages, mappings and reclaim are the library's, see drm_gem_pages.h.
 */
struct msm_gem_object {
	union {
		/** @base: the GEM object, as most of the driver knows it */
		struct drm_gem_object base;

		/** @pages: the same as an object of the library */
		struct drm_gem_pages_object pages;
	};

	/** @flags: MSM_BO_x */
	u32 flags;

	/**
	 * @madv: MSM_MADV_x, or __MSM_MADV_PURGED, from which there is no way back.
	 * Protected by the reservation lock.
	 */
	u8 madv;

	/** @vmap_count: uses of @vaddr, protected by the reservation lock */
	unsigned int vmap_count;

	/** @vaddr: kernel mapping, NULL while the driver does not use it */
	void *vaddr;

	/** @resv_owner: object that @base.resv is part of, with a reference, or NULL */
	struct drm_gem_object *resv_owner;

	/** @node: in the list of all objects, protected by &msm_drm_private.obj_lock */
	struct list_head node;

	/** @name: for debugfs and dumps */
	char name[32];

	/** @metadata: what user space attached, protected by the reservation lock */
	void *metadata;

	/** @metadata_size: bytes */
	u32 metadata_size;

	/**
	 * @vma_ref: handles, dma-bufs and framebuffers in use, all of which keep the
	 * object. Without them the mapping in the VM of the display, which keeps it as
	 * well, goes away.
	 */
	atomic_t vma_ref;
};

#define to_msm_bo(x) container_of(x, struct msm_gem_object, base)

struct drm_gem_object *msm_gem_create_object(struct drm_device *dev, size_t size);
int __must_check msm_gem_get_pages_locked(struct drm_gem_object *obj, unsigned int madv);
void msm_gem_may_write_locked(struct drm_gem_object *obj, u64 offset, u64 size);
void msm_gem_account(struct drm_gem_object *obj, bool resident);

static inline void msm_gem_vma_changed_locked(struct drm_gem_object *obj)
{
	if (obj)
		drm_gem_pages_gpuvm_update_locked(&to_msm_bo(obj)->pages);
}

#endif /* __MSM_GEM_OBJECT_H__ */
