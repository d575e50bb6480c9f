// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"

const char *const context_name[CONTEXTS] = {
	[KERNEL] = "kernel",
	[NOFS] = "nofs",
	[NOIO] = "noio",
	[NOWAIT] = "nowait",
	[ATOMIC] = "atomic",
};

/* ---- ioctls ---- */

int demo_try_create(int fd, __u64 *size, __u32 flags, __u32 *handle)
{
	struct drm_gem_pages_demo_create args = { .size = *size, .flags = flags };
	int ret = drm_call(fd, DRM_IOCTL_GEM_PAGES_DEMO_CREATE, &args);

	*size = args.size;
	*handle = args.handle;

	return ret;
}

int demo_try_madvise(int fd, __u32 handle, unsigned int advice)
{
	struct drm_gem_pages_demo_madvise args = { .handle = handle, .advice = advice };

	return drm_call(fd, DRM_IOCTL_GEM_PAGES_DEMO_MADVISE, &args) ?: (int)args.retained;
}

bool demo_madvise(const struct bo *bo, unsigned int advice)
{
	int ret = demo_try_madvise(bo->fd, bo->handle, advice);

	check(ret == 0 || ret == 1, "MADVISE: %s", strerrorname_np(-ret));

	return ret;
}

int demo_try_map(int fd, __u32 handle, bool map)
{
	struct drm_gem_pages_demo_map args = { .handle = handle, .map = map };

	return drm_call(fd, DRM_IOCTL_GEM_PAGES_DEMO_MAP, &args);
}

void demo_map(const struct bo *bo, bool map)
{
	expect(demo_try_map(bo->fd, bo->handle, map), 0, map ? "MAP" : "unmapping");
}

int demo_try_run(int fd, __u32 handle, bool write, __u32 value, __u64 *wrong)
{
	struct drm_gem_pages_demo_run args = { .handle = handle, .write = write, .value = value };
	int ret = drm_call(fd, DRM_IOCTL_GEM_PAGES_DEMO_RUN, &args);

	*wrong = args.wrong;

	return ret;
}

void demo_write(const struct bo *bo, __u32 value)
{
	__u64 wrong;

	expect(demo_try_run(bo->fd, bo->handle, true, value, &wrong), 0, "RUN to write");
	check(!wrong, "RUN to write: the object was not mapped");
}

void demo_compare(const struct bo *bo, __u32 value, const char *when)
{
	__u64 wrong;

	expect(demo_try_run(bo->fd, bo->handle, false, value, &wrong), 0, "RUN to compare");
	check(wrong != ~0ull, "RUN %s: the object was not mapped", when);
	check(!wrong, "the device sees %llu wrong words %s", wrong, when);
}

int demo_try_fill(int fd, __u32 handle, __u32 value)
{
	struct drm_gem_pages_demo_fill args = { .handle = handle, .value = value };

	return drm_call(fd, DRM_IOCTL_GEM_PAGES_DEMO_FILL, &args);
}

struct bo bo_share(const struct bo *bo)
{
	struct bo other = { .fd = drm_open_primary(), .size = bo->size };
	int dmabuf;

	expect(prime_export(bo->fd, bo->handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0, "export");
	expect(prime_import(other.fd, dmabuf, &other.handle), 0, "import");
	close(dmabuf);
	expect(gem_map_offset(other.fd, other.handle, &other.offset), 0, "MAP_DUMB");

	return other;
}

/* ---- debugfs ---- */

/* Looked up once for each binding of the device, since that opens it. */
static bool find_file(const char *name, char *path, size_t size)
{
	return !access(path, F_OK) || debugfs_file(name, path, size);
}

static const char *file_of_device(const char *name, char *path, size_t size)
{
	if (!find_file(name, path, size))
		skip("%s has no %s in debugfs", opt.driver, name);

	return path;
}

static char shrink_path[128];

static const char *shrink_file(void)
{
	return file_of_device("gem_pages_shrink", shrink_path, sizeof(shrink_path));
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);

	return ret;
}

static long number_after(const char *path, const char *key)
{
	static char buf[64 * 1024];
	size_t length = strlen(key);
	char *line, *next = buf;
	ssize_t ret;

	ret = read_file(path, buf, sizeof(buf));
	if (ret < 0)
		return ret;
	while ((line = strsep(&next, "\n"))) {
		if (!strncmp(line, key, length) && strchr(": \t", line[length]))
			return strtol(line + length + 1, NULL, 10);
	}

	return -ENOENT;
}

/* Who scans meanwhile changes what "freed" says, so only one process does and asks. */
long demo_try_shrink(unsigned long pages, enum context context)
{
	char text[32];
	int ret;

	/* The device may be about to go. */
	if (!find_file("gem_pages_shrink", shrink_path, sizeof(shrink_path)))
		return -ENOENT;
	snprintf(text, sizeof(text), "%lu %s", pages, context_name[context]);
	ret = write_text(shrink_path, text);

	return ret ?: number_after(shrink_path, "freed");
}

