// SPDX-License-Identifier: GPL-2.0
// msm_ringbuffer.c: 3 places, 5 lines removed
// Pins are counted without a lock.

@@
identifier dev;
@@
 static struct dma_fence *msm_job_run(...)
 {
 <...
- struct drm_device *dev = ...;
 ...>
 }

@@
expression dev;
@@
- mutex_lock(&dev->gem_lru_mutex);

@@
expression dev;
@@
- mutex_unlock(&dev->gem_lru_mutex);
