// SPDX-License-Identifier: GPL-2.0
/*
 * More buffers than memory. Several processes keep them all mapped, write them and read them
 * back in random order: buffers of their own, inherited ones, ones shared by PRIME, and ones
 * that the device works on. Another process wants memory beside them. Each page says what it
 * is and who wrote it last; none may be wrong, and nobody may be killed.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

#define MB		1048576ul
#define MAX_PROCS	16ul
#define MAX_BUFFERS	1024ul

static unsigned long total_mb, procs = 4, seconds = 10, most = 300;
static bool expect_fail;

/* Page I of a buffer belongs to process I % procs if the buffer is shared. */
enum kind { OWN, INHERITED, PRIME, DEVICE, KINDS };

struct buffer {
	enum kind kind;
	struct bo bo;
	void *map;
	unsigned long pages, number;
	/* What this process wrote last, for each page; for DEVICE the value of all words. */
	unsigned char *gen;
};

static struct board {
	unsigned int ready, done, go, stop;
	unsigned long written, accesses, jobs, hog;
	char why[200];
} *board;

static struct buffer buffers[MAX_BUFFERS];
static unsigned long buffer_count, who;
static __u64 random_state;

static bool is_mine(const struct buffer *b, unsigned long page)
{
	return b->kind == OWN || b->kind == DEVICE || page % procs == who;
}

static unsigned long stamp_of(const struct buffer *b, unsigned long page)
{
	return b->number << 12 | page;
}

/* Whoever cannot go on says why; the first one is heard. */
static void __printf(1, 2) __noreturn give_up(const char *fmt, ...)
{
	va_list args;

	if (add(&board->stop, 1) == 1) {
		va_start(args, fmt);
		vsnprintf(board->why, sizeof(board->why), fmt, args);
		va_end(args);
	}
	_exit(0);
}

static void write_page(struct buffer *b, unsigned long page)
{
	b->gen[page]++;
	stamp_page(b->map + page * PAGE, b->gen[page], stamp_of(b, page));
}

/* Of a page that somebody else writes meanwhile only the generation may differ. */
static void read_page(struct buffer *b, unsigned long page)
{
	const __u64 *word = b->map + page * PAGE;
	unsigned long i;
	char saw[48];

	if (is_mine(b, page)) {
		if (!page_is(word, b->gen[page], stamp_of(b, page)))
			give_up("data: buffer %lu kind %d page %lu generation %u: saw %s",
				b->number, b->kind, page, b->gen[page],
				describe_page(word, saw, sizeof(saw)));
		return;
	}
	for (i = 0; i < PAGE / sizeof(*word); i++) {
		__u64 want = 0xa5c3ull << 48 | (__u64)stamp_of(b, page) << 12 | i;
		__u64 w = load(&word[i]);

		if (w && (w & ~(0xffull << 40)) != want)
			give_up("data: shared buffer %lu page %lu word %lu: saw %llx", b->number,
				page, i, w);
	}
}

/* ---- the device's buffers ---- */

static bool holds(const struct buffer *b, unsigned long page, __u32 value)
{
	const __u32 *word = b->map + page * PAGE;
	unsigned long i;

	for (i = 0; i < PAGE / sizeof(*word); i++)
		if (load(&word[i]) != value)
			return false;
	return true;
}

static void run_job(struct buffer *b, bool write)
{
	__u64 wrong;
	int ret;

	if (write)
		b->gen[0]++;
	ret = demo_try_run(b->bo.fd, b->bo.handle, write, b->gen[0], &wrong);
	if (ret)
		give_up("RUN: %s", strerrorname_np(-ret));
	if (wrong)
		give_up("data: the device sees %llu wrong words in buffer %lu", wrong, b->number);
	add(&board->jobs, 1);
}

static void use_device_buffer(struct buffer *b)
{
	unsigned long page = next_random(&random_state) % b->pages;

	switch (next_random(&random_state) % 4) {
	case 0:
		run_job(b, true);
		break;
	case 1:
		run_job(b, false);
		break;
	default:
		if (!holds(b, page, b->gen[0]))
			give_up("data: the CPU sees wrong words in page %lu of buffer %lu", page,
				b->number);
	}
}

/* ---- buffers ---- */

/* Mapping is where stock gem_shmem wants all the memory at once. */
static void map_buffer(struct buffer *b)
{
	int ret = try_map(b->bo.fd, b->bo.size, b->bo.offset, PROT_READ | PROT_WRITE, MAP_SHARED,
			  &b->map);

	if (ret)
		give_up("mmap: %s", strerrorname_np(-ret));
}

static struct buffer *add_buffer(int fd, enum kind kind, unsigned long pages)
{
	struct buffer *b = &buffers[buffer_count++];

