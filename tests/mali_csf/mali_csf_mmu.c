// SPDX-License-Identifier: GPL-2.0
/*
 * The MMU: address spaces, walks of page tables, a TLB that forgets nothing
 * unless it is told to, locked regions and faults.
 */
#include <linux/bitfield.h>
#include <linux/bug.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "mali_csf.h"

#define LAST_LEVEL		3
#define LEVEL_BITS		9

static unsigned int level_shift(unsigned int level)
{
	return PAGE_SHIFT + (LAST_LEVEL - level) * LEVEL_BITS;
}

/* Return: bytes of virtual address that the mode of @as can translate, as a number of bits. */
static unsigned int va_bits(const struct mali_as *as)
{
	return 55 - FIELD_GET(AS_TRANSCFG_INA_BITS, as->transcfg);
}

/*
 * Walk the page tables. Return: 0 and an entry that describes the 4 KiB page of
 * @va alone, or the status of the fault.
 */
static u32 walk(const struct mali_as *as, u64 va, u64 *pte)
{
	unsigned int bits, level;
	u64 table = as->transtab & PTE_ADDRESS;

	if (FIELD_GET(AS_TRANSCFG_ADRMODE, as->transcfg) != AS_TRANSCFG_ADRMODE_4K)
		return EXC_TRANSLATION_FAULT(0);

	bits = va_bits(as);
	if (va >> bits)
		return EXC_TRANSLATION_FAULT(0);

	for (level = LAST_LEVEL + 1 - DIV_ROUND_UP(bits - PAGE_SHIFT, LEVEL_BITS);; level++) {
		unsigned int shift = level_shift(level);
		u64 entry, index = va >> shift & (BIT(LEVEL_BITS) - 1);

		if (!pfn_valid(PHYS_PFN(table)))
			return EXC_GPU_BUS_FAULT;
		entry = READ_ONCE(*((u64 *)phys_to_virt(table) + index));
		if (!(entry & PTE_VALID))
			return EXC_TRANSLATION_FAULT(level);

		if (level == LAST_LEVEL || !(entry & PTE_TABLE)) {
			if (level == LAST_LEVEL && !(entry & PTE_TABLE))
				return EXC_TRANSLATION_FAULT(level);
			*pte = entry | (va & GENMASK_ULL(shift - 1, 0) & PAGE_MASK);
			return 0;
		}
		table = entry & PTE_ADDRESS;
	}
}

static struct mali_tlb_entry *tlb_entry(struct mali_as *as, u64 va)
{
	return &as->tlb[(va >> PAGE_SHIFT) % MALI_TLB_ENTRIES];
}

static u64 tlb_tag(u64 va)
{
	return (va >> PAGE_SHIFT) + 1;
}

static void tlb_forget(struct mali_gpu *gpu, struct mali_as *as, u64 start, u64 size)
{
	unsigned int i;

	if (mali_trouble_once(&gpu->trouble.keep_tlb))
		return;
	for (i = 0; i < MALI_TLB_ENTRIES; i++) {
		u64 va = (as->tlb[i].tag - 1) << PAGE_SHIFT;

		if (as->tlb[i].tag && va - start < size)
			as->tlb[i].tag = 0;
	}
}

bool mali_mmu_locked(struct mali_gpu *gpu, u32 as, u64 va, u64 size)
{
	u64 start = gpu->as[as].lock_start, length = gpu->as[as].lock_size;

	return length && va < start + length && start < va + size;
}

/**
 * mali_mmu_fault() - report a fault of an address space
 * @gpu: the GPU
 * @as: number of the address space
 * @va: the address
 * @status: what goes to AS_FAULTSTATUS
 *
 * A fault that the host has not cleared yet is not overwritten.
 */
void mali_mmu_fault(struct mali_gpu *gpu, u32 as, u64 va, u32 status)
{
	if (!(gpu->irqs[MALI_IRQ_MMU].rawstat & BIT(as))) {
		gpu->as[as].fault_status = status;
		gpu->as[as].fault_address = va;
	}
	gpu->stats.faults++;
	mali_irq_raise(gpu, MALI_IRQ_MMU, BIT(as));
}

/* Return: the status of the fault, or 0 and where @va is. */
static u32 translate(struct mali_gpu *gpu, u32 nr, u64 va, bool write, void **at)
{
	struct mali_as *as = &gpu->as[nr];
	struct mali_tlb_entry *entry = tlb_entry(as, va);
	struct page *page;
	u64 pte;
	u32 status;

	status = walk(as, va, &pte);
	if (entry->tag == tlb_tag(va)) {
		gpu->stats.tlb_hits++;
		WARN_ONCE(status || pte != entry->pte,
			  "AS %u: 0x%llx was not invalidated: TLB 0x%llx, now 0x%llx\n",
			  nr, va, entry->pte, status ? 0 : pte);
		pte = entry->pte;
	} else {
		gpu->stats.tlb_misses++;
		if (status)
			return status;
		/* At the last level the bit is always set. */
		gpu->stats.block_misses += !(pte & PTE_TABLE);
		entry->tag = tlb_tag(va);
		entry->pte = pte;
	}

	if (write && (pte & PTE_READ_ONLY))
		return EXC_PERM_FAULT(LAST_LEVEL);
	if (!pfn_valid(PHYS_PFN(pte & PTE_ADDRESS)))
		return EXC_GPU_BUS_FAULT;

	page = pfn_to_page(PHYS_PFN(pte & PTE_ADDRESS));
	if (WARN_ONCE(!folio_ref_count(page_folio(page)),
		      "AS %u: 0x%llx leads to a free page, entry 0x%llx\n", nr, va, pte))
		return EXC_GPU_BUS_FAULT;

	*at = page_address(page) + offset_in_page(va);

	return 0;
}

