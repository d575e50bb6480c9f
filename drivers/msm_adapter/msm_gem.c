// SPDX-License-Identifier: GPL-2.0

#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/iosys-map.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <drm/drm_dumb_buffers.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gpuvm.h>
#include <drm/drm_print.h>

#include <trace/events/gpu_mem.h>

#include "msm_drv.h"
#include "msm_gem.h"
#include "msm_gpu.h"
#include "msm_kms.h"

static struct drm_gem_pages_object *pages_of(struct drm_gem_object *obj)
{
	return &to_msm_bo(obj)->pages;
}

/*
 * Memory, as the system hears of it
 */

/**
 * msm_gem_account - count the memory of an object in or out
 * @obj: object
 * @resident: whether it has got its pages, or loses them
 *
 * Context: Any.
 */
void msm_gem_account(struct drm_gem_object *obj, bool resident)
{
	struct msm_drm_private *priv = obj->dev->dev_private;
	s64 bytes = resident ? obj->size : -(s64)obj->size;

	trace_gpu_mem_total(0, 0, atomic64_add_return(bytes, &priv->total_mem));
}

/* What a client has handles of counts as its own, resident or not. */
static void account_client(struct drm_file *file, s64 bytes)
{
	struct msm_context *ctx = file->driver_priv;
	u64 total = atomic64_add_return(bytes, &ctx->ctx_mem);

	guard(rcu)();
	trace_gpu_mem_total(0, pid_nr(rcu_dereference(file->pid)), total);
}

/*
 * Mappings of the GPU and the display
 */

/*
 * The mapping of @obj in a VM of which the kernel chooses the addresses; there is one
 * at most.
 */
static struct drm_gpuva *find_mapping(struct drm_gem_object *obj, struct drm_gpuvm *vm)
{
	struct drm_gpuvm_bo *vm_bo;

	msm_gem_assert_locked(obj);

	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		if (vm_bo->vm != vm || list_empty(&vm_bo->list.gpuva))
			continue;
		GEM_WARN_ON(!list_is_singular(&vm_bo->list.gpuva));
		return list_first_entry(&vm_bo->list.gpuva, struct drm_gpuva, gem.entry);
	}
	return NULL;
}

static struct drm_gpuva *find_or_make_mapping(struct drm_gem_object *obj, struct drm_gpuvm *vm,
					      u64 start, u64 end)
{
	struct drm_gpuva *vma = find_mapping(obj, vm);

	if (!vma)
		return msm_gem_vma_new(vm, obj, 0, start, end);

	GEM_WARN_ON(vma->va.addr < start || vma->va.addr + obj->size > end);
	return vma;
}

/* Remove all mappings of @obj in @vm, addresses included. */
static void close_vmas(struct drm_gem_object *obj, struct drm_gpuvm *vm, const char *reason)
{
	struct drm_gpuvm_bo *vm_bo, *next_bo;
	struct drm_gpuva *vma, *next;

	msm_gem_assert_locked(obj);

	drm_gem_for_each_gpuvm_bo_safe(vm_bo, next_bo, obj) {
		if (vm_bo->vm != vm)
			continue;
		/* It ends with its last mapping. */
		drm_gpuvm_bo_get(vm_bo);
		drm_gpuvm_bo_for_each_va_safe(vma, next, vm_bo) {
			msm_gem_vma_unmap(vma, reason);
			msm_gem_vma_close(vma);
		}
		drm_gpuvm_bo_put(vm_bo);
	}
}

static struct drm_gpuvm *display_vm(struct drm_device *dev)
{
#ifdef CONFIG_DRM_MSM_KMS
	struct msm_drm_private *priv = dev->dev_private;

	return priv->kms ? priv->kms->vm : NULL;
#else
	return NULL;
#endif
}

/**
 * msm_gem_vma_get - keep the mapping in the VM of the display
 * @obj: object, of which the caller holds a reference
 *
 * Context: Any.
 */
void msm_gem_vma_get(struct drm_gem_object *obj)
{
	atomic_inc(&to_msm_bo(obj)->vma_ref);
}

/**
 * msm_gem_vma_put - undo msm_gem_vma_get()
 * @obj: object
 *
 * Context: Takes the reservation locks of object and VM.
 */
void msm_gem_vma_put(struct drm_gem_object *obj)
{
	struct drm_gpuvm *vm = display_vm(obj->dev);
	struct msm_gem_object *msm_obj = to_msm_bo(obj);
	struct drm_exec exec;

	if (!atomic_dec_and_test(&msm_obj->vma_ref) || !vm)
		return;

	/* Somebody may have come back meanwhile, and be showing it. */
	if (!msm_gem_lock_vm_and_obj(&exec, obj, vm) && !atomic_read(&msm_obj->vma_ref))
		close_vmas(obj, vm, "vma_put");
	drm_exec_fini(&exec);
}

