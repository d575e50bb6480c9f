# SPDX-License-Identifier: GPL-2.0
# What msm_gem.h has, in the names of drm_gem_pages and dma_resv
s/\bmsm_gem_(lock|lock_interruptible|trylock|unlock)\b/dma_resv_\1/g
s/\bmsm_gem_assert_locked\b/dma_resv_assert_held/g
s/\bmsm_gem_get_pages_locked\b/drm_gem_pages_populate_locked/g
s/\bmsm_gem_pin_(obj|pages)_locked\b/drm_gem_pages_pin_locked/g
s/\bmsm_gem_unpin(_pages_locked|_locked|_active)\b/drm_gem_pages_unpin/g
s/\bmsm_gem_get_vaddr(_locked)?\b/drm_gem_pages_vmap\1/g
s/\bmsm_gem_put_vaddr(_locked)?\b/drm_gem_pages_vunmap\1/g
s/\bmsm_gem_madvise\b/drm_gem_pages_madvise/g
s/\bmsm_gem_(purge|evict)\b/drm_gem_pages_\1_locked/g
s/\b(msm_obj|to_msm_bo\([a-z>.-]*\)|msm_bo)->(pages|sgt|vaddr|vmap_count|pin_count)\b/\1->state.\2/g