/* Each allocation of a scan can be made to fail; the first is number one. */
static int arm(unsigned int nth)
{
	char text[16];
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%u", nth);
	if (write(fd, text, strlen(text)) < 0) {
		close(fd);
		return -EIO;
	}

	return fd;
}

long demo_shrink_failing(unsigned long pages, unsigned int nth, bool *failed)
{
	int shrink = open(shrink_file(), O_WRONLY | O_CLOEXEC), fail_nth;
	char text[32], left[16] = "";
	ssize_t ret;

	check(shrink >= 0, "%s: %m", shrink_file());
	snprintf(text, sizeof(text), "%lu", pages);
	fail_nth = arm(nth);
	if (fail_nth < 0)
		skip("no allocation can be made to fail: %s", strerrorname_np(-fail_nth));
	ret = write(shrink, text, strlen(text));
	check(pread(fail_nth, left, sizeof(left) - 1, 0) > 0, "fail-nth: %m");
	check(write(fail_nth, "0", 1) == 1, "fail-nth: %m");
	close(fail_nth);
	close(shrink);
	check(ret > 0, "gem_pages_shrink: %m");
	*failed = !strtoul(left, NULL, 10);

	return number_after(shrink_file(), "freed");
}

unsigned long demo_shrink(unsigned long pages, enum context context)
{
	long freed = demo_try_shrink(pages, context);

	check(freed >= 0, "gem_pages_shrink: %s", strerrorname_np(-freed));

	return freed;
}

unsigned long demo_count(enum context context)
{
	long count = number_after(shrink_file(), context_name[context]);

	check(count >= 0, "gem_pages_shrink: no count for %s", context_name[context]);

	return count;
}

int demo_hold(bool hold)
{
	static char path[128];

	if (!find_file("gem_pages_hold", path, sizeof(path)))
		return -ENOENT;

	return write_text(path, hold ? "1" : "0");
}

struct object_info demo_info(size_t size)
{
	static char path[128], buf[256 * 1024];
	struct object_info info, found = {};
	unsigned int matches = 0;
	char *line, *next = buf;
	size_t its_size;

	check(read_file(file_of_device("gem_pages", path, sizeof(path)), buf, sizeof(buf)) > 0,
	      "%s: %m", path);
	while ((line = strsep(&next, "\n"))) {
		if (sscanf(line, "%zu %lu %15s %15s %d %*s %*s %d %u %u", &its_size,
			   &info.resident, info.state, info.class, &info.pins, &info.mmaps,
			   &info.vms, &info.evictions) != 8 || its_size != size)
			continue;
		found = info;
		matches++;
	}
	check(matches == 1, "debugfs lists %u objects of %zu bytes", matches, size);

	return found;
}

/* ---- memory ---- */

#define PROC_MEMINFO	"/proc/meminfo"
#define PROC_VMSTAT	"/proc/vmstat"
#define FDINFO		"/proc/self/fdinfo/%d"

long meminfo(const char *key)
{
	long kb = number_after(PROC_MEMINFO, key);

	check(kb >= 0, "no key %s", key);

	return kb / (long)(PAGE / 1024);
}

/* The free pages that CPUs keep for themselves, which MemFree does not count. */
long free_of_cpus(void)
{
	static char text[65536];
	long pages = 0, count;
	char *at = text;
	ssize_t len;

	len = read_file("/proc/zoneinfo", text, sizeof(text) - 1);
	check(len > 0, "/proc/zoneinfo: %m");
	text[len] = '\0';
	while ((at = strstr(at, "count:"))) {
		check(sscanf(at, "count: %ld", &count) == 1, "cannot read /proc/zoneinfo");
		pages += count;
		at++;
	}
	return pages;
}

long vmstat(const char *key)
{
	long value = number_after(PROC_VMSTAT, key);

	check(value >= 0, "no key %s", key);

	return value;
}

long long fdinfo(int fd, const char *key)
{
	char path[64], buf[4096], *line, *next = buf;
	size_t length = strlen(key);
	char unit[8];
	int n;

	snprintf(path, sizeof(path), FDINFO, fd);
	check(read_file(path, buf, sizeof(buf)) > 0, "%s: %m", path);
	while ((line = strsep(&next, "\n"))) {
		unsigned long long value;

		if (strncmp(line, key, length) || line[length] != ':')
			continue;
		n = sscanf(line + length + 1, "%llu %7s", &value, unit);
		check(n >= 1, "cannot make sense of '%s'", line);
		if (n == 1)
			return value;
		check(!strcmp(unit, "KiB") || !strcmp(unit, "MiB"), "the unit of '%s'", line);
		return value << (unit[0] == 'K' ? 10 : 20);
	}

	return 0;
}

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return ts.tv_sec + ts.tv_nsec / 1e9;
}
