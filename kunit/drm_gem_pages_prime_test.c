// SPDX-License-Identifier: GPL-2.0

/*
 * PRIME, from both sides: the library's dma-bufs with importers of the test's own,
 * and dma-bufs of a mock exporter with the library as the importer.
 */

#include <kunit/resource.h>
#include <kunit/test.h>

#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <drm/drm_vma_manager.h>

#include "drm_gem_pages_test_util.h"

MODULE_IMPORT_NS("DMA_BUF");

#define TEST_SIZE	(8 * PAGE_SIZE)
#define SEED		0x47
#define RW		(PROT_READ | PROT_WRITE)

/*
 * Mock exporter
 */

#define MOCK_PAGES	4

struct mock_buf {
	struct dma_buf *dma_buf;
	struct page *pages[MOCK_PAGES];
	void *vaddr;
	int attach_error;
	int map_error;
	int mmap_error;
	/* One letter for each callback. */
	char log[64];
	unsigned int logged;
};

static void mock_log(struct mock_buf *mock, char event)
{
	if (mock->logged < sizeof(mock->log) - 1)
		mock->log[mock->logged++] = event;
}

static int mock_attach(struct dma_buf *dma_buf, struct dma_buf_attachment *attach)
{
	struct mock_buf *mock = dma_buf->priv;

	if (mock->attach_error)
		return mock->attach_error;
	mock_log(mock, 'A');
	return 0;
}

static void mock_detach(struct dma_buf *dma_buf, struct dma_buf_attachment *attach)
{
	mock_log(dma_buf->priv, 'D');
}

static struct sg_table *mock_map(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	struct mock_buf *mock = attach->dmabuf->priv;
	struct sg_table *sgt;
	int ret;

	if (mock->map_error)
		return ERR_PTR(mock->map_error);

	sgt = kzalloc_obj(*sgt);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table_from_pages(sgt, mock->pages, MOCK_PAGES, 0, MOCK_PAGES * PAGE_SIZE,
					GFP_KERNEL);
	if (ret)
		goto err_free;
	ret = dma_map_sgtable(attach->dev, sgt, dir, 0);
	if (ret)
		goto err_free_table;
	mock_log(mock, 'M');
	return sgt;

err_free_table:
	sg_free_table(sgt);
err_free:
	kfree(sgt);
	return ERR_PTR(ret);
}

static void mock_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		       enum dma_data_direction dir)
{
	mock_log(attach->dmabuf->priv, 'U');
	dma_unmap_sgtable(attach->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

static void mock_release(struct dma_buf *dma_buf)
{
	struct mock_buf *mock = dma_buf->priv;
	int i;

	mock_log(mock, 'R');
	for (i = 0; i < MOCK_PAGES; i++)
		put_page(mock->pages[i]);
}

static int mock_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	struct mock_buf *mock = dma_buf->priv;

	if (mock->mmap_error)
		return mock->mmap_error;
	mock_log(mock, 'P');
	return vm_map_pages(vma, mock->pages, MOCK_PAGES);
}

static int mock_vmap(struct dma_buf *dma_buf, struct iosys_map *map)
{
	struct mock_buf *mock = dma_buf->priv;

	mock->vaddr = vmap(mock->pages, MOCK_PAGES, VM_MAP, PAGE_KERNEL);
	if (!mock->vaddr)
		return -ENOMEM;
	mock_log(mock, 'V');
	iosys_map_set_vaddr(map, mock->vaddr);
	return 0;
}

static void mock_vunmap(struct dma_buf *dma_buf, struct iosys_map *map)
{
	struct mock_buf *mock = dma_buf->priv;

	mock_log(mock, 'v');
	vunmap(mock->vaddr);
}

static const struct dma_buf_ops mock_ops = {
	.attach = mock_attach,
	.detach = mock_detach,
	.map_dma_buf = mock_map,
	.unmap_dma_buf = mock_unmap,
	.release = mock_release,
	.mmap = mock_mmap,
	.vmap = mock_vmap,
	.vunmap = mock_vunmap,
};

/*
 * Suite
 */

struct prime_test {
	struct mock_buf mock;
	struct drm_device *drm;
	struct drm_device *other;
	struct drm_device *custom;
	struct drm_device *no_map;
};

static int prime_test_init(struct kunit *test)
{
	struct prime_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->drm = gp_test_device(test, "gp-prime", &gp_test_driver);
	t->other = gp_test_device(test, "gp-other", &gp_test_driver);
	t->custom = gp_test_device(test, "gp-custom", &gp_test_custom_driver);
	t->no_map = gp_test_device(test, "gp-no-map", &gp_test_no_map_driver);
	test->priv = t;
	return 0;
}

static void put_mock(void *data)
{
	struct mock_buf *mock = data;

	dma_buf_put(mock->dma_buf);
	flush_delayed_fput();
}

/* The dma-buf of the mock exporter, which the test has one reference to. */
static struct mock_buf *mock_buf(struct kunit *test, int flags)
{
	struct prime_test *t = test->priv;
	struct mock_buf *mock = &t->mock;
	struct dma_buf_export_info info = {
		.exp_name = "gp-mock",
		.owner = THIS_MODULE,
		.ops = &mock_ops,
		/* Not whole pages. */
		.size = MOCK_PAGES * PAGE_SIZE - 100,
		.flags = flags,
		.priv = mock,
	};
	int i;

	for (i = 0; i < MOCK_PAGES; i++) {
		mock->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, mock->pages[i]);
		gp_test_fill_at(page_address(mock->pages[i]), PAGE_SIZE, SEED + i);
	}
	mock->dma_buf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mock->dma_buf);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_mock, mock), 0);
	return mock;
}

