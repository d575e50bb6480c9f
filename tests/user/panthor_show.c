// SPDX-License-Identifier: GPL-2.0
/*
 * Shows what becomes of the buffers of clients that have more of them than there is memory.
 * Each client works on its VMs in turn: the GPU fills and copies buffers, the CPU fills and
 * checks them, and some are given up for a while, so that they may get lost. All is checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../drivers/panthor/panthor_madvise.h"
#include "panthor_gpu.h"

#define CLIENTS		4u
#define VMS		4u
#define PAGES		128u
#define SIZE		(PAGES * PAGE)
#define LINE		64
#define MIB		1048576ul

/* Each word of a page has the same value, and the next page the next one. */
struct buffer {
	struct gpu_bo bo;
	__u32 first;
	bool given_up;
};

struct vm {
	struct gpu gpu;
	__u32 group, done;
	unsigned long count;
	struct buffer *buffer;
};

static struct board {
	unsigned int stop;
	unsigned long jobs, bytes, wrong, given_up, purged;
	int fd[CLIENTS][VMS];
} *board;

static unsigned long seconds = 12, count;
static unsigned int who;
static __u64 random_state;

static unsigned long any(unsigned long below)
{
	return next_random(&random_state) % below;
}

/* ---- the GPU ---- */

static void run_job(struct vm *vm, const struct stream *stream)
{
	expect(gpu_try_submit(&vm->gpu, vm->group, 0, stream, vm->done), 0, "GROUP_SUBMIT");
	expect(gpu_wait(&vm->gpu, vm->done, 60), 0, "wait for a job");
	check(!gpu_group_state(&vm->gpu, vm->group), "a group failed");
	vm->gpu.used = 0;
	add(&board->jobs, 1);
}

static void gpu_write(struct vm *vm, struct buffer *b)
{
	struct stream s = stream_begin(&vm->gpu);
	unsigned int i, loop;

	for (i = 0; i < 16; i++)
		cs_move32(&s, i, b->first);
	cs_move48(&s, 64, b->bo.va);
	cs_move32(&s, 66, PAGES);
	loop = s.count;
	for (i = 0; i < PAGE; i += LINE)
		cs_store(&s, 0, 64, 0xffff, i);
	cs_wait(&s, 1);
	for (i = 0; i < 16; i++)
		cs_add32(&s, i, i, 1);
	cs_add64(&s, 64, 64, PAGE);
	cs_add32(&s, 66, 66, -1);
	cs_branch(&s, GREATER, 66, (int)loop - (int)s.count - 1);
	run_job(vm, &s);
}

static void gpu_copy(struct vm *vm, const struct buffer *from, struct buffer *to)
{
	struct stream s = stream_begin(&vm->gpu);
	unsigned int i, j, loop;

	cs_move48(&s, 64, from->bo.va);
	cs_move48(&s, 66, to->bo.va);
	cs_move32(&s, 68, PAGES);
	loop = s.count;
	for (i = 0; i < PAGE; i += 4 * LINE) {
		for (j = 0; j < 4; j++)
			cs_load(&s, j * 16, 64, 0xffff, i + j * LINE);
		cs_wait(&s, 1);
		for (j = 0; j < 4; j++)
			cs_store(&s, j * 16, 66, 0xffff, i + j * LINE);
		cs_wait(&s, 1);
	}
	cs_add64(&s, 64, 64, PAGE);
	cs_add64(&s, 66, 66, PAGE);
	cs_add32(&s, 68, 68, -1);
	cs_branch(&s, GREATER, 68, (int)loop - (int)s.count - 1);
	run_job(vm, &s);
	to->first = from->first;
}

/* ---- the CPU ---- */

static void cpu_write(struct buffer *b)
{
	__u32 *word = b->bo.map;
	size_t i;

	for (i = 0; i < SIZE / 4; i++)
		word[i] = b->first + i / (PAGE / 4);
}

static void cpu_check(struct buffer *b)
{
	const __u32 *word = b->bo.map;
	unsigned long wrong = 0;
	size_t i;

	for (i = 0; i < SIZE / 4; i++)
		wrong += word[i] != b->first + i / (PAGE / 4);
	add(&board->bytes, SIZE);
	if (wrong)
		add(&board->wrong, 4 * wrong);
}

