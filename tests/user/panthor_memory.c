// SPDX-License-Identifier: GPL-2.0
/*
 * More buffers than memory. Several clients have jobs change buffers of their own and such
 * as all of them share, in VMs of their own and in one that all are in, and look at all
 * bytes. None may be wrong, nobody may be killed or told that there is no memory, and jobs
 * end as long as reclaim goes on. A job needs all of its VM, so those of all clients that
 * are in use at a time fit. Upstream may give up; then it is noted how far it came.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "panthor_reclaim.h"

#define MB		1048576ul
#define PAGES		64ul
#define BIG		(PAGES * PAGE)
#define WORDS		(PAGE / 4)
#define LINES		(WORDS / 16)
#define MAX_CLIENTS	16u
#define MAX_BUFFERS	512u
/* Of a client, and the one that all share. */
#define OWN_VMS		8u
#define VMS		(OWN_VMS + 1)
#define MOST_ADDED	10000u
/* How often an eighth of memory is swapped out; in each of these intervals jobs have to end. */
#define INTERVALS	3u

/* A page of a shared buffer is written by one client alone, the others read it. */
struct buffer {
	struct gpu_bo bo;
	unsigned int vm;
	unsigned int number;
	bool shared;
	/* What jobs of this client have added to the first word of each 64 bytes of a page. */
	__u32 added[LINES];
};

static struct board {
	unsigned int ready, done, go, stop, jobs[MAX_CLIENTS];
	unsigned long buffers, looked_at;
	char why[200];
} *board;

static unsigned long clients = 4, seconds = 10, percent = 120, most = 600;
static struct gpu common;
static int exported[MAX_BUFFERS];
static unsigned int exports;

static struct gpu vms[VMS];
static __u32 groups[VMS];
static struct buffer buffers[MAX_BUFFERS];
static unsigned int who, count;

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

static void need(int ret, const char *what)
{
	if (ret)
		give_up("%s: %s", what, strerrorname_np(-ret));
}

/* ---- what is in a buffer ---- */

static unsigned long first_page(const struct buffer *b)
{
	return b->shared ? who : 0;
}

static unsigned long step(const struct buffer *b)
{
	return b->shared ? clients : 1;
}

/* The same 16 times, for swap is in memory, too, and has to be able to compress it. */
static __u32 word_of(const struct buffer *b, unsigned long page, unsigned long i)
{
	return 0x5a << 24 ^ b->number << 12 ^ page << 6 ^ i / 16;
}

static void write_pages(struct buffer *b)
{
	unsigned long page, i;

	for (page = first_page(b); page < PAGES; page += step(b)) {
		__u32 *word = b->bo.map + page * PAGE;

		for (i = 0; i < WORDS; i++)
			word[i] = word_of(b, page, i);
	}
}

/* What others add while this one looks is not known, but it is not much. */
static void check_pages_of(const struct buffer *b)
{
	unsigned long page, i;

	for (page = 0; page < PAGES; page++) {
		const __u32 *word = b->bo.map + page * PAGE;
		bool mine = page % step(b) == first_page(b);

		for (i = 0; i < WORDS; i++) {
			__u32 got = load(&word[i]) - word_of(b, page, i);
			__u32 added = i % 16 ? 0 : b->added[i / 16];

			if (mine || i % 16 ? got != added : got > MOST_ADDED)
				give_up("data: buffer %u page %lu word %lu is off by %x, not %x",
					b->number, page, i, got, added);
		}
	}
	add(&board->looked_at, BIG / 1024);
}

/* In each page of this client's, add 1 to the first word of one line. */
static void run_job(struct buffer *b, unsigned int line)
{
	struct gpu *gpu = &vms[b->vm];
	struct stream s;
	__u32 state, done;

	gpu->used = 0;
	s = stream_begin(gpu);
	cs_move48(&s, 16, b->bo.va + first_page(b) * PAGE);
	cs_move32(&s, 18, (PAGES - first_page(b) + step(b) - 1) / step(b));
	cs_load(&s, 0, 16, 0xffff, line * 64);
	cs_wait(&s, 1);
	cs_add32(&s, 0, 0, 1);
	cs_store(&s, 0, 16, 0xffff, line * 64);
	cs_add64(&s, 16, 16, step(b) * PAGE);
	cs_add32(&s, 18, 18, -1);
	cs_branch(&s, GREATER, 18, -7);
	cs_wait(&s, 1);

	done = gpu_syncobj(gpu);
	need(gpu_try_submit(gpu, groups[b->vm], 0, &s, done), "GROUP_SUBMIT");
	need(gpu_wait(gpu, done, 60), "wait for a job");
	state = gpu_group_state(gpu, groups[b->vm]);
	if (state)
		give_up("the group is in state 0x%x", state);
	need(drm_call(gpu->fd, DRM_IOCTL_SYNCOBJ_DESTROY,
		      &(struct drm_syncobj_destroy){ .handle = done }), "SYNCOBJ_DESTROY");
	b->added[line]++;
	add(&board->jobs[who], 1);
}

