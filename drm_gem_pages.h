/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_PAGES_H_
#define _DRM_GEM_PAGES_H_

#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/compiler_types.h>
#include <linux/dma-direction.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/gfp_types.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/types.h>

#include <drm/drm_gem.h>

struct dma_buf;
struct dma_buf_attachment;
struct dma_buf_ops;
struct drm_file;
struct drm_gem_pages_object;
struct drm_gem_pages_shrinker;
struct drm_gem_pages_tracking;
struct drm_gem_pages_vm;
struct drm_mode_create_dumb;
struct drm_printer;
struct page;
struct sg_table;
struct vm_area_struct;

/**
 * enum drm_gem_pages_flags - properties of an object, fixed when it is created
 *
 * An imported object has none of them.
 */
enum drm_gem_pages_flags {
	/**
	 * @DRM_GEM_PAGES_WC: CPU mappings are write-combined. Dropped when the
	 * DMA device is cache-coherent, except on x86 where the CPU's own caches
	 * are all that counts, and with DRM_GEM_PAGES_KEEP_WC. See
	 * drm_gem_pages_is_wc().
	 */
	DRM_GEM_PAGES_WC = BIT(0),

	/**
	 * @DRM_GEM_PAGES_NO_MMAP: user space cannot map the object; asking for
	 * an mmap offset, or mapping it through a dma-buf, fails with -EPERM.
	 */
	DRM_GEM_PAGES_NO_MMAP = BIT(1),

	/**
	 * @DRM_GEM_PAGES_NO_SHARE: the object cannot be exported; trying to
	 * fails with -EINVAL. The same holds without it for objects that use
	 * another object's reservation lock.
	 */
	DRM_GEM_PAGES_NO_SHARE = BIT(2),

	/**
	 * @DRM_GEM_PAGES_MOVABLE: the driver evicts the object, so its pages may
	 * come from movable zones. Never set it on objects that stay pinned for
	 * good.
	 */
	DRM_GEM_PAGES_MOVABLE = BIT(3),

	/**
	 * @DRM_GEM_PAGES_KEEP_WC: DRM_GEM_PAGES_WC is not dropped. For a driver with
	 * several hardware blocks, of which the DMA device is only one, or whose page
	 * tables decide for each mapping whether the device looks into the caches. The
	 * DMA API does not write back fresh pages for a coherent device.
	 */
	DRM_GEM_PAGES_KEEP_WC = BIT(4),
};

/**
 * struct drm_gem_pages_backing_ops - pages of a private object
 *
 * A private object gets its pages from the driver instead of shmem. When they
 * come and go is still decided by the library, by the same rules.
 */
struct drm_gem_pages_backing_ops {
	/**
	 * @get: Provide the pages. Fills all @count entries of @pages or none.
	 * The object's reservation lock is held. @gfp says whether the call may
	 * wait for memory. Returns 0 or a negative error code: -ENOMEM when the
	 * kernel has no memory. A CPU fault is then made again until it has some,
	 * so that a driver whose own memory is used up answers -ENOSPC.
	 */
	int (*get)(struct drm_gem_pages_object *obj, struct page **pages,
		   unsigned long count, gfp_t gfp);

	/**
	 * @put: Take the pages back. @dirty tells whether anything may have been
	 * written to them since @get: by the CPU, by an importer, or by the device
	 * as far as the driver marked it; false if the object is purged. Called
	 * with the reservation lock held, or without when the object is being
	 * freed, and possibly during memory reclaim: it takes no lock that is held
	 * around an allocation and waits neither for memory nor for fences.
	 */
	void (*put)(struct drm_gem_pages_object *obj, struct page **pages,
		    unsigned long count, bool dirty);
};

/* private: what the library keeps in an object; nobody else looks inside */
struct drm_gem_pages_state {
	const struct drm_gem_pages_backing_ops *ops;
	struct page **pages;
	struct sg_table *sgt;
	void *vaddr;
	struct hlist_head attach_maps;
	atomic_t pin_count;
	atomic_t mmap_count;
	unsigned int vmap_count;
	unsigned int evictions;
	u8 flags;
	bool dirty;
	bool device_wrote;
	bool purged;
	bool purgeable;
	bool gpu_unmapped;
#ifdef CONFIG_DRM_GEM_PAGES_DEBUG
	struct drm_gem_pages_tracking *tracking;
#endif

