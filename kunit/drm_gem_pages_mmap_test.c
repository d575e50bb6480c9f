// SPDX-License-Identifier: GPL-2.0

/*
 * User mappings: real ones, in an address space of the test's own, whose page
 * tables are looked at after each access.
 */

#include <kunit/resource.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmap_lock.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_vma_manager.h>

#if defined(CONFIG_X86_64) && defined(CONFIG_ARCH_HAS_SYSCALL_WRAPPER)
#include <asm/syscall.h>
#include <asm/unistd.h>
#endif

#include "drm_gem_pages_test_util.h"

/* What a fault answers is a number for KUnit, and nothing else for sparse. */
#define EXPECT_FAULT_MSG(test, ret, want, ...)					\
	KUNIT_EXPECT_EQ_MSG(test, (__force unsigned int)(ret),			\
			    (__force unsigned int)(want), __VA_ARGS__)
#define EXPECT_FAULT(test, ret, want)	EXPECT_FAULT_MSG(test, ret, want, NULL)

MODULE_IMPORT_NS("DMA_BUF");

#define RW		(PROT_READ | PROT_WRITE)
#define WINDOW		max_t(unsigned long, SZ_64K, PAGE_SIZE)
#define WINDOW_PAGES	(WINDOW >> PAGE_SHIFT)
#define TEST_PAGES	(2 * WINDOW_PAGES + 8)
#define SEED		0x31
#define PATIENCE	(20 * HZ)

struct mmap_test {
	struct drm_device *drm;
	struct file *file;
	struct mm_struct *mm;
};

/*
 * Address space
 */

static int mmap_test_init(struct kunit *test)
{
	struct mmap_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->drm = gp_test_device(test, "gp-mmap", &gp_test_driver);
	gp_test_attach_mm(test);
	t->mm = current->mm;
	t->file = gp_test_open(test, t->drm);
	test->priv = t;
	return 0;
}

static unsigned long bytes(unsigned long pages)
{
	return pages << PAGE_SHIFT;
}

/* An address, aligned as asked for, with @size bytes behind it to map things to. */
static unsigned long reserve(struct kunit *test, unsigned long size, unsigned long align)
{
	unsigned long addr;

	addr = vm_mmap(NULL, 0, size + 2 * align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return ALIGN(addr + 1, align);
}

static struct drm_gem_pages_object *allow(struct kunit *test, struct drm_gem_pages_object *obj)
{
	struct mmap_test *t = test->priv;

	gp_test_allow(test, t->file, obj);
	return obj;
}

/* Answers the address or a negative error code. */
static long try_map(struct kunit *test, struct drm_gem_pages_object *obj, unsigned long addr,
		    unsigned long pages, unsigned long prot, unsigned long flags)
{
	struct mmap_test *t = test->priv;

	return vm_mmap(t->file, addr, bytes(pages), prot, flags | (addr ? MAP_FIXED : 0),
		       drm_vma_node_offset_addr(&obj->base.vma_node));
}

static unsigned long map_at(struct kunit *test, struct drm_gem_pages_object *obj,
			    unsigned long addr, unsigned long pages, unsigned long prot)
{
	long ret = try_map(test, obj, addr, pages, prot, MAP_SHARED);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(ret));
	return ret;
}

/* All of an object, where the first page begins a fault window. */
static unsigned long map(struct kunit *test, struct drm_gem_pages_object *obj)
{
	return map_at(test, obj, reserve(test, obj->base.size, WINDOW), page_count_of(obj), RW);
}

static unsigned long map_dma_buf(struct kunit *test, struct dma_buf *dma_buf, unsigned long addr,
				 unsigned long first, unsigned long pages, unsigned long prot)
{
	addr = vm_mmap(dma_buf->file, addr, bytes(pages), prot,
		       MAP_SHARED | (addr ? MAP_FIXED : 0), bytes(first));
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

static void unmap(struct kunit *test, unsigned long addr, unsigned long pages)
{
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, bytes(pages)), 0);
	flush_delayed_fput();
}

static struct drm_gem_pages_object *object(struct kunit *test)
{
	struct mmap_test *t = test->priv;

	return allow(test, gp_test_object(test, t->drm, bytes(TEST_PAGES), 0));
}

static void populate(struct kunit *test, struct drm_gem_pages_object *obj)
{
	KUNIT_ASSERT_EQ(test, drm_gem_pages_populate(obj), 0);
}

/* Content that the library knows of. */
static void stamp(struct kunit *test, struct drm_gem_pages_object *obj)
{
	populate(test, obj);
	gp_test_fill(test, obj, SEED);
	guard(drm_gem_pages)(obj);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_mark_dirty_locked(obj, 0, obj->base.size), 0);
}

static void evict(struct kunit *test, struct drm_gem_pages_object *obj)
{
	KUNIT_ASSERT_EQ(test, gp_test_evict(obj), 0);
}

static int mmaps(struct drm_gem_pages_object *obj)
{
	return atomic_read(&state_of(obj)->mmap_count);
}

static struct folio *folio_of(struct drm_gem_pages_object *obj, pgoff_t index)
{
	guard(drm_gem_pages)(obj);
	return page_folio(drm_gem_pages_page_locked(obj, index));
}

static bool dirty(struct drm_gem_pages_object *obj, pgoff_t index)
{
	return folio_test_dirty(folio_of(obj, index));
}

static unsigned long count_dirty(struct drm_gem_pages_object *obj)
{
	unsigned long i, count = 0;

	for (i = 0; i < page_count_of(obj); i++)
		count += dirty(obj, i);
	return count;
}

/*
 * Accesses
 */

static int peek(unsigned long addr, u8 *value)
{
	return get_user(*value, (u8 __user *)addr);
}

static int poke(unsigned long addr, u8 value)
{
	return put_user(value, (u8 __user *)addr);
}

static unsigned long faults(void)
{
	return current->min_flt + current->maj_flt;
}

struct entry {
	unsigned long pfn;
	pgprot_t prot;
	bool present;
	bool writable;
	bool huge;
};

static struct entry look(unsigned long addr)
{
	struct mm_struct *mm = current->mm;
	struct follow_pfnmap_args args = { .address = addr };
	struct entry entry = { };

	mmap_read_lock(mm);
	args.vma = vma_lookup(mm, addr);
	if (args.vma && !follow_pfnmap_start(&args)) {
		entry.present = true;
		entry.writable = args.writable;
		entry.pfn = args.pfn;
		entry.prot = args.pgprot;
		entry.huge = args.addr_mask == PMD_MASK;
		follow_pfnmap_end(&args);
	}
	mmap_read_unlock(mm);

	return entry;
}

enum want { ABSENT, CLEAN, WRITABLE };

static void check_entry(struct kunit *test, int line, unsigned long addr,
			struct drm_gem_pages_object *obj, unsigned long index, enum want want)
{
	struct entry entry = look(addr);
	struct page *page;

	KUNIT_EXPECT_EQ_MSG(test, entry.present, want != ABSENT, "page %lu, line %d", index, line);
	if (!entry.present || want == ABSENT)
		return;

	scoped_guard(drm_gem_pages, obj)
		page = drm_gem_pages_page_locked(obj, index);
	KUNIT_ASSERT_NOT_NULL_MSG(test, page, "page %lu, line %d", index, line);
	KUNIT_EXPECT_EQ_MSG(test, entry.pfn, page_to_pfn(page), "page %lu, line %d", index, line);
	KUNIT_EXPECT_EQ_MSG(test, entry.writable, want == WRITABLE, "page %lu, line %d", index,
			    line);
}

static void check_content(struct kunit *test, int line, unsigned long addr,
			  struct drm_gem_pages_object *obj, unsigned long first,
			  unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++) {
		unsigned long at = bytes(i) + 5;
		struct page *page;
		u8 value = 0;

		KUNIT_EXPECT_EQ_MSG(test, peek(addr + at, &value), 0, "page %lu, line %d", i, line);
		KUNIT_EXPECT_EQ_MSG(test, value, gp_test_byte(bytes(first) + at, SEED),
				    "page %lu, line %d", i, line);
		scoped_guard(drm_gem_pages, obj)
			page = drm_gem_pages_page_locked(obj, first + i);
		KUNIT_ASSERT_NOT_NULL_MSG(test, page, "page %lu, line %d", i, line);
		KUNIT_EXPECT_EQ_MSG(test, look(addr + at).pfn, page_to_pfn(page),
				    "page %lu, line %d", i, line);
	}
}

/* What the page tables say of @addr, where page @index of the object belongs. */
#define expect_entry(test, addr, obj, index, want)				\
	check_entry(test, __LINE__, addr, obj, index, want)

/* What stamp() wrote is seen at @addr, from page @first of the object on. */
#define expect_content(test, addr, obj, first, count)				\
	check_content(test, __LINE__, addr, obj, first, count)

