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
