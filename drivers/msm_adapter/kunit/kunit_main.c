// SPDX-License-Identifier: GPL-2.0

/*
 * The GEM layer and upstream's msm_gem_vma.c, on a device that is made of msm's own
 * structures. Below them is a stand-in for the MMU, which knows what page is mapped
 * where.
 */

#include <kunit/device.h>
#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/xarray.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_kunit_helpers.h>
#include <drm/drm_prime.h>

/* Nobody else has it. Headers of msm have tracepoints, too. */
#ifndef CONFIG_TRACE_GPU_MEM
#define CREATE_TRACE_POINTS
#include <trace/events/gpu_mem.h>
#undef CREATE_TRACE_POINTS
#endif

#include "msm_drv.h"
#include "msm_gem.h"
#include "msm_gpu.h"
#include "msm_syncobj.h"

MODULE_IMPORT_NS("DMA_BUF");

#define TEST_SIZE	SZ_64K
#define TEST_PAGES	(TEST_SIZE / PAGE_SIZE)
#define VA_START	SZ_1M
#define VA_SIZE		SZ_1G
#define ROUNDS		500

struct msm_test {
	struct drm_device drm;
	struct msm_drm_private priv;
	struct drm_gpuvm *vm;

	struct msm_mmu mmu;
	struct xarray ptes;	/* struct page by address */
	int map_error;		/* answer this instead */
};

/*
 * What of the driver is not here. Only the ioctl of VM_BIND gets to it.
 */

struct drm_gpuvm *msm_context_vm(struct drm_device *dev, struct msm_context *ctx)
{
	return NULL;
}

struct msm_gpu_submitqueue *msm_submitqueue_get(struct msm_context *ctx, u32 id)
{
	return NULL;
}

void msm_submitqueue_destroy(struct kref *kref)
{
}

struct drm_syncobj **msm_syncobj_parse_deps(struct drm_device *dev, struct drm_sched_job *job,
					    struct drm_file *file, u64 in_syncobjs_addr,
					    u32 nr_in_syncobjs, size_t syncobj_stride)
{
	return NULL;
}

void msm_syncobj_reset(struct drm_syncobj **syncobjs, u32 nr_syncobjs)
{
}

struct msm_syncobj_post_dep *msm_syncobj_parse_post_deps(struct drm_device *dev,
							 struct drm_file *file, u64 syncobjs_addr,
							 u32 nr_syncobjs, size_t syncobj_stride)
{
	return NULL;
}

void msm_syncobj_process_post_deps(struct msm_syncobj_post_dep *post_deps, u32 count,
				   struct dma_fence *fence)
{
}

/*
 * MMU
 */

static int mmu_map(struct msm_mmu *mmu, u64 iova, struct sg_table *sgt, size_t off, size_t len,
		   int prot)
{
	struct msm_test *t = container_of(mmu, struct msm_test, mmu);
	struct sg_page_iter iter;

	if (t->map_error)
		return t->map_error;

	for_each_sgtable_page(sgt, &iter, off >> PAGE_SHIFT) {
		if (!len)
			break;
		if (xa_is_err(xa_store(&t->ptes, iova >> PAGE_SHIFT, sg_page_iter_page(&iter),
				       GFP_KERNEL)))
			return -ENOMEM;
		iova += PAGE_SIZE;
		len -= PAGE_SIZE;
	}
	return 0;
}

static int mmu_unmap(struct msm_mmu *mmu, u64 iova, size_t len)
{
	struct msm_test *t = container_of(mmu, struct msm_test, mmu);

	for (; len; len -= PAGE_SIZE, iova += PAGE_SIZE)
		xa_erase(&t->ptes, iova >> PAGE_SHIFT);
	return 0;
}

static void mmu_detach(struct msm_mmu *mmu)
{
}

static const struct msm_mmu_funcs mmu_funcs = {
	.detach = mmu_detach,
	.map = mmu_map,
	.unmap = mmu_unmap,
	.destroy = mmu_detach,
};

static bool is_resident(struct drm_gem_object *obj)
{
	return obj->funcs->status(obj) & DRM_GEM_OBJECT_RESIDENT;
}

static struct drm_gem_object *object_of(struct msm_test *t, struct page *page)
{
	struct msm_gem_object *msm_obj;

	list_for_each_entry(msm_obj, &t->priv.objects, node) {
		if (msm_obj->base.filp->f_mapping == page_folio(page)->mapping)
			return &msm_obj->base;
	}
	return NULL;
}

