// SPDX-License-Identifier: GPL-2.0
// panthor_sched.c: 6 places, 1 lines removed

// Only the tick takes groups out of their slots, and it runs no more: without this, a group
// that is in one when the device goes is never freed, and all that it has mapped with it. Nor
// would its jobs end, and others wait for them. A reset that failed does all that, in the
// work queue of resets, where the timeouts of jobs wait until it is through.
@@
identifier sched;
@@
+struct panthor_sched_end {
+	struct work_struct work;
+	struct panthor_device *ptdev;
+};
+
+static void panthor_sched_end_work(struct work_struct *work)
+{
+	struct panthor_sched_end *end = container_of(work, struct panthor_sched_end, work);
+
+	panthor_sched_pre_reset(end->ptdev);
+	panthor_sched_post_reset(end->ptdev, true);
+}
+
 void panthor_sched_unplug(struct panthor_device *ptdev)
 {
+ struct panthor_sched_end end = { .ptdev = ptdev };
 ...
 disable_work_sync(&sched->sync_upd_work);
+ INIT_WORK_ONSTACK(&end.work, panthor_sched_end_work);
+ if (current_work() == &ptdev->reset.work) {
+	panthor_sched_end_work(&end.work);
+ } else {
+	queue_work(ptdev->reset.wq, &end.work);
+	flush_work(&end.work);
+ }
+ destroy_work_on_stack(&end.work);
 ...
 }

// What a job waits for may come when the device has gone.
@@
iterator name scoped_guard;
identifier ret;
expression ptdev;
@@
 ret = panthor_device_resume_and_get(ptdev);
-if (drm_WARN_ON(&ptdev->base, ret))
+if (ret) {
+	drm_WARN_ON(&ptdev->base, !drm_dev_is_unplugged(&ptdev->base));
	return ERR_PTR(ret);
+}

// A scheduler that could not be made must not be torn down: its operations are set all the same.
@@
expression queue, args, ret;
@@
 ret = drm_sched_init(&queue->scheduler, args);
+if (ret)
+	queue->scheduler.ops = NULL;
 if (ret)
 	goto err_free_queue;