/**
 * msm_gem_prot - what a mapping of an object lets a device do
 * @obj: object
 *
 * Context: Any.
 *
 * Return: IOMMU_x
 */
int msm_gem_prot(struct drm_gem_object *obj)
{
	u32 flags = to_msm_bo(obj)->flags;

	return IOMMU_READ |
	       (flags & MSM_BO_GPU_READONLY ? 0 : IOMMU_WRITE) |
	       (flags & MSM_BO_MAP_PRIV ? IOMMU_PRIV : 0) |
	       (flags & MSM_BO_CACHED_COHERENT ? IOMMU_CACHE : 0);
}

/**
 * msm_gem_may_write_locked - note what a mapping lets a device change
 * @obj: object, resident
 * @offset: first byte that is mapped
 * @size: bytes
 *
 * To be called for each mapping that gets into page tables, the first time or after
 * an eviction. What only read-only mappings cover stays clean.
 *
 * Context: Holds the reservation lock.
 */
void msm_gem_may_write_locked(struct drm_gem_object *obj, u64 offset, u64 size)
{
	if (msm_gem_prot(obj) & IOMMU_WRITE)
		GEM_WARN_ON(drm_gem_pages_mark_dirty_locked(pages_of(obj), offset, size));
}

/**
 * msm_gem_get_vma_locked - find or make the mapping of an object in a VM
 * @obj: object
 * @vm: VM of which the kernel chooses the addresses
 *
 * Context: Holds the reservation locks of object and VM. May sleep and enter memory
 * reclaim.
 *
 * Return: the mapping, which need not be in the page tables, or as msm_gem_vma_new().
 */
struct drm_gpuva *msm_gem_get_vma_locked(struct drm_gem_object *obj, struct drm_gpuvm *vm)
{
	return find_or_make_mapping(obj, vm, 0, U64_MAX);
}

/**
 * msm_gem_pin_vma_locked - write a mapping to the page tables
 * @obj: object
 * @vma: its mapping
 *
 * Gives the object its pages. They stay for as long as the lock is held, then it takes
 * a pin or a fence.
 *
 * Context: Holds the reservation locks of object and VM. May sleep and enter memory
 * reclaim.
 *
 * Return: 0, as msm_gem_get_pages_locked(), or as msm_gem_vma_map().
 */
int msm_gem_pin_vma_locked(struct drm_gem_object *obj, struct drm_gpuva *vma)
{
	int ret;

	ret = msm_gem_get_pages_locked(obj, MSM_MADV_WILLNEED);
	if (ret || !drm_gpuva_invalidated(vma))
		return ret;

	msm_gem_may_write_locked(obj, vma->gem.offset, vma->va.range);
	return msm_gem_vma_map(vma, msm_gem_prot(obj), drm_gem_pages_peek_sgt(pages_of(obj)));
}

static int pin_iova_locked(struct drm_gem_object *obj, struct drm_gpuvm *vm, u64 *iova,
			   u64 start, u64 end)
{
	bool was_there = find_mapping(obj, vm);
	struct drm_gpuva *vma;
	int ret;

	if (to_msm_bo(obj)->flags & MSM_BO_NO_SHARE)
		return -EINVAL;

	vma = find_or_make_mapping(obj, vm, start, end);
	if (IS_ERR(vma))
		return PTR_ERR(vma);

	ret = msm_gem_pin_vma_locked(obj, vma) ?: drm_gem_pages_pin_locked(pages_of(obj));
	if (!ret)
		*iova = vma->va.addr;
	else if (!was_there)	/* It has a reference, so the object would never end. */
		close_vmas(obj, vm, "failed");
	return ret;
}

/**
 * msm_gem_get_and_pin_iova_range - map an object for good, within some addresses
 * @obj: object
 * @vm: VM of which the kernel chooses the addresses
 * @iova: where to put the address
 * @range_start: first address
 * @range_end: first address beyond
 *
 * Context: Takes the reservation locks of object and VM. May sleep and enter memory
 * reclaim.
 *
 * Return: 0, -EINVAL if the object is not shareable, -ENOSPC if there is no address,
 * as msm_gem_get_pages_locked(), or as msm_gem_vma_map().
 */
int msm_gem_get_and_pin_iova_range(struct drm_gem_object *obj, struct drm_gpuvm *vm,
				   u64 *iova, u64 range_start, u64 range_end)
{
	struct drm_exec exec;
	int ret;

	ret = msm_gem_lock_vm_and_obj(&exec, obj, vm);
	if (!ret)
		ret = pin_iova_locked(obj, vm, iova, range_start, range_end);
	drm_exec_fini(&exec);
	return ret;
}

