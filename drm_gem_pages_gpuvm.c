// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include <drm/drm_gem_pages_gpuvm.h>
#include <drm/drm_gpuvm.h>

#include "drm_gem_pages_shrinker_internal.h"

/**
 * DOC: gpuvm
 *
 * For drivers whose VMs are a &struct drm_gpuvm, everything about reclaim but the page
 * tables is here. To evict an object takes &drm_gem_object.gpuva.lock, the reservation
 * locks of all VMs that map it, which keeps jobs away, and what protects their page
 * tables. Elsewhere these nest the other way round, or memory is allocated under them,
 * so they are only tried, and all of them before any page table changes. A VM may share
 * its reservation lock with the object, or with another VM; each is taken once.
 */

/* NULL if the device has no shrinker. */
static const struct drm_gem_pages_gpuvm_ops *ops_of(struct drm_gem_object *gem)
{
	struct drm_gem_pages_shrinker *shrinker = drm_gem_pages_shrinker_of(gem->dev);

	return shrinker ? shrinker->ops->gpuvm : NULL;
}

/* Two locks of each VM are held at once, and lockdep has room for 48 of a task. */
#define LOCKDEP_VMS	16

/* Whether the lock of @vm_bo's VM is the object's, or that of a VM before it. */
static bool shares_lock(struct drm_gem_object *gem, struct drm_gpuvm_bo *vm_bo)
{
	struct dma_resv *resv = drm_gpuvm_resv(vm_bo->vm);
	struct drm_gpuvm_bo *other;

	if (resv == gem->resv)
		return true;
	drm_gem_for_each_gpuvm_bo(other, gem) {
		if (other == vm_bo)
			break;
		if (drm_gpuvm_resv(other->vm) == resv)
			return true;
	}
	return false;
}

/* Unlock the VMs before @end, or all of them. */
static void unlock_vms(struct drm_gem_object *gem, struct drm_gpuvm_bo *end)
{
	struct drm_gpuvm_bo *vm_bo;

	drm_gem_for_each_gpuvm_bo(vm_bo, gem) {
		if (vm_bo == end)
			break;
		if (!shares_lock(gem, vm_bo))
			dma_resv_unlock(drm_gpuvm_resv(vm_bo->vm));
	}
}

static bool trylock_vms(struct drm_gem_object *gem)
{
	struct drm_gpuvm_bo *vm_bo;

	drm_gem_for_each_gpuvm_bo(vm_bo, gem) {
		if (shares_lock(gem, vm_bo))
			continue;
		if (!dma_resv_trylock(drm_gpuvm_resv(vm_bo->vm))) {
			unlock_vms(gem, vm_bo);
			return false;
		}
	}
	return true;
}

/* The same for page tables. */
static void unlock_tables(struct drm_gem_object *gem, struct drm_gpuvm_bo *end)
{
	const struct drm_gem_pages_gpuvm_ops *ops = ops_of(gem);
	struct drm_gpuvm_bo *vm_bo;

	if (!ops->unlock)
		return;
	drm_gem_for_each_gpuvm_bo(vm_bo, gem) {
		if (vm_bo == end)
			break;
		ops->unlock(vm_bo->vm);
	}
}

static bool trylock_tables(struct drm_gem_object *gem)
{
	const struct drm_gem_pages_gpuvm_ops *ops = ops_of(gem);
	struct drm_gpuvm_bo *vm_bo;

	if (!ops->trylock)
		return true;
	drm_gem_for_each_gpuvm_bo(vm_bo, gem) {
		if (!ops->trylock(vm_bo->vm)) {
			unlock_tables(gem, vm_bo);
			return false;
		}
	}
	return true;
}

/*
 * If this fails half way the VM takes the whole object for evicted, so the next job
 * has it validated, which maps again what was unmapped.
 */
static int unmap_vm_bo(const struct drm_gem_pages_gpuvm_ops *ops, struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuva *va;
	int ret;

	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (drm_gpuva_invalidated(va))
			continue;
		if (!vm_bo->evicted)
			drm_gpuvm_bo_evict(vm_bo, true);
		ret = ops->unmap(va);
		if (ret)
			return ret;
		drm_gpuva_invalidate(va, true);
	}
	return 0;
}

