// SPDX-License-Identifier: GPL-2.0

#include <kunit/device.h>
#include <kunit/resource.h>
#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_pages.h>
#include <drm/drm_mode.h>
#include <drm/drm_print.h>

#include "drm_gem_pages_internal.h"
#include "drm_gem_pages_test_util.h"

#define TEST_PAGES	16
#define TEST_SIZE	(TEST_PAGES * PAGE_SIZE)
#define TEST_SEED	0x5a

/* The device that every case has. */
/*
 * Fresh folios wait in lists of the CPU that made them, and the wait is over when that
 * CPU gives others back. So that they are, stay on it.
 */
static int gp_init(struct kunit *test)
{
	test->priv = gp_test_device(test, "gp-test", &gp_test_driver);
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	return 0;
}

static struct page *page_at(struct drm_gem_pages_object *obj, pgoff_t index)
{
	guard(drm_gem_pages)(obj);
	return drm_gem_pages_page_locked(obj, index);
}

static bool is_resident(struct drm_gem_pages_object *obj)
{
	guard(drm_gem_pages)(obj);
	return drm_gem_pages_is_resident_locked(obj);
}

static int mark_dirty_range(struct drm_gem_pages_object *obj, size_t offset, size_t size)
{
	guard(drm_gem_pages)(obj);
	return drm_gem_pages_mark_dirty_locked(obj, offset, size);
}

static struct sg_table *sgt_of(struct drm_gem_pages_object *obj)
{
	guard(drm_gem_pages)(obj);
	return drm_gem_pages_sgt_locked(obj);
}

static int pin_count(struct drm_gem_pages_object *obj)
{
	return atomic_read(&state_of(obj)->pin_count);
}

static bool page_is_dirty(struct drm_gem_pages_object *obj, pgoff_t index)
{
	return folio_test_dirty(page_folio(page_at(obj, index)));
}

/*
 * Take from the page cache what nobody needs kept: clean folios of an object that
 * holds no reference to them. Memory reclaim does the same to them some day.
 */
static void drop_clean_pages(struct drm_gem_pages_object *obj)
{
	invalidate_mapping_pages(obj->base.filp->f_mapping, 0, -1);
}

static bool is_zero(struct drm_gem_pages_object *obj, pgoff_t index)
{
	return !memchr_inv(page_address(page_at(obj, index)), 0, PAGE_SIZE);
}

/*
 * Life of an object
 */

static void life_create(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);

	KUNIT_EXPECT_EQ(test, obj->base.size, TEST_SIZE);
	KUNIT_EXPECT_NOT_NULL(test, obj->base.filp);
	KUNIT_EXPECT_TRUE(test, obj->base.funcs->free == drm_gem_pages_object_free);
	KUNIT_EXPECT_PTR_EQ(test, obj->base.funcs->vm_ops, &drm_gem_pages_vm_ops);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->base.refcount), 1);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, obj->base.filp->f_mapping->nrpages, 0);
}

static void life_create_custom(struct kunit *test)
{
	struct drm_device *drm = gp_test_device(test, "gp-custom", &gp_test_custom_driver);
	struct gp_test_device *dev = to_gp_test_device(drm);
	struct drm_gem_pages_object *obj;

	obj = gp_test_object(test, drm, TEST_SIZE - 1, 0);
	KUNIT_EXPECT_EQ(test, container_of(obj, struct gp_test_object, pages)->cookie,
			GP_TEST_COOKIE);
	KUNIT_EXPECT_EQ(test, dev->create_size, TEST_SIZE - 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->created), 1);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);

	gp_test_put(test, obj);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 1);
}

static void life_create_error(struct kunit *test)
{
	struct drm_device *drm = gp_test_device(test, "gp-custom", &gp_test_custom_driver);
	struct drm_gem_pages_object *exported, *obj;
	struct dma_buf *dma_buf;
	struct drm_gem_object *gem;

	exported = gp_test_object(test, test->priv, TEST_SIZE, 0);
	dma_buf = gp_test_export(test, exported, 0);

	to_gp_test_device(drm)->create_error = -ENODEV;
	obj = drm_gem_pages_create(drm, TEST_SIZE, 0);
	KUNIT_EXPECT_PTR_EQ(test, obj, ERR_PTR(-ENODEV));
	gem = drm_gem_pages_prime_import(drm, dma_buf);
	KUNIT_EXPECT_PTR_EQ(test, gem, ERR_PTR(-ENODEV));
	gem = drm_gem_pages_prime_import_no_map(drm, dma_buf);
	KUNIT_EXPECT_PTR_EQ(test, gem, ERR_PTR(-ENODEV));
	KUNIT_EXPECT_EQ(test, pin_count(exported), 0);

	to_gp_test_device(drm)->create_error = 0;
	gp_test_object(test, drm, TEST_SIZE, 0);
	gp_test_import(test, drm, dma_buf);
}

static void life_size_rounding(struct kunit *test)
{
	static const struct {
		size_t size, pages;
	} cases[] = {
		{ 1, 1 },
		{ PAGE_SIZE - 1, 1 },
		{ PAGE_SIZE, 1 },
		{ PAGE_SIZE + 1, 2 },
		{ SZ_1M - 1, SZ_1M / PAGE_SIZE },
	};

	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_gem_pages_object *obj;

		obj = gp_test_object(test, test->priv, cases[i].size, 0);
		KUNIT_EXPECT_EQ(test, obj->base.size, cases[i].pages * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, i_size_read(file_inode(obj->base.filp)),
				cases[i].pages * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
		KUNIT_EXPECT_NOT_NULL(test, page_at(obj, cases[i].pages - 1));
		KUNIT_EXPECT_NULL(test, page_at(obj, cases[i].pages));

		obj = gp_test_private_object(test, test->priv, cases[i].size, 0);
		KUNIT_EXPECT_EQ(test, obj->base.size, cases[i].pages * PAGE_SIZE);
	}
}

static void life_size_limit(struct kunit *test)
{
	size_t limit = ALIGN_DOWN((size_t)SSIZE_MAX, PAGE_SIZE);
	struct drm_gem_pages_object *obj;

	obj = gp_test_private_object(test, test->priv, limit, 0);
	KUNIT_EXPECT_EQ(test, obj->base.size, limit);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
}

static void life_bad_arguments(struct kunit *test)
{
	static const struct {
		size_t size;
		u32 flags;
	} cases[] = {
		{ 0, 0 },
		{ SIZE_MAX, 0 },
		{ (size_t)SSIZE_MAX + 1, 0 },
		{ SSIZE_MAX, 0 },
		{ TEST_SIZE, DRM_GEM_PAGES_KEEP_WC << 1 },
		{ TEST_SIZE, BIT(31) },
		{ TEST_SIZE, U32_MAX },
	};
	struct drm_gem_pages_object *obj;
	u32 handle;

	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		obj = drm_gem_pages_create(test->priv, cases[i].size, cases[i].flags);
		KUNIT_EXPECT_PTR_EQ(test, obj, ERR_PTR(-EINVAL));
		KUNIT_EXPECT_EQ(test, drm_gem_pages_create_with_handle(NULL, test->priv,
								       cases[i].size,
								       cases[i].flags, &handle),
				-EINVAL);

		obj = kunit_kzalloc(test, sizeof(*obj), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_init(test->priv, obj, cases[i].size,
							 cases[i].flags), -EINVAL);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_init_private(test->priv, obj, cases[i].size,
								 cases[i].flags,
								 &gp_test_backing), -EINVAL);
	}

	obj = kunit_kzalloc(test, sizeof(*obj), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_init_private(test->priv, obj, TEST_SIZE, 0, NULL),
			-EINVAL);
}

/* Both ways to get rid of an object that could not be initialised, and release. */
static void life_after_failed_init(struct kunit *test)
{
	struct drm_device *drm = gp_test_device(test, "gp-custom", &gp_test_custom_driver);
	struct gp_test_device *dev = to_gp_test_device(drm);
	struct drm_gem_pages_object *obj;
	struct drm_gem_object *gem;

	for (int private = 0; private < 2; private++) {
		for (int way = 0; way < 3; way++) {
			obj = kzalloc_obj(*obj);
			KUNIT_ASSERT_NOT_NULL(test, obj);
			if (private)
				KUNIT_EXPECT_EQ(test, drm_gem_pages_init_private(test->priv, obj,
										 TEST_SIZE, 0,
										 NULL), -EINVAL);
			else
				KUNIT_EXPECT_EQ(test, drm_gem_pages_init(test->priv, obj, 0, 0),
						-EINVAL);
			if (way == 0) {
				drm_gem_object_put(&obj->base);
				continue;
			}
			if (way == 1)
				drm_gem_pages_release(obj);
			kfree(obj);
		}
	}

	/* The driver's own free. */
	gem = drm->driver->gem_create_object(drm, TEST_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gem);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_init(drm, to_drm_gem_pages(gem), 0, 0), -EINVAL);
	drm_gem_object_put(gem);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 1);

	/* What create gets from the driver goes back to the driver. */
	obj = drm_gem_pages_create(drm, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, obj, ERR_PTR(-EINVAL));
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->created), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 2);
}

static void life_private(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_private_object(test, test->priv, TEST_SIZE, 0);
	struct gp_test_device *dev = to_gp_test_device(obj->base.dev);

	KUNIT_EXPECT_NULL(test, obj->base.filp);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->gets), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->gets), 1);
	KUNIT_EXPECT_TRUE(test, (dev->get_gfp & GFP_KERNEL) == GFP_KERNEL);

	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->puts), 1);
	KUNIT_EXPECT_FALSE(test, dev->put_dirty);

	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	gp_test_put(test, obj);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->gets), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->puts), 2);
}