/**
 * msm_gem_get_and_pin_iova - map an object for good
 * @obj: object
 * @vm: VM of which the kernel chooses the addresses
 * @iova: where to put the address
 *
 * Context: as msm_gem_get_and_pin_iova_range().
 *
 * Return: as msm_gem_get_and_pin_iova_range().
 */
int msm_gem_get_and_pin_iova(struct drm_gem_object *obj, struct drm_gpuvm *vm, u64 *iova)
{
	return msm_gem_get_and_pin_iova_range(obj, vm, iova, 0, U64_MAX);
}

/**
 * msm_gem_unpin_iova - undo msm_gem_get_and_pin_iova()
 * @obj: object
 * @vm: VM
 *
 * The display is likely to use its mapping again; it stays until the object is evicted
 * or nobody can show it any more.
 *
 * Context: Takes the reservation locks of object and VM.
 */
void msm_gem_unpin_iova(struct drm_gem_object *obj, struct drm_gpuvm *vm)
{
	struct drm_exec exec;

	if (!msm_gem_lock_vm_and_obj(&exec, obj, vm)) {
		if (find_mapping(obj, vm))
			drm_gem_pages_unpin(pages_of(obj));
		if (vm != display_vm(obj->dev))
			close_vmas(obj, vm, "close");
	}
	drm_exec_fini(&exec);
}

/**
 * msm_gem_get_iova - address of an object, mapped or not
 * @obj: object
 * @vm: VM of which the kernel chooses the addresses
 * @iova: where to put the address, which stays the same as long as the mapping
 *
 * Context: Takes the reservation locks of object and VM. May sleep and enter memory
 * reclaim.
 *
 * Return: 0, or as msm_gem_vma_new().
 */
int msm_gem_get_iova(struct drm_gem_object *obj, struct drm_gpuvm *vm, u64 *iova)
{
	struct drm_gpuva *vma;
	struct drm_exec exec;
	int ret;

	ret = msm_gem_lock_vm_and_obj(&exec, obj, vm);
	if (!ret) {
		vma = find_or_make_mapping(obj, vm, 0, U64_MAX);
		if (IS_ERR(vma))
			ret = PTR_ERR(vma);
		else
			*iova = vma->va.addr;
	}
	drm_exec_fini(&exec);
	return ret;
}

static int set_iova_locked(struct drm_gem_object *obj, struct drm_gpuvm *vm, u64 iova)
{
	struct drm_gpuva *vma;

	if (!iova) {
		close_vmas(obj, vm, NULL);
		return 0;
	}

	vma = find_or_make_mapping(obj, vm, iova, iova + obj->size);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if (!GEM_WARN_ON(vma->va.addr != iova))
		return 0;
	close_vmas(obj, vm, NULL);
	return -EBUSY;
}

/**
 * msm_gem_set_iova - choose the address of an object
 * @obj: object
 * @vm: VM
 * @iova: the address, or 0 to have the mapping removed
 *
 * Context: Takes the reservation locks of object and VM. May sleep and enter memory
 * reclaim.
 *
 * Return: 0, -EBUSY if the object has another address, or as msm_gem_vma_new().
 */
int msm_gem_set_iova(struct drm_gem_object *obj, struct drm_gpuvm *vm, u64 iova)
{
	struct drm_exec exec;
	int ret;

	ret = msm_gem_lock_vm_and_obj(&exec, obj, vm);
	if (!ret)
		ret = set_iova_locked(obj, vm, iova);
	drm_exec_fini(&exec);
	return ret;
}

/*
 * Pages
 */

/* Content that may be gone, or is, is not for use. */
static int check_advice(struct drm_gem_object *obj, unsigned int madv)
{
	msm_gem_assert_locked(obj);
	return to_msm_bo(obj)->madv > madv ? -EBUSY : 0;
}

/**
 * msm_gem_get_pages_locked - give an object its pages and its sg table
 * @obj: object
 * @madv: MSM_MADV_WILLNEED, or MSM_MADV_DONTNEED if it may be purgeable
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: 0, -EBUSY if user space does not need the content or it is gone, or as
 * drm_gem_pages_sgt_locked().
 */
int msm_gem_get_pages_locked(struct drm_gem_object *obj, unsigned int madv)
{
	int ret;

	ret = check_advice(obj, madv);
	if (ret)
		return ret;
	return PTR_ERR_OR_ZERO(drm_gem_pages_sgt_locked(pages_of(obj)));
}

/**
 * msm_gem_pin_obj_locked - keep the pages of an object
 * @obj: object, resident
 *
 * Context: Holds the reservation lock.
 */
