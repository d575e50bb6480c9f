// SPDX-License-Identifier: GPL-2.0

/*
 * The GEM layer, function by function.
 */

#include <kunit/test.h>

#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/workqueue.h>

#include <drm/drm_dumb_buffers.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_mode.h>
#include <drm/drm_print.h>

#include "msm_gem_test_util.h"

static struct drm_gem_object *object(struct kunit *test, u32 flags)
{
	return msm_test_object(test, TEST_SIZE, flags);
}

static void pins(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj = object(test, MSM_BO_WC);
	u64 iova, again;

	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova(obj, t->vm, &iova), 0);
	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova(obj, t->vm, &again), 0);
	KUNIT_EXPECT_EQ(test, again, iova);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), TEST_PAGES);
	KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), TEST_SIZE);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_DONTNEED), 1);
	evict_all(test);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	unpin(obj);
	evict_all(test);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), TEST_PAGES);
	/* The last one takes the mapping with it. */
	msm_gem_unpin_iova(obj, t->vm);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), 0);
	evict_all(test);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_WILLNEED), 0);
	drm_gem_object_put(obj);
}

static void iova_outlives_eviction(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj = object(test, MSM_BO_WC), *other = object(test, MSM_BO_CACHED);
	u64 iova, again;
	int i;

	KUNIT_ASSERT_EQ(test, msm_test_write(obj, 5), 0);
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, map(t, obj, i ? &again : &iova), 0);
		KUNIT_ASSERT_EQ(test, map(t, other, &again), 0);
		KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), 2 * TEST_PAGES);
		KUNIT_EXPECT_EQ(test, device_wrong_bytes(&t->mmu, iova, TEST_SIZE, 5), 0);
		unpin(obj);
		unpin(other);
		evict_all(test);
		KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), 0);
		KUNIT_EXPECT_FALSE(test, is_resident(obj));
		KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), 0);
		KUNIT_ASSERT_EQ(test, msm_gem_get_iova(obj, t->vm, &again), 0);
		KUNIT_EXPECT_EQ(test, again, iova);
	}

	KUNIT_EXPECT_EQ(test, msm_test_read(obj, 5), 0);
	close_and_put(t, other);
	close_and_put(t, obj);
}

/* Nobody tells when the device writes, only where it may. */
static void device_writes(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj = object(test, MSM_BO_CACHED);
	u64 iova;

	KUNIT_ASSERT_EQ(test, map(t, obj, &iova), 0);
	device_fill(&t->mmu, iova, TEST_SIZE, 7);
	unpin(obj);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, msm_test_read(obj, 7), 0);
	close_and_put(t, obj);
}

/* What it may not write, and nobody else did, is not kept: zeroes again. */
static void device_reads_only(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_CACHED | MSM_BO_GPU_READONLY);
	struct msm_test *t = test->priv;
	u64 iova;

	KUNIT_ASSERT_EQ(test, map(t, obj, &iova), 0);
	device_fill(&t->mmu, iova, TEST_SIZE, 8);
	unpin(obj);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, msm_test_read(obj, 0), 0);
	close_and_put(t, obj);
}

static void protection(struct kunit *test)
{
	static const struct {
		u32 flags;
		int prot;
	} cases[] = {
		{ MSM_BO_WC, IOMMU_READ | IOMMU_WRITE },
		{ MSM_BO_CACHED, IOMMU_READ | IOMMU_WRITE },
		{ MSM_BO_CACHED_COHERENT, IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE },
		{ MSM_BO_WC | MSM_BO_GPU_READONLY, IOMMU_READ },
		{ MSM_BO_WC | MSM_BO_MAP_PRIV, IOMMU_READ | IOMMU_WRITE | IOMMU_PRIV },
	};
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	unsigned int i;

	t->priv.has_cached_coherent = true;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		obj = object(test, cases[i].flags);
		KUNIT_EXPECT_EQ_MSG(test, msm_gem_prot(obj), cases[i].prot, "flags %x",
				    cases[i].flags);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_is_wc(&to_msm_bo(obj)->pages),
				!!(cases[i].flags & MSM_BO_WC));
		drm_gem_object_put(obj);
	}
}

