// SPDX-License-Identifier: GPL-2.0

static struct drm_gem_object *my_import(struct drm_device *dev, size_t size)
{
	struct my_object *bo;

	bo = my_object_create(dev, size);
	if (IS_ERR(bo))
		return ERR_CAST(bo);
	bo->imported = true;
	return &bo->pages.base;
}

static struct drm_gem_object *my_create(struct drm_device *dev, size_t size)
{
	struct my_object *bo = kzalloc_obj(*bo);

	if (!bo)
		return ERR_PTR(-ENOMEM);
	return &bo->pages.base;
}

static struct drm_gem_object *my_dumb(struct drm_device *dev, size_t size)
{
	struct drm_gem_pages_object *obj = drm_gem_pages_create(dev, size, 0);
	struct drm_gem_object *gem = &obj->base;

	if (IS_ERR(obj))
		return ERR_CAST(obj);
	return gem;
}
