// SPDX-License-Identifier: GPL-2.0

#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/panthor_drm.h>

#include "panthor_device.h"
#include "panthor_drv.h"
#include "panthor_fw.h"
#include "panthor_gem.h"
#include "panthor_madvise.h"
#include "panthor_mmu.h"

/* What the driver itself does with an object; shown in debugfs. */
#define USAGE_KERNEL	BIT(0)
#define USAGE_FW_MAPPED	BIT(1)

static struct panthor_device *ptdev_of(struct drm_device *dev)
{
	return container_of(dev, struct panthor_device, base);
}

/*
 * Reclaim
 */

static const struct drm_gem_pages_shrinker_ops shrinker_ops = {
	.unmap = drm_gem_pages_gpuvm_unmap,
	.gpuvm = &panthor_vm_reclaim_ops,
};

/**
 * panthor_gem_init - prepare for buffer objects
 * @ptdev: device, of which the coherency is known
 *
 * Context: May sleep. Before the first object and the first VM.
 *
 * Return: 0, or as drm_gem_pages_use_huge() or drm_gem_pages_shrinker_register().
 */
int panthor_gem_init(struct panthor_device *ptdev)
{
	int ret;

	if (IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) && panthor_transparent_hugepage) {
		ret = drm_gem_pages_use_huge(&ptdev->base, "within_size");
		if (ret)
			return ret;
	}
	return drm_gem_pages_shrinker_register(&ptdev->base, &shrinker_ops);
}

/**
 * panthor_gem_unplug - end reclaim before the device is gone
 * @ptdev: device
 *
 * Context: May sleep, waits for scans to end.
 */
void panthor_gem_unplug(struct panthor_device *ptdev)
{
	drm_gem_pages_shrinker_unregister(&ptdev->base);
}

/*
 * Life of an object
 */

#ifdef CONFIG_DEBUG_FS
static void list_bo(struct panthor_gem_object *bo, u32 usage)
{
	struct panthor_device *ptdev = ptdev_of(bo->base.dev);

	bo->debugfs.usage = usage;
	bo->debugfs.tgid = current->tgid;
	get_task_comm(bo->debugfs.process, current->group_leader);

	guard(mutex)(&ptdev->gems.lock);
	list_add_tail(&bo->debugfs.node, &ptdev->gems.node);
}

static void unlist_bo(struct panthor_gem_object *bo)
{
	/* Imported objects, and those that never came to life, are on no list. */
	if (list_empty(&bo->debugfs.node))
		return;

	guard(mutex)(&ptdev_of(bo->base.dev)->gems.lock);
	list_del(&bo->debugfs.node);
}

static void init_list_node(struct panthor_gem_object *bo)
{
	INIT_LIST_HEAD(&bo->debugfs.node);
}
#else
static void list_bo(struct panthor_gem_object *bo, u32 usage) {}
static void unlist_bo(struct panthor_gem_object *bo) {}
static void init_list_node(struct panthor_gem_object *bo) {}
#endif

/* May be called by reclaim. */
static void free_bo(struct drm_gem_object *gem)
{
	struct panthor_gem_object *bo = to_panthor_bo(gem);
	struct drm_gem_object *root = bo->exclusive_vm_root_gem;

	unlist_bo(bo);
	drm_gem_pages_release(&bo->pages);
	kfree(bo);
	/* The reservation lock goes last. */
	drm_gem_object_put(root);
}

static const struct drm_gem_object_funcs panthor_gem_funcs = {
	.free = free_bo,
	DRM_GEM_PAGES_OBJECT_FUNCS,
};

/**
 * panthor_gem_create_object - &drm_driver.gem_create_object
 * @dev: DRM device
 * @size: bytes
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: an object that is not initialised yet, or -ENOMEM.
 */
struct drm_gem_object *panthor_gem_create_object(struct drm_device *dev, size_t size)
{
	struct panthor_gem_object *bo = kzalloc_obj(*bo);

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->base.funcs = &panthor_gem_funcs;
	init_list_node(bo);
	return &bo->base;
}

