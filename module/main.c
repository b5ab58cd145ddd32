// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the device node, and the module's life.
 *
 * One misc device, 0600. Nothing runs while no descriptor is open, and nothing
 * outlives the last one: descriptors pin the module.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "arch/arch.h"
#include "frame.h"
#include "vmlab.h"

static const struct file_operations node_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vmlab_ioctl_node,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

const struct file_operations vmlab_target_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vmlab_ioctl_target,
	.compat_ioctl = compat_ptr_ioctl,
	.release = vmlab_target_release,
	.llseek = noop_llseek,
};

static struct miscdevice node = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmlab",
	.fops = &node_fops,
	.mode = 0600,
};

static int __init vmlab_init(void)
{
	int ret;

	vmlab_arch_init();
	vmlab_frame_init();
	vmlab_target_init();
	ret = vmlab_frames_init();
	if (ret)
		return ret;
	ret = misc_register(&node);
	if (ret)
		vmlab_frames_exit();
	return ret;
}

static void __exit vmlab_exit(void)
{
	misc_deregister(&node);
	vmlab_frames_exit();
}

module_init(vmlab_init);
module_exit(vmlab_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("the vmlab founders");
MODULE_DESCRIPTION("A lab for virtual memory: the page tables of live processes");
MODULE_VERSION(VMLAB_MODULE_VERSION);
