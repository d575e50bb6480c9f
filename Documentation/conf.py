# SPDX-License-Identifier: GPL-2.0
"""Sphinx configuration: one page, with the kernel's own kernel-doc directive."""

import os
import sys

# The kernel tree with the library in place; see tools/tree.
srctree = os.environ['srctree']
sys.path.insert(0, os.path.join(srctree, 'Documentation', 'sphinx'))

project = 'drm_gem_pages'
copyright = 'the authors of drm_gem_pages'
root_doc = 'drm-gem-pages'
extensions = ['kerneldoc', 'automarkup']
kerneldoc_srctree = srctree
kerneldoc_bin = [os.path.join(srctree, 'tools', 'docs', 'kernel-doc')]
primary_domain = 'c'
highlight_language = 'none'
smartquotes = False
html_theme = 'alabaster'
html_sidebars = {'**': ['globaltoc.html', 'searchbox.html']}
# C types and functions of the kernel that this page does not describe.
c_allow_pre_v3 = True
c_id_attributes = ['__user', '__must_check', '__force', '__private', '__free']
