// SPDX-License-Identifier: GPL-2.0

#include <kunit/device.h>
#include <kunit/test.h>

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/vmalloc.h>

#include <drm/drm_ioctl.h>
#include <drm/drm_kunit_helpers.h>
#include <drm/drm_prime.h>

/* Nobody else has it. Headers of msm have tracepoints, too. */
#ifndef CONFIG_TRACE_GPU_MEM
#define CREATE_TRACE_POINTS
#include <trace/events/gpu_mem.h>
#undef CREATE_TRACE_POINTS
#endif

#include "msm_syncobj.h"

#include "msm_gem_test_util.h"

MODULE_IMPORT_NS("DMA_BUF");

/*
 * What of the driver is not here: contexts, queues and syncobjs, as far as
 * msm_gem_vma.c asks for them
 */

struct drm_gpuvm *msm_context_vm(struct drm_device *dev, struct msm_context *ctx)
{
	return ctx->vm;
}

struct msm_gpu_submitqueue *msm_submitqueue_get(struct msm_context *ctx, u32 id)
{
	struct msm_gpu_submitqueue *queue;

	queue = list_first_entry_or_null(&ctx->submitqueues, typeof(*queue), node);
	if (queue)
		kref_get(&queue->ref);
	return queue;
}

/* It is part of the test, which has a reference. */
void msm_submitqueue_destroy(struct kref *kref)
{
	WARN_ON(1);
}

struct drm_syncobj **msm_syncobj_parse_deps(struct drm_device *dev, struct drm_sched_job *job,
					    struct drm_file *file, u64 in_syncobjs_addr,
					    u32 nr_in_syncobjs, size_t syncobj_stride)
{
	struct msm_test *t = to_msm_test(dev);

	return ERR_PTR(drm_sched_job_add_dependency(job, dma_fence_get(t->in_fence)));
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

static struct page **entry_of(struct test_mmu *mmu, u64 iova)
{
	return &mmu->ptes[(iova - VA_START) >> PAGE_SHIFT];
}

static void set_entry(struct test_mmu *mmu, u64 iova, struct page *page)
{
	struct page *old = xchg(entry_of(mmu, iova), page);

	atomic_long_add(!!page - !!old, &mmu->mapped);
}

/*
 * Page tables come from memory like any other. With VM_BIND a job brings them along, and
 * they stay, so that to map again what was evicted needs no memory; upstream has none then.
 */
static bool get_table(struct test_mmu *mmu, u64 iova)
{
	unsigned int i = (iova - VA_START) / TABLE_COVERS;
	void *table;

	if (mmu->base.type == MSM_MMU_IOMMU_PAGETABLE) {
		if (mmu->base.prealloc)
			set_bit(i, mmu->tables);
		return !WARN_ON(!test_bit(i, mmu->tables));
	}

	table = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!table)
		return false;
	kfree(table);
	return true;
}

static int mmu_map(struct msm_mmu *base, u64 iova, struct sg_table *sgt, size_t off, size_t len,
		   int prot)
{
	struct test_mmu *mmu = container_of(base, struct test_mmu, base);
	struct sg_page_iter iter;
	u64 at;

	if (mmu->map_error)
		return mmu->map_error;
	for (at = iova; at < iova + len; at = ALIGN(at + 1, TABLE_COVERS)) {
		if (!get_table(mmu, at))
			return -ENOMEM;
	}

	for_each_sgtable_page(sgt, &iter, off >> PAGE_SHIFT) {
		if (!len)
			break;
		set_entry(mmu, iova, sg_page_iter_page(&iter));
		iova += PAGE_SIZE;
		len -= PAGE_SIZE;
	}
	return 0;
}

static int mmu_unmap(struct msm_mmu *base, u64 iova, size_t len)
{
	struct test_mmu *mmu = container_of(base, struct test_mmu, base);

	for (; len; len -= PAGE_SIZE, iova += PAGE_SIZE)
		set_entry(mmu, iova, NULL);
	return 0;
}

static void mmu_detach(struct msm_mmu *mmu)
{
}

static void mmu_prealloc_count(struct msm_mmu *mmu, struct msm_mmu_prealloc *p, u64 iova,
			       size_t len)
{
	p->count++;
}

