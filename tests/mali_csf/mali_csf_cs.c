// SPDX-License-Identifier: GPL-2.0
/*
 * Command streams: fetching, executing, calls, scoreboards and sync objects.
 *
 * An instruction that works in the background is put on a list, keeps its
 * scoreboard slot busy, and is completed when somebody waits for that slot or
 * when the stream has nothing else to do. So a stream that forgets to wait
 * sees old values.
 */
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/timekeeping.h>

#include "mali_csf.h"

/* Instructions before it is another stream's turn */
#define TURN		256
#define INSN_SIZE	sizeof(u64)

/* What a step answers besides 0 and the errors of memory accesses */
#define BLOCKED		(-EBUSY)
#define MORE		(-EINPROGRESS)
#define STOPPED		(-ECANCELED)

/* ---- registers ---- */

static u32 get32(const struct mali_context *ctx, u32 reg)
{
	return ctx->regs[reg % MALI_REGISTERS];
}

static u64 get64(const struct mali_context *ctx, u32 reg)
{
	return get32(ctx, reg) | (u64)get32(ctx, reg + 1) << 32;
}

static void set32(struct mali_context *ctx, u32 reg, u32 value)
{
	ctx->regs[reg % MALI_REGISTERS] = value;
}

static void set64(struct mali_context *ctx, u32 reg, u64 value)
{
	set32(ctx, reg, lower_32_bits(value));
	set32(ctx, reg + 1, upper_32_bits(value));
}

static u64 get_addr(const struct mali_context *ctx, u64 insn)
{
	return get64(ctx, FIELD_GET(INSN_ADDR, insn));
}

static u64 get_offset_addr(const struct mali_context *ctx, u64 insn)
{
	return get_addr(ctx, insn) + (s16)FIELD_GET(INSN_OFFSET, insn);
}

static bool compare(u32 cond, s64 a, s64 b)
{
	switch (cond) {
	case COND_LEQUAL:
		return a <= b;
	case COND_GREATER:
		return a > b;
	case COND_EQUAL:
		return a == b;
	case COND_NEQUAL:
		return a != b;
	case COND_LESS:
		return a < b;
	case COND_GEQUAL:
		return a >= b;
	default:
		/* Always */
		return true;
	}
}

/* ---- sync objects ---- */

static bool is_sync64(u32 opcode)
{
	return opcode >= OP_SYNC_ADD64;
}

static int sync_write(struct mali_stream *stream, u64 insn, u64 addr, u64 data)
{
	u32 opcode = FIELD_GET(INSN_OPCODE, insn), as = stream->csg->as;
	struct mali_gpu *gpu = stream->csg->gpu;
	size_t size = is_sync64(opcode) ? sizeof(u64) : sizeof(u32);
	u32 error = stream->ctx.error;
	u64 value = 0;
	int ret = 0;

	if (opcode == OP_SYNC_ADD32 || opcode == OP_SYNC_ADD64)
		ret = mali_mmu_load(gpu, as, addr, &value, size);
	value += data;
	if (!ret && (insn & INSN_SYNC_ERROR) && error)
		ret = mali_mmu_store(gpu, as, addr + size, &error, sizeof(error));
	ret = ret ?: mali_mmu_store(gpu, as, addr, &value, size);
	if (ret)
		return ret;

	if (FIELD_GET(INSN_SYNC_SCOPE, insn) == SYNC_SCOPE_SYSTEM)
		mali_csg_event(stream->csg, CSG_SYNC_UPDATE);
	/* Others may wait for it. */
	mali_kick(gpu);

	return 0;
}

static int sync_wait(struct mali_stream *stream, u64 insn)
{
	u32 opcode = FIELD_GET(INSN_OPCODE, insn), as = stream->csg->as;
	u32 cond = FIELD_GET(INSN_SYNC_COND, insn), reg = FIELD_GET(INSN_DATA, insn);
	struct mali_context *ctx = &stream->ctx;
	struct mali_gpu *gpu = stream->csg->gpu;
	size_t size = is_sync64(opcode) ? sizeof(u64) : sizeof(u32);
	u64 addr = get_addr(ctx, insn), value = 0, wanted;
	u32 error = 0;
	int ret;

	wanted = is_sync64(opcode) ? get64(ctx, reg) : get32(ctx, reg);
	ret = mali_mmu_load(gpu, as, addr, &value, size) ?:
	      mali_mmu_load(gpu, as, addr + size, &error, sizeof(error));
	if (ret)
		return ret;

	if (cond == COND_GREATER ? value > wanted : value <= wanted) {
		if (error && !(insn & INSN_SYNC_ERROR))
			mali_stream_fault(stream, EXC_CS_INHERIT_FAULT, addr);
		return 0;
	}

	stream->blocked = CS_BLOCKED_SYNC_WAIT;
	stream->wait.insn = insn;
	stream->wait.addr = addr;
	stream->wait.value = wanted;

	return BLOCKED;
}

