// SPDX-License-Identifier: GPL-2.0

static void my_put_pages(struct drm_gem_object *gem, struct page **pages)
{
	if (!drm_gem_pages_is_pinned(to_drm_gem_pages(gem)))
		drm_gem_put_pages(gem, pages, true, false);		/* report */
}

static void my_drop_sgt(struct my_object *obj, struct device *dev)
{
	struct sg_table *sgt;

	guard(drm_gem_pages)(&obj->pages);
	sgt = drm_gem_pages_peek_sgt(&obj->pages);
	if (!sgt)
		return;
	dma_unmap_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0);		/* report */
	sg_free_table(sgt);						/* report */
	kfree(sgt);							/* report */
}

static void my_drop_table(struct my_object *obj)
{
	guard(drm_gem_pages)(&obj->pages);
	sg_free_table(drm_gem_pages_peek_sgt(&obj->pages));		/* report */
}

static int my_vmap(struct my_object *obj, struct iosys_map *map)
{
	return drm_gem_shmem_vmap_locked(&obj->shmem, map);		/* report */
}

static const struct drm_gem_object_funcs my_funcs = {
	.free = my_free,
	.vmap = drm_gem_shmem_object_vmap,				/* report */
	.vm_ops = &drm_gem_shmem_vm_ops,				/* report */
};
