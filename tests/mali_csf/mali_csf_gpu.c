// SPDX-License-Identifier: GPL-2.0
/*
 * Registers: what the GPU says of itself, interrupts, power, reset, caches.
 */
#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/timekeeping.h>

#include "mali_csf.h"

static u32 half(u64 value, u32 reg)
{
	return reg & 4 ? upper_32_bits(value) : lower_32_bits(value);
}

/* ---- interrupts ---- */

static void irq_update(struct mali_gpu *gpu, struct mali_irq *irq)
{
	irq->due = irq->rawstat & irq->mask;
	if (irq->due)
		mali_kick(gpu);
}

/**
 * mali_irq_raise() - let something be told by an interrupt
 * @gpu: the GPU
 * @line: which line
 * @bits: what happened
 */
void mali_irq_raise(struct mali_gpu *gpu, enum mali_irq_line line, u32 bits)
{
	gpu->irqs[line].rawstat |= bits;
	irq_update(gpu, &gpu->irqs[line]);
}

/* Return: the block of interrupt registers that @reg belongs to, or NULL. */
static struct mali_irq *irq_block(struct mali_gpu *gpu, u32 reg)
{
	switch (reg & ~0xf) {
	case GPU_INT_BASE:
		return &gpu->irqs[MALI_IRQ_GPU];
	case JOB_INT_BASE:
		return &gpu->irqs[MALI_IRQ_JOB];
	case MMU_INT_BASE:
		return &gpu->irqs[MALI_IRQ_MMU];
	default:
		return NULL;
	}
}

static u32 irq_read(const struct mali_irq *irq, u32 reg)
{
	switch (reg) {
	case INT_RAWSTAT:
		return irq->rawstat;
	case INT_MASK:
		return irq->mask;
	case INT_STAT:
		return irq->rawstat & irq->mask;
	default:
		return 0;
	}
}

static void irq_write(struct mali_gpu *gpu, struct mali_irq *irq, u32 reg, u32 value)
{
	if (reg == INT_CLEAR)
		irq->rawstat &= ~value;
	else if (reg == INT_MASK)
		irq->mask = value;
	irq_update(gpu, irq);
}

/* ---- power, caches, reset ---- */

static u64 present(const struct mali_gpu *gpu, unsigned int domain)
{
	return domain ? 1 : gpu->chip->shader_present;
}

static void power(struct mali_gpu *gpu, u32 reg, u32 value)
{
	unsigned int domain = (reg >> 4) & 3;
	u64 mask = (u64)value << (reg & 4 ? 32 : 0);

	if (domain >= MALI_DOMAINS)
		return;
	if (reg < GPU_PWROFF)
		gpu->ready[domain] |= mask & present(gpu, domain);
	else
		gpu->ready[domain] &= ~mask;
	mali_irq_raise(gpu, MALI_IRQ_GPU, GPU_IRQ_POWER_CHANGED | GPU_IRQ_POWER_CHANGED_ALL);
}

/**
 * mali_flush_caches() - flush what there are no caches of
 * @gpu: the GPU
 *
 * All that can be seen is the number of the latest flush, in a register that user
 * space maps as well.
 */
void mali_flush_caches(struct mali_gpu *gpu)
{
	u32 *page = phys_to_virt(gpu->window + CSF_LATEST_FLUSH);

	WRITE_ONCE(*page, ++gpu->latest_flush);
}

/* 0 says that nothing is going on. */
static unsigned long due_in(u32 ms)
{
	return (jiffies + msecs_to_jiffies(ms)) | 1;
}

static bool is_due(unsigned long due, u32 ms)
{
	return due && (!ms || !time_before(jiffies, due));
}