	check(buffer_count < MAX_BUFFERS, "too many buffers");
	b->kind = kind;
	b->pages = pages;
	b->number = buffer_count + (kind == OWN || kind == DEVICE ? who * MAX_BUFFERS : 0);
	b->bo = bo_create(fd, pages);
	b->gen = calloc(pages, 1);
	check(b->gen, "no memory for the book of generations");
	return b;
}

/* From 64 KiB to 1 MiB. */
static unsigned long random_size(void)
{
	return 16ul << next_random(&random_state) % 5;
}

static void first_writes(struct buffer *b)
{
	unsigned long i;

	if (load(&board->stop))
		_exit(0);
	if (b->kind == DEVICE) {
		demo_map(&b->bo, true);
		run_job(b, true);
		add(&board->written, b->pages);
		return;
	}
	for (i = 0; i < b->pages; i++) {
		if (!is_mine(b, i))
			continue;
		write_page(b, i);
		add(&board->written, 1);
	}
}

static void check_all(struct buffer *b)
{
	unsigned long i;

	if (b->kind == DEVICE)
		run_job(b, false);
	for (i = 0; i < b->pages; i++) {
		if (b->kind == DEVICE && !holds(b, i, b->gen[0]))
			give_up("data: the CPU sees wrong words in buffer %lu", b->number);
		if (b->kind != DEVICE)
			read_page(b, i);
	}
}

/* ---- processes ---- */

static void be_the_first_to_go(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd >= 0 && write(fd, "1000", 4) == 4)
		close(fd);
}

static void use_buffer(struct buffer *b)
{
	unsigned long page = next_random(&random_state) % b->pages, i;

	if (b->kind == DEVICE) {
		use_device_buffer(b);
		return;
	}
	/* A few neighbours, because people do that. */
	for (i = 0; i < 8; i++, page = (page + 1) % b->pages) {
		if (is_mine(b, page) && next_random(&random_state) % 2)
			write_page(b, page);
		else
			read_page(b, page);
	}
}

static void worker(void *arg)
{
	unsigned long mine = total_mb * MB / PAGE / 2 / procs, i;
	int fd;

	who = (unsigned long)arg;
	random_state = opt.seed * 1000 + who;
	be_the_first_to_go();
	fd = drm_open_primary();

	/* Those that the parent has exported are imported, and mapped once more. */
	for (i = 0; i < buffer_count; i++) {
		struct buffer *b = &buffers[i];

		if (b->kind == PRIME) {
			b->bo.fd = fd;
			expect(prime_import(fd, (long)b->map, &b->bo.handle), 0, "import");
			expect(gem_map_offset(fd, b->bo.handle, &b->bo.offset), 0, "MAP_DUMB");
			map_buffer(b);
		}
		first_writes(b);
	}
	for (i = 0; i < mine;) {
		bool device = !driver_is_stock() && next_random(&random_state) % 3 == 0;
		struct buffer *b = add_buffer(fd, device ? DEVICE : OWN, random_size());

		map_buffer(b);
		first_writes(b);
		i += b->pages;
	}

	add(&board->ready, 1);
	while (!load(&board->go)) {
		if (load(&board->stop))
			_exit(0);
		usleep(10000);
	}
	/* The first phase ends for all, then each page is looked at once more. */
	while (load(&board->go) == 1 && !load(&board->stop)) {
		use_buffer(&buffers[next_random(&random_state) % buffer_count]);
		add(&board->accesses, 1);
	}
	for (i = 0; i < buffer_count && !load(&board->stop); i++)
		check_all(&buffers[i]);
	add(&board->done, 1);
}

static void hog(void *arg)
{
	unsigned long pages = meminfo("MemTotal") / 5, i;
	void *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u64 state = 99;

	(void)arg;
	be_the_first_to_go();
	check(memory != MAP_FAILED, "mmap: %m");
	for (i = 0; i < pages && !load(&board->stop); i++)
		stamp_page(memory + i * PAGE, 1, i);
	while (load(&board->go) < 2 && !load(&board->stop)) {
		i = next_random(&state) % pages;
		if (!page_is(memory + i * PAGE, 1, i))
			give_up("data: page %lu of anonymous memory", i);
		add(&board->hog, 1);
		usleep(200);
	}
}

static void progress(double began)
{
	note("%3.0f s: %lu of %lu MB written, %lu accesses, %lu jobs, swap used %ld MB, %u done",
	     now() - began, board->written * PAGE / MB, total_mb, load(&board->accesses),
	     load(&board->jobs),
	     (meminfo("SwapTotal") - meminfo("SwapFree")) * (long)PAGE / (long)MB,
	     load(&board->done));
}

static const char *kernel_name(void)
{
	static char buf[4096];

	return read_file("/proc/cpuinfo", buf, sizeof(buf)) > 0 && strstr(buf, "UML") ? "um" :
	       "x86_64";
}

