// SPDX-License-Identifier: GPL-2.0

/*
 * The library, on a device that has registered reclaim, and gem_shmem, which has none.
 */

#include <linux/shrinker.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_gem_pages.h>
#include <drm/drm_gem_pages_shrinker.h>
#include <drm/drm_vma_manager.h>

#include "../drm_gem_pages_internal.h"
#include "../drm_gem_pages_shrinker_internal.h"
#include "gem_pages_bench.h"

static struct drm_device *drm;
static struct drm_gem_pages_shrinker *reclaim;
static struct drm_gem_pages_vm vm;
static struct bench_vm_locks vm_locks;

/*
 * The locks that drm_gem_pages_gpuvm_unmap() takes for an object in no VM or in one that
 * needs what panthor's do; there are no page tables here.
 */
static int ours_unmap(struct drm_gem_pages_object *obj)
{
	int ret = -EDEADLK;

	if (!mutex_trylock(&obj->base.gpuva.lock))
		return ret;
	if (!state_of(obj)->gpu_vms) {
		ret = 0;
		goto out;
	}
	if (!dma_resv_trylock(&vm_locks.resv))
		goto out;
	if (mutex_trylock(&vm_locks.op_lock)) {
		drm_gem_pages_set_gpu_mapped_locked(obj, 0, NULL);
		mutex_unlock(&vm_locks.op_lock);
		ret = 0;
	}
	dma_resv_unlock(&vm_locks.resv);
out:
	mutex_unlock(&obj->base.gpuva.lock);
	return ret;
}

static const struct drm_gem_pages_shrinker_ops ours_ops = {
	.unmap = ours_unmap,
};

static const struct drm_driver ours_driver = {
	.driver_features = DRIVER_GEM,
	.name = "gem_pages_bench_ours",
	.desc = "drm_gem_pages",
	.major = 1,
};

static struct drm_device *ours_init(struct device *parent)
{
	struct drm_device *dev = bench_drm_device(parent, &ours_driver);
	int ret;

	if (IS_ERR(dev))
		return dev;

	ret = drm_gem_pages_shrinker_register(dev, &ours_ops);
	if (ret) {
		drm_dev_put(dev);
		return ERR_PTR(ret);
	}
	bench_vm_locks_init(&vm_locks);
	drm_gem_pages_vm_init(&vm, dev);
	drm = dev;
	return dev;
}

static void ours_fini(void)
{
	drm_gem_pages_shrinker_unregister(drm);
	drm_gem_pages_vm_fini(&vm);
	bench_vm_locks_fini(&vm_locks);
}

static struct drm_gem_object *ours_create(size_t size, bool offset)
{
	struct drm_gem_pages_object *obj = drm_gem_pages_create(drm, size, 0);

	if (IS_ERR(obj))
		return ERR_CAST(obj);
	if (offset && drm_gem_create_mmap_offset(&obj->base)) {
		drm_gem_object_put(&obj->base);
		return ERR_PTR(-ENOSPC);
	}
	/* What the bench uses is what was registered, as the kernel sees it. */
	reclaim = state_of(obj)->shrinker;
	return &obj->base;
}

static int ours_populate(struct drm_gem_object *gem)
{
	int ret;

	dma_resv_lock(gem->resv, NULL);
	ret = drm_gem_pages_validate_locked(to_drm_gem_pages(gem));
	dma_resv_unlock(gem->resv);
	return ret;
}

static struct page *ours_page(struct drm_gem_object *gem, pgoff_t index)
{
	struct page *page;

	dma_resv_lock(gem->resv, NULL);
	page = drm_gem_pages_page_locked(to_drm_gem_pages(gem), index);
	dma_resv_unlock(gem->resv);
	return page;
}

static void ours_mark_dirty(struct drm_gem_object *gem)
{
	dma_resv_lock(gem->resv, NULL);
	drm_gem_pages_mark_dirty_locked(to_drm_gem_pages(gem), 0, gem->size);
	dma_resv_unlock(gem->resv);
}

