// SPDX-License-Identifier: GPL-2.0
/*
 * The tiler heap. Nothing is tiled: a job of the tiler takes 64 bytes of heap for
 * each index of each instance and writes a word there, so that heaps fill up,
 * chunks are asked of the host, and chunks come back when fragment jobs finish.
 */
#include <linux/bitfield.h>
#include <linux/sizes.h>

#include "mali_csf.h"

#define RECORD_SIZE	64
/* Records before it is another stream's turn */
#define TURN		256

/* What the host sets aside for each heap and leaves to the firmware */
struct heap_context {
	u64 free;
	u32 vt_start;
	u32 vt_end;
	u32 frag_end;
	u32 pad;
};

static int load(struct mali_stream *stream, u64 va, void *to, size_t size)
{
	return mali_mmu_load(stream->csg->gpu, stream->csg->as, va, to, size);
}

static int store64(struct mali_stream *stream, u64 va, u64 value)
{
	return mali_mmu_store(stream->csg->gpu, stream->csg->as, va, &value, sizeof(value));
}

/* Return: whether a list would be half changed when an access is held up. */
static bool held_up(const struct mali_stream *stream)
{
	return stream->csg->gpu->as[stream->csg->as].lock_size;
}

/**
 * mali_heap_count() - count what began or ended
 * @stream: the stream
 * @operation: HEAP_x
 *
 * Return: 0 or the error of a memory access.
 */
int mali_heap_count(struct mali_stream *stream, u32 operation)
{
	struct heap_context heap;
	int ret;

	if (held_up(stream))
		return -EAGAIN;
	ret = load(stream, stream->ctx.heap, &heap, sizeof(heap));
	if (ret)
		return ret;
	if (operation == HEAP_VT_STARTED)
		heap.vt_start++;
	else if (operation == HEAP_VT_COMPLETED)
		heap.vt_end++;
	else if (operation == HEAP_FRAG_COMPLETED)
		heap.frag_end++;

	return mali_mmu_store(stream->csg->gpu, stream->csg->as, stream->ctx.heap, &heap,
			      sizeof(heap));
}

static int ask_host(struct mali_stream *stream, struct mali_op *op,
		    const struct heap_context *heap, u64 *chunk)
{
	struct mali_gpu *gpu = stream->csg->gpu;
	u32 out = stream->out;

	if (!op->waits) {
		mali_fw_write(gpu, out + CS_HEAP_VT_START, heap->vt_start);
		mali_fw_write(gpu, out + CS_HEAP_VT_END, heap->vt_end);
		mali_fw_write(gpu, out + CS_HEAP_FRAG_END, heap->frag_end);
		mali_fw_write64(gpu, out + CS_HEAP_ADDRESS, stream->ctx.heap);
		mali_stream_event(stream, CS_TILER_OOM);
		gpu->stats.ooms++;
		op->waits = true;
		return -EBUSY;
	}
	if ((mali_fw_read(gpu, stream->in + CS_REQ) ^ mali_fw_read(gpu, out + CS_ACK)) &
	    CS_TILER_OOM)
		return -EBUSY;
	op->waits = false;
	*chunk = mali_fw_read64(gpu, stream->in + CS_HEAP_START) & HEAP_CHUNK_NEXT_ADDRESS;

	return 0;
}

/* Take a chunk off the free list or, when there is none, from the host. */
static int take_chunk(struct mali_stream *stream, struct mali_op *op, u64 *chunk)
{
	struct heap_context heap;
	u64 next;
	int ret;

	ret = load(stream, stream->ctx.heap, &heap, sizeof(heap));
	if (ret)
		return ret;
	*chunk = heap.free & HEAP_CHUNK_NEXT_ADDRESS;
	if (!*chunk)
		return ask_host(stream, op, &heap, chunk);

	return load(stream, *chunk, &next, sizeof(next)) ?:
	       store64(stream, stream->ctx.heap, next);
}