static void failed_map(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj = object(test, MSM_BO_WC);
	u64 iova;

	t->mmu.map_error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, msm_gem_get_and_pin_iova(obj, t->vm, &iova), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(&to_msm_bo(obj)->pages));
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	t->mmu.map_error = 0;
	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova(obj, t->vm, &iova), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), TEST_PAGES);
	msm_gem_unpin_iova(obj, t->vm);
	drm_gem_object_put(obj);
}

static void vaddr_nests(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_WC);
	void *first = msm_gem_get_vaddr(obj);
	void *second = msm_gem_get_vaddr(obj);

	KUNIT_ASSERT_FALSE(test, IS_ERR(first));
	KUNIT_EXPECT_PTR_EQ(test, first, second);
	msm_gem_put_vaddr(obj);
	evict_all(test);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	/* What is idle does not keep it. */
	msm_gem_put_vaddr(obj);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	drm_gem_object_put(obj);
}

static void not_shared(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *r_obj = drm_gpuvm_resv_obj(t->vm), *obj;
	unsigned int refs = kref_read(&r_obj->refcount);
	u64 iova;

	obj = msm_gem_new(&t->drm, TEST_SIZE, MSM_BO_WC | MSM_BO_NO_SHARE, r_obj);
	KUNIT_ASSERT_FALSE(test, IS_ERR(obj));
	KUNIT_EXPECT_PTR_EQ(test, obj->resv, r_obj->resv);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(obj->funcs->export(obj, 0)), -EPERM);
	KUNIT_EXPECT_EQ(test, msm_gem_get_and_pin_iova(obj, t->vm, &iova), -EINVAL);
	scoped_guard(drm_gem_pages, &to_msm_bo(obj)->pages)
		KUNIT_EXPECT_EQ(test, obj->funcs->pin(obj), -EINVAL);
	/* But submissions map it. */
	KUNIT_ASSERT_EQ(test, map(t, obj, &iova), 0);
	unpin(obj);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	close_and_put(t, obj);
	KUNIT_EXPECT_EQ(test, kref_read(&r_obj->refcount), refs);
}

static void bad_arguments(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;

	obj = msm_gem_new(&t->drm, 0, MSM_BO_WC, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(obj), -EINVAL);
	obj = msm_gem_new(&t->drm, 1, 0, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(obj), -EINVAL);
	obj = msm_gem_new(&t->drm, 1, MSM_BO_CACHED_COHERENT, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(obj), -EINVAL);
}

static void kernel_objects(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	void *vaddr;
	u64 iova;

	vaddr = msm_gem_kernel_new(&t->drm, TEST_SIZE, MSM_BO_WC, t->vm, &obj, &iova);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vaddr));
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), TEST_PAGES);
	evict_all(test);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	msm_gem_kernel_put(obj, t->vm);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), 0);

	t->mmu.map_error = -ENOMEM;
	vaddr = msm_gem_kernel_new(&t->drm, TEST_SIZE, MSM_BO_WC, t->vm, &obj, &iova);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->priv.objects));
	t->mmu.map_error = 0;
}

/* Without an address only the CPU has it. */
static void kernel_objects_without_iova(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	void *vaddr;

	vaddr = msm_gem_kernel_new(&t->drm, TEST_SIZE, MSM_BO_WC, NULL, &obj, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vaddr));
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 0);
	KUNIT_EXPECT_PTR_EQ(test, to_msm_bo(obj)->vaddr, vaddr);
	msm_gem_put_vaddr(obj);
	drm_gem_object_put(obj);
	/* What there may be no object of. */
	msm_gem_kernel_put(NULL, t->vm);
	msm_gem_kernel_put(ERR_PTR(-ENOMEM), t->vm);
	vaddr = msm_gem_kernel_new(&t->drm, 0, MSM_BO_WC, t->vm, &obj, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), -EINVAL);
}

