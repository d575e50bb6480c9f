// SPDX-License-Identifier: GPL-2.0

static int my_scanout(struct my_object *obj)
{
	int ret;

	ret = drm_gem_pages_pin(&obj->pages);
	if (ret)
		return ret;
	ret = my_program(obj);
	if (ret)
		return ret;						/* report */
	return 0;
}

static int my_submit(struct my_job *job, struct my_object *obj)
{
	int ret;

	dma_resv_lock(obj->pages.base.resv, NULL);
	ret = drm_gem_pages_pin_locked(&obj->pages);
	if (ret)
		goto unlock;
	job->fence = my_fence(job);
	if (!job->fence) {
		ret = -ENOMEM;
		goto unlock;						/* report */
	}
	job->obj = obj;
unlock:
	dma_resv_unlock(obj->pages.base.resv);
	return ret;
}

static void *my_map(struct my_object *obj)
{
	int ret;

	ret = drm_gem_pages_vmap(&obj->pages, &obj->map);
	if (ret < 0)
		return ERR_PTR(ret);
	if (obj->map.is_iomem) {
		my_complain(obj);
		return ERR_PTR(-EIO);					/* report */
	}
	return obj->map.vaddr;
}

static int my_load(struct my_object *obj)
{
	struct sg_table *sgt;
	int ret;

	sgt = drm_gem_pages_get_sgt(&obj->pages);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	ret = my_write(sgt);
	if (ret)
		return ret;						/* report */
	drm_gem_pages_put_sgt(&obj->pages);
	return 0;
}

static int my_leak(struct my_object *obj)
{
	struct sg_table *sgt = drm_gem_pages_get_sgt(&obj->pages);	/* report */

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	my_write(sgt);
	return 0;
}

static int my_begin(struct my_object *obj)
{
	int ret = drm_gem_pages_pin(&obj->pages);

	if (ret)
		return ret;
	ret = my_program(obj);
	if (ret)
		return ret;						/* report */
	return 0;
}

static int my_begin_short(struct my_object *obj)
{
	if (drm_gem_pages_pin(&obj->pages))
		return -ENOMEM;
	if (my_program(obj))
		return -EIO;						/* report */
	return 0;
}

static int my_pin_all(struct my_job *job)
{
	int ret, i;

	for (i = 0; i < job->count; i++) {
		ret = drm_gem_pages_pin_locked(job->obj[i]);
		if (ret)
			return ret;					/* report */
	}
	return 0;
}

static int my_read(struct my_object *obj)
{
	struct iosys_map map;
	int ret;

	ret = drm_gem_vmap(&obj->pages.base, &map);
	if (ret)
		return ret;
	ret = my_parse(&map);
	if (ret)
		return ret;						/* report */
	drm_gem_vunmap(&obj->pages.base, &map);
	return 0;
}

static int my_begin_inside(struct my_object *obj)
{
	int ret;

	ret = drm_gem_pages_pin(&obj->pages);
	if (!ret) {
		ret = my_program(obj);
		if (ret)
			return ret;					/* report */
	}
	return ret;
}

static int my_prepare(struct drm_gem_object *gem)
{
	int ret;

	ret = drm_gem_pages_object_pin(gem);
	if (ret)
		return ret;
	ret = my_program(to_my_object(gem));
	if (ret)
		return ret;						/* report */
	return 0;
}
