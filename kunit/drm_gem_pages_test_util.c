// SPDX-License-Identifier: GPL-2.0

#include <kunit/device.h>
#include <kunit/resource.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>

#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fwnode.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmap_lock.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_pages_shrinker.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_kunit_helpers.h>
#include <drm/drm_vma_manager.h>

#if IS_ENABLED(CONFIG_TRACEPOINTS) && !defined(MODULE)
#include <trace/events/dma.h>
#define CAN_TRACE	1
#else
#define CAN_TRACE	0
#endif

#include "drm_gem_pages_internal.h"
#include "drm_gem_pages_shrinker_internal.h"
#include "drm_gem_pages_test_util.h"

MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");

/*
 * Drivers
 */

DEFINE_DRM_GEM_FOPS(gp_test_fops);

static void custom_free(struct drm_gem_object *gem)
{
	struct gp_test_object *obj = container_of(gem, struct gp_test_object, pages.base);

	atomic_inc(&to_gp_test_device(gem->dev)->freed);
	drm_gem_pages_release(&obj->pages);
	kfree(obj);
}

static const struct drm_gem_object_funcs custom_funcs = {
	.free = custom_free,
	DRM_GEM_PAGES_OBJECT_FUNCS,
};

static struct drm_gem_object *custom_create(struct drm_device *drm, size_t size)
{
	struct gp_test_device *dev = to_gp_test_device(drm);
	struct gp_test_object *obj;

	dev->create_size = size;
	if (dev->create_error)
		return ERR_PTR(dev->create_error);

	obj = kzalloc_obj(*obj);
	if (!obj)
		return ERR_PTR(-ENOMEM);
	obj->cookie = GP_TEST_COOKIE;
	obj->pages.base.funcs = &custom_funcs;
	atomic_inc(&dev->created);
	return &obj->pages.base;
}

#define GP_TEST_DRIVER					\
	.driver_features = DRIVER_GEM | DRIVER_RENDER,	\
	.name = "gp-test",				\
	.desc = "mock driver of the drm_gem_pages tests", \
	.major = 1,					\
	.fops = &gp_test_fops

const struct drm_driver gp_test_driver = {
	GP_TEST_DRIVER,
	DRM_GEM_PAGES_DRIVER_OPS,
};

const struct drm_driver gp_test_custom_driver = {
	GP_TEST_DRIVER,
	DRM_GEM_PAGES_DRIVER_OPS,
	.gem_create_object = custom_create,
};

const struct drm_driver gp_test_no_map_driver = {
	GP_TEST_DRIVER,
	.gem_prime_import = drm_gem_pages_prime_import_no_map,
	.dumb_create = drm_gem_pages_dumb_create,
	.dumb_map_offset = drm_gem_pages_mmap_offset,
};

/*
 * Devices
 */

/* References to files that kernel threads drop are dropped later, by a worker. */
static void flush_files(void *unused)
{
	flush_delayed_fput();
}

static bool coherent(struct device *dev)
{
	return true;
}

static bool non_coherent(struct device *dev)
{
	return false;
}

void gp_test_set_coherent(struct kunit *test, bool is_coherent)
{
	if (is_coherent)
		kunit_activate_static_stub(test, drm_gem_pages_is_coherent, coherent);
	else
		kunit_activate_static_stub(test, drm_gem_pages_is_coherent, non_coherent);
}

struct drm_device *gp_test_device(struct kunit *test, const char *name,
				  const struct drm_driver *driver)
{
	struct gp_test_device *gp;
	struct device *dev;

	gp_test_set_coherent(test, false);
	dev = kunit_device_register(test, name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);

	dev->dma_parms = kunit_kzalloc(test, sizeof(*dev->dma_parms), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dev->dma_parms);
	dma_set_max_seg_size(dev, UINT_MAX);

	gp = drm_kunit_helper_alloc_drm_device_with_driver(test, dev, struct gp_test_device, drm,
							   driver);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gp);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, flush_files, NULL), 0);

	return &gp->drm;
}

/* Does nothing to a device that was unplugged. */
static void unregister(void *drm)
{
	drm_dev_unplug(drm);
}

void gp_test_register(struct kunit *test, struct drm_device *drm)
{
	KUNIT_ASSERT_EQ(test, drm_dev_register(drm, 0), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, unregister, drm), 0);
}

