// SPDX-License-Identifier: GPL-2.0

/*
 * drm_gem_lru_scan() as upstream's panthor drives it (Linux 7.3, panthor_gem.c and
 * panthor_mmu.c), reduced to what costs something without a GPU.
 *
 * Modelled, call for call: the object with its shmem file, mmap offset and place in the
 * list for debugfs, under the mutex of that list; pages from drm_gem_get_pages(), marked
 * dirty whenever they are given back; sg table and DMA map; the state of an object, which
 * is found anew under gpuva.lock after each change, and the move between LRUs under the
 * mutex of the device; the LRUs for unused and for mmapped objects, for each VM, and for
 * several VMs, scanned in this order; the callback: wait for fences for ten jiffies if
 * the object is mapped on the GPU, zap user mappings, trylock gpuva.lock, trylock the
 * VM's reservation lock, look at the state again, trylock the VM's op_lock, DMA unmap,
 * give back the pages, new state; count.
 *
 * Not modelled: page tables, TLB flushes and the lists of drm_gpuvm (where an object is
 * mapped is a number here, so that upstream is a little cheaper than it is), objects that
 * share their VM's reservation lock, the labels of objects, and shmem's huge mount.
 */

#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include <drm/drm_drv.h>
#include <drm/drm_prime.h>
#include <drm/drm_vma_manager.h>

#include "gem_pages_bench.h"

bool bench_peer_waits = true;

/* The harder to reclaim, the higher. */
enum peer_state {
	PEER_UNUSED,
	PEER_MMAPPED,
	PEER_GPU_MAPPED,
	PEER_GPU_SHARED,
	PEER_UNRECLAIMABLE,
};

struct peer_object {
	struct drm_gem_object base;
	struct page **pages;
	struct sg_table *sgt;
	refcount_t pin_count;
	refcount_t mmap_count;
	unsigned int gpu_vms;
	enum peer_state state;
	atomic_t reclaimed_count;
	struct list_head node;
	char creator[TASK_COMM_LEN];
	pid_t creator_tgid;
};

#define to_peer(gem) container_of(gem, struct peer_object, base)

struct peer_vm {
	struct kref kref;
	struct bench_vm_locks locks;
	struct drm_gem_lru lru;
	struct list_head node;
};

static struct drm_device *drm;
static struct drm_gem_lru unused, mmapped, gpu_shared;
static struct list_head vms;
static struct peer_vm vm;
static unsigned long gpu_mapped_count;
static atomic_t retry_count;
static struct shrinker *shrinker;
static DEFINE_MUTEX(objects_lock);
static LIST_HEAD(objects);

/*
 * State
 */

static bool is_on_gpu(enum peer_state state)
{
	return state == PEER_GPU_MAPPED || state == PEER_GPU_SHARED;
}

static enum peer_state find_state(struct peer_object *bo)
{
	if (!bo->pages || refcount_read(&bo->pin_count))
		return PEER_UNRECLAIMABLE;
	if (bo->gpu_vms)
		return bo->gpu_vms > 1 ? PEER_GPU_SHARED : PEER_GPU_MAPPED;
	return refcount_read(&bo->mmap_count) ? PEER_MMAPPED : PEER_UNUSED;
}

static void update_state(struct peer_object *bo)
{
	enum peer_state state = find_state(bo);
	struct drm_gem_object *gem = &bo->base;

	if (state == bo->state)
		return;

	if (is_on_gpu(state) && !is_on_gpu(bo->state))
		gpu_mapped_count += gem->size >> PAGE_SHIFT;
	else if (!is_on_gpu(state) && is_on_gpu(bo->state))
		gpu_mapped_count -= gem->size >> PAGE_SHIFT;

	switch (state) {
	case PEER_UNUSED:
		drm_gem_lru_move_tail(&unused, gem);
		break;
	case PEER_MMAPPED:
		drm_gem_lru_move_tail(&mmapped, gem);
		break;
	case PEER_GPU_MAPPED:
		mutex_lock(&drm->gem_lru_mutex);
		drm_gem_lru_move_tail_locked(&vm.lru, gem);
		if (list_empty(&vm.node))
			list_move(&vm.node, &vms);
		mutex_unlock(&drm->gem_lru_mutex);
		break;
	case PEER_GPU_SHARED:
		drm_gem_lru_move_tail(&gpu_shared, gem);
		break;
	case PEER_UNRECLAIMABLE:
		drm_gem_lru_remove(gem);
		break;
	}
	bo->state = state;
}

