/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __MSM_GEM_TEST_UTIL_H__
#define __MSM_GEM_TEST_UTIL_H__

/*
 * What the suites share: a device that is made of msm's own structures, with a VM of
 * the kernel's addresses, one of user space's (VM_BIND) and one of the display, and a
 * stand-in for the MMU of each, which knows what page is mapped where.
 */

#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/dma-fence.h>
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "msm_drv.h"
#include "msm_gem.h"
#include "msm_gpu.h"
#include "msm_kms.h"

#define TEST_SIZE	SZ_64K
#define TEST_PAGES	(TEST_SIZE / PAGE_SIZE)
#define VA_START	SZ_1M
#define VA_SIZE		SZ_1G

/* What a page table of the last level is for. */
#define TABLE_COVERS	SZ_2M

/**
 * struct test_mmu - stand-in for an MMU
 * @base: what msm_gem_vma.c calls
 * @ptes: the page at each address from VA_START on
 * @tables: those that jobs of VM_BIND brought along
 * @mapped: how many pages are mapped
 * @map_error: answer this instead of mapping anything
 * @freed: a job of VM_BIND has ended
 */
struct test_mmu {
	struct msm_mmu base;
	struct page **ptes;
	DECLARE_BITMAP(tables, VA_SIZE / TABLE_COVERS);
	atomic_long_t mapped;
	int map_error;
	struct completion freed;
};

struct msm_test {
	struct drm_device drm;
	struct msm_drm_private priv;
	struct msm_kms kms;
	struct msm_gpu gpu;

	struct test_mmu mmu;
	struct drm_gpuvm *vm;
	struct test_mmu display_mmu;
	struct drm_device *other;
	struct file *client;
	struct drm_gem_object *newest;	/* if it still is there, listed or not */

	/* VM_BIND: made by msm_test_bind_init() */
	struct test_mmu bind_mmu;
	struct drm_gpuvm *bind_vm;
	struct msm_gpu_submitqueue queue;
	struct drm_sched_entity entity;
	struct dma_fence *in_fence;	/* what jobs are to wait for */
};

#define to_msm_test(_drm) container_of(_drm, struct msm_test, drm)

extern const struct drm_driver msm_test_driver;

/* For struct kunit_suite. */
int msm_test_init(struct kunit *test);
void msm_test_exit(struct kunit *test);

/* Another device, with objects of the library's own, to share with. */
struct drm_device *msm_test_other(struct kunit *test);
/* A VM that is the display's. */
void msm_test_display(struct kunit *test);
/* A client of some device, closed when the test ends. */
struct file *msm_test_open(struct kunit *test, struct drm_device *drm);
/* The one of the test's own; without VM_BIND its VM is that of the test. */
struct drm_file *msm_test_client(struct kunit *test);

/* Objects */
struct drm_gem_object *msm_test_object(struct kunit *test, size_t size, u32 flags);
u32 msm_test_handle(struct kunit *test, struct drm_file *client, struct drm_gem_object *obj);
bool is_resident(struct drm_gem_object *obj);
int get_pages(struct drm_gem_object *obj);
void *get_vaddr_active(struct drm_gem_object *obj);
unsigned int count_mappings(struct drm_gem_object *obj);

/* What a submission does with an object: map it and pin it. */
int map_locked(struct msm_test *t, struct drm_gem_object *obj, u64 *iova);
int map(struct msm_test *t, struct drm_gem_object *obj, u64 *iova);
void unpin(struct drm_gem_object *obj);
/* Gives up the mapping along with the reference. */
void close_and_put(struct msm_test *t, struct drm_gem_object *obj);

/*
 * Content: no two words of an object are alike, nor those of two seeds. Zero is the seed
 * of what was never written. The second one returns the number of wrong bytes.
 */
void fill(void *vaddr, size_t size, u64 seed);
size_t wrong_bytes(const void *vaddr, size_t size, u64 seed);
/* The same by the CPU, through a kernel mapping; msm_test_read() returns an error, too. */
int msm_test_write(struct drm_gem_object *obj, u64 seed);
long msm_test_read(struct drm_gem_object *obj, u64 seed);
/* The same by the device, through the MMU. What is not mapped is wrong. */
void device_fill(struct test_mmu *mmu, u64 iova, size_t size, u64 seed);
size_t device_wrong_bytes(struct test_mmu *mmu, u64 iova, size_t size, u64 seed);
/* Where not the beginning of the object is mapped. */
size_t device_wrong_bytes_at(struct test_mmu *mmu, u64 iova, size_t size, u64 seed, size_t offset);

/*
 * Every mapping of an object leads to the pages that it has now, or to none if it is
 * said to be unmapped.
 */
bool msm_test_is_sound_locked(struct drm_gem_object *obj);
/* All objects are sound, and no MMU maps anything else. Nobody else is at work. */
void msm_test_expect_sound(struct kunit *test);
/* Evicts all that can be, then the above. */
void evict_all(struct kunit *test);

static inline unsigned long mapped_pages(struct test_mmu *mmu)
{
	return atomic_long_read(&mmu->mapped);
}

/* Fences that signal when the test says so. NULL if there is no memory. */
struct dma_fence *msm_test_fence(void);
/* Locks, maps, and adds the fence. */
int msm_test_submit(struct msm_test *t, struct drm_gem_object *obj, struct dma_fence *fence,
		    u64 *iova);

/* VM_BIND: the VM, and a client's ioctl with one operation. */
void msm_test_bind_init(struct kunit *test, struct drm_file *client);
int msm_test_bind(struct drm_file *client, u32 op, u32 handle, u64 offset, u64 iova, u64 range);
/* Waits until a job that was queued has ended. */
void msm_test_bind_wait(struct kunit *test);

#endif /* __MSM_GEM_TEST_UTIL_H__ */
