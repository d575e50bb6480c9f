// SPDX-License-Identifier: GPL-2.0
// msm_gem_vma.c: 30 places, 33 lines removed

// Whether a mapping is in the page tables is what the library asks drm_gpuvm's flag.
// It is one of the flags that these replace.
@@
expression vma, was, now;
@@
- to_msm_vma(vma)->mapped = was;
- vma->flags = now;
+ vma->flags = now;
+ drm_gpuva_invalidate(vma, !was);

@@
identifier orig, flags;
@@
 msm_gem_vm_sm_step_remap(...)
 {
 ...
 struct drm_gpuva *orig = ...;
 <...
- flags = orig->flags;
+ flags = orig->flags & ~DRM_GPUVA_INVALIDATED;
 ...>
 }

@@
expression vma;
@@
(
- to_msm_vma(vma)->mapped = true
+ drm_gpuva_invalidate(vma, false)
|
- to_msm_vma(vma)->mapped = false
+ drm_gpuva_invalidate(vma, true)
|
- to_msm_vma(vma)->mapped
+ !drm_gpuva_invalidated(vma)
)

@@
struct msm_gem_vma *msm_vma;
@@
(
- msm_vma->mapped = true
+ drm_gpuva_invalidate(&msm_vma->base, false)
|
- msm_vma->mapped = false
+ drm_gpuva_invalidate(&msm_vma->base, true)
|
- !msm_vma->mapped
+ drm_gpuva_invalidated(&msm_vma->base)
|
- msm_vma->mapped
+ !drm_gpuva_invalidated(&msm_vma->base)
)

// What maps an object is told to the library, and what may be written to it.
@@
identifier vma, prot, sgt, ret;
@@
 int msm_gem_vma_map(struct drm_gpuva *vma, int prot, struct sg_table *sgt)
 {
 ...
 if (ret) { ... }
+msm_gem_vma_changed_locked(vma->gem.obj);
 return ret;
 }

@@
expression vma;
@@
+msm_gem_vma_changed_locked(vma->gem.obj);
 drm_gpuva_remove(vma);
 drm_gpuva_unlink(vma);

@@
identifier table;
expression obj;
@@
- table = to_msm_bo(obj)->sgt;
+ msm_gem_may_write_locked(obj, vma->gem.offset, vma->va.range);
+ table = drm_gem_pages_peek_sgt(&to_msm_bo(obj)->pages);

@@
expression vma, f;
@@
 vma->flags = f;
 drm_gpuva_invalidate(vma, false);
+msm_gem_vma_changed_locked(vma->gem.obj);

@@
expression vm_bo, was;
@@
 if (!was)
	drm_gpuvm_bo_evict(vm_bo, true);
+if (vm_bo)
+	msm_gem_vma_changed_locked(vm_bo->obj);
 drm_gpuvm_bo_put(vm_bo);

// Pins are counted without a lock, and pages are the library's.
@@
identifier obj, pages, job;
@@
 static int vm_bind_job_pin_objects(struct msm_vm_bind_job *job)
 {
 <...
- struct page **pages;
+ int ret;
- pages = msm_gem_get_pages_locked(obj, MSM_MADV_WILLNEED);
- if (IS_ERR(pages))
-	return PTR_ERR(pages);
+ ret = msm_gem_get_pages_locked(obj, MSM_MADV_WILLNEED);
+ if (ret)
+	return ret;
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

@@
identifier f =~ "^msm_vma_job_run$|^vm_bind_job_pin_objects$";
identifier dev;
@@
 f(...)
 {
 <...
- struct drm_device *dev = ...;
 ...>
 }

// Until a job has changed the page tables, they lead to the pages of what it changes, and
// may do so although no mapping is left that reclaim would unmap.
@@
expression op;
@@
 vm_op_enqueue(...)
 {
 ...
- if (op->obj)
-	drm_gem_object_get(op->obj);
+ msm_gem_keep_locked(op->obj);
 ...
 }

@@
expression op;
@@
 msm_vma_job_run(...)
 {
 <...
- drm_gem_object_put(op->obj);
+ msm_gem_let_go(op->obj);
 ...>
 }

// A job that never runs lets go, too.
@@
expression op;
@@
 msm_vma_job_free(...)
 {
 <...
 list_del(&op->node);
+msm_gem_let_go(op->obj);
 kfree(op);
 ...>
 }
