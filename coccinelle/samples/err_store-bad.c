// SPDX-License-Identifier: GPL-2.0

static int my_get_pages(struct my_object *obj)
{
	obj->backing.pages = drm_gem_get_pages(&obj->base);		/* report */
	if (IS_ERR(obj->backing.pages))
		return PTR_ERR(obj->backing.pages);
	return 0;
}

static struct my_heap *my_heap_create(void)
{
	return ERR_PTR(-ENOMEM);
}

static void my_open(struct my_file *file)
{
	file->heap = my_heap_create();					/* report */
}

static void my_firmware(struct my_device *dev)
{
	struct drm_gem_pages_object *obj;

	obj = drm_gem_pages_create(&dev->drm, SZ_1M, 0);
	dev->firmware = obj;						/* report */
}

static int my_planes(struct my_device *dev, int i)
{
	dev->plane[i] = drm_gem_pages_create(&dev->drm, SZ_1M, 0);	/* report */
	return PTR_ERR_OR_ZERO(dev->plane[i]);
}

static struct drm_gem_pages_object *my_scratch;

static void my_init(struct my_device *dev)
{
	my_scratch = drm_gem_pages_create(&dev->drm, SZ_4K, 0);		/* report */
	dev->fw.mem.obj = drm_gem_pages_create(&dev->drm, SZ_1M, 0);	/* report */
}

static void my_open_later(struct my_file *file)
{
	struct my_heap *heap = my_heap_create();

	my_count(file);
	file->heap = heap;						/* report */
}