void msm_gem_pin_obj_locked(struct drm_gem_object *obj)
{
	GEM_WARN_ON(drm_gem_pages_pin_locked(pages_of(obj)));
}

/**
 * msm_gem_unpin_locked - undo msm_gem_pin_obj_locked()
 * @obj: object
 *
 * Context: Holds the reservation lock.
 */
void msm_gem_unpin_locked(struct drm_gem_object *obj)
{
	msm_gem_assert_locked(obj);
	drm_gem_pages_unpin(pages_of(obj));
}

/**
 * msm_gem_unpin_active - undo msm_gem_pin_obj_locked() when a job begins
 * @obj: object; the fence of the job keeps it from now on
 *
 * Context: Any, fence-signalling paths included.
 */
void msm_gem_unpin_active(struct drm_gem_object *obj)
{
	drm_gem_pages_unpin(pages_of(obj));
}

/**
 * msm_gem_active - tell whether something is using an object
 * @obj: object
 *
 * Context: Holds the reservation lock.
 *
 * Return: true if it is pinned or has an unsignalled fence.
 */
bool msm_gem_active(struct drm_gem_object *obj)
{
	msm_gem_assert_locked(obj);
	return drm_gem_pages_is_pinned(pages_of(obj)) ||
	       !dma_resv_test_signaled(obj->resv, DMA_RESV_USAGE_BOOKKEEP);
}

/**
 * msm_gem_madvise - take note of whether user space needs the content
 * @obj: object
 * @madv: MSM_MADV_WILLNEED or MSM_MADV_DONTNEED
 *
 * Context: Takes the reservation lock.
 *
 * Return: 1 if the content is retained, 0 if it is gone.
 */
int msm_gem_madvise(struct drm_gem_object *obj, unsigned int madv)
{
	struct msm_gem_object *msm_obj = to_msm_bo(obj);

	guard(drm_gem_pages)(&msm_obj->pages);
	if (msm_obj->madv != __MSM_MADV_PURGED) {
		msm_obj->madv = madv;
		/* An imported one is the exporter's to purge. It may purge at once. */
		if (!drm_gem_is_imported(obj))
			drm_gem_pages_madvise_locked(&msm_obj->pages,
						     madv == MSM_MADV_DONTNEED ?
						     DRM_GEM_PAGES_DONTNEED :
						     DRM_GEM_PAGES_WILLNEED);
	}
	return msm_obj->madv != __MSM_MADV_PURGED;
}

/*
 * Access by the CPU
 */

static void *get_vaddr(struct drm_gem_object *obj, unsigned int madv)
{
	struct msm_gem_object *msm_obj = to_msm_bo(obj);
	struct iosys_map map;
	int ret;

	if (drm_gem_is_imported(obj))
		return ERR_PTR(-ENODEV);

	ret = check_advice(obj, madv);
	if (ret)
		return ERR_PTR(ret);
	ret = drm_gem_pages_vmap_locked(&msm_obj->pages, &map);
	if (ret)
		return ERR_PTR(ret);

	msm_obj->vaddr = map.vaddr;
	msm_obj->vmap_count++;
	return map.vaddr;
}

/**
 * msm_gem_get_vaddr_locked - map an object for the kernel
 * @obj: object
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: the address, -ENODEV if the object is imported, -EBUSY if user space does
 * not need the content or it is gone, or as drm_gem_pages_vmap_locked().
 */
void *msm_gem_get_vaddr_locked(struct drm_gem_object *obj)
{
	return get_vaddr(obj, MSM_MADV_WILLNEED);
}

/**
 * msm_gem_get_vaddr - map an object for the kernel
 * @obj: object
 *
 * Context: Takes the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: as msm_gem_get_vaddr_locked().
 */
void *msm_gem_get_vaddr(struct drm_gem_object *obj)
{
	guard(drm_gem_pages)(pages_of(obj));
	return msm_gem_get_vaddr_locked(obj);
}

/**
 * msm_gem_get_vaddr_active - map an object of a job that hangs
 * @obj: object, which user space may have said it does not need
 *
 * For dumps only. The fence of the job keeps the content.
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: as msm_gem_get_vaddr_locked(), but -EBUSY only if the content is gone.
 */
void *msm_gem_get_vaddr_active(struct drm_gem_object *obj)
{
	return get_vaddr(obj, MSM_MADV_DONTNEED);
}

/**
 * msm_gem_put_vaddr_locked - undo msm_gem_get_vaddr_locked()
 * @obj: object
 *
 * Context: Holds the reservation lock.
 */