/*
 * Importers that are not of the library
 */

struct importer {
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	enum dma_data_direction dir;
	bool stubborn;
	struct dma_fence *fence;
	unsigned int invalidated;
};

static void importer_invalidate(struct dma_buf_attachment *attach)
{
	struct importer *importer = attach->importer_priv;

	importer->invalidated++;
	if (importer->fence)
		dma_resv_add_fence(attach->dmabuf->resv, importer->fence, DMA_RESV_USAGE_BOOKKEEP);
	if (!importer->stubborn && importer->sgt) {
		dma_buf_unmap_attachment(attach, importer->sgt, importer->dir);
		importer->sgt = NULL;
	}
}

static const struct dma_buf_attach_ops importer_ops = {
	.invalidate_mappings = importer_invalidate,
};

static int importer_map(struct importer *importer, enum dma_data_direction dir)
{
	struct sg_table *sgt = dma_buf_map_attachment_unlocked(importer->attach, dir);

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	importer->sgt = sgt;
	importer->dir = dir;
	return 0;
}

static void importer_unmap(struct importer *importer)
{
	if (importer->sgt)
		dma_buf_unmap_attachment_unlocked(importer->attach, importer->sgt, importer->dir);
	importer->sgt = NULL;
}

static void importer_end(void *data)
{
	struct importer *importer = data;

	importer_unmap(importer);
	dma_buf_detach(importer->attach->dmabuf, importer->attach);
}

static struct importer *importer(struct kunit *test, struct dma_buf *dma_buf, bool dynamic)
{
	struct importer *importer = kunit_kzalloc(test, sizeof(*importer), GFP_KERNEL);
	struct prime_test *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, importer);
	importer->attach = dma_buf_dynamic_attach(dma_buf, drm_dev_dma_dev(t->other),
						  dynamic ? &importer_ops : NULL, importer);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, importer->attach);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, importer_end, importer), 0);
	return importer;
}

static struct drm_gem_pages_object *object(struct kunit *test)
{
	struct prime_test *t = test->priv;

	return gp_test_object(test, t->drm, TEST_SIZE, 0);
}

static struct drm_gem_pages_object *filled_object(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);

	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	gp_test_fill(test, obj, SEED);
	guard(drm_gem_pages)(obj);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_mark_dirty_locked(obj, 0, TEST_SIZE), 0);
	return obj;
}

static int pins(struct drm_gem_pages_object *obj)
{
	return atomic_read(&state_of(obj)->pin_count);
}

static unsigned int refs(struct drm_gem_pages_object *obj)
{
	return kref_read(&obj->base.refcount);
}

/*
 * Export
 */

static void export_size_and_mode(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	struct gp_test_snapshot before = gp_test_snapshot(obj);
	struct dma_buf *dma_buf;

	dma_buf = gp_test_export(test, obj, DRM_CLOEXEC);
	KUNIT_EXPECT_EQ(test, dma_buf->size, TEST_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, dma_buf->resv, obj->base.resv);
	KUNIT_EXPECT_FALSE(test, dma_buf->file->f_mode & FMODE_WRITE);
	KUNIT_EXPECT_TRUE(test, dma_buf->file->f_mode & FMODE_READ);
	KUNIT_EXPECT_EQ(test, refs(obj), before.refs + 1);
	gp_test_dma_buf_put(test, dma_buf);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));

	dma_buf = gp_test_export(test, obj, DRM_CLOEXEC | DRM_RDWR);
	KUNIT_EXPECT_TRUE(test, dma_buf->file->f_mode & FMODE_WRITE);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	gp_test_dma_buf_put(test, dma_buf);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
}

static void export_refused(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct file *file = gp_test_open(test, t->drm);
	struct drm_gem_pages_object *obj;
	struct gp_test_snapshot before;
	struct dma_buf *dma_buf;
	u32 handle;

	obj = gp_test_object(test, t->drm, TEST_SIZE, DRM_GEM_PAGES_NO_SHARE);
	KUNIT_ASSERT_EQ(test, drm_gem_handle_create(gp_test_drm_file(file), &obj->base, &handle),
			0);
	before = gp_test_snapshot(obj);

	dma_buf = drm_gem_pages_prime_export(&obj->base, DRM_RDWR);
	KUNIT_ASSERT_TRUE(test, IS_ERR(dma_buf));
	KUNIT_EXPECT_EQ(test, PTR_ERR(dma_buf), -EINVAL);
	dma_buf = drm_gem_prime_handle_to_dmabuf(t->drm, gp_test_drm_file(file), handle, DRM_RDWR);
	KUNIT_ASSERT_TRUE(test, IS_ERR(dma_buf));
	KUNIT_EXPECT_EQ(test, PTR_ERR(dma_buf), -EINVAL);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));

	/* An importer would keep the lock of an object that nobody keeps. */
	obj = object(test);
	obj->base.resv = object(test)->base.resv;
	dma_buf = drm_gem_pages_prime_export(&obj->base, DRM_RDWR);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dma_buf), -EINVAL);
}

static unsigned int releases;

static void count_release(struct dma_buf *dma_buf)
{
	releases++;
	drm_gem_dmabuf_release(dma_buf);
}

static const struct dma_buf_ops own_ops = {
	DRM_GEM_PAGES_DMA_BUF_OPS,
	.release = count_release,
};

