// SPDX-License-Identifier: GPL-2.0-only
/*
 * waiter32.c - waiter for the i386 ABI, which needs no 32-bit C library: two system
 * calls. It has data and bss of its own, and thread-local storage by set_thread_area().
 */
static int call(int nr, long a, long b, long c)
{
	int ret;

	asm volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory");
	return ret;
}

/* struct user_desc of <asm/ldt.h>: a data segment of 4 GiB. */
static struct {
	unsigned int entry;
	unsigned int base;
	unsigned int limit;
	unsigned int flags;
} segment = { -1U, 0, 0xfffff, 0x51 };

static char storage[16384] __attribute__((aligned(4096)));
static volatile char bss[65536];

void _start(void)
{
	storage[0] = 1;
	bss[40000] = 1;
	segment.base = (unsigned int)storage;
	if (!call(243, (long)&segment, 0, 0))
		asm volatile("mov %w0, %%gs" : : "r"(segment.entry * 8 + 3));
	call(4, 1, (long)"waiting\n", 8);
	for (;;)
		call(29, 0, 0, 0);
}
