// SPDX-License-Identifier: GPL-2.0

#define CREATE_TRACE_POINTS
#include "drm_gem_pages_trace.h"

#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/string_choices.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_pages_shrinker.h>
#include <drm/drm_print.h>

#include "drm_gem_pages_shrinker_internal.h"

/*
 * What can be seen of objects from outside: fdinfo and debugfs. Tracepoints are in
 * drm_gem_pages_trace.h.
 */

/**
 * drm_gem_pages_set_label - give an object a name for debugfs
 * @obj: object
 * @label: text, copied, or NULL for none
 *
 * It is kept only if the device has a shrinker.
 *
 * Context: May sleep and enter memory reclaim.
 *
 * Return: 0 or -ENOMEM.
 */
int drm_gem_pages_set_label(struct drm_gem_pages_object *obj, const char *label)
{
	struct drm_gem_pages_state *s = state_of(obj);
	char *copy = NULL;

	if (label) {
		copy = kstrdup(label, GFP_KERNEL);
		if (!copy)
			return -ENOMEM;
	}

	/* Without a shrinker there is nobody to read it. */
	if (s->shrinker) {
		guard(spinlock)(&s->shrinker->objects_lock);
		swap(s->label, copy);
	}
	kfree(copy);
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gem_pages_set_label);

/**
 * drm_gem_pages_print_label - print the name of an object
 * @p: where to print
 * @obj: object; nothing is printed for one without a label
 *
 * Context: Process context. Prints to @p with a spinlock held.
 */
void drm_gem_pages_print_label(struct drm_printer *p, struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_state *s = state_of(obj);

	if (!s->shrinker)
		return;
	guard(spinlock)(&s->shrinker->objects_lock);
	if (s->label)
		drm_puts(p, s->label);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_print_label);

static bool is_evicted(struct drm_gem_pages_state *s)
{
	return s->evictions && !READ_ONCE(s->pages) && !s->purged;
}

/**
 * drm_gem_pages_show_memory - print the memory of a client's objects for fdinfo
 * @p: printer that &drm_driver.show_fdinfo got
 * @file: DRM file
 *
 * Prints the keys of drm_show_memory_stats() for the region "memory", and as
 * DRIVER-evicted-memory how much of drm-total-memory is evicted: the size of objects
 * that get their pages and their content back when they are used.
 *
 * Context: as &drm_driver.show_fdinfo. Does not sleep.
 */
void drm_gem_pages_show_memory(struct drm_printer *p, struct drm_file *file)
{
	struct drm_gem_object *gem;
	u64 evicted = 0;
	int handle;

	drm_show_memory_stats(p, file);

	scoped_guard(spinlock, &file->table_lock) {
		idr_for_each_entry(&file->object_idr, gem, handle) {
			if (gem && gem->funcs && gem->funcs->vm_ops == &drm_gem_pages_vm_ops &&
			    is_evicted(state_of(to_drm_gem_pages(gem))))
				evicted += gem->size;
		}
	}
	drm_fdinfo_print_size(p, file->minor->dev->driver->name, "evicted", "memory", evicted);
}
EXPORT_SYMBOL_GPL(drm_gem_pages_show_memory);

#ifdef CONFIG_DEBUG_FS

static const char * const class_names[DRM_GEM_PAGES_CLASSES] = {
	[DRM_GEM_PAGES_NOT_RECLAIMABLE] = "none",
	[DRM_GEM_PAGES_PURGEABLE] = "purgeable",
	[DRM_GEM_PAGES_UNUSED] = "unused",
	[DRM_GEM_PAGES_MMAPPED] = "mmapped",
	[DRM_GEM_PAGES_GPU_MAPPED] = "gpu-mapped",
	[DRM_GEM_PAGES_GPU_SHARED] = "gpu-shared",
	[DRM_GEM_PAGES_BUSY] = "busy",
};

static const char *backing_of(struct drm_gem_pages_state *s)
{
	if (READ_ONCE(s->pages))
		return "resident";
	return s->purged ? "purged" : s->evictions ? "evicted" : "empty";
}

