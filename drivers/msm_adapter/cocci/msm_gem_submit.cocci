// SPDX-License-Identifier: GPL-2.0
// msm_gem_submit.c: 3 places, 3 lines removed
// Pins are counted without a lock, and only what has its pages is pinned.

@@
identifier dev, submit, ret;
@@
 static int submit_pin_objects(struct msm_gem_submit *submit)
 {
- struct drm_device *dev = submit->dev;
 ...
- mutex_lock(&dev->gem_lru_mutex);
+ if (ret)
+	return ret;
 ...
- mutex_unlock(&dev->gem_lru_mutex);
 ...
 return ret;
 }
