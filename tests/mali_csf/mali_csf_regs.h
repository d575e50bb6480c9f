/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Facts about Mali CSF GPUs of architecture 10 to 13: registers, the memory
 * that host and firmware share, and instructions of command streams. Names,
 * numbers and layouts come from the headers of the panthor driver
 * (panthor_{gpu,mmu,fw}_regs.h, panthor_fw.h) and from Mesa's published
 * description of the instructions (src/panfrost/lib/genxml/v10.xml and newer).
 */
#ifndef __MALI_CSF_REGS_H__
#define __MALI_CSF_REGS_H__

#include <linux/bits.h>

/* GPU control */
#define GPU_ID				0x000
#define GPU_L2_FEATURES			0x004
#define GPU_TILER_FEATURES		0x00c
#define GPU_MEM_FEATURES		0x010
#define GPU_MMU_FEATURES		0x014
#define GPU_AS_PRESENT			0x018
#define GPU_CSF_ID			0x01c
#define GPU_INT_BASE			0x020
#define   GPU_IRQ_FAULT				BIT(0)
#define   GPU_IRQ_RESET_COMPLETED		BIT(8)
#define   GPU_IRQ_POWER_CHANGED			BIT(9)
#define   GPU_IRQ_POWER_CHANGED_ALL		BIT(10)
#define   GPU_IRQ_CLEAN_CACHES_COMPLETED	BIT(17)
#define GPU_CMD				0x030
#define   GPU_CMD_TYPE				GENMASK(7, 0)
#define   GPU_CMD_RESET				1
#define   GPU_CMD_FLUSH_CACHES			4
#define GPU_FAULT_STATUS		0x03c
#define GPU_FAULT_ADDR			0x040
#define GPU_L2_CONFIG			0x048
#define GPU_FEATURES			0x060
#define GPU_TIMESTAMP_OFFSET		0x088
#define GPU_CYCLE_COUNT			0x090
#define GPU_TIMESTAMP			0x098
#define GPU_THREAD_MAX_THREADS		0x0a0
#define GPU_THREAD_MAX_WORKGROUP_SIZE	0x0a4
#define GPU_THREAD_MAX_BARRIER_SIZE	0x0a8
#define GPU_THREAD_FEATURES		0x0ac
#define GPU_TEXTURE_FEATURES(n)		(0x0b0 + 4 * (n))
/* Three domains each, 0x10 apart: shader cores, tiler, L2 */
#define GPU_PRESENT			0x100
#define GPU_READY			0x140
#define GPU_PWRON			0x180
#define GPU_PWROFF			0x1c0
#define GPU_PWRTRANS			0x200
#define   MALI_DOMAINS				3
#define GPU_REVID			0x280
#define GPU_ASN_HASH(n)			(0x2c0 + 4 * (n))
#define GPU_COHERENCY_FEATURES		0x300
#define   COHERENCY_ACE_LITE			BIT(0)
#define GPU_COHERENCY_PROTOCOL		0x304

#define MCU_CONTROL			0x700
#define   MCU_CONTROL_DISABLE			0
#define MCU_STATUS			0x704
#define   MCU_DISABLED				0
#define   MCU_ENABLED				1
#define   MCU_HALT				2
#define   MCU_FATAL				3

#define JOB_INT_BASE			0x1000
#define   JOB_INT_GLOBAL			BIT(31)
#define MMU_INT_BASE			0x2000

/* A block of interrupt registers */
#define INT_RAWSTAT			0x0
#define INT_CLEAR			0x4
#define INT_MASK			0x8
#define INT_STAT			0xc