static int mmu_prealloc_allocate(struct msm_mmu *mmu, struct msm_mmu_prealloc *p)
{
	return 0;
}

/* Upstream's free_job calls this first, and for a job that was never queued as well. */
static void mmu_prealloc_cleanup(struct msm_mmu *base, struct msm_mmu_prealloc *p)
{
	complete(&container_of(base, struct test_mmu, base)->freed);
}

static const struct msm_mmu_funcs mmu_funcs = {
	.detach = mmu_detach,
	.prealloc_count = mmu_prealloc_count,
	.prealloc_allocate = mmu_prealloc_allocate,
	.prealloc_cleanup = mmu_prealloc_cleanup,
	.map = mmu_map,
	.unmap = mmu_unmap,
	.destroy = mmu_detach,
};

static void free_ptes(void *ptes)
{
	vfree(ptes);
}

static struct drm_gpuvm *make_vm(struct kunit *test, struct test_mmu *mmu, const char *name,
				 bool managed)
{
	struct msm_test *t = test->priv;
	struct drm_gpuvm *vm;

	mmu->ptes = vcalloc(VA_SIZE >> PAGE_SHIFT, sizeof(*mmu->ptes));
	KUNIT_ASSERT_NOT_NULL(test, mmu->ptes);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_ptes, mmu->ptes), 0);
	init_completion(&mmu->freed);
	msm_mmu_init(&mmu->base, t->drm.dev, &mmu_funcs,
		     managed ? MSM_MMU_IOMMU : MSM_MMU_IOMMU_PAGETABLE);
	vm = msm_gem_vm_create(&t->drm, &mmu->base, name, VA_START, VA_SIZE, managed);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vm);
	return vm;
}

/*
 * Content
 */

static u64 word_of(u64 seed, size_t index)
{
	return seed ? (seed * 0x10001 + index) * 0x9e3779b97f4a7c15ull : 0;
}

static void fill_from(void *vaddr, size_t size, u64 seed, size_t offset)
{
	u64 *word = vaddr;
	size_t i;

	for (i = 0; i < size / sizeof(*word); i++)
		word[i] = word_of(seed, offset / sizeof(*word) + i);
}

static size_t wrong_bytes_from(const void *vaddr, size_t size, u64 seed, size_t offset)
{
	const u64 *word = vaddr;
	size_t i, wrong = 0;

	for (i = 0; i < size / sizeof(*word); i++) {
		if (word[i] != word_of(seed, offset / sizeof(*word) + i))
			wrong += sizeof(*word);
	}
	return wrong;
}

void fill(void *vaddr, size_t size, u64 seed)
{
	fill_from(vaddr, size, seed, 0);
}

size_t wrong_bytes(const void *vaddr, size_t size, u64 seed)
{
	return wrong_bytes_from(vaddr, size, seed, 0);
}

int msm_test_write(struct drm_gem_object *obj, u64 seed)
{
	void *vaddr = msm_gem_get_vaddr(obj);

	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);
	fill(vaddr, obj->size, seed);
	msm_gem_put_vaddr(obj);
	return 0;
}

long msm_test_read(struct drm_gem_object *obj, u64 seed)
{
	void *vaddr = msm_gem_get_vaddr(obj);
	long wrong;

	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);
	wrong = wrong_bytes(vaddr, obj->size, seed);
	msm_gem_put_vaddr(obj);
	return wrong;
}

void device_fill(struct test_mmu *mmu, u64 iova, size_t size, u64 seed)
{
	size_t at;

	for (at = 0; at < size; at += PAGE_SIZE) {
		struct page *page = READ_ONCE(*entry_of(mmu, iova + at));
		void *vaddr;

		if (!page)
			continue;
		vaddr = kmap_local_page(page);
		fill_from(vaddr, PAGE_SIZE, seed, at);
		kunmap_local(vaddr);
	}
}

size_t device_wrong_bytes_at(struct test_mmu *mmu, u64 iova, size_t size, u64 seed, size_t offset)
{
	size_t at, wrong = 0;

	for (at = 0; at < size; at += PAGE_SIZE) {
		struct page *page = READ_ONCE(*entry_of(mmu, iova + at));
		void *vaddr;

		if (!page) {
			wrong += PAGE_SIZE;
			continue;
		}
		vaddr = kmap_local_page(page);
		wrong += wrong_bytes_from(vaddr, PAGE_SIZE, seed, offset + at);
		kunmap_local(vaddr);
	}
	return wrong;
}

