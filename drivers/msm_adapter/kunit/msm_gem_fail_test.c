// SPDX-License-Identifier: GPL-2.0

/*
 * Every allocation of every operation is made to fail in turn. Then all is as before, and
 * a second try works. Wants fault injection, as drm_gem_pages_fail_test.c of the library.
 */

#include <kunit/test.h>

#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/preempt.h>
#include <linux/radix-tree.h>
#include <linux/sched.h>

#include <drm/drm_mode.h>
#include <drm/drm_prime.h>

#include "msm_gem_test_util.h"

MODULE_IMPORT_NS("DMA_BUF");

#define FAIL_PAGES	4
#define FAIL_SIZE	(FAIL_PAGES * PAGE_SIZE)

/* More allocations than any of the operations makes. */
#define MAX_POINTS	2000

struct fail {
	struct kunit *test;
	struct msm_test *t;
	struct drm_file *client;

	/* What the operation is about, and what it has got. */
	struct drm_gem_object *obj, *theirs, *new;
	struct dma_buf *dma_buf;
	void *vaddr;
	u32 handle;
	u64 iova;
};

/**
 * struct fail_op - an operation
 * @name: name of the test
 * @setup: makes what @op needs
 * @op: returns 0 or a negative error code
 * @undo: takes back what a successful @op did
 * @teardown: takes back what @setup did
 * @error: what @op may answer instead of -ENOMEM
 * @allocates: there is something that can fail
 * @grows: a failure of a later step leaves what the object keeps: pages
 * @maps: and an address
 */
struct fail_op {
	const char *name;
	void (*setup)(struct fail *f);
	int (*op)(struct fail *f);
	void (*undo)(struct fail *f);
	void (*teardown)(struct fail *f);
	int error;
	bool allocates;
	bool grows;
	bool maps;
};

/* What a failure must leave as it was. */
struct snapshot {
	s64 total, client;
	size_t objects;
	unsigned long mapped;
	unsigned int refs, mappings, vmaps;
	bool pinned, resident;
	int vma_ref;
};

static struct snapshot snapshot(struct fail *f)
{
	struct msm_context *ctx = f->client->driver_priv;
	struct snapshot s = {
		.total = atomic64_read(&f->t->priv.total_mem),
		.client = atomic64_read(&ctx->ctx_mem),
		.objects = list_count_nodes(&f->t->priv.objects),
		.mapped = mapped_pages(&f->t->mmu),
	};

	if (f->obj) {
		s.refs = kref_read(&f->obj->refcount);
		s.mappings = count_mappings(f->obj);
		s.vmaps = to_msm_bo(f->obj)->vmap_count;
		s.pinned = drm_gem_pages_is_pinned(&to_msm_bo(f->obj)->pages);
		s.resident = is_resident(f->obj);
		s.vma_ref = atomic_read(&to_msm_bo(f->obj)->vma_ref);
	}
	return s;
}

static void expect_as_before(struct fail *f, const struct fail_op *op, struct snapshot before,
			     unsigned int n)
{
	struct snapshot now = snapshot(f);
	struct kunit *test = f->test;

	if (op->grows && now.resident && !before.resident) {
		before.resident = true;
		before.total += f->obj->size;
	}
	/* Which is a mapping that has a reference. */
	if (op->maps && now.mappings && !before.mappings) {
		before.mappings++;
		before.refs++;
	}
	KUNIT_EXPECT_EQ_MSG(test, now.total, before.total, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, now.client, before.client, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, now.objects, before.objects, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, now.mapped, before.mapped, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, now.refs, before.refs, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, now.mappings, before.mappings, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, now.vmaps, before.vmaps, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, now.pinned, before.pinned, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, now.resident, before.resident, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, now.vma_ref, before.vma_ref, "allocation %u", n);
	msm_test_expect_sound(test);
}

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

