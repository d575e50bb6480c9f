// SPDX-License-Identifier: GPL-2.0

/*
 * Reclaim. Scans are called as memory reclaim would, on a device that the test alone
 * has objects on. There need not be any swap, so objects are clean where it matters how
 * many pages are free afterwards. All state is compared with a recount after each test.
 */

#include <kunit/resource.h>
#include <kunit/test.h>

#include <linux/bits.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/swap.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_pages_shrinker.h>
#include <drm/drm_print.h>

#include "drm_gem_pages_internal.h"
#include "drm_gem_pages_shrinker_internal.h"
#include "drm_gem_pages_test_util.h"

MODULE_IMPORT_NS("DMA_BUF");

#define MANY	BIT(30)
#define SEED	0x77

/*
 * Driver
 */

struct shrinker_test {
	struct drm_device *drm;
	struct drm_gem_pages_shrinker *shrinker;
	struct file *file;

	/* what the driver's part answers */
	struct drm_gem_pages_object *busy;
	int unmap_error;
	int map_error;
	/* what else it does on the way */
	void (*unmapping)(struct drm_gem_pages_object *obj);
	unsigned long user_addr;

	unsigned int unmaps;
	unsigned int maps;
	unsigned int purges;
	atomic_long_t resident;		/* bytes */
	const char *wrong;
};

static struct shrinker_test *test_of(struct drm_gem_pages_object *obj)
{
	return to_gp_test_device(obj->base.dev)->suite;
}

static void must(struct drm_gem_pages_object *obj, bool good, const char *what)
{
	if (!good)
		test_of(obj)->wrong = what;
}

static bool driver_busy(struct drm_gem_pages_object *obj)
{
	must(obj, dma_resv_is_locked(obj->base.resv), "busy without the lock");
	return test_of(obj)->busy == obj;
}

static int driver_unmap(struct drm_gem_pages_object *obj)
{
	struct shrinker_test *t = test_of(obj);

	t->unmaps++;
	must(obj, dma_resv_is_locked(obj->base.resv), "unmap without the lock");
	if (t->unmapping)
		t->unmapping(obj);
	if (!t->unmap_error)
		drm_gem_pages_set_gpu_mapped_locked(obj, 0, NULL);
	return t->unmap_error;
}

static int driver_map(struct drm_gem_pages_object *obj)
{
	test_of(obj)->maps++;
	must(obj, dma_resv_is_locked(obj->base.resv), "map without the lock");
	must(obj, state_of(obj)->sgt, "map without a device map");
	return test_of(obj)->map_error;
}

static void driver_purged(struct drm_gem_pages_object *obj)
{
	test_of(obj)->purges++;
	must(obj, dma_resv_is_locked(obj->base.resv), "purged without the lock");
	must(obj, !state_of(obj)->pages, "purged before the pages have gone");
}

static void driver_resident(struct drm_gem_pages_object *obj, bool resident)
{
	must(obj, state_of(obj)->pages, "told late of the end of pages, or early of pages");
	atomic_long_add(resident ? obj->base.size : -obj->base.size, &test_of(obj)->resident);
}

static const struct drm_gem_pages_shrinker_ops driver_ops = {
	.busy = driver_busy,
	.unmap = driver_unmap,
	.map = driver_map,
	.purged = driver_purged,
	.resident = driver_resident,
};

/* Of a device without page tables. */
static const struct drm_gem_pages_shrinker_ops no_ops = { };

static int init_with(struct kunit *test, const struct drm_driver *driver,
		     const struct drm_gem_pages_shrinker_ops *ops)
{
	struct shrinker_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->drm = gp_test_device(test, "gp-shrinker", driver);
	to_gp_test_device(t->drm)->suite = t;
	t->shrinker = gp_test_shrinker(test, t->drm, ops);
	gp_test_set_swap(MANY);
	test->priv = t;
	/* Fresh folios wait in lists of the CPU that made them, see gp_init(). */
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	return 0;
}

static int shrinker_test_init(struct kunit *test)
{
	return init_with(test, &gp_test_custom_driver, &driver_ops);
}

static int shrinker_mmap_test_init(struct kunit *test)
{
	struct shrinker_test *t;
	int ret;

	ret = init_with(test, &gp_test_driver, &driver_ops);
	if (ret)
		return ret;
	t = test->priv;
	gp_test_attach_mm(test);
	t->file = gp_test_open(test, t->drm);
	return 0;
}

static void shrinker_test_exit(struct kunit *test)
{
	struct shrinker_test *t = test->priv;

	if (!t)
		return;
	gp_test_expect_sound(test, t->shrinker);
	KUNIT_EXPECT_NULL_MSG(test, t->wrong, "%s", t->wrong);
}

/*
 * Objects
 */

/* Resident and clean. */
static struct drm_gem_pages_object *object(struct kunit *test, unsigned long pages)
{
	struct shrinker_test *t = test->priv;
	struct drm_gem_pages_object *obj = gp_test_object(test, t->drm, pages << PAGE_SHIFT, 0);

	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	return obj;
}

static enum drm_gem_pages_class class_of(struct drm_gem_pages_object *obj)
{
	return state_of(obj)->class;
}

static unsigned long cached_pages(struct drm_gem_pages_object *obj)
{
	return obj->base.filp->f_mapping->nrpages;
}

static void set_gpu(struct drm_gem_pages_object *obj, unsigned int vms,
		    struct drm_gem_pages_vm *vm)
{
	guard(drm_gem_pages)(obj);
	drm_gem_pages_set_gpu_mapped_locked(obj, vms, vm);
}

static int validate(struct drm_gem_pages_object *obj)
{
	guard(drm_gem_pages)(obj);
	return drm_gem_pages_validate_locked(obj);
}

static int mark_dirty(struct drm_gem_pages_object *obj)
{
	guard(drm_gem_pages)(obj);
	return drm_gem_pages_mark_dirty_locked(obj, 0, obj->base.size);
}

static void dontneed(struct kunit *test, struct drm_gem_pages_object *obj)
{
	KUNIT_ASSERT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_DONTNEED), 1);
}

static void willneed(struct kunit *test, struct drm_gem_pages_object *obj)
{
	KUNIT_ASSERT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_WILLNEED), 1);
}

/* Counts as a user mapping, though there is none. */
static void close_vma(void *vma)
{
	drm_gem_pages_vm_ops.close(vma);
}

static struct vm_area_struct *open_vma(struct kunit *test, struct drm_gem_pages_object *obj)
{
	struct vm_area_struct *vma = kunit_kzalloc(test, sizeof(*vma), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, vma);
	vma->vm_private_data = &obj->base;
	drm_gem_pages_vm_ops.open(vma);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, close_vma, vma), 0);
	return vma;
}

static struct drm_gem_pages_vm *new_vm(struct kunit *test)
{
	struct drm_gem_pages_vm *vm = kunit_kzalloc(test, sizeof(*vm), GFP_KERNEL);
	struct shrinker_test *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, vm);
	drm_gem_pages_vm_init(vm, t->drm);
	return vm;
}

/* An object that only @vm maps. */
static struct drm_gem_pages_object *object_in(struct kunit *test, struct drm_gem_pages_vm *vm,
					      unsigned long pages)
{
	struct drm_gem_pages_object *obj = object(test, pages);

	set_gpu(obj, 1, vm);
	return obj;
}

/*
 * Scans
 */

struct context {
	const char *name;
	gfp_t gfp;
	bool kswapd;
	/* what it can free */
	unsigned int classes;
};

#define ALL_CLASSES	GENMASK(DRM_GEM_PAGES_BUSY, DRM_GEM_PAGES_PURGEABLE)

static const struct context contexts[] = {
	{ "kernel", GFP_KERNEL, false, ALL_CLASSES },
	{ "nofs", GFP_NOFS, false, BIT(DRM_GEM_PAGES_PURGEABLE) },
	{ "noio", GFP_NOIO, false, BIT(DRM_GEM_PAGES_PURGEABLE) },
	{ "nowait", GFP_NOWAIT, false, 0 },
	{ "atomic", GFP_ATOMIC, false, 0 },
	{ "kswapd", GFP_KERNEL, true, ALL_CLASSES & ~BIT(DRM_GEM_PAGES_BUSY) },
	{ "no direct reclaim", GFP_KERNEL & ~__GFP_DIRECT_RECLAIM, false, 0 },
};

static void describe(const struct context *context, char *text)
{
	strscpy(text, context->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(contexts, contexts, describe);

static unsigned long scan_as(struct kunit *test, const struct context *context,
			     unsigned long target, unsigned long *passed)
{
	struct shrinker_test *t = test->priv;
	unsigned int kswapd = current->flags & PF_KSWAPD;
	unsigned long freed;

	if (context->kswapd)
		current->flags |= PF_KSWAPD;
	freed = gp_test_scan(t->shrinker, context->gfp, target, passed);
	current->flags = (current->flags & ~PF_KSWAPD) | kswapd;

	return freed;
}

static unsigned long count_as(struct kunit *test, const struct context *context)
{
	struct shrinker_test *t = test->priv;
	unsigned int kswapd = current->flags & PF_KSWAPD;
	unsigned long count;

	if (context->kswapd)
		current->flags |= PF_KSWAPD;
	count = drm_gem_pages_shrinker_count(t->shrinker, context->gfp);
	current->flags = (current->flags & ~PF_KSWAPD) | kswapd;

	return count;
}

static unsigned long count(struct kunit *test)
{
	return count_as(test, &contexts[0]);
}

static unsigned long scan(struct kunit *test, unsigned long target)
{
	unsigned long passed;

	return scan_as(test, &contexts[0], target, &passed);
}

/* What a scan says that has evicted so many dirty pages, and may write as many. */
static unsigned long if_written(unsigned long pages)
{
	return get_nr_swap_pages() > 0 ? pages : SHRINK_STOP;
}

static unsigned long scan_passing(struct kunit *test, unsigned long target, unsigned long *passed)
{
	return scan_as(test, &contexts[0], target, passed);
}

/* Scans that may free one page each free the objects of one page in this order. */
static void check_order(struct kunit *test, int line, struct drm_gem_pages_object **objs,
			unsigned int n)
{
	unsigned int i, j;

	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ_MSG(test, scan(test, 1), 1, "object %u, line %d", i, line);
		for (j = 0; j < n; j++)
			KUNIT_EXPECT_EQ_MSG(test, gp_test_resident(objs[j]), j > i,
					    "object %u after %u, line %d", j, i, line);
	}
}

#define expect_order(test, ...) do {					\
	struct drm_gem_pages_object *__objs[] = { __VA_ARGS__ };	\
									\
	check_order(test, __LINE__, __objs, ARRAY_SIZE(__objs));	\
} while (0)

/* A fence that is not signalled, and a scan that has noticed. Nothing else is purgeable. */
static struct dma_fence *make_busy(struct kunit *test, struct drm_gem_pages_object *obj)
{
	struct dma_fence *fence = gp_test_add_fence(test, obj);

	gp_test_set_swap(0);
	dontneed(test, obj);
	KUNIT_EXPECT_EQ(test, scan(test, MANY), SHRINK_STOP);
	willneed(test, obj);
	gp_test_set_swap(MANY);
	KUNIT_ASSERT_EQ(test, class_of(obj), DRM_GEM_PAGES_BUSY);
	return fence;
}

static struct drm_gem_pages_object *object_of_class(struct kunit *test, unsigned long pages,
						    enum drm_gem_pages_class class)
{
	struct drm_gem_pages_object *obj = object(test, pages);

	switch (class) {
	case DRM_GEM_PAGES_PURGEABLE:
		dontneed(test, obj);
		break;
	case DRM_GEM_PAGES_MMAPPED:
		open_vma(test, obj);
		break;
	case DRM_GEM_PAGES_GPU_MAPPED:
		set_gpu(obj, 1, NULL);
		break;
	case DRM_GEM_PAGES_GPU_SHARED:
		set_gpu(obj, 2, NULL);
		break;
	case DRM_GEM_PAGES_BUSY:
		make_busy(test, obj);
		break;
	default:
		break;
	}
	KUNIT_EXPECT_EQ(test, class_of(obj), class);
	return obj;
}

static void describe_class(const enum drm_gem_pages_class *class, char *text)
{
	static const char * const names[] = {
		"none", "purgeable", "unused", "mmapped", "gpu-mapped", "gpu-shared", "busy",
	};

	strscpy(text, names[*class], KUNIT_PARAM_DESC_SIZE);
}

static const enum drm_gem_pages_class classes[] = {
	DRM_GEM_PAGES_PURGEABLE, DRM_GEM_PAGES_UNUSED, DRM_GEM_PAGES_MMAPPED,
	DRM_GEM_PAGES_GPU_MAPPED, DRM_GEM_PAGES_GPU_SHARED, DRM_GEM_PAGES_BUSY,
};

/* Of those, what is freed at once when a scan comes to it. */
static const enum drm_gem_pages_class idle_classes[] = {
	DRM_GEM_PAGES_PURGEABLE, DRM_GEM_PAGES_UNUSED, DRM_GEM_PAGES_MMAPPED,
	DRM_GEM_PAGES_GPU_MAPPED, DRM_GEM_PAGES_GPU_SHARED,
};

/* And what keeps its content. */
static const enum drm_gem_pages_class evicted_classes[] = {
	DRM_GEM_PAGES_UNUSED, DRM_GEM_PAGES_MMAPPED, DRM_GEM_PAGES_GPU_MAPPED,
	DRM_GEM_PAGES_GPU_SHARED,
};

KUNIT_ARRAY_PARAM(classes, classes, describe_class);
KUNIT_ARRAY_PARAM(idle_classes, idle_classes, describe_class);
KUNIT_ARRAY_PARAM(evicted_classes, evicted_classes, describe_class);

/*
 * Classes
 */

static unsigned long pages_in(struct kunit *test, enum drm_gem_pages_class class)
{
	struct shrinker_test *t = test->priv;

	return drm_gem_pages_pages_in(t->shrinker, class, DRM_GEM_PAGES_NEEDS_ALL);
}

static void check_in(struct kunit *test, int line, struct drm_gem_pages_object *obj,
		     enum drm_gem_pages_class class, unsigned long count, unsigned long pages)
{
	struct shrinker_test *t = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, class_of(obj), class, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, t->shrinker->count[class], count, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, pages_in(test, class), pages, "line %d", line);
	gp_test_expect_sound(test, t->shrinker);
}