size_t device_wrong_bytes(struct test_mmu *mmu, u64 iova, size_t size, u64 seed)
{
	return device_wrong_bytes_at(mmu, iova, size, seed, 0);
}

/*
 * What the MMU maps
 */

bool is_resident(struct drm_gem_object *obj)
{
	return obj->funcs->status(obj) & DRM_GEM_OBJECT_RESIDENT;
}

static bool is_sound(struct drm_gem_object *obj, struct drm_gpuva *va)
{
	struct test_mmu *mmu = container_of(to_msm_vm(va->vm)->mmu, struct test_mmu, base);
	struct drm_gem_pages_object *pages = &to_msm_bo(obj)->pages;
	bool is_mapped = !drm_gpuva_invalidated(va);
	struct page *page;
	u64 offset;

	for (offset = 0; offset < va->va.range; offset += PAGE_SIZE) {
		page = *entry_of(mmu, va->va.addr + offset);
		if (!!page != is_mapped)
			return false;
		/* The pages of an imported one are the exporter's. */
		if (is_mapped && !drm_gem_is_imported(obj) &&
		    page != drm_gem_pages_page_locked(pages,
						      (va->gem.offset + offset) >> PAGE_SHIFT))
			return false;
	}
	return true;
}

bool msm_test_is_sound_locked(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *va;

	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		drm_gpuvm_bo_for_each_va(va, vm_bo) {
			if (!is_sound(obj, va))
				return false;
		}
	}
	return true;
}

static unsigned long count_mapped(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	unsigned long count = 0;
	struct drm_gpuva *va;

	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		drm_gpuvm_bo_for_each_va(va, vm_bo) {
			if (!drm_gpuva_invalidated(va))
				count += va->va.range >> PAGE_SHIFT;
		}
	}
	return count;
}

void msm_test_expect_sound(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct msm_gem_object *msm_obj;
	unsigned long mapped = 0;

	/* Elsewhere these locks nest the other way round. */
	guard(mutex)(&t->priv.obj_lock);
	list_for_each_entry(msm_obj, &t->priv.objects, node) {
		if (!msm_gem_trylock(&msm_obj->base)) {
			KUNIT_FAIL(test, "somebody is at work");
			return;
		}
		if (!msm_test_is_sound_locked(&msm_obj->base))
			KUNIT_FAIL(test, "an MMU maps other pages than the object has");
		mapped += count_mapped(&msm_obj->base);
		msm_gem_unlock(&msm_obj->base);
	}
	KUNIT_EXPECT_EQ_MSG(test, mapped, mapped_pages(&t->mmu) + mapped_pages(&t->display_mmu) +
			    mapped_pages(&t->bind_mmu), "an MMU maps what no object has mapped");
}

void evict_all(struct kunit *test)
{
	struct msm_test *t = test->priv;

	drm_gem_pages_evict_all(&t->drm);
	msm_test_expect_sound(test);
}

/*
 * Device
 */

static int open_client(struct drm_device *dev, struct drm_file *file)
{
	struct msm_context *ctx = kzalloc_obj(*ctx);

	if (!ctx)
		return -ENOMEM;
	INIT_LIST_HEAD(&ctx->submitqueues);
	file->driver_priv = ctx;
	return 0;
}

static void close_client(struct drm_device *dev, struct drm_file *file)
{
	kfree(file->driver_priv);
}

static struct drm_gem_object *create_object(struct drm_device *dev, size_t size)
{
	struct drm_gem_object *obj = msm_gem_create_object(dev, size);

	WRITE_ONCE(to_msm_test(dev)->newest, IS_ERR(obj) ? NULL : obj);
	return obj;
}

DEFINE_DRM_GEM_FOPS(fops);

const struct drm_driver msm_test_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER,
	.open = open_client,
	.postclose = close_client,
	.show_fdinfo = drm_gem_pages_show_memory,
	.gem_create_object = create_object,
	.gem_prime_import = msm_gem_prime_import,
	.gem_prime_import_sg_table = msm_gem_prime_import_sg_table,
	.dumb_create = msm_gem_dumb_create,
	.fops = &fops,
	.name = "msm-test",
	.desc = "msm without hardware",
};

