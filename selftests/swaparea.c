// SPDX-License-Identifier: GPL-2.0-only
/*
 * swaparea.c - somewhere to swap to.
 *
 * What mkswap(8) writes is one page: a version, the last page's number, and ten
 * letters at the end (union swap_header in include/linux/swap.h).
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include "counter.h"
#include "swaparea.h"

static int write_header(const char *device, size_t size)
{
	struct {
		char boot[1024];
		uint32_t version;
		uint32_t last_page;
		uint32_t nr_badpages;
		char rest[4096 - 1024 - 12 - 10];
		char magic[10];
	} header = {
		.version = 1,
		.last_page = (uint32_t)(size / 4096 - 1),
	};
	int fd = open(device, O_WRONLY | O_CLOEXEC), ret;

	memcpy(header.magic, "SWAPSPACE2", 10);
	if (fd < 0)
		return -1;
	ret = write(fd, &header, sizeof(header)) == (ssize_t)sizeof(header) ? 0 : -1;
	fsync(fd);
	close(fd);
	return ret;
}

/* A zram device of our own: another one may be in use. */
static int new_device(struct swaparea *area)
{
	char number[16] = "";
	int fd = open("/sys/class/zram-control/hot_add", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (read(fd, number, sizeof(number) - 1) <= 0) {
		close(fd);
		return -1;
	}
	close(fd);
	snprintf(area->device, sizeof(area->device), "/dev/zram%d", atoi(number));
	snprintf(area->knobs, sizeof(area->knobs), "/sys/block/zram%d", atoi(number));
	return 0;
}

const char *swaparea_device(struct swaparea *area, size_t size)
{
	char knob[96], text[32];

	if (access("/sys/class/zram-control", F_OK) &&
	    system("modprobe zram num_devices=0 2>/dev/null"))
		return "this kernel has no zram to swap to";
	if (new_device(area))
		return "zram gives no device";
	snprintf(knob, sizeof(knob), "%s/disksize", area->knobs);
	snprintf(text, sizeof(text), "%zu", size);
	if (counter_write(knob, text))
		return "zram takes no size";
	return NULL;
}

const char *swaparea_on(struct swaparea *area, size_t size)
{
	const char *missing = swaparea_device(area, size);

	if (missing)
		return missing;
	if (write_header(area->device, size))
		return "zram takes no swap header";
	if (swapon(area->device, 0))
		return "zram cannot be swapped to";
	return NULL;
}

void swaparea_off(struct swaparea *area)
{
	char knob[96];

	swapoff(area->device);
	snprintf(knob, sizeof(knob), "%s/reset", area->knobs);
	counter_write(knob, "1");
	counter_write("/sys/class/zram-control/hot_remove", area->device + strlen("/dev/zram"));
}