/* ---- issued instructions ---- */

/* Return: the slots that must be free before @insn can work in the background. */
static u32 wait_mask(u64 insn)
{
	switch (FIELD_GET(INSN_OPCODE, insn)) {
	case OP_FLUSH_CACHE2:
	case OP_SYNC_ADD32:
	case OP_SYNC_SET32:
	case OP_SYNC_ADD64:
	case OP_SYNC_SET64:
	case OP_STORE_STATE:
	case OP_FINISH_FRAGMENT:
	case OP_HEAP_OPERATION:
		return FIELD_GET(INSN_MASK, insn);
	default:
		return 0;
	}
}

static int transfer(struct mali_stream *stream, struct mali_op *op, bool store)
{
	u32 base = FIELD_GET(INSN_DST, op->insn), as = stream->csg->as;
	unsigned long mask = FIELD_GET(INSN_MASK, op->insn);
	struct mali_gpu *gpu = stream->csg->gpu;
	unsigned int first, end, i;
	int ret;

	for_each_set_bitrange(first, end, &mask, 16) {
		u64 addr = op->addr + first * sizeof(u32);
		size_t size = (end - first) * sizeof(u32);

		if (store)
			ret = mali_mmu_store(gpu, as, addr, &op->data[first], size);
		else
			ret = mali_mmu_load(gpu, as, addr, &op->data[first], size);
		if (ret)
			return ret;
		for (i = first; i < end && !store; i++)
			set32(&stream->ctx, base + i, op->data[i]);
	}

	return 0;
}

static int store_state(struct mali_stream *stream, const struct mali_op *op)
{
	struct mali_gpu *gpu = stream->csg->gpu;
	u64 value = 0;

	switch (FIELD_GET(INSN_STATE, op->insn)) {
	case STATE_TIMESTAMP:
		value = ktime_get_ns() + gpu->timestamp_offset;
		break;
	case STATE_CYCLES:
		value = ktime_get_ns();
		break;
	case STATE_ERROR:
		value = stream->ctx.error;
		break;
	}

	return mali_mmu_store(gpu, stream->csg->as, op->addr, &value, sizeof(value));
}

static int complete_op(struct mali_stream *stream, struct mali_op *op)
{
	struct mali_gpu *gpu = stream->csg->gpu;

	switch (FIELD_GET(INSN_OPCODE, op->insn)) {
	case OP_LOAD_MULTIPLE:
		return transfer(stream, op, false);
	case OP_STORE_MULTIPLE:
		return transfer(stream, op, true);
	case OP_STORE_STATE:
		return store_state(stream, op);
	case OP_FLUSH_CACHE2:
		mali_flush_caches(gpu);
		return 0;
	case OP_SYNC_ADD32:
	case OP_SYNC_SET32:
		return sync_write(stream, op->insn, op->addr, op->data[0]);
	case OP_SYNC_ADD64:
	case OP_SYNC_SET64:
		return sync_write(stream, op->insn, op->addr,
				  op->data[0] | (u64)op->data[1] << 32);
	case OP_HEAP_OPERATION:
		return mali_heap_count(stream, FIELD_GET(INSN_HEAP_OP, op->insn));
	case OP_FINISH_FRAGMENT:
		return mali_heap_finish_fragment(stream, op);
	case OP_RUN_TILING:
	case OP_RUN_IDVS:
		if (gpu->trouble.hang_jobs)
			return BLOCKED;
		return mali_heap_tile(stream, op);
	default:
		/* Shaders are not run. */
		return gpu->trouble.hang_jobs ? BLOCKED : 0;
	}
}