/* The object is in that class, which has so many objects and pages. */
#define expect_in(test, ...) check_in(test, __LINE__, __VA_ARGS__)

static void expect_in_none(struct kunit *test, struct drm_gem_pages_object *obj)
{
	enum drm_gem_pages_class class;

	KUNIT_EXPECT_EQ(test, class_of(obj), DRM_GEM_PAGES_NOT_RECLAIMABLE);
	KUNIT_EXPECT_TRUE(test, list_empty(&state_of(obj)->lru_node));
	for (class = 0; class < DRM_GEM_PAGES_CLASSES; class++)
		KUNIT_EXPECT_EQ_MSG(test, pages_in(test, class), 0, "class %u", class);
	KUNIT_EXPECT_EQ(test, count(test), 0);
}

static void class_by_pages(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_gem_pages_object *obj = gp_test_object(test, t->drm, 3 * PAGE_SIZE, 0);
	struct drm_gem_pages_object *other;

	expect_in_none(test, obj);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 3);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 3);
	other = object(test, 5);
	expect_in(test, other, DRM_GEM_PAGES_UNUSED, 2, 8);
	gp_test_put(test, obj);
	expect_in(test, other, DRM_GEM_PAGES_UNUSED, 1, 5);
	KUNIT_EXPECT_EQ(test, gp_test_evict(other), 0);
	expect_in_none(test, other);
}

/* What a driver hears adds up, however the pages came and went. */
static void resident_bytes(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_gem_pages_object *obj = gp_test_object(test, t->drm, 3 * PAGE_SIZE, 0);
	struct drm_gem_pages_object *other, *freed;
	struct iosys_map map;

	KUNIT_EXPECT_EQ(test, atomic_long_read(&t->resident), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_pin(obj), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&t->resident), 3 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	drm_gem_pages_vunmap(obj, &map);
	drm_gem_pages_unpin(obj);
	other = object(test, 5);
	freed = object(test, 7);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&t->resident), 15 * PAGE_SIZE);
	gp_test_put(test, freed);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&t->resident), 8 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&t->resident), 5 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&t->resident), 8 * PAGE_SIZE);
	scoped_guard(drm_gem_pages, other)
		KUNIT_EXPECT_EQ(test, drm_gem_pages_purge_locked(other), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&t->resident), 3 * PAGE_SIZE);
	gp_test_put(test, obj);
	gp_test_put(test, other);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&t->resident), 0);
}

static void class_by_pins(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_gem_pages_object *obj = gp_test_object(test, t->drm, PAGE_SIZE, 0);

	KUNIT_ASSERT_EQ(test, drm_gem_pages_pin(obj), 0);
	expect_in_none(test, obj);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_pin(obj), 0);
	drm_gem_pages_unpin(obj);
	expect_in_none(test, obj);
	drm_gem_pages_unpin(obj);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 1);

	/* It comes back to where it belongs by then. */
	KUNIT_ASSERT_EQ(test, drm_gem_pages_pin(obj), 0);
	set_gpu(obj, 2, NULL);
	expect_in_none(test, obj);
	drm_gem_pages_unpin(obj);
	expect_in(test, obj, DRM_GEM_PAGES_GPU_SHARED, 1, 1);
}

static void class_by_user_mappings(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2);
	struct vm_area_struct *first = open_vma(test, obj), *second = open_vma(test, obj);

	expect_in(test, obj, DRM_GEM_PAGES_MMAPPED, 1, 2);
	kunit_release_action(test, close_vma, first);
	expect_in(test, obj, DRM_GEM_PAGES_MMAPPED, 1, 2);
	kunit_release_action(test, close_vma, second);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 2);
}

static void class_by_gpu_mappings(struct kunit *test)
{
	struct drm_gem_pages_vm *a = new_vm(test), *b = new_vm(test);
	struct drm_gem_pages_object *obj = object(test, 2);
	struct shrinker_test *t = test->priv;

	set_gpu(obj, 1, NULL);
	expect_in(test, obj, DRM_GEM_PAGES_GPU_MAPPED, 1, 2);
	KUNIT_EXPECT_EQ(test, t->shrinker->vm_count, 0);
	set_gpu(obj, 1, a);
	expect_in(test, obj, DRM_GEM_PAGES_GPU_MAPPED, 1, 2);
	KUNIT_EXPECT_PTR_EQ(test, a->lru.objects.next, &state_of(obj)->lru_node);
	KUNIT_EXPECT_EQ(test, t->shrinker->vm_count, 1);
	set_gpu(obj, 1, b);
	expect_in(test, obj, DRM_GEM_PAGES_GPU_MAPPED, 1, 2);
	KUNIT_EXPECT_PTR_EQ(test, b->lru.objects.next, &state_of(obj)->lru_node);
	KUNIT_EXPECT_EQ(test, a->lru.count, 0);
	KUNIT_EXPECT_EQ(test, t->shrinker->vm_count, 1);
	set_gpu(obj, 2, a);
	expect_in(test, obj, DRM_GEM_PAGES_GPU_SHARED, 1, 2);
	KUNIT_EXPECT_EQ(test, t->shrinker->vm_count, 0);
	set_gpu(obj, 0, NULL);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 2);
	drm_gem_pages_vm_fini(a);
	drm_gem_pages_vm_fini(b);
}

/* What is told of an object without pages counts when it gets them. */
static void class_without_pages(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_gem_pages_object *obj = gp_test_object(test, t->drm, PAGE_SIZE, 0);
	struct drm_gem_pages_vm *vm = new_vm(test);

	set_gpu(obj, 1, vm);
	open_vma(test, obj);
	expect_in_none(test, obj);
	KUNIT_EXPECT_EQ(test, t->shrinker->vm_count, 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	expect_in(test, obj, DRM_GEM_PAGES_GPU_MAPPED, 1, 1);
	KUNIT_EXPECT_PTR_EQ(test, vm->lru.objects.next, &state_of(obj)->lru_node);
	set_gpu(obj, 0, NULL);
	expect_in(test, obj, DRM_GEM_PAGES_MMAPPED, 1, 1);
}

static void class_by_advice(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2);

	dontneed(test, obj);
	expect_in(test, obj, DRM_GEM_PAGES_PURGEABLE, 1, 2);
	dontneed(test, obj);
	expect_in(test, obj, DRM_GEM_PAGES_PURGEABLE, 1, 2);
	/* Cheap, whoever else uses it. */
	set_gpu(obj, 2, NULL);
	open_vma(test, obj);
	expect_in(test, obj, DRM_GEM_PAGES_PURGEABLE, 1, 2);
	willneed(test, obj);
	expect_in(test, obj, DRM_GEM_PAGES_GPU_SHARED, 1, 2);
	set_gpu(obj, 0, NULL);
	expect_in(test, obj, DRM_GEM_PAGES_MMAPPED, 1, 2);
	dontneed(test, obj);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_pin(obj), 0);
	expect_in_none(test, obj);
	drm_gem_pages_unpin(obj);
	expect_in(test, obj, DRM_GEM_PAGES_PURGEABLE, 1, 2);
}

/* A scan finds out who is busy, and so does the next one that it is over. */
static void class_busy(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2);
	struct dma_fence *fence = gp_test_add_fence(test, obj);
	unsigned long passed;

	/* Nobody has looked. */
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 2);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), SHRINK_STOP);
	expect_in(test, obj, DRM_GEM_PAGES_BUSY, 1, 2);
	/* Still. */
	KUNIT_EXPECT_EQ(test, count(test), 2);
	expect_in(test, obj, DRM_GEM_PAGES_BUSY, 1, 2);
	set_gpu(obj, 1, NULL);
	expect_in(test, obj, DRM_GEM_PAGES_BUSY, 1, 2);

	dma_fence_signal(fence);
	expect_in(test, obj, DRM_GEM_PAGES_BUSY, 1, 2);
	KUNIT_EXPECT_EQ(test, count(test), 2);
	expect_in(test, obj, DRM_GEM_PAGES_GPU_MAPPED, 1, 2);

	fence = gp_test_add_fence(test, obj);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), SHRINK_STOP);
	expect_in(test, obj, DRM_GEM_PAGES_BUSY, 1, 2);
	dma_fence_signal(fence);
	KUNIT_EXPECT_EQ(test, scan(test, 100), 2);
	expect_in_none(test, obj);
	KUNIT_EXPECT_FALSE(test, state_of(obj)->found_busy);
}

/* The driver knows of use that no fence tells. */
static void class_busy_by_driver(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2);
	struct shrinker_test *t = test->priv;
	unsigned long passed;

	t->busy = obj;
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), SHRINK_STOP);
	/* Once as what it was, once as busy. */
	KUNIT_EXPECT_EQ(test, passed, 2);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	expect_in(test, obj, DRM_GEM_PAGES_BUSY, 1, 2);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);

	/* It stays there as long as it is, though there are no fences. */
	KUNIT_EXPECT_EQ(test, count(test), 2);
	expect_in(test, obj, DRM_GEM_PAGES_BUSY, 1, 2);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 1);
	expect_in(test, obj, DRM_GEM_PAGES_BUSY, 1, 2);
	/* Who has it locked may be about to use it. */
	t->busy = NULL;
	dma_resv_lock(obj->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, count(test), 2);
	expect_in(test, obj, DRM_GEM_PAGES_BUSY, 1, 2);
	dma_resv_unlock(obj->base.resv);
	KUNIT_EXPECT_EQ(test, count(test), 2);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 2);
	KUNIT_EXPECT_EQ(test, t->unmaps, 0);
	KUNIT_EXPECT_EQ(test, scan(test, 100), 2);
}

/* Whether an object is busy is a question for who has its lock. */
static void class_busy_but_locked(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2);
	unsigned long passed;

	gp_test_add_fence(test, obj);
	dma_resv_lock(obj->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 1);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 2);
	dma_resv_unlock(obj->base.resv);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 2);
	expect_in(test, obj, DRM_GEM_PAGES_BUSY, 1, 2);
}

static struct dma_fence *busy_object(struct kunit *test, struct drm_gem_pages_object **obj)
{
	*obj = object(test, 1);
	return gp_test_add_fence(test, *obj);
}

#define MANY_BUSY	70

/* All that are idle again are found at once, however many, as long as there are some. */
static void class_busy_no_more(struct kunit *test)
{
	struct drm_gem_pages_object **objs;
	struct shrinker_test *t = test->priv;
	struct dma_fence **fences;
	int i;

	objs = kunit_kcalloc(test, MANY_BUSY, sizeof(*objs), GFP_KERNEL);
	fences = kunit_kcalloc(test, MANY_BUSY, sizeof(*fences), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, objs);
	KUNIT_ASSERT_NOT_NULL(test, fences);
	for (i = 0; i < MANY_BUSY; i++)
		fences[i] = busy_object(test, &objs[i]);
	KUNIT_EXPECT_EQ(test, scan(test, 1000), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, t->shrinker->count[DRM_GEM_PAGES_BUSY], MANY_BUSY);
	KUNIT_EXPECT_EQ(test, count(test), MANY_BUSY);
	KUNIT_EXPECT_EQ(test, t->shrinker->count[DRM_GEM_PAGES_BUSY], MANY_BUSY);

	/* Every other one. */
	for (i = 0; i < MANY_BUSY; i += 2)
		dma_fence_signal(fences[i]);
	KUNIT_EXPECT_EQ(test, count(test), MANY_BUSY);
	for (i = 0; i < MANY_BUSY; i++)
		KUNIT_EXPECT_EQ_MSG(test, class_of(objs[i]),
				    i % 2 ? DRM_GEM_PAGES_BUSY : DRM_GEM_PAGES_UNUSED,
				    "object %d", i);
	/* A scan, too. */
	for (i = 1; i < MANY_BUSY; i += 2)
		dma_fence_signal(fences[i]);
	KUNIT_EXPECT_EQ(test, scan(test, 1), 1);
	KUNIT_EXPECT_EQ(test, t->shrinker->count[DRM_GEM_PAGES_BUSY], 0);
	KUNIT_EXPECT_EQ(test, scan(test, 1000), MANY_BUSY - 1);
}

/* The one that is idle is behind others that are not; it is found all the same. */
static void class_busy_behind_others(struct kunit *test)
{
	struct drm_gem_pages_object *obj, *last;
	struct shrinker_test *t = test->priv;
	struct dma_fence *fence;
	int i;

	for (i = 0; i < MANY_BUSY - 1; i++)
		busy_object(test, &obj);
	fence = busy_object(test, &last);
	KUNIT_EXPECT_EQ(test, scan(test, 1000), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, t->shrinker->count[DRM_GEM_PAGES_BUSY], MANY_BUSY);
	dma_fence_signal(fence);
	for (i = 0; i < MANY_BUSY && class_of(last) == DRM_GEM_PAGES_BUSY; i++)
		count(test);
	KUNIT_EXPECT_EQ(test, class_of(last), DRM_GEM_PAGES_UNUSED);
	KUNIT_EXPECT_EQ(test, t->shrinker->count[DRM_GEM_PAGES_BUSY], MANY_BUSY - 1);
}

static void evict_in_unmap(struct drm_gem_pages_object *obj)
{
	struct shrinker_test *t = test_of(obj);

	t->unmapping = NULL;
	must(obj, !drm_gem_pages_evict_locked(obj), "evict in unmap");
	t->unmap_error = -EBUSY;
}

/* As if it was evicted by somebody else just when the scan had found it busy. */
static void class_busy_without_pages(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2);
	struct shrinker_test *t = test->priv;

	t->unmapping = evict_in_unmap;
	KUNIT_EXPECT_EQ(test, scan(test, 100), SHRINK_STOP);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	KUNIT_EXPECT_FALSE(test, state_of(obj)->found_busy);
	expect_in_none(test, obj);
	t->unmap_error = 0;
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 2);
}

static void class_after_end_of_pages(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2);
	struct dma_fence *fence;

	fence = make_busy(test, obj);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	dma_fence_signal(fence);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	expect_in_none(test, obj);
	/* New pages have never been busy. */
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 2);
	gp_test_put(test, obj);

	obj = object(test, 2);
	open_vma(test, obj);
	KUNIT_EXPECT_EQ(test, scan(test, 100), 2);
	expect_in_none(test, obj);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	expect_in(test, obj, DRM_GEM_PAGES_MMAPPED, 1, 2);

	set_gpu(obj, 1, NULL);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	expect_in_none(test, obj);
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 0);
	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	expect_in(test, obj, DRM_GEM_PAGES_MMAPPED, 1, 2);

	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), 0);
	expect_in_none(test, obj);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), -EFAULT);
	expect_in_none(test, obj);
}

