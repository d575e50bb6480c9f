/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_PAGES_COMPAT_7_2_H_
#define _DRM_GEM_PAGES_COMPAT_7_2_H_

/* What Linux 7.3 has and 7.2 has not. Kbuild includes it where it is missing. */

#include <linux/mm.h>
#include <linux/shmem_fs.h>

static inline bool vma_is_cow_mapping(const struct vm_area_struct *vma)
{
	return is_cow_mapping(vma->vm_flags);
}

static inline int shmem_write_folio(struct folio *folio)
{
	return shmem_writeout(folio, NULL, NULL);
}

#endif /* _DRM_GEM_PAGES_COMPAT_7_2_H_ */
