// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings that are inherited through fork(): everyone writes pages of their own, everyone
 * reads everyone's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

#define PAGES	64ul
#define CHILDREN	8u

/* What the processes of one case share beside the object. */
static struct team {
	unsigned int arrived[4];
	unsigned int kids;
} *team;

static struct bo bo;
static void *map;

static void setup(void)
{
	bo = bo_create(drm_open_primary(), PAGES);
	map = bo_map(&bo);
	team = shared_alloc(sizeof(*team));
}

/* All @count processes wait for each other. */
static void meet(unsigned int point, unsigned int count)
{
	add(&team->arrived[point], 1);
	await(&team->arrived[point], count);
}

static void *number(unsigned int i)
{
	return (void *)(unsigned long)i;
}

static void write_own(unsigned int gen, unsigned int who, unsigned int of)
{
	unsigned long i;

	for (i = who; i < PAGES; i += of)
		stamp_page(map + i * PAGE, gen, i);
}

/* ---- one page, one writer ---- */

static void writing_child(void *arg)
{
	unsigned int who = (unsigned long)arg;

	write_own(1, who, CHILDREN + 1);
	meet(0, CHILDREN + 1);
	check_pages(map, 1, 0, PAGES, "a child");
	meet(1, CHILDREN + 1);
	/* Now everyone writes their neighbour's pages. */
	write_own(2, (who + 1) % (CHILDREN + 1), CHILDREN + 1);
	meet(2, CHILDREN + 1);
	check_pages(map, 2, 0, PAGES, "a child, second round");
}

static void run_children(void)
{
	pid_t pid[CHILDREN];
	unsigned int i;

	for (i = 0; i < CHILDREN; i++)
		pid[i] = spawn(writing_child, number(i));
	writing_child(number(CHILDREN));
	for (i = 0; i < CHILDREN; i++)
		reap(pid[i]);
	check_pages(map, 2, 0, PAGES, "the parent");
}

static void case_untouched(void)
{
	setup();
	run_children();
}

static void case_touched(void)
{
	setup();
	stamp_pages(map, 9, 0, PAGES);
	run_children();
}

static void case_read_before(void)
{
	unsigned long i;

	setup();
	for (i = 0; i < PAGES; i++)
		check_zero(map + i * PAGE, i, "the parent");
	run_children();
}

/* ---- generations ---- */

#define DEPTH	6ul

static void descend(void *arg)
{
	unsigned long depth = (unsigned long)arg, i;

	check_pages(map, 3, 0, depth * 8, "a descendant");
	stamp_pages(map, 3, depth * 8, 8);
	if (depth < DEPTH) {
		reap(spawn(descend, (void *)(depth + 1)));
		check_pages(map, 3, 0, (DEPTH + 1) * 8, "an ancestor");
	}
	for (i = (DEPTH + 1) * 8; i < PAGES && depth == DEPTH; i++)
		check_zero(map + i * PAGE, i, "the last descendant");
}

static void case_grandchildren(void)
{
	setup();
	reap(spawn(descend, NULL));
	check_pages(map, 3, 0, (DEPTH + 1) * 8, "the first parent");
}

static void outlive(void *arg)
{
	(void)arg;
	await(&team->arrived[0], 1);
	check_pages(map, 1, 0, PAGES / 2, "an orphan");
	stamp_pages(map, 2, PAGES / 2, PAGES / 2);
	check_pages(map, 2, PAGES / 2, PAGES / 2, "an orphan");
	add(&team->kids, 1);
}

static void leaving_parent(void *arg)
{
	(void)arg;
	spawn(outlive, NULL);
	spawn(outlive, NULL);
}

static void case_orphans(void)
{
	setup();
	stamp_pages(map, 1, 0, PAGES / 2);
	reap(spawn(leaving_parent, NULL));
	/* This process goes out of the way as well, except for one page. */
	unmap(map + PAGE, (PAGES - 1) * PAGE);
	bo_close(&bo);
	close(bo.fd);
	store(&team->arrived[0], 1);
	await(&team->kids, 2);
	check_page(map, 1, 0, "the first page");
}

