// SPDX-License-Identifier: GPL-2.0

/*
 * VM_BIND: the ioctl, its steps and its job in msm_gem_vma.c, with reclaim between them.
 */

#include <kunit/test.h>

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/wait.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_exec.h>
#include <drm/drm_gpuvm.h>
#include <drm/drm_prime.h>

#include "msm_gem_test_util.h"

#define AT		(VA_START + SZ_16M)
#define ELSEWHERE	(VA_START + SZ_32M)
#define RACE_MS		2000

/* An object with a handle and some content, unless @seed is zero. */
static struct drm_gem_object *object(struct kunit *test, struct drm_file *client, u32 flags,
				     u64 seed, u32 *handle)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;

	obj = msm_gem_new(&t->drm, TEST_SIZE, flags | MSM_BO_WC,
			  flags & MSM_BO_NO_SHARE ? drm_gpuvm_resv_obj(t->bind_vm) : NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	if (seed)
		KUNIT_ASSERT_EQ(test, msm_test_write(obj, seed), 0);
	*handle = msm_test_handle(test, client, obj);
	return obj;
}

static void bind(struct kunit *test, struct drm_file *client, u32 handle, u64 offset, u64 iova,
		 u64 range)
{
	KUNIT_ASSERT_EQ(test, msm_test_bind(client, MSM_VM_BIND_OP_MAP, handle, offset, iova,
					    range), 0);
	msm_test_bind_wait(test);
}

static void unbind(struct kunit *test, struct drm_file *client, u64 iova, u64 range)
{
	KUNIT_ASSERT_EQ(test, msm_test_bind(client, MSM_VM_BIND_OP_UNMAP, 0, 0, iova, range), 0);
	msm_test_bind_wait(test);
}