static void expect_absent(struct kunit *test, unsigned long addr, unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		KUNIT_EXPECT_FALSE_MSG(test, look(addr + bytes(i)).present, "page %lu", i);
}

/* One fault with flags of our own. @kept tells whether the mmap_lock was. */
static vm_fault_t fault(struct kunit *test, unsigned long addr, unsigned int flags, bool *kept)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	vm_fault_t ret;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (!vma) {
		mmap_read_unlock(mm);
		KUNIT_FAIL_AND_ABORT(test, "nothing is mapped at %#lx", addr);
	}
	ret = handle_mm_fault(vma, addr, flags, NULL);
	*kept = rwsem_is_locked(&mm->mmap_lock);
	if (*kept)
		mmap_read_unlock(mm);

	return ret;
}

/* A call of the library's fault handler without the core in between. */
static vm_fault_t call_fault(struct kunit *test, unsigned long addr, pgoff_t pgoff,
			     unsigned int flags, unsigned int order)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	vm_fault_t ret;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (!vma) {
		mmap_read_unlock(mm);
		KUNIT_FAIL_AND_ABORT(test, "nothing is mapped at %#lx", addr);
	} else {
		struct vm_fault vmf = {
			.vma = vma,
			.gfp_mask = GFP_KERNEL,
			.pgoff = pgoff,
			.address = addr & PAGE_MASK,
			.real_address = addr,
			.flags = flags,
			.pmd = pmd_off(mm, addr),
		};

		ret = order ? vma->vm_ops->huge_fault(&vmf, order) : vma->vm_ops->fault(&vmf);
	}
	mmap_read_unlock(mm);

	return ret;
}

/*
 * System calls that the kernel does not export. As a module the suite does without.
 */

#if defined(MODULE)
#define HAS_SYSCALLS	0
#elif !defined(CONFIG_ARCH_HAS_SYSCALL_WRAPPER)
#define HAS_SYSCALLS	1
#elif defined(CONFIG_X86_64)
#define HAS_SYSCALLS	1
#else
#define HAS_SYSCALLS	0
#endif

#if HAS_SYSCALLS && defined(CONFIG_ARCH_HAS_SYSCALL_WRAPPER)
static long user_mprotect(unsigned long addr, unsigned long size, unsigned long prot)
{
	struct pt_regs regs = { .di = addr, .si = size, .dx = prot };

	return sys_call_table[__NR_mprotect](&regs);
}

static long user_mremap(unsigned long addr, unsigned long old_size, unsigned long new_size,
			unsigned long flags, unsigned long new_addr)
{
	struct pt_regs regs = {
		.di = addr, .si = old_size, .dx = new_size, .r10 = flags, .r8 = new_addr,
	};

	return sys_call_table[__NR_mremap](&regs);
}
#elif HAS_SYSCALLS
static long user_mprotect(unsigned long addr, unsigned long size, unsigned long prot)
{
	return sys_mprotect(addr, size, prot);
}

static long user_mremap(unsigned long addr, unsigned long old_size, unsigned long new_size,
			unsigned long flags, unsigned long new_addr)
{
	return sys_mremap(addr, old_size, new_size, flags, new_addr);
}
#else
static long user_mprotect(unsigned long addr, unsigned long size, unsigned long prot)
{
	return -EOPNOTSUPP;
}

static long user_mremap(unsigned long addr, unsigned long old_size, unsigned long new_size,
			unsigned long flags, unsigned long new_addr)
{
	return -EOPNOTSUPP;
}
#endif

static void need_syscalls(struct kunit *test)
{
	if (!HAS_SYSCALLS)
		kunit_skip(test, "system calls can only be made by a suite that is built in");
}

/*
 * Somebody else holds the reservation lock
 */

struct holder {
	struct drm_gem_pages_object *obj;
	struct task_struct *task;
	struct task_struct *waiter;
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	unsigned long addr;
	struct work_struct work;
	struct completion worked;
	bool queued;
	unsigned int refs;
	int err;
	/* Let go when it says so. */
	bool (*ready)(struct holder *holder);
	bool seen;
	struct completion locked;
};

static int holder_main(void *data)
{
	unsigned long end = jiffies + PATIENCE;
	struct holder *holder = data;

	dma_resv_lock(holder->obj->base.resv, NULL);
	complete(&holder->locked);
	while (!holder->seen && !kthread_should_stop() && time_before(jiffies, end)) {
		holder->seen = holder->ready(holder);
		if (!holder->seen)
			msleep(20);
	}
	dma_resv_unlock(holder->obj->base.resv);

	return 0;
}

static bool waits_interruptibly(struct holder *holder)
{
	return READ_ONCE(holder->waiter->__state) & TASK_INTERRUPTIBLE;
}

static bool waits_without_mmap_lock(struct holder *holder)
{
	return waits_interruptibly(holder) && !rwsem_is_locked(&holder->mm->mmap_lock);
}

static bool waits_with_mmap_lock(struct holder *holder)
{
	return waits_interruptibly(holder) && rwsem_is_locked(&holder->mm->mmap_lock);
}

static bool never(struct holder *holder)
{
	return false;
}

static void stop_holder(void *data)
{
	struct holder *holder = data;

	kthread_stop_put(holder->task);
}

/* A thread that has the reservation lock of @obj when this returns. */
static struct holder *hold(struct kunit *test, struct drm_gem_pages_object *obj,
			   bool (*ready)(struct holder *holder))
{
	struct holder *holder = kunit_kzalloc(test, sizeof(*holder), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, holder);
	holder->obj = obj;
	holder->waiter = current;
	holder->mm = current->mm;
	holder->ready = ready;
	init_completion(&holder->locked);
	holder->task = kthread_create(holder_main, holder, "gp-holder");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, holder->task);
	get_task_struct(holder->task);
	wake_up_process(holder->task);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop_holder, holder), 0);
	wait_for_completion(&holder->locked);
	return holder;
}

/* Ends the thread; true if it saw what it had waited for. */
static bool let_go(struct kunit *test, struct holder *holder)
{
	kunit_release_action(test, stop_holder, holder);
	return holder->seen;
}

/*
 * Pages and their entries
 */

static void mmap_allocates_nothing(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned int refs = kref_read(&obj->base.refcount);
	unsigned long addr = map(test, obj);

	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	KUNIT_EXPECT_EQ(test, file_inode(obj->base.filp)->i_mapping->nrpages, 0);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->base.refcount), refs + 1);
	expect_absent(test, addr, TEST_PAGES);

	unmap(test, addr, TEST_PAGES);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	KUNIT_EXPECT_EQ(test, mmaps(obj), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->base.refcount), refs);
}

static void first_touch_is_zero(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj), i;
	u8 *copy = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	for (i = 0; i < TEST_PAGES; i++) {
		memset(copy, 0xff, PAGE_SIZE);
		KUNIT_ASSERT_EQ(test, copy_from_user(copy, (void __user *)addr + bytes(i),
						     PAGE_SIZE), 0);
		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(copy, 0, PAGE_SIZE), "page %lu", i);
		KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
		expect_entry(test, addr + bytes(i), obj, i, CLEAN);
	}
	KUNIT_EXPECT_EQ(test, count_dirty(obj), 0);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(obj));
}

static void write_after_read(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj), before;
	const unsigned long index = 5;
	u8 value;

	KUNIT_ASSERT_EQ(test, peek(addr + bytes(index), &value), 0);
	expect_entry(test, addr + bytes(index), obj, index, CLEAN);

	before = faults();
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(index) + 7, 0xa5), 0);
	KUNIT_EXPECT_EQ(test, faults(), before + 1);
	expect_entry(test, addr + bytes(index), obj, index, WRITABLE);
	expect_entry(test, addr + bytes(index - 1), obj, index - 1, CLEAN);
	expect_entry(test, addr + bytes(index + 1), obj, index + 1, CLEAN);
	KUNIT_EXPECT_TRUE(test, dirty(obj, index));
	KUNIT_EXPECT_EQ(test, count_dirty(obj), 1);

	/* From here on nobody has to be asked. */
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(index) + 8, 0xa6), 0);
	KUNIT_EXPECT_EQ(test, faults(), before + 1);
	KUNIT_ASSERT_EQ(test, peek(addr + bytes(index) + 7, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0xa5);
}

