// SPDX-License-Identifier: GPL-2.0

#include <linux/export.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/notifier.h>
#include <linux/pagemap.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>

#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_pages_shrinker.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "drm_gem_pages_shrinker_internal.h"
#include "drm_gem_pages_trace.h"

/**
 * DOC: reclaim
 *
 * A driver that calls drm_gem_pages_shrinker_register() gets its objects reclaimed
 * when memory is short. Each object that has its pages is in one class. From cheap
 * to dear:
 *
 * 1. purgeable: user space said DRM_GEM_PAGES_DONTNEED. Purged, all others are
 *    evicted.
 * 2. unused: nobody maps it.
 * 3. mmapped: user space maps it, so the pages may come back soon.
 * 4. GPU-mapped in one VM: VM by VM, the one used least recently first.
 * 5. GPU-mapped in several VMs.
 * 6. busy: found to have unsignalled fences, whatever it was before.
 *
 * Pinned objects are in none, neither are imported ones, those that an importer maps,
 * those without pages, and private ones unless they are purgeable. Objects change the
 * class by themselves; only GPU mappings have to be told with
 * drm_gem_pages_set_gpu_mapped_locked(). Inside a class the order is that of getting
 * into it. An object that is passed over, because somebody has it locked, counts as
 * used and goes to the end.
 *
 * Locks of objects and VMs are only tried. Nothing is evicted in a context that may
 * not write to swap, and nothing at all is reclaimed in one that may not sleep. A
 * direct reclaimer waits for fences of busy objects, for ten milliseconds in one
 * scan. Everything that can prevent an eviction comes before user mappings are
 * zapped, removing the object from the device's page tables included: to zap under
 * a lock of the fence-signalling path would be a deadlock, because zapping waits
 * for MMU notifiers, and those may wait for fences. An evicted object is written to
 * swap at once, so that its pages are the next ones to be free; pages that nobody
 * wrote to are freed without.
 */

/* How many objects a scan takes off a list at once, at most. */
#define BATCH	16

/* What a scan may wait for fences in all. */
#define WAIT_BUDGET_MS	10

/*
 * Pages that a scan writes to swap, unless it is to free more. Memory that swap needs
 * comes from the reserves, and what was written is free only when reclaim comes by; it
 * writes the rest of an evicted object, too.
 */
#define WRITE_BUDGET	256UL

/* Objects change their class meanwhile; those that are in use come back for ever. */
#define EVICT_ALL_LAPS	2

/* Objects that one call of the vmap purge notifier looks at. */
#define VMAP_PURGE_LIMIT	64

static LIST_HEAD(shrinkers);
static DEFINE_SPINLOCK(shrinkers_lock);

struct drm_gem_pages_shrinker *drm_gem_pages_shrinker_of(struct drm_device *dev)
{
	struct drm_gem_pages_shrinker *shrinker;

	guard(rcu)();
	list_for_each_entry_rcu(shrinker, &shrinkers, node) {
		if (shrinker->dev == dev)
			return shrinker;
	}
	return NULL;
}
EXPORT_SYMBOL_FOR_MODULES(drm_gem_pages_shrinker_of, "drm_gem_pages_gpuvm,drm_gem_pages_tests");

static unsigned long pages_of(struct drm_gem_pages_state *s)
{
	return page_count_of(object_of(s));
}

/*
 * LRUs
 */

static enum drm_gem_pages_class classify(struct drm_gem_pages_state *s)
{
	if (!s->pages || atomic_read(&s->pin_count))
		return DRM_GEM_PAGES_NOT_RECLAIMABLE;
	/* Importers that can let go do that under locks that reclaim knows nothing of. */
	if (!hlist_empty(&s->attach_maps))
		return DRM_GEM_PAGES_NOT_RECLAIMABLE;
	if (s->gpu_vms && !s->shrinker->ops->unmap)
		return DRM_GEM_PAGES_NOT_RECLAIMABLE;
	/* What a private object holds is lost when it is evicted. */
	if (!object_of(s)->base.filp && !s->purgeable)
		return DRM_GEM_PAGES_NOT_RECLAIMABLE;
	if (s->found_busy)
		return DRM_GEM_PAGES_BUSY;
	if (s->purgeable)
		return DRM_GEM_PAGES_PURGEABLE;
	if (s->gpu_vms > 1)
		return DRM_GEM_PAGES_GPU_SHARED;
	if (s->gpu_vms)
		return DRM_GEM_PAGES_GPU_MAPPED;
	if (atomic_read(&s->mmap_count))
		return DRM_GEM_PAGES_MMAPPED;
	return DRM_GEM_PAGES_UNUSED;
}

static unsigned int find_needs(struct drm_gem_pages_state *s)
{
	unsigned int needs = 0;

	if (s->evictions)
		needs |= DRM_GEM_PAGES_NEEDS_IO;
	if (atomic_read(&s->mmap_count))
		needs |= DRM_GEM_PAGES_NEEDS_FS;
	return needs;
}

/* The pages of a class that a scan can have which may do what is @allowed. */
unsigned long drm_gem_pages_pages_in(struct drm_gem_pages_shrinker *shrinker,
				     enum drm_gem_pages_class class, unsigned int allowed)
{
	unsigned long pages = 0;
	unsigned int needs;

	if (!READ_ONCE(shrinker->count[class]))
		return 0;
	for (needs = 0; needs <= DRM_GEM_PAGES_NEEDS_ALL; needs++) {
		if (!(needs & ~allowed))
			pages += READ_ONCE(shrinker->pages[class][needs]);
	}
	return pages;
}
EXPORT_SYMBOL_IF_KUNIT(drm_gem_pages_pages_in);