/*
 * Objects
 */

static void put_object(void *obj)
{
	drm_gem_pages_put(obj);
}

void gp_test_own(struct kunit *test, struct drm_gem_pages_object *obj)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_object, obj), 0);
}

int gp_test_evict(struct drm_gem_pages_object *obj)
{
	guard(drm_gem_pages)(obj);
	return drm_gem_pages_evict_locked(obj);
}

int gp_test_purge(struct drm_gem_pages_object *obj)
{
	guard(drm_gem_pages)(obj);
	return drm_gem_pages_purge_locked(obj);
}

bool gp_test_resident(struct drm_gem_pages_object *obj)
{
	guard(drm_gem_pages)(obj);
	return drm_gem_pages_is_resident_locked(obj);
}

struct drm_gem_pages_object *gp_test_object(struct kunit *test, struct drm_device *drm,
					    size_t size, u32 flags)
{
	struct drm_gem_pages_object *obj = drm_gem_pages_create(drm, size, flags);

	gp_test_own(test, obj);
	return obj;
}

struct drm_gem_pages_object *gp_test_private_object(struct kunit *test, struct drm_device *drm,
						    size_t size, u32 flags)
{
	struct drm_gem_pages_object *obj = kzalloc_obj(*obj);

	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_init_private(drm, obj, size, flags, &gp_test_backing),
			0);
	gp_test_own(test, obj);
	return obj;
}

void gp_test_put(struct kunit *test, struct drm_gem_pages_object *obj)
{
	kunit_release_action(test, put_object, obj);
}

static int backing_get(struct drm_gem_pages_object *obj, struct page **pages,
		       unsigned long count, gfp_t gfp)
{
	struct gp_test_device *dev = to_gp_test_device(obj->base.dev);
	unsigned long i;

	assert_locked(obj);
	dev->get_gfp = gfp;
	if (dev->get_error)
		return dev->get_error;

	for (i = 0; i < count; i++) {
		pages[i] = alloc_page(gfp | __GFP_ZERO);
		if (!pages[i])
			goto err_free;
	}
	atomic_inc(&dev->gets);
	return 0;

err_free:
	while (i--)
		__free_page(pages[i]);
	return -ENOMEM;
}

static void backing_put(struct drm_gem_pages_object *obj, struct page **pages,
			unsigned long count, bool dirty)
{
	struct gp_test_device *dev = to_gp_test_device(obj->base.dev);
	unsigned long i;

	if (state_of(obj)->vaddr || state_of(obj)->sgt)
		dev->put_early = true;
	for (i = 0; i < count; i++)
		__free_page(pages[i]);
	dev->put_dirty = dirty;
	atomic_inc(&dev->puts);
}

const struct drm_gem_pages_backing_ops gp_test_backing = {
	.get = backing_get,
	.put = backing_put,
};

/*
 * PRIME
 */

static void put_dma_buf(void *dma_buf)
{
	dma_buf_put(dma_buf);
	flush_delayed_fput();
}

struct dma_buf *gp_test_export(struct kunit *test, struct drm_gem_pages_object *obj, int flags)
{
	struct dma_buf *dma_buf = obj->base.funcs->export(&obj->base, flags);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma_buf);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_dma_buf, dma_buf), 0);
	return dma_buf;
}

void gp_test_dma_buf_put(struct kunit *test, struct dma_buf *dma_buf)
{
	kunit_release_action(test, put_dma_buf, dma_buf);
}

struct drm_gem_pages_object *gp_test_import(struct kunit *test, struct drm_device *drm,
					    struct dma_buf *dma_buf)
{
	struct drm_gem_object *gem = drm->driver->gem_prime_import(drm, dma_buf);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gem);
	gp_test_own(test, to_drm_gem_pages(gem));
	return to_drm_gem_pages(gem);
}

/*
 * Clients
 */

static void close_file(void *file)
{
	fput(file);
	flush_delayed_fput();
}

struct file *gp_test_open(struct kunit *test, struct drm_device *drm)
{
	struct file *file = mock_drm_getfile(drm->render, O_RDWR);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	/* As drm_open() would. */
	atomic_inc(&drm->open_count);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, close_file, file), 0);
	return file;
}

