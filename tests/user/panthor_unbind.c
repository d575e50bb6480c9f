// SPDX-License-Identifier: GPL-2.0
/*
 * The GPU goes away while it has clients, and comes back.
 */
#include <fcntl.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "panthor_fixture.h"
#include "panthor_reclaim.h"

/* ---- fences, which are there for others when the device is not ---- */

/* Of drivers/dma-buf/sw_sync.c, which has no header. */
struct sw_sync_fence {
	__u32 value;
	char name[32];
	__s32 fence;
};

#define SW_SYNC_CREATE_FENCE	_IOWR('W', 0, struct sw_sync_fence)
#define SW_SYNC_INC		_IOW('W', 1, __u32)

/* Return: the fence that a sync object has now. */
static int fence_of(__u32 syncobj)
{
	struct drm_syncobj_handle args = {
		.handle = syncobj, .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
	};

	expect(drm_call(gpu.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args), 0, "export of a fence");

	return args.fd;
}

static bool ends(int fence, int ms)
{
	struct pollfd poll_fd = { .fd = fence, .events = POLLIN };

	return poll(&poll_fd, 1, ms) == 1;
}

/* Return: 0, or the negative errno that the fence has ended with. */
static int error_of(int fence)
{
	struct sync_file_info info = {};

	check(!ioctl(fence, SYNC_IOC_FILE_INFO, &info), "SYNC_IOC_FILE_INFO: %m");

	return info.status < 0 ? info.status : 0;
}

/* ---- cases ---- */

static void case_rebind(void)
{
	struct stream s;

	setup();
	submit_fill(1);
	expect(gpu_wait(&gpu, done, 10), 0, "a job");
	device_tell("unbind");
	check(!device_is_there(), "the device is still there");
	s = stream_begin(&gpu);
	expect(gpu_try_submit(&gpu, group, 0, &s, done), -ENODEV, "GROUP_SUBMIT");
	device_tell("bind");
	check_works();
}

/* The device goes while a job runs. */
static void case_rebind_busy(void)
{
	bool upstream = is_upstream();
	int fence;

	setup_busy();
	fence = fence_of(done);
	upstream_differs("a job that runs, after unbind", "ends", "does not end");
	device_tell("unbind");
	model_calm();
	check(ends(fence, upstream ? 500 : 5000) == !upstream, "the fence of the job");
	if (!upstream)
		check(error_of(fence) == -ECANCELED, "it ended with %d", error_of(fence));
	close(gpu.fd);
	device_tell("bind");
	check_works();
}

/* The device goes while a job waits for somebody else. */
static void case_rebind_waiting(void)
{
	struct sw_sync_fence theirs = { .value = 1, .name = "theirs" };
	int timeline = open("/sys/kernel/debug/sync/sw_sync", O_RDWR);
	struct drm_panthor_sync_op syncs[2] = {
		{ .flags = DRM_PANTHOR_SYNC_OP_WAIT | DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_SYNCOBJ },
		{ .flags = DRM_PANTHOR_SYNC_OP_SIGNAL | DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_SYNCOBJ },
	};
	struct drm_panthor_queue_submit submit = { .syncs = DRM_PANTHOR_OBJ_ARRAY(2, syncs) };
	struct drm_panthor_group_submit args = {
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &submit),
	};
	struct drm_syncobj_handle import = {
		.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
	};
	__u32 one = 1;
	struct stream s;
	int fence;

	if (is_upstream())
		skip("upstream warns");
	check(timeline >= 0, "sw_sync: %m");
	check(!ioctl(timeline, SW_SYNC_CREATE_FENCE, &theirs), "sw_sync: %m");
	setup();
	submit_fill(1);
	expect(gpu_wait(&gpu, done, 10), 0, "a job");
	syncs[0].handle = gpu_syncobj(&gpu);
	syncs[1].handle = done;
	import.handle = syncs[0].handle;
	import.fd = theirs.fence;
	expect(drm_call(gpu.fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &import), 0, "import of a fence");
	s = stream_begin(&gpu);
	cs_fill(&s, bo.va, bo.size, 2);
	submit.stream_addr = stream_va(&s);
	submit.stream_size = stream_size(&s);
	args.group_handle = group;
	expect(drm_call(gpu.fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args), 0, "GROUP_SUBMIT");
	fence = fence_of(done);
	check(!ends(fence, 200), "the job did not wait");
	device_tell("unbind");
	check(!ends(fence, 200), "the job ended before what it waits for");
	check(!ioctl(timeline, SW_SYNC_INC, &one), "sw_sync: %m");
	check(ends(fence, 5000), "the job does not end");
	check(error_of(fence) < 0, "the job says that it has run");
	gpu_close(&gpu);
	device_tell("bind");
	check_works();
}