void msm_gem_put_vaddr_locked(struct drm_gem_object *obj)
{
	struct msm_gem_object *msm_obj = to_msm_bo(obj);
	struct iosys_map map = IOSYS_MAP_INIT_VADDR(msm_obj->vaddr);

	if (GEM_WARN_ON(!msm_obj->vmap_count))
		return;

	/* The library may drop what is idle. */
	if (!--msm_obj->vmap_count)
		msm_obj->vaddr = NULL;
	drm_gem_pages_vunmap_locked(&msm_obj->pages, &map);
}

/**
 * msm_gem_put_vaddr - undo msm_gem_get_vaddr()
 * @obj: object
 *
 * Context: Takes the reservation lock.
 */
void msm_gem_put_vaddr(struct drm_gem_object *obj)
{
	guard(drm_gem_pages)(pages_of(obj));
	msm_gem_put_vaddr_locked(obj);
}

/**
 * msm_gem_cpu_prep - wait until user space may access an object
 * @obj: object
 * @op: MSM_PREP_x
 * @timeout: when to give up
 *
 * Context: May sleep.
 *
 * Return: 0, -EBUSY if it may not and was not to wait, -ETIMEDOUT, -ERESTARTSYS.
 */
int msm_gem_cpu_prep(struct drm_gem_object *obj, u32 op, ktime_t *timeout)
{
	enum dma_resv_usage usage = dma_resv_usage_rw(op & MSM_PREP_WRITE);
	unsigned long wait = 0;
	long left;

	if (!(op & MSM_PREP_NOSYNC))
		wait = timeout_to_jiffies(timeout);
	if (op & MSM_PREP_BOOST)
		dma_resv_set_deadline(obj->resv, usage, ktime_get());

	left = dma_resv_wait_timeout(obj->resv, usage, true, wait);
	if (!left)
		return wait ? -ETIMEDOUT : -EBUSY;
	return min(left, 0L);
}

/**
 * msm_gem_cpu_fini - end what msm_gem_cpu_prep() began
 * @obj: object
 *
 * Context: Any.
 *
 * Return: 0.
 */
int msm_gem_cpu_fini(struct drm_gem_object *obj)
{
	return 0;
}

/*
 * Life of an object
 */

static int open_object(struct drm_gem_object *obj, struct drm_file *file)
{
	msm_gem_vma_get(obj);
	account_client(file, obj->size);
	return 0;
}

static void close_object(struct drm_gem_object *obj, struct drm_file *file)
{
	struct msm_context *ctx = file->driver_priv;
	struct drm_exec exec;

	account_client(file, -(s64)obj->size);
	msm_gem_vma_put(obj);

	/* With VM_BIND, user space unmaps, or the end of the VM does. */
	if (!ctx->vm || msm_context_is_vmbind(ctx))
		return;

	dma_resv_wait_timeout(obj->resv, DMA_RESV_USAGE_BOOKKEEP, false, MAX_SCHEDULE_TIMEOUT);
	if (!msm_gem_lock_vm_and_obj(&exec, obj, ctx->vm))
		close_vmas(obj, ctx->vm, "close");
	drm_exec_fini(&exec);
}

/* May be called by reclaim. A mapping in a VM has a reference, so there is none. */
static void free_object(struct drm_gem_object *obj)
{
	struct msm_gem_object *msm_obj = to_msm_bo(obj);
	struct msm_drm_private *priv = obj->dev->dev_private;
	struct drm_gem_object *resv_owner = msm_obj->resv_owner;

	/* One that never came to life is on no list. */
	if (!list_empty(&msm_obj->node)) {
		guard(mutex)(&priv->obj_lock);
		list_del(&msm_obj->node);
	}

	drm_gem_pages_release(&msm_obj->pages);
	kfree(msm_obj->metadata);
	kfree(msm_obj);
	/* The reservation lock goes last. */
	if (resv_owner)
		drm_gem_object_put(resv_owner);
}

static enum drm_gem_object_status object_status(struct drm_gem_object *obj)
{
	enum drm_gem_object_status status = drm_gem_pages_object_status(obj);

	status &= ~DRM_GEM_OBJECT_PURGEABLE;
	if (READ_ONCE(to_msm_bo(obj)->madv) == MSM_MADV_DONTNEED)
		status |= DRM_GEM_OBJECT_PURGEABLE;
	return status;
}

static const struct drm_gem_object_funcs object_funcs = {
	.free = free_object,
	.open = open_object,
	.close = close_object,
	.print_info = drm_gem_pages_object_print_info,
	.export = msm_gem_prime_export,
	.pin = msm_gem_prime_pin,
	.unpin = msm_gem_prime_unpin,
	.vmap = msm_gem_prime_vmap,
	.vunmap = msm_gem_prime_vunmap,
	.mmap = drm_gem_pages_object_mmap,
	.status = object_status,
	.vm_ops = &drm_gem_pages_vm_ops,
};

