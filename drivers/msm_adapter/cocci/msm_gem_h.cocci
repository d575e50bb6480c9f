// SPDX-License-Identifier: GPL-2.0
// msm_gem.h: 5 places, 99 lines removed
// An object is one of the library's; drm_gpuvm's flag says what is in the page tables.

@@
@@
 #include "msm_drv.h"
+#include "msm_gem_object.h"

@@
@@
- struct msm_gem_object { ... };

@@
@@
 struct msm_gem_vma {
 ...
- bool mapped;
 };

@@
identifier f =~ "^is_unpurgeable$|^is_purgeable$|^is_vunmapable$|^is_unevictable$";
@@
- f(...) { ... }

@@
type T;
identifier f =~ "^msm_gem_get_pages_locked$|^msm_gem_pin_pages_locked$|^msm_gem_unpin_pages_locked$|^msm_gem_purge$|^msm_gem_evict$|^msm_gem_vunmap$";
@@
- T f(...);
