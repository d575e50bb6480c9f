// SPDX-License-Identifier: GPL-2.0

static void my_put_sgt(struct my_object *obj)
{
	drm_gem_pages_put_sgt(&obj->pages);
}

/* Not the library's */
static void my_drop_ring(struct my_ring *ring, struct device *dev)
{
	struct sg_table *sgt = ring->sgt;

	dma_unmap_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

static const struct drm_gem_object_funcs my_funcs = {
	.free = my_free,
	.vmap = drm_gem_pages_object_vmap,
	.vm_ops = &drm_gem_pages_vm_ops,
};