/* Put @chunk in front of those that were used up since the last fragment job. */
static int use_chunk(struct mali_stream *stream, struct mali_op *op, u64 chunk)
{
	u64 top, bottom;
	int ret;

	ret = load(stream, op->addr + TILER_CTX_COMPLETED_TOP, &top, sizeof(top)) ?:
	      load(stream, op->addr + TILER_CTX_COMPLETED_BOTTOM, &bottom, sizeof(bottom));
	if (ret)
		return ret;

	return store64(stream, chunk, top) ?:
	       store64(stream, op->addr + TILER_CTX_COMPLETED_TOP, chunk) ?:
	       store64(stream, op->addr + TILER_CTX_COMPLETED_BOTTOM, bottom ?: chunk);
}

static int grow(struct mali_stream *stream, struct mali_op *op, u64 *bottom, u64 *top,
		u64 chunk_size)
{
	struct mali_frame *handler = &stream->ctx.oom;
	u64 chunk;
	int ret;

	ret = take_chunk(stream, op, &chunk);
	if (ret)
		return ret;
	if (chunk) {
		*bottom = chunk + HEAP_CHUNK_HEADER;
		*top = chunk + chunk_size;
		return use_chunk(stream, op, chunk);
	}

	/* The host has none: user space may know what to do. */
	if (handler->end)
		return mali_stream_call(stream, handler->pc, handler->end - handler->pc) ?:
		       -EINPROGRESS;
	mali_stream_fault(stream, EXC_OOM, stream->ctx.heap);
	op->left = 0;

	return 0;
}

/**
 * mali_heap_tile() - let a job of the tiler have its turn
 * @stream: the stream
 * @op: the job
 *
 * Return: 0 when it is done, -EINPROGRESS when it can go on at once, -EBUSY when
 * it waits for the host, or the error of a memory access.
 */
int mali_heap_tile(struct mali_stream *stream, struct mali_op *op)
{
	u64 descriptor, bottom, top, chunk_size;
	u32 word0, i;
	int ret;

	if (!stream->ctx.heap || !op->addr)
		return 0;
	if (held_up(stream))
		return -EAGAIN;
	ret = load(stream, op->addr + TILER_CTX_HEAP, &descriptor, sizeof(descriptor)) ?:
	      load(stream, descriptor + TILER_HEAP_WORD0, &word0, sizeof(word0)) ?:
	      load(stream, descriptor + TILER_HEAP_BOTTOM, &bottom, sizeof(bottom)) ?:
	      load(stream, descriptor + TILER_HEAP_TOP, &top, sizeof(top));
	if (ret)
		return ret;
	chunk_size = (u64)SZ_256K << FIELD_GET(TILER_HEAP_CHUNK_SIZE, word0);

	for (i = 0; i < TURN && op->left && !ret; i++) {
		if (bottom + RECORD_SIZE > top) {
			ret = grow(stream, op, &bottom, &top, chunk_size);
			continue;
		}
		ret = mali_mmu_store(stream->csg->gpu, stream->csg->as, bottom, &op->left,
				     sizeof(op->left));
		bottom += RECORD_SIZE;
		op->left--;
	}
	if (ret && ret != -EBUSY && ret != -EINPROGRESS)
		return ret;

	return store64(stream, descriptor + TILER_HEAP_BOTTOM, bottom) ?:
	       store64(stream, descriptor + TILER_HEAP_TOP, top) ?:
	       ret ?: op->left ? -EINPROGRESS : 0;
}

/**
 * mali_heap_finish_fragment() - take back the chunks of a finished render pass
 * @stream: the stream
 * @op: the instruction, with the first chunk as its address, and the last
 *
 * Return: 0 or the error of a memory access.
 */
int mali_heap_finish_fragment(struct mali_stream *stream, const struct mali_op *op)
{
	u64 last = op->data[0] | (u64)op->data[1] << 32;
	u64 free;
	int ret;

	if (held_up(stream))
		return -EAGAIN;
	if (op->addr) {
		ret = load(stream, stream->ctx.heap, &free, sizeof(free)) ?:
		      store64(stream, last & HEAP_CHUNK_NEXT_ADDRESS, free) ?:
		      store64(stream, stream->ctx.heap, op->addr);
		if (ret)
			return ret;
	}

	return op->insn & INSN_FRAG_COMPLETED ? mali_heap_count(stream, HEAP_FRAG_COMPLETED) : 0;
}
