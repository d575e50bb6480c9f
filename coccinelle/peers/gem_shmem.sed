# SPDX-License-Identifier: GPL-2.0
# What drm_gem_shmem_helper has, in the names of drm_gem_pages
s/\bdrm_gem_shmem_get_pages_sgt_locked\b/drm_gem_pages_sgt_locked/g
s/\bdrm_gem_shmem_get_pages_sgt\b/drm_gem_pages_get_sgt/g
s/\bdrm_gem_shmem_get_pages_locked\b/drm_gem_pages_pin_locked/g
s/\bdrm_gem_shmem_(put_pages_locked|unpin|unpin_locked)\b/drm_gem_pages_unpin/g
s/\bto_drm_gem_shmem_obj\b/to_drm_gem_pages/g
s/\bdrm_gem_shmem_/drm_gem_pages_/g
s/\b(shmem|base|shmem_base)(->|\.)(pages|sgt|vaddr|pages_use_count|pages_pin_count|vmap_use_count)\b/\1\2state.\3/g
s/\bstate\.pages_(use|pin)_count\b/state.pin_count/g
s/\bstate\.vmap_use_count\b/state.vmap_count/g
# of ivpu
s/\bivpu_bo_(lock|unlock)\b/dma_resv_\1/g
