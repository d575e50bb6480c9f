// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

#define EXIT_FAILED	1
#define EXIT_SKIPPED	4

#define FIRST_PRIMARY	0
#define FIRST_RENDER	128
#define MINORS		64

struct options opt = {
	.driver = "gem_pages_demo",
	.timeout = 300,
	.seed = 1,
};

size_t current_case;

/* Why the running case ended, written by whichever of its processes is first. */
static struct verdict {
	unsigned int taken;
	char why[400];
} *verdict;

/* ---- report ---- */

static void __noreturn print_usage(const char *prog, const char *more, int status)
{
	printf("usage: %s [--driver NAME] [--only CASE] [--timeout SECONDS] [--seed N]%s%s\n",
	       prog, more ? " " : "", more ? more : "");
	exit(status);
}

void parse_args(int argc, char **argv, const char *more,
		bool (*extra)(const char *name, const char *value))
{
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);

	for (i = 1; i < argc; i += 2) {
		const char *name = argv[i], *value = argv[i + 1];

		if (!strcmp(name, "--help"))
			print_usage(argv[0], more, 0);
		if (strncmp(name, "--", 2) || !value)
			print_usage(argv[0], more, 2);

		if (!strcmp(name, "--driver"))
			opt.driver = value;
		else if (!strcmp(name, "--only"))
			opt.only = value;
		else if (!strcmp(name, "--timeout"))
			opt.timeout = strtoul(value, NULL, 0);
		else if (!strcmp(name, "--seed"))
			opt.seed = strtoul(value, NULL, 0);
		else if (!extra || !extra(name + 2, value))
			print_usage(argv[0], more, 2);
	}
}

static void __noreturn end_case(int status, const char *fmt, va_list args)
{
	if (add(&verdict->taken, 1) == 1)
		vsnprintf(verdict->why, sizeof(verdict->why), fmt, args);
	_exit(status);
}

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end_case(EXIT_FAILED, fmt, args);
}

void skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end_case(EXIT_SKIPPED, fmt, args);
}

void note(const char *fmt, ...)
{
	char line[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	printf("# %s\n", line);
}

static const char *result_name(int err)
{
	return err ? strerrorname_np(-err) : "success";
}

void expect(int got, int want, const char *what)
{
	check(got == want, "%s: got %s, expected %s", what, result_name(got), result_name(want));
}

static int pidfd_wait(pid_t pid, unsigned long seconds)
{
	struct pollfd pfd = { .events = POLLIN };
	int ret;

	pfd.fd = syscall(SYS_pidfd_open, pid, 0);
	if (pfd.fd < 0)
		return -1;
	ret = poll(&pfd, 1, seconds * 1000);
	close(pfd.fd);

	return ret;
}

/* Return: the wait status of the case's first process. */
static int run_case(const struct test_case *tc)
{
	int status = 0;
	pid_t pid;

	memset(verdict, 0, sizeof(*verdict));
	fflush(stdout);

	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		tc->run();
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	setpgid(pid, pid);

	if (!pidfd_wait(pid, opt.timeout) && add(&verdict->taken, 1) == 1)
		snprintf(verdict->why, sizeof(verdict->why), "no end after %lu s", opt.timeout);

	/* Also ends what a failed case left behind. */
	if (load(&verdict->taken))
		kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;

	return status;
}

int run_cases(const struct test_case *cases, size_t count)
{
	unsigned int passed = 0, failed = 0, skipped = 0;
	size_t i, n = 0, planned = 0;

	verdict = shared_alloc(sizeof(*verdict));
	prctl(PR_SET_CHILD_SUBREAPER, 1);

	for (i = 0; i < count; i++)
		planned += !opt.only || !strcmp(opt.only, cases[i].name);

	printf("TAP version 13\n1..%zu\n", planned);
	if (drm_primary_minor() < 0) {
		printf("Bail out! no DRM device of driver %s\n", opt.driver);
		return 1;
	}

	for (i = 0; i < count; i++) {
		const char *name = cases[i].name;
		int status;

		if (opt.only && strcmp(opt.only, name))
			continue;

		n++;
		current_case = i;
		status = run_case(&cases[i]);
		if (WIFEXITED(status) && !WEXITSTATUS(status)) {
			printf("ok %zu %s\n", n, name);
			passed++;
		} else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED) {
			printf("ok %zu %s # SKIP %s\n", n, name, verdict->why);
			skipped++;
		} else {
			if (!verdict->why[0] && WIFSIGNALED(status))
				snprintf(verdict->why, sizeof(verdict->why), "killed by SIG%s",
					 sigabbrev_np(WTERMSIG(status)));
			printf("not ok %zu %s # %s\n", n, name, verdict->why);
			failed++;
		}
	}

	printf("# %s: %u passed, %u failed, %u skipped\n", opt.driver, passed, failed, skipped);

	return failed || !n;
}

