// SPDX-License-Identifier: GPL-2.0

static int my_write_tables(struct my_object *obj)
{
	struct sg_table *sgt;

	guard(drm_gem_pages)(&obj->pages);
	sgt = drm_gem_pages_sgt_locked(&obj->pages);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	return my_map(obj, sgt);
}

static int my_write_tables_pinned(struct my_object *obj)
{
	struct sg_table *sgt;
	int ret;

	ret = drm_gem_pages_pin(&obj->pages);
	if (ret)
		return ret;
	dma_resv_lock(obj->pages.base.resv, NULL);
	sgt = drm_gem_pages_sgt_locked(&obj->pages);
	dma_resv_unlock(obj->pages.base.resv);
	if (IS_ERR(sgt))
		ret = PTR_ERR(sgt);
	else
		ret = my_map(obj, sgt);
	drm_gem_pages_unpin(&obj->pages);
	return ret;
}

/* get_sgt pins until put_sgt. */
static int my_hold(struct my_job *job, struct my_object *obj)
{
	struct sg_table *sgt = drm_gem_pages_get_sgt(&obj->pages);

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	job->sgt = sgt;
	return 0;
}

/* The map is kept whole, and given back with vunmap. */
static int my_vmap(struct my_object *obj)
{
	return drm_gem_pages_vmap(&obj->pages, &obj->map);
}

static int my_dma(struct my_object *obj)
{
	struct sg_table *sgt;

	guard(drm_gem_pages)(&obj->pages);
	sgt = drm_gem_pages_peek_sgt(&obj->pages);
	if (!sgt)
		return -EAGAIN;
	return my_write(obj, sg_dma_address(sgt->sgl), sg_dma_len(sgt->sgl));
}

static bool my_has_sgt(struct my_object *obj)
{
	struct sg_table *sgt;

	dma_resv_lock(obj->pages.base.resv, NULL);
	sgt = drm_gem_pages_peek_sgt(&obj->pages);
	dma_resv_unlock(obj->pages.base.resv);
	return !!sgt;
}

static int my_write_scope(struct my_object *obj)
{
	scoped_guard(drm_gem_pages, &obj->pages) {
		struct sg_table *sgt = drm_gem_pages_sgt_locked(&obj->pages);

		if (IS_ERR(sgt))
			return PTR_ERR(sgt);
		return my_map(obj, sgt);
	}
}

static struct sg_table *my_sgt_locked(struct my_object *obj)
{
	return drm_gem_pages_sgt_locked(&obj->pages);
}

static int my_map_again(struct drm_gpuvm_bo *vm_bo, struct sg_table *sgt)
{
	return my_write(vm_bo, sgt);
}

static const struct drm_gem_pages_gpuvm_ops my_ops = {
	.map = my_map_again,
};

static void my_write_all(struct my_object *obj)
{
	struct scatterlist *sgl;
	struct sg_table *sgt;
	int i;

	guard(drm_gem_pages)(&obj->pages);
	sgt = drm_gem_pages_peek_sgt(&obj->pages);
	if (!sgt)
		return;
	for_each_sgtable_dma_sg(sgt, sgl, i)
		my_write(obj, sg_dma_address(sgl), sg_dma_len(sgl));
}

/* A vmap pins, and so does get_sgt. */
static int my_read(struct my_object *obj, struct iosys_map *map)
{
	struct page *page;
	int ret;

	ret = drm_gem_pages_vmap(&obj->pages, map);
	if (ret)
		return ret;
	dma_resv_lock(obj->pages.base.resv, NULL);
	page = drm_gem_pages_page_locked(&obj->pages, 0);
	dma_resv_unlock(obj->pages.base.resv);
	my_compare(page, map);
	drm_gem_pages_vunmap(&obj->pages, map);
	return 0;
}

static int my_walk(struct my_object *obj)
{
	struct sg_table *sgt = drm_gem_pages_get_sgt(&obj->pages);
	struct page *page;

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	dma_resv_lock(obj->pages.base.resv, NULL);
	page = drm_gem_pages_page_locked(&obj->pages, 0);
	dma_resv_unlock(obj->pages.base.resv);
	my_compare_table(page, sgt);
	drm_gem_pages_put_sgt(&obj->pages);
	return 0;
}

/* Gathered for as long as the lock is held */
static int my_vmap_some(struct my_object *obj, struct page **pages)
{
	int i;

	guard(drm_gem_pages)(&obj->pages);
	for (i = 0; i < obj->count; i++)
		pages[i] = drm_gem_pages_page_locked(&obj->pages, i);
	return my_flush(obj, pages);
}
