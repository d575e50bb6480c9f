// SPDX-License-Identifier: GPL-2.0

/*
 * Reclaim of objects that drm_gpuvm maps, with mock page tables: one bit for each
 * mapping. All cases run with both of drm_gpuvm's ways to protect an object's list.
 */

#include <kunit/resource.h>
#include <kunit/test.h>

#include <linux/bits.h>
#include <linux/dma-resv.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_pages_gpuvm.h>
#include <drm/drm_gem_pages_shrinker.h>
#include <drm/drm_gpuvm.h>

#include "drm_gem_pages_internal.h"
#include "drm_gem_pages_shrinker_internal.h"
#include "drm_gem_pages_test_util.h"

#define MANY		BIT(30)
#define SEED		0x3c
#define TEST_PAGES	4

struct gpuvm_test;

struct test_vm {
	struct drm_gpuvm base;
	struct drm_gem_pages_vm vm;
	struct gpuvm_test *t;
	struct mutex table; /* for its page tables */
	unsigned int trylocks;
	unsigned int unlocks;
};

struct test_va {
	struct drm_gpuva base;
	bool mapped;
};

struct gpuvm_test {
	struct drm_device *drm;
	struct drm_gem_pages_shrinker *shrinker;
	enum drm_gpuvm_flags flags;

	/* of which the mapping stays, and with what error */
	struct test_va *stays;
	int map_error;
	unsigned int unmaps;
	unsigned int maps;
	const char *wrong;
};

#define to_test_vm(gpuvm) container_of(gpuvm, struct test_vm, base)
#define to_test_va(va) container_of(va, struct test_va, base)

static void must(struct gpuvm_test *t, bool good, const char *what)
{
	if (!good)
		t->wrong = what;
}

/*
 * Driver
 */

static struct drm_gem_pages_vm *driver_vm(struct drm_gpuvm *gpuvm)
{
	return &to_test_vm(gpuvm)->vm;
}

static bool driver_trylock(struct drm_gpuvm *gpuvm)
{
	struct test_vm *vm = to_test_vm(gpuvm);

	must(vm->t, dma_resv_is_locked(drm_gpuvm_resv(gpuvm)), "table before the VM's lock");
	if (!mutex_trylock(&vm->table))
		return false;
	vm->trylocks++;
	return true;
}

static void driver_unlock(struct drm_gpuvm *gpuvm)
{
	struct test_vm *vm = to_test_vm(gpuvm);

	vm->unlocks++;
	mutex_unlock(&vm->table);
}

static int driver_unmap(struct drm_gpuva *va)
{
	struct gpuvm_test *t = to_test_vm(va->vm)->t;

	must(t, mutex_is_locked(&to_test_vm(va->vm)->table), "unmap without the table's lock");
	must(t, dma_resv_is_locked(drm_gpuvm_resv(va->vm)), "unmap without the VM's lock");
	must(t, mutex_is_locked(&va->gem.obj->gpuva.lock), "unmap without the list's lock");
	must(t, to_test_va(va)->mapped, "unmap of what is not mapped");
	t->unmaps++;
	if (t->stays == to_test_va(va))
		return -EIO;
	to_test_va(va)->mapped = false;
	return 0;
}

static int driver_map(struct drm_gpuvm_bo *vm_bo, struct sg_table *sgt)
{
	struct gpuvm_test *t = to_test_vm(vm_bo->vm)->t;
	struct drm_gpuva *va;

	dma_resv_assert_held(vm_bo->obj->resv);
	dma_resv_assert_held(drm_gpuvm_resv(vm_bo->vm));
	must(t, sgt == state_of(to_drm_gem_pages(vm_bo->obj))->sgt, "map of another sg table");
	if (t->map_error)
		return t->map_error;
	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (!drm_gpuva_invalidated(va))
			continue;
		must(t, !to_test_va(va)->mapped, "map of what is mapped");
		to_test_va(va)->mapped = true;
		drm_gpuva_invalidate(va, false);
		t->maps++;
	}
	return 0;
}

static const struct drm_gem_pages_gpuvm_ops gpuvm_ops = {
	.vm = driver_vm,
	.trylock = driver_trylock,
	.unlock = driver_unlock,
	.unmap = driver_unmap,
	.map = driver_map,
};

