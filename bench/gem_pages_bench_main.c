// SPDX-License-Identifier: GPL-2.0

/*
 * What reclaim costs: the library beside gem_shmem and beside upstream's reclaim.
 *
 * For a guest of tools/vm --exact, where a nanosecond is an instruction. Everything is
 * measured when the module is loaded, in one kernel thread. The result is the file
 * gem_pages_bench of debugfs, a line each:
 *
 *	KEY SIDE OPERATIONS INSTRUCTIONS BUSY PAGES
 *
 * BUSY is INSTRUCTIONS without the time that the thread slept, or 0 where it does not
 * sleep; PAGES is what was freed. A line "error: TEXT" says that something did not do
 * what it is measured for. bench/run makes a table of it.
 */

#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/folio_batch.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/platform_device.h>
#include <linux/prandom.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include <drm/drm_drv.h>
#include <drm/drm_vma_manager.h>

#include "gem_pages_bench.h"

#define BATCH	128	/* what vmscan asks a shrinker for */

static unsigned int big = 100000;
module_param(big, uint, 0444);
MODULE_PARM_DESC(big, "Objects of the largest rows (default: 100000)");

static const struct bench_side *const sides[] = { &bench_ours, &bench_shmem, &bench_peer };
static struct drm_device *devices[ARRAY_SIZE(sides)];
static struct platform_device *parents[ARRAY_SIZE(sides)];
static struct dentry *result_file;
static char result[1 << 15];
static size_t result_len;
static u64 content[PAGE_SIZE / 2 / sizeof(u64)];

#define say(...) (result_len += scnprintf(result + result_len, sizeof(result) - result_len, \
					  __VA_ARGS__))

/* Whoever goes wrong once may do so a hundred thousand times. */
#define check(side, cond) ({							\
	bool ok = (cond);							\
	static unsigned int errors;						\
										\
	if (!ok && errors++ < 3)						\
		say("error: %s: line %d: %s\n", (side)->name, __LINE__, #cond);	\
	ok;									\
})

/*
 * Time
 */

struct clock {
	u64 start;
	u64 busy_start;
};

/* The time that this thread ran is counted up to when it last went to sleep. */
static u64 busy_time(void)
{
	schedule_timeout_uninterruptible(1);
	return current->se.sum_exec_runtime;
}

/* What RCU has yet to free would be freed at any time. */
static struct clock start(void)
{
	rcu_barrier();
	return (struct clock){ .start = ktime_get_ns() };
}

static void stop(struct clock clock, const char *key, const struct bench_side *side,
		 unsigned long ops, unsigned long pages)
{
	u64 ns = ktime_get_ns() - clock.start;

	say("%s %s %lu %llu 0 %lu\n", key, side->name, ops, ns, pages);
}

/* The same for what may sleep. */
static struct clock start_busy(void)
{
	struct clock clock;

	rcu_barrier();
	clock.busy_start = busy_time();
	clock.start = ktime_get_ns();
	return clock;
}

static void stop_busy(struct clock clock, const char *key, const struct bench_side *side,
		      unsigned long ops, unsigned long pages)
{
	u64 ns = ktime_get_ns() - clock.start;
	u64 busy = busy_time() - clock.busy_start;

	say("%s %s %lu %llu %llu %lu\n", key, side->name, ops, ns, busy, pages);
}

/*
 * Objects
 */

static const char *no_name(struct dma_fence *fence)
{
	return "gem_pages_bench";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = no_name,
	.get_timeline_name = no_name,
};

static DEFINE_SPINLOCK(fence_lock);

static struct dma_fence *fence_create(void)
{
	struct dma_fence *fence = kzalloc_obj(*fence, GFP_KERNEL | __GFP_NOFAIL);

	dma_fence_init(fence, &fence_ops, &fence_lock, dma_fence_context_alloc(1), 1);
	return fence;
}

