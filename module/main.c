// SPDX-License-Identifier: GPL-2.0-only
#include <linux/miscdevice.h>
#include <linux/module.h>

static const struct file_operations node_fops = {
	.owner = THIS_MODULE,
};

static struct miscdevice node = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmlab",
	.fops = &node_fops,
	.mode = 0600,
};
module_misc_device(node);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A lab for virtual memory: page tables of live processes");
