// SPDX-License-Identifier: GPL-2.0
// msm_drv.h: 2 places, 53 lines removed
// The library keeps the LRUs and the shrinker.

@@
@@
 struct msm_drm_private {
 ...
- struct { ... } lru;
- struct notifier_block vmap_notifier;
- struct shrinker *shrinker;
 ...
 };

@@
@@
- unsigned long msm_gem_shrinker_shrink(...);