static void chosen_addresses(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_WC), *other = object(test, MSM_BO_WC);
	const u64 at = VA_START + SZ_16M;
	struct msm_test *t = test->priv;
	u64 iova;

	KUNIT_EXPECT_EQ(test, msm_gem_set_iova(obj, t->vm, at), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_set_iova(obj, t->vm, at), 0);
	KUNIT_ASSERT_EQ(test, msm_gem_get_iova(obj, t->vm, &iova), 0);
	KUNIT_EXPECT_EQ(test, iova, at);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), 0);
	/* It is taken, and not in the VM. */
	KUNIT_EXPECT_EQ(test, msm_gem_set_iova(other, t->vm, at + TEST_SIZE / 2), -ENOSPC);
	KUNIT_EXPECT_EQ(test, msm_gem_set_iova(other, t->vm, VA_START + VA_SIZE), -ENOSPC);
	KUNIT_EXPECT_EQ(test, count_mappings(other), 0);
	/* Within a range, mapped and pinned. */
	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova_range(other, t->vm, &iova, at + SZ_1M,
							     at + SZ_2M), 0);
	KUNIT_EXPECT_GE(test, iova, at + SZ_1M);
	KUNIT_EXPECT_LE(test, iova + TEST_SIZE, at + SZ_2M);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), TEST_PAGES);
	KUNIT_EXPECT_EQ(test, msm_gem_get_and_pin_iova_range(obj, t->vm, &iova, at, at + TEST_SIZE),
			0);
	msm_gem_unpin_iova(other, t->vm);
	msm_gem_unpin_iova(obj, t->vm);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 0);

	/* Zero removes it, mapped or not, and again. */
	KUNIT_ASSERT_EQ(test, map(t, obj, &iova), 0);
	unpin(obj);
	KUNIT_EXPECT_EQ(test, msm_gem_set_iova(obj, t->vm, 0), 0);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_set_iova(obj, t->vm, 0), 0);
	drm_gem_object_put(other);
	drm_gem_object_put(obj);
}

/* An object that has an address does not get another one, and loses the first. */
static void address_cannot_change(struct kunit *test)
{
	struct kunit_suppressed_warning *warning;
	struct drm_gem_object *obj = object(test, MSM_BO_WC);
	struct msm_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, msm_gem_set_iova(obj, t->vm, VA_START + SZ_16M), 0);
	warning = kunit_start_suppress_warning(test);
	KUNIT_EXPECT_EQ(test, msm_gem_set_iova(obj, t->vm, VA_START + SZ_32M), -EBUSY);
	KUNIT_EXPECT_GT(test, kunit_suppressed_warning_count(warning), 0);
	kunit_end_suppress_warning(test, warning);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 0);
	drm_gem_object_put(obj);
}

/* Handles, dma-bufs and framebuffers keep the mapping of the display, unpinned. */
static void display_keeps_vma(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_WC | MSM_BO_SCANOUT);
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	u64 iova, again;
	u32 handle;

	msm_test_display(test);
	handle = msm_test_handle(test, client, obj);
	msm_gem_vma_get(obj);
	KUNIT_EXPECT_EQ(test, atomic_read(&to_msm_bo(obj)->vma_ref), 2);
	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova(obj, t->kms.vm, &iova), 0);
	evict_all(test);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->display_mmu), TEST_PAGES);
	/* Unlike that of others it stays, until memory is short; then the address does. */
	msm_gem_unpin_iova(obj, t->kms.vm);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->display_mmu), TEST_PAGES);
	evict_all(test);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->display_mmu), 0);
	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova(obj, t->kms.vm, &again), 0);
	KUNIT_EXPECT_EQ(test, again, iova);
	msm_gem_unpin_iova(obj, t->kms.vm);
	/* The last one takes it along. */
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(client, handle), 0);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 1);
	msm_gem_vma_put(obj);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->display_mmu), 0);
	drm_gem_object_put(obj);
}

/* Nobody is to find the mapping gone who has come in time. */
static int put_thread(void *obj)
{
	msm_gem_vma_put(obj);
	return 0;
}