static void reset(struct mali_gpu *gpu)
{
	gpu->stats.resets++;
	mali_mcu_stop(gpu);
	mali_mmu_reset(gpu);
	memset(gpu->ready, 0, sizeof(gpu->ready));
	gpu->irqs[MALI_IRQ_JOB].rawstat = 0;
	gpu->irqs[MALI_IRQ_MMU].rawstat = 0;
	gpu->l2_config = 0;
	gpu->fault_status = 0;
	gpu->fault_addr = 0;

	gpu->flush_due = 0;
	gpu->reset_due = due_in(gpu->trouble.reset_delay_ms);
	mali_gpu_poll(gpu);
}

/**
 * mali_gpu_poll() - complete a reset and a flush that take time
 * @gpu: the GPU
 */
void mali_gpu_poll(struct mali_gpu *gpu)
{
	if (is_due(gpu->reset_due, gpu->trouble.reset_delay_ms)) {
		gpu->reset_due = 0;
		mali_irq_raise(gpu, MALI_IRQ_GPU, GPU_IRQ_RESET_COMPLETED);
	}
	if (is_due(gpu->flush_due, gpu->trouble.flush_delay_ms)) {
		gpu->flush_due = 0;
		gpu->stats.flushed++;
		mali_irq_raise(gpu, MALI_IRQ_GPU, GPU_IRQ_CLEAN_CACHES_COMPLETED);
	}
}

/**
 * mali_gpu_fault() - report a fault of the GPU that is no page fault
 * @gpu: the GPU
 * @status: exception
 * @addr: address
 */
void mali_gpu_fault(struct mali_gpu *gpu, u32 status, u64 addr)
{
	gpu->fault_status = status;
	gpu->fault_addr = addr;
	mali_irq_raise(gpu, MALI_IRQ_GPU, GPU_IRQ_FAULT);
}

static void gpu_command(struct mali_gpu *gpu, u32 value)
{
	switch (FIELD_GET(GPU_CMD_TYPE, value)) {
	case GPU_CMD_RESET:
		reset(gpu);
		break;
	case GPU_CMD_FLUSH_CACHES:
		mali_flush_caches(gpu);
		gpu->stats.flushes++;
		gpu->flush_due = due_in(gpu->trouble.flush_delay_ms);
		mali_gpu_poll(gpu);
		mali_kick(gpu);
		break;
	}
}

/* ---- the registers ---- */

static u32 power_read(const struct mali_gpu *gpu, u32 reg)
{
	unsigned int domain = (reg >> 4) & 3;

	if (domain >= MALI_DOMAINS)
		return 0;

	switch (reg & ~0x3f) {
	case GPU_PRESENT:
		return half(present(gpu, domain), reg);
	case GPU_READY:
		return half(gpu->ready[domain], reg);
	default:
		/* Changes take no time, and nothing is ever found active. */
		return 0;
	}
}

static u32 gpu_read(const struct mali_gpu *gpu, u32 reg)
{
	switch (reg) {
	case GPU_ID:
		return gpu->chip->id;
	case GPU_L2_FEATURES:
		/* 64-byte lines */
		return 0x07120206;
	case GPU_TILER_FEATURES:
		return 0x809;
	case GPU_MEM_FEATURES:
		return 1;
	case GPU_MMU_FEATURES:
		/* 48 bits of virtual, 40 of physical address */
		return 0x2830;
	case GPU_AS_PRESENT:
		return GENMASK(MALI_AS_COUNT - 1, 0);
	case GPU_CSF_ID:
		return 0x40a0412;
	case GPU_FAULT_STATUS:
		return gpu->fault_status;
	case GPU_FAULT_ADDR:
	case GPU_FAULT_ADDR + 4:
		return half(gpu->fault_addr, reg);
	case GPU_L2_CONFIG:
		return gpu->l2_config;
	case GPU_FEATURES:
	case GPU_FEATURES + 4:
		return half(gpu->chip->features, reg);
	case GPU_TIMESTAMP_OFFSET:
	case GPU_TIMESTAMP_OFFSET + 4:
		return half(gpu->timestamp_offset, reg - GPU_TIMESTAMP_OFFSET);
	case GPU_CYCLE_COUNT:
	case GPU_CYCLE_COUNT + 4:
		return half(ktime_get_ns(), reg - GPU_CYCLE_COUNT);
	case GPU_TIMESTAMP:
	case GPU_TIMESTAMP + 4:
		return half(ktime_get_ns() + gpu->timestamp_offset, reg - GPU_TIMESTAMP);
	case GPU_THREAD_MAX_THREADS:
		return 0x800;
	case GPU_THREAD_MAX_WORKGROUP_SIZE:
	case GPU_THREAD_MAX_BARRIER_SIZE:
		return 0x400;
	case GPU_THREAD_FEATURES:
		return 0x4010000;
	case GPU_TEXTURE_FEATURES(0):
		return 0xc0ffffff;
	case GPU_COHERENCY_FEATURES:
		return COHERENCY_ACE_LITE;
	case GPU_COHERENCY_PROTOCOL:
		return gpu->coherency;
	case GPU_ASN_HASH(0):
	case GPU_ASN_HASH(1):
	case GPU_ASN_HASH(2):
		return gpu->asn_hash[(reg - GPU_ASN_HASH(0)) / 4];
	case MCU_CONTROL:
		return gpu->mcu_control;
	case MCU_STATUS:
		return gpu->mcu_status;
	case CSF_LATEST_FLUSH:
		return gpu->latest_flush;
	default:
		return 0;
	}
}