static void class_of_freed(struct kunit *test)
{
	const enum drm_gem_pages_class *class = test->param_value;
	struct shrinker_test *t = test->priv;
	struct gp_test_device *dev = to_gp_test_device(t->drm);
	struct drm_gem_pages_vm *vm = new_vm(test);
	struct drm_gem_pages_object *obj;
	int i;

	/* As the only one, which leaves nothing. */
	for (i = 0; i < 3; i++) {
		if (*class == DRM_GEM_PAGES_MMAPPED)
			break;
		obj = object_of_class(test, 2, *class);
		if (*class == DRM_GEM_PAGES_GPU_MAPPED && i)
			set_gpu(obj, 1, vm);
		gp_test_put(test, obj);
		gp_test_expect_empty(test, t->shrinker);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), i);
	drm_gem_pages_vm_fini(vm);

	obj = object_of_class(test, 2, *class);
	KUNIT_EXPECT_EQ(test, t->shrinker->count[*class], 1);
	KUNIT_EXPECT_EQ(test, pages_in(test, *class), 2);
}

static void class_of_freed_between_others(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_gem_pages_vm *vm = new_vm(test);
	struct drm_gem_pages_object *objs[3];
	struct iosys_map map;
	int i;

	for (i = 0; i < 3; i++) {
		objs[i] = object_in(test, vm, 1);
		KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(objs[i], &map), 0);
		drm_gem_pages_vunmap(objs[i], &map);
	}
	gp_test_put(test, objs[1]);
	gp_test_expect_sound(test, t->shrinker);
	KUNIT_EXPECT_EQ(test, vm->lru.count, 2);
	gp_test_put(test, objs[0]);
	gp_test_put(test, objs[2]);
	gp_test_expect_empty(test, t->shrinker);
	drm_gem_pages_vm_fini(vm);
}

static void class_private(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct gp_test_device *dev = to_gp_test_device(t->drm);
	struct drm_gem_pages_object *obj = gp_test_private_object(test, t->drm, 2 * PAGE_SIZE, 0);

	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	expect_in_none(test, obj);
	set_gpu(obj, 1, NULL);
	expect_in_none(test, obj);
	KUNIT_EXPECT_EQ(test, scan(test, 100), SHRINK_STOP);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));

	dontneed(test, obj);
	expect_in(test, obj, DRM_GEM_PAGES_PURGEABLE, 1, 2);
	willneed(test, obj);
	expect_in_none(test, obj);
	dontneed(test, obj);
	KUNIT_ASSERT_EQ(test, mark_dirty(obj), 0);
	KUNIT_EXPECT_EQ(test, scan(test, 100), 2);
	expect_in_none(test, obj);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->puts), 1);
	KUNIT_EXPECT_FALSE(test, dev->put_dirty);
	KUNIT_EXPECT_EQ(test, t->purges, 1);
	KUNIT_EXPECT_EQ(test, t->unmaps, 1);
}

static void class_imported(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_device *other = gp_test_device(test, "gp-exporter", &gp_test_driver);
	struct drm_gem_pages_object *exported = gp_test_object(test, other, PAGE_SIZE, 0);
	struct dma_buf *dma_buf = gp_test_export(test, exported, O_RDWR);
	struct drm_gem_pages_object *obj = gp_test_import(test, t->drm, dma_buf);

	expect_in_none(test, obj);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_DONTNEED), -EINVAL);
	set_gpu(obj, 1, NULL);
	expect_in_none(test, obj);
	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	KUNIT_EXPECT_EQ(test, scan(test, 100), SHRINK_STOP);
	gp_test_expect_sound(test, t->shrinker);
	KUNIT_EXPECT_EQ(test, t->unmaps, 0);
}

/* An exporter's object is one like any other, unless it is pinned for the importer. */
static void class_exported(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 1);
	struct drm_device *other = gp_test_device(test, "gp-importer", &gp_test_driver);
	struct dma_buf *dma_buf = gp_test_export(test, obj, O_RDWR);
	struct drm_gem_pages_object *imported;

	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 1);
	imported = gp_test_import(test, other, dma_buf);
	KUNIT_EXPECT_EQ(test, scan(test, 100), SHRINK_STOP);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	/* It may have written to the object. */
	gp_test_put(test, imported);
	KUNIT_EXPECT_EQ(test, scan(test, 1), if_written(1));
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
}

struct importer {
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	unsigned int invalidations;
};

static void importer_invalidate(struct dma_buf_attachment *attach)
{
	struct importer *importer = attach->importer_priv;

	importer->invalidations++;
	dma_buf_unmap_attachment(attach, importer->sgt, DMA_TO_DEVICE);
	importer->sgt = NULL;
}

static const struct dma_buf_attach_ops importer_ops = {
	.invalidate_mappings = importer_invalidate,
};

static void importer_detach(void *data)
{
	struct importer *importer = data;

	dma_buf_detach(importer->attach->dmabuf, importer->attach);
}

/* One that maps and does not pin could let go, but is not asked in reclaim. */
static void class_mapped_by_importer(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 1);
	struct drm_device *other = gp_test_device(test, "gp-importer", &gp_test_driver);
	struct dma_buf *dma_buf = gp_test_export(test, obj, O_RDWR);
	struct importer *importer = kunit_kzalloc(test, sizeof(*importer), GFP_KERNEL);
	struct shrinker_test *t = test->priv;
	unsigned long passed;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, importer);
	importer->attach = dma_buf_dynamic_attach(dma_buf, drm_dev_dma_dev(other), &importer_ops,
						  importer);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, importer->attach);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, importer_detach, importer), 0);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 1);

	for (i = 0; i < 2; i++) {
		scoped_guard(drm_gem_pages, obj)
			importer->sgt = dma_buf_map_attachment(importer->attach, DMA_TO_DEVICE);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, importer->sgt);
		expect_in_none(test, obj);
		dontneed(test, obj);
		expect_in_none(test, obj);
		KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), SHRINK_STOP);
		KUNIT_EXPECT_EQ(test, passed, 0);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(t->drm), 0);
		KUNIT_EXPECT_EQ(test, importer->invalidations + t->unmaps, 0);
		KUNIT_EXPECT_NOT_NULL(test, state_of(obj)->pages);
		willneed(test, obj);

		if (i)
			break;
		scoped_guard(drm_gem_pages, obj)
			dma_buf_unmap_attachment(importer->attach, importer->sgt, DMA_TO_DEVICE);
		expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 1);
	}

	/* Where it is asked, it does. */
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, importer->invalidations, 1);
	expect_in_none(test, obj);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 1);
}

static void no_shrinker(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_device *drm = gp_test_device(test, "gp-without", &gp_test_driver);
	struct drm_gem_pages_object *obj = gp_test_object(test, drm, PAGE_SIZE, 0);
	struct drm_gem_pages_vm vm;
	struct iosys_map map;

	KUNIT_EXPECT_NULL(test, drm_gem_pages_shrinker_of(drm));
	drm_gem_pages_vm_init(&vm, drm);
	drm_gem_pages_vm_used(&vm);
	KUNIT_EXPECT_NULL(test, vm.shrinker);

	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	set_gpu(obj, 1, &vm);
	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	drm_gem_pages_vunmap(obj, &map);
	dontneed(test, obj);
	KUNIT_EXPECT_EQ(test, class_of(obj), DRM_GEM_PAGES_NOT_RECLAIMABLE);
	KUNIT_EXPECT_NULL(test, state_of(obj)->shrinker);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_WILLNEED), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(drm), 0);
	drm_gem_pages_vm_fini(&vm);
	drm_gem_pages_shrinker_unregister(drm);

	/* And nobody else's has noticed. */
	gp_test_expect_empty(test, t->shrinker);
	KUNIT_EXPECT_EQ(test, t->unmaps + t->purges, 0);
}

/*
 * Count
 */

/* Each class has as many pages as its bit says, the GPU-mapped ones half in a VM. */
static unsigned long one_of_each(struct kunit *test, struct dma_fence **fence)
{
	struct drm_gem_pages_object *busy = object(test, BIT(DRM_GEM_PAGES_BUSY));
	struct drm_gem_pages_vm *vm = new_vm(test);
	int i;

	*fence = make_busy(test, busy);
	for (i = 0; i < ARRAY_SIZE(idle_classes); i++) {
		unsigned long pages = BIT(idle_classes[i]);

		if (idle_classes[i] == DRM_GEM_PAGES_GPU_MAPPED) {
			pages /= 2;
			object_in(test, vm, pages);
		}
		object_of_class(test, pages, idle_classes[i]);
	}
	return ALL_CLASSES;
}

/* Count says what a scan then frees, whatever the context. */
static void count_is_what_scan_frees(struct kunit *test)
{
	const struct context *context = test->param_value;
	struct dma_fence *fence;
	unsigned long passed, counted;

	one_of_each(test, &fence);
	KUNIT_EXPECT_EQ(test, count_as(test, context), context->classes);

	/* From then on it is like the unused ones. */
	dma_fence_signal(fence);
	counted = context->classes & ~BIT(DRM_GEM_PAGES_BUSY);
	if (counted & BIT(DRM_GEM_PAGES_UNUSED))
		counted |= BIT(DRM_GEM_PAGES_BUSY);
	KUNIT_EXPECT_EQ(test, count_as(test, context), counted);

	KUNIT_EXPECT_EQ(test, scan_as(test, context, 1000, &passed), counted ?: SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 0);
	KUNIT_EXPECT_EQ(test, count_as(test, context), 0);
	KUNIT_EXPECT_EQ(test, scan_as(test, context, 1000, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 0);
	/* What is left is for others. */
	KUNIT_EXPECT_EQ(test, count(test), ALL_CLASSES & ~counted);
}

/* Bits of what has to be done before an object can be purged. */
#define SWAPPED		BIT(0)
#define MMAPPED		BIT(1)
#define GPU_MAPPED	BIT(2)

static struct drm_gem_pages_object *purgeable_object(struct kunit *test, unsigned int what)
{
	struct drm_gem_pages_object *obj = object(test, 1 << what);

	if (what & SWAPPED) {
		KUNIT_ASSERT_EQ(test, gp_test_evict(obj), 0);
		KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	}
	if (what & MMAPPED)
		open_vma(test, obj);
	if (what & GPU_MAPPED)
		set_gpu(obj, 1 + what % 2, NULL);
	dontneed(test, obj);
	KUNIT_EXPECT_EQ(test, class_of(obj), DRM_GEM_PAGES_PURGEABLE);
	return obj;
}

static bool may_sleep(const struct context *context)
{
	return context->kswapd || context->gfp & __GFP_DIRECT_RECLAIM;
}

static bool may_purge(const struct context *context, unsigned int what)
{
	if (!may_sleep(context))
		return false;
	if (what & SWAPPED && !(context->gfp & __GFP_IO))
		return false;
	if (what & MMAPPED && !(context->gfp & __GFP_FS))
		return false;
	return true;
}

/* What can be purged depends on the context, and on what became of the object. */
static void count_purgeable_is_what_scan_frees(struct kunit *test)
{
	const struct context *context = test->param_value;
	unsigned long passed, counted = 0, in_vain = 0;
	struct drm_gem_pages_object *objs[8];
	unsigned int i;

	for (i = 0; i < 8; i++) {
		objs[i] = purgeable_object(test, i);
		if (may_purge(context, i))
			counted += 1 << i;
		else
			in_vain += may_sleep(context);
		KUNIT_EXPECT_EQ_MSG(test, count_as(test, context), counted, "object %u", i);
		KUNIT_EXPECT_EQ(test, count(test), (2 << i) - 1);
	}
	/* Swap is nothing to it. */
	gp_test_set_swap(0);
	KUNIT_EXPECT_EQ(test, count_as(test, context), counted);

	KUNIT_EXPECT_EQ(test, scan_as(test, context, 1000, &passed), counted ?: SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, in_vain);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ_MSG(test, gp_test_resident(objs[i]), !may_purge(context, i),
				    "object %u", i);
	KUNIT_EXPECT_EQ(test, count_as(test, context), 0);
	KUNIT_EXPECT_EQ(test, scan_as(test, context, 1000, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, in_vain);
	KUNIT_EXPECT_EQ(test, count(test), 255 - counted);
	KUNIT_EXPECT_EQ(test, scan(test, 1000), counted == 255 ? SHRINK_STOP : 255 - counted);
}

/* Each change of it is noticed while the object stays in its class. */
static void count_follows_needs(struct kunit *test)
{
	const struct context *context = test->param_value;
	unsigned long if_mmapped = may_purge(context, MMAPPED) ? 2 : 0;
	unsigned long always = may_sleep(context) ? 2 : 0;
	struct drm_gem_pages_object *obj = object(test, 2);
	struct vm_area_struct *vma;

	dontneed(test, obj);
	KUNIT_EXPECT_EQ(test, count_as(test, context), always);
	vma = open_vma(test, obj);
	KUNIT_EXPECT_EQ(test, count_as(test, context), if_mmapped);
	set_gpu(obj, 1, NULL);
	KUNIT_EXPECT_EQ(test, count_as(test, context), if_mmapped);
	kunit_release_action(test, close_vma, vma);
	KUNIT_EXPECT_EQ(test, count_as(test, context), always);
	set_gpu(obj, 0, NULL);
	KUNIT_EXPECT_EQ(test, count_as(test, context), always);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_EQ(test, count_as(test, context), may_purge(context, SWAPPED) ? 2 : 0);
	expect_in(test, obj, DRM_GEM_PAGES_PURGEABLE, 1, 2);
}

static void count_by_swap(struct kunit *test)
{
	unsigned long purgeable = BIT(DRM_GEM_PAGES_PURGEABLE), passed;
	struct dma_fence *fence;

	one_of_each(test, &fence);
	dma_fence_signal(fence);
	KUNIT_EXPECT_EQ(test, count(test), ALL_CLASSES);

	gp_test_set_swap(ALL_CLASSES - purgeable);
	KUNIT_EXPECT_EQ(test, count(test), ALL_CLASSES);
	gp_test_set_swap(ALL_CLASSES - purgeable - 1);
	KUNIT_EXPECT_EQ(test, count(test), ALL_CLASSES - 1);
	gp_test_set_swap(1);
	KUNIT_EXPECT_EQ(test, count(test), purgeable + 1);
	gp_test_set_swap(0);
	KUNIT_EXPECT_EQ(test, count(test), purgeable);

	/* So does the scan. */
	KUNIT_EXPECT_EQ(test, scan_passing(test, 1000, &passed), purgeable);
	KUNIT_EXPECT_EQ(test, passed, 0);
	KUNIT_EXPECT_EQ(test, scan(test, 1000), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, count(test), 0);
	gp_test_set_swap(MANY);
	KUNIT_EXPECT_EQ(test, count(test), ALL_CLASSES - purgeable);
}

/*
 * Scan: order and amount
 */

static void scan_cheap_ones_first(struct kunit *test)
{
	struct drm_gem_pages_object *objs[ARRAY_SIZE(classes) + 1];
	struct drm_gem_pages_vm *vm = new_vm(test);
	struct dma_fence *fence;
	int i;

	/* The dearest first, so that age does not help. */
	objs[6] = object(test, 1);
	fence = make_busy(test, objs[6]);
	objs[5] = object_of_class(test, 1, DRM_GEM_PAGES_GPU_SHARED);
	objs[4] = object_of_class(test, 1, DRM_GEM_PAGES_GPU_MAPPED);
	objs[3] = object_in(test, vm, 1);
	objs[2] = object_of_class(test, 1, DRM_GEM_PAGES_MMAPPED);
	objs[1] = object_of_class(test, 1, DRM_GEM_PAGES_UNUSED);
	objs[0] = object_of_class(test, 1, DRM_GEM_PAGES_PURGEABLE);

	for (i = 0; i < 6; i++) {
		KUNIT_EXPECT_EQ(test, scan(test, 1), 1);
		KUNIT_EXPECT_FALSE_MSG(test, gp_test_resident(objs[i]), "object %d", i);
		KUNIT_EXPECT_TRUE_MSG(test, gp_test_resident(objs[i + 1]), "object %d", i + 1);
	}
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, scan(test, 2), SHRINK_STOP);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(objs[6]));
	dma_fence_signal(fence);
	KUNIT_EXPECT_EQ(test, scan(test, 1), 1);
}