u32 mali_stream_busy_slots(const struct mali_stream *stream)
{
	u32 i, busy = 0;

	for (i = 0; i < stream->ctx.nr_ops; i++)
		busy |= BIT(stream->ctx.ops[i].slot);

	return busy;
}

/* Go on with the oldest instruction that slots of @mask wait for. */
static int complete_one(struct mali_stream *stream, u32 mask)
{
	struct mali_context *ctx = &stream->ctx;
	u32 i, oldest = ctx->nr_ops;
	int ret;

	for (i = ctx->nr_ops; i--;) {
		if (!(BIT(ctx->ops[i].slot) & mask))
			continue;
		mask |= wait_mask(ctx->ops[i].insn);
		oldest = i;
	}

	ret = complete_op(stream, &ctx->ops[oldest]);
	if (ret)
		return ret;
	ctx->nr_ops--;
	memmove(&ctx->ops[oldest], &ctx->ops[oldest + 1],
		(ctx->nr_ops - oldest) * sizeof(*ctx->ops));
	stream->since = jiffies;

	return 0;
}

static int wait_slots(struct mali_stream *stream, u64 insn, u32 mask)
{
	int ret = 0;

	while (!ret && (mali_stream_busy_slots(stream) & mask))
		ret = complete_one(stream, mask);
	if (ret) {
		stream->blocked = CS_BLOCKED_SB_WAIT;
		stream->wait.insn = insn;
	}

	return ret;
}

/* Let @insn work in the background. */
static int issue(struct mali_stream *stream, u64 insn, u32 slot)
{
	u32 opcode = FIELD_GET(INSN_OPCODE, insn), i, first = FIELD_GET(INSN_DATA, insn);
	struct mali_context *ctx = &stream->ctx;
	struct mali_op *op;
	int ret;

	if (ctx->nr_ops == MALI_MAX_OPS) {
		ret = complete_one(stream, ~0);
		if (ret)
			return ret;
	}
	op = &ctx->ops[ctx->nr_ops];
	memset(op, 0, sizeof(*op));
	op->insn = insn;
	op->slot = slot % MALI_SCOREBOARDS;

	switch (opcode) {
	case OP_LOAD_MULTIPLE:
	case OP_STORE_MULTIPLE:
		op->addr = get_offset_addr(ctx, insn);
		if (!IS_ALIGNED(op->addr, sizeof(u32))) {
			mali_stream_fault(stream, EXC_ADDR_RANGE_FAULT, op->addr);
			return 0;
		}
		first = FIELD_GET(INSN_DST, insn);
		break;
	case OP_STORE_STATE:
		op->addr = get_offset_addr(ctx, insn);
		break;
	case OP_RUN_TILING:
	case OP_RUN_IDVS:
		op->addr = get64(ctx, SR_TILER_CTX);
		op->left = get32(ctx, SR_INDEX_COUNT) * get32(ctx, SR_INSTANCE_COUNT);
		break;
	default:
		op->addr = get_addr(ctx, insn);
		break;
	}
	for (i = 0; i < ARRAY_SIZE(op->data); i++)
		op->data[i] = get32(ctx, first + i);
	if (!ctx->nr_ops++)
		stream->since = jiffies;

	return 0;
}

/* An instruction that works in the background only if it has to wait. */
static int issue_or_do(struct mali_stream *stream, u64 insn)
{
	int ret;

	ret = issue(stream, insn, FIELD_GET(INSN_SLOT, insn));
	if (ret || wait_mask(insn) || !stream->ctx.nr_ops)
		return ret;
	ret = complete_op(stream, &stream->ctx.ops[stream->ctx.nr_ops - 1]);
	stream->ctx.nr_ops--;

	return ret;
}

/* ---- control flow ---- */

/**
 * mali_stream_call() - go on in another buffer, and then come back
 * @stream: the stream
 * @addr: address of the buffer
 * @size: its size in bytes
 *
 * Return: 0, or an error when calls are nested too deeply.
 */
int mali_stream_call(struct mali_stream *stream, u64 addr, u64 size)
{
	struct mali_context *ctx = &stream->ctx;

	if (ctx->depth == MALI_CALL_DEPTH) {
		mali_stream_fatal(stream, EXC_CS_CALL_STACK_OVERFLOW, addr);
		return STOPPED;
	}
	ctx->frames[ctx->depth++] = (struct mali_frame){ addr, addr + size };

	return 0;
}