static void fence_end(struct dma_fence *fence)
{
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

static void fence_add(const struct bench_side *side, struct drm_gem_object *gem,
		      struct dma_fence *fence)
{
	dma_resv_lock(gem->resv, NULL);
	if (check(side, !dma_resv_reserve_fences(gem->resv, 1)))
		dma_resv_add_fence(gem->resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_unlock(gem->resv);
}

static void put_all(struct drm_gem_object **gems, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		drm_gem_object_put(gems[i]);
	/* The files of a kernel thread are closed by a worker, which is only as good as ours. */
	flush_delayed_fput();
	kvfree(gems);
}

static struct drm_gem_object **create_all(const struct bench_side *side, unsigned long n,
					  size_t size)
{
	struct drm_gem_object **gems = kvmalloc_objs(*gems, n, GFP_KERNEL);
	unsigned long i;

	for (i = 0; gems && i < n; i++) {
		gems[i] = side->create(size, true);
		if (IS_ERR(gems[i])) {
			put_all(gems, i);
			return NULL;
		}
	}
	return gems;
}

static void populate_all(const struct bench_side *side, struct drm_gem_object **gems,
			 unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		check(side, !side->populate(gems[i]));
}

/*
 * What a device would write: half of a page, the other half can be compressed away. Zeroes
 * would not be written to swap at all.
 */
static void write_page(struct page *page)
{
	u64 *to = kmap_local_page(page);
	unsigned int i;

	/* Not memcpy(), which is an instruction for each byte, and a slow one to emulate. */
	for (i = 0; i < ARRAY_SIZE(content); i++)
		WRITE_ONCE(to[i], content[i]);
	kunmap_local(to);
}

static void mark_all_dirty(const struct bench_side *side, struct drm_gem_object **gems,
			   unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		side->mark_dirty(gems[i]);
}

static void write_all(const struct bench_side *side, struct drm_gem_object **gems, unsigned long n)
{
	unsigned long i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < gems[i]->size >> PAGE_SHIFT; j++)
			write_page(side->page(gems[i], j));
	}
	mark_all_dirty(side, gems, n);
}

static void gpu_map_all(const struct bench_side *side, struct drm_gem_object **gems,
			unsigned long n, bool map)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		side->gpu_map(gems[i], map);
}

/* As reclaim calls it. */
static unsigned long scan(const struct bench_side *side, unsigned long nr_to_scan)
{
	unsigned int flags = memalloc_noreclaim_save();
	unsigned long freed = side->scan(nr_to_scan);

	memalloc_noreclaim_restore(flags);
	return freed;
}

/* As reclaim does as long as it is short of memory. */
static unsigned long scan_until(const struct bench_side *side, unsigned long target,
				unsigned long *calls)
{
	unsigned long freed = 0, n;

	*calls = 0;
	do {
		n = scan(side, BATCH);
		freed += n;
		++*calls;
	} while (n && freed < target);
	return freed;
}

/*
 * What reclaim has to do yet before the memory of evicted objects can be used, and the
 * library does at once: write it to swap. Only the calls of the kernel that do it.
 */
static unsigned long write_to_swap(struct drm_gem_object *gem)
{
	struct address_space *mapping = gem->filp->f_mapping;
	unsigned long written = 0;
	struct folio_batch fbatch;
	pgoff_t index = 0;
	unsigned int i;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &index, ULONG_MAX, &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++) {
			struct folio *folio = fbatch.folios[i];

			if (!folio_trylock(folio))
				continue;
			if (!folio_clear_dirty_for_io(folio)) {
				folio_unlock(folio);
				continue;
			}
			folio_set_reclaim(folio);
			if (!shmem_write_folio(folio))
				written += folio_nr_pages(folio);
		}
		folio_batch_release(&fbatch);
	}
	return written;
}

static unsigned long write_all_to_swap(struct drm_gem_object **gems, unsigned long n)
{
	unsigned int flags = memalloc_noreclaim_save();
	unsigned long i, written = 0;

	for (i = 0; i < n; i++)
		written += write_to_swap(gems[i]);
	memalloc_noreclaim_restore(flags);
	return written;
}

/* The other half of what the library does: pages that nobody wrote to need no swap. */
static unsigned long drop_all_clean(struct drm_gem_object **gems, unsigned long n)
{
	unsigned long i, dropped = 0;

	for (i = 0; i < n; i++)
		dropped += invalidate_mapping_pages(gems[i]->filp->f_mapping, 0, -1);
	return dropped;
}

static void evict_all(const struct bench_side *side, struct drm_gem_object **gems, unsigned long n)
{
	unsigned int flags = memalloc_noreclaim_save();
	unsigned long i;

	for (i = 0; i < n; i++)
		check(side, !side->evict(gems[i]));
	memalloc_noreclaim_restore(flags);
}

/*
 * Rows
 */

