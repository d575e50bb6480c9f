// SPDX-License-Identifier: GPL-2.0

#include <kunit/device.h>
#include <kunit/resource.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>

#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fwnode.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_kunit_helpers.h>

#include "drm_gem_pages_test_util.h"

MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");

/*
 * Drivers
 */

DEFINE_DRM_GEM_FOPS(gp_test_fops);

static void custom_free(struct drm_gem_object *gem)
{
	struct gp_test_object *obj = container_of(gem, struct gp_test_object, pages.base);

	atomic_inc(&to_gp_test_device(gem->dev)->freed);
	drm_gem_pages_release(&obj->pages);
	kfree(obj);
}

static const struct drm_gem_object_funcs custom_funcs = {
	.free = custom_free,
	DRM_GEM_PAGES_OBJECT_FUNCS,
};

static struct drm_gem_object *custom_create(struct drm_device *drm, size_t size)
{
	struct gp_test_device *dev = to_gp_test_device(drm);
	struct gp_test_object *obj;

	dev->create_size = size;
	if (dev->create_error)
		return ERR_PTR(dev->create_error);

	obj = kzalloc_obj(*obj);
	if (!obj)
		return ERR_PTR(-ENOMEM);
	obj->cookie = GP_TEST_COOKIE;
	obj->pages.base.funcs = &custom_funcs;
	atomic_inc(&dev->created);
	return &obj->pages.base;
}

#define GP_TEST_DRIVER					\
	.driver_features = DRIVER_GEM | DRIVER_RENDER,	\
	.name = "gp-test",				\
	.desc = "mock driver of the drm_gem_pages tests", \
	.major = 1,					\
	.fops = &gp_test_fops

const struct drm_driver gp_test_driver = {
	GP_TEST_DRIVER,
	DRM_GEM_PAGES_DRIVER_OPS,
};

const struct drm_driver gp_test_custom_driver = {
	GP_TEST_DRIVER,
	DRM_GEM_PAGES_DRIVER_OPS,
	.gem_create_object = custom_create,
};

const struct drm_driver gp_test_no_map_driver = {
	GP_TEST_DRIVER,
	.gem_prime_import = drm_gem_pages_prime_import_no_map,
	.dumb_create = drm_gem_pages_dumb_create,
	.dumb_map_offset = drm_gem_pages_mmap_offset,
};

/*
 * Devices
 */

/* References to files that kernel threads drop are dropped later, by a worker. */
static void flush_files(void *unused)
{
	flush_delayed_fput();
}

static bool coherent(struct device *dev)
{
	return true;
}

static bool non_coherent(struct device *dev)
{
	return false;
}

void gp_test_set_coherent(struct kunit *test, bool is_coherent)
{
	if (is_coherent)
		kunit_activate_static_stub(test, drm_gem_pages_is_coherent, coherent);
	else
		kunit_activate_static_stub(test, drm_gem_pages_is_coherent, non_coherent);
}

struct drm_device *gp_test_device(struct kunit *test, const char *name,
				  const struct drm_driver *driver)
{
	struct gp_test_device *gp;
	struct device *dev;

	gp_test_set_coherent(test, false);
	dev = kunit_device_register(test, name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);

	dev->dma_parms = kunit_kzalloc(test, sizeof(*dev->dma_parms), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dev->dma_parms);
	dma_set_max_seg_size(dev, UINT_MAX);

	gp = drm_kunit_helper_alloc_drm_device_with_driver(test, dev, struct gp_test_device, drm,
							   driver);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gp);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, flush_files, NULL), 0);

	return &gp->drm;
}

/* Does nothing to a device that was unplugged. */
static void unregister(void *drm)
{
	drm_dev_unplug(drm);
}

void gp_test_register(struct kunit *test, struct drm_device *drm)
{
	KUNIT_ASSERT_EQ(test, drm_dev_register(drm, 0), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, unregister, drm), 0);
}

/*
 * Objects
 */

