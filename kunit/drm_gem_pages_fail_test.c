// SPDX-License-Identifier: GPL-2.0

/*
 * Every allocation of every operation is made to fail in turn. Needs a kernel with
 * fault injection that was told to let GFP_KERNEL fail:
 *
 *	echo N > /sys/kernel/debug/failslab/ignore-gfp-wait
 *	echo N > /sys/kernel/debug/fail_page_alloc/ignore-gfp-wait
 *	echo N > /sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem
 *	echo 0 > /sys/kernel/debug/fail_page_alloc/min-order
 */

#include <kunit/resource.h>
#include <kunit/test.h>

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/preempt.h>
#include <linux/radix-tree.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/drm_gem_pages.h>
#include <drm/drm_gem_pages_shrinker.h>
#include <drm/drm_mode.h>
#include <drm/drm_prime.h>

#include "drm_gem_pages_internal.h"
#include "drm_gem_pages_test_util.h"

#define TEST_PAGES	4
#define TEST_SIZE	(TEST_PAGES * PAGE_SIZE)

/* More allocations than any of the operations makes. */
#define MAX_POINTS	2000

static unsigned int total_points, total_failures;

struct fail {
	struct kunit *test;
	struct drm_device *drm, *importer;
	struct drm_file *client;
	struct file *file;

	/* What the operation is about. */
	struct drm_gem_pages_object *obj;
	struct gp_test_snapshot before;
	struct dma_buf *dma_buf;
	struct dma_buf_attachment *attach;
	unsigned long addr;
	u32 handle;
	u32 flags;
	unsigned int n;

	/* What it has got. */
	struct drm_gem_pages_object *new;
	struct drm_mode_create_dumb dumb;
	struct sg_table *sgt;
	struct iosys_map map;
};

/**
 * struct fail_op - an operation
 * @setup: makes what @op needs
 * @op: returns 0 or a negative error code
 * @undo: takes back what a successful @op did
 * @teardown: takes back what @setup did
 * @error: what @op may answer instead of -ENOMEM
 * @grows: one of several steps that @op consists of may have given the object what it
 *	   then keeps: backing, device map, or the dma-buf it shares with its handle
 * @dirties: a device may have written to it before @op failed
 * @allocates: there is something that can fail
 * @warns: the core WARNs if @op fails
 */
struct fail_op {
	void (*setup)(struct fail *f);
	int (*op)(struct fail *f);
	void (*undo)(struct fail *f);
	void (*teardown)(struct fail *f);
	int error;
	bool grows;
	bool dirties;
	bool allocates;
	bool warns;
};

#ifdef CONFIG_FAULT_INJECTION
static void arm(unsigned int n)
{
	/*
	 * dma-debug switches itself off for good when it has no memory for a node of
	 * its radix tree, unless there is a spare one.
	 */
	if (!radix_tree_maybe_preload(GFP_KERNEL))
		radix_tree_preload_end();
	current->fail_nth = n;
}

/* How many allocations the one to fail is away, zero if it was reached. */
static unsigned int disarm(void)
{
	unsigned int left = current->fail_nth;

	current->fail_nth = 0;
	return left;
}
#else
static void arm(unsigned int n)
{
}

static unsigned int disarm(void)
{
	return 0;
}
#endif

static bool run_armed(struct fail *f, const struct fail_op *op, int *ret)
{
	struct kunit_suppressed_warning *suppressed = NULL;
	bool reached;

	if (op->warns)
		suppressed = kunit_start_suppress_warning(f->test);

	/* The spare node of arm() is one for each CPU. */
	migrate_disable();
	arm(f->n);
	*ret = op->op(f);
	reached = !disarm();
	migrate_enable();

	if (op->warns) {
		KUNIT_EXPECT_LE(f->test, kunit_suppressed_warning_count(suppressed), !!*ret);
		kunit_end_suppress_warning(f->test, suppressed);
	}
	return reached;
}

static void remember(struct fail *f)
{
	if (f->obj)
		f->before = gp_test_snapshot(f->obj);
}

