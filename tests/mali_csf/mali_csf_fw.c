// SPDX-License-Identifier: GPL-2.0
/*
 * The MCU: it boots, answers the requests that the host leaves in shared memory,
 * keeps groups in their slots, and tells the host of events.
 */
#include <linux/bitfield.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mm.h>

#include "mali_csf.h"

/* Where this firmware keeps the blocks of the interface */
#define GROUP_STRIDE		0x1000
#define STREAM_STRIDE		0x10
#define SHARED_SIZE		(FW_GROUP_CONTROL + MALI_CSGS * GROUP_STRIDE)
#define GLB_IN			(FW_SHARED + 0x200)
#define GLB_OUT			(FW_SHARED + 0x300)
#define GROUP(i)		(FW_SHARED + FW_GROUP_CONTROL + (i) * GROUP_STRIDE)
#define GROUP_IN(i)		(GROUP(i) + 0x200)
#define GROUP_OUT(i)		(GROUP(i) + 0x280)
#define STREAM(i, j)		(GROUP(i) + FW_STREAM_CONTROL + (j) * STREAM_STRIDE)
#define STREAM_IN(i, j)		(GROUP(i) + 0x400 + (j) * 0x80)
#define STREAM_OUT(i, j)	(GROUP(i) + 0x800 + (j) * 0x100)

#define NO_STATE		5

/* ---- memory of the MCU, which is address space 0 ---- */

/*
 * Nothing here runs while a region of it is locked, so that what fails is a fault,
 * or nonsense that the firmware cannot go on from.
 */
static void check(struct mali_gpu *gpu, int ret)
{
	if (ret)
		gpu->mcu_status = MCU_FATAL;
}

u32 mali_fw_read(struct mali_gpu *gpu, u32 va)
{
	u32 value = 0;

	check(gpu, mali_mmu_load(gpu, 0, va, &value, sizeof(value)));

	return value;
}

u64 mali_fw_read64(struct mali_gpu *gpu, u32 va)
{
	u64 value = 0;

	check(gpu, mali_mmu_load(gpu, 0, va, &value, sizeof(value)));

	return value;
}

void mali_fw_write(struct mali_gpu *gpu, u32 va, u32 value)
{
	check(gpu, mali_mmu_store(gpu, 0, va, &value, sizeof(value)));
}

void mali_fw_write64(struct mali_gpu *gpu, u32 va, u64 value)
{
	check(gpu, mali_mmu_store(gpu, 0, va, &value, sizeof(value)));
}

/* ---- events ---- */

/* Return: whether the host wants an interrupt. */
static bool toggle_event(struct mali_gpu *gpu, u32 in, u32 out, u32 irq_mask, u32 event)
{
	u32 req = mali_fw_read(gpu, in), ack = mali_fw_read(gpu, out);

	if (!((req ^ ack) & event))
		mali_fw_write(gpu, out, ack ^ event);

	return mali_fw_read(gpu, in + irq_mask) & event;
}

/**
 * mali_csg_event() - tell the host of an event of a group
 * @csg: the group
 * @event: CSG_SYNC_UPDATE, CSG_IDLE or CSG_PROGRESS_TIMER
 */
void mali_csg_event(struct mali_csg *csg, u32 event)
{
	if (toggle_event(csg->gpu, csg->in, csg->out, CSG_ACK_IRQ_MASK, event))
		mali_irq_raise(csg->gpu, MALI_IRQ_JOB, BIT(csg->index));
}

/**
 * mali_stream_event() - tell the host of an event of a stream
 * @stream: the stream
 * @event: CS_TILER_OOM, CS_FATAL or CS_FAULT
 */
void mali_stream_event(struct mali_stream *stream, u32 event)
{
	struct mali_csg *csg = stream->csg;
	struct mali_gpu *gpu = csg->gpu;
	u32 req, ack;

	if (!toggle_event(gpu, stream->in, stream->out, CS_ACK_IRQ_MASK, event))
		return;

	req = mali_fw_read(gpu, csg->out + CSG_CS_IRQ_REQ);
	ack = mali_fw_read(gpu, csg->in + CSG_CS_IRQ_ACK);
	if (!((req ^ ack) & BIT(stream->index)))
		mali_fw_write(gpu, csg->out + CSG_CS_IRQ_REQ, req ^ BIT(stream->index));
	mali_irq_raise(gpu, MALI_IRQ_JOB, BIT(csg->index));
}

/**
 * mali_stream_fatal() - stop a stream for good
 * @stream: the stream
 * @exception: EXC_x
 * @info: what the exception is about, mostly an address
 */