/* What a submission does in such a VM: lock all there is, and map what was evicted. */
static int validate(struct msm_test *t)
{
	struct drm_exec exec;
	int ret = 0;

	drm_exec_init(&exec, DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(&exec) {
		ret = drm_gpuvm_prepare_vm(t->bind_vm, &exec, 1);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
		ret = drm_gpuvm_prepare_objects(t->bind_vm, &exec, 1);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
	}
	if (!ret)
		ret = drm_gpuvm_validate(t->bind_vm, &exec);
	drm_exec_fini(&exec);
	return ret;
}

static bool is_pinned(struct drm_gem_object *obj)
{
	return drm_gem_pages_is_pinned(&to_msm_bo(obj)->pages);
}

/* Jobs from now on wait for this. */
static void hold_jobs(struct kunit *test)
{
	struct msm_test *t = test->priv;

	t->in_fence = msm_test_fence();
	KUNIT_ASSERT_NOT_NULL(test, t->in_fence);
}

static void release_jobs(struct msm_test *t)
{
	dma_fence_signal(t->in_fence);
	dma_fence_put(t->in_fence);
	t->in_fence = NULL;
}

static size_t wrong_at(struct msm_test *t, u64 iova, size_t size, u64 seed, size_t offset)
{
	return device_wrong_bytes_at(&t->bind_mmu, iova, size, seed, offset);
}

/* What reclaim takes the only object for, from the library's line about it in debugfs. */
static void expect_class(struct kunit *test, const char *class, unsigned int vms)
{
	struct seq_file m = { .size = SZ_4K };
	struct msm_test *t = test->priv;
	struct drm_debugfs_entry *entry;
	struct dentry *dentry;
	unsigned int is_vms;
	char is_class[16];
	int found;

	m.buf = kunit_kzalloc(test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	dentry = debugfs_lookup("gem_pages", t->drm.debugfs_root);
	KUNIT_ASSERT_NOT_NULL(test, dentry);
	entry = d_inode(dentry)->i_private;
	m.private = entry;
	KUNIT_EXPECT_EQ(test, entry->file.show(&m, NULL), 0);
	dput(dentry);
	/* Size, resident, state, class, pins, sgt, vmap, mmaps, VMs: below the titles. */
	found = sscanf(strchrnul(m.buf, '\n'), " %*s %*s %*s %15s %*s %*s %*s %*s %u", is_class,
		       &is_vms);
	KUNIT_ASSERT_EQ(test, found, 2);
	KUNIT_EXPECT_STREQ(test, is_class, class);
	KUNIT_EXPECT_EQ(test, is_vms, vms);
}

/* Reclaim hears of each change: it takes first what no VM maps, last what several do. */
static void reclaim_order(struct kunit *test)
{
	const u64 third = PAGE_SIZE * 5;
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	u64 iova;
	u32 handle;

	msm_test_bind_init(test, client);
	obj = object(test, client, 0, 1, &handle);
	expect_class(test, "unused", 0);
	bind(test, client, handle, 0, AT, TEST_SIZE);
	expect_class(test, "gpu-mapped", 1);
	/* What is left of a mapping still is one. */
	unbind(test, client, AT + third, third);
	expect_class(test, "gpu-mapped", 1);
	KUNIT_ASSERT_EQ(test, map(t, obj, &iova), 0);
	unpin(obj);
	expect_class(test, "gpu-shared", 2);
	evict_all(test);
	expect_class(test, "none", 0);
	KUNIT_EXPECT_EQ(test, validate(t), 0);
	expect_class(test, "gpu-mapped", 1);
	unbind(test, client, AT, TEST_SIZE);
	expect_class(test, "unused", 0);
	close_and_put(t, obj);
}

/* Only the device writes to it, and does not tell. */
static void evict_and_validate(struct kunit *test)
{
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	u32 handle;

	msm_test_bind_init(test, client);
	obj = object(test, client, 0, 0, &handle);
	bind(test, client, handle, 0, AT, TEST_SIZE);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 0, 0), 0);
	device_fill(&t->bind_mmu, AT, TEST_SIZE, 2);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), 0);
	KUNIT_EXPECT_EQ(test, validate(t), 0);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 2, 0), 0);
	msm_test_expect_sound(test);
	/* What the device writes after that is kept as well. */
	device_fill(&t->bind_mmu, AT, TEST_SIZE, 3);
	evict_all(test);
	KUNIT_EXPECT_EQ(test, validate(t), 0);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 3, 0), 0);
	unbind(test, client, AT, TEST_SIZE);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), 0);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 0);
	drm_gem_object_put(obj);
}

/* One object at two addresses, one of them with a hole. */
static void parts(struct kunit *test)
{
	const u64 third = PAGE_SIZE * 5, end = TEST_SIZE - 2 * third;
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	u32 handle;

	msm_test_bind_init(test, client);
	obj = object(test, client, 0, 1, &handle);
	bind(test, client, handle, 0, AT, TEST_SIZE);
	bind(test, client, handle, third, ELSEWHERE, third);
	unbind(test, client, AT + third, third);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 3);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), TEST_PAGES);
	msm_test_expect_sound(test);
	evict_all(test);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), 0);
	KUNIT_EXPECT_EQ(test, validate(t), 0);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, third, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT + 2 * third, end, 1, 2 * third), 0);
	KUNIT_EXPECT_EQ(test, wrong_at(t, ELSEWHERE, third, 1, third), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), TEST_PAGES);
	msm_test_expect_sound(test);
	unbind(test, client, VA_START, VA_SIZE);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 0);
	drm_gem_object_put(obj);
}