static void write_first(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj), before = faults();
	const unsigned long index = 5;

	/* Without pages: the fault that gets them is not counted, it is retried. */
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(index), 1), 0);
	KUNIT_EXPECT_EQ(test, faults(), before + 1);
	expect_entry(test, addr + bytes(index), obj, index, WRITABLE);
	expect_entry(test, addr + bytes(index + 1), obj, index + 1, CLEAN);
	KUNIT_EXPECT_TRUE(test, dirty(obj, index));
	KUNIT_EXPECT_EQ(test, count_dirty(obj), 1);

	/* With pages. */
	before = current->min_flt;
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(index + WINDOW_PAGES), 1), 0);
	KUNIT_EXPECT_EQ(test, current->min_flt, before + 1);
	expect_entry(test, addr + bytes(index + WINDOW_PAGES), obj, index + WINDOW_PAGES, WRITABLE);
	KUNIT_EXPECT_TRUE(test, dirty(obj, index + WINDOW_PAGES));
	KUNIT_EXPECT_EQ(test, count_dirty(obj), 2);
}

static void fault_marks_accessed(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj);
	u8 value;

	if (IS_ENABLED(CONFIG_LRU_GEN))
		kunit_skip(test, "multi-gen LRU counts accesses in a way of its own");

	populate(test, obj);
	KUNIT_ASSERT_FALSE(test, folio_test_referenced(folio_of(obj, 3)));
	KUNIT_ASSERT_EQ(test, peek(addr + bytes(3), &value), 0);
	KUNIT_EXPECT_TRUE(test, folio_test_referenced(folio_of(obj, 3)));
	KUNIT_EXPECT_FALSE(test, folio_test_referenced(folio_of(obj, 4)));
}

static void window_around_fault(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj), before, i;
	u8 value;

	if (WINDOW_PAGES < 16)
		kunit_skip(test, "pages are too large for a window");

	populate(test, obj);
	scoped_guard(drm_gem_pages, obj) {
		KUNIT_ASSERT_EQ(test, drm_gem_pages_mark_dirty_locked(obj, bytes(3), 1), 0);
		KUNIT_ASSERT_EQ(test, drm_gem_pages_mark_dirty_locked(obj, bytes(20), 1), 0);
	}

	before = faults();
	KUNIT_ASSERT_EQ(test, peek(addr + bytes(5), &value), 0);
	for (i = 0; i < WINDOW_PAGES; i++)
		expect_entry(test, addr + bytes(i), obj, i, i == 3 ? WRITABLE : CLEAN);
	expect_absent(test, addr + bytes(WINDOW_PAGES), TEST_PAGES - WINDOW_PAGES);
	for (i = 0; i < WINDOW_PAGES; i++)
		KUNIT_ASSERT_EQ(test, peek(addr + bytes(i), &value), 0);
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(3), 1), 0);
	KUNIT_EXPECT_EQ(test, faults(), before + 1);

	/* A write dirties the page it is for, not its neighbours. */
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(WINDOW_PAGES), 1), 0);
	for (i = WINDOW_PAGES; i < 2 * WINDOW_PAGES; i++)
		expect_entry(test, addr + bytes(i), obj, i,
			     i == WINDOW_PAGES || i == 20 ? WRITABLE : CLEAN);
	KUNIT_EXPECT_EQ(test, count_dirty(obj), 3);

	/* At the end of the object. */
	KUNIT_ASSERT_EQ(test, peek(addr + bytes(TEST_PAGES - 1), &value), 0);
	for (i = 2 * WINDOW_PAGES; i < TEST_PAGES; i++)
		expect_entry(test, addr + bytes(i), obj, i, CLEAN);
}

static void window_inside_vma(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test), *other = object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	unsigned long area, addr, i;
	u8 value;

	if (WINDOW_PAGES < 16)
		kunit_skip(test, "pages are too large for a window");

	/* Pages 10 to 15 of the object lie in the middle of a window, others beside them. */
	area = reserve(test, WINDOW, WINDOW);
	addr = area + bytes(4);
	populate(test, obj);
	populate(test, other);
	map_at(test, other, area, 4, RW);
	map_at(test, other, area + bytes(10), 6, RW);
	map_dma_buf(test, dma_buf, addr, 10, 6, RW);

	KUNIT_ASSERT_EQ(test, peek(addr + bytes(2), &value), 0);
	for (i = 0; i < 6; i++)
		expect_entry(test, addr + bytes(i), obj, 10 + i, CLEAN);
	expect_absent(test, area, 4);
	expect_absent(test, area + bytes(10), 6);

	/* Where page 0 of an object lies in a window, there is nothing before it. */
	KUNIT_ASSERT_EQ(test, peek(area + bytes(12), &value), 0);
	for (i = 0; i < 6; i++)
		expect_entry(test, area + bytes(10 + i), other, i, CLEAN);
	expect_absent(test, area, 4);
}

/* A fault at an entry that is there already must leave it alone, whatever it is. */
static void window_keeps_entries(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj);
	pgoff_t start;
	u8 value;

	populate(test, obj);
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(2), 1), 0);
	KUNIT_ASSERT_EQ(test, peek(addr + bytes(3), &value), 0);
	start = drm_vma_node_start(&obj->base.vma_node);

	EXPECT_FAULT(test, call_fault(test, addr + bytes(3), start + 3, 0, 0), VM_FAULT_NOPAGE);
	expect_entry(test, addr + bytes(2), obj, 2, WRITABLE);
	expect_entry(test, addr + bytes(3), obj, 3, CLEAN);
}

/*
 * The right page, whatever became of the VMA
 */

static void split_by_mprotect(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr;

	need_syscalls(test);
	stamp(test, obj);
	addr = map(test, obj);

	KUNIT_ASSERT_EQ(test, user_mprotect(addr + bytes(9), bytes(4), PROT_READ), 0);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 3);
	expect_content(test, addr, obj, 0, TEST_PAGES);
	KUNIT_EXPECT_NE(test, poke(addr + bytes(10), 1), 0);
	expect_entry(test, addr + bytes(10), obj, 10, CLEAN);

	/* And with entries that the split found there. */
	KUNIT_ASSERT_EQ(test, user_mprotect(addr + bytes(20), bytes(3), PROT_NONE), 0);
	KUNIT_ASSERT_EQ(test, user_mprotect(addr + bytes(20), bytes(3), RW), 0);
	expect_content(test, addr, obj, 0, TEST_PAGES);
	evict(test, obj);
	expect_absent(test, addr, TEST_PAGES);
	expect_content(test, addr, obj, 0, TEST_PAGES);
	KUNIT_EXPECT_EQ(test, poke(addr + bytes(21), 1), 0);
}

/* A clean page that is made read-only and writable again has its first write seen. */
static void mprotect_keeps_tracking(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr;
	u8 value;

	need_syscalls(test);
	addr = map(test, obj);
	KUNIT_ASSERT_EQ(test, peek(addr, &value), 0);
	KUNIT_ASSERT_EQ(test, user_mprotect(addr, obj->base.size, PROT_READ), 0);
	KUNIT_ASSERT_EQ(test, user_mprotect(addr, obj->base.size, RW), 0);
	KUNIT_ASSERT_EQ(test, peek(addr, &value), 0);
	expect_entry(test, addr, obj, 0, CLEAN);
	KUNIT_EXPECT_EQ(test, count_dirty(obj), 0);
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(1), 1), 0);
	KUNIT_EXPECT_TRUE(test, dirty(obj, 1));
	KUNIT_EXPECT_EQ(test, count_dirty(obj), 1);
}

static void split_by_munmap(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned int refs = kref_read(&obj->base.refcount);
	unsigned long addr;

	stamp(test, obj);
	addr = map(test, obj);

	unmap(test, addr + bytes(9), 4);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 2);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->base.refcount), refs + 2);
	expect_content(test, addr, obj, 0, 9);
	expect_content(test, addr + bytes(13), obj, 13, TEST_PAGES - 13);
	evict(test, obj);
	expect_absent(test, addr, 9);
	expect_absent(test, addr + bytes(13), TEST_PAGES - 13);
	expect_content(test, addr + bytes(13), obj, 13, TEST_PAGES - 13);
	expect_content(test, addr, obj, 0, 9);

	unmap(test, addr, 9);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 1);
	unmap(test, addr + bytes(13), TEST_PAGES - 13);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->base.refcount), refs);
}

static void head_munmap(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr;

	stamp(test, obj);
	addr = map(test, obj);

	unmap(test, addr, 3);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 1);
	expect_content(test, addr + bytes(3), obj, 3, TEST_PAGES - 3);
	evict(test, obj);
	expect_content(test, addr + bytes(3), obj, 3, TEST_PAGES - 3);
}

