/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The panthor driver's ioctls, a writer of command streams, and the switches of the
 * model of the GPU, tests/mali_csf. The encodings are those of Mesa's
 * src/panfrost/lib/genxml/v10.xml.
 */
#ifndef PANTHOR_GPU_H
#define PANTHOR_GPU_H

#include <stdint.h>

#include <panthor_drm.h>

#include "common.h"

/* A buffer object that is mapped by the CPU and, in one VM, by the GPU. */
struct gpu_bo {
	__u32 handle;
	size_t size;
	__u64 va;
	void *map;
};

/* An open file with a VM. */
struct gpu {
	int fd;
	__u32 vm;
	__u64 next_va;
	struct gpu_bo code;	/* command streams */
	size_t used;		/* bytes of it */
};

/* A command stream that is being written. */
struct stream {
	struct gpu *gpu;
	__u64 *start;
	unsigned int count;
};

/* Conditions of branches, which compare with 0, and of waits for sync objects */
enum cond { LEQUAL, GREATER, EQUAL, NEQUAL, LESS, GEQUAL, ALWAYS };

/* ---- ioctls; these fail the case, and the try variants return a negative errno ---- */

struct gpu gpu_open(void);
void gpu_close(struct gpu *gpu);
int gpu_query(int fd, __u32 type, void *data, __u32 size);

int gpu_try_bind(struct gpu *gpu, __u32 handle, __u64 va, __u64 size, __u32 flags);
int gpu_try_bind_part(struct gpu *gpu, __u32 handle, __u64 offset, __u64 va, __u64 size,
		      __u32 flags);
struct gpu_bo gpu_bo(struct gpu *gpu, size_t size, __u32 flags);
/* One that no other VM may map. */
struct gpu_bo gpu_own_bo(struct gpu *gpu, size_t size);
void gpu_unbind(struct gpu *gpu, const struct gpu_bo *bo);
bool gpu_vm_usable(struct gpu *gpu);

int gpu_try_group(struct gpu *gpu, unsigned int queues, __u32 *group);
__u32 gpu_group(struct gpu *gpu, unsigned int queues);
__u32 gpu_group_state(struct gpu *gpu, __u32 group);
void gpu_group_destroy(struct gpu *gpu, __u32 group);

__u32 gpu_syncobj(struct gpu *gpu);
/* Return: 0, or -ETIME when it was not signalled in time. */
int gpu_wait(struct gpu *gpu, __u32 syncobj, double seconds);

int gpu_try_submit(struct gpu *gpu, __u32 group, unsigned int queue, const struct stream *stream,
		   __u32 syncobj);
void gpu_submit(struct gpu *gpu, __u32 group, unsigned int queue, const struct stream *stream,
		__u32 syncobj);
/* Submit and wait. */
void gpu_run(struct gpu *gpu, __u32 group, const struct stream *stream);

/* ---- command streams ---- */

struct stream stream_begin(struct gpu *gpu);
__u64 stream_va(const struct stream *stream);
__u32 stream_size(const struct stream *stream);
void emit(struct stream *stream, __u64 insn);

static inline void cs_move48(struct stream *s, unsigned int reg, __u64 value)
{
	emit(s, 1ull << 56 | (__u64)reg << 48 | value);
}

static inline void cs_move32(struct stream *s, unsigned int reg, __u32 value)
{
	emit(s, 2ull << 56 | (__u64)reg << 48 | value);
}

static inline void cs_wait(struct stream *s, unsigned int mask)
{
	emit(s, 3ull << 56 | mask << 16);
}

static inline void cs_run_compute(struct stream *s)
{
	emit(s, 4ull << 56);
}

static inline void cs_run_idvs(struct stream *s)
{
	emit(s, 6ull << 56 | 1ull << 33);
}

static inline void cs_finish_fragment(struct stream *s, unsigned int first, unsigned int last)
{
	emit(s, 11ull << 56 | (__u64)first << 40 | (__u64)last << 32 | 1);
}

static inline void cs_add32(struct stream *s, unsigned int dst, unsigned int src, int value)
{
	emit(s, 16ull << 56 | (__u64)dst << 48 | (__u64)src << 40 | (__u32)value);
}

static inline void cs_add64(struct stream *s, unsigned int dst, unsigned int src, int value)
{
	emit(s, 17ull << 56 | (__u64)dst << 48 | (__u64)src << 40 | (__u32)value);
}

static inline void cs_load(struct stream *s, unsigned int base, unsigned int addr,
			   unsigned int mask, int offset)
{
	emit(s, 20ull << 56 | (__u64)base << 48 | (__u64)addr << 40 | (__u64)mask << 16 |
	     (__u16)offset);
}

static inline void cs_store(struct stream *s, unsigned int base, unsigned int addr,
			    unsigned int mask, int offset)
{
	emit(s, 21ull << 56 | (__u64)base << 48 | (__u64)addr << 40 | (__u64)mask << 16 |
	     (__u16)offset);
}

/* @offset counts instructions from the one behind the branch. */
static inline void cs_branch(struct stream *s, enum cond when, unsigned int reg, int offset)
{
	emit(s, 22ull << 56 | (__u64)reg << 40 | (__u64)when << 28 | (__u16)offset);
}

static inline void cs_set_slots(struct stream *s, unsigned int endpoint, unsigned int other)
{
	emit(s, 23ull << 56 | other << 4 | endpoint);
}

static inline void cs_call(struct stream *s, unsigned int addr, unsigned int length)
{
	emit(s, 32ull << 56 | (__u64)addr << 40 | (__u64)length << 32);
}

static inline void cs_sync_add32(struct stream *s, unsigned int addr, unsigned int data)
{
	emit(s, 37ull << 56 | (__u64)addr << 40 | (__u64)data << 32);
}

static inline void cs_sync_set64(struct stream *s, unsigned int addr, unsigned int data)
{
	emit(s, 52ull << 56 | (__u64)addr << 40 | (__u64)data << 32);
}

static inline void cs_sync_wait32(struct stream *s, enum cond when, unsigned int addr,
				  unsigned int data)
{
	emit(s, 39ull << 56 | (__u64)addr << 40 | (__u64)data << 32 | (__u64)when << 28);
}

static inline void cs_sync_wait64(struct stream *s, enum cond when, unsigned int addr,
				  unsigned int data)
{
	emit(s, 53ull << 56 | (__u64)addr << 40 | (__u64)data << 32 | (__u64)when << 28);
}

static inline void cs_heap_set(struct stream *s, unsigned int addr)
{
	emit(s, 48ull << 56 | (__u64)addr << 40);
}

enum heap_operation { VT_STARTED, VT_COMPLETED, FRAG_COMPLETED = 3 };

static inline void cs_heap_operation(struct stream *s, enum heap_operation operation)
{
	emit(s, 49ull << 56 | (__u64)operation << 32);
}

/* Wait until the CPU has stored something to the word at @va. Uses registers 0 to 2. */
void cs_await(struct stream *s, __u64 va);
/* Store @value to each 32-bit word of @bytes, a multiple of 64, at @va. */
void cs_fill(struct stream *s, __u64 va, size_t bytes, __u32 value);

/* ---- the model ---- */

void model_set(const char *name, unsigned long value);
unsigned long model_stat(const char *name);
/* Take all trouble back. */
void model_calm(void);

/* ---- the device ---- */

/* "unbind" or "bind" */
void device_tell(const char *what);
/* Return: whether a node of the driver is there. */
bool device_is_there(void);
/* Wait until runtime PM has come to "active" or "suspended". */
void device_await(const char *status);

#endif