static int ours_pin(struct drm_gem_object *gem)
{
	return drm_gem_pages_pin(to_drm_gem_pages(gem));
}

static void ours_unpin(struct drm_gem_object *gem)
{
	drm_gem_pages_unpin(to_drm_gem_pages(gem));
}

static int ours_evict(struct drm_gem_object *gem)
{
	int ret;

	if (!dma_resv_trylock(gem->resv))
		return -EDEADLK;
	ret = drm_gem_pages_evict_locked(to_drm_gem_pages(gem));
	dma_resv_unlock(gem->resv);
	return ret;
}

static void ours_gpu_map(struct drm_gem_object *gem, bool map)
{
	dma_resv_lock(gem->resv, NULL);
	drm_gem_pages_set_gpu_mapped_locked(to_drm_gem_pages(gem), map, map ? &vm : NULL);
	dma_resv_unlock(gem->resv);
}

static unsigned long ours_scan(unsigned long nr_to_scan)
{
	struct shrink_control sc = {
		.gfp_mask = GFP_KERNEL,
		.nr_to_scan = nr_to_scan,
		.nr_scanned = nr_to_scan,
	};
	unsigned long freed;

	freed = reclaim->shrinker->scan_objects(reclaim->shrinker, &sc);
	return freed == SHRINK_STOP ? 0 : freed;
}

static unsigned long ours_count(void)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };
	unsigned long count;

	count = reclaim->shrinker->count_objects(reclaim->shrinker, &sc);
	return count == SHRINK_EMPTY ? 0 : count;
}

const struct bench_side bench_ours = {
	.name = "ours",
	.init = ours_init,
	.fini = ours_fini,
	.create = ours_create,
	.populate = ours_populate,
	.page = ours_page,
	.mark_dirty = ours_mark_dirty,
	.pin = ours_pin,
	.unpin = ours_unpin,
	.evict = ours_evict,
	.gpu_map = ours_gpu_map,
	.scan = ours_scan,
	.count = ours_count,
};

/*
 * gem_shmem
 */

static struct drm_device *shmem_drm;

static const struct drm_driver shmem_driver = {
	.driver_features = DRIVER_GEM,
	DRM_GEM_SHMEM_DRIVER_OPS,
	.name = "gem_pages_bench_shmem",
	.desc = "gem_shmem",
	.major = 1,
};

static struct drm_device *shmem_init(struct device *parent)
{
	shmem_drm = bench_drm_device(parent, &shmem_driver);
	return shmem_drm;
}

static void shmem_fini(void)
{
}

static struct drm_gem_object *shmem_create(size_t size, bool offset)
{
	struct drm_gem_shmem_object *obj = drm_gem_shmem_create(shmem_drm, size);

	return IS_ERR(obj) ? ERR_CAST(obj) : &obj->base;
}

static int shmem_populate(struct drm_gem_object *gem)
{
	return PTR_ERR_OR_ZERO(drm_gem_shmem_get_pages_sgt(to_drm_gem_shmem_obj(gem)));
}

static struct page *shmem_page(struct drm_gem_object *gem, pgoff_t index)
{
	return to_drm_gem_shmem_obj(gem)->pages[index];
}

static void shmem_mark_dirty(struct drm_gem_object *gem)
{
	to_drm_gem_shmem_obj(gem)->pages_mark_dirty_on_put = true;
}

static int shmem_pin(struct drm_gem_object *gem)
{
	return drm_gem_shmem_pin(to_drm_gem_shmem_obj(gem));
}

static void shmem_unpin(struct drm_gem_object *gem)
{
	drm_gem_shmem_unpin(to_drm_gem_shmem_obj(gem));
}

const struct bench_side bench_shmem = {
	.name = "gem_shmem",
	.init = shmem_init,
	.fini = shmem_fini,
	.create = shmem_create,
	.populate = shmem_populate,
	.page = shmem_page,
	.mark_dirty = shmem_mark_dirty,
	.pin = shmem_pin,
	.unpin = shmem_unpin,
};