/* ---- a client ---- */

/* A value that no buffer had before, but for those that are long over. */
static void renew(struct buffer *b)
{
	static __u32 last;

	b->first = (who << 22 | (++last & 0x3fffff)) * PAGES;
}

static void create(struct vm *vm, struct buffer *b)
{
	b->given_up = false;
	b->bo = gpu_own_bo(&vm->gpu, SIZE);
	renew(b);
	gpu_write(vm, b);
}

static bool advise(struct vm *vm, struct buffer *b, enum drm_panthor_bo_advice advice)
{
	struct drm_panthor_bo_madvise args = { .handle = b->bo.handle, .advice = advice };

	expect(drm_call(vm->gpu.fd, DRM_IOCTL_PANTHOR_BO_MADVISE, &args), 0, "BO_MADVISE");
	b->given_up = advice == DRM_PANTHOR_BO_DONTNEED;

	return args.retained;
}

static void destroy(struct vm *vm, struct buffer *b)
{
	gpu_unbind(&vm->gpu, &b->bo);
	unmap(b->bo.map, SIZE);
	expect(gem_close(vm->gpu.fd, b->bo.handle), 0, "GEM_CLOSE");
}

/* Whether the buffer has its content, which then is what it was. */
static bool check_buffer(struct vm *vm, struct buffer *b)
{
	if (b->given_up && !advise(vm, b, DRM_PANTHOR_BO_WILLNEED)) {
		add(&board->purged, 1);
		return false;
	}
	cpu_check(b);

	return true;
}

static void work(struct vm *vm)
{
	struct buffer *b = &vm->buffer[any(vm->count)], *from = &vm->buffer[any(vm->count)];

	if (b->given_up) {
		if (!check_buffer(vm, b)) {
			destroy(vm, b);
			create(vm, b);
		}
		return;
	}
	switch (any(5)) {
	case 0:
		renew(b);
		gpu_write(vm, b);
		break;
	case 1:
		if (!from->given_up && from != b)
			gpu_copy(vm, from, b);
		break;
	case 2:
		renew(b);
		cpu_write(b);
		break;
	case 3:
		cpu_check(b);
		break;
	default:
		advise(vm, b, DRM_PANTHOR_BO_DONTNEED);
		add(&board->given_up, 1);
	}
}

static void run_client(void *arg)
{
	unsigned long i, v, some;
	struct vm vm[VMS] = {};

	who = (uintptr_t)arg;
	random_state = opt.seed + who;
	for (v = 0; v < VMS; v++) {
		vm[v].gpu = gpu_open();
		vm[v].group = gpu_group(&vm[v].gpu, 1);
		vm[v].done = gpu_syncobj(&vm[v].gpu);
		vm[v].buffer = calloc(count, sizeof(*vm[v].buffer));
		store(&board->fd[who][v], vm[v].gpu.fd);
		for (i = 0; i < count; i++) {
			create(&vm[v], &vm[v].buffer[vm[v].count++]);
			work(&vm[v]);
		}
	}
	while (!load(&board->stop)) {
		v = any(VMS);
		for (some = 16; some && !load(&board->stop); some--)
			work(&vm[v]);
	}
	for (v = 0; v < VMS; v++) {
		for (i = 0; i < count; i++) {
			check_buffer(&vm[v], &vm[v].buffer[i]);
			destroy(&vm[v], &vm[v].buffer[i]);
		}
		check(gpu_vm_usable(&vm[v].gpu), "a VM is unusable");
	}
}

/* ---- the table ---- */

static char text[131072];

static void read_text(const char *path)
{
	ssize_t len = read_file(path, text, sizeof(text) - 1);

	check(len >= 0, "%s: %s", path, strerrorname_np(-len));
	text[len] = '\0';
}

/* Return: the number behind @key in what was read, in bytes. */
static unsigned long value_of(const char *key)
{
	char *at = strstr(text, key);
	unsigned long value;

	if (!at)
		return 0;
	value = strtoul(at + strlen(key), &at, 10);

	return !strncmp(at, " MiB", 4) ? value * MIB : value * 1024;
}

