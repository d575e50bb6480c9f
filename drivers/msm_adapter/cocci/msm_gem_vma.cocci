// SPDX-License-Identifier: GPL-2.0
// msm_gem_vma.c: 38 places, 58 lines removed

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
+ if (op->obj) {
	drm_gem_object_get(op->obj);
+	msm_gem_pin_obj_locked(op->obj);
+ }
 ...
 }

// The reference stays until the fence of the job has signalled: the last one of an imported
// object takes the lock of its dma-buf, which others hold while they wait for such fences.
@@
iterator name list_for_each_entry;
identifier job, vm, ret, obj, op;
@@
 msm_vma_job_run(...)
 {
 struct msm_vm_bind_job *job = ...;
 struct msm_gem_vm *vm = ...;
 struct drm_gem_object *obj;
- int ret = vm->unusable ? -EINVAL : 0;
+ struct msm_vm_op *op;
+ int ret;
 ...
 mutex_lock(&vm->mmu_lock);
+ ret = vm->unusable ? -EINVAL : 0;
 ...
- while (!list_empty(&job->vm_ops))
+ list_for_each_entry(op, &job->vm_ops, node)
 {
- struct msm_vm_op *op = list_first_entry(&job->vm_ops, struct msm_vm_op, node);
 ...
- drm_gem_object_put(op->obj);
- list_del(&op->node);
- kfree(op);
+ if (op->obj)
+	msm_gem_unpin_active(op->obj);
 }
 ...
+job->bos_pinned = false;
 return NULL;
 }

// A job that has not run, since its ioctl failed or its queue was killed, does so now, but
// maps nothing: what it was to unmap has no mapping any more that reclaim would find. Nor may
// a job before it map that again. If it was queued, its fences have signalled by now, as for
// any other; if not, a GPU at work may fault, but meets no page that is somebody else's.
@@
identifier job, vm, _job, op;
@@
 msm_vma_job_free(struct drm_sched_job *_job)
 {
 struct msm_vm_bind_job *job = ...;
 struct msm_gem_vm *vm = ...;
 ...
+if (job->bos_pinned) {
+	if (!list_empty(&job->vm_ops))
+		vm->unusable = true;
+	msm_vma_job_run(_job);
+}
 vm->mmu->funcs->prealloc_cleanup(vm->mmu, &job->prealloc);
 ...
 while (!list_empty(&job->vm_ops)) {
 struct msm_vm_op *op = ...;
 list_del(&op->node);
+drm_gem_object_put(op->obj);
 kfree(op);
 }
 ...
 }

@@
@@
- vm_bind_job_unpin_objects(struct msm_vm_bind_job *job) { ... }

@@
expression job, ret;
@@
- if (ret)
-	vm_bind_job_unpin_objects(job);