void mali_stream_fatal(struct mali_stream *stream, u32 exception, u64 info)
{
	struct mali_gpu *gpu = stream->csg->gpu;

	stream->dead = true;
	mali_fw_write(gpu, stream->out + CS_FATAL_STATUS, exception);
	mali_fw_write64(gpu, stream->out + CS_FATAL_INFO, info);
	mali_stream_event(stream, CS_FATAL);
}

/**
 * mali_stream_fault() - note an error that lasts until the next ERROR_BARRIER
 * @stream: the stream
 * @exception: EXC_x
 * @info: what the exception is about, mostly an address
 */
void mali_stream_fault(struct mali_stream *stream, u32 exception, u64 info)
{
	struct mali_gpu *gpu = stream->csg->gpu;

	stream->ctx.error = true;
	mali_fw_write(gpu, stream->out + CS_FAULT_STATUS, exception);
	mali_fw_write64(gpu, stream->out + CS_FAULT_INFO, info);
	mali_stream_event(stream, CS_FAULT);
}

/* ---- streams ---- */

static void update_status(struct mali_stream *stream)
{
	const struct mali_context *ctx = &stream->ctx;
	struct mali_gpu *gpu = stream->csg->gpu;
	u32 out = stream->out, wait = 0;
	u64 pc = stream->ring_base + (ctx->extract & (stream->ring_size - 1));

	if (ctx->depth)
		pc = ctx->frames[ctx->depth - 1].pc;
	if (stream->blocked == CS_BLOCKED_SYNC_WAIT) {
		u32 opcode = FIELD_GET(INSN_OPCODE, stream->wait.insn);

		wait = CS_STATUS_WAIT_SYNC |
		       FIELD_PREP(CS_STATUS_WAIT_COND,
				  FIELD_GET(INSN_SYNC_COND, stream->wait.insn));
		if (opcode == OP_SYNC_WAIT64)
			wait |= CS_STATUS_WAIT_64BIT;
		mali_fw_write64(gpu, out + CS_STATUS_WAIT_PTR, stream->wait.addr);
		mali_fw_write(gpu, out + CS_STATUS_WAIT_VALUE, lower_32_bits(stream->wait.value));
		mali_fw_write(gpu, out + CS_STATUS_WAIT_VALUE_HI,
			      upper_32_bits(stream->wait.value));
	} else if (stream->blocked == CS_BLOCKED_SB_WAIT) {
		wait = CS_STATUS_WAIT_SB_SRC_WAIT | FIELD_GET(INSN_MASK, stream->wait.insn);
	}
	mali_fw_write64(gpu, out + CS_STATUS_CMD_PTR, pc);
	mali_fw_write(gpu, out + CS_STATUS_WAIT, wait);
	mali_fw_write(gpu, out + CS_STATUS_SCOREBOARDS, mali_stream_busy_slots(stream));
	mali_fw_write(gpu, out + CS_STATUS_BLOCKED, stream->blocked);
}

/* Learn where the ring buffer is. */
static void set_ring(struct mali_stream *stream)
{
	struct mali_gpu *gpu = stream->csg->gpu;

	stream->running = true;
	stream->ring_base = mali_fw_read64(gpu, stream->in + CS_RING_BASE);
	stream->ring_size = mali_fw_read(gpu, stream->in + CS_RING_SIZE);
	stream->ring_in = mali_fw_read64(gpu, stream->in + CS_RING_INPUT);
	stream->ring_out = mali_fw_read64(gpu, stream->in + CS_RING_OUTPUT);
	if (!is_power_of_2(stream->ring_size))
		mali_stream_fatal(stream, EXC_CSF_FW_INTERNAL_ERROR, stream->ring_size);
}

static void forget_stream(struct mali_stream *stream)
{
	stream->running = false;
	stream->dead = false;
	stream->blocked = 0;
	stream->due = 0;
	memset(&stream->ctx, 0, sizeof(stream->ctx));
}

static void serve_stream(struct mali_stream *stream)
{
	struct mali_gpu *gpu = stream->csg->gpu;
	u32 req = mali_fw_read(gpu, stream->in + CS_REQ);
	u32 ack = mali_fw_read(gpu, stream->out + CS_ACK);
	bool start = FIELD_GET(CS_STATE, req) == CS_START;

	mali_fw_write(gpu, stream->out + CS_ACK, (ack & CS_EVENTS) | (req & ~CS_EVENTS));
	if (!stream->csg->active || start == stream->running)
		return;
	forget_stream(stream);
	if (start) {
		set_ring(stream);
		stream->ctx.extract = mali_fw_read64(gpu, stream->ring_in + RING_START);
	}
}