static void moved_by_mremap(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr, target;
	u8 value;

	need_syscalls(test);
	stamp(test, obj);
	addr = map(test, obj);
	target = reserve(test, obj->base.size, WINDOW) + bytes(3);

	/* The middle, partly with entries already. */
	expect_content(test, addr, obj, 0, 1);
	KUNIT_ASSERT_EQ(test, user_mremap(addr + bytes(6), bytes(14), bytes(14),
					  MREMAP_MAYMOVE | MREMAP_FIXED, target), target);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 3);
	expect_content(test, target, obj, 6, 14);
	KUNIT_EXPECT_NE(test, peek(addr + bytes(6), &value), 0);
	expect_content(test, addr, obj, 0, 6);
	expect_content(test, addr + bytes(20), obj, 20, TEST_PAGES - 20);

	evict(test, obj);
	expect_absent(test, target, 14);
	expect_content(test, target, obj, 6, 14);

	/* There is nothing to grow into. */
	KUNIT_EXPECT_LT(test, user_mremap(target, bytes(14), bytes(15), MREMAP_MAYMOVE, 0), 0);
	unmap(test, target, 14);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 2);
}

struct child {
	struct drm_gem_pages_object *obj;
	unsigned long addr;
	struct completion done;
	int err;
	int mmaps;
	u8 value;
	u8 first;
};

static int child_main(void *data)
{
	struct child *child = data;

	child->mmaps = mmaps(child->obj);
	child->err = peek(child->addr + bytes(3) + 5, &child->value);
	child->err = child->err ?: peek(child->addr + bytes(20) + 5, &child->first);
	child->err = child->err ?: poke(child->addr + bytes(4), 0x77);
	kthread_complete_and_exit(&child->done, 0);
}

static void copied_by_fork(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned int refs = kref_read(&obj->base.refcount);
	unsigned long addr, end = jiffies + PATIENCE;
	struct child *child;
	pid_t pid = -EOPNOTSUPP;
	u8 value = 0;

	need_syscalls(test);
	child = kunit_kzalloc(test, sizeof(*child), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, child);
	stamp(test, obj);
	addr = map(test, obj);
	expect_content(test, addr, obj, 0, 1);

	child->obj = obj;
	child->addr = addr;
	init_completion(&child->done);
#if HAS_SYSCALLS
	{
		/* A kernel thread, but with a copy of our address space. */
		struct kernel_clone_args args = {
			.flags = CLONE_FS | CLONE_FILES,
			.exit_signal = SIGCHLD,
			.kthread = 1,
			.fn = child_main,
			.fn_arg = child,
			.name = "gp-child",
		};

		pid = kernel_clone(&args);
	}
#endif
	KUNIT_ASSERT_GT(test, pid, 0);
	wait_for_completion(&child->done);

	KUNIT_EXPECT_EQ(test, child->mmaps, 2);
	KUNIT_EXPECT_EQ(test, child->err, 0);
	KUNIT_EXPECT_EQ(test, child->value, gp_test_byte(bytes(3) + 5, SEED));
	KUNIT_EXPECT_EQ(test, child->first, gp_test_byte(bytes(20) + 5, SEED));
	KUNIT_EXPECT_EQ(test, peek(addr + bytes(4), &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0x77);

	while (mmaps(obj) > 1 && time_before(jiffies, end))
		msleep(20);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->base.refcount), refs + 1);
	unmap(test, addr, TEST_PAGES);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->base.refcount), refs);
}

static void dma_buf_at_offset(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	unsigned int refs = kref_read(&obj->base.refcount);
	unsigned long addr, own;
	u8 value = 0;

	stamp(test, obj);
	addr = map_dma_buf(test, dma_buf, 0, 7, 21, RW);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->base.refcount), refs + 1);
	expect_content(test, addr, obj, 7, 21);
	evict(test, obj);
	expect_absent(test, addr, 21);
	expect_content(test, addr, obj, 7, 21);

	/* Head munmap on top of it. */
	unmap(test, addr, 2);
	evict(test, obj);
	expect_content(test, addr + bytes(2), obj, 9, 19);

	/* A write is seen through the object's own mapping. */
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(3) + 6, 0x99), 0);
	own = map(test, obj);
	expect_content(test, own, obj, 0, TEST_PAGES);
	KUNIT_ASSERT_EQ(test, peek(own + bytes(10) + 6, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0x99);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 2);

	unmap(test, addr + bytes(2), 19);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 1);
}

/* Dirtied through one mapping, clean in another: the other learns of it by a fault. */
static void two_mappings(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long one = map(test, obj), two = map(test, obj);
	u8 value;

	KUNIT_EXPECT_EQ(test, mmaps(obj), 2);
	KUNIT_ASSERT_EQ(test, peek(one, &value), 0);
	KUNIT_ASSERT_EQ(test, poke(two + 1, 0x42), 0);
	expect_entry(test, one, obj, 0, CLEAN);
	expect_entry(test, two, obj, 0, WRITABLE);
	KUNIT_ASSERT_EQ(test, peek(one + 1, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0x42);
	KUNIT_ASSERT_EQ(test, poke(one + 2, 1), 0);
	expect_entry(test, one, obj, 0, WRITABLE);

	/* What is dirty by now is mapped writable at once. */
	evict(test, obj);
	KUNIT_ASSERT_EQ(test, peek(one, &value), 0);
	expect_entry(test, one, obj, 0, WRITABLE);
	expect_entry(test, one + bytes(1), obj, 1, CLEAN);
}

/*
 * What is refused
 */

static void cow_refused(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	struct gp_test_snapshot before;
	unsigned long addr;

	before = gp_test_snapshot(obj);
	KUNIT_EXPECT_EQ(test, try_map(test, obj, 0, TEST_PAGES, RW, MAP_PRIVATE), -EINVAL);
	/* It could be made writable by mprotect. */
	KUNIT_EXPECT_EQ(test, try_map(test, obj, 0, TEST_PAGES, PROT_READ, MAP_PRIVATE), -EINVAL);
	addr = vm_mmap(dma_buf->file, 0, bytes(TEST_PAGES), RW, MAP_PRIVATE, 0);
	KUNIT_EXPECT_EQ(test, (long)addr, -EINVAL);
	flush_delayed_fput();
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));

	map_at(test, obj, 0, TEST_PAGES, PROT_READ);
}

static void too_large_refused(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	struct gp_test_snapshot before;
	unsigned long addr;

	before = gp_test_snapshot(obj);
	KUNIT_EXPECT_LT(test, try_map(test, obj, 0, TEST_PAGES + 1, RW, MAP_SHARED), 0);
	addr = vm_mmap(dma_buf->file, 0, bytes(2), RW, MAP_SHARED, bytes(TEST_PAGES - 1));
	KUNIT_EXPECT_EQ(test, (long)addr, -EINVAL);
	flush_delayed_fput();
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
}

static void read_only_mapping(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr;

	stamp(test, obj);
	addr = map_at(test, obj, 0, TEST_PAGES, PROT_READ);
	expect_content(test, addr, obj, 0, TEST_PAGES);
	/* Dirty or not, the VMA does not let anybody write. */
	expect_entry(test, addr, obj, 0, CLEAN);
	KUNIT_EXPECT_NE(test, poke(addr, 1), 0);
	KUNIT_EXPECT_TRUE(test, gp_test_check(obj, SEED));
}

static void out_of_range(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj);
	pgoff_t start = drm_vma_node_start(&obj->base.vma_node);
	struct gp_test_snapshot before;
	vm_fault_t ret;
	u8 value;

	/* So that there is a page table. */
	KUNIT_ASSERT_EQ(test, peek(addr, &value), 0);
	before = gp_test_snapshot(obj);

	EXPECT_FAULT(test, call_fault(test, addr + WINDOW, start + TEST_PAGES, 0, 0),
		     VM_FAULT_SIGBUS);
	EXPECT_FAULT(test, call_fault(test, addr + WINDOW, start - 1, 0, 0), VM_FAULT_SIGBUS);
	EXPECT_FAULT(test, call_fault(test, addr + WINDOW, ULONG_MAX, 0, 0), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	expect_absent(test, addr + bytes(WINDOW_PAGES), 8);

	ret = call_fault(test, addr + bytes(TEST_PAGES - 1), start + TEST_PAGES - 1, 0, 0);
	EXPECT_FAULT(test, ret, VM_FAULT_NOPAGE);
	expect_entry(test, addr + bytes(TEST_PAGES - 1), obj, TEST_PAGES - 1, CLEAN);
}

static void no_mmap(struct kunit *test)
{
	struct mmap_test *t = test->priv;
	struct drm_file *client = gp_test_drm_file(t->file);
	struct drm_gem_pages_object *obj;
	struct gp_test_snapshot before;
	struct dma_buf *dma_buf;
	u64 offset = 0x1234;
	unsigned long addr;
	u32 handle;

	obj = gp_test_object(test, t->drm, bytes(TEST_PAGES), DRM_GEM_PAGES_NO_MMAP);
	KUNIT_ASSERT_EQ(test, drm_gem_handle_create(client, &obj->base, &handle), 0);
	dma_buf = gp_test_export(test, obj, DRM_RDWR);
	before = gp_test_snapshot(obj);

	KUNIT_EXPECT_EQ(test, drm_gem_pages_mmap_offset(client, t->drm, handle,
							&offset), -EPERM);
	KUNIT_EXPECT_EQ(test, offset, 0x1234);
	KUNIT_EXPECT_FALSE(test, drm_mm_node_allocated(&obj->base.vma_node.vm_node));
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));

	/* Somebody who gets at an offset in another way comes no further. */
	KUNIT_ASSERT_EQ(test, drm_gem_create_mmap_offset(&obj->base), 0);
	KUNIT_EXPECT_EQ(test, try_map(test, obj, 0, TEST_PAGES, RW, MAP_SHARED), -EPERM);
	addr = vm_mmap(dma_buf->file, 0, bytes(TEST_PAGES), RW, MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test, (long)addr, -EPERM);
	flush_delayed_fput();
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
}

