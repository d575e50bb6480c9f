// SPDX-License-Identifier: GPL-2.0
// msm_debugfs.c: 2 places, 30 lines removed
// The library has such a file.

@@
@@
- static unsigned long last_shrink_freed;

@@
identifier f =~ "^shrink_get$|^shrink_set$";
@@
- f(...) { ... }

@@
declarer name DEFINE_DEBUGFS_ATTRIBUTE;
@@
- DEFINE_DEBUGFS_ATTRIBUTE(shrink_fops, shrink_get, shrink_set, "0x%08llx\n");

@@
expression root, dev;
@@
- debugfs_create_file("shrink", S_IRWXU, root, dev, &shrink_fops);
+ debugfs_create_symlink("shrink", root, "gem_pages_shrink");