static struct panthor_gem_object *create_bo(struct panthor_device *ptdev, size_t size,
					    u32 bo_flags, struct panthor_vm *exclusive_vm,
					    u32 usage)
{
	struct panthor_gem_object *bo;
	struct drm_gem_object *gem;
	u32 flags = 0;
	int ret;

	gem = panthor_gem_create_object(&ptdev->base, size);
	if (IS_ERR(gem))
		return ERR_CAST(gem);

	bo = to_panthor_bo(gem);
	bo->flags = bo_flags;
	if (exclusive_vm) {
		bo->exclusive_vm_root_gem = panthor_vm_root_gem(exclusive_vm);
		drm_gem_object_get(bo->exclusive_vm_root_gem);
		gem->resv = bo->exclusive_vm_root_gem->resv;
	}

	if (bo_flags & DRM_PANTHOR_BO_NO_MMAP)
		flags |= DRM_GEM_PAGES_NO_MMAP;
	if (!ptdev->coherent && !(bo_flags & DRM_PANTHOR_BO_WB_MMAP))
		flags |= DRM_GEM_PAGES_WC;

	ret = drm_gem_pages_init(&ptdev->base, &bo->pages, size, flags);
	if (ret) {
		drm_gem_object_put(gem);
		return ERR_PTR(ret);
	}

	list_bo(bo, usage);
	return bo;
}

/**
 * panthor_gem_create_with_handle - create an object for user space
 * @file: DRM file that gets the handle
 * @dev: DRM device
 * @exclusive_vm: the only VM that may map the object, which then is not shareable; or NULL
 * @size: in and out: bytes, rounded up to whole pages
 * @flags: &enum drm_panthor_bo_flags
 * @handle: where to put the handle
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: 0, -EINVAL for an impossible size, -ENOMEM, or what else
 * drm_gem_pages_init() and drm_gem_handle_create() answer.
 */
int panthor_gem_create_with_handle(struct drm_file *file, struct drm_device *dev,
				   struct panthor_vm *exclusive_vm, u64 *size, u32 flags,
				   u32 *handle)
{
	struct panthor_gem_object *bo;
	int ret;

	if (overflows_type(*size, size_t))
		return -EINVAL;
	bo = create_bo(ptdev_of(dev), *size, flags, exclusive_vm, 0);
	if (IS_ERR(bo))
		return PTR_ERR(bo);

	ret = drm_gem_handle_create(file, &bo->base, handle);
	if (!ret)
		*size = bo->base.size;
	drm_gem_object_put(&bo->base);
	return ret;
}

/**
 * panthor_dummy_bo_create - create the object behind sparse mappings
 * @ptdev: device
 *
 * Nobody relies on its content, so it is never marked dirty, and eviction just drops it.
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: the object, or as drm_gem_pages_init().
 */
struct panthor_gem_object *panthor_dummy_bo_create(struct panthor_device *ptdev)
{
	return create_bo(ptdev, SZ_2M, DRM_PANTHOR_BO_NO_MMAP, NULL, 0);
}

/*
 * Pages. A VM_BIND of several operations cannot be restarted, so no signal may
 * interrupt these.
 */

/**
 * panthor_gem_pin - keep an object resident
 * @bo: object; pinning an imported one does nothing
 *
 * Context: Takes the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: 0, or as drm_gem_pages_pin_locked().
 */
int panthor_gem_pin(struct panthor_gem_object *bo)
{
	guard(drm_gem_pages)(&bo->pages);
	return drm_gem_pages_pin_locked(&bo->pages);
}

/**
 * panthor_gem_unpin - undo panthor_gem_pin()
 * @bo: object
 *
 * Context: Any.
 */
void panthor_gem_unpin(struct panthor_gem_object *bo)
{
	drm_gem_pages_unpin(&bo->pages);
}

