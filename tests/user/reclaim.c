// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim, object by object: what a scan takes, what it reports, what is free afterwards and
 * what is read back.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/swap.h>
#include <unistd.h>

#include "demo.h"

/* Large enough to be seen in the system's figures. */
#define LARGE	3072ul
#define SMALL	64ul

/* How an object is used. */
#define MAPPED	0x01	/* by the CPU */
#define GPU	0x02	/* by the device, in the VM of its file */
#define GPU2	0x04	/* and in that of another one */
#define SHARED	0x08	/* exported, and the dma-buf is mapped */
#define PURGE	0x10	/* its content is not needed */
#define CLEAN	0x20	/* only read so far */
#define BLANK	0x40	/* written, but with zeros */

struct subject {
	struct bo bo, other;
	unsigned int use;
	unsigned long pages;
	int dmabuf;
	void *map, *dmabuf_map;
};

/* ---- content ---- */

/* One word all over a page, which zram keeps without memory. */
static __u64 word_of(unsigned long page, unsigned int gen)
{
	return 0x9e3779b97f4a7c15ull * (page + 1) + gen;
}

static void write_words(void *map, unsigned int gen, unsigned long page)
{
	__u64 *word = map + page * PAGE;
	unsigned long i;

	for (i = 0; i < PAGE / sizeof(*word); i++)
		word[i] = gen & BLANK ? 0 : word_of(page, gen);
}

static void check_words(const void *map, __u64 want, unsigned long page, const char *where)
{
	const __u64 *word = map + page * PAGE;
	unsigned long i;

	for (i = 0; i < PAGE / sizeof(*word); i++)
		check(load(&word[i]) == want, "%s: word %lu of page %lu is %llx instead of %llx",
		      where, i, page, word[i], want);
}

static void check_content(const struct subject *s, const void *map, const char *where)
{
	unsigned long i;

	for (i = 0; i < s->pages; i++)
		check_words(map, s->use & (CLEAN | BLANK) ? 0 : word_of(i, s->use), i, where);
}

/* ---- subjects ---- */

static struct subject make(unsigned int use, unsigned long pages)
{
	struct subject s = { .use = use, .pages = pages, .dmabuf = -1 };
	unsigned long i;

	s.bo = bo_create(drm_open_primary(), pages);
	s.map = bo_map(&s.bo);
	for (i = 0; i < pages; i++) {
		if (use & CLEAN)
			check(!load((__u64 *)(s.map + i * PAGE)), "a fresh page is not zero");
		else
			write_words(s.map, use, i);
	}
	if (!(use & MAPPED)) {
		unmap(s.map, s.bo.size);
		s.map = NULL;
	}
	if (use & (GPU | GPU2))
		demo_map(&s.bo, true);
	if (use & GPU2) {
		s.other = bo_share(&s.bo);
		demo_map(&s.other, true);
	}
	if (use & SHARED) {
		expect(prime_export(s.bo.fd, s.bo.handle, DRM_CLOEXEC | DRM_RDWR, &s.dmabuf), 0,
		       "export");
		s.dmabuf_map = map_rw(s.dmabuf, s.bo.size, 0);
		check_content(&s, s.dmabuf_map, "the dma-buf");
	}
	if (use & PURGE)
		check(demo_madvise(&s.bo, GEM_PAGES_DEMO_DONTNEED), "a fresh object is purged");

	return s;
}

/* Read the content in all ways that there are. */
static void check_subject(struct subject *s, const char *when)
{
	void *map = s->map ?: bo_map(&s->bo);

	check_content(s, map, when);
	if (s->dmabuf_map)
		check_content(s, s->dmabuf_map, when);
	if (!s->map)
		unmap(map, s->bo.size);
}

static void discard(struct subject *s)
{
	if (s->map)
		unmap(s->map, s->bo.size);
	if (s->dmabuf_map)
		unmap(s->dmabuf_map, s->bo.size);
	if (s->dmabuf >= 0)
		close(s->dmabuf);
	if (s->use & GPU2)
		close(s->other.fd);
	close(s->bo.fd);
}

static const char *class_of(const struct subject *s)
{
	if (s->use & PURGE)
		return "purgeable";
	if (s->use & GPU2)
		return "gpu-shared";
	if (s->use & GPU)
		return "gpu-mapped";
	if (s->use & (MAPPED | SHARED))
		return "mmapped";
	return "unused";
}