static void life_private_get_fails(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_private_object(test, test->priv, TEST_SIZE, 0);
	struct gp_test_device *dev = to_gp_test_device(obj->base.dev);
	struct gp_test_snapshot before = gp_test_snapshot(obj);
	struct iosys_map map;

	dev->get_error = -EIO;
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), -EIO);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), -EIO);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_vmap(obj, &map), -EIO);
	KUNIT_EXPECT_PTR_EQ(test, drm_gem_pages_get_sgt(obj), ERR_PTR(-EIO));
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->puts), 0);

	dev->get_error = 0;
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	drm_gem_pages_unpin(obj);
}

static void life_imported(struct kunit *test)
{
	struct drm_device *drm = gp_test_device(test, "gp-importer", &gp_test_custom_driver);
	struct gp_test_device *dev = to_gp_test_device(drm);
	struct drm_gem_pages_object *exported, *obj;
	struct gp_test_snapshot before;
	struct dma_buf *dma_buf;
	struct sg_table *sgt;

	exported = gp_test_object(test, test->priv, TEST_SIZE, 0);
	dma_buf = gp_test_export(test, exported, 0);
	obj = gp_test_import(test, drm, dma_buf);
	KUNIT_EXPECT_TRUE(test, drm_gem_is_imported(&obj->base));
	KUNIT_EXPECT_NULL(test, obj->base.filp);
	KUNIT_EXPECT_EQ(test, obj->base.size, TEST_SIZE);
	KUNIT_EXPECT_EQ(test, container_of(obj, struct gp_test_object, pages)->cookie,
			GP_TEST_COOKIE);
	KUNIT_EXPECT_PTR_EQ(test, obj->base.resv, exported->base.resv);

	/* Only the device map is there, the rest is the exporter's. */
	before = gp_test_snapshot(obj);
	sgt = drm_gem_pages_get_sgt(obj);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_PTR_EQ(test, sgt, state_of(obj)->sgt);
	drm_gem_pages_put_sgt(obj);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(obj));
	drm_gem_pages_unpin(obj);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	KUNIT_EXPECT_NULL(test, page_at(obj, 0));
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, 0, TEST_SIZE), 0);
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, 0, TEST_SIZE + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EINVAL);
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), -EINVAL);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));

	gp_test_put(test, obj);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->created), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 1);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(exported));
}

/* Everything an object can have goes with it, the backing last. */
static void life_free_with_everything(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_private_object(test, test->priv, TEST_SIZE, 0);
	struct gp_test_device *dev = to_gp_test_device(obj->base.dev);
	struct iosys_map map;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt_of(obj));
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	drm_gem_pages_vunmap(obj, &map);
	gp_test_put(test, obj);

	KUNIT_EXPECT_EQ(test, atomic_read(&dev->puts), 1);
	KUNIT_EXPECT_FALSE(test, dev->put_early);
	KUNIT_EXPECT_TRUE(test, dev->put_dirty);
}

/*
 * The last reference dropped where reclaim may drop it: with the reservation lock
 * held, which a second object shares here, and nothing that waits for memory.
 */
static void life_free_during_reclaim(struct kunit *test)
{
	struct drm_gem_pages_object *owner = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct drm_gem_pages_object *obj;
	struct iosys_map map;

	obj = kzalloc_obj(*obj);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	obj->base.resv = owner->base.resv;
	KUNIT_ASSERT_EQ(test, drm_gem_pages_init(test->priv, obj, TEST_SIZE,
						 DRM_GEM_PAGES_NO_SHARE), 0);
	KUNIT_EXPECT_PTR_EQ(test, obj->base.resv, owner->base.resv);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, sgt_of(obj));
	KUNIT_EXPECT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	drm_gem_pages_vunmap(obj, &map);

	dma_resv_lock(owner->base.resv, NULL);
	fs_reclaim_acquire(GFP_KERNEL);
	drm_gem_object_put(&obj->base);
	fs_reclaim_release(GFP_KERNEL);
	dma_resv_unlock(owner->base.resv);
}

static void release_only(struct drm_gem_object *gem)
{
	drm_gem_pages_release(to_drm_gem_pages(gem));
}

static const struct drm_gem_object_funcs release_only_funcs = {
	.free = release_only,
	DRM_GEM_PAGES_OBJECT_FUNCS,
};

/* It outlives its end, so that one who still finds it does no harm. */
struct dying {
	struct drm_gem_pages_object obj;
	struct work_struct work;
};

static void put_dying(struct work_struct *work)
{
	drm_gem_object_put(&container_of(work, struct dying, work)->obj.base);
}

/* A driver may have its objects on lists of GEM's. Who moves one there takes it off first. */
static void life_free_between_lists(struct kunit *test)
{
	struct dying *dying = kunit_kzalloc(test, sizeof(*dying), GFP_KERNEL);
	struct drm_device *drm = test->priv;
	struct drm_gem_object *gem;
	struct drm_gem_lru lru;

	KUNIT_ASSERT_NOT_NULL(test, dying);
	gem = &dying->obj.base;
	gem->funcs = &release_only_funcs;
	KUNIT_ASSERT_EQ(test, drm_gem_pages_init(drm, &dying->obj, TEST_SIZE, 0), 0);
	INIT_WORK(&dying->work, put_dying);
	drm_gem_lru_init(&lru);
	drm_gem_lru_move_tail(&lru, gem);

	mutex_lock(&drm->gem_lru_mutex);
	list_del(&gem->lru_node);
	gem->lru = NULL;
	schedule_work(&dying->work);
	/* Time enough to come by without looking. */
	msleep(50);
	list_add_tail(&gem->lru_node, &lru.list);
	gem->lru = &lru;
	mutex_unlock(&drm->gem_lru_mutex);

	flush_work(&dying->work);
	KUNIT_EXPECT_TRUE(test, list_empty(&lru.list));
	KUNIT_EXPECT_EQ(test, lru.count, 0);
}

/*
 * Backing
 */

static void populate_idempotent(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct gp_test_snapshot before;

	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(obj));
	KUNIT_EXPECT_EQ(test, obj->base.filp->f_mapping->nrpages, TEST_PAGES);
	before = gp_test_snapshot(obj);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	for (int i = 0; i < TEST_PAGES; i++) {
		KUNIT_EXPECT_EQ(test, page_folio(page_at(obj, i))->index +
				folio_page_idx(page_folio(page_at(obj, i)), page_at(obj, i)), i);
		KUNIT_EXPECT_TRUE(test, is_zero(obj, i));
	}
}

static void populate_nowait(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, PAGE_SIZE, 0);
	struct drm_gem_pages_object *private = gp_test_private_object(test, test->priv,
								      PAGE_SIZE, 0);

	dma_resv_lock(obj->base.resv, NULL);
	/* Spinlocks allow no waiting, which makes any of it a report. */
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate_locked(obj, GFP_NOWAIT), 0);
	dma_resv_unlock(obj->base.resv);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));

	dma_resv_lock(private->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate_locked(private, GFP_NOWAIT), 0);
	dma_resv_unlock(private->base.resv);
	KUNIT_EXPECT_TRUE(test, (to_gp_test_device(test->priv)->get_gfp) == GFP_NOWAIT);
}

/* What lies in swap is not waited for. The page cache says so by a value. */
static void populate_nowait_swapped(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct xarray *i_pages = &obj->base.filp->f_mapping->i_pages;
	struct gp_test_snapshot before;
	int ret;

	/* An object that was evicted before, with nothing left in memory. */
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_ASSERT_EQ(test, gp_test_evict(obj), 0);
	drop_clean_pages(obj);
	KUNIT_ASSERT_EQ(test, obj->base.filp->f_mapping->nrpages, 0);
	before = gp_test_snapshot(obj);

	xa_store_irq(i_pages, TEST_PAGES / 2, xa_mk_value(1), GFP_KERNEL);
	dma_resv_lock(obj->base.resv, NULL);
	ret = drm_gem_pages_populate_locked(obj, GFP_NOWAIT);
	dma_resv_unlock(obj->base.resv);
	xa_erase_irq(i_pages, TEST_PAGES / 2);

	KUNIT_EXPECT_EQ(test, ret, -EAGAIN);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	/* The pages before it were given back. */
	drop_clean_pages(obj);
	KUNIT_EXPECT_EQ(test, obj->base.filp->f_mapping->nrpages, 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
}

/* Threads of the kernel get no signals unless they ask for them. */
static void start_dying(void)
{
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
}

static void stop_dying(void)
{
	flush_signals(current);
	disallow_signal(SIGKILL);
}

static void populate_killed(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct gp_test_snapshot before = gp_test_snapshot(obj);
	int populated, pinned, mapped;
	struct iosys_map map;

	start_dying();
	populated = drm_gem_pages_populate(obj);
	pinned = drm_gem_pages_pin(obj);
	mapped = drm_gem_pages_vmap(obj, &map);
	stop_dying();

	KUNIT_EXPECT_EQ(test, populated, -EINTR);
	KUNIT_EXPECT_EQ(test, pinned, -EINTR);
	KUNIT_EXPECT_EQ(test, mapped, -EINTR);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
}

struct lock_holder {
	struct drm_gem_pages_object *obj;
	struct completion locked, release;
};

static int hold_lock(void *data)
{
	struct lock_holder *holder = data;

	guard(drm_gem_pages)(holder->obj);
	complete(&holder->locked);
	wait_for_completion(&holder->release);
	return 0;
}

static void lock_interrupted(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct gp_test_snapshot before = gp_test_snapshot(obj);
	struct lock_holder holder = { .obj = obj };
	int populated, pinned, mapped;
	struct task_struct *thread;
	struct iosys_map map;
	struct sg_table *sgt;

	init_completion(&holder.locked);
	init_completion(&holder.release);
	thread = kthread_run(hold_lock, &holder, "gp-test-holder");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	get_task_struct(thread);
	wait_for_completion(&holder.locked);

	start_dying();
	populated = drm_gem_pages_populate(obj);
	pinned = drm_gem_pages_pin(obj);
	mapped = drm_gem_pages_vmap(obj, &map);
	sgt = drm_gem_pages_get_sgt(obj);
	stop_dying();
	complete(&holder.release);
	kthread_stop(thread);
	put_task_struct(thread);

	KUNIT_EXPECT_EQ(test, populated, -EINTR);
	KUNIT_EXPECT_EQ(test, pinned, -EINTR);
	KUNIT_EXPECT_EQ(test, mapped, -EINTR);
	KUNIT_EXPECT_PTR_EQ(test, sgt, ERR_PTR(-EINTR));
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
}

/*
 * Pins
 */

static void pin_nests(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);

	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(obj));
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	dma_resv_lock(obj->base.resv, NULL);
	/* Neither takes the lock when there is a pin. */
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin_locked(obj), 0);
	KUNIT_EXPECT_EQ(test, obj->base.funcs->pin(&obj->base), 0);
	KUNIT_EXPECT_EQ(test, pin_count(obj), 5);
	drm_gem_pages_unpin(obj);
	obj->base.funcs->unpin(&obj->base);
	dma_resv_unlock(obj->base.resv);
	for (int i = 3; i; i--) {
		KUNIT_EXPECT_EQ(test, pin_count(obj), i);
		KUNIT_EXPECT_TRUE(test, drm_gem_pages_is_pinned(obj));
		KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
		drm_gem_pages_unpin(obj);
	}
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(obj));
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
}

