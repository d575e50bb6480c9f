// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-buf.h>
#include <linux/export.h>
#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem_pages.h>

#include "drm_gem_pages_internal.h"

/* One fault maps as many pages as fit into such a block. */
#define FAULT_WINDOW	max_t(unsigned long, SZ_64K, PAGE_SIZE)

static bool is_dirty(struct drm_gem_pages_object *obj, struct folio *folio)
{
	return obj->base.filp ? folio_test_dirty(folio) : state_of(obj)->dirty;
}

/* The object's page at a fault, whatever became of the VMA since mmap. */
static pgoff_t fault_index(struct vm_fault *vmf, struct drm_gem_pages_object *obj)
{
	return vmf->pgoff - drm_vma_node_start(&obj->base.vma_node);
}

/*
 * Called for the folio that a fault is about. A private object has no folios to tell
 * who wrote where, so it is dirty as soon as it is mapped for writing.
 */
static void track_access(struct vm_fault *vmf, struct drm_gem_pages_object *obj,
			 struct folio *folio)
{
	if (!obj->base.filp) {
		if (vmf->vma->vm_flags & VM_WRITE)
			state_of(obj)->dirty = true;
		return;
	}

	if (vmf->flags & FAULT_FLAG_WRITE)
		folio_mark_dirty(folio);
	folio_mark_accessed(folio);
}

static vm_fault_t insert_huge(struct vm_fault *vmf, struct drm_gem_pages_object *obj, pgoff_t index)
{
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	unsigned long start = ALIGN_DOWN(vmf->address, PMD_SIZE);
	struct page *page = state_of(obj)->pages[index];
	struct vm_area_struct *vma = vmf->vma;
	struct folio *folio = page_folio(page);
	unsigned long pfn = page_to_pfn(page);
	pmd_t pmd = pmdp_get_lockless(vmf->pmd);

	/* Of a driver's pages it is not known whether they are a folio's in order. */
	if (!obj->base.filp)
		return VM_FAULT_FALLBACK;
	if (start < vma->vm_start || vma->vm_end - start < PMD_SIZE)
		return VM_FAULT_FALLBACK;
	if (!folio_test_pmd_mappable(folio))
		return VM_FAULT_FALLBACK;
	if (((vmf->address >> PAGE_SHIFT) ^ pfn) & (HPAGE_PMD_NR - 1))
		return VM_FAULT_FALLBACK;
	/* Another fault was first and mapped single pages here. */
	if (!pmd_none(pmd) && !pmd_trans_huge(pmd))
		return VM_FAULT_FALLBACK;

	track_access(vmf, obj, folio);
	return vmf_insert_pfn_pmd(vmf, ALIGN_DOWN(pfn, HPAGE_PMD_NR),
				  (vma->vm_flags & VM_WRITE) && is_dirty(obj, folio));
#else
	return VM_FAULT_FALLBACK;
#endif
}

/*
 * Writable only what is dirty already: the first write to a clean page has to be
 * seen, and comes in through pfn_mkwrite.
 */
static vm_fault_t insert_page_at(struct vm_fault *vmf, struct drm_gem_pages_object *obj,
				 unsigned long addr, pgoff_t index)
{
	struct page *page = state_of(obj)->pages[index];
	struct vm_area_struct *vma = vmf->vma;
	pgprot_t prot = vma->vm_page_prot;

	if (is_dirty(obj, page_folio(page)))
		prot = pgprot_modify(prot, vm_get_page_prot(vma->vm_flags));

	return vmf_insert_pfn_prot(vma, addr, page_to_pfn(page), prot);
}

static vm_fault_t insert_window(struct vm_fault *vmf, struct drm_gem_pages_object *obj,
				pgoff_t index)
{
	/* A block of user addresses, so that it stays inside one page table. */
	unsigned long offset = vmf->address & (FAULT_WINDOW - 1);
	struct vm_area_struct *vma = vmf->vma;
	long before, after, i;
	vm_fault_t ret;

#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	/* Another fault was first and mapped the whole folio. */
	if (pmd_trans_huge(pmdp_get_lockless(vmf->pmd)))
		return VM_FAULT_NOPAGE;
#endif

	track_access(vmf, obj, page_folio(state_of(obj)->pages[index]));
	ret = insert_page_at(vmf, obj, vmf->address, index);
	if (ret != VM_FAULT_NOPAGE)
		return ret;

	before = min3(offset, vmf->address - vma->vm_start, index << PAGE_SHIFT) >> PAGE_SHIFT;
	after = min3(FAULT_WINDOW - offset, vma->vm_end - vmf->address,
		     (page_count_of(obj) - index) << PAGE_SHIFT) >> PAGE_SHIFT;
	for (i = -before; i < after; i++) {
		/* The neighbours are a bonus, the fault itself is answered. */
		if (i && insert_page_at(vmf, obj, vmf->address + i * PAGE_SIZE,
					index + i) != VM_FAULT_NOPAGE)
			break;
	}

	return VM_FAULT_NOPAGE;
}