static void check_class(const struct subject *s, const char *want)
{
	struct object_info info = demo_info(s->bo.size);

	check(!strcmp(info.class, want), "the class is %s, expected %s", info.class, want);
}

static void check_state(const struct subject *s, const char *want, const char *when)
{
	struct object_info info = demo_info(s->bo.size);

	check(!strcmp(info.state, want), "%s: the object is %s, expected %s", when, info.state,
	      want);
}

/* Nothing is left to scan, and no fence is held, from cases before. */
static void start(void)
{
	cpu_set_t one;

	/* A scan cannot free what another CPU has not put on an LRU list yet. */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	check(!sched_setaffinity(0, sizeof(one), &one), "sched_setaffinity: %m");
	if (driver_is_stock())
		skip("%s has no shrinker", opt.driver);
	expect(demo_hold(false), 0, "gem_pages_hold");
	check(!demo_count(KERNEL), "there are %lu reclaimable pages before the case begins",
	      demo_count(KERNEL));
}

/* Evict, or purge, the only objects that there are. */
static void shrink_all(unsigned long pages, const char *when)
{
	unsigned long freed = demo_shrink(pages, KERNEL);

	check(freed == pages, "%s: a scan freed %lu of %lu pages", when, freed, pages);
}

/* ---- what is reported freed is freed ---- */

struct memory {
	long free, swap_free, swap_cached;
};

static struct memory read_memory(void)
{
	struct memory m;
	char buf[16];

	/* Counts that the CPUs keep for themselves. */
	read_file("/proc/sys/vm/stat_refresh", buf, sizeof(buf));
	m.free = meminfo("MemFree") + free_of_cpus();
	m.swap_free = meminfo("SwapFree");
	m.swap_cached = meminfo("SwapCached");

	return m;
}

static void measure(unsigned int use)
{
	bool swaps = !(use & (CLEAN | PURGE));
	struct memory before, after;
	struct subject s;
	long freed, gained, swapped;

	start();
	/* What the kernel allocates when it uses that much swap is there from now on. */
	s = make(0, LARGE);
	shrink_all(LARGE, "the first time");
	discard(&s);

	s = make(use, LARGE);
	check_class(&s, class_of(&s));
	check(demo_count(KERNEL) == LARGE, "count says %lu of %lu pages", demo_count(KERNEL),
	      LARGE);

	before = read_memory();
	freed = demo_shrink(LARGE, KERNEL);
	after = read_memory();
	gained = after.free - before.free;
	if (swaps)
		gained += after.swap_cached - before.swap_cached;
	swapped = before.swap_free - after.swap_free;
	note("%-10s %s%s%s%s%s: %ld pages reported, MemFree %+ld, SwapCached %+ld, SwapFree %+ld",
	     class_of(&s), use & CLEAN ? "clean" : "written",
	     use & BLANK ? " with zeros" : "", use & MAPPED ? ", mmapped" : "",
	     use & GPU ? ", gpu-mapped" : "", use & SHARED ? ", dma-buf mmapped" : "",
	     freed, after.free - before.free, after.swap_cached - before.swap_cached,
	     after.swap_free - before.swap_free);

	/* The pages that CPUs have not yet put on an LRU list cannot be freed. */
	check(freed <= (long)LARGE && freed >= (long)LARGE - 64, "a scan freed %ld of %lu pages",
	      freed, LARGE);
	check(gained >= freed * 9 / 10, "%ld pages reported freed, %ld are", freed, gained);
	if (swaps)
		check(swapped >= freed * 9 / 10, "%ld pages evicted, %ld in swap", freed, swapped);
	else
		check(swapped <= 32, "%ld pages went to swap", swapped);

	check_class(&s, "none");
	check(!demo_count(KERNEL), "count says %lu pages afterwards", demo_count(KERNEL));
	check(!demo_shrink(LARGE, KERNEL), "a second scan frees the same again");
	check_state(&s, use & PURGE ? "purged" : "evicted", "after the scan");
	if (use & PURGE) {
		if (s.map)
			check(probe_read(s.map) == SIGBUS, "a purged object can be read");
		return;
	}
	check_subject(&s, "after the scan");
	check_state(&s, "resident", "after reading");
}