/* What is left of a mapping that was evicted is evicted, too; a job maps it again. */
static void split_while_evicted(struct kunit *test)
{
	const u64 half = TEST_SIZE / 2;
	struct drm_file *client = msm_test_client(test);
	struct drm_gem_object *obj, *other;
	struct msm_test *t = test->priv;
	u32 handle, other_handle;

	msm_test_bind_init(test, client);
	obj = object(test, client, 0, 1, &handle);
	other = object(test, client, 0, 2, &other_handle);
	bind(test, client, handle, 0, AT, TEST_SIZE);
	evict_all(test);
	/* In the middle of it. */
	bind(test, client, other_handle, 0, AT + PAGE_SIZE, half);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), TEST_PAGES / 2);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 2);
	msm_test_expect_sound(test);
	KUNIT_EXPECT_EQ(test, validate(t), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), TEST_PAGES);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, PAGE_SIZE, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT + PAGE_SIZE, half, 2, 0), 0);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT + PAGE_SIZE + half, half - PAGE_SIZE, 1,
				       PAGE_SIZE + half), 0);
	msm_test_expect_sound(test);
	unbind(test, client, AT, TEST_SIZE);
	drm_gem_object_put(other);
	drm_gem_object_put(obj);
}

/* To map it in the same place again only changes flags; evicted it stays until a job. */
static void same_place_while_evicted(struct kunit *test)
{
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	u32 handle;

	msm_test_bind_init(test, client);
	obj = object(test, client, 0, 1, &handle);
	bind(test, client, handle, 0, AT, TEST_SIZE);
	evict_all(test);
	bind(test, client, handle, 0, AT, TEST_SIZE);
	msm_test_expect_sound(test);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 1);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), 0);
	KUNIT_EXPECT_EQ(test, validate(t), 0);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 1, 0), 0);
	evict_all(test);
	unbind(test, client, AT, TEST_SIZE);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 0);
	drm_gem_object_put(obj);
}

static void not_shared(struct kunit *test)
{
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	u32 handle;

	msm_test_bind_init(test, client);
	obj = object(test, client, MSM_BO_NO_SHARE, 1, &handle);
	bind(test, client, handle, 0, AT, TEST_SIZE);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, validate(t), 0);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 1, 0), 0);
	unbind(test, client, AT, TEST_SIZE);
	drm_gem_object_put(obj);
}

static void advice(struct kunit *test)
{
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	u32 handle;

	msm_test_bind_init(test, client);
	obj = object(test, client, 0, 1, &handle);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_DONTNEED), 1);
	KUNIT_EXPECT_EQ(test, msm_test_bind(client, MSM_VM_BIND_OP_MAP, handle, 0, AT, TEST_SIZE),
			-EBUSY);
	/* The job that did not come to life has ended, too. */
	msm_test_bind_wait(test);
	KUNIT_EXPECT_FALSE(test, is_pinned(obj));
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_WILLNEED), 1);
	bind(test, client, handle, 0, AT, TEST_SIZE);
	KUNIT_EXPECT_FALSE(test, is_pinned(obj));
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_DONTNEED), 1);
	evict_all(test);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_WILLNEED), 0);
	/* Such a VM is of no use until user space unmaps it. */
	KUNIT_EXPECT_EQ(test, validate(t), -EBUSY);
	unbind(test, client, AT, TEST_SIZE);
	KUNIT_EXPECT_EQ(test, validate(t), 0);
	drm_gem_object_put(obj);
}

static int try_evict(struct drm_gem_object *obj)
{
	guard(drm_gem_pages)(&to_msm_bo(obj)->pages);
	return drm_gem_pages_evict_locked(&to_msm_bo(obj)->pages);
}

/*
 * A job waits for a fence, so that page tables lead where they did. What they lead to,
 * and what they will, stays.
 */
