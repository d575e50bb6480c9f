// SPDX-License-Identifier: GPL-2.0

static int my_unmap(struct drm_gem_pages_object *base)
{
	struct my_object *obj = to_my_object(base);
	struct my_update *update;

	if (!mutex_trylock(&obj->lock))
		return -EDEADLK;
	update = kzalloc(obj->update_size, GFP_NOWAIT);
	mutex_unlock(&obj->lock);
	return my_flush(obj, update);
}

/* Not called by reclaim */
static int my_map(struct drm_gem_pages_object *base)
{
	struct my_object *obj = to_my_object(base);

	guard(mutex)(&obj->lock);
	obj->update = kzalloc_obj(*obj->update);
	return obj->update ? 0 : -ENOMEM;
}

static bool my_busy(struct drm_gem_pages_object *base)
{
	guard(spinlock)(&to_my_object(base)->spin);
	return to_my_object(base)->jobs;
}

static const struct drm_gem_pages_shrinker_ops my_ops = {
	.busy = my_busy,
	.unmap = my_unmap,
	.map = my_map,
};

static void my_account(struct drm_gem_pages_object *base, bool resident)
{
	if (resident)
		atomic64_add(base->base.size, &to_my_object(base)->dev->total);
	else
		atomic64_sub(base->base.size, &to_my_object(base)->dev->total);
}

static const struct drm_gem_pages_shrinker_ops my_other_ops = {
	.resident = my_account,
};

static int my_vm_unmap(struct drm_gpuva *va)
{
	struct my_update *update = kzalloc_obj(*update, GFP_NOWAIT);
	u32 *entries = kvmalloc_objs(*entries, 3, GFP_NOWAIT | __GFP_NOWARN);

	update = kzalloc_flex(*update, entry, 3, GFP_NOWAIT);
	return readl_poll_timeout_atomic(my_status(va), *entries, !*entries, 10, 100);
}

static const struct drm_gem_pages_gpuvm_ops my_vm_ops = {
	.unmap = my_vm_unmap,
};