static void display_comes_back(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_WC | MSM_BO_SCANOUT);
	struct msm_test *t = test->priv;
	struct task_struct *task;
	u64 iova;

	msm_test_display(test);
	msm_gem_vma_get(obj);
	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova(obj, t->kms.vm, &iova), 0);
	task = kthread_create(put_thread, obj, "msm-test-put");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	scoped_guard(drm_gem_pages, &to_msm_bo(obj)->pages) {
		wake_up_process(task);
		/* From now on it waits for the lock. */
		while (atomic_read(&to_msm_bo(obj)->vma_ref))
			msleep(20);
		msm_gem_vma_get(obj);
	}
	kthread_stop(task);
	put_task_struct(task);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->display_mmu), TEST_PAGES);
	msm_gem_unpin_iova(obj, t->kms.vm);
	msm_gem_vma_put(obj);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->display_mmu), 0);
	drm_gem_object_put(obj);
}

/* A job that ends a little later. */
struct last_job {
	struct delayed_work work;
	struct msm_test *t;
	struct dma_fence *fence;
	unsigned long mapped;
};

static void end_last_job(struct work_struct *work)
{
	struct last_job *job = container_of(work, struct last_job, work.work);

	job->mapped = mapped_pages(&job->t->mmu);
	dma_fence_signal(job->fence);
}

/* The end of a handle waits for jobs, which have the mapping until then. */
static void handle_of_busy_object(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_WC);
	struct last_job job = { .t = test->priv, .fence = msm_test_fence() };
	struct drm_file *client = msm_test_client(test);
	u32 handle;
	u64 iova;

	KUNIT_ASSERT_NOT_NULL(test, job.fence);
	handle = msm_test_handle(test, client, obj);
	KUNIT_ASSERT_EQ(test, msm_test_submit(job.t, obj, job.fence, &iova), 0);
	unpin(obj);
	INIT_DELAYED_WORK_ONSTACK(&job.work, end_last_job);
	schedule_delayed_work(&job.work, HZ / 10);
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(client, handle), 0);
	flush_delayed_work(&job.work);
	destroy_delayed_work_on_stack(&job.work);
	KUNIT_EXPECT_EQ(test, job.mapped, TEST_PAGES);
	KUNIT_EXPECT_EQ(test, mapped_pages(&job.t->mmu), 0);
	dma_fence_put(job.fence);
	drm_gem_object_put(obj);
}

/* The end of a handle ends the mapping in the client's VM. */
static void handles(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_WC);
	struct drm_file *client = msm_test_client(test);
	struct msm_context *ctx = client->driver_priv;
	struct msm_test *t = test->priv;
	u32 handle;
	u64 iova;

	handle = msm_test_handle(test, client, obj);
	KUNIT_EXPECT_EQ(test, atomic64_read(&ctx->ctx_mem), TEST_SIZE);
	KUNIT_ASSERT_EQ(test, map(t, obj, &iova), 0);
	unpin(obj);
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(client, handle), 0);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&ctx->ctx_mem), 0);
	drm_gem_object_put(obj);

	KUNIT_ASSERT_EQ(test, msm_gem_new_handle(&t->drm, client, TEST_SIZE, MSM_BO_WC, &handle,
						 "a name"), 0);
	obj = drm_gem_object_lookup(client, handle);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_EXPECT_STREQ(test, to_msm_bo(obj)->name, "a name");
	msm_gem_object_set_name(obj, NULL);
	KUNIT_EXPECT_STREQ(test, to_msm_bo(obj)->name, "a name");
	msm_gem_object_set_name(obj, "%040d", 1);
	KUNIT_EXPECT_EQ(test, strlen(to_msm_bo(obj)->name), sizeof(to_msm_bo(obj)->name) - 1);
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(client, handle), 0);
	drm_gem_object_put(obj);

	/* In the VM of the client, if it has one. */
	KUNIT_ASSERT_EQ(test, msm_gem_new_handle(&t->drm, client, TEST_SIZE,
						 MSM_BO_WC | MSM_BO_NO_SHARE, &handle, NULL), 0);
	obj = drm_gem_object_lookup(client, handle);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_EXPECT_PTR_EQ(test, obj->resv, drm_gpuvm_resv(t->vm));
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(client, handle), 0);
	drm_gem_object_put(obj);
	ctx->vm = NULL;
	KUNIT_EXPECT_EQ(test, msm_gem_new_handle(&t->drm, client, TEST_SIZE,
						 MSM_BO_WC | MSM_BO_NO_SHARE, &handle, NULL),
			-EINVAL);
	ctx->vm = t->vm;
	t->priv.gpu = NULL;
	KUNIT_EXPECT_EQ(test, msm_gem_new_handle(&t->drm, client, TEST_SIZE,
						 MSM_BO_WC | MSM_BO_NO_SHARE, &handle, NULL),
			-EINVAL);
}

