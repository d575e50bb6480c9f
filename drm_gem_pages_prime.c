// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem_pages.h>
#include <drm/drm_prime.h>

#include "drm_gem_pages_internal.h"

/* An importer's mapping, from map_dma_buf to unmap_dma_buf. */
struct attach_map {
	struct hlist_node node;
	struct dma_buf_attachment *attach;
	struct sg_table sgt;
	enum dma_data_direction dir;
};

/*
 * Ask dynamic importers to let go of the pages. True if all have done so; static
 * ones do not come here, they hold a pin. The list is ours because the object
 * forgets its dma-buf together with its last handle, whoever still imports it.
 */
bool drm_gem_pages_importers_let_go(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);
	size_t tries = hlist_count_nodes(&s->attach_maps);
	struct dma_buf *told = NULL;
	struct attach_map *map;

	while (tries--) {
		map = hlist_entry_safe(s->attach_maps.first, struct attach_map, node);
		if (!map || map->attach->dmabuf == told)
			break;
		told = map->attach->dmabuf;
		dma_buf_invalidate_mappings(told);
	}
	return hlist_empty(&s->attach_maps);
}

/**
 * drm_gem_pages_dma_buf_pin - &dma_buf_ops.pin
 * @attach: attachment of a dynamic importer
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: as drm_gem_pages_pin_locked().
 */
int drm_gem_pages_dma_buf_pin(struct dma_buf_attachment *attach)
{
	return drm_gem_pages_pin_locked(to_drm_gem_pages(attach->dmabuf->priv));
}
EXPORT_SYMBOL_GPL(drm_gem_pages_dma_buf_pin);

/**
 * drm_gem_pages_dma_buf_unpin - &dma_buf_ops.unpin
 * @attach: attachment of a dynamic importer
 *
 * Context: as drm_gem_pages_unpin().
 */
void drm_gem_pages_dma_buf_unpin(struct dma_buf_attachment *attach)
{
	drm_gem_pages_unpin(to_drm_gem_pages(attach->dmabuf->priv));
}
EXPORT_SYMBOL_GPL(drm_gem_pages_dma_buf_unpin);

/**
 * drm_gem_pages_map_dma_buf - &dma_buf_ops.map_dma_buf
 * @attach: attachment of an importer
 * @dir: what the importer's device does
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: the sg table, mapped for the importer's device, -EINVAL if @dir is no
 * direction, -ENOMEM, what the DMA API answers, or as drm_gem_pages_populate_locked().
 */
struct sg_table *drm_gem_pages_map_dma_buf(struct dma_buf_attachment *attach,
					   enum dma_data_direction dir)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(attach->dmabuf->priv);
	bool was_resident = state_of(obj)->pages;
	struct attach_map *map;
	int ret;

	/* What importers ask for comes here as it is, and the DMA API has a BUG_ON() for it. */
	if (!valid_dma_direction(dir))
		return ERR_PTR(-EINVAL);

	map = kmalloc_obj(*map);
	if (!map)
		return ERR_PTR(-ENOMEM);

	ret = drm_gem_pages_populate_locked(obj, GFP_KERNEL | __GFP_RETRY_MAYFAIL);
	if (ret)
		goto err_free;

	ret = drm_gem_pages_dma_map(obj, attach->dev, &map->sgt, dir);
	if (ret)
		goto err_depopulate;

	/* An importer does not tell when and where its device writes. */
	if (dir != DMA_TO_DEVICE)
		state_of(obj)->dirty = true;

	map->attach = attach;
	map->dir = dir;
	hlist_add_head(&map->node, &state_of(obj)->attach_maps);
	drm_gem_pages_lru_update(obj);
	return &map->sgt;

err_depopulate:
	if (!was_resident)
		drm_gem_pages_undo_populate(obj);
err_free:
	kfree(map);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_map_dma_buf);

/**
 * drm_gem_pages_unmap_dma_buf - &dma_buf_ops.unmap_dma_buf
 * @attach: attachment of an importer
 * @sgt: what drm_gem_pages_map_dma_buf() gave
 * @dir: what the importer's device did
 *
 * Context: Holds the reservation lock. Does not sleep.
 */
void drm_gem_pages_unmap_dma_buf(struct dma_buf_attachment *attach, struct sg_table *sgt,
				 enum dma_data_direction dir)
{
	struct attach_map *map = container_of(sgt, struct attach_map, sgt);

	dma_resv_assert_held(attach->dmabuf->resv);

	hlist_del(&map->node);
	drm_gem_pages_lru_update(to_drm_gem_pages(attach->dmabuf->priv));
	drm_gem_pages_dma_unmap(attach->dev, sgt, dir, dir != DMA_TO_DEVICE);
	kfree(map);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_unmap_dma_buf);

/* Only a two-way mapping may be synced in a direction other than its own. */
static enum dma_data_direction sync_dir(const struct attach_map *map, enum dma_data_direction dir)
{
	return map->dir == DMA_BIDIRECTIONAL ? dir : map->dir;
}