static void mmap_offset(struct kunit *test)
{
	struct mmap_test *t = test->priv;
	struct drm_file *client = gp_test_drm_file(t->file);
	struct drm_gem_pages_object *obj = object(test);
	struct gp_test_snapshot before;
	u64 offset = 0, again = 0;
	u32 handle;

	KUNIT_ASSERT_EQ(test, drm_gem_handle_create(client, &obj->base, &handle), 0);
	before = gp_test_snapshot(obj);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_mmap_offset(client, t->drm, handle,
							&offset), 0);
	KUNIT_EXPECT_EQ(test, offset, drm_vma_node_offset_addr(&obj->base.vma_node));
	KUNIT_EXPECT_NE(test, offset, 0);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_mmap_offset(client, t->drm, handle,
							&again), 0);
	KUNIT_EXPECT_EQ(test, offset, again);
	KUNIT_EXPECT_EQ(test, drm_gem_pages_mmap_offset(client, t->drm, handle + 1,
							&offset), -ENOENT);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
}

/*
 * To wait or not to wait
 */

static void nowait(struct kunit *test)
{
	const unsigned int flags = FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_RETRY_NOWAIT;
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj);
	struct holder *holder;
	bool kept;

	/* The lock is taken. */
	holder = hold(test, obj, never);
	EXPECT_FAULT(test, fault(test, addr, flags, &kept), VM_FAULT_RETRY);
	KUNIT_EXPECT_TRUE(test, kept);
	let_go(test, holder);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));

	/* There are no pages: getting them may take a while. */
	EXPECT_FAULT(test, fault(test, addr, flags, &kept), VM_FAULT_RETRY);
	KUNIT_EXPECT_TRUE(test, kept);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	expect_absent(test, addr, TEST_PAGES);

	/* Both are there, or only the pages. */
	populate(test, obj);
	EXPECT_FAULT(test, fault(test, addr, flags, &kept), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, kept);
	expect_entry(test, addr, obj, 0, CLEAN);
	holder = hold(test, obj, never);
	EXPECT_FAULT(test, fault(test, addr + WINDOW, flags, &kept), VM_FAULT_RETRY);
	KUNIT_EXPECT_TRUE(test, kept);
	let_go(test, holder);
	expect_absent(test, addr + WINDOW, 1);
}

static void retry_drops_mmap_lock(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned int refs = kref_read(&obj->base.refcount);
	unsigned long addr = map(test, obj);
	struct holder *holder;
	bool kept;

	holder = hold(test, obj, waits_without_mmap_lock);
	EXPECT_FAULT(test, fault(test, addr, FAULT_FLAG_DEFAULT, &kept), VM_FAULT_RETRY);
	KUNIT_EXPECT_FALSE(test, kept);
	KUNIT_EXPECT_TRUE(test, let_go(test, holder));
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	KUNIT_EXPECT_EQ(test, kref_read(&obj->base.refcount), refs + 1);
	expect_absent(test, addr, TEST_PAGES);

	EXPECT_FAULT(test, fault(test, addr, FAULT_FLAG_DEFAULT | FAULT_FLAG_TRIED, &kept),
		     VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, kept);
	expect_entry(test, addr, obj, 0, CLEAN);

	/* Nobody is in the way, but there are no pages. */
	evict(test, obj);
	EXPECT_FAULT(test, fault(test, addr, FAULT_FLAG_DEFAULT, &kept), VM_FAULT_RETRY);
	KUNIT_EXPECT_FALSE(test, kept);
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));

	/* There are pages, and nobody is in the way. */
	EXPECT_FAULT(test, fault(test, addr, FAULT_FLAG_DEFAULT, &kept), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, kept);
}

/* The mmap_lock may not be taken while the reservation lock is held. */
static void unmap_work(struct work_struct *work)
{
	struct holder *holder = container_of(work, struct holder, work);

	kthread_use_mm(holder->mm);
	holder->err = vm_munmap(holder->addr, holder->obj->base.size);
	holder->refs = kref_read(&holder->obj->base.refcount);
	kthread_unuse_mm(holder->mm);
	complete(&holder->worked);
}

static bool unmapped_meanwhile(struct holder *holder)
{
	if (!holder->queued && waits_without_mmap_lock(holder))
		holder->queued = schedule_work(&holder->work);
	return completion_done(&holder->worked);
}

static void retry_outlives_vma(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned int refs = kref_read(&obj->base.refcount);
	unsigned long addr = map(test, obj);
	struct holder *holder;
	bool kept;

	holder = hold(test, obj, never);
	holder->addr = addr;
	init_completion(&holder->worked);
	INIT_WORK(&holder->work, unmap_work);
	WRITE_ONCE(holder->ready, unmapped_meanwhile);
	EXPECT_FAULT(test, fault(test, addr, FAULT_FLAG_DEFAULT, &kept), VM_FAULT_RETRY);
	KUNIT_EXPECT_FALSE(test, kept);
	KUNIT_EXPECT_TRUE(test, let_go(test, holder));
	flush_work(&holder->work);
	KUNIT_EXPECT_EQ(test, holder->err, 0);
	/* The VMA's reference was gone then, the fault had one of its own. */
	KUNIT_EXPECT_EQ(test, holder->refs, refs + 1);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->base.refcount), refs);
}

static void no_retry_waits(struct kunit *test)
{
	static const unsigned int flags[] = { 0, FAULT_FLAG_DEFAULT | FAULT_FLAG_TRIED };
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj);
	struct holder *holder;
	bool kept;
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		holder = hold(test, obj, waits_with_mmap_lock);
		EXPECT_FAULT(test, fault(test, addr, flags[i], &kept), VM_FAULT_NOPAGE);
		KUNIT_EXPECT_TRUE(test, kept);
		KUNIT_EXPECT_TRUE(test, let_go(test, holder));
		KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
		expect_entry(test, addr, obj, 0, CLEAN);
		evict(test, obj);
	}

	holder = hold(test, obj, waits_with_mmap_lock);
	EXPECT_FAULT(test, fault(test, addr, FAULT_FLAG_WRITE, &kept), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, let_go(test, holder));
	expect_entry(test, addr, obj, 0, WRITABLE);
}

static void disallow_all(void)
{
	flush_signals(current);
	disallow_signal(SIGUSR1);
	disallow_signal(SIGKILL);
}

static void interrupted_wait(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj);
	struct gp_test_snapshot before;
	struct holder *holder;
	bool kept;

	before = gp_test_snapshot(obj);
	holder = hold(test, obj, never);
	allow_signal(SIGUSR1);
	send_sig(SIGUSR1, current, 1);

	/* Returning to user mode handles the signal, then the access is tried again. */
	EXPECT_FAULT(test, fault(test, addr, 0, &kept), VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, kept);
	EXPECT_FAULT(test, fault(test, addr, FAULT_FLAG_DEFAULT, &kept), VM_FAULT_RETRY);
	KUNIT_EXPECT_FALSE(test, kept);
	disallow_all();

	/* One who is being killed in the middle of a system call must not come back. */
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	EXPECT_FAULT(test, fault(test, addr, 0, &kept), VM_FAULT_SIGBUS);
	disallow_all();
	let_go(test, holder);

	expect_absent(test, addr, TEST_PAGES);
	KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	EXPECT_FAULT(test, fault(test, addr, 0, &kept), VM_FAULT_NOPAGE);
	expect_entry(test, addr, obj, 0, CLEAN);
}

static bool waits_without_vma_lock(struct holder *holder)
{
#ifdef CONFIG_PER_VMA_LOCK
	return waits_without_mmap_lock(holder) && refcount_read(&holder->vma->vm_refcnt) == 1;
#else
	return false;
#endif
}

/*
 * The core calls with a VMA lock only for huge pages, and for single ones only if
 * there is a map_pages. So this is a call of our own.
 */