static int call(struct mali_stream *stream, u64 insn)
{
	struct mali_gpu *gpu = stream->csg->gpu;
	struct mali_context *ctx = &stream->ctx;

	if (!ctx->depth) {
		if (!stream->due)
			stream->due = (jiffies + msecs_to_jiffies(gpu->trouble.job_delay_ms)) | 1;
		if (gpu->trouble.job_delay_ms && time_before(jiffies, stream->due))
			return BLOCKED;
		stream->due = 0;
		gpu->stats.jobs++;
	}

	return mali_stream_call(stream, get_addr(ctx, insn),
				get32(ctx, FIELD_GET(INSN_DATA, insn)));
}

static void move_pc(struct mali_stream *stream, u32 depth, s64 insns)
{
	struct mali_context *ctx = &stream->ctx;

	if (depth) {
		ctx->frames[depth - 1].pc += insns * INSN_SIZE;
		return;
	}
	ctx->extract += insns * INSN_SIZE;
	mali_fw_write64(stream->csg->gpu, stream->ring_out + RING_EXTRACT, ctx->extract);
}

static int progress_wait(struct mali_stream *stream, u64 insn)
{
	u32 queue = FIELD_GET(INSN_PROGRESS_QUEUE, insn) % MALI_STREAMS;

	if (stream->csg->streams[queue].ctx.progress >= get_addr(&stream->ctx, insn))
		return 0;
	stream->blocked = CS_BLOCKED_PROGRESS_WAIT;

	return BLOCKED;
}

static int execute(struct mali_stream *stream, u64 insn)
{
	u32 dst = FIELD_GET(INSN_DST, insn), src = FIELD_GET(INSN_ADDR, insn);
	u32 src2 = FIELD_GET(INSN_DATA, insn);
	struct mali_context *ctx = &stream->ctx;
	int ret;

	switch (FIELD_GET(INSN_OPCODE, insn)) {
	case OP_NOP:
	case OP_REQ_RESOURCE:
	case OP_TRACE_POINT:
		return 0;
	case OP_MOVE48:
		set64(ctx, dst, FIELD_GET(INSN_IMM48, insn));
		return 0;
	case OP_MOVE32:
		set32(ctx, dst, lower_32_bits(insn));
		return 0;
	case OP_ADD_IMM32:
		set32(ctx, dst, get32(ctx, src) + lower_32_bits(insn));
		return 0;
	case OP_ADD_IMM64:
		set64(ctx, dst, get64(ctx, src) + (s32)lower_32_bits(insn));
		return 0;
	case OP_UMIN32:
		set32(ctx, dst, min(get32(ctx, src), get32(ctx, src2)));
		return 0;
	case OP_WAIT:
		ret = wait_slots(stream, insn, FIELD_GET(INSN_MASK, insn));
		if (!ret && (insn & INSN_PROGRESS))
			ctx->progress++;
		return ret;
	case OP_BRANCH:
		if (compare(FIELD_GET(INSN_BRANCH_COND, insn), (s32)get32(ctx, src), 0))
			move_pc(stream, ctx->depth, (s16)FIELD_GET(INSN_OFFSET, insn));
		return 0;
	case OP_CALL:
		return call(stream, insn);
	case OP_JUMP:
		if (!ctx->depth)
			break;
		ctx->depth--;
		return mali_stream_call(stream, get_addr(ctx, insn), get32(ctx, src2));
	case OP_SET_SB_ENTRY:
		ctx->sb_endpoint = FIELD_GET(INSN_SB_ENDPOINT, insn);
		ctx->sb_other = FIELD_GET(INSN_SB_OTHER, insn);
		return 0;
	case OP_SET_EXCEPTION_HANDLER:
		if (FIELD_GET(INSN_EXCEPTION, insn) != EXCEPTION_TILER_OOM)
			break;
		ctx->oom.pc = get_addr(ctx, insn);
		ctx->oom.end = ctx->oom.pc + get32(ctx, src2);
		return 0;
	case OP_PROGRESS_WAIT:
		return progress_wait(stream, insn);
	case OP_PROGRESS_STORE:
		ctx->progress = get64(ctx, src);
		return 0;
	case OP_PROGRESS_LOAD:
		set64(ctx, dst, ctx->progress);
		return 0;
	case OP_ERROR_BARRIER:
		ctx->error = false;
		return 0;
	case OP_HEAP_SET:
		ctx->heap = get_addr(ctx, insn);
		return 0;
	case OP_SYNC_WAIT32:
	case OP_SYNC_WAIT64:
		return sync_wait(stream, insn);
	case OP_LOAD_MULTIPLE:
	case OP_STORE_MULTIPLE:
		return ctx->error ? 0 : issue(stream, insn, ctx->sb_other);
	case OP_RUN_COMPUTE:
	case OP_RUN_COMPUTE_INDIRECT:
	case OP_RUN_TILING:
	case OP_RUN_IDVS:
	case OP_RUN_FRAGMENT:
	case OP_RUN_FULLSCREEN:
	case OP_FINISH_TILING:
		return ctx->error ? 0 : issue(stream, insn, ctx->sb_endpoint);
	case OP_SYNC_ADD32:
	case OP_SYNC_SET32:
	case OP_SYNC_ADD64:
	case OP_SYNC_SET64:
	case OP_STORE_STATE:
	case OP_HEAP_OPERATION:
		return issue_or_do(stream, insn);
	case OP_FLUSH_CACHE2:
	case OP_FINISH_FRAGMENT:
		return issue(stream, insn, FIELD_GET(INSN_SLOT, insn));
	}

	mali_stream_fatal(stream, EXC_CS_INSTR_INVALID, insn);

	return STOPPED;
}

