// SPDX-License-Identifier: GPL-2.0

static struct drm_gem_object *my_import(struct drm_device *dev, size_t size)
{
	struct my_object *bo;

	bo = my_object_create(dev, size);
	if (IS_ERR(bo))
		return &bo->pages.base;					/* report, patch */
	bo->imported = true;
	return &bo->pages.base;
}

static struct drm_gem_object *my_create(struct drm_device *dev, size_t size)
{
	struct drm_gem_pages_object *obj;

	obj = drm_gem_pages_create(dev, size, 0);
	return &obj->base;						/* report, patch */
}

static struct my_object *my_find(u32 handle)
{
	return ERR_PTR(-ENOENT);
}

static struct drm_gem_object *my_lookup(u32 handle)
{
	struct my_object *bo = my_find(handle);

	my_note(handle);
	return &bo->base;						/* report, patch */
}

static struct drm_gem_object *my_dumb(struct drm_device *dev, size_t size)
{
	struct drm_gem_pages_object *obj = drm_gem_pages_create(dev, size, 0);
	struct drm_gem_object *gem = &obj->base;

	return gem;							/* report */
}

static struct drm_gem_object *my_create_named(struct drm_device *dev, size_t size)
{
	struct my_object *bo = my_object_create(dev, size);

	if (!IS_ERR(bo))
		bo->name = "mine";
	return &bo->base;						/* report, patch */
}

static struct drm_gem_object *my_create_warned(struct drm_device *dev, size_t size)
{
	struct my_object *bo = my_object_create(dev, size);

	if (WARN_ON(IS_ERR(bo)))
		return &bo->base;					/* report, patch */
	return &bo->base;
}

static struct drm_gem_object *my_create_checked(struct drm_device *dev, size_t size)
{
	struct my_object *bo = my_object_create(dev, size);

	if (drm_WARN_ON_ONCE(dev, IS_ERR(bo))) {
		my_count(dev);
		return &bo->base;					/* report, patch */
	}
	return &bo->base;
}

/* An error pointer is not NULL. */
static struct drm_gem_object *my_create_or_null(struct drm_device *dev, size_t size)
{
	struct my_object *bo = my_object_create(dev, size);

	return bo ? &bo->pages.base : NULL;				/* report */
}