/* ---- groups ---- */

static u64 suspended_stream(u64 buffer, unsigned int index)
{
	return buffer + offsetof(struct mali_suspended, streams) +
	       index * sizeof(struct mali_context);
}

static int save_group(struct mali_csg *csg)
{
	u64 buffer = mali_fw_read64(csg->gpu, csg->in + CSG_SUSPEND_BUF);
	u64 magic = MALI_SUSPEND_MAGIC;
	u32 running = 0;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < MALI_STREAMS && !ret; i++) {
		struct mali_stream *stream = &csg->streams[i];

		if (!stream->running)
			continue;
		update_status(stream);
		running |= BIT(i);
		ret = mali_mmu_store(csg->gpu, 0, suspended_stream(buffer, i), &stream->ctx,
				     sizeof(stream->ctx));
	}
	ret = ret ?: mali_mmu_store(csg->gpu, 0, buffer + offsetof(struct mali_suspended, running),
				    &running, sizeof(running));

	return ret ?: mali_mmu_store(csg->gpu, 0, buffer, &magic, sizeof(magic));
}

static int restore_group(struct mali_csg *csg)
{
	u64 buffer = mali_fw_read64(csg->gpu, csg->in + CSG_SUSPEND_BUF);
	u64 magic, none = 0;
	unsigned int i, j;
	u32 running;
	int ret;

	ret = mali_mmu_load(csg->gpu, 0, buffer, &magic, sizeof(magic)) ?:
	      mali_mmu_load(csg->gpu, 0, buffer + offsetof(struct mali_suspended, running),
			    &running, sizeof(running)) ?:
	      mali_mmu_store(csg->gpu, 0, buffer, &none, sizeof(none));
	if (ret)
		return ret;
	if (magic != MALI_SUSPEND_MAGIC) {
		mali_stream_fatal(&csg->streams[0], EXC_CS_UNRECOVERABLE, buffer);
		return 0;
	}

	for (i = 0; i < MALI_STREAMS; i++) {
		struct mali_stream *stream = &csg->streams[i];

		if (!(running & BIT(i)))
			continue;
		ret = mali_mmu_load(csg->gpu, 0, suspended_stream(buffer, i), &stream->ctx,
				    sizeof(stream->ctx));
		if (ret)
			return ret;
		set_ring(stream);
		/* Whatever was asked of the host is asked again. */
		for (j = 0; j < stream->ctx.nr_ops; j++)
			stream->ctx.ops[j].waits = false;
		stream->since = jiffies;
	}

	return 0;
}

static int set_group_state(struct mali_csg *csg, u32 state)
{
	unsigned int i;
	int ret = 0;

	if (state == CSG_SUSPEND && csg->active) {
		ret = save_group(csg);
		csg->gpu->stats.suspends++;
	}
	for (i = 0; i < MALI_STREAMS; i++)
		forget_stream(&csg->streams[i]);
	csg->active = state == CSG_START || state == CSG_RESUME;
	csg->idle = false;
	csg->as = FIELD_GET(CSG_CONFIG_AS, mali_fw_read(csg->gpu, csg->in + CSG_CONFIG));
	if (csg->as >= MALI_AS_COUNT)
		return -EINVAL;
	if (state == CSG_RESUME && !ret)
		ret = restore_group(csg);

	return ret;
}

static void serve_group(struct mali_csg *csg)
{
	struct mali_gpu *gpu = csg->gpu;
	u32 req = mali_fw_read(gpu, csg->in + CSG_REQ);
	u32 ack = mali_fw_read(gpu, csg->out + CSG_ACK);
	u32 answer = (ack & CSG_EVENTS) | (req & ~CSG_EVENTS);
	unsigned int i;

	if ((req ^ ack) & CSG_STATE) {
		check(gpu, set_group_state(csg, FIELD_GET(CSG_STATE, req)));
		if (mali_trouble_once(&gpu->trouble.corrupt_acks))
			answer = (answer & ~CSG_STATE) | NO_STATE;
	}
	for (i = 0; i < MALI_STREAMS; i++) {
		serve_stream(&csg->streams[i]);
		if (((req ^ ack) & CSG_STATUS_UPDATE) && csg->streams[i].running)
			update_status(&csg->streams[i]);
	}
	mali_fw_write(gpu, csg->out + CSG_DOORBELL_ACK,
		      mali_fw_read(gpu, csg->in + CSG_DOORBELL_REQ));
	mali_fw_write(gpu, csg->out + CSG_ACK, answer);
	if ((answer ^ ack) & mali_fw_read(gpu, csg->in + CSG_ACK_IRQ_MASK))
		mali_irq_raise(gpu, MALI_IRQ_JOB, BIT(csg->index));
}