static const struct drm_gem_pages_shrinker_ops shrinker_ops = {
	.unmap = drm_gem_pages_gpuvm_unmap,
	.gpuvm = &gpuvm_ops,
};

/* The test frees it. */
static void vm_free(struct drm_gpuvm *gpuvm)
{
}

static const struct drm_gpuvm_ops vm_ops = {
	.vm_free = vm_free,
	.vm_bo_validate = drm_gem_pages_gpuvm_validate,
};

/*
 * VMs and mappings
 */

static int gpuvm_test_init(struct kunit *test)
{
	struct gpuvm_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->drm = gp_test_device(test, "gp-gpuvm", &gp_test_driver);
	t->shrinker = gp_test_shrinker(test, t->drm, &shrinker_ops);
	if (test->param_value)
		t->flags = *(const enum drm_gpuvm_flags *)test->param_value;
	gp_test_set_swap(MANY);
	test->priv = t;
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	return 0;
}

static void gpuvm_test_exit(struct kunit *test)
{
	struct gpuvm_test *t = test->priv;

	if (!t)
		return;
	gp_test_expect_sound(test, t->shrinker);
	KUNIT_EXPECT_NULL_MSG(test, t->wrong, "%s", t->wrong);
}

static const enum drm_gpuvm_flags modes[] = { 0, DRM_GPUVM_IMMEDIATE_MODE };

static void describe_mode(const enum drm_gpuvm_flags *flags, char *text)
{
	strscpy(text, *flags ? "immediate" : "by resv", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(modes, modes, describe_mode);

static void put_gem(void *gem)
{
	drm_gem_object_put(gem);
}

/* What gives VMs, and objects, a reservation lock to share. */
static struct drm_gem_object *resv_object(struct kunit *test)
{
	struct gpuvm_test *t = test->priv;
	struct drm_gem_object *gem = drm_gpuvm_resv_object_alloc(t->drm);

	KUNIT_ASSERT_NOT_NULL(test, gem);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_gem, gem), 0);
	return gem;
}

static void fini_vm(void *data)
{
	struct test_vm *vm = data;

	drm_gem_pages_vm_fini(&vm->vm);
	drm_gpuvm_put(&vm->base);
}

static struct test_vm *vm_with(struct kunit *test, struct drm_gem_object *resv_obj)
{
	struct test_vm *vm = kunit_kzalloc(test, sizeof(*vm), GFP_KERNEL);
	struct gpuvm_test *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, vm);
	vm->t = t;
	mutex_init(&vm->table);
	drm_gem_pages_vm_init(&vm->vm, t->drm);
	drm_gpuvm_init(&vm->base, "gp-test", t->flags, t->drm, resv_obj, 0, 1ULL << 40, 0, 0,
		       &vm_ops);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fini_vm, vm), 0);
	return vm;
}

static struct test_vm *new_vm(struct kunit *test)
{
	return vm_with(test, resv_object(test));
}

static struct drm_gem_pages_object *object_with(struct kunit *test, struct dma_resv *resv)
{
	struct drm_gem_pages_object *obj = kzalloc_obj(*obj);
	struct gpuvm_test *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, obj);
	obj->base.resv = resv;
	KUNIT_ASSERT_EQ(test, drm_gem_pages_init(t->drm, obj, TEST_PAGES * PAGE_SIZE, 0), 0);
	gp_test_own(test, obj);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	return obj;
}

static struct drm_gem_pages_object *object(struct kunit *test)
{
	return object_with(test, NULL);
}

static void update_locked(struct drm_gem_pages_object *obj)
{
	guard(mutex)(&obj->base.gpuva.lock);
	drm_gem_pages_gpuvm_update_locked(obj);
}

static void update(struct drm_gem_pages_object *obj)
{
	guard(drm_gem_pages)(obj);
	update_locked(obj);
}

static void unlink_va(void *data)
{
	struct test_va *va = data;
	struct drm_gem_pages_object *obj = to_drm_gem_pages(va->base.gem.obj);

	dma_resv_lock(obj->base.resv, NULL);
	va->mapped = false;
	scoped_guard(mutex, &obj->base.gpuva.lock)
		drm_gpuva_unlink(&va->base);
	drm_gpuva_remove(&va->base);
	update_locked(obj);
	dma_resv_unlock(obj->base.resv);
}

