/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_PAGES_TEST_UTIL_H_
#define _DRM_GEM_PAGES_TEST_UTIL_H_

/*
 * What the suites share: mock devices, objects, files and dma-bufs. All of them
 * are tied to the test and go away with it, in the reverse order of their making.
 * A function that returns a pointer asserts that it is a good one.
 */

#include <kunit/test.h>

#include <linux/atomic.h>
#include <linux/property.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_pages.h>

#include "drm_gem_pages_internal.h"

struct dma_buf;
struct dma_fence;
struct drm_gem_pages_shrinker;
struct drm_gem_pages_shrinker_ops;
struct file;
struct scatterlist;
struct task_struct;

/* Mock DRM device, with the knobs and counters of its callbacks. */
struct gp_test_device {
	struct drm_device drm;

	/* gem_create_object of gp_test_custom_driver */
	int create_error;		/* answer this instead */
	size_t create_size;		/* asked for last */
	atomic_t created;		/* objects allocated */
	atomic_t freed;			/* calls of funcs.free */

	/* gp_test_backing */
	int get_error;			/* answer this instead */
	gfp_t get_gfp;			/* asked for last */
	atomic_t gets;
	atomic_t puts;
	bool put_dirty;			/* told last */
	bool put_early;			/* there was a vmap or device map left at a put */

	void *suite;			/* what the suite's own callbacks need */
};

#define to_gp_test_device(_drm) container_of(_drm, struct gp_test_device, drm)

/* What gp_test_custom_driver makes of its objects. */
struct gp_test_object {
	struct drm_gem_pages_object pages;
	unsigned long cookie;
};

#define GP_TEST_COOKIE	0x600dc0deUL

/* Nothing but the library's callbacks. */
extern const struct drm_driver gp_test_driver;
/* With a gem_create_object for struct gp_test_object, and a free of its own. */
extern const struct drm_driver gp_test_custom_driver;
/* As gp_test_driver, imports without mapping. */
extern const struct drm_driver gp_test_no_map_driver;

/* Pages from alloc_page(), counted in struct gp_test_device. */
extern const struct drm_gem_pages_backing_ops gp_test_backing;

/*
 * A DRM device, not registered, that belongs to a struct device of its own, called
 * @name, with a 64-bit DMA mask and no limit on the segment size.
 */
struct drm_device *gp_test_device(struct kunit *test, const char *name,
				  const struct drm_driver *driver);
/* So that drm_dev_unplug() can follow. Unregisters it at the end if nobody did. */
void gp_test_register(struct kunit *test, struct drm_device *drm);
/* What the library takes all DMA devices for. gp_test_device() says: not coherent. */
void gp_test_set_coherent(struct kunit *test, bool is_coherent);

/* Objects. The test owns one reference, gp_test_put() drops it early. */
struct drm_gem_pages_object *gp_test_object(struct kunit *test, struct drm_device *drm,
					    size_t size, u32 flags);
struct drm_gem_pages_object *gp_test_private_object(struct kunit *test, struct drm_device *drm,
						    size_t size, u32 flags);
void gp_test_put(struct kunit *test, struct drm_gem_pages_object *obj);
/* Hand an object over to the test. */
void gp_test_own(struct kunit *test, struct drm_gem_pages_object *obj);

/* These take the object's reservation lock. */
int gp_test_evict(struct drm_gem_pages_object *obj);
int gp_test_purge(struct drm_gem_pages_object *obj);
bool gp_test_resident(struct drm_gem_pages_object *obj);

/* PRIME. gp_test_dma_buf_put() drops the test's reference early and waits. */
struct dma_buf *gp_test_export(struct kunit *test, struct drm_gem_pages_object *obj, int flags);
void gp_test_dma_buf_put(struct kunit *test, struct dma_buf *dma_buf);
struct drm_gem_pages_object *gp_test_import(struct kunit *test, struct drm_device *drm,
					    struct dma_buf *dma_buf);