static vm_fault_t insert_pages(struct vm_fault *vmf, unsigned int order,
			       struct drm_gem_pages_object *obj, pgoff_t index)
{
	return order ? insert_huge(vmf, obj, index) : insert_window(vmf, obj, index);
}

static vm_fault_t fault_error(int err)
{
	switch (err) {
	case -ENOMEM:
		return VM_FAULT_OOM;
	case -EINTR:
	case -ERESTARTSYS:
		/*
		 * The signal is handled first, then the access is tried again. But a
		 * dying task in the kernel would try for ever.
		 */
		return fatal_signal_pending(current) ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
	default:
		return VM_FAULT_SIGBUS;
	}
}

/*
 * Get the object ready to be mapped; return 0 if it is. The core tries a fault that
 * says VM_FAULT_OOM again for ever, so only want of memory says it. The OOM killer
 * helps, except below the normal zone, for which it kills nobody.
 */
static vm_fault_t prepare(struct drm_gem_pages_object *obj)
{
	bool was_resident = state_of(obj)->pages;
	int err;

	/* No task is killed for memory that can be had of other objects. */
	err = drm_gem_pages_populate_locked(obj, GFP_KERNEL | __GFP_RETRY_MAYFAIL);
	if (err == -ENOMEM)
		err = drm_gem_pages_populate_locked(obj, GFP_KERNEL);
	if (err)
		return fault_error(err);

	if (needs_flush(obj) && IS_ERR(drm_gem_pages_sgt_locked(obj))) {
		if (!was_resident)
			drm_gem_pages_undo_populate(obj);
		return VM_FAULT_SIGBUS;
	}

	return 0;
}

/* Lets go of the lock that the fault came with, so @vmf->vma is gone afterwards. */
static vm_fault_t populate_and_retry(struct vm_fault *vmf, struct drm_gem_pages_object *obj)
{
	struct drm_device *dev = obj->base.dev;

	drm_dev_get(dev);
	drm_gem_object_get(&obj->base);
	release_fault_lock(vmf);

	/* A failure shows again, and is reported, when the fault is retried. */
	if (!dma_resv_lock_interruptible(obj->base.resv, NULL)) {
		prepare(obj);
		dma_resv_unlock(obj->base.resv);
	}

	drm_gem_object_put(&obj->base);
	drm_dev_put(dev);
	return VM_FAULT_RETRY;
}

static vm_fault_t populate_and_insert(struct vm_fault *vmf, unsigned int order,
				      struct drm_gem_pages_object *obj, pgoff_t index)
{
	vm_fault_t ret;
	int err;

	err = dma_resv_lock_interruptible(obj->base.resv, NULL);
	if (err)
		return fault_error(err);

	ret = prepare(obj) ?: insert_pages(vmf, order, obj, index);
	dma_resv_unlock(obj->base.resv);

	return ret;
}

static vm_fault_t fault_plugged(struct vm_fault *vmf, unsigned int order,
				struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);
	pgoff_t index = fault_index(vmf, obj);
	vm_fault_t ret = VM_FAULT_RETRY;

	if (index >= page_count_of(obj))
		return VM_FAULT_SIGBUS;

	if (dma_resv_trylock(obj->base.resv)) {
		if (s->purged)
			ret = VM_FAULT_SIGBUS;
		else if (s->pages && !needs_flush(obj))
			ret = insert_pages(vmf, order, obj, index);
		dma_resv_unlock(obj->base.resv);
	}
	if (ret != VM_FAULT_RETRY)
		return ret;

	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	if (fault_flag_allow_retry_first(vmf->flags))
		return populate_and_retry(vmf, obj);
	return populate_and_insert(vmf, order, obj, index);
}

static vm_fault_t drm_gem_pages_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(vmf->vma->vm_private_data);
	vm_fault_t ret;
	int idx;

	if (order && order != PMD_ORDER)
		return VM_FAULT_FALLBACK;
	if (!drm_dev_enter(obj->base.dev, &idx))
		return VM_FAULT_SIGBUS;
	ret = fault_plugged(vmf, order, obj);
	drm_dev_exit(idx);

	return ret;
}

static vm_fault_t drm_gem_pages_fault(struct vm_fault *vmf)
{
	return drm_gem_pages_huge_fault(vmf, 0);
}

/*
 * A clean page is about to become writable. Its entry names the folio, so there is
 * nothing to lock and nothing to wait for. If an eviction takes the folio away
 * meanwhile, the entry is gone and the core finds out before it makes the entry
 * writable. If the same page has come back since, then dirty, because it was
 * swapped in, and so with an entry that differs.
 */
static vm_fault_t drm_gem_pages_pfn_mkwrite(struct vm_fault *vmf)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(vmf->vma->vm_private_data);
	struct page *page = pfn_to_page(pte_pfn(vmf->orig_pte));
	struct folio *folio = page_folio(page);
	vm_fault_t ret = VM_FAULT_NOPAGE;

	/* Only read-only mappings that became writable since have such entries. */
	if (!obj->base.filp) {
		WRITE_ONCE(state_of(obj)->dirty, true);
		return 0;
	}

	if (!folio_try_get(folio))
		return VM_FAULT_NOPAGE;
	if (folio == page_folio(page) && folio->mapping == obj->base.filp->f_mapping) {
		folio_mark_dirty(folio);
		ret = 0;
	}
	folio_put(folio);

	return ret;
}