/* Map all of @obj in @vm. */
static struct test_va *link_va(struct kunit *test, struct test_vm *vm,
			       struct drm_gem_pages_object *obj, u64 addr)
{
	struct test_va *va = kunit_kzalloc(test, sizeof(*va), GFP_KERNEL);
	struct drm_gpuvm_bo *vm_bo;

	KUNIT_ASSERT_NOT_NULL(test, va);
	va->base.va.addr = addr;
	va->base.va.range = obj->base.size;
	va->base.gem.obj = &obj->base;
	INIT_LIST_HEAD(&va->base.gem.entry);
	KUNIT_ASSERT_EQ(test, drm_gpuva_insert(&vm->base, &va->base), 0);

	dma_resv_lock(obj->base.resv, NULL);
	if (vm->t->flags & DRM_GPUVM_IMMEDIATE_MODE) {
		vm_bo = drm_gpuvm_bo_create(&vm->base, &obj->base);
		if (vm_bo)
			vm_bo = drm_gpuvm_bo_obtain_prealloc(vm_bo);
	} else {
		vm_bo = drm_gpuvm_bo_obtain_locked(&vm->base, &obj->base);
	}
	if (!IS_ERR_OR_NULL(vm_bo)) {
		drm_gpuvm_bo_extobj_add(vm_bo);
		scoped_guard(mutex, &obj->base.gpuva.lock) {
			drm_gpuva_link(&va->base, vm_bo);
			drm_gpuvm_bo_put(vm_bo);
		}
		va->mapped = true;
		update_locked(obj);
	}
	dma_resv_unlock(obj->base.resv);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vm_bo);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, unlink_va, va), 0);
	return va;
}

static bool is_evicted(struct test_va *va)
{
	return va->base.vm_bo->evicted;
}

static int unmap(struct drm_gem_pages_object *obj)
{
	guard(drm_gem_pages)(obj);
	return drm_gem_pages_gpuvm_unmap(obj);
}

static unsigned long scan(struct kunit *test, unsigned long target)
{
	struct gpuvm_test *t = test->priv;
	unsigned long passed;

	return gp_test_scan(t->shrinker, GFP_KERNEL, target, &passed);
}

/* As the next job of the VM does. */
static int validate(struct test_vm *vm)
{
	struct drm_gpuvm_exec exec = { .vm = &vm->base, .num_fences = 1 };
	int ret;

	ret = drm_gpuvm_exec_lock(&exec);
	if (ret)
		return ret;
	ret = drm_gpuvm_exec_validate(&exec);
	drm_gpuvm_exec_unlock(&exec);
	return ret;
}

/* No lock has been forgotten, and each that was taken has been given back. */
static void expect_unlocked(struct kunit *test, struct drm_gem_pages_object *obj,
			    struct test_vm *a, struct test_vm *b)
{
	struct test_vm *vms[] = { a, b };

	KUNIT_ASSERT_FALSE(test, dma_resv_is_locked(obj->base.resv));
	KUNIT_ASSERT_FALSE(test, mutex_is_locked(&obj->base.gpuva.lock));
	for (int i = 0; i < ARRAY_SIZE(vms) && vms[i]; i++) {
		KUNIT_ASSERT_FALSE(test, dma_resv_is_locked(drm_gpuvm_resv(&vms[i]->base)));
		KUNIT_ASSERT_FALSE(test, mutex_is_locked(&vms[i]->table));
		KUNIT_EXPECT_EQ(test, vms[i]->trylocks, vms[i]->unlocks);
	}
}

/*
 * Cases
 */

