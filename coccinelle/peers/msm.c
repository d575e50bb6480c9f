// SPDX-License-Identifier: GPL-2.0

/* What msm's shrinker calls for an object */
static const struct drm_gem_pages_shrinker_ops msm_ops = {
	.busy = active_purge,
	.unmap = active_evict,
	.purged = drm_gem_pages_purge_locked,
};

static const struct drm_gem_pages_gpuvm_ops msm_gpuvm_ops = {
	.unmap = drm_gem_pages_evict_locked,
	.trylock = vmap_shrink,
};
