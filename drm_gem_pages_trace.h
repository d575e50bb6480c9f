/* SPDX-License-Identifier: GPL-2.0 */

#undef TRACE_SYSTEM
#define TRACE_SYSTEM drm_gem_pages

#if !defined(_DRM_GEM_PAGES_TRACE_H_) || defined(TRACE_HEADER_MULTI_READ)
#define _DRM_GEM_PAGES_TRACE_H_

#include <linux/tracepoint.h>

#include <drm/drm_device.h>
#include <drm/drm_gem_pages.h>

DECLARE_EVENT_CLASS(drm_gem_pages_object,
	TP_PROTO(struct drm_gem_pages_object *obj),
	TP_ARGS(obj),
	TP_STRUCT__entry(
		__string(dev, dev_name(obj->base.dev->dev))
		__field(void *, obj)
		__field(unsigned long, pages)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->obj = obj;
		__entry->pages = obj->base.size >> PAGE_SHIFT;
	),
	TP_printk("dev=%s obj=%p pages=%lu", __get_str(dev), __entry->obj, __entry->pages)
);

/* An object got its pages for the first time. */
DEFINE_EVENT(drm_gem_pages_object, drm_gem_pages_populate,
	TP_PROTO(struct drm_gem_pages_object *obj), TP_ARGS(obj));

/* An object got its pages again after an eviction. */
DEFINE_EVENT(drm_gem_pages_object, drm_gem_pages_refault,
	TP_PROTO(struct drm_gem_pages_object *obj), TP_ARGS(obj));

DEFINE_EVENT(drm_gem_pages_object, drm_gem_pages_evict,
	TP_PROTO(struct drm_gem_pages_object *obj), TP_ARGS(obj));

DEFINE_EVENT(drm_gem_pages_object, drm_gem_pages_purge,
	TP_PROTO(struct drm_gem_pages_object *obj), TP_ARGS(obj));

/* After a scan has evicted an object: how much of it is free or on its way to swap. */
TRACE_EVENT(drm_gem_pages_write_back,
	TP_PROTO(struct drm_gem_pages_object *obj, unsigned long freed),
	TP_ARGS(obj, freed),
	TP_STRUCT__entry(
		__string(dev, dev_name(obj->base.dev->dev))
		__field(void *, obj)
		__field(unsigned long, pages)
		__field(unsigned long, freed)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->obj = obj;
		__entry->pages = obj->base.size >> PAGE_SHIFT;
		__entry->freed = freed;
	),
	TP_printk("dev=%s obj=%p pages=%lu freed=%lu", __get_str(dev), __entry->obj,
		  __entry->pages, __entry->freed)
);

/* A scan passed over an object. */
TRACE_EVENT(drm_gem_pages_skip,
	TP_PROTO(struct drm_gem_pages_object *obj, unsigned int class, long reason),
	TP_ARGS(obj, class, reason),
	TP_STRUCT__entry(
		__string(dev, dev_name(obj->base.dev->dev))
		__field(void *, obj)
		__field(unsigned long, pages)
		__field(unsigned int, class)
		__field(long, reason)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->obj = obj;
		__entry->pages = obj->base.size >> PAGE_SHIFT;
		__entry->class = class;
		__entry->reason = reason;
	),
	TP_printk("dev=%s obj=%p pages=%lu class=%u reason=%s", __get_str(dev), __entry->obj,
		  __entry->pages, __entry->class,
		  __print_symbolic(__entry->reason,
				   { -EBUSY, "busy" },
				   { -EDEADLK, "locked" },
				   { -ENOSPC, "no swap" },
				   { -EAGAIN, "changed" },
				   { -EPERM, "context" }))
);

#endif /* _DRM_GEM_PAGES_TRACE_H_ */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE drm_gem_pages_trace
#include <trace/define_trace.h>