/* Jobs of endpoints that take too long; streams that only loop make no such job. */
static void check_progress(struct mali_csg *csg)
{
	struct mali_gpu *gpu = csg->gpu;
	u64 cycles = (u64)mali_fw_read(gpu, GLB_IN + GLB_PROGRESS_TIMER)
		     << GLB_PROGRESS_TIMER_SHIFT;
	unsigned long limit = msecs_to_jiffies(div_u64(cycles, MALI_CLOCK_HZ / MSEC_PER_SEC));
	unsigned int i;

	for (i = 0; cycles && i < MALI_STREAMS; i++) {
		struct mali_stream *stream = &csg->streams[i];

		if (!stream->running || stream->dead || !stream->ctx.nr_ops ||
		    time_before(jiffies, stream->since + limit))
			continue;
		stream->since = jiffies;
		mali_csg_event(csg, CSG_PROGRESS_TIMER);
	}
}

/* ---- all of it ---- */

static void boot(struct mali_gpu *gpu)
{
	u32 streams = (MALI_REGISTERS - 1) | MALI_SCOREBOARDS << 8 | CS_FEATURES_ENGINES;
	unsigned int i, j;

	gpu->stats.boots++;
	gpu->trouble.hang_mcu = 0;
	gpu->mcu_status = MCU_ENABLED;
	gpu->mcu_idle = true;

	mali_fw_write(gpu, FW_SHARED + GLB_VERSION, gpu->chip->fw_version);
	mali_fw_write(gpu, FW_SHARED + GLB_FEATURES, 0);
	mali_fw_write(gpu, FW_SHARED + GLB_INPUT_VA, GLB_IN);
	mali_fw_write(gpu, FW_SHARED + GLB_OUTPUT_VA, GLB_OUT);
	mali_fw_write(gpu, FW_SHARED + GLB_GROUP_NUM, MALI_CSGS);
	mali_fw_write(gpu, FW_SHARED + GLB_GROUP_STRIDE, GROUP_STRIDE);
	mali_fw_write(gpu, FW_SHARED + GLB_PERFCNT_SIZE, 0);
	mali_fw_write(gpu, FW_SHARED + GLB_INSTR_FEATURES, 0);
	mali_fw_write(gpu, GLB_OUT + GLB_HALT_STATUS, 0);

	for (i = 0; i < MALI_CSGS; i++) {
		struct mali_csg *csg = &gpu->csgs[i];

		csg->in = GROUP_IN(i);
		csg->out = GROUP_OUT(i);
		mali_fw_write(gpu, GROUP(i) + CSG_FEATURES, 0);
		mali_fw_write(gpu, GROUP(i) + CSG_INPUT_VA, csg->in);
		mali_fw_write(gpu, GROUP(i) + CSG_OUTPUT_VA, csg->out);
		mali_fw_write(gpu, GROUP(i) + CSG_SUSPEND_SIZE,
			      PAGE_ALIGN(sizeof(struct mali_suspended)));
		mali_fw_write(gpu, GROUP(i) + CSG_PROTM_SUSPEND_SIZE, PAGE_SIZE);
		mali_fw_write(gpu, GROUP(i) + CSG_STREAM_NUM, MALI_STREAMS);
		mali_fw_write(gpu, GROUP(i) + CSG_STREAM_STRIDE, STREAM_STRIDE);

		for (j = 0; j < MALI_STREAMS; j++) {
			csg->streams[j].in = STREAM_IN(i, j);
			csg->streams[j].out = STREAM_OUT(i, j);
			mali_fw_write(gpu, STREAM(i, j) + CS_FEATURES, streams);
			mali_fw_write(gpu, STREAM(i, j) + CS_INPUT_VA, csg->streams[j].in);
			mali_fw_write(gpu, STREAM(i, j) + CS_OUTPUT_VA, csg->streams[j].out);
		}
	}
	if (gpu->mcu_status == MCU_ENABLED)
		mali_irq_raise(gpu, MALI_IRQ_JOB, JOB_INT_GLOBAL);
}

static bool wants_halt(const struct mali_gpu *gpu, u32 req)
{
	if (gpu->chip->fw_version >= FW_VERSION(4, 1))
		return FIELD_GET(GLB_STATE, req) == GLB_STATE_HALT;

	return req & GLB_HALT;
}

