/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the user-space tests share: finding the DRM node, dumb buffers, PRIME, page patterns,
 * child processes and the KTAP report.
 *
 * Every case runs in a process of its own. fail() and skip() end the case from any process
 * that it started, provided that the starter collects its children with reap().
 */
#ifndef COMMON_H
#define COMMON_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/types.h>

#include <drm.h>
#include <drm_mode.h>
#include <linux/types.h>

#define PAGE	4096ul
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#ifndef __noreturn
#define __noreturn	__attribute((__noreturn__))
#endif
#define __printf(f, a)	__attribute((__format__(printf, f, a)))

#define load(p)		__atomic_load_n(p, __ATOMIC_SEQ_CST)
#define store(p, v)	__atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define add(p, v)	__atomic_add_fetch(p, v, __ATOMIC_SEQ_CST)

/* The report. */

struct test_case {
	const char *name;
	void (*run)(void);
};

struct options {
	const char *driver;
	const char *only;	/* run this case alone */
	unsigned long timeout;	/* seconds for one case */
	unsigned long seed;
};

extern struct options opt;

/**
 * parse_args - read the command line into &opt
 * @argc: as in main()
 * @argv: as in main()
 * @usage: what --help says about the options that @extra knows, or NULL
 * @extra: takes "--NAME VALUE", says whether it knows NAME; or NULL
 */
void parse_args(int argc, char **argv, const char *usage,
		bool (*extra)(const char *name, const char *value));

/* The index of the case that runs. */
extern size_t current_case;

/* Run all cases, print the report. Return: the exit status for main(). */
int run_cases(const struct test_case *cases, size_t count);

void __printf(1, 2) __noreturn fail(const char *fmt, ...);
void __printf(1, 2) __noreturn skip(const char *fmt, ...);
void __printf(1, 2) note(const char *fmt, ...);

#define check(cond, ...)			\
	do {					\
		if (!(cond))			\
			fail(__VA_ARGS__);	\
	} while (0)

/* Fail unless @got is @want. Both are 0 or a negative errno. */
void expect(int got, int want, const char *what);

/* Whether the driver under test is built on the kernel's own shmem helper. */
bool driver_is_stock(void);

/* The DRM node. */

/* Return: an open file of the driver under test; fails the case if there is none. */
int drm_open_primary(void);
int drm_open_primary_flags(int flags);
/* Return: an open file, or -1 if the driver has no render node. */
int drm_open_render(void);
/* Return: an open primary node of the second device of the driver, or -1. */
int drm_open_second(void);
/* The number N of /dev/dri/cardN of the driver under test, or -1. */
int drm_primary_minor(void);

/* Return: 0 or a negative errno. */
int drm_call(int fd, unsigned long request, void *arg);

struct bo {
	int fd;
	__u32 handle;
	size_t size;
	__u64 offset;
};

struct bo bo_create(int fd, unsigned long pages);
void bo_close(struct bo *bo);
/* A shared read-write mapping of the whole object. */
void *bo_map(const struct bo *bo);

int gem_close(int fd, __u32 handle);
int gem_map_offset(int fd, __u32 handle, __u64 *offset);
int gem_flink(int fd, __u32 handle, __u32 *name);
int gem_open(int fd, __u32 name, __u32 *handle, __u64 *size);
int prime_export(int fd, __u32 handle, __u32 flags, int *prime_fd);
int prime_import(int fd, int prime_fd, __u32 *handle);

/* mmap() that says 0 or a negative errno. */
int try_map(int fd, size_t size, __u64 offset, int prot, int flags, void **map);
void *map_rw(int fd, size_t size, __u64 offset);
void unmap(void *map, size_t size);

/* Memory that this process and its children share. */
void *shared_alloc(size_t size);

/* Page patterns: a stamp names the object's page and the generation that was written. */

#define SAW_ZERO	(-1l)
#define SAW_GARBAGE	(-2l)

void stamp_page(void *page, unsigned int gen, unsigned long index);
/* Return: the stamped page's index, SAW_ZERO or SAW_GARBAGE; stores the generation. */
long identify_page(const void *page, unsigned int *gen);
bool page_is(const void *page, unsigned int gen, unsigned long index);
bool page_is_zero(const void *page);
void check_page(const void *page, unsigned int gen, unsigned long index, const char *where);
void check_zero(const void *page, unsigned long index, const char *where);
void stamp_pages(void *map, unsigned int gen, unsigned long first, unsigned long count);
void check_pages(const void *map, unsigned int gen, unsigned long first, unsigned long count,
		 const char *where);
/* "page 8", "page 8 (generation 2)", "zeroes", "garbage" */
const char *describe_page(const void *page, char *buf, size_t size);

/* A pattern without structure, for data checks. */
void random_page(void *page, __u64 seed);
bool page_is_random(const void *page, __u64 seed);

__u64 next_random(__u64 *state);
void shuffle(unsigned long *list, unsigned long count, __u64 *state);

/* Return: 0, or the signal that the access raised. */
int probe_read(const void *addr);
int probe_write(void *addr);

/* Minor faults that this thread's process has taken so far. */
long minor_faults(void);

/* Processes. */

pid_t spawn(void (*run)(void *), void *arg);
/* Wait for a child; a failure there ends this process in the same way. */
void reap(pid_t pid);
/* Wait for a child. Return: its wait status. */
int reap_status(pid_t pid);
/* Wait until *@counter has reached @value. */
void await(unsigned int *counter, unsigned int value);

void send_fd(int sock, int fd);
int recv_fd(int sock);

/* What the kernel says about itself. */

/* The path of a file in the driver's debugfs directory. Return: false if there is none. */
bool debugfs_file(const char *name, char *path, size_t size);
/* The number of dma-bufs in the system, or -1 if debugfs does not say. */
long dmabuf_count(void);
/* Read a file. Return: its length, or a negative errno. */
ssize_t read_file(const char *path, char *buf, size_t size);

#endif