static bool as_before(struct fail *f, const struct fail_op *op)
{
	struct gp_test_snapshot now;

	if (!f->obj)
		return true;

	now = gp_test_snapshot(f->obj);
	if (op->grows) {
		if (!f->before.pages)
			f->before.pages = now.pages;
		if (!f->before.sgt)
			f->before.sgt = now.sgt;
		if (!f->before.dma_buf && now.dma_buf) {
			f->before.dma_buf = now.dma_buf;
			f->before.refs++;
		}
	}
	if (op->dirties && now.pages)
		f->before.dirty |= now.dirty;
	return gp_test_unchanged(f->test, f->obj, &f->before);
}

static void fail_each(struct fail *f, const struct fail_op *op)
{
	struct kunit *test = f->test;
	unsigned int failures = 0;
	bool reached = true;
	int ret;

	for (f->n = 1; reached && f->n <= MAX_POINTS; f->n++) {
		if (op->setup)
			op->setup(f);
		remember(f);

		reached = run_armed(f, op, &ret);
		if (ret) {
			failures++;
			KUNIT_EXPECT_TRUE(test, reached);
			if (ret != op->error)
				KUNIT_EXPECT_EQ_MSG(test, ret, -ENOMEM, "allocation %u", f->n);
			flush_delayed_fput();
			if (!as_before(f, op))
				KUNIT_FAIL(test, "not as before, allocation %u", f->n);

			remember(f);
			ret = op->op(f);
			KUNIT_EXPECT_EQ_MSG(test, ret, 0, "second try, allocation %u", f->n);
		}
		if (!ret && op->undo)
			op->undo(f);
		flush_delayed_fput();
		if (f->obj && !IS_ERR(f->obj)) {
			KUNIT_EXPECT_EQ(test, kref_read(&f->obj->base.refcount), f->before.refs);
			KUNIT_EXPECT_EQ(test, f->obj->base.handle_count, f->before.handles);
			KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(f->obj));
		}

		if (op->teardown)
			op->teardown(f);
		flush_delayed_fput();
	}
	KUNIT_EXPECT_FALSE(test, reached);

	/* The last round had nothing to fail. */
	f->n -= 2;
	total_points += f->n;
	total_failures += failures;
	kunit_info(test, "fail-nth points: %u, of which %u made it fail\n", f->n, failures);
	if (op->allocates)
		KUNIT_EXPECT_GT(test, failures, 0);
	else
		KUNIT_EXPECT_EQ(test, failures, 0);
}

/*
 * Common ways to set up and tear down
 */

static void setup_object(struct fail *f)
{
	f->obj = drm_gem_pages_create(f->drm, TEST_SIZE, f->flags);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(f->test, f->obj);
}

static void setup_resident(struct fail *f)
{
	setup_object(f);
	KUNIT_ASSERT_EQ(f->test, drm_gem_pages_populate(f->obj), 0);
}

static void teardown_object(struct fail *f)
{
	drm_gem_object_put(&f->obj->base);
	f->obj = NULL;
}

static void setup_private(struct fail *f)
{
	f->obj = kzalloc_obj(*f->obj);
	KUNIT_ASSERT_NOT_NULL(f->test, f->obj);
	KUNIT_ASSERT_EQ(f->test, drm_gem_pages_init_private(f->drm, f->obj, TEST_SIZE, f->flags,
							    &gp_test_backing), 0);
}

