// SPDX-License-Identifier: GPL-2.0

struct my_object {
	struct drm_gem_pages_object pages;
	struct my_state {
		u32 jobs;
		u32 flags;
	} state;
};

struct my_vm {
	struct drm_gem_pages_vm reclaim;
};

static bool my_pinned(struct my_object *obj)
{
	return drm_gem_pages_is_pinned(&obj->pages);
}

static u32 my_jobs(struct my_object *obj)
{
	return obj->state.jobs + obj->state.flags;
}

static size_t my_size(struct my_object *obj)
{
	return obj->pages.base.size;
}

static void my_used(struct my_vm *vm)
{
	drm_gem_pages_vm_used(&vm->reclaim);
}