/**
 * mali_gpu_read() - read a register
 * @gpu: the GPU
 * @reg: offset in the window
 *
 * Return: its value; 0 for those that are not modelled.
 */
u32 mali_gpu_read(struct mali_gpu *gpu, u32 reg)
{
	struct mali_irq *irq = irq_block(gpu, reg);

	if (irq)
		return irq_read(irq, reg & 0xf);
	if (reg >= GPU_PRESENT && reg < GPU_REVID)
		return power_read(gpu, reg);
	if (reg >= MMU_AS_BASE && reg < CSF_LATEST_FLUSH)
		return mali_mmu_read(gpu, reg - MMU_AS_BASE);

	return gpu_read(gpu, reg);
}

/**
 * mali_gpu_write() - write a register
 * @gpu: the GPU
 * @reg: offset in the window
 * @value: its value
 *
 * What is written to registers that are not modelled, or only read, is lost.
 */
void mali_gpu_write(struct mali_gpu *gpu, u32 reg, u32 value)
{
	struct mali_irq *irq = irq_block(gpu, reg);

	if (irq) {
		irq_write(gpu, irq, reg & 0xf, value);
		return;
	}
	if (reg >= CSF_DOORBELL_BASE) {
		/* The host may poll for the answer without letting anybody else run. */
		if (reg == CSF_DOORBELL_BASE)
			mali_mcu_work(gpu);
		mali_kick(gpu);
		return;
	}
	if (reg >= MMU_AS_BASE && reg < CSF_LATEST_FLUSH) {
		mali_mmu_write(gpu, reg - MMU_AS_BASE, value);
		return;
	}
	if (reg >= GPU_PWRON && reg < GPU_PWRTRANS) {
		power(gpu, reg, value);
		return;
	}

	switch (reg) {
	case GPU_CMD:
		gpu_command(gpu, value);
		break;
	case GPU_L2_CONFIG:
		gpu->l2_config = value;
		break;
	case GPU_TIMESTAMP_OFFSET:
		gpu->timestamp_offset = (gpu->timestamp_offset & ~0xffffffffull) | value;
		break;
	case GPU_TIMESTAMP_OFFSET + 4:
		gpu->timestamp_offset = (u32)gpu->timestamp_offset | (u64)value << 32;
		break;
	case GPU_COHERENCY_PROTOCOL:
		gpu->coherency = value;
		break;
	case GPU_ASN_HASH(0):
	case GPU_ASN_HASH(1):
	case GPU_ASN_HASH(2):
		gpu->asn_hash[(reg - GPU_ASN_HASH(0)) / 4] = value;
		break;
	case MCU_CONTROL:
		mali_mcu_control(gpu, value);
		break;
	}
}