/* Every page that the device can reach belongs to an object that has its pages. */
static void expect_nothing_stale(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	unsigned long index;
	struct page *page;

	xa_for_each(&t->ptes, index, page) {
		obj = object_of(t, page);
		KUNIT_ASSERT_NOT_NULL_MSG(test, obj, "%lx leads to a free page", index);
		KUNIT_ASSERT_TRUE_MSG(test, is_resident(obj), "%lx leads to a lost page", index);
	}
}

static unsigned long mapped_pages(struct msm_test *t)
{
	unsigned long index, count = 0;
	struct page *page;

	xa_for_each(&t->ptes, index, page)
		count++;
	return count;
}

/*
 * Device
 */

DEFINE_DRM_GEM_FOPS(fops);

static const struct drm_driver driver = {
	.driver_features = DRIVER_GEM,
	.gem_create_object = msm_gem_create_object,
	.gem_prime_import = msm_gem_prime_import,
	.gem_prime_import_sg_table = msm_gem_prime_import_sg_table,
	.fops = &fops,
	.name = "msm-test",
	.desc = "msm without hardware",
};

static int init(struct kunit *test)
{
	struct msm_test *t;
	struct device *dev;

	dev = kunit_device_register(test, "msm-test");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	t = drm_kunit_helper_alloc_drm_device_with_driver(test, dev, struct msm_test, drm, &driver);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t);

	test->priv = t;
	t->drm.dev_private = &t->priv;
	t->priv.dev = &t->drm;
	INIT_LIST_HEAD(&t->priv.objects);
	mutex_init(&t->priv.obj_lock);
	xa_init(&t->ptes);
	msm_mmu_init(&t->mmu, dev, &mmu_funcs, MSM_MMU_IOMMU);
	KUNIT_ASSERT_EQ(test, msm_gem_shrinker_init(&t->drm), 0);
	t->vm = msm_gem_vm_create(&t->drm, &t->mmu, "test", VA_START, VA_SIZE, true);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->vm);
	return 0;
}

static void end(struct kunit *test)
{
	struct msm_test *t = test->priv;

	if (!t)
		return;
	flush_delayed_fput();
	KUNIT_EXPECT_TRUE(test, list_empty(&t->priv.objects));
	KUNIT_EXPECT_EQ(test, mapped_pages(t), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), 0);
	if (t->vm)
		drm_gpuvm_put(t->vm);
	msm_gem_shrinker_cleanup(&t->drm);
	xa_destroy(&t->ptes);
}

static struct drm_gem_object *object(struct kunit *test, u32 flags)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj = msm_gem_new(&t->drm, TEST_SIZE, flags, NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	return obj;
}

static int get_pages(struct drm_gem_object *obj)
{
	guard(drm_gem_pages)(&to_msm_bo(obj)->pages);
	return msm_gem_get_pages_locked(obj, MSM_MADV_WILLNEED);
}

static void unpin(struct drm_gem_object *obj)
{
	guard(drm_gem_pages)(&to_msm_bo(obj)->pages);
	msm_gem_unpin_locked(obj);
}

static void *get_vaddr_active(struct drm_gem_object *obj)
{
	guard(drm_gem_pages)(&to_msm_bo(obj)->pages);
	return msm_gem_get_vaddr_active(obj);
}

static void evict_all(struct kunit *test)
{
	struct msm_test *t = test->priv;

	drm_gem_pages_evict_all(&t->drm);
	expect_nothing_stale(test);
}

/* What a submission does with an object. */
static int map_locked(struct msm_test *t, struct drm_gem_object *obj, u64 *iova)
{
	struct drm_gpuva *vma = msm_gem_get_vma_locked(obj, t->vm);
	int ret;

	if (IS_ERR(vma))
		return PTR_ERR(vma);
	ret = msm_gem_pin_vma_locked(obj, vma);
	if (ret)
		return ret;
	msm_gem_pin_obj_locked(obj);
	*iova = vma->va.addr;
	return 0;
}

static int map(struct msm_test *t, struct drm_gem_object *obj, u64 *iova)
{
	struct drm_exec exec;
	int ret;

	ret = msm_gem_lock_vm_and_obj(&exec, obj, t->vm);
	if (!ret)
		ret = map_locked(t, obj, iova);
	drm_exec_fini(&exec);
	return ret;
}

static void close_and_put(struct msm_test *t, struct drm_gem_object *obj)
{
	msm_gem_set_iova(obj, t->vm, 0);
	drm_gem_object_put(obj);
}

/*
 * Tests
 */