static void case_freed_unused(void) { measure(0); }
static void case_freed_mmapped(void) { measure(MAPPED); }
static void case_freed_gpu(void) { measure(GPU); }
static void case_freed_gpu_mmapped(void) { measure(GPU | MAPPED); }
static void case_freed_gpu2(void) { measure(GPU2); }
static void case_freed_gpu2_mmapped(void) { measure(GPU2 | MAPPED); }
static void case_freed_shared(void) { measure(SHARED); }
static void case_freed_blank(void) { measure(BLANK); }
static void case_freed_purgeable(void) { measure(PURGE); }
static void case_freed_purgeable_mmapped(void) { measure(PURGE | MAPPED | SHARED); }
static void case_freed_purgeable_gpu(void) { measure(PURGE | GPU | MAPPED); }
static void case_freed_clean(void) { measure(CLEAN); }
static void case_freed_clean_mmapped(void) { measure(CLEAN | MAPPED); }
static void case_freed_clean_gpu(void) { measure(CLEAN | GPU); }

/* What sits in the swap cache is the first to be had. */
static void case_freed_is_usable(void)
{
	long free, before, written, wanted;
	struct subject s;
	char *hog;
	long i;

	start();
	s = make(MAPPED, 2 * LARGE);
	free = meminfo("MemFree");
	shrink_all(2 * LARGE, "the scan");
	sync();

	/* As much as was free before, and most of what the scan says it has freed. */
	wanted = free + 2 * LARGE * 8 / 10 - meminfo("MemTotal") / 16;
	before = vmstat("pswpout");
	hog = mmap(NULL, wanted * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(hog != MAP_FAILED, "mmap: %m");
	for (i = 0; i < wanted; i++)
		hog[i * PAGE] = 1;
	written = vmstat("pswpout") - before;
	note("%ld pages used after %lu were freed: %ld written to swap for them", wanted, 2 * LARGE,
	     written);
	check(written <= (long)LARGE / 4, "%ld other pages had to be swapped out", written);
	munmap(hog, wanted * PAGE);
	check_subject(&s, "afterwards");
}

/* ---- contexts ---- */

/* In how many of the contexts a scan may take an object; the order is from all to little. */
#define IN_KERNEL	(KERNEL + 1)
#define IN_SLEEPING	(NOIO + 1)

static bool one_context(unsigned int use, enum context context, bool may)
{
	struct subject s = make(use, SMALL);
	struct object_info before = demo_info(s.bo.size), after;
	unsigned long count = demo_count(context), freed;
	char name[80];

	snprintf(name, sizeof(name), "%s%s%s in %s", class_of(&s),
		 use & PURGE && use & GPU ? ", gpu-mapped" : "",
		 use & (MAPPED | SHARED) ? ", mmapped" : "", context_name[context]);
	freed = demo_shrink(SMALL, context);
	if (count != (may ? SMALL : 0))
		note("%s: count says %lu, scan frees %lu", name, count, freed);
	check(freed == (may ? SMALL : 0), "%s: %lu pages freed", name, freed);
	after = demo_info(s.bo.size);
	if (may) {
		check(strcmp(after.state, "resident"), "%s: still resident", name);
	} else {
		check(!strcmp(after.state, "resident") && after.vms == before.vms &&
		      after.evictions == before.evictions, "%s: not left alone", name);
	}
	if (!(use & PURGE) || !may)
		check_subject(&s, name);
	discard(&s);

	return count == (may ? SMALL : 0);
}

static void case_contexts(void)
{
	static const struct {
		unsigned int use, may;
	} rows[] = {
		{ 0, IN_KERNEL },
		{ MAPPED, IN_KERNEL },
		{ SHARED, IN_KERNEL },
		{ GPU, IN_KERNEL },
		{ GPU | MAPPED, IN_KERNEL },
		{ GPU2, IN_KERNEL },
		{ GPU2 | MAPPED, IN_KERNEL },
		{ PURGE, IN_SLEEPING },
		{ PURGE | MAPPED, IN_KERNEL },
		{ PURGE | GPU, IN_SLEEPING },
		{ PURGE | GPU | MAPPED, IN_KERNEL },
	};
	unsigned int wrong = 0;
	enum context context;
	size_t i;

	start();
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (context = 0; context < CONTEXTS; context++)
			wrong += !one_context(rows[i].use, context, context < rows[i].may);
	}
	check(!wrong, "count is wrong in %u of the cases above", wrong);
}

