// SPDX-License-Identifier: GPL-2.0
// panthor_fw.c: 3 places, 3 lines removed
// Objects of the MCU are pinned, so nothing takes their sg table away.

@@
expression bo;
@@
- bo->dmap.sgt
+ drm_gem_pages_peek_sgt(&bo->pages)