void gp_test_close(struct kunit *test, struct file *file)
{
	kunit_release_action(test, close_file, file);
}

/*
 * User mappings
 */

#define PATIENCE	(20 * HZ)

/* The VMAs hold files and objects of the device: they have to go before it does. */
static void end_mm(void *data)
{
	unsigned long end = jiffies + PATIENCE;
	struct mm_struct *mm = data;

	while (atomic_read(&mm->mm_users) > 1 && time_before(jiffies, end))
		msleep(20);
	mmput(mm);
	flush_delayed_fput();
}

void gp_test_attach_mm(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, kunit_attach_mm(), 0);
	mmget(current->mm);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_mm, current->mm), 0);
}

void gp_test_allow(struct kunit *test, struct file *file, struct drm_gem_pages_object *obj)
{
	u32 handle;

	KUNIT_ASSERT_EQ(test, drm_gem_create_mmap_offset(&obj->base), 0);
	KUNIT_ASSERT_EQ(test, drm_gem_handle_create(gp_test_drm_file(file), &obj->base, &handle),
			0);
}

unsigned long gp_test_mmap(struct kunit *test, struct file *file,
			   struct drm_gem_pages_object *obj)
{
	const unsigned long window = max_t(unsigned long, SZ_64K, PAGE_SIZE);
	unsigned long addr;

	gp_test_allow(test, file, obj);
	addr = vm_mmap(NULL, 0, obj->base.size + window, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		       0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	addr = vm_mmap(file, ALIGN(addr, window), obj->base.size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED, drm_vma_node_offset_addr(&obj->base.vma_node));
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

bool gp_test_is_mapped(unsigned long addr)
{
	struct follow_pfnmap_args args = { .address = addr };
	struct mm_struct *mm = current->mm;
	bool mapped = false;

	/* Nobody else has it. The reservation lock may be held, before which it belongs. */
	if (!mmap_read_trylock(mm))
		return false;
	args.vma = vma_lookup(mm, addr);
	if (args.vma && !follow_pfnmap_start(&args)) {
		mapped = true;
		follow_pfnmap_end(&args);
	}
	mmap_read_unlock(mm);

	return mapped;
}

/*
 * Syncs
 */

#if CAN_TRACE
static void log_sync(struct gp_test_sync_log *log, struct device *dev, struct scatterlist *sgl,
		     enum dma_data_direction dir, bool for_cpu)
{
	if (current != log->task || log->count == ARRAY_SIZE(log->dev))
		return;
	log->for_cpu[log->count] = for_cpu;
	log->dev[log->count] = dev;
	log->sgl[log->count] = sgl;
	log->dir[log->count] = dir;
	log->count++;
}

static void probe_for_cpu(void *log, struct device *dev, struct scatterlist *sgl, int nents,
			  enum dma_data_direction dir)
{
	log_sync(log, dev, sgl, dir, true);
}

static void probe_for_device(void *log, struct device *dev, struct scatterlist *sgl, int nents,
			     enum dma_data_direction dir)
{
	log_sync(log, dev, sgl, dir, false);
}

static void stop_sync_log(void *log)
{
	unregister_trace_dma_sync_sg_for_cpu(probe_for_cpu, log);
	unregister_trace_dma_sync_sg_for_device(probe_for_device, log);
	tracepoint_synchronize_unregister();
}
#endif

struct gp_test_sync_log *gp_test_sync_log(struct kunit *test)
{
#if CAN_TRACE
	struct gp_test_sync_log *log = kunit_kzalloc(test, sizeof(*log), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, log);
	log->task = current;
	KUNIT_ASSERT_EQ(test, register_trace_dma_sync_sg_for_cpu(probe_for_cpu, log), 0);
	KUNIT_ASSERT_EQ(test, register_trace_dma_sync_sg_for_device(probe_for_device, log), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop_sync_log, log), 0);
	return log;
#else
	return NULL;
#endif
}

/*
 * Fences
 */

struct gp_test_fence {
	struct dma_fence base;
	spinlock_t lock; /* for base */
};

static const char *fence_name(struct dma_fence *fence)
{
	return "gp-test";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

static void end_fence(void *fence)
{
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

struct dma_fence *gp_test_fence(struct kunit *test)
{
	struct gp_test_fence *fence = kzalloc_obj(*fence);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &fence_ops, &fence->lock, dma_fence_context_alloc(1), 1);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_fence, &fence->base), 0);
	return &fence->base;
}