static void class_by_mappings(struct kunit *test)
{
	struct test_vm *a = new_vm(test), *b = new_vm(test);
	struct drm_gem_pages_object *obj = object(test);
	struct drm_gem_pages_state *s = state_of(obj);
	struct test_va *a1, *a2, *b1;

	KUNIT_EXPECT_EQ(test, s->class, DRM_GEM_PAGES_UNUSED);
	a1 = link_va(test, a, obj, 0);
	KUNIT_EXPECT_EQ(test, s->gpu_vms, 1);
	KUNIT_EXPECT_EQ(test, s->class, DRM_GEM_PAGES_GPU_MAPPED);
	KUNIT_EXPECT_PTR_EQ(test, s->gpu_vm, &a->vm);
	/* A VM counts once. */
	a2 = link_va(test, a, obj, 1 << 20);
	KUNIT_EXPECT_EQ(test, s->gpu_vms, 1);
	b1 = link_va(test, b, obj, 0);
	KUNIT_EXPECT_EQ(test, s->gpu_vms, 2);
	KUNIT_EXPECT_EQ(test, s->class, DRM_GEM_PAGES_GPU_SHARED);

	/* What is not in the page tables does not count. */
	drm_gpuva_invalidate(&a1->base, true);
	update(obj);
	KUNIT_EXPECT_EQ(test, s->gpu_vms, 2);
	drm_gpuva_invalidate(&a2->base, true);
	update(obj);
	KUNIT_EXPECT_EQ(test, s->gpu_vms, 1);
	KUNIT_EXPECT_PTR_EQ(test, s->gpu_vm, &b->vm);
	kunit_release_action(test, unlink_va, b1);
	KUNIT_EXPECT_EQ(test, s->class, DRM_GEM_PAGES_UNUSED);
	KUNIT_EXPECT_EQ(test, s->gpu_vms, 0);
}

static void evict_and_validate(struct kunit *test)
{
	struct test_vm *a = new_vm(test), *b = new_vm(test);
	struct drm_gem_pages_object *obj = object(test);
	struct test_va *a1 = link_va(test, a, obj, 0), *a2 = link_va(test, a, obj, 1 << 20);
	struct test_va *b1 = link_va(test, b, obj, 0);
	struct gpuvm_test *t = test->priv;

	gp_test_fill(test, obj, SEED);
	scoped_guard(drm_gem_pages, obj)
		KUNIT_EXPECT_EQ(test, drm_gem_pages_mark_dirty_locked(obj, 0, obj->base.size), 0);
	/* Where there is no swap, what was written stays in memory. */
	KUNIT_EXPECT_EQ(test, scan(test, TEST_PAGES),
			get_nr_swap_pages() > 0 ? TEST_PAGES : SHRINK_STOP);
	KUNIT_EXPECT_NULL(test, state_of(obj)->pages);
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 0);
	KUNIT_EXPECT_EQ(test, t->unmaps, 3);
	KUNIT_EXPECT_FALSE(test, a1->mapped || a2->mapped || b1->mapped);
	KUNIT_EXPECT_TRUE(test, drm_gpuva_invalidated(&a1->base));
	KUNIT_EXPECT_TRUE(test, drm_gpuva_invalidated(&a2->base));
	KUNIT_EXPECT_TRUE(test, drm_gpuva_invalidated(&b1->base));
	KUNIT_EXPECT_TRUE(test, is_evicted(a1) && is_evicted(b1));
	expect_unlocked(test, obj, a, b);

	/* Each VM gets back what is its own. */
	KUNIT_EXPECT_EQ(test, validate(a), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 2);
	KUNIT_EXPECT_TRUE(test, a1->mapped && a2->mapped && !b1->mapped);
	KUNIT_EXPECT_TRUE(test, !is_evicted(a1) && is_evicted(b1));
	KUNIT_EXPECT_TRUE(test, gp_test_check(obj, SEED));
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 1);
	KUNIT_EXPECT_PTR_EQ(test, state_of(obj)->gpu_vm, &a->vm);
	KUNIT_EXPECT_EQ(test, validate(b), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 3);
	KUNIT_EXPECT_EQ(test, state_of(obj)->class, DRM_GEM_PAGES_GPU_SHARED);

	/* Nothing is left to do. */
	KUNIT_EXPECT_EQ(test, validate(a), 0);
	KUNIT_EXPECT_EQ(test, validate(b), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 3);
}