static void queued(struct kunit *test)
{
	const u64 half = TEST_SIZE / 2;
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj, *next;
	u32 handle, next_handle;

	msm_test_bind_init(test, client);
	obj = object(test, client, 0, 1, &handle);
	next = object(test, client, 0, 2, &next_handle);
	bind(test, client, handle, 0, AT, TEST_SIZE);

	hold_jobs(test);
	/* One half goes, the other is replaced. */
	KUNIT_EXPECT_EQ(test, msm_test_bind(client, MSM_VM_BIND_OP_UNMAP, 0, 0, AT, half), 0);
	KUNIT_EXPECT_EQ(test, msm_test_bind(client, MSM_VM_BIND_OP_MAP, next_handle, half,
					    AT + half, half), 0);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, try_evict(obj), -EBUSY);
	KUNIT_EXPECT_EQ(test, try_evict(next), -EBUSY);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 1, 0), 0);

	release_jobs(t);
	msm_test_bind_wait(test);
	msm_test_bind_wait(test);
	KUNIT_EXPECT_EQ(test, count_mappings(obj), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), TEST_PAGES / 2);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT + half, half, 2, half), 0);
	KUNIT_EXPECT_FALSE(test, is_pinned(obj));
	KUNIT_EXPECT_FALSE(test, is_pinned(next));
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	KUNIT_EXPECT_FALSE(test, is_resident(next));
	unbind(test, client, AT, TEST_SIZE);
	drm_gem_object_put(next);
	drm_gem_object_put(obj);
}

/*
 * An operation fails when it has removed what was there: one object that is mapped, and one
 * that a job is still to map. Page tables lead to neither of them, then and later.
 */
static void fails_half_way(struct kunit *test)
{
	const u64 half = TEST_SIZE / 2;
	struct drm_file *client = msm_test_client(test);
	struct drm_gem_object *mapped, *queued, *foreign;
	struct kunit_suppressed_warning *warning;
	struct msm_test *t = test->priv;
	u32 handle;

	msm_test_bind_init(test, client);
	mapped = object(test, client, 0, 1, &handle);
	bind(test, client, handle, 0, AT, half);
	hold_jobs(test);
	queued = object(test, client, 0, 2, &handle);
	KUNIT_EXPECT_EQ(test, msm_test_bind(client, MSM_VM_BIND_OP_MAP, handle, 0, AT + half,
					    half), 0);

	/* It belongs to another VM. */
	foreign = msm_test_object(test, TEST_SIZE, MSM_BO_WC | MSM_BO_NO_SHARE);
	handle = msm_test_handle(test, client, foreign);
	warning = kunit_start_suppress_warning(test);
	KUNIT_EXPECT_EQ(test, msm_test_bind(client, MSM_VM_BIND_OP_MAP, handle, 0, AT, TEST_SIZE),
			-EINVAL);
	KUNIT_EXPECT_GT(test, kunit_suppressed_warning_count(warning), 0);
	kunit_end_suppress_warning(test, warning);
	msm_test_bind_wait(test);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), 0);
	KUNIT_EXPECT_EQ(test, count_mappings(mapped), 0);
	KUNIT_EXPECT_EQ(test, count_mappings(queued), 0);
	KUNIT_EXPECT_FALSE(test, is_pinned(mapped));
	KUNIT_EXPECT_FALSE(test, is_pinned(foreign));
	KUNIT_EXPECT_TRUE(test, is_pinned(queued));

	release_jobs(t);
	msm_test_bind_wait(test);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), 0);
	KUNIT_EXPECT_FALSE(test, is_pinned(queued));
	/* Nobody knows any more what the VM maps. */
	KUNIT_EXPECT_EQ(test, msm_test_bind(client, MSM_VM_BIND_OP_UNMAP, 0, 0, AT, half), -EPIPE);
	evict_all(test);
	drm_gem_object_put(foreign);
	drm_gem_object_put(queued);
	drm_gem_object_put(mapped);
}

/* The same while the job that is to map something waits for the lock of page tables. */
static void fails_meanwhile(struct kunit *test)
{
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	u32 handle;

	msm_test_bind_init(test, client);
	obj = object(test, client, 0, 1, &handle);
	hold_jobs(test);
	KUNIT_EXPECT_EQ(test, msm_test_bind(client, MSM_VM_BIND_OP_MAP, handle, 0, AT, TEST_SIZE),
			0);
	scoped_guard(mutex, &to_msm_vm(t->bind_vm)->mmu_lock) {
		release_jobs(t);
		msleep(50);
		to_msm_vm(t->bind_vm)->unusable = true;
	}
	msm_test_bind_wait(test);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), 0);
	drm_gem_object_put(obj);
}