/* Sort @vm into the list of VMs by its last use, which is most often the latest. */
static void place_vm(struct drm_gem_pages_shrinker *shrinker, struct drm_gem_pages_vm *vm)
{
	struct drm_gem_pages_vm *before;

	vm->placed = READ_ONCE(vm->used);
	list_for_each_entry_reverse(before, &shrinker->vms, node) {
		if (before->placed <= vm->placed)
			break;
	}
	list_add(&vm->node, &before->node);
}

/*
 * Using a VM does not move it, so the first one of the list may have been used since
 * it was placed. The first one that was not is the oldest: all others were placed
 * later, and used later still. Moves few VMs at once, and @most in all; returns false
 * if there are more to be moved.
 */
static bool sort_vms(struct drm_gem_pages_shrinker *shrinker, unsigned long *most)
{
	struct drm_gem_pages_vm *vm;
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		vm = list_first_entry_or_null(&shrinker->vms, typeof(*vm), node);
		if (!vm || READ_ONCE(vm->used) == vm->placed || !*most)
			return true;
		--*most;
		list_del(&vm->node);
		place_vm(shrinker, vm);
	}
	return false;
}

static struct drm_gem_pages_vm *vm_of(struct drm_gem_pages_state *s)
{
	return s->class == DRM_GEM_PAGES_GPU_MAPPED ? s->gpu_vm : NULL;
}

static struct drm_gem_pages_lru *lru_of(struct drm_gem_pages_shrinker *shrinker,
					struct drm_gem_pages_state *s)
{
	return vm_of(s) ? &vm_of(s)->lru : &shrinker->lru[s->class];
}

static void take_off_list(struct drm_gem_pages_shrinker *shrinker, struct drm_gem_pages_state *s)
{
	struct drm_gem_pages_vm *vm = vm_of(s);

	if (s->class == DRM_GEM_PAGES_NOT_RECLAIMABLE)
		return;

	list_del_init(&s->lru_node);
	shrinker->pages[s->class][s->needs] -= pages_of(s);
	shrinker->count[s->class]--;
	lru_of(shrinker, s)->count--;
	if (vm && !vm->lru.count) {
		list_del_init(&vm->node);
		shrinker->vm_count--;
	}
	s->class = DRM_GEM_PAGES_NOT_RECLAIMABLE;
}

static void put_on_list(struct drm_gem_pages_shrinker *shrinker, struct drm_gem_pages_state *s,
			enum drm_gem_pages_class class, unsigned int needs)
{
	struct drm_gem_pages_vm *vm;

	s->class = class;
	s->needs = needs;
	vm = vm_of(s);
	if (vm && !vm->lru.count) {
		place_vm(shrinker, vm);
		shrinker->vm_count++;
	}
	lru_of(shrinker, s)->count++;
	shrinker->pages[class][needs] += pages_of(s);
	shrinker->count[class]++;
	list_add_tail(&s->lru_node, &lru_of(shrinker, s)->objects);
}

/* Called after each change of what classify() looks at, so the last change wins. */
static void place(struct drm_gem_pages_shrinker *shrinker, struct drm_gem_pages_state *s)
{
	enum drm_gem_pages_class class = classify(s);
	unsigned int needs = find_needs(s);

	lockdep_assert_held(&shrinker->lock);

	if (class != s->class) {
		take_off_list(shrinker, s);
		if (class != DRM_GEM_PAGES_NOT_RECLAIMABLE)
			put_on_list(shrinker, s, class, needs);
	} else if (class != DRM_GEM_PAGES_NOT_RECLAIMABLE && needs != s->needs) {
		shrinker->pages[class][s->needs] -= pages_of(s);
		shrinker->pages[class][needs] += pages_of(s);
		s->needs = needs;
	}
}

static void set_gpu_vm(struct drm_gem_pages_shrinker *shrinker, struct drm_gem_pages_state *s,
		       unsigned int vms, struct drm_gem_pages_vm *vm)
{
	lockdep_assert_held(&shrinker->lock);

	if (vm != s->gpu_vm) {
		if (s->class == DRM_GEM_PAGES_GPU_MAPPED)
			take_off_list(shrinker, s);
		if (s->gpu_vm)
			s->gpu_vm->objects--;
		if (vm)
			vm->objects++;
		s->gpu_vm = vm;
	}
	s->gpu_vms = vms;
	place(shrinker, s);
}

void __drm_gem_pages_lru_update(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	guard(spinlock_irqsave)(&s->shrinker->lock);
	/* Without pages there is nothing that the device could be using. */
	if (!s->pages)
		s->found_busy = false;
	place(s->shrinker, s);
}

void __drm_gem_pages_shrinker_add(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	guard(spinlock)(&s->shrinker->objects_lock);
	list_add_tail(&s->node, &s->shrinker->objects);
}

/* @obj has no references, so only a scan that is about to notice may still see it. */
void __drm_gem_pages_shrinker_remove(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	scoped_guard(spinlock, &s->shrinker->objects_lock)
		list_del(&s->node);
	kfree(s->label);

	if (READ_ONCE(s->class) || s->gpu_vm || !list_empty(&s->idle_vmap_node)) {
		guard(spinlock_irqsave)(&s->shrinker->lock);
		take_off_list(s->shrinker, s);
		if (s->gpu_vm)
			s->gpu_vm->objects--;
		list_del_init(&s->idle_vmap_node);
	}
	if (s->pages)
		__drm_gem_pages_resident(obj, false);
	/* What else ends with the object is nothing to the shrinker. */
	s->shrinker = NULL;
}