/**
 * panthor_gem_get_dev_sgt - get the sg table of an object
 * @bo: object that the caller has pinned
 *
 * Context: Takes the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: the sg table, valid as long as the pin, or as drm_gem_pages_sgt_locked().
 */
struct sg_table *panthor_gem_get_dev_sgt(struct panthor_gem_object *bo)
{
	guard(drm_gem_pages)(&bo->pages);
	return drm_gem_pages_sgt_locked(&bo->pages);
}

/**
 * panthor_gem_gpu_may_write_locked - note what a mapping lets the GPU change
 * @bo: object, resident
 * @map_flags: &enum drm_panthor_vm_bind_op_flags of the mapping
 * @offset: first byte of @bo that is mapped
 * @size: bytes
 *
 * To be called for each mapping that gets into the page tables, the first time or
 * after an eviction. What only read-only mappings cover stays clean.
 *
 * Context: Holds the reservation lock.
 */
void panthor_gem_gpu_may_write_locked(struct panthor_gem_object *bo, u32 map_flags, u64 offset,
				      u64 size)
{
	if (map_flags & (DRM_PANTHOR_VM_BIND_OP_MAP_READONLY | DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE))
		return;
	drm_WARN_ON(bo->base.dev, drm_gem_pages_mark_dirty_locked(&bo->pages, offset, size));
}

/**
 * panthor_gem_gpu_may_write - note what a mapping lets the GPU change
 * @bo: object that the caller has pinned
 * @map_flags: &enum drm_panthor_vm_bind_op_flags of the mapping
 * @offset: first byte of @bo that is mapped
 * @size: bytes
 *
 * Context: Takes the reservation lock.
 */
void panthor_gem_gpu_may_write(struct panthor_gem_object *bo, u32 map_flags, u64 offset,
			       u64 size)
{
	guard(drm_gem_pages)(&bo->pages);
	panthor_gem_gpu_may_write_locked(bo, map_flags, offset, size);
}

/**
 * panthor_gem_is_block - tell whether the 2 MiB around a GPU address are one block
 * @bo: object that is mapped there
 * @offset: byte of @bo that is mapped there
 * @va: GPU address
 *
 * Decided from the sg table, as it was when the page tables were written. So it is right
 * for imported objects, and for pages that lie together without being one folio.
 *
 * It knows nothing of where the mapping begins and ends. If that is inside the 2 MiB the
 * answer may be true, and still they are mapped page by page. Whoever then unmaps more of
 * the mapping than was asked for, and maps it again, does needless work and no harm.
 *
 * Context: Any in which drm_gem_pages_peek_sgt() is valid.
 *
 * Return: true if a mapping of all of the 2 MiB is a block.
 */
bool panthor_gem_is_block(struct panthor_gem_object *bo, u64 offset, u64 va)
{
	struct sg_table *sgt = drm_gem_pages_peek_sgt(&bo->pages);
	struct scatterlist *sg;
	unsigned int i;

	/* The start of the 2 MiB. If that is before the object, it is past any length. */
	offset -= va & (SZ_2M - 1);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		u64 len = sg_dma_len(sg);

		if (offset < len)
			return len - offset >= SZ_2M &&
			       IS_ALIGNED(sg_dma_address(sg) + offset, SZ_2M);
		offset -= len;
	}
	return false;
}

/*
 * Ioctls
 */

/**
 * panthor_gem_sync - clean, and invalidate, the CPU caches for a range of an object
 * @gem: object
 * @type: &enum drm_panthor_bo_sync_op_type
 * @offset: first byte
 * @size: bytes
 *
 * Context: Takes the reservation lock.
 *
 * Return: 0, -EINVAL for an unknown @type, a range that is not inside the object, or an
 * imported object; -EINTR if a signal interrupted waiting for the lock.
 */