static void pin_survived_by_pages(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct gp_test_snapshot before;

	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	gp_test_fill(test, obj, TEST_SEED);
	drm_gem_pages_unpin(obj);
	before = gp_test_snapshot(obj);
	KUNIT_EXPECT_NOT_NULL(test, before.pages);

	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	drm_gem_pages_unpin(obj);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	KUNIT_EXPECT_TRUE(test, gp_test_check(obj, TEST_SEED));
}

static void pin_underflow_warns(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);

	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	drm_gem_pages_unpin(obj);
	kunit_warning_suppress(test) {
		drm_gem_pages_unpin(obj);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_EQ(test, pin_count(obj), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	KUNIT_EXPECT_EQ(test, pin_count(obj), 1);
	drm_gem_pages_unpin(obj);
}

static void pin_leak_warns(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);

	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	kunit_warning_suppress(test) {
		gp_test_put(test, obj);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
}

#define RACE_THREADS	4
#define RACE_LOOPS	600

struct race {
	struct drm_gem_pages_object *obj;
	struct completion start;
	atomic_t running;
	struct completion done;
	atomic_t evictions;
	atomic_t refusals;
	atomic_t wrong;		/* something that must not be */
	atomic_t failed;	/* pins that returned an error */
};

static void race_pause(struct rnd_state *rnd)
{
	switch (prandom_u32_state(rnd) % 16) {
	case 0:
	case 1:
	case 2:
		cond_resched();
		schedule();
		break;
	case 3:
		usleep_range(1, 20);
		break;
	}
}

/* While we hold a pin the pages stay what they are. */
static void race_pin(struct race *race, struct rnd_state *rnd)
{
	struct drm_gem_pages_state *s = state_of(race->obj);
	struct page **pages, *page;

	if (drm_gem_pages_pin(race->obj)) {
		atomic_inc(&race->failed);
		return;
	}
	pages = READ_ONCE(s->pages);
	if (!pages || !drm_gem_pages_is_pinned(race->obj)) {
		atomic_inc(&race->wrong);
	} else {
		page = READ_ONCE(pages[0]);
		race_pause(rnd);
		if (READ_ONCE(s->pages) != pages || READ_ONCE(pages[0]) != page ||
		    !page_count(page))
			atomic_inc(&race->wrong);
	}
	if (atomic_read(&s->pin_count) < 1)
		atomic_inc(&race->wrong);
	drm_gem_pages_unpin(race->obj);
}

static void race_sgt(struct race *race, struct rnd_state *rnd)
{
	struct sg_table *sgt = drm_gem_pages_get_sgt(race->obj);

	if (IS_ERR(sgt)) {
		atomic_inc(&race->failed);
		return;
	}
	race_pause(rnd);
	if (READ_ONCE(state_of(race->obj)->sgt) != sgt || !sg_page(sgt->sgl))
		atomic_inc(&race->wrong);
	drm_gem_pages_put_sgt(race->obj);
}

static void race_vmap(struct race *race, struct rnd_state *rnd)
{
	struct iosys_map map;

	if (drm_gem_pages_vmap(race->obj, &map)) {
		atomic_inc(&race->failed);
		return;
	}
	*(u8 *)map.vaddr = 1;
	race_pause(rnd);
	if (*(u8 *)map.vaddr != 1)
		atomic_inc(&race->wrong);
	drm_gem_pages_vunmap(race->obj, &map);
}

static void race_evict(struct race *race, struct rnd_state *rnd)
{
	int ret = gp_test_evict(race->obj);

	if (!ret)
		atomic_inc(&race->evictions);
	else if (ret == -EBUSY)
		atomic_inc(&race->refusals);
	else
		atomic_inc(&race->wrong);
	race_pause(rnd);
}

static int race_thread(void *data)
{
	struct race *race = data;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, current->pid);
	wait_for_completion(&race->start);
	for (int i = 0; i < RACE_LOOPS; i++) {
		switch (prandom_u32_state(&rnd) % 6) {
		case 0:
		case 1:
			race_pin(race, &rnd);
			break;
		case 2:
			race_sgt(race, &rnd);
			break;
		case 3:
			race_vmap(race, &rnd);
			break;
		default:
			race_evict(race, &rnd);
			break;
		}
	}
	if (atomic_dec_and_test(&race->running))
		complete(&race->done);
	return 0;
}

static void pin_race(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct race race = { .obj = obj };
	int threads;

	init_completion(&race.start);
	init_completion(&race.done);
	atomic_set(&race.running, 1);
	for (threads = 0; threads < RACE_THREADS; threads++) {
		atomic_inc(&race.running);
		if (IS_ERR(kthread_run(race_thread, &race, "gp-test-race"))) {
			atomic_dec(&race.running);
			break;
		}
	}
	complete_all(&race.start);
	if (!atomic_dec_and_test(&race.running))
		wait_for_completion(&race.done);

	KUNIT_EXPECT_EQ(test, threads, RACE_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&race.wrong), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&race.failed), 0);
	KUNIT_EXPECT_EQ(test, pin_count(obj), 0);
	KUNIT_EXPECT_EQ(test, state_of(obj)->vmap_count, 0);
	kunit_info(test, "%d evictions, %d refusals\n", atomic_read(&race.evictions),
		   atomic_read(&race.refusals));
	/* Else nothing raced. */
	KUNIT_EXPECT_GT(test, atomic_read(&race.evictions), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&race.refusals), 0);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
}

/*
 * A pin that another thread takes, without a lock, while the first pin is about to
 * be undone because the operation that took it fails.
 */
#define UNDO_SIZE	SZ_1M
#define UNDO_TIME	HZ

struct undo_race {
	struct drm_gem_pages_object *obj;
	unsigned int pins, wrong;
};

/* Looks now and then, but then at once, having the higher priority. */
static int undo_race_thread(void *data)
{
	struct undo_race *race = data;

	while (!kthread_should_stop()) {
		schedule_timeout_uninterruptible(1);
		if (!drm_gem_pages_is_pinned(race->obj) || drm_gem_pages_pin(race->obj))
			continue;
		race->pins++;
		schedule_timeout_uninterruptible(1);
		if (!READ_ONCE(state_of(race->obj)->pages))
			race->wrong++;
		drm_gem_pages_unpin(race->obj);
	}
	return 0;
}

static void pin_race_with_undo(struct kunit *test)
{
	struct bus_dma_region map[3] = { { .size = PHYS_ADDR_MAX } };
	struct drm_device *drm = test->priv;
	struct undo_race race = {};
	struct task_struct *thread;
	struct iosys_map vmap;
	unsigned long end;
	phys_addr_t last;
	int done = 0;

	if (IS_ENABLED(CONFIG_X86))
		kunit_skip(test, "no vmap needs a device map");

	/* All but the last page can be mapped, which takes a while to find out. */
	race.obj = gp_test_object(test, drm, UNDO_SIZE, DRM_GEM_PAGES_WC);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(race.obj), 0);
	last = page_to_phys(page_at(race.obj, UNDO_SIZE / PAGE_SIZE - 1));
	map[0].size = last;
	map[1].cpu_start = last + PAGE_SIZE;
	map[1].dma_start = last + PAGE_SIZE;
	map[1].size = PHYS_ADDR_MAX - map[1].cpu_start;
	drm->dev->dma_range_map = map;
	dma_set_max_seg_size(drm->dev, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gp_test_evict(race.obj), 0);

	thread = kthread_run(undo_race_thread, &race, "gp-test-undo");
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, thread);
	if (!IS_ERR(thread))
		sched_set_fifo(thread);
	end = jiffies + UNDO_TIME;
	kunit_warning_suppress(test) {
		while (!IS_ERR(thread) && time_before(jiffies, end)) {
			if (drm_gem_pages_vmap(race.obj, &vmap) != -EIO)
				break;
			done++;
			while (gp_test_evict(race.obj) == -EBUSY)
				cond_resched();
		}
	}
	if (!IS_ERR(thread))
		kthread_stop(thread);
	drm->dev->dma_range_map = NULL;

	kunit_info(test, "%d failures, %u pins of the other thread\n", done, race.pins);
	KUNIT_EXPECT_GT(test, done, 0);
	KUNIT_EXPECT_EQ(test, race.wrong, 0);
}

/*
 * Device map
 */