static void set_found_busy(struct drm_gem_pages_object *obj, bool found_busy)
{
	struct drm_gem_pages_state *s = state_of(obj);

	guard(spinlock_irqsave)(&s->shrinker->lock);
	/* It may have been evicted meanwhile. */
	s->found_busy = found_busy && s->pages;
	place(s->shrinker, s);
}

/* An idle kernel mapping can be dropped when the kernel runs out of addresses. */
void __drm_gem_pages_vmap_update(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	guard(spinlock_irqsave)(&s->shrinker->lock);
	if (!s->vaddr || s->vmap_count)
		list_del_init(&s->idle_vmap_node);
	else if (list_empty(&s->idle_vmap_node))
		list_add_tail(&s->idle_vmap_node, &s->shrinker->idle_vmaps);
}

/**
 * drm_gem_pages_vm_init - initialise what reclaim knows of a VM
 * @vm: VM, embedded in the driver's
 * @dev: DRM device, after drm_gem_pages_shrinker_register() if it calls that
 *
 * Context: Any. Does not sleep.
 */
void drm_gem_pages_vm_init(struct drm_gem_pages_vm *vm, struct drm_device *dev)
{
	vm->shrinker = drm_gem_pages_shrinker_of(dev);
	INIT_LIST_HEAD(&vm->lru.objects);
	INIT_LIST_HEAD(&vm->node);
	vm->lru.count = 0;
	vm->objects = 0;
	vm->used = 0;
	vm->placed = 0;
	drm_gem_pages_vm_used(vm);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_vm_init);

/**
 * drm_gem_pages_vm_fini - forget a VM
 * @vm: VM that no object is mapped in any more
 *
 * All its objects have been unmapped, and the library told so with
 * drm_gem_pages_set_gpu_mapped_locked().
 *
 * Context: Process context. Does not sleep.
 */
void drm_gem_pages_vm_fini(struct drm_gem_pages_vm *vm)
{
	struct drm_gem_pages_shrinker *shrinker = vm->shrinker;
	struct drm_gem_pages_state *s;

	if (!shrinker || !drm_WARN_ON(shrinker->dev, READ_ONCE(vm->objects)))
		return;

	/* A driver that forgets to tell of some is not to bring down the machine. */
	guard(spinlock)(&shrinker->objects_lock);
	list_for_each_entry(s, &shrinker->objects, node) {
		guard(spinlock_irqsave)(&shrinker->lock);
		if (s->gpu_vm == vm)
			set_gpu_vm(shrinker, s, s->gpu_vms, NULL);
	}
}
EXPORT_SYMBOL_GPL(drm_gem_pages_vm_fini);

/**
 * drm_gem_pages_vm_used - say that the device works with a VM
 * @vm: VM
 *
 * To be called when a VM becomes active, or with each job; the objects that only
 * this VM maps are then reclaimed after those of VMs that were used before.
 *
 * Context: Any. Takes no lock.
 */
void drm_gem_pages_vm_used(struct drm_gem_pages_vm *vm)
{
	if (vm->shrinker)
		WRITE_ONCE(vm->used, atomic64_inc_return(&vm->shrinker->clock));
}
EXPORT_SYMBOL_GPL(drm_gem_pages_vm_used);

/**
 * drm_gem_pages_set_gpu_mapped_locked - tell where the device maps an object
 * @obj: object
 * @vms: number of VMs that map it
 * @vm: the VM if it is one, NULL if the driver has no &struct drm_gem_pages_vm
 *
 * To be called after each change, so also in &drm_gem_pages_shrinker_ops.unmap and
 * &drm_gem_pages_shrinker_ops.map.
 *
 * Context: Holds the reservation lock, or whatever else the driver changes mappings
 * under: calls for the same object must not overlap. Does not sleep.
 */
void drm_gem_pages_set_gpu_mapped_locked(struct drm_gem_pages_object *obj, unsigned int vms,
					 struct drm_gem_pages_vm *vm)
{
	struct drm_gem_pages_state *s = state_of(obj);

	if (!s->shrinker)
		return;

	if (vms != 1)
		vm = NULL;
	guard(spinlock_irqsave)(&s->shrinker->lock);
	set_gpu_vm(s->shrinker, s, vms, vm);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_set_gpu_mapped_locked);

/*
 * The driver's part of an eviction
 */

bool __drm_gem_pages_gpu_busy(struct drm_gem_pages_object *obj)
{
	const struct drm_gem_pages_shrinker_ops *ops = state_of(obj)->shrinker->ops;

	return ops->busy && ops->busy(obj);
}

int __drm_gem_pages_gpu_unmap(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);
	const struct drm_gem_pages_shrinker_ops *ops = s->shrinker->ops;
	int ret;

	if (!ops->unmap)
		return s->gpu_vms ? -EBUSY : 0;

	/* A driver may map objects without their lock, so only it knows for sure. */
	ret = ops->unmap(obj);
	/* After half of it, too, the driver has to look before it uses the object. */
	if (ret != -EDEADLK)
		s->gpu_unmapped = true;
	return ret;
}

void __drm_gem_pages_gpu_purged(struct drm_gem_pages_object *obj)
{
	const struct drm_gem_pages_shrinker_ops *ops = state_of(obj)->shrinker->ops;

	if (ops->purged)
		ops->purged(obj);
}

