// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/folio_batch.h>
#include <linux/scatterlist.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/string_choices.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>

#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include <drm/drm_drv.h>
#include <drm/drm_dumb_buffers.h>
#include <drm/drm_gem_pages.h>
#include <drm/drm_mode.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "drm_gem_pages_internal.h"
#include "drm_gem_pages_trace.h"

MODULE_IMPORT_NS("DMA_BUF");

/**
 * DOC: overview
 *
 * A &struct drm_gem_pages_object is a GEM object made of pages. It owns up to
 * five sub-resources, and the library alone decides when each of them begins
 * and ends:
 *
 * backing
 *	The pages. They appear when they are first needed: by a pin, the device map,
 *	an importer, a CPU fault or a vmap. They stay until the object is evicted,
 *	purged or freed. Unpinning does not give them back: a pin only forbids ending
 *	them.
 *
 * device map
 *	The sg table, DMA-mapped for drm_dev_dma_dev(). It appears when the
 *	driver first asks for it and ends together with the backing.
 *
 * CPU map
 *	The vmap. While it is in use the object is pinned. Afterwards the idle
 *	mapping is kept for the next user; eviction drops it.
 *
 * user maps
 *	The VMAs. They never pin. Eviction removes their page table entries, the
 *	next access faults the pages back in.
 *
 * import
 *	The attachment of a foreign dma-buf. An imported object has none of the
 *	other four: its sg table is that of the attachment, and vmap and mmap go to
 *	the exporter.
 *
 * The pages come from shmem, or for a private object from the driver, see
 * drm_gem_pages_init_private().
 *
 * A function that fails leaves the object as it was before the call. But importers
 * that were asked to let go, and pages that were read back from swap on the way, are
 * not restored: they come back when they are needed.
 *
 * A driver that wants dumb buffers, mmap and PRIME puts
 * DRM_GEM_PAGES_DRIVER_OPS into its &struct drm_driver and is done. A driver
 * with ioctls of its own creates objects with
 * drm_gem_pages_create_with_handle(), answers its mmap-offset ioctl with
 * drm_gem_pages_mmap_offset() and programs its device with
 * drm_gem_pages_get_sgt(). A driver with objects of its own type embeds
 * &struct drm_gem_pages_object, allocates it in
 * &drm_driver.gem_create_object, and points &drm_gem_object.funcs to a table
 * made with DRM_GEM_PAGES_OBJECT_FUNCS.
 */

/**
 * DOC: locking
 *
 * The reservation lock (&drm_gem_object.resv) of an object protects its
 * backing, device map and CPU map. Functions named ``_locked`` expect the
 * caller to hold it, their plain forms take it.
 *
 * The order is mmap_lock, ww acquire context, reservation lock, memory
 * reclaim, i_mmap_rwsem. So a plain form that takes the lock must not be called
 * from a &drm_gem_object_funcs callback that runs with the lock held (pin, unpin,
 * vmap, vunmap), and none of the functions that may allocate must be called
 * from reclaim or from a fence-signalling path.
 *
 * Pinning an object that is pinned already takes no lock. Unpinning takes no reservation
 * lock, and only the last unpin takes a spinlock, that of the shrinker.
 *
 * Freeing takes no reservation lock, and waits neither for memory nor for fences, so
 * the last reference of an object may be dropped during memory reclaim, but not with
 * the object's own lock held. Only an imported object takes the lock of its dma-buf.
 *
 * Eviction and freeing make write-combined pages cached again in the linear map of
 * x86, which waits for other processors to flush their TLBs.
 */

/* What a caller of populate may decide about an allocation: how hard to try. */
#define GFP_EFFORT	(__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_RETRY_MAYFAIL)

/* Who can be told that there is no memory wants no task killed for it. */
#define GFP_OR_FAIL	(GFP_KERNEL | __GFP_RETRY_MAYFAIL)

/* How often the pages of others are reclaimed for those of one object. */
#define ROOM_TRIES	16

static const struct drm_gem_object_funcs drm_gem_pages_funcs;

/* An object without references is nobody else's, so its owner needs no lock. */
static void assert_locked_or_gone(struct drm_gem_pages_object *obj)
{
	if (kref_read(&obj->base.refcount))
		assert_locked(obj);
}

/* The invariants that hold whenever the reservation lock is not held. */
static void assert_consistent(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);
	struct drm_device *dev = obj->base.dev;
	unsigned long i;

	if (!IS_ENABLED(CONFIG_DRM_GEM_PAGES_DEBUG) || drm_gem_is_imported(&obj->base))
		return;

	drm_WARN_ON(dev, s->sgt && !s->pages);
	drm_WARN_ON(dev, s->vaddr && !s->pages);
	drm_WARN_ON(dev, s->vmap_count && !s->vaddr);
	drm_WARN_ON(dev, s->vmap_count && !atomic_read(&s->pin_count));
	drm_WARN_ON(dev, atomic_read(&s->pin_count) && !s->pages);
	drm_WARN_ON(dev, s->purged && s->pages);
	for (i = 0; s->pages && i < page_count_of(obj); i++)
		drm_WARN_ON_ONCE(dev, !s->pages[i]);
}

/*
 * Backing
 */

static void shmem_put_pages(struct drm_gem_pages_object *obj, struct page **pages,
			    unsigned long count, bool dirty)
{
	struct folio_batch fbatch;
	unsigned long i = 0;

	mapping_clear_unevictable(obj->base.filp->f_mapping);

	folio_batch_init(&fbatch);
	while (i < count) {
		struct folio *folio = page_folio(pages[i]);

		if (dirty)
			folio_mark_dirty(folio);
		i += folio_nr_pages(folio) - folio_page_idx(folio, pages[i]);
		if (folio_batch_add(&fbatch, folio) && i < count)
			continue;

		check_move_unevictable_folios(&fbatch);
		__folio_batch_release(&fbatch);
		cond_resched();
	}
}

static void drop_content(struct drm_gem_pages_object *obj)
{
	if (obj->base.filp)
		shmem_truncate_range(file_inode(obj->base.filp), 0, (loff_t)-1);
}

/*
 * What a failed attempt has brought in so far would stay in memory, and without
 * swap for good. Before the first eviction there is nothing else in the file, which
 * drivers leave alone.
 */
static void drop_fresh_content(struct drm_gem_pages_object *obj)
{
	if (!state_of(obj)->evictions)
		drop_content(obj);
}

