// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once: scans in all contexts against faults, pins, frees, purges, exports,
 * imports, jobs and advice, and in the end against the device going away. Wherever content is
 * retained it is checked.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

static unsigned long seconds = 20;

enum role {
	SCAN, FAULT, SHARED_FAULT, PIN, FREE, PURGE, PRIME, FOREIGN, JOB, JOB_SHARED, ADVICE,
	HOLD, FORK, LIST, ROLES
};

static const char * const role_name[ROLES] = {
	[SCAN] = "scan", [FAULT] = "fault", [SHARED_FAULT] = "shared fault", [PIN] = "pin",
	[FREE] = "free", [PURGE] = "purge", [PRIME] = "prime", [FOREIGN] = "foreign import",
	[JOB] = "job", [JOB_SHARED] = "shared job", [ADVICE] = "advice", [HOLD] = "hold",
	[FORK] = "fork", [LIST] = "list",
};

static struct board {
	unsigned long count[ROLES], freed, purged, gone;
	unsigned int running, stop, unbinding;
} *board;

#define SHARED_PAGES	48ul

static struct bo shared;
static void *shared_map;
static int shared_dmabuf;

/* ---- what a device that goes away does to a process ---- */

static bool going(int ret)
{
	/* What was found before is gone as well, and so are files in debugfs. */
	if (!load(&board->unbinding) ||
	    (ret != -ENODEV && ret != -ENOENT && ret != -EFAULT && ret != -EIO))
		return false;
	add(&board->gone, 1);
	return true;
}

static void must(int ret, const char *what)
{
	if (ret && going(ret))
		_exit(0);
	expect(ret, 0, what);
}

static void on_bus_error(int sig)
{
	(void)sig;
	/* The same for a mapping. */
	if (load(&board->unbinding)) {
		add(&board->gone, 1);
		_exit(0);
	}
	fail("SIGBUS");
}

/* ---- roles ---- */

static __u64 state;

static unsigned long any(unsigned long below)
{
	return next_random(&state) % below;
}

static struct bo create(int fd, unsigned long pages)
{
	struct drm_mode_create_dumb args = { .width = PAGE / 4, .bpp = 32, .height = pages };
	struct bo bo = { .fd = fd };

	must(drm_call(fd, DRM_IOCTL_MODE_CREATE_DUMB, &args), "CREATE_DUMB");
	bo.handle = args.handle;
	bo.size = args.size;
	must(gem_map_offset(fd, bo.handle, &bo.offset), "MAP_DUMB");
	return bo;
}

/* There are more processes than CPUs, and those that scan are few. */
static void rest(void)
{
	if (!any(16))
		usleep(500);
}

static void *map(const struct bo *bo)
{
	void *at;

	must(try_map(bo->fd, bo->size, bo->offset, PROT_READ | PROT_WRITE, MAP_SHARED, &at),
	     "mmap");
	return at;
}

static void scan(int fd)
{
	static const unsigned long sizes[] = { 1, 16, 128, 1000, 100000 };

	(void)fd;
	/* Many others run, and without scans there is no race. */
	check(!setpriority(PRIO_PROCESS, 0, -10), "setpriority: %m");
	while (!load(&board->stop)) {
		enum context context = any(2) ? KERNEL : any(CONTEXTS);
		long freed = demo_try_shrink(sizes[any(5)], context);

		if (freed < 0) {
			must(freed == -ENOENT || freed == -ENODEV ? -ENODEV : freed,
			     "gem_pages_shrink");
			return;
		}
		add(&board->freed, freed);
		add(&board->count[SCAN], 1);
	}
}

static void fault(int fd)
{
	enum { PAGES = 96 };
	struct bo bo = create(fd, PAGES);
	unsigned char gen[PAGES] = {};
	void *at = map(&bo);

	stamp_pages(at, 0, 0, PAGES);
	while (!load(&board->stop)) {
		unsigned long i = any(PAGES);

		check_page(at + i * PAGE, gen[i], i, "own buffer");
		if (any(2))
			stamp_page(at + i * PAGE, ++gen[i], i);
		if (!any(64)) {
			unmap(at, bo.size);
			at = map(&bo);
		}
		add(&board->count[FAULT], 1);
		rest();
	}
}

