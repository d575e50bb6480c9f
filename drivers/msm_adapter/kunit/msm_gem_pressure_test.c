// SPDX-License-Identifier: GPL-2.0

/*
 * Objects that are larger than memory, all together. Nobody here asks for anything to be
 * reclaimed: the kernel does, when it has nothing left. Wants swap.
 */

#include <kunit/test.h>

#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>

#include "msm_gem_test_util.h"

static unsigned int pressure_percent = 125;
module_param(pressure_percent, uint, 0444);
MODULE_PARM_DESC(pressure_percent, "Objects, in percent of the memory that there is");

static unsigned int pressure_seconds = 4;
module_param(pressure_seconds, uint, 0444);
MODULE_PARM_DESC(pressure_seconds, "How long to use the objects when all are there");

#define OBJECT_SIZE	SZ_512K
#define WORKERS		2
/* Who has no memory while reclaim is at work tries again. */
#define TRIES		20

enum kind {
	CPU_ONLY,
	DEVICE,			/* mapped, and used by jobs */
	DEVICE_TOO,
	SPARE,			/* the same, and not needed */
	KINDS
};

struct buffer {
	struct drm_gem_object *obj;
	u64 seed;
};

struct pressure {
	struct msm_test *t;
	struct buffer *buffers;
	unsigned int count;
	unsigned long end;
	atomic_t next;
	atomic64_t wrong, used;
	atomic_t errors, retries, unsound, refused;
	atomic_t running;
	struct completion ended;
};

static enum kind kind_of(struct pressure *p, struct buffer *b)
{
	return (b - p->buffers) % KINDS;
}

static int with_pages(struct pressure *p, struct drm_gem_object *obj)
{
	unsigned int tries = TRIES;
	int ret;

	for (;;) {
		ret = get_pages(obj);
		if (ret != -ENOMEM || !--tries)
			return ret;
		atomic_inc(&p->retries);
		schedule_timeout_uninterruptible(1);
	}
}

/* What is in the page tables is what the object has, whoever has just reclaimed it. */
static void look_at_mmu(struct pressure *p, struct buffer *b)
{
	guard(drm_gem_pages)(&to_msm_bo(b->obj)->pages);
	if (!msm_test_is_sound_locked(b->obj))
		atomic_inc(&p->unsound);
}

/* A job that looks at all of it, and perhaps writes all of it. */
static int job(struct pressure *p, struct buffer *b, bool writes)
{
	struct dma_fence *fence = msm_test_fence();
	struct test_mmu *mmu = &p->t->mmu;
	u64 iova;
	int ret;

	if (!fence)
		return -ENOMEM;
	ret = msm_test_submit(p->t, b->obj, fence, &iova);
	if (!ret) {
		/* The pin ends when a job begins, the fence keeps the object from then on. */
		msm_gem_unpin_active(b->obj);
		atomic64_add(device_wrong_bytes(mmu, iova, b->obj->size, b->seed), &p->wrong);
		if (writes)
			device_fill(mmu, iova, b->obj->size, ++b->seed);
		dma_fence_signal(fence);
	}
	dma_fence_put(fence);
	return ret;
}

static int use_by_cpu(struct pressure *p, struct buffer *b, bool writes)
{
	long ret = msm_test_read(b->obj, b->seed);

	if (ret < 0)
		return ret;
	atomic64_add(ret, &p->wrong);
	if (!writes)
		return 0;
	ret = msm_test_write(b->obj, b->seed + 1);
	if (!ret)
		b->seed++;
	return ret;
}

static void use(struct pressure *p, struct buffer *b)
{
	bool writes = get_random_u32_below(2);
	unsigned int tries = TRIES;
	int ret;

	do {
		ret = with_pages(p, b->obj);
		if (!ret)
			ret = kind_of(p, b) == CPU_ONLY ? use_by_cpu(p, b, writes) :
			      job(p, b, writes);
		if (ret == -ENOMEM)
			atomic_inc(&p->retries);
	} while (ret == -ENOMEM && --tries);

	if (ret == -EBUSY && kind_of(p, b) == SPARE)
		atomic_inc(&p->refused);
	else if (ret)
		atomic_inc(&p->errors);
	else
		atomic64_add(b->obj->size, &p->used);

	look_at_mmu(p, b);
}

