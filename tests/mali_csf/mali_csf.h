/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A register-level model of a Mali CSF GPU: what its parts share.
 */
#ifndef __MALI_CSF_H__
#define __MALI_CSF_H__

#include <linux/irqdomain.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "mali_csf_regs.h"

#define MALI_AS_COUNT		8
#define MALI_CSGS		4
#define MALI_STREAMS		8
#define MALI_REGISTERS		96
#define MALI_SCOREBOARDS	8
#define MALI_TLB_ENTRIES	512
#define MALI_CALL_DEPTH		8
#define MALI_MAX_OPS		16
/* Cycles and time stamps: one for each nanosecond, as the clock of the device tree says. */
#define MALI_CLOCK_HZ		1000000000ul

struct mali_gpu;

/**
 * struct mali_chip - what tells one GPU from another
 * @id: GPU_ID
 * @arch: name of the architecture, "10.8"
 * @features: GPU_FEATURES
 * @shader_present: cores
 * @fw_version: interface version of the firmware
 */
struct mali_chip {
	u32 id;
	const char *arch;
	u64 features;
	u64 shader_present;
	u32 fw_version;
};

/**
 * struct mali_irq - a block of interrupt registers and the line behind it
 * @rawstat: what happened
 * @mask: what of it the line tells
 * @due: the line rose, and the model's thread is to deliver the interrupt
 */
struct mali_irq {
	u32 rawstat;
	u32 mask;
	bool due;
};

/* In the order of the device tree */
enum mali_irq_line { MALI_IRQ_JOB, MALI_IRQ_MMU, MALI_IRQ_GPU, MALI_IRQS };

/**
 * struct mali_tlb_entry - a translation that is remembered
 * @tag: page of the virtual address, plus one; 0 for none
 * @pte: what the page tables said of that page
 */
struct mali_tlb_entry {
	u64 tag;
	u64 pte;
};

/**
 * struct mali_as - an address space
 * @regs: what was written, for reading
 * @transtab: root of the page tables, since the last UPDATE
 * @transcfg: mode, since the last UPDATE
 * @lock_start: first address of the locked region
 * @lock_size: bytes of it; 0 for no lock
 * @fault_status: AS_FAULTSTATUS
 * @fault_address: AS_FAULTADDRESS
 * @tlb: remembered translations
 */
struct mali_as {
	u32 regs[MMU_AS_STRIDE / 4];
	u64 transtab;
	u64 transcfg;
	u64 lock_start;
	u64 lock_size;
	u32 fault_status;
	u64 fault_address;
	struct mali_tlb_entry tlb[MALI_TLB_ENTRIES];
};

/**
 * struct mali_op - an instruction that was issued and has not completed
 * @insn: the instruction
 * @addr: value of its address register, offset included
 * @data: values of the registers it reads
 * @slot: scoreboard that is busy until it completes
 * @left: work that a tiler job still has to do
 * @waits: the host was asked for a chunk of the tiler heap
 */
struct mali_op {
	u64 insn;
	u64 addr;
	u32 data[16];
	u32 slot;
	u32 left;
	bool waits;
};

/**
 * struct mali_frame - where to go on in a called buffer
 * @pc: address of the next instruction
 * @end: address behind the last
 */
struct mali_frame {
	u64 pc;
	u64 end;
};

/**
 * struct mali_context - what of a command stream survives suspension
 * @extract: position in the ring buffer
 * @frames: called buffers, outermost first
 * @depth: number of them
 * @regs: registers
 * @ops: issued instructions, oldest first
 * @nr_ops: number of them
 * @sb_endpoint: scoreboard for jobs
 * @sb_other: scoreboard for loads and stores
 * @heap: context of the tiler heap
 * @oom: exception handler for a tiler heap that is out of memory
 * @progress: what PROGRESS_WAIT of other streams compares with
 * @error: there was a fault since the last ERROR_BARRIER
 */
struct mali_context {
	u64 extract;
	struct mali_frame frames[MALI_CALL_DEPTH];
	u32 depth;
	u32 regs[MALI_REGISTERS];
	struct mali_op ops[MALI_MAX_OPS];
	u32 nr_ops;
	u32 sb_endpoint;
	u32 sb_other;
	u64 heap;
	struct mali_frame oom;
	u64 progress;
	bool error;
};

/**
 * struct mali_suspended - the suspend buffer of a group
 * @magic: tells a buffer that a group was saved to
 * @running: streams that were started
 * @streams: their contexts
 */