/* Inside a class, who got into it first goes first. */
static void scan_in_order(struct kunit *test)
{
	const enum drm_gem_pages_class *class = test->param_value;
	struct drm_gem_pages_object *objs[4];
	struct dma_fence *fences[4];
	int i;

	if (*class == DRM_GEM_PAGES_BUSY) {
		for (i = 0; i < 4; i++)
			objs[i] = object(test, 1);
		for (i = 0; i < 4; i++)
			fences[i] = make_busy(test, objs[i]);
		for (i = 0; i < 4; i++)
			dma_fence_signal(fences[i]);
		expect_order(test, objs[0], objs[1], objs[2], objs[3]);
		return;
	}

	for (i = 0; i < 4; i++)
		objs[i] = object_of_class(test, 1, *class);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_pin(objs[1]), 0);
	drm_gem_pages_unpin(objs[1]);
	expect_order(test, objs[0], objs[2], objs[3], objs[1]);
}

static void scan_frees_about_target(struct kunit *test)
{
	struct drm_gem_pages_object *objs[10];
	unsigned long passed;
	int i;

	for (i = 0; i < 10; i++)
		objs[i] = object(test, 4);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 10, &passed), 12);
	KUNIT_EXPECT_EQ(test, passed, 0);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ_MSG(test, gp_test_resident(objs[i]), i >= 3, "object %d", i);
	KUNIT_EXPECT_EQ(test, scan(test, 0), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, pages_in(test, DRM_GEM_PAGES_UNUSED), 28);
	KUNIT_EXPECT_EQ(test, scan(test, 8), 8);
	KUNIT_EXPECT_EQ(test, scan(test, MANY), 20);
	KUNIT_EXPECT_EQ(test, scan(test, MANY), SHRINK_STOP);
}

/* Whatever it learned of objects that are not like those that follow. */
static void scan_frees_about_target_of_unlike_objects(struct kunit *test)
{
	const enum drm_gem_pages_class *class = test->param_value;
	unsigned long freed, all = 0;
	int i;

	for (i = 0; i < 60; i++) {
		unsigned long pages = i < 10 ? 1 : 1 + (i * 7) % 24;

		object_of_class(test, pages, *class);
		all += pages;
	}
	while (all) {
		freed = scan(test, 30);
		KUNIT_EXPECT_GE(test, freed, min(all, 30));
		KUNIT_EXPECT_LT(test, freed, 30 + 24);
		if (freed > all)
			break;
		all -= freed;
	}
	KUNIT_EXPECT_EQ(test, all, 0);
	KUNIT_EXPECT_EQ(test, scan(test, 30), SHRINK_STOP);
}

/* The same by VM. */
static void scan_frees_about_target_by_vm(struct kunit *test)
{
	struct drm_gem_pages_vm *vms[] = { new_vm(test), new_vm(test), new_vm(test) };
	unsigned long passed;
	int i;

	for (i = 0; i < 60; i++)
		object_in(test, vms[i / 20], i % 20 < 4 ? 1 : 8);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 50, &passed), 4 + 6 * 8);
	KUNIT_EXPECT_EQ(test, vms[0]->lru.count, 10);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 85, &passed), 10 * 8 + 4 + 8);
	KUNIT_EXPECT_EQ(test, vms[0]->lru.count, 0);
	KUNIT_EXPECT_EQ(test, vms[1]->lru.count, 15);
	KUNIT_EXPECT_EQ(test, passed, 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, !i, !vms[i]->lru.count);
	KUNIT_EXPECT_EQ(test, scan(test, MANY), 15 * 8 + 4 + 16 * 8);
}

/* Even where it has been in vain for long. */
static void scan_frees_about_target_after_busy(struct kunit *test)
{
	const enum drm_gem_pages_class *class = test->param_value;
	unsigned long passed;
	int i;

	for (i = 0; i < 33; i++)
		gp_test_add_fence(test, object_of_class(test, 1, *class));
	for (i = 0; i < 20; i++)
		object_of_class(test, 8, *class);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 50, &passed), 56);
	KUNIT_EXPECT_EQ(test, passed, 33);
}

/* Its time depends on the target, not on how many objects are in the way. */
static void scan_looks_at_target(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_gem_pages_vm *vm = new_vm(test);
	unsigned long passed;
	int i;

	for (i = 0; i < 60; i++) {
		gp_test_add_fence(test, object(test, 1));
		gp_test_add_fence(test, object_in(test, vm, 1));
	}
	/* In each class: the unused ones, those in the VM, and what of them is busy now. */
	KUNIT_EXPECT_EQ(test, scan_passing(test, 10, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 3 * 10);
	KUNIT_EXPECT_EQ(test, t->shrinker->count[DRM_GEM_PAGES_BUSY], 20);
	/* Those behind them come next. */
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, scan_passing(test, 20, &passed), SHRINK_STOP);
		KUNIT_EXPECT_EQ(test, passed, i < 2 ? 60 : i == 2 ? 40 : 20);
	}
	KUNIT_EXPECT_EQ(test, t->shrinker->count[DRM_GEM_PAGES_BUSY], 120);
}

/* A class of which nothing can be had does not keep a scan from the next one. */
static void scan_looks_at_all_classes(struct kunit *test)
{
	struct drm_gem_pages_object *obj;
	unsigned long passed;
	int i;

	for (i = 0; i < 20; i++)
		gp_test_add_fence(test, object(test, 1));
	obj = object_of_class(test, 4, DRM_GEM_PAGES_GPU_SHARED);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 3, &passed), 4);
	KUNIT_EXPECT_EQ(test, passed, 3);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
}

/* Who may not wait for I/O or file systems does not, though the allocation could. */
static void room_respects_scope(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 1), *spare = object(test, 1);
	unsigned int scope;

	dontneed(test, spare);
	guard(drm_gem_pages)(obj);

	scope = memalloc_noio_save();
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_make_room(obj, GFP_KERNEL));
	memalloc_noio_restore(scope);
	scope = memalloc_nofs_save();
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_make_room(obj, GFP_KERNEL));
	memalloc_nofs_restore(scope);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_make_room(obj, GFP_NOFS));
	KUNIT_EXPECT_NOT_NULL(test, state_of(spare)->pages);

	KUNIT_EXPECT_TRUE(test, drm_gem_pages_make_room(obj, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, state_of(spare)->pages);
}

static unsigned int count_evicted(struct drm_gem_pages_object **objs, unsigned int n)
{
	unsigned int i, count = 0;

	for (i = 0; i < n; i++)
		count += !gp_test_resident(objs[i]);
	return count;
}

/* What could not be written is among what was looked at, and no more is evicted. */
static void scan_stops_without_swap_to_write_to(struct kunit *test)
{
	struct drm_gem_pages_object *objs[20], *clean, *mapped;
	struct shrinker_test *t = test->priv;
	unsigned long passed;
	int i;

	if (get_nr_swap_pages() > 0)
		kunit_skip(test, "there is swap");
	clean = object(test, 2);
	for (i = 0; i < 20; i++) {
		objs[i] = object(test, 1);
		KUNIT_ASSERT_EQ(test, mark_dirty(objs[i]), 0);
	}
	mapped = object_of_class(test, 4, DRM_GEM_PAGES_GPU_SHARED);
	object_of_class(test, 8, DRM_GEM_PAGES_PURGEABLE);

	/* As far as it gets. */
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), 8 + 2);
	KUNIT_EXPECT_EQ(test, passed, 1);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(clean));
	KUNIT_EXPECT_EQ(test, count_evicted(objs, 20), 1);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(objs[0]));
	/* One at a time. */
	KUNIT_EXPECT_EQ(test, scan_passing(test, 5, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 1);
	KUNIT_EXPECT_EQ(test, count_evicted(objs, 20), 2);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(t->drm), 0);
	KUNIT_EXPECT_EQ(test, count_evicted(objs, 20), 3);
	/* Neither of this class, nor of one after it. */
	KUNIT_EXPECT_TRUE(test, gp_test_resident(mapped));
	/* What is purged needs no swap. */
	dontneed(test, mapped);
	KUNIT_EXPECT_EQ(test, scan(test, 100), 4);
	KUNIT_EXPECT_EQ(test, count_evicted(objs, 20), 4);
}

/* Nor is the rest of the object tried. To try takes the mark off a folio. */
static void write_stops_without_swap(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 4);
	struct folio *folios[4];
	int i;

	if (get_nr_swap_pages() > 0)
		kunit_skip(test, "there is swap");
	KUNIT_ASSERT_EQ(test, mark_dirty(obj), 0);
	for (i = 0; i < 4; i++) {
		folios[i] = page_folio(state_of(obj)->pages[i]);
		folio_get(folios[i]);
		folio_set_reclaim(folios[i]);
	}
	KUNIT_EXPECT_EQ(test, scan(test, 4), SHRINK_STOP);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ_MSG(test, folio_test_reclaim(folios[i]), i > 0, "folio %d", i);
		KUNIT_EXPECT_TRUE(test, folio_test_dirty(folios[i]));
		folio_clear_reclaim(folios[i]);
		folio_put(folios[i]);
	}
}

static void use_up_swap(struct drm_gem_pages_object *obj)
{
	gp_test_set_swap(0);
}

/* It may be used up in the middle of a scan. */
static void scan_stops_when_swap_ends(struct kunit *test)
{
	const enum drm_gem_pages_class *class = test->param_value;
	struct drm_gem_pages_object *objs[4], *shared;
	struct shrinker_test *t = test->priv;
	unsigned long passed;
	int i;

	for (i = 0; i < 4; i++)
		objs[i] = object_of_class(test, 1, *class);
	shared = object_of_class(test, 1, DRM_GEM_PAGES_GPU_SHARED);
	t->unmapping = use_up_swap;
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), 1);
	KUNIT_EXPECT_EQ(test, passed, 1);
	KUNIT_EXPECT_EQ(test, t->unmaps, 1);
	KUNIT_EXPECT_EQ(test, count_evicted(objs, 4), 1);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(shared));
	t->unmapping = NULL;
	gp_test_set_swap(MANY);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), 4);
	KUNIT_EXPECT_EQ(test, passed, 0);
}

/* What a scan writes at least, if an object has as much. */
#define WRITE_BUDGET	256
#define MUCH		1024

/* What a scan writes has a limit, however large the object; the rest stays for others. */
static void scan_writes_so_much(struct kunit *test)
{
	const unsigned long targets[] = { 8, WRITE_BUDGET + 44, 1 };
	const unsigned long pages[] = { MUCH, MUCH, 32 };
	const unsigned long written[] = { WRITE_BUDGET, WRITE_BUDGET + 44, 32 };
	struct drm_gem_pages_object *objs[3];
	struct shrinker_test *t = test->priv;
	unsigned long all = 0;
	int i;

	if (get_nr_swap_pages() < 4 * MUCH)
		kunit_skip(test, "there is no swap, or little");
	for (i = 0; i < 3; i++) {
		objs[i] = object(test, pages[i]);
		gp_test_fill(test, objs[i], SEED + i);
		KUNIT_ASSERT_EQ(test, mark_dirty(objs[i]), 0);
		all += pages[i];
	}
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ_MSG(test, scan(test, targets[i]), written[i], "object %d", i);
		KUNIT_EXPECT_EQ(test, count_evicted(objs, 3), i + 1);
	}
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(objs[i]), 0);
		KUNIT_EXPECT_TRUE(test, gp_test_check(objs[i], SEED + i));
		KUNIT_ASSERT_EQ(test, mark_dirty(objs[i]), 0);
	}
	/* Without a limit. */
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(t->drm), all);
}

static void scan_passes_locked(struct kunit *test)
{
	const enum drm_gem_pages_class *class = test->param_value;
	struct drm_gem_pages_object *objs[4];
	unsigned long passed;
	int i;

	for (i = 0; i < 4; i++)
		objs[i] = object_of_class(test, 1, *class);

	dma_resv_lock(objs[0]->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 3, &passed), 3);
	KUNIT_EXPECT_EQ(test, passed, 1);
	KUNIT_EXPECT_NOT_NULL(test, state_of(objs[0])->pages);
	/* Once, though the target is far away. */
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 1);
	KUNIT_EXPECT_EQ(test, class_of(objs[0]), *class);
	dma_resv_unlock(objs[0]->base.resv);
	KUNIT_EXPECT_EQ(test, scan(test, 100), 1);
}

