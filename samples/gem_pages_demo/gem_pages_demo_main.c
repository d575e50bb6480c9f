// SPDX-License-Identifier: GPL-2.0

/*
 * A DRM driver without hardware, on a platform device that it makes itself. It
 * has dumb buffers, mmap, PRIME and a render node. What it pretends to have in the
 * way of a GPU, and its part in reclaim, is in gem_pages_demo_gpu.c.
 */

#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <drm/drm_drv.h>
#include <drm/drm_dumb_buffers.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_pages.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_mode.h>
#include <drm/drm_print.h>

#include "gem_pages_demo.h"
#include "gem_pages_demo_uapi.h"

static bool wc;
module_param(wc, bool, 0444);
MODULE_PARM_DESC(wc, "Map dumb buffers write-combined (default: no)");

static char *huge = "";
module_param(huge, charp, 0444);
MODULE_PARM_DESC(huge, "Huge folios: within_size, always or advise (default: none)");

static bool pair;
module_param(pair, bool, 0444);
MODULE_PARM_DESC(pair, "Make a second device, to share buffers with (default: no)");

static void demo_free_object(struct drm_gem_object *gem)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(gem);

	drm_gem_pages_release(obj);
	kfree(to_demo_object(obj));
}

static const struct drm_gem_object_funcs demo_object_funcs = {
	.free = demo_free_object,
	DRM_GEM_PAGES_OBJECT_FUNCS,
};

static struct drm_gem_object *demo_create_object(struct drm_device *dev, size_t size)
{
	struct demo_object *obj = kzalloc_obj(*obj);

	if (!obj)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&obj->mappings);
	obj->base.base.funcs = &demo_object_funcs;
	return &obj->base.base;
}

static int demo_get_block(struct drm_gem_pages_object *obj, struct page **pages,
			  unsigned long count, gfp_t gfp)
{
	struct page *page;
	unsigned long i;
	void *block;

	block = alloc_pages_exact(count * PAGE_SIZE, gfp | __GFP_ZERO | __GFP_NOWARN);
	if (!block)
		return -ENOMEM;
	page = virt_to_page(block);
	for (i = 0; i < count; i++)
		pages[i] = page + i;
	return 0;
}

/*
 * The content goes with the block. But the driver does not evict, and reclaim takes no
 * private object whose content is still needed: this one is purged, or is being freed.
 */
static void demo_put_block(struct drm_gem_pages_object *obj, struct page **pages,
			   unsigned long count, bool dirty)
{
	free_pages_exact(page_address(pages[0]), count * PAGE_SIZE);
}

static const struct drm_gem_pages_backing_ops demo_block_ops = {
	.get = demo_get_block,
	.put = demo_put_block,
};

static int demo_create_contiguous(struct drm_file *file, struct drm_device *dev, size_t size,
				  u32 flags, u32 *handle)
{
	struct drm_gem_object *gem;
	int ret;

	if (size > PAGE_SIZE << MAX_PAGE_ORDER)
		return -EINVAL;
	gem = demo_create_object(dev, size);
	if (IS_ERR(gem))
		return PTR_ERR(gem);

	ret = drm_gem_pages_init_private(dev, to_drm_gem_pages(gem), size, flags,
					 &demo_block_ops);
	/* There may be no block any more when a fault asks for one. */
	if (!ret)
		ret = drm_gem_pages_populate(to_drm_gem_pages(gem));
	if (!ret)
		ret = drm_gem_handle_create(file, gem, handle);
	drm_gem_object_put(gem);
	return ret;
}

static int demo_dumb_create(struct drm_file *file, struct drm_device *dev,
			    struct drm_mode_create_dumb *args)
{
	int ret;

	ret = drm_mode_size_dumb(dev, args, 0, 0);
	if (ret)
		return ret;
	return drm_gem_pages_create_with_handle(file, dev, args->size,
						wc ? DRM_GEM_PAGES_WC : 0, &args->handle);
}

static int demo_create_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_gem_pages_demo_create *args = data;
	u32 flags = 0;

	if (args->flags & ~(GEM_PAGES_DEMO_WC | GEM_PAGES_DEMO_NO_MMAP | GEM_PAGES_DEMO_NO_SHARE |
			    GEM_PAGES_DEMO_CONTIGUOUS))
		return -EINVAL;
	if (args->size > SIZE_MAX)
		return -EINVAL;

	if (args->flags & GEM_PAGES_DEMO_WC)
		flags |= DRM_GEM_PAGES_WC;
	if (args->flags & GEM_PAGES_DEMO_NO_MMAP)
		flags |= DRM_GEM_PAGES_NO_MMAP;
	if (args->flags & GEM_PAGES_DEMO_NO_SHARE)
		flags |= DRM_GEM_PAGES_NO_SHARE;

	args->size = PAGE_ALIGN(args->size);
	if (args->flags & GEM_PAGES_DEMO_CONTIGUOUS)
		return demo_create_contiguous(file, dev, args->size, flags, &args->handle);
	return drm_gem_pages_create_with_handle(file, dev, args->size, flags, &args->handle);
}