/* An object whose old content is still being written is not waited for without I/O. */
static void case_purge_of_refaulted(void)
{
	enum context context;

	start();
	for (context = 0; context < CONTEXTS; context++) {
		struct subject s = make(0, SMALL);
		unsigned long count, freed;

		shrink_all(SMALL, "before the advice");
		check_subject(&s, "before the advice");
		check(demo_madvise(&s.bo, GEM_PAGES_DEMO_DONTNEED), "lost");
		count = demo_count(context);
		freed = demo_shrink(SMALL, context);
		check(freed <= count, "%s: count said %lu, scan freed %lu", context_name[context],
		      count, freed);
		check(freed == (context <= NOFS ? SMALL : 0), "%s: freed %lu",
		      context_name[context], freed);
		discard(&s);
	}
}

/* Without swap nothing is evicted, and only what can be purged is counted. */
static void case_no_swap(void)
{
	char swaps[512], path[128];
	struct subject kept, purged;

	start();
	check(read_file("/proc/swaps", swaps, sizeof(swaps)) > 0, "/proc/swaps: %m");
	if (sscanf(swaps, "%*[^\n] %127s", path) != 1)
		skip("there is no swap");
	check(!swapoff(path), "swapoff %s: %m", path);

	kept = make(MAPPED, SMALL);
	purged = make(PURGE | MAPPED, SMALL / 2);
	if (demo_count(KERNEL) != SMALL / 2 || demo_shrink(1000, KERNEL) != SMALL / 2) {
		swapon(path, 0);
		fail("without swap: not the purgeable object alone");
	}
	check(!swapon(path, 0), "swapon %s: %m", path);
	check_state(&purged, "purged", "without swap");
	check_state(&kept, "resident", "without swap");
	check_subject(&kept, "without swap");
	shrink_all(SMALL, "with swap again");
	check_subject(&kept, "with swap again");
}

/* ---- order ---- */

static void case_cheap_ones_first(void)
{
	static const unsigned int uses[] = { GPU2, GPU, MAPPED, 0, PURGE };
	struct subject s[ARRAY_SIZE(uses)];
	size_t i, k;

	start();
	/* The dear ones first, and of different sizes, so that debugfs tells them apart. */
	for (i = 0; i < ARRAY_SIZE(uses); i++)
		s[i] = make(uses[i], SMALL + i);
	for (i = ARRAY_SIZE(uses); i--;) {
		check(demo_shrink(1, KERNEL) == SMALL + i, "not one %s object", class_of(&s[i]));
		for (k = 0; k < ARRAY_SIZE(uses); k++)
			check(!strcmp(demo_info(s[k].bo.size).state, "resident") == (k < i),
			      "the %s object when it was the turn of %s", class_of(&s[k]),
			      class_of(&s[i]));
	}
	for (i = 0; i < ARRAY_SIZE(uses) - 1; i++)
		check_subject(&s[i], "afterwards");
}

static void case_oldest_first(void)
{
	struct subject s[4];
	size_t i;

	start();
	for (i = 0; i < ARRAY_SIZE(s); i++)
		s[i] = make(MAPPED, SMALL + i);
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		check(demo_shrink(SMALL, KERNEL) == SMALL + i, "not object %zu alone", i);
		check_state(&s[i], "evicted", "in its turn");
	}
	for (i = 0; i < ARRAY_SIZE(s); i++)
		check_subject(&s[i], "afterwards");
}

static void case_idle_vm_first(void)
{
	struct subject s[3];
	size_t i;

	start();
	for (i = 0; i < ARRAY_SIZE(s); i++)
		s[i] = make(GPU, SMALL + i);
	demo_write(&s[1].bo, 1);
	demo_write(&s[0].bo, 2);
	/* The VM of 2 was never used, 1 before 0. */
	for (i = ARRAY_SIZE(s); i--;) {
		check(demo_shrink(1, KERNEL) == SMALL + i, "not the object of VM %zu", i);
		check_state(&s[i], "evicted", "in its turn");
	}
	demo_compare(&s[1].bo, 1, "in VM 1");
	demo_compare(&s[0].bo, 2, "in VM 0");
	check_subject(&s[2], "in VM 2");
}

static void case_target(void)
{
	struct subject s[32];
	unsigned long freed;
	size_t i;

	start();
	for (i = 0; i < ARRAY_SIZE(s); i++)
		s[i] = make(i % 2 ? MAPPED : 0, 8);
	freed = demo_shrink(30, KERNEL);
	check(freed >= 30 && freed < 30 + 8, "asked for 30 pages, freed %lu", freed);
	check(demo_count(KERNEL) == ARRAY_SIZE(s) * 8 - freed, "count is %lu", demo_count(KERNEL));
	for (i = 0; i < ARRAY_SIZE(s); i++)
		check_subject(&s[i], "afterwards");
}

