// SPDX-License-Identifier: GPL-2.0
/*
 * Which page of the object does a user mapping show after its VMA was split, partly unmapped,
 * moved, or made from a dma-buf at an offset?
 *
 * Each page of an object is stamped with its own index through an intact full mapping. A second
 * mapping, without any PTE yet, is then manipulated, and each of its pages is compared.
 *
 * --expect right	every case must show the right pages
 * --expect wrong	the cases that the stock shmem helper gets wrong must show it
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

static unsigned long pages = 16;
static bool expect_wrong;

struct result {
	unsigned long checked;
	unsigned long wrong;
	unsigned long expected;	/* the first wrong page */
	char saw[48];
};

static struct result *results, *result;

/* An object whose pages are stamped through @intact. */
static struct object {
	struct bo bo;
	void *intact;
	int prime_fd;
} object;

static void object_init(void)
{
	object.bo = bo_create(drm_open_primary(), pages);
	object.intact = bo_map(&object.bo);
	stamp_pages(object.intact, 0, 0, pages);
	expect(prime_export(object.bo.fd, object.bo.handle, DRM_RDWR | DRM_CLOEXEC,
			    &object.prime_fd), 0, "PRIME_HANDLE_TO_FD");
}

static void *object_map(void)
{
	object_init();

	return bo_map(&object.bo);
}

static void *object_map_dmabuf(unsigned long first, unsigned long count)
{
	object_init();

	return map_rw(object.prime_fd, count * PAGE, first * PAGE);
}

static void compare_page(const void *page, unsigned int gen, unsigned long index)
{
	result->checked++;
	if (page_is(page, gen, index))
		return;
	if (!result->wrong++) {
		result->expected = index;
		describe_page(page, result->saw, sizeof(result->saw));
	}
}

/* @map shows the object's pages from @first on. */
static void compare(const void *map, unsigned long first, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++)
		compare_page(map + i * PAGE, 0, first + i);
}

/* The halves of the mapping end up in VMAs of their own. */
static void split_by_mprotect(void *map)
{
	expect(mprotect(map + pages / 2 * PAGE, pages / 2 * PAGE, PROT_READ) ? -errno : 0, 0,
	       "mprotect of the second half");
}

static void split_by_madvise(void *map)
{
	expect(madvise(map + pages / 2 * PAGE, pages / 2 * PAGE, MADV_RANDOM) ? -errno : 0, 0,
	       "madvise of the second half");
}

