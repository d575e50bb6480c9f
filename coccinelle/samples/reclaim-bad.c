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

/* All that may block or allocates */
static int my_vm_unmap(struct drm_gpuva *va)
{
	struct my_update *update;
	u32 *entries;

	update = kvmalloc(to_my_vm(va->vm)->size, GFP_KERNEL | __GFP_NOWARN);	/* report */
	update = kzalloc_obj(*update, GFP_NOFS);			/* report */
	update = kzalloc_flex(*update, entry, 3);			/* report */
	entries = kvmalloc_objs(*entries, 3);				/* report */
	entries = kzalloc_objs(*entries, 3);				/* report */
	guard(rwsem_write)(&to_my_vm(va->vm)->sem);			/* report */
	if (dma_resv_reserve_fences(drm_gpuvm_resv(va->vm), 1))		/* report */
		return -ENOMEM;
	if (pm_runtime_resume_and_get(va->vm->drm->dev))		/* report */
		return -EIO;
	mutex_lock_io(&to_my_vm(va->vm)->lock);				/* report */
	return readl_poll_timeout(my_status(va), *entries, !*entries, 10, 100);	/* report */
}

/* In a function that is called, too */
static void my_count_out(struct my_vm *vm)
{
	scoped_guard(rwsem_read, &vm->sem)				/* report */
		vm->count--;
}

static void my_unlock(struct drm_gpuvm *gpuvm)
{
	my_count_out(to_my_vm(gpuvm));
}

static const struct drm_gem_pages_gpuvm_ops my_vm_ops = {
	.unlock = my_unlock,
	.unmap = my_vm_unmap,
};