static void dumb_buffers(struct kunit *test)
{
	static const struct {
		u32 width, height, bpp, pitch;
		int error;
	} cases[] = {
		{ 100, 10, 32, 128 * 4 },
		{ 1, 1, 8, 32 },
		{ 33, 2, 16, 64 * 2 },
		/* A depth that no format has. */
		{ 40, 2, 12, 64 * 2 },
		{ .width = U32_MAX, .height = 1, .bpp = 32, .error = -EINVAL },
		{ .width = 0, .height = 1, .bpp = 32, .error = -EINVAL },
		{ .width = 64, .height = U32_MAX, .bpp = 32, .error = -EINVAL },
	};
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_mode_create_dumb args = {
			.width = cases[i].width,
			.height = cases[i].height,
			.bpp = cases[i].bpp,
		};

		KUNIT_EXPECT_EQ_MSG(test, msm_gem_dumb_create(client, &t->drm, &args),
				    cases[i].error, "%u", i);
		if (cases[i].error)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, args.pitch, cases[i].pitch, "%u", i);
		KUNIT_EXPECT_GE(test, args.size, args.pitch * args.height);
		obj = drm_gem_object_lookup(client, args.handle);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		KUNIT_EXPECT_EQ(test, to_msm_bo(obj)->flags, MSM_BO_SCANOUT | MSM_BO_WC);
		KUNIT_EXPECT_STREQ(test, to_msm_bo(obj)->name, "dumb");
		drm_gem_object_put(obj);
		KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(client, args.handle), 0);
	}
}

static void cpu_prep(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_WC);
	struct dma_fence *fence = msm_test_fence();
	struct msm_test *t = test->priv;
	ktime_t soon, past = 0;
	u64 iova;

	KUNIT_ASSERT_NOT_NULL(test, fence);
	soon = ktime_add_ms(ktime_get(), 50);
	KUNIT_EXPECT_EQ(test, msm_gem_cpu_prep(obj, MSM_PREP_READ | MSM_PREP_WRITE, &soon), 0);
	KUNIT_ASSERT_EQ(test, msm_test_submit(t, obj, fence, &iova), 0);
	unpin(obj);
	scoped_guard(drm_gem_pages, &to_msm_bo(obj)->pages)
		KUNIT_EXPECT_TRUE(test, msm_gem_active(obj));
	KUNIT_EXPECT_EQ(test, msm_gem_cpu_prep(obj, MSM_PREP_WRITE | MSM_PREP_NOSYNC, &soon),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, msm_gem_cpu_prep(obj, MSM_PREP_WRITE, &past), -EBUSY);
	soon = ktime_add_ms(ktime_get(), 50);
	KUNIT_EXPECT_EQ(test, msm_gem_cpu_prep(obj, MSM_PREP_READ | MSM_PREP_BOOST, &soon),
			-ETIMEDOUT);
	dma_fence_signal(fence);
	KUNIT_EXPECT_EQ(test, msm_gem_cpu_prep(obj, MSM_PREP_WRITE | MSM_PREP_NOSYNC, &soon), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_cpu_fini(obj), 0);
	scoped_guard(drm_gem_pages, &to_msm_bo(obj)->pages)
		KUNIT_EXPECT_FALSE(test, msm_gem_active(obj));
	dma_fence_put(fence);
	close_and_put(t, obj);
}