/* One reference for each folio, not for each page. */
static int shmem_get_pages(struct drm_gem_pages_object *obj, struct page **pages,
			   unsigned long count, gfp_t gfp)
{
	struct address_space *mapping = obj->base.filp->f_mapping;
	gfp_t mapping_gfp = mapping_gfp_mask(mapping);
	unsigned int tries = ROOM_TRIES;
	unsigned long i = 0;
	int ret;

	gfp = (mapping_gfp & ~GFP_EFFORT) | (gfp & GFP_EFFORT);
	mapping_set_unevictable(mapping);

	while (i < count) {
		struct folio *folio;
		unsigned long n;

		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			goto err_put;
		}

		/* Reading a page back from swap waits whatever @gfp says. */
		if (!gfpflags_allow_blocking(gfp) && xa_is_value(xa_load(&mapping->i_pages, i))) {
			ret = -EAGAIN;
			goto err_put;
		}

		folio = shmem_read_folio_gfp(mapping, i, gfp);
		if (folio == ERR_PTR(-ENOMEM) && tries-- && drm_gem_pages_make_room(obj, gfp))
			continue;
		if (IS_ERR(folio)) {
			ret = PTR_ERR(folio);
			goto err_put;
		}

		/* shmem keeps what is broken, so that nobody takes zeroes for data. */
		if (folio_contain_hwpoisoned_page(folio)) {
			folio_put(folio);
			ret = -EIO;
			goto err_put;
		}

		pages[i] = folio_file_page(folio, i);
		n = min(folio_nr_pages(folio) - folio_page_idx(folio, pages[i]), count - i);
		for (i++; n > 1; i++, n--)
			pages[i] = pages[i - 1] + 1;
	}

	return 0;

err_put:
	shmem_put_pages(obj, pages, i, false);
	drop_fresh_content(obj);
	return ret;
}

static const struct drm_gem_pages_backing_ops shmem_backing = {
	.get = shmem_get_pages,
	.put = shmem_put_pages,
};

/* The kernel's linear map must not alias write-combined memory on x86. */
static int linear_map_set_wc(struct drm_gem_pages_object *obj, struct page **pages)
{
#ifdef CONFIG_X86
	if (drm_gem_pages_is_wc(obj)) {
		/* Whatever the reason, it says -EINVAL. */
		if (set_pages_array_wc(pages, page_count_of(obj))) {
			set_pages_array_wb(pages, page_count_of(obj));
			return -EIO;
		}
	}
#endif
	return 0;
}

static void linear_map_set_wb(struct drm_gem_pages_object *obj, struct page **pages)
{
#ifdef CONFIG_X86
	if (drm_gem_pages_is_wc(obj))
		set_pages_array_wb(pages, page_count_of(obj));
#endif
}

/**
 * drm_gem_pages_populate_locked - give an object its pages
 * @obj: object, not an imported one
 * @gfp: how hard to try: GFP_KERNEL, with __GFP_RETRY_MAYFAIL to fail before tasks
 *	get killed for memory, or GFP_NOWAIT not to enter reclaim or read from swap;
 *	zones and placement are the object's own
 *
 * Does nothing if the object is resident. The pages stay until the object is
 * evicted, purged or freed; only a pin makes them stay for sure once the lock is
 * dropped.
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim as @gfp
 * allows. Not for fence-signalling paths.
 *
 * Return: 0, -EFAULT if the object was purged, -EINVAL if it is imported,
 * -ENOMEM without memory, -ENOSPC if memory must not be overcommitted, -EINTR if the
 * task is being killed, -EAGAIN if @gfp forbids to wait and pages are swapped out or
 * the object is write-combined on x86, -EIO for broken memory or swap or if x86 does
 * not let pages be write-combined, or what &drm_gem_pages_backing_ops.get of a private
 * object answers.
 */
int drm_gem_pages_populate_locked(struct drm_gem_pages_object *obj, gfp_t gfp)
{
	struct drm_gem_pages_state *s = state_of(obj);
	unsigned long count = page_count_of(obj);
	struct page **pages;
	int ret;

	assert_locked(obj);

	if (drm_WARN_ON_ONCE(obj->base.dev, drm_gem_is_imported(&obj->base)))
		return -EINVAL;
	if (s->pages)
		return 0;
	if (s->purged)
		return -EFAULT;
	/* Changing the linear map allocates and waits whatever @gfp says. */
	if (IS_ENABLED(CONFIG_X86) && drm_gem_pages_is_wc(obj) && !gfpflags_allow_blocking(gfp))
		return -EAGAIN;

	pages = kvmalloc_array(count, sizeof(*pages), gfp | __GFP_NOWARN);
	if (!pages)
		return -ENOMEM;

	ret = s->ops->get(obj, pages, count, gfp);
	if (ret)
		goto err_free;

	ret = linear_map_set_wc(obj, pages);
	if (ret)
		goto err_put;

	s->pages = pages;
	drm_gem_pages_resident(obj, true);
	drm_gem_pages_lru_update(obj);
	if (s->evictions)
		trace_drm_gem_pages_refault(obj);
	else
		trace_drm_gem_pages_populate(obj);
	assert_consistent(obj);
	return 0;

err_put:
	s->ops->put(obj, pages, count, false);
	drop_fresh_content(obj);
err_free:
	kvfree(pages);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_populate_locked);

/**
 * drm_gem_pages_populate - give an object its pages
 * @obj: object, not an imported one
 *
 * Saves the first user from waiting. See drm_gem_pages_populate_locked().
 *
 * Context: Takes the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: as drm_gem_pages_populate_locked(), or -EINTR if a signal interrupted
 * waiting for the lock.
 */
int drm_gem_pages_populate(struct drm_gem_pages_object *obj)
{
	int ret;

	ret = dma_resv_lock_interruptible(obj->base.resv, NULL);
	if (ret)
		return ret;
	ret = drm_gem_pages_populate_locked(obj, GFP_OR_FAIL);
	dma_resv_unlock(obj->base.resv);

	return ret;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_populate);

static void depopulate(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	struct page **pages = s->pages;

	assert_locked_or_gone(obj);
	drm_WARN_ON(obj->base.dev, s->sgt);

	if (!pages)
		return;

	drm_gem_pages_resident(obj, false);
	s->pages = NULL;
	drm_gem_pages_lru_update(obj);
	linear_map_set_wb(obj, pages);
	s->ops->put(obj, pages, page_count_of(obj), s->dirty);
	kvfree(pages);
	s->dirty = false;
	s->device_wrote = false;
}

/* For an object that the caller has populated, when its next step fails. */
void drm_gem_pages_undo_populate(struct drm_gem_pages_object *obj)
{
	depopulate(obj);
	drop_fresh_content(obj);
}

/* Pin an object if it is pinned already, which needs no lock. */
static bool pin_once_more(struct drm_gem_pages_object *obj)
{
	if (!atomic_inc_not_zero(&state_of(obj)->pin_count))
		return false;
	drm_gem_pages_track_pin(obj);
	return true;
}

/**
 * drm_gem_pages_pin_locked - keep the pages of an object where they are
 * @obj: object; pinning an imported one does nothing
 *
 * Gives the object its pages and forbids evicting them until
 * drm_gem_pages_unpin(). Pins nest.
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: 0, or as drm_gem_pages_populate_locked().
 */
int drm_gem_pages_pin_locked(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);
	int ret;

	assert_locked(obj);

	if (drm_gem_is_imported(&obj->base))
		return 0;
	if (pin_once_more(obj))
		return 0;

	ret = drm_gem_pages_populate_locked(obj, GFP_OR_FAIL);
	if (ret)
		return ret;

	drm_gem_pages_track_begin(obj);
	drm_gem_pages_track_pin(obj);
	/* Pairs with pinning without the lock, which must find the pages. */
	atomic_set_release(&s->pin_count, 1);
	drm_gem_pages_lru_update(obj);
	assert_consistent(obj);
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_pin_locked);

