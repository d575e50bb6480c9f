// SPDX-License-Identifier: GPL-2.0

static int my_scanout(struct my_object *obj)
{
	int ret;

	ret = drm_gem_pages_pin(&obj->pages);
	if (ret)
		return ret;
	ret = my_program(obj);
	if (ret) {
		drm_gem_pages_unpin(&obj->pages);
		return ret;
	}
	obj->scanout = true;
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
		goto unpin;
	}
	job->obj = obj;
	dma_resv_unlock(obj->pages.base.resv);
	return 0;

unpin:
	drm_gem_pages_unpin(&obj->pages);
unlock:
	dma_resv_unlock(obj->pages.base.resv);
	return ret;
}

static int my_fill(struct my_object *obj)
{
	CLASS(drm_gem_pages_vmap, vmap)(&obj->pages);
	if (vmap.err)
		return vmap.err;
	if (obj->busy)
		return -EBUSY;
	memset(vmap.map.vaddr, 0, obj->pages.base.size);
	return 0;
}

static int my_load(struct my_object *obj)
{
	struct sg_table *sgt;
	int ret;

	sgt = drm_gem_pages_get_sgt(&obj->pages);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	ret = my_write(sgt);
	drm_gem_pages_put_sgt(&obj->pages);
	return ret;
}

static int my_hold(struct my_job *job, struct my_object *obj)
{
	struct sg_table *sgt;

	sgt = drm_gem_pages_get_sgt(&obj->pages);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	job->sgt = sgt;
	return 0;
}

static struct sg_table *my_sgt(struct my_object *obj)
{
	return drm_gem_pages_get_sgt(&obj->pages);
}

static int my_pin_all(struct my_job *job)
{
	int ret, i;

	for (i = 0; i < job->count; i++) {
		ret = drm_gem_pages_pin_locked(job->obj[i]);
		if (ret)
			goto unpin;
	}
	return 0;

unpin:
	while (i--)
		drm_gem_pages_unpin(job->obj[i]);
	return ret;
}

static void my_end(struct my_object *obj)
{
	obj->scanout = false;
	drm_gem_pages_unpin(&obj->pages);
}

static int my_begin(struct my_object *obj)
{
	int ret = drm_gem_pages_pin(&obj->pages);

	if (ret)
		return ret;
	ret = my_program(obj);
	if (ret) {
		my_end(obj);
		return ret;
	}
	return 0;
}

/* There is nothing left to do. */
static int my_begin_once(struct my_object *obj)
{
	int ret;

	ret = drm_gem_pages_pin(&obj->pages);
	if (ret)
		return ret;
	if (obj->programmed)
		return 0;
	ret = my_program(obj);
	if (ret)
		drm_gem_pages_unpin(&obj->pages);
	return ret;
}

static int my_begin_inside(struct my_object *obj)
{
	int ret;

	ret = drm_gem_pages_pin(&obj->pages);
	if (!ret) {
		if (obj->programmed)
			return 0;
		ret = my_program(obj);
		if (ret) {
			drm_gem_pages_unpin(&obj->pages);
			return ret;
		}
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
	if (ret) {
		drm_gem_pages_object_unpin(gem);
		return ret;
	}
	return 0;
}

static int my_load_job(struct my_job *job, struct my_object *obj)
{
	struct sg_table *sgt;
	int ret;

	sgt = drm_gem_pages_get_sgt(&obj->pages);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	ret = my_write(sgt);
	if (ret)
		goto put;
	job->sgt = sgt;
	return 0;

put:
	drm_gem_pages_put_sgt(&obj->pages);
	return ret;
}

/* Undone by a function, behind a label */
static int my_start(struct my_object *obj)
{
	int ret;

	ret = drm_gem_pages_pin(&obj->pages);
	if (ret)
		return ret;
	ret = my_program(obj);
	if (ret)
		goto end;
	return 0;

end:
	my_end(obj);
	return ret;
}
