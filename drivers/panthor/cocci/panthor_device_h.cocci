// SPDX-License-Identifier: GPL-2.0
// panthor_device.h: 1 places, 69 lines removed
// The library keeps the LRUs and the shrinker.

@@
@@
 struct panthor_device {
 ...
- struct { ... } reclaim;
 ...
 };