static vm_fault_t call_fault_vma_locked(struct kunit *test, unsigned long addr, unsigned int flags,
					struct vm_area_struct **locked)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(current->mm, addr);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vma);
	*locked = vma;
	{
		struct vm_fault vmf = {
			.vma = vma,
			.gfp_mask = GFP_KERNEL,
			.pgoff = linear_page_index(vma, addr),
			.address = addr,
			.real_address = addr,
			.flags = flags | FAULT_FLAG_VMA_LOCK,
			.pmd = pmd_off(current->mm, addr),
		};

		return vma->vm_ops->fault(&vmf);
	}
}

static void retry_drops_vma_lock(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj);
	struct vm_area_struct *vma;
	struct holder *holder;
	vm_fault_t ret;
	u8 value;

	if (!IS_ENABLED(CONFIG_PER_VMA_LOCK))
		kunit_skip(test, "this kernel has no locks for single VMAs");

	/* So that there is a page table. */
	KUNIT_ASSERT_EQ(test, peek(addr, &value), 0);
	evict(test, obj);

	holder = hold(test, obj, never);
	mmap_read_lock(current->mm);
	holder->vma = vma_lookup(current->mm, addr);
	mmap_read_unlock(current->mm);
	WRITE_ONCE(holder->ready, waits_without_vma_lock);
	ret = call_fault_vma_locked(test, addr, FAULT_FLAG_DEFAULT, &vma);
	EXPECT_FAULT(test, ret, VM_FAULT_RETRY);
	KUNIT_EXPECT_TRUE(test, let_go(test, holder));
	KUNIT_EXPECT_TRUE(test, gp_test_resident(obj));
	expect_absent(test, addr, TEST_PAGES);

	ret = call_fault_vma_locked(test, addr, FAULT_FLAG_DEFAULT | FAULT_FLAG_TRIED, &vma);
	EXPECT_FAULT(test, ret, VM_FAULT_NOPAGE);
	if (!(ret & VM_FAULT_RETRY))
		vma_end_read(vma);
	expect_entry(test, addr, obj, 0, CLEAN);
}

/*
 * Errors
 */

static void purged(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr;
	bool kept;
	u8 value;

	stamp(test, obj);
	addr = map(test, obj);
	expect_content(test, addr, obj, 0, TEST_PAGES);
	scoped_guard(drm_gem_pages, obj)
		KUNIT_ASSERT_EQ(test, drm_gem_pages_purge_locked(obj), 0);

	expect_absent(test, addr, TEST_PAGES);
	EXPECT_FAULT(test, fault(test, addr, 0, &kept), VM_FAULT_SIGBUS);
	EXPECT_FAULT(test, fault(test, addr, FAULT_FLAG_DEFAULT, &kept), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_TRUE(test, kept);
	EXPECT_FAULT(test, fault(test, addr, FAULT_FLAG_WRITE, &kept), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_EQ(test, peek(addr, &value), -EFAULT);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	KUNIT_EXPECT_EQ(test, mmaps(obj), 1);
}

static bool purge_while_waiting(struct holder *holder)
{
	if (!waits_interruptibly(holder))
		return false;
	return !drm_gem_pages_purge_locked(holder->obj);
}

static void purged_meanwhile(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj);
	struct holder *holder;
	bool kept;

	holder = hold(test, obj, purge_while_waiting);
	EXPECT_FAULT(test, fault(test, addr, 0, &kept), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_TRUE(test, let_go(test, holder));
}

static void unplugged(struct kunit *test)
{
	struct mmap_test *t = test->priv;
	struct drm_gem_pages_object *obj = object(test);
	unsigned long addr = map(test, obj);
	bool kept;
	u8 value;

	gp_test_register(test, t->drm);
	KUNIT_ASSERT_EQ(test, poke(addr, 1), 0);
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(TEST_PAGES - 1), 1), 0);

	drm_dev_unplug(t->drm);
	expect_absent(test, addr, TEST_PAGES);
	EXPECT_FAULT(test, fault(test, addr, 0, &kept), VM_FAULT_SIGBUS);
	EXPECT_FAULT(test, fault(test, addr, FAULT_FLAG_DEFAULT, &kept), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_TRUE(test, kept);
	KUNIT_EXPECT_EQ(test, peek(addr, &value), -EFAULT);
	expect_absent(test, addr, TEST_PAGES);
}

static void errors_of_backing(struct kunit *test)
{
	static const struct { int error; vm_fault_t fault; } errors[] = {
		{ -ENOMEM, VM_FAULT_OOM },
		{ -EIO, VM_FAULT_SIGBUS },
		{ -ENOSPC, VM_FAULT_SIGBUS },
		{ -EFAULT, VM_FAULT_SIGBUS },
		{ -EINTR, VM_FAULT_NOPAGE },
		{ -ERESTARTSYS, VM_FAULT_NOPAGE },
	};
	struct mmap_test *t = test->priv;
	struct gp_test_device *dev = to_gp_test_device(t->drm);
	struct drm_gem_pages_object *obj;
	struct gp_test_snapshot before;
	unsigned long addr;
	vm_fault_t ret;
	bool kept;
	int i;

	obj = allow(test, gp_test_private_object(test, t->drm, bytes(TEST_PAGES), 0));
	addr = map(test, obj);
	before = gp_test_snapshot(obj);

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		dev->get_error = errors[i].error;
		EXPECT_FAULT_MSG(test, fault(test, addr, FAULT_FLAG_DEFAULT, &kept),
				 VM_FAULT_RETRY, "error %d", errors[i].error);
		KUNIT_EXPECT_FALSE(test, kept);
		ret = fault(test, addr, FAULT_FLAG_DEFAULT | FAULT_FLAG_TRIED, &kept);
		EXPECT_FAULT_MSG(test, ret, errors[i].fault, "error %d", errors[i].error);
		KUNIT_EXPECT_TRUE(test, kept);
		EXPECT_FAULT_MSG(test, fault(test, addr, FAULT_FLAG_WRITE, &kept),
				 errors[i].fault, "error %d", errors[i].error);
		KUNIT_EXPECT_TRUE(test, gp_test_unchanged(test, obj, &before));
	}
	expect_absent(test, addr, TEST_PAGES);

	dev->get_error = 0;
	KUNIT_EXPECT_EQ(test, poke(addr, 1), 0);
	expect_entry(test, addr, obj, 0, WRITABLE);
}

/*
 * Eviction
 */

static void evict_zaps(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test);
	struct dma_buf *dma_buf = gp_test_export(test, obj, DRM_RDWR);
	unsigned long one = map(test, obj), two, three, i;
	u8 value;

	two = map_at(test, obj, 0, TEST_PAGES, PROT_READ);
	three = map_dma_buf(test, dma_buf, 0, 11, TEST_PAGES - 11, RW);
	unmap(test, one + bytes(12), 2);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 4);

	for (i = 0; i < 12; i++)
		KUNIT_ASSERT_EQ(test, poke(one + bytes(i), 0x40 + i), 0);
	for (i = 11; i < TEST_PAGES; i++)
		KUNIT_ASSERT_EQ(test, poke(three + bytes(i - 11), 0x40 + i), 0);
	for (i = 0; i < TEST_PAGES; i++)
		KUNIT_ASSERT_EQ(test, peek(two + bytes(i), &value), 0);

	evict(test, obj);
	KUNIT_EXPECT_FALSE(test, gp_test_resident(obj));
	expect_absent(test, one, 12);
	expect_absent(test, one + bytes(14), TEST_PAGES - 14);
	expect_absent(test, two, TEST_PAGES);
	expect_absent(test, three, TEST_PAGES - 11);
	KUNIT_EXPECT_EQ(test, mmaps(obj), 4);

	for (i = 0; i < TEST_PAGES; i++) {
		KUNIT_ASSERT_EQ(test, peek(two + bytes(i), &value), 0);
		KUNIT_EXPECT_EQ_MSG(test, value, 0x40 + i, "page %lu", i);
	}
	for (i = 11; i < TEST_PAGES; i++) {
		KUNIT_ASSERT_EQ(test, peek(three + bytes(i - 11), &value), 0);
		KUNIT_EXPECT_EQ_MSG(test, value, 0x40 + i, "page %lu", i);
	}
	for (i = 14; i < TEST_PAGES; i++) {
		KUNIT_ASSERT_EQ(test, peek(one + bytes(i), &value), 0);
		KUNIT_EXPECT_EQ_MSG(test, value, 0x40 + i, "page %lu", i);
	}
}

/* The entry that pfn_mkwrite is told of may be of a page that went elsewhere. */
static void mkwrite_of_foreign_page(struct kunit *test)
{
	struct drm_gem_pages_object *obj = object(test), *other = object(test);
	unsigned long addr = map(test, obj);
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	vm_fault_t ret = 0;

	populate(test, obj);
	populate(test, other);
	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma) {
		struct vm_fault vmf = {
			.vma = vma,
			.pgoff = vma->vm_pgoff,
			.address = addr,
			.flags = FAULT_FLAG_WRITE,
			.orig_pte = pfn_pte(folio_pfn(folio_of(other, 0)), PAGE_READONLY),
		};

		ret = vma->vm_ops->pfn_mkwrite(&vmf);
	}
	mmap_read_unlock(mm);
	KUNIT_EXPECT_FALSE(test, ret & VM_FAULT_ERROR);
	KUNIT_EXPECT_EQ(test, count_dirty(other), 0);
	KUNIT_EXPECT_EQ(test, count_dirty(obj), 0);
}

