/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_PAGES_SHRINKER_H_
#define _DRM_GEM_PAGES_SHRINKER_H_

#include <linux/list.h>
#include <linux/types.h>

#include <drm/drm_gem_pages.h>

struct drm_device;
struct drm_file;
struct drm_gem_pages_shrinker;
struct drm_printer;

/**
 * struct drm_gem_pages_shrinker_ops - what reclaim needs from a driver
 *
 * A driver whose device has no page tables of its own needs none of them. All but
 * @resident are called with the reservation lock of the object held, mostly from memory
 * reclaim: they take locks with trylock only and allocate nothing that enters reclaim.
 */
struct drm_gem_pages_shrinker_ops {
	/**
	 * @busy: Optional. Is the device using the object, though all fences of its
	 * reservation object have signalled?
	 */
	bool (*busy)(struct drm_gem_pages_object *obj);

	/**
	 * @unmap: Remove the object from all page tables of the device, and flush its
	 * TLBs. Returns 0, -EDEADLK if a lock is not free, or another negative error
	 * code; the object then stays, and may be unmapped in part. To find out that
	 * it cannot be done comes before doing a part of it. Called for each object
	 * that is about to lose its pages, mapped or not. It tells the library what
	 * has become of the mappings with drm_gem_pages_set_gpu_mapped_locked().
	 *
	 * User mappings are zapped after it has returned, so it may take locks that
	 * are taken on the way to signalling a fence.
	 */
	int (*unmap)(struct drm_gem_pages_object *obj);

	/**
	 * @map: Optional. Map the object again where @unmap removed it. Called by
	 * drm_gem_pages_validate_locked(), so outside of reclaim: it may allocate.
	 * Returns 0, or a negative error code that the caller passes on.
	 */
	int (*map)(struct drm_gem_pages_object *obj);

	/** @purged: Optional. The content of the object is gone for good. */
	void (*purged)(struct drm_gem_pages_object *obj);

	/**
	 * @resident: Optional. The object has got its pages, or, if @resident is false,
	 * is about to lose them. For drivers that account for memory. Without the
	 * reservation lock if the object is being freed; takes no lock that is held
	 * around an allocation, and does not sleep.
	 */
	void (*resident)(struct drm_gem_pages_object *obj, bool resident);

	/** @gpuvm: for drm_gem_pages_gpuvm_unmap() */
	const struct drm_gem_pages_gpuvm_ops *gpuvm;
};

int __must_check drm_gem_pages_shrinker_register(struct drm_device *dev,
						 const struct drm_gem_pages_shrinker_ops *ops);
void drm_gem_pages_shrinker_unregister(struct drm_device *dev);
unsigned long drm_gem_pages_evict_all(struct drm_device *dev);

/* private: a list of objects in the order in which they are to be reclaimed */
struct drm_gem_pages_lru {
	struct list_head objects;
	unsigned long count;
};

/* public: */

/**
 * struct drm_gem_pages_vm - a VM of the device, as reclaim sees it
 *
 * For drivers with many VMs: objects that are mapped in one VM only are reclaimed
 * VM by VM, starting with the one that was used least recently. A driver embeds it
 * in its own VM. All of it is private to the library.
 */
struct drm_gem_pages_vm {
	/* private: */
	struct drm_gem_pages_shrinker *shrinker;
	struct drm_gem_pages_lru lru;
	unsigned long objects;
	struct list_head node;
	u64 used;
	u64 placed;
};

void drm_gem_pages_vm_init(struct drm_gem_pages_vm *vm, struct drm_device *dev);
void drm_gem_pages_vm_fini(struct drm_gem_pages_vm *vm);
void drm_gem_pages_vm_used(struct drm_gem_pages_vm *vm);

void drm_gem_pages_set_gpu_mapped_locked(struct drm_gem_pages_object *obj, unsigned int vms,
					 struct drm_gem_pages_vm *vm);
int __must_check drm_gem_pages_validate_locked(struct drm_gem_pages_object *obj);

/**
 * enum drm_gem_pages_advice - what user space says about an object's content
 */
enum drm_gem_pages_advice {
	/** @DRM_GEM_PAGES_WILLNEED: it is needed; so it is at first */
	DRM_GEM_PAGES_WILLNEED,

	/** @DRM_GEM_PAGES_DONTNEED: it may be thrown away when memory is short */
	DRM_GEM_PAGES_DONTNEED,
};

int drm_gem_pages_madvise(struct drm_gem_pages_object *obj, enum drm_gem_pages_advice advice);
int drm_gem_pages_madvise_locked(struct drm_gem_pages_object *obj,
				 enum drm_gem_pages_advice advice);

/* To be seen from outside */
int drm_gem_pages_set_label(struct drm_gem_pages_object *obj, const char *label);
void drm_gem_pages_print_label(struct drm_printer *p, struct drm_gem_pages_object *obj);
void drm_gem_pages_show_memory(struct drm_printer *p, struct drm_file *file);

#endif /* _DRM_GEM_PAGES_SHRINKER_H_ */