static struct device *make_device(struct kunit *test, const char *name)
{
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	dev->dma_parms = kunit_kzalloc(test, sizeof(*dev->dma_parms), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dev->dma_parms);
	dma_set_max_seg_size(dev, UINT_MAX);
	return dev;
}

static const struct drm_driver other_driver = {
	.driver_features = DRIVER_GEM,
	DRM_GEM_PAGES_DRIVER_OPS,
	.fops = &fops,
	.name = "other",
	.desc = "nothing but the library",
};

struct drm_device *msm_test_other(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_device *drm;

	if (!t->other) {
		drm = __drm_kunit_helper_alloc_drm_device_with_driver(test,
								      make_device(test, "other"),
								      sizeof(*drm), 0,
								      &other_driver);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, drm);
		t->other = drm;
	}
	return t->other;
}

int msm_test_init(struct kunit *test)
{
	struct device *dev = make_device(test, "msm-test");
	struct msm_test *t;

	t = drm_kunit_helper_alloc_drm_device_with_driver(test, dev, struct msm_test, drm,
							  &msm_test_driver);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t);
	test->priv = t;

	t->drm.dev_private = &t->priv;
	t->priv.dev = &t->drm;
	t->priv.gpu = &t->gpu;
	INIT_LIST_HEAD(&t->priv.objects);
	mutex_init(&t->priv.obj_lock);
	KUNIT_ASSERT_EQ(test, msm_gem_shrinker_init(&t->drm), 0);
	t->vm = make_vm(test, &t->mmu, "test", true);
	return 0;
}

static void close_file(void *file)
{
	fput(file);
	flush_delayed_fput();
}

static void end_bind(struct msm_test *t)
{
	drm_sched_entity_destroy(&t->entity);
	msm_gem_vm_close(t->bind_vm);
	drm_gpuvm_put(t->bind_vm);
	t->bind_vm = NULL;
}

void msm_test_exit(struct kunit *test)
{
	struct msm_test *t = test->priv;

	if (!t)
		return;
	if (t->client)
		kunit_release_action(test, close_file, t->client);
	flush_delayed_fput();
	if (t->bind_vm) {
		end_bind(t);
		KUNIT_EXPECT_EQ(test, kref_read(&t->queue.ref), 1);
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&t->priv.objects));
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->mmu), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->bind_mmu), 0);
	KUNIT_EXPECT_EQ(test, mapped_pages(&t->display_mmu), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&t->priv.total_mem), 0);
	if (t->vm)
		drm_gpuvm_put(t->vm);
	if (t->kms.vm)
		drm_gpuvm_put(t->kms.vm);
	msm_gem_shrinker_cleanup(&t->drm);
}

void msm_test_display(struct kunit *test)
{
	struct msm_test *t = test->priv;

	t->kms.vm = make_vm(test, &t->display_mmu, "display", true);
	t->priv.kms = &t->kms;
}

struct file *msm_test_open(struct kunit *test, struct drm_device *drm)
{
	struct file *file = mock_drm_getfile(drm->render, O_RDWR);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	/* As drm_open() would. */
	atomic_inc(&drm->open_count);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, close_file, file), 0);
	return file;
}

struct drm_file *msm_test_client(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct drm_file *client;
	struct msm_context *ctx;

	KUNIT_ASSERT_NULL(test, t->client);
	t->client = msm_test_open(test, &t->drm);
	client = t->client->private_data;
	ctx = client->driver_priv;
	ctx->vm = t->vm;
	return client;
}

/*
 * Objects
 */

struct drm_gem_object *msm_test_object(struct kunit *test, size_t size, u32 flags)
{
	struct msm_test *t = test->priv;
	struct drm_gem_object *obj;

