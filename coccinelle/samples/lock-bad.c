// SPDX-License-Identifier: GPL-2.0

static bool my_resident(struct my_object *obj)
{
	return drm_gem_pages_is_resident_locked(&obj->pages);		/* report */
}

static int my_dirty_late(struct my_object *obj)
{
	dma_resv_lock(obj->pages.base.resv, NULL);
	my_work(obj);
	dma_resv_unlock(obj->pages.base.resv);
	return drm_gem_pages_mark_dirty_locked(&obj->pages, 0, 1);	/* report */
}

static void my_helper(struct my_object *obj)
{
	drm_gem_pages_set_gpu_mapped_locked(&obj->pages, 1, NULL);	/* report */
}

static void my_caller(struct my_object *obj)
{
	my_helper(obj);
}

static int my_pin(struct my_object *obj)
{
	guard(drm_gem_pages)(&obj->pages);
	return drm_gem_pages_pin(&obj->pages);				/* report, patch */
}

static int my_map(struct my_object *obj, struct iosys_map *map)
{
	int ret;

	ret = dma_resv_lock_interruptible(obj->pages.base.resv, NULL);
	if (ret)
		return ret;
	ret = drm_gem_pages_vmap(&obj->pages, map);			/* report, patch */
	dma_resv_unlock(obj->pages.base.resv);
	return ret;
}

static int my_advise(struct my_object *obj)
{
	scoped_guard(drm_gem_pages, &obj->pages) {
		obj->advised = true;
		return drm_gem_pages_madvise(&obj->pages, 1);		/* report, patch */
	}
}

static struct sg_table *my_sgt_locked(struct my_object *obj)
{
	return drm_gem_pages_get_sgt(&obj->pages);			/* report */
}

static int my_pin_tried(struct my_object *obj)
{
	int ret;

	if (!dma_resv_trylock(obj->pages.base.resv))
		return -EBUSY;
	ret = drm_gem_pages_pin(&obj->pages);				/* report, patch */
	dma_resv_unlock(obj->pages.base.resv);
	return ret;
}

static void my_vunmap_tried(struct my_object *obj, struct iosys_map *map)
{
	if (ww_mutex_trylock(&obj->pages.base.resv->lock, NULL)) {
		drm_gem_pages_vunmap(&obj->pages, map);			/* report, patch */
		ww_mutex_unlock(&obj->pages.base.resv->lock);
	}
}

static int my_populate(struct drm_gem_object *gem)
{
	int ret;

	drm_gem_lock(gem);
	ret = drm_gem_pages_populate(to_drm_gem_pages(gem));		/* report */
	drm_gem_unlock(gem);
	return ret;
}

static int my_evict_tried(struct my_object *obj)
{
	if (!dma_resv_trylock(obj->pages.base.resv))
		return drm_gem_pages_evict_locked(&obj->pages);		/* report */
	dma_resv_unlock(obj->pages.base.resv);
	return 0;
}

static bool my_resident_tried(struct my_object *obj)
{
	bool resident;

	if (!dma_resv_trylock(obj->pages.base.resv)) {
		resident = drm_gem_pages_is_resident_locked(&obj->pages);	/* report */
		return resident;
	}
	dma_resv_unlock(obj->pages.base.resv);
	return true;
}

/* Another lock */
static int my_purge(struct my_object *obj)
{
	lockdep_assert_held(&obj->lock);
	return drm_gem_pages_purge_locked(&obj->pages);			/* report */
}

static int my_access(struct my_object *obj, struct dma_buf *dma_buf)
{
	guard(drm_gem_pages)(&obj->pages);
	return dma_buf_begin_cpu_access(dma_buf, DMA_FROM_DEVICE);	/* report */
}

/* The first thing in a scope, whose result is assigned, or returned, or not at all */
static struct sg_table *my_get(struct my_object *obj)
{
	struct sg_table *sgt;

	scoped_guard(drm_gem_pages, &obj->pages)
		sgt = drm_gem_pages_get_sgt(&obj->pages);		/* report */
	scoped_guard(drm_gem_pages, &obj->pages)
		drm_gem_vunmap(&obj->pages.base, &obj->map);		/* report */
	scoped_guard(drm_gem_pages, &obj->pages)
		return drm_gem_pages_get_sgt(&obj->pages);		/* report */
}