static void sgt_life(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct sg_page_iter iter;
	struct sg_table *sgt;
	pgoff_t i = 0;

	KUNIT_EXPECT_NULL(test, state_of(obj)->sgt);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_NULL(test, state_of(obj)->sgt);

	sgt = sgt_of(obj);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_GE(test, sgt->nents, 1);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(obj));
	for_each_sgtable_page(sgt, &iter, 0)
		KUNIT_EXPECT_PTR_EQ(test, sg_page_iter_page(&iter), page_at(obj, i++));
	KUNIT_EXPECT_EQ(test, i, TEST_PAGES);
	/* Mapped for the device, too. */
	KUNIT_EXPECT_EQ(test, sg_dma_address(sgt->sgl),
			phys_to_dma(obj->base.dev->dev, page_to_phys(page_at(obj, 0))));
	KUNIT_EXPECT_GT(test, sg_dma_len(sgt->sgl), 0);

	KUNIT_EXPECT_PTR_EQ(test, sgt_of(obj), sgt);
	KUNIT_EXPECT_PTR_EQ(test, drm_gem_pages_get_sgt(obj), sgt);
	KUNIT_EXPECT_EQ(test, pin_count(obj), 1);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	KUNIT_EXPECT_PTR_EQ(test, state_of(obj)->sgt, sgt);
	drm_gem_pages_put_sgt(obj);
	KUNIT_EXPECT_EQ(test, pin_count(obj), 0);
	KUNIT_EXPECT_PTR_EQ(test, state_of(obj)->sgt, sgt);

	/* It does not keep the pages. */
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_NULL(test, state_of(obj)->sgt);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));

	/* It brings them. */
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, sgt_of(obj));
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
}

static void sgt_ends_before_backing(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_private_object(test, test->priv, TEST_SIZE, 0);
	struct gp_test_device *dev = to_gp_test_device(obj->base.dev);
	struct iosys_map map;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt_of(obj));
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	drm_gem_pages_vunmap(obj, &map);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->puts), 1);
	KUNIT_EXPECT_FALSE(test, dev->put_early);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt_of(obj));
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->puts), 2);
	KUNIT_EXPECT_FALSE(test, dev->put_early);
}

/* Backing of one physically contiguous piece. */
#define CONTIGUOUS_ORDER	3
#define CONTIGUOUS_PAGES	BIT(CONTIGUOUS_ORDER)

static int contiguous_get(struct drm_gem_pages_object *obj, struct page **pages,
			  unsigned long count, gfp_t gfp)
{
	struct page *page = alloc_pages(gfp | __GFP_ZERO, CONTIGUOUS_ORDER);

	if (!page)
		return -ENOMEM;
	split_page(page, CONTIGUOUS_ORDER);
	for (unsigned long i = 0; i < count; i++)
		pages[i] = page + i;
	return 0;
}

static void contiguous_put(struct drm_gem_pages_object *obj, struct page **pages,
			   unsigned long count, bool dirty)
{
	for (unsigned long i = 0; i < count; i++)
		__free_page(pages[i]);
}

static const struct drm_gem_pages_backing_ops contiguous_backing = {
	.get = contiguous_get,
	.put = contiguous_put,
};

static struct drm_gem_pages_object *contiguous_object(struct kunit *test, struct drm_device *drm)
{
	struct drm_gem_pages_object *obj = kzalloc_obj(*obj);

	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_init_private(drm, obj, CONTIGUOUS_PAGES * PAGE_SIZE, 0,
							 &contiguous_backing), 0);
	gp_test_own(test, obj);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	return obj;
}

static void sgt_max_segment(struct kunit *test)
{
	static const struct {
		unsigned int limit, segment;
	} cases[] = {
		{ UINT_MAX, CONTIGUOUS_PAGES * PAGE_SIZE },
		{ 2 * PAGE_SIZE, 2 * PAGE_SIZE },
		{ 4 * PAGE_SIZE + 512, 4 * PAGE_SIZE },
		{ PAGE_SIZE, PAGE_SIZE },
	};
	struct drm_device *drm = test->priv;

	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_gem_pages_object *obj;
		struct scatterlist *sg;
		struct sg_table *sgt;
		int j;

		dma_set_max_seg_size(drm->dev, cases[i].limit);
		obj = contiguous_object(test, drm);
		sgt = sgt_of(obj);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
		KUNIT_EXPECT_EQ(test, sgt->nents,
				CONTIGUOUS_PAGES * PAGE_SIZE / cases[i].segment);
		for_each_sgtable_sg(sgt, sg, j)
			KUNIT_EXPECT_EQ(test, sg->length, cases[i].segment);
	}
}

/*
 * A device that sees the pages one by one in its address space: the first at the
 * very end of what it can address, the others far from it. So a segment of more
 * than the first page cannot be mapped, and each of the pages can.
 */
static void sgt_retry_with_small_segments(struct kunit *test)
{
	struct drm_device *drm = test->priv;
	struct drm_gem_pages_object *obj = contiguous_object(test, drm);
	struct bus_dma_region *map;
	struct sg_table *sgt;

	map = kunit_kcalloc(test, CONTIGUOUS_PAGES + 1, sizeof(*map), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, map);
	for (int i = 0; i < CONTIGUOUS_PAGES; i++) {
		map[i].cpu_start = page_to_phys(page_at(obj, i));
		map[i].dma_start = i ? (dma_addr_t)SZ_1M * i : BIT_ULL(32) - PAGE_SIZE;
		map[i].size = PAGE_SIZE;
	}
	*drm->dev->dma_mask = DMA_BIT_MASK(32);
	drm->dev->dma_range_map = map;
	if (dma_max_mapping_size(drm->dev) != SIZE_MAX) {
		drm->dev->dma_range_map = NULL;
		kunit_skip(test, "bounce buffers would take the long segment");
	}

	kunit_warning_suppress(test) {
		sgt = sgt_of(obj);
	}
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, sgt);
	if (!IS_ERR_OR_NULL(sgt)) {
		KUNIT_EXPECT_EQ(test, sgt->nents, CONTIGUOUS_PAGES);
		KUNIT_EXPECT_EQ(test, sg_dma_address(sgt->sgl), BIT_ULL(32) - PAGE_SIZE);
	}
	gp_test_put(test, obj);
	drm->dev->dma_range_map = NULL;
}

static void sgt_map_fails(struct kunit *test)
{
	struct drm_device *drm = test->priv;
	struct drm_gem_pages_object *obj = gp_test_object(test, drm, TEST_SIZE, 0);
	struct gp_test_snapshot before;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	before = gp_test_snapshot(obj);
	*drm->dev->dma_mask = DMA_BIT_MASK(12);
	if (dma_max_mapping_size(drm->dev) != SIZE_MAX)
		kunit_skip(test, "bounce buffers may be used");

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_PTR_EQ(test, sgt_of(obj), ERR_PTR(-EIO));
		KUNIT_EXPECT_PTR_EQ(test, drm_gem_pages_get_sgt(obj), ERR_PTR(-EIO));
	}
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));

	*drm->dev->dma_mask = DMA_BIT_MASK(64);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, sgt_of(obj));
}

/* The device behind the DRM device need not be the one that does DMA. */
static void sgt_for_dma_device(struct kunit *test)
{
	struct drm_device *drm = test->priv;
	struct drm_gem_pages_object *obj = gp_test_object(test, drm, TEST_SIZE, 0);
	struct drm_device *other = gp_test_device(test, "gp-dma", &gp_test_driver);

	drm_dev_set_dma_dev(drm, other->dev);
	*drm->dev->dma_mask = DMA_BIT_MASK(12);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, sgt_of(obj));
	gp_test_put(test, obj);
	drm_dev_set_dma_dev(drm, NULL);
}

static void sgt_unplugged(struct kunit *test)
{
	struct drm_device *drm = test->priv;
	struct drm_gem_pages_object *before = gp_test_object(test, drm, TEST_SIZE, 0);
	struct drm_gem_pages_object *obj = gp_test_object(test, drm, TEST_SIZE, 0);
	struct gp_test_snapshot snapshot = gp_test_snapshot(obj);
	struct sg_table *sgt;

	gp_test_register(test, drm);
	sgt = sgt_of(before);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, sgt);
	drm_dev_unplug(drm);

	KUNIT_EXPECT_PTR_EQ(test, sgt_of(obj), ERR_PTR(-ENODEV));
	KUNIT_EXPECT_PTR_EQ(test, drm_gem_pages_get_sgt(obj), ERR_PTR(-ENODEV));
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &snapshot));
	/* Who has one keeps it, and the content can still be saved. */
	KUNIT_EXPECT_PTR_EQ(test, sgt_of(before), sgt);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
}

/*
 * CPU map
 */

static void vmap_content(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	KUNIT_ASSERT_NOT_NULL(test, map.vaddr);
	KUNIT_EXPECT_FALSE(test, map.is_iomem);
	KUNIT_EXPECT_TRUE(test, drm_gem_pages_is_pinned(obj));
	gp_test_fill_at(map.vaddr, TEST_SIZE, TEST_SEED);
	KUNIT_EXPECT_TRUE(test, gp_test_check(obj, TEST_SEED));
	gp_test_fill(test, obj, TEST_SEED + 1);
	KUNIT_EXPECT_TRUE(test, gp_test_check_at(map.vaddr, TEST_SIZE, TEST_SEED + 1));
	drm_gem_pages_vunmap(obj, &map);
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&map));
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(obj));
}

