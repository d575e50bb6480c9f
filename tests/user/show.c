// SPDX-License-Identifier: GPL-2.0
/*
 * Shows what becomes of a buffer's pages, sg table, vmap and mappings while a program uses
 * it. Each step is done for real, and checked.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../samples/gem_pages_demo/gem_pages_demo_uapi.h"
#include "common.h"

#define PAGES	64ul

static struct bo bo;
static unsigned int step;

/* What debugfs says of the device's only object. */
static void show(const char *what)
{
	char path[256], info[8192] = "", state[16], sgt[8], vmap[16];
	int pins, mmaps;
	char *line;

	check(debugfs_file("gem_pages", path, sizeof(path)), "no file gem_pages in debugfs");
	check(read_file(path, info, sizeof(info) - 1) > 0, "%s: %m", path);
	line = strchr(info, '\n');
	check(line && sscanf(line, " %*u %*u %15s %*s %d %7s %15s %d", state, &pins, sgt, vmap,
			     &mmaps) == 5, "cannot make sense of %s:\n%s", path, info);
	printf("%2u  %-46s  %-10s  %-10d  %-10s  %-10s  %-10d\n", ++step, what, state, pins, sgt,
	       vmap, mmaps);
	fflush(stdout);
}

static void write_one(void *map)
{
	check_page(map, 2, 0, "the child");
	stamp_page(map + 5 * PAGE, 3, 5);
	show("a child wrote page 5 through the inherited map");
}

static void run(void)
{
	struct drm_gem_pages_demo_fill fill = { .value = 0x5a5a5a5a };
	unsigned char *map, *shared;
	unsigned long i;
	__u32 imported;
	long faults;
	int fd;

	printf("    %-46s  %-10s  %-10s  %-10s  %-10s  %-10s\n", "a buffer of 64 pages", "pages",
	       "pins", "sg table", "vmap", "mappings");

	bo = bo_create(drm_open_primary(), PAGES);
	show("created: nothing is allocated");
	map = bo_map(&bo);
	show("mapped: still nothing");
	check_zero(map, 0, "the fresh buffer");
	show("read the first page: the fault brought all");
	faults = minor_faults();
	for (i = 1; i < PAGES; i++)
		check_zero(map + i * PAGE, i, "the fresh buffer");
	faults = minor_faults() - faults;
	stamp_pages(map, 1, 0, PAGES);
	check_pages(map, 1, 0, PAGES, "the mapping");
	show("wrote all 64 pages");

	fill.handle = bo.handle;
	expect(drm_call(bo.fd, DRM_IOCTL_GEM_PAGES_DEMO_FILL, &fill), 0, "FILL");
	check(*(__u32 *)(map + 9 * PAGE) == fill.value, "what the device wrote is not seen");
	show("the device filled it: sg table, vmap, pins");
	stamp_pages(map, 2, 0, PAGES);

	check(!mprotect(map + 16 * PAGE, 16 * PAGE, PROT_READ), "mprotect: %m");
	show("protected a part: the mapping was split in 3");
	check(!munmap(map + 48 * PAGE, 16 * PAGE), "munmap: %m");
	show("unmapped the tail");
	check_pages(map, 2, 0, 48, "the split mapping");
	show("read through all parts: every page is right");
	reap(spawn(write_one, map));
	step++;
	check_page(map + 5 * PAGE, 3, 5, "the parent");
	show("the child is gone, what it wrote is here");

	expect(prime_export(bo.fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &fd), 0, "export");
	shared = map_rw(fd, 8 * PAGE, 40 * PAGE);
	for (i = 0; i < 8; i++)
		check_page(shared + i * PAGE, 2, 40 + i, "the dma-buf at page 40");
	show("exported, mapped the dma-buf from page 40 on");
	expect(prime_import(drm_open_primary(), fd, &imported), 0, "import");
	show("another client imported it: the same object");
	unmap(shared, 8 * PAGE);
	close(fd);
	unmap(map, 48 * PAGE);
	show("unmapped everything: the pages stay");
	bo_close(&bo);
	printf("%2u  closed: the object lives on for the other client\n", ++step);
	printf("\nEvery byte was where it belongs. Reading the other %lu pages took %ld faults.\n",
	       PAGES - 1, faults);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = { { "show", run } };

	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
