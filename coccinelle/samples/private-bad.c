// SPDX-License-Identifier: GPL-2.0

struct my_object {
	struct drm_gem_pages_object pages;
};

struct my_vm {
	struct drm_gem_pages_vm reclaim;
};

static bool my_pinned(struct drm_gem_pages_object *obj)
{
	return atomic_read(&obj->state.pin_count);			/* report, patch */
}

static struct sg_table *my_sgt(struct my_object *obj)
{
	return obj->pages.state.sgt;					/* report, patch */
}

static void my_forget(struct my_object *obj)
{
	ACCESS_PRIVATE(&obj->pages, state).sgt = NULL;			/* report */
}

static void *my_vaddr(struct drm_gem_object *gem)
{
	struct drm_gem_pages_state *state;				/* report */

	state = &to_drm_gem_pages(gem)->state;
	return state->vaddr;
}

static unsigned long my_resident(struct my_vm *vm)
{
	return vm->reclaim.objects;					/* report */
}

static bool my_purged(struct drm_gem_object *gem)
{
	return to_drm_gem_pages(gem)->state.purged;			/* report */
}

static void my_wipe(struct drm_gem_pages_object *obj)
{
	memset(&obj->state, 0, 16);					/* report */
}

static void my_wipe_member(struct my_object *obj)
{
	memset(&obj->pages.state, 0, 16);				/* report */
}

static u64 my_age(struct drm_gem_pages_vm *vm)
{
	return vm->used;						/* report */
}

static void my_reset(struct drm_gem_pages_state *state)			/* report */
{
	state->sgt = NULL;
}

static struct page *my_page(struct drm_gem_pages_object *obj, pgoff_t i)
{
	return obj->state.pages[i];					/* report, patch */
}

static struct page *my_page_of(struct my_object *obj, pgoff_t i)
{
	return obj->pages.state.pages[i];				/* report, patch */
}

static bool my_pinned_of(struct my_object *obj)
{
	return atomic_read(&obj->pages.state.pin_count);		/* report, patch */
}

static struct sg_table *my_sgt_of(struct drm_gem_pages_object *obj)
{
	return obj->state.sgt;						/* report, patch */
}

static u64 my_history(struct drm_gem_pages_object *obj)
{
	return obj->state.evictions;					/* report, patch */
}

static u64 my_history_of(struct my_object *obj)
{
	return obj->pages.state.evictions;				/* report, patch */
}

static bool my_gone(struct drm_gem_pages_object *obj)
{
	return obj->state.purged;					/* report, patch */
}

static bool my_gone_of(struct my_object *obj)
{
	return obj->pages.state.purged;					/* report, patch */
}

/* A write has no function. */
static void my_pretend(struct drm_gem_pages_object *obj, struct my_object *mine)
{
	obj->state.sgt = NULL;						/* report */
	obj->state.evictions = 0;					/* report */
	obj->state.purged = true;					/* report */
	mine->pages.state.sgt = NULL;					/* report */
	mine->pages.state.evictions = 0;				/* report */
	mine->pages.state.purged = true;				/* report */
}