static void vmap_nests(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct iosys_map first, second, third;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &first), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &second), 0);
	dma_resv_lock(obj->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, obj->base.funcs->vmap(&obj->base, &third), 0);
	KUNIT_EXPECT_PTR_EQ(test, second.vaddr, first.vaddr);
	KUNIT_EXPECT_PTR_EQ(test, third.vaddr, first.vaddr);
	KUNIT_EXPECT_EQ(test, state_of(obj)->vmap_count, 3);
	KUNIT_EXPECT_EQ(test, pin_count(obj), 3);
	obj->base.funcs->vunmap(&obj->base, &third);
	dma_resv_unlock(obj->base.resv);

	drm_gem_pages_vunmap(obj, &first);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	memset(second.vaddr, 1, TEST_SIZE);
	drm_gem_pages_vunmap(obj, &second);
	KUNIT_EXPECT_EQ(test, state_of(obj)->vmap_count, 0);
	KUNIT_EXPECT_EQ(test, pin_count(obj), 0);
}

static void vmap_idle_reused(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct iosys_map map;
	void *vaddr;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	vaddr = map.vaddr;
	drm_gem_pages_vunmap(obj, &map);
	KUNIT_EXPECT_PTR_EQ(test, state_of(obj)->vaddr, vaddr);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	KUNIT_EXPECT_PTR_EQ(test, map.vaddr, vaddr);
	drm_gem_pages_vunmap(obj, &map);

	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_NULL(test, state_of(obj)->vaddr);
}

static void vmap_content_survives_evict(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	gp_test_fill_at(map.vaddr, TEST_SIZE, TEST_SEED);
	drm_gem_pages_vunmap(obj, &map);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	drop_clean_pages(obj);

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_check_at(map.vaddr, TEST_SIZE, TEST_SEED));
	drm_gem_pages_vunmap(obj, &map);
}

static void vmap_misuse_warns(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct iosys_map map, wrong;
	struct gp_test_snapshot before;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	iosys_map_set_vaddr(&wrong, map.vaddr + PAGE_SIZE);
	before = gp_test_snapshot(obj);
	kunit_warning_suppress(test) {
		drm_gem_pages_vunmap(obj, &wrong);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));

	wrong = map;
	drm_gem_pages_vunmap(obj, &map);
	before = gp_test_snapshot(obj);
	kunit_warning_suppress(test) {
		drm_gem_pages_vunmap(obj, &wrong);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
}

/*
 * Eviction
 */

static void evict_refused(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	static const enum dma_resv_usage usages[] = {
		DMA_RESV_USAGE_KERNEL, DMA_RESV_USAGE_WRITE,
		DMA_RESV_USAGE_READ, DMA_RESV_USAGE_BOOKKEEP,
	};
	struct gp_test_snapshot before;

	/* Not resident, nothing to do. */
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);

	KUNIT_ASSERT_EQ(test, drm_gem_pages_pin(obj), 0);
	before = gp_test_snapshot(obj);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), -EBUSY);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	drm_gem_pages_unpin(obj);

	for (int i = 0; i < ARRAY_SIZE(usages); i++) {
		struct dma_fence *fence = gp_test_fence(test);
		int ret;

		dma_resv_lock(obj->base.resv, NULL);
		ret = dma_resv_reserve_fences(obj->base.resv, 1);
		if (!ret)
			dma_resv_add_fence(obj->base.resv, fence, usages[i]);
		dma_resv_unlock(obj->base.resv);
		KUNIT_ASSERT_EQ(test, ret, 0);

		before = gp_test_snapshot(obj);
		KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
		KUNIT_EXPECT_EQ(test, gp_test_purge(obj), -EBUSY);
		KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
		dma_fence_signal(fence);
	}
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
}

/* Called from reclaim, so lockdep has a say. */
static void evict_during_reclaim(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct iosys_map map;
	int evicted, purged;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt_of(obj));
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	drm_gem_pages_vunmap(obj, &map);

	dma_resv_lock(obj->base.resv, NULL);
	fs_reclaim_acquire(GFP_KERNEL);
	evicted = drm_gem_pages_evict_locked(obj);
	fs_reclaim_release(GFP_KERNEL);
	purged = drm_gem_pages_populate_locked(obj, GFP_KERNEL);
	fs_reclaim_acquire(GFP_KERNEL);
	purged = purged ?: drm_gem_pages_purge_locked(obj);
	fs_reclaim_release(GFP_KERNEL);
	dma_resv_unlock(obj->base.resv);

	KUNIT_EXPECT_EQ(test, evicted, 0);
	KUNIT_EXPECT_EQ(test, purged, 0);
}

static void evict_keeps_what_was_written(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);

	for (u8 seed = 1; seed < 4; seed++) {
		KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
		gp_test_fill(test, obj, seed);
		KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, 0, TEST_SIZE), 0);
		KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
		drop_clean_pages(obj);
		KUNIT_EXPECT_EQ(test, obj->base.filp->f_mapping->nrpages, TEST_PAGES);

		KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
		KUNIT_EXPECT_TRUE(test, gp_test_check(obj, seed));
	}
}

/* Clean pages are given back for good, without a trace. */
static void evict_drops_what_is_clean(struct kunit *test)
{
	/* Around the size of a folio batch, too. */
	static const int sizes[] = { 1, TEST_PAGES, 30, 31, 32, 62, 63 };

	for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct drm_gem_pages_object *obj;

		obj = gp_test_object(test, test->priv, sizes[i] * PAGE_SIZE, 0);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, drm_gem_pages_get_sgt(obj));
		for (int j = 0; j < sizes[i]; j++)
			KUNIT_EXPECT_FALSE(test, page_is_dirty(obj, j));
		drm_gem_pages_put_sgt(obj);
		KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
		KUNIT_EXPECT_EQ(test, obj->base.filp->f_mapping->nrpages, sizes[i]);
		drop_clean_pages(obj);
		KUNIT_EXPECT_EQ(test, obj->base.filp->f_mapping->nrpages, 0);
	}
}

static void evict_makes_evictable(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct address_space *mapping = obj->base.filp->f_mapping;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_TRUE(test, mapping_unevictable(mapping));
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_FALSE(test, mapping_unevictable(mapping));
}

static void evict_tells_private_backing_of_dirt(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_private_object(test, test->priv, TEST_SIZE, 0);
	struct gp_test_device *dev = to_gp_test_device(obj->base.dev);
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	drm_gem_pages_vunmap(obj, &map);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_TRUE(test, dev->put_dirty);

	/* Only once. */
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_FALSE(test, dev->put_dirty);

	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_TRUE(test, dev->put_dirty);
}

static unsigned int count_syncs(const struct gp_test_sync_log *log, bool for_cpu)
{
	unsigned int i, count = 0;

	for (i = 0; i < log->count; i++)
		count += log->for_cpu[i] == for_cpu;
	return count;
}

/*
 * A bounce buffer has only what the device wrote, and what the CPU wrote long ago. So it
 * is not looked into for what nobody marked, and if the device is coherent, not written
 * to either.
 */
static void evict_syncs_what_was_marked(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct gp_test_sync_log *log = gp_test_sync_log(test);
	int coherent, marked;

	if (!log)
		kunit_skip(test, "syncs cannot be seen");
	for (coherent = 0; coherent < 2; coherent++) {
		gp_test_set_coherent(test, coherent);
		/* A mark is gone with the pages. */
		for (marked = 1; marked >= 0; marked--) {
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt_of(obj));
			if (marked)
				KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, PAGE_SIZE, 1), 0);
			log->count = 0;
			KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
			/* User space may have written past the cache. */
			KUNIT_EXPECT_EQ(test, count_syncs(log, true), marked || !coherent);
			KUNIT_EXPECT_EQ(test, count_syncs(log, false), !coherent);
		}
	}
}

static void dirty_vmap(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_FALSE(test, state_of(obj)->dirty);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	drm_gem_pages_vunmap(obj, &map);
	KUNIT_EXPECT_TRUE(test, state_of(obj)->dirty);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_FALSE(test, state_of(obj)->dirty);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	for (int i = 0; i < TEST_PAGES; i++)
		KUNIT_EXPECT_TRUE(test, page_is_dirty(obj, i));
}

static void dirty_ranges(struct kunit *test)
{
	static const struct {
		size_t offset, size;
		int first, end;		/* pages that become dirty */
	} cases[] = {
		{ 0, 0, 0, 0 },
		{ TEST_SIZE, 0, 0, 0 },
		{ 0, 1, 0, 1 },
		{ PAGE_SIZE - 1, 1, 0, 1 },
		{ PAGE_SIZE - 1, 2, 0, 2 },
		{ PAGE_SIZE, PAGE_SIZE, 1, 2 },
		{ PAGE_SIZE + 1, PAGE_SIZE, 1, 3 },
		{ TEST_SIZE - 1, 1, TEST_PAGES - 1, TEST_PAGES },
		{ 0, TEST_SIZE, 0, TEST_PAGES },
	};

	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_gem_pages_object *obj;

		obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
		KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
		KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, cases[i].offset, cases[i].size), 0);
		for (int j = 0; j < TEST_PAGES; j++)
			KUNIT_EXPECT_EQ_MSG(test, page_is_dirty(obj, j),
					    j >= cases[i].first && j < cases[i].end,
					    "case %d page %d", i, j);
	}
}

static void dirty_bad_ranges(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);

	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, 0, 1), -EFAULT);
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, 0, 0), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, 0, TEST_SIZE + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, 1, TEST_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, TEST_SIZE, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, TEST_SIZE + 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, PAGE_SIZE, SIZE_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, SIZE_MAX, SIZE_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, SIZE_MAX, 2), -EINVAL);
	for (int i = 0; i < TEST_PAGES; i++)
		KUNIT_EXPECT_FALSE(test, page_is_dirty(obj, i));
}

static int sync_range_for(struct drm_gem_pages_object *obj, size_t offset, size_t size,
			  bool for_device)
{
	guard(drm_gem_pages)(obj);
	return for_device ?
	       drm_gem_pages_sync_for_device_locked(obj, offset, size, DMA_TO_DEVICE) :
	       drm_gem_pages_sync_for_cpu_locked(obj, offset, size, DMA_FROM_DEVICE);
}

