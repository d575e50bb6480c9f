// SPDX-License-Identifier: GPL-2.0

static int my_get_pages(struct my_object *obj)
{
	struct page **pages;

	pages = drm_gem_get_pages(&obj->base);
	if (IS_ERR(pages))
		return PTR_ERR(pages);
	obj->pages = pages;
	return 0;
}

static int my_firmware(struct my_device *dev)
{
	int ret;

	dev->firmware = drm_gem_pages_create(&dev->drm, SZ_1M, 0);
	if (IS_ERR(dev->firmware)) {
		ret = PTR_ERR(dev->firmware);
		dev->firmware = NULL;
		return ret;
	}
	return 0;
}

static struct my_heap *my_heap_create(void)
{
	struct my_heap *heap = kzalloc_obj(*heap);

	if (!heap)
		return ERR_PTR(-ENOMEM);
	heap->obj = drm_gem_pages_create(heap->drm, SZ_1M, 0);
	if (IS_ERR(heap->obj)) {
		void *err = ERR_CAST(heap->obj);

		kfree(heap);
		return err;
	}
	return heap;
}