/*
 * What is queued when a process is killed is not done any more. Once fences let it be,
 * nothing is mapped and nothing kept, not even by page tables.
 */
static void killed(struct kunit *test)
{
	struct drm_file *client = msm_test_client(test);
	struct drm_gem_object *obj, *next;
	struct msm_test *t = test->priv;
	u32 handle, next_handle;

	msm_test_bind_init(test, client);
	obj = object(test, client, 0, 1, &handle);
	next = object(test, client, 0, 2, &next_handle);
	bind(test, client, handle, 0, AT, TEST_SIZE);
	hold_jobs(test);
	KUNIT_EXPECT_EQ(test, msm_test_bind(client, MSM_VM_BIND_OP_MAP, next_handle, 0, ELSEWHERE,
					    TEST_SIZE), 0);
	KUNIT_EXPECT_EQ(test, msm_test_bind(client, MSM_VM_BIND_OP_UNMAP, 0, 0, AT, TEST_SIZE), 0);
	/* The job has the last reference. */
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(client, handle), 0);
	drm_gem_object_put(obj);
	drm_sched_entity_kill(&t->entity);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 1, 0), 0);
	KUNIT_EXPECT_TRUE(test, is_pinned(next));

	release_jobs(t);
	/* The end of a job wakes it last of all. */
	KUNIT_EXPECT_GT(test, wait_event_timeout(to_msm_vm(t->bind_vm)->prealloc_throttle.wait,
						 list_is_singular(&t->priv.objects) &&
						 !is_pinned(next), 10 * HZ), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), 0);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(next));
	drm_gem_object_put(next);
}

/* A job ends what has nobody else: the lock of its dma-buf is taken then. */
static void imported(struct kunit *test)
{
	struct drm_gem_pages_object *theirs = drm_gem_pages_create(msm_test_other(test), TEST_SIZE,
								   0);
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	struct dma_buf *dma_buf;
	u32 handle;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, theirs);
	dma_buf = drm_gem_pages_prime_export(&theirs->base, DRM_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma_buf);
	obj = msm_gem_prime_import(&t->drm, dma_buf);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	dma_buf_put(dma_buf);
	handle = msm_test_handle(test, client, obj);

	msm_test_bind_init(test, client);
	bind(test, client, handle, 0, AT, TEST_SIZE);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 0, 0), 0);
	device_fill(&t->bind_mmu, AT, TEST_SIZE, 3);
	/* It is not ours to evict. */
	evict_all(test);
	KUNIT_EXPECT_EQ(test, validate(t), 0);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 3, 0), 0);
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(client, handle), 0);
	drm_gem_object_put(obj);
	KUNIT_EXPECT_FALSE(test, list_empty(&t->priv.objects));
	unbind(test, client, AT, TEST_SIZE);
	KUNIT_EXPECT_GT(test, wait_event_timeout(to_msm_vm(t->bind_vm)->prealloc_throttle.wait,
						 list_empty(&t->priv.objects), 10 * HZ), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), 0);
	flush_delayed_fput();
	drm_gem_object_put(&theirs->base);
}

/* The object outlives its handle, the VM ends it. */
static void closed_with_mappings(struct kunit *test)
{
	struct drm_file *client = msm_test_client(test);
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	u32 handle;

	msm_test_bind_init(test, client);
	obj = object(test, client, 0, 1, &handle);
	bind(test, client, handle, 0, AT, TEST_SIZE);
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(client, handle), 0);
	drm_gem_object_put(obj);
	KUNIT_EXPECT_FALSE(test, list_empty(&t->priv.objects));
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 1, 0), 0);
	evict_all(test);
	KUNIT_EXPECT_EQ(test, validate(t), 0);
	KUNIT_EXPECT_EQ(test, wrong_at(t, AT, TEST_SIZE, 1, 0), 0);
	/* The rest is what the end of each test looks at. */
}