/* Address spaces, 0x40 apart */
#define MMU_AS_BASE			0x2400
#define MMU_AS_STRIDE			0x40
#define AS_TRANSTAB			0x00
#define AS_LOCKADDR			0x10
#define   AS_LOCKADDR_WIDTH			GENMASK_ULL(5, 0)
#define AS_COMMAND			0x18
#define   AS_COMMAND_UPDATE			1
#define   AS_COMMAND_LOCK			2
#define   AS_COMMAND_UNLOCK			3
#define   AS_COMMAND_FLUSH_PT			4
#define   AS_COMMAND_FLUSH_MEM			5
#define AS_FAULTSTATUS			0x1c
#define   AS_FAULT_ACCESS_READ			(2 << 8)
#define   AS_FAULT_ACCESS_WRITE			(3 << 8)
#define AS_FAULTADDRESS			0x20
#define AS_STATUS			0x28
#define AS_TRANSCFG			0x30
#define   AS_TRANSCFG_ADRMODE			GENMASK_ULL(3, 0)
#define   AS_TRANSCFG_ADRMODE_4K		6
#define   AS_TRANSCFG_INA_BITS			GENMASK_ULL(10, 6)

/* Page table entries: 4K LPAE, stage 1 */
#define PTE_VALID			BIT_ULL(0)
#define PTE_TABLE			BIT_ULL(1)
#define PTE_READ_ONLY			BIT_ULL(7)
#define PTE_ADDRESS			GENMASK_ULL(47, 12)

#define CSF_LATEST_FLUSH		0x10000
#define CSF_DOORBELL_BASE		0x80000

/* Exceptions, as fault registers and interfaces tell them */
#define EXC_CS_UNRECOVERABLE		0x41
#define EXC_CS_BUS_FAULT		0x48
#define EXC_CS_INSTR_INVALID		0x49
#define EXC_CS_CALL_STACK_OVERFLOW	0x4a
#define EXC_CS_INHERIT_FAULT		0x4b
#define EXC_ADDR_RANGE_FAULT		0x5a
#define EXC_OOM				0x60
#define EXC_CSF_FW_INTERNAL_ERROR	0x68
#define EXC_GPU_BUS_FAULT		0x80
#define EXC_TRANSLATION_FAULT(level)	(0xc0 + (level))
#define EXC_PERM_FAULT(level)		(0xc8 + (level))

/* Firmware interfaces. The global control block lies where the shared section begins. */
#define FW_SHARED			0x04000000
#define FW_GROUP_CONTROL		0x1000
#define FW_STREAM_CONTROL		0x40

#define GLB_VERSION			0x00
#define   FW_VERSION(major, minor)		((major) << 24 | (minor) << 16)
#define GLB_FEATURES			0x04
#define GLB_INPUT_VA			0x08
#define GLB_OUTPUT_VA			0x0c
#define GLB_GROUP_NUM			0x10
#define GLB_GROUP_STRIDE		0x14
#define GLB_PERFCNT_SIZE		0x18
#define GLB_INSTR_FEATURES		0x1c

#define GLB_REQ				0x00
#define   GLB_HALT				BIT(0)
#define   GLB_IDLE_EN				BIT(10)
#define   GLB_STATE				GENMASK(14, 12)
#define   GLB_STATE_HALT			1
#define   GLB_IDLE				BIT(26)
#define   GLB_EVENTS				GENMASK(26, 20)
#define GLB_ACK_IRQ_MASK		0x04
#define GLB_DOORBELL_REQ		0x08
#define GLB_PROGRESS_TIMER		0x10
#define   GLB_PROGRESS_TIMER_SHIFT		10

#define GLB_ACK				0x00
#define GLB_DOORBELL_ACK		0x08
#define GLB_HALT_STATUS			0x10

#define CSG_FEATURES			0x00
#define CSG_INPUT_VA			0x04
#define CSG_OUTPUT_VA			0x08
#define CSG_SUSPEND_SIZE		0x0c
#define CSG_PROTM_SUSPEND_SIZE		0x10
#define CSG_STREAM_NUM			0x14
#define CSG_STREAM_STRIDE		0x18