void __drm_gem_pages_resident(struct drm_gem_pages_object *obj, bool resident)
{
	const struct drm_gem_pages_shrinker_ops *ops = state_of(obj)->shrinker->ops;

	if (ops->resident)
		ops->resident(obj, resident);
}

/**
 * drm_gem_pages_validate_locked - get an object ready for the device
 * @obj: object that the device is about to use
 *
 * Gives it back its pages and its device map if it was evicted, and has the driver map
 * it where reclaim unmapped it. To be called for each object of a job after it was
 * locked, and before the job's fence is added; until that is signalled, the object
 * then stays as it is. Costs next to nothing if nothing was evicted.
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: 0, as drm_gem_pages_sgt_locked(), or what &drm_gem_pages_shrinker_ops.map
 * answers.
 */
int drm_gem_pages_validate_locked(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);
	int ret;

	ret = PTR_ERR_OR_ZERO(drm_gem_pages_sgt_locked(obj));
	if (ret || !s->gpu_unmapped)
		return ret;

	if (s->shrinker->ops->map) {
		ret = s->shrinker->ops->map(obj);
		if (ret)
			return ret;
	}
	s->gpu_unmapped = false;
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_validate_locked);

/*
 * Scan
 */

struct scan {
	struct drm_gem_pages_shrinker *shrinker;
	gfp_t gfp;
	unsigned int allowed;	/* &enum drm_gem_pages_needs */
	unsigned long target;	/* pages to free, and objects of a class to look at */
	unsigned long freed;	/* pages */
	unsigned long passed;	/* objects of this class that were looked at in vain */
	unsigned long passed_all;
	long wait;		/* jiffies left to wait for fences */
	bool patient;		/* waits for locks, too */
	bool no_swap;		/* what is evicted cannot be written: more would be in vain */
	unsigned long write;	/* pages left to write to swap */
};

static bool may_write(struct scan *scan)
{
	return scan->write && !scan->no_swap;
}

static bool is_done(struct scan *scan)
{
	return scan->freed >= scan->target || scan->passed >= scan->target;
}

static unsigned int allowed(gfp_t gfp)
{
	unsigned int allowed = 0;

	if (gfp & __GFP_IO)
		allowed |= DRM_GEM_PAGES_NEEDS_IO;
	if (gfp & __GFP_FS)
		allowed |= DRM_GEM_PAGES_NEEDS_FS;
	return allowed;
}

/* Page tables and kernel mappings end under locks that sleep, so nothing can be had without. */
static bool may_sleep(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM || (gfp & __GFP_KSWAPD_RECLAIM && current_is_kswapd());
}

/* Background reclaim does not stall the device. */
static bool may_wait(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM && !current_is_kswapd();
}

/* Free pages of swap; what is evicted goes there. Swap may be a file. */
unsigned long drm_gem_pages_swap_space(gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(drm_gem_pages_swap_space, gfp);

	if (!(gfp & __GFP_IO) || !(gfp & __GFP_FS))
		return 0;
	return max(get_nr_swap_pages(), 0L);
}
EXPORT_SYMBOL_IF_KUNIT(drm_gem_pages_swap_space);

/*
 * Take up to @max objects off the front of @lru and put them to its end. What remains
 * there was looked at; what gets reclaimed leaves the list. So a scan sees no object
 * twice, and the next one begins where this one has stopped.
 */
static unsigned int isolate(struct drm_gem_pages_lru *lru, struct drm_gem_pages_object **batch,
			    unsigned int max, unsigned long *left)
{
	struct drm_gem_pages_state *s;
	unsigned int n = 0;

	while (n < max && *left) {
		s = list_first_entry_or_null(&lru->objects, typeof(*s), lru_node);
		if (!s)
			break;
		--*left;
		list_move_tail(&s->lru_node, &lru->objects);
		/* Whoever drops the last reference removes it. */
		if (kref_get_unless_zero(&object_of(s)->base.refcount))
			batch[n++] = object_of(s);
	}
	return n;
}

static bool is_busy_no_more(struct drm_gem_pages_object *obj)
{
	bool busy = true;

	if (!dma_resv_test_signaled(obj->base.resv, DMA_RESV_USAGE_BOOKKEEP))
		return false;
	if (dma_resv_trylock(obj->base.resv)) {
		busy = __drm_gem_pages_gpu_busy(obj);
		dma_resv_unlock(obj->base.resv);
	}
	return !busy;
}

/*
 * Fences may have signalled since, of which nobody tells us. The objects that were
 * found busy first come first, so where none of a batch is idle, few others are.
 */
static void recheck_busy(struct drm_gem_pages_shrinker *shrinker)
{
	struct drm_gem_pages_lru *lru = &shrinker->lru[DRM_GEM_PAGES_BUSY];
	unsigned long left = READ_ONCE(lru->count);
	struct drm_gem_pages_object *batch[BATCH];
	unsigned int i, n;
	bool found = true;

	while (found && left) {
		found = false;
		scoped_guard(spinlock_irqsave, &shrinker->lock)
			n = isolate(lru, batch, BATCH, &left);
		for (i = 0; i < n; i++) {
			if (is_busy_no_more(batch[i])) {
				set_found_busy(batch[i], false);
				found = true;
			}
			drm_gem_object_put(&batch[i]->base);
		}
	}
}

/* The time that is spent waiting here is the whole scan's. */
static bool wait_idle(struct scan *scan, struct drm_gem_pages_object *obj)
{
	struct dma_resv *resv = obj->base.resv;
	long left;

	if (!scan->wait)
		return dma_resv_test_signaled(resv, DMA_RESV_USAGE_BOOKKEEP);

	left = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, false, scan->wait);
	scan->wait = max(left, 0L);
	return left > 0;
}

