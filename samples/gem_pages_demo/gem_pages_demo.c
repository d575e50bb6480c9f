// SPDX-License-Identifier: GPL-2.0

/*
 * A DRM driver without hardware, on a platform device that it makes itself. It
 * has dumb buffers, mmap, PRIME and a render node, and shows each object's state
 * in debugfs.
 */

#include <linux/dma-mapping.h>
#include <linux/iosys-map.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/string.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_dumb_buffers.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_pages.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_mode.h>
#include <drm/drm_print.h>

#include "gem_pages_demo_uapi.h"

static bool wc;
module_param(wc, bool, 0444);
MODULE_PARM_DESC(wc, "Map dumb buffers write-combined (default: no)");

static char *huge = "";
module_param(huge, charp, 0444);
MODULE_PARM_DESC(huge, "Huge folios: within_size, always or advise (default: none)");

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

	if (args->flags & ~(GEM_PAGES_DEMO_WC | GEM_PAGES_DEMO_NO_MMAP | GEM_PAGES_DEMO_NO_SHARE))
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

/* Every object that a client has a handle for. */
static int demo_show_objects(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	struct drm_printer p = drm_seq_file_printer(m);
	struct drm_device *dev = entry->dev;
	struct drm_gem_object *gem;
	struct drm_file *file;
	int handle;

	guard(mutex)(&dev->filelist_mutex);
	list_for_each_entry(file, &dev->filelist, lhead) {
		guard(spinlock)(&file->table_lock);
		idr_for_each_entry(&file->object_idr, gem, handle) {
			if (!gem)
				continue;
			drm_printf(&p, "client %llu object %d: size=%zu imported=%d\n",
				   file->client_id, handle, gem->size, drm_gem_is_imported(gem));
			gem->funcs->print_info(&p, 1, gem);
		}
	}
	return 0;
}

static const struct drm_ioctl_desc demo_ioctls[] = {
	DRM_IOCTL_DEF_DRV(GEM_PAGES_DEMO_CREATE, demo_create_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(GEM_PAGES_DEMO_MMAP_OFFSET, demo_mmap_offset_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(GEM_PAGES_DEMO_FILL, demo_fill_ioctl, DRM_RENDER_ALLOW),
};

DEFINE_DRM_GEM_FOPS(demo_fops);

static const struct drm_driver demo_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER,
	.fops = &demo_fops,
	.ioctls = demo_ioctls,
	.num_ioctls = ARRAY_SIZE(demo_ioctls),

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
	struct drm_device *dev;
	int ret;

	ret = dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);

	dev = drm_dev_alloc(&demo_driver, &pdev->dev);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	if (*huge) {
		ret = drm_gem_pages_use_huge(dev, huge);
		if (ret)
			goto err_put;
	}

	drm_debugfs_add_file(dev, "gem_pages", demo_show_objects, NULL);
	ret = drm_dev_register(dev, 0);
	if (ret)
		goto err_put;

	platform_set_drvdata(pdev, dev);
	return 0;

err_put:
	drm_dev_put(dev);
	return ret;
}

static void demo_remove(struct platform_device *pdev)
{
	struct drm_device *dev = platform_get_drvdata(pdev);

	drm_dev_unplug(dev);
	drm_dev_put(dev);
}

static struct platform_driver demo_platform_driver = {
	.probe = demo_probe,
	.remove = demo_remove,
	.driver.name = "gem_pages_demo",
};

static struct platform_device *demo_device;

static int __init demo_init(void)
{
	int ret;

	ret = platform_driver_register(&demo_platform_driver);
	if (ret)
		return ret;

	demo_device = platform_device_register_simple("gem_pages_demo", PLATFORM_DEVID_NONE,
						      NULL, 0);
	if (IS_ERR(demo_device)) {
		platform_driver_unregister(&demo_platform_driver);
		return PTR_ERR(demo_device);
	}
	return 0;
}
module_init(demo_init);

static void __exit demo_exit(void)
{
	platform_device_unregister(demo_device);
	platform_driver_unregister(&demo_platform_driver);
}
module_exit(demo_exit);

MODULE_DESCRIPTION("Sample DRM driver on the GEM pages helper");
MODULE_LICENSE("GPL");