struct mali_suspended {
#define MALI_SUSPEND_MAGIC	0x4d43534653555350ull
	u64 magic;
	u32 running;
	struct mali_context streams[MALI_STREAMS];
};

/**
 * struct mali_stream - a command stream slot
 * @csg: the group it belongs to
 * @index: its place there
 * @in: address of the input block
 * @out: address of the output block
 * @running: it was started
 * @dead: a fatal exception stopped it
 * @ring_base: address of the ring buffer
 * @ring_size: its size in bytes
 * @ring_in: address of what the host tells of the ring
 * @ring_out: address of what the firmware tells of the ring
 * @blocked: CS_BLOCKED_x
 * @due: jiffies before which the job does not begin, or 0
 * @since: jiffies when the oldest issued job began
 * @wait: the SYNC_WAIT it is blocked by: instruction, address and value
 * @ctx: all else
 */
struct mali_stream {
	struct mali_csg *csg;
	u32 index;
	u32 in;
	u32 out;
	bool running;
	bool dead;
	u64 ring_base;
	u32 ring_size;
	u64 ring_in;
	u64 ring_out;
	u32 blocked;
	unsigned long due;
	unsigned long since;
	struct {
		u64 insn;
		u64 addr;
		u64 value;
	} wait;
	struct mali_context ctx;
};

/**
 * struct mali_csg - a command stream group slot
 * @gpu: the GPU
 * @index: number of the slot
 * @in: address of the input block
 * @out: address of the output block
 * @active: a group runs here
 * @idle: it was reported idle
 * @as: its address space
 * @streams: its streams
 */
struct mali_csg {
	struct mali_gpu *gpu;
	u32 index;
	u32 in;
	u32 out;
	bool active;
	bool idle;
	u32 as;
	struct mali_stream streams[MALI_STREAMS];
};

/**
 * struct mali_trouble - what debugfs can make go wrong
 * @hang_streams: streams execute nothing
 * @hang_jobs: jobs of endpoints do not complete
 * @hang_mcu: the MCU answers nothing until it boots again
 * @no_boots: so many times the MCU does not boot
 * @drop_irqs: so many interrupts get lost
 * @fault_accesses: so many accesses of streams fault
 * @keep_tlb: so many times the TLB does not forget what it should
 * @corrupt_acks: so many changes of a group's state are answered with nonsense
 * @job_delay_ms: what each job waits before it begins
 * @reset_delay_ms: what a reset takes
 * @flush_delay_ms: what a flush of the caches takes that the driver asks for
 */
struct mali_trouble {
	u32 hang_streams;
	u32 hang_jobs;
	u32 hang_mcu;
	u32 no_boots;
	u32 drop_irqs;
	u32 fault_accesses;
	u32 keep_tlb;
	u32 corrupt_acks;
	u32 job_delay_ms;
	u32 reset_delay_ms;
	u32 flush_delay_ms;
};

/**
 * struct mali_stats - what was done
 * @boots: boots of the MCU
 * @resets: resets of the GPU
 * @flushes: flushes of the caches that the driver has asked for
 * @flushed: those that are done
 * @irqs: delivered interrupts
 * @faults: page faults
 * @jobs: calls out of ring buffers
 * @insns: executed instructions
 * @tlb_hits: translations that were remembered
 * @tlb_misses: translations that were not
 * @block_misses: those of them that ended at a block instead of a page
 * @locked_pages: pages of the regions that LOCK commands locked
 * @stalls: accesses that a locked region held up
 * @suspends: suspended groups
 * @ooms: chunks of tiler heaps asked for
 */
struct mali_stats {
	u64 boots;
	u64 resets;
	u64 flushes;
	u64 flushed;
	u64 irqs;
	u64 faults;
	u64 jobs;
	u64 insns;
	u64 tlb_hits;
	u64 tlb_misses;
	u64 block_misses;
	u64 locked_pages;
	u64 stalls;
	u64 suspends;
	u64 ooms;
};