/* That the right bytes are synced is left to the checks of the DMA API. */
static void sync_ranges(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	int for_device, mapped;

	for (mapped = 0; mapped < 2; mapped++) {
		for (for_device = 0; for_device < 2; for_device++) {
			KUNIT_EXPECT_EQ(test, sync_range_for(obj, 0, TEST_SIZE, for_device), 0);
			KUNIT_EXPECT_EQ(test, sync_range_for(obj, 1, 1, for_device), 0);
			KUNIT_EXPECT_EQ(test, sync_range_for(obj, PAGE_SIZE - 1, 2, for_device), 0);
			KUNIT_EXPECT_EQ(test, sync_range_for(obj, TEST_SIZE, 0, for_device), 0);
			KUNIT_EXPECT_EQ(test, sync_range_for(obj, 0, TEST_SIZE + 1, for_device),
					-EINVAL);
			KUNIT_EXPECT_EQ(test, sync_range_for(obj, TEST_SIZE, 1, for_device),
					-EINVAL);
			KUNIT_EXPECT_EQ(test, sync_range_for(obj, TEST_SIZE + 1, 0, for_device),
					-EINVAL);
			KUNIT_EXPECT_EQ(test, sync_range_for(obj, 2, SIZE_MAX, for_device),
					-EINVAL);
		}
		/* It brings nothing back. */
		KUNIT_EXPECT_EQ(test, is_resident(obj), mapped);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt_of(obj));
	}
}

struct piece {
	dma_addr_t addr;
	size_t size;
};

struct sync_record {
	struct device dev;
	unsigned int count;
	struct piece pieces[8];
};

static void record_sync(struct device *dev, dma_addr_t addr, size_t size,
			enum dma_data_direction dir)
{
	struct sync_record *record = container_of(dev, struct sync_record, dev);

	if (record->count < ARRAY_SIZE(record->pieces))
		record->pieces[record->count] = (struct piece){ addr, size };
	record->count++;
}

/*
 * What an IOMMU makes of scattered memory: entries of 3, 1, 2 and 2 pages, of which the
 * device sees the first three as one segment. The two sides of a table, as two lists.
 */
static void sync_scattered(struct kunit *test)
{
	static const unsigned int entries[] = { 3, 1, 2, 2 }, segments[] = { 6, 2 };
	static const dma_addr_t addrs[] = { SZ_1M, SZ_16M };
	static const struct {
		size_t offset, size;
		struct piece pieces[5];
	} cases[] = {
		{ 0, 8 * PAGE_SIZE,
		  { { SZ_1M, 3 * PAGE_SIZE }, { SZ_1M + 3 * PAGE_SIZE, PAGE_SIZE },
		    { SZ_1M + 4 * PAGE_SIZE, 2 * PAGE_SIZE }, { SZ_16M, 2 * PAGE_SIZE } } },
		{ 3 * PAGE_SIZE - 1, 2,
		  { { SZ_1M + 3 * PAGE_SIZE - 1, 1 }, { SZ_1M + 3 * PAGE_SIZE, 1 } } },
		{ 4 * PAGE_SIZE + 100, 2 * PAGE_SIZE,
		  { { SZ_1M + 4 * PAGE_SIZE + 100, 2 * PAGE_SIZE - 100 }, { SZ_16M, 100 } } },
		{ 5 * PAGE_SIZE, 1, { { SZ_1M + 5 * PAGE_SIZE, 1 } } },
		{ 6 * PAGE_SIZE, PAGE_SIZE, { { SZ_16M, PAGE_SIZE } } },
		{ 8 * PAGE_SIZE - 1, 1, { { SZ_16M + 2 * PAGE_SIZE - 1, 1 } } },
		{ 8 * PAGE_SIZE, 0 },
		{ 0, 0 },
	};
	struct sync_record *record = kunit_kzalloc(test, sizeof(*record), GFP_KERNEL);
	struct scatterlist cpu[ARRAY_SIZE(entries)], dma[ARRAY_SIZE(segments)];

	KUNIT_ASSERT_NOT_NULL(test, record);
	sg_init_table(cpu, ARRAY_SIZE(entries));
	sg_init_table(dma, ARRAY_SIZE(segments));
	for (int i = 0; i < ARRAY_SIZE(entries); i++)
		cpu[i].length = entries[i] * PAGE_SIZE;
	for (int i = 0; i < ARRAY_SIZE(segments); i++) {
		sg_dma_address(&dma[i]) = addrs[i];
		sg_dma_len(&dma[i]) = segments[i] * PAGE_SIZE;
	}

	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int n;

		record->count = 0;
		drm_gem_pages_sync_pieces(&record->dev, cpu, dma, cases[i].offset, cases[i].size,
					  DMA_TO_DEVICE, record_sync);
		for (n = 0; cases[i].pieces[n].size; n++) {
			KUNIT_EXPECT_EQ_MSG(test, record->pieces[n].addr, cases[i].pieces[n].addr,
					    "case %d, piece %u", i, n);
			KUNIT_EXPECT_EQ_MSG(test, record->pieces[n].size, cases[i].pieces[n].size,
					    "case %d, piece %u", i, n);
		}
		KUNIT_EXPECT_EQ_MSG(test, record->count, n, "case %d", i);
	}
}

static void sgt_peek(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct sg_table *sgt;

	KUNIT_EXPECT_NULL(test, drm_gem_pages_peek_sgt(obj));
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	sgt = sgt_of(obj);
	KUNIT_EXPECT_PTR_EQ(test, drm_gem_pages_peek_sgt(obj), sgt);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evictions(obj), 0);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_NULL(test, drm_gem_pages_peek_sgt(obj));
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evictions(obj), 1);
	/* There was nothing to evict. */
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_evictions(obj), 1);
}

/*
 * Purge
 */

static void purge_resident(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct address_space *mapping = obj->base.filp->f_mapping;
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	drm_gem_pages_vunmap(obj, &map);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt_of(obj));
	KUNIT_EXPECT_EQ(test, mapping->nrpages, TEST_PAGES);

	dma_resv_lock(obj->base.resv, NULL);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_purged_locked(obj));
	KUNIT_EXPECT_EQ(test, drm_gem_pages_purge_locked(obj), 0);
	KUNIT_EXPECT_TRUE(test, drm_gem_pages_is_purged_locked(obj));
	dma_resv_unlock(obj->base.resv);

	KUNIT_EXPECT_EQ(test, mapping->nrpages, 0);
	KUNIT_EXPECT_NULL(test, state_of(obj)->sgt);
	KUNIT_EXPECT_NULL(test, state_of(obj)->vaddr);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));

	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), -EFAULT);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), -EFAULT);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_vmap(obj, &map), -EFAULT);
	KUNIT_EXPECT_PTR_EQ(test, drm_gem_pages_get_sgt(obj), ERR_PTR(-EFAULT));
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, 0, 1), -EFAULT);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(obj));
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), 0);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
}

/* What was evicted, and perhaps swapped out, is thrown away as well. */
static void purge_evicted(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);

	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_EQ(test, mark_dirty_range(obj, 0, TEST_SIZE), 0);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, obj->base.filp->f_mapping->nrpages, TEST_PAGES);
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), 0);
	KUNIT_EXPECT_EQ(test, obj->base.filp->f_mapping->nrpages, 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), -EFAULT);
}

static void purge_private(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_private_object(test, test->priv, TEST_SIZE, 0);
	struct gp_test_device *dev = to_gp_test_device(obj->base.dev);
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	drm_gem_pages_vunmap(obj, &map);
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->puts), 1);
	/* Nobody wants it any more. */
	KUNIT_EXPECT_FALSE(test, dev->put_dirty);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), -EFAULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->gets), 1);
}

/*
 * Where the pages come from, and how the CPU sees them
 */

static gfp_t gfp_of(struct drm_gem_pages_object *obj)
{
	return mapping_gfp_mask(obj->base.filp->f_mapping);
}

static void gfp_mask(struct kunit *test)
{
	struct drm_device *drm = test->priv;
	struct drm_gem_pages_object *obj;

	obj = gp_test_object(test, drm, TEST_SIZE, 0);
	KUNIT_EXPECT_FALSE(test, gfp_of(obj) & __GFP_MOVABLE);
	KUNIT_EXPECT_FALSE(test, gfp_of(obj) & __GFP_DMA32);
	KUNIT_EXPECT_TRUE(test, (gfp_of(obj) & GFP_HIGHUSER) == GFP_HIGHUSER);
	KUNIT_EXPECT_TRUE(test, gfp_of(obj) & __GFP_NOWARN);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);

	obj = gp_test_object(test, drm, TEST_SIZE, DRM_GEM_PAGES_MOVABLE);
	KUNIT_EXPECT_TRUE(test, gfp_of(obj) & __GFP_MOVABLE);
	KUNIT_EXPECT_FALSE(test, gfp_of(obj) & __GFP_DMA32);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
}

/* Less than there is RAM, whatever the machine. */
static void gfp_mask_limited_device(struct kunit *test)
{
	struct drm_device *drm = test->priv;
	struct drm_gem_pages_object *obj;

	*drm->dev->dma_mask = DMA_BIT_MASK(20);
	KUNIT_ASSERT_TRUE(test, dma_addressing_limited(drm->dev));
	obj = gp_test_object(test, drm, TEST_SIZE, 0);
	KUNIT_EXPECT_TRUE(test, gfp_of(obj) & __GFP_DMA32);
	KUNIT_EXPECT_FALSE(test, gfp_of(obj) & __GFP_HIGHMEM);
	KUNIT_EXPECT_FALSE(test, gfp_of(obj) & __GFP_MOVABLE);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
}