/* Whether the allocation that was to fail was reached. */
static bool disarm(void)
{
	bool reached = !current->fail_nth;

	current->fail_nth = 0;
	return reached;
}
#else
static void arm(unsigned int n)
{
}

static bool disarm(void)
{
	return false;
}
#endif

static void fail_each(struct kunit *test)
{
	const struct fail_op *op = test->param_value;
	struct fail f = { .test = test, .t = test->priv };
	unsigned int n, failures = 0;
	struct snapshot before;
	bool reached = true;
	int ret;

	f.client = msm_test_client(test);
	for (n = 1; reached && n <= MAX_POINTS; n++) {
		if (op->setup)
			op->setup(&f);
		before = snapshot(&f);

		/* The spare node of arm() is one for each CPU. */
		migrate_disable();
		arm(n);
		ret = op->op(&f);
		reached = disarm();
		migrate_enable();

		if (ret) {
			failures++;
			KUNIT_EXPECT_TRUE(test, reached);
			if (ret != op->error)
				KUNIT_EXPECT_EQ_MSG(test, ret, -ENOMEM, "allocation %u", n);
			flush_delayed_fput();
			expect_as_before(&f, op, before, n);
			ret = op->op(&f);
			KUNIT_EXPECT_EQ_MSG(test, ret, 0, "second try, allocation %u", n);
		}
		if (!ret && op->undo)
			op->undo(&f);
		flush_delayed_fput();
		if (op->teardown)
			op->teardown(&f);
		flush_delayed_fput();
		KUNIT_EXPECT_TRUE_MSG(test, list_empty(&f.t->priv.objects), "allocation %u", n);
		KUNIT_EXPECT_EQ_MSG(test, mapped_pages(&f.t->mmu), 0, "allocation %u", n);
	}
	KUNIT_EXPECT_FALSE(test, reached);
	/* The last round had nothing to fail. */
	kunit_info(test, "fail-nth points: %u, of which %u made it fail\n", n - 2, failures);
	KUNIT_EXPECT_EQ(test, failures > 0, op->allocates);
}

/*
 * Common ways to set up and tear down
 */

static void setup_object(struct fail *f)
{
	f->obj = msm_test_object(f->test, FAIL_SIZE, MSM_BO_WC);
}

static void setup_resident(struct fail *f)
{
	setup_object(f);
	KUNIT_ASSERT_EQ(f->test, get_pages(f->obj), 0);
}

/* With all that an eviction has to end. */
static void setup_everything(struct fail *f)
{
	setup_object(f);
	KUNIT_ASSERT_EQ(f->test, msm_test_write(f->obj, 1), 0);
	KUNIT_ASSERT_EQ(f->test, map(f->t, f->obj, &f->iova), 0);
	unpin(f->obj);
}

static void setup_evicted(struct fail *f)
{
	setup_everything(f);
	drm_gem_pages_evict_all(&f->t->drm);
	KUNIT_EXPECT_FALSE(f->test, is_resident(f->obj));
}

static void teardown_object(struct fail *f)
{
	close_and_put(f->t, f->obj);
	f->obj = NULL;
}

static void undo_new(struct fail *f)
{
	drm_gem_object_put(f->new);
}

static void undo_handle(struct fail *f)
{
	KUNIT_EXPECT_EQ(f->test, drm_gem_handle_delete(f->client, f->handle), 0);
}

/*
 * Operations
 */

static int op_new(struct fail *f)
{
	f->new = msm_gem_new(&f->t->drm, FAIL_SIZE, MSM_BO_WC, NULL);
	return PTR_ERR_OR_ZERO(f->new);
}

static int op_new_not_shared(struct fail *f)
{
	struct drm_gem_object *r_obj = drm_gpuvm_resv_obj(f->t->vm);
	unsigned int refs = kref_read(&r_obj->refcount);

	f->new = msm_gem_new(&f->t->drm, FAIL_SIZE, MSM_BO_WC | MSM_BO_NO_SHARE, r_obj);
	if (IS_ERR(f->new) && kref_read(&r_obj->refcount) != refs)
		return -EEXIST;
	return PTR_ERR_OR_ZERO(f->new);
}