static const char *swap_name(void)
{
	static char buf[512], path[64];

	if (read_file("/proc/swaps", buf, sizeof(buf)) <= 0 ||
	    sscanf(buf, "%*[^\n] %63s", path) != 1)
		return "none";
	return strstr(path, "zram") ? "zram" : "disk";
}

static void share_some(void)
{
	unsigned long shared = total_mb * MB / PAGE / 2, i, pages;
	int fd = drm_open_primary(), dmabuf;

	/* Half of it for all processes: inherited or exported. */
	for (i = 0; i < shared; i += pages) {
		struct buffer *b = add_buffer(fd, buffer_count % 2 ? PRIME : INHERITED, 256);

		pages = b->pages;
		if (b->kind == INHERITED) {
			map_buffer(b);
			continue;
		}
		expect(prime_export(fd, b->bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0,
		       "export");
		b->map = (void *)(long)dmabuf;
	}
}

static void case_pressure(void)
{
	long kills = vmstat("oom_kill"), in = vmstat("pswpin"), out = vmstat("pswpout");
	double began = now(), shown = began, started = 0;
	pid_t pid[MAX_PROCS + 1];
	unsigned long i;
	bool killed = false;

	board = shared_alloc(sizeof(*board));
	random_state = opt.seed;
	if (!total_mb)
		total_mb = meminfo("MemTotal") * 16 / 10 * PAGE / MB;
	note("%lu MB of buffers in %ld MB of memory, %lu processes", total_mb,
	     meminfo("MemTotal") * (long)PAGE / (long)MB, procs);

	/* In a process of its own, since that may be where it ends. */
	pid[0] = fork();
	if (!pid[0]) {
		unsigned long running = procs;

		share_some();
		for (i = 0; i < procs; i++)
			pid[i] = spawn(worker, (void *)i);
		pid[procs] = spawn(hog, NULL);
		while (running) {
			int status;
			pid_t one = waitpid(-1, &status, 0);

			if (one < 0)
				break;
			if (WIFSIGNALED(status))
				give_up("a process was killed by SIG%s",
					sigabbrev_np(WTERMSIG(status)));
			if (WEXITSTATUS(status))
				_exit(WEXITSTATUS(status));
		}
		_exit(0);
	}

	for (;;) {
		int status;
		pid_t one = waitpid(pid[0], &status, WNOHANG);

		if (vmstat("oom_kill") > kills && add(&board->stop, 1) == 1)
			snprintf(board->why, sizeof(board->why), "OOM kill");
		if (one) {
			killed = WIFSIGNALED(status);
			if (!killed && WEXITSTATUS(status))
				_exit(WEXITSTATUS(status));
			break;
		}
		if (now() - shown >= 5) {
			progress(began);
			shown = now();
		}
		if (!started && load(&board->ready) == procs) {
			started = now();
			store(&board->go, 1);
		}
		if (started && now() - started > seconds)
			store(&board->go, 2);
		if (now() - began > most && add(&board->stop, 1) == 1)
			snprintf(board->why, sizeof(board->why), "no end after %lu s", most);
		usleep(50000);
	}
	progress(began);
	if (killed && !board->why[0])
		snprintf(board->why, sizeof(board->why), "killed");

	note("table: %-14s %-6s %-4s %3lu MB written of %lu MB, %.0f s, in %ld MB, out %ld MB: %s",
	     opt.driver, kernel_name(), swap_name(),
	     board->written * PAGE / MB, total_mb, now() - began,
	     (vmstat("pswpin") - in) * (long)PAGE / (long)MB,
	     (vmstat("pswpout") - out) * (long)PAGE / (long)MB,
	     board->why[0] ? board->why : "all bytes right");
	if (expect_fail) {
		check(board->why[0], "expected it to fail");
		return;
	}
	check(!board->why[0], "%s", board->why);
	check(vmstat("oom_kill") == kills, "%ld OOM kills", vmstat("oom_kill") - kills);
	check(load(&board->done) == procs, "%u of %lu processes came to the end",
	      load(&board->done), procs);
	check(vmstat("pswpout") > out, "nothing was swapped: not enough pressure");
}

static bool option(const char *name, const char *value)
{
	if (!strcmp(name, "mb"))
		total_mb = strtoul(value, NULL, 0);
	else if (!strcmp(name, "procs"))
		procs = strtoul(value, NULL, 0);
	else if (!strcmp(name, "seconds"))
		seconds = strtoul(value, NULL, 0);
	else if (!strcmp(name, "most"))
		most = strtoul(value, NULL, 0);
	else if (!strcmp(name, "expect") && !strcmp(value, "fail"))
		expect_fail = true;
	else
		return false;

	return procs && procs <= MAX_PROCS;
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "pressure", case_pressure },
	};

	opt.timeout = 1000;
	parse_args(argc, argv,
		   "[--mb TOTAL] [--procs N] [--seconds N] [--most SECONDS] [--expect fail]",
		   option);

	return run_cases(cases, ARRAY_SIZE(cases));
}