/* One advice after the other, then reclaim, then what each use answers. */
static const struct advice {
	const char *name;
	unsigned int first, second;
	bool reclaim;
	int retained;
	int pages;
	int active;
} advices[] = {
	{ "needed", MSM_MADV_WILLNEED, MSM_MADV_WILLNEED, false, 1, 0, 0 },
	{ "not needed", MSM_MADV_WILLNEED, MSM_MADV_DONTNEED, false, 1, -EBUSY, 0 },
	{ "needed again", MSM_MADV_DONTNEED, MSM_MADV_WILLNEED, false, 1, 0, 0 },
	{ "needed, evicted", MSM_MADV_DONTNEED, MSM_MADV_WILLNEED, true, 1, 0, 0 },
	{ "not needed, purged", MSM_MADV_WILLNEED, MSM_MADV_DONTNEED, true, 0, -EBUSY, -EBUSY },
};

KUNIT_ARRAY_PARAM_DESC(advices, advices, name);

static void madvise(struct kunit *test)
{
	const struct advice *a = test->param_value;
	struct drm_gem_object *obj = object(test, MSM_BO_WC);
	void *vaddr;

	KUNIT_ASSERT_EQ(test, get_pages(obj), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, a->first), 1);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, a->second), 1);
	if (a->reclaim) {
		evict_all(test);
		KUNIT_EXPECT_FALSE(test, is_resident(obj));
	}
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, a->second), a->retained);
	KUNIT_EXPECT_EQ(test, !!(obj->funcs->status(obj) & DRM_GEM_OBJECT_PURGEABLE),
			a->retained && a->second == MSM_MADV_DONTNEED);
	KUNIT_EXPECT_EQ(test, get_pages(obj), a->pages);
	vaddr = msm_gem_get_vaddr(obj);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), a->pages);
	if (!IS_ERR(vaddr))
		msm_gem_put_vaddr(obj);
	vaddr = get_vaddr_active(obj);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), a->active);
	if (!IS_ERR(vaddr))
		msm_gem_put_vaddr(obj);
	/* There is no way back. */
	if (!a->retained)
		KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_WILLNEED), 0);
	drm_gem_object_put(obj);
}

static void pins(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj = object(test, MSM_BO_WC);
	u64 iova, again;

	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova(obj, t->vm, &iova), 0);
	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova(obj, t->vm, &again), 0);
	KUNIT_EXPECT_EQ(test, again, iova);
	KUNIT_EXPECT_EQ(test, mapped_pages(t), TEST_PAGES);
	KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), TEST_SIZE);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_DONTNEED), 1);
	evict_all(test);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	unpin(obj);
	evict_all(test);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	KUNIT_EXPECT_EQ(test, mapped_pages(t), TEST_PAGES);
	/* The last one takes the mapping with it. */
	msm_gem_unpin_iova(obj, t->vm);
	KUNIT_EXPECT_EQ(test, mapped_pages(t), 0);
	evict_all(test);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(obj, MSM_MADV_WILLNEED), 0);
	drm_gem_object_put(obj);
}

static void iova_outlives_eviction(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj = object(test, MSM_BO_WC), *other = object(test, MSM_BO_CACHED);
	u64 iova, again;
	u8 *vaddr;
	int i;

	vaddr = msm_gem_get_vaddr(obj);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vaddr));
	memset(vaddr, 0x5a, TEST_SIZE);
	msm_gem_put_vaddr(obj);

	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, map(t, obj, i ? &again : &iova), 0);
		KUNIT_ASSERT_EQ(test, map(t, other, &again), 0);
		KUNIT_EXPECT_EQ(test, mapped_pages(t), 2 * TEST_PAGES);
		unpin(obj);
		unpin(other);
		evict_all(test);
		KUNIT_EXPECT_EQ(test, mapped_pages(t), 0);
		KUNIT_EXPECT_FALSE(test, is_resident(obj));
		KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), 0);
		KUNIT_ASSERT_EQ(test, msm_gem_get_iova(obj, t->vm, &again), 0);
		KUNIT_EXPECT_EQ(test, again, iova);
	}

	vaddr = msm_gem_get_vaddr(obj);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vaddr));
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0x5a, TEST_SIZE));
	msm_gem_put_vaddr(obj);
	close_and_put(t, other);
	close_and_put(t, obj);
}

/* Nobody tells when the device writes, only where it may. */
static void device_writes(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj = object(test, MSM_BO_CACHED);
	unsigned long index;
	struct page *page;
	void *vaddr;
	u64 iova;

	KUNIT_ASSERT_EQ(test, map(t, obj, &iova), 0);
	xa_for_each(&t->ptes, index, page) {
		vaddr = kmap_local_page(page);
		memset(vaddr, 0xa5, PAGE_SIZE);
		kunmap_local(vaddr);
	}
	unpin(obj);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));

	vaddr = msm_gem_get_vaddr(obj);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vaddr));
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0xa5, TEST_SIZE));
	msm_gem_put_vaddr(obj);
	close_and_put(t, obj);
}