int panthor_gem_sync(struct drm_gem_object *gem, u32 type, u64 offset, u64 size)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(gem);
	int ret;

	if (type != DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH &&
	    type != DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE)
		return -EINVAL;
	if (drm_gem_is_imported(gem) || offset > gem->size || size > gem->size - offset)
		return -EINVAL;
	if (drm_gem_pages_is_wc(obj))
		return 0;

	ret = dma_resv_lock_interruptible(gem->resv, NULL);
	if (ret)
		return ret;
	/* One direction after the other: no architecture does both for DMA_BIDIRECTIONAL. */
	ret = drm_gem_pages_sync_for_device_locked(obj, offset, size, DMA_TO_DEVICE);
	if (!ret && type == DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE)
		ret = drm_gem_pages_sync_for_cpu_locked(obj, offset, size, DMA_FROM_DEVICE);
	dma_resv_unlock(gem->resv);
	return ret;
}

/**
 * panthor_gem_bo_set_label - give an object the name that user space chose
 * @gem: object
 * @label: allocated with kmalloc(), freed by this function, or NULL
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: 0 or -ENOMEM.
 */
int panthor_gem_bo_set_label(struct drm_gem_object *gem, const char *label)
{
	int ret = drm_gem_pages_set_label(to_drm_gem_pages(gem), label);

	kfree(label);
	return ret;
}

/**
 * panthor_ioctl_bo_madvise - take note of whether user space needs a content
 * @dev: DRM device
 * @data: &struct drm_panthor_bo_madvise
 * @file: DRM file
 *
 * Only an object with an exclusive VM may be given up: what others may map must not
 * vanish under their jobs.
 *
 * Context: Takes the reservation lock.
 *
 * Return: 0, -EINVAL for an unknown advice, a @data.pad that is not zero, an imported
 * object, or DRM_PANTHOR_BO_DONTNEED of an object without exclusive VM; -ENOENT for an
 * unknown handle, -EINTR if a signal interrupted waiting for the lock.
 */
int panthor_ioctl_bo_madvise(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_panthor_bo_madvise *args = data;
	struct drm_gem_object *gem;
	int ret = -EINVAL;

	if (args->advice > DRM_PANTHOR_BO_DONTNEED || args->pad)
		return -EINVAL;

	gem = drm_gem_object_lookup(file, args->handle);
	if (!gem)
		return -ENOENT;
	if (args->advice == DRM_PANTHOR_BO_WILLNEED)
		ret = drm_gem_pages_madvise(to_drm_gem_pages(gem), DRM_GEM_PAGES_WILLNEED);
	else if (to_panthor_bo(gem)->exclusive_vm_root_gem)
		ret = drm_gem_pages_madvise(to_drm_gem_pages(gem), DRM_GEM_PAGES_DONTNEED);
	drm_gem_object_put(gem);
	if (ret < 0)
		return ret;

	args->retained = ret;
	return 0;
}

/*
 * Objects of the driver itself
 */

/* The object, and whatever else there already is; nothing for NULL. */
static void free_kernel_bo(struct panthor_kernel_bo *kbo)
{
	if (!kbo)
		return;
	if (drm_mm_node_allocated(&kbo->va_node))
		panthor_vm_free_va(kbo->vm, &kbo->va_node);
	if (kbo->pinned)
		panthor_gem_unpin(to_panthor_bo(kbo->obj));
	drm_gem_object_put(kbo->obj);
	panthor_vm_put(kbo->vm);
	kfree(kbo);
}

DEFINE_FREE(kernel_bo, struct panthor_kernel_bo *, free_kernel_bo(_T))

static int make_kernel_object(struct panthor_kernel_bo *kbo, struct panthor_device *ptdev,
			      size_t size, u32 flags, const char *name)
{
	bool for_mcu = kbo->vm == panthor_fw_vm(ptdev);
	struct panthor_gem_object *bo;
	int ret;

	bo = create_bo(ptdev, size, flags, kbo->vm,
		       for_mcu ? USAGE_KERNEL | USAGE_FW_MAPPED : USAGE_KERNEL);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	kbo->obj = &bo->base;

	/* The object is as good without. */
	if (drm_gem_pages_set_label(&bo->pages, name))
		drm_warn(&ptdev->base, "no memory for the label \"%s\"\n", name);
	if (!for_mcu)
		return 0;

	/*
	 * The low 32 bits of the first offset are zero, which there is user space (IGT)
	 * that takes for none. So it goes to an object that cannot be mapped.
	 */
	ret = drm_gem_create_mmap_offset(&bo->base);
	if (ret)
		return ret;
	ret = panthor_gem_pin(bo);
	kbo->pinned = !ret;
	return ret;
}