/*
 * Zeros, and what zswap takes, are in swap without having been written. What ends a
 * write puts other folios where reclaim looks next, so this makes believe in one.
 */
static void end_unwritten(struct folio *folio)
{
	if (!folio_trylock(folio))
		return;
	if (folio_test_swapcache(folio) && folio_test_reclaim(folio) &&
	    !folio_test_dirty(folio) && !folio_test_writeback(folio)) {
		folio_start_writeback(folio);
		folio_unlock(folio);
		folio_end_writeback(folio);
		return;
	}
	folio_unlock(folio);
}

/* Write one folio to swap. Returns the number of its pages that are to be free. */
static unsigned long write_folio(struct scan *scan, struct address_space *mapping,
				 struct folio *folio, bool *split)
{
	unsigned long count = folio_nr_pages(folio);
	int ret;

	if (!folio_trylock(folio))
		return 0;
	if (folio->mapping != mapping || folio_test_writeback(folio) ||
	    !folio_clear_dirty_for_io(folio)) {
		folio_unlock(folio);
		return 0;
	}

	/* Puts it where reclaim looks next, as soon as it is written. */
	folio_set_reclaim(folio);
	ret = shmem_write_folio(folio);
	if (ret == AOP_WRITEPAGE_ACTIVATE)
		folio_unlock(folio);
	if (ret)
		scan->no_swap = true;
	else
		end_unwritten(folio);
	if (!folio_test_writeback(folio))
		folio_clear_reclaim(folio);

	if (folio_nr_pages(folio) != count)
		*split = true;
	return ret ? 0 : folio_nr_pages(folio);
}

/*
 * The object has let go of its pages; make free memory of them. Returns how many are
 * free, are being written to swap, or are clean in the swap cache, which reclaim takes
 * before it looks at anything that has to be written.
 */
static unsigned long write_back(struct scan *scan, struct address_space *mapping)
{
	unsigned long freed = 0, written, before;
	bool split, clean = false;
	struct folio_batch fbatch;
	pgoff_t index;
	int i;

	folio_batch_init(&fbatch);
	do {
		index = 0;
		/* Only the first part of what had to be split is written. */
		split = false;
		while (filemap_get_folios(mapping, &index, ULONG_MAX, &fbatch)) {
			for (i = 0; i < folio_batch_count(&fbatch); i++) {
				if (!folio_test_dirty(fbatch.folios[i])) {
					clean = true;
				} else if (may_write(scan)) {
					written = write_folio(scan, mapping, fbatch.folios[i],
							      &split);
					scan->write -= min(written, scan->write);
					freed += written;
				}
			}
			folio_batch_release(&fbatch);
			cond_resched();
		}
	} while (split && may_write(scan));

	/* It counts what is in swap, too. */
	if (clean) {
		before = mapping->nrpages;
		invalidate_mapping_pages(mapping, 0, -1);
		before -= min(before, mapping->nrpages);
		mm_account_reclaimed_pages(before);
		freed += before;
	}
	return freed;
}

/* Returns the number of pages that were freed, or a negative error code. */
static long reclaim_locked(struct scan *scan, struct drm_gem_pages_object *obj,
			   enum drm_gem_pages_class class)
{
	struct drm_gem_pages_state *s = state_of(obj);
	long freed;
	int ret;

	if (READ_ONCE(s->class) != class)
		return -EAGAIN;
	if (find_needs(s) & ~scan->allowed)
		return -EPERM;

	if (s->purgeable) {
		ret = drm_gem_pages_purge_locked(obj);
		if (ret)
			return ret;
		mm_account_reclaimed_pages(page_count_of(obj));
		return page_count_of(obj);
	}

	if (!drm_gem_pages_swap_space(scan->gfp))
		return -ENOSPC;
	ret = drm_gem_pages_evict_locked(obj);
	if (ret)
		return ret;
	freed = write_back(scan, obj->base.filp->f_mapping);
	trace_drm_gem_pages_write_back(obj, freed);
	return freed;
}

static bool lock(struct scan *scan, struct drm_gem_pages_object *obj)
{
	if (scan->patient)
		return !dma_resv_lock(obj->base.resv, NULL);
	return dma_resv_trylock(obj->base.resv);
}

static void reclaim(struct scan *scan, struct drm_gem_pages_object *obj,
		    enum drm_gem_pages_class class)
{
	long ret;

	/* Others find out with the lock held. */
	if (class == DRM_GEM_PAGES_BUSY && !wait_idle(scan, obj)) {
		ret = -EBUSY;
	} else if (!lock(scan, obj)) {
		ret = -EDEADLK;
	} else {
		ret = reclaim_locked(scan, obj, class);
		dma_resv_unlock(obj->base.resv);
	}

	if (ret > 0) {
		scan->freed += ret;
		return;
	}
	scan->passed++;
	if (ret == -ENOSPC)
		scan->no_swap = true;
	if (ret)
		trace_drm_gem_pages_skip(obj, class, ret);
	if (ret == -EBUSY && class != DRM_GEM_PAGES_BUSY)
		set_found_busy(obj, true);
}

static void reclaim_batch(struct scan *scan, struct drm_gem_pages_object **batch, unsigned int n,
			  enum drm_gem_pages_class class)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!is_done(scan) && !scan->no_swap)
			reclaim(scan, batch[i], class);
		drm_gem_object_put(&batch[i]->base);
	}
}