/**
 * struct mali_gpu - the GPU
 * @chip: which one
 * @lock: held over each access to a register and each turn of a stream, so that a
 *	  command to the MMU never overtakes an access to memory
 * @wake: the thread sleeps here
 * @work: there is something to do for it
 * @domain: the interrupt lines
 * @window: first physical address of the registers
 * @irqs: interrupt registers
 * @as: address spaces
 * @ready: powered parts of the domains
 * @l2_config: GPU_L2_CONFIG
 * @asn_hash: GPU_ASN_HASH
 * @coherency: GPU_COHERENCY_PROTOCOL
 * @timestamp_offset: GPU_TIMESTAMP_OFFSET
 * @fault_status: GPU_FAULT_STATUS
 * @fault_addr: GPU_FAULT_ADDR
 * @reset_due: jiffies when the reset completes, or 0
 * @flush_due: the same of a flush
 * @latest_flush: counts cache flushes
 * @mcu_status: MCU_x
 * @mcu_control: MCU_CONTROL
 * @mcu_work: requests of the host wait for the MCU
 * @mcu_idle: all groups were reported idle
 * @csgs: group slots
 * @trouble: wanted trouble
 * @stats: figures
 */
struct mali_gpu {
	const struct mali_chip *chip;
	spinlock_t lock; /* all of it */
	wait_queue_head_t wake;
	bool work;
	struct irq_domain *domain;
	phys_addr_t window;

	struct mali_irq irqs[MALI_IRQS];
	struct mali_as as[MALI_AS_COUNT];
	u64 ready[MALI_DOMAINS];
	u32 l2_config;
	u32 asn_hash[3];
	u32 coherency;
	u64 timestamp_offset;
	u32 fault_status;
	u64 fault_addr;
	unsigned long reset_due;
	unsigned long flush_due;
	u32 latest_flush;

	u32 mcu_status;
	u32 mcu_control;
	bool mcu_work;
	bool mcu_idle;
	struct mali_csg csgs[MALI_CSGS];

	struct mali_trouble trouble;
	struct mali_stats stats;
};

/* mali_csf_main.c */
void mali_kick(struct mali_gpu *gpu);
bool mali_trouble_once(u32 *count);

/* mali_csf_gpu.c */
u32 mali_gpu_read(struct mali_gpu *gpu, u32 reg);
void mali_gpu_write(struct mali_gpu *gpu, u32 reg, u32 value);
void mali_gpu_poll(struct mali_gpu *gpu);
void mali_gpu_fault(struct mali_gpu *gpu, u32 status, u64 addr);
void mali_flush_caches(struct mali_gpu *gpu);
void mali_irq_raise(struct mali_gpu *gpu, enum mali_irq_line line, u32 bits);

/* mali_csf_mmu.c */
u32 mali_mmu_read(struct mali_gpu *gpu, u32 offset);
void mali_mmu_write(struct mali_gpu *gpu, u32 offset, u32 value);
void mali_mmu_reset(struct mali_gpu *gpu);
bool mali_mmu_locked(struct mali_gpu *gpu, u32 as, u64 va, u64 size);
int mali_mmu_load(struct mali_gpu *gpu, u32 as, u64 va, void *to, size_t size);
int mali_mmu_store(struct mali_gpu *gpu, u32 as, u64 va, const void *from, size_t size);
void mali_mmu_fault(struct mali_gpu *gpu, u32 as, u64 va, u32 status);

/* mali_csf_fw.c */
void mali_mcu_control(struct mali_gpu *gpu, u32 value);
void mali_mcu_stop(struct mali_gpu *gpu);
void mali_mcu_work(struct mali_gpu *gpu);
void mali_mcu_report_idle(struct mali_gpu *gpu);
u32 mali_fw_read(struct mali_gpu *gpu, u32 va);
u64 mali_fw_read64(struct mali_gpu *gpu, u32 va);
void mali_fw_write(struct mali_gpu *gpu, u32 va, u32 value);
void mali_fw_write64(struct mali_gpu *gpu, u32 va, u64 value);
void mali_csg_event(struct mali_csg *csg, u32 event);
void mali_stream_event(struct mali_stream *stream, u32 event);
void mali_stream_fatal(struct mali_stream *stream, u32 exception, u64 info);
void mali_stream_fault(struct mali_stream *stream, u32 exception, u64 info);

/* mali_csf_cs.c */
bool mali_stream_run(struct mali_stream *stream);
bool mali_stream_idle(struct mali_stream *stream);
u32 mali_stream_busy_slots(const struct mali_stream *stream);
int mali_stream_call(struct mali_stream *stream, u64 addr, u64 size);

/* mali_csf_heap.c */
int mali_heap_count(struct mali_stream *stream, u32 operation);
int mali_heap_tile(struct mali_stream *stream, struct mali_op *op);
int mali_heap_finish_fragment(struct mali_stream *stream, const struct mali_op *op);

/* mali_csf_debugfs.c */
void mali_debugfs_init(struct mali_gpu *gpu);

#endif