/**
 * panthor_kernel_bo_create - create an object and map it in a VM
 * @ptdev: device
 * @vm: VM, which becomes the only one that may map the object
 * @size: bytes
 * @bo_flags: &enum drm_panthor_bo_flags
 * @vm_map_flags: &enum drm_panthor_vm_bind_op_flags of the mapping
 * @gpu_va: GPU address, or PANTHOR_VM_KERNEL_AUTO_VA for any
 * @name: label
 *
 * Context: Takes the reservation lock of @vm. May sleep and enter memory reclaim.
 *
 * Return: the object, -EINVAL without @vm or for a range that @vm cannot have, -ENOSPC if
 * it is taken, -ENOMEM, or as drm_gem_pages_create() or drm_gem_pages_pin().
 */
struct panthor_kernel_bo *
panthor_kernel_bo_create(struct panthor_device *ptdev, struct panthor_vm *vm, size_t size,
			 u32 bo_flags, u32 vm_map_flags, u64 gpu_va, const char *name)
{
	int ret;

	if (drm_WARN_ON(&ptdev->base, !vm))
		return ERR_PTR(-EINVAL);

	struct panthor_kernel_bo *kbo __free(kernel_bo) = kzalloc_obj(*kbo);

	if (!kbo)
		return ERR_PTR(-ENOMEM);
	kbo->vm = panthor_vm_get(vm);
	ret = make_kernel_object(kbo, ptdev, size, bo_flags, name);
	if (ret)
		return ERR_PTR(ret);

	/* In pages of the GPU: where the CPU's are larger, the next object may follow. */
	size = ALIGN(size, panthor_vm_page_size(vm));
	ret = panthor_vm_alloc_va(vm, gpu_va, size, &kbo->va_node);
	if (!ret)
		ret = panthor_vm_map_bo_range(vm, to_panthor_bo(kbo->obj), 0, size,
					      kbo->va_node.start, vm_map_flags);
	return ret ? ERR_PTR(ret) : no_free_ptr(kbo);
}

/**
 * panthor_kernel_bo_destroy - undo panthor_kernel_bo_create()
 * @kbo: object, or NULL, or an error pointer
 *
 * Context: Takes the reservation lock of the VM. May sleep and enter memory reclaim.
 */
void panthor_kernel_bo_destroy(struct panthor_kernel_bo *kbo)
{
	if (IS_ERR_OR_NULL(kbo))
		return;

	panthor_kernel_bo_vunmap(kbo);
	panthor_vm_unmap_range(kbo->vm, kbo->va_node.start, kbo->va_node.size);
	free_kernel_bo(kbo);
}

/**
 * panthor_kernel_bo_vmap - map an object for the CPU, unless it is
 * @kbo: object
 *
 * Context: Takes the reservation lock of the VM. May sleep and enter memory reclaim.
 *
 * Return: 0, or as drm_gem_pages_vmap_locked().
 */
int panthor_kernel_bo_vmap(struct panthor_kernel_bo *kbo)
{
	struct iosys_map map;
	int ret;

	if (kbo->kmap)
		return 0;
	ret = drm_gem_vmap(kbo->obj, &map);
	if (!ret)
		kbo->kmap = map.vaddr;
	return ret;
}

/**
 * panthor_kernel_bo_vunmap - undo panthor_kernel_bo_vmap()
 * @kbo: object, mapped or not
 *
 * Context: Takes the reservation lock of the VM.
 */