/* Return: how often the buffers were evicted, that is those that are still there. */
static unsigned long evictions(void)
{
	static unsigned long most;
	unsigned long sum = 0;
	unsigned int times;
	char path[256];
	char *line;

	check(debugfs_file("gem_pages", path, sizeof(path)), "no file gem_pages in debugfs");
	read_text(path);
	for (line = strchr(text, '\n'); line; line = strchr(line, '\n')) {
		line++;
		if (sscanf(line, "%*u %*u %*s %*s %*d %*s %*s %*d %*u %u", &times) == 1)
			sum += times;
	}
	if (sum > most)
		most = sum;

	return most;
}

static unsigned long show(double time, const pid_t *pid)
{
	unsigned long resident = 0, evicted = 0, purgeable = 0, free, swap, times;
	unsigned int i, v;
	char path[64];

	for (i = 0; i < CLIENTS; i++) {
		for (v = 0; v < VMS; v++) {
			if (!load(&board->fd[i][v]))
				continue;
			snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid[i],
				 load(&board->fd[i][v]));
			/* Clients end whenever they are done. */
			if (read_file(path, text, sizeof(text)) < 0)
				continue;
			resident += value_of("drm-resident-memory:");
			evicted += value_of("panthor-evicted-memory:");
			purgeable += value_of("drm-purgeable-memory:");
		}
	}
	read_text("/proc/meminfo");
	free = value_of("MemFree:");
	swap = value_of("SwapTotal:") - value_of("SwapFree:");
	times = evictions();
	printf("%4.0f  %8lu  %7lu  %9lu  %5lu  %5lu  %5lu  %11lu  %9lu  %6lu\n", time,
	       resident / MIB, evicted / MIB, purgeable / MIB, free / MIB, swap / MIB,
	       load(&board->jobs), load(&board->bytes) / MIB, times, load(&board->purged));

	return times;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void run(void)
{
	unsigned long memory = sysconf(_SC_PHYS_PAGES) * PAGE, times = 0;
	unsigned int i, left = CLIENTS;
	double begun = now();
	pid_t pid[CLIENTS];
	int status;

	board = shared_alloc(sizeof(*board));
	count = memory / 16 * 17 / SIZE / CLIENTS / VMS + 1;
	printf("%u clients, %u VMs each, have %lu MiB of buffers; there are %lu MiB of memory.\n",
	       CLIENTS, VMS, count * CLIENTS * VMS * SIZE / MIB, memory / MIB);
	printf("\n%-4s  %-28s  %-12s  %s\n", "", "buffers, MiB", "guest, MiB", "done so far");
	printf("%4s  %8s  %7s  %9s  %5s  %5s  %5s  %11s  %9s  %6s\n", "time", "resident",
	       "evicted", "purgeable", "free", "swap", "jobs", "MiB checked", "evictions",
	       "purged");
	for (i = 0; i < CLIENTS; i++)
		pid[i] = spawn(run_client, (void *)(uintptr_t)i);
	while (left) {
		sleep(1);
		if (now() - begun > seconds)
			store(&board->stop, 1);
		times = show(now() - begun, pid);
		while (left && waitpid(-1, &status, WNOHANG) > 0) {
			check(!status, "a client ended with status 0x%x", status);
			left--;
		}
	}
	printf("\n%lu jobs wrote and copied buffers of which %lu evictions took the pages away.\n"
	       "Of %lu times that a buffer was given up, its content was lost %lu times.\n"
	       "%lu bytes were checked, %lu were wrong.\n", board->jobs, times,
	       board->given_up, board->purged, board->bytes, board->wrong);
	check(!board->wrong, "%lu bytes were wrong", board->wrong);
	check(board->jobs && board->bytes, "nothing was done");
	check(times, "nothing was evicted");
	check(board->purged, "nothing was purged");
}

static bool take_option(const char *name, const char *value)
{
	if (strcmp(name, "seconds"))
		return false;
	seconds = strtoul(value, NULL, 0);

	return true;
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = { { "show", run } };

	opt.driver = "panthor";
	parse_args(argc, argv, "[--seconds N]", take_option);

	return run_cases(cases, ARRAY_SIZE(cases));
}
