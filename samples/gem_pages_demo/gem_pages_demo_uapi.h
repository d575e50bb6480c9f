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
/* Its pages lie one behind the other, aligned to the next power of two of its size. */
#define GEM_PAGES_DEMO_CONTIGUOUS	0x8

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

/* What a client says about the content of a buffer. */
#define GEM_PAGES_DEMO_WILLNEED	0
#define GEM_PAGES_DEMO_DONTNEED	1

struct drm_gem_pages_demo_madvise {
	__u32 handle;	/* in */
	__u32 advice;	/* in: GEM_PAGES_DEMO_WILLNEED or _DONTNEED */
	__u32 retained;	/* out: 0 if the content is gone, else 1 */
	__u32 pad;	/* in: zero */
};

/* Maps a buffer in the client's VM of the device, or unmaps it. */
struct drm_gem_pages_demo_map {
	__u32 handle;	/* in */
	__u32 map;	/* in: 1 to map, 0 to unmap */
};

/* A job of the device on a buffer that is mapped in the client's VM. */
struct drm_gem_pages_demo_run {
	__u32 handle;	/* in */
	__u32 write;	/* in: 1 to write @value to each 32-bit word, 0 to compare it */
	__u32 value;	/* in */
	__u32 pad;	/* in: zero */
	__u64 wrong;	/* out: number of words that differ */
};

#define DRM_GEM_PAGES_DEMO_CREATE	0x00
#define DRM_GEM_PAGES_DEMO_MMAP_OFFSET	0x01
#define DRM_GEM_PAGES_DEMO_FILL		0x02
#define DRM_GEM_PAGES_DEMO_MADVISE	0x03
#define DRM_GEM_PAGES_DEMO_MAP		0x04
#define DRM_GEM_PAGES_DEMO_RUN		0x05

#define DRM_IOCTL_GEM_PAGES_DEMO_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GEM_PAGES_DEMO_CREATE, \
		 struct drm_gem_pages_demo_create)
#define DRM_IOCTL_GEM_PAGES_DEMO_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GEM_PAGES_DEMO_MMAP_OFFSET, \
		 struct drm_gem_pages_demo_mmap_offset)
#define DRM_IOCTL_GEM_PAGES_DEMO_FILL \
	DRM_IOW(DRM_COMMAND_BASE + DRM_GEM_PAGES_DEMO_FILL, \
		struct drm_gem_pages_demo_fill)

#define DRM_IOCTL_GEM_PAGES_DEMO_MADVISE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GEM_PAGES_DEMO_MADVISE, \
		 struct drm_gem_pages_demo_madvise)
#define DRM_IOCTL_GEM_PAGES_DEMO_MAP \
	DRM_IOW(DRM_COMMAND_BASE + DRM_GEM_PAGES_DEMO_MAP, \
		struct drm_gem_pages_demo_map)
#define DRM_IOCTL_GEM_PAGES_DEMO_RUN \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GEM_PAGES_DEMO_RUN, \
		 struct drm_gem_pages_demo_run)

#endif /* _GEM_PAGES_DEMO_UAPI_H_ */