/**
 * msm_gem_create_object - &drm_driver.gem_create_object
 * @dev: DRM device
 * @size: bytes
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: an object that is not initialised yet, or -ENOMEM.
 */
struct drm_gem_object *msm_gem_create_object(struct drm_device *dev, size_t size)
{
	struct msm_gem_object *msm_obj = kzalloc_obj(*msm_obj);

	if (!msm_obj)
		return ERR_PTR(-ENOMEM);
	msm_obj->base.funcs = &object_funcs;
	msm_obj->madv = MSM_MADV_WILLNEED;
	INIT_LIST_HEAD(&msm_obj->node);
	return &msm_obj->base;
}

static void list_object(struct drm_gem_object *obj)
{
	struct msm_drm_private *priv = obj->dev->dev_private;

	guard(mutex)(&priv->obj_lock);
	list_add_tail(&to_msm_bo(obj)->node, &priv->objects);
}

static bool is_caching_valid(struct drm_device *dev, u32 flags)
{
	struct msm_drm_private *priv = dev->dev_private;

	switch (flags & MSM_BO_CACHE_MASK) {
	case MSM_BO_CACHED:
	case MSM_BO_WC:
		return true;
	case MSM_BO_CACHED_COHERENT:
		return priv->has_cached_coherent;
	default:
		return false;
	}
}

/* Mappings say whether the GPU looks into the CPU's caches, the DMA device does not. */
static u32 library_flags(u32 flags)
{
	return ((flags & MSM_BO_CACHE_MASK) == MSM_BO_WC ?
		DRM_GEM_PAGES_WC | DRM_GEM_PAGES_KEEP_WC : 0) |
	       (flags & MSM_BO_NO_SHARE ? DRM_GEM_PAGES_NO_SHARE : 0);
}

/**
 * msm_gem_new - create an object
 * @dev: DRM device
 * @size: bytes, rounded up to whole pages
 * @flags: MSM_BO_x
 * @r_obj: with MSM_BO_NO_SHARE the object whose reservation lock it uses, or else NULL
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: the object, -EINVAL for a size of zero or caching that the GPU does not
 * have, or as drm_gem_pages_init().
 */
struct drm_gem_object *msm_gem_new(struct drm_device *dev, size_t size, u32 flags,
				   struct drm_gem_object *r_obj)
{
	struct drm_gem_object *obj;
	int ret;

	if (!is_caching_valid(dev, flags)) {
		drm_dbg_driver(dev, "invalid caching: %x\n", flags & MSM_BO_CACHE_MASK);
		return ERR_PTR(-EINVAL);
	}

	obj = msm_gem_create_object(dev, size);
	if (IS_ERR(obj))
		return obj;

	to_msm_bo(obj)->flags = flags;
	if (flags & MSM_BO_NO_SHARE) {
		drm_gem_object_get(r_obj);
		to_msm_bo(obj)->resv_owner = r_obj;
		obj->resv = r_obj->resv;
	}

	ret = drm_gem_pages_init(dev, pages_of(obj), size, library_flags(flags));
	if (ret) {
		drm_gem_object_put(obj);
		return ERR_PTR(ret);
	}

	list_object(obj);
	return obj;
}

/**
 * msm_gem_import - make an object of a dma-buf
 * @dev: DRM device
 * @attach: attachment to the dma-buf
 * @sgt: its mapping for the device
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: the object, or as drm_gem_pages_prime_import_sg_table().
 */
struct drm_gem_object *msm_gem_import(struct drm_device *dev, struct dma_buf_attachment *attach,
				      struct sg_table *sgt)
{
	struct drm_gem_object *obj;

	obj = drm_gem_pages_prime_import_sg_table(dev, attach, sgt);
	if (IS_ERR(obj))
		return obj;

	to_msm_bo(obj)->flags = MSM_BO_WC;
	/* DRM sets them as well, but only after debugfs has seen the object. */
	obj->import_attach = attach;
	obj->resv = attach->dmabuf->resv;
	list_object(obj);
	return obj;
}

/**
 * msm_gem_object_set_name - name an object
 * @bo: object
 * @fmt: name, as for printf(); NULL to leave it as it is
 *
 * Context: Any.
 */
void msm_gem_object_set_name(struct drm_gem_object *bo, const char *fmt, ...)
{
	struct msm_gem_object *msm_obj = to_msm_bo(bo);
	va_list args;

	if (!fmt)
		return;

	va_start(args, fmt);
	vsnprintf(msm_obj->name, sizeof(msm_obj->name), fmt, args);
	va_end(args);
}