/* Who is passed over counts as used. */
static void scan_passes_locked_to_the_end(struct kunit *test)
{
	const enum drm_gem_pages_class *class = test->param_value;
	struct drm_gem_pages_object *objs[5];
	unsigned long passed;
	int i;

	for (i = 0; i < 5; i++)
		objs[i] = object_of_class(test, 1, *class);
	dma_resv_lock(objs[0]->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 1, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 1);
	dma_resv_unlock(objs[0]->base.resv);
	expect_order(test, objs[1], objs[2], objs[3], objs[4], objs[0]);
}

static void scan_stops(struct kunit *test)
{
	struct drm_gem_pages_object *obj;
	unsigned long passed;

	KUNIT_EXPECT_EQ(test, scan_passing(test, 1, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 0);
	obj = object(test, 1);
	KUNIT_EXPECT_EQ(test, scan(test, 1), 1);
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	drm_gem_pages_unpin(obj);
	dma_resv_lock(obj->base.resv, NULL);
	/* Though there was more to look at, as far as a scan of one object knows. */
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, scan(test, 2), SHRINK_STOP);
	dma_resv_unlock(obj->base.resv);
}

/* A context frees nothing that it must not touch, though the class would be its own. */
static void scan_respects_context(struct kunit *test)
{
	static const struct context nofs = { .gfp = GFP_NOFS }, noio = { .gfp = GFP_NOIO },
				    nowait = { .gfp = GFP_NOWAIT };
	struct drm_gem_pages_object *mapped = object(test, 1), *gpu = object(test, 1);
	struct drm_gem_pages_object *swapped = object(test, 1);
	struct shrinker_test *t = test->priv;
	unsigned long passed;

	open_vma(test, mapped);
	dontneed(test, mapped);
	set_gpu(gpu, 1, NULL);
	dontneed(test, gpu);
	KUNIT_ASSERT_EQ(test, gp_test_evict(swapped), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(swapped), 0);
	dontneed(test, swapped);
	t->unmaps = 0;

	/* Zapping, flushing the device's TLB, waiting for writeback. */
	KUNIT_EXPECT_EQ(test, count_as(test, &nowait), 0);
	KUNIT_EXPECT_EQ(test, scan_as(test, &nowait, 100, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 0);
	KUNIT_EXPECT_EQ(test, t->unmaps, 0);
	KUNIT_EXPECT_EQ(test, count_as(test, &noio), 1);
	KUNIT_EXPECT_EQ(test, scan_as(test, &noio, 100, &passed), 1);
	KUNIT_EXPECT_EQ(test, passed, 2);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(gpu));
	KUNIT_EXPECT_EQ(test, t->unmaps, 1);
	KUNIT_EXPECT_EQ(test, count_as(test, &nofs), 1);
	KUNIT_EXPECT_EQ(test, scan_as(test, &nofs, 100, &passed), 1);
	KUNIT_EXPECT_EQ(test, passed, 1);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(swapped));
	KUNIT_EXPECT_EQ(test, scan(test, 100), 1);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(mapped));
}

/* The same for what is evicted. */
static void scan_respects_context_of_mapped(struct kunit *test)
{
	static const struct context nofs = { .gfp = GFP_NOFS };
	struct drm_gem_pages_object *obj = object(test, 1);
	struct shrinker_test *t = test->priv;
	unsigned long passed;

	/* Swap may be a file, so there nothing is evicted at all. */
	KUNIT_EXPECT_EQ(test, count_as(test, &nofs), 0);
	KUNIT_EXPECT_EQ(test, scan_as(test, &nofs, 100, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 0);
	open_vma(test, obj);
	set_gpu(obj, 1, NULL);
	KUNIT_EXPECT_EQ(test, count_as(test, &nofs), 0);
	KUNIT_EXPECT_EQ(test, scan_as(test, &nofs, 100, &passed), SHRINK_STOP);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	KUNIT_EXPECT_EQ(test, t->unmaps, 0);
	KUNIT_EXPECT_EQ(test, scan(test, 100), 1);
}

static void put_in_unmap(struct drm_gem_pages_object *obj)
{
	drm_gem_object_put(&obj->base);
}

/* Reclaim may be the last one who has a reference. */
static void scan_frees_object(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct gp_test_device *dev = to_gp_test_device(t->drm);
	struct drm_gem_pages_object *obj = drm_gem_pages_create(t->drm, PAGE_SIZE, 0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	set_gpu(obj, 1, new_vm(test));
	t->unmapping = put_in_unmap;
	KUNIT_EXPECT_EQ(test, scan(test, 1), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 1);
	gp_test_expect_empty(test, t->shrinker);

	/* Also of one that it could not evict. */
	obj = drm_gem_pages_create(t->drm, PAGE_SIZE, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	set_gpu(obj, 1, NULL);
	t->unmap_error = -EDEADLK;
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 2);
	gp_test_expect_empty(test, t->shrinker);
}

/*
 * Scan: what becomes of an object
 */

/* Evicted, and out of the page cache. */
static void evict_makes_free_memory(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 8), *part = object(test, 8);

	KUNIT_EXPECT_EQ(test, cached_pages(obj), 8);
	KUNIT_EXPECT_EQ(test, scan(test, 8), 8);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	KUNIT_EXPECT_EQ(test, cached_pages(obj), 0);
	KUNIT_EXPECT_EQ(test, state_of(obj)->evictions, 1);

	/* What was written to needs swap. */
	gp_test_fill(test, part, SEED);
	scoped_guard(drm_gem_pages, part)
		KUNIT_EXPECT_EQ(test, drm_gem_pages_mark_dirty_locked(part, PAGE_SIZE,
								      3 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, scan(test, 8), get_nr_swap_pages() > 0 ? 8 : 5);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(part));
	if (get_nr_swap_pages() <= 0)
		KUNIT_EXPECT_EQ(test, cached_pages(part), 3);
}

/* A page that somebody looks at stays; that is no reason to leave other objects alone. */
static void evict_of_page_in_use(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 1), *other = object(test, 2);
	struct shrinker_test *t = test->priv;
	struct folio *folio = page_folio(state_of(obj)->pages[0]);

	folio_get(folio);
	KUNIT_EXPECT_EQ(test, scan(test, 100), 2);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	KUNIT_EXPECT_FALSE(test, gp_test_resident(other));
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(other), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(t->drm), 2);
	folio_put(folio);
}

static void evict_keeps_bytes(struct kunit *test)
{
	const enum drm_gem_pages_class *class = test->param_value;
	struct drm_gem_pages_object *obj = object(test, 8);
	int i;

	gp_test_fill(test, obj, SEED);
	KUNIT_ASSERT_EQ(test, mark_dirty(obj), 0);
	if (*class == DRM_GEM_PAGES_MMAPPED)
		open_vma(test, obj);
	for (i = 1; i <= 3; i++) {
		if (*class == DRM_GEM_PAGES_GPU_MAPPED)
			set_gpu(obj, 1, NULL);
		if (*class == DRM_GEM_PAGES_GPU_SHARED)
			set_gpu(obj, 2, NULL);
		KUNIT_EXPECT_EQ(test, class_of(obj), *class);
		KUNIT_EXPECT_EQ(test, scan(test, 8), if_written(8));
		KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
		KUNIT_EXPECT_EQ(test, state_of(obj)->evictions, i);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
		KUNIT_EXPECT_TRUE(test, gp_test_check(obj, SEED));
		KUNIT_ASSERT_EQ(test, mark_dirty(obj), 0);
	}
}

static void all_is_there_in_unmap(struct drm_gem_pages_object *obj)
{
	must(obj, state_of(obj)->pages, "unmap after the pages have gone");
	must(obj, state_of(obj)->vaddr, "unmap after the vmap has gone");
	must(obj, state_of(obj)->sgt, "unmap after the device map has gone");
}

static void label_is_printed(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 1);
	char text[16] = "";
	struct drm_print_iterator iter = { .data = text, .remain = sizeof(text) - 1 };
	struct drm_printer p = drm_coredump_printer(&iter);
	char label[] = "label";

	drm_gem_pages_print_label(&p, obj);
	KUNIT_EXPECT_STREQ(test, text, "");

	KUNIT_EXPECT_EQ(test, drm_gem_pages_set_label(obj, label), 0);
	/* It was copied. */
	label[0] = 'x';
	drm_gem_pages_print_label(&p, obj);
	KUNIT_EXPECT_STREQ(test, text, "label");

	KUNIT_EXPECT_EQ(test, drm_gem_pages_set_label(obj, NULL), 0);
	drm_gem_pages_print_label(&p, obj);
	KUNIT_EXPECT_STREQ(test, text, "label");
}

/* The device lets go first, what it used goes after that. */
static void evict_ends_all(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2);
	struct shrinker_test *t = test->priv;
	struct iosys_map map;

	set_gpu(obj, 1, NULL);
	KUNIT_ASSERT_EQ(test, validate(obj), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	drm_gem_pages_vunmap(obj, &map);
	t->unmapping = all_is_there_in_unmap;
	/* The vmap may have been written to. */
	KUNIT_EXPECT_EQ(test, scan(test, 2), if_written(2));
	KUNIT_EXPECT_EQ(test, t->unmaps, 1);
	KUNIT_EXPECT_NULL(test, state_of(obj)->pages);
	KUNIT_EXPECT_NULL(test, state_of(obj)->sgt);
	KUNIT_EXPECT_NULL(test, state_of(obj)->vaddr);
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->shrinker->idle_vmaps));
}

static void unmap_refuses(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2), *other = object(test, 2);
	struct shrinker_test *t = test->priv;
	struct gp_test_snapshot before;
	unsigned long passed;

	set_gpu(obj, 1, NULL);
	set_gpu(other, 1, NULL);
	KUNIT_ASSERT_EQ(test, validate(obj), 0);
	before = gp_test_snapshot(obj);
	t->unmap_error = -EDEADLK;
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 2);
	KUNIT_EXPECT_EQ(test, t->unmaps, 2);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	KUNIT_EXPECT_EQ(test, class_of(obj), DRM_GEM_PAGES_GPU_MAPPED);
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 1);
	KUNIT_EXPECT_EQ(test, state_of(obj)->evictions, 0);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EDEADLK);
	dontneed(test, obj);
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), -EDEADLK);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_WILLNEED), 1);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	/* So there is nothing to map again. */
	KUNIT_EXPECT_FALSE(test, state_of(obj)->gpu_unmapped);
	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 0);

	t->unmap_error = 0;
	KUNIT_EXPECT_EQ(test, scan(test, 100), 4);
	KUNIT_EXPECT_TRUE(test, state_of(obj)->gpu_unmapped);
}

/* The driver has removed a part of the mappings. What remains is to be repaired. */
static void unmap_fails_half_way(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2);
	struct shrinker_test *t = test->priv;
	struct gp_test_snapshot before;

	set_gpu(obj, 2, NULL);
	KUNIT_ASSERT_EQ(test, validate(obj), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 0);
	before = gp_test_snapshot(obj);
	t->unmap_error = -EIO;
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, t->unmaps, 1);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	KUNIT_EXPECT_TRUE(test, state_of(obj)->gpu_unmapped);
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 2);

	/* A failed repair is tried again. */
	t->map_error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, validate(obj), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, state_of(obj)->gpu_unmapped);
	t->map_error = 0;
	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	KUNIT_EXPECT_FALSE(test, state_of(obj)->gpu_unmapped);
	KUNIT_EXPECT_EQ(test, t->maps, 2);
	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 2);
}

static void validate_maps_again(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2);
	struct shrinker_test *t = test->priv;

	/* What the device has never had is unmapped, too: the driver may know better. */
	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 0);
	KUNIT_EXPECT_EQ(test, scan(test, 1), 2);
	KUNIT_EXPECT_EQ(test, t->unmaps, 1);
	KUNIT_EXPECT_TRUE(test, state_of(obj)->gpu_unmapped);
	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 1);
	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 1);

	set_gpu(obj, 1, NULL);
	KUNIT_EXPECT_EQ(test, scan(test, 1), 2);
	KUNIT_EXPECT_EQ(test, t->unmaps, 2);
	KUNIT_EXPECT_EQ(test, state_of(obj)->gpu_vms, 0);
	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	KUNIT_EXPECT_EQ(test, t->maps, 2);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	KUNIT_EXPECT_NOT_NULL(test, state_of(obj)->sgt);

	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), 0);
	KUNIT_EXPECT_EQ(test, t->unmaps, 3);
	KUNIT_EXPECT_EQ(test, validate(obj), -EFAULT);
	KUNIT_EXPECT_EQ(test, t->maps, 2);
}

/* A device that cannot unmap keeps what it maps. */
static void unmap_missing(struct kunit *test)
{
	struct drm_device *drm = gp_test_device(test, "gp-no-ops", &gp_test_driver);
	struct drm_gem_pages_shrinker *shrinker = gp_test_shrinker(test, drm, &no_ops);
	struct drm_gem_pages_object *obj = gp_test_object(test, drm, PAGE_SIZE, 0);
	unsigned long passed;

	gp_test_set_swap(MANY);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	set_gpu(obj, 1, NULL);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_shrinker_count(shrinker, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, gp_test_scan(shrinker, GFP_KERNEL, 100, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 0);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	gp_test_expect_sound(test, shrinker);
	set_gpu(obj, 0, NULL);
	KUNIT_EXPECT_EQ(test, gp_test_scan(shrinker, GFP_KERNEL, 100, &passed), 1);
	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	dontneed(test, obj);
	KUNIT_EXPECT_EQ(test, gp_test_scan(shrinker, GFP_KERNEL, 100, &passed), 1);
	gp_test_expect_sound(test, shrinker);
}

/*
 * Waiting
 */

/* Nobody but a waiter asks a fence to signal. */
static unsigned int waited_for(struct dma_fence **fences, unsigned int n)
{
	unsigned int i, count = 0;

	for (i = 0; i < n; i++)
		count += test_bit(DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT, &fences[i]->flags);
	return count;
}

#define BUSY_OBJECTS	20

/* The time for waiting is a scan's, not an object's. */
static void wait_has_one_budget(struct kunit *test)
{
	struct dma_fence *fences[BUSY_OBJECTS];
	unsigned long passed;
	ktime_t start;
	s64 ms;
	int i;

	for (i = 0; i < BUSY_OBJECTS; i++)
		fences[i] = gp_test_add_fence(test, object(test, 1));
	start = ktime_get();
	KUNIT_EXPECT_EQ(test, scan_passing(test, 1000, &passed), SHRINK_STOP);
	ms = ktime_ms_delta(ktime_get(), start);
	KUNIT_EXPECT_LT(test, ms, 100);
	KUNIT_EXPECT_EQ(test, waited_for(fences, BUSY_OBJECTS), 1);
	KUNIT_EXPECT_EQ(test, passed, 2 * BUSY_OBJECTS);
}

static void wait_by_context(struct kunit *test)
{
	const struct context *context = test->param_value;
	bool waits = context->classes & BIT(DRM_GEM_PAGES_BUSY);
	struct drm_gem_pages_object *obj;
	struct dma_fence *fences[4];
	unsigned long passed;
	int i;

	for (i = 0; i < 4; i++) {
		obj = object(test, 1);
		/* So that there is no context that does not look at it. */
		dontneed(test, obj);
		fences[i] = gp_test_add_fence(test, obj);
	}
	KUNIT_EXPECT_EQ(test, scan_as(test, context, 1000, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, waited_for(fences, 4), waits);
	KUNIT_EXPECT_EQ(test, passed, waits ? 8 : may_sleep(context) ? 4 : 0);
}

struct late_signal {
	struct delayed_work work;
	struct dma_fence *fence;
};

static void signal_late(struct work_struct *work)
{
	struct late_signal *late = container_of(to_delayed_work(work), typeof(*late), work);

	dma_fence_signal(late->fence);
}

static void end_late(void *late)
{
	cancel_delayed_work_sync(&((struct late_signal *)late)->work);
}

static void signal_in(struct kunit *test, struct dma_fence *fence, unsigned int ms)
{
	struct late_signal *late = kunit_kzalloc(test, sizeof(*late), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, late);
	late->fence = fence;
	INIT_DELAYED_WORK(&late->work, signal_late);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_late, late), 0);
	schedule_delayed_work(&late->work, msecs_to_jiffies(ms));
}