/* Memory counts while it is there, whoever asked for it. */
static void accounting(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_CACHED), *big;
	struct msm_test *t = test->priv;

	big = msm_test_object(test, SZ_1M, MSM_BO_WC);
	KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), 0);
	KUNIT_ASSERT_EQ(test, get_pages(obj), 0);
	KUNIT_ASSERT_EQ(test, get_pages(obj), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), TEST_SIZE);
	KUNIT_ASSERT_EQ(test, msm_test_write(big, 1), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), TEST_SIZE + SZ_1M);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_DONTNEED), 1);
	evict_all(test);
	KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), 0);
	KUNIT_ASSERT_EQ(test, get_pages(big), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), SZ_1M);
	drm_gem_object_put(big);
	KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), 0);
	drm_gem_object_put(obj);
}

static const char *show(struct kunit *test, struct drm_file *client, char *buf, size_t size)
{
	struct drm_print_iterator iter = { .data = buf, .remain = size };
	struct drm_printer p = drm_coredump_printer(&iter);

	memset(buf, 0, size);
	drm_gem_pages_show_memory(&p, client);
	return buf;
}

static void fdinfo(struct kunit *test)
{
	struct drm_gem_object *need = object(test, MSM_BO_WC), *spare = object(test, MSM_BO_WC);
	struct drm_file *client = msm_test_client(test);
	char *buf = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	msm_test_handle(test, client, need);
	msm_test_handle(test, client, spare);
	KUNIT_ASSERT_EQ(test, msm_test_write(need, 1), 0);
	KUNIT_ASSERT_EQ(test, msm_test_write(spare, 2), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(spare, MSM_MADV_DONTNEED), 1);
	show(test, client, buf, SZ_4K);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(buf, "drm-total-memory:\t128 KiB\n"), "%s", buf);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(buf, "drm-resident-memory:\t128 KiB\n"), "%s", buf);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(buf, "drm-purgeable-memory:\t64 KiB\n"), "%s", buf);
	evict_all(test);
	show(test, client, buf, SZ_4K);
	/* DRM leaves out what no object is. */
	KUNIT_EXPECT_NULL_MSG(test, strstr(buf, "drm-resident-memory"), "%s", buf);
	KUNIT_EXPECT_NULL_MSG(test, strstr(buf, "drm-purgeable-memory"), "%s", buf);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(buf, "msm-test-evicted-memory:\t64 KiB\n"), "%s",
				  buf);
	drm_gem_object_put(need);
	drm_gem_object_put(spare);
}

/* The lines of debugfs: all states, and what is pinned, locked, or mapped. */
static void describe(struct kunit *test)
{
	struct drm_gem_object *one = object(test, MSM_BO_WC), *two = object(test, MSM_BO_WC);
	struct drm_gem_object *gone = object(test, MSM_BO_WC), *held = object(test, MSM_BO_WC);
	struct seq_file m = { .size = SZ_16K };
	struct msm_test *t = test->priv;
	char want[64];
	void *vaddr;
	u64 iova;

	m.buf = kunit_kzalloc(test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	mutex_init(&m.lock);
	KUNIT_ASSERT_EQ(test, get_pages(gone), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(gone, MSM_MADV_DONTNEED), 1);
	evict_all(test);
	KUNIT_ASSERT_EQ(test, get_pages(one), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(one, MSM_MADV_DONTNEED), 1);
	msm_gem_object_set_name(two, "two%d", 2);
	KUNIT_ASSERT_EQ(test, map(t, two, &iova), 0);
	vaddr = msm_gem_get_vaddr(two);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vaddr));
	KUNIT_EXPECT_EQ(test, to_msm_bo(two)->vmap_count, 1);
	/* Whoever holds a lock is left out, not waited for. */
	scoped_guard(drm_gem_pages, &to_msm_bo(held)->pages) {
		guard(mutex)(&t->priv.obj_lock);
		msm_gem_describe_objects(&t->priv.objects, &m);
	}
	m.buf[m.count] = 0;
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "Total:        3 objects,    196608 bytes\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "Active:       1 objects,     65536 bytes\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "Resident:     2 objects,    131072 bytes\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "Purgeable:    1 objects,     65536 bytes\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "Purged:       1 objects,     65536 bytes\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, " purgeable "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, " purged "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, ": A "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "two2"));
	snprintf(want, sizeof(want), ", %08llx, mapped]", iova);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(m.buf, want), "%s", m.buf);

	msm_gem_put_vaddr(two);
	unpin(two);
	evict_all(test);
	m.count = 0;
	scoped_guard(mutex, &t->priv.obj_lock)
		msm_gem_describe_objects(&t->priv.objects, &m);
	m.buf[m.count] = 0;
	snprintf(want, sizeof(want), ", %08llx, unmapped]", iova);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(m.buf, want), "%s", m.buf);
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "Total:        4 objects,    262144 bytes\n"));
	drm_gem_object_put(held);
	drm_gem_object_put(gone);
	drm_gem_object_put(one);
	close_and_put(t, two);
}

