// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults of a mapped object: what they bring in, how many there are, and what happens
 * when somebody or something gets in between.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

#define PAGES	1024ul

static struct bo bo;
static unsigned char *map;

static void setup(unsigned long pages)
{
	bo = bo_create(drm_open_primary(), pages);
	map = bo_map(&bo);
}

/*
 * User-Mode Linux takes a fault to set a page table entry's dirty bit, which is a fault more
 * for each page that is written.
 */
static bool dirty_bit_faults(void)
{
	char info[4096] = "";

	read_file("/proc/cpuinfo", info, sizeof(info) - 1);
	return strstr(info, "User Mode Linux");
}

/* Do @access to each page. Return: the number of faults. */
static long count_faults(void (*access)(void *page, unsigned long index))
{
	long before = minor_faults();
	unsigned long i;

	for (i = 0; i < PAGES; i++)
		access(map + i * PAGE, i);
	return minor_faults() - before;
}

static void read_zero(void *page, unsigned long index)
{
	(void)index;
	check(!load((char *)page), "fresh memory is not zero");
}

static void write_stamp(void *page, unsigned long index)
{
	stamp_page(page, 1, index);
}

static void read_stamp(void *page, unsigned long index)
{
	check_page(page, 1, index, "the mapping");
}

static void at_most(long faults, unsigned long limit, const char *what)
{
	note("%s: %ld faults for %lu pages", what, faults, PAGES);
	if (!driver_is_stock())
		check(faults <= (long)limit, "%s: %ld faults, no more than %lu wanted", what,
		      faults, limit);
}

static void case_read_first(void)
{
	setup(PAGES);
	at_most(count_faults(read_zero), PAGES / 8, "first read");
	at_most(count_faults(read_zero), 0, "second read");
}

static void case_write_first(void)
{
	unsigned long per_page = dirty_bit_faults() ? 2 : 1;

	setup(PAGES);
	at_most(count_faults(write_stamp), PAGES * per_page + 16, "first write");
	at_most(count_faults(write_stamp), 0, "second write");
	count_faults(read_stamp);
}

static void case_read_then_write(void)
{
	setup(PAGES);
	count_faults(read_zero);
	at_most(count_faults(write_stamp), PAGES + 16, "write after read");
	count_faults(read_stamp);
}

/* Pages that are known to be written need not be watched again. */
static void case_map_again(void)
{
	setup(PAGES);
	count_faults(write_stamp);
	unmap(map, bo.size);
	map = bo_map(&bo);
	at_most(count_faults(read_stamp), PAGES / 8, "read of what was written");
	if (!dirty_bit_faults())
		at_most(count_faults(write_stamp), 16, "write to what was written");
	count_faults(read_stamp);
}

static void case_random_order(void)
{
	unsigned long list[PAGES], i;
	unsigned char *second;
	__u64 state = opt.seed;

	setup(PAGES);
	second = bo_map(&bo);
	for (i = 0; i < PAGES; i++)
		list[i] = i;
	shuffle(list, PAGES, &state);
	for (i = 0; i < PAGES; i++)
		random_page(map + list[i] * PAGE, opt.seed + list[i]);
	shuffle(list, PAGES, &state);
	for (i = 0; i < PAGES; i++)
		check(page_is_random(second + list[i] * PAGE, opt.seed + list[i]),
		      "page %lu is wrong in the second mapping", list[i]);
}

/* The kernel itself touches memory that is not there yet. */
static void case_syscalls(void)
{
	int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY), pipe_fd[2];
	unsigned long i;

	check(zero >= 0 && null >= 0 && !pipe(pipe_fd), "/dev/zero, /dev/null or pipe: %m");
	setup(PAGES);
	/* write(2) reads the memory, read(2) writes to it. */
	for (i = 0; i < 64; i++)
		check(write(pipe_fd[1], map + i * PAGE, 512) == 512, "write from page %lu: %m", i);
	for (i = 64; i < 128; i++)
		check(read(pipe_fd[0], map + i * PAGE, 512) == 512, "read to page %lu: %m", i);
	check(read(zero, map + 128 * PAGE, 128 * PAGE) == 128 * PAGE, "a long read: %m");
	for (i = 0; i < 256; i++)
		check_zero(map + i * PAGE, i, "after the system calls");
}

/* There are no pages for others to hold on to, so they are refused. */
static void case_no_pages_for_others(void)
{
	struct iovec to, from;
	char buf[64];
	int mem;

	setup(16);
	stamp_pages(map, 1, 0, 16);
	to = (struct iovec){ buf, sizeof(buf) };
	from = (struct iovec){ map, sizeof(buf) };
	check(process_vm_readv(getpid(), &to, 1, &from, 1, 0) == -1 && errno == EFAULT,
	      "process_vm_readv() is not refused with EFAULT: %m");
	mem = open("/proc/self/mem", O_RDWR);
	check(mem >= 0, "/proc/self/mem: %m");
	check(pread(mem, buf, sizeof(buf), (off_t)(unsigned long)map) == -1 && errno == EIO,
	      "/proc/self/mem is not refused with EIO: %m");
	check_pages(map, 1, 0, 16, "afterwards");
}

static void ignore(int sig)
{
	(void)sig;
}