	/* the shrinker's, under its lock */
	bool found_busy;
	u8 class;
	u8 needs;
	unsigned int gpu_vms;
	struct drm_gem_pages_vm *gpu_vm;
	struct drm_gem_pages_shrinker *shrinker;
	struct list_head lru_node;
	struct list_head idle_vmap_node;
	struct list_head node;
	char *label;
};

/* public: */

/**
 * struct drm_gem_pages_object - GEM object made of pages
 *
 * Embed it in the driver's own object, or use it as it is.
 */
struct drm_gem_pages_object {
	/** @base: the GEM object; funcs and resv may be set before it is initialised */
	struct drm_gem_object base;

	/** @state: private to the library, use the functions below. */
	struct drm_gem_pages_state __private state;
};

/**
 * to_drm_gem_pages() - upcast a GEM object
 * @obj: GEM object that is part of a &struct drm_gem_pages_object
 *
 * Return: the &struct drm_gem_pages_object around @obj.
 */
#define to_drm_gem_pages(obj) container_of(obj, struct drm_gem_pages_object, base)

/* Life of an object */
int drm_gem_pages_use_huge(struct drm_device *dev, const char *policy);
int __must_check drm_gem_pages_init(struct drm_device *dev, struct drm_gem_pages_object *obj,
				    size_t size, u32 flags);
int __must_check drm_gem_pages_init_private(struct drm_device *dev,
					    struct drm_gem_pages_object *obj,
					    size_t size, u32 flags,
					    const struct drm_gem_pages_backing_ops *ops);
void drm_gem_pages_release(struct drm_gem_pages_object *obj);
struct drm_gem_pages_object * __must_check
drm_gem_pages_create(struct drm_device *dev, size_t size, u32 flags);
int drm_gem_pages_create_with_handle(struct drm_file *file, struct drm_device *dev, size_t size,
				     u32 flags, u32 *handle);

/* Backing */
int __must_check drm_gem_pages_populate(struct drm_gem_pages_object *obj);
int __must_check drm_gem_pages_populate_locked(struct drm_gem_pages_object *obj, gfp_t gfp);
int __must_check drm_gem_pages_pin(struct drm_gem_pages_object *obj);
int __must_check drm_gem_pages_pin_locked(struct drm_gem_pages_object *obj);
void drm_gem_pages_unpin(struct drm_gem_pages_object *obj);
int drm_gem_pages_mark_dirty_locked(struct drm_gem_pages_object *obj, size_t offset, size_t size);
int __must_check drm_gem_pages_evict_locked(struct drm_gem_pages_object *obj);
int __must_check drm_gem_pages_purge_locked(struct drm_gem_pages_object *obj);

/* Device map */
struct sg_table * __must_check drm_gem_pages_sgt_locked(struct drm_gem_pages_object *obj);
struct sg_table * __must_check drm_gem_pages_get_sgt(struct drm_gem_pages_object *obj);
void drm_gem_pages_put_sgt(struct drm_gem_pages_object *obj);
struct sg_table *drm_gem_pages_peek_sgt(const struct drm_gem_pages_object *obj);
int drm_gem_pages_sync_for_device_locked(struct drm_gem_pages_object *obj, size_t offset,
					 size_t size, enum dma_data_direction dir);
int drm_gem_pages_sync_for_cpu_locked(struct drm_gem_pages_object *obj, size_t offset,
				      size_t size, enum dma_data_direction dir);

/* CPU map */
int __must_check drm_gem_pages_vmap(struct drm_gem_pages_object *obj, struct iosys_map *map);
int __must_check drm_gem_pages_vmap_locked(struct drm_gem_pages_object *obj,
					   struct iosys_map *map);
void drm_gem_pages_vunmap(struct drm_gem_pages_object *obj, struct iosys_map *map);
void drm_gem_pages_vunmap_locked(struct drm_gem_pages_object *obj, struct iosys_map *map);

