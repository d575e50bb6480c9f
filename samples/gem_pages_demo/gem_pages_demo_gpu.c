// SPDX-License-Identifier: GPL-2.0

/*
 * The device of the sample driver. It has a VM for each client, and jobs that read
 * or write a whole object. The page table of a VM is nothing but a list of what is
 * mapped, with a flag that says whether it is there now, and the job is done by the
 * CPU, through the addresses of the sg table.
 */

#include <linux/debugfs.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "gem_pages_demo.h"
#include "gem_pages_demo_uapi.h"

struct demo_mapping {
	struct demo_vm *vm;
	struct demo_object *obj;
	struct list_head vm_node;
	struct list_head obj_node;
	bool present;
};

/*
 * Reclaim
 */

static void tell_library(struct demo_object *obj)
{
	struct drm_gem_pages_vm *vm = NULL;
	struct demo_mapping *mapping;
	unsigned int vms = 0;

	list_for_each_entry(mapping, &obj->mappings, obj_node) {
		if (mapping->present) {
			vm = &mapping->vm->reclaim;
			vms++;
		}
	}
	drm_gem_pages_set_gpu_mapped_locked(&obj->base, vms, vm);
}

static void unlock_tables(struct demo_object *obj, struct demo_mapping *end)
{
	struct demo_mapping *mapping;

	list_for_each_entry(mapping, &obj->mappings, obj_node) {
		if (mapping == end)
			break;
		mutex_unlock(&mapping->vm->table_lock);
	}
}

static int demo_unmap(struct drm_gem_pages_object *base)
{
	struct demo_object *obj = to_demo_object(base);
	struct demo_mapping *mapping;

	list_for_each_entry(mapping, &obj->mappings, obj_node) {
		if (!mutex_trylock(&mapping->vm->table_lock)) {
			unlock_tables(obj, mapping);
			return -EDEADLK;
		}
	}
	list_for_each_entry(mapping, &obj->mappings, obj_node)
		mapping->present = false;
	tell_library(obj);
	unlock_tables(obj, NULL);
	return 0;
}

static int demo_map(struct drm_gem_pages_object *base)
{
	struct demo_object *obj = to_demo_object(base);
	struct demo_mapping *mapping;

	list_for_each_entry(mapping, &obj->mappings, obj_node) {
		guard(mutex)(&mapping->vm->table_lock);
		mapping->present = true;
	}
	tell_library(obj);
	return 0;
}

const struct drm_gem_pages_shrinker_ops demo_shrinker_ops = {
	.unmap = demo_unmap,
	.map = demo_map,
};

int demo_madvise_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_gem_pages_demo_madvise *args = data;
	struct drm_gem_object *gem;
	int ret;

	if (args->advice > GEM_PAGES_DEMO_DONTNEED || args->pad)
		return -EINVAL;
	gem = drm_gem_object_lookup(file, args->handle);
	if (!gem)
		return -ENOENT;
	ret = drm_gem_pages_madvise(to_drm_gem_pages(gem),
				    args->advice == GEM_PAGES_DEMO_DONTNEED ?
				    DRM_GEM_PAGES_DONTNEED : DRM_GEM_PAGES_WILLNEED);
	drm_gem_object_put(gem);
	if (ret < 0)
		return ret;
	args->retained = ret;
	return 0;
}

/*
 * VMs
 */

int demo_open(struct drm_device *dev, struct drm_file *file)
{
	struct demo_vm *vm = kzalloc_obj(*vm);

	if (!vm)
		return -ENOMEM;
	mutex_init(&vm->lock);
	mutex_init(&vm->table_lock);
	INIT_LIST_HEAD(&vm->mappings);
	drm_gem_pages_vm_init(&vm->reclaim, dev);
	file->driver_priv = vm;
	return 0;
}

static struct demo_mapping *find_mapping(struct demo_vm *vm, struct demo_object *obj)
{
	struct demo_mapping *mapping;

	list_for_each_entry(mapping, &obj->mappings, obj_node) {
		if (mapping->vm == vm)
			return mapping;
	}
	return NULL;
}

/* The mapping holds a reference of the object. */
static int map_object(struct demo_vm *vm, struct demo_object *obj)
{
	struct demo_mapping *mapping;
	int ret;

	guard(drm_gem_pages)(&obj->base);

	if (find_mapping(vm, obj))
		return -EEXIST;
	/* What reclaim took out of other VMs comes back along with it. */
	ret = drm_gem_pages_validate_locked(&obj->base);
	if (ret)
		return ret;
	mapping = kzalloc_obj(*mapping);
	if (!mapping)
		return -ENOMEM;

	drm_gem_object_get(&obj->base.base);
	mapping->vm = vm;
	mapping->obj = obj;
	mapping->present = true;
	list_add_tail(&mapping->vm_node, &vm->mappings);
	list_add_tail(&mapping->obj_node, &obj->mappings);
	tell_library(obj);
	return 0;
}

static int unmap_object(struct demo_vm *vm, struct demo_object *obj)
{
	struct demo_mapping *mapping;

	scoped_guard(drm_gem_pages, &obj->base) {
		mapping = find_mapping(vm, obj);
		if (!mapping)
			return -ENOENT;
		list_del(&mapping->vm_node);
		list_del(&mapping->obj_node);
		tell_library(obj);
	}
	kfree(mapping);
	drm_gem_object_put(&obj->base.base);
	return 0;
}