static void setup_exported(struct fail *f)
{
	setup_object(f);
	f->dma_buf = drm_gem_pages_prime_export(&f->obj->base, DRM_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(f->test, f->dma_buf);
}

static void setup_exported_resident(struct fail *f)
{
	setup_exported(f);
	KUNIT_ASSERT_EQ(f->test, drm_gem_pages_populate(f->obj), 0);
}

static void teardown_exported(struct fail *f)
{
	KUNIT_EXPECT_EQ(f->test, file_count(f->dma_buf->file), 1);
	KUNIT_EXPECT_TRUE(f->test, list_empty(&f->dma_buf->attachments));
	dma_buf_put(f->dma_buf);
	flush_delayed_fput();
	teardown_object(f);
}

static void setup_attached(struct fail *f)
{
	setup_exported(f);
	f->attach = dma_buf_attach(f->dma_buf, f->importer->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(f->test, f->attach);
}

static void teardown_attached(struct fail *f)
{
	dma_buf_detach(f->dma_buf, f->attach);
	teardown_exported(f);
}

static void setup_handle(struct fail *f)
{
	struct drm_gem_object *gem;

	KUNIT_ASSERT_EQ(f->test, drm_gem_pages_create_with_handle(f->client, f->drm, TEST_SIZE,
								  f->flags, &f->handle), 0);
	gem = drm_gem_object_lookup(f->client, f->handle);
	KUNIT_ASSERT_NOT_NULL(f->test, gem);
	f->obj = to_drm_gem_pages(gem);
}

static void teardown_handle(struct fail *f)
{
	KUNIT_EXPECT_EQ(f->test, drm_gem_handle_delete(f->client, f->handle), 0);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(f->test, kref_read(&f->obj->base.refcount), 1);
	KUNIT_EXPECT_TRUE(f->test, idr_is_empty(&f->client->object_idr));
	teardown_object(f);
}

/*
 * Creation
 */

static void setup_init(struct fail *f)
{
	f->new = kzalloc_obj(*f->new);
	KUNIT_ASSERT_NOT_NULL(f->test, f->new);
}

static int op_init(struct fail *f)
{
	int ret;

	if (!f->new)
		return -ENODATA;
	ret = drm_gem_pages_init(f->drm, f->new, TEST_SIZE, f->flags);
	if (!ret)
		return 0;

	/* Both ways to go on from here, and memory for another try. */
	disarm();
	if (f->n & 1)
		kfree(f->new);
	else
		drm_gem_object_put(&f->new->base);
	f->new = kzalloc_obj(*f->new);
	return ret;
}

static void undo_new(struct fail *f)
{
	drm_gem_object_put(&f->new->base);
	f->new = NULL;
}

static const struct fail_op init_op = {
	.setup = setup_init,
	.op = op_init,
	.undo = undo_new,
	.error = -ENOSPC,	/* no inode */
	.allocates = true,
};

static int op_init_private(struct fail *f)
{
	return drm_gem_pages_init_private(f->drm, f->new, TEST_SIZE, 0, &gp_test_backing);
}

static const struct fail_op init_private_op = {
	.setup = setup_init,
	.op = op_init_private,
	.undo = undo_new,
};

static int op_create(struct fail *f)
{
	f->new = drm_gem_pages_create(f->drm, TEST_SIZE, 0);
	return PTR_ERR_OR_ZERO(f->new);
}

static const struct fail_op create_op = {
	.op = op_create,
	.undo = undo_new,
	.error = -ENOSPC,	/* no inode */
	.allocates = true,
};

static int op_create_with_handle(struct fail *f)
{
	int ret;

	ret = drm_gem_pages_create_with_handle(f->client, f->drm, TEST_SIZE, 0, &f->handle);
	if (ret && !idr_is_empty(&f->client->object_idr))
		return -EEXIST;
	return ret;
}

static void undo_handle(struct fail *f)
{
	KUNIT_EXPECT_EQ(f->test, drm_gem_handle_delete(f->client, f->handle), 0);
	KUNIT_EXPECT_TRUE(f->test, idr_is_empty(&f->client->object_idr));
}

static const struct fail_op create_with_handle_op = {
	.op = op_create_with_handle,
	.undo = undo_handle,
	.error = -ENOSPC,	/* no inode */
	.allocates = true,
};

static int op_dumb_create(struct fail *f)
{
	int ret;

	f->dumb = (struct drm_mode_create_dumb) { .width = 64, .height = 64, .bpp = 32 };
	ret = drm_gem_pages_dumb_create(f->client, f->drm, &f->dumb);
	f->handle = f->dumb.handle;
	if (ret && !idr_is_empty(&f->client->object_idr))
		return -EEXIST;
	return ret;
}

static const struct fail_op dumb_create_op = {
	.op = op_dumb_create,
	.undo = undo_handle,
	.error = -ENOSPC,	/* no inode */
	.allocates = true,
};

static int op_mmap_offset(struct fail *f)
{
	u64 offset;

	return drm_gem_pages_mmap_offset(f->client, f->drm, f->handle, &offset);
}

static const struct fail_op mmap_offset_op = {
	.setup = setup_handle,
	.op = op_mmap_offset,
	.teardown = teardown_handle,
};

/*
 * Backing, device map, CPU map
 */

static int op_populate(struct fail *f)
{
	return drm_gem_pages_populate(f->obj);
}

static void undo_populate(struct fail *f)
{
	guard(drm_gem_pages)(f->obj);
	KUNIT_EXPECT_EQ(f->test, drm_gem_pages_evict_locked(f->obj), 0);
}

static const struct fail_op populate_op = {
	.setup = setup_object,
	.op = op_populate,
	.undo = undo_populate,
	.teardown = teardown_object,
	.allocates = true,
};

static const struct fail_op populate_private_op = {
	.setup = setup_private,
	.op = op_populate,
	.undo = undo_populate,
	.teardown = teardown_object,
	.allocates = true,
};

static int op_populate_nowait(struct fail *f)
{
	guard(drm_gem_pages)(f->obj);
	return drm_gem_pages_populate_locked(f->obj, GFP_NOWAIT);
}

static const struct fail_op populate_nowait_op = {
	.setup = setup_object,
	.op = op_populate_nowait,
	.undo = undo_populate,
	.teardown = teardown_object,
	.allocates = true,
};

static int op_pin(struct fail *f)
{
	return drm_gem_pages_pin(f->obj);
}

static void undo_pin(struct fail *f)
{
	drm_gem_pages_unpin(f->obj);
}

static const struct fail_op pin_op = {
	.setup = setup_object,
	.op = op_pin,
	.undo = undo_pin,
	.teardown = teardown_object,
	.allocates = true,
};

static int op_sgt_locked(struct fail *f)
{
	guard(drm_gem_pages)(f->obj);
	return PTR_ERR_OR_ZERO(drm_gem_pages_sgt_locked(f->obj));
}

static const struct fail_op sgt_locked_op = {
	.setup = setup_object,
	.op = op_sgt_locked,
	.teardown = teardown_object,
	.allocates = true,
};

static const struct fail_op sgt_locked_resident_op = {
	.setup = setup_resident,
	.op = op_sgt_locked,
	.teardown = teardown_object,
	.allocates = true,
};

static int op_get_sgt(struct fail *f)
{
	return PTR_ERR_OR_ZERO(drm_gem_pages_get_sgt(f->obj));
}

static void undo_get_sgt(struct fail *f)
{
	drm_gem_pages_put_sgt(f->obj);
}

static const struct fail_op get_sgt_op = {
	.setup = setup_object,
	.op = op_get_sgt,
	.undo = undo_get_sgt,
	.teardown = teardown_object,
	.allocates = true,
};

static const struct fail_op get_sgt_resident_op = {
	.setup = setup_resident,
	.op = op_get_sgt,
	.undo = undo_get_sgt,
	.teardown = teardown_object,
	.allocates = true,
};

static int op_vmap(struct fail *f)
{
	return drm_gem_pages_vmap(f->obj, &f->map);
}

static void undo_vmap(struct fail *f)
{
	memset(f->map.vaddr, 1, f->obj->base.size);
	drm_gem_pages_vunmap(f->obj, &f->map);
}

static const struct fail_op vmap_op = {
	.setup = setup_object,
	.op = op_vmap,
	.undo = undo_vmap,
	.teardown = teardown_object,
	.allocates = true,
};

static const struct fail_op vmap_resident_op = {
	.setup = setup_resident,
	.op = op_vmap,
	.undo = undo_vmap,
	.teardown = teardown_object,
	.allocates = true,
};

/* These promise to allocate nothing. */
static void setup_everything(struct fail *f)
{
	setup_resident(f);
	KUNIT_ASSERT_EQ(f->test, drm_gem_pages_vmap(f->obj, &f->map), 0);
	drm_gem_pages_vunmap(f->obj, &f->map);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(f->test, drm_gem_pages_get_sgt(f->obj));
	drm_gem_pages_put_sgt(f->obj);
}

static int op_evict(struct fail *f)
{
	guard(drm_gem_pages)(f->obj);
	return drm_gem_pages_evict_locked(f->obj);
}

static const struct fail_op evict_op = {
	.setup = setup_everything,
	.op = op_evict,
	.teardown = teardown_object,
};

static int op_purge(struct fail *f)
{
	guard(drm_gem_pages)(f->obj);
	return drm_gem_pages_purge_locked(f->obj);
}

static const struct fail_op purge_op = {
	.setup = setup_everything,
	.op = op_purge,
	.teardown = teardown_object,
};

/*
 * PRIME
 */

static int op_export(struct fail *f)
{
	f->dma_buf = drm_gem_pages_prime_export(&f->obj->base, 0);
	return PTR_ERR_OR_ZERO(f->dma_buf);
}

static void undo_export(struct fail *f)
{
	dma_buf_put(f->dma_buf);
}

static const struct fail_op export_op = {
	.setup = setup_object,
	.op = op_export,
	.undo = undo_export,
	.teardown = teardown_object,
	.allocates = true,
};

static int op_export_handle(struct fail *f)
{
	f->dma_buf = drm_gem_prime_handle_to_dmabuf(f->drm, f->client, f->handle, DRM_RDWR);
	return PTR_ERR_OR_ZERO(f->dma_buf);
}

/* The object knows its dma-buf from here to the end of its last handle. */
static void undo_export_handle(struct fail *f)
{
	dma_buf_put(f->dma_buf);
	f->before = gp_test_snapshot(f->obj);
}

static const struct fail_op export_handle_op = {
	.setup = setup_handle,
	.op = op_export_handle,
	.undo = undo_export_handle,
	.teardown = teardown_handle,
	.grows = true,
	.allocates = true,
};

static int op_import(struct fail *f)
{
	struct drm_gem_object *gem;

	gem = f->importer->driver->gem_prime_import(f->importer, f->dma_buf);
	if (IS_ERR(gem))
		return PTR_ERR(gem);
	f->new = to_drm_gem_pages(gem);
	return 0;
}

static const struct fail_op import_op = {
	.setup = setup_exported,
	.op = op_import,
	.undo = undo_new,
	.teardown = teardown_exported,
	.grows = true,
	.dirties = true,
	.allocates = true,
};

static const struct fail_op import_resident_op = {
	.setup = setup_exported_resident,
	.op = op_import,
	.undo = undo_new,
	.teardown = teardown_exported,
	.dirties = true,
	.allocates = true,
};

static int op_self_import(struct fail *f)
{
	struct drm_gem_object *gem = drm_gem_pages_prime_import(f->drm, f->dma_buf);

	if (IS_ERR(gem))
		return PTR_ERR(gem);
	f->new = to_drm_gem_pages(gem);
	return f->new == f->obj ? 0 : -EEXIST;
}

static const struct fail_op self_import_op = {
	.setup = setup_exported,
	.op = op_self_import,
	.undo = undo_new,
	.teardown = teardown_exported,
};

static int op_attach(struct fail *f)
{
	f->attach = dma_buf_attach(f->dma_buf, f->importer->dev);
	return PTR_ERR_OR_ZERO(f->attach);
}

static void undo_attach(struct fail *f)
{
	dma_buf_detach(f->dma_buf, f->attach);
}

static const struct fail_op attach_op = {
	.setup = setup_exported,
	.op = op_attach,
	.undo = undo_attach,
	.teardown = teardown_exported,
	.grows = true,
	.allocates = true,
};

static int op_map(struct fail *f)
{
	f->sgt = dma_buf_map_attachment_unlocked(f->attach, DMA_BIDIRECTIONAL);
	return PTR_ERR_OR_ZERO(f->sgt);
}

static void undo_map(struct fail *f)
{
	dma_buf_unmap_attachment_unlocked(f->attach, f->sgt, DMA_BIDIRECTIONAL);
}

static const struct fail_op map_op = {
	.setup = setup_attached,
	.op = op_map,
	.undo = undo_map,
	.teardown = teardown_attached,
	.grows = true,
	.allocates = true,
};

static int op_vmap_exported(struct fail *f)
{
	return dma_buf_vmap_unlocked(f->dma_buf, &f->map);
}

static void undo_vmap_exported(struct fail *f)
{
	dma_buf_vunmap_unlocked(f->dma_buf, &f->map);
}

static const struct fail_op vmap_exported_op = {
	.setup = setup_exported,
	.op = op_vmap_exported,
	.undo = undo_vmap_exported,
	.teardown = teardown_exported,
	.allocates = true,
	.warns = true,
};

/*
 * User mappings
 */

static int map_user(struct fail *f, struct file *file, u64 offset)
{
	f->addr = vm_mmap(file, 0, TEST_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, offset);
	return IS_ERR_VALUE(f->addr) ? (int)f->addr : 0;
}

static int op_mmap(struct fail *f)
{
	return map_user(f, f->file, drm_vma_node_offset_addr(&f->obj->base.vma_node));
}

static void undo_mmap(struct fail *f)
{
	KUNIT_EXPECT_EQ(f->test, vm_munmap(f->addr, TEST_SIZE), 0);
}

static void setup_mmap(struct fail *f)
{
	setup_handle(f);
	KUNIT_ASSERT_EQ(f->test, op_mmap_offset(f), 0);
}

static const struct fail_op mmap_op = {
	.setup = setup_mmap,
	.op = op_mmap,
	.undo = undo_mmap,
	.teardown = teardown_handle,
	.allocates = true,
};

static int op_mmap_exported(struct fail *f)
{
	return map_user(f, f->dma_buf->file, 0);
}

static const struct fail_op mmap_exported_op = {
	.setup = setup_exported,
	.op = op_mmap_exported,
	.undo = undo_mmap,
	.teardown = teardown_exported,
	.allocates = true,
};

static void setup_fault(struct fail *f)
{
	setup_mmap(f);
	KUNIT_ASSERT_EQ(f->test, op_mmap(f), 0);
}

static void setup_fault_resident(struct fail *f)
{
	setup_fault(f);
	KUNIT_ASSERT_EQ(f->test, drm_gem_pages_populate(f->obj), 0);
}

static void teardown_fault(struct fail *f)
{
	undo_mmap(f);
	flush_delayed_fput();
	teardown_handle(f);
}

/* What an architecture does about a page fault, in short. */
static int fault_in(struct fail *f, unsigned int flags)
{
	struct vm_area_struct *vma;
	vm_fault_t ret;

	do {
		mmap_read_lock(current->mm);
		vma = vma_lookup(current->mm, f->addr);
		ret = vma ? handle_mm_fault(vma, f->addr, flags, NULL) : VM_FAULT_SIGSEGV;
		if (!(ret & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
			mmap_read_unlock(current->mm);
		flags |= FAULT_FLAG_TRIED;
	} while (ret & VM_FAULT_RETRY);

	if (ret & VM_FAULT_OOM)
		return -ENOMEM;
	return ret & VM_FAULT_ERROR ? -EFAULT : 0;
}

static int op_fault(struct fail *f)
{
	return fault_in(f, FAULT_FLAG_WRITE);
}

static const struct fail_op fault_op = {
	.setup = setup_fault,
	.op = op_fault,
	.teardown = teardown_fault,
	.grows = true,
	.allocates = true,
};

static const struct fail_op fault_resident_op = {
	.setup = setup_fault_resident,
	.op = op_fault,
	.teardown = teardown_fault,
	.allocates = true,
};

/* With the lock dropped in between. */
static int op_fault_retry(struct fail *f)
{
	return fault_in(f, FAULT_FLAG_DEFAULT);
}

static const struct fail_op fault_retry_op = {
	.setup = setup_fault,
	.op = op_fault_retry,
	.teardown = teardown_fault,
	.grows = true,
	.allocates = true,
};

/*
 * Cases
 */

static int fail_init(struct kunit *test)
{
	struct fail *f;
	void *memory;

	arm(1);
	memory = kmalloc(64, GFP_KERNEL | __GFP_NOWARN);
	disarm();
	kfree(memory);
	if (memory)
		kunit_skip(test, "no failures are injected into GFP_KERNEL allocations");

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f);
	f->test = test;
	f->drm = gp_test_device(test, "gp-test", &gp_test_driver);
	test->priv = f;
	return 0;
}

static void fail_exit(struct kunit_suite *suite)
{
	kunit_info(suite, "fail-nth points: %u in all, of which %u made it fail\n", total_points,
		   total_failures);
	total_points = 0;
	total_failures = 0;
}

static void with_client(struct fail *f)
{
	f->file = gp_test_open(f->test, f->drm);
	f->client = gp_test_drm_file(f->file);
}

#define FAIL_CASE(_name)				\
static void _name(struct kunit *test)			\
{							\
	fail_each(test->priv, &_name##_op);		\
}

#define FAIL_CASE_CLIENT(_name)				\
static void _name(struct kunit *test)			\
{							\
	with_client(test->priv);			\
	fail_each(test->priv, &_name##_op);		\
}

#define FAIL_CASE_USER(_name)				\
static void _name(struct kunit *test)			\
{							\
	KUNIT_ASSERT_EQ(test, kunit_attach_mm(), 0);	\
	with_client(test->priv);			\
	fail_each(test->priv, &_name##_op);		\
}

#define FAIL_CASE_WC(_name)				\
static void _name##_wc(struct kunit *test)		\
{							\
	struct fail *f = test->priv;			\
							\
	f->flags = DRM_GEM_PAGES_WC;			\
	fail_each(f, &_name##_op);			\
}

static void fail_with_importer(struct kunit *test, const struct fail_op *op,
			       const struct drm_driver *driver)
{
	struct fail *f = test->priv;

	f->importer = gp_test_device(test, "gp-importer", driver);
	fail_each(f, op);
}

static void import(struct kunit *test)
{
	fail_with_importer(test, &import_op, &gp_test_driver);
}

static void import_resident(struct kunit *test)
{
	fail_with_importer(test, &import_resident_op, &gp_test_driver);
}

static void import_custom(struct kunit *test)
{
	fail_with_importer(test, &import_op, &gp_test_custom_driver);
}

static void import_no_map(struct kunit *test)
{
	fail_with_importer(test, &import_op, &gp_test_no_map_driver);
}

static void attach(struct kunit *test)
{
	fail_with_importer(test, &attach_op, &gp_test_driver);
}

static void map(struct kunit *test)
{
	fail_with_importer(test, &map_op, &gp_test_driver);
}

/*
 * A page that cannot be had is asked for again when objects of the same device gave
 * theirs, and only then.
 */
static void populate_makes_room(struct kunit *test)
{
	static const struct drm_gem_pages_shrinker_ops no_ops;
	unsigned int failures[2] = {}, gave = 0;
	struct fail *f = test->priv;
	bool spare, reached;

	gp_test_shrinker(test, f->drm, &no_ops);
	gp_test_set_swap(0);

	for (spare = false;; spare = true) {
		for (reached = true, f->n = 1; reached && f->n <= MAX_POINTS; f->n++) {
			struct drm_gem_pages_object *other;
			bool gone;
			int ret;

			setup_resident(f);
			other = f->obj;
			KUNIT_ASSERT_EQ(test, drm_gem_pages_madvise(other, spare ?
								    DRM_GEM_PAGES_DONTNEED :
								    DRM_GEM_PAGES_WILLNEED), 1);
			setup_object(f);

			reached = run_armed(f, &populate_op, &ret);
			scoped_guard(drm_gem_pages, other)
				gone = drm_gem_pages_is_purged_locked(other);
			if (ret || gone)
				KUNIT_EXPECT_EQ_MSG(test, ret, gone ? 0 : -ENOMEM,
						    "allocation %u", f->n);
			failures[spare] += !!ret;
			gave += gone;

			teardown_object(f);
			drm_gem_object_put(&other->base);
		}
		KUNIT_EXPECT_FALSE(test, reached);
		if (spare)
			break;
		KUNIT_EXPECT_EQ(test, gave, 0);
	}

	KUNIT_EXPECT_GT(test, gave, 0);
	KUNIT_EXPECT_LT(test, failures[true], failures[false]);
}

FAIL_CASE(init)
FAIL_CASE(init_private)
FAIL_CASE(create)
FAIL_CASE_CLIENT(create_with_handle)
FAIL_CASE_CLIENT(dumb_create)
FAIL_CASE_CLIENT(mmap_offset)
FAIL_CASE(populate)
FAIL_CASE_WC(populate)
FAIL_CASE(populate_private)
FAIL_CASE(populate_nowait)
FAIL_CASE(pin)
FAIL_CASE(sgt_locked)
FAIL_CASE(sgt_locked_resident)
FAIL_CASE(get_sgt)
FAIL_CASE(get_sgt_resident)
FAIL_CASE(vmap)
FAIL_CASE_WC(vmap)
FAIL_CASE(vmap_resident)
FAIL_CASE(evict)
FAIL_CASE(purge)
FAIL_CASE(export)
FAIL_CASE_CLIENT(export_handle)
FAIL_CASE(self_import)
FAIL_CASE(vmap_exported)
FAIL_CASE_USER(mmap)
FAIL_CASE_USER(mmap_exported)
FAIL_CASE_USER(fault)
FAIL_CASE_USER(fault_resident)
FAIL_CASE_USER(fault_retry)

static struct kunit_case fail_cases[] = {
	KUNIT_CASE(init),
	KUNIT_CASE(init_private),
	KUNIT_CASE(create),
	KUNIT_CASE(create_with_handle),
	KUNIT_CASE(dumb_create),
	KUNIT_CASE(mmap_offset),
	KUNIT_CASE(populate),
	KUNIT_CASE(populate_wc),
	KUNIT_CASE(populate_private),
	KUNIT_CASE(populate_nowait),
	KUNIT_CASE(populate_makes_room),
	KUNIT_CASE(pin),
	KUNIT_CASE(sgt_locked),
	KUNIT_CASE(sgt_locked_resident),
	KUNIT_CASE(get_sgt),
	KUNIT_CASE(get_sgt_resident),
	KUNIT_CASE(vmap),
	KUNIT_CASE(vmap_wc),
	KUNIT_CASE(vmap_resident),
	KUNIT_CASE(evict),
	KUNIT_CASE(purge),
	KUNIT_CASE(export),
	KUNIT_CASE(export_handle),
	KUNIT_CASE(self_import),
	KUNIT_CASE(import),
	KUNIT_CASE(import_resident),
	KUNIT_CASE(import_custom),
	KUNIT_CASE(import_no_map),
	KUNIT_CASE(attach),
	KUNIT_CASE(map),
	KUNIT_CASE(vmap_exported),
	KUNIT_CASE(mmap),
	KUNIT_CASE(mmap_exported),
	KUNIT_CASE(fault),
	KUNIT_CASE(fault_resident),
	KUNIT_CASE(fault_retry),
	{ }
};

static struct kunit_suite fail_suite = {
	.name = "drm_gem_pages_fail",
	.suite_exit = fail_exit,
	.init = fail_init,
	.test_cases = fail_cases,
};

kunit_test_suite(fail_suite);
