// SPDX-License-Identifier: GPL-2.0

/*
 * Threads: jobs that unpin and signal, advice, and reclaim, at the same time.
 */

#include <kunit/test.h>

#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched.h>

#include "msm_gem_test_util.h"

#define ROUNDS	100

/*
 * A GPU that begins a job, which unpins, and ends it, which signals
 */

struct gpu {
	struct msm_test *t;
	struct drm_gem_object *obj;
	struct dma_fence *fence;
	u64 iova, seed;
	size_t wrong;
	struct completion submitted, done;
	bool end;
};

/* All that it does lies between two annotations for lockdep. */
static int gpu_thread(void *data)
{
	struct gpu *gpu = data;
	bool cookie;

	for (;;) {
		wait_for_completion(&gpu->submitted);
		if (gpu->end)
			break;
		cookie = dma_fence_begin_signalling();
		msm_gem_unpin_active(gpu->obj);
		/* Only the fence keeps it now, long enough for reclaim to come. */
		schedule_timeout_uninterruptible(2);
		gpu->wrong += device_wrong_bytes(&gpu->t->mmu, gpu->iova, TEST_SIZE, gpu->seed);
		device_fill(&gpu->t->mmu, gpu->iova, TEST_SIZE, ++gpu->seed);
		dma_fence_signal(gpu->fence);
		dma_fence_end_signalling(cookie);
		complete(&gpu->done);
	}
	return 0;
}

static void unpin_by_gpu(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct gpu gpu = { .t = t, .obj = msm_test_object(test, TEST_SIZE, MSM_BO_WC), .seed = 1 };
	struct task_struct *task;
	u64 first = 0;
	int i, ret;

	KUNIT_ASSERT_EQ(test, msm_test_write(gpu.obj, gpu.seed), 0);
	init_completion(&gpu.submitted);
	init_completion(&gpu.done);
	task = kthread_run(gpu_thread, &gpu, "msm-test-gpu");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);

	for (i = 0; i < ROUNDS; i++) {
		gpu.fence = msm_test_fence();
		if (!gpu.fence)
			break;
		ret = msm_test_submit(t, gpu.obj, gpu.fence, &gpu.iova);
		if (ret) {
			dma_fence_put(gpu.fence);
			break;
		}
		first = first ?: gpu.iova;
		complete(&gpu.submitted);
		do {
			drm_gem_pages_evict_all(&t->drm);
		} while (!wait_for_completion_timeout(&gpu.done, 1));
		dma_fence_put(gpu.fence);
		if (gpu.iova != first)
			break;
	}
	gpu.end = true;
	complete(&gpu.submitted);
	kthread_stop(task);
	put_task_struct(task);

	KUNIT_EXPECT_EQ(test, i, ROUNDS);
	KUNIT_EXPECT_EQ(test, gpu.wrong, 0);
	msm_test_expect_sound(test);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(&to_msm_bo(gpu.obj)->pages));
	KUNIT_EXPECT_GT(test, drm_gem_pages_evictions(&to_msm_bo(gpu.obj)->pages), ROUNDS / 20);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(gpu.obj));
	close_and_put(t, gpu.obj);
}

/*
 * Advice against all else. A slot has an object; who finds that its content is gone puts
 * another one there. Whatever anybody reads is what was written last, or reported as lost.
 */

#define SLOTS		6
#define THREADS		4
#define SLOT_SIZE	SZ_32K
#define RACE_MS		4000

struct slot {
	struct mutex lock;	/* of @obj and @seed; nobody reclaims under it for long */
	struct drm_gem_object *obj;
	u64 seed;
};

struct race {
	struct msm_test *t;
	struct slot slots[SLOTS];
	atomic_t wrong;		/* content that is neither whole nor lost */
	atomic_t errors;	/* answers that none of these operations has */
	atomic_t unsound;	/* the MMU maps what the object has not */
	atomic_t reads, losses, busy;
	struct completion ended;
	unsigned long end;
	atomic_t running;
};

static bool still_racing(struct race *r)
{
	cond_resched();
	return time_before(jiffies, r->end);
}

static void renew(struct race *r, struct slot *slot)
{
	struct drm_gem_object *obj;

	if (slot->obj)
		close_and_put(r->t, slot->obj);
	obj = msm_gem_new(&r->t->drm, SLOT_SIZE, MSM_BO_WC, NULL);
	slot->obj = IS_ERR(obj) ? NULL : obj;
	if (!slot->obj || msm_test_write(obj, ++slot->seed))
		atomic_inc(&r->errors);
}

/* By the device, as a job would. */
static long read_by_device(struct race *r, struct slot *slot)
{
	u64 iova;
	long ret;

	ret = map(r->t, slot->obj, &iova);
	if (ret)
		return ret;
	ret = device_wrong_bytes(&r->t->mmu, iova, SLOT_SIZE, slot->seed);
	unpin(slot->obj);
	return ret;
}