/**
 * drm_gem_pages_begin_cpu_access - &dma_buf_ops.begin_cpu_access
 * @dma_buf: dma-buf
 * @dir: what the CPU is about to do
 *
 * Context: Takes the reservation lock.
 *
 * Return: 0, or -EINTR if a signal interrupted waiting for the lock.
 */
int drm_gem_pages_begin_cpu_access(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(dma_buf->priv);
	struct drm_gem_pages_state *s = state_of(obj);
	struct attach_map *map;
	int ret;

	ret = dma_resv_lock_interruptible(obj->base.resv, NULL);
	if (ret)
		return ret;

	if (s->sgt)
		dma_sync_sgtable_for_cpu(drm_dev_dma_dev(obj->base.dev), s->sgt, dir);
	hlist_for_each_entry(map, &s->attach_maps, node)
		dma_sync_sgtable_for_cpu(map->attach->dev, &map->sgt, sync_dir(map, dir));
	if (s->vaddr)
		invalidate_kernel_vmap_range(s->vaddr, obj->base.size);

	dma_resv_unlock(obj->base.resv);
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_begin_cpu_access);

/**
 * drm_gem_pages_end_cpu_access - &dma_buf_ops.end_cpu_access
 * @dma_buf: dma-buf
 * @dir: what the CPU has done
 *
 * Context: Takes the reservation lock.
 *
 * Return: 0.
 */
int drm_gem_pages_end_cpu_access(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(dma_buf->priv);
	struct drm_gem_pages_state *s = state_of(obj);
	struct attach_map *map;

	/* Not interruptible: callers in the kernel have no way to try again. */
	dma_resv_lock(obj->base.resv, NULL);
	if (s->vaddr)
		flush_kernel_vmap_range(s->vaddr, obj->base.size);
	hlist_for_each_entry(map, &s->attach_maps, node)
		dma_sync_sgtable_for_device(map->attach->dev, &map->sgt, sync_dir(map, dir));
	if (s->sgt)
		dma_sync_sgtable_for_device(drm_dev_dma_dev(obj->base.dev), s->sgt, dir);

	dma_resv_unlock(obj->base.resv);
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_end_cpu_access);

/**
 * drm_gem_pages_dma_buf_mmap - &dma_buf_ops.mmap
 * @dma_buf: dma-buf
 * @vma: where to
 *
 * The object gets its mmap offset, by which its page table entries are found again.
 *
 * Context: Holds the mmap_lock for writing. Takes no reservation lock.
 *
 * Return: 0, -EPERM if the object is not mappable, -ENOSPC if no offset is free, or as
 * drm_gem_pages_object_mmap().
 */
int drm_gem_pages_dma_buf_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	struct drm_gem_object *gem = dma_buf->priv;
	int ret;

	if (state_of(to_drm_gem_pages(gem))->flags & DRM_GEM_PAGES_NO_MMAP)
		return -EPERM;

	ret = drm_gem_create_mmap_offset(gem);
	if (ret)
		return ret;
	return drm_gem_prime_mmap(gem, vma);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_dma_buf_mmap);

static const struct dma_buf_ops drm_gem_pages_dma_buf_ops = {
	DRM_GEM_PAGES_DMA_BUF_OPS,
	.release = drm_gem_dmabuf_release,
};

/**
 * drm_gem_pages_prime_export_with - export an object with operations of the driver's
 * @gem: object to export
 * @flags: DRM_CLOEXEC, and DRM_RDWR to let the dma-buf be mapped for writing
 * @ops: made with DRM_GEM_PAGES_DMA_BUF_OPS
 *
 * For a driver that has something of its own to do when the dma-buf ends. As
 * drm_gem_pages_prime_export() otherwise. What @ops points to is not copied.
 *
 * Context: as drm_gem_pages_prime_export().
 *
 * Return: as drm_gem_pages_prime_export().
 */
struct dma_buf *drm_gem_pages_prime_export_with(struct drm_gem_object *gem, int flags,
						const struct dma_buf_ops *ops)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(gem);
	struct drm_device *dev = gem->dev;
	struct dma_buf_export_info exp_info = {
		.exp_name = dev->driver->name,
		.owner = dev->driver->fops->owner,
		.ops = ops,
		.size = gem->size,
		.flags = flags,
		.priv = gem,
		.resv = gem->resv,
	};

	if (state_of(obj)->flags & DRM_GEM_PAGES_NO_SHARE || gem->resv != &gem->_resv)
		return ERR_PTR(-EINVAL);

	return drm_gem_dmabuf_export(dev, &exp_info);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_prime_export_with);