struct dma_fence *gp_test_add_fence(struct kunit *test, struct drm_gem_pages_object *obj)
{
	struct dma_fence *fence = gp_test_fence(test);
	int ret;

	dma_resv_lock(obj->base.resv, NULL);
	ret = dma_resv_reserve_fences(obj->base.resv, 1);
	if (!ret)
		dma_resv_add_fence(obj->base.resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_unlock(obj->base.resv);
	KUNIT_ASSERT_EQ(test, ret, 0);
	return fence;
}

/*
 * Reclaim
 */

static unsigned long swap_pages;

void gp_test_set_swap(unsigned long pages)
{
	swap_pages = pages;
}

static unsigned long swap_space(gfp_t gfp)
{
	return gfp & __GFP_IO && gfp & __GFP_FS ? swap_pages : 0;
}

static void unregister_shrinker(void *drm)
{
	drm_gem_pages_shrinker_unregister(drm);
}

struct drm_gem_pages_shrinker *gp_test_shrinker(struct kunit *test, struct drm_device *drm,
						const struct drm_gem_pages_shrinker_ops *ops)
{
	gp_test_set_swap(0);
	kunit_activate_static_stub(test, drm_gem_pages_swap_space, swap_space);
	KUNIT_ASSERT_EQ(test, drm_gem_pages_shrinker_register(drm, ops), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, unregister_shrinker, drm), 0);
	return drm_gem_pages_shrinker_of(drm);
}

unsigned long gp_test_scan(struct drm_gem_pages_shrinker *shrinker, gfp_t gfp,
			   unsigned long target, unsigned long *passed)
{
	unsigned int noreclaim = memalloc_noreclaim_save();
	unsigned long freed;

	fs_reclaim_acquire(gfp);
	freed = drm_gem_pages_shrinker_scan(shrinker, gfp, target, passed);
	fs_reclaim_release(gfp);
	memalloc_noreclaim_restore(noreclaim);

	return freed;
}

/* Where an object belongs, in the words of the documentation. */
static enum drm_gem_pages_class class_by_rule(struct drm_gem_pages_state *s)
{
	if (drm_gem_is_imported(&object_of(s)->base))
		return DRM_GEM_PAGES_NOT_RECLAIMABLE;
	if (!s->pages || atomic_read(&s->pin_count))
		return DRM_GEM_PAGES_NOT_RECLAIMABLE;
	if (!hlist_empty(&s->attach_maps))
		return DRM_GEM_PAGES_NOT_RECLAIMABLE;
	if (s->gpu_vms && !s->shrinker->ops->unmap)
		return DRM_GEM_PAGES_NOT_RECLAIMABLE;
	if (s->ops == &gp_test_backing && !s->purgeable)
		return DRM_GEM_PAGES_NOT_RECLAIMABLE;
	if (s->found_busy)
		return DRM_GEM_PAGES_BUSY;
	if (s->purgeable)
		return DRM_GEM_PAGES_PURGEABLE;
	switch (s->gpu_vms) {
	case 0:
		break;
	case 1:
		return DRM_GEM_PAGES_GPU_MAPPED;
	default:
		return DRM_GEM_PAGES_GPU_SHARED;
	}
	return atomic_read(&s->mmap_count) ? DRM_GEM_PAGES_MMAPPED : DRM_GEM_PAGES_UNUSED;
}

/* And what has to be done before it can be reclaimed. */
static unsigned int needs_by_rule(struct drm_gem_pages_state *s)
{
	return (s->evictions ? DRM_GEM_PAGES_NEEDS_IO : 0) |
	       (atomic_read(&s->mmap_count) ? DRM_GEM_PAGES_NEEDS_FS : 0);
}

struct tally {
	unsigned long objects;
	unsigned long count[DRM_GEM_PAGES_CLASSES];
	unsigned long pages[DRM_GEM_PAGES_CLASSES][DRM_GEM_PAGES_NEEDS_ALL + 1];
	unsigned long listed[DRM_GEM_PAGES_CLASSES];
	unsigned long vms;
	unsigned long idle;
	unsigned long idle_listed;
	const char *wrong;
};