/* ---- a child changes its own address space ---- */

static void unmapping_child(void *arg)
{
	(void)arg;
	unmap(map, PAGES / 4 * PAGE);
	check(probe_read(map) == SIGSEGV, "the unmapped part can be read");
	check_pages(map, 1, PAGES / 4, PAGES / 4, "the child's rest");
	unmap(map + PAGES / 2 * PAGE, PAGES / 4 * PAGE);
	stamp_pages(map, 2, PAGES / 4 * 3, PAGES / 4);
	check_pages(map, 1, PAGES / 4, PAGES / 4, "the child's rest");
}

static void case_child_unmaps(void)
{
	setup();
	stamp_pages(map, 1, 0, PAGES / 2);
	reap(spawn(unmapping_child, NULL));
	check_pages(map, 1, 0, PAGES / 2, "the parent");
	check_pages(map, 2, PAGES / 4 * 3, PAGES / 4, "the parent");
	check_zero(map + PAGES / 2 * PAGE, PAGES / 2, "the parent");
}

static void moving_child(void *arg)
{
	void *tail, *to = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long half = PAGES / 2;

	(void)arg;
	check(to != MAP_FAILED, "no address space");
	/* The whole, which keeps its offset; then parts of what was not touched yet. */
	check(mremap(map, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to,
	      "mremap: %s", strerrorname_np(errno));
	check(probe_read(map) == SIGSEGV, "the old place can be read");
	check_pages(to, 1, 0, half, "the moved mapping");
	stamp_pages(to, 2, half, half);

	if (driver_is_stock())
		return;
	tail = mremap(to + half * PAGE, half * PAGE, half * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      map);
	check(tail == map, "mremap of the tail: %s", strerrorname_np(errno));
	check_pages(tail - half * PAGE, 2, half, half, "the moved tail");
}

static void case_child_moves(void)
{
	setup();
	stamp_pages(map, 1, 0, PAGES / 2);
	reap(spawn(moving_child, NULL));
	check_pages(map, 1, 0, PAGES / 2, "the parent");
	check_pages(map, 2, PAGES / 2, PAGES / 2, "the parent");
}

static void protecting_child(void *arg)
{
	(void)arg;
	expect(mprotect(map, bo.size, PROT_READ) ? -errno : 0, 0, "mprotect");
	check(probe_write(map) == SIGSEGV, "a touched page can be written");
	check(probe_write(map + (PAGES - 1) * PAGE) == SIGSEGV, "a fresh page can be written");
	check_pages(map, 1, 0, PAGES / 2, "the child");
	add(&team->kids, 1);
	await(&team->arrived[0], 1);
	check_pages(map, 2, 0, PAGES, "the child, after the parent has written");
}

static void case_child_protects(void)
{
	pid_t pid;

	setup();
	stamp_pages(map, 1, 0, PAGES / 2);
	pid = spawn(protecting_child, NULL);
	await(&team->kids, 1);
	stamp_pages(map, 2, 0, PAGES);
	store(&team->arrived[0], 1);
	reap(pid);
}

static void child_without_map(void *arg)
{
	(void)arg;
	check(probe_read(map) == SIGSEGV, "a MADV_DONTFORK mapping was inherited");
	check_pages(bo_map(&bo), 1, 0, PAGES, "the child's own mapping");
}

static void case_dontfork(void)
{
	setup();
	stamp_pages(map, 1, 0, PAGES);
	expect(madvise(map, bo.size, MADV_DONTFORK) ? -errno : 0, 0, "MADV_DONTFORK");
	reap(spawn(child_without_map, NULL));
	check_pages(map, 1, 0, PAGES, "the parent");
}

/* ---- ends ---- */

static void endless_child(void *arg)
{
	unsigned int who = (unsigned long)arg, round = 0;

	add(&team->kids, 1);
	for (;;)
		write_own(round++ % 200, who, CHILDREN);
}

static void case_killed(void)
{
	pid_t pid[CHILDREN];
	unsigned int i, round;

	setup();
	for (round = 0; round < 5; round++) {
		store(&team->kids, 0);
		for (i = 0; i < CHILDREN; i++)
			pid[i] = spawn(endless_child, number(i));
		await(&team->kids, CHILDREN);
		usleep(20000);
		for (i = 0; i < CHILDREN; i++)
			kill(pid[i], SIGKILL);
		for (i = 0; i < CHILDREN; i++) {
			int status = reap_status(pid[i]);

			check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
			      "a child ended before it was killed: status %x", status);
		}
	}
	stamp_pages(map, 1, 0, PAGES);
	check_pages(map, 1, 0, PAGES, "the parent");
}