/* ---- clients ---- */

static struct gpu_bo map_bo(struct gpu *gpu, __u32 handle)
{
	struct drm_panthor_bo_mmap_offset offset = { .handle = handle };
	struct gpu_bo bo = { .handle = handle, .size = BIG, .va = gpu->next_va };

	need(gpu_try_bind(gpu, handle, bo.va, BIG, 0), "VM_BIND");
	gpu->next_va += BIG;
	need(drm_call(gpu->fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &offset), "BO_MMAP_OFFSET");
	need(try_map(gpu->fd, BIG, offset.offset, PROT_READ | PROT_WRITE, MAP_SHARED, &bo.map),
	     "mmap");

	return bo;
}

/* Every other one that is not shared belongs to its VM alone. */
static void add_buffer(unsigned int vm, unsigned int number, int dmabuf)
{
	struct buffer *b = &buffers[count++];
	struct gpu *gpu = &vms[vm];
	__u32 handle;

	check(count < MAX_BUFFERS, "too many buffers");
	b->vm = vm;
	b->number = number;
	b->shared = dmabuf >= 0;
	if (b->shared)
		need(prime_import(gpu->fd, dmabuf, &handle), "import");
	else
		need(bo_try_create(gpu, BIG, 0, count % 2 ? gpu->vm : 0, &handle), "BO_CREATE");
	b->bo = map_bo(gpu, handle);
	write_pages(b);
	if (!b->shared || !who)
		add(&board->buffers, 1);
	if (load(&board->stop))
		_exit(0);
}

static void be_the_first_to_go(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	check(fd >= 0 && write(fd, "1000", 4) == 4, "oom_score_adj: %m");
	close(fd);
}

static void client(void *arg)
{
	unsigned long each, i;
	__u64 random;

	who = (unsigned long)arg;
	be_the_first_to_go();
	random = opt.seed * 1000 + who;
	for (i = 0; i < OWN_VMS; i++)
		vms[i] = gpu_open();
	vms[i] = common;
	vms[i].next_va = (1ull + who) << 34;
	vms[i].code = gpu_bo(&vms[i], common.code.size, 0);
	for (i = 0; i < VMS; i++)
		groups[i] = gpu_group(&vms[i], 1);

	for (i = 0; i < exports; i++)
		add_buffer(i % VMS, i, exported[i]);
	each = (meminfo("MemTotal") * percent / 100 / PAGES - exports) / clients;
	for (i = 0; i < each; i++)
		add_buffer(i ? i % OWN_VMS : OWN_VMS, exports + who * each + i, -1);

	add(&board->ready, 1);
	/* From then on all shared pages have been written. */
	while (!load(&board->go) && !load(&board->stop))
		usleep(10000);
	while (load(&board->go) == 1 && !load(&board->stop)) {
		struct buffer *b = &buffers[next_random(&random) % count];

		/* Who is in a VM stays for a while. */
		for (i = 0; i < 8; i++)
			run_job(b, next_random(&random) % LINES);
		check_pages_of(b);
	}
	for (i = 0; i < count && !load(&board->stop); i++)
		check_pages_of(&buffers[i]);
	add(&board->done, 1);
}