static void failed_map(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj = object(test, MSM_BO_WC);
	u64 iova;

	t->map_error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, msm_gem_get_and_pin_iova(obj, t->vm, &iova), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(&to_msm_bo(obj)->pages));
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	t->map_error = 0;
	KUNIT_ASSERT_EQ(test, msm_gem_get_and_pin_iova(obj, t->vm, &iova), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(t), TEST_PAGES);
	msm_gem_unpin_iova(obj, t->vm);
	drm_gem_object_put(obj);
}

static void vaddr_nests(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_WC);
	void *first = msm_gem_get_vaddr(obj);
	void *second = msm_gem_get_vaddr(obj);

	KUNIT_ASSERT_FALSE(test, IS_ERR(first));
	KUNIT_EXPECT_PTR_EQ(test, first, second);
	msm_gem_put_vaddr(obj);
	evict_all(test);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	/* What is idle does not keep it. */
	msm_gem_put_vaddr(obj);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	drm_gem_object_put(obj);
}

static void not_shared(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *r_obj = drm_gpuvm_resv_obj(t->vm), *obj;
	unsigned int refs = kref_read(&r_obj->refcount);
	u64 iova;

	obj = msm_gem_new(&t->drm, TEST_SIZE, MSM_BO_WC | MSM_BO_NO_SHARE, r_obj);
	KUNIT_ASSERT_FALSE(test, IS_ERR(obj));
	KUNIT_EXPECT_PTR_EQ(test, obj->resv, r_obj->resv);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(obj->funcs->export(obj, 0)), -EPERM);
	KUNIT_EXPECT_EQ(test, msm_gem_get_and_pin_iova(obj, t->vm, &iova), -EINVAL);
	scoped_guard(drm_gem_pages, &to_msm_bo(obj)->pages)
		KUNIT_EXPECT_EQ(test, obj->funcs->pin(obj), -EINVAL);
	/* But submissions map it. */
	KUNIT_ASSERT_EQ(test, map(t, obj, &iova), 0);
	unpin(obj);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(obj));
	close_and_put(t, obj);
	KUNIT_EXPECT_EQ(test, kref_read(&r_obj->refcount), refs);
}

static void bad_arguments(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;

	obj = msm_gem_new(&t->drm, 0, MSM_BO_WC, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(obj), -EINVAL);
	obj = msm_gem_new(&t->drm, 1, 0, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(obj), -EINVAL);
	obj = msm_gem_new(&t->drm, 1, MSM_BO_CACHED_COHERENT, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(obj), -EINVAL);
}

static void dma_buf_keeps_vma(struct kunit *test)
{
	struct drm_gem_object *obj = object(test, MSM_BO_WC), *again;
	struct dma_buf *dma_buf = obj->funcs->export(obj, DRM_RDWR);

	KUNIT_ASSERT_FALSE(test, IS_ERR(dma_buf));
	KUNIT_EXPECT_EQ(test, atomic_read(&to_msm_bo(obj)->vma_ref), 1);
	again = msm_gem_prime_import(obj->dev, dma_buf);
	KUNIT_EXPECT_PTR_EQ(test, again, obj);
	drm_gem_object_put(again);
	dma_buf_put(dma_buf);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, atomic_read(&to_msm_bo(obj)->vma_ref), 0);
	drm_gem_object_put(obj);
}

static void kernel_objects(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;
	void *vaddr;
	u64 iova;

	vaddr = msm_gem_kernel_new(&t->drm, TEST_SIZE, MSM_BO_WC, t->vm, &obj, &iova);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vaddr));
	KUNIT_EXPECT_EQ(test, mapped_pages(t), TEST_PAGES);
	evict_all(test);
	KUNIT_EXPECT_TRUE(test, is_resident(obj));
	msm_gem_kernel_put(obj, t->vm);
	KUNIT_EXPECT_EQ(test, mapped_pages(t), 0);

	t->map_error = -ENOMEM;
	vaddr = msm_gem_kernel_new(&t->drm, TEST_SIZE, MSM_BO_WC, t->vm, &obj, &iova);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->priv.objects));
	t->map_error = 0;
}

