// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-buf.h>
#include <linux/module.h>

#include <drm/drm_prime.h>

#include "msm_drv.h"
#include "msm_gem.h"

MODULE_IMPORT_NS("DMA_BUF");

/* While somebody may import it, the object may be scanned out. */
static void release_dma_buf(struct dma_buf *dma_buf)
{
	msm_gem_vma_put(dma_buf->priv);
	drm_gem_dmabuf_release(dma_buf);
}

static const struct dma_buf_ops dma_buf_ops = {
	DRM_GEM_PAGES_DMA_BUF_OPS,
	.release = release_dma_buf,
};

/**
 * msm_gem_prime_export - &drm_gem_object_funcs.export
 * @obj: object to export
 * @flags: DRM_CLOEXEC and DRM_RDWR
 *
 * Context: as drm_gem_pages_prime_export().
 *
 * Return: the dma-buf, -EPERM if the object is not shareable, or as
 * drm_gem_pages_prime_export().
 */
struct dma_buf *msm_gem_prime_export(struct drm_gem_object *obj, int flags)
{
	struct dma_buf *dma_buf;

	if (to_msm_bo(obj)->flags & MSM_BO_NO_SHARE)
		return ERR_PTR(-EPERM);

	msm_gem_vma_get(obj);
	dma_buf = drm_gem_pages_prime_export_with(obj, flags, &dma_buf_ops);
	if (IS_ERR(dma_buf))
		msm_gem_vma_put(obj);
	return dma_buf;
}

/**
 * msm_gem_prime_import - &drm_driver.gem_prime_import
 * @dev: DRM device to import into
 * @dma_buf: dma-buf to import
 *
 * Context: as drm_gem_pages_prime_import().
 *
 * Return: as drm_gem_pages_prime_import().
 */
struct drm_gem_object *msm_gem_prime_import(struct drm_device *dev, struct dma_buf *dma_buf)
{
	return drm_gem_pages_prime_import(dev, dma_buf);
}

/**
 * msm_gem_prime_import_sg_table - &drm_driver.gem_prime_import_sg_table
 * @dev: DRM device to import into
 * @attach: attachment to the dma-buf
 * @sg: its mapping for the device
 *
 * Context: May sleep.
 *
 * Return: as drm_gem_pages_prime_import_sg_table().
 */
struct drm_gem_object *msm_gem_prime_import_sg_table(struct drm_device *dev,
						     struct dma_buf_attachment *attach,
						     struct sg_table *sg)
{
	return msm_gem_import(dev, attach, sg);
}

/**
 * msm_gem_prime_pin - &drm_gem_object_funcs.pin
 * @obj: object; pinning an imported one does nothing
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: 0, -EINVAL if the object is not shareable, or as msm_gem_get_pages_locked().
 */
int msm_gem_prime_pin(struct drm_gem_object *obj)
{
	int ret;

	if (drm_gem_is_imported(obj))
		return 0;
	if (to_msm_bo(obj)->flags & MSM_BO_NO_SHARE)
		return -EINVAL;

	ret = msm_gem_get_pages_locked(obj, MSM_MADV_WILLNEED);
	if (ret)
		return ret;
	return drm_gem_pages_pin_locked(&to_msm_bo(obj)->pages);
}

/**
 * msm_gem_prime_unpin - &drm_gem_object_funcs.unpin
 * @obj: object
 *
 * Context: Any.
 */
void msm_gem_prime_unpin(struct drm_gem_object *obj)
{
	drm_gem_pages_unpin(&to_msm_bo(obj)->pages);
}

/**
 * msm_gem_prime_vmap - &drm_gem_object_funcs.vmap
 * @obj: object
 * @map: where to put the address
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: 0, -EBUSY if the content may be thrown away or is gone, or as
 * drm_gem_pages_vmap_locked().
 */
int msm_gem_prime_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	if (to_msm_bo(obj)->madv != MSM_MADV_WILLNEED)
		return -EBUSY;
	return drm_gem_pages_vmap_locked(&to_msm_bo(obj)->pages, map);
}

/**
 * msm_gem_prime_vunmap - &drm_gem_object_funcs.vunmap
 * @obj: object
 * @map: what msm_gem_prime_vmap() gave
 *
 * Context: as drm_gem_pages_vunmap_locked().
 */
void msm_gem_prime_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	drm_gem_pages_vunmap_locked(&to_msm_bo(obj)->pages, map);
}
