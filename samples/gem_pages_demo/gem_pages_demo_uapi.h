/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef _GEM_PAGES_DEMO_UAPI_H_
#define _GEM_PAGES_DEMO_UAPI_H_

#ifdef __KERNEL__
#include <drm/drm.h>
#else
#include <drm.h>
#endif

/* Properties of a buffer, see enum drm_gem_pages_flags for what they do. */
#define GEM_PAGES_DEMO_WC	0x1
#define GEM_PAGES_DEMO_NO_MMAP	0x2
#define GEM_PAGES_DEMO_NO_SHARE	0x4

struct drm_gem_pages_demo_create {
	__u64 size;	/* in: bytes; out: rounded up to whole pages */
	__u32 flags;	/* in: GEM_PAGES_DEMO_* */
	__u32 handle;	/* out */
};

struct drm_gem_pages_demo_mmap_offset {
	__u32 handle;	/* in */
	__u32 pad;	/* in: zero */
	__u64 offset;	/* out: offset for mmap, in bytes */
};

/* Lets the device write @value to every 32-bit word of a buffer. */
struct drm_gem_pages_demo_fill {
	__u32 handle;	/* in */
	__u32 value;	/* in */
};

#define DRM_GEM_PAGES_DEMO_CREATE	0x00
#define DRM_GEM_PAGES_DEMO_MMAP_OFFSET	0x01
#define DRM_GEM_PAGES_DEMO_FILL		0x02

#define DRM_IOCTL_GEM_PAGES_DEMO_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GEM_PAGES_DEMO_CREATE, \
		 struct drm_gem_pages_demo_create)
#define DRM_IOCTL_GEM_PAGES_DEMO_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GEM_PAGES_DEMO_MMAP_OFFSET, \
		 struct drm_gem_pages_demo_mmap_offset)
#define DRM_IOCTL_GEM_PAGES_DEMO_FILL \
	DRM_IOW(DRM_COMMAND_BASE + DRM_GEM_PAGES_DEMO_FILL, \
		struct drm_gem_pages_demo_fill)

#endif /* _GEM_PAGES_DEMO_UAPI_H_ */