/* The VM that was used least recently gives first. */
static void evict_by_vm(struct kunit *test)
{
	struct test_vm *a = new_vm(test), *b = new_vm(test);
	struct drm_gem_pages_object *in_a = object(test), *in_b = object(test);

	link_va(test, a, in_a, 0);
	link_va(test, b, in_b, 0);
	drm_gem_pages_vm_used(&a->vm);
	KUNIT_EXPECT_EQ(test, scan(test, 1), TEST_PAGES);
	KUNIT_EXPECT_NOT_NULL(test, state_of(in_a)->pages);
	KUNIT_EXPECT_NULL(test, state_of(in_b)->pages);
	KUNIT_EXPECT_EQ(test, scan(test, 1), TEST_PAGES);
	KUNIT_EXPECT_NULL(test, state_of(in_a)->pages);
}

/* The lock of an object that belongs to a VM is the VM's. */
static void evict_with_shared_lock(struct kunit *test)
{
	struct drm_gem_object *mine = resv_object(test), *foreign = resv_object(test);
	struct test_vm *a = vm_with(test, mine), *b = vm_with(test, foreign);
	struct test_vm *c = vm_with(test, foreign), *d = vm_with(test, mine);
	struct drm_gem_pages_object *obj = object_with(test, mine->resv);
	struct test_va *all[] = {
		link_va(test, a, obj, 0), link_va(test, b, obj, 0),
		link_va(test, c, obj, 0), link_va(test, d, obj, 0),
	};
	struct test_vm *vms[] = { a, b, c, d };
	struct gpuvm_test *t = test->priv;
	int i;

	/* It may not be free, which is no reason to forget the others. */
	dma_resv_lock(foreign->resv, NULL);
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, t->unmaps, 0);
	KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(mine->resv));
	dma_resv_unlock(foreign->resv);
	mutex_lock(&d->table);
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, t->unmaps, 0);
	mutex_unlock(&d->table);
	expect_unlocked(test, obj, a, b);
	expect_unlocked(test, obj, c, d);

	KUNIT_EXPECT_EQ(test, scan(test, 1), TEST_PAGES);
	KUNIT_EXPECT_EQ(test, t->unmaps, 4);
	expect_unlocked(test, obj, a, b);
	expect_unlocked(test, obj, c, d);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_TRUE(test, is_evicted(all[i]));
		KUNIT_EXPECT_EQ(test, validate(vms[i]), 0);
		KUNIT_EXPECT_FALSE(test, is_evicted(all[i]));
		KUNIT_EXPECT_TRUE(test, all[i]->mapped);
		KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, i + 1);
	}
}

/* All locks come first: one that is not free leaves everything as it is. */
static void contention(struct kunit *test)
{
	struct test_vm *a = new_vm(test), *b = new_vm(test);
	struct drm_gem_pages_object *obj = object(test);
	struct test_va *a1 = link_va(test, a, obj, 0), *b1 = link_va(test, b, obj, 0);
	struct gpuvm_test *t = test->priv;
	struct gp_test_snapshot before = gp_test_snapshot(obj);
	int i;

	for (i = 0; i < 4; i++) {
		struct test_vm *vm = i & 1 ? b : a;

		switch (i) {
		case 0:
		case 1:
			dma_resv_lock(drm_gpuvm_resv(&vm->base), NULL);
			break;
		case 2:
		case 3:
			mutex_lock(&vm->table);
			break;
		}
		KUNIT_EXPECT_EQ_MSG(test, scan(test, 1), SHRINK_STOP, "lock %d", i);
		switch (i) {
		case 0:
		case 1:
			dma_resv_unlock(drm_gpuvm_resv(&vm->base));
			break;
		case 2:
		case 3:
			mutex_unlock(&vm->table);
			break;
		}

		expect_unlocked(test, obj, a, b);
		KUNIT_EXPECT_EQ(test, t->unmaps, 0);
		KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
		KUNIT_EXPECT_TRUE(test, a1->mapped && b1->mapped);
		KUNIT_EXPECT_FALSE(test, drm_gpuva_invalidated(&a1->base));
		KUNIT_EXPECT_FALSE(test, is_evicted(a1) || is_evicted(b1));
		KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 2);
		KUNIT_EXPECT_EQ(test, state_of(obj)->class, DRM_GEM_PAGES_GPU_SHARED);
	}

	/* The error itself. */
	mutex_lock(&b->table);
	KUNIT_EXPECT_EQ(test, unmap(obj), -EDEADLK);
	mutex_unlock(&b->table);
	scoped_guard(drm_gem_pages, obj) {
		mutex_lock(&obj->base.gpuva.lock);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_gpuvm_unmap(obj), -EDEADLK);
		mutex_unlock(&obj->base.gpuva.lock);
	}
	KUNIT_EXPECT_EQ(test, t->unmaps, 0);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	KUNIT_EXPECT_EQ(test, unmap(obj), 0);
	KUNIT_EXPECT_EQ(test, t->unmaps, 2);
	expect_unlocked(test, obj, a, b);
	/* Which the library knows at once. */
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 0);
	KUNIT_EXPECT_EQ(test, state_of(obj)->class, DRM_GEM_PAGES_UNUSED);
	update(obj);
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 0);
}