/*
 * Other kinds of objects
 */

static bool is_write_combined(pgprot_t prot)
{
	return pgprot_val(pgprot_writecombine(prot)) == pgprot_val(prot);
}

static bool not_coherent(struct device *dev)
{
	return false;
}

static void write_combine(struct kunit *test)
{
	struct mmap_test *t = test->priv;
	struct drm_gem_pages_object *obj, *cached = object(test);
	unsigned long addr, caddr = map(test, cached);
	u8 value;

	kunit_activate_static_stub(test, drm_gem_pages_is_coherent, not_coherent);
	obj = allow(test, gp_test_object(test, t->drm, bytes(TEST_PAGES), DRM_GEM_PAGES_WC));
	KUNIT_ASSERT_TRUE(test, drm_gem_pages_is_wc(obj));
	addr = map(test, obj);

	KUNIT_ASSERT_EQ(test, peek(addr, &value), 0);
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(1), 0x5a), 0);
	expect_entry(test, addr, obj, 0, CLEAN);
	expect_entry(test, addr + bytes(1), obj, 1, WRITABLE);
	KUNIT_EXPECT_TRUE(test, is_write_combined(look(addr).prot));
	KUNIT_EXPECT_TRUE(test, is_write_combined(look(addr + bytes(1)).prot));
	evict(test, obj);
	KUNIT_ASSERT_EQ(test, peek(addr + bytes(1), &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0x5a);
	/* Dirty, so writable from the start. */
	expect_entry(test, addr + bytes(1), obj, 1, WRITABLE);
	KUNIT_EXPECT_TRUE(test, is_write_combined(look(addr + bytes(1)).prot));

	/* Mapping for the device wrote the zeroes back before anybody looks past the cache. */
	if (!IS_ENABLED(CONFIG_X86))
		KUNIT_EXPECT_NOT_NULL(test, state_of(obj)->sgt);

	KUNIT_ASSERT_EQ(test, peek(caddr, &value), 0);
	KUNIT_EXPECT_NULL(test, state_of(cached)->sgt);
	if (!is_write_combined(PAGE_SHARED))
		KUNIT_EXPECT_FALSE(test, is_write_combined(look(caddr).prot));
}

/* Without folios to tell who wrote where, a writable mapping in use means dirty. */
static void private_object(struct kunit *test)
{
	struct mmap_test *t = test->priv;
	struct gp_test_device *dev = to_gp_test_device(t->drm);
	struct drm_gem_pages_object *obj;
	unsigned long ro, rw, i;
	u8 value;

	obj = allow(test, gp_test_private_object(test, t->drm, bytes(TEST_PAGES), 0));
	ro = map_at(test, obj, reserve(test, bytes(TEST_PAGES), WINDOW), TEST_PAGES, PROT_READ);
	rw = map(test, obj);

	/* Read where nobody could write. */
	KUNIT_ASSERT_EQ(test, peek(ro + bytes(2), &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->gets), 1);
	for (i = 0; i < WINDOW_PAGES; i++)
		expect_entry(test, ro + bytes(i), obj, i, CLEAN);
	evict(test, obj);
	KUNIT_EXPECT_EQ(test, atomic_read(&dev->puts), 1);
	KUNIT_EXPECT_FALSE(test, dev->put_dirty);
	expect_absent(test, ro, TEST_PAGES);

	/* Written to. */
	KUNIT_ASSERT_EQ(test, poke(rw + bytes(3), 1), 0);
	for (i = 0; i < WINDOW_PAGES; i++)
		expect_entry(test, rw + bytes(i), obj, i, WRITABLE);
	KUNIT_ASSERT_EQ(test, peek(ro + bytes(3), &value), 0);
	KUNIT_EXPECT_EQ(test, value, 1);
	expect_entry(test, ro + bytes(3), obj, 3, CLEAN);
	evict(test, obj);
	KUNIT_EXPECT_TRUE(test, dev->put_dirty);
	expect_absent(test, rw, TEST_PAGES);

	/* Read, then written to. */
	KUNIT_ASSERT_EQ(test, peek(rw + bytes(3), &value), 0);
	KUNIT_ASSERT_EQ(test, poke(rw + bytes(4), 1), 0);
	evict(test, obj);
	KUNIT_EXPECT_TRUE(test, dev->put_dirty);

	/* Not for ever. */
	KUNIT_ASSERT_EQ(test, peek(ro + bytes(2), &value), 0);
	if (HAS_SYSCALLS) {
		evict(test, obj);
		KUNIT_EXPECT_FALSE(test, dev->put_dirty);

		/* Made writable when it is mapped already. */
		KUNIT_ASSERT_EQ(test, peek(ro + bytes(2), &value), 0);
		KUNIT_ASSERT_EQ(test, user_mprotect(ro, bytes(TEST_PAGES), RW), 0);
		KUNIT_ASSERT_EQ(test, poke(ro + bytes(2), 1), 0);
		expect_entry(test, ro + bytes(2), obj, 2, WRITABLE);
		evict(test, obj);
		KUNIT_EXPECT_TRUE(test, dev->put_dirty);
	}
	KUNIT_EXPECT_FALSE(test, dev->put_early);
}

/*
 * Huge folios
 */

/* An object of @count huge folios, mapped where they fit as a whole. */
static struct drm_gem_pages_object *huge_object(struct kunit *test, unsigned int count)
{
	struct mmap_test *t = test->priv;
	struct drm_gem_pages_object *obj;
	unsigned int i;

	if (!IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP))
		kunit_skip(test, "no huge page table entries for PFNs on this architecture");

	if (!drm_gem_get_huge_mnt(t->drm))
		KUNIT_ASSERT_EQ(test, drm_gem_pages_use_huge(t->drm, "within_size"), 0);
	obj = allow(test, gp_test_object(test, t->drm, count * PMD_SIZE, 0));
	populate(test, obj);
	for (i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(test, folio_size(folio_of(obj, i * (PMD_SIZE >> PAGE_SHIFT))),
				PMD_SIZE);
	return obj;
}

#define PMD_PAGES	(PMD_SIZE >> PAGE_SHIFT)

static unsigned long map_huge(struct kunit *test, struct drm_gem_pages_object *obj)
{
	return map_at(test, obj, reserve(test, obj->base.size, PMD_SIZE), page_count_of(obj), RW);
}

static void huge_read_then_write(struct kunit *test)
{
	struct drm_gem_pages_object *obj = huge_object(test, 2);
	unsigned long addr = map_huge(test, obj), before = faults(), i;
	u8 value;

	KUNIT_ASSERT_EQ(test, peek(addr + bytes(100), &value), 0);
	KUNIT_EXPECT_EQ(test, faults(), before + 1);
	KUNIT_EXPECT_TRUE(test, look(addr).huge);
	expect_absent(test, addr + PMD_SIZE, 1);
	for (i = 0; i < PMD_PAGES; i++)
		KUNIT_ASSERT_EQ(test, peek(addr + bytes(i), &value), 0);
	KUNIT_EXPECT_EQ(test, faults(), before + 1);
	for (i = 0; i < PMD_PAGES; i += 73)
		expect_entry(test, addr + bytes(i), obj, i, CLEAN);
	KUNIT_EXPECT_FALSE(test, dirty(obj, 0));

	KUNIT_ASSERT_EQ(test, poke(addr + bytes(300), 0x12), 0);
	KUNIT_EXPECT_EQ(test, faults(), before + 2);
	KUNIT_EXPECT_TRUE(test, look(addr).huge);
	for (i = 0; i < PMD_PAGES; i += 73)
		expect_entry(test, addr + bytes(i), obj, i, WRITABLE);
	KUNIT_EXPECT_TRUE(test, dirty(obj, 0));
	KUNIT_EXPECT_FALSE(test, dirty(obj, PMD_PAGES));
	KUNIT_ASSERT_EQ(test, poke(addr, 0x34), 0);
	KUNIT_EXPECT_EQ(test, faults(), before + 2);
}