static void add_mapping(struct drm_gem_pages_object *obj)
{
	if (atomic_inc_return(&state_of(obj)->mmap_count) == 1)
		drm_gem_pages_lru_update(obj);
}

static void drm_gem_pages_vm_open(struct vm_area_struct *vma)
{
	add_mapping(to_drm_gem_pages(vma->vm_private_data));
	drm_gem_vm_open(vma);
}

static void drm_gem_pages_vm_close(struct vm_area_struct *vma)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(vma->vm_private_data);

	if (!atomic_dec_return(&state_of(obj)->mmap_count))
		drm_gem_pages_lru_update(obj);
	drm_gem_vm_close(vma);
}

/**
 * var drm_gem_pages_vm_ops - &drm_gem_object_funcs.vm_ops of the library's objects
 *
 * For drivers whose &drm_gem_object_funcs are not all of DRM_GEM_PAGES_OBJECT_FUNCS.
 */
const struct vm_operations_struct drm_gem_pages_vm_ops = {
	.fault = drm_gem_pages_fault,
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	.huge_fault = drm_gem_pages_huge_fault,
#endif
	.pfn_mkwrite = drm_gem_pages_pfn_mkwrite,
	.open = drm_gem_pages_vm_open,
	.close = drm_gem_pages_vm_close,
};
EXPORT_SYMBOL_GPL(drm_gem_pages_vm_ops);

/* The mapping is the exporter's: it sets up the VMA and answers its faults. */
static int mmap_imported(struct drm_gem_pages_object *obj, struct vm_area_struct *vma)
{
	struct dma_buf *dma_buf = obj->base.import_attach->dmabuf;
	int ret;

	/* The node's file is writable, the dma-buf may have been exported read-only. */
	if (!(dma_buf->file->f_mode & FMODE_WRITE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}

	vma->vm_private_data = NULL;
	vma->vm_ops = NULL;
	vm_flags_set(vma, VM_DONTEXPAND);

	ret = dma_buf_mmap(dma_buf, vma, 0);
	/* The VMA now holds the dma-buf, not the object: drop what mmap took. */
	if (!ret)
		drm_gem_object_put(&obj->base);
	return ret;
}

/**
 * drm_gem_pages_object_mmap - &drm_gem_object_funcs.mmap
 * @gem: object to map
 * @vma: where to
 *
 * Allocates nothing: pages come with the first fault. The VMA holds a reference of
 * the object, or of the dma-buf if the object is imported.
 *
 * Context: Holds the mmap_lock for writing. Takes no reservation lock itself.
 *
 * Return: 0, -EPERM if the object is not mappable, -EINVAL for a private writable
 * mapping, -EACCES to write to a dma-buf that was exported read-only, or what the
 * exporter of an imported object answers.
 */
int drm_gem_pages_object_mmap(struct drm_gem_object *gem, struct vm_area_struct *vma)
{
	struct drm_gem_pages_object *obj = to_drm_gem_pages(gem);
	struct drm_gem_pages_state *s = state_of(obj);

	if (s->flags & DRM_GEM_PAGES_NO_MMAP)
		return -EPERM;
	if (vma_is_cow_mapping(vma))
		return -EINVAL;
	if (drm_gem_is_imported(gem))
		return mmap_imported(obj, vma);

	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = cpu_map_prot(obj, vm_get_page_prot(vma->vm_flags));
	add_mapping(obj);
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_object_mmap);

/**
 * drm_gem_pages_mmap_offset - answer an mmap-offset ioctl
 * @file: DRM file of the caller
 * @dev: DRM device
 * @handle: GEM handle in @file
 * @offset: where to put the offset to give to mmap, in bytes
 *
 * Fits &drm_driver.dumb_map_offset. Imported objects can be mapped, too.
 *
 * Context: May sleep.
 *
 * Return: 0, -ENOENT for an unknown handle, -EPERM if the object is not mappable,
 * -ENOSPC if no offset is free.
 */
int drm_gem_pages_mmap_offset(struct drm_file *file, struct drm_device *dev, u32 handle,
			      u64 *offset)
{
	struct drm_gem_object *gem;
	int ret;

	gem = drm_gem_object_lookup(file, handle);
	if (!gem)
		return -ENOENT;

	if (state_of(to_drm_gem_pages(gem))->flags & DRM_GEM_PAGES_NO_MMAP) {
		ret = -EPERM;
		goto out_put;
	}

	ret = drm_gem_create_mmap_offset(gem);
	if (!ret)
		*offset = drm_vma_node_offset_addr(&gem->vma_node);

out_put:
	drm_gem_object_put(gem);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_mmap_offset);