/* Each has buffers of its own. */
static int worker(void *data)
{
	struct pressure *p = data;
	unsigned int me = atomic_inc_return(&p->next) - 1, i;

	for (i = me; i < p->count; i += WORKERS) {
		struct buffer *b = &p->buffers[i];

		if (with_pages(p, b->obj) || msm_test_write(b->obj, b->seed))
			atomic_inc(&p->errors);
		if (kind_of(p, b) != CPU_ONLY)
			use(p, b);
		if (kind_of(p, b) == SPARE)
			msm_gem_madvise(b->obj, MSM_MADV_DONTNEED);
	}
	while (time_before(jiffies, p->end)) {
		i = get_random_u32_below(p->count / WORKERS) * WORKERS + me;
		use(p, &p->buffers[i]);
		cond_resched();
	}
	if (atomic_dec_and_test(&p->running))
		complete(&p->ended);
	return 0;
}

static void run_workers(struct kunit *test, struct pressure *p)
{
	struct task_struct *task;
	unsigned int i;

	init_completion(&p->ended);
	p->end = jiffies + pressure_seconds * HZ;
	atomic_set(&p->running, 1);
	for (i = 0; i < WORKERS; i++) {
		atomic_inc(&p->running);
		task = kthread_run(worker, p, "msm-test-%u", i);
		if (IS_ERR(task)) {
			atomic_dec(&p->running);
			KUNIT_FAIL(test, "no thread");
		}
	}
	if (!atomic_dec_and_test(&p->running))
		wait_for_completion(&p->ended);
}

/* In the order in which they were made, so that each is read back from swap. */
static unsigned int check_all(struct kunit *test, struct pressure *p, unsigned long *evictions)
{
	unsigned int i, purges = 0;

	for (i = 0; i < p->count; i++)
		look_at_mmu(p, &p->buffers[i]);

	for (i = 0; i < p->count; i++) {
		struct buffer *b = &p->buffers[i];

		*evictions += drm_gem_pages_evictions(&to_msm_bo(b->obj)->pages);
		if (!msm_gem_madvise(b->obj, MSM_MADV_WILLNEED)) {
			KUNIT_EXPECT_EQ(test, kind_of(p, b), SPARE);
			KUNIT_EXPECT_EQ(test, get_pages(b->obj), -EBUSY);
			purges++;
			continue;
		}
		use(p, b);
	}
	return purges;
}

static void more_than_memory(struct kunit *test)
{
	struct pressure *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	unsigned long evictions = 0, want;
	struct msm_test *t = test->priv;
	unsigned int i, purges;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_GT_MSG(test, get_nr_swap_pages(), 0, "there is no swap");
	p->t = t;
	want = totalram_pages() / 100 * pressure_percent * PAGE_SIZE;
	p->count = round_up(want / OBJECT_SIZE, WORKERS);
	p->buffers = kunit_kcalloc(test, p->count, sizeof(*p->buffers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p->buffers);
	for (i = 0; i < p->count; i++) {
		p->buffers[i].obj = msm_test_object(test, OBJECT_SIZE,
						    i & 8 ? MSM_BO_CACHED : MSM_BO_WC);
		p->buffers[i].seed = (u64)(i + 1) << 16;
	}

	run_workers(test, p);
	purges = check_all(test, p, &evictions);

	kunit_info(test, "%lu MB of objects in %lu MB of memory, %lld MB used\n",
		   (unsigned long)p->count * OBJECT_SIZE / SZ_1M,
		   totalram_pages() * PAGE_SIZE / SZ_1M, atomic64_read(&p->used) / SZ_1M);
	kunit_info(test, "%lu evictions, %u purges, %d retries, %lld wrong bytes\n", evictions,
		   purges, atomic_read(&p->retries), atomic64_read(&p->wrong));
	KUNIT_EXPECT_EQ(test, atomic64_read(&p->wrong), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->errors), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->unsound), 0);
	KUNIT_EXPECT_GT(test, evictions, p->count / 8);
	KUNIT_EXPECT_GT(test, purges, p->count / KINDS / 8);
	KUNIT_EXPECT_LT(test, atomic64_read(&t->priv.total_mem), (s64)totalram_pages() * PAGE_SIZE);
	for (i = 0; i < p->count; i++)
		close_and_put(t, p->buffers[i].obj);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(more_than_memory),
	{}
};

static struct kunit_suite suite = {
	.name = "msm_pressure",
	.init = msm_test_init,
	.exit = msm_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
