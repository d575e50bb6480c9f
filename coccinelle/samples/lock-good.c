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
