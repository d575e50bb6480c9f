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

static void my_wait(struct my_object *obj)
{
	wait_for_completion(&obj->idle);				/* report */
}

static void my_settle(struct my_object *obj)
{
	my_wait(obj);
}

static void my_purged(struct drm_gem_pages_object *base)
{
	my_settle(to_my_object(base));
}

static void my_account(struct drm_gem_pages_object *base, bool resident)
{
	struct my_object *obj = to_my_object(base);

	scoped_guard(mutex, &obj->dev->lock)				/* report */
		obj->dev->total += base->base.size;
}

static const struct drm_gem_pages_shrinker_ops my_other_ops = {
	.purged = my_purged,
	.resident = my_account,
};

static void my_put(struct drm_gem_pages_object *base, struct page **pages,
		   unsigned long count, bool dirty)
{
	dma_resv_wait_timeout(base->base.resv, DMA_RESV_USAGE_BOOKKEEP, false, 10);	/* report */
}

static const struct drm_gem_pages_backing_ops my_backing_ops = {
	.put = my_put,
};