/**
 * drm_gem_pages_prime_export - &drm_gem_object_funcs.export
 * @gem: object to export
 * @flags: DRM_CLOEXEC, and DRM_RDWR to let the dma-buf be mapped for writing
 *
 * The object stays where it is while an importer without &dma_buf_attach_ops has it
 * mapped. Importers that can follow a move (&dma_buf_attach_ops.invalidate_mappings)
 * do not pin it. CPU access that is bracketed by dma_buf_begin_cpu_access() and
 * dma_buf_end_cpu_access() is made coherent with the device, all importers and the
 * kernel mapping.
 *
 * Context: May sleep. Called by DRM, with &drm_device.object_name_lock held and never
 * for an imported object.
 *
 * Return: the dma-buf, -EINVAL if the object is not shareable, -ENOMEM, -ENFILE with too
 * many open files, or -ENOENT while the driver's module is unloaded.
 */
struct dma_buf *drm_gem_pages_prime_export(struct drm_gem_object *gem, int flags)
{
	return drm_gem_pages_prime_export_with(gem, flags, &drm_gem_pages_dma_buf_ops);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_prime_export);

/* The object behind @dma_buf if it is one of @dev itself, with a reference. */
static struct drm_gem_object *self_import(struct drm_device *dev, struct dma_buf *dma_buf)
{
	struct drm_gem_object *gem;

	/* Whoever made the operations, their dma-buf is of an object of the library. */
	if (dma_buf->ops->map_dma_buf != drm_gem_pages_map_dma_buf)
		return NULL;
	gem = dma_buf->priv;
	if (gem->dev != dev)
		return NULL;
	drm_gem_object_get(gem);
	return gem;
}

/**
 * drm_gem_pages_prime_import - &drm_driver.gem_prime_import
 * @dev: DRM device to import into
 * @dma_buf: dma-buf to import
 *
 * Importing what @dev exported gives the object itself. Anything else is attached
 * to and mapped for drm_dev_dma_dev().
 *
 * Context: May sleep. Takes the reservation lock of the dma-buf.
 *
 * Return: the object, -ENOMEM, -EINVAL for a dma-buf of no bytes, or what
 * &drm_driver.gem_create_object or the exporter answers.
 */
struct drm_gem_object *drm_gem_pages_prime_import(struct drm_device *dev, struct dma_buf *dma_buf)
{
	return self_import(dev, dma_buf) ?: drm_gem_prime_import(dev, dma_buf);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_prime_import);

static struct drm_gem_pages_object *create_imported(struct drm_device *dev,
						    struct dma_buf *dma_buf, struct sg_table *sgt)
{
	size_t size = PAGE_ALIGN(dma_buf->size);
	struct drm_gem_pages_object *obj;

	if (!size)
		return ERR_PTR(-EINVAL);

	obj = drm_gem_pages_alloc(dev, size);
	if (IS_ERR(obj))
		return obj;

	drm_gem_private_object_init(dev, &obj->base, size);
	drm_gem_pages_init_state(obj, 0, NULL);
	state_of(obj)->sgt = sgt;
	return obj;
}

/**
 * drm_gem_pages_prime_import_sg_table - &drm_driver.gem_prime_import_sg_table
 * @dev: DRM device to import into
 * @attach: attachment to the dma-buf
 * @sgt: its mapping for the device
 *
 * Context: May sleep.
 *
 * Return: the imported object, -ENOMEM, -EINVAL for a dma-buf of no bytes, or what
 * &drm_driver.gem_create_object answers.
 */
struct drm_gem_object *
drm_gem_pages_prime_import_sg_table(struct drm_device *dev, struct dma_buf_attachment *attach,
				    struct sg_table *sgt)
{
	struct drm_gem_pages_object *obj;

	obj = create_imported(dev, attach->dmabuf, sgt);
	if (IS_ERR(obj))
		return ERR_CAST(obj);
	return &obj->base;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_prime_import_sg_table);

/**
 * drm_gem_pages_prime_import_no_map - &drm_driver.gem_prime_import without DMA
 * @dev: DRM device to import into
 * @dma_buf: dma-buf to import
 *
 * For devices that access the buffer with the CPU only. drm_gem_pages_sgt_locked()
 * fails for such an object with -EINVAL, everything else works.
 *
 * Context: May sleep. Takes the reservation lock of the dma-buf.
 *
 * Return: the object, -ENOMEM, -EINVAL for a dma-buf of no bytes, or what
 * &drm_driver.gem_create_object or the exporter answers.
 */
struct drm_gem_object *drm_gem_pages_prime_import_no_map(struct drm_device *dev,
							 struct dma_buf *dma_buf)
{
	struct dma_buf_attachment *attach;
	struct drm_gem_pages_object *obj;
	struct drm_gem_object *gem;

	gem = self_import(dev, dma_buf);
	if (gem)
		return gem;

	attach = dma_buf_attach(dma_buf, drm_dev_dma_dev(dev));
	if (IS_ERR(attach))
		return ERR_CAST(attach);

	obj = create_imported(dev, dma_buf, NULL);
	if (IS_ERR(obj)) {
		dma_buf_detach(dma_buf, attach);
		return ERR_CAST(obj);
	}

	get_dma_buf(dma_buf);
	obj->base.import_attach = attach;
	obj->base.resv = dma_buf->resv;
	return &obj->base;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_prime_import_no_map);
