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