/**
 * drm_gem_pages_gpuvm_unmap - &drm_gem_pages_shrinker_ops.unmap with drm_gpuvm
 * @obj: object
 *
 * Removes all mappings in all VMs and marks them as evicted, so that
 * drm_gpuvm_validate() asks for them.
 *
 * Context: Holds the reservation lock. Only tries to take other locks.
 *
 * Return: 0, -EDEADLK if a lock is not free, or, in kernels with lockdep, if the object
 * is in more VMs than lockdep can follow (16), or what &drm_gem_pages_gpuvm_ops.unmap
 * answers.
 */
int drm_gem_pages_gpuvm_unmap(struct drm_gem_pages_object *obj)
{
	struct drm_gem_object *gem = &obj->base;
	struct drm_gpuvm_bo *vm_bo;
	int ret = -EDEADLK;

	if (!mutex_trylock(&gem->gpuva.lock))
		return ret;
	if (IS_ENABLED(CONFIG_LOCKDEP) && list_count_nodes(&gem->gpuva.list) > LOCKDEP_VMS)
		goto out_list;
	if (!trylock_vms(gem))
		goto out_list;
	if (!trylock_tables(gem))
		goto out_vms;

	ret = 0;
	drm_gem_for_each_gpuvm_bo(vm_bo, gem) {
		ret = unmap_vm_bo(ops_of(gem), vm_bo);
		if (ret)
			break;
	}

	/* Under the lock, so that nobody's later news come first. */
	drm_gem_pages_gpuvm_update_locked(obj);
	unlock_tables(gem, NULL);
out_vms:
	unlock_vms(gem, NULL);
out_list:
	mutex_unlock(&gem->gpuva.lock);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_gpuvm_unmap);

static bool is_mapped(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuva *va;

	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (!drm_gpuva_invalidated(va))
			return true;
	}
	return false;
}

/**
 * drm_gem_pages_gpuvm_update_locked - see where the device maps an object
 * @obj: object of which a mapping was linked, unlinked or validated
 *
 * See drm_gem_pages_set_gpu_mapped_locked().
 *
 * Context: Holds &drm_gem_object.gpuva.lock if the VMs are in immediate mode, else the
 * reservation lock. Does not sleep.
 */
void drm_gem_pages_gpuvm_update_locked(struct drm_gem_pages_object *obj)
{
	const struct drm_gem_pages_gpuvm_ops *ops = ops_of(&obj->base);
	struct drm_gem_object *gem = &obj->base;
	struct drm_gpuvm *gpuvm = NULL;
	struct drm_gpuvm_bo *vm_bo;
	unsigned int vms = 0;

	drm_gem_for_each_gpuvm_bo(vm_bo, gem) {
		if (!is_mapped(vm_bo))
			continue;
		gpuvm = vm_bo->vm;
		vms++;
	}
	drm_gem_pages_set_gpu_mapped_locked(obj, vms, gpuvm && ops && ops->vm ?
					    ops->vm(gpuvm) : NULL);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_gpuvm_update_locked);

/**
 * drm_gem_pages_gpuvm_validate - &drm_gpuvm_ops.vm_bo_validate
 * @vm_bo: object in a VM, evicted
 * @exec: what locked the object and the VM
 *
 * Gives the object its pages and its device map, has the driver map it in this VM
 * again, and takes it off the list of evicted ones.
 *
 * Context: Holds the reservation locks of object and VM, takes
 * &drm_gem_object.gpuva.lock. May sleep and enter memory reclaim.
 *
 * Return: 0, -EINVAL if the device has no shrinker or that no
 * &drm_gem_pages_shrinker_ops.gpuvm, as drm_gem_pages_sgt_locked(), or what
 * &drm_gem_pages_gpuvm_ops.map answers.
 */
int drm_gem_pages_gpuvm_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(vm_bo->obj);
	const struct drm_gem_pages_gpuvm_ops *ops = ops_of(vm_bo->obj);
	struct drm_gem_object *gem = vm_bo->obj;
	struct sg_table *sgt;
	int ret;

	if (!ops)
		return -EINVAL;
	sgt = drm_gem_pages_sgt_locked(obj);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);

	ret = ops->map(vm_bo, sgt);

	/* Also after a failure: some mappings may be there. */
	scoped_guard(mutex, &gem->gpuva.lock)
		drm_gem_pages_gpuvm_update_locked(obj);
	if (!ret)
		drm_gpuvm_bo_evict(vm_bo, false);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_gpuvm_validate);

MODULE_DESCRIPTION("GEM objects made of pages: reclaim for drivers with drm_gpuvm");
MODULE_LICENSE("GPL");