/* A driver hears of the end of its dma-buf, and knows it as its own. */
static void export_with_own_release(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct drm_gem_pages_object *obj = object(test);
	unsigned int before = refs(obj);
	struct drm_gem_object *again;
	struct dma_buf *dma_buf;

	releases = 0;
	dma_buf = drm_gem_pages_prime_export_with(&obj->base, DRM_RDWR, &own_ops);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dma_buf));
	KUNIT_EXPECT_EQ(test, refs(obj), before + 1);

	again = drm_gem_pages_prime_import(t->drm, dma_buf);
	KUNIT_EXPECT_PTR_EQ(test, again, &obj->base);
	KUNIT_EXPECT_TRUE(test, list_empty(&dma_buf->attachments));
	if (!IS_ERR(again))
		drm_gem_object_put(again);

	dma_buf_put(dma_buf);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, releases, 1);
	KUNIT_EXPECT_EQ(test, refs(obj), before);

	obj = gp_test_object(test, t->drm, TEST_SIZE, DRM_GEM_PAGES_NO_SHARE);
	dma_buf = drm_gem_pages_prime_export_with(&obj->base, DRM_RDWR, &own_ops);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dma_buf), -EINVAL);
}

static void self_import(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct drm_gem_pages_object *obj = object(test), *again, *private;
	struct gp_test_snapshot before = gp_test_snapshot(obj);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	long files = file_count(dma_buf->file);

	again = gp_test_import(test, t->drm, dma_buf);
	KUNIT_EXPECT_PTR_EQ(test, again, obj);
	KUNIT_EXPECT_EQ(test, refs(obj), before.refs + 2);
	KUNIT_EXPECT_FALSE(test, drm_gem_is_imported(&obj->base));
	KUNIT_EXPECT_TRUE(test, list_empty(&dma_buf->attachments));
	KUNIT_EXPECT_EQ(test, file_count(dma_buf->file), files);
	/* The same without mapping. */
	private = gp_test_object(test, t->no_map, TEST_SIZE, 0);
	dma_buf = gp_test_export(test, private, DRM_RDWR);
	again = gp_test_import(test, t->no_map, dma_buf);
	KUNIT_EXPECT_PTR_EQ(test, again, private);
	KUNIT_EXPECT_EQ(test, refs(private), 3);
	KUNIT_EXPECT_TRUE(test, list_empty(&dma_buf->attachments));
}

/*
 * Import of what others export
 */

static void import_mapped(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct mock_buf *mock = mock_buf(test, O_RDWR);
	long files = file_count(mock->dma_buf->file);
	struct drm_gem_pages_object *obj;
	struct sg_table *sgt;

	obj = gp_test_import(test, t->drm, mock->dma_buf);
	KUNIT_EXPECT_STREQ(test, mock->log, "AM");
	KUNIT_EXPECT_EQ(test, obj->base.size, MOCK_PAGES * PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, obj->base.resv, mock->dma_buf->resv);
	KUNIT_EXPECT_TRUE(test, drm_gem_is_imported(&obj->base));
	KUNIT_EXPECT_PTR_EQ(test, obj->base.import_attach->dev, drm_dev_dma_dev(t->drm));
	KUNIT_EXPECT_EQ(test, file_count(mock->dma_buf->file), files + 1);

	/* It has none of the library's sub-resources, and pins do nothing. */
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	KUNIT_EXPECT_EQ(test, drm_gem_pages_pin(obj), 0);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(obj));
	drm_gem_pages_unpin(obj);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EINVAL);
	sgt = drm_gem_pages_get_sgt(obj);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, sg_dma_len(sgt->sgl) > 0, true);
	drm_gem_pages_put_sgt(obj);
	scoped_guard(drm_gem_pages, obj) {
		KUNIT_EXPECT_PTR_EQ(test, drm_gem_pages_sgt_locked(obj), sgt);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_purge_locked(obj), -EINVAL);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_mark_dirty_locked(obj, 0, PAGE_SIZE), 0);
	}
	KUNIT_EXPECT_STREQ(test, mock->log, "AM");

	gp_test_put(test, obj);
	flush_delayed_fput();
	KUNIT_EXPECT_STREQ(test, mock->log, "AMUD");
	KUNIT_EXPECT_EQ(test, file_count(mock->dma_buf->file), files);
	kunit_release_action(test, put_mock, mock);
	KUNIT_EXPECT_STREQ(test, mock->log, "AMUDR");
}

static void import_keeps_dma_buf(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct mock_buf *mock = mock_buf(test, O_RDWR);
	struct drm_gem_pages_object *obj;

	obj = gp_test_import(test, t->drm, mock->dma_buf);
	kunit_release_action(test, put_mock, mock);
	KUNIT_EXPECT_STREQ(test, mock->log, "AM");
	gp_test_put(test, obj);
	flush_delayed_fput();
	KUNIT_EXPECT_STREQ(test, mock->log, "AMUDR");
}

static void import_no_map(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct mock_buf *mock = mock_buf(test, O_RDWR);
	struct drm_gem_pages_object *obj;
	struct iosys_map map;

	obj = gp_test_import(test, t->no_map, mock->dma_buf);
	KUNIT_EXPECT_STREQ(test, mock->log, "A");
	KUNIT_EXPECT_EQ(test, obj->base.size, MOCK_PAGES * PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, obj->base.resv, mock->dma_buf->resv);
	KUNIT_EXPECT_EQ(test, PTR_ERR(drm_gem_pages_get_sgt(obj)), -EINVAL);
	scoped_guard(drm_gem_pages, obj)
		KUNIT_EXPECT_EQ(test, PTR_ERR(drm_gem_pages_sgt_locked(obj)), -EINVAL);

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &map), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_check_at(map.vaddr, PAGE_SIZE, SEED));
	drm_gem_pages_vunmap(obj, &map);
	KUNIT_EXPECT_STREQ(test, mock->log, "AVv");

	kunit_release_action(test, put_mock, mock);
	gp_test_put(test, obj);
	flush_delayed_fput();
	KUNIT_EXPECT_STREQ(test, mock->log, "AVvDR");
}