/* As many objects as will do if they are like the last ones, more if those were in vain. */
static unsigned int next_batch(struct scan *scan, unsigned int n, unsigned long freed)
{
	if (is_done(scan))
		return 1;
	if (freed)
		return clamp((scan->target - scan->freed) * n / freed, 1, BATCH);
	return clamp(min(n * 2, scan->target - scan->passed), 1, BATCH);
}

static void scan_class(struct scan *scan, enum drm_gem_pages_class class)
{
	struct drm_gem_pages_shrinker *shrinker = scan->shrinker;
	struct drm_gem_pages_lru *lru = &shrinker->lru[class];
	struct drm_gem_pages_object *batch[BATCH];
	unsigned long left = READ_ONCE(lru->count);
	unsigned int n, size = 1;

	while (left && !is_done(scan) && !scan->no_swap) {
		unsigned long freed = scan->freed;

		scoped_guard(spinlock_irqsave, &shrinker->lock)
			n = isolate(lru, batch, size, &left);
		if (!n)
			break;
		reclaim_batch(scan, batch, n, class);
		size = next_batch(scan, n, scan->freed - freed);
		cond_resched();
	}
}

/*
 * The same for the objects of each VM. A VM of which all objects were passed over is
 * in use, so it goes to the end. It may go away whenever the lock is not held.
 */
static void scan_vms(struct scan *scan)
{
	struct drm_gem_pages_shrinker *shrinker = scan->shrinker;
	unsigned long vms = READ_ONCE(shrinker->vm_count), moves = 2 * vms, left = 0;
	struct drm_gem_pages_object *batch[BATCH];
	struct drm_gem_pages_vm *vm, *last = NULL;
	unsigned int n, size = 1;

	while (!is_done(scan) && !scan->no_swap) {
		unsigned long freed = scan->freed;

		n = 0;
		scoped_guard(spinlock_irqsave, &shrinker->lock) {
			if (!sort_vms(shrinker, &moves))
				break;
			vm = list_first_entry_or_null(&shrinker->vms, typeof(*vm), node);
			if (!vm)
				return;
			if (vm != last) {
				if (!vms--)
					return;
				last = vm;
				left = vm->lru.count;
			} else if (!left) {
				drm_gem_pages_vm_used(vm);
				last = NULL;
				break;
			}
			n = isolate(&vm->lru, batch, size, &left);
		}
		if (n) {
			reclaim_batch(scan, batch, n, DRM_GEM_PAGES_GPU_MAPPED);
			size = next_batch(scan, n, scan->freed - freed);
		}
		cond_resched();
	}
}

static void run_class(struct scan *scan, enum drm_gem_pages_class class)
{
	scan->passed = 0;
	if (class == DRM_GEM_PAGES_GPU_MAPPED)
		scan_vms(scan);
	scan_class(scan, class);
	scan->passed_all += scan->passed;
}

static void run(struct scan *scan)
{
	enum drm_gem_pages_class class;

	recheck_busy(scan->shrinker);

	scan->no_swap = false;
	run_class(scan, DRM_GEM_PAGES_PURGEABLE);
	if (!drm_gem_pages_swap_space(scan->gfp))
		return;
	for (class = DRM_GEM_PAGES_UNUSED; class < DRM_GEM_PAGES_BUSY; class++)
		run_class(scan, class);
	if (scan->wait)
		run_class(scan, DRM_GEM_PAGES_BUSY);
}

/* Returns the number of pages that a scan with @gfp could free now. */
unsigned long drm_gem_pages_shrinker_count(struct drm_gem_pages_shrinker *shrinker, gfp_t gfp)
{
	unsigned long swap = drm_gem_pages_swap_space(gfp), count = 0;
	enum drm_gem_pages_class class;

	if (!may_sleep(gfp))
		return 0;
	recheck_busy(shrinker);

	for (class = DRM_GEM_PAGES_UNUSED; swap && class < DRM_GEM_PAGES_BUSY; class++)
		count += drm_gem_pages_pages_in(shrinker, class, allowed(gfp));
	if (swap && may_wait(gfp))
		count += drm_gem_pages_pages_in(shrinker, DRM_GEM_PAGES_BUSY, allowed(gfp));

	return min(count, swap) +
	       drm_gem_pages_pages_in(shrinker, DRM_GEM_PAGES_PURGEABLE, allowed(gfp));
}
EXPORT_SYMBOL_IF_KUNIT(drm_gem_pages_shrinker_count);

/*
 * Free about @target pages, cheap ones first. Returns the number of pages freed, or
 * SHRINK_STOP if there were none: what stands in the way now will do so in the next
 * moment, too. Says in @passed how many objects were looked at in vain.
 */
unsigned long drm_gem_pages_shrinker_scan(struct drm_gem_pages_shrinker *shrinker, gfp_t gfp,
					  unsigned long target, unsigned long *passed)
{
	struct scan scan = {
		.shrinker = shrinker,
		.gfp = gfp,
		.allowed = allowed(gfp),
		.target = target,
		.write = max(target, WRITE_BUDGET),
		.wait = may_wait(gfp) ? msecs_to_jiffies(WAIT_BUDGET_MS) : 0,
	};

	if (may_sleep(gfp))
		run(&scan);

	*passed = scan.passed_all;
	return scan.freed ?: SHRINK_STOP;
}
EXPORT_SYMBOL_IF_KUNIT(drm_gem_pages_shrinker_scan);

