// SPDX-License-Identifier: GPL-2.0

/*
 * Sharing, both ways, with the sample driver, which has to be loaded.
 */

#include <kunit/test.h>

#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/platform_device.h>
#include <linux/sched/task.h>

#include <drm/drm_mode.h>
#include <drm/drm_prime.h>

#include "gem_pages_demo.h"
#include "msm_gem_test_util.h"

MODULE_IMPORT_NS("DMA_BUF");

static void put_device_of_sample(void *dev)
{
	put_device(dev);
}

/* A client of the sample driver. */
static struct drm_file *open_sample(struct kunit *test)
{
	struct demo_device *sample;
	struct device *dev;

	dev = bus_find_device_by_name(&platform_bus_type, NULL, "gem_pages_demo");
	KUNIT_ASSERT_NOT_NULL_MSG(test, dev, "the sample driver is not loaded");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_device_of_sample, dev), 0);
	sample = dev_get_drvdata(dev);
	KUNIT_ASSERT_NOT_NULL(test, sample);
	return msm_test_open(test, &sample->drm)->private_data;
}

static struct dma_buf *export(struct kunit *test, struct drm_gem_object *obj)
{
	struct dma_buf *dma_buf = obj->funcs->export(obj, DRM_RDWR);

	KUNIT_ASSERT_FALSE(test, IS_ERR(dma_buf));
	return dma_buf;
}

static struct drm_gem_object *import(struct kunit *test, struct drm_device *drm,
				     struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj = drm->driver->gem_prime_import(drm, dma_buf);

	KUNIT_ASSERT_FALSE(test, IS_ERR(obj));
	return obj;
}

/* By the importer's CPU mapping, which the exporter makes. */
static long read_import(struct drm_gem_object *obj, u64 seed)
{
	struct iosys_map vaddr;
	long wrong;
	int ret;

	ret = drm_gem_vmap(obj, &vaddr);
	if (ret)
		return ret;
	wrong = wrong_bytes(vaddr.vaddr, obj->size, seed);
	drm_gem_vunmap(obj, &vaddr);
	return wrong;
}

static int write_import(struct drm_gem_object *obj, u64 seed)
{
	struct iosys_map vaddr;
	int ret;

	ret = drm_gem_vmap(obj, &vaddr);
	if (ret)
		return ret;
	fill(vaddr.vaddr, obj->size, seed);
	drm_gem_vunmap(obj, &vaddr);
	return 0;
}

static void to_oneself(struct kunit *test)
{
	struct drm_gem_object *obj = msm_test_object(test, TEST_SIZE, MSM_BO_WC), *again;
	struct dma_buf *dma_buf = export(test, obj);

	KUNIT_EXPECT_EQ(test, atomic_read(&to_msm_bo(obj)->vma_ref), 1);
	again = msm_gem_prime_import(obj->dev, dma_buf);
	KUNIT_EXPECT_PTR_EQ(test, again, obj);
	drm_gem_object_put(again);
	dma_buf_put(dma_buf);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, atomic_read(&to_msm_bo(obj)->vma_ref), 0);
	drm_gem_object_put(obj);
}

/* The display may be showing what somebody else imports. */
static void dma_buf_keeps_display(struct kunit *test)
{
	struct drm_gem_object *obj = msm_test_object(test, TEST_SIZE, MSM_BO_WC);
	struct msm_test *t = test->priv;
	struct dma_buf *dma_buf;
	u64 iova;

	msm_test_display(test);
	dma_buf = export(test, obj);
	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova(obj, t->kms.vm, &iova), 0);
	msm_gem_unpin_iova(obj, t->kms.vm);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->display_mmu), TEST_PAGES);
	drm_gem_object_put(obj);
	dma_buf_put(dma_buf);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->display_mmu), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->priv.objects));
}

static void to_sample(struct kunit *test)
{
	struct drm_gem_object *obj = msm_test_object(test, TEST_SIZE, MSM_BO_CACHED), *theirs;
	struct drm_file *client = open_sample(test);
	struct drm_device *sample = client->minor->dev;
	struct msm_test *t = test->priv;
	struct dma_buf *dma_buf;
	u64 iova;

	KUNIT_ASSERT_EQ(test, msm_test_write(obj, 1), 0);
	dma_buf = export(test, obj);
	/* Nobody has mapped it yet. */
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));

	theirs = import(test, sample, dma_buf);
	KUNIT_EXPECT_PTR_NE(test, theirs, obj);
	KUNIT_EXPECT_EQ(test, read_import(theirs, 1), 0);
	KUNIT_ASSERT_EQ(test, map(t, obj, &iova), 0);
	device_fill(&t->mmu, iova, TEST_SIZE, 2);
	unpin(obj);
	/* They hold it, whatever they are told. */
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_DONTNEED), 1);
	evict_all(test);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), TEST_PAGES);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_WILLNEED), 1);
	KUNIT_EXPECT_EQ(test, read_import(theirs, 2), 0);

	/* What they write is kept, though they do not tell. */
	KUNIT_ASSERT_EQ(test, write_import(theirs, 4), 0);
	drm_gem_object_put(theirs);
	flush_delayed_fput();
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), 0);

	/* And again, from swap. */
	theirs = import(test, sample, dma_buf);
	KUNIT_EXPECT_EQ(test, read_import(theirs, 4), 0);
	drm_gem_object_put(theirs);
	dma_buf_put(dma_buf);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, atomic_read(&to_msm_bo(obj)->vma_ref), 0);
	close_and_put(t, obj);
}