static void import_errors(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct mock_buf *mock = mock_buf(test, O_RDWR);
	long files = file_count(mock->dma_buf->file);
	struct drm_gem_object *gem;

	mock->attach_error = -ENOTSUPP;
	gem = drm_gem_pages_prime_import(t->drm, mock->dma_buf);
	KUNIT_EXPECT_EQ(test, PTR_ERR(gem), -ENOTSUPP);
	gem = drm_gem_pages_prime_import_no_map(t->drm, mock->dma_buf);
	KUNIT_EXPECT_EQ(test, PTR_ERR(gem), -ENOTSUPP);
	KUNIT_EXPECT_STREQ(test, mock->log, "");
	mock->attach_error = 0;

	mock->map_error = -EREMOTEIO;
	gem = drm_gem_pages_prime_import(t->drm, mock->dma_buf);
	KUNIT_EXPECT_EQ(test, PTR_ERR(gem), -EREMOTEIO);
	KUNIT_EXPECT_STREQ(test, mock->log, "AD");
	mock->map_error = 0;

	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, file_count(mock->dma_buf->file), files);
	KUNIT_EXPECT_TRUE(test, list_empty(&mock->dma_buf->attachments));
	gp_test_import(test, t->drm, mock->dma_buf);
}

static void import_without_object(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct mock_buf *mock = mock_buf(test, O_RDWR);
	struct gp_test_device *dev = to_gp_test_device(t->custom);
	long files = file_count(mock->dma_buf->file);
	struct drm_gem_pages_object *obj;
	struct drm_gem_object *gem;

	dev->create_error = -ENOSPC;
	gem = drm_gem_pages_prime_import(t->custom, mock->dma_buf);
	KUNIT_EXPECT_EQ(test, PTR_ERR(gem), -ENOSPC);
	KUNIT_EXPECT_EQ(test, dev->create_size, MOCK_PAGES * PAGE_SIZE);
	KUNIT_EXPECT_STREQ(test, mock->log, "AMUD");
	gem = drm_gem_pages_prime_import_no_map(t->custom, mock->dma_buf);
	KUNIT_EXPECT_EQ(test, PTR_ERR(gem), -ENOSPC);
	KUNIT_EXPECT_STREQ(test, mock->log, "AMUDAD");
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, file_count(mock->dma_buf->file), files);

	/* The driver's own kind of object, and its own way to free it. */
	dev->create_error = 0;
	obj = gp_test_import(test, t->custom, mock->dma_buf);
	KUNIT_EXPECT_EQ(test, container_of(obj, struct gp_test_object, pages)->cookie,
			GP_TEST_COOKIE);
	gp_test_put(test, obj);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->created), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 1);
}

static void vmap_of_imported(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct mock_buf *mock = mock_buf(test, O_RDWR);
	struct drm_gem_pages_object *obj = gp_test_import(test, t->drm, mock->dma_buf);
	struct iosys_map one, two;

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &one), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(obj, &two), 0);
	KUNIT_EXPECT_STREQ(test, mock->log, "AMV");
	KUNIT_EXPECT_PTR_EQ(test, one.vaddr, mock->vaddr);
	KUNIT_EXPECT_PTR_EQ(test, two.vaddr, mock->vaddr);
	KUNIT_EXPECT_TRUE(test, gp_test_check_at(one.vaddr + PAGE_SIZE, PAGE_SIZE, SEED + 1));
	KUNIT_EXPECT_EQ(test, state_of(obj)->vmap_count, 0);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(obj));

	drm_gem_pages_vunmap(obj, &one);
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&one));
	KUNIT_EXPECT_STREQ(test, mock->log, "AMV");
	drm_gem_pages_vunmap(obj, &two);
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&two));
	KUNIT_EXPECT_STREQ(test, mock->log, "AMVv");
}

/*
 * From one device to another
 */

static void device_to_device(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct drm_gem_pages_object *obj = filled_object(test), *imported;
	struct gp_test_snapshot before = gp_test_snapshot(obj);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	struct iosys_map map;

	imported = gp_test_import(test, t->other, dma_buf);
	KUNIT_EXPECT_PTR_NE(test, imported, obj);
	KUNIT_EXPECT_PTR_EQ(test, imported->base.dev, t->other);
	KUNIT_EXPECT_NOT_NULL(test, state_of(imported)->sgt);
	/* The exporter's own device map is none of an importer's business. */
	KUNIT_EXPECT_NULL(test, state_of(obj)->sgt);
	KUNIT_EXPECT_EQ(test, pins(obj), 1);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	scoped_guard(drm_gem_pages, obj)
		KUNIT_EXPECT_EQ(test, drm_gem_pages_purge_locked(obj), -EBUSY);
	KUNIT_EXPECT_TRUE(test, gp_test_check(obj, SEED));

	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(imported, &map), 0);
	KUNIT_EXPECT_EQ(test, pins(obj), 2);
	KUNIT_EXPECT_TRUE(test, gp_test_check_at(map.vaddr, TEST_SIZE, SEED));
	drm_gem_pages_vunmap(imported, &map);

	gp_test_put(test, imported);
	KUNIT_EXPECT_EQ(test, pins(obj), 0);
	gp_test_dma_buf_put(test, dma_buf);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, refs(obj), before.refs);
}

