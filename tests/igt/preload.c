// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into the IGT tests, to get around two things that have nothing to
 * do with what they test:
 *
 * IGT_AS_VGEM=NAME: some tests insist on a driver of the name "vgem" without
 * using anything of vgem's own. The driver NAME then says that it is vgem, and
 * the real vgem says that it is not.
 *
 * IGT_READABLE: what is mapped for writing only can be read on every real CPU,
 * and tests do so, but not on User-Mode Linux. It then gets mapped for both.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <drm.h>

static void rename_driver(struct drm_version *version, size_t room)
{
	static const char stock[] = "vgem", not_stock[] = "not vgem";
	const char *chosen = getenv("IGT_AS_VGEM");
	const char *name;
	size_t len;

	/* The kernel wrote as much as there was room for, and no final zero. */
	len = version->name_len < room ? version->name_len : room;
	if (!chosen || len < sizeof(stock) - 1)
		return;

	if (version->name_len == strlen(chosen) && !memcmp(version->name, chosen, len))
		name = stock;
	else if (version->name_len == sizeof(stock) - 1 && !memcmp(version->name, stock, len))
		name = not_stock;
	else
		return;

	version->name_len = strlen(name);
	memset(version->name, 0, len);
	memcpy(version->name, name, version->name_len < room ? version->name_len : room);
}

int ioctl(int fd, unsigned long request, ...)
{
	struct drm_version *version;
	va_list ap;
	size_t room;
	void *arg;
	int ret;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);

	if (request != DRM_IOCTL_VERSION)
		return syscall(SYS_ioctl, fd, request, arg);

	version = arg;
	room = version->name_len;
	ret = syscall(SYS_ioctl, fd, request, arg);
	if (!ret && version->name)
		rename_driver(version, room);
	return ret;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	if ((prot & PROT_WRITE) && getenv("IGT_READABLE"))
		prot |= PROT_READ;
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t offset)
{
	return mmap(addr, len, prot, flags, fd, offset);
}