/* ---- busy ---- */

static void case_busy(void)
{
	enum { COUNT = 200, EACH = 4 };
	static struct subject s[COUNT];
	unsigned long freed;
	double began, took;
	enum context context;
	long faults;
	size_t i;

	start();
	for (i = 0; i < COUNT; i++)
		s[i] = make(i % 2 ? GPU | MAPPED : GPU, EACH + (i == 0));
	expect(demo_hold(true), 0, "gem_pages_hold");
	for (i = 0; i < COUNT; i++)
		demo_write(&s[i].bo, i);
	check(fdinfo(s[1].bo.fd, "drm-active-memory") == EACH * PAGE, "drm-active-memory is %lld",
	      fdinfo(s[1].bo.fd, "drm-active-memory"));

	/* Touched once; if it is zapped, it faults again. */
	check_words(s[1].map, 0x100000001ull, 0, "before the scans");
	for (context = CONTEXTS; context--;) {
		began = now();
		freed = demo_shrink(1000, context);
		took = now() - began;
		note("%d busy objects in context %s: %.0f ms", COUNT, context_name[context],
		     took * 1000);
		check(!freed, "%s freed %lu pages of busy objects", context_name[context], freed);
		check(took < 1, "a scan of busy objects took %.1f s", took);
	}
	check_class(&s[0], "busy");
	check(!demo_count(NOWAIT), "count without waiting is %lu", demo_count(NOWAIT));
	faults = minor_faults();
	check_words(s[1].map, 0x100000001ull, 0, "after the scans");
	faults = minor_faults() - faults;
	check(!faults, "a busy object was zapped");

	expect(demo_hold(false), 0, "gem_pages_hold");
	check(!fdinfo(s[1].bo.fd, "drm-active-memory"), "active after the hold");
	freed = demo_shrink(10000, KERNEL);
	check(freed == COUNT * EACH + 1, "freed %lu when idle again", freed);
	for (i = 0; i < COUNT; i++)
		demo_compare(&s[i].bo, i, "after the eviction");
	for (i = 1; i < COUNT; i += 2)
		check_words(s[i].map, i * 0x100000001ull, EACH - 1, "the CPU");
}

/* ---- purge ---- */

#define EVICTED	"gem_pages_demo-evicted-memory"

static void case_purged(void)
{
	struct subject s;
	void *again;
	__u64 wrong;

	start();
	s = make(PURGE | GPU | MAPPED | SHARED, SMALL);
	check_subject(&s, "purgeable, but there");
	check(demo_madvise(&s.bo, GEM_PAGES_DEMO_WILLNEED), "not retained, though nobody took it");
	check_class(&s, "gpu-mapped");
	check(demo_madvise(&s.bo, GEM_PAGES_DEMO_DONTNEED), "not retained, though nobody took it");
	check_class(&s, "purgeable");
	check(fdinfo(s.bo.fd, "drm-purgeable-memory") == SMALL * PAGE,
	      "drm-purgeable-memory is %lld", fdinfo(s.bo.fd, "drm-purgeable-memory"));

	shrink_all(SMALL, "the scan");
	check(probe_read(s.map) == SIGBUS, "the mapping can be read");
	check(probe_write(s.map + (SMALL - 1) * PAGE) == SIGBUS, "the mapping can be written");
	check(probe_read(s.dmabuf_map) == SIGBUS, "the dma-buf can be read");
	again = bo_map(&s.bo);
	check(probe_read(again) == SIGBUS, "a new mapping can be read");
	check(!demo_madvise(&s.bo, GEM_PAGES_DEMO_DONTNEED), "retained, says DONTNEED");
	check(!demo_madvise(&s.bo, GEM_PAGES_DEMO_WILLNEED), "retained, says WILLNEED");
	check(!demo_madvise(&s.bo, GEM_PAGES_DEMO_WILLNEED), "retained, says a second WILLNEED");
	check(probe_read(s.map) == SIGBUS, "the mapping can be read again");
	expect(demo_try_run(s.bo.fd, s.bo.handle, false, 0, &wrong), -EFAULT, "RUN");
	expect(demo_try_fill(s.bo.fd, s.bo.handle, 0), -EFAULT, "FILL");
	check_state(&s, "purged", "afterwards");
	check(!fdinfo(s.bo.fd, "drm-resident-memory"), "drm-resident-memory is not 0");
	check(!fdinfo(s.bo.fd, EVICTED), "evicted memory is not 0");
}

