// SPDX-License-Identifier: GPL-2.0

/* What panthor's shrinker calls for an object */
static const struct drm_gem_pages_shrinker_ops panthor_ops = {
	.busy = panthor_gem_try_evict,
	.unmap = panthor_gem_try_evict_no_resv_wait,
	.purged = panthor_vm_evict_bo_mappings_locked,
};