static void serve_global(struct mali_gpu *gpu)
{
	u32 req = mali_fw_read(gpu, GLB_IN + GLB_REQ);
	u32 ack = mali_fw_read(gpu, GLB_OUT + GLB_ACK);
	u32 answer = (ack & GLB_EVENTS) | (req & ~GLB_EVENTS);
	u32 bells = mali_fw_read(gpu, GLB_IN + GLB_DOORBELL_REQ);
	u32 rang = mali_fw_read(gpu, GLB_OUT + GLB_DOORBELL_ACK);
	unsigned int i;

	mali_fw_write(gpu, GLB_OUT + GLB_ACK, answer);
	if ((answer ^ ack) & mali_fw_read(gpu, GLB_IN + GLB_ACK_IRQ_MASK))
		mali_irq_raise(gpu, MALI_IRQ_JOB, JOB_INT_GLOBAL);
	if (wants_halt(gpu, req)) {
		gpu->mcu_status = MCU_HALT;
		return;
	}

	/* Groups take memory that may be anywhere. */
	if (gpu->as[0].lock_size) {
		gpu->mcu_work = bells != rang;
		return;
	}
	for (i = 0; i < MALI_CSGS; i++)
		if ((bells ^ rang) & BIT(i))
			serve_group(&gpu->csgs[i]);
	mali_fw_write(gpu, GLB_OUT + GLB_DOORBELL_ACK, bells);
}

/**
 * mali_mcu_work() - let the MCU look for requests
 * @gpu: the GPU
 *
 * When a locked region is in the way, this is tried again later.
 */
void mali_mcu_work(struct mali_gpu *gpu)
{
	gpu->mcu_work = false;
	if (gpu->mcu_status != MCU_ENABLED || gpu->trouble.hang_mcu)
		return;
	if (mali_mmu_locked(gpu, 0, FW_SHARED, SHARED_SIZE))
		gpu->mcu_work = true;
	else
		serve_global(gpu);
}

/**
 * mali_mcu_stop() - take the power off the MCU
 * @gpu: the GPU
 */
void mali_mcu_stop(struct mali_gpu *gpu)
{
	unsigned int i, j;

	gpu->mcu_status = MCU_DISABLED;
	gpu->mcu_work = false;
	for (i = 0; i < MALI_CSGS; i++) {
		gpu->csgs[i].active = false;
		for (j = 0; j < MALI_STREAMS; j++)
			forget_stream(&gpu->csgs[i].streams[j]);
	}
}

/**
 * mali_mcu_control() - obey MCU_CONTROL
 * @gpu: the GPU
 * @value: what was written
 */
void mali_mcu_control(struct mali_gpu *gpu, u32 value)
{
	gpu->mcu_control = value;
	if (value == MCU_CONTROL_DISABLE)
		mali_mcu_stop(gpu);
	else if (gpu->mcu_status == MCU_DISABLED && !mali_trouble_once(&gpu->trouble.no_boots))
		boot(gpu);
}

/**
 * mali_mcu_report_idle() - tell the host of groups that have nothing to do, or too much
 * @gpu: the GPU
 */
void mali_mcu_report_idle(struct mali_gpu *gpu)
{
	bool all = true;
	unsigned int i, j;

	if (gpu->mcu_status != MCU_ENABLED || gpu->trouble.hang_mcu || gpu->as[0].lock_size)
		return;

	for (i = 0; i < MALI_CSGS; i++) {
		struct mali_csg *csg = &gpu->csgs[i];
		bool idle = true;

		if (!csg->active)
			continue;
		for (j = 0; j < MALI_STREAMS; j++)
			idle &= mali_stream_idle(&csg->streams[j]);
		if (idle != csg->idle) {
			csg->idle = idle;
			mali_fw_write(gpu, csg->out + CSG_STATUS_STATE,
				      idle ? CSG_STATUS_STATE_IDLE : 0);
			if (idle)
				mali_csg_event(csg, CSG_IDLE);
		}
		if (!idle)
			check_progress(csg);
		all &= idle;
	}

	if (all && !gpu->mcu_idle && (mali_fw_read(gpu, GLB_IN + GLB_REQ) & GLB_IDLE_EN) &&
	    toggle_event(gpu, GLB_IN, GLB_OUT, GLB_ACK_IRQ_MASK, GLB_IDLE))
		mali_irq_raise(gpu, MALI_IRQ_JOB, JOB_INT_GLOBAL);
	gpu->mcu_idle = all;
}