static void import_outlives_exporter(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct gp_test_device *dev = to_gp_test_device(t->custom);
	struct drm_gem_pages_object *obj, *imported;
	struct dma_buf *dma_buf;
	struct iosys_map map;

	obj = gp_test_object(test, t->custom, TEST_SIZE, 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	gp_test_fill(test, obj, SEED);
	dma_buf = gp_test_export(test, obj, DRM_RDWR);
	imported = gp_test_import(test, t->other, dma_buf);

	gp_test_put(test, obj);
	gp_test_dma_buf_put(test, dma_buf);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_vmap(imported, &map), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_check_at(map.vaddr, TEST_SIZE, SEED));
	drm_gem_pages_vunmap(imported, &map);
	gp_test_put(test, imported);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->freed), 1);
}

/*
 * Importers and eviction
 */

static void static_importer_pins(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	struct importer *one = importer(test, dma_buf, false);
	struct importer *two = importer(test, dma_buf, false);

	/* An attachment alone is nothing. */
	KUNIT_EXPECT_EQ(test, pins(obj), 0);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));

	KUNIT_ASSERT_EQ(test, importer_map(one, DMA_BIDIRECTIONAL), 0);
	KUNIT_EXPECT_EQ(test, pins(obj), 1);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	KUNIT_ASSERT_EQ(test, importer_map(two, DMA_BIDIRECTIONAL), 0);
	KUNIT_EXPECT_EQ(test, pins(obj), 2);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);

	importer_unmap(one);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	importer_unmap(two);
	KUNIT_EXPECT_EQ(test, pins(obj), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	KUNIT_EXPECT_TRUE(test, hlist_empty(&state_of(obj)->attach_maps));
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
}

static void dynamic_importer_moves(struct kunit *test)
{
	struct drm_gem_pages_object *obj = filled_object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	struct importer *one = importer(test, dma_buf, true);
	struct importer *two = importer(test, dma_buf, true);

	/* Nobody who has nothing is asked. */
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, one->invalidated, 0);

	KUNIT_ASSERT_EQ(test, importer_map(one, DMA_TO_DEVICE), 0);
	KUNIT_ASSERT_EQ(test, importer_map(two, DMA_TO_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, pins(obj), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, one->invalidated, 1);
	KUNIT_EXPECT_EQ(test, two->invalidated, 1);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	KUNIT_EXPECT_TRUE(test, hlist_empty(&state_of(obj)->attach_maps));

	KUNIT_ASSERT_EQ(test, importer_map(one, DMA_TO_DEVICE), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_check(obj, SEED));
	/* A pin of its own is still possible. */
	scoped_guard(drm_gem_pages, obj)
		KUNIT_ASSERT_EQ(test, dma_buf_pin(one->attach), 0);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	KUNIT_EXPECT_EQ(test, one->invalidated, 1);
	scoped_guard(drm_gem_pages, obj)
		dma_buf_unpin(one->attach);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, one->invalidated, 2);
}

static void dynamic_importer_stays(struct kunit *test)
{
	struct drm_gem_pages_object *obj = filled_object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	struct importer *good = importer(test, dma_buf, true);
	struct importer *bad = importer(test, dma_buf, true);
	struct gp_test_snapshot before;

	KUNIT_ASSERT_EQ(test, importer_map(good, DMA_TO_DEVICE), 0);
	KUNIT_ASSERT_EQ(test, importer_map(bad, DMA_TO_DEVICE), 0);
	bad->stubborn = true;
	before = gp_test_snapshot(obj);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	KUNIT_EXPECT_GE(test, bad->invalidated, 1);
	KUNIT_EXPECT_NULL(test, good->sgt);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	KUNIT_EXPECT_TRUE(test, gp_test_check(obj, SEED));
	scoped_guard(drm_gem_pages, obj)
		KUNIT_EXPECT_EQ(test, drm_gem_pages_purge_locked(obj), -EBUSY);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));

	importer_unmap(bad);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
}

static void dynamic_importer_leaves_fence(struct kunit *test)
{
	struct drm_gem_pages_object *obj = filled_object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	struct importer *one = importer(test, dma_buf, true);

	KUNIT_ASSERT_EQ(test, importer_map(one, DMA_TO_DEVICE), 0);
	one->fence = gp_test_fence(test);
	scoped_guard(drm_gem_pages, obj) {
		KUNIT_ASSERT_EQ(test, dma_resv_reserve_fences(obj->base.resv, 1), 0);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_locked(obj), -EBUSY);
	}

	KUNIT_EXPECT_NULL(test, one->sgt);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	KUNIT_EXPECT_EQ(test, one->invalidated, 1);
	dma_fence_signal(one->fence);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
}

/* The object forgets its dma-buf with its last handle, its importers do not. */
static void evict_without_handle(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct file *file = gp_test_open(test, t->drm);
	struct drm_gem_pages_object *obj = filled_object(test);
	struct importer *one;
	struct dma_buf *dma_buf;
	u32 handle;

	KUNIT_ASSERT_EQ(test, drm_gem_handle_create(gp_test_drm_file(file), &obj->base, &handle),
			0);
	dma_buf = drm_gem_prime_handle_to_dmabuf(t->drm, gp_test_drm_file(file), handle, DRM_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma_buf);
	one = importer(test, dma_buf, true);
	KUNIT_ASSERT_EQ(test, importer_map(one, DMA_TO_DEVICE), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_handle_delete(gp_test_drm_file(file), handle), 0);
	KUNIT_ASSERT_NULL(test, obj->base.dma_buf);

	one->stubborn = true;
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	KUNIT_EXPECT_EQ(test, one->invalidated, 1);
	one->stubborn = false;
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, one->invalidated, 2);

	kunit_release_action(test, importer_end, one);
	dma_buf_put(dma_buf);
}

