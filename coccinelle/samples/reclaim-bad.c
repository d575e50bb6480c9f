// SPDX-License-Identifier: GPL-2.0

static int my_flush(struct my_object *obj)
{
	msleep(20);							/* report */
	return 0;
}

static int my_unmap(struct drm_gem_pages_object *base)
{
	struct my_object *obj = to_my_object(base);
	struct my_update *update;

	mutex_lock(&obj->lock);						/* report */
	update = kzalloc(obj->update_size, GFP_KERNEL);			/* report */
	mutex_unlock(&obj->lock);
	return my_flush(obj);
}

static bool my_busy(struct drm_gem_pages_object *base)
{
	struct my_object *obj = to_my_object(base);

	guard(mutex)(&obj->lock);					/* report */
	return dma_fence_wait(obj->fence, false);			/* report */
}

static const struct drm_gem_pages_shrinker_ops my_ops = {
	.busy = my_busy,
	.unmap = my_unmap,
};

static bool my_trylock(struct drm_gpuvm *gpuvm)
{
	return !dma_resv_lock(drm_gpuvm_resv(gpuvm), NULL);		/* report */
}

static int my_unmap_va(struct drm_gpuva *va)
{
	struct my_update *update = kzalloc_obj(*update);		/* report */

	return my_queue(va, update);
}

static const struct drm_gem_pages_gpuvm_ops my_gpuvm_ops = {
	.trylock = my_trylock,
	.unmap = my_unmap_va,
};