#define CSG_REQ				0x00
#define   CSG_STATE				GENMASK(2, 0)
#define   CSG_TERMINATE				0
#define   CSG_START				1
#define   CSG_SUSPEND				2
#define   CSG_RESUME				3
#define   CSG_STATUS_UPDATE			BIT(5)
#define   CSG_SYNC_UPDATE			BIT(28)
#define   CSG_IDLE				BIT(29)
#define   CSG_PROGRESS_TIMER			BIT(31)
#define   CSG_EVENTS	(CSG_SYNC_UPDATE | CSG_IDLE | CSG_PROGRESS_TIMER)
#define CSG_ACK_IRQ_MASK		0x04
#define CSG_DOORBELL_REQ		0x08
#define CSG_CS_IRQ_ACK			0x0c
#define CSG_SUSPEND_BUF			0x40
#define CSG_CONFIG			0x50
#define   CSG_CONFIG_AS				GENMASK(3, 0)

#define CSG_ACK				0x00
#define CSG_DOORBELL_ACK		0x08
#define CSG_CS_IRQ_REQ			0x0c
#define CSG_STATUS_STATE		0x18
#define   CSG_STATUS_STATE_IDLE			BIT(0)

#define CS_FEATURES			0x00
#define   CS_FEATURES_ENGINES			GENMASK(18, 16)
#define CS_INPUT_VA			0x04
#define CS_OUTPUT_VA			0x08

#define CS_REQ				0x00
#define   CS_STATE				GENMASK(2, 0)
#define   CS_START				1
#define   CS_TILER_OOM				BIT(26)
#define   CS_FATAL				BIT(30)
#define   CS_FAULT				BIT(31)
#define   CS_EVENTS				(CS_TILER_OOM | BIT(27) | CS_FATAL | CS_FAULT)
#define CS_ACK_IRQ_MASK			0x0c
#define CS_RING_BASE			0x10
#define CS_RING_SIZE			0x18
#define CS_HEAP_START			0x20
#define CS_RING_INPUT			0x30
#define CS_RING_OUTPUT			0x38

#define CS_ACK				0x00
#define CS_STATUS_CMD_PTR		0x40
#define CS_STATUS_WAIT			0x48
#define   CS_STATUS_WAIT_SB_SRC_WAIT		(8 << 16)
#define   CS_STATUS_WAIT_COND			GENMASK(27, 24)
#define   CS_STATUS_WAIT_64BIT			BIT(30)
#define   CS_STATUS_WAIT_SYNC			BIT(31)
#define CS_STATUS_WAIT_PTR		0x50
#define CS_STATUS_WAIT_VALUE		0x58
#define CS_STATUS_SCOREBOARDS		0x5c
#define CS_STATUS_BLOCKED		0x60
#define   CS_BLOCKED_SB_WAIT			1
#define   CS_BLOCKED_PROGRESS_WAIT		2
#define   CS_BLOCKED_SYNC_WAIT			3
#define CS_STATUS_WAIT_VALUE_HI		0x64
#define CS_FAULT_STATUS			0x80
#define CS_FATAL_STATUS			0x84
#define CS_FAULT_INFO			0x88
#define CS_FATAL_INFO			0x90
#define CS_HEAP_VT_START		0xc0
#define CS_HEAP_VT_END			0xc4
#define CS_HEAP_FRAG_END		0xcc
#define CS_HEAP_ADDRESS			0xd0

/* The two words that ring buffers share with the host */
#define RING_INSERT			0x00
#define RING_START			0x08
#define RING_EXTRACT			0x00

