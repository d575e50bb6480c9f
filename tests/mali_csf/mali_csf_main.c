// SPDX-License-Identifier: GPL-2.0
/*
 * A register-level model of a Mali CSF GPU: the device, its window of
 * registers, its interrupt lines and the thread in which it runs.
 */
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/kthread.h>
#include <linux/logic_iomem.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_reserved_mem.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "mali_csf.h"

/* Requests that wait for a locked region, delays and timers are looked at so often. */
#define POLL_JIFFIES	1

static const struct mali_chip chips[] = {
	{
		.id = 0xa8670005,
		.arch = "10.8",
		.shader_present = 0x50005,
		.fw_version = FW_VERSION(1, 5),
	}, {
		/* 64-bit endpoint requests, states of the MCU in place of HALT */
		.id = 0xd8300005,
		.arch = "13.8",
		.features = BIT(2) | BIT(5),
		.shader_present = 0xff,
		.fw_version = FW_VERSION(4, 1),
	},
};

/* There is one: logic_iomem says nothing of whose region is mapped. */
static struct mali_gpu *the_gpu;

/**
 * mali_kick() - wake the thread
 * @gpu: the GPU
 */
void mali_kick(struct mali_gpu *gpu)
{
	gpu->work = true;
	wake_up(&gpu->wake);
}

/**
 * mali_trouble_once() - count down wanted trouble
 * @count: how often it is still wanted
 *
 * Return: whether it is now.
 */
bool mali_trouble_once(u32 *count)
{
	if (!*count)
		return false;
	--*count;

	return true;
}

/* ---- registers ---- */

static unsigned long window_read(void *priv, unsigned int offset, int size)
{
	struct mali_gpu *gpu = priv;

	if (WARN_ONCE(size != 4, "a read of %d bytes at 0x%x\n", size, offset))
		return 0;

	guard(spinlock_irqsave)(&gpu->lock);

	return mali_gpu_read(gpu, offset);
}

static void window_write(void *priv, unsigned int offset, int size, unsigned long value)
{
	struct mali_gpu *gpu = priv;

	if (WARN_ONCE(size != 4, "a write of %d bytes at 0x%x\n", size, offset))
		return;

	guard(spinlock_irqsave)(&gpu->lock);
	mali_gpu_write(gpu, offset, value);
}

static const struct logic_iomem_ops window_ops = {
	.read = window_read,
	.write = window_write,
};

static long window_map(unsigned long offset, size_t size, const struct logic_iomem_ops **ops,
		       void **priv)
{
	*ops = &window_ops;
	*priv = the_gpu;

	return offset;
}

static const struct logic_iomem_region_ops region_ops = {
	.map = window_map,
};

/* ---- interrupts ---- */

static int line_map(struct irq_domain *domain, unsigned int virq, irq_hw_number_t line)
{
	irq_set_chip_and_handler(virq, &dummy_irq_chip, handle_simple_irq);

	return 0;
}

static const struct irq_domain_ops line_ops = {
	.map = line_map,
	.xlate = irq_domain_xlate_onecell,
};

static void deliver_irqs(struct mali_gpu *gpu)
{
	unsigned int i;

	for (i = 0; i < MALI_IRQS; i++) {
		bool due;

		scoped_guard(spinlock_irqsave, &gpu->lock) {
			due = gpu->irqs[i].due;
			gpu->irqs[i].due = false;
			if (due && mali_trouble_once(&gpu->trouble.drop_irqs))
				due = false;
			gpu->stats.irqs += due;
		}
		if (due)
			generic_handle_domain_irq_safe(gpu->domain, i);
	}
}

/* ---- what runs ---- */

/* Return: whether there is more to do at once. */
static bool run_streams(struct mali_gpu *gpu)
{
	bool more = false;
	unsigned int i;

	for (i = 0; i < MALI_CSGS * MALI_STREAMS; i++) {
		struct mali_csg *csg = &gpu->csgs[i / MALI_STREAMS];

		guard(spinlock_irqsave)(&gpu->lock);
		/* The memory of the MCU is needed for all of it. */
		if (gpu->mcu_status == MCU_ENABLED && !gpu->as[0].lock_size &&
		    !gpu->trouble.hang_mcu && !gpu->trouble.hang_streams)
			more |= mali_stream_run(&csg->streams[i % MALI_STREAMS]);
	}

	return more;
}