static int op_new_handle(struct fail *f)
{
	return msm_gem_new_handle(&f->t->drm, f->client, FAIL_SIZE, MSM_BO_WC, &f->handle, "name");
}

static int op_dumb_create(struct fail *f)
{
	struct drm_mode_create_dumb args = { .width = 64, .height = 64, .bpp = 32 };
	int ret = msm_gem_dumb_create(f->client, &f->t->drm, &args);

	f->handle = args.handle;
	return ret;
}

static int op_kernel_new(struct fail *f)
{
	f->vaddr = msm_gem_kernel_new(&f->t->drm, FAIL_SIZE, MSM_BO_WC, f->t->vm, &f->new,
				      &f->iova);
	return PTR_ERR_OR_ZERO(f->vaddr);
}

static void undo_kernel_new(struct fail *f)
{
	fill(f->vaddr, FAIL_SIZE, 1);
	KUNIT_EXPECT_EQ(f->test, device_wrong_bytes(&f->t->mmu, f->iova, FAIL_SIZE, 1), 0);
	msm_gem_kernel_put(f->new, f->t->vm);
}

static int op_get_pages(struct fail *f)
{
	return get_pages(f->obj);
}

static int op_map(struct fail *f)
{
	return map(f->t, f->obj, &f->iova);
}

static void undo_map(struct fail *f)
{
	KUNIT_EXPECT_EQ(f->test, mapped_pages(&f->t->mmu), FAIL_PAGES);
	unpin(f->obj);
}

static void undo_map_evicted(struct fail *f)
{
	KUNIT_EXPECT_EQ(f->test, device_wrong_bytes(&f->t->mmu, f->iova, FAIL_SIZE, 1), 0);
	unpin(f->obj);
}

static int op_pin_iova(struct fail *f)
{
	return msm_gem_get_and_pin_iova(f->obj, f->t->vm, &f->iova);
}

static void undo_pin_iova(struct fail *f)
{
	msm_gem_unpin_iova(f->obj, f->t->vm);
}

static int op_get_iova(struct fail *f)
{
	return msm_gem_get_iova(f->obj, f->t->vm, &f->iova);
}

static int op_set_iova(struct fail *f)
{
	return msm_gem_set_iova(f->obj, f->t->vm, VA_START + SZ_16M);
}

static int op_vaddr(struct fail *f)
{
	void *vaddr = msm_gem_get_vaddr(f->obj);

	return PTR_ERR_OR_ZERO(vaddr);
}

static void undo_vaddr(struct fail *f)
{
	msm_gem_put_vaddr(f->obj);
}

static int op_prime_pin(struct fail *f)
{
	guard(drm_gem_pages)(&to_msm_bo(f->obj)->pages);
	return f->obj->funcs->pin(f->obj);
}

static void undo_prime_pin(struct fail *f)
{
	guard(drm_gem_pages)(&to_msm_bo(f->obj)->pages);
	f->obj->funcs->unpin(f->obj);
}

static int op_export(struct fail *f)
{
	f->dma_buf = f->obj->funcs->export(f->obj, DRM_RDWR);
	return PTR_ERR_OR_ZERO(f->dma_buf);
}

static void undo_export(struct fail *f)
{
	dma_buf_put(f->dma_buf);
}