/**
 * drm_gem_pages_pin - keep the pages of an object where they are
 * @obj: object; pinning an imported one does nothing
 *
 * See drm_gem_pages_pin_locked().
 *
 * Context: Takes the reservation lock unless the object is pinned already. May
 * sleep and enter memory reclaim.
 *
 * Return: 0, or as drm_gem_pages_populate().
 */
int drm_gem_pages_pin(struct drm_gem_pages_object *obj)
{
	int ret;

	if (drm_gem_is_imported(&obj->base))
		return 0;
	if (pin_once_more(obj))
		return 0;

	ret = dma_resv_lock_interruptible(obj->base.resv, NULL);
	if (ret)
		return ret;
	ret = drm_gem_pages_pin_locked(obj);
	dma_resv_unlock(obj->base.resv);

	return ret;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_pin);

/**
 * drm_gem_pages_unpin - undo one pin
 * @obj: object that the caller pinned
 *
 * The pages stay until the object is evicted, purged or freed.
 *
 * Context: Any. Takes no lock but a leaf spinlock, and that for the last pin only;
 * allowed in fence-signalling paths and with the reservation lock held.
 */
void drm_gem_pages_unpin(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);
	int pins;

	if (drm_gem_is_imported(&obj->base))
		return;

	/*
	 * Only a holder of the lock moves the count away from zero, so one who finds
	 * it zero can rely on it.
	 */
	drm_gem_pages_track_unpin(obj);
	pins = atomic_dec_if_positive(&s->pin_count);
	drm_WARN_ON(obj->base.dev, pins < 0);
	if (!pins)
		drm_gem_pages_lru_update(obj);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_unpin);

/**
 * drm_gem_pages_mark_dirty_locked - say that the device may write to pages
 * @obj: object, resident; nothing is done for an imported one
 * @offset: first byte, any alignment
 * @size: number of bytes, may be zero
 *
 * Pages that nobody marks are taken for clean: eviction drops them instead of
 * writing them to swap. So a driver calls this wherever it lets the device write,
 * and again when it lets the device write after an eviction. It also does so when it
 * writes itself by drm_gem_pages_page_locked() or by the pages of the sg table. Writes
 * through user mappings and vmaps, and by importers, are tracked without it. A private
 * object is dirty as a whole.
 *
 * Context: Holds the reservation lock. Does not sleep.
 *
 * Return: 0, -EINVAL if the range is not inside the object, -EFAULT if the object
 * is not resident.
 */
int drm_gem_pages_mark_dirty_locked(struct drm_gem_pages_object *obj, size_t offset, size_t size)
{
	struct drm_gem_pages_state *s = state_of(obj);
	unsigned long i, end;

	assert_locked(obj);

	if (offset > obj->base.size || size > obj->base.size - offset)
		return -EINVAL;
	if (drm_gem_is_imported(&obj->base) || !size)
		return 0;
	if (!s->pages)
		return -EFAULT;

	s->device_wrote = true;
	if (!obj->base.filp) {
		s->dirty = true;
		return 0;
	}

	end = DIV_ROUND_UP(offset + size, PAGE_SIZE);
	for (i = offset >> PAGE_SHIFT; i < end; ) {
		struct folio *folio = page_folio(s->pages[i]);

		folio_mark_dirty(folio);
		i += folio_nr_pages(folio) - folio_page_idx(folio, s->pages[i]);
	}

	return 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_mark_dirty_locked);

/*
 * Device map
 */

/*
 * Whether @dev looks into the CPU's caches. The answer of the firmware,
 * device_get_dma_attr(), is not known for devices that it does not describe.
 */
bool drm_gem_pages_is_coherent(struct device *dev)
{
	KUNIT_STATIC_STUB_REDIRECT(drm_gem_pages_is_coherent, dev);

	return dev_is_dma_coherent(dev);
}
EXPORT_SYMBOL_IF_KUNIT(drm_gem_pages_is_coherent);

/*
 * DMA-map the pages for @dev. Some IOMMUs and bounce buffers run out of large
 * chunks of address space long before they run out of pages, so a failure with
 * long segments is not the last word.
 *
 * The pages may be mapped for several devices at once, which the DMA API takes
 * only if mapping and unmapping leave the caches alone.
 */
int drm_gem_pages_dma_map(struct drm_gem_pages_object *obj, struct device *dev,
			  struct sg_table *sgt, enum dma_data_direction dir)
{
	size_t limit = min_t(size_t, dma_max_mapping_size(dev), dma_get_max_seg_size(dev));
	unsigned int segment = max(ALIGN_DOWN(min(limit, UINT_MAX), PAGE_SIZE), PAGE_SIZE);
	int ret;

	for (;;) {
		ret = sg_alloc_table_from_pages_segment(sgt, state_of(obj)->pages,
							page_count_of(obj), 0, obj->base.size,
							segment, GFP_KERNEL);
		if (ret)
			return ret;

		ret = dma_map_sgtable(dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
		if (!ret) {
			dma_sync_sgtable_for_device(dev, sgt, dir);
			return 0;
		}

		sg_free_table(sgt);
		if (segment == PAGE_SIZE)
			return ret;
		segment = PAGE_SIZE;
	}
}

/* @wrote: the device may have */
void drm_gem_pages_dma_unmap(struct device *dev, struct sg_table *sgt,
			     enum dma_data_direction dir, bool wrote)
{
	/*
	 * What the CPU wrote last may still be in its caches, and must not get lost
	 * when they are made to see what the device wrote. A bounce buffer in front
	 * of a coherent device is not to be written to, it has the device's data; but
	 * if the device has none, what is in there is older than what the CPU wrote.
	 * Where caches are not coherent the CPU may have written past its own, which
	 * must then forget what they have of it.
	 */
	if (!drm_gem_pages_is_coherent(dev))
		dma_sync_sgtable_for_device(dev, sgt, dir);
	if (wrote || (dir != DMA_TO_DEVICE && !drm_gem_pages_is_coherent(dev)))
		dma_sync_sgtable_for_cpu(dev, sgt, dir);
	dma_unmap_sgtable(dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(sgt);
}

/**
 * drm_gem_pages_sgt_locked - sg table of an object, DMA-mapped
 * @obj: object
 *
 * The mapping is for drm_dev_dma_dev() and both directions. It is made when it is
 * first asked for and stays with the object. The caller must not keep the pointer
 * beyond the lock, unless the object is pinned.
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: the sg table, -ENODEV if there is none yet and the device is unplugged,
 * -EINVAL if the object was imported without mapping, -EIO or what else the DMA API
 * answers, or as drm_gem_pages_populate_locked().
 */
struct sg_table *drm_gem_pages_sgt_locked(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);
	struct drm_device *dev = obj->base.dev;
	bool was_resident = s->pages;
	struct sg_table *sgt;
	int ret, idx;

	assert_locked(obj);

	if (s->sgt)
		return s->sgt;
	if (drm_gem_is_imported(&obj->base))
		return ERR_PTR(-EINVAL);

	if (!drm_dev_enter(dev, &idx))
		return ERR_PTR(-ENODEV);

