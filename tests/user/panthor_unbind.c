// SPDX-License-Identifier: GPL-2.0
/*
 * The GPU goes away while it has clients, and comes back.
 */
#include <time.h>
#include <unistd.h>

#include "panthor_fixture.h"

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
	setup_busy();
	device_tell("unbind");
	model_calm();
	close(gpu.fd);
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

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "rebind", case_rebind },
		{ "rebind_busy", case_rebind_busy },
		{ "no_boot", case_no_boot },
	};

	opt.driver = "panthor";
	parse_args(argc, argv, NULL, NULL);

	return run_cases(cases, ARRAY_SIZE(cases));
}
