// SPDX-License-Identifier: GPL-2.0

#include <linux/moduleparam.h>

#include "msm_drv.h"
#include "msm_gem.h"

static bool enable_eviction = true;
MODULE_PARM_DESC(enable_eviction, "Evict buffers to swap, not only purge them");
module_param(enable_eviction, bool, 0600);

static int unmap_vma(struct drm_gpuva *vma)
{
	msm_gem_vma_unmap(vma, "reclaim");
	return 0;
}

static const struct drm_gem_pages_gpuvm_ops gpuvm_ops = {
	.unmap = unmap_vma,
};

static int unmap(struct drm_gem_pages_object *pages)
{
	if (!enable_eviction && to_msm_bo(&pages->base)->madv == MSM_MADV_WILLNEED)
		return -EPERM;
	return drm_gem_pages_gpuvm_unmap(pages);
}

/* Nobody will find the object by its offset again, and none of its content. */
static void purged(struct drm_gem_pages_object *pages)
{
	to_msm_bo(&pages->base)->madv = __MSM_MADV_PURGED;
	drm_gem_free_mmap_offset(&pages->base);
}

static void set_resident(struct drm_gem_pages_object *pages, bool resident)
{
	msm_gem_account(&pages->base, resident);
}

/* Submissions and VM_BIND map objects again by themselves. */
static const struct drm_gem_pages_shrinker_ops shrinker_ops = {
	.unmap = unmap,
	.purged = purged,
	.resident = set_resident,
	.gpuvm = &gpuvm_ops,
};

/**
 * msm_gem_shrinker_init - have the objects of a device reclaimed
 * @dev: DRM device, before its first object
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: as drm_gem_pages_shrinker_register().
 */
int msm_gem_shrinker_init(struct drm_device *dev)
{
	return drm_gem_pages_shrinker_register(dev, &shrinker_ops);
}

/**
 * msm_gem_shrinker_cleanup - end what msm_gem_shrinker_init() began
 * @dev: DRM device
 *
 * Context: May sleep, waits for scans to end.
 */
void msm_gem_shrinker_cleanup(struct drm_device *dev)
{
	drm_gem_pages_shrinker_unregister(dev);
}
