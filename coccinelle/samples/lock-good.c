// SPDX-License-Identifier: GPL-2.0

static bool my_resident(struct my_object *obj)
{
	guard(drm_gem_pages)(&obj->pages);
	return drm_gem_pages_is_resident_locked(&obj->pages);
}

static void my_dirty(struct my_object *obj)
{
	scoped_guard(drm_gem_pages, &obj->pages)
		drm_gem_pages_mark_dirty_locked(&obj->pages, 0, 1);
}

static int my_dirty_scope(struct my_object *obj)
{
	int ret;

	scoped_guard(drm_gem_pages, &obj->pages) {
		ret = drm_gem_pages_mark_dirty_locked(&obj->pages, 0, 1);
		if (ret)
			return ret;
	}
	return 0;
}

static int my_validate(struct my_object *obj, struct drm_exec *exec)
{
	int ret;

	drm_exec_until_all_locked(exec) {
		ret = drm_exec_lock_obj(exec, &obj->pages.base);
		drm_exec_retry_on_contention(exec);
	}
	if (!ret)
		ret = drm_gem_pages_validate_locked(&obj->pages);
	return ret;
}

static void my_inner(struct my_object *obj)
{
	drm_gem_pages_set_gpu_mapped_locked(&obj->pages, 1, NULL);
}

static void my_outer(struct my_object *obj)
{
	my_inner(obj);
}

static void my_outermost(struct my_object *obj)
{
	dma_resv_lock(obj->pages.base.resv, NULL);
	my_outer(obj);
	dma_resv_unlock(obj->pages.base.resv);
}

static int my_sync_locked(struct my_object *obj)
{
	return drm_gem_pages_sync_for_cpu_locked(&obj->pages, 0, 1, DMA_FROM_DEVICE);
}

static int my_unmap(struct drm_gem_pages_object *obj)
{
	drm_gem_pages_set_gpu_mapped_locked(obj, 0, NULL);
	return 0;
}

static const struct drm_gem_pages_shrinker_ops my_ops = {
	.unmap = my_unmap,
};

static int my_pin(struct my_object *obj, struct iosys_map *map)
{
	dma_resv_lock(obj->pages.base.resv, NULL);
	my_inner(obj);
	dma_resv_unlock(obj->pages.base.resv);
	return drm_gem_pages_vmap(&obj->pages, map);
}

/* Unpin and put_sgt take no lock. */
static void my_unpin_locked(struct my_object *obj)
{
	drm_gem_pages_unpin(&obj->pages);
	drm_gem_pages_put_sgt(&obj->pages);
}

static void my_link(struct my_object *obj)
{
	mutex_lock(&obj->pages.base.gpuva.lock);
	drm_gem_pages_gpuvm_update_locked(&obj->pages);
	mutex_unlock(&obj->pages.base.gpuva.lock);
}

static int my_pin_base(struct drm_gem_object *gem)
{
	int ret;

	drm_gem_lock(gem);
	ret = drm_gem_pages_pin_locked(to_drm_gem_pages(gem));
	drm_gem_unlock(gem);
	return ret;
}

static int my_pin_then(struct drm_gem_object *gem)
{
	drm_gem_lock(gem);
	my_look(gem);
	drm_gem_unlock(gem);
	return drm_gem_pages_pin(to_drm_gem_pages(gem));
}

static void my_vunmap(struct my_object *obj, struct iosys_map *map)
{
	ww_mutex_lock(&obj->pages.base.resv->lock, NULL);
	drm_gem_pages_vunmap_locked(&obj->pages, map);
	ww_mutex_unlock(&obj->pages.base.resv->lock);
}

static int my_pin_tried(struct my_object *obj)
{
	int ret;

	if (!dma_resv_trylock(obj->pages.base.resv))
		return drm_gem_pages_pin(&obj->pages);
	ret = drm_gem_pages_pin_locked(&obj->pages);
	dma_resv_unlock(obj->pages.base.resv);
	return ret;
}

/* Taken after all */
static void my_mark(struct my_object *obj)
{
	if (!dma_resv_trylock(obj->pages.base.resv)) {
		my_count(obj);
		dma_resv_lock(obj->pages.base.resv, NULL);
		drm_gem_pages_mark_dirty_locked(&obj->pages, 0, 1);
	}
	dma_resv_unlock(obj->pages.base.resv);
}

static int my_sync(struct my_object *obj)
{
	lockdep_assert_held(&obj->pages.base.resv->lock.base);
	return drm_gem_pages_sync_for_device_locked(&obj->pages, 0, 1, DMA_TO_DEVICE);
}

