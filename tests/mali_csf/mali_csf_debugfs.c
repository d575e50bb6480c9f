// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: trouble that is wanted, and figures. README.md says what each means.
 */
#include <linux/debugfs.h>

#include "mali_csf.h"

static int gpu_fault_set(void *data, u64 value)
{
	struct mali_gpu *gpu = data;

	guard(spinlock_irqsave)(&gpu->lock);
	mali_gpu_fault(gpu, value, 0);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(gpu_fault_fops, NULL, gpu_fault_set, "%llu\n");

static int mmu_fault_set(void *data, u64 value)
{
	struct mali_gpu *gpu = data;

	if (value >= MALI_AS_COUNT)
		return -EINVAL;
	guard(spinlock_irqsave)(&gpu->lock);
	mali_mmu_fault(gpu, value, 0, EXC_TRANSLATION_FAULT(0) | AS_FAULT_ACCESS_READ);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(mmu_fault_fops, NULL, mmu_fault_set, "%llu\n");

/**
 * mali_debugfs_init() - make the files of debugfs
 * @gpu: the GPU
 */
void mali_debugfs_init(struct mali_gpu *gpu)
{
	struct dentry *dir = debugfs_create_dir("mali_csf", NULL);
	struct dentry *stats = debugfs_create_dir("stats", dir);

	debugfs_create_file_unsafe("gpu_fault", 0200, dir, gpu, &gpu_fault_fops);
	debugfs_create_file_unsafe("mmu_fault", 0200, dir, gpu, &mmu_fault_fops);
#define TROUBLE(name) debugfs_create_u32(#name, 0600, dir, &gpu->trouble.name)
	TROUBLE(hang_streams);
	TROUBLE(hang_jobs);
	TROUBLE(hang_mcu);
	TROUBLE(no_boots);
	TROUBLE(drop_irqs);
	TROUBLE(fault_accesses);
	TROUBLE(keep_tlb);
	TROUBLE(corrupt_acks);
	TROUBLE(job_delay_ms);
	TROUBLE(reset_delay_ms);
	TROUBLE(flush_delay_ms);
#undef TROUBLE

#define STAT(name) debugfs_create_u64(#name, 0400, stats, &gpu->stats.name)
	STAT(boots);
	STAT(resets);
	STAT(flushes);
	STAT(flushed);
	STAT(irqs);
	STAT(faults);
	STAT(jobs);
	STAT(insns);
	STAT(tlb_hits);
	STAT(tlb_misses);
	STAT(block_misses);
	STAT(locked_pages);
	STAT(stalls);
	STAT(suspends);
	STAT(ooms);
#undef STAT
}