	ret = drm_gem_pages_populate_locked(obj, GFP_OR_FAIL);
	if (ret)
		goto err_exit;

	sgt = kmalloc_obj(*sgt);
	if (!sgt) {
		ret = -ENOMEM;
		goto err_depopulate;
	}

	ret = drm_gem_pages_dma_map(obj, drm_dev_dma_dev(dev), sgt, DMA_BIDIRECTIONAL);
	if (ret)
		goto err_free;

	s->sgt = sgt;
	assert_consistent(obj);
	drm_dev_exit(idx);
	return sgt;

err_free:
	kfree(sgt);
err_depopulate:
	if (!was_resident)
		drm_gem_pages_undo_populate(obj);
err_exit:
	drm_dev_exit(idx);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_sgt_locked);

/**
 * drm_gem_pages_get_sgt - pin an object and get its DMA-mapped sg table
 * @obj: object
 *
 * Undo it with drm_gem_pages_put_sgt(). Until then the table does not change.
 *
 * Context: Takes the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: as drm_gem_pages_sgt_locked(), or -EINTR if a signal interrupted waiting
 * for the lock.
 */
struct sg_table *drm_gem_pages_get_sgt(struct drm_gem_pages_object *obj)
{
	struct sg_table *sgt;
	int ret;

	ret = dma_resv_lock_interruptible(obj->base.resv, NULL);
	if (ret)
		return ERR_PTR(ret);

	sgt = drm_gem_pages_sgt_locked(obj);
	if (!IS_ERR(sgt)) {
		ret = drm_gem_pages_pin_locked(obj);
		if (ret)
			sgt = ERR_PTR(ret);
	}
	dma_resv_unlock(obj->base.resv);

	return sgt;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_get_sgt);

/**
 * drm_gem_pages_put_sgt - undo drm_gem_pages_get_sgt()
 * @obj: object
 *
 * Context: Any, as drm_gem_pages_unpin().
 */
void drm_gem_pages_put_sgt(struct drm_gem_pages_object *obj)
{
	drm_gem_pages_unpin(obj);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_put_sgt);

/**
 * drm_gem_pages_peek_sgt - sg table of an object that cannot lose it
 * @obj: object
 *
 * For code that must not take the reservation lock, such as the part of a driver that
 * edits page tables on the way to signalling a fence. Something else keeps the table:
 * a pin, an import, or, in a driver that is reclaimed with drm_gem_pages_gpuvm_unmap(),
 * the lock of &drm_gem_pages_gpuvm_ops.trylock along with a mapping of @obj in that VM
 * for which drm_gpuva_invalidated() is false.
 *
 * Context: Any.
 *
 * Return: the sg table, or NULL if there is none.
 */
struct sg_table *drm_gem_pages_peek_sgt(const struct drm_gem_pages_object *obj)
{
	return READ_ONCE(const_state_of(obj)->sgt);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_peek_sgt);

/*
 * Sync a range of an sg table, of which @cpu and @dma are the two sides. Behind an IOMMU
 * one segment may be scattered memory, of which the DMA API looks up only the first byte
 * and takes the rest for contiguous. So no piece goes beyond an entry of @cpu.
 */
void drm_gem_pages_sync_pieces(struct device *dev, struct scatterlist *cpu,
			       struct scatterlist *dma, size_t offset, size_t size,
			       enum dma_data_direction dir, drm_gem_pages_sync_fn *sync)
{
	size_t start = 0;	/* of the entry, in the segment */

	for (; size; cpu = sg_next(cpu)) {
		if (start == sg_dma_len(dma)) {
			dma = sg_next(dma);
			start = 0;
		}
		if (offset < cpu->length) {
			size_t len = min(cpu->length - offset, size);

			sync(dev, sg_dma_address(dma) + start + offset, len, dir);
			size -= len;
			offset = 0;
		} else {
			offset -= cpu->length;
		}
		start += cpu->length;
	}
}
EXPORT_SYMBOL_IF_KUNIT(drm_gem_pages_sync_pieces);

static int sync_range(struct drm_gem_pages_object *obj, size_t offset, size_t size,
		      enum dma_data_direction dir, drm_gem_pages_sync_fn *sync)
{
	struct drm_gem_pages_state *s = state_of(obj);

	assert_locked(obj);