static int my_check(struct my_vm *vm, struct drm_gem_pages_object *obj)
{
	drm_gpuvm_resv_assert_held(&vm->base);
	return drm_gem_pages_populate_locked(obj, GFP_KERNEL);
}

static int my_validate_all(struct drm_gpuvm_exec *exec, struct drm_gem_pages_object *obj)
{
	int ret;

	ret = drm_gpuvm_exec_lock(exec);
	if (ret)
		return ret;
	return drm_gem_pages_validate_locked(obj);
}

static int my_validate_two(struct drm_gem_object **objs, struct ww_acquire_ctx *ctx)
{
	int ret;

	ret = drm_gem_lock_reservations(objs, 2, ctx);
	if (ret)
		return ret;
	ret = drm_gem_pages_validate_locked(to_drm_gem_pages(objs[0]));
	drm_gem_unlock_reservations(objs, 2, ctx);
	return ret;
}

/* Called with the lock, in a scope */
static void my_mark_used(struct my_object *obj)
{
	drm_gem_pages_set_gpu_mapped_locked(&obj->pages, 1, NULL);
}

static int my_purge(struct my_object *obj)
{
	return drm_gem_pages_purge_locked(&obj->pages);
}

static int my_evict(struct my_object *obj)
{
	return drm_gem_pages_evict_locked(&obj->pages);
}

static bool my_is_resident(struct my_object *obj)
{
	return drm_gem_pages_is_resident_locked(&obj->pages);
}

static int my_scopes(struct my_object *obj)
{
	int ret;

	scoped_guard(drm_gem_pages, &obj->pages)
		my_mark_used(obj);
	scoped_guard(drm_gem_pages, &obj->pages)
		ret = my_purge(obj);
	scoped_guard(drm_gem_pages, &obj->pages) {
		if (ret)
			ret = my_evict(obj);
	}
	scoped_guard(drm_gem_pages, &obj->pages)
		return my_is_resident(obj);
}

/* By a callback, and one that calls another */
static int my_ready(struct drm_gem_pages_object *obj)
{
	return drm_gem_pages_validate_locked(obj);
}

static int my_vm_bo_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	return my_ready(to_drm_gem_pages(vm_bo->obj));
}

static const struct drm_gpuvm_ops my_gpuvm_ops = {
	.vm_bo_validate = my_vm_bo_validate,
};

static int my_busy(struct drm_gem_pages_object *obj)
{
	return drm_gem_pages_mark_dirty_locked(obj, 0, 1);
}

static int my_purged(struct drm_gem_pages_object *obj)
{
	return drm_gem_pages_mark_dirty_locked(obj, 0, 1);
}

static const struct drm_gem_pages_shrinker_ops my_more_ops = {
	.busy = my_busy,
	.purged = my_purged,
};

static int my_map(struct drm_gpuvm_bo *vm_bo, struct sg_table *sgt)
{
	return drm_gem_pages_mark_dirty_locked(to_drm_gem_pages(vm_bo->obj), 0, 1);
}

static const struct drm_gem_pages_gpuvm_ops my_pages_gpuvm_ops = {
	.map = my_map,
};

static int my_get_pages(struct drm_gem_pages_object *obj, struct page **pages,
			unsigned long count, gfp_t gfp)
{
	return drm_gem_pages_sync_for_cpu_locked(obj, 0, 1, DMA_FROM_DEVICE);
}

static void my_put_pages(struct drm_gem_pages_object *obj, struct page **pages,
			 unsigned long count, bool dirty)
{
	drm_gem_pages_sync_for_cpu_locked(obj, 0, 1, DMA_FROM_DEVICE);
}

static const struct drm_gem_pages_backing_ops my_backing_ops = {
	.get = my_get_pages,
	.put = my_put_pages,
};

static int my_object_pin(struct drm_gem_object *gem)
{
	return drm_gem_pages_pin_locked(to_drm_gem_pages(gem));
}

static void my_object_unpin(struct drm_gem_object *gem)
{
	drm_gem_pages_mark_dirty_locked(to_drm_gem_pages(gem), 0, 1);
	drm_gem_pages_unpin(to_drm_gem_pages(gem));
}

static int my_object_vmap(struct drm_gem_object *gem, struct iosys_map *map)
{
	return drm_gem_pages_vmap_locked(to_drm_gem_pages(gem), map);
}

static void my_object_vunmap(struct drm_gem_object *gem, struct iosys_map *map)
{
	drm_gem_pages_vunmap_locked(to_drm_gem_pages(gem), map);
}

static const struct drm_gem_object_funcs my_funcs = {
	.pin = my_object_pin,
	.unpin = my_object_unpin,
	.vmap = my_object_vmap,
	.vunmap = my_object_vunmap,
};
