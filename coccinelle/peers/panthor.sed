# SPDX-License-Identifier: GPL-2.0
# What panthor_gem.c has, in the names of drm_gem_pages
s/\bpanthor_gem_backing_get_pages_locked\b/drm_gem_pages_populate_locked/g
s/\bpanthor_gem_backing_pin_locked\b/drm_gem_pages_pin_locked/g
s/\bpanthor_gem_backing_unpin_locked\b/drm_gem_pages_unpin/g
s/\bpanthor_gem_dev_map_get_sgt_locked\b/drm_gem_pages_sgt_locked/g
s/\bpanthor_gem_(pin|unpin|vmap_locked|vunmap_locked|evict_locked)\b/drm_gem_pages_\1/g
s/\bpanthor_gem_swapin_locked\b/drm_gem_pages_validate_locked/g
s/\bpanthor_gem_update_reclaim_state_locked\b/drm_gem_pages_gpuvm_update_locked/g
s/\b(backing|dmap|cmap)\.(pages|sgt|vaddr|pin_count)\b/state.\2/g
s/\bcmap\.vaddr_use_count\b/state.vmap_count/g