static void put_object(void *obj)
{
	drm_gem_pages_put(obj);
}

void gp_test_own(struct kunit *test, struct drm_gem_pages_object *obj)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_object, obj), 0);
}

struct drm_gem_pages_object *gp_test_object(struct kunit *test, struct drm_device *drm,
					    size_t size, u32 flags)
{
	struct drm_gem_pages_object *obj = drm_gem_pages_create(drm, size, flags);

	gp_test_own(test, obj);
	return obj;
}

struct drm_gem_pages_object *gp_test_private_object(struct kunit *test, struct drm_device *drm,
						    size_t size, u32 flags)
{
	struct drm_gem_pages_object *obj = kzalloc_obj(*obj);

	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_init_private(drm, obj, size, flags, &gp_test_backing),
			0);
	gp_test_own(test, obj);
	return obj;
}

void gp_test_put(struct kunit *test, struct drm_gem_pages_object *obj)
{
	kunit_release_action(test, put_object, obj);
}

static int backing_get(struct drm_gem_pages_object *obj, struct page **pages,
		       unsigned long count, gfp_t gfp)
{
	struct gp_test_device *dev = to_gp_test_device(obj->base.dev);
	unsigned long i;

	assert_locked(obj);
	dev->get_gfp = gfp;
	if (dev->get_error)
		return dev->get_error;

	for (i = 0; i < count; i++) {
		pages[i] = alloc_page(gfp | __GFP_ZERO);
		if (!pages[i])
			goto err_free;
	}
	atomic_inc(&dev->gets);
	return 0;

err_free:
	while (i--)
		__free_page(pages[i]);
	return -ENOMEM;
}

static void backing_put(struct drm_gem_pages_object *obj, struct page **pages,
			unsigned long count, bool dirty)
{
	struct gp_test_device *dev = to_gp_test_device(obj->base.dev);
	unsigned long i;

	if (state_of(obj)->vaddr || state_of(obj)->sgt)
		dev->put_early = true;
	for (i = 0; i < count; i++)
		__free_page(pages[i]);
	dev->put_dirty = dirty;
	atomic_inc(&dev->puts);
}

const struct drm_gem_pages_backing_ops gp_test_backing = {
	.get = backing_get,
	.put = backing_put,
};

/*
 * PRIME
 */

static void put_dma_buf(void *dma_buf)
{
	dma_buf_put(dma_buf);
	flush_delayed_fput();
}

struct dma_buf *gp_test_export(struct kunit *test, struct drm_gem_pages_object *obj, int flags)
{
	struct dma_buf *dma_buf = obj->base.funcs->export(&obj->base, flags);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma_buf);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_dma_buf, dma_buf), 0);
	return dma_buf;
}

void gp_test_dma_buf_put(struct kunit *test, struct dma_buf *dma_buf)
{
	kunit_release_action(test, put_dma_buf, dma_buf);
}

struct drm_gem_pages_object *gp_test_import(struct kunit *test, struct drm_device *drm,
					    struct dma_buf *dma_buf)
{
	struct drm_gem_object *gem = drm->driver->gem_prime_import(drm, dma_buf);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gem);
	gp_test_own(test, to_drm_gem_pages(gem));
	return to_drm_gem_pages(gem);
}

/*
 * Clients
 */

static void close_file(void *file)
{
	fput(file);
	flush_delayed_fput();
}

struct file *gp_test_open(struct kunit *test, struct drm_device *drm)
{
	struct file *file = mock_drm_getfile(drm->render, O_RDWR);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	/* As drm_open() would. */
	atomic_inc(&drm->open_count);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, close_file, file), 0);
	return file;
}

void gp_test_close(struct kunit *test, struct file *file)
{
	kunit_release_action(test, close_file, file);
}

/*
 * Fences
 */

struct gp_test_fence {
	struct dma_fence base;
	spinlock_t lock; /* for base */
};

