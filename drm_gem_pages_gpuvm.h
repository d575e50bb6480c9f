/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_PAGES_GPUVM_H_
#define _DRM_GEM_PAGES_GPUVM_H_

#include <linux/types.h>

#include <drm/drm_gem_pages_shrinker.h>

struct drm_exec;
struct drm_gpuva;
struct drm_gpuvm;
struct drm_gpuvm_bo;

/**
 * struct drm_gem_pages_gpuvm_ops - what reclaim needs from a driver with drm_gpuvm
 *
 * The library takes the locks of all VMs that map an object, and keeps drm_gpuvm's
 * lists; the driver edits page tables. It sets &drm_gem_pages_shrinker_ops.unmap to
 * drm_gem_pages_gpuvm_unmap() and &drm_gem_pages_shrinker_ops.gpuvm to these, calls
 * drm_gem_pages_gpuvm_validate() in &drm_gpuvm_ops.vm_bo_validate, and
 * drm_gem_pages_gpuvm_update_locked() after it linked or unlinked a
 * &struct drm_gpuva. The flag of drm_gpuva_invalidate() tells which of them are not in
 * the page tables; what drm_gpuva_remap() leaves of one has to get it from the driver.
 */
struct drm_gem_pages_gpuvm_ops {
	/** @vm: Optional. What reclaim knows of a VM. */
	struct drm_gem_pages_vm *(*vm)(struct drm_gpuvm *gpuvm);

	/**
	 * @trylock: Optional. Take the lock that protects the page tables of a VM, if
	 * its reservation lock is not enough, and return true if that succeeds.
	 */
	bool (*trylock)(struct drm_gpuvm *gpuvm);

	/** @unlock: Undo @trylock. */
	void (*unlock)(struct drm_gpuvm *gpuvm);

	/**
	 * @unmap: Remove one mapping from the page tables and flush the TLBs. From
	 * reclaim, with all locks held; allocates nothing. Returns 0 or a negative
	 * error code if it is still there.
	 */
	int (*unmap)(struct drm_gpuva *va);

	/**
	 * @map: Write the mappings of an object in a VM to the page tables again, of
	 * those for which drm_gpuva_invalidated() is true, and clear that. The sg
	 * table is there. The reservation locks of object and VM are held, no others.
	 * Returns 0 or a negative error code.
	 */
	int (*map)(struct drm_gpuvm_bo *vm_bo, struct sg_table *sgt);
};

void drm_gem_pages_gpuvm_update_locked(struct drm_gem_pages_object *obj);
int drm_gem_pages_gpuvm_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec);

/* &drm_gem_pages_shrinker_ops.unmap of a driver with drm_gpuvm */
int drm_gem_pages_gpuvm_unmap(struct drm_gem_pages_object *obj);

#endif /* _DRM_GEM_PAGES_GPUVM_H_ */