/*
 * VMs
 */

static void vm_order(struct kunit *test)
{
	struct drm_gem_pages_vm *a = new_vm(test), *b = new_vm(test), *c = new_vm(test);
	struct drm_gem_pages_object *a1 = object_in(test, a, 1), *c1 = object_in(test, c, 1);
	struct drm_gem_pages_object *b1 = object_in(test, b, 1), *a2 = object_in(test, a, 1);
	struct drm_gem_pages_object *b2 = object_in(test, b, 1), *c2 = object_in(test, c, 1);
	struct drm_gem_pages_object *none = object_of_class(test, 1, DRM_GEM_PAGES_GPU_MAPPED);
	struct shrinker_test *t = test->priv;

	/* The order in which they got objects does not count. */
	KUNIT_EXPECT_EQ(test, t->shrinker->vm_count, 3);
	drm_gem_pages_vm_used(c);
	drm_gem_pages_vm_used(a);
	expect_order(test, b1, b2, c1, c2, a1, a2, none);
	KUNIT_EXPECT_EQ(test, t->shrinker->vm_count, 0);
}

static void vm_used_meanwhile(struct kunit *test)
{
	struct drm_gem_pages_vm *a = new_vm(test), *b = new_vm(test);
	struct drm_gem_pages_object *a1 = object_in(test, a, 1), *a2 = object_in(test, a, 1);
	struct drm_gem_pages_object *b1 = object_in(test, b, 1), *b2 = object_in(test, b, 1);

	expect_order(test, a1);
	drm_gem_pages_vm_used(a);
	expect_order(test, b1);
	/* It has gone from the list, and comes back younger. */
	expect_order(test, b2);
	drm_gem_pages_vm_used(b);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(b1), 0);
	set_gpu(b1, 1, b);
	expect_order(test, a2, b1);
}

/* Using a VM costs no list move, and so does not the use of its objects. */
static void vm_used_moves_nothing(struct kunit *test)
{
	struct drm_gem_pages_vm *a = new_vm(test), *b = new_vm(test);
	struct shrinker_test *t = test->priv;
	u64 placed;

	object_in(test, a, 1);
	object_in(test, b, 1);
	placed = a->placed;
	drm_gem_pages_vm_used(a);
	drm_gem_pages_vm_used(a);
	KUNIT_EXPECT_EQ(test, a->placed, placed);
	KUNIT_EXPECT_GT(test, a->used, placed);
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry(&t->shrinker->vms, typeof(*a), node), a);
	gp_test_expect_sound(test, t->shrinker);
	KUNIT_EXPECT_EQ(test, count(test), 2);
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry(&t->shrinker->vms, typeof(*a), node), a);

	KUNIT_EXPECT_EQ(test, scan(test, 1), 1);
	KUNIT_EXPECT_EQ(test, a->placed, a->used);
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry(&t->shrinker->vms, typeof(*a), node), a);
	KUNIT_EXPECT_EQ(test, b->lru.count, 0);
}

static void vm_ends(struct kunit *test)
{
	struct drm_gem_pages_vm *vm = new_vm(test);
	struct drm_gem_pages_object *obj = object_in(test, vm, 1), *late = object_in(test, vm, 1);
	struct drm_gem_pages_object *pinned = object_in(test, vm, 1);
	struct shrinker_test *t = test->priv;

	set_gpu(obj, 0, NULL);
	gp_test_expect_sound(test, t->shrinker);

	/* A driver that has forgotten some is told, and nothing refers to the VM. */
	KUNIT_ASSERT_EQ(test, drm_gem_pages_pin(pinned), 0);
	kunit_warning_suppress(test) {
		drm_gem_pages_vm_fini(vm);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	memset(vm, 0x5a, sizeof(*vm));
	KUNIT_EXPECT_EQ(test, t->shrinker->vm_count, 0);
	gp_test_expect_sound(test, t->shrinker);
	KUNIT_EXPECT_EQ(test, class_of(late), DRM_GEM_PAGES_GPU_MAPPED);
	drm_gem_pages_unpin(pinned);
	KUNIT_EXPECT_EQ(test, class_of(pinned), DRM_GEM_PAGES_GPU_MAPPED);
	gp_test_expect_sound(test, t->shrinker);
	expect_order(test, obj, late);
}

#define MANY_VMS	64

static void vm_many(struct kunit *test)
{
	struct drm_gem_pages_object **objs;
	struct drm_gem_pages_vm **vms;
	unsigned int i;

	objs = kunit_kcalloc(test, MANY_VMS, sizeof(*objs), GFP_KERNEL);
	vms = kunit_kcalloc(test, MANY_VMS, sizeof(*vms), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, objs);
	KUNIT_ASSERT_NOT_NULL(test, vms);

	for (i = 0; i < MANY_VMS; i++)
		vms[i] = new_vm(test);
	for (i = 0; i < MANY_VMS; i++) {
		unsigned int vm = (i * 37 + 5) % MANY_VMS;

		objs[vm] = object_in(test, vms[vm], 1);
	}
	for (i = 0; i < MANY_VMS; i++) {
		unsigned int vm = (i * 11 + 3) % MANY_VMS;

		drm_gem_pages_vm_used(vms[vm]);
	}
	for (i = 0; i < MANY_VMS; i++) {
		unsigned int vm = (i * 11 + 3) % MANY_VMS;

		KUNIT_EXPECT_EQ(test, scan(test, 1), 1);
		KUNIT_EXPECT_FALSE_MSG(test, gp_test_resident(objs[vm]), "VM %u", vm);
	}
	for (i = 0; i < MANY_VMS; i++)
		drm_gem_pages_vm_fini(vms[i]);
}

/* All objects of one VM are in use, and so is the VM. The scan ends. */
static void vm_all_locked(struct kunit *test)
{
	struct drm_gem_pages_vm *a = new_vm(test), *b = new_vm(test);
	struct drm_gem_pages_object *a1 = object_in(test, a, 1), *a2 = object_in(test, a, 1);
	struct drm_gem_pages_object *b1, *b2;
	struct shrinker_test *t = test->priv;
	unsigned long passed;

	t->unmap_error = -EDEADLK;
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 2);

	b1 = object_in(test, b, 1);
	b2 = object_in(test, b, 1);
	/* The younger one by now. */
	drm_gem_pages_vm_used(b);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 100, &passed), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, passed, 4);
	KUNIT_EXPECT_EQ(test, t->unmaps, 6);

	t->unmap_error = 0;
	drm_gem_pages_vm_used(b);
	drm_gem_pages_vm_used(a);
	dma_resv_lock(b1->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 3, &passed), 3);
	KUNIT_EXPECT_EQ(test, passed, 1);
	dma_resv_unlock(b1->base.resv);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(a1));
	KUNIT_EXPECT_FALSE(test, gp_test_resident(a2));
	KUNIT_EXPECT_FALSE(test, gp_test_resident(b2));
	expect_order(test, b1);
}

#define MANY_IN_ONE	40

/* The same for one VM that has many, and for a target that is never reached. */
static void vm_all_refuse(struct kunit *test)
{
	static const unsigned long targets[] = { MANY_IN_ONE, MANY_IN_ONE + 1, 1000, ULONG_MAX };
	struct drm_gem_pages_vm *vm = new_vm(test);
	struct shrinker_test *t = test->priv;
	unsigned long passed;
	int i;

	for (i = 0; i < MANY_IN_ONE; i++)
		object_in(test, vm, 1);
	t->unmap_error = -EDEADLK;
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		t->unmaps = 0;
		KUNIT_EXPECT_EQ(test, scan_passing(test, targets[i], &passed), SHRINK_STOP);
		KUNIT_EXPECT_EQ(test, passed, MANY_IN_ONE);
		KUNIT_EXPECT_EQ(test, t->unmaps, MANY_IN_ONE);
	}
	t->unmaps = 0;
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(t->drm), 0);
	KUNIT_EXPECT_EQ(test, t->unmaps, 2 * MANY_IN_ONE);
	KUNIT_EXPECT_EQ(test, vm->lru.count, MANY_IN_ONE);

	t->unmap_error = 0;
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(t->drm), MANY_IN_ONE);
	KUNIT_EXPECT_EQ(test, vm->lru.count, 0);
}

/* A VM whose objects were all passed over is not the oldest one any more. */
static void vm_passed_over_goes_to_the_end(struct kunit *test)
{
	struct drm_gem_pages_vm *a = new_vm(test), *b = new_vm(test);
	struct drm_gem_pages_object *a1 = object_in(test, a, 1), *a2 = object_in(test, a, 1);
	struct drm_gem_pages_object *b1 = object_in(test, b, 1), *b2 = object_in(test, b, 1);
	unsigned long passed;

	dma_resv_lock(a1->base.resv, NULL);
	KUNIT_EXPECT_TRUE(test, dma_resv_trylock(a2->base.resv));
	KUNIT_EXPECT_EQ(test, scan_passing(test, 3, &passed), 2);
	KUNIT_EXPECT_EQ(test, passed, 2);
	KUNIT_EXPECT_NULL(test, state_of(b1)->pages);
	KUNIT_EXPECT_NULL(test, state_of(b2)->pages);
	dma_resv_unlock(a2->base.resv);
	dma_resv_unlock(a1->base.resv);

	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(b1), 0);
	set_gpu(b1, 1, b);
	KUNIT_EXPECT_TRUE(test, a->used > b->used);
	expect_order(test, b1, a1, a2);
}

/*
 * Purge
 */

static void purge_semantics(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 4);
	struct shrinker_test *t = test->priv;

	gp_test_fill(test, obj, SEED);
	KUNIT_ASSERT_EQ(test, mark_dirty(obj), 0);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, drm_gem_pages_get_sgt(obj));
	drm_gem_pages_put_sgt(obj);
	dontneed(test, obj);
	gp_test_set_swap(0);
	KUNIT_EXPECT_EQ(test, scan(test, 1), 4);
	KUNIT_EXPECT_EQ(test, t->purges, 1);
	KUNIT_EXPECT_EQ(test, cached_pages(obj), 0);
	KUNIT_EXPECT_EQ(test, file_inode(obj->base.filp)->i_blocks, 0);

	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_WILLNEED), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_DONTNEED), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), -EFAULT);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), -EFAULT);
	KUNIT_EXPECT_EQ(test, validate(obj), -EFAULT);
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), 0);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, t->purges, 1);
	KUNIT_EXPECT_EQ(test, state_of(obj)->evictions, 0);
	expect_in_none(test, obj);
}

/* An object is purgeable whatever of it there is. */
static void purge_without_sg_table(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 4);

	KUNIT_EXPECT_NULL(test, state_of(obj)->sgt);
	dontneed(test, obj);
	KUNIT_EXPECT_EQ(test, count(test), 4);
	KUNIT_EXPECT_EQ(test, scan(test, 1), 4);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_WILLNEED), 0);
}

/* What is in swap and not needed is not kept there. */
static void purge_of_evicted(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 2), *fresh;
	struct shrinker_test *t = test->priv;

	gp_test_fill(test, obj, SEED);
	KUNIT_ASSERT_EQ(test, mark_dirty(obj), 0);
	KUNIT_ASSERT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_WILLNEED), 1);
	KUNIT_EXPECT_EQ(test, cached_pages(obj), 2);
	/* The device has nothing of it, so nothing of the device's can be in the way. */
	KUNIT_EXPECT_EQ(test, t->unmaps, 1);
	t->unmap_error = -EDEADLK;
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_DONTNEED), 0);
	KUNIT_EXPECT_EQ(test, t->unmaps, 1);
	KUNIT_EXPECT_EQ(test, file_inode(obj->base.filp)->i_blocks, 0);
	KUNIT_EXPECT_EQ(test, t->purges, 1);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_WILLNEED), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), -EFAULT);

	/* There is nothing to be lost yet. */
	fresh = gp_test_object(test, t->drm, PAGE_SIZE, 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(fresh, DRM_GEM_PAGES_DONTNEED), 1);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(fresh, DRM_GEM_PAGES_WILLNEED), 1);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(fresh), 0);
}

static void purge_unknown_advice(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 1);
	enum drm_gem_pages_advice advice;

	for (advice = DRM_GEM_PAGES_WILLNEED; advice <= DRM_GEM_PAGES_DONTNEED; advice++) {
		KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, advice), 1);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, 7), -EINVAL);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, -1), -EINVAL);
		KUNIT_EXPECT_EQ(test, state_of(obj)->purgeable, advice == DRM_GEM_PAGES_DONTNEED);
	}
}