/* Two of these write every other page each, a third one only reads. */
static void shared_fault(unsigned long which)
{
	unsigned char gen[SHARED_PAGES] = {};

	while (!load(&board->stop)) {
		unsigned long i = any(SHARED_PAGES);
		long saw;

		if (which < 2) {
			i = i / 2 * 2 + which;
			check_page(shared_map + i * PAGE, gen[i], i, "shared buffer");
			stamp_page(shared_map + i * PAGE, ++gen[i], i);
		} else {
			/* Torn perhaps, but each word from the right page. */
			saw = load((__u64 *)(shared_map + i * PAGE)) >> 12 & 0xfffffff;
			check(saw == (long)i, "shared buffer: page %ld for %lu", saw, i);
		}
		add(&board->count[SHARED_FAULT], 1);
		rest();
	}
}

static void pin(int fd)
{
	struct bo bo = create(fd, 32);
	__u32 *at = map(&bo), value, i;

	while (!load(&board->stop)) {
		value = any(1u << 31);
		must(demo_try_fill(fd, bo.handle, value), "FILL");
		for (i = 0; i < bo.size / 4; i += 509)
			check(at[i] == value, "FILL wrote %x, the CPU reads %x", value, at[i]);
		add(&board->count[PIN], 1);
		rest();
	}
}

static void create_and_close(int fd)
{
	while (!load(&board->stop)) {
		struct bo bo = create(fd, 1 + any(32));
		unsigned int how = any(8);
		void *at = map(&bo);

		stamp_page(at, 1, 0);
		if (how & 1)
			must(demo_try_map(fd, bo.handle, true), "MAP");
		if (how & 2)
			unmap(at, bo.size);
		if (how & 4)
			demo_try_madvise(fd, bo.handle, GEM_PAGES_DEMO_DONTNEED);
		/* The device's mapping holds a reference until it is gone. */
		if (how & 1)
			must(demo_try_map(fd, bo.handle, false), "unmapping");
		must(gem_close(fd, bo.handle), "GEM_CLOSE");
		if (!(how & 2)) {
			if (!(how & 4))
				check_page(at, 1, 0, "a closed buffer");
			unmap(at, bo.size);
		}
		add(&board->count[FREE], 1);
	}
}

static void purge(int fd)
{
	while (!load(&board->stop)) {
		struct bo bo = create(fd, 1 + any(32));
		void *at = map(&bo);
		int ret, sig;

		stamp_page(at, 1, 0);
		ret = demo_try_madvise(fd, bo.handle, GEM_PAGES_DEMO_DONTNEED);
		/* Lost at once if it is in swap by now. */
		must(ret < 0 ? ret : 0, "MADVISE");
		usleep(any(2000));
		sig = probe_read(at);
		if (load(&board->unbinding) && sig)
			_exit(0);
		ret = demo_try_madvise(fd, bo.handle, GEM_PAGES_DEMO_WILLNEED);
		must(ret < 0 ? ret : 0, "MADVISE");
		check(!ret || !sig, "SIGBUS, but retained");
		if (ret) {
			usleep(any(500));
			check_page(at, 1, 0, "retained");
		} else {
			sig = probe_read(at);
			check(sig == SIGBUS, "purged, but no SIGBUS");
			add(&board->purged, 1);
		}
		unmap(at, bo.size);
		must(gem_close(fd, bo.handle), "GEM_CLOSE");
		add(&board->count[PURGE], 1);
	}
}

