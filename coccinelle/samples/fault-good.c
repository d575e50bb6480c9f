// SPDX-License-Identifier: GPL-2.0

static vm_fault_t my_fault(struct vm_fault *vmf)
{
	struct my_object *obj = vmf->vma->vm_private_data;

	atomic_inc(&obj->faults);
	return drm_gem_pages_vm_ops.fault(vmf);
}

static const struct vm_operations_struct my_vm_ops = {
	.fault = my_fault,
};

static int my_mmap(struct drm_gem_object *gem, struct vm_area_struct *vma)
{
	return drm_gem_pages_object_mmap(gem, vma);
}

static int my_pin(struct drm_gem_object *gem)
{
	return drm_gem_pages_object_pin(gem);
}

static const struct drm_gem_object_funcs my_funcs = {
	.mmap = my_mmap,
	.pin = my_pin,
};
