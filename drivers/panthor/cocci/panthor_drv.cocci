// SPDX-License-Identifier: GPL-2.0
// panthor_drv.c: 9 places, 27 lines removed

// The library knows which objects cannot be mapped.
@@
identifier obj, bo, ret, args, ddev, file, data;
@@
 static int panthor_ioctl_bo_mmap_offset(struct drm_device *ddev, void *data,
 					struct drm_file *file)
 {
 	struct drm_panthor_bo_mmap_offset *args = data;
-	struct panthor_gem_object *bo;
-	struct drm_gem_object *obj;
-	int ret;
 	if (args->pad)
 		return -EINVAL;
-	obj = drm_gem_object_lookup(file, args->handle);
-	if (!obj)
-		return -ENOENT;
-	bo = to_panthor_bo(obj);
-	if (bo->flags & DRM_PANTHOR_BO_NO_MMAP) {
-		ret = -EPERM;
-		goto out;
-	}
-	ret = drm_gem_create_mmap_offset(obj);
-	if (ret)
-		goto out;
-	args->offset = drm_vma_node_offset_addr(&obj->vma_node);
-out:
-	drm_gem_object_put(obj);
-	return ret;
+	return drm_gem_pages_mmap_offset(file, ddev, args->handle, &args->offset);
 }

// It copies the label, for which there may be no memory.
@@
expression obj, label;
@@
- panthor_gem_bo_set_label(obj, label);
+ ret = panthor_gem_bo_set_label(obj, label);

// It tells evicted memory as well.
@@
expression p, file;
@@
- drm_show_memory_stats(p, file)
+ drm_gem_pages_show_memory(p, file)

// Imported objects are the driver's own, too.
@@
identifier driver;
@@
 struct drm_driver driver = {
-	.gem_prime_import_sg_table = panthor_gem_prime_import_sg_table,
+	.gem_create_object = panthor_gem_create_object,
+	.gem_prime_import_sg_table = drm_gem_pages_prime_import_sg_table,
-	.gem_prime_import = panthor_gem_prime_import,
+	.gem_prime_import = drm_gem_pages_prime_import,
 };

// One ioctl in addition.
@@
@@
 struct drm_ioctl_desc panthor_drm_driver_ioctls[] = {
 	...,
 	PANTHOR_IOCTL(BO_SET_LABEL, bo_set_label, DRM_RENDER_ALLOW),
+	PANTHOR_IOCTL(BO_MADVISE, bo_madvise, DRM_RENDER_ALLOW),
 	...
 };

@@
@@
 #include "panthor_gem.h"
+#include "panthor_madvise.h"

// What was not found cannot be put.
@@
identifier sig_sync;
@@
 panthor_sync_signal_free(struct panthor_sync_signal *sig_sync)
 {
 	...
+	if (sig_sync->syncobj)
+		drm_syncobj_put(sig_sync->syncobj);
-	drm_syncobj_put(sig_sync->syncobj);
 	...
 }

// The mask of known flags is there, but nobody looks at it.
@@
identifier args, data;
expression ddev, cookie;
@@
 panthor_ioctl_vm_bind(...)
 {
 struct drm_panthor_vm_bind *args = data;
 ...
+	if (args->flags & ~PANTHOR_VM_BIND_FLAGS)
+		return -EINVAL;
 	if (!drm_dev_enter(ddev, &cookie))
 		return -ENODEV;
 ...
 }