/* What was unmapped before the failure is mapped again, and nothing else. */
static void unmap_fails(struct kunit *test)
{
	struct test_vm *a = new_vm(test), *b = new_vm(test);
	struct drm_gem_pages_object *obj = object(test);
	struct test_va *a1 = link_va(test, a, obj, 0), *a2 = link_va(test, a, obj, 1 << 20);
	struct test_va *b1 = link_va(test, b, obj, 0);
	struct gpuvm_test *t = test->priv;

	t->stays = a2;
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	expect_unlocked(test, obj, a, b);
	KUNIT_EXPECT_NOT_NULL(test, state_of(obj)->pages);
	KUNIT_EXPECT_TRUE(test, state_of(obj)->gpu_unmapped);
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 2);
	KUNIT_EXPECT_TRUE(test, !a1->mapped && a2->mapped && b1->mapped);
	KUNIT_EXPECT_TRUE(test, drm_gpuva_invalidated(&a1->base));
	KUNIT_EXPECT_FALSE(test, drm_gpuva_invalidated(&a2->base));
	KUNIT_EXPECT_TRUE(test, is_evicted(a1));
	KUNIT_EXPECT_FALSE(test, is_evicted(b1));

	KUNIT_EXPECT_EQ(test, validate(b), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 0);
	KUNIT_EXPECT_EQ(test, validate(a), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 1);
	KUNIT_EXPECT_TRUE(test, a1->mapped && a2->mapped);
	KUNIT_EXPECT_FALSE(test, is_evicted(a1));
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 2);

	/* In the second VM: the first one has nothing left. */
	t->stays = b1;
	KUNIT_EXPECT_EQ(test, unmap(obj), -EIO);
	KUNIT_EXPECT_TRUE(test, !a1->mapped && !a2->mapped && b1->mapped);
	KUNIT_EXPECT_TRUE(test, is_evicted(a1) && is_evicted(b1));
	/* The library knows of the half that was done. */
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 1);
	KUNIT_EXPECT_PTR_EQ(test, state_of(obj)->gpu_vm, &b->vm);
	KUNIT_EXPECT_EQ(test, state_of(obj)->class, DRM_GEM_PAGES_GPU_MAPPED);
	gp_test_expect_sound(test, t->shrinker);
	update(obj);
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 1);
	/* Not again what has gone. */
	t->unmaps = 0;
	t->stays = NULL;
	KUNIT_EXPECT_EQ(test, scan(test, 1), TEST_PAGES);
	KUNIT_EXPECT_EQ(test, t->unmaps, 1);
	KUNIT_EXPECT_EQ(test, validate(a), 0);
	KUNIT_EXPECT_EQ(test, validate(b), 0);
	KUNIT_EXPECT_TRUE(test, a1->mapped && a2->mapped && b1->mapped);
}

/* It stays evicted, and the next job tries again. */
static void map_fails(struct kunit *test)
{
	struct test_vm *a = new_vm(test);
	struct drm_gem_pages_object *obj = object(test);
	struct test_va *a1 = link_va(test, a, obj, 0);
	struct gpuvm_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, scan(test, 1), TEST_PAGES);
	t->map_error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, validate(a), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, is_evicted(a1));
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 0);
	KUNIT_EXPECT_EQ(test, state_of(obj)->class, DRM_GEM_PAGES_UNUSED);
	t->map_error = 0;
	KUNIT_EXPECT_EQ(test, validate(a), 0);
	KUNIT_EXPECT_FALSE(test, is_evicted(a1));
	KUNIT_EXPECT_EQ(test, state_of(obj)->class, DRM_GEM_PAGES_GPU_MAPPED);

	/* A purged one does not come back. */
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_DONTNEED), 1);
	KUNIT_EXPECT_EQ(test, scan(test, 1), TEST_PAGES);
	KUNIT_EXPECT_FALSE(test, a1->mapped);
	KUNIT_EXPECT_EQ(test, validate(a), -EFAULT);
	KUNIT_EXPECT_TRUE(test, is_evicted(a1));
}