/* What the host looks at meanwhile must not be seen half written. */
static void copy(void *to, const void *from, size_t size, void *shared)
{
	if (size == sizeof(u64) && IS_ALIGNED((uintptr_t)shared, sizeof(u64)))
		WRITE_ONCE(*(u64 *)to, READ_ONCE(*(const u64 *)from));
	else if (size == sizeof(u32) && IS_ALIGNED((uintptr_t)shared, sizeof(u32)))
		WRITE_ONCE(*(u32 *)to, READ_ONCE(*(const u32 *)from));
	else
		memcpy(to, from, size);
}

static int access(struct mali_gpu *gpu, u32 as, u64 va, void *buf, size_t size, bool write)
{
	if (mali_mmu_locked(gpu, as, va, size)) {
		gpu->stats.stalls++;
		return -EAGAIN;
	}

	while (size) {
		size_t part = min(size, PAGE_SIZE - offset_in_page(va));
		void *at;
		u32 status;

		if (as && mali_trouble_once(&gpu->trouble.fault_accesses))
			status = EXC_TRANSLATION_FAULT(LAST_LEVEL);
		else
			status = translate(gpu, as, va, write, &at);
		if (status) {
			status |= write ? AS_FAULT_ACCESS_WRITE : AS_FAULT_ACCESS_READ;
			mali_mmu_fault(gpu, as, va, status);
			return -EFAULT;
		}
		if (write)
			copy(at, buf, part, at);
		else
			copy(buf, at, part, at);
		va += part;
		buf += part;
		size -= part;
	}

	return 0;
}

/**
 * mali_mmu_load() - read memory through an address space
 * @gpu: the GPU
 * @as: number of the address space
 * @va: virtual address
 * @to: where the bytes go, aligned if their number is 4 or 8
 * @size: number of bytes
 *
 * Return: 0; -EAGAIN when a locked region holds the access up; -EFAULT when
 * there was a fault, which the host was told.
 */
int mali_mmu_load(struct mali_gpu *gpu, u32 as, u64 va, void *to, size_t size)
{
	return access(gpu, as, va, to, size, false);
}

/**
 * mali_mmu_store() - write memory through an address space
 * @gpu: the GPU
 * @as: number of the address space
 * @va: virtual address
 * @from: the bytes, aligned if their number is 4 or 8
 * @size: number of bytes
 *
 * Return: 0; -EAGAIN when a locked region holds the access up; -EFAULT when
 * there was a fault, which the host was told.
 */
int mali_mmu_store(struct mali_gpu *gpu, u32 as, u64 va, const void *from, size_t size)
{
	return access(gpu, as, va, (void *)from, size, true);
}

static u64 reg64(const struct mali_as *as, u32 reg)
{
	return as->regs[reg / 4] | (u64)as->regs[reg / 4 + 1] << 32;
}

static void command(struct mali_gpu *gpu, struct mali_as *as, u32 value)
{
	u64 lock = reg64(as, AS_LOCKADDR);
	u64 width = FIELD_GET(AS_LOCKADDR_WIDTH, lock) + 1;

	switch (value) {
	case AS_COMMAND_UPDATE:
		as->transtab = reg64(as, AS_TRANSTAB);
		as->transcfg = reg64(as, AS_TRANSCFG);
		tlb_forget(gpu, as, 0, U64_MAX);
		break;
	case AS_COMMAND_LOCK:
		/* Nothing of it comes back before the UNLOCK. */
		as->lock_size = BIT_ULL(min(width, 63));
		as->lock_start = lock & ~(as->lock_size - 1);
		gpu->stats.locked_pages += as->lock_size >> PAGE_SHIFT;
		tlb_forget(gpu, as, as->lock_start, as->lock_size);
		break;
	case AS_COMMAND_FLUSH_PT:
	case AS_COMMAND_FLUSH_MEM:
		tlb_forget(gpu, as, 0, U64_MAX);
		fallthrough;
	case AS_COMMAND_UNLOCK:
		as->lock_size = 0;
		mali_kick(gpu);
		break;
	}
}

u32 mali_mmu_read(struct mali_gpu *gpu, u32 offset)
{
	u32 reg = offset % MMU_AS_STRIDE;
	struct mali_as *as;

	if (offset / MMU_AS_STRIDE >= MALI_AS_COUNT)
		return 0;
	as = &gpu->as[offset / MMU_AS_STRIDE];

	switch (reg) {
	case AS_FAULTSTATUS:
		return as->fault_status;
	case AS_FAULTADDRESS:
		return lower_32_bits(as->fault_address);
	case AS_FAULTADDRESS + 4:
		return upper_32_bits(as->fault_address);
	case AS_COMMAND:
	case AS_STATUS:
		/* Commands are done when the write returns. */
		return 0;
	default:
		return as->regs[reg / 4];
	}
}

void mali_mmu_write(struct mali_gpu *gpu, u32 offset, u32 value)
{
	u32 reg = offset % MMU_AS_STRIDE;
	struct mali_as *as;

	if (offset / MMU_AS_STRIDE >= MALI_AS_COUNT)
		return;
	as = &gpu->as[offset / MMU_AS_STRIDE];

	if (reg == AS_COMMAND)
		command(gpu, as, value);
	else
		as->regs[reg / 4] = value;
}

void mali_mmu_reset(struct mali_gpu *gpu)
{
	memset(gpu->as, 0, sizeof(gpu->as));
}