static void wc_by_dma_device(struct kunit *test)
{
	struct drm_gem_pages_object *obj, *private;

	obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_wc(obj));

	obj = gp_test_object(test, test->priv, TEST_SIZE, DRM_GEM_PAGES_WC);
	private = gp_test_private_object(test, test->priv, TEST_SIZE, DRM_GEM_PAGES_WC);
	KUNIT_EXPECT_TRUE(test, drm_gem_pages_is_wc(obj));
	KUNIT_EXPECT_TRUE(test, drm_gem_pages_is_wc(private));

	/* On x86 the CPU can be told to go past the cache whatever the device does. */
	gp_test_set_coherent(test, true);
	obj = gp_test_object(test, test->priv, TEST_SIZE, DRM_GEM_PAGES_WC | DRM_GEM_PAGES_NO_MMAP);
	private = gp_test_private_object(test, test->priv, TEST_SIZE, DRM_GEM_PAGES_WC);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_is_wc(obj), IS_ENABLED(CONFIG_X86));
	KUNIT_EXPECT_EQ(test, drm_gem_pages_is_wc(private), IS_ENABLED(CONFIG_X86));
	KUNIT_EXPECT_TRUE(test, state_of(obj)->flags & DRM_GEM_PAGES_NO_MMAP);

	/* The DMA device may not be the one that matters. */
	obj = gp_test_object(test, test->priv, TEST_SIZE, DRM_GEM_PAGES_WC | DRM_GEM_PAGES_KEEP_WC);
	KUNIT_EXPECT_TRUE(test, drm_gem_pages_is_wc(obj));
	obj = gp_test_object(test, test->priv, TEST_SIZE, DRM_GEM_PAGES_KEEP_WC);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_wc(obj));
}

/* Nobody looks at the memory past the cache before it is written back. */
static void wc_flushed_before_vmap(struct kunit *test)
{
	struct drm_gem_pages_object *obj;
	struct iosys_map map;

	obj = gp_test_object(test, test->priv, TEST_SIZE, DRM_GEM_PAGES_WC);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	KUNIT_EXPECT_EQ(test, !!state_of(obj)->sgt, !IS_ENABLED(CONFIG_X86));
	gp_test_fill_at(map.vaddr, TEST_SIZE, TEST_SEED);
	KUNIT_EXPECT_TRUE(test, gp_test_check(obj, TEST_SEED));
	drm_gem_pages_vunmap(obj, &map);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	KUNIT_EXPECT_EQ(test, !!state_of(obj)->sgt, !IS_ENABLED(CONFIG_X86));
	KUNIT_EXPECT_TRUE(test, gp_test_check_at(map.vaddr, TEST_SIZE, TEST_SEED));
	drm_gem_pages_vunmap(obj, &map);

	obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	KUNIT_EXPECT_NULL(test, state_of(obj)->sgt);
	drm_gem_pages_vunmap(obj, &map);
}

static void wc_linear_map_agrees(struct kunit *test)
{
#ifdef CONFIG_X86
	struct drm_gem_pages_object *obj;
	unsigned long addr;
	unsigned int level;
	struct page *page;
	pteval_t cached;

	obj = gp_test_object(test, test->priv, TEST_SIZE, DRM_GEM_PAGES_WC);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	for (int i = 0; i < TEST_PAGES; i++) {
		addr = (unsigned long)page_address(page_at(obj, i));
		KUNIT_EXPECT_EQ(test, pte_val(*lookup_address(addr, &level)) & _PAGE_CACHE_MASK,
				cachemode2protval(_PAGE_CACHE_MODE_WC));
	}
	page = page_at(obj, 0);
	addr = (unsigned long)page_address(page);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	cached = cachemode2protval(_PAGE_CACHE_MODE_WB);
	KUNIT_EXPECT_EQ(test, pte_val(*lookup_address(addr, &level)) & _PAGE_CACHE_MASK, cached);
#else
	kunit_skip(test, "only x86 changes its linear map");
#endif
}

static void huge_policies(struct kunit *test)
{
	static const char * const bad[] = { "", "never", "deny", "huge", "within_size ", "Always" };
	static const char * const good[] = { "within_size", "always", "advise" };

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ(test, drm_gem_pages_use_huge(test->priv, bad[i]), -EINVAL);
		KUNIT_EXPECT_NULL(test, drm_gem_get_huge_mnt(test->priv));
	}
	for (int i = 0; i < ARRAY_SIZE(good); i++) {
		struct drm_gem_pages_object *obj;
		struct drm_device *drm;

		drm = gp_test_device(test, good[i], &gp_test_driver);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_use_huge(drm, good[i]), 0);
		KUNIT_EXPECT_EQ(test, !!drm_gem_get_huge_mnt(drm),
				IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE));
		obj = gp_test_object(test, drm, TEST_SIZE, 0);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_populate(obj), 0);
		/* Its file must be gone before the mount is. */
		gp_test_put(test, obj);
		flush_delayed_fput();
	}
}

/*
 * What can be asked
 */

static void ask_page(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);

	KUNIT_EXPECT_NULL(test, page_at(obj, 0));
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	for (int i = 0; i < TEST_PAGES; i++)
		KUNIT_EXPECT_PTR_EQ(test, page_at(obj, i), state_of(obj)->pages[i]);
	KUNIT_EXPECT_NULL(test, page_at(obj, TEST_PAGES));
	KUNIT_EXPECT_NULL(test, page_at(obj, ULONG_MAX));
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_NULL(test, page_at(obj, 0));
}

static void ask_status(struct kunit *test)
{
	struct drm_device *drm = gp_test_device(test, "gp-importer", &gp_test_driver);
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	struct drm_gem_pages_object *imported;

	KUNIT_EXPECT_EQ(test, obj->base.funcs->status(&obj->base), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_EQ(test, obj->base.funcs->status(&obj->base), DRM_GEM_OBJECT_RESIDENT);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, obj->base.funcs->status(&obj->base), 0);

	imported = gp_test_import(test, drm, gp_test_export(test, obj, 0));
	KUNIT_EXPECT_EQ(test, imported->base.funcs->status(&imported->base),
			DRM_GEM_OBJECT_RESIDENT);
}

static void expect_info(struct kunit *test, struct drm_gem_pages_object *obj, const char *text)
{
	char *buffer = kunit_kzalloc(test, SZ_1K, GFP_KERNEL);
	struct drm_print_iterator iterator = {
		.data = buffer,
		.remain = SZ_1K - 1,
	};
	struct drm_printer p = drm_coredump_printer(&iterator);

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	obj->base.funcs->print_info(&p, 1, &obj->base);
	KUNIT_EXPECT_STREQ(test, buffer, text);
}

static void ask_info(struct kunit *test)
{
	struct drm_device *no_map = gp_test_device(test, "gp-no-map", &gp_test_no_map_driver);
	struct drm_device *drm = gp_test_device(test, "gp-importer", &gp_test_driver);
	struct drm_gem_pages_object *obj;
	struct dma_buf *dma_buf;
	struct iosys_map map;

	obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	expect_info(test, obj,
		    "\tbacking=none\n\tpins=0\n\tdevice_map=no\n\tvmap=none\n"
		    "\tmmaps=0\n\tcaching=cached\n");
	KUNIT_ASSERT_EQ(test, drm_gem_pages_pin(obj), 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt_of(obj));
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	expect_info(test, obj,
		    "\tbacking=resident\n\tpins=2\n\tdevice_map=yes\n\tvmap=1\n"
		    "\tmmaps=0\n\tcaching=cached\n");
	drm_gem_pages_vunmap(obj, &map);
	drm_gem_pages_unpin(obj);
	expect_info(test, obj,
		    "\tbacking=resident\n\tpins=0\n\tdevice_map=yes\n\tvmap=idle\n"
		    "\tmmaps=0\n\tcaching=cached\n");
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), 0);
	expect_info(test, obj,
		    "\tbacking=purged\n\tpins=0\n\tdevice_map=no\n\tvmap=none\n"
		    "\tmmaps=0\n\tcaching=cached\n");

	obj = gp_test_object(test, test->priv, TEST_SIZE, DRM_GEM_PAGES_WC);
	expect_info(test, obj,
		    "\tbacking=none\n\tpins=0\n\tdevice_map=no\n\tvmap=none\n"
		    "\tmmaps=0\n\tcaching=write-combine\n");

	dma_buf = gp_test_export(test, obj, 0);
	expect_info(test, gp_test_import(test, drm, dma_buf), "\tmapped=yes\n");
	expect_info(test, gp_test_import(test, no_map, dma_buf), "\tmapped=no\n");
}

/*
 * Handles
 */

static void handle_create(struct kunit *test)
{
	struct drm_device *drm = gp_test_device(test, "gp-custom", &gp_test_custom_driver);
	struct gp_test_device *dev = to_gp_test_device(drm);
	struct file *file = gp_test_open(test, drm);
	struct drm_file *client = gp_test_drm_file(file);
	struct drm_gem_object *gem;
	u32 handle = 0;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_create_with_handle(client, drm, TEST_SIZE - 1,
							       DRM_GEM_PAGES_NO_MMAP, &handle), 0);
	KUNIT_EXPECT_NE(test, handle, 0);
	gem = drm_gem_object_lookup(client, handle);
	KUNIT_ASSERT_NOT_NULL(test, gem);
	KUNIT_EXPECT_EQ(test, gem->size, TEST_SIZE);
	KUNIT_EXPECT_EQ(test, gem->handle_count, 1);
	KUNIT_EXPECT_EQ(test, kref_read(&gem->refcount), 2);
	drm_gem_object_put(gem);

	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(client, handle), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 1);

	/* The client takes with it what it leaves. */
	KUNIT_ASSERT_EQ(test, drm_gem_pages_create_with_handle(client, drm, TEST_SIZE, 0, &handle),
			0);
	gp_test_close(test, file);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 2);
}

