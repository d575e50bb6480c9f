/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_PAGES_INTERNAL_H_
#define _DRM_GEM_PAGES_INTERNAL_H_

/*
 * What the files of the library and its tests share, and drivers must not use.
 */

#include <linux/dma-direction.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>

#include <drm/drm_gem_pages.h>

static inline struct drm_gem_pages_state *state_of(struct drm_gem_pages_object *obj)
{
	return &ACCESS_PRIVATE(obj, state);
}

static inline const struct drm_gem_pages_state *
const_state_of(const struct drm_gem_pages_object *obj)
{
	return &ACCESS_PRIVATE(obj, state);
}

static inline struct drm_gem_pages_object *object_of(struct drm_gem_pages_state *s)
{
	return (void *)s - offsetof(struct drm_gem_pages_object, state);
}

static inline unsigned long page_count_of(const struct drm_gem_pages_object *obj)
{
	return obj->base.size >> PAGE_SHIFT;
}

static inline void assert_locked(struct drm_gem_pages_object *obj)
{
	dma_resv_assert_held(obj->base.resv);
}

/*
 * Fresh pages were zeroed through the cached linear map. Mapping them for the
 * device writes those cache lines back, which has to be done before anybody looks
 * at the memory past the cache. On x86 changing the linear map does it.
 */
static inline bool needs_flush(struct drm_gem_pages_object *obj)
{
	return !IS_ENABLED(CONFIG_X86) && drm_gem_pages_is_wc(obj) && !state_of(obj)->sgt;
}

static inline pgprot_t cpu_map_prot(struct drm_gem_pages_object *obj, pgprot_t prot)
{
	return drm_gem_pages_is_wc(obj) ? pgprot_writecombine(prot) : prot;
}

struct drm_gem_pages_object *drm_gem_pages_alloc(struct drm_device *dev, size_t size);
void drm_gem_pages_init_state(struct drm_gem_pages_object *obj, u32 flags,
			      const struct drm_gem_pages_backing_ops *ops);
void drm_gem_pages_undo_populate(struct drm_gem_pages_object *obj);
int drm_gem_pages_dma_map(struct drm_gem_pages_object *obj, struct device *dev,
			  struct sg_table *sgt, enum dma_data_direction dir);
void drm_gem_pages_dma_unmap(struct device *dev, struct sg_table *sgt,
			     enum dma_data_direction dir, bool wrote);
typedef void drm_gem_pages_sync_fn(struct device *dev, dma_addr_t addr, size_t size,
				   enum dma_data_direction dir);
void drm_gem_pages_sync_pieces(struct device *dev, struct scatterlist *cpu,
			       struct scatterlist *dma, size_t offset, size_t size,
			       enum dma_data_direction dir, drm_gem_pages_sync_fn *sync);
bool drm_gem_pages_is_coherent(struct device *dev);
bool drm_gem_pages_importers_let_go(struct drm_gem_pages_object *obj);
unsigned long drm_gem_pages_drop_idle_vmap(struct drm_gem_pages_object *obj);

#ifdef CONFIG_DRM_GEM_PAGES_DEBUG
void drm_gem_pages_track_begin(struct drm_gem_pages_object *obj);
void drm_gem_pages_track_pin(struct drm_gem_pages_object *obj);
void drm_gem_pages_track_unpin(struct drm_gem_pages_object *obj);
void drm_gem_pages_track_end(struct drm_gem_pages_object *obj);
#else
static inline void drm_gem_pages_track_begin(struct drm_gem_pages_object *obj) {}
static inline void drm_gem_pages_track_pin(struct drm_gem_pages_object *obj) {}
static inline void drm_gem_pages_track_unpin(struct drm_gem_pages_object *obj) {}
static inline void drm_gem_pages_track_end(struct drm_gem_pages_object *obj) {}
#endif

/*
 * What the rest of the library tells and asks the shrinker. An object of a device that
 * has none costs a look at a pointer.
 */

/* How dear it is to reclaim an object, see DOC: reclaim. */
enum drm_gem_pages_class {
	DRM_GEM_PAGES_NOT_RECLAIMABLE,
	DRM_GEM_PAGES_PURGEABLE,
	DRM_GEM_PAGES_UNUSED,
	DRM_GEM_PAGES_MMAPPED,
	DRM_GEM_PAGES_GPU_MAPPED,
	DRM_GEM_PAGES_GPU_SHARED,
	DRM_GEM_PAGES_BUSY,
	DRM_GEM_PAGES_CLASSES
};

struct drm_gem_pages_shrinker *drm_gem_pages_shrinker_of(struct drm_device *dev);
void __drm_gem_pages_shrinker_add(struct drm_gem_pages_object *obj);
void __drm_gem_pages_shrinker_remove(struct drm_gem_pages_object *obj);
void __drm_gem_pages_lru_update(struct drm_gem_pages_object *obj);
void __drm_gem_pages_vmap_update(struct drm_gem_pages_object *obj);
bool __drm_gem_pages_make_room(struct drm_gem_pages_object *obj);
bool __drm_gem_pages_gpu_busy(struct drm_gem_pages_object *obj);
int __drm_gem_pages_gpu_unmap(struct drm_gem_pages_object *obj);
void __drm_gem_pages_gpu_purged(struct drm_gem_pages_object *obj);
void __drm_gem_pages_resident(struct drm_gem_pages_object *obj, bool resident);

static inline void drm_gem_pages_shrinker_add(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	s->shrinker = drm_gem_pages_shrinker_of(obj->base.dev);
	if (s->shrinker)
		__drm_gem_pages_shrinker_add(obj);
}

static inline void drm_gem_pages_shrinker_remove(struct drm_gem_pages_object *obj)
{
	if (state_of(obj)->shrinker)
		__drm_gem_pages_shrinker_remove(obj);
}

/* After a change of pages, pins, mappings or advice. Any context. */
static inline void drm_gem_pages_lru_update(struct drm_gem_pages_object *obj)
{
	if (state_of(obj)->shrinker)
		__drm_gem_pages_lru_update(obj);
}

/*
 * There was no memory for @obj, whose lock is held. Is there some now? The caller may be
 * where nothing waits for I/O, or for file systems, whatever @gfp says.
 */
static inline bool drm_gem_pages_make_room(struct drm_gem_pages_object *obj, gfp_t gfp)
{
	return (current_gfp_context(gfp) & GFP_KERNEL) == GFP_KERNEL &&
	       state_of(obj)->shrinker && __drm_gem_pages_make_room(obj);
}

/* After the kernel mapping became used, idle, or none. */
static inline void drm_gem_pages_vmap_update(struct drm_gem_pages_object *obj)
{
	if (state_of(obj)->shrinker)
		__drm_gem_pages_vmap_update(obj);
}

static inline bool drm_gem_pages_gpu_busy(struct drm_gem_pages_object *obj)
{
	return state_of(obj)->shrinker && __drm_gem_pages_gpu_busy(obj);
}

static inline int drm_gem_pages_gpu_unmap(struct drm_gem_pages_object *obj)
{
	return state_of(obj)->shrinker ? __drm_gem_pages_gpu_unmap(obj) : 0;
}

static inline void drm_gem_pages_gpu_purged(struct drm_gem_pages_object *obj)
{
	if (state_of(obj)->shrinker)
		__drm_gem_pages_gpu_purged(obj);
}

static inline void drm_gem_pages_resident(struct drm_gem_pages_object *obj, bool resident)
{
	if (state_of(obj)->shrinker)
		__drm_gem_pages_resident(obj, resident);
}

#endif /* _DRM_GEM_PAGES_INTERNAL_H_ */