static void case_needed_again(void)
{
	struct subject s;
	long used;

	start();
	s = make(PURGE | MAPPED, SMALL);
	check(demo_madvise(&s.bo, GEM_PAGES_DEMO_WILLNEED), "not retained");
	shrink_all(SMALL, "the scan");
	check_state(&s, "evicted", "after the scan");
	check(demo_madvise(&s.bo, GEM_PAGES_DEMO_WILLNEED), "evicted, but not retained");
	check_subject(&s, "afterwards");
	shrink_all(SMALL, "the second scan");
	used = meminfo("SwapTotal") - meminfo("SwapFree");
	check(!demo_madvise(&s.bo, GEM_PAGES_DEMO_DONTNEED), "retained, but in swap");
	used -= meminfo("SwapTotal") - meminfo("SwapFree");
	check(used >= (long)SMALL, "%ld pages of swap are free", used);
	check(probe_read(s.map) == SIGBUS, "the mapping can be read");
}

/* ---- content ---- */

static void case_partly_written(void)
{
	struct subject s;
	unsigned int round;
	unsigned long i;

	start();
	s = make(MAPPED | CLEAN, SMALL);
	for (round = 1; round <= 6; round++) {
		/* In each round some were written, some only read, some not touched. */
		for (i = 0; i < SMALL; i++)
			if (i % 6 == round - 1)
				stamp_page(s.map + i * PAGE, round, i);
		shrink_all(SMALL, "a round");
		for (i = 0; i < SMALL; i++) {
			if (i % 6 < round)
				check_page(s.map + i * PAGE, i % 6 + 1, i, "a round");
			else
				check_zero(s.map + i * PAGE, i, "a round");
		}
		if (round % 2)
			shrink_all(SMALL, "a second time");
	}
	check(demo_info(s.bo.size).evictions == 9, "debugfs counts %u evictions",
	      demo_info(s.bo.size).evictions);
}

static void case_jobs(void)
{
	struct subject s;
	unsigned long i;
	__u32 round;

	start();
	s = make(GPU2 | MAPPED, SMALL);
	for (round = 1; round <= 5; round++) {
		/* The device wrote, the CPU reads; then the other way round. */
		demo_write(round % 2 ? &s.bo : &s.other, round);
		shrink_all(SMALL, "after a job");
		check(demo_info(s.bo.size).vms == 0, "still in a VM of the device");
		for (i = 0; i < SMALL; i++)
			check_words(s.map, round * 0x100000001ull, i, "the CPU");
		shrink_all(SMALL, "after the CPU");
		demo_compare(&s.bo, round, "in the first VM");
		check(demo_info(s.bo.size).vms == 2, "not in both VMs of the device");
		demo_compare(&s.other, round, "in the second VM");

		for (i = 0; i < SMALL; i++)
			memset(s.map + i * PAGE, 0x40 + round, PAGE);
		shrink_all(SMALL, "after the CPU wrote");
		demo_compare(&s.other, (0x40 + round) * 0x01010101, "in the second VM");
	}

	/* What the kernel mapped and does not use any more is no obstacle. */
	expect(demo_try_fill(s.bo.fd, s.bo.handle, 0x77), 0, "FILL");
	shrink_all(SMALL, "after FILL");
	expect(demo_try_fill(s.bo.fd, s.bo.handle, 0x78), 0, "FILL of the evicted object");
	shrink_all(SMALL, "after FILL of the evicted object");
	demo_compare(&s.bo, 0x78, "after FILL");
}

static void case_unmapped_while_evicted(void)
{
	struct subject s;

	start();
	s = make(GPU2, SMALL);
	shrink_all(SMALL, "the scan");
	demo_map(&s.other, false);
	check_subject(&s, "refaulted");
	demo_write(&s.bo, 3);
	check(demo_info(s.bo.size).vms == 1, "not in one VM");
	shrink_all(SMALL, "the second scan");
	demo_map(&s.other, true);
	demo_compare(&s.other, 3, "mapped again");
	shrink_all(SMALL, "the third scan");
	close(s.bo.fd);
	demo_compare(&s.other, 3, "after the first VM has gone");
	check(demo_info(s.bo.size).vms == 1, "not in one VM");
}