/* Signals that come all the time end no fault wrongly and lose no data. */
static void case_signals(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	struct sigaction action = { .sa_handler = ignore };
	int round;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (round = 0; round < 8; round++) {
		setup(PAGES);
		count_faults(read_zero);
		count_faults(write_stamp);
		count_faults(read_stamp);
		unmap(map, bo.size);
		bo_close(&bo);
	}
}

static void touch_all(void *arg)
{
	(void)arg;
	for (;;) {
		setup(8 * PAGES);
		count_faults(read_zero);
		unmap(map, bo.size);
		bo_close(&bo);
	}
}

static void sleep_us(unsigned long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

/* Wait for a child, but not for ever. Return: its wait status, or -1 if it lives on. */
static int reap_soon(pid_t pid)
{
	int status, tries;

	for (tries = 0; tries < 1000; tries++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		sleep_us(10000);
	}
	return -1;
}

static void reap_killed(pid_t pid)
{
	int status = reap_soon(pid);

	check(status != -1, "the child lives on 10 s after SIGKILL");
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "the child ended with status %#x", status);
}

/* Kill a process that does @run earlier or later, and see that it ends. */
static void kill_during(void (*run)(void *))
{
	unsigned long us;
	pid_t pid;

	for (us = 1000; us < 300000; us += us / 2) {
		pid = spawn(run, NULL);
		sleep_us(us);
		kill(pid, SIGKILL);
		reap_killed(pid);
	}
}

static void case_killed(void)
{
	kill_during(touch_all);
	setup(16);
	stamp_pages(map, 1, 0, 16);
	check_pages(map, 1, 0, 16, "afterwards");
}

/* The kernel faults memory in for futexes in a way that cannot give up the mmap lock. */
static void wake_op(void *arg)
{
	unsigned int word = 0;

	(void)arg;
	for (;;) {
		setup(8 * PAGES);
		syscall(SYS_futex, &word, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 1, map,
			FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0));
		check(*(unsigned int *)map == 1, "the futex operation did not reach the page");
		unmap(map, bo.size);
		bo_close(&bo);
	}
}

static void case_killed_in_futex(void)
{
	kill_during(wake_op);
}

static long read_number(const char *path, const char *key)
{
	char text[8192] = "", *at;

	check(read_file(path, text, sizeof(text) - 1) > 0, "cannot read %s", path);
	at = strstr(text, key);
	check(at, "no '%s' in %s", key, path);
	return strtol(at + strlen(key), NULL, 10);
}

static void write_number(const char *path, long number)
{
	FILE *file = fopen(path, "w");

	check(file && fprintf(file, "%ld\n", number) > 0 && !fclose(file), "%s: %m", path);
}

static void read_when_told(void *go)
{
	await(go, 1);
	_exit(probe_read(map));
}

/* Memory that must not be used ends an access, it does not repeat it for ever. */
static void case_overcommit(void)
{
	static const char info[] = "/proc/meminfo";
	static const char mode[] = "/proc/sys/vm/overcommit_memory";
	unsigned int *go = shared_alloc(PAGE);
	long was, kbytes;
	int status;
	void *rest;
	pid_t pid;

	if (driver_is_stock())
		skip("it allocates in mmap");
	setup(8 * PAGES);
	pid = spawn(read_when_told, go);
	was = read_number(mode, "");
	/* Promise all memory but a part of the object's to a mapping that nobody uses. */
	kbytes = read_number(info, "CommitLimit:") - read_number(info, "Committed_AS:") - 8 * 1024;
	check(kbytes > 0, "the system has promised all memory");
	rest = mmap(NULL, kbytes << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(rest != MAP_FAILED, "mmap of %ld KiB: %m", kbytes);
	write_number(mode, 2);
	store(go, 1);
	status = reap_soon(pid);
	write_number(mode, was);
	unmap(rest, kbytes << 10);
	if (status == -1)
		kill(pid, SIGKILL);
	check(status != -1, "the access has not ended after 10 s");
	check(WIFEXITED(status) && WEXITSTATUS(status) == SIGBUS, "wait status %#x, not SIGBUS",
	      status);
	count_faults(write_stamp);
	count_faults(read_stamp);
}

static void case_protection(void)
{
	setup(16);
	stamp_pages(map, 1, 0, 16);
	check(!mprotect(map, 8 * PAGE, PROT_READ), "mprotect: %m");
	check(probe_write(map) == SIGSEGV, "a write to read-only memory goes through");
	check(!mprotect(map + 8 * PAGE, 4 * PAGE, PROT_NONE), "mprotect: %m");
	check(probe_read(map + 8 * PAGE) == SIGSEGV, "a read of protected memory goes through");
	check_pages(map, 1, 0, 8, "read-only part");
	check(!mprotect(map, 16 * PAGE, PROT_READ | PROT_WRITE), "mprotect: %m");
	check_pages(map, 1, 0, 16, "writable again");
	stamp_pages(map, 2, 0, 16);
	check_pages(map, 2, 0, 16, "written again");
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "read_first", case_read_first },
		{ "write_first", case_write_first },
		{ "read_then_write", case_read_then_write },
		{ "map_again", case_map_again },
		{ "random_order", case_random_order },
		{ "system_calls", case_syscalls },
		{ "no_pages_for_others", case_no_pages_for_others },
		{ "signals", case_signals },
		{ "killed", case_killed },
		{ "killed_in_futex", case_killed_in_futex },
		{ "overcommit", case_overcommit },
		{ "protection", case_protection },
	};

	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