/* Return: whether something waits for time to pass. */
static bool poll(struct mali_gpu *gpu)
{
	unsigned int i;
	bool waits;

	guard(spinlock_irqsave)(&gpu->lock);
	if (gpu->mcu_work)
		mali_mcu_work(gpu);
	mali_mcu_report_idle(gpu);
	mali_gpu_poll(gpu);

	waits = gpu->mcu_work || gpu->reset_due || gpu->flush_due;
	for (i = 0; i < MALI_CSGS; i++)
		waits |= gpu->csgs[i].active && !gpu->csgs[i].idle;

	return waits;
}

static int mali_thread(void *data)
{
	struct mali_gpu *gpu = data;

	while (!kthread_should_stop()) {
		bool more, waits;

		scoped_guard(spinlock_irqsave, &gpu->lock)
			gpu->work = false;
		more = run_streams(gpu);
		waits = poll(gpu);
		deliver_irqs(gpu);
		if (more)
			cond_resched();
		else
			wait_event_idle_timeout(gpu->wake, READ_ONCE(gpu->work),
						waits ? POLL_JIFFIES : MAX_SCHEDULE_TIMEOUT);
	}

	return 0;
}

static const struct mali_chip *find_chip(struct device *dev)
{
	const char *arch;
	unsigned int i;

	if (of_property_read_string(dev->of_node, "arch", &arch))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(chips); i++)
		if (!strcmp(chips[i].arch, arch))
			return &chips[i];

	return NULL;
}

static int mali_csf_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct task_struct *thread;
	struct resource *res;
	struct mali_gpu *gpu;
	unsigned int i, j;
	int ret;

	if (the_gpu)
		return -EBUSY;

	/* What is registered below stays for good, and so does all that it needs. */
	gpu = kvzalloc_obj(*gpu);
	res = kzalloc_obj(*res);
	if (!gpu || !res)
		return -ENOMEM;
	gpu->chip = find_chip(dev);
	if (!gpu->chip)
		return dev_err_probe(dev, -EINVAL, "no such architecture\n");
	ret = of_reserved_mem_region_to_resource(dev->of_node, 0, res);
	if (ret)
		return ret;

	spin_lock_init(&gpu->lock);
	init_waitqueue_head(&gpu->wake);
	gpu->window = res->start;
	for (i = 0; i < MALI_CSGS; i++) {
		gpu->csgs[i].gpu = gpu;
		gpu->csgs[i].index = i;
		for (j = 0; j < MALI_STREAMS; j++) {
			gpu->csgs[i].streams[j].csg = &gpu->csgs[i];
			gpu->csgs[i].streams[j].index = j;
		}
	}

	gpu->domain = irq_domain_create_linear(dev_fwnode(dev), MALI_IRQS, &line_ops, gpu);
	if (!gpu->domain)
		return -ENOMEM;
	the_gpu = gpu;
	res->name = "mali_csf";
	res->flags = IORESOURCE_MEM;
	ret = logic_iomem_add_region(res, &region_ops);
	if (ret)
		return ret;
	thread = kthread_run(mali_thread, gpu, "mali_csf");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	mali_debugfs_init(gpu);
	dev_info(dev, "model of a GPU of architecture %s, id 0x%x\n",
		 gpu->chip->arch, gpu->chip->id);

	return 0;
}

static const struct of_device_id mali_csf_of_match[] = {
	{ .compatible = "test,mali-csf-model" },
	{}
};
MODULE_DEVICE_TABLE(of, mali_csf_of_match);

static struct platform_driver mali_csf_driver = {
	.probe = mali_csf_probe,
	.driver = {
		.name = "mali_csf",
		.of_match_table = mali_csf_of_match,
		.suppress_bind_attrs = true,
	},
};

/* No exit: a region of logic_iomem cannot be taken back. */
static int __init mali_csf_init(void)
{
	return platform_driver_register(&mali_csf_driver);
}
module_init(mali_csf_init);

MODULE_DESCRIPTION("Model of a Mali CSF GPU");
MODULE_LICENSE("GPL");