	if (drm_gem_is_imported(&obj->base) || offset > obj->base.size ||
	    size > obj->base.size - offset)
		return -EINVAL;
	if (s->sgt)
		drm_gem_pages_sync_pieces(drm_dev_dma_dev(obj->base.dev), s->sgt->sgl, s->sgt->sgl,
					  offset, size, dir, sync);
	return 0;
}

/**
 * drm_gem_pages_sync_for_device_locked - make the device see what the CPU wrote
 * @obj: object, not an imported one
 * @offset: first byte, any alignment
 * @size: number of bytes, may be zero
 * @dir: DMA_TO_DEVICE if the device only reads, or another direction
 *
 * An object without a device map needs no such thing: making one does it.
 *
 * Context: Holds the reservation lock. Does not sleep.
 *
 * Return: 0, -EINVAL if the range is not inside the object or the object is imported.
 */
int drm_gem_pages_sync_for_device_locked(struct drm_gem_pages_object *obj, size_t offset,
					 size_t size, enum dma_data_direction dir)
{
	return sync_range(obj, offset, size, dir, dma_sync_single_for_device);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_sync_for_device_locked);

/**
 * drm_gem_pages_sync_for_cpu_locked - make the CPU see what the device wrote
 * @obj: object, not an imported one
 * @offset: first byte, any alignment
 * @size: number of bytes, may be zero
 * @dir: DMA_FROM_DEVICE if the device only writes, or another direction
 *
 * An object without a device map needs no such thing: ending the last one did it.
 *
 * Context: Holds the reservation lock. Does not sleep.
 *
 * Return: 0, -EINVAL if the range is not inside the object or the object is imported.
 */
int drm_gem_pages_sync_for_cpu_locked(struct drm_gem_pages_object *obj, size_t offset,
				      size_t size, enum dma_data_direction dir)
{
	return sync_range(obj, offset, size, dir, dma_sync_single_for_cpu);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_sync_for_cpu_locked);

static void free_device_map(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	assert_locked_or_gone(obj);

	if (!s->sgt)
		return;

	drm_gem_pages_dma_unmap(drm_dev_dma_dev(obj->base.dev), s->sgt, DMA_BIDIRECTIONAL,
				s->device_wrote);
	kfree(s->sgt);
	s->sgt = NULL;
}

/*
 * CPU maps
 */

/**
 * drm_gem_pages_vmap_locked - map an object into kernel address space
 * @obj: object
 * @map: where to put the address
 *
 * Pins the object until drm_gem_pages_vunmap_locked(). Uses nest and share one
 * mapping, which stays with the object for the next user.
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: 0, -ENOMEM, as drm_gem_pages_pin_locked(), for a write-combined object as
 * drm_gem_pages_sgt_locked(), or what the exporter of an imported object answers.
 */
int drm_gem_pages_vmap_locked(struct drm_gem_pages_object *obj, struct iosys_map *map)
{
	struct drm_gem_pages_state *s = state_of(obj);
	bool was_resident = s->pages;
	bool was_mapped = s->sgt;
	int ret;

	assert_locked(obj);

	if (drm_gem_is_imported(&obj->base))
		return dma_buf_vmap(obj->base.import_attach->dmabuf, map);

	ret = drm_gem_pages_populate_locked(obj, GFP_OR_FAIL);
	if (ret)
		return ret;

	if (needs_flush(obj)) {
		ret = PTR_ERR_OR_ZERO(drm_gem_pages_sgt_locked(obj));
		if (ret)
			goto err_undo;
	}

	if (!s->vaddr)
		s->vaddr = vmap(s->pages, page_count_of(obj), VM_MAP,
				cpu_map_prot(obj, PAGE_KERNEL));
	if (!s->vaddr) {
		ret = -ENOMEM;
		goto err_undo;
	}

	/* Cannot fail on a resident object. Each use has a pin, and may write anywhere. */
	ret = drm_gem_pages_pin_locked(obj);
	if (drm_WARN_ON(obj->base.dev, ret))
		return ret;
	s->vmap_count++;
	s->dirty = true;
	drm_gem_pages_vmap_update(obj);
	iosys_map_set_vaddr(map, s->vaddr);
	assert_consistent(obj);
	return 0;

err_undo:
	if (!was_mapped)
		free_device_map(obj);
	if (!was_resident)
		drm_gem_pages_undo_populate(obj);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_vmap_locked);

/**
 * drm_gem_pages_vmap - map an object into kernel address space
 * @obj: object
 * @map: where to put the address
 *
 * See drm_gem_pages_vmap_locked().
 *
 * Context: Takes the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: as drm_gem_pages_vmap_locked(), or -EINTR if a signal interrupted
 * waiting for the lock.
 */
int drm_gem_pages_vmap(struct drm_gem_pages_object *obj, struct iosys_map *map)
{
	int ret;

	ret = dma_resv_lock_interruptible(obj->base.resv, NULL);
	if (ret)
		return ret;
	ret = drm_gem_pages_vmap_locked(obj, map);
	dma_resv_unlock(obj->base.resv);

	return ret;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_vmap);

/**
 * drm_gem_pages_vunmap_locked - end one use of the kernel mapping
 * @obj: object
 * @map: what drm_gem_pages_vmap_locked() gave, cleared by this call
 *
 * Context: Holds the reservation lock. Sleeps only for an imported object, if its
 * exporter does.
 */
void drm_gem_pages_vunmap_locked(struct drm_gem_pages_object *obj, struct iosys_map *map)
{
	struct drm_gem_pages_state *s = state_of(obj);

	assert_locked(obj);

	if (drm_gem_is_imported(&obj->base)) {
		dma_buf_vunmap(obj->base.import_attach->dmabuf, map);
		iosys_map_clear(map);
		return;
	}

	if (drm_WARN_ON(obj->base.dev, !s->vmap_count || map->vaddr != s->vaddr))
		return;

	iosys_map_clear(map);
	s->vmap_count--;
	drm_gem_pages_vmap_update(obj);
	drm_gem_pages_unpin(obj);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_vunmap_locked);

/**
 * drm_gem_pages_vunmap - end one use of the kernel mapping
 * @obj: object
 * @map: what drm_gem_pages_vmap() gave, cleared by this call
 *
 * Context: Takes the reservation lock, so it may sleep.
 */
void drm_gem_pages_vunmap(struct drm_gem_pages_object *obj, struct iosys_map *map)
{
	dma_resv_lock(obj->base.resv, NULL);
	drm_gem_pages_vunmap_locked(obj, map);
	dma_resv_unlock(obj->base.resv);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_vunmap);

static void free_vmap(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	assert_locked_or_gone(obj);
	drm_WARN_ON(obj->base.dev, s->vmap_count);

	if (!s->vaddr)
		return;

	vunmap(s->vaddr);
	s->vaddr = NULL;
	drm_gem_pages_vmap_update(obj);
}

/* Returns how many pages of kernel addresses are free now. */
unsigned long drm_gem_pages_drop_idle_vmap(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	assert_locked(obj);

	if (!s->vaddr || s->vmap_count)
		return 0;
	free_vmap(obj);
	return page_count_of(obj);
}

/*
 * Eviction
 */

static bool is_busy(struct drm_gem_pages_object *obj)
{
	if (drm_gem_pages_is_pinned(obj))
		return true;
	/* Pairs with the release in drm_gem_pages_unpin(). */
	smp_acquire__after_ctrl_dep();
	return !dma_resv_test_signaled(obj->base.resv, DMA_RESV_USAGE_BOOKKEEP) ||
	       drm_gem_pages_gpu_busy(obj);
}

/* Everything but the backing, from the outermost user inwards. */
static int unmap_everywhere(struct drm_gem_pages_object *obj)
{
	struct drm_gem_object *gem = &obj->base;
	int ret;

	if (drm_gem_is_imported(gem))
		return -EINVAL;
	if (is_busy(obj))
		return -EBUSY;
	/* An importer that lets go may leave a fence for what it still has to do. */
	if (!hlist_empty(&state_of(obj)->attach_maps) &&
	    (!drm_gem_pages_importers_let_go(obj) || is_busy(obj)))
		return -EBUSY;
	/* What has no pages was unmapped when it lost them. */
	ret = state_of(obj)->pages ? drm_gem_pages_gpu_unmap(obj) : 0;
	if (ret)
		return ret;

	/* A fault needs the lock that is held, so nobody else maps a page meanwhile. */
	if (atomic_read(&state_of(obj)->mmap_count))
		drm_vma_node_unmap(&gem->vma_node, gem->dev->anon_inode->i_mapping);
	free_vmap(obj);
	free_device_map(obj);
	return 0;
}

/**
 * drm_gem_pages_evict_locked - give the pages of an object back to the system
 * @obj: object
 *
 * Ends the mappings of importers that can do without, those in the device's page tables,
 * user mappings, idle vmap, device map and backing, in that order. The second is done by
 * &drm_gem_pages_shrinker_ops.unmap; a driver without has done it before. Does nothing if
 * the object is not resident.
 *
 * What the CPU or an importer wrote is kept, in memory or in swap, and the next use
 * brings it back; so is what the device wrote, where
 * drm_gem_pages_mark_dirty_locked() was told. The content of a private object is up
 * to its &drm_gem_pages_backing_ops.put.
 *
 * For a device that the DMA API serves through bounce buffers, an object that was marked
 * must have been synced both ways before: what the CPU or the device has written since
 * the last drm_gem_pages_sync_for_device_locked() or drm_gem_pages_sync_for_cpu_locked()
 * may be lost. Of an object that was not marked since it has its pages, nothing is.
 *
 * Context: Holds the reservation lock. Allocates nothing. May sleep, but waits
 * neither for memory nor for fences.
 *
 * Return: 0, -EBUSY if the object is pinned, has unsignalled fences or an importer
 * that keeps its mapping, is in use as &drm_gem_pages_shrinker_ops.busy says, or is
 * mapped by a device whose driver has no &drm_gem_pages_shrinker_ops.unmap; -EINVAL if
 * it is imported; or what that answers.
 */
int drm_gem_pages_evict_locked(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);
	int ret;