static void executing_child(void *arg)
{
	char *const argv[] = { "fork_maps", "--help", NULL };

	(void)arg;
	stamp_pages(map, 2, 0, PAGES / 2);
	check(freopen("/dev/null", "w", stdout), "/dev/null");
	execv("/proc/self/exe", argv);
	fail("execv: %s", strerrorname_np(errno));
}

static void case_exec(void)
{
	setup();
	stamp_pages(map, 1, 0, PAGES);
	reap(spawn(executing_child, NULL));
	check_pages(map, 2, 0, PAGES / 2, "the parent");
	check_pages(map, 1, PAGES / 2, PAGES / 2, "the parent");
}

static void short_child(void *arg)
{
	unsigned long i = (unsigned long)arg % PAGES;

	check_page(map + i * PAGE, 1, i, "a short child");
	stamp_page(map + i * PAGE, 2, i);
}

static void case_many_forks(void)
{
	unsigned long i;

	setup();
	stamp_pages(map, 1, 0, PAGES);
	for (i = 0; i < PAGES; i++) {
		pid_t pid = spawn(short_child, (void *)i);

		/* The parent works on other pages meanwhile. */
		check_page(map + (i + 1) % PAGES * PAGE, 1, (i + 1) % PAGES, "the parent");
		reap(pid);
		check_page(map + i % PAGES * PAGE, 2, i % PAGES, "the parent");
		stamp_page(map + i % PAGES * PAGE, 1, i % PAGES);
	}
}

/* ---- what goes with the mapping ---- */

static void child_with_file(void *arg)
{
	struct bo own;

	(void)arg;
	own = bo_create(bo.fd, 4);
	stamp_pages(bo_map(&own), 5, 0, 4);
	bo_close(&bo);
	check_pages(map, 1, 0, PAGES, "the child, handle closed");
	store(&team->kids, own.handle);
}

static void case_inherited_file(void)
{
	struct bo theirs = { .size = 4 * PAGE };

	setup();
	stamp_pages(map, 1, 0, PAGES);
	reap(spawn(child_with_file, NULL));
	/* The file is one and the same, so are its handles. */
	expect(gem_close(bo.fd, bo.handle), -EINVAL, "GEM_CLOSE of what the child closed");
	theirs.fd = bo.fd;
	theirs.handle = load(&team->kids);
	expect(gem_map_offset(theirs.fd, theirs.handle, &theirs.offset), 0, "the child's object");
	check_pages(bo_map(&theirs), 5, 0, 4, "the child's object");
	check_pages(map, 1, 0, PAGES, "the parent");
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "children_write_untouched", case_untouched },
		{ "children_write_written", case_touched },
		{ "children_write_read", case_read_before },
		{ "grandchildren", case_grandchildren },
		{ "orphans", case_orphans },
		{ "child_unmaps_parts", case_child_unmaps },
		{ "child_moves", case_child_moves },
		{ "child_protects", case_child_protects },
		{ "child_does_not_inherit", case_dontfork },
		{ "children_killed", case_killed },
		{ "child_executes", case_exec },
		{ "many_forks", case_many_forks },
		{ "child_uses_inherited_file", case_inherited_file },
	};

	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