/* The driver gives the device up when the MCU does not boot after a reset. */
static void case_no_boot(void)
{
	unsigned int tries;

	setup_busy();
	model_set("no_boots", 2);
	model_set("hang_mcu", 1);
	for (tries = 0; tries < 200 && device_is_there(); tries++) {
		struct timespec some = { 0, 100000000 };

		nanosleep(&some, NULL);
	}
	check(!device_is_there(), "the device is still there");
	close(gpu.fd);
	model_calm();
	device_tell("unbind");
	device_tell("bind");
	check_works();
}

/* Buffers of a client that lives on were evicted; new ones come and go as before. */
static void case_rebind_evicted(void)
{
	bool upstream = is_upstream();
	struct stream s;

	setup();
	upstream_differs("a mapping of an evicted buffer, after unbind", "SIGBUS", "its content");
	submit_fill(3);
	expect(gpu_wait(&gpu, done, 10), 0, "a job");
	evict_all(&gpu);
	device_tell("unbind");
	if (upstream)
		check_fill(&bo, 3);
	else
		check(probe_read(bo.map) == SIGBUS, "the mapping is not dead");
	s = stream_begin(&gpu);
	expect(gpu_try_submit(&gpu, group, 0, &s, done), -ENODEV, "GROUP_SUBMIT");
	gpu_close(&gpu);
	device_tell("bind");
	setup();
	submit_fill(4);
	expect(gpu_wait(&gpu, done, 10), 0, "a job after bind");
	evict_all(&gpu);
	check_fill(&bo, 4);
	gpu_close(&gpu);
}

#define CLIENTS	3u

static unsigned int *steps;

/* Work until the device is gone; its successor is another one. */
static void client(void *arg)
{
	struct stream s;
	int ret;

	(void)arg;
	setup();
	s = stream_begin(&gpu);
	cs_fill(&s, bo.va, bo.size, 5);
	add(steps, 1);
	do {
		ret = gpu_try_submit(&gpu, group, 0, &s, done);
		if (!ret)
			ret = gpu_wait(&gpu, done, 20);
	} while (!ret);
	expect(ret, -ENODEV, "the device is gone");
	add(steps, 1);
	await(steps, 2 * CLIENTS + 1);
	expect(gpu_try_submit(&gpu, group, 0, &s, done), -ENODEV, "GROUP_SUBMIT");
	gpu_close(&gpu);
}

/* Clients that work when the device goes are still there when it comes back. */
static void case_rebind_clients(void)
{
	pid_t pid[CLIENTS];
	unsigned int i;

	steps = shared_alloc(sizeof(*steps));
	for (i = 0; i < CLIENTS; i++)
		pid[i] = spawn(client, NULL);
	await(steps, CLIENTS);
	usleep(200000);
	device_tell("unbind");
	await(steps, 2 * CLIENTS);
	device_tell("bind");
	check_works();
	add(steps, 1);
	for (i = 0; i < CLIENTS; i++)
		reap(pid[i]);
	check_works();
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "rebind", case_rebind },
		{ "rebind_busy", case_rebind_busy },
		{ "rebind_waiting", case_rebind_waiting },
		{ "rebind_evicted", case_rebind_evicted },
		{ "rebind_clients", case_rebind_clients },
		{ "no_boot", case_no_boot },
	};

	opt.driver = "panthor";
	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