static const char *fence_name(struct dma_fence *fence)
{
	return "gp-test";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

static void end_fence(void *fence)
{
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

struct dma_fence *gp_test_fence(struct kunit *test)
{
	struct gp_test_fence *fence = kzalloc_obj(*fence);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &fence_ops, &fence->lock, dma_fence_context_alloc(1), 1);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_fence, &fence->base), 0);
	return &fence->base;
}

/*
 * Content
 */

void gp_test_fill_at(void *vaddr, size_t size, u8 seed)
{
	u8 *bytes = vaddr;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = gp_test_byte(i, seed);
}

bool gp_test_check_at(const void *vaddr, size_t size, u8 seed)
{
	const u8 *bytes = vaddr;
	size_t i;

	for (i = 0; i < size; i++) {
		if (bytes[i] != gp_test_byte(i, seed))
			return false;
	}
	return true;
}

static bool do_bytes(struct drm_gem_pages_object *obj, u8 seed, bool write)
{
	bool good = drm_gem_pages_is_resident_locked(obj);
	size_t i, j;

	for (i = 0; i < obj->base.size && good; i += PAGE_SIZE) {
		u8 *bytes = kmap_local_page(state_of(obj)->pages[i >> PAGE_SHIFT]);

		for (j = 0; j < PAGE_SIZE && good; j++) {
			if (write)
				bytes[j] = gp_test_byte(i + j, seed);
			else
				good = bytes[j] == gp_test_byte(i + j, seed);
		}
		kunmap_local(bytes);
	}
	return good;
}

void gp_test_fill(struct kunit *test, struct drm_gem_pages_object *obj, u8 seed)
{
	guard(drm_gem_pages)(obj);
	KUNIT_EXPECT_TRUE(test, do_bytes(obj, seed, true));
}

bool gp_test_check(struct drm_gem_pages_object *obj, u8 seed)
{
	guard(drm_gem_pages)(obj);
	return do_bytes(obj, seed, false);
}

struct gp_test_snapshot gp_test_snapshot(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	return (struct gp_test_snapshot) {
		.pages = s->pages,
		.sgt = s->sgt,
		.vaddr = s->vaddr,
		.dma_buf = obj->base.dma_buf,
		.refs = kref_read(&obj->base.refcount),
		.handles = obj->base.handle_count,
		.vmaps = s->vmap_count,
		.pins = atomic_read(&s->pin_count),
		.mmaps = atomic_read(&s->mmap_count),
		.flags = s->flags,
		.attached = !list_empty(&s->attach_maps),
		.dirty = s->dirty,
		.purged = s->purged,
	};
}

static bool same(struct kunit *test, const char *what, unsigned long was, unsigned long is)
{
	if (was != is)
		kunit_info(test, "%s was %#lx, is %#lx\n", what, was, is);
	return was == is;
}

bool gp_test_unchanged(struct kunit *test, struct drm_gem_pages_object *obj,
		       const struct gp_test_snapshot *was)
{
	struct gp_test_snapshot is = gp_test_snapshot(obj);
	bool good = true;

	good &= same(test, "pages", (unsigned long)was->pages, (unsigned long)is.pages);
	good &= same(test, "sgt", (unsigned long)was->sgt, (unsigned long)is.sgt);
	good &= same(test, "vaddr", (unsigned long)was->vaddr, (unsigned long)is.vaddr);
	good &= same(test, "dma_buf", (unsigned long)was->dma_buf, (unsigned long)is.dma_buf);
	good &= same(test, "refcount", was->refs, is.refs);
	good &= same(test, "handle_count", was->handles, is.handles);
	good &= same(test, "vmap_count", was->vmaps, is.vmaps);
	good &= same(test, "pin_count", was->pins, is.pins);
	good &= same(test, "mmap_count", was->mmaps, is.mmaps);
	good &= same(test, "flags", was->flags, is.flags);
	good &= same(test, "attach_maps", was->attached, is.attached);
	good &= same(test, "dirty", was->dirty, is.dirty);
	good &= same(test, "purged", was->purged, is.purged);
	return good;
}