static void export_and_import(int fd)
{
	struct bo bo = create(fd, 40), other = { .size = bo.size };
	void *at = map(&bo);
	unsigned int gen = 0;
	int dmabuf;

	stamp_pages(at, gen, 0, 40);
	while (!load(&board->stop)) {
		unsigned long i = any(40);
		void *there;

		other.fd = fd;
		must(prime_export(fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), "export");
		must(prime_import(fd, dmabuf, &other.handle), "import");
		check(other.handle == bo.handle, "an import home is another object");
		there = mmap(NULL, bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
		if (there == MAP_FAILED)
			must(-errno, "mmap of the dma-buf");
		check_page(there + i * PAGE, gen, i, "the dma-buf");
		gen++;
		stamp_pages(there, gen, 0, 40);
		check_page(at + i * PAGE, gen, i, "the mapping");
		unmap(there, bo.size);
		close(dmabuf);
		add(&board->count[PRIME], 1);
		rest();
	}
}

/* An importer that maps, which pins the object for as long. */
static void foreign_import(int fd)
{
	struct bo bo = create(fd, 24);
	void *at = map(&bo);
	unsigned int gen = 0;
	int other = drm_open_second(), dmabuf;
	__u32 handle;
	__u64 offset;

	check(other >= 0, "there is no second device: load gem_pages_demo with pair=1");
	stamp_pages(at, gen, 0, 24);
	while (!load(&board->stop)) {
		unsigned long i = any(24);
		void *there;

		must(prime_export(fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), "export");
		must(prime_import(other, dmabuf, &handle), "import by the other device");
		close(dmabuf);
		check_page(at + i * PAGE, gen, i, "while imported");
		must(gem_map_offset(other, handle, &offset), "MAP_DUMB of the import");
		must(try_map(other, bo.size, offset, PROT_READ | PROT_WRITE, MAP_SHARED, &there),
		     "mmap of the import");
		check_page(there + i * PAGE, gen, i, "the import");
		gen++;
		stamp_pages(there, gen, 0, 24);
		unmap(there, bo.size);
		check_page(at + i * PAGE, gen, i, "after the import");
		expect(gem_close(other, handle), 0, "GEM_CLOSE of the import");
		add(&board->count[FOREIGN], 1);
		rest();
	}
}

static void job(int fd)
{
	struct bo bo = create(fd, 48);
	__u32 *at = map(&bo), value = 0, i;
	__u64 wrong;

	must(demo_try_map(fd, bo.handle, true), "MAP");
	while (!load(&board->stop)) {
		must(demo_try_run(fd, bo.handle, true, ++value, &wrong), "RUN");
		check(!wrong, "RUN to write: not mapped");
		for (i = any(509); i < bo.size / 4; i += 509)
			check(at[i] == value, "the CPU reads %x instead of %x", at[i], value);
		must(demo_try_run(fd, bo.handle, false, value, &wrong), "RUN");
		check(!wrong, "the device wrote %x and sees %llu wrong words", value, wrong);
		if (!any(16)) {
			must(demo_try_map(fd, bo.handle, false), "unmapping");
			must(demo_try_map(fd, bo.handle, true), "MAP");
		}
		add(&board->count[JOB], 1);
		rest();
	}
}

/* Several VMs, all of them with the same content. */
static void shared_job(unsigned long which)
{
	static struct bo bo;
	int fd = drm_open_primary(), pair[2], dmabuf;
	__u64 wrong;
	pid_t pid;

	if (which)
		return;
	bo = create(fd, 40);
	must(demo_try_map(fd, bo.handle, true), "MAP");
	must(demo_try_run(fd, bo.handle, true, 0x1234, &wrong), "RUN");
	must(prime_export(fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), "export");
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair: %m");
	pid = fork();
	check(pid >= 0, "fork: %m");
	state += !pid;
	if (!pid) {
		fd = drm_open_primary();
		must(prime_import(fd, dmabuf, &bo.handle), "import");
		must(demo_try_map(fd, bo.handle, true), "MAP");
	}
	while (!load(&board->stop)) {
		must(demo_try_run(fd, bo.handle, !any(4), 0x1234, &wrong), "RUN");
		check(!wrong, "shared: the device sees %llu wrong words", wrong);
		if (!pid && !any(8)) {
			must(demo_try_map(fd, bo.handle, false), "unmapping");
			must(demo_try_map(fd, bo.handle, true), "MAP");
		}
		add(&board->count[JOB_SHARED], 1);
		rest();
	}
	if (!pid)
		_exit(0);
	reap(pid);
}

static void advice(int fd)
{
	struct bo bo = create(fd, 16);
	void *at = map(&bo);
	int ret, before = 1;

	stamp_pages(at, 1, 0, 16);
	while (!load(&board->stop)) {
		ret = demo_try_madvise(fd, bo.handle, any(2));
		must(ret < 0 ? ret : 0, "MADVISE");
		check(ret <= before, "what was lost is retained");
		before = ret;
		if (!ret) {
			check(probe_read(at) == SIGBUS, "lost, but no SIGBUS");
			unmap(at, bo.size);
			must(gem_close(fd, bo.handle), "GEM_CLOSE");
			bo = create(fd, 16);
			at = map(&bo);
			stamp_pages(at, 1, 0, 16);
			before = 1;
		}
		add(&board->count[ADVICE], 1);
		rest();
	}
}

static void hold(int fd)
{
	(void)fd;
	while (!load(&board->stop)) {
		int ret = demo_hold(true);

		if (!ret) {
			usleep(any(8000));
			ret = demo_hold(false);
		}
		must(ret, "gem_pages_hold");
		usleep(any(30000));
		add(&board->count[HOLD], 1);
	}
}

static void child_of(void *at)
{
	check_pages(at, 1, 0, 16, "the child");
	stamp_pages(at, 2, 0, 8);
}

static void fork_maps(int fd)
{
	struct bo bo = create(fd, 16);
	void *at = map(&bo);

	while (!load(&board->stop)) {
		stamp_pages(at, 1, 0, 16);
		reap(spawn(child_of, at));
		if (load(&board->unbinding))
			return;
		check_pages(at, 2, 0, 8, "the parent");
		check_pages(at, 1, 8, 8, "the parent");
		add(&board->count[FORK], 1);
	}
}

static void list(int fd)
{
	static char buf[256 * 1024];
	char path[128];

	if (!debugfs_file("gem_pages", path, sizeof(path)))
		return;
	while (!load(&board->stop)) {
		read_file(path, buf, sizeof(buf));
		snprintf(buf, sizeof(buf), "/proc/self/fdinfo/%d", fd);
		read_file(buf, buf, sizeof(buf));
		add(&board->count[LIST], 1);
		usleep(5000);
	}
}

static void play(void *arg)
{
	static void (*const plays[ROLES])(int fd) = {
		[SCAN] = scan, [FAULT] = fault, [PIN] = pin, [FREE] = create_and_close,
		[PURGE] = purge, [PRIME] = export_and_import, [FOREIGN] = foreign_import,
		[JOB] = job, [ADVICE] = advice, [HOLD] = hold, [FORK] = fork_maps, [LIST] = list,
	};
	unsigned long number = (unsigned long)arg, role = number % ROLES, which = number / ROLES;

	signal(SIGBUS, on_bus_error);
	state = opt.seed * 1000 + number;
	add(&board->running, 1);
	if (role == SHARED_FAULT)
		shared_fault(which);
	else if (role == JOB_SHARED)
		shared_job(which);
	else
		plays[role](drm_open_primary());
}

/* The role of each process. */
static unsigned char role_of[64];

static unsigned long cast(pid_t *pids)
{
	/* How many processes play each role; scans may only be one for what they report. */
	static const unsigned int many[ROLES] = {
		[SCAN] = 2, [FAULT] = 2, [SHARED_FAULT] = 3, [PIN] = 1, [FREE] = 2, [PURGE] = 2,
		[PRIME] = 1, [FOREIGN] = 1, [JOB] = 2, [JOB_SHARED] = 1, [ADVICE] = 1,
		[HOLD] = 1, [FORK] = 1, [LIST] = 1,
	};
	unsigned long role, which, count = 0;

	shared = bo_create(drm_open_primary(), SHARED_PAGES);
	shared_map = bo_map(&shared);
	stamp_pages(shared_map, 0, 0, SHARED_PAGES);
	expect(prime_export(shared.fd, shared.handle, DRM_CLOEXEC | DRM_RDWR, &shared_dmabuf), 0,
	       "export");
	for (role = 0; role < ROLES; role++)
		for (which = 0; which < many[role]; which++) {
			role_of[count] = role;
			pids[count++] = spawn(play, (void *)(role + which * ROLES));
		}
	await(&board->running, count);
	return count;
}

static void report(double began)
{
	char line[300] = "";
	int role, n = 0;

	for (role = 0; role < ROLES; role++)
		n += snprintf(line + n, sizeof(line) - n, "%s %lu, ", role_name[role],
			      load(&board->count[role]));
	note("%3.0f s: %sfreed %lu MB, purged %lu", now() - began, line,
	     load(&board->freed) * PAGE >> 20, load(&board->purged));
}

static void run_for(unsigned long time, const pid_t *pids, unsigned long count)
{
	double began = now(), shown = began;
	unsigned int role;
	int status;

	while (now() - began < time) {
		unsigned long i;

		usleep(100000);
		for (i = 0; i < count; i++) {
			if (!waitpid(pids[i], &status, WNOHANG))
				continue;
			/* A role that has failed has said why. */
			if (WIFEXITED(status) && WEXITSTATUS(status))
				_exit(WEXITSTATUS(status));
			fail("%s %lu came to an early end: status %x", role_name[role_of[i]], i,
			     status);
		}
		if (now() - shown > 10) {
			report(began);
			shown = now();
		}
	}
	report(began);
	for (role = 0; role < ROLES; role++)
		check(board->count[role], "nothing done: %s", role_name[role]);
	check(board->freed && board->purged, "the scans freed nothing");
}

static void setup(void)
{
	if (driver_is_stock())
		skip("%s has no shrinker", opt.driver);
	expect(demo_hold(false), 0, "gem_pages_hold");
	board = shared_alloc(sizeof(*board));
}

static void case_races(void)
{
	pid_t pids[64];
	unsigned long count, i;

	setup();
	count = cast(pids);
	run_for(seconds, pids, count);
	store(&board->stop, 1);
	for (i = 0; i < count; i++)
		reap(pids[i]);
	expect(demo_hold(false), 0, "gem_pages_hold");
}

static void tell(const char *what)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/%s", opt.driver, what);
	fd = open(path, O_WRONLY);
	check(fd >= 0, "%s: %m", path);
	check(write(fd, opt.driver, strlen(opt.driver)) > 0, "%s: %m", path);
	close(fd);
}

static void case_unbind(void)
{
	unsigned long count, i, round, gone = 0;
	pid_t pids[64];

	setup();
	for (round = 0; round < 3; round++) {
		memset(board, 0, sizeof(*board));
		count = cast(pids);
		usleep(1000000);
		store(&board->unbinding, 1);
		tell("unbind");
		usleep(300000);
		store(&board->stop, 1);
		for (i = 0; i < count; i++)
			reap(pids[i]);
		check(board->gone, "nobody noticed that the device is gone");
		gone += board->gone;
		unmap(shared_map, shared.size);
		close(shared_dmabuf);
		close(shared.fd);
		tell("bind");
	}
	note("%lu processes lost their device in %lu rounds", gone, round);
}

static bool option(const char *name, const char *value)
{
	if (strcmp(name, "seconds"))
		return false;
	seconds = strtoul(value, NULL, 0);
	opt.timeout = seconds + 300;
	return true;
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "races", case_races },
		{ "races_unbind", case_unbind },
	};

	parse_args(argc, argv, "[--seconds N]", option);

	return run_cases(cases, ARRAY_SIZE(cases));
}