/* After a purge nobody finds the object by its old offset. */
static void offset_ends_with_purge(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_WC);

	KUNIT_ASSERT_EQ(test, drm_gem_create_mmap_offset(obj), 0);
	KUNIT_EXPECT_NE(test, drm_vma_node_offset_addr(&obj->vma_node), 0);
	KUNIT_ASSERT_EQ(test, get_pages(obj), 0);
	evict_all(test);
	KUNIT_EXPECT_NE(test, drm_vma_node_offset_addr(&obj->vma_node), 0);
	KUNIT_ASSERT_EQ(test, get_pages(obj), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_DONTNEED), 1);
	evict_all(test);
	KUNIT_EXPECT_EQ(test, drm_vma_node_offset_addr(&obj->vma_node), 0);
	drm_gem_object_put(obj);
}

static int set_parameter(const char *name, const char *value)
{
	const struct kernel_param *param = THIS_MODULE->kp;
	unsigned int i;

	for (i = 0; i < THIS_MODULE->num_kp; i++, param++) {
		if (!strcmp(param->name, name))
			return param->ops->set(value, param);
	}
	return -ENOENT;
}

/* What may go to swap stays if the user wants no swap; what nobody needs does not. */
static void without_eviction(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_WC);

	KUNIT_ASSERT_EQ(test, get_pages(obj), 0);
	KUNIT_ASSERT_EQ(test, set_parameter("enable_eviction", "N"), 0);
	evict_all(test);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_DONTNEED), 1);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, set_parameter("enable_eviction", "Y"), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_WILLNEED), 0);
	drm_gem_object_put(obj);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(pins),
	KUNIT_CASE(iova_outlives_eviction),
	KUNIT_CASE(device_writes),
	KUNIT_CASE(device_reads_only),
	KUNIT_CASE(protection),
	KUNIT_CASE(failed_map),
	KUNIT_CASE(vaddr_nests),
	KUNIT_CASE(not_shared),
	KUNIT_CASE(bad_arguments),
	KUNIT_CASE(kernel_objects),
	KUNIT_CASE(kernel_objects_without_iova),
	KUNIT_CASE(chosen_addresses),
	KUNIT_CASE(address_cannot_change),
	KUNIT_CASE(display_keeps_vma),
	KUNIT_CASE(display_comes_back),
	KUNIT_CASE(handle_of_busy_object),
	KUNIT_CASE(handles),
	KUNIT_CASE(dumb_buffers),
	KUNIT_CASE(cpu_prep),
	KUNIT_CASE(accounting),
	KUNIT_CASE(fdinfo),
	KUNIT_CASE(describe),
	KUNIT_CASE(offset_ends_with_purge),
	KUNIT_CASE(without_eviction),
	{}
};

static struct kunit_suite suite = {
	.name = "msm_gem",
	.init = msm_test_init,
	.exit = msm_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("Tests of msm's GEM layer on drm_gem_pages");
MODULE_LICENSE("GPL");
