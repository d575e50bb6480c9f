// SPDX-License-Identifier: GPL-2.0
// panthor_mmu.c: 37 places, 217 lines removed
// panthor_mmu.h: 1 places, 8 lines removed

// What reclaim knows of a VM.
@@
@@
 struct panthor_vm {
 ...
- struct { ... }
+ struct drm_gem_pages_vm
  reclaim;
+ /** @unlinked: Mappings that the operation that is going on has ended. */
+ struct list_head unlinked;
 ...
 };

@@
expression vm;
@@
- drm_gem_lru_init(&vm->reclaim.lru);
- INIT_LIST_HEAD(&vm->reclaim.lru_node);
+ drm_gem_pages_vm_init(&vm->reclaim, &vm->ptdev->base);
+ INIT_LIST_HEAD(&vm->unlinked);

@@
expression vm, ptdev;
@@
- mutex_lock(&ptdev->base.gem_lru_mutex);
- if (vm->reclaim.lru.count)
-	list_move_tail(&vm->reclaim.lru_node, &ptdev->reclaim.vms);
- mutex_unlock(&ptdev->base.gem_lru_mutex);
+ drm_gem_pages_vm_used(&vm->reclaim);

@@
expression vm, ptdev;
@@
- mutex_lock(&ptdev->base.gem_lru_mutex);
- list_del_init(&vm->reclaim.lru_node);
- mutex_unlock(&ptdev->base.gem_lru_mutex);
+ drm_gem_pages_vm_fini(&vm->reclaim);

// The library asks drm_gpuvm's flag which mappings are not in the page tables.
@@
@@
 struct panthor_vma {
 ...
- bool evicted;
 };

@@
struct panthor_vma *vma;
struct panthor_vma *other;
@@
- vma->evicted = other->evicted;
+ drm_gpuva_invalidate(&vma->base, drm_gpuva_invalidated(&other->base));

@@
identifier bo, vma, ret;
@@
 remap_evicted_vma(...)
 {
 ...
 struct panthor_gem_object *bo = ...;
 <...
 if (!ret)
- 	vma->evicted = false;
+ {
+	panthor_gem_gpu_may_write_locked(bo, vma->flags, vma->base.gem.offset,
+					 vma->base.va.range);
+	drm_gpuva_invalidate(&vma->base, false);
+ }
 ...>
 }

@@
struct panthor_vma *vma;
@@
- vma->evicted
+ drm_gpuva_invalidated(&vma->base)

// What maps an object is told to the library, and what may be written to it.
@@
identifier vma, vm_bo, bo;
@@
 panthor_vma_link(...)
 {
 struct panthor_gem_object *bo = ...;
 ...
 drm_gpuva_link(&vma->base, vm_bo);
+ drm_gem_pages_gpuvm_update_locked(&bo->pages);
 ...
 }

@@
identifier vm_bo, bo;
@@
 static void panthor_vm_bo_free(struct drm_gpuvm_bo *vm_bo)
 {
 struct panthor_gem_object *bo = ...;
- dma_resv_lock(bo->base.resv, NULL);
 mutex_lock(&bo->base.gpuva.lock);
- panthor_gem_update_reclaim_state_locked(bo, NULL);
+ drm_gem_pages_gpuvm_update_locked(&bo->pages);
 mutex_unlock(&bo->base.gpuva.lock);
- dma_resv_unlock(bo->base.resv);
 ...
 }

@@
identifier bo, op;
@@
 static int panthor_vm_prepare_map_op_ctx(..., struct panthor_gem_object *bo,
					  const struct drm_panthor_vm_bind_op *op)
 {
 ...
- dma_resv_lock(bo->base.resv, NULL);
- mutex_lock(&bo->base.gpuva.lock);
- panthor_gem_update_reclaim_state_locked(bo, NULL);
- mutex_unlock(&bo->base.gpuva.lock);
- dma_resv_unlock(bo->base.resv);
+ panthor_gem_gpu_may_write(bo, op->flags, op->bo_offset, op->size);
 ...
 }

// Until the caches are flushed the GPU may write to what was mapped. So reclaim has to see the
// mapping until then, and with it that the VM is busy.
@@
identifier vma;
@@
 static void panthor_vma_unlink(struct panthor_vma *vma)
 {
- drm_gpuva_unlink_defer(&vma->base);
- kfree(vma);
+ struct panthor_vm *vm = container_of(vma->base.vm, struct panthor_vm, base);
+
+ list_add_tail(&vma->node, &vm->unlinked);
 }
+
+static void panthor_vm_forget_unlinked(struct panthor_vm *vm)
+{
+	struct panthor_vma *vma;
+
+	while ((vma = list_first_entry_or_null(&vm->unlinked, struct panthor_vma, node))) {
+		list_del(&vma->node);
+		drm_gpuva_unlink_defer(&vma->base);
+		kfree(vma);
+	}
+}

@@
identifier vm;
@@
 panthor_vm_exec_op(struct panthor_vm *vm, ...)
 {
 ...
 panthor_vm_unlock_region(vm);
+ panthor_vm_forget_unlinked(vm);
 ...
 }