/*
 * What RCU frees later is not in it: a round is shorter than a grace period, and the next
 * one begins when all of it is freed. The first round fills the caches of the allocators.
 */
static void create_and_free(const struct bench_side *side, bool offset, const char *create_key,
			    const char *free_key)
{
	enum { ROUNDS = 11, N = 500 };
	struct drm_gem_object **gems = kvmalloc_objs(*gems, N, GFP_KERNEL | __GFP_NOFAIL);
	u64 created = 0, freed = 0;
	unsigned int i, round;
	u64 begin;

	for (round = 0; round < ROUNDS; round++) {
		rcu_barrier();
		begin = ktime_get_ns();
		for (i = 0; i < N; i++) {
			gems[i] = side->create(PAGE_SIZE, offset);
			if (!check(side, !IS_ERR(gems[i])))
				goto out;
		}
		if (round)
			created += ktime_get_ns() - begin;

		begin = ktime_get_ns();
		for (i = 0; i < N; i++)
			drm_gem_object_put(gems[i]);
		flush_delayed_fput();
		if (round)
			freed += ktime_get_ns() - begin;
	}
	say("%s %s %u %llu 0 0\n", create_key, side->name, (ROUNDS - 1) * N, created);
	say("%s %s %u %llu 0 0\n", free_key, side->name, (ROUNDS - 1) * N, freed);
out:
	kvfree(gems);
}

static void pin_and_unpin(const struct bench_side *side)
{
	enum { N = 1000 };
	struct drm_gem_object **gems = create_all(side, 2, PAGE_SIZE);
	unsigned int i;
	struct clock clock;

	if (!check(side, gems))
		return;
	populate_all(side, gems, 2);

	clock = start();
	for (i = 0; i < N; i++) {
		check(side, !side->pin(gems[i & 1]));
		side->unpin(gems[i & 1]);
	}
	stop(clock, "pin", side, N, 0);

	check(side, !side->pin(gems[0]));
	clock = start();
	for (i = 0; i < N; i++) {
		check(side, !side->pin(gems[0]));
		side->unpin(gems[0]);
	}
	stop(clock, "pin-again", side, N, 0);
	side->unpin(gems[0]);
	put_all(gems, 2);
}

/* Objects of @size, @n at a time. */
static void evict_and_refault(const struct bench_side *side, const char *name, unsigned long n,
			      size_t size)
{
	struct drm_gem_object **gems = create_all(side, n, size);
	unsigned long pages = n * (size >> PAGE_SHIFT), freed;
	struct clock clock;
	char key[40];

#define KEY(what) (snprintf(key, sizeof(key), "%s-%s", name, what), key)
	if (!check(side, gems))
		return;

	clock = start();
	populate_all(side, gems, n);
	stop(clock, KEY("populate"), side, n, 0);
	if (!side->scan)
		goto out;

	clock = start();
	evict_all(side, gems, n);
	stop(clock, KEY("evict"), side, n, 0);

	clock = start();
	populate_all(side, gems, n);
	stop(clock, KEY("refault"), side, n, 0);

	/* Nobody wrote to it, so ours does not keep it. */
	clock = start();
	freed = scan(side, pages);
	stop(clock, KEY("scan-clean"), side, n, freed);
	check(side, freed == pages);

	populate_all(side, gems, n);
	write_all(side, gems, n);
	evict_all(side, gems, n);
	clock = start();
	freed = write_all_to_swap(gems, n);
	stop(clock, KEY("write"), side, n, freed);
	check(side, freed == pages);

	populate_all(side, gems, n);
	mark_all_dirty(side, gems, n);
	clock = start();
	freed = scan(side, pages);
	stop(clock, KEY("scan-dirty"), side, n, freed);
	check(side, freed == pages);

	if (side != &bench_ours)
		write_all_to_swap(gems, n);
	clock = start();
	populate_all(side, gems, n);
	stop(clock, KEY("swapin"), side, n, 0);
out:
	put_all(gems, n);
#undef KEY
}

/* One scan among @n idle objects. */
static void scan_idle(const struct bench_side *side, const char *key, unsigned long n, bool dirty)
{
	struct drm_gem_object **gems = create_all(side, n, PAGE_SIZE);
	unsigned long freed;
	struct clock clock;

	if (!check(side, gems))
		return;
	populate_all(side, gems, n);
	if (dirty)
		write_all(side, gems, n);

	clock = start();
	freed = scan(side, BATCH);
	stop(clock, key, side, 1, freed);
	check(side, freed == min(n, BATCH));
	put_all(gems, n);
}