void demo_postclose(struct drm_device *dev, struct drm_file *file)
{
	struct demo_vm *vm = file->driver_priv;
	struct demo_mapping *mapping;

	while ((mapping = list_first_entry_or_null(&vm->mappings, typeof(*mapping), vm_node)))
		unmap_object(vm, mapping->obj);
	drm_gem_pages_vm_fini(&vm->reclaim);
	mutex_destroy(&vm->table_lock);
	mutex_destroy(&vm->lock);
	kfree(vm);
}

int demo_map_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_gem_pages_demo_map *args = data;
	struct demo_vm *vm = file->driver_priv;
	struct drm_gem_object *gem;
	struct demo_object *obj;
	int ret;

	if (args->map > 1)
		return -EINVAL;
	gem = drm_gem_object_lookup(file, args->handle);
	if (!gem)
		return -ENOENT;

	obj = to_demo_object(to_drm_gem_pages(gem));
	scoped_guard(mutex, &vm->lock) {
		if (drm_gem_is_imported(gem))
			ret = -EINVAL;
		else
			ret = args->map ? map_object(vm, obj) : unmap_object(vm, obj);
	}
	drm_gem_object_put(gem);
	return ret;
}

/*
 * Jobs
 */

struct demo_fence {
	struct dma_fence base;
	struct list_head node;
};

static const char *fence_name(struct dma_fence *fence)
{
	return "gem_pages_demo";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

/* Signals when the device is not, or no longer, held. */
static void finish_job(struct demo_device *demo, struct demo_fence *fence)
{
	scoped_guard(spinlock, &demo->lock) {
		if (demo->hold) {
			list_add_tail(&fence->node, &demo->held);
			return;
		}
	}
	dma_fence_signal(&fence->base);
	dma_fence_put(&fence->base);
}

static int hold_set(void *data, u64 hold)
{
	struct demo_device *demo = data;
	struct demo_fence *fence, *next;
	LIST_HEAD(held);

	scoped_guard(spinlock, &demo->lock) {
		demo->hold = hold;
		if (!hold)
			list_splice_init(&demo->held, &held);
	}
	list_for_each_entry_safe(fence, next, &held, node) {
		dma_fence_signal(&fence->base);
		dma_fence_put(&fence->base);
	}
	return 0;
}

static int hold_get(void *data, u64 *hold)
{
	struct demo_device *demo = data;

	*hold = READ_ONCE(demo->hold);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(hold_fops, hold_get, hold_set, "%llu\n");

static u64 write_words(struct sg_table *sgt, u32 value)
{
	struct sg_page_iter iter;

	for_each_sgtable_page(sgt, &iter, 0) {
		void *page = kmap_local_page(sg_page_iter_page(&iter));

		memset32(page, value, PAGE_SIZE / sizeof(value));
		kunmap_local(page);
	}
	return 0;
}

/* Returns how many words are not @value. */
static u64 compare_words(struct sg_table *sgt, u32 value)
{
	struct sg_page_iter iter;
	u64 wrong = 0;

	for_each_sgtable_page(sgt, &iter, 0) {
		u32 *page = kmap_local_page(sg_page_iter_page(&iter));
		size_t i;

		for (i = 0; i < PAGE_SIZE / sizeof(value); i++)
			wrong += page[i] != value;
		kunmap_local(page);
	}
	return wrong;
}

static int run_job(struct demo_device *demo, struct demo_vm *vm, struct demo_object *obj,
		   struct drm_gem_pages_demo_run *args)
{
	struct demo_mapping *mapping;
	struct demo_fence *fence;
	struct sg_table *sgt;
	int ret;

	guard(drm_gem_pages)(&obj->base);

	mapping = find_mapping(vm, obj);
	if (!mapping)
		return -ENOENT;
	ret = dma_resv_reserve_fences(obj->base.base.resv, 1);
	if (ret)
		return ret;
	ret = drm_gem_pages_validate_locked(&obj->base);
	if (ret)
		return ret;
	fence = kzalloc_obj(*fence);
	if (!fence)
		return -ENOMEM;

	/* From here on reclaim leaves the object alone, until the job has ended. */
	dma_fence_init(&fence->base, &fence_ops, NULL, dma_fence_context_alloc(1), 1);
	dma_resv_add_fence(obj->base.base.resv, &fence->base, DMA_RESV_USAGE_WRITE);
	drm_gem_pages_vm_used(&vm->reclaim);

	sgt = drm_gem_pages_sgt_locked(&obj->base);
	if (!mapping->present) {
		args->wrong = U64_MAX;
	} else if (args->write) {
		drm_gem_pages_mark_dirty_locked(&obj->base, 0, obj->base.base.size);
		args->wrong = write_words(sgt, args->value);
	} else {
		args->wrong = compare_words(sgt, args->value);
	}
	finish_job(demo, fence);
	return 0;
}

int demo_run_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_gem_pages_demo_run *args = data;
	struct drm_gem_object *gem;
	int ret;

	if (args->write > 1 || args->pad)
		return -EINVAL;
	gem = drm_gem_object_lookup(file, args->handle);
	if (!gem)
		return -ENOENT;
	ret = run_job(to_demo_device(dev), file->driver_priv,
		      to_demo_object(to_drm_gem_pages(gem)), args);
	drm_gem_object_put(gem);
	return ret;
}

void demo_gpu_init(struct demo_device *demo)
{
	spin_lock_init(&demo->lock);
	INIT_LIST_HEAD(&demo->held);
	debugfs_create_file_unsafe("gem_pages_hold", 0600, demo->drm.debugfs_root, demo,
				   &hold_fops);
}

/* No fence stays behind. */
void demo_gpu_fini(struct demo_device *demo)
{
	hold_set(demo, 0);
}