/* One line, of which the number and order of columns will not change. */
static void show_object(struct seq_file *m, struct drm_gem_pages_state *s)
{
	struct drm_gem_object *gem = &object_of(s)->base;
	unsigned int vmaps = READ_ONCE(s->vmap_count);
	char vmap[12] = "none";

	if (vmaps)
		snprintf(vmap, sizeof(vmap), "%u", vmaps);
	else if (READ_ONCE(s->vaddr))
		strscpy(vmap, "idle");

	seq_printf(m, "%-10zu %-10zu %-8s %-10s %-4d %-3s %-4s %-5d %-3u %-9u %-4d %s\n",
		   gem->size, READ_ONCE(s->pages) ? gem->size : 0, backing_of(s),
		   class_names[READ_ONCE(s->class)], atomic_read(&s->pin_count),
		   str_yes_no(READ_ONCE(s->sgt)), vmap, atomic_read(&s->mmap_count),
		   READ_ONCE(s->gpu_vms), s->evictions, gem->name, s->label ?: "");
}

static int show_objects(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	struct drm_gem_pages_shrinker *shrinker = entry->file.data;
	enum drm_gem_pages_class class;
	struct drm_gem_pages_state *s;

	seq_puts(m, "size       resident   state    class      pins sgt vmap mmaps VMs evictions name label\n");
	scoped_guard(spinlock, &shrinker->objects_lock) {
		list_for_each_entry(s, &shrinker->objects, node)
			show_object(m, s);
	}

	seq_puts(m, "\nclass      objects pages\n");
	guard(spinlock_irq)(&shrinker->lock);
	for (class = DRM_GEM_PAGES_PURGEABLE; class < DRM_GEM_PAGES_CLASSES; class++)
		seq_printf(m, "%-10s %-7lu %lu\n", class_names[class],
			   shrinker->count[class],
			   drm_gem_pages_pages_in(shrinker, class, DRM_GEM_PAGES_NEEDS_ALL));
	return 0;
}

/* The contexts in which a scan can be asked for. */
static const struct {
	const char *name;
	gfp_t gfp;
} contexts[] = {
	{ "kernel", GFP_KERNEL },
	{ "nofs", GFP_NOFS },
	{ "noio", GFP_NOIO },
	{ "nowait", GFP_NOWAIT },
	{ "atomic", GFP_ATOMIC },
};

static ssize_t shrink_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	struct seq_file *m = file->private_data;
	struct drm_gem_pages_shrinker *shrinker = m->private;
	unsigned long target;
	unsigned int i = 0;
	char text[32], name[16];
	gfp_t gfp;
	int n;

	if (*pos || size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, user, size))
		return -EFAULT;
	text[size] = '\0';

	n = sscanf(text, "%lu %15s", &target, name);
	if (n < 1)
		return -EINVAL;
	while (n > 1 && strcmp(contexts[i].name, name)) {
		if (++i == ARRAY_SIZE(contexts))
			return -EINVAL;
	}
	gfp = contexts[i].gfp;

	guard(rwsem_read)(&shrinker->alive);
	if (!shrinker->shrinker)
		return -ENODEV;

	WRITE_ONCE(shrinker->last_freed, drm_gem_pages_shrinker_reclaim(shrinker, gfp, target));
	return size;
}

/* What the scan before has freed, and what one in each context could free. */
static int shrink_show(struct seq_file *m, void *data)
{
	struct drm_gem_pages_shrinker *shrinker = m->private;
	int i;

	guard(rwsem_read)(&shrinker->alive);
	if (!shrinker->shrinker)
		return -ENODEV;

	seq_printf(m, "freed %lu\n", READ_ONCE(shrinker->last_freed));
	for (i = 0; i < ARRAY_SIZE(contexts); i++)
		seq_printf(m, "%s %lu\n", contexts[i].name,
			   drm_gem_pages_shrinker_count(shrinker, contexts[i].gfp));
	return 0;
}
DEFINE_SHOW_STORE_ATTRIBUTE(shrink);

void drm_gem_pages_debugfs_init(struct drm_gem_pages_shrinker *shrinker)
{
	struct drm_device *dev = shrinker->dev;

	drm_debugfs_add_file(dev, "gem_pages", show_objects, shrinker);
	debugfs_create_file("gem_pages_shrink", 0600, dev->debugfs_root, shrinker, &shrink_fops);
}

#else

void drm_gem_pages_debugfs_init(struct drm_gem_pages_shrinker *shrinker)
{
}

#endif