/* Instructions of command streams, 64 bits each */
#define INSN_OPCODE			GENMASK_ULL(63, 56)
#define   OP_NOP				0
#define   OP_MOVE48				1
#define   OP_MOVE32				2
#define   OP_WAIT				3
#define   OP_RUN_COMPUTE			4
#define   OP_RUN_TILING				5
#define   OP_RUN_IDVS				6
#define   OP_RUN_FRAGMENT			7
#define   OP_RUN_FULLSCREEN			8
#define   OP_FINISH_TILING			9
#define   OP_FINISH_FRAGMENT			11
#define   OP_ADD_IMM32				16
#define   OP_ADD_IMM64				17
#define   OP_UMIN32				18
#define   OP_LOAD_MULTIPLE			20
#define   OP_STORE_MULTIPLE			21
#define   OP_BRANCH				22
#define   OP_SET_SB_ENTRY			23
#define   OP_PROGRESS_WAIT			24
#define   OP_SET_EXCEPTION_HANDLER		25
#define   OP_CALL				32
#define   OP_JUMP				33
#define   OP_REQ_RESOURCE			34
#define   OP_FLUSH_CACHE2			36
#define   OP_SYNC_ADD32				37
#define   OP_SYNC_SET32				38
#define   OP_SYNC_WAIT32			39
#define   OP_STORE_STATE			40
#define   OP_PROGRESS_STORE			42
#define   OP_PROGRESS_LOAD			43
#define   OP_RUN_COMPUTE_INDIRECT		44
#define   OP_ERROR_BARRIER			47
#define   OP_HEAP_SET				48
#define   OP_HEAP_OPERATION			49
#define   OP_TRACE_POINT			50
#define   OP_SYNC_ADD64				51
#define   OP_SYNC_SET64				52
#define   OP_SYNC_WAIT64			53
#define INSN_DST			GENMASK_ULL(55, 48)
#define INSN_SLOT			GENMASK_ULL(51, 48)
#define INSN_ADDR			GENMASK_ULL(47, 40)
#define INSN_DATA			GENMASK_ULL(39, 32)
#define INSN_IMM48			GENMASK_ULL(47, 0)
#define INSN_MASK			GENMASK_ULL(31, 16)
#define INSN_OFFSET			GENMASK_ULL(15, 0)
#define INSN_BRANCH_COND		GENMASK_ULL(30, 28)
#define INSN_SYNC_COND			GENMASK_ULL(31, 28)
#define INSN_SYNC_ERROR			BIT_ULL(0)
#define INSN_SYNC_SCOPE			GENMASK_ULL(2, 1)
#define   SYNC_SCOPE_SYSTEM			0
#define INSN_STATE			GENMASK_ULL(33, 32)
#define   STATE_TIMESTAMP			0
#define   STATE_CYCLES				1
#define   STATE_ERROR				3
#define INSN_HEAP_OP			GENMASK_ULL(33, 32)
#define   HEAP_VT_STARTED			0
#define   HEAP_VT_COMPLETED			1
#define   HEAP_FRAG_COMPLETED			3
#define INSN_PROGRESS			BIT_ULL(32)
#define INSN_PROGRESS_QUEUE		GENMASK_ULL(4, 0)
#define INSN_SB_ENDPOINT		GENMASK_ULL(3, 0)
#define INSN_SB_OTHER			GENMASK_ULL(7, 4)
#define INSN_FRAG_COMPLETED		BIT_ULL(0)
#define INSN_EXCEPTION			GENMASK_ULL(7, 0)
#define   EXCEPTION_TILER_OOM			2

#define COND_LEQUAL			0
#define COND_GREATER			1
#define COND_EQUAL			2
#define COND_NEQUAL			3
#define COND_LESS			4
#define COND_GEQUAL			5

/* Registers that jobs of the tiler read, and two descriptors they lead to */
#define SR_INDEX_COUNT			33
#define SR_INSTANCE_COUNT		34
#define SR_TILER_CTX			40
#define TILER_CTX_HEAP			0x18
#define TILER_CTX_COMPLETED_TOP		0x28
#define TILER_CTX_COMPLETED_BOTTOM	0x30
#define TILER_HEAP_WORD0		0x00
#define   TILER_HEAP_CHUNK_SIZE			GENMASK(9, 8)
#define TILER_HEAP_BOTTOM		0x10
#define TILER_HEAP_TOP			0x18
#define HEAP_CHUNK_HEADER		64
#define HEAP_CHUNK_NEXT_ADDRESS		GENMASK_ULL(63, 12)

#endif
