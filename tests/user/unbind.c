// SPDX-License-Identifier: GPL-2.0
/*
 * The device goes away while its buffers are in use.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

#define PAGES	64ul

static struct bo bo;
static unsigned char *map;

static void tell(const char *what)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/%s", opt.driver, what);
	fd = open(path, O_WRONLY);
	if (fd < 0 && errno == ENOENT)
		skip("%s is no platform driver", opt.driver);
	check(fd >= 0, "%s: %m", path);
	check(write(fd, opt.driver, strlen(opt.driver)) > 0, "%s: %m", path);
	close(fd);
}

static void setup(void)
{
	bo = bo_create(drm_open_primary(), PAGES);
	map = bo_map(&bo);
	stamp_pages(map, 1, 0, PAGES / 2);
}

/* What comes after is a new device that knows nothing of the old one. */
static void bind_again(void)
{
	struct bo fresh;

	tell("bind");
	fresh = bo_create(drm_open_primary(), PAGES);
	check_zero(bo_map(&fresh), 0, "the new device");
}

static void case_mapped(void)
{
	setup();
	tell("unbind");
	check(probe_read(map) == SIGBUS, "no SIGBUS for a page that was there");
	check(probe_write(map) == SIGBUS, "no SIGBUS for a write");
	check(probe_read(map + (PAGES - 1) * PAGE) == SIGBUS, "no SIGBUS for a fresh page");
	unmap(map, bo.size);
	bind_again();
}

static void case_file(void)
{
	struct drm_mode_create_dumb args = { .width = 64, .height = 64, .bpp = 32 };
	void *again;

	setup();
	tell("unbind");
	expect(drm_call(bo.fd, DRM_IOCTL_MODE_CREATE_DUMB, &args), -ENODEV, "CREATE_DUMB");
	expect(try_map(bo.fd, bo.size, bo.offset, PROT_READ, MAP_SHARED, &again), -ENODEV,
	       "mmap");
	close(bo.fd);
	check(probe_read(map) == SIGBUS, "no SIGBUS after the file was closed");
	bind_again();
}

static void case_dmabuf(void)
{
	void *shared;
	int fd;

	setup();
	expect(prime_export(bo.fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &fd), 0, "export");
	shared = map_rw(fd, bo.size, 0);
	check_pages(shared, 1, 0, PAGES / 2, "the dma-buf");
	tell("unbind");
	check(probe_read(shared) == SIGBUS, "no SIGBUS in the dma-buf");
	close(bo.fd);
	unmap(map, bo.size);
	check(probe_read(shared) == SIGBUS, "no SIGBUS in the dma-buf, the object's last user");
	unmap(shared, bo.size);
	close(fd);
	bind_again();
}

static void touch_until_gone(void *arg)
{
	struct bo own = bo_create(drm_open_primary(), PAGES);
	unsigned char *here = bo_map(&own);
	unsigned long i = 0;

	add((unsigned int *)arg, 1);
	while (!probe_write(here + i * PAGE))
		i = (i + 1) % PAGES;
	check(probe_write(here + i * PAGE) == SIGBUS, "something else than SIGBUS");
}

static void case_while_faulting(void)
{
	unsigned int *running = shared_alloc(sizeof(*running)), i;
	struct timespec some = { 0, 20000000 };
	pid_t pid[4];

	setup();
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		pid[i] = spawn(touch_until_gone, running);
	await(running, ARRAY_SIZE(pid));
	nanosleep(&some, NULL);
	tell("unbind");
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		reap(pid[i]);
	bind_again();
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "mapped", case_mapped },
		{ "file", case_file },
		{ "dmabuf", case_dmabuf },
		{ "while_faulting", case_while_faulting },
	};

	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