/* In a process of its own, since that may be where it ends. */
static void all_clients(void *arg)
{
	unsigned long i;
	int status;

	(void)arg;
	common = gpu_open();
	for (exports = 0; exports < clients; exports++) {
		__u32 handle;

		need(bo_try_create(&common, BIG, 0, 0, &handle), "BO_CREATE");
		need(prime_export(common.fd, handle, DRM_CLOEXEC | DRM_RDWR, &exported[exports]),
		     "export");
	}
	for (i = 0; i < clients; i++)
		spawn(client, (void *)i);
	while (waitpid(-1, &status, 0) > 0) {
		if (WIFSIGNALED(status))
			give_up("a client was killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
		if (WEXITSTATUS(status))
			_exit(WEXITSTATUS(status));
	}
	_exit(0);
}

static unsigned long all_jobs(void)
{
	unsigned long i, jobs = 0;

	for (i = 0; i < clients; i++)
		jobs += load(&board->jobs[i]);

	return jobs;
}

static void case_more_than_memory(void)
{
	long kills = vmstat("oom_kill"), out = vmstat("pswpout"), out_then = 0;
	unsigned long jobs_then = 0, intervals = 0, fewest = -1ul, i;
	long interval = meminfo("MemTotal") / 8;
	double began = now(), started = 0;
	int status;
	pid_t pid;

	board = shared_alloc(sizeof(*board));
	pid = spawn(all_clients, NULL);
	while (!waitpid(pid, &status, WNOHANG)) {
		if (vmstat("oom_kill") > kills && add(&board->stop, 1) == 1)
			snprintf(board->why, sizeof(board->why), "OOM kill");
		if (!started && load(&board->ready) == clients) {
			started = now();
			out_then = vmstat("pswpout");
			store(&board->go, 1);
		}
		/* While only jobs run. */
		if (load(&board->go) == 1 && vmstat("pswpout") - out_then >= interval) {
			unsigned long jobs = all_jobs() - jobs_then;

			intervals++;
			fewest = jobs < fewest ? jobs : fewest;
			jobs_then += jobs;
			out_then = vmstat("pswpout");
		}
		if (started && now() - started > seconds && intervals >= INTERVALS)
			store(&board->go, 2);
		if (now() - began > most && add(&board->stop, 1) == 1) {
			snprintf(board->why, sizeof(board->why), "no end after %lu s", most);
			kill(pid, SIGKILL);
		}
		usleep(50000);
	}
	if (!WIFSIGNALED(status) && WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
	if (WIFSIGNALED(status) && !board->why[0])
		snprintf(board->why, sizeof(board->why), "killed");

	note("%lu clients, %lu MiB of buffers in %ld MiB, %.0f s: %s", clients,
	     load(&board->buffers) * BIG / MB, meminfo("MemTotal") * (long)PAGE / (long)MB,
	     now() - began, board->why[0] ? board->why : "all bytes right");
	note("%ld MiB swapped out, %lu MiB looked at, %lu jobs",
	     (vmstat("pswpout") - out) * (long)PAGE / (long)MB, load(&board->looked_at) / 1024,
	     all_jobs());
	note("%lu times %ld MiB swapped out while jobs ran, at least %ld jobs each time", intervals,
	     interval * (long)PAGE / (long)MB, (long)fewest);
	if (is_upstream() && board->why[0] && strncmp(board->why, "data", 4)) {
		upstream_differs("more buffers than memory", "all bytes right", board->why);
		return;
	}
	check(!board->why[0], "%s", board->why);
	check(vmstat("oom_kill") == kills, "%ld OOM kills", vmstat("oom_kill") - kills);
	check(load(&board->done) == clients, "%u of %lu clients came to the end",
	      load(&board->done), clients);
	check(intervals >= INTERVALS, "only %lu intervals of evictions", intervals);
	check(fewest, "no job ended in an interval with evictions");
	for (i = 0; i < clients; i++)
		check(board->jobs[i], "client %lu ran no job", i);
}

static bool option(const char *name, const char *value)
{
	if (!strcmp(name, "clients"))
		clients = strtoul(value, NULL, 0);
	else if (!strcmp(name, "seconds"))
		seconds = strtoul(value, NULL, 0);
	else if (!strcmp(name, "percent"))
		percent = strtoul(value, NULL, 0);
	else if (!strcmp(name, "most"))
		most = strtoul(value, NULL, 0);
	else
		return false;

	return clients && clients <= MAX_CLIENTS;
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "more_than_memory", case_more_than_memory },
	};

	opt.driver = "panthor";
	opt.timeout = 1000;
	parse_args(argc, argv,
		   "[--clients N] [--seconds N] [--percent OF_MEMORY] [--most SECONDS]", option);

	return run_cases(cases, ARRAY_SIZE(cases));
}