static void check(struct tally *tally, bool good, const char *what)
{
	if (!good && !tally->wrong)
		tally->wrong = what;
}

static void tally_object(struct tally *tally, struct drm_gem_pages_state *s)
{
	check(tally, s->class == class_by_rule(s), "object in another class than it belongs to");
	check(tally, list_empty(&s->lru_node) == (s->class == DRM_GEM_PAGES_NOT_RECLAIMABLE),
	      "object in a class without list, or the reverse");
	tally->objects++;
	tally->count[s->class]++;
	tally->pages[s->class][needs_by_rule(s)] += page_count_of(object_of(s));
	if (s->vaddr && !s->vmap_count) {
		tally->idle++;
		check(tally, !list_empty(&s->idle_vmap_node), "idle vmap not listed");
	}
}

static void tally_list(struct tally *tally, struct drm_gem_pages_lru *lru,
		       enum drm_gem_pages_class class)
{
	struct drm_gem_pages_state *s;
	unsigned long count = 0;

	list_for_each_entry(s, &lru->objects, lru_node) {
		check(tally, s->class == class, "object in another's list");
		if (class == DRM_GEM_PAGES_GPU_MAPPED)
			check(tally, lru == (s->gpu_vm ? &s->gpu_vm->lru :
					     &s->shrinker->lru[class]),
			      "object in another VM than it is mapped in");
		count++;
	}
	check(tally, count == lru->count, "wrong length of a list");
	tally->listed[class] += count;
}

static struct tally take_tally(struct drm_gem_pages_shrinker *shrinker)
{
	enum drm_gem_pages_class class;
	struct drm_gem_pages_state *s;
	struct drm_gem_pages_vm *vm;
	struct tally tally = { };
	u64 placed = 0;

	guard(spinlock)(&shrinker->objects_lock);
	guard(spinlock_irqsave)(&shrinker->lock);
	list_for_each_entry(s, &shrinker->objects, node)
		tally_object(&tally, s);
	for (class = 0; class < DRM_GEM_PAGES_CLASSES; class++)
		tally_list(&tally, &shrinker->lru[class], class);
	list_for_each_entry(vm, &shrinker->vms, node) {
		tally_list(&tally, &vm->lru, DRM_GEM_PAGES_GPU_MAPPED);
		tally.vms++;
		check(&tally, vm->lru.count, "VM without objects listed");
		check(&tally, vm->placed >= placed && vm->used >= vm->placed, "VMs out of order");
		placed = vm->placed;
	}
	list_for_each_entry(s, &shrinker->idle_vmaps, idle_vmap_node)
		tally.idle_listed++;
	return tally;
}

void gp_test_expect_sound(struct kunit *test, struct drm_gem_pages_shrinker *shrinker)
{
	struct tally tally = take_tally(shrinker);
	enum drm_gem_pages_class class;
	unsigned int needs;

	KUNIT_EXPECT_NULL_MSG(test, tally.wrong, "%s", tally.wrong);
	KUNIT_EXPECT_EQ(test, tally.vms, shrinker->vm_count);
	KUNIT_EXPECT_EQ(test, tally.idle, tally.idle_listed);
	for (class = DRM_GEM_PAGES_PURGEABLE; class < DRM_GEM_PAGES_CLASSES; class++) {
		KUNIT_EXPECT_EQ_MSG(test, shrinker->count[class], tally.count[class], "class %u",
				    class);
		for (needs = 0; needs <= DRM_GEM_PAGES_NEEDS_ALL; needs++)
			KUNIT_EXPECT_EQ_MSG(test, shrinker->pages[class][needs],
					    tally.pages[class][needs], "class %u, needs %#x",
					    class, needs);
		KUNIT_EXPECT_EQ_MSG(test, tally.listed[class], tally.count[class], "class %u",
				    class);
	}
}