/* A client of the device; gp_test_close() closes it early and waits. */
struct file *gp_test_open(struct kunit *test, struct drm_device *drm);
void gp_test_close(struct kunit *test, struct file *file);

static inline struct drm_file *gp_test_drm_file(struct file *file)
{
	return file->private_data;
}

/* User mappings, in an address space of the test's own, of @file's device. */
void gp_test_attach_mm(struct kunit *test);
/* Gives the client a handle, and with it the right to map the object. */
void gp_test_allow(struct kunit *test, struct file *file, struct drm_gem_pages_object *obj);
/* Maps all of an object for reading and writing; the address begins a fault window. */
unsigned long gp_test_mmap(struct kunit *test, struct file *file,
			   struct drm_gem_pages_object *obj);
/* Is there an entry for @addr in the page tables? */
bool gp_test_is_mapped(unsigned long addr);

/* Calls of dma_sync_sg_for_*() by the task of the test, as the tracepoints see them. */
struct gp_test_sync_log {
	struct task_struct *task;
	unsigned int count;
	bool for_cpu[8];
	struct device *dev[8];
	struct scatterlist *sgl[8];
	enum dma_data_direction dir[8];
};

/* NULL if there is no way to see them; DMA API debugging still checks the calls. */
struct gp_test_sync_log *gp_test_sync_log(struct kunit *test);

/* A fence that signals when the test says so, or at its end. */
struct dma_fence *gp_test_fence(struct kunit *test);
/* One that makes the object busy. */
struct dma_fence *gp_test_add_fence(struct kunit *test, struct drm_gem_pages_object *obj);

/*
 * Reclaim. The device is without swap space until gp_test_set_swap() has told the
 * library of some; to believe it does not make any.
 */
struct drm_gem_pages_shrinker *gp_test_shrinker(struct kunit *test, struct drm_device *drm,
						const struct drm_gem_pages_shrinker_ops *ops);
void gp_test_set_swap(unsigned long pages);
/* A scan in the circumstances of memory reclaim. */
unsigned long gp_test_scan(struct drm_gem_pages_shrinker *shrinker, gfp_t gfp,
			   unsigned long target, unsigned long *passed);
/* What the shrinker knows of objects, lists and VMs agrees with what there is. */
void gp_test_expect_sound(struct kunit *test, struct drm_gem_pages_shrinker *shrinker);
void gp_test_expect_empty(struct kunit *test, struct drm_gem_pages_shrinker *shrinker);

/* The byte that gp_test_fill() puts at @offset. */
static inline u8 gp_test_byte(size_t offset, u8 seed)
{
	return (seed + offset + (offset >> PAGE_SHIFT) * 7) & 0xff;
}

/*
 * Write to the object, or check its content, through the pages' linear map, of
 * which the library knows nothing. Both want the object to be resident, and take
 * its reservation lock.
 */
void gp_test_fill(struct kunit *test, struct drm_gem_pages_object *obj, u8 seed);
bool gp_test_check(struct drm_gem_pages_object *obj, u8 seed);
/* The same at any kernel address. */
void gp_test_fill_at(void *vaddr, size_t size, u8 seed);
bool gp_test_check_at(const void *vaddr, size_t size, u8 seed);

/* All that a failed operation must leave as it was. */
struct gp_test_snapshot {
	struct page **pages;
	struct sg_table *sgt;
	void *vaddr;
	struct dma_buf *dma_buf;
	unsigned int refs;
	unsigned int handles;
	unsigned int vmaps;
	int pins;
	int mmaps;
	u32 flags;
	bool attached;
	bool dirty;
	bool purged;
};

struct gp_test_snapshot gp_test_snapshot(struct drm_gem_pages_object *obj);
/* Tells in the log what is not as it was. */
bool gp_test_unchanged(struct kunit *test, struct drm_gem_pages_object *obj,
		       const struct gp_test_snapshot *was);

#endif /* _DRM_GEM_PAGES_TEST_UTIL_H_ */