	assert_locked(obj);

	if (!s->pages && !drm_gem_is_imported(&obj->base))
		return 0;

	ret = unmap_everywhere(obj);
	if (ret)
		return ret;

	depopulate(obj);
	if (s->evictions < UINT_MAX)
		s->evictions++;
	trace_drm_gem_pages_evict(obj);
	assert_consistent(obj);
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_evict_locked);

/**
 * drm_gem_pages_purge_locked - throw the content of an object away for good
 * @obj: object
 *
 * Frees the memory at once, swap included; the pages of a private object go to its
 * &drm_gem_pages_backing_ops.put as clean. From now on populating the object fails
 * with -EFAULT and user mappings of it get SIGBUS. Purging it again does nothing.
 *
 * Context: Holds the reservation lock. Allocates nothing. May sleep, for pages that
 * are being written to swap; does not wait for fences.
 *
 * Return: 0, -EBUSY if the object is pinned, has unsignalled fences or an importer
 * that keeps its mapping, is in use as &drm_gem_pages_shrinker_ops.busy says, or is
 * mapped by a device whose driver has no &drm_gem_pages_shrinker_ops.unmap; -EINVAL if
 * it is imported; or what that answers.
 */
int drm_gem_pages_purge_locked(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);
	int ret;

	assert_locked(obj);

	if (s->purged)
		return 0;

	ret = unmap_everywhere(obj);
	if (ret)
		return ret;

	/* What is about to be thrown away need not be kept for swap. */
	s->dirty = false;
	depopulate(obj);
	s->purged = true;
	drop_content(obj);
	drm_gem_pages_gpu_purged(obj);
	trace_drm_gem_pages_purge(obj);
	assert_consistent(obj);
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_purge_locked);

/*
 * Life of an object
 */

/* Driver's object or our own, zeroed, not initialised. */
struct drm_gem_pages_object *drm_gem_pages_alloc(struct drm_device *dev, size_t size)
{
	struct drm_gem_pages_object *obj;
	struct drm_gem_object *gem;

	if (dev->driver->gem_create_object) {
		gem = dev->driver->gem_create_object(dev, size);
		if (IS_ERR(gem))
			return ERR_CAST(gem);
		return to_drm_gem_pages(gem);
	}

	obj = kzalloc_obj(*obj);
	return obj ?: ERR_PTR(-ENOMEM);
}

void drm_gem_pages_init_state(struct drm_gem_pages_object *obj, u32 flags,
			      const struct drm_gem_pages_backing_ops *ops)
{
	struct drm_gem_pages_state *s = state_of(obj);

	memset(s, 0, sizeof(*s));
	INIT_LIST_HEAD(&s->lru_node);
	INIT_LIST_HEAD(&s->idle_vmap_node);
	INIT_LIST_HEAD(&s->node);
	s->ops = ops;
	s->flags = flags;
	if (!obj->base.funcs)
		obj->base.funcs = &drm_gem_pages_funcs;
}

/**
 * drm_gem_pages_use_huge - let the objects of a device be made of huge folios
 * @dev: DRM device, before its first object
 * @policy: when to use them: "within_size", "always" or "advise"
 *
 * Faults then map a whole PMD where the architecture can and the user address allows
 * it; drm_gem_get_unmapped_area() in the file operations sees to the address.
 *
 * Context: May sleep. A failure must fail the driver's probe.
 *
 * Return: 0, also where the kernel or the machine has no huge folios or the device has
 * a policy already, which stays; -EINVAL for another policy, -ENOMEM, -EOPNOTSUPP without
 * tmpfs.
 */
int drm_gem_pages_use_huge(struct drm_device *dev, const char *policy)
{
	static const char * const policies[] = { "within_size", "always", "advise" };
	struct vfsmount *mnt;
	int ret;

	/* drm_gem_huge_mnt_create() does not clean up after a policy it cannot parse. */
	if (match_string(policies, ARRAY_SIZE(policies), policy) < 0)
		return -EINVAL;
	/* Then tmpfs takes no policy. */
	if (!has_transparent_hugepage())
		return 0;

	ret = drm_gem_huge_mnt_create(dev, policy);
	if (ret == -ENOPARAM)	/* it knows the parameters, so it had no memory for them */
		return -ENOMEM;
	if (ret)
		return ret;

	/* Nor does it report a mount that failed. */
	mnt = drm_gem_get_huge_mnt(dev);
	return IS_ERR(mnt) ? PTR_ERR(mnt) : 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_use_huge);

/*
 * Pages stay where they are for as long as the object has them, so they come from
 * movable memory only if the driver says that it evicts.
 */
static gfp_t backing_gfp(struct drm_device *dev, u32 flags)
{
	gfp_t gfp = GFP_HIGHUSER | __GFP_NOWARN;

	if (flags & DRM_GEM_PAGES_MOVABLE)
		gfp |= __GFP_MOVABLE;
	if (dma_addressing_limited(drm_dev_dma_dev(dev)))
		gfp = (gfp & ~__GFP_HIGHMEM) | __GFP_DMA32;
	return gfp;
}

/* Past the cache there is nothing to win where the device looks into it. */
static u32 effective_flags(struct drm_device *dev, u32 flags)
{
	if (!IS_ENABLED(CONFIG_X86) && !(flags & DRM_GEM_PAGES_KEEP_WC) &&
	    drm_gem_pages_is_coherent(drm_dev_dma_dev(dev)))
		flags &= ~DRM_GEM_PAGES_WC;
	return flags;
}

/* Rounds @size up to whole pages. */
static int check_arguments(size_t *size, u32 flags)
{
	const u32 known = DRM_GEM_PAGES_WC | DRM_GEM_PAGES_NO_MMAP | DRM_GEM_PAGES_NO_SHARE |
			  DRM_GEM_PAGES_MOVABLE | DRM_GEM_PAGES_KEEP_WC;

	if (!*size || *size > ALIGN_DOWN(SSIZE_MAX, PAGE_SIZE) || flags & ~known)
		return -EINVAL;
	*size = PAGE_ALIGN(*size);
	return 0;
}

/*
 * So that both kfree() and drm_gem_object_put() may follow a failed init: only an
 * object without size has nothing to release.
 */
static void forget_object(struct drm_device *dev, struct drm_gem_pages_object *obj)
{
	drm_gem_pages_init_state(obj, 0, NULL);
	kref_init(&obj->base.refcount);
	obj->base.dev = dev;
	obj->base.size = 0;
}

/**
 * drm_gem_pages_init - initialise an object backed by shmem
 * @dev: DRM device
 * @obj: object to initialise, zeroed by the caller but for base.funcs and base.resv
 * @size: size in bytes, rounded up to whole pages
 * @flags: &enum drm_gem_pages_flags
 *
 * Allocates no pages. If it fails the caller frees the memory of @obj, by kfree()
 * or by drm_gem_object_put().
 *
 * The file in base.filp is the library's. What a driver puts into it before the object
 * has had its pages is lost if it does not get them at the first attempt.
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: 0, -EINVAL for a size of zero or beyond SSIZE_MAX or an unknown flag,
 * -ENOMEM, or what else shmem_file_setup() answers.
 */