/* Two dma-bufs of one object, each with an importer that can move. */
static void evict_with_two_exports(struct kunit *test)
{
	struct drm_gem_pages_object *obj = filled_object(test);
	struct dma_buf *first = gp_test_export(test, obj, DRM_RDWR);
	struct dma_buf *second = gp_test_export(test, obj, DRM_RDWR);
	struct importer *one = importer(test, first, true);
	struct importer *two = importer(test, second, true);

	KUNIT_ASSERT_EQ(test, importer_map(one, DMA_TO_DEVICE), 0);
	KUNIT_ASSERT_EQ(test, importer_map(two, DMA_TO_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, one->invalidated, 1);
	KUNIT_EXPECT_EQ(test, two->invalidated, 1);
}

static void importer_dirties(struct kunit *test)
{
	static const struct { enum dma_data_direction dir; bool dirty; } cases[] = {
		{ DMA_TO_DEVICE, false },
		{ DMA_FROM_DEVICE, true },
		{ DMA_BIDIRECTIONAL, true },
		{ DMA_TO_DEVICE, false },
	};
	struct prime_test *t = test->priv;
	struct gp_test_device *dev = to_gp_test_device(t->drm);
	struct drm_gem_pages_object *obj;
	struct dma_buf *dma_buf;
	struct importer *one;
	int i;

	obj = gp_test_private_object(test, t->drm, TEST_SIZE, 0);
	dma_buf = gp_test_export(test, obj, DRM_RDWR);
	one = importer(test, dma_buf, false);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_ASSERT_EQ(test, importer_map(one, cases[i].dir), 0);
		importer_unmap(one);
		dev->put_dirty = !cases[i].dirty;
		KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
		KUNIT_EXPECT_EQ_MSG(test, dev->put_dirty, cases[i].dirty, "direction %d",
				    cases[i].dir);
	}

	/* With shmem the folios are told. */
	obj = object(test);
	dma_buf = gp_test_export(test, obj, DRM_RDWR);
	one = importer(test, dma_buf, false);
	for (i = 0; i < 2; i++) {
		struct page *page;

		KUNIT_ASSERT_EQ(test, importer_map(one, cases[i].dir), 0);
		importer_unmap(one);
		KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
		KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
		scoped_guard(drm_gem_pages, obj)
			page = drm_gem_pages_page_locked(obj, 3);
		KUNIT_EXPECT_EQ(test, folio_test_dirty(page_folio(page)), cases[i].dirty);
	}
}

static void map_errors(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct gp_test_device *dev = to_gp_test_device(t->drm);
	struct drm_gem_pages_object *obj;
	struct gp_test_snapshot before;
	struct dma_buf *dma_buf;
	int dynamic;

	for (dynamic = 0; dynamic < 2; dynamic++) {
		struct importer *one;

		obj = gp_test_private_object(test, t->drm, TEST_SIZE, 0);
		dma_buf = gp_test_export(test, obj, DRM_RDWR);
		one = importer(test, dma_buf, dynamic);
		before = gp_test_snapshot(obj);
		dev->get_error = -ENOMEM;
		KUNIT_EXPECT_EQ(test, importer_map(one, DMA_BIDIRECTIONAL), -ENOMEM);
		KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
		dev->get_error = 0;
		KUNIT_EXPECT_EQ(test, importer_map(one, DMA_BIDIRECTIONAL), 0);
		importer_unmap(one);

		before = gp_test_snapshot(obj);
		KUNIT_EXPECT_EQ(test, importer_map(one, DMA_NONE), -EINVAL);
		KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));

		scoped_guard(drm_gem_pages, obj)
			KUNIT_ASSERT_EQ(test, drm_gem_pages_purge_locked(obj), 0);
		before = gp_test_snapshot(obj);
		KUNIT_EXPECT_EQ(test, importer_map(one, DMA_BIDIRECTIONAL), -EFAULT);
		KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	}
}

/*
 * CPU access
 */

static void vmap_of_exported(struct kunit *test)
{
	struct drm_gem_pages_object *obj = filled_object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, dma_buf_vmap_unlocked(dma_buf, &map), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_check_at(map.vaddr, TEST_SIZE, SEED));
	KUNIT_EXPECT_EQ(test, pins(obj), 1);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), -EBUSY);
	gp_test_fill_at(map.vaddr, TEST_SIZE, SEED + 1);
	KUNIT_EXPECT_EQ(test, dma_buf_begin_cpu_access(dma_buf, DMA_BIDIRECTIONAL), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_end_cpu_access(dma_buf, DMA_BIDIRECTIONAL), 0);
	dma_buf_vunmap_unlocked(dma_buf, &map);
	KUNIT_EXPECT_EQ(test, pins(obj), 0);
	KUNIT_EXPECT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_check(obj, SEED + 1));
}

static void cpu_access_without_pages(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	struct gp_test_snapshot before = gp_test_snapshot(obj);
	struct importer *one = importer(test, dma_buf, false);

	KUNIT_EXPECT_EQ(test, dma_buf_begin_cpu_access(dma_buf, DMA_FROM_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_end_cpu_access(dma_buf, DMA_FROM_DEVICE), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));

	/* Nor does a purged object matter, or an importer that is gone. */
	KUNIT_ASSERT_EQ(test, importer_map(one, DMA_BIDIRECTIONAL), 0);
	importer_unmap(one);
	scoped_guard(drm_gem_pages, obj)
		KUNIT_ASSERT_EQ(test, drm_gem_pages_purge_locked(obj), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_begin_cpu_access(dma_buf, DMA_BIDIRECTIONAL), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_end_cpu_access(dma_buf, DMA_BIDIRECTIONAL), 0);
}