static bool ring_empty(struct mali_stream *stream)
{
	return stream->ctx.extract ==
	       mali_fw_read64(stream->csg->gpu, stream->ring_in + RING_INSERT);
}

/* Return: 0 when something was done. */
static int step(struct mali_stream *stream)
{
	struct mali_context *ctx = &stream->ctx;
	struct mali_gpu *gpu = stream->csg->gpu;
	u32 depth = ctx->depth;
	u64 pc, insn = 0;
	int ret;

	stream->blocked = 0;
	if (depth) {
		pc = ctx->frames[depth - 1].pc;
		if (pc >= ctx->frames[depth - 1].end) {
			ctx->depth--;
			return 0;
		}
	} else {
		if (ring_empty(stream))
			return ctx->nr_ops ? complete_one(stream, ~0) : BLOCKED;
		pc = stream->ring_base + (ctx->extract & (stream->ring_size - 1));
	}

	ret = mali_mmu_load(gpu, stream->csg->as, pc, &insn, sizeof(insn)) ?:
	      execute(stream, insn);
	if (!ret) {
		gpu->stats.insns++;
		/* A JUMP has replaced the frame that it was in. */
		if (FIELD_GET(INSN_OPCODE, insn) != OP_JUMP)
			move_pc(stream, depth, 1);
	} else if (ret == BLOCKED && stream->blocked != CS_BLOCKED_SB_WAIT && ctx->nr_ops) {
		ret = complete_one(stream, ~0);
	}
	if (ret == -EFAULT) {
		mali_stream_fatal(stream, EXC_CS_BUS_FAULT, pc);
		ret = STOPPED;
	}

	return ret;
}

/**
 * mali_stream_run() - let a stream have its turn
 * @stream: the stream
 *
 * Return: whether it can go on at once.
 */
bool mali_stream_run(struct mali_stream *stream)
{
	struct mali_gpu *gpu = stream->csg->gpu;
	unsigned int i;
	int ret = 0;

	if (!stream->csg->active || !stream->running)
		return false;
	for (i = 0; i < TURN && !ret && !stream->dead && gpu->mcu_status == MCU_ENABLED; i++)
		ret = step(stream);

	return (!ret && i == TURN) || ret == MORE;
}

/**
 * mali_stream_idle() - has a stream nothing to do?
 * @stream: the stream
 *
 * Return: true when it was not started, is dead, has come to the end of its ring
 * buffer, or waits for a sync object with nothing working in the background.
 */
bool mali_stream_idle(struct mali_stream *stream)
{
	if (!stream->running || stream->dead)
		return true;
	if (stream->ctx.nr_ops)
		return false;

	return stream->blocked == CS_BLOCKED_SYNC_WAIT ||
	       (!stream->ctx.depth && ring_empty(stream));
}
