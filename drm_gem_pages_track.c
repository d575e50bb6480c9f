// SPDX-License-Identifier: GPL-2.0

#include <linux/ref_tracker.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <drm/drm_print.h>

#include "drm_gem_pages_internal.h"

/*
 * Who holds a pin, for CONFIG_DRM_GEM_PAGES_DEBUG. Pins have no names, so an unpin is
 * taken for that of the last pin of the same task, or of the last one at all.
 */

struct drm_gem_pages_tracking {
	struct ref_tracker_dir dir;
	/* protects pins */
	spinlock_t lock;
	struct list_head pins;
};

struct tracked_pin {
	struct list_head node;
	struct ref_tracker *tracker;
	const struct task_struct *task;
};

/* Before the first pin. Without memory the object is not tracked. */
void drm_gem_pages_track_begin(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_tracking *tracking;

	if (state_of(obj)->tracking)
		return;
	tracking = kzalloc_obj(*tracking, GFP_NOWAIT);
	if (!tracking)
		return;
	ref_tracker_dir_init(&tracking->dir, 1, "drm_gem_pages_pin");
	spin_lock_init(&tracking->lock);
	INIT_LIST_HEAD(&tracking->pins);
	state_of(obj)->tracking = tracking;
}

void drm_gem_pages_track_pin(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_tracking *tracking = state_of(obj)->tracking;
	struct tracked_pin *pin;

	if (!tracking)
		return;
	pin = kzalloc_obj(*pin, GFP_NOWAIT);
	if (!pin)
		return;
	ref_tracker_alloc(&tracking->dir, &pin->tracker, GFP_NOWAIT);
	pin->task = current;

	guard(spinlock_irqsave)(&tracking->lock);
	list_add(&pin->node, &tracking->pins);
}

static void free_pin(struct drm_gem_pages_tracking *tracking, struct tracked_pin *pin)
{
	ref_tracker_free(&tracking->dir, &pin->tracker);
	kfree(pin);
}

void drm_gem_pages_track_unpin(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_tracking *tracking = state_of(obj)->tracking;
	struct tracked_pin *pin, *found;

	if (!tracking)
		return;

	scoped_guard(spinlock_irqsave, &tracking->lock) {
		found = list_first_entry_or_null(&tracking->pins, typeof(*found), node);
		list_for_each_entry(pin, &tracking->pins, node) {
			if (pin->task == current) {
				found = pin;
				break;
			}
		}
		if (found)
			list_del(&found->node);
	}
	if (found)
		free_pin(tracking, found);
}

/* Nobody has the object any more; if there are pins left, say whose. */
void drm_gem_pages_track_end(struct drm_gem_pages_object *obj)
{
	struct drm_gem_pages_tracking *tracking = state_of(obj)->tracking;
	struct tracked_pin *pin, *next;

	if (!tracking)
		return;

	if (atomic_read(&state_of(obj)->pin_count))
		ref_tracker_dir_print(&tracking->dir, 16);
	list_for_each_entry_safe(pin, next, &tracking->pins, node)
		free_pin(tracking, pin);
	ref_tracker_dir_exit(&tracking->dir);
	kfree(tracking);
	state_of(obj)->tracking = NULL;
}