/* Whoever else gives advice may do so at any moment. */
static void use(struct race *r, struct slot *slot, bool by_device)
{
	long ret;

	ret = by_device ? read_by_device(r, slot) : msm_test_read(slot->obj, slot->seed);
	if (ret == -EBUSY) {
		atomic_inc(&r->busy);
		if (msm_gem_madvise(slot->obj, MSM_MADV_WILLNEED))
			return;
		atomic_inc(&r->losses);
		renew(r, slot);
	} else if (ret < 0) {
		atomic_inc(&r->errors);
	} else {
		atomic_inc(&r->reads);
		if (ret)
			atomic_inc(&r->wrong);
	}
}

static void write(struct race *r, struct slot *slot)
{
	int ret = msm_test_write(slot->obj, slot->seed + 1);

	if (!ret)
		slot->seed++;
	else if (ret != -EBUSY)
		atomic_inc(&r->errors);
}

static int user_thread(void *data)
{
	struct race *r = data;

	while (still_racing(r)) {
		struct slot *slot = &r->slots[get_random_u32_below(SLOTS)];

		guard(mutex)(&slot->lock);
		if (!slot->obj)
			break;
		switch (get_random_u32_below(5)) {
		case 0:
			msm_gem_madvise(slot->obj, MSM_MADV_DONTNEED);
			break;
		case 1:
			/* The answer has to be true. */
			if (msm_gem_madvise(slot->obj, MSM_MADV_WILLNEED) &&
			    msm_test_read(slot->obj, slot->seed) > 0)
				atomic_inc(&r->wrong);
			break;
		case 2:
			write(r, slot);
			break;
		default:
			use(r, slot, get_random_u32_below(2));
		}
	}
	if (atomic_dec_and_test(&r->running))
		complete(&r->ended);
	return 0;
}

/* No lock of the slot: reclaim and advice come whenever they like. */
static int reclaim_thread(void *data)
{
	struct race *r = data;
	unsigned int i;

	while (still_racing(r)) {
		for (i = 0; i < SLOTS; i++) {
			struct drm_gem_object *obj = NULL;

			scoped_guard(mutex, &r->slots[i].lock) {
				obj = r->slots[i].obj;
				if (obj)
					drm_gem_object_get(obj);
			}
			if (!obj)
				continue;
			if (get_random_u32_below(2))
				msm_gem_madvise(obj, MSM_MADV_DONTNEED);
			scoped_guard(drm_gem_pages, &to_msm_bo(obj)->pages) {
				if (!msm_test_is_sound_locked(obj))
					atomic_inc(&r->unsound);
			}
			drm_gem_object_put(obj);
		}
		drm_gem_pages_evict_all(&r->t->drm);
	}
	if (atomic_dec_and_test(&r->running))
		complete(&r->ended);
	return 0;
}

static void advice(struct kunit *test)
{
	struct race *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct task_struct *task;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->t = test->priv;
	init_completion(&r->ended);
	for (i = 0; i < SLOTS; i++) {
		mutex_init(&r->slots[i].lock);
		r->slots[i].seed = (i + 1) << 20;
		renew(r, &r->slots[i]);
	}

	r->end = jiffies + msecs_to_jiffies(RACE_MS);
	atomic_set(&r->running, 1);
	for (i = 0; i < THREADS + 1; i++) {
		atomic_inc(&r->running);
		task = kthread_run(i < THREADS ? user_thread : reclaim_thread, r, "msm-test-%u", i);
		if (IS_ERR(task)) {
			atomic_dec(&r->running);
			atomic_inc(&r->errors);
		}
	}
	if (!atomic_dec_and_test(&r->running))
		wait_for_completion(&r->ended);

	kunit_info(test, "%d reads, %d refused, %d of these lost\n", atomic_read(&r->reads),
		   atomic_read(&r->busy), atomic_read(&r->losses));
	KUNIT_EXPECT_EQ(test, atomic_read(&r->wrong), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->errors), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->unsound), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&r->reads), 50);
	KUNIT_EXPECT_GT(test, atomic_read(&r->busy), 5);
	KUNIT_EXPECT_GT(test, atomic_read(&r->losses), 5);
	msm_test_expect_sound(test);
	for (i = 0; i < SLOTS; i++) {
		if (r->slots[i].obj)
			close_and_put(r->t, r->slots[i].obj);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(unpin_by_gpu),
	KUNIT_CASE(advice),
	{}
};

static struct kunit_suite suite = {
	.name = "msm_gem_race",
	.init = msm_test_init,
	.exit = msm_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