static void read_and_write(void *arg)
{
	struct subject *s = arg;

	check_content(s, s->map, "the child");
	stamp_page(s->map + 5 * PAGE, 3, 5);
}

static void case_forked(void)
{
	struct subject s;

	start();
	s = make(MAPPED, SMALL);
	shrink_all(SMALL, "before the fork");
	reap(spawn(read_and_write, &s));
	shrink_all(SMALL, "after the fork");
	check_page(s.map + 5 * PAGE, 3, 5, "the parent");
	check_words(s.map, word_of(6, s.use), 6, "the parent");
}

static void case_dmabuf(void)
{
	struct subject s;

	start();
	s = make(MAPPED | SHARED, SMALL);
	shrink_all(SMALL, "exported and mapped");
	stamp_pages(s.dmabuf_map, 2, 0, SMALL / 2);
	shrink_all(SMALL, "after writing through the dma-buf");
	check_pages(s.map, 2, 0, SMALL / 2, "the mapping");
	check_words(s.dmabuf_map, word_of(SMALL - 1, s.use), SMALL - 1, "the dma-buf");
	unmap(s.map, s.bo.size);
	bo_close(&s.bo);
	shrink_all(SMALL, "of which only the dma-buf is left");
	check_pages(s.dmabuf_map, 2, 0, SMALL / 2, "the dma-buf");
}

/* ---- no memory ---- */

/* Whatever a scan cannot allocate, no byte is lost and the next scan does what is left. */
static void fail_each(unsigned int use)
{
	enum { FEW = 8 };
	unsigned int nth, short_of = 0;
	bool failed = true;

	for (nth = 1; failed; nth++) {
		struct subject s = make(use, FEW);
		long freed = demo_shrink_failing(FEW, nth, &failed);
		long rest = demo_shrink(FEW, KERNEL);

		check(nth < 1000, "%s: there is no end to the allocations", class_of(&s));
		short_of += freed < FEW;
		check(freed + rest == FEW, "%s: allocation %u failed: %ld pages freed, %ld later",
		      class_of(&s), nth, freed, rest);
		if (!(use & PURGE))
			check_subject(&s, "after a failed allocation");
		else if (s.map)
			check(probe_read(s.map) == SIGBUS, "purged, but it can be read");
		discard(&s);
	}
	nth -= 2;
	/* Writing to swap is the swap device's; all else that reclaim does needs no memory. */
	check(!nth == !!(use & (CLEAN | PURGE)), "use %x: %u allocations", use, nth);
	note("use %#04x: %u allocations failed, %u times the scan freed less", use, nth, short_of);
}

static void case_failing_allocations(void)
{
	static const unsigned int uses[] = {
		0, MAPPED, GPU, GPU | MAPPED, GPU2 | MAPPED, CLEAN, CLEAN | GPU | MAPPED, PURGE,
		PURGE | GPU | MAPPED,
	};
	size_t i;

	start();
	for (i = 0; i < ARRAY_SIZE(uses); i++)
		fail_each(uses[i]);
}

/* ---- seen from outside ---- */

static void case_fdinfo(void)
{
	long long size = SMALL * PAGE;
	struct subject s;
	struct bo other;

	start();
	s = make(MAPPED, SMALL);
	check(fdinfo(s.bo.fd, "drm-total-memory") == size, "drm-total-memory");
	check(fdinfo(s.bo.fd, "drm-resident-memory") == size, "drm-resident-memory");
	check(!fdinfo(s.bo.fd, "drm-shared-memory"), "drm-shared-memory");
	check(!fdinfo(s.bo.fd, EVICTED), "evicted memory");
	shrink_all(SMALL, "the scan");
	check(fdinfo(s.bo.fd, "drm-total-memory") == size, "drm-total-memory, evicted");
	check(!fdinfo(s.bo.fd, "drm-resident-memory"), "drm-resident-memory, evicted");
	check(fdinfo(s.bo.fd, EVICTED) == size, "evicted memory, evicted");
	other = bo_share(&s.bo);
	check(fdinfo(s.bo.fd, "drm-shared-memory") == size, "drm-shared-memory, shared");
	check(fdinfo(other.fd, "drm-shared-memory") == size, "drm-shared-memory of the other");
	check_subject(&s, "afterwards");
	check(fdinfo(s.bo.fd, "drm-resident-memory") == size, "drm-resident-memory, refaulted");
	check(!fdinfo(s.bo.fd, EVICTED), "evicted memory, refaulted");
}