/* What came back in time is kept. */
static void purge_retained(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 4);
	struct shrinker_test *t = test->priv;

	gp_test_fill(test, obj, SEED);
	KUNIT_ASSERT_EQ(test, mark_dirty(obj), 0);
	dontneed(test, obj);
	willneed(test, obj);
	KUNIT_EXPECT_EQ(test, scan(test, 4), if_written(4));
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	KUNIT_EXPECT_EQ(test, t->purges, 0);
	willneed(test, obj);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_check(obj, SEED));
}

/*
 * Kernel mappings
 */

static int purge_vmaps(struct kunit *test, unsigned long *freed)
{
	struct shrinker_test *t = test->priv;
	struct notifier_block *nb = &t->shrinker->vmap_notifier;

	return nb->notifier_call(nb, 0, freed);
}

static void vmap_idle(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, 4);
	struct shrinker_test *t = test->priv;
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	expect_in_none(test, obj);
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_NOT_NULL(test, state_of(obj)->vaddr);
	gp_test_expect_sound(test, t->shrinker);

	drm_gem_pages_vunmap(obj, &map);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 4);
	KUNIT_EXPECT_NOT_NULL(test, state_of(obj)->vaddr);
	KUNIT_EXPECT_EQ(test, scan(test, 4), if_written(4));
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	KUNIT_EXPECT_NULL(test, state_of(obj)->vaddr);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->shrinker->idle_vmaps));
}

static void vmap_notifier(struct kunit *test)
{
	struct drm_gem_pages_object *idle = object(test, 4), *used = object(test, 8);
	struct drm_gem_pages_object *locked = object(test, 16), *shared = object(test, 32);
	struct drm_gem_pages_object *objs[] = { idle, used, locked, shared };
	struct shrinker_test *t = test->priv;
	struct iosys_map maps[4];
	unsigned long freed = 3;
	int i;

	set_gpu(shared, 2, NULL);
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(objs[i], &maps[i]), 0);
	KUNIT_EXPECT_EQ(test, purge_vmaps(test, &freed), NOTIFY_OK);
	KUNIT_EXPECT_EQ(test, freed, 3);
	for (i = 0; i < 4; i++) {
		if (objs[i] != used)
			drm_gem_pages_vunmap(objs[i], &maps[i]);
	}
	gp_test_expect_sound(test, t->shrinker);

	dma_resv_lock(locked->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, purge_vmaps(test, &freed), NOTIFY_OK);
	dma_resv_unlock(locked->base.resv);
	/* Pages, added to what others have freed. */
	KUNIT_EXPECT_EQ(test, freed, 3 + 4 + 32);
	KUNIT_EXPECT_NULL(test, state_of(idle)->vaddr);
	KUNIT_EXPECT_NULL(test, state_of(shared)->vaddr);
	KUNIT_EXPECT_NOT_NULL(test, state_of(used)->vaddr);
	KUNIT_EXPECT_NOT_NULL(test, state_of(locked)->vaddr);
	/* Nothing else has come of it. */
	KUNIT_EXPECT_TRUE(test, gp_test_resident(idle));
	KUNIT_EXPECT_EQ(test, class_of(idle), DRM_GEM_PAGES_UNUSED);
	KUNIT_EXPECT_EQ(test, class_of(shared), DRM_GEM_PAGES_GPU_SHARED);
	KUNIT_EXPECT_EQ(test, class_of(used), DRM_GEM_PAGES_NOT_RECLAIMABLE);
	gp_test_expect_sound(test, t->shrinker);

	drm_gem_pages_vunmap(used, &maps[1]);
	KUNIT_EXPECT_EQ(test, purge_vmaps(test, &freed), NOTIFY_OK);
	KUNIT_EXPECT_EQ(test, freed, 3 + 4 + 8 + 16 + 32);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->shrinker->idle_vmaps));

	/* A new mapping is as good. */
	gp_test_fill(test, idle, SEED);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(idle, &maps[0]), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_check_at(maps[0].vaddr, idle->base.size, SEED));
	drm_gem_pages_vunmap(idle, &maps[0]);
}

/*
 * Failures
 */

static void failed_populate(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct gp_test_device *dev = to_gp_test_device(t->drm);
	struct drm_gem_pages_object *obj = gp_test_private_object(test, t->drm, PAGE_SIZE, 0);
	struct iosys_map map;

	dontneed(test, obj);
	dev->get_error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), -ENOMEM);
	expect_in_none(test, obj);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), -ENOMEM);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_vmap(obj, &map), -ENOMEM);
	KUNIT_EXPECT_EQ(test, validate(obj), -ENOMEM);
	expect_in_none(test, obj);
	KUNIT_EXPECT_NULL(test, state_of(obj)->pages);
	dev->get_error = 0;
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	expect_in(test, obj, DRM_GEM_PAGES_PURGEABLE, 1, 1);
}

static void failed_sg_table(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_gem_pages_object *obj = gp_test_object(test, t->drm, 4 * PAGE_SIZE, 0);

	*t->drm->dev->dma_mask = DMA_BIT_MASK(12);
	if (dma_max_mapping_size(t->drm->dev) != SIZE_MAX)
		kunit_skip(test, "bounce buffers may be used");

	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, validate(obj), -EIO);
	*t->drm->dev->dma_mask = DMA_BIT_MASK(64);
	KUNIT_EXPECT_NULL(test, state_of(obj)->pages);
	KUNIT_EXPECT_EQ(test, cached_pages(obj), 0);
	expect_in_none(test, obj);
	gp_test_expect_sound(test, t->shrinker);

	KUNIT_EXPECT_EQ(test, validate(obj), 0);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, 4);
}

/*
 * The device
 */

static void all_is_evicted(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_gem_pages_object *pinned;
	struct dma_fence *fence;

	one_of_each(test, &fence);
	pinned = object(test, 1);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_pin(pinned), 0);
	signal_in(test, fence, 50);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(t->drm), ALL_CLASSES);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(fence));
	KUNIT_EXPECT_TRUE(test, gp_test_resident(pinned));
	KUNIT_EXPECT_EQ(test, count(test), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(t->drm), 0);
	drm_gem_pages_unpin(pinned);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(t->drm), 1);
}

/* Users of other objects go on, and have what they use back at once. */
static void bring_back_others(struct drm_gem_pages_object *obj)
{
	struct shrinker_test *t = test_of(obj);
	struct drm_gem_pages_state *s;

	if (t->unmaps > 100)
		return;
	list_for_each_entry(s, &t->shrinker->objects, node) {
		struct drm_gem_pages_object *other = container_of(s, typeof(*other), state);

		if (other == obj || !dma_resv_trylock(other->base.resv))
			continue;
		must(obj, !drm_gem_pages_populate_locked(other, GFP_KERNEL), "cannot come back");
		dma_resv_unlock(other->base.resv);
	}
}

static void not_evicted_for_ever(struct kunit *test)
{
	struct shrinker_test *t = test->priv;

	object(test, 1);
	object(test, 1);
	t->unmapping = bring_back_others;
	KUNIT_EXPECT_GE(test, drm_gem_pages_evict_all(t->drm), 2);
	KUNIT_EXPECT_LT(test, t->unmaps, 20);
	t->unmapping = NULL;
}

static void all_refuse_to_be_evicted(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_gem_pages_vm *vm = new_vm(test);
	struct drm_gem_pages_object *obj = object_in(test, vm, 1);

	object_of_class(test, 1, DRM_GEM_PAGES_GPU_MAPPED);
	object_of_class(test, 1, DRM_GEM_PAGES_GPU_SHARED);
	t->unmap_error = -EIO;
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(t->drm), 0);
	/* It looks twice. */
	KUNIT_EXPECT_EQ(test, t->unmaps, 2 * 3);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
}

static void register_twice(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_device *other = gp_test_device(test, "gp-other", &gp_test_driver);
	struct drm_gem_pages_shrinker *shrinker = gp_test_shrinker(test, other, &no_ops);

	KUNIT_EXPECT_EQ(test, drm_gem_pages_shrinker_register(t->drm, &driver_ops), -EEXIST);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_shrinker_register(other, &driver_ops), -EEXIST);
	KUNIT_EXPECT_PTR_NE(test, shrinker, t->shrinker);
	KUNIT_EXPECT_PTR_EQ(test, drm_gem_pages_shrinker_of(t->drm), t->shrinker);
	KUNIT_EXPECT_PTR_EQ(test, shrinker->ops, &no_ops);
}

static void register_late(struct kunit *test)
{
	struct drm_device *drm = gp_test_device(test, "gp-late", &gp_test_driver);
	struct drm_gem_pages_object *before = gp_test_object(test, drm, PAGE_SIZE, 0);
	struct drm_gem_pages_shrinker *shrinker = gp_test_shrinker(test, drm, &no_ops);
	struct drm_gem_pages_object *after = gp_test_object(test, drm, PAGE_SIZE, 0);
	unsigned long passed;

	gp_test_set_swap(MANY);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(before), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(after), 0);
	KUNIT_EXPECT_EQ(test, class_of(before), DRM_GEM_PAGES_NOT_RECLAIMABLE);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_shrinker_count(shrinker, GFP_KERNEL), 1);
	KUNIT_EXPECT_EQ(test, gp_test_scan(shrinker, GFP_KERNEL, 100, &passed), 1);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(before));
	gp_test_expect_sound(test, shrinker);
}

/* Objects stay, and so does what is known of them; but nobody asks the driver. */
static void unregister(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	struct drm_gem_pages_object *obj = object(test, 1), *shared = object(test, 1);

	set_gpu(shared, 2, NULL);
	drm_gem_pages_shrinker_unregister(t->drm);
	KUNIT_EXPECT_NULL(test, t->shrinker->shrinker);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_all(t->drm), 0);
	KUNIT_EXPECT_EQ(test, t->unmaps, 0);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	drm_gem_pages_shrinker_unregister(t->drm);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_shrinker_register(t->drm, &driver_ops), -EEXIST);

	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	drm_gem_pages_unpin(obj);
	gp_test_expect_sound(test, t->shrinker);
	gp_test_put(test, obj);
	gp_test_put(test, shared);
	gp_test_expect_empty(test, t->shrinker);
}

/*
 * Everything
 */

#define CHAOS_OBJECTS	30
#define CHAOS_VMS	3
#define CHAOS_FENCES	40
#define CHAOS_STEPS	3000

struct chaos_object {
	struct drm_gem_pages_object *obj;
	struct dma_fence *fence;
	struct vm_area_struct vma;
	struct iosys_map map;
	unsigned int pins;
	unsigned int vmas;
	unsigned int vmaps;
	bool private;
};

struct chaos {
	struct rnd_state rnd;
	struct drm_gem_pages_vm *vms[CHAOS_VMS];
	struct chaos_object objs[CHAOS_OBJECTS];
	unsigned int fences;
	unsigned int done[32];
};

static u32 any(struct chaos *chaos, u32 below)
{
	return prandom_u32_state(&chaos->rnd) % below;
}

static void chaos_create(struct kunit *test, struct chaos *chaos, struct chaos_object *o)
{
	struct shrinker_test *t = test->priv;
	size_t size = (1 + any(chaos, 8)) << PAGE_SHIFT;

	o->private = !any(chaos, 5);
	o->obj = o->private ? gp_test_private_object(test, t->drm, size, 0) :
		 gp_test_object(test, t->drm, size, 0);
	memset(&o->vma, 0, sizeof(o->vma));
	o->vma.vm_private_data = &o->obj->base;
}

static void chaos_quiet(struct chaos_object *o)
{
	for (; o->pins; o->pins--)
		drm_gem_pages_unpin(o->obj);
	for (; o->vmaps; o->vmaps--) {
		struct iosys_map map = o->map;

		drm_gem_pages_vunmap(o->obj, &map);
	}
	for (; o->vmas; o->vmas--)
		drm_gem_pages_vm_ops.close(&o->vma);
	if (o->fence)
		dma_fence_signal(o->fence);
	o->fence = NULL;
}

static void chaos_step(struct kunit *test, struct chaos *chaos)
{
	struct chaos_object *o = &chaos->objs[any(chaos, CHAOS_OBJECTS)];
	struct shrinker_test *t = test->priv;
	struct iosys_map map;
	unsigned long number;
	u32 what = any(chaos, 22);

	chaos->done[what]++;
	switch (what) {
	case 0:
	case 1:
		number = drm_gem_pages_populate(o->obj);
		break;
	case 2:
		if (!drm_gem_pages_pin(o->obj))
			o->pins++;
		break;
	case 3:
	case 4:
		if (o->pins) {
			o->pins--;
			drm_gem_pages_unpin(o->obj);
		}
		break;
	case 5:
		o->vmas++;
		drm_gem_pages_vm_ops.open(&o->vma);
		break;
	case 6:
		if (o->vmas) {
			o->vmas--;
			drm_gem_pages_vm_ops.close(&o->vma);
		}
		break;
	case 7:
		set_gpu(o->obj, 1, chaos->vms[any(chaos, CHAOS_VMS)]);
		break;
	case 8:
		set_gpu(o->obj, any(chaos, 3), NULL);
		break;
	case 9:
	case 10:
		drm_gem_pages_madvise(o->obj, any(chaos, 3) ? DRM_GEM_PAGES_WILLNEED :
				      DRM_GEM_PAGES_DONTNEED);
		break;
	case 11:
		if (!o->fence && chaos->fences < CHAOS_FENCES) {
			chaos->fences++;
			o->fence = gp_test_add_fence(test, o->obj);
		}
		break;
	case 12:
		if (o->fence)
			dma_fence_signal(o->fence);
		o->fence = NULL;
		break;
	case 13:
		if (!drm_gem_pages_vmap(o->obj, &o->map))
			o->vmaps++;
		break;
	case 14:
		if (o->vmaps) {
			o->vmaps--;
			map = o->map;
			drm_gem_pages_vunmap(o->obj, &map);
		}
		break;
	case 15:
		number = gp_test_evict(o->obj);
		break;
	case 16:
		if (!any(chaos, 4))
			number = gp_test_purge(o->obj);
		break;
	case 17:
		chaos_quiet(o);
		gp_test_put(test, o->obj);
		chaos_create(test, chaos, o);
		break;
	case 18:
		t->unmap_error = any(chaos, 2) ? 0 : any(chaos, 2) ? -EDEADLK : -EIO;
		t->busy = any(chaos, 2) ? o->obj : NULL;
		gp_test_set_swap(any(chaos, 3) ? MANY : any(chaos, 20));
		break;
	case 19:
		scan_as(test, &contexts[any(chaos, ARRAY_SIZE(contexts))], any(chaos, 40),
			&number);
		break;
	case 20:
		number = 0;
		purge_vmaps(test, &number);
		count_as(test, &contexts[any(chaos, ARRAY_SIZE(contexts))]);
		break;
	case 21:
		drm_gem_pages_vm_used(chaos->vms[any(chaos, CHAOS_VMS)]);
		number = validate(o->obj);
		break;
	}
}