/* All of ten thousand, and what of it is writing. */
static void free_many(const struct bench_side *side, bool dirty)
{
	enum { N = 10000 };
	struct drm_gem_object **gems = create_all(side, N, PAGE_SIZE);
	unsigned long freed, calls;
	struct clock clock;

	if (!check(side, gems))
		return;
	populate_all(side, gems, N);
	if (dirty)
		write_all(side, gems, N);

	clock = start();
	evict_all(side, gems, N);
	stop(clock, dirty ? "10k-dirty-evict" : "10k-clean-evict", side, N, 0);

	clock = start();
	freed = drop_all_clean(gems, N);
	stop(clock, dirty ? "10k-dirty-drop" : "10k-clean-drop", side, N, freed);
	check(side, freed == (side == &bench_ours && !dirty ? N : 0));

	if (dirty) {
		clock = start();
		freed = write_all_to_swap(gems, N);
		stop(clock, "10k-dirty-write", side, N, freed);
		check(side, freed == N);
	}

	clock = start();
	populate_all(side, gems, N);
	stop(clock, dirty ? "10k-dirty-refault" : "10k-clean-refault", side, N, 0);
	if (dirty)
		mark_all_dirty(side, gems, N);

	clock = start();
	freed = scan_until(side, N, &calls);
	stop(clock, dirty ? "10k-dirty" : "10k-clean", side, N, freed);
	check(side, freed == N);
	put_all(gems, N);
}

static void count(const struct bench_side *side, const char *key, unsigned long expected)
{
	unsigned long i, found = 0;
	struct clock clock;

	clock = start();
	for (i = 0; i < 100; i++)
		found = side->count();
	stop(clock, key, side, 100, 0);
	check(side, found == expected);
}

static void scan_busy(const struct bench_side *side, const char *key, unsigned long calls,
		      unsigned long nr_to_scan)
{
	unsigned long i, freed = 0;
	struct clock clock;

	clock = start_busy();
	for (i = 0; i < calls; i++)
		freed += scan(side, nr_to_scan);
	stop_busy(clock, key, side, calls, freed);
	check(side, !freed);
}

/* Everything that is done with a hundred thousand objects. */
static void many(const struct bench_side *side)
{
	struct drm_gem_object **gems = create_all(side, big, PAGE_SIZE);
	struct dma_fence *most = fence_create(), *rest = fence_create();
	unsigned long i, freed, calls;
	struct clock clock;

	if (!check(side, gems))
		return;

	populate_all(side, gems, big);
	write_all(side, gems, min(big, 10000));
	count(side, "count", big);

	/* Nine of ten are busy. */
	gpu_map_all(side, gems, big, true);
	for (i = 0; i < big; i++) {
		if (i % 10)
			fence_add(side, gems[i], most);
	}
	bench_peer_waits = true;
	clock = start_busy();
	freed = scan_until(side, 1, &calls);
	stop_busy(clock, "busy-90-call", side, calls, freed);
	check(side, freed);
	bench_peer_waits = false;
	clock = start_busy();
	freed = scan_until(side, BATCH, &calls);
	stop_busy(clock, "busy-90", side, calls, freed);
	check(side, freed >= BATCH);

	/* All are. */
	populate_all(side, gems, big);
	gpu_map_all(side, gems, big, true);
	for (i = 0; i < big; i += 10)
		fence_add(side, gems[i], rest);
	if (side == &bench_peer) {
		/* How many it is asked for is the same to it, as long as it frees none. */
		bench_peer_waits = true;
		scan_busy(side, "busy-128", 1, BATCH);
		bench_peer_waits = false;
		scan_busy(side, "busy-128-look", 1, BATCH);
		scan_busy(side, "busy-all-look", 1, UINT_MAX);
	} else {
		scan_busy(side, "busy-128", 10, BATCH);
		scan_busy(side, "busy-all", 1, UINT_MAX);
		scan_busy(side, "busy-128-again", 10, BATCH);
		scan_busy(side, "busy-all-again", 1, UINT_MAX);
	}

	/* None is any more. */
	fence_end(most);
	fence_end(rest);
	gpu_map_all(side, gems, big, false);
	if (side == &bench_ours) {
		clock = start();
		for (i = 0; i <= big / 16; i++)
			side->count();
		stop(clock, "count-once-busy", side, i, 0);
	}
	check(side, side->count() == big);

	clock = start();
	freed = 0;
	for (i = 0; i < 10; i++)
		freed += scan(side, BATCH);
	stop(clock, "idle-100k", side, i, freed);
	check(side, freed == i * BATCH);

	clock = start();
	put_all(gems, big);
	stop(clock, "free-resident", side, big, 0);
}