#define TRACEFS	"/sys/kernel/tracing/"

static void tell_tracefs(const char *file, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), TRACEFS "%s", file);
	fd = open(path, O_WRONLY | O_TRUNC);
	check(fd >= 0, "%s: %m", path);
	check(write(fd, text, strlen(text)) > 0, "%s: %m", path);
	close(fd);
}

static unsigned int events(const char *name)
{
	static char buf[256 * 1024];
	unsigned int count = 0;
	char *at, key[64];

	check(read_file(TRACEFS "trace", buf, sizeof(buf)) > 0, TRACEFS "trace: %m");
	snprintf(key, sizeof(key), "drm_gem_pages_%s:", name);
	for (at = buf; (at = strstr(at, key)); at++)
		count++;

	return count;
}

static void case_tracepoints(void)
{
	static const struct {
		const char *name;
		unsigned int count;
	} want[] = {
		{ "populate", 3 }, { "evict", 1 }, { "write_back", 1 }, { "refault", 1 },
		{ "purge", 1 }, { "skip", 1 },
	};
	struct subject evicted, purged, busy;
	size_t i;

	start();
	mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	if (access(TRACEFS "events/drm_gem_pages/enable", W_OK))
		skip("no tracefs");
	tell_tracefs("trace", "\n");
	tell_tracefs("tracing_on", "1");
	tell_tracefs("events/drm_gem_pages/enable", "1");

	evicted = make(MAPPED, SMALL);
	shrink_all(SMALL, "the scan");
	check_subject(&evicted, "afterwards");
	purged = make(PURGE, SMALL + 1);
	check(demo_shrink(1, KERNEL) == purged.pages, "not purged");
	discard(&evicted);
	busy = make(GPU, SMALL);
	expect(demo_hold(true), 0, "gem_pages_hold");
	demo_write(&busy.bo, 0);
	demo_shrink(1, KERNEL);
	expect(demo_hold(false), 0, "gem_pages_hold");

	tell_tracefs("events/drm_gem_pages/enable", "0");
	for (i = 0; i < ARRAY_SIZE(want); i++)
		check(!strcmp(want[i].name, "skip") ? events("skip") >= 1 :
		      events(want[i].name) == want[i].count, "%u events %s, expected %u",
		      events(want[i].name), want[i].name, want[i].count);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "freed_unused", case_freed_unused },
		{ "freed_mmapped", case_freed_mmapped },
		{ "freed_gpu_mapped", case_freed_gpu },
		{ "freed_gpu_mapped_and_mmapped", case_freed_gpu_mmapped },
		{ "freed_gpu_shared", case_freed_gpu2 },
		{ "freed_gpu_shared_and_mmapped", case_freed_gpu2_mmapped },
		{ "freed_exported", case_freed_shared },
		{ "freed_purgeable", case_freed_purgeable },
		{ "freed_purgeable_mmapped", case_freed_purgeable_mmapped },
		{ "freed_purgeable_gpu_mapped", case_freed_purgeable_gpu },
		{ "freed_clean", case_freed_clean },
		{ "freed_clean_mmapped", case_freed_clean_mmapped },
		{ "freed_clean_gpu_mapped", case_freed_clean_gpu },
		{ "freed_blank", case_freed_blank },
		{ "freed_is_usable", case_freed_is_usable },
		{ "contexts", case_contexts },
		{ "purge_of_refaulted", case_purge_of_refaulted },
		{ "no_swap", case_no_swap },
		{ "cheap_ones_first", case_cheap_ones_first },
		{ "oldest_first", case_oldest_first },
		{ "idle_vm_first", case_idle_vm_first },
		{ "target", case_target },
		{ "busy", case_busy },
		{ "purged", case_purged },
		{ "needed_again", case_needed_again },
		{ "partly_written", case_partly_written },
		{ "jobs", case_jobs },
		{ "unmapped_while_evicted", case_unmapped_while_evicted },
		{ "forked", case_forked },
		{ "dmabuf", case_dmabuf },
		{ "failing_allocations", case_failing_allocations },
		{ "fdinfo", case_fdinfo },
		{ "tracepoints", case_tracepoints },
	};

	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