// Page tables are edited without the reservation lock.
@@
struct panthor_gem_object *bo;
@@
- bo->dmap.sgt
+ drm_gem_pages_peek_sgt(&bo->pages)

@@
identifier bo, pg, bo_offset, op, addr;
@@
 iova_mapped_as_huge_page(struct drm_gpuva_op_map *op, u64 addr)
 {
 struct panthor_gem_object *bo = ...;
- const struct page *pg;
 ...
- pg = bo->backing.pages[bo_offset >> PAGE_SHIFT];
- return folio_size(page_folio(pg)) >= SZ_2M;
+ return panthor_gem_is_block(bo, bo_offset, addr);
 }

// Of the reclaim here only the editing of the page tables remains.
@@
identifier vm_bo, bo, vm;
@@
- static int panthor_vm_restore_vmas(struct drm_gpuvm_bo *vm_bo)
+ static int panthor_vm_restore_vmas(struct drm_gpuvm_bo *vm_bo, struct sg_table *sgt)
 {
- struct panthor_vm *vm = ...;
- struct panthor_gem_object *bo = ...;
 struct panthor_vm_op_ctx op_ctx;
- if (drm_WARN_ON_ONCE(&vm->ptdev->base, !drm_gem_pages_peek_sgt(&bo->pages)))
-	return -EINVAL;
 ...
 }

@@
identifier f =~ "^panthor_vm_update_bo_reclaim_lru_locked$|^panthor_vm_evict_bo_mappings_locked$|^panthor_mmu_reclaim_priv_bos$";
@@
- f(...) { ... }

@@
identifier vm_bo, exec, bo;
@@
 panthor_vm_bo_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
 {
 struct panthor_gem_object *bo = ...;
- int ret;
- ret = panthor_gem_swapin_locked(bo);
- if (ret)
-	return ret;
- ret = panthor_vm_restore_vmas(vm_bo);
- if (ret)
-	return ret;
- drm_gpuvm_bo_evict(vm_bo, false);
- mutex_lock(&bo->base.gpuva.lock);
- panthor_gem_update_reclaim_state_locked(bo, NULL);
- mutex_unlock(&bo->base.gpuva.lock);
- return 0;
+ /* To touch it is a fault; whoever said DONTNEED knows. */
+ if (drm_gem_pages_is_purged_locked(&bo->pages))
+	return 0;
+ return drm_gem_pages_gpuvm_validate(vm_bo, exec);
 }

@@
@@
+static struct drm_gem_pages_vm *panthor_vm_reclaim(struct drm_gpuvm *gpuvm)
+{
+	return &container_of(gpuvm, struct panthor_vm, base)->reclaim;
+}
+
+/* Not while a job of the VM is running, nor once a reset is pending. */
+static bool panthor_vm_trylock(struct drm_gpuvm *gpuvm)
+{
+	struct panthor_vm *vm = container_of(gpuvm, struct panthor_vm, base);
+
+	if (!dma_resv_test_signaled(drm_gpuvm_resv(gpuvm), DMA_RESV_USAGE_BOOKKEEP))
+		return false;
+	/* What is pending during a suspend begins with the resume; nothing runs until then. */
+	if (panthor_device_reset_is_pending(vm->ptdev) &&
+	    atomic_read(&vm->ptdev->pm.state) != PANTHOR_DEVICE_PM_STATE_SUSPENDED)
+		return false;
+	return mutex_trylock(&vm->op_lock);
+}
+
+static void panthor_vm_unlock(struct drm_gpuvm *gpuvm)
+{
+	mutex_unlock(&container_of(gpuvm, struct panthor_vm, base)->op_lock);
+}
+
+static int panthor_vma_unmap(struct drm_gpuva *va)
+{
+	struct panthor_vm *vm = container_of(va->vm, struct panthor_vm, base);
+	int ret;
+
+	ret = panthor_vm_lock_region(vm, va->va.addr, va->va.range);
+	if (ret)
+		return ret;
+	panthor_vm_unmap_pages(vm, va->va.addr, va->va.range);
+	panthor_vm_unlock_region(vm);
+	return 0;
+}
+
+const struct drm_gem_pages_gpuvm_ops panthor_vm_reclaim_ops = {
+	.vm = panthor_vm_reclaim,
+	.trylock = panthor_vm_trylock,
+	.unlock = panthor_vm_unlock,
+	.unmap = panthor_vma_unmap,
+	.map = panthor_vm_restore_vmas,
+};
+
 static const struct drm_gpuvm_ops panthor_gpuvm_ops = { ... };

// Nobody tries again: a VM keeps its mappings, and they keep the VM.
@@
identifier vm;
expression start, range;
@@
 panthor_vm_destroy(struct panthor_vm *vm)
 {
+ int ret;
+
  if (!vm)
	return;
 ...
- drm_WARN_ON(&vm->ptdev->base, panthor_vm_unmap_range(vm, start, range));
+ while ((ret = panthor_vm_unmap_range(vm, start, range)) == -ENOMEM)
+	schedule_timeout_uninterruptible(1);
+ drm_WARN_ON(&vm->ptdev->base, ret);
 ...
 }