/* Whose reservation object a new object of a client shares, or NULL for its own. */
static struct drm_gem_object *resv_for(struct drm_device *dev, struct drm_file *file, u32 flags)
{
	struct msm_drm_private *priv = dev->dev_private;
	struct drm_gpuvm *vm;

	if (!(flags & MSM_BO_NO_SHARE))
		return NULL;
	vm = msm_context_vm(dev, file->driver_priv);
	if (!priv->gpu || !vm)
		return ERR_PTR(UERR(EINVAL, dev, "no VM to keep the object in"));
	return drm_gpuvm_resv_obj(vm);
}

/**
 * msm_gem_new_handle - create an object for user space
 * @dev: DRM device
 * @file: DRM file that gets the handle
 * @size: bytes, rounded up to whole pages
 * @flags: MSM_BO_x
 * @handle: where to put the handle
 * @name: name, or NULL
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: 0, -EINVAL for MSM_BO_NO_SHARE without a GPU or a VM, as msm_gem_new(), or
 * as drm_gem_handle_create().
 */
int msm_gem_new_handle(struct drm_device *dev, struct drm_file *file, size_t size,
		       u32 flags, u32 *handle, char *name)
{
	struct drm_gem_object *obj, *resv = resv_for(dev, file, flags);
	int ret;

	if (IS_ERR(resv))
		return PTR_ERR(resv);
	obj = msm_gem_new(dev, size, flags, resv);
	if (IS_ERR(obj))
		return PTR_ERR(obj);

	if (name)
		strscpy(to_msm_bo(obj)->name, name);
	ret = drm_gem_handle_create(file, obj, handle);
	/* The handle keeps it now, or nobody. */
	drm_gem_object_put(obj);
	return ret;
}

/* The GPU wants lines of whole blocks of 32 pixels. */
static u64 pitch_alignment(struct drm_device *dev, const struct drm_mode_create_dumb *args)
{
	u32 fourcc = drm_driver_color_mode_format(dev, args->bpp);
	const struct drm_format_info *info;

	if (fourcc == DRM_FORMAT_INVALID)
		return (u64)round_up(args->width, 32) * DIV_ROUND_UP(args->bpp, 8);

	info = drm_format_info(fourcc);
	return info ? drm_format_info_min_pitch(info, 0, 32) : 0;
}

/**
 * msm_gem_dumb_create - &drm_driver.dumb_create
 * @file: DRM file that gets the handle
 * @dev: DRM device
 * @args: the ioctl's arguments
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: 0, -EINVAL for an impossible size or depth, or as msm_gem_new_handle().
 */
int msm_gem_dumb_create(struct drm_file *file, struct drm_device *dev,
			struct drm_mode_create_dumb *args)
{
	u64 align = pitch_alignment(dev, args);
	int ret;

	if (!align || align > U32_MAX)
		return -EINVAL;
	ret = drm_mode_size_dumb(dev, args, align, 0);
	if (ret)
		return ret;
	return msm_gem_new_handle(dev, file, args->size, MSM_BO_SCANOUT | MSM_BO_WC,
				  &args->handle, "dumb");
}

static void *map_for_driver(struct drm_gem_object *obj, struct drm_gpuvm *vm, u64 *iova)
{
	int ret = iova ? msm_gem_get_and_pin_iova(obj, vm, iova) : 0;
	void *vaddr;

	if (ret)
		return ERR_PTR(ret);
	vaddr = msm_gem_get_vaddr(obj);
	if (IS_ERR(vaddr) && iova)
		msm_gem_unpin_iova(obj, vm);
	return vaddr;
}

/**
 * msm_gem_kernel_new - create an object for the driver, and map it
 * @dev: DRM device
 * @size: bytes, rounded up to whole pages
 * @flags: MSM_BO_x
 * @vm: VM to map it in
 * @bo: where to put the object, or NULL
 * @iova: where to put its address in @vm, or NULL not to map it there
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: the address for the kernel, as msm_gem_new(), as
 * msm_gem_get_and_pin_iova_range(), or as msm_gem_get_vaddr_locked().
 */
void *msm_gem_kernel_new(struct drm_device *dev, size_t size, u32 flags,
			 struct drm_gpuvm *vm, struct drm_gem_object **bo, u64 *iova)
{
	struct drm_gem_object *obj = msm_gem_new(dev, size, flags, NULL);
	void *vaddr;

	if (IS_ERR(obj))
		return ERR_CAST(obj);

	vaddr = map_for_driver(obj, vm, iova);
	if (IS_ERR(vaddr))
		drm_gem_object_put(obj);
	else if (bo)
		*bo = obj;
	return vaddr;
}

