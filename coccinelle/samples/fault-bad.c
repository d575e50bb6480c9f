// SPDX-License-Identifier: GPL-2.0

static vm_fault_t my_fault(struct vm_fault *vmf)
{
	struct my_object *obj = vmf->vma->vm_private_data;

	if (drm_gem_pages_pin(&obj->pages))				/* report */
		return VM_FAULT_SIGBUS;
	return drm_gem_pages_vm_ops.fault(vmf);
}

static const struct vm_operations_struct my_vm_ops = {
	.fault = my_fault,
};

static int my_prepare(struct my_object *obj)
{
	return drm_gem_pages_pin_locked(&obj->pages);			/* report */
}

static int my_mmap(struct drm_gem_object *gem, struct vm_area_struct *vma)
{
	int ret;

	ret = my_prepare(to_my_object(gem));
	if (ret)
		return ret;
	return drm_gem_pages_object_mmap(gem, vma);
}

static const struct drm_gem_object_funcs my_funcs = {
	.mmap = my_mmap,
};

static int my_pin(struct my_object *obj)
{
	return drm_gem_pages_pin(&obj->pages);				/* report */
}

static int my_ready(struct my_object *obj)
{
	return my_pin(obj);
}

static int my_dma_buf_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	return my_ready(dma_buf->priv);
}

static const struct dma_buf_ops my_dma_buf_ops = {
	.mmap = my_dma_buf_mmap,
};

/* In a helper, and by a callback of GEM */
static int my_scope(struct my_object *obj)
{
	CLASS(drm_gem_pages_vmap, vmap)(&obj->pages);			/* report */
	return vmap.err;
}

static vm_fault_t my_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct drm_gem_object *gem = vmf->vma->vm_private_data;

	if (drm_gem_pin(gem))						/* report */
		return VM_FAULT_SIGBUS;
	if (my_scope(to_my_object(gem)))
		return VM_FAULT_SIGBUS;
	return my_insert(vmf, order);
}

static const struct vm_operations_struct my_huge_vm_ops = {
	.huge_fault = my_huge_fault,
};

static int my_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	CLASS(drm_gem_pages_pin, pin)(file->private_data);		/* report */
	return pin.err;
}

static const struct file_operations my_fops = {
	.mmap = my_file_mmap,
};