/* The same in the circumstances of memory reclaim. Returns the number of pages freed. */
unsigned long drm_gem_pages_shrinker_reclaim(struct drm_gem_pages_shrinker *shrinker, gfp_t gfp,
					     unsigned long target)
{
	unsigned long freed, passed;
	unsigned int noreclaim;

	fs_reclaim_acquire(gfp);
	noreclaim = memalloc_noreclaim_save();
	freed = drm_gem_pages_shrinker_scan(shrinker, gfp, target, &passed);
	memalloc_noreclaim_restore(noreclaim);
	fs_reclaim_release(gfp);

	return freed == SHRINK_STOP ? 0 : freed;
}

/*
 * Where objects have most of the memory, the core sees little that it could reclaim,
 * and gives up when somebody else is quicker to take what it did reclaim.
 */
bool __drm_gem_pages_make_room(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_shrinker *shrinker = state_of(obj)->shrinker;
	bool made = false;

	if (!down_read_trylock(&shrinker->alive))
		return false;
	if (shrinker->shrinker)
		made = drm_gem_pages_shrinker_reclaim(shrinker, GFP_KERNEL, WRITE_BUDGET);
	up_read(&shrinker->alive);
	return made;
}
EXPORT_SYMBOL_IF_KUNIT(__drm_gem_pages_make_room);

static unsigned long count_objects(struct shrinker *shrinker, struct shrink_control *sc)
{
	return drm_gem_pages_shrinker_count(shrinker->private_data, sc->gfp_mask) ?: SHRINK_EMPTY;
}

static unsigned long scan_objects(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long freed, passed;

	freed = drm_gem_pages_shrinker_scan(shrinker->private_data, sc->gfp_mask, sc->nr_to_scan,
					    &passed);
	sc->nr_scanned = passed + (freed == SHRINK_STOP ? 0 : freed);
	return freed;
}

/* The kernel is short of addresses for mappings, see vmap_purge_notifier. */
static int purge_vmaps(struct notifier_block *nb, unsigned long event, void *data)
{
	struct drm_gem_pages_shrinker *shrinker =
		container_of(nb, struct drm_gem_pages_shrinker, vmap_notifier);
	unsigned long *freed = data;
	int tries;

	for (tries = 0; tries < VMAP_PURGE_LIMIT; tries++) {
		struct drm_gem_pages_object *obj = NULL;
		struct drm_gem_pages_state *s;

		scoped_guard(spinlock_irqsave, &shrinker->lock) {
			s = list_first_entry_or_null(&shrinker->idle_vmaps, typeof(*s),
						     idle_vmap_node);
			if (s) {
				list_move_tail(&s->idle_vmap_node, &shrinker->idle_vmaps);
				if (kref_get_unless_zero(&object_of(s)->base.refcount))
					obj = object_of(s);
			}
		}
		if (!s)
			break;
		if (!obj)
			continue;
		if (dma_resv_trylock(obj->base.resv)) {
			*freed += drm_gem_pages_drop_idle_vmap(obj);
			dma_resv_unlock(obj->base.resv);
		}
		drm_gem_object_put(&obj->base);
	}

	return NOTIFY_OK;
}

/**
 * drm_gem_pages_evict_all - evict all objects of a device that can be
 * @dev: DRM device
 *
 * For suspend and hibernation, in a PM notifier or &dev_pm_ops.prepare, as long as swap
 * works and the device makes progress: waits for reservation locks and for fences.
 * Purgeable objects are purged, all others are evicted and written to swap as far as
 * there is space, so without swap none is. Objects that are pinned or mapped by an
 * importer stay, and so do those that &drm_gem_pages_shrinker_ops.unmap refuses, and
 * private ones that are not purgeable. What somebody uses meanwhile is back again; only
 * with user space frozen nobody does.
 *
 * Context: Takes the reservation lock of each object. May sleep, as long as it takes
 * the jobs of each object to end.
 *
 * Return: number of pages that are free now or on their way to swap. 0 before
 * drm_gem_pages_shrinker_register() and after drm_gem_pages_shrinker_unregister(), when
 * nothing is done.
 */
unsigned long drm_gem_pages_evict_all(struct drm_device *dev)
{
	struct scan scan = {
		.shrinker = drm_gem_pages_shrinker_of(dev),
		.gfp = GFP_KERNEL,
		.allowed = DRM_GEM_PAGES_NEEDS_ALL,
		.target = ULONG_MAX,
		.write = ULONG_MAX,
		.wait = MAX_SCHEDULE_TIMEOUT,
		.patient = true,
	};
	unsigned int laps = EVICT_ALL_LAPS;

	if (!scan.shrinker)
		return 0;

	guard(rwsem_read)(&scan.shrinker->alive);
	if (!scan.shrinker->shrinker)
		return 0;
	do {
		run(&scan);
	} while (--laps && !scan.no_swap);
	return scan.freed;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_evict_all);

/*
 * Registration
 */

static void release_shrinker(struct drm_device *dev, void *data)
{
	struct drm_gem_pages_shrinker *shrinker = data;

	drm_gem_pages_shrinker_unregister(dev);
	scoped_guard(spinlock, &shrinkers_lock)
		list_del_rcu(&shrinker->node);
	kfree_rcu(shrinker, rcu);
}

/* Tell lockdep what is taken in reclaim, before it has to find out. */
static void prime_lockdep(struct drm_gem_pages_shrinker *shrinker)
{
	unsigned long flags;

	fs_reclaim_acquire(GFP_KERNEL);
	spin_lock_irqsave(&shrinker->lock, flags);
	spin_unlock_irqrestore(&shrinker->lock, flags);
	might_lock_read(&shrinker->dev->anon_inode->i_mapping->i_mmap_rwsem);
	fs_reclaim_release(GFP_KERNEL);
}