/**
 * msm_gem_kernel_put - undo msm_gem_kernel_new()
 * @bo: object; nothing is done for NULL and for an error pointer
 * @vm: VM that it is mapped in
 *
 * Context: May sleep.
 */
void msm_gem_kernel_put(struct drm_gem_object *bo, struct drm_gpuvm *vm)
{
	if (IS_ERR_OR_NULL(bo))
		return;

	msm_gem_put_vaddr(bo);
	msm_gem_unpin_iova(bo, vm);
	drm_gem_object_put(bo);
}

/*
 * Debugfs
 */

#ifdef CONFIG_DEBUG_FS
static void count_in(unsigned int *count, size_t *size, const struct drm_gem_object *obj)
{
	++*count;
	*size += obj->size;
}

/* Memory reclaim may be waiting for the locks held here, so nothing is allocated. */
static void describe_vma(struct seq_file *m, struct drm_gpuva *vma)
{
	struct msm_gem_vm *vm = to_msm_vm(vma->vm);
	struct task_struct *task = get_pid_task(vm->pid, PIDTYPE_PID);
	char comm[TASK_COMM_LEN] = "";

	if (task) {
		get_task_comm(comm, task);
		put_task_struct(task);
	}
	seq_printf(m, " [%s%s%s: vm=%p, %08llx, %smapped]", vm->base.name, task ? ":" : "", comm,
		   vma->vm, vma->va.addr, drm_gpuva_invalidated(vma) ? "un" : "");
}

static void describe_vmas(struct seq_file *m, struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *vma;

	if (list_empty(&obj->gpuva.list))
		return;

	seq_puts(m, "      vmas:");
	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		drm_gpuvm_bo_for_each_va(vma, vm_bo)
			describe_vma(m, vma);
	}
	seq_putc(m, '\n');
}

/**
 * msm_gem_describe - print a line about an object, and count it
 * @obj: object; left out if somebody has its lock
 * @m: where to print
 * @stats: what to add it to
 *
 * Context: Tries to take the reservation lock.
 */
void msm_gem_describe(struct drm_gem_object *obj, struct seq_file *m, struct msm_gem_stats *stats)
{
	struct msm_gem_object *msm_obj = to_msm_bo(obj);
	const char *madv = "";
	bool active;

	if (!msm_gem_trylock(obj))
		return;

	active = msm_gem_active(obj);
	count_in(&stats->all.count, &stats->all.size, obj);
	if (active)
		count_in(&stats->active.count, &stats->active.size, obj);
	if (object_status(obj) & DRM_GEM_OBJECT_RESIDENT)
		count_in(&stats->resident.count, &stats->resident.size, obj);
	if (msm_obj->madv == __MSM_MADV_PURGED) {
		count_in(&stats->purged.count, &stats->purged.size, obj);
		madv = " purged";
	} else if (msm_obj->madv == MSM_MADV_DONTNEED) {
		count_in(&stats->purgeable.count, &stats->purgeable.size, obj);
		madv = " purgeable";
	}

	seq_printf(m, "%08x: %c %2d (%2d) %08llx %p %08zu %9s %-32s\n", msm_obj->flags,
		   active ? 'A' : 'I', obj->name, kref_read(&obj->refcount),
		   (u64)drm_vma_node_start(&obj->vma_node), msm_obj->vaddr, obj->size, madv,
		   msm_obj->name);
	describe_vmas(m, obj);
	dma_resv_describe(obj->resv, m);
	msm_gem_unlock(obj);
}

static void show_total(struct seq_file *m, const char *name, unsigned int count, size_t size)
{
	seq_printf(m, "%-10s %4u objects, %9zu bytes\n", name, count, size);
}

/**
 * msm_gem_describe_objects - print a line about each object, and totals
 * @list: all objects
 * @m: where to print
 *
 * Context: Holds &msm_drm_private.obj_lock.
 */
void msm_gem_describe_objects(struct list_head *list, struct seq_file *m)
{
	struct msm_gem_object *msm_obj;
	struct msm_gem_stats stats = {};

	seq_puts(m, "   flags       id ref  offset   kaddr            size     madv      name\n");
	list_for_each_entry(msm_obj, list, node) {
		seq_puts(m, "   ");
		msm_gem_describe(&msm_obj->base, m, &stats);
	}

	show_total(m, "Total:", stats.all.count, stats.all.size);
	show_total(m, "Active:", stats.active.count, stats.active.size);
	show_total(m, "Resident:", stats.resident.count, stats.resident.size);
	show_total(m, "Purgeable:", stats.purgeable.count, stats.purgeable.size);
	show_total(m, "Purged:", stats.purged.count, stats.purged.size);
}
#endif