/* @sgl was synced once, in @dir. */
static bool synced(struct gp_test_sync_log *log, struct device *dev, struct scatterlist *sgl,
		   bool for_cpu, enum dma_data_direction dir)
{
	unsigned int i, found = 0;

	for (i = 0; i < log->count; i++) {
		if (log->sgl[i] != sgl)
			continue;
		found++;
		if (log->dev[i] != dev || log->for_cpu[i] != for_cpu || log->dir[i] != dir)
			return false;
	}
	return found == 1;
}

static void cpu_access_syncs(struct kunit *test)
{
	static const enum dma_data_direction dirs[] = {
		DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_BIDIRECTIONAL,
	};
	struct prime_test *t = test->priv;
	struct drm_gem_pages_object *obj = object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	struct device *dev = drm_dev_dma_dev(t->drm), *other = drm_dev_dma_dev(t->other);
	struct importer *importers[ARRAY_SIZE(dirs)];
	struct gp_test_sync_log *log;
	struct sg_table *sgt;
	int i, j, begin, ret;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		importers[i] = importer(test, dma_buf, i == 1);
		KUNIT_ASSERT_EQ(test, importer_map(importers[i], dirs[i]), 0);
	}
	sgt = drm_gem_pages_get_sgt(obj);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	drm_gem_pages_put_sgt(obj);
	log = gp_test_sync_log(test);

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		for (begin = 1; begin >= 0; begin--) {
			if (log)
				log->count = 0;
			ret = begin ? dma_buf_begin_cpu_access(dma_buf, dirs[i]) :
				      dma_buf_end_cpu_access(dma_buf, dirs[i]);
			KUNIT_EXPECT_EQ(test, ret, 0);
			if (!log)
				continue;

			KUNIT_EXPECT_EQ(test, log->count, 4);
			KUNIT_EXPECT_TRUE(test, synced(log, dev, sgt->sgl, begin, dirs[i]));
			for (j = 0; j < ARRAY_SIZE(dirs); j++)
				KUNIT_EXPECT_TRUE_MSG(test,
						      synced(log, other, importers[j]->sgt->sgl,
							     begin, dirs[j] == DMA_BIDIRECTIONAL ?
							     dirs[i] : dirs[j]),
						      "access %d, importer %d", i, j);
		}
	}

	/* Those that are gone are left alone. */
	importer_unmap(importers[0]);
	importer_unmap(importers[2]);
	KUNIT_ASSERT_EQ(test, gp_test_evict(obj), 0);
	KUNIT_EXPECT_EQ(test, importers[1]->invalidated, 1);
	if (log)
		log->count = 0;
	KUNIT_EXPECT_EQ(test, dma_buf_begin_cpu_access(dma_buf, DMA_BIDIRECTIONAL), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_end_cpu_access(dma_buf, DMA_BIDIRECTIONAL), 0);
	if (log)
		KUNIT_EXPECT_EQ(test, log->count, 0);
}

/*
 * Mappings of imported objects
 */

/* Answers the address or a negative error code. */
static long map(struct drm_gem_pages_object *obj, struct file *file, unsigned long size,
		unsigned long prot, unsigned long flags)
{
	return vm_mmap(file, 0, size, prot, flags, drm_vma_node_offset_addr(&obj->base.vma_node));
}

static bool may_write(unsigned long addr)
{
	struct vm_area_struct *vma;
	bool may;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	may = vma && vma->vm_flags & (VM_WRITE | VM_MAYWRITE);
	mmap_read_unlock(current->mm);
	return may;
}

static void mmap_of_imported(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct drm_gem_pages_object *obj = filled_object(test), *imported;
	struct dma_buf *dma_buf;
	unsigned int own_refs, other_refs;
	struct file *file;
	long addr, files;
	u8 value = 0;

	gp_test_attach_mm(test);
	file = gp_test_open(test, t->other);
	dma_buf = gp_test_export(test, obj, DRM_RDWR);
	imported = gp_test_import(test, t->other, dma_buf);
	gp_test_allow(test, file, imported);
	other_refs = refs(imported);
	own_refs = refs(obj);
	files = file_count(dma_buf->file);

	addr = map(imported, file, TEST_SIZE, RW, MAP_SHARED);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	/* The VMA is the exporter's through and through. */
	KUNIT_EXPECT_EQ(test, refs(imported), other_refs);
	KUNIT_EXPECT_EQ(test, atomic_read(&state_of(imported)->mmap_count), 0);
	KUNIT_EXPECT_EQ(test, refs(obj), own_refs + 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&state_of(obj)->mmap_count), 1);
	KUNIT_EXPECT_EQ(test, file_count(dma_buf->file), files + 1);

	KUNIT_EXPECT_EQ(test, get_user(value, (u8 __user *)(addr + 5 * PAGE_SIZE + 9)), 0);
	KUNIT_EXPECT_EQ(test, value, gp_test_byte(5 * PAGE_SIZE + 9, SEED));
	KUNIT_EXPECT_EQ(test, put_user(value, (u8 __user *)(addr + 5 * PAGE_SIZE + 9)), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_check(obj, SEED));

	KUNIT_ASSERT_EQ(test, vm_munmap(addr, TEST_SIZE), 0);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, refs(imported), other_refs);
	KUNIT_EXPECT_EQ(test, refs(obj), own_refs);
	KUNIT_EXPECT_EQ(test, atomic_read(&state_of(obj)->mmap_count), 0);
	KUNIT_EXPECT_EQ(test, file_count(dma_buf->file), files);

	KUNIT_EXPECT_EQ(test, map(imported, file, TEST_SIZE, RW, MAP_PRIVATE), -EINVAL);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, refs(imported), other_refs);
	KUNIT_EXPECT_EQ(test, refs(obj), own_refs);
}