static void huge_write_first(struct kunit *test)
{
	struct drm_gem_pages_object *obj = huge_object(test, 2);
	unsigned long addr = map_huge(test, obj), before = faults();
	u8 value;

	KUNIT_ASSERT_EQ(test, poke(addr + PMD_SIZE + bytes(7), 0x12), 0);
	KUNIT_EXPECT_EQ(test, faults(), before + 1);
	KUNIT_EXPECT_TRUE(test, look(addr + PMD_SIZE).huge);
	expect_entry(test, addr + PMD_SIZE, obj, PMD_PAGES, WRITABLE);
	KUNIT_EXPECT_TRUE(test, dirty(obj, PMD_PAGES));
	KUNIT_EXPECT_FALSE(test, dirty(obj, 0));
	expect_absent(test, addr, 1);

	/* Evicted and read again: dirty still, so writable from the start. */
	evict(test, obj);
	expect_absent(test, addr + PMD_SIZE, 8);
	KUNIT_ASSERT_EQ(test, peek(addr + PMD_SIZE + bytes(7), &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0x12);
	KUNIT_EXPECT_TRUE(test, look(addr + PMD_SIZE).huge);
	expect_entry(test, addr + PMD_SIZE, obj, PMD_PAGES, WRITABLE);
}

static void huge_does_not_fit(struct kunit *test)
{
	struct drm_gem_pages_object *obj = huge_object(test, 2);
	unsigned long addr, i;
	u8 value;

	/* Too short at the end */
	addr = map_at(test, obj, reserve(test, PMD_SIZE, PMD_SIZE), PMD_PAGES - 1, RW);
	KUNIT_ASSERT_EQ(test, peek(addr + bytes(17), &value), 0);
	KUNIT_EXPECT_FALSE(test, look(addr + bytes(17)).huge);
	for (i = WINDOW_PAGES; i < 2 * WINDOW_PAGES; i++)
		expect_entry(test, addr + bytes(i), obj, i, CLEAN);
	expect_absent(test, addr, WINDOW_PAGES);

	/* At an address that is not aligned as the folio is */
	addr = map_at(test, obj, reserve(test, 3 * PMD_SIZE, PMD_SIZE) + WINDOW, 2 * PMD_PAGES, RW);
	KUNIT_ASSERT_EQ(test, poke(addr + bytes(PMD_PAGES + 1), 1), 0);
	KUNIT_EXPECT_FALSE(test, look(addr + bytes(PMD_PAGES + 1)).huge);
	expect_entry(test, addr + bytes(PMD_PAGES + 1), obj, PMD_PAGES + 1, WRITABLE);
	KUNIT_ASSERT_EQ(test, peek(addr, &value), 0);
	expect_entry(test, addr, obj, 0, CLEAN);

	/* Too short at the start */
	addr = map_huge(test, obj);
	unmap(test, addr, 1);
	KUNIT_ASSERT_EQ(test, peek(addr + bytes(40), &value), 0);
	KUNIT_EXPECT_FALSE(test, look(addr + bytes(40)).huge);
	expect_entry(test, addr + bytes(40), obj, 40, CLEAN);
}

static void huge_split(struct kunit *test)
{
	struct drm_gem_pages_object *obj = huge_object(test, 2);
	unsigned long addr;
	u8 value;

	stamp(test, obj);
	addr = map_huge(test, obj);
	KUNIT_ASSERT_EQ(test, peek(addr, &value), 0);
	KUNIT_ASSERT_EQ(test, peek(addr + PMD_SIZE, &value), 0);
	KUNIT_ASSERT_TRUE(test, look(addr).huge);
	KUNIT_ASSERT_TRUE(test, look(addr + PMD_SIZE).huge);

	unmap(test, addr + bytes(64), 16);
	expect_content(test, addr, obj, 0, 64);
	expect_content(test, addr + bytes(80), obj, 80, PMD_PAGES - 80);
	KUNIT_EXPECT_FALSE(test, look(addr).huge);
	KUNIT_EXPECT_TRUE(test, look(addr + PMD_SIZE).huge);
	expect_content(test, addr + PMD_SIZE, obj, PMD_PAGES, 32);

	if (HAS_SYSCALLS) {
		KUNIT_ASSERT_EQ(test, user_mprotect(addr + PMD_SIZE + bytes(100), bytes(3),
						    PROT_READ), 0);
		expect_content(test, addr + PMD_SIZE, obj, PMD_PAGES, PMD_PAGES);
		KUNIT_EXPECT_NE(test, poke(addr + PMD_SIZE + bytes(101), 1), 0);
		KUNIT_EXPECT_EQ(test, poke(addr + PMD_SIZE + bytes(103), 1), 0);
		KUNIT_EXPECT_FALSE(test, look(addr + PMD_SIZE).huge);
	}

	evict(test, obj);
	expect_absent(test, addr, 64);
	expect_absent(test, addr + bytes(80), PMD_PAGES - 80);
}

/* One fault maps single pages while another is about to map the folio, or the reverse. */
static void huge_raced(struct kunit *test)
{
	struct drm_gem_pages_object *obj = huge_object(test, 2);
	unsigned long addr = map_huge(test, obj);
	pgoff_t start = drm_vma_node_start(&obj->base.vma_node);
	vm_fault_t ret;
	u8 value;

	/* This makes the level above. */
	KUNIT_ASSERT_EQ(test, peek(addr + PMD_SIZE, &value), 0);
	KUNIT_ASSERT_TRUE(test, look(addr + PMD_SIZE).huge);

	EXPECT_FAULT(test, call_fault(test, addr + bytes(3), start + 3, 0, 0), VM_FAULT_NOPAGE);
	expect_entry(test, addr + bytes(3), obj, 3, CLEAN);
	KUNIT_EXPECT_FALSE(test, look(addr + bytes(3)).huge);
	EXPECT_FAULT(test, call_fault(test, addr + bytes(5), start + 5, 0, PMD_ORDER),
		     VM_FAULT_FALLBACK);
	KUNIT_EXPECT_FALSE(test, look(addr + bytes(3)).huge);
	KUNIT_ASSERT_EQ(test, peek(addr + bytes(200), &value), 0);
	expect_entry(test, addr + bytes(200), obj, 200, CLEAN);

	ret = call_fault(test, addr + PMD_SIZE + bytes(3), start + PMD_PAGES + 3, 0, 0);
	EXPECT_FAULT(test, ret, VM_FAULT_NOPAGE);
	KUNIT_EXPECT_TRUE(test, look(addr + PMD_SIZE).huge);

	/* An order that nobody has pages of. */
	EXPECT_FAULT(test, call_fault(test, addr, start, 0, PMD_ORDER - 1), VM_FAULT_FALLBACK);
}

static struct kunit_case mmap_cases[] = {
	KUNIT_CASE(mmap_allocates_nothing),
	KUNIT_CASE(first_touch_is_zero),
	KUNIT_CASE(write_after_read),
	KUNIT_CASE(write_first),
	KUNIT_CASE(fault_marks_accessed),
	KUNIT_CASE(window_around_fault),
	KUNIT_CASE(window_inside_vma),
	KUNIT_CASE(window_keeps_entries),
	KUNIT_CASE(split_by_mprotect),
	KUNIT_CASE(mprotect_keeps_tracking),
	KUNIT_CASE(split_by_munmap),
	KUNIT_CASE(head_munmap),
	KUNIT_CASE(moved_by_mremap),
	KUNIT_CASE(copied_by_fork),
	KUNIT_CASE(dma_buf_at_offset),
	KUNIT_CASE(two_mappings),
	KUNIT_CASE(cow_refused),
	KUNIT_CASE(too_large_refused),
	KUNIT_CASE(read_only_mapping),
	KUNIT_CASE(out_of_range),
	KUNIT_CASE(no_mmap),
	KUNIT_CASE(mmap_offset),
	KUNIT_CASE(nowait),
	KUNIT_CASE(retry_drops_mmap_lock),
	KUNIT_CASE(retry_outlives_vma),
	KUNIT_CASE(no_retry_waits),
	KUNIT_CASE(interrupted_wait),
	KUNIT_CASE(retry_drops_vma_lock),
	KUNIT_CASE(purged),
	KUNIT_CASE(purged_meanwhile),
	KUNIT_CASE(unplugged),
	KUNIT_CASE(errors_of_backing),
	KUNIT_CASE(evict_zaps),
	KUNIT_CASE(mkwrite_of_foreign_page),
	KUNIT_CASE(write_combine),
	KUNIT_CASE(private_object),
	KUNIT_CASE(huge_read_then_write),
	KUNIT_CASE(huge_write_first),
	KUNIT_CASE(huge_does_not_fit),
	KUNIT_CASE(huge_split),
	KUNIT_CASE(huge_raced),
	{ }
};

static struct kunit_suite mmap_suite = {
	.name = "drm_gem_pages_mmap",
	.init = mmap_test_init,
	.test_cases = mmap_cases,
};

kunit_test_suite(mmap_suite);

MODULE_DESCRIPTION("KUnit tests for user mappings of GEM objects made of pages");
MODULE_LICENSE("GPL");