void gp_test_expect_empty(struct kunit *test, struct drm_gem_pages_shrinker *shrinker)
{
	enum drm_gem_pages_class class;

	gp_test_expect_sound(test, shrinker);
	KUNIT_EXPECT_EQ(test, take_tally(shrinker).objects, 0);
	for (class = 0; class < DRM_GEM_PAGES_CLASSES; class++) {
		KUNIT_EXPECT_EQ_MSG(test, shrinker->count[class], 0, "class %u", class);
		KUNIT_EXPECT_EQ_MSG(test, drm_gem_pages_pages_in(shrinker, class,
								 DRM_GEM_PAGES_NEEDS_ALL),
				    0, "class %u", class);
		KUNIT_EXPECT_TRUE_MSG(test, list_empty(&shrinker->lru[class].objects), "class %u",
				      class);
	}
	KUNIT_EXPECT_EQ(test, shrinker->vm_count, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&shrinker->vms));
	KUNIT_EXPECT_TRUE(test, list_empty(&shrinker->idle_vmaps));
}

/*
 * Content
 */

void gp_test_fill_at(void *vaddr, size_t size, u8 seed)
{
	u8 *bytes = vaddr;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = gp_test_byte(i, seed);
}

bool gp_test_check_at(const void *vaddr, size_t size, u8 seed)
{
	const u8 *bytes = vaddr;
	size_t i;

	for (i = 0; i < size; i++) {
		if (bytes[i] != gp_test_byte(i, seed))
			return false;
	}
	return true;
}

static bool do_bytes(struct drm_gem_pages_object *obj, u8 seed, bool write)
{
	bool good = drm_gem_pages_is_resident_locked(obj);
	size_t i, j;

	for (i = 0; i < obj->base.size && good; i += PAGE_SIZE) {
		u8 *bytes = kmap_local_page(state_of(obj)->pages[i >> PAGE_SHIFT]);

		for (j = 0; j < PAGE_SIZE && good; j++) {
			if (write)
				bytes[j] = gp_test_byte(i + j, seed);
			else
				good = bytes[j] == gp_test_byte(i + j, seed);
		}
		kunmap_local(bytes);
	}
	return good;
}

void gp_test_fill(struct kunit *test, struct drm_gem_pages_object *obj, u8 seed)
{
	guard(drm_gem_pages)(obj);
	KUNIT_EXPECT_TRUE(test, do_bytes(obj, seed, true));
}

bool gp_test_check(struct drm_gem_pages_object *obj, u8 seed)
{
	guard(drm_gem_pages)(obj);
	return do_bytes(obj, seed, false);
}

struct gp_test_snapshot gp_test_snapshot(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	return (struct gp_test_snapshot) {
		.pages = s->pages,
		.sgt = s->sgt,
		.vaddr = s->vaddr,
		.dma_buf = obj->base.dma_buf,
		.refs = kref_read(&obj->base.refcount),
		.handles = obj->base.handle_count,
		.vmaps = s->vmap_count,
		.pins = atomic_read(&s->pin_count),
		.mmaps = atomic_read(&s->mmap_count),
		.flags = s->flags,
		.attached = !hlist_empty(&s->attach_maps),
		.dirty = s->dirty,
		.purged = s->purged,
	};
}

static bool same(struct kunit *test, const char *what, unsigned long was, unsigned long is)
{
	if (was != is)
		kunit_info(test, "%s was %#lx, is %#lx\n", what, was, is);
	return was == is;
}

bool gp_test_unchanged(struct kunit *test, struct drm_gem_pages_object *obj,
		       const struct gp_test_snapshot *was)
{
	struct gp_test_snapshot is = gp_test_snapshot(obj);
	bool good = true;

	good &= same(test, "pages", (unsigned long)was->pages, (unsigned long)is.pages);
	good &= same(test, "sgt", (unsigned long)was->sgt, (unsigned long)is.sgt);
	good &= same(test, "vaddr", (unsigned long)was->vaddr, (unsigned long)is.vaddr);
	good &= same(test, "dma_buf", (unsigned long)was->dma_buf, (unsigned long)is.dma_buf);
	good &= same(test, "refcount", was->refs, is.refs);
	good &= same(test, "handle_count", was->handles, is.handles);
	good &= same(test, "vmap_count", was->vmaps, is.vmaps);
	good &= same(test, "pin_count", was->pins, is.pins);
	good &= same(test, "mmap_count", was->mmaps, is.mmaps);
	good &= same(test, "flags", was->flags, is.flags);
	good &= same(test, "attach_maps", was->attached, is.attached);
	good &= same(test, "dirty", was->dirty, is.dirty);
	good &= same(test, "purged", was->purged, is.purged);
	return good;
}