/* What can be asked */
bool drm_gem_pages_is_wc(const struct drm_gem_pages_object *obj);
bool drm_gem_pages_is_pinned(const struct drm_gem_pages_object *obj);
bool drm_gem_pages_is_resident_locked(struct drm_gem_pages_object *obj);
bool drm_gem_pages_is_purged_locked(struct drm_gem_pages_object *obj);
unsigned int drm_gem_pages_evictions(const struct drm_gem_pages_object *obj);
struct page *drm_gem_pages_page_locked(struct drm_gem_pages_object *obj, pgoff_t index);

/* User space: dumb buffers and mmap offsets */
int drm_gem_pages_dumb_create(struct drm_file *file, struct drm_device *dev,
			      struct drm_mode_create_dumb *args);
int drm_gem_pages_mmap_offset(struct drm_file *file, struct drm_device *dev, u32 handle,
			      u64 *offset);

/* PRIME */
struct dma_buf *drm_gem_pages_prime_export(struct drm_gem_object *gem, int flags);
struct drm_gem_object *drm_gem_pages_prime_import(struct drm_device *dev,
						  struct dma_buf *dma_buf);
struct drm_gem_object *drm_gem_pages_prime_import_no_map(struct drm_device *dev,
							 struct dma_buf *dma_buf);
struct drm_gem_object *
drm_gem_pages_prime_import_sg_table(struct drm_device *dev, struct dma_buf_attachment *attach,
				    struct sg_table *sgt);

/* &struct dma_buf_ops for drivers that fill in a table of their own */
struct dma_buf *drm_gem_pages_prime_export_with(struct drm_gem_object *gem, int flags,
						const struct dma_buf_ops *ops);
int drm_gem_pages_dma_buf_pin(struct dma_buf_attachment *attach);
void drm_gem_pages_dma_buf_unpin(struct dma_buf_attachment *attach);
struct sg_table *drm_gem_pages_map_dma_buf(struct dma_buf_attachment *attach,
					   enum dma_data_direction dir);
void drm_gem_pages_unmap_dma_buf(struct dma_buf_attachment *attach, struct sg_table *sgt,
				 enum dma_data_direction dir);
int drm_gem_pages_begin_cpu_access(struct dma_buf *dma_buf, enum dma_data_direction dir);
int drm_gem_pages_end_cpu_access(struct dma_buf *dma_buf, enum dma_data_direction dir);
int drm_gem_pages_dma_buf_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma);

/**
 * DRM_GEM_PAGES_DMA_BUF_OPS - the &struct dma_buf_ops of the library
 *
 * All of them but release, for drm_gem_pages_prime_export_with(): such a callback ends
 * with drm_gem_dmabuf_release(). Needs linux/dma-buf.h and drm/drm_prime.h.
 */
#define DRM_GEM_PAGES_DMA_BUF_OPS					\
	.pin = drm_gem_pages_dma_buf_pin,				\
	.unpin = drm_gem_pages_dma_buf_unpin,				\
	.map_dma_buf = drm_gem_pages_map_dma_buf,			\
	.unmap_dma_buf = drm_gem_pages_unmap_dma_buf,			\
	.mmap = drm_gem_pages_dma_buf_mmap,				\
	.vmap = drm_gem_dmabuf_vmap,					\
	.vunmap = drm_gem_dmabuf_vunmap,				\
	.begin_cpu_access = drm_gem_pages_begin_cpu_access,		\
	.end_cpu_access = drm_gem_pages_end_cpu_access

/**
 * DRM_GEM_PAGES_DRIVER_OPS - the &struct drm_driver callbacks of the library
 *
 * All that a driver with dumb buffers, mmap and PRIME needs.
 */
#define DRM_GEM_PAGES_DRIVER_OPS					\
	.gem_prime_import = drm_gem_pages_prime_import,			\
	.gem_prime_import_sg_table = drm_gem_pages_prime_import_sg_table, \
	.dumb_create = drm_gem_pages_dumb_create,			\
	.dumb_map_offset = drm_gem_pages_mmap_offset

/* &struct drm_gem_object_funcs for drivers that fill in a table of their own */
void drm_gem_pages_object_free(struct drm_gem_object *gem);
void drm_gem_pages_object_print_info(struct drm_printer *p, unsigned int indent,
				     const struct drm_gem_object *gem);