static void update_state_of_locked(struct peer_object *bo)
{
	mutex_lock(&bo->base.gpuva.lock);
	update_state(bo);
	mutex_unlock(&bo->base.gpuva.lock);
}

/*
 * Objects
 */

static int get_pages(struct peer_object *bo)
{
	struct page **pages;

	if (bo->pages)
		return 0;
	pages = drm_gem_get_pages(&bo->base);
	if (IS_ERR(pages))
		return PTR_ERR(pages);
	bo->pages = pages;
	return 0;
}

static void put_pages(struct peer_object *bo)
{
	if (!bo->pages)
		return;
	drm_gem_put_pages(&bo->base, bo->pages, true, false);
	bo->pages = NULL;
}

static int dma_map(struct peer_object *bo)
{
	struct sg_table *sgt;
	int ret;

	if (bo->sgt)
		return 0;
	ret = get_pages(bo);
	if (ret)
		return ret;

	sgt = drm_prime_pages_to_sg(drm, bo->pages, bo->base.size >> PAGE_SHIFT);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	ret = dma_map_sgtable(drm_dev_dma_dev(drm), sgt, DMA_BIDIRECTIONAL, 0);
	if (ret) {
		sg_free_table(sgt);
		kfree(sgt);
		return ret;
	}
	bo->sgt = sgt;
	return 0;
}

static void dma_unmap(struct peer_object *bo)
{
	if (!bo->sgt)
		return;
	dma_unmap_sgtable(drm_dev_dma_dev(drm), bo->sgt, DMA_BIDIRECTIONAL, 0);
	sg_free_table(bo->sgt);
	kfree(bo->sgt);
	bo->sgt = NULL;
}

static void peer_free(struct drm_gem_object *gem)
{
	struct peer_object *bo = to_peer(gem);

	if (!list_empty(&bo->node)) {
		mutex_lock(&objects_lock);
		list_del_init(&bo->node);
		mutex_unlock(&objects_lock);
	}
	dma_unmap(bo);
	put_pages(bo);
	drm_gem_object_release(gem);
	kfree(bo);
}

static const struct drm_gem_object_funcs peer_funcs = {
	.free = peer_free,
};

static struct drm_gem_object *peer_create(size_t size, bool offset)
{
	struct peer_object *bo = kzalloc_obj(*bo);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->state = PEER_UNRECLAIMABLE;
	bo->base.funcs = &peer_funcs;
	INIT_LIST_HEAD(&bo->node);

	ret = drm_gem_object_init(drm, &bo->base, PAGE_ALIGN(size));
	if (ret)
		goto err_put;
	mapping_set_gfp_mask(bo->base.filp->f_mapping,
			     GFP_HIGHUSER | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	ret = drm_gem_create_mmap_offset(&bo->base);
	if (ret)
		goto err_put;

	bo->creator_tgid = current->tgid;
	get_task_comm(bo->creator, current->group_leader);
	mutex_lock(&objects_lock);
	list_add_tail(&bo->node, &objects);
	mutex_unlock(&objects_lock);
	return &bo->base;

err_put:
	drm_gem_object_put(&bo->base);
	return ERR_PTR(ret);
}

static int peer_populate(struct drm_gem_object *gem)
{
	struct peer_object *bo = to_peer(gem);
	int ret;

	dma_resv_lock(gem->resv, NULL);
	ret = dma_map(bo);
	if (!ret)
		update_state_of_locked(bo);
	dma_resv_unlock(gem->resv);
	return ret;
}

static struct page *peer_page(struct drm_gem_object *gem, pgoff_t index)
{
	struct page *page;