bool driver_is_stock(void)
{
	return !strcmp(opt.driver, "vgem");
}

/* ---- DRM ---- */

int drm_call(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));

	return ret < 0 ? -errno : 0;
}

/* Return: an open file, or -1 if this minor is not there. */
static int open_minor(const char *kind, int minor, int flags, char *name, size_t size)
{
	struct drm_version version = {};
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/dri/%s%d", kind, minor);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return -1;

	version.name = name;
	version.name_len = size - 1;
	if (drm_call(fd, DRM_IOCTL_VERSION, &version)) {
		close(fd);
		return -1;
	}
	name[version.name_len < size ? version.name_len : size - 1] = '\0';

	return fd;
}

/* The second device of a driver is called as the driver, with a number behind it. */
static bool is_second_device(int minor)
{
	char path[64], device[256], *name;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/dev/char/226:%d/device", minor);
	len = readlink(path, device, sizeof(device) - 1);
	if (len < 0)
		return false;
	device[len] = '\0';
	name = strrchr(device, '/');
	name = name ? name + 1 : device;
	len = strlen(opt.driver);

	return !strncmp(name, opt.driver, len) && name[len] == '.';
}

/* Return: an open file of the first device of the driver under test, or -1; stores its minor. */
static int open_kind(const char *kind, int first, int flags, int *minor)
{
	char name[64];
	int i, fd;

	for (i = first; i < first + MINORS; i++) {
		fd = open_minor(kind, i, flags, name, sizeof(name));
		if (fd < 0)
			continue;
		if (!strcmp(name, opt.driver) && !is_second_device(i)) {
			if (minor)
				*minor = i;
			return fd;
		}
		close(fd);
	}

	return -1;
}

int drm_open_primary_flags(int flags)
{
	int fd = open_kind("card", FIRST_PRIMARY, flags, NULL);

	check(fd >= 0, "no primary node of driver %s", opt.driver);

	return fd;
}

int drm_open_primary(void)
{
	return drm_open_primary_flags(O_RDWR);
}

int drm_open_render(void)
{
	return open_kind("renderD", FIRST_RENDER, O_RDWR, NULL);
}

int drm_primary_minor(void)
{
	int minor = -1;
	int fd = open_kind("card", FIRST_PRIMARY, O_RDWR, &minor);

	if (fd >= 0)
		close(fd);

	return minor;
}

int drm_open_second(void)
{
	char name[64];
	int i, fd;

	for (i = FIRST_PRIMARY; i < FIRST_PRIMARY + MINORS; i++) {
		if (!is_second_device(i))
			continue;
		fd = open_minor("card", i, O_RDWR, name, sizeof(name));
		if (fd >= 0)
			return fd;
	}

	return -1;
}