/* Return: where the pages went. */
static void *move(void *map, unsigned long count, unsigned long new_count)
{
	void *to = mmap(NULL, new_count * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *moved;

	check(to != MAP_FAILED, "no address space");
	moved = mremap(map, count * PAGE, new_count * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	check(moved == to, "mremap: %s", strerrorname_np(errno));

	return moved;
}

static void case_split(void)
{
	void *map = object_map();

	split_by_mprotect(map);
	compare(map + pages / 2 * PAGE, pages / 2, pages / 2);
	compare(map, 0, pages / 2);
}

static void case_head_munmap(void)
{
	void *map = object_map();

	unmap(map, pages / 2 * PAGE);
	compare(map + pages / 2 * PAGE, pages / 2, pages / 2);
}

static void case_move_tail(void)
{
	void *map = object_map();
	void *tail = move(map + pages / 2 * PAGE, pages / 2, pages / 2);

	compare(tail, pages / 2, pages / 2);
	compare(map, 0, pages / 2);
}

static void case_dmabuf_offset(void)
{
	void *map = object_map_dmabuf(pages / 2, pages / 2);

	compare(map, pages / 2, pages / 2);
}

static void case_move_whole(void)
{
	void *map = object_map();

	compare(move(map, pages, pages), 0, pages);
}

static void case_shrink(void)
{
	void *map = object_map();

	check(mremap(map, pages * PAGE, pages / 2 * PAGE, 0) == map, "mremap: %s",
	      strerrorname_np(errno));
	compare(map, 0, pages / 2);
}

static void case_shrink_and_move_tail(void)
{
	void *map = object_map();
	unsigned long left = pages / 4;

	compare(move(map + pages / 2 * PAGE, pages / 2, left), pages / 2, left);
}

static void case_hole(void)
{
	void *map = object_map();
	unsigned long hole = pages / 4;

	unmap(map + hole * PAGE, hole * PAGE);
	compare(map + 2 * hole * PAGE, 2 * hole, pages - 2 * hole);
	compare(map, 0, hole);
}

static void case_split_madvise(void)
{
	void *map = object_map();

	split_by_madvise(map);
	compare(map, 0, pages);
}

static void case_split_each_page(void)
{
	void *map = object_map();
	unsigned long i;

	for (i = 1; i < pages; i += 2)
		expect(mprotect(map + i * PAGE, PAGE, PROT_READ) ? -errno : 0, 0, "mprotect");
	compare(map, 0, pages);
}

static void case_split_backwards(void)
{
	void *map = object_map();
	unsigned long i;

	split_by_mprotect(map);
	for (i = pages; i-- > 0;)
		compare_page(map + i * PAGE, 0, i);
}

/* What is written through the split mapping must arrive in the right pages. */
static void case_split_write(void)
{
	void *map = object_map();
	unsigned long i;

	split_by_madvise(map);
	stamp_pages(map, 2, 0, pages);
	for (i = 0; i < pages; i++)
		compare_page(object.intact + i * PAGE, 2, i);
}

/* The same, with the fault taken by the kernel's own access. */
static void case_split_syscall(void)
{
	static __u64 buf[PAGE / sizeof(__u64)];
	void *map = object_map();
	unsigned long i;
	int fds[2];

	split_by_mprotect(map);
	check(!pipe(fds), "pipe: %s", strerrorname_np(errno));
	for (i = 0; i < pages; i++) {
		check(write(fds[1], map + i * PAGE, PAGE) == PAGE, "write() from page %lu", i);
		check(read(fds[0], buf, PAGE) == PAGE, "read() from the pipe");
		compare_page(buf, 0, i);
	}
}

static void child_compares(void *map)
{
	compare(map, 0, pages);
}

static void case_fork(void)
{
	void *map = object_map();

	split_by_mprotect(map);
	reap(spawn(child_compares, map));
	compare(map, 0, pages);
}

static void child_splits(void *map)
{
	split_by_mprotect(map);
	compare(map, 0, pages);
}

static void case_child_splits(void)
{
	void *map = object_map();

	reap(spawn(child_splits, map));
	/* The parent's own VMA is whole. */
	check_pages(map, 0, 0, pages, "the parent's mapping");
}

static void case_refault(void)
{
	void *map = object_map();
	unsigned long i;

	for (i = 0; i < pages; i++)
		check_page(map + i * PAGE, 0, i, "the whole mapping");
	split_by_mprotect(map);
	if (madvise(map, pages * PAGE, MADV_DONTNEED))
		skip("MADV_DONTNEED on a PFN map: %s", strerrorname_np(errno));
	compare(map, 0, pages);
}

static void case_dmabuf_split(void)
{
	void *map = object_map_dmabuf(0, pages);

	split_by_mprotect(map);
	compare(map, 0, pages);
}

static void case_dmabuf_offset_split(void)
{
	unsigned long first = 3, count = pages - 3;
	void *map = object_map_dmabuf(first, count);

	expect(mprotect(map + 2 * PAGE, PAGE, PROT_READ) ? -errno : 0, 0, "mprotect");
	compare(map, first, count);
}

static void case_dmabuf_move_tail(void)
{
	unsigned long first = 1, cut = pages / 2, count = pages - 1 - cut;
	void *map = object_map_dmabuf(first, pages - first);

	compare(move(map + cut * PAGE, count, count), first + cut, count);
	compare(map, first, cut);
}

/*
 * Random manipulation of many mappings in one window of address space. A model says which page
 * of the object each page of the window shows.
 */

#define HOLE	(-1l)

static struct window {
	void *base;
	unsigned long count;
	long *shows;
	bool *read_only;
	/* Neighbours with the same number lie in one VMA, which is all that mremap() moves. */
	unsigned long *vma;
	unsigned long vmas;
	__u64 random;
} window;

static void window_clear(unsigned long slot, unsigned long count)
{
	void *addr = window.base + slot * PAGE;
	unsigned long i;

	check(mmap(addr, count * PAGE, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == addr,
	      "mmap of a hole: %s", strerrorname_np(errno));
	for (i = slot; i < slot + count; i++)
		window.shows[i] = HOLE;
}

/* A random number of pages from @slot on that lie in its VMA. */
static unsigned long window_run(unsigned long slot)
{
	unsigned long end = slot + 1;

	while (end < window.count && window.shows[end] != HOLE &&
	       window.vma[end] == window.vma[slot])
		end++;

	return 1 + next_random(&window.random) % (end - slot);
}

static bool window_overlaps(unsigned long a, unsigned long b, unsigned long count)
{
	return a < b + count && b < a + count;
}

static void window_map(unsigned long slot)
{
	unsigned long first = 0, count = pages, i;
	bool dmabuf = next_random(&window.random) & 1;
	void *addr = window.base + slot * PAGE;

	if (dmabuf)
		first = next_random(&window.random) % pages;
	count = 1 + next_random(&window.random) % (pages - first);
	if (slot + count > window.count)
		count = window.count - slot;

	check(mmap(addr, count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		   dmabuf ? object.prime_fd : object.bo.fd,
		   dmabuf ? first * PAGE : object.bo.offset) == addr,
	      "mmap of %lu pages from page %lu (%s): %s", count, first,
	      dmabuf ? "dma-buf" : "DRM node", strerrorname_np(errno));
	window.vmas++;
	for (i = 0; i < count; i++) {
		window.shows[slot + i] = first + i;
		window.read_only[slot + i] = false;
		window.vma[slot + i] = window.vmas;
	}
}

static void window_protect(unsigned long slot)
{
	unsigned long count = window_run(slot), i;
	bool read_only = !window.read_only[slot];

	expect(mprotect(window.base + slot * PAGE, count * PAGE,
			PROT_READ | (read_only ? 0 : PROT_WRITE)) ? -errno : 0, 0, "mprotect");
	window.vmas++;
	for (i = slot; i < slot + count; i++) {
		window.read_only[i] = read_only;
		window.vma[i] = window.vmas;
	}
}

static void window_move(unsigned long slot)
{
	unsigned long count = window_run(slot), to, i;

	to = next_random(&window.random) % (window.count - count + 1);
	if (window_overlaps(slot, to, count))
		return;

	check(mremap(window.base + slot * PAGE, count * PAGE, count * PAGE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, window.base + to * PAGE) != MAP_FAILED,
	      "mremap of %lu pages: %s", count, strerrorname_np(errno));
	window.vmas++;
	for (i = 0; i < count; i++) {
		window.shows[to + i] = window.shows[slot + i];
		window.read_only[to + i] = window.read_only[slot + i];
		window.vma[to + i] = window.vmas;
	}
	window_clear(slot, count);
}

static void window_touch(unsigned long slot)
{
	void *page = window.base + slot * PAGE;

	/* On a wrong page, writing would only hide it. */
	compare_page(page, 0, window.shows[slot]);
	if (!window.read_only[slot] && !result->wrong)
		stamp_page(page, 0, window.shows[slot]);
}

static void case_random(void)
{
	unsigned long i;

	object_init();
	window.count = 4 * pages;
	window.random = opt.seed;
	window.shows = calloc(window.count, sizeof(*window.shows));
	window.read_only = calloc(window.count, sizeof(*window.read_only));
	window.vma = calloc(window.count, sizeof(*window.vma));
	window.base = mmap(NULL, window.count * PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	check(window.shows && window.read_only && window.vma, "no memory");
	check(window.base != MAP_FAILED, "no address space");
	window_clear(0, window.count);

	for (i = 0; i < 2000; i++) {
		unsigned long slot = next_random(&window.random) % window.count;
		unsigned int what = next_random(&window.random) % 16;

		if (window.shows[slot] == HOLE) {
			if (what < 6)
				window_map(slot);
		} else if (what < 3) {
			window_protect(slot);
		} else if (what < 6) {
			window_move(slot);
		} else if (what < 8) {
			window_clear(slot, window_run(slot));
		} else {
			window_touch(slot);
		}
	}
	for (i = 0; i < window.count; i++)
		if (window.shows[i] != HOLE)
			window_touch(i);
	check_pages(object.intact, 0, 0, pages, "the intact mapping");
}

static const struct wrong_case {
	const char *name;
	void (*run)(void);
	bool wrong_on_stock;
} cases[] = {
	/* The documented ones. */
	{ "split_by_mprotect", case_split, true },
	{ "head_munmap", case_head_munmap, true },
	{ "mremap_tail", case_move_tail, true },
	{ "dmabuf_at_offset", case_dmabuf_offset, true },
	/* Their relatives. */
	{ "mremap_whole", case_move_whole, false },
	{ "mremap_shrink", case_shrink, false },
	{ "mremap_shrink_and_move_tail", case_shrink_and_move_tail, true },
	{ "hole", case_hole, true },
	{ "split_by_madvise", case_split_madvise, true },
	{ "split_at_each_page", case_split_each_page, true },
	{ "split_then_touch_backwards", case_split_backwards, true },
	{ "split_then_write", case_split_write, true },
	{ "split_then_syscall", case_split_syscall, true },
	{ "split_then_fork", case_fork, true },
	{ "split_in_child", case_child_splits, true },
	{ "split_then_refault", case_refault, true },
	{ "dmabuf_split", case_dmabuf_split, true },
	{ "dmabuf_at_offset_split", case_dmabuf_offset_split, true },
	{ "dmabuf_mremap_tail", case_dmabuf_move_tail, true },
	{ "random_operations", case_random, true },
};

static void verdict(void)
{
	check(result->checked, "nothing was compared");
	if (expect_wrong && cases[current_case].wrong_on_stock)
		check(result->wrong, "all %lu pages were right, the wrong page was expected",
		      result->checked);
	else
		check(!result->wrong, "expected page %lu, saw %s (%lu of %lu pages are wrong)",
		      result->expected, result->saw, result->wrong, result->checked);
}

static void run_wrong_case(void)
{
	result = &results[current_case];
	cases[current_case].run();
	verdict();
}

static bool option(const char *name, const char *value)
{
	if (!strcmp(name, "expect") && !strcmp(value, "wrong"))
		expect_wrong = true;
	else if (!strcmp(name, "pages"))
		pages = strtoul(value, NULL, 0) & ~7ul;
	else
		return !strcmp(name, "expect") && !strcmp(value, "right");

	return pages >= 8;
}

static void print_table(void)
{
	size_t i;

	note("| case | expected | saw | wrong pages |");
	note("| --- | --- | --- | --- |");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct result *r = &results[i];

		if (!r->checked)
			note("| %s | - | - | not run |", cases[i].name);
		else if (!r->wrong)
			note("| %s | the right pages | the right pages | 0 of %lu |",
			     cases[i].name, r->checked);
		else
			note("| %s | page %lu | %s | %lu of %lu |", cases[i].name, r->expected,
			     r->saw, r->wrong, r->checked);
	}
}

int main(int argc, char **argv)
{
	struct test_case tests[ARRAY_SIZE(cases)];
	size_t i;
	int ret;

	parse_args(argc, argv, "[--expect right|wrong] [--pages N]", option);
	results = shared_alloc(sizeof(*results) * ARRAY_SIZE(cases));
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		tests[i] = (struct test_case){ cases[i].name, run_wrong_case };

	ret = run_cases(tests, ARRAY_SIZE(tests));
	print_table();

	return ret;
}
