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

static int my_ring_create(struct my_device *dev)
{
	struct my_ring *ring = kzalloc_obj(*ring);
	int ret;

	if (!ring)
		return -ENOMEM;
	ring->obj = drm_gem_pages_create(&dev->drm, SZ_64K, 0);
	if (IS_ERR(ring->obj)) {
		ret = PTR_ERR(ring->obj);
		goto err_free;
	}
	dev->ring = ring;
	return 0;

err_free:
	kfree(ring);
	return ret;
}

static int my_planes(struct my_device *dev, int i)
{
	struct drm_gem_pages_object *obj = drm_gem_pages_create(&dev->drm, SZ_1M, 0);

	if (IS_ERR(obj))
		return PTR_ERR(obj);
	dev->plane[i] = obj;
	return 0;
}

static struct drm_gem_pages_object *my_scratch;

static int my_init(struct my_device *dev)
{
	my_scratch = drm_gem_pages_create(&dev->drm, SZ_4K, 0);
	if (IS_ERR(my_scratch)) {
		int ret = PTR_ERR(my_scratch);

		my_scratch = NULL;
		return ret;
	}
	return 0;
}

static int my_open(struct my_file *file)
{
	struct my_heap *heap = my_heap_create();

	if (IS_ERR(heap))
		return PTR_ERR(heap);
	file->heap = heap;
	return 0;
}