static void measure(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sides); i++) {
		create_and_free(sides[i], false, "create", "free");
		create_and_free(sides[i], true, "create-offset", "free-offset");
		pin_and_unpin(sides[i]);
		/* The first is to fill the caches of the allocators. */
		evict_and_refault(sides[i], "warm", 8, SZ_64K);
		evict_and_refault(sides[i], "64k", 64, SZ_64K);
		evict_and_refault(sides[i], "64m", 1, SZ_64M);
		if (!sides[i]->scan)
			continue;
		scan_idle(sides[i], "idle-1-clean", 1, false);
		scan_idle(sides[i], "idle-1k-clean", 1000, false);
		scan_idle(sides[i], "idle-1", 1, true);
		scan_idle(sides[i], "idle-1k", 1000, true);
		free_many(sides[i], false);
		free_many(sides[i], true);
		many(sides[i]);
	}
	say("end\n");
}

/*
 * Module
 */

struct drm_device *bench_drm_device(struct device *parent, const struct drm_driver *driver)
{
	return drm_dev_alloc(driver, parent);
}

void bench_vm_locks_init(struct bench_vm_locks *locks)
{
	dma_resv_init(&locks->resv);
	mutex_init(&locks->op_lock);
}

void bench_vm_locks_fini(struct bench_vm_locks *locks)
{
	dma_resv_fini(&locks->resv);
	mutex_destroy(&locks->op_lock);
}

static int bench_thread(void *data)
{
	struct completion *done = data;
	u64 busy;
	struct clock clock;

	/* The second clock has to say the same as the first, or BUSY is worth nothing. */
	busy = busy_time();
	clock = start();
	while (ktime_get_ns() - clock.start < 100 * NSEC_PER_MSEC)
		cpu_relax();
	busy = busy_time() - busy;
	if (busy < 99 * NSEC_PER_MSEC || busy > 101 * NSEC_PER_MSEC)
		say("error: 100 ms are %llu ns of the thread's time\n", busy);

	measure();
	complete(done);
	return 0;
}

static int result_show(struct seq_file *m, void *data)
{
	seq_write(m, result, result_len);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(result);

static void bench_fini(void)
{
	unsigned int i;

	debugfs_remove(result_file);
	for (i = 0; i < ARRAY_SIZE(sides); i++) {
		if (!IS_ERR_OR_NULL(devices[i])) {
			sides[i]->fini();
			drm_dev_put(devices[i]);
		}
		platform_device_unregister(parents[i]);
	}
}

static int bench_device(unsigned int i)
{
	struct platform_device *pdev;
	int ret;

	pdev = platform_device_register_simple("gem_pages_bench", i, NULL, 0);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	parents[i] = pdev;
	ret = dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);

	devices[i] = sides[i]->init(&pdev->dev);
	return PTR_ERR_OR_ZERO(devices[i]);
}

static int __init bench_init(void)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct task_struct *task;
	struct rnd_state rnd;
	unsigned int i;
	int ret;

	prandom_seed_state(&rnd, 1);
	prandom_bytes_state(&rnd, content, sizeof(content));

	for (i = 0; i < ARRAY_SIZE(sides); i++) {
		ret = bench_device(i);
		if (ret)
			goto err_fini;
	}

	task = kthread_run(bench_thread, &done, "gem_pages_bench");
	if (IS_ERR(task)) {
		ret = PTR_ERR(task);
		goto err_fini;
	}
	wait_for_completion(&done);
	result_file = debugfs_create_file("gem_pages_bench", 0444, NULL, NULL, &result_fops);
	return 0;

err_fini:
	bench_fini();
	return ret;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	bench_fini();
}
module_exit(bench_exit);

MODULE_DESCRIPTION("Cost of reclaim: drm_gem_pages, gem_shmem and drm_gem_lru_scan()");
MODULE_LICENSE("GPL");