int gem_close(int fd, __u32 handle)
{
	struct drm_gem_close args = { .handle = handle };

	return drm_call(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

int gem_map_offset(int fd, __u32 handle, __u64 *offset)
{
	struct drm_mode_map_dumb args = { .handle = handle };
	int ret = drm_call(fd, DRM_IOCTL_MODE_MAP_DUMB, &args);

	*offset = args.offset;

	return ret;
}

int gem_flink(int fd, __u32 handle, __u32 *name)
{
	struct drm_gem_flink args = { .handle = handle };
	int ret = drm_call(fd, DRM_IOCTL_GEM_FLINK, &args);

	*name = args.name;

	return ret;
}

int gem_open(int fd, __u32 name, __u32 *handle, __u64 *size)
{
	struct drm_gem_open args = { .name = name };
	int ret = drm_call(fd, DRM_IOCTL_GEM_OPEN, &args);

	*handle = args.handle;
	*size = args.size;

	return ret;
}

int prime_export(int fd, __u32 handle, __u32 flags, int *prime_fd)
{
	struct drm_prime_handle args = { .handle = handle, .flags = flags, .fd = -1 };
	int ret = drm_call(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

	*prime_fd = args.fd;

	return ret;
}

int prime_import(int fd, int prime_fd, __u32 *handle)
{
	struct drm_prime_handle args = { .fd = prime_fd };
	int ret = drm_call(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

	*handle = args.handle;

	return ret;
}

struct bo bo_create(int fd, unsigned long pages)
{
	struct drm_mode_create_dumb args = { .width = PAGE / 4, .bpp = 32, .height = pages };
	struct bo bo = { .fd = fd };

	expect(drm_call(fd, DRM_IOCTL_MODE_CREATE_DUMB, &args), 0, "CREATE_DUMB");
	check(args.size == pages * PAGE, "CREATE_DUMB: asked for %lu pages, got %llu bytes",
	      pages, args.size);
	check(args.handle, "CREATE_DUMB returned handle 0");
	bo.handle = args.handle;
	bo.size = args.size;
	expect(gem_map_offset(fd, bo.handle, &bo.offset), 0, "MAP_DUMB");

	return bo;
}

void bo_close(struct bo *bo)
{
	expect(gem_close(bo->fd, bo->handle), 0, "GEM_CLOSE");
	bo->handle = 0;
}

void *bo_map(const struct bo *bo)
{
	return map_rw(bo->fd, bo->size, bo->offset);
}

/* ---- mappings ---- */

int try_map(int fd, size_t size, __u64 offset, int prot, int flags, void **map)
{
	void *addr = mmap(NULL, size, prot, flags, fd, offset);

	*map = addr;

	return addr == MAP_FAILED ? -errno : 0;
}

void *map_rw(int fd, size_t size, __u64 offset)
{
	void *map;

	expect(try_map(fd, size, offset, PROT_READ | PROT_WRITE, MAP_SHARED, &map), 0, "mmap");

	return map;
}

void unmap(void *map, size_t size)
{
	expect(munmap(map, size) ? -errno : 0, 0, "munmap");
}

void *shared_alloc(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED) {
		perror("shared memory");
		exit(1);
	}

	return map;
}

/* ---- page patterns ---- */

#define STAMP_MAGIC	0xa5c3ull
#define STAMP_WORDS	(PAGE / sizeof(__u64))

/* Bits 63:48 magic, 47:40 generation, 39:12 page, 11:0 word. */
static __u64 stamp_base(unsigned int gen, unsigned long index)
{
	return STAMP_MAGIC << 48 | (__u64)(gen & 0xff) << 40 | (__u64)index << 12;
}

/* Memory that other processes write meanwhile, so no access may be cached or merged. */
static __u64 peek(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void poke(__u64 *word, __u64 value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

void stamp_page(void *page, unsigned int gen, unsigned long index)
{
	__u64 base = stamp_base(gen, index), *word = page;
	unsigned int i;

	for (i = 0; i < STAMP_WORDS; i++)
		poke(&word[i], base + i);
}

long identify_page(const void *page, unsigned int *gen)
{
	const __u64 *word = page;
	__u64 base = peek(word);
	bool stamped = base >> 48 == STAMP_MAGIC && !(base & 0xfff);
	unsigned int i;

	if (base && !stamped)
		return SAW_GARBAGE;
	for (i = 1; i < STAMP_WORDS; i++)
		if (peek(&word[i]) != (stamped ? base + i : 0))
			return SAW_GARBAGE;
	if (!stamped)
		return SAW_ZERO;
	if (gen)
		*gen = base >> 40 & 0xff;

	return base >> 12 & 0xfffffff;
}

bool page_is(const void *page, unsigned int gen, unsigned long index)
{
	unsigned int saw;

	return identify_page(page, &saw) == (long)index && saw == (gen & 0xff);
}

bool page_is_zero(const void *page)
{
	return identify_page(page, NULL) == SAW_ZERO;
}

const char *describe_page(const void *page, char *buf, size_t size)
{
	unsigned int gen = 0;
	long index = identify_page(page, &gen);

	if (index == SAW_ZERO)
		snprintf(buf, size, "zeroes");
	else if (index == SAW_GARBAGE)
		snprintf(buf, size, "garbage");
	else if (gen)
		snprintf(buf, size, "page %ld (generation %u)", index, gen);
	else
		snprintf(buf, size, "page %ld", index);

	return buf;
}

void check_page(const void *page, unsigned int gen, unsigned long index, const char *where)
{
	char saw[48];

	if (page_is(page, gen, index))
		return;
	describe_page(page, saw, sizeof(saw));
	if (gen)
		fail("%s: expected page %lu (generation %u), saw %s", where, index, gen, saw);
	fail("%s: expected page %lu, saw %s", where, index, saw);
}

void check_zero(const void *page, unsigned long index, const char *where)
{
	char saw[48];

	check(page_is_zero(page), "%s: page %lu of a new object is not zero but %s", where, index,
	      describe_page(page, saw, sizeof(saw)));
}

void stamp_pages(void *map, unsigned int gen, unsigned long first, unsigned long count)
{
	unsigned long i;

	for (i = first; i < first + count; i++)
		stamp_page(map + i * PAGE, gen, i);
}

void check_pages(const void *map, unsigned int gen, unsigned long first, unsigned long count,
		 const char *where)
{
	unsigned long i;

	for (i = first; i < first + count; i++)
		check_page(map + i * PAGE, gen, i, where);
}

__u64 next_random(__u64 *state)
{
	__u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;

	return z ^ z >> 31;
}

void shuffle(unsigned long *list, unsigned long count, __u64 *state)
{
	unsigned long i;

	for (i = count; i > 1; i--) {
		unsigned long j = next_random(state) % i, swap = list[i - 1];

		list[i - 1] = list[j];
		list[j] = swap;
	}
}

void random_page(void *page, __u64 seed)
{
	__u64 *word = page;
	unsigned int i;

	for (i = 0; i < STAMP_WORDS; i++)
		poke(&word[i], next_random(&seed));
}

bool page_is_random(const void *page, __u64 seed)
{
	const __u64 *word = page;
	unsigned int i;

	for (i = 0; i < STAMP_WORDS; i++)
		if (peek(&word[i]) != next_random(&seed))
			return false;

	return true;
}

/* ---- faults ---- */

static sigjmp_buf probe_env;

static void probe_signal(int sig)
{
	siglongjmp(probe_env, sig);
}

static int probe(void *addr, bool write)
{
	struct sigaction act = { .sa_handler = probe_signal }, old_bus, old_segv;
	int sig;

	sigaction(SIGBUS, &act, &old_bus);
	sigaction(SIGSEGV, &act, &old_segv);

	sig = sigsetjmp(probe_env, 1);
	if (!sig) {
		__u64 value = peek(addr);

		if (write)
			poke(addr, value);
	}

	sigaction(SIGBUS, &old_bus, NULL);
	sigaction(SIGSEGV, &old_segv, NULL);

	return sig;
}

int probe_read(const void *addr)
{
	return probe((void *)addr, false);
}

int probe_write(void *addr)
{
	return probe(addr, true);
}

long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);

	return usage.ru_minflt;
}

/* ---- processes ---- */

pid_t spawn(void (*run)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	check(pid >= 0, "fork: %s", strerrorname_np(errno));
	if (!pid) {
		run(arg);
		fflush(stdout);
		_exit(0);
	}

	return pid;
}

int reap_status(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerrorname_np(errno));

	return status;
}

void reap(pid_t pid)
{
	int status = reap_status(pid);

	if (WIFSIGNALED(status))
		fail("a child was killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
	/* The child said why. */
	if (WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
}

void await(unsigned int *counter, unsigned int value)
{
	while (load(counter) < value) {
		/* A failed sibling will never come. */
		if (load(&verdict->taken))
			_exit(EXIT_FAILED);
		sched_yield();
	}
}

void send_fd(int sock, int fd)
{
	char data = 'f', control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { .iov_base = &data, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	check(sendmsg(sock, &msg, 0) == 1, "sendmsg: %s", strerrorname_np(errno));
}

int recv_fd(int sock)
{
	char data, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = &data, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	check(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1, "recvmsg: the sender has gone");
	cmsg = CMSG_FIRSTHDR(&msg);
	check(cmsg && cmsg->cmsg_type == SCM_RIGHTS, "recvmsg: no file descriptor came");
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));

	return fd;
}

/* ---- kernel ---- */

ssize_t read_file(const char *path, char *buf, size_t size)
{
	size_t length = 0;
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		got = read(fd, buf + length, size - 1 - length);
		if (got > 0)
			length += got;
	} while (got > 0);
	buf[length] = '\0';
	close(fd);

	return length;
}

bool debugfs_file(const char *name, char *path, size_t size)
{
	static const char *const root = "/sys/kernel/debug/dri";
	int minor = drm_primary_minor();

	if (minor < 0)
		return false;
	snprintf(path, size, "%s/%d/%s", root, minor, name);

	return !access(path, R_OK);
}

long dmabuf_count(void)
{
	static char buf[256 * 1024];
	char *total, *next;
	long count = -1;

	if (read_file("/sys/kernel/debug/dma_buf/bufinfo", buf, sizeof(buf)) < 0)
		return -1;
	for (next = strstr(buf, "Total "); next; next = strstr(total, "Total ")) {
		total = next + strlen("Total ");
		count = strtol(total, NULL, 10);
	}

	return count;
}