/* Whatever happens in whatever order, a recount finds the same. */
static void counters_do_not_drift(struct kunit *test)
{
	struct chaos *chaos = kunit_kzalloc(test, sizeof(*chaos), GFP_KERNEL);
	struct shrinker_test *t = test->priv;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, chaos);
	prandom_seed_state(&chaos->rnd, 4711);
	for (i = 0; i < CHAOS_VMS; i++)
		chaos->vms[i] = new_vm(test);
	for (i = 0; i < CHAOS_OBJECTS; i++)
		chaos_create(test, chaos, &chaos->objs[i]);

	for (i = 0; i < CHAOS_STEPS; i++) {
		chaos_step(test, chaos);
		gp_test_expect_sound(test, t->shrinker);
		if (test->status == KUNIT_FAILURE) {
			kunit_info(test, "after step %d\n", i);
			break;
		}
	}

	for (i = 0; i < CHAOS_OBJECTS; i++) {
		chaos_quiet(&chaos->objs[i]);
		gp_test_put(test, chaos->objs[i].obj);
	}
	gp_test_expect_empty(test, t->shrinker);
	for (i = 0; i < CHAOS_VMS; i++)
		drm_gem_pages_vm_fini(chaos->vms[i]);
}

static struct kunit_case shrinker_cases[] = {
	KUNIT_CASE(class_by_pages),
	KUNIT_CASE(class_by_pins),
	KUNIT_CASE(resident_bytes),
	KUNIT_CASE(class_by_user_mappings),
	KUNIT_CASE(class_by_gpu_mappings),
	KUNIT_CASE(class_without_pages),
	KUNIT_CASE(class_by_advice),
	KUNIT_CASE(class_busy),
	KUNIT_CASE(class_busy_by_driver),
	KUNIT_CASE(class_busy_but_locked),
	KUNIT_CASE(class_busy_no_more),
	KUNIT_CASE(class_busy_behind_others),
	KUNIT_CASE(class_busy_without_pages),
	KUNIT_CASE(class_after_end_of_pages),
	KUNIT_CASE_PARAM(class_of_freed, classes_gen_params),
	KUNIT_CASE(class_of_freed_between_others),
	KUNIT_CASE(class_private),
	KUNIT_CASE(class_imported),
	KUNIT_CASE(class_exported),
	KUNIT_CASE(class_mapped_by_importer),
	KUNIT_CASE(no_shrinker),
	KUNIT_CASE_PARAM(count_is_what_scan_frees, contexts_gen_params),
	KUNIT_CASE_PARAM(count_purgeable_is_what_scan_frees, contexts_gen_params),
	KUNIT_CASE_PARAM(count_follows_needs, contexts_gen_params),
	KUNIT_CASE(count_by_swap),
	KUNIT_CASE(scan_cheap_ones_first),
	KUNIT_CASE_PARAM(scan_in_order, classes_gen_params),
	KUNIT_CASE(scan_frees_about_target),
	KUNIT_CASE_PARAM(scan_frees_about_target_of_unlike_objects, idle_classes_gen_params),
	KUNIT_CASE(scan_frees_about_target_by_vm),
	KUNIT_CASE_PARAM(scan_frees_about_target_after_busy, idle_classes_gen_params),
	KUNIT_CASE(scan_looks_at_target),
	KUNIT_CASE(scan_looks_at_all_classes),
	KUNIT_CASE(room_respects_scope),
	KUNIT_CASE(scan_stops_without_swap_to_write_to),
	KUNIT_CASE(write_stops_without_swap),
	KUNIT_CASE_PARAM(scan_stops_when_swap_ends, evicted_classes_gen_params),
	KUNIT_CASE(scan_writes_so_much),
	KUNIT_CASE_PARAM(scan_passes_locked, idle_classes_gen_params),
	KUNIT_CASE_PARAM(scan_passes_locked_to_the_end, idle_classes_gen_params),
	KUNIT_CASE(scan_stops),
	KUNIT_CASE(scan_respects_context),
	KUNIT_CASE(scan_respects_context_of_mapped),
	KUNIT_CASE(scan_frees_object),
	KUNIT_CASE(evict_makes_free_memory),
	KUNIT_CASE(evict_of_page_in_use),
	KUNIT_CASE_PARAM(evict_keeps_bytes, evicted_classes_gen_params),
	KUNIT_CASE(label_is_printed),
	KUNIT_CASE(evict_ends_all),
	KUNIT_CASE(unmap_refuses),
	KUNIT_CASE(unmap_fails_half_way),
	KUNIT_CASE(unmap_missing),
	KUNIT_CASE(validate_maps_again),
	KUNIT_CASE(wait_has_one_budget),
	KUNIT_CASE_PARAM(wait_by_context, contexts_gen_params),
	KUNIT_CASE(vm_order),
	KUNIT_CASE(vm_used_meanwhile),
	KUNIT_CASE(vm_used_moves_nothing),
	KUNIT_CASE(vm_ends),
	KUNIT_CASE(vm_many),
	KUNIT_CASE(vm_all_locked),
	KUNIT_CASE(vm_all_refuse),
	KUNIT_CASE(vm_passed_over_goes_to_the_end),
	KUNIT_CASE(purge_semantics),
	KUNIT_CASE(purge_without_sg_table),
	KUNIT_CASE(purge_of_evicted),
	KUNIT_CASE(purge_unknown_advice),
	KUNIT_CASE(purge_retained),
	KUNIT_CASE(vmap_idle),
	KUNIT_CASE(vmap_notifier),
	KUNIT_CASE(failed_populate),
	KUNIT_CASE(failed_sg_table),
	KUNIT_CASE(all_is_evicted),
	KUNIT_CASE(not_evicted_for_ever),
	KUNIT_CASE(all_refuse_to_be_evicted),
	KUNIT_CASE(register_twice),
	KUNIT_CASE(register_late),
	KUNIT_CASE(unregister),
	KUNIT_CASE_SLOW(counters_do_not_drift),
	{ }
};

/*
 * With real user mappings
 */

#define MAPPED_PAGES	4

static int peek(unsigned long addr, u8 *value)
{
	return get_user(*value, (u8 __user *)addr);
}

static int poke(unsigned long addr, u8 value)
{
	return put_user(value, (u8 __user *)addr);
}

/* All of it seen by the user, and not written to. */
static struct drm_gem_pages_object *mapped_object(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test, MAPPED_PAGES);
	struct shrinker_test *t = test->priv;
	u8 value = 0;

	t->user_addr = gp_test_mmap(test, t->file, obj);
	KUNIT_ASSERT_EQ(test, peek(t->user_addr, &value), 0);
	return obj;
}

static unsigned int count_mapped(struct kunit *test)
{
	struct shrinker_test *t = test->priv;
	unsigned int i, count = 0;

	for (i = 0; i < MAPPED_PAGES; i++)
		count += gp_test_is_mapped(t->user_addr + i * PAGE_SIZE);
	return count;
}

static void unmap_user(struct kunit *test)
{
	struct shrinker_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, vm_munmap(t->user_addr, MAPPED_PAGES * PAGE_SIZE), 0);
}

static void mmap_class(struct kunit *test)
{
	struct drm_gem_pages_object *obj = mapped_object(test);

	expect_in(test, obj, DRM_GEM_PAGES_MMAPPED, 1, MAPPED_PAGES);
	unmap_user(test);
	expect_in(test, obj, DRM_GEM_PAGES_UNUSED, 1, MAPPED_PAGES);
}

/* A fault populates, and the object is to be reclaimed from then on. */
static void mmap_evicted(struct kunit *test)
{
	struct drm_gem_pages_object *obj = mapped_object(test);
	struct shrinker_test *t = test->priv;
	u8 value = 1;

	KUNIT_EXPECT_EQ(test, count_mapped(test), MAPPED_PAGES);
	KUNIT_EXPECT_EQ(test, scan(test, 1), MAPPED_PAGES);
	KUNIT_EXPECT_EQ(test, count_mapped(test), 0);
	KUNIT_EXPECT_EQ(test, cached_pages(obj), 0);
	expect_in_none(test, obj);

	KUNIT_EXPECT_EQ(test, peek(t->user_addr, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0);
	KUNIT_EXPECT_EQ(test, count_mapped(test), MAPPED_PAGES);
	expect_in(test, obj, DRM_GEM_PAGES_MMAPPED, 1, MAPPED_PAGES);

	/* What the user wrote is there again. */
	KUNIT_EXPECT_EQ(test, poke(t->user_addr + PAGE_SIZE, 0x5e), 0);
	KUNIT_EXPECT_NE(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, count_mapped(test), 0);
	KUNIT_EXPECT_EQ(test, peek(t->user_addr + PAGE_SIZE, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0x5e);
	KUNIT_EXPECT_EQ(test, state_of(obj)->evictions, 2);
	unmap_user(test);
}

static void must_be_mapped(struct drm_gem_pages_object *obj)
{
	must(obj, gp_test_is_mapped(test_of(obj)->user_addr),
	     "user mappings are zapped before the device lets go");
}

/* An eviction that comes to nothing has not disturbed the user. */
static void mmap_not_zapped_in_vain(struct kunit *test)
{
	struct drm_gem_pages_object *obj = mapped_object(test);
	struct shrinker_test *t = test->priv;
	struct dma_fence *fence;
	unsigned long passed;

	/* Locked. */
	dma_resv_lock(obj->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, scan_passing(test, 1, &passed), SHRINK_STOP);
	dma_resv_unlock(obj->base.resv);
	KUNIT_EXPECT_EQ(test, passed, 1);
	KUNIT_EXPECT_EQ(test, count_mapped(test), MAPPED_PAGES);

	/* The device does not let go. */
	set_gpu(obj, 1, NULL);
	t->unmapping = must_be_mapped;
	t->unmap_error = -EDEADLK;
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, count_mapped(test), MAPPED_PAGES);
	t->unmap_error = -EIO;
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, count_mapped(test), MAPPED_PAGES);
	KUNIT_EXPECT_EQ(test, t->unmaps, 2);
	t->unmap_error = 0;

	/* Busy, says the driver, and says a fence. */
	t->busy = obj;
	KUNIT_EXPECT_EQ(test, scan(test, 1), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, count_mapped(test), MAPPED_PAGES);
	t->busy = NULL;
	fence = gp_test_add_fence(test, obj);
	KUNIT_EXPECT_EQ(test, scan(test, 100), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, count_mapped(test), MAPPED_PAGES);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	dontneed(test, obj);
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), -EBUSY);
	willneed(test, obj);
	KUNIT_EXPECT_EQ(test, count_mapped(test), MAPPED_PAGES);
	KUNIT_EXPECT_EQ(test, t->unmaps, 2);

	/* Pinned. */
	dma_fence_signal(fence);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	KUNIT_EXPECT_EQ(test, scan(test, 100), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, count_mapped(test), MAPPED_PAGES);
	drm_gem_pages_unpin(obj);

	KUNIT_EXPECT_EQ(test, scan(test, 1), MAPPED_PAGES);
	KUNIT_EXPECT_EQ(test, count_mapped(test), 0);
	KUNIT_EXPECT_EQ(test, t->unmaps, 3);
	unmap_user(test);
}

static void mmap_by_context(struct kunit *test)
{
	const struct context *context = test->param_value;
	bool may = context->gfp & __GFP_FS && may_sleep(context);
	struct drm_gem_pages_object *obj = mapped_object(test);
	unsigned long passed;

	KUNIT_EXPECT_EQ(test, scan_as(test, context, 100, &passed),
			may ? MAPPED_PAGES : SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, count_mapped(test), may ? 0 : MAPPED_PAGES);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	dontneed(test, obj);
	KUNIT_EXPECT_EQ(test, scan_as(test, context, 100, &passed),
			may ? MAPPED_PAGES : SHRINK_STOP);
	unmap_user(test);
}

/* What is counted as freed is free, though it is mapped, and written to. */
static void mmap_purged(struct kunit *test)
{
	struct drm_gem_pages_object *obj = mapped_object(test);
	struct shrinker_test *t = test->priv;
	u8 value = 0;

	KUNIT_EXPECT_EQ(test, poke(t->user_addr, 0x5e), 0);
	dontneed(test, obj);
	gp_test_set_swap(0);
	KUNIT_EXPECT_EQ(test, count(test), MAPPED_PAGES);
	KUNIT_EXPECT_EQ(test, scan(test, 1), MAPPED_PAGES);
	KUNIT_EXPECT_EQ(test, cached_pages(obj), 0);
	KUNIT_EXPECT_EQ(test, file_inode(obj->base.filp)->i_blocks, 0);
	KUNIT_EXPECT_EQ(test, count_mapped(test), 0);
	KUNIT_EXPECT_EQ(test, t->purges, 1);

	KUNIT_EXPECT_EQ(test, peek(t->user_addr, &value), -EFAULT);
	KUNIT_EXPECT_EQ(test, poke(t->user_addr, 1), -EFAULT);
	KUNIT_EXPECT_EQ(test, cached_pages(obj), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_madvise(obj, DRM_GEM_PAGES_WILLNEED), 0);
	expect_in_none(test, obj);
	unmap_user(test);
}

static struct kunit_case shrinker_mmap_cases[] = {
	KUNIT_CASE(mmap_class),
	KUNIT_CASE(mmap_evicted),
	KUNIT_CASE(mmap_not_zapped_in_vain),
	KUNIT_CASE_PARAM(mmap_by_context, contexts_gen_params),
	KUNIT_CASE(mmap_purged),
	{ }
};

static struct kunit_suite shrinker_suite = {
	.name = "drm_gem_pages_shrinker",
	.init = shrinker_test_init,
	.exit = shrinker_test_exit,
	.test_cases = shrinker_cases,
};

static struct kunit_suite shrinker_mmap_suite = {
	.name = "drm_gem_pages_shrinker_mmap",
	.init = shrinker_mmap_test_init,
	.exit = shrinker_test_exit,
	.test_cases = shrinker_mmap_cases,
};

kunit_test_suites(&shrinker_suite, &shrinker_mmap_suite);
