// SPDX-License-Identifier: GPL-2.0

static struct sg_table *last_sgt;

static void my_remember(struct my_object *obj)
{
	guard(drm_gem_pages)(&obj->pages);
	obj->sgt = drm_gem_pages_sgt_locked(&obj->pages);		/* report */
	obj->gpu.first = drm_gem_pages_page_locked(&obj->pages, 0);	/* report */
}

static int my_remember_checked(struct my_object *obj)
{
	struct sg_table *sgt;

	guard(drm_gem_pages)(&obj->pages);
	sgt = drm_gem_pages_sgt_locked(&obj->pages);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	obj->sgt = sgt;							/* report */
	last_sgt = sgt;							/* report */
	return 0;
}

static void my_remember_pages(struct my_object *obj)
{
	struct page *page;
	int i;

	guard(drm_gem_pages)(&obj->pages);
	for (i = 0; i < obj->count; i++) {
		page = drm_gem_pages_page_locked(&obj->pages, i);
		obj->page[i] = page;					/* report */
	}
}

static int my_remember_vaddr(struct my_object *obj)
{
	struct iosys_map map;
	int ret;

	ret = drm_gem_pages_vmap(&obj->pages, &map);
	if (!ret)
		obj->vaddr = map.vaddr;					/* report */
	return ret;
}

static int my_remember_scoped(struct my_object *obj)
{
	CLASS(drm_gem_pages_vmap, vmap)(&obj->pages);
	if (vmap.err)
		return vmap.err;
	obj->vaddr = vmap.map.vaddr;					/* report */
	return 0;
}

static int my_write_tables(struct my_object *obj)
{
	struct sg_table *sgt;

	dma_resv_lock(obj->pages.base.resv, NULL);
	sgt = drm_gem_pages_sgt_locked(&obj->pages);
	dma_resv_unlock(obj->pages.base.resv);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	return my_map(obj, sgt);					/* report */
}

static int my_remember_vaddr_of(struct my_object *obj, struct iosys_map *map)
{
	int ret;

	ret = drm_gem_pages_vmap(&obj->pages, map);
	if (!ret)
		obj->vaddr = map->vaddr;				/* report */
	return ret;
}

static void my_look(struct my_object *obj, struct sg_table **sgt)
{
	guard(drm_gem_pages)(&obj->pages);
	*sgt = drm_gem_pages_peek_sgt(&obj->pages);			/* report */
}

static struct sg_table *my_sgt(struct my_object *obj)
{
	guard(drm_gem_pages)(&obj->pages);
	return drm_gem_pages_sgt_locked(&obj->pages);			/* report */
}

static struct sg_table *my_sgt_checked(struct my_object *obj)
{
	struct sg_table *sgt;

	guard(drm_gem_pages)(&obj->pages);
	sgt = drm_gem_pages_sgt_locked(&obj->pages);
	if (!IS_ERR(sgt))
		my_count(obj);
	return sgt;							/* report */
}

static struct sg_table *my_sgt_unlocked(struct my_object *obj)
{
	struct sg_table *sgt;

	dma_resv_lock(obj->pages.base.resv, NULL);
	sgt = drm_gem_pages_sgt_locked(&obj->pages);
	dma_resv_unlock(obj->pages.base.resv);
	return sgt;							/* report */
}

static int my_write_behind(struct my_object *obj)
{
	struct sg_table *sgt;

	scoped_guard(drm_gem_pages, &obj->pages)
		sgt = drm_gem_pages_sgt_locked(&obj->pages);
	return my_map(obj, sgt);					/* report */
}

static int my_write_put(struct my_object *obj)
{
	struct sg_table *sgt = drm_gem_pages_get_sgt(&obj->pages);

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	drm_gem_pages_put_sgt(&obj->pages);
	return my_map(obj, sgt);					/* report */
}

static int my_map_again(struct drm_gpuvm_bo *vm_bo, struct sg_table *sgt)
{
	to_my_vm(vm_bo->vm)->sgt = sgt;					/* report */
	return 0;
}

static const struct drm_gem_pages_gpuvm_ops my_ops = {
	.map = my_map_again,
};

static void my_publish(struct my_object *obj, struct my_job *job)
{
	struct sg_table *sgt;

	guard(drm_gem_pages)(&obj->pages);
	WRITE_ONCE(obj->sgt, drm_gem_pages_peek_sgt(&obj->pages));	/* report */
	sgt = drm_gem_pages_peek_sgt(&obj->pages);
	WRITE_ONCE(obj->gpu.sgt, sgt);					/* report */
	*job = (struct my_job){ .obj = obj, .sgt = sgt };		/* report */
	obj->last = (struct my_job){ .sgt = drm_gem_pages_peek_sgt(&obj->pages) };	/* report */
}

static int my_validate(struct my_object *obj, struct drm_exec *exec)
{
	struct sg_table *sgt;
	int ret;

	ret = drm_exec_lock_obj(exec, &obj->pages.base);
	if (ret)
		return ret;
	sgt = drm_gem_pages_sgt_locked(&obj->pages);
	drm_exec_fini(exec);
	return my_map(obj, sgt);					/* report */
}

static void my_write_all(struct my_object *obj)
{
	struct scatterlist *sgl;
	struct sg_table *sgt;
	int i;

	dma_resv_lock(obj->pages.base.resv, NULL);
	sgt = drm_gem_pages_peek_sgt(&obj->pages);
	dma_resv_unlock(obj->pages.base.resv);
	for_each_sgtable_dma_sg(sgt, sgl, i)				/* report */
		my_write(obj, sg_dma_address(sgl), sg_dma_len(sgl));
}

static void my_write_all_behind(struct my_object *obj)
{
	struct scatterlist *sgl;
	struct sg_table *sgt;
	int i;

	scoped_guard(drm_gem_pages, &obj->pages)
		sgt = drm_gem_pages_peek_sgt(&obj->pages);
	for_each_sgtable_dma_sg(sgt, sgl, i)				/* report */
		my_write(obj, sg_dma_address(sgl), sg_dma_len(sgl));
}

static int my_gather(struct my_object *obj)
{
	struct page **pages = kmalloc_objs(*pages, obj->count);
	int i;

	if (!pages)
		return -ENOMEM;
	guard(drm_gem_pages)(&obj->pages);
	for (i = 0; i < obj->count; i++)
		pages[i] = drm_gem_pages_page_locked(&obj->pages, i);
	obj->all = pages;						/* report */
	return 0;
}

static int my_gather_checked(struct my_object *obj, struct page **pages)
{
	struct page *page;
	int i;

	guard(drm_gem_pages)(&obj->pages);
	for (i = 0; i < obj->count; i++) {
		page = drm_gem_pages_page_locked(&obj->pages, i);
		if (!page)
			return -EAGAIN;
		pages[i] = page;
	}
	obj->gpu.all = pages;						/* report */
	return 0;
}