static void mmap_of_foreign(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct mock_buf *mock = mock_buf(test, O_RDWR);
	struct drm_gem_pages_object *obj;
	struct gp_test_snapshot before;
	unsigned long size = (MOCK_PAGES - 1) * PAGE_SIZE;
	struct file *file;
	long addr, files;
	u8 value = 0;

	gp_test_attach_mm(test);
	file = gp_test_open(test, t->drm);
	obj = gp_test_import(test, t->drm, mock->dma_buf);
	gp_test_allow(test, file, obj);
	before = gp_test_snapshot(obj);
	files = file_count(mock->dma_buf->file);

	/* More than the dma-buf has in whole pages. */
	KUNIT_EXPECT_EQ(test, map(obj, file, obj->base.size, RW, MAP_SHARED), -EINVAL);
	/* The exporter does not like it. */
	mock->mmap_error = -ENXIO;
	addr = map(obj, file, size, RW, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, addr, -ENXIO);
	mock->mmap_error = 0;
	flush_delayed_fput();
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	KUNIT_EXPECT_EQ(test, file_count(mock->dma_buf->file), files);
	KUNIT_EXPECT_STREQ(test, mock->log, "AM");

	addr = map(obj, file, size, RW, MAP_SHARED);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_STREQ(test, mock->log, "AMP");
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	KUNIT_EXPECT_EQ(test, get_user(value, (u8 __user *)(addr + 2 * PAGE_SIZE + 9)), 0);
	KUNIT_EXPECT_EQ(test, value, gp_test_byte(9, SEED + 2));

	KUNIT_ASSERT_EQ(test, vm_munmap(addr, size), 0);
	flush_delayed_fput();
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	KUNIT_EXPECT_EQ(test, file_count(mock->dma_buf->file), files);
}

/* Through the node's file, which is writable, nobody gets more than was exported. */
static void mmap_of_read_only(struct kunit *test)
{
	struct prime_test *t = test->priv;
	struct drm_gem_pages_object *obj = filled_object(test), *imported;
	struct gp_test_snapshot before;
	struct dma_buf *dma_buf;
	struct file *file;
	u8 value = 0;
	long addr;

	gp_test_attach_mm(test);
	file = gp_test_open(test, t->other);
	dma_buf = gp_test_export(test, obj, 0);
	imported = gp_test_import(test, t->other, dma_buf);
	gp_test_allow(test, file, imported);
	before = gp_test_snapshot(imported);

	KUNIT_EXPECT_EQ(test, map(imported, file, TEST_SIZE, RW, MAP_SHARED), -EACCES);
	flush_delayed_fput();
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, imported, &before));

	addr = map(imported, file, TEST_SIZE, PROT_READ, MAP_SHARED);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_FALSE(test, may_write(addr));
	KUNIT_EXPECT_EQ(test, get_user(value, (u8 __user *)(addr + 9)), 0);
	KUNIT_EXPECT_EQ(test, value, gp_test_byte(9, SEED));
	KUNIT_EXPECT_NE(test, put_user(value, (u8 __user *)(addr + 9)), 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, TEST_SIZE), 0);

	/* The other kind could be made writable. */
	dma_buf = gp_test_export(test, obj, DRM_RDWR);
	imported = gp_test_import(test, t->other, dma_buf);
	gp_test_allow(test, file, imported);
	addr = map(imported, file, TEST_SIZE, PROT_READ, MAP_SHARED);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_TRUE(test, may_write(addr));
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, TEST_SIZE), 0);
}

static struct kunit_case prime_cases[] = {
	KUNIT_CASE(export_size_and_mode),
	KUNIT_CASE(export_refused),
	KUNIT_CASE(export_with_own_release),
	KUNIT_CASE(self_import),
	KUNIT_CASE(import_mapped),
	KUNIT_CASE(import_keeps_dma_buf),
	KUNIT_CASE(import_no_map),
	KUNIT_CASE(import_errors),
	KUNIT_CASE(import_without_object),
	KUNIT_CASE(vmap_of_imported),
	KUNIT_CASE(device_to_device),
	KUNIT_CASE(import_outlives_exporter),
	KUNIT_CASE(static_importer_pins),
	KUNIT_CASE(dynamic_importer_moves),
	KUNIT_CASE(dynamic_importer_stays),
	KUNIT_CASE(dynamic_importer_leaves_fence),
	KUNIT_CASE(evict_without_handle),
	KUNIT_CASE(evict_with_two_exports),
	KUNIT_CASE(importer_dirties),
	KUNIT_CASE(map_errors),
	KUNIT_CASE(vmap_of_exported),
	KUNIT_CASE(cpu_access_without_pages),
	KUNIT_CASE(cpu_access_syncs),
	KUNIT_CASE(mmap_of_imported),
	KUNIT_CASE(mmap_of_foreign),
	KUNIT_CASE(mmap_of_read_only),
	{ }
};

static struct kunit_suite prime_suite = {
	.name = "drm_gem_pages_prime",
	.init = prime_test_init,
	.test_cases = prime_cases,
};

kunit_test_suite(prime_suite);

MODULE_DESCRIPTION("KUnit tests for PRIME of GEM objects made of pages");
MODULE_LICENSE("GPL");
