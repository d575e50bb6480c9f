// SPDX-License-Identifier: GPL-2.0
// panthor_device.c: 4 places, 5 lines removed
// Objects and reclaim are set up together, by a function that can fail.

@@
@@
 int panthor_device_init(struct panthor_device *ptdev)
 {
 <...
- ret = panthor_gem_shrinker_init(ptdev);
+ ret = panthor_gem_init(ptdev);
 ...>
 }

@@
@@
 int panthor_device_init(struct panthor_device *ptdev)
 {
 <...
- panthor_gem_init(ptdev);
 ...>
 }

@@
expression ptdev;
@@
- panthor_gem_shrinker_unplug(ptdev)
+ panthor_gem_unplug(ptdev)