	obj = msm_gem_new(&t->drm, size, flags,
			  flags & MSM_BO_NO_SHARE ? drm_gpuvm_resv_obj(t->vm) : NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	return obj;
}

u32 msm_test_handle(struct kunit *test, struct drm_file *client, struct drm_gem_object *obj)
{
	u32 handle;

	KUNIT_ASSERT_EQ(test, drm_gem_handle_create(client, obj, &handle), 0);
	return handle;
}

int get_pages(struct drm_gem_object *obj)
{
	guard(drm_gem_pages)(&to_msm_bo(obj)->pages);
	return msm_gem_get_pages_locked(obj, MSM_MADV_WILLNEED);
}

void *get_vaddr_active(struct drm_gem_object *obj)
{
	guard(drm_gem_pages)(&to_msm_bo(obj)->pages);
	return msm_gem_get_vaddr_active(obj);
}

unsigned int count_mappings(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	unsigned int count = 0;
	struct drm_gpuva *va;

	guard(drm_gem_pages)(&to_msm_bo(obj)->pages);
	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		drm_gpuvm_bo_for_each_va(va, vm_bo)
			count++;
	}
	return count;
}

void unpin(struct drm_gem_object *obj)
{
	guard(drm_gem_pages)(&to_msm_bo(obj)->pages);
	msm_gem_unpin_locked(obj);
}

int map_locked(struct msm_test *t, struct drm_gem_object *obj, u64 *iova)
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

int map(struct msm_test *t, struct drm_gem_object *obj, u64 *iova)
{
	struct drm_exec exec;
	int ret;

	ret = msm_gem_lock_vm_and_obj(&exec, obj, t->vm);
	if (!ret)
		ret = map_locked(t, obj, iova);
	drm_exec_fini(&exec);
	return ret;
}

void close_and_put(struct msm_test *t, struct drm_gem_object *obj)
{
	msm_gem_set_iova(obj, t->vm, 0);
	drm_gem_object_put(obj);
}

/*
 * Jobs
 */

static const char *fence_name(struct dma_fence *fence)
{
	return "msm-test";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

struct dma_fence *msm_test_fence(void)
{
	struct dma_fence *fence = kzalloc_obj(*fence);

	if (fence)
		dma_fence_init(fence, &fence_ops, NULL, dma_fence_context_alloc(1), 1);
	return fence;
}

int msm_test_submit(struct msm_test *t, struct drm_gem_object *obj, struct dma_fence *fence,
		    u64 *iova)
{
	struct drm_exec exec;
	int ret;

	ret = msm_gem_lock_vm_and_obj(&exec, obj, t->vm);
	if (!ret)
		ret = dma_resv_reserve_fences(obj->resv, 1);
	if (!ret)
		ret = map_locked(t, obj, iova);
	if (!ret)
		dma_resv_add_fence(obj->resv, fence, DMA_RESV_USAGE_WRITE);
	drm_exec_fini(&exec);
	return ret;
}

/*
 * VM_BIND
 */

void msm_test_bind_init(struct kunit *test, struct drm_file *client)
{
	struct msm_context *ctx = client->driver_priv;
	struct drm_gpu_scheduler *sched;
	struct msm_test *t = test->priv;

	t->bind_vm = make_vm(test, &t->bind_mmu, "bind", false);
	sched = &to_msm_vm(t->bind_vm)->sched;
	KUNIT_ASSERT_EQ(test, drm_sched_entity_init(&t->entity, DRM_SCHED_PRIORITY_KERNEL, &sched,
						    1, NULL), 0);
	t->queue.id = 1;
	t->queue.flags = MSM_SUBMITQUEUE_VM_BIND;
	t->queue.entity = &t->entity;
	mutex_init(&t->queue.lock);
	kref_init(&t->queue.ref);
	list_add(&t->queue.node, &ctx->submitqueues);
	ctx->vm = t->bind_vm;
	ctx->userspace_managed_vm = true;
}

int msm_test_bind(struct drm_file *client, u32 op, u32 handle, u64 offset, u64 iova, u64 range)
{
	struct msm_test *t = to_msm_test(client->minor->dev);
	struct drm_msm_vm_bind args = {
		.queue_id = t->queue.id,
		.nr_ops = 1,
		/* Their content is known to msm_syncobj_parse_deps() here. */
		.in_syncobjs = !!t->in_fence,
		.nr_in_syncobjs = !!t->in_fence,
		.op = {
			.op = op,
			.handle = handle,
			.obj_offset = offset,
			.iova = iova,
			.range = range,
		},
	};

	return msm_ioctl_vm_bind(&t->drm, &args, client);
}

void msm_test_bind_wait(struct kunit *test)
{
	struct msm_test *t = test->priv;

	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&t->bind_mmu.freed, 10 * HZ), 0);
}