/* A VM that has a job is not disturbed. */
static void busy_vm(struct kunit *test)
{
	struct test_vm *a = new_vm(test);
	struct drm_gem_pages_object *obj = object(test);
	struct test_va *a1 = link_va(test, a, obj, 0);
	struct dma_fence *fence = gp_test_add_fence(test, obj);
	struct gpuvm_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, scan(test, 100), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, a->trylocks + t->unmaps, 0);
	KUNIT_EXPECT_TRUE(test, a1->mapped);
	KUNIT_EXPECT_EQ(test, state_of(obj)->class, DRM_GEM_PAGES_BUSY);
	dma_fence_signal(fence);
	KUNIT_EXPECT_EQ(test, scan(test, 100), TEST_PAGES);
	KUNIT_EXPECT_EQ(test, validate(a), 0);
}

static void evict_vm_bo(struct test_va *va)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(va->base.gem.obj);

	guard(drm_gem_pages)(obj);
	drm_gpuvm_bo_evict(va->base.vm_bo, true);
}

static const struct drm_gem_pages_shrinker_ops no_gpuvm_ops = { };

/* A driver that has forgotten to register is told. */
static void no_shrinker(struct kunit *test)
{
	struct gpuvm_test *t = test->priv;
	struct drm_gem_pages_object *obj;
	struct drm_device *drm = t->drm;
	struct test_vm *vm;
	struct test_va *va;

	t->drm = gp_test_device(test, "gp-without", &gp_test_driver);
	vm = new_vm(test);
	obj = object(test);
	va = link_va(test, vm, obj, 0);
	update(obj);
	KUNIT_EXPECT_NULL(test, state_of(obj)->shrinker);
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 0);
	KUNIT_EXPECT_NULL(test, state_of(obj)->gpu_vm);
	KUNIT_EXPECT_EQ(test, validate(vm), 0);

	evict_vm_bo(va);
	KUNIT_EXPECT_EQ(test, validate(vm), -EINVAL);
	KUNIT_EXPECT_TRUE(test, is_evicted(va));
	KUNIT_EXPECT_EQ(test, t->maps, 0);
	/* So is one that has forgotten its part. */
	gp_test_shrinker(test, t->drm, &no_gpuvm_ops);
	KUNIT_EXPECT_EQ(test, validate(vm), -EINVAL);
	KUNIT_EXPECT_TRUE(test, is_evicted(va));
	KUNIT_EXPECT_EQ(test, t->maps, 0);
	update(obj);
	expect_unlocked(test, obj, vm, NULL);
	t->drm = drm;
}

static struct kunit_case gpuvm_cases[] = {
	KUNIT_CASE_PARAM(class_by_mappings, modes_gen_params),
	KUNIT_CASE_PARAM(evict_and_validate, modes_gen_params),
	KUNIT_CASE_PARAM(evict_by_vm, modes_gen_params),
	KUNIT_CASE_PARAM(evict_with_shared_lock, modes_gen_params),
	KUNIT_CASE_PARAM(contention, modes_gen_params),
	KUNIT_CASE_PARAM(unmap_fails, modes_gen_params),
	KUNIT_CASE_PARAM(map_fails, modes_gen_params),
	KUNIT_CASE_PARAM(busy_vm, modes_gen_params),
	KUNIT_CASE_PARAM(no_shrinker, modes_gen_params),
	{ }
};

static struct kunit_suite gpuvm_suite = {
	.name = "drm_gem_pages_gpuvm",
	.init = gpuvm_test_init,
	.exit = gpuvm_test_exit,
	.test_cases = gpuvm_cases,
};

kunit_test_suite(gpuvm_suite);