struct race {
	struct msm_test *t;
	struct completion ended;
	unsigned long end;
};

static int reclaim_thread(void *data)
{
	struct race *r = data;

	while (time_before(jiffies, r->end)) {
		drm_gem_pages_evict_all(&r->t->drm);
		cond_resched();
	}
	complete(&r->ended);
	return 0;
}

/* Map, unmap and submit here, reclaim there. */
static void against_reclaim(struct kunit *test)
{
	struct drm_file *client = msm_test_client(test);
	struct race r = { .t = test->priv };
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj[3];
	unsigned int i, rounds = 0;
	struct task_struct *task;
	u32 handle[3];
	int ret = 0;

	msm_test_bind_init(test, client);
	for (i = 0; i < ARRAY_SIZE(obj); i++)
		obj[i] = object(test, client, i == 2 ? MSM_BO_NO_SHARE : 0, i + 1, &handle[i]);
	init_completion(&r.ended);
	r.end = jiffies + msecs_to_jiffies(RACE_MS);
	task = kthread_run(reclaim_thread, &r, "msm-test-reclaim");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));

	while (!ret && time_before(jiffies, r.end)) {
		u64 offset = get_random_u32_below(TEST_PAGES) << PAGE_SHIFT;
		u64 iova = AT + (get_random_u32_below(2 * TEST_PAGES) << PAGE_SHIFT);
		u64 range = TEST_SIZE - offset;

		i = get_random_u32_below(ARRAY_SIZE(obj) + 1);
		if (i == ARRAY_SIZE(obj))
			ret = msm_test_bind(client, MSM_VM_BIND_OP_UNMAP, 0, 0, iova, range);
		else
			ret = msm_test_bind(client, MSM_VM_BIND_OP_MAP, handle[i], offset, iova,
					    range);
		if (!ret && get_random_u32_below(4) == 0)
			ret = validate(t);
		if (!wait_for_completion_timeout(&t->bind_mmu.freed, 10 * HZ))
			ret = -ETIME;
		rounds++;
	}
	wait_for_completion(&r.ended);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_GT(test, rounds, 20);
	kunit_info(test, "%u operations, %u evictions\n", rounds,
		   drm_gem_pages_evictions(&to_msm_bo(obj[0])->pages));
	KUNIT_EXPECT_GT(test, drm_gem_pages_evictions(&to_msm_bo(obj[0])->pages), 2);
	KUNIT_EXPECT_EQ(test, validate(t), 0);
	msm_test_expect_sound(test);
	unbind(test, client, VA_START, VA_SIZE);
	for (i = 0; i < ARRAY_SIZE(obj); i++) {
		KUNIT_EXPECT_EQ(test, msm_test_read(obj[i], i + 1), 0);
		KUNIT_EXPECT_EQ(test, count_mappings(obj[i]), 0);
		drm_gem_object_put(obj[i]);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(reclaim_order),
	KUNIT_CASE(evict_and_validate),
	KUNIT_CASE(parts),
	KUNIT_CASE(split_while_evicted),
	KUNIT_CASE(same_place_while_evicted),
	KUNIT_CASE(not_shared),
	KUNIT_CASE(advice),
	KUNIT_CASE(queued),
	KUNIT_CASE(fails_half_way),
	KUNIT_CASE(fails_meanwhile),
	KUNIT_CASE(killed),
	KUNIT_CASE(imported),
	KUNIT_CASE(closed_with_mappings),
	KUNIT_CASE(against_reclaim),
	{}
};

static struct kunit_suite suite = {
	.name = "msm_gem_vm_bind",
	.init = msm_test_init,
	.exit = msm_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