int drm_gem_pages_object_pin(struct drm_gem_object *gem);
void drm_gem_pages_object_unpin(struct drm_gem_object *gem);
int drm_gem_pages_object_vmap(struct drm_gem_object *gem, struct iosys_map *map);
void drm_gem_pages_object_vunmap(struct drm_gem_object *gem, struct iosys_map *map);
int drm_gem_pages_object_mmap(struct drm_gem_object *gem, struct vm_area_struct *vma);
enum drm_gem_object_status drm_gem_pages_object_status(struct drm_gem_object *gem);
extern const struct vm_operations_struct drm_gem_pages_vm_ops;

/**
 * DRM_GEM_PAGES_OBJECT_FUNCS - the &struct drm_gem_object_funcs of the library
 *
 * All of them but free, for drivers that have something of their own to free:
 * such a callback ends with drm_gem_pages_release() and kfree().
 */
#define DRM_GEM_PAGES_OBJECT_FUNCS					\
	.print_info = drm_gem_pages_object_print_info,			\
	.export = drm_gem_pages_prime_export,				\
	.pin = drm_gem_pages_object_pin,				\
	.unpin = drm_gem_pages_object_unpin,				\
	.vmap = drm_gem_pages_object_vmap,				\
	.vunmap = drm_gem_pages_object_vunmap,				\
	.mmap = drm_gem_pages_object_mmap,				\
	.status = drm_gem_pages_object_status,				\
	.vm_ops = &drm_gem_pages_vm_ops

/**
 * DOC: scoped use
 *
 * With the helpers of linux/cleanup.h::
 *
 *	guard(drm_gem_pages)(obj);
 *
 * holds the reservation lock until the scope ends, ::
 *
 *	CLASS(drm_gem_pages_pin, pin)(obj);
 *	if (pin.err)
 *		return pin.err;
 *
 * holds a pin, ::
 *
 *	CLASS(drm_gem_pages_vmap, vmap)(obj);
 *	if (vmap.err)
 *		return vmap.err;
 *
 * makes ``vmap.map`` valid, and ::
 *
 *	struct drm_gem_pages_object *obj __free(drm_gem_pages_put) =
 *		drm_gem_pages_create(dev, size, 0);
 *
 * drops the reference. The classes take none themselves, and their ``err`` has to
 * be looked at.
 */
DEFINE_GUARD(drm_gem_pages, struct drm_gem_pages_object *,
	     dma_resv_lock(_T->base.resv, NULL), dma_resv_unlock(_T->base.resv))

/* private: */
struct drm_gem_pages_scope {
	struct drm_gem_pages_object *obj;
	struct iosys_map map;
	int err;
};

static inline struct drm_gem_pages_scope drm_gem_pages_enter_pin(struct drm_gem_pages_object *obj)
{
	return (struct drm_gem_pages_scope){ .obj = obj, .err = drm_gem_pages_pin(obj) };
}

static inline void drm_gem_pages_exit_pin(struct drm_gem_pages_scope *scope)
{
	if (!scope->err)
		drm_gem_pages_unpin(scope->obj);
}

static inline struct drm_gem_pages_scope drm_gem_pages_enter_vmap(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_scope scope = { .obj = obj };

	scope.err = drm_gem_pages_vmap(obj, &scope.map);
	return scope;
}

static inline void drm_gem_pages_exit_vmap(struct drm_gem_pages_scope *scope)
{
	if (!scope->err)
		drm_gem_pages_vunmap(scope->obj, &scope->map);
}

static inline void drm_gem_pages_put(struct drm_gem_pages_object *obj)
{
	if (!IS_ERR_OR_NULL(obj))
		drm_gem_object_put(&obj->base);
}

/* public: */
DEFINE_CLASS(drm_gem_pages_pin, struct drm_gem_pages_scope, drm_gem_pages_exit_pin(&_T),
	     drm_gem_pages_enter_pin(obj), struct drm_gem_pages_object *obj)
DEFINE_CLASS(drm_gem_pages_vmap, struct drm_gem_pages_scope, drm_gem_pages_exit_vmap(&_T),
	     drm_gem_pages_enter_vmap(obj), struct drm_gem_pages_object *obj)
DEFINE_FREE(drm_gem_pages_put, struct drm_gem_pages_object *, drm_gem_pages_put(_T))

#endif /* _DRM_GEM_PAGES_H_ */
