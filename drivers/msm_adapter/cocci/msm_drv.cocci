// SPDX-License-Identifier: GPL-2.0
// msm_drv.c: 8 places, 18 lines removed

// The library has the LRUs and tells lockdep.
@@
expression lru;
@@
- drm_gem_lru_init(lru);

@@
expression ddev;
@@
- fs_reclaim_acquire(GFP_KERNEL);
- might_lock(&ddev->gem_lru_mutex);
- fs_reclaim_release(GFP_KERNEL);

// Reclaim is there before the first object.
@@
expression ddev;
identifier ret;
@@
- ret = msm_gem_shrinker_init(ddev);
- if (ret)
-	goto err_msm_uninit;

@@
expression dev;
@@
 dma_set_max_seg_size(dev, UINT_MAX);
+ret = msm_gem_shrinker_init(ddev);
+if (ret)
+	goto err_put_dev;

// It tells evicted memory as well.
@@
expression p, file;
@@
- drm_show_memory_stats(p, file)
+ drm_gem_pages_show_memory(p, file)

// Imported objects are the driver's own, too, and what a device exported is no import.
@@
identifier driver =~ "^msm_driver$";
@@
 struct drm_driver driver = {
+	.gem_create_object = msm_gem_create_object,
	.gem_prime_import = msm_gem_prime_import,
 };

@@
identifier driver =~ "^msm_kms_driver$|^msm_gpu_driver$";
@@
 struct drm_driver driver = {
+	.gem_create_object = msm_gem_create_object,
+	.gem_prime_import = msm_gem_prime_import,
	.gem_prime_import_sg_table = msm_gem_prime_import_sg_table,
 };