static void handle_dumb(struct kunit *test)
{
	struct drm_device *drm = test->priv;
	struct drm_file *client = gp_test_drm_file(gp_test_open(test, drm));
	struct drm_mode_create_dumb args = { .width = 100, .height = 3, .bpp = 32 };
	struct drm_gem_object *gem;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_dumb_create(client, drm, &args), 0);
	KUNIT_EXPECT_EQ(test, args.pitch, 400);
	KUNIT_EXPECT_EQ(test, args.size, PAGE_SIZE);
	gem = drm_gem_object_lookup(client, args.handle);
	KUNIT_ASSERT_NOT_NULL(test, gem);
	KUNIT_EXPECT_EQ(test, gem->size, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, drm_gem_pages_is_wc(to_drm_gem_pages(gem)));
	drm_gem_object_put(gem);

	/* Who looks into the caches needs no other mapping. */
	gp_test_set_coherent(test, true);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_dumb_create(client, drm, &args), 0);
	gem = drm_gem_object_lookup(client, args.handle);
	KUNIT_ASSERT_NOT_NULL(test, gem);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_wc(to_drm_gem_pages(gem)));
	drm_gem_object_put(gem);

	args = (struct drm_mode_create_dumb) { .width = U32_MAX, .height = U32_MAX, .bpp = 32 };
	KUNIT_EXPECT_EQ(test, drm_gem_pages_dumb_create(client, drm, &args), -EINVAL);
	KUNIT_EXPECT_EQ(test, args.handle, 0);
}

static void handle_mmap_offset(struct kunit *test)
{
	struct drm_device *drm = gp_test_device(test, "gp-custom", &gp_test_custom_driver);
	struct drm_file *client = gp_test_drm_file(gp_test_open(test, drm));
	u32 mappable, unmappable;
	struct drm_gem_object *gem;
	u64 offset = 0, again = 0;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_create_with_handle(client, drm, TEST_SIZE, 0,
							       &mappable), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_create_with_handle(client, drm, TEST_SIZE,
							       DRM_GEM_PAGES_NO_MMAP,
							       &unmappable), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_mmap_offset(client, drm, mappable, &offset), 0);
	KUNIT_EXPECT_NE(test, offset, 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_mmap_offset(client, drm, mappable, &again), 0);
	KUNIT_EXPECT_EQ(test, offset, again);

	KUNIT_EXPECT_EQ(test, drm_gem_pages_mmap_offset(client, drm, 12345, &again), -ENOENT);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_mmap_offset(client, drm, unmappable, &again), -EPERM);
	KUNIT_EXPECT_EQ(test, offset, again);

	/* No way out of it leaks a reference. */
	gem = drm_gem_object_lookup(client, mappable);
	KUNIT_EXPECT_EQ(test, kref_read(&gem->refcount), 2);
	drm_gem_object_put(gem);
	gem = drm_gem_object_lookup(client, unmappable);
	KUNIT_EXPECT_EQ(test, kref_read(&gem->refcount), 2);
	KUNIT_EXPECT_FALSE(test, drm_mm_node_allocated(&gem->vma_node.vm_node));
	drm_gem_object_put(gem);
}

/*
 * Scoped use
 */

static int scoped_pin(struct drm_gem_pages_object *obj, int *pins)
{
	CLASS(drm_gem_pages_pin, pin)(obj);

	*pins = pin_count(obj);
	return pin.err;
}

static int scoped_vmap(struct drm_gem_pages_object *obj, int *pins)
{
	CLASS(drm_gem_pages_vmap, vmap)(obj);

	*pins = pin_count(obj);
	if (vmap.err)
		return vmap.err;
	memset(vmap.map.vaddr, TEST_SEED, obj->base.size);
	return 0;
}

static void scope_pin_and_vmap(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);
	int pins;

	KUNIT_EXPECT_EQ(test, scoped_pin(obj, &pins), 0);
	KUNIT_EXPECT_EQ(test, pins, 1);
	KUNIT_EXPECT_EQ(test, pin_count(obj), 0);
	KUNIT_EXPECT_EQ(test, scoped_vmap(obj, &pins), 0);
	KUNIT_EXPECT_EQ(test, pins, 1);
	KUNIT_EXPECT_EQ(test, pin_count(obj), 0);
	KUNIT_EXPECT_EQ(test, state_of(obj)->vmap_count, 0);

	/* Nothing to undo after an error. */
	KUNIT_EXPECT_EQ(test, gp_test_purge(obj), 0);
	KUNIT_EXPECT_EQ(test, scoped_pin(obj, &pins), -EFAULT);
	KUNIT_EXPECT_EQ(test, scoped_vmap(obj, &pins), -EFAULT);
	KUNIT_EXPECT_EQ(test, pin_count(obj), 0);
	KUNIT_EXPECT_EQ(test, state_of(obj)->vmap_count, 0);
}

static struct drm_gem_pages_object *scoped_put(struct drm_device *drm, size_t size, bool keep)
{
	struct drm_gem_pages_object *obj __free(drm_gem_pages_put) =
		drm_gem_pages_create(drm, size, 0);

	if (IS_ERR(obj) || !keep)
		return NULL;
	return no_free_ptr(obj);
}

static void scope_put(struct kunit *test)
{
	struct drm_device *drm = gp_test_device(test, "gp-custom", &gp_test_custom_driver);
	struct gp_test_device *dev = to_gp_test_device(drm);
	struct drm_gem_pages_object *obj;

	KUNIT_EXPECT_NULL(test, scoped_put(drm, TEST_SIZE, false));
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 1);
	/* An error instead of an object. */
	dev->create_error = -ENODEV;
	KUNIT_EXPECT_NULL(test, scoped_put(drm, TEST_SIZE, false));
	dev->create_error = 0;
	obj = scoped_put(drm, TEST_SIZE, true);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 1);
	gp_test_own(test, obj);
}

static void scope_lock(struct kunit *test)
{
	struct drm_gem_pages_object *obj = gp_test_object(test, test->priv, TEST_SIZE, 0);

	scoped_guard(drm_gem_pages, obj)
		KUNIT_EXPECT_TRUE(test, dma_resv_is_locked(obj->base.resv));
	KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(obj->base.resv));
}

static struct kunit_case gp_cases[] = {
	KUNIT_CASE(life_create),
	KUNIT_CASE(life_create_custom),
	KUNIT_CASE(life_create_error),
	KUNIT_CASE(life_size_rounding),
	KUNIT_CASE(life_size_limit),
	KUNIT_CASE(life_bad_arguments),
	KUNIT_CASE(life_after_failed_init),
	KUNIT_CASE(life_private),
	KUNIT_CASE(life_private_get_fails),
	KUNIT_CASE(life_imported),
	KUNIT_CASE(life_free_with_everything),
	KUNIT_CASE(life_free_during_reclaim),
	KUNIT_CASE(life_free_between_lists),
	KUNIT_CASE(populate_idempotent),
	KUNIT_CASE(populate_nowait),
	KUNIT_CASE(populate_nowait_swapped),
	KUNIT_CASE(populate_killed),
	KUNIT_CASE(lock_interrupted),
	KUNIT_CASE(pin_nests),
	KUNIT_CASE(pin_survived_by_pages),
	KUNIT_CASE(pin_underflow_warns),
	KUNIT_CASE(pin_leak_warns),
	KUNIT_CASE_SLOW(pin_race),
	KUNIT_CASE_SLOW(pin_race_with_undo),
	KUNIT_CASE(sgt_life),
	KUNIT_CASE(sgt_ends_before_backing),
	KUNIT_CASE(sgt_max_segment),
	KUNIT_CASE(sgt_retry_with_small_segments),
	KUNIT_CASE(sgt_map_fails),
	KUNIT_CASE(sgt_for_dma_device),
	KUNIT_CASE(sgt_unplugged),
	KUNIT_CASE(vmap_content),
	KUNIT_CASE(vmap_nests),
	KUNIT_CASE(vmap_idle_reused),
	KUNIT_CASE(vmap_content_survives_evict),
	KUNIT_CASE(vmap_misuse_warns),
	KUNIT_CASE(evict_refused),
	KUNIT_CASE(evict_during_reclaim),
	KUNIT_CASE(evict_keeps_what_was_written),
	KUNIT_CASE(evict_drops_what_is_clean),
	KUNIT_CASE(evict_makes_evictable),
	KUNIT_CASE(evict_tells_private_backing_of_dirt),
	KUNIT_CASE(evict_syncs_what_was_marked),
	KUNIT_CASE(dirty_vmap),
	KUNIT_CASE(dirty_ranges),
	KUNIT_CASE(dirty_bad_ranges),
	KUNIT_CASE(sync_ranges),
	KUNIT_CASE(sync_scattered),
	KUNIT_CASE(sgt_peek),
	KUNIT_CASE(purge_resident),
	KUNIT_CASE(purge_evicted),
	KUNIT_CASE(purge_private),
	KUNIT_CASE(gfp_mask),
	KUNIT_CASE(gfp_mask_limited_device),
	KUNIT_CASE(wc_by_dma_device),
	KUNIT_CASE(wc_flushed_before_vmap),
	KUNIT_CASE(wc_linear_map_agrees),
	KUNIT_CASE(huge_policies),
	KUNIT_CASE(ask_page),
	KUNIT_CASE(ask_status),
	KUNIT_CASE(ask_info),
	KUNIT_CASE(handle_create),
	KUNIT_CASE(handle_dumb),
	KUNIT_CASE(handle_mmap_offset),
	KUNIT_CASE(scope_pin_and_vmap),
	KUNIT_CASE(scope_put),
	KUNIT_CASE(scope_lock),
	{ }
};

static struct kunit_suite gp_suite = {
	.name = "drm_gem_pages",
	.init = gp_init,
	.test_cases = gp_cases,
};

kunit_test_suite(gp_suite);

MODULE_IMPORT_NS("DMA_BUF");
MODULE_DESCRIPTION("KUnit tests for drm_gem_pages");
MODULE_LICENSE("GPL");
