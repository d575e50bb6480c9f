/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PANTHOR_GEM_H__
#define __PANTHOR_GEM_H__

#include <linux/list.h>
#include <linux/sched.h>
#include <linux/types.h>

#include <drm/drm_gem.h>
#include <drm/drm_gem_pages.h>
#include <drm/drm_gem_pages_gpuvm.h>
#include <drm/drm_gem_pages_shrinker.h>
#include <drm/drm_mm.h>

struct drm_device;
struct drm_file;
struct drm_minor;
struct panthor_device;
struct panthor_vm;

/* Bytes of a label from user space, with the terminating NUL. */
#define PANTHOR_BO_LABEL_MAXLEN	4096

/**
 * struct panthor_gem_object - buffer object
 *
 * Pages, mappings and reclaim are the library's, see drm_gem_pages.h.
 */
struct panthor_gem_object {
	union {
		/** @base: the GEM object, as most of the driver knows it */
		struct drm_gem_object base;

		/** @pages: the same as an object of the library */
		struct drm_gem_pages_object pages;
	};

	/**
	 * @exclusive_vm_root_gem: root GEM object of the only VM that may map this one,
	 * with a reference, or NULL. It also owns the reservation lock.
	 */
	struct drm_gem_object *exclusive_vm_root_gem;

	/** @flags: &enum drm_panthor_bo_flags */
	u32 flags;

#ifdef CONFIG_DEBUG_FS
	/** @debugfs: what the file "gems" shows */
	struct {
		/** @debugfs.node: in the list of the device, or empty */
		struct list_head node;

		/** @debugfs.process: name of the process that created the object */
		char process[TASK_COMM_LEN];

		/** @debugfs.tgid: ID of that process */
		pid_t tgid;

		/** @debugfs.usage: what the object is for */
		u32 usage;
	} debugfs;
#endif
};

#define to_panthor_bo(gem) container_of_const(gem, struct panthor_gem_object, base)

/**
 * struct panthor_kernel_bo - buffer object of the driver itself
 *
 * User space has no handle of it, but may get to know its GPU address.
 */
struct panthor_kernel_bo {
	/** @obj: the GEM object, with a reference */
	struct drm_gem_object *obj;

	/** @vm: the VM that maps it, with a reference */
	struct panthor_vm *vm;

	/** @va_node: where */
	struct drm_mm_node va_node;

	/** @kmap: kernel mapping, or NULL */
	void *kmap;

	/** @pinned: the MCU uses it, whose VM has no jobs with fences that would say when */
	bool pinned;
};

int panthor_gem_init(struct panthor_device *ptdev);
void panthor_gem_unplug(struct panthor_device *ptdev);

struct drm_gem_object *panthor_gem_create_object(struct drm_device *dev, size_t size);
int panthor_gem_create_with_handle(struct drm_file *file, struct drm_device *dev,
				   struct panthor_vm *exclusive_vm, u64 *size, u32 flags,
				   u32 *handle);
struct panthor_gem_object *panthor_dummy_bo_create(struct panthor_device *ptdev);

int panthor_gem_pin(struct panthor_gem_object *bo);
void panthor_gem_unpin(struct panthor_gem_object *bo);
struct sg_table *panthor_gem_get_dev_sgt(struct panthor_gem_object *bo);
void panthor_gem_gpu_may_write_locked(struct panthor_gem_object *bo, u32 map_flags, u64 offset,
				      u64 size);
void panthor_gem_gpu_may_write(struct panthor_gem_object *bo, u32 map_flags, u64 offset,
			       u64 size);
bool panthor_gem_is_block(struct panthor_gem_object *bo, u64 offset, u64 va);

int panthor_gem_sync(struct drm_gem_object *gem, u32 type, u64 offset, u64 size);
int panthor_gem_bo_set_label(struct drm_gem_object *gem, const char *label);
int panthor_ioctl_bo_madvise(struct drm_device *dev, void *data, struct drm_file *file);

struct panthor_kernel_bo *
panthor_kernel_bo_create(struct panthor_device *ptdev, struct panthor_vm *vm, size_t size,
			 u32 bo_flags, u32 vm_map_flags, u64 gpu_va, const char *name);
void panthor_kernel_bo_destroy(struct panthor_kernel_bo *kbo);
int panthor_kernel_bo_vmap(struct panthor_kernel_bo *kbo);
void panthor_kernel_bo_vunmap(struct panthor_kernel_bo *kbo);

static inline u64 panthor_kernel_bo_gpuva(struct panthor_kernel_bo *kbo)
{
	return kbo->va_node.start;
}

static inline size_t panthor_kernel_bo_size(struct panthor_kernel_bo *kbo)
{
	return kbo->obj->size;
}

#ifdef CONFIG_DEBUG_FS
void panthor_gem_debugfs_init(struct drm_minor *minor);
#endif

/* The semantic patches put it into panthor_mmu.c, where the page tables are. */
extern const struct drm_gem_pages_gpuvm_ops panthor_vm_reclaim_ops;

#endif /* __PANTHOR_GEM_H__ */