int drm_gem_pages_init(struct drm_device *dev, struct drm_gem_pages_object *obj, size_t size,
		       u32 flags)
{
	int ret;

	ret = check_arguments(&size, flags);
	if (ret)
		goto err_forget;

	ret = drm_gem_object_init(dev, &obj->base, size);
	if (ret) {
		drm_gem_private_object_fini(&obj->base);
		goto err_forget;
	}

	drm_gem_pages_init_state(obj, effective_flags(dev, flags), &shmem_backing);
	mapping_set_gfp_mask(obj->base.filp->f_mapping, backing_gfp(dev, flags));
	drm_gem_pages_shrinker_add(obj);
	return 0;

err_forget:
	forget_object(dev, obj);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_init);

/**
 * drm_gem_pages_init_private - initialise an object with pages of the driver's
 * @dev: DRM device
 * @obj: object to initialise, zeroed by the caller but for base.funcs and base.resv
 * @size: size in bytes, rounded up to whole pages
 * @flags: &enum drm_gem_pages_flags
 * @ops: where the pages come from and go to
 *
 * As drm_gem_pages_init() otherwise. Evicting such an object loses its content
 * unless @ops keeps it.
 *
 * Context: Does not sleep.
 *
 * Return: 0, -EINVAL for a size of zero or beyond SSIZE_MAX, an unknown flag or
 * missing @ops.
 */
int drm_gem_pages_init_private(struct drm_device *dev, struct drm_gem_pages_object *obj,
			       size_t size, u32 flags, const struct drm_gem_pages_backing_ops *ops)
{
	int ret;

	ret = ops ? check_arguments(&size, flags) : -EINVAL;
	if (ret) {
		forget_object(dev, obj);
		return ret;
	}

	drm_gem_private_object_init(dev, &obj->base, size);
	drm_gem_pages_init_state(obj, effective_flags(dev, flags), ops);
	drm_gem_pages_shrinker_add(obj);
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_init_private);

/**
 * drm_gem_pages_release - end everything that an object has
 * @obj: object without references, or one whose initialisation failed
 *
 * For a driver's own &drm_gem_object_funcs.free, before it frees the memory of the
 * object. Outside of it, drm_gem_object_put() is the way to get rid of an object.
 *
 * Context: May sleep, but takes no reservation lock and waits neither for memory nor
 * for fences, so it may run during memory reclaim; but for an imported object, which
 * takes the reservation lock of its dma-buf.
 */
void drm_gem_pages_release(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);
	struct drm_gem_object *gem = &obj->base;

	if (!gem->size)
		return;

	if (drm_gem_is_imported(gem)) {
		drm_prime_gem_destroy(gem, s->sgt);
	} else if (s->ops) {
		drm_WARN_ON(gem->dev, atomic_read(&s->pin_count));
		drm_WARN_ON(gem->dev, !hlist_empty(&s->attach_maps));
		drm_gem_pages_track_end(obj);
		drm_gem_pages_shrinker_remove(obj);
		free_vmap(obj);
		free_device_map(obj);
		depopulate(obj);
	}

	/*
	 * As drm_gem_object_release(), which takes a mutex of the device for each object.
	 * Without it nobody sees whether an object that was on a list is between two.
	 */
	if (!list_empty(&gem->lru_node))
		drm_gem_lru_remove(gem);
	if (gem->filp)
		fput(gem->filp);
	drm_gem_private_object_fini(gem);
	drm_gem_free_mmap_offset(gem);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_release);

/**
 * drm_gem_pages_object_free - &drm_gem_object_funcs.free
 * @gem: object without references
 *
 * Context: as drm_gem_pages_release().
 */
void drm_gem_pages_object_free(struct drm_gem_object *gem)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(gem);

	drm_gem_pages_release(obj);
	kfree(obj);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_object_free);

/**
 * drm_gem_pages_create - allocate and initialise an object backed by shmem
 * @dev: DRM device
 * @size: size in bytes, rounded up to whole pages
 * @flags: &enum drm_gem_pages_flags
 *
 * The object comes from &drm_driver.gem_create_object if the driver has one, and goes
 * to its &drm_gem_object_funcs.free, also if initialising it fails.
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: the object, to be given back with drm_gem_object_put(), -ENOMEM, what
 * &drm_driver.gem_create_object answers, or as drm_gem_pages_init().
 */
struct drm_gem_pages_object *drm_gem_pages_create(struct drm_device *dev, size_t size, u32 flags)
{
	struct drm_gem_pages_object *obj;
	int ret;

	obj = drm_gem_pages_alloc(dev, size);
	if (IS_ERR(obj))
		return obj;

	ret = drm_gem_pages_init(dev, obj, size, flags);
	if (ret) {
		drm_gem_object_put(&obj->base);
		return ERR_PTR(ret);
	}
	return obj;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_create);

/**
 * drm_gem_pages_create_with_handle - create an object for user space
 * @file: DRM file that gets the handle
 * @dev: DRM device
 * @size: size in bytes, rounded up to whole pages
 * @flags: &enum drm_gem_pages_flags
 * @handle: where to put the handle, which then holds the only reference
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: 0, as drm_gem_pages_create(), or as drm_gem_handle_create().
 */
int drm_gem_pages_create_with_handle(struct drm_file *file, struct drm_device *dev, size_t size,
				     u32 flags, u32 *handle)
{
	struct drm_gem_pages_object *obj;
	int ret;

	obj = drm_gem_pages_create(dev, size, flags);
	if (IS_ERR(obj))
		return PTR_ERR(obj);

	ret = drm_gem_handle_create(file, &obj->base, handle);
	drm_gem_object_put(&obj->base);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_create_with_handle);

/**
 * drm_gem_pages_dumb_create - &drm_driver.dumb_create
 * @file: DRM file that gets the handle
 * @dev: DRM device
 * @args: the ioctl's arguments
 *
 * For hardware that takes any pitch. Nobody flushes caches for a dumb buffer, so CPU
 * mappings are write-combined unless the DMA device is cache-coherent.
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: 0, -EINVAL for an impossible size or depth, or as
 * drm_gem_pages_create_with_handle().
 */
int drm_gem_pages_dumb_create(struct drm_file *file, struct drm_device *dev,
			      struct drm_mode_create_dumb *args)
{
	u32 flags = drm_gem_pages_is_coherent(drm_dev_dma_dev(dev)) ? 0 : DRM_GEM_PAGES_WC;
	int ret;

	ret = drm_mode_size_dumb(dev, args, 0, 0);
	if (ret)
		return ret;
	return drm_gem_pages_create_with_handle(file, dev, args->size, flags, &args->handle);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_dumb_create);

/*
 * What can be asked
 */

/**
 * drm_gem_pages_is_wc - tell whether CPU mappings are write-combined
 * @obj: object
 *
 * Context: Any.
 *
 * Return: true if DRM_GEM_PAGES_WC was asked for and not dropped. False for an
 * imported object.
 */
bool drm_gem_pages_is_wc(const struct drm_gem_pages_object *obj)
{
	return const_state_of(obj)->flags & DRM_GEM_PAGES_WC;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_is_wc);