void panthor_kernel_bo_vunmap(struct panthor_kernel_bo *kbo)
{
	struct iosys_map map = IOSYS_MAP_INIT_VADDR(kbo->kmap);

	if (!kbo->kmap)
		return;
	drm_gem_vunmap(kbo->obj, &map);
	kbo->kmap = NULL;
}

/*
 * Debugfs
 */

#ifdef CONFIG_DEBUG_FS
/* As upstream has them; imported objects, bit 0, are not listed. */
enum {
	STATE_EXPORTED	= BIT(1),
	STATE_EVICTED	= BIT(2),
};

struct totals {
	size_t size;
	size_t resident;
	size_t reclaimable;
};

static void show_bo(struct seq_file *m, struct panthor_gem_object *bo, struct totals *totals)
{
	unsigned int evictions = drm_gem_pages_evictions(&bo->pages);
	unsigned int refs = kref_read(&bo->base.refcount);
	struct drm_gem_object *gem = &bo->base;
	struct drm_printer p = drm_seq_file_printer(m);
	size_t resident = 0;
	char creator[32];
	u32 state = 0;

	/* On its way out. */
	if (!refs)
		return;

	if (drm_gem_pages_object_status(gem) & DRM_GEM_OBJECT_RESIDENT)
		resident = gem->size;
	else if (evictions)
		state |= STATE_EVICTED;
	if (gem->dma_buf)
		state |= STATE_EXPORTED;

	snprintf(creator, sizeof(creator), "%s/%d", bo->debugfs.process, bo->debugfs.tgid);
	seq_printf(m, "%-32s%-16d%-11u%-11u%-16zu%-16zu0x%-16lx0x%-8x 0x%-10x", creator,
		   gem->name, refs, evictions, gem->size, resident,
		   drm_vma_node_start(&gem->vma_node), state, bo->debugfs.usage);
	drm_gem_pages_print_label(&p, &bo->pages);
	seq_putc(m, '\n');

	totals->size += gem->size;
	totals->resident += resident;
	if (!drm_gem_pages_is_pinned(&bo->pages))
		totals->reclaimable += resident;
}

static int show_gems(struct seq_file *m, void *data)
{
	struct drm_info_node *node = m->private;
	struct panthor_device *ptdev = ptdev_of(node->minor->dev);
	struct panthor_gem_object *bo;
	struct totals totals = {};

	seq_printf(m, "GEM state flags: exported (0x%x), evicted (0x%x)\n",
		   STATE_EXPORTED, STATE_EVICTED);
	seq_printf(m, "GEM usage flags: kernel (0x%lx), fw-mapped (0x%lx)\n\n",
		   USAGE_KERNEL, USAGE_FW_MAPPED);
	seq_printf(m, "%-32s%-16s%-11s%-11s%-16s%-16s%-18s%-11s%-12s%s\n", "created-by",
		   "global-name", "refcount", "evictions", "size", "resident-size",
		   "file-offset", "state", "usage", "label");

	scoped_guard(mutex, &ptdev->gems.lock) {
		list_for_each_entry(bo, &ptdev->gems.node, debugfs.node)
			show_bo(m, bo, &totals);
	}

	seq_printf(m, "\nTotal size: %zu, Total resident: %zu, Total reclaimable: %zu\n",
		   totals.size, totals.resident, totals.reclaimable);
	return 0;
}

static const struct drm_info_list debugfs_files[] = {
	{ "gems", show_gems },
};

/**
 * panthor_gem_debugfs_init - create the files of debugfs
 * @minor: minor whose directory they go to
 *
 * Those of the library, gem_pages and gem_pages_shrink, are there already. The latter
 * also has the name that upstream's has.
 *
 * Context: May sleep.
 */
void panthor_gem_debugfs_init(struct drm_minor *minor)
{
	drm_debugfs_create_files(debugfs_files, ARRAY_SIZE(debugfs_files), minor->debugfs_root,
				 minor);
	debugfs_create_symlink("shrink", minor->debugfs_root, "gem_pages_shrink");
}
#endif