static int demo_mmap_offset_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_gem_pages_demo_mmap_offset *args = data;

	if (args->pad)
		return -EINVAL;
	return drm_gem_pages_mmap_offset(file, dev, args->handle, &args->offset);
}

/*
 * What a device would write by DMA the CPU writes here. The sg table has the
 * addresses that a device is programmed with.
 */
static int demo_fill(struct drm_gem_pages_object *obj, u32 value)
{
	struct sg_table *sgt;

	if (drm_gem_is_imported(&obj->base))
		return -EINVAL;

	CLASS(drm_gem_pages_vmap, vmap)(obj);
	if (vmap.err)
		return vmap.err;

	sgt = drm_gem_pages_get_sgt(obj);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);

	drm_dbg_driver(obj->base.dev, "fill %zu bytes from %pad\n", obj->base.size,
		       &sg_dma_address(sgt->sgl));
	scoped_guard(drm_gem_pages, obj)
		drm_gem_pages_mark_dirty_locked(obj, 0, obj->base.size);
	memset32(vmap.map.vaddr, value, obj->base.size / sizeof(value));

	drm_gem_pages_put_sgt(obj);
	return 0;
}

static int demo_fill_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_gem_pages_demo_fill *args = data;
	struct drm_gem_object *gem;
	int ret;

	gem = drm_gem_object_lookup(file, args->handle);
	if (!gem)
		return -ENOENT;
	ret = demo_fill(to_drm_gem_pages(gem), args->value);
	drm_gem_object_put(gem);

	return ret;
}

static const struct drm_ioctl_desc demo_ioctls[] = {
	DRM_IOCTL_DEF_DRV(GEM_PAGES_DEMO_CREATE, demo_create_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(GEM_PAGES_DEMO_MMAP_OFFSET, demo_mmap_offset_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(GEM_PAGES_DEMO_FILL, demo_fill_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(GEM_PAGES_DEMO_MADVISE, demo_madvise_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(GEM_PAGES_DEMO_MAP, demo_map_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(GEM_PAGES_DEMO_RUN, demo_run_ioctl, DRM_RENDER_ALLOW),
};

static const struct file_operations demo_fops = {
	.owner = THIS_MODULE,
	DRM_GEM_FOPS,
	.show_fdinfo = drm_show_fdinfo,
};

static const struct drm_driver demo_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER,
	.fops = &demo_fops,
	.ioctls = demo_ioctls,
	.num_ioctls = ARRAY_SIZE(demo_ioctls),
	.open = demo_open,
	.postclose = demo_postclose,
	.show_fdinfo = drm_gem_pages_show_memory,
	.gem_create_object = demo_create_object,

	.gem_prime_import = drm_gem_pages_prime_import,
	.gem_prime_import_sg_table = drm_gem_pages_prime_import_sg_table,
	.dumb_create = demo_dumb_create,
	.dumb_map_offset = drm_gem_pages_mmap_offset,

	.name = "gem_pages_demo",
	.desc = "GEM pages demo",
	.major = 1,
};

static int demo_probe(struct platform_device *pdev)
{
	struct demo_device *demo;
	struct drm_device *dev;
	int ret;

	ret = dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);

	demo = devm_drm_dev_alloc(&pdev->dev, &demo_driver, struct demo_device, drm);
	if (IS_ERR(demo))
		return PTR_ERR(demo);
	dev = &demo->drm;

	if (*huge) {
		ret = drm_gem_pages_use_huge(dev, huge);
		if (ret)
			return ret;
	}

	demo_gpu_init(demo);
	ret = drm_gem_pages_shrinker_register(dev, &demo_shrinker_ops);
	if (ret)
		return ret;
	ret = drm_dev_register(dev, 0);
	if (ret)
		return ret;

	platform_set_drvdata(pdev, demo);
	return 0;
}

static void demo_remove(struct platform_device *pdev)
{
	struct demo_device *demo = platform_get_drvdata(pdev);

	drm_gem_pages_shrinker_unregister(&demo->drm);
	drm_dev_unplug(&demo->drm);
	demo_gpu_fini(demo);
}

static struct platform_driver demo_platform_driver = {
	.probe = demo_probe,
	.remove = demo_remove,
	.driver.name = "gem_pages_demo",
};

static struct platform_device *demo_devices[2];

static void demo_exit(void)
{
	/* Does nothing for one that is not there. */
	platform_device_unregister(demo_devices[1]);
	platform_device_unregister(demo_devices[0]);
	platform_driver_unregister(&demo_platform_driver);
}

static int __init demo_init(void)
{
	struct platform_device *pdev;
	int ret, i;

	ret = platform_driver_register(&demo_platform_driver);
	if (ret)
		return ret;

	for (i = 0; i <= pair; i++) {
		pdev = platform_device_register_simple("gem_pages_demo",
						       i ?: PLATFORM_DEVID_NONE, NULL, 0);
		if (IS_ERR(pdev)) {
			demo_exit();
			return PTR_ERR(pdev);
		}
		demo_devices[i] = pdev;
	}
	return 0;
}
module_init(demo_init);
module_exit(demo_exit);

MODULE_DESCRIPTION("Sample DRM driver on the GEM pages helper");
MODULE_LICENSE("GPL");