static void from_sample(struct kunit *test)
{
	struct drm_mode_create_dumb args = { .width = 128, .height = 128, .bpp = 32 };
	struct drm_file *client = open_sample(test);
	struct drm_device *sample = client->minor->dev;
	struct drm_gem_object *obj, *theirs;
	struct msm_test *t = test->priv;
	struct dma_buf *dma_buf;
	u64 iova;

	KUNIT_ASSERT_EQ(test, sample->driver->dumb_create(client, sample, &args), 0);
	KUNIT_ASSERT_EQ(test, args.size, TEST_SIZE);
	theirs = drm_gem_object_lookup(client, args.handle);
	KUNIT_ASSERT_NOT_NULL(test, theirs);
	dma_buf = drm_gem_prime_handle_to_dmabuf(sample, client, args.handle, DRM_RDWR);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dma_buf));

	obj = import(test, &t->drm, dma_buf);
	KUNIT_EXPECT_EQ(test, to_msm_bo(obj)->flags, MSM_BO_WC);
	KUNIT_EXPECT_PTR_EQ(test, obj->resv, dma_buf->resv);
	KUNIT_EXPECT_FALSE(test, list_empty(&to_msm_bo(obj)->node));
	/* It is not ours, so it does not count. */
	KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), 0);
	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova(obj, t->vm, &iova), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), TEST_PAGES);
	device_fill(&t->mmu, iova, TEST_SIZE, 3);
	/* Neither of the two can have its pages. */
	evict_all(test);
	drm_gem_pages_evict_all(sample);
	KUNIT_EXPECT_TRUE(test, is_resident(theirs));
	KUNIT_EXPECT_EQ(test, device_wrong_bytes(&t->mmu, iova, TEST_SIZE, 3), 0);
	KUNIT_EXPECT_EQ(test, read_import(obj, 3), 0);
	KUNIT_EXPECT_EQ(test, read_import(theirs, 3), 0);
	msm_gem_unpin_iova(obj, t->vm);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), 0);
	drm_gem_object_put(obj);
	flush_delayed_fput();

	/* Theirs alone, so it can go. */
	drm_gem_pages_evict_all(sample);
	KUNIT_EXPECT_FALSE(test, is_resident(theirs));
	obj = import(test, &t->drm, dma_buf);
	KUNIT_EXPECT_TRUE(test, is_resident(theirs));
	KUNIT_ASSERT_EQ(test, map(t, obj, &iova), 0);
	unpin(obj);
	KUNIT_EXPECT_EQ(test, device_wrong_bytes(&t->mmu, iova, TEST_SIZE, 3), 0);
	close_and_put(t, obj);
	dma_buf_put(dma_buf);
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(client, args.handle), 0);
	drm_gem_object_put(theirs);
	flush_delayed_fput();
}

struct import {
	struct msm_test *t;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	struct drm_gem_object *obj;
};

static int import_thread(void *data)
{
	struct import *import = data;

	import->obj = msm_gem_import(&import->t->drm, import->attach, import->sgt);
	return 0;
}

/* debugfs may look at an object as soon as it is listed, and locks it by what it has. */
static void import_is_listed_last(struct kunit *test)
{
	struct drm_gem_pages_object *theirs;
	struct msm_test *t = test->priv;
	struct import import = { .t = t };
	struct dma_buf_attachment *attach;
	struct drm_gem_object *obj;
	struct dma_buf *dma_buf;
	struct task_struct *task;
	bool is_ready = false;
	int i;

	theirs = drm_gem_pages_create(msm_test_other(test), TEST_SIZE, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, theirs);
	dma_buf = drm_gem_pages_prime_export(&theirs->base, DRM_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma_buf);
	attach = dma_buf_attach(dma_buf, t->drm.dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	import.attach = attach;
	import.sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, import.sgt);

	task = kthread_create(import_thread, &import, "msm-test-import");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	/* While the list is locked it gets as far as it can without being on it. */
	scoped_guard(mutex, &t->priv.obj_lock) {
		wake_up_process(task);
		for (i = 0; !is_ready && i < 100; i++) {
			msleep(20);
			obj = READ_ONCE(t->newest);
			is_ready = obj && READ_ONCE(obj->resv) == dma_buf->resv &&
				   drm_gem_is_imported(obj);
		}
		KUNIT_EXPECT_TRUE(test, is_ready);
		KUNIT_EXPECT_TRUE(test, list_empty(&t->priv.objects));
	}
	kthread_stop(task);
	put_task_struct(task);
	obj = import.obj;
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	KUNIT_EXPECT_FALSE(test, list_empty(&to_msm_bo(obj)->node));

	/* As DRM goes on; the object then has the attachment and a reference. */
	get_dma_buf(dma_buf);
	obj->import_attach = attach;
	obj->resv = dma_buf->resv;
	drm_gem_object_put(obj);
	dma_buf_put(dma_buf);
	flush_delayed_fput();
	drm_gem_object_put(&theirs->base);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(to_oneself),
	KUNIT_CASE(dma_buf_keeps_display),
	KUNIT_CASE(to_sample),
	KUNIT_CASE(from_sample),
	KUNIT_CASE(import_is_listed_last),
	{}
};

static struct kunit_suite suite = {
	.name = "msm_gem_prime",
	.init = msm_test_init,
	.exit = msm_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