static void totals(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *one = object(test, MSM_BO_WC), *two = object(test, MSM_BO_WC);
	struct seq_file m = { .size = SZ_16K };

	m.buf = kunit_kzalloc(test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	mutex_init(&m.lock);
	KUNIT_ASSERT_EQ(test, get_pages(one), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(one, MSM_MADV_DONTNEED), 1);
	msm_gem_object_set_name(two, "two%d", 2);
	scoped_guard(mutex, &t->priv.obj_lock)
		msm_gem_describe_objects(&t->priv.objects, &m);
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "Total:        2 objects,    131072 bytes\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "Active:       0 objects,         0 bytes\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "Resident:     1 objects,     65536 bytes\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "Purgeable:    1 objects,     65536 bytes\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "Purged:       0 objects,         0 bytes\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, " purgeable "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "two2"));
	drm_gem_object_put(one);
	drm_gem_object_put(two);
}

/*
 * A GPU that begins a job, which unpins, and ends it, which signals
 */

static const char *fence_name(struct dma_fence *fence)
{
	return "msm-test";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

struct gpu {
	struct drm_gem_object *obj;
	struct dma_fence *fence;
	struct completion submitted, done;
	bool end;
};

static int gpu_thread(void *data)
{
	struct gpu *gpu = data;
	bool cookie;

	for (;;) {
		wait_for_completion(&gpu->submitted);
		if (gpu->end)
			break;
		cookie = dma_fence_begin_signalling();
		msm_gem_unpin_active(gpu->obj);
		cond_resched();
		dma_fence_signal(gpu->fence);
		dma_fence_end_signalling(cookie);
		complete(&gpu->done);
	}
	return 0;
}

static int submit(struct msm_test *t, struct gpu *gpu, u64 *iova)
{
	struct drm_exec exec;
	int ret;

	ret = msm_gem_lock_vm_and_obj(&exec, gpu->obj, t->vm);
	if (!ret)
		ret = dma_resv_reserve_fences(gpu->obj->resv, 1);
	if (!ret)
		ret = map_locked(t, gpu->obj, iova);
	if (!ret)
		dma_resv_add_fence(gpu->obj->resv, gpu->fence, DMA_RESV_USAGE_WRITE);
	drm_exec_fini(&exec);
	return ret;
}

static void unpin_by_gpu(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct gpu gpu = { .obj = object(test, MSM_BO_WC) };
	unsigned int evictions;
	struct task_struct *task;
	u64 iova, first = 0;
	int i, ret;

	init_completion(&gpu.submitted);
	init_completion(&gpu.done);
	task = kthread_run(gpu_thread, &gpu, "msm-test-gpu");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);

	for (i = 0; i < ROUNDS; i++) {
		gpu.fence = kzalloc_obj(*gpu.fence);
		if (!gpu.fence)
			break;
		dma_fence_init(gpu.fence, &fence_ops, NULL, dma_fence_context_alloc(1), 1);
		ret = submit(t, &gpu, &iova);
		if (ret) {
			dma_fence_put(gpu.fence);
			break;
		}
		first = first ?: iova;
		complete(&gpu.submitted);
		drm_gem_pages_evict_all(&t->drm);
		wait_for_completion(&gpu.done);
		dma_fence_put(gpu.fence);
		if (iova != first)
			break;
	}
	gpu.end = true;
	complete(&gpu.submitted);
	kthread_stop(task);
	put_task_struct(task);

	KUNIT_EXPECT_EQ(test, i, ROUNDS);
	expect_nothing_stale(test);
	KUNIT_EXPECT_FALSE(test, drm_gem_pages_is_pinned(&to_msm_bo(gpu.obj)->pages));
	evictions = drm_gem_pages_evictions(&to_msm_bo(gpu.obj)->pages);
	KUNIT_EXPECT_GT(test, evictions, 0);
	evict_all(test);
	KUNIT_EXPECT_FALSE(test, is_resident(gpu.obj));
	close_and_put(t, gpu.obj);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(madvise, advices_gen_params),
	KUNIT_CASE(pins),
	KUNIT_CASE(iova_outlives_eviction),
	KUNIT_CASE(device_writes),
	KUNIT_CASE(failed_map),
	KUNIT_CASE(vaddr_nests),
	KUNIT_CASE(not_shared),
	KUNIT_CASE(bad_arguments),
	KUNIT_CASE(dma_buf_keeps_vma),
	KUNIT_CASE(kernel_objects),
	KUNIT_CASE(totals),
	KUNIT_CASE(unpin_by_gpu),
	{}
};

static struct kunit_suite suite = {
	.name = "msm_gem",
	.init = init,
	.exit = end,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("Tests of msm's GEM layer on drm_gem_pages");
MODULE_LICENSE("GPL");