/**
 * drm_gem_pages_shrinker_register - have the objects of a device reclaimed
 * @dev: DRM device, before its first object
 * @ops: the driver's part; what @ops points to is not copied
 *
 * Objects that exist already are not reclaimed. In debugfs, the device's directory
 * gets the files gem_pages and gem_pages_shrink.
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: 0, -EEXIST if it has been called before for this device, -ENOMEM.
 */
int drm_gem_pages_shrinker_register(struct drm_device *dev,
				    const struct drm_gem_pages_shrinker_ops *ops)
{
	struct drm_gem_pages_shrinker *shrinker;
	enum drm_gem_pages_class class;
	int ret;

	if (drm_gem_pages_shrinker_of(dev))
		return -EEXIST;

	shrinker = kzalloc_obj(*shrinker);
	if (!shrinker)
		return -ENOMEM;

	shrinker->dev = dev;
	shrinker->ops = ops;
	init_rwsem(&shrinker->alive);
	spin_lock_init(&shrinker->lock);
	spin_lock_init(&shrinker->objects_lock);
	for (class = 0; class < DRM_GEM_PAGES_CLASSES; class++)
		INIT_LIST_HEAD(&shrinker->lru[class].objects);
	INIT_LIST_HEAD(&shrinker->vms);
	INIT_LIST_HEAD(&shrinker->idle_vmaps);
	INIT_LIST_HEAD(&shrinker->objects);
	prime_lockdep(shrinker);

	shrinker->shrinker = shrinker_alloc(0, "drm-gem-pages:%s", dev_name(dev->dev));
	if (!shrinker->shrinker) {
		kfree(shrinker);
		return -ENOMEM;
	}
	shrinker->shrinker->count_objects = count_objects;
	shrinker->shrinker->scan_objects = scan_objects;
	shrinker->shrinker->private_data = shrinker;
	shrinker->vmap_notifier.notifier_call = purge_vmaps;

	/* Objects have no reference, but none of them outlives the device. */
	scoped_guard(spinlock, &shrinkers_lock)
		list_add_rcu(&shrinker->node, &shrinkers);
	shrinker_register(shrinker->shrinker);
	register_vmap_purge_notifier(&shrinker->vmap_notifier);

	ret = drmm_add_action_or_reset(dev, release_shrinker, shrinker);
	if (ret)
		return ret;

	drm_gem_pages_debugfs_init(shrinker);
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_shrinker_register);

/**
 * drm_gem_pages_shrinker_unregister - end what drm_gem_pages_shrinker_register() began
 * @dev: DRM device
 *
 * When it returns, none of the &struct drm_gem_pages_shrinker_ops is called by reclaim
 * any more, and none will be. To be called before the device is gone. Does nothing
 * when it is called again, or for a device without.
 *
 * Context: May sleep, waits for scans to end.
 */
void drm_gem_pages_shrinker_unregister(struct drm_device *dev)
{
	struct drm_gem_pages_shrinker *shrinker = drm_gem_pages_shrinker_of(dev);

	if (!shrinker)
		return;

	guard(rwsem_write)(&shrinker->alive);
	if (!shrinker->shrinker)
		return;

	unregister_vmap_purge_notifier(&shrinker->vmap_notifier);
	shrinker_free(shrinker->shrinker);
	shrinker->shrinker = NULL;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_shrinker_unregister);

/*
 * Advice
 */

/**
 * drm_gem_pages_madvise_locked - take note of what user space says about the content
 * @obj: object
 * @advice: whether the content may be thrown away
 *
 * What is in swap and not needed is thrown away at once.
 *
 * Context: Holds the reservation lock. May sleep, waits for no fence.
 *
 * Return: 1 if the content is retained, 0 if it is gone, -EINVAL if the object is
 * imported or @advice is unknown.
 */
int drm_gem_pages_madvise_locked(struct drm_gem_pages_object *obj,
				 enum drm_gem_pages_advice advice)
{
	struct drm_gem_pages_state *s = state_of(obj);

	assert_locked(obj);

	if (drm_gem_is_imported(&obj->base) ||
	    (advice != DRM_GEM_PAGES_WILLNEED && advice != DRM_GEM_PAGES_DONTNEED))
		return -EINVAL;

	s->purgeable = advice == DRM_GEM_PAGES_DONTNEED;
	drm_gem_pages_lru_update(obj);
	/* Garbage is not to fill the swap; if it is in use after all, it stays. */
	if (s->purgeable && s->evictions && !s->pages && drm_gem_pages_purge_locked(obj))
		return 1;
	return !s->purged;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_madvise_locked);

/**
 * drm_gem_pages_madvise - take note of what user space says about the content
 * @obj: object
 * @advice: whether the content may be thrown away
 *
 * Context: Takes the reservation lock. May sleep.
 *
 * Return: as drm_gem_pages_madvise_locked(), or -EINTR if a signal interrupted waiting
 * for the lock.
 */
int drm_gem_pages_madvise(struct drm_gem_pages_object *obj, enum drm_gem_pages_advice advice)
{
	int ret;

	ret = dma_resv_lock_interruptible(obj->base.resv, NULL);
	if (ret)
		return ret;
	ret = drm_gem_pages_madvise_locked(obj, advice);
	dma_resv_unlock(obj->base.resv);

	return ret;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_madvise);
