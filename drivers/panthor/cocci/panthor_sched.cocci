// SPDX-License-Identifier: GPL-2.0
// panthor_sched.c: 2 places, 0 lines removed

// Only the tick takes groups out of their slots, and it runs no more: without this, a group
// that is in one when the device goes is never freed, and all that it has mapped with it.
@@
identifier sched;
@@
 void panthor_sched_unplug(struct panthor_device *ptdev)
 {
 ...
 disable_work_sync(&sched->sync_upd_work);
+ panthor_sched_suspend(ptdev);
 ...
 }

// A scheduler that could not be made must not be torn down: its operations are set all the same.
@@
expression queue, args, ret;
@@
 ret = drm_sched_init(&queue->scheduler, args);
+if (ret)
+	queue->scheduler.ops = NULL;
 if (ret)
 	goto err_free_queue;