	dma_resv_lock(gem->resv, NULL);
	page = to_peer(gem)->pages[index];
	dma_resv_unlock(gem->resv);
	return page;
}

static void peer_mark_dirty(struct drm_gem_object *gem)
{
}

static int pin_locked(struct peer_object *bo)
{
	int ret;

	if (refcount_inc_not_zero(&bo->pin_count))
		return 0;
	ret = get_pages(bo);
	if (!ret) {
		refcount_set(&bo->pin_count, 1);
		update_state_of_locked(bo);
	}
	return ret;
}

static int peer_pin(struct drm_gem_object *gem)
{
	struct peer_object *bo = to_peer(gem);
	int ret;

	if (refcount_inc_not_zero(&bo->pin_count))
		return 0;

	dma_resv_lock(gem->resv, NULL);
	ret = pin_locked(bo);
	dma_resv_unlock(gem->resv);
	return ret;
}

static void peer_unpin(struct drm_gem_object *gem)
{
	struct peer_object *bo = to_peer(gem);

	if (refcount_dec_not_one(&bo->pin_count))
		return;

	dma_resv_lock(gem->resv, NULL);
	if (refcount_dec_and_test(&bo->pin_count))
		update_state_of_locked(bo);
	dma_resv_unlock(gem->resv);
}

static void peer_gpu_map(struct drm_gem_object *gem, bool map)
{
	struct peer_object *bo = to_peer(gem);

	dma_resv_lock(gem->resv, NULL);
	bo->gpu_vms = map;
	update_state_of_locked(bo);
	dma_resv_unlock(gem->resv);
}

/*
 * Reclaim
 */

static int unmap_from_vm(struct peer_object *bo)
{
	if (!bo->gpu_vms)
		return 0;
	if (!mutex_trylock(&vm.locks.op_lock))
		return -EDEADLK;
	bo->gpu_vms = 0;
	mutex_unlock(&vm.locks.op_lock);
	return 0;
}

static bool try_evict(struct drm_gem_object *gem, struct ww_acquire_ctx *ticket)
{
	struct peer_object *bo = to_peer(gem);
	bool locked = false, evicted = false;
	enum peer_state state;

	drm_vma_node_unmap(&gem->vma_node, drm->anon_inode->i_mapping);
	if (!mutex_trylock(&gem->gpuva.lock))
		return false;

	if (bo->gpu_vms) {
		locked = dma_resv_trylock(&vm.locks.resv);
		if (!locked)
			goto out;
	}

	state = bo->state;
	update_state(bo);
	if (state < bo->state || unmap_from_vm(bo))
		goto out;

	atomic_add_unless(&bo->reclaimed_count, 1, INT_MAX);
	dma_unmap(bo);
	put_pages(bo);
	update_state(bo);
	evicted = true;
out:
	if (locked)
		dma_resv_unlock(&vm.locks.resv);
	mutex_unlock(&gem->gpuva.lock);
	return evicted;
}

static bool wait_and_try_evict(struct drm_gem_object *gem, struct ww_acquire_ctx *ticket)
{
	if (bench_peer_waits) {
		if (dma_resv_wait_timeout(gem->resv, DMA_RESV_USAGE_BOOKKEEP, false, 10) <= 0)
			return false;
	} else if (!dma_resv_test_signaled(gem->resv, DMA_RESV_USAGE_BOOKKEEP)) {
		return false;
	}
	return try_evict(gem, ticket);
}

static void vm_release(struct kref *kref)
{
}

static unsigned long scan_vms(unsigned long nr_to_scan, unsigned long *remaining)
{
	LIST_HEAD(todo);
	LIST_HEAD(seen);
	unsigned long freed = 0;
	struct peer_vm *first;

	mutex_lock(&drm->gem_lru_mutex);
	list_splice_init(&vms, &todo);
	while (freed < nr_to_scan) {
		first = list_first_entry_or_null(&todo, typeof(*first), node);
		if (!first)
			break;
		if (!kref_get_unless_zero(&first->kref)) {
			list_del_init(&first->node);
			continue;
		}
		mutex_unlock(&drm->gem_lru_mutex);

		freed += drm_gem_lru_scan(drm, &first->lru, nr_to_scan - freed, remaining,
					  wait_and_try_evict, NULL);

		mutex_lock(&drm->gem_lru_mutex);
		if (first == list_first_entry_or_null(&todo, typeof(*first), node)) {
			list_del_init(&first->node);
			if (first->lru.count > 0)
				list_add_tail(&first->node, &seen);
		}
		mutex_unlock(&drm->gem_lru_mutex);
		kref_put(&first->kref, vm_release);
		mutex_lock(&drm->gem_lru_mutex);
	}
	list_splice_tail(&todo, &seen);
	list_splice(&seen, &vms);
	mutex_unlock(&drm->gem_lru_mutex);

	return freed;
}

static bool can_block(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM || (gfp & __GFP_KSWAPD_RECLAIM && current_is_kswapd());
}

static unsigned long scan_lrus(unsigned long nr_to_scan, gfp_t gfp, unsigned long *remaining)
{
	unsigned long freed;

	if (get_nr_swap_pages() <= 0)
		return 0;

	freed = drm_gem_lru_scan(drm, &unused, nr_to_scan, remaining, try_evict, NULL);
	if (freed < nr_to_scan)
		freed += drm_gem_lru_scan(drm, &mmapped, nr_to_scan - freed, remaining,
					  try_evict, NULL);
	if (freed < nr_to_scan && can_block(gfp))
		freed += scan_vms(nr_to_scan - freed, remaining);
	if (freed < nr_to_scan && can_block(gfp))
		freed += drm_gem_lru_scan(drm, &gpu_shared, nr_to_scan - freed, remaining,
					  wait_and_try_evict, NULL);
	return freed;
}

static unsigned long scan_objects(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long remaining = 0;
	unsigned long freed = scan_lrus(sc->nr_to_scan, sc->gfp_mask, &remaining);

	if (!freed && remaining && atomic_inc_return(&retry_count) < 2)
		return 0;
	atomic_set(&retry_count, 0);
	return freed ?: SHRINK_STOP;
}

static unsigned long count_objects(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long count;

	if (get_nr_swap_pages() <= 0)
		return 0;
	count = unused.count + mmapped.count;
	if (can_block(sc->gfp_mask))
		count += gpu_mapped_count;
	return count ?: SHRINK_EMPTY;
}

static unsigned long peer_scan(unsigned long nr_to_scan)
{
	struct shrink_control sc = {
		.gfp_mask = GFP_KERNEL,
		.nr_to_scan = min(nr_to_scan, UINT_MAX),
		.nr_scanned = nr_to_scan,
	};
	unsigned long freed = shrinker->scan_objects(shrinker, &sc);

	return freed == SHRINK_STOP ? 0 : freed;
}

static unsigned long peer_count(void)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };
	unsigned long count = shrinker->count_objects(shrinker, &sc);

	return count == SHRINK_EMPTY ? 0 : count;
}

