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

static struct drm_gem_object *my_create_named(struct drm_device *dev, size_t size)
{
	struct my_object *bo = my_object_create(dev, size);

	if (!IS_ERR(bo)) {
		bo->name = "mine";
		return &bo->base;
	}
	return ERR_CAST(bo);
}

static struct drm_gem_object *my_create_or_else(struct drm_device *dev, size_t size)
{
	struct my_object *bo = my_object_create(dev, size);

	if (!IS_ERR(bo))
		bo->name = "mine";
	else
		return ERR_CAST(bo);
	return &bo->base;
}

static struct drm_gem_object *my_create_warned(struct drm_device *dev, size_t size)
{
	struct my_object *bo = my_object_create(dev, size);

	if (WARN_ON(IS_ERR(bo)))
		return ERR_CAST(bo);
	return &bo->base;
}

static struct drm_gem_object *my_find_base(u32 handle)
{
	struct my_object *bo = my_look_up(handle);

	return bo ? &bo->base : NULL;
}
