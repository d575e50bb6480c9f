// SPDX-License-Identifier: GPL-2.0
// panthor_device.c: 6 places, 6 lines removed

// Objects and reclaim are set up together, by a function that can fail.
@@
@@
 int panthor_device_init(struct panthor_device *ptdev)
 {
 <...
(
- ret = panthor_gem_shrinker_init(ptdev);
+ ret = panthor_gem_init(ptdev);
|
- panthor_gem_init(ptdev);
|
- panthor_gem_shrinker_unplug(ptdev);
+ panthor_gem_unplug(ptdev);
)
 ...>
 }

// Reclaim stops before the hardware that it talks to is taken down.
@ exists @
@@
 void panthor_device_unplug(struct panthor_device *ptdev)
 {
 ...
+ panthor_gem_unplug(ptdev);
 panthor_sched_unplug(ptdev);
 ...
- panthor_gem_shrinker_unplug(ptdev);
 ...
 }

// It also waits for the work queue of resets. There, nothing waits for it.
@@
@@
 void panthor_device_unplug(struct panthor_device *ptdev)
 {
 <...
- wait_for_completion(&ptdev->unplug.done);
+ if (current_work() != &ptdev->reset.work)
+	wait_for_completion(&ptdev->unplug.done);
 ...>
 }