static void setup_theirs(struct fail *f)
{
	struct drm_gem_pages_object *theirs;

	theirs = drm_gem_pages_create(msm_test_other(f->test), FAIL_SIZE, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(f->test, theirs);
	f->theirs = &theirs->base;
	f->dma_buf = drm_gem_pages_prime_export(f->theirs, DRM_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(f->test, f->dma_buf);
}

static int op_import(struct fail *f)
{
	f->new = msm_gem_prime_import(&f->t->drm, f->dma_buf);
	return PTR_ERR_OR_ZERO(f->new);
}

static void teardown_theirs(struct fail *f)
{
	KUNIT_EXPECT_TRUE(f->test, list_empty(&f->dma_buf->attachments));
	dma_buf_put(f->dma_buf);
	flush_delayed_fput();
	drm_gem_object_put(f->theirs);
}

/* These allocate nothing: reclaim calls them, or they cannot tell of an error. */
static int op_evict(struct fail *f)
{
	guard(drm_gem_pages)(&to_msm_bo(f->obj)->pages);
	return drm_gem_pages_evict_locked(&to_msm_bo(f->obj)->pages);
}

static int op_purge(struct fail *f)
{
	guard(drm_gem_pages)(&to_msm_bo(f->obj)->pages);
	return drm_gem_pages_purge_locked(&to_msm_bo(f->obj)->pages);
}

static int op_madvise(struct fail *f)
{
	if (!msm_gem_madvise(f->obj, MSM_MADV_DONTNEED))
		return -ENODATA;
	return msm_gem_madvise(f->obj, MSM_MADV_WILLNEED) ? 0 : -ENODATA;
}

static int op_close(struct fail *f)
{
	return msm_gem_set_iova(f->obj, f->t->vm, 0);
}

static const struct fail_op ops[] = {
	{ "new", NULL, op_new, undo_new, NULL, .error = -ENOSPC, .allocates = true },
	{ "new, not shared", NULL, op_new_not_shared, undo_new, NULL, .error = -ENOSPC,
	  .allocates = true },
	{ "new handle", NULL, op_new_handle, undo_handle, NULL, .error = -ENOSPC,
	  .allocates = true },
	{ "dumb create", NULL, op_dumb_create, undo_handle, NULL, .error = -ENOSPC,
	  .allocates = true },
	{ "kernel new", NULL, op_kernel_new, undo_kernel_new, NULL, .error = -ENOSPC,
	  .allocates = true },
	{ "get pages", setup_object, op_get_pages, NULL, teardown_object, .allocates = true },
	{ "get pages, evicted", setup_evicted, op_get_pages, NULL, teardown_object,
	  .allocates = true },
	{ "map", setup_object, op_map, undo_map, teardown_object, .allocates = true,
	  .grows = true, .maps = true },
	{ "map, resident", setup_resident, op_map, undo_map, teardown_object, .allocates = true,
	  .maps = true },
	{ "map, evicted", setup_evicted, op_map, undo_map_evicted, teardown_object,
	  .allocates = true, .grows = true },
	{ "pin iova", setup_object, op_pin_iova, undo_pin_iova, teardown_object,
	  .allocates = true, .grows = true },
	{ "get iova", setup_object, op_get_iova, NULL, teardown_object, .allocates = true },
	{ "set iova", setup_object, op_set_iova, NULL, teardown_object, .allocates = true },
	{ "vaddr", setup_object, op_vaddr, undo_vaddr, teardown_object, .allocates = true },
	{ "vaddr, evicted", setup_evicted, op_vaddr, undo_vaddr, teardown_object,
	  .allocates = true },
	{ "prime pin", setup_object, op_prime_pin, undo_prime_pin, teardown_object,
	  .allocates = true },
	{ "export", setup_object, op_export, undo_export, teardown_object, .allocates = true },
	{ "import", setup_theirs, op_import, undo_new, teardown_theirs, .allocates = true },
	{ "evict", setup_everything, op_evict, NULL, teardown_object },
	{ "purge", setup_everything, op_purge, NULL, teardown_object },
	{ "madvise", setup_everything, op_madvise, NULL, teardown_object },
	{ "close", setup_everything, op_close, NULL, teardown_object },
};

KUNIT_ARRAY_PARAM_DESC(ops, ops, name);

static int init(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_FAULT_INJECTION))
		kunit_skip(test, "no failures are injected");
	return msm_test_init(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(fail_each, ops_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "msm_gem_fail",
	.init = init,
	.exit = msm_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