static int peer_evict(struct drm_gem_object *gem)
{
	bool evicted;

	if (!dma_resv_trylock(gem->resv))
		return -EDEADLK;
	evicted = try_evict(gem, NULL);
	dma_resv_unlock(gem->resv);
	return evicted ? 0 : -EBUSY;
}

static const struct drm_driver peer_driver = {
	.driver_features = DRIVER_GEM,
	.name = "gem_pages_bench_peer",
	.desc = "drm_gem_lru_scan as panthor drives it",
	.major = 1,
};

static struct drm_device *peer_init(struct device *parent)
{
	struct drm_device *dev = bench_drm_device(parent, &peer_driver);

	if (IS_ERR(dev))
		return dev;

	shrinker = shrinker_alloc(0, "gem-pages-bench-peer");
	if (!shrinker) {
		drm_dev_put(dev);
		return ERR_PTR(-ENOMEM);
	}
	INIT_LIST_HEAD(&vms);
	drm_gem_lru_init(&unused);
	drm_gem_lru_init(&mmapped);
	drm_gem_lru_init(&gpu_shared);
	kref_init(&vm.kref);
	INIT_LIST_HEAD(&vm.node);
	drm_gem_lru_init(&vm.lru);
	bench_vm_locks_init(&vm.locks);
	drm = dev;

	shrinker->count_objects = count_objects;
	shrinker->scan_objects = scan_objects;
	shrinker_register(shrinker);
	return dev;
}

static void peer_fini(void)
{
	shrinker_free(shrinker);
	bench_vm_locks_fini(&vm.locks);
}

const struct bench_side bench_peer = {
	.name = "upstream",
	.init = peer_init,
	.fini = peer_fini,
	.create = peer_create,
	.populate = peer_populate,
	.page = peer_page,
	.mark_dirty = peer_mark_dirty,
	.pin = peer_pin,
	.unpin = peer_unpin,
	.evict = peer_evict,
	.gpu_map = peer_gpu_map,
	.scan = peer_scan,
	.count = peer_count,
};
