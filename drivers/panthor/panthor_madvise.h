/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef _PANTHOR_MADVISE_H_
#define _PANTHOR_MADVISE_H_

/*
 * What this driver has in addition to the interface of drm/panthor_drm.h. The number is
 * the last one that a driver has, so that upstream's next ones stay free.
 */

#include <drm/drm.h>

/**
 * enum drm_panthor_bo_advice - whether the content of a buffer object is needed
 */
enum drm_panthor_bo_advice {
	/** @DRM_PANTHOR_BO_WILLNEED: it is; so it is at first */
	DRM_PANTHOR_BO_WILLNEED = 0,

	/**
	 * @DRM_PANTHOR_BO_DONTNEED: it may be thrown away when memory is short. Only for
	 * objects with an exclusive VM, where it may stay mapped; jobs that do not touch it
	 * run as before, those that do get a GPU page fault once it is gone, and the CPU
	 * gets SIGBUS.
	 */
	DRM_PANTHOR_BO_DONTNEED = 1,
};

/**
 * struct drm_panthor_bo_madvise - arguments of DRM_IOCTL_PANTHOR_BO_MADVISE
 */
struct drm_panthor_bo_madvise {
	/** @handle: buffer object, not an imported one */
	__u32 handle;

	/** @advice: &enum drm_panthor_bo_advice */
	__u32 advice;

	/**
	 * @retained: out, 1 if the object has its content, or none yet, and 0 if it was
	 * thrown away. That is for good: such an object is of no use but to be closed.
	 */
	__u32 retained;

	/** @pad: zero */
	__u32 pad;
};

#define DRM_PANTHOR_BO_MADVISE	(DRM_COMMAND_END - 1 - DRM_COMMAND_BASE)

#define DRM_IOCTL_PANTHOR_BO_MADVISE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PANTHOR_BO_MADVISE, struct drm_panthor_bo_madvise)

#endif /* _PANTHOR_MADVISE_H_ */