/**
 * drm_gem_pages_is_pinned - tell whether an object is pinned
 * @obj: object
 *
 * Context: Any. With the reservation lock held a false stays false; a true may be
 * outdated at once.
 *
 * Return: true if there is a pin.
 */
bool drm_gem_pages_is_pinned(const struct drm_gem_pages_object *obj)
{
	return atomic_read(&const_state_of(obj)->pin_count);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_is_pinned);

/**
 * drm_gem_pages_is_resident_locked - tell whether an object has its pages
 * @obj: object
 *
 * Context: Holds the reservation lock.
 *
 * Return: true if it has, false for an imported object.
 */
bool drm_gem_pages_is_resident_locked(struct drm_gem_pages_object *obj)
{
	assert_locked(obj);
	return state_of(obj)->pages;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_is_resident_locked);

/**
 * drm_gem_pages_is_purged_locked - tell whether an object's content is gone
 * @obj: object
 *
 * Context: Holds the reservation lock.
 *
 * Return: true if drm_gem_pages_purge_locked() was successful.
 */
bool drm_gem_pages_is_purged_locked(struct drm_gem_pages_object *obj)
{
	assert_locked(obj);
	return state_of(obj)->purged;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_is_purged_locked);

/**
 * drm_gem_pages_evictions - tell how often an object was evicted
 * @obj: object
 *
 * Context: Any. A snapshot, taken without a lock.
 *
 * Return: the number of evictions, UINT_MAX for as many or more.
 */
unsigned int drm_gem_pages_evictions(const struct drm_gem_pages_object *obj)
{
	return READ_ONCE(const_state_of(obj)->evictions);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_evictions);

/**
 * drm_gem_pages_page_locked - get one page of an object
 * @obj: object
 * @index: which, in pages from its start
 *
 * The caller must not keep the pointer beyond the lock, unless the object is
 * pinned, and must not take a reference. What it writes it marks with
 * drm_gem_pages_mark_dirty_locked().
 *
 * Context: Holds the reservation lock.
 *
 * Return: the page, or NULL if the object is not resident or has no such page.
 */
struct page *drm_gem_pages_page_locked(struct drm_gem_pages_object *obj, pgoff_t index)
{
	struct drm_gem_pages_state *s = state_of(obj);

	assert_locked(obj);
	return s->pages && index < page_count_of(obj) ? s->pages[index] : NULL;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_page_locked);

/**
 * drm_gem_pages_object_status - &drm_gem_object_funcs.status
 * @gem: object
 *
 * Context: Any. A snapshot, taken without a lock.
 *
 * Return: DRM_GEM_OBJECT_RESIDENT if the object has its pages or is imported, and
 * DRM_GEM_OBJECT_PURGEABLE if user space can do without the content.
 */
enum drm_gem_object_status drm_gem_pages_object_status(struct drm_gem_object *gem)
{
	struct drm_gem_pages_state *s = state_of(to_drm_gem_pages(gem));
	enum drm_gem_object_status status = 0;

	if (drm_gem_is_imported(gem) || READ_ONCE(s->pages))
		status |= DRM_GEM_OBJECT_RESIDENT;
	if (READ_ONCE(s->purgeable))
		status |= DRM_GEM_OBJECT_PURGEABLE;
	return status;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_object_status);

/**
 * drm_gem_pages_object_print_info - &drm_gem_object_funcs.print_info
 * @p: where to print
 * @indent: number of tabs in front of each line
 * @gem: object
 *
 * Context: Any. A snapshot, taken without a lock.
 */
void drm_gem_pages_object_print_info(struct drm_printer *p, unsigned int indent,
				     const struct drm_gem_object *gem)
{
	const struct drm_gem_pages_object *obj = to_drm_gem_pages(gem);
	const struct drm_gem_pages_state *s = const_state_of(obj);
	unsigned int vmaps = READ_ONCE(s->vmap_count);

	if (drm_gem_is_imported(gem)) {
		drm_printf_indent(p, indent, "mapped=%s\n", str_yes_no(s->sgt));
		return;
	}

	drm_printf_indent(p, indent, "backing=%s\n", READ_ONCE(s->purged) ? "purged" :
			  READ_ONCE(s->pages) ? "resident" : "none");
	drm_printf_indent(p, indent, "pins=%d\n", atomic_read(&s->pin_count));
	drm_printf_indent(p, indent, "device_map=%s\n", str_yes_no(READ_ONCE(s->sgt)));
	if (vmaps)
		drm_printf_indent(p, indent, "vmap=%u\n", vmaps);
	else
		drm_printf_indent(p, indent, "vmap=%s\n", READ_ONCE(s->vaddr) ? "idle" : "none");
	drm_printf_indent(p, indent, "mmaps=%d\n", atomic_read(&s->mmap_count));
	drm_printf_indent(p, indent, "caching=%s\n",
			  drm_gem_pages_is_wc(obj) ? "write-combine" : "cached");
}
EXPORT_SYMBOL_GPL(drm_gem_pages_object_print_info);

/*
 * Callbacks that hold the reservation lock already
 */

/**
 * drm_gem_pages_object_pin - &drm_gem_object_funcs.pin
 * @gem: object
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: as drm_gem_pages_pin_locked().
 */
int drm_gem_pages_object_pin(struct drm_gem_object *gem)
{
	return drm_gem_pages_pin_locked(to_drm_gem_pages(gem));
}
EXPORT_SYMBOL_GPL(drm_gem_pages_object_pin);

/**
 * drm_gem_pages_object_unpin - &drm_gem_object_funcs.unpin
 * @gem: object
 *
 * Context: as drm_gem_pages_unpin().
 */
void drm_gem_pages_object_unpin(struct drm_gem_object *gem)
{
	drm_gem_pages_unpin(to_drm_gem_pages(gem));
}
EXPORT_SYMBOL_GPL(drm_gem_pages_object_unpin);

/**
 * drm_gem_pages_object_vmap - &drm_gem_object_funcs.vmap
 * @gem: object
 * @map: where to put the address
 *
 * Context: Holds the reservation lock. May sleep and enter memory reclaim.
 *
 * Return: as drm_gem_pages_vmap_locked().
 */
int drm_gem_pages_object_vmap(struct drm_gem_object *gem, struct iosys_map *map)
{
	return drm_gem_pages_vmap_locked(to_drm_gem_pages(gem), map);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_object_vmap);

/**
 * drm_gem_pages_object_vunmap - &drm_gem_object_funcs.vunmap
 * @gem: object
 * @map: what drm_gem_pages_object_vmap() gave
 *
 * Context: as drm_gem_pages_vunmap_locked().
 */
void drm_gem_pages_object_vunmap(struct drm_gem_object *gem, struct iosys_map *map)
{
	drm_gem_pages_vunmap_locked(to_drm_gem_pages(gem), map);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_object_vunmap);

static const struct drm_gem_object_funcs drm_gem_pages_funcs = {
	.free = drm_gem_pages_object_free,
	DRM_GEM_PAGES_OBJECT_FUNCS,
};

MODULE_DESCRIPTION("GEM objects made of pages, with explicit lifetimes");
MODULE_LICENSE("GPL");
