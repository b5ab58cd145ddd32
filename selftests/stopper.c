// SPDX-License-Identifier: GPL-2.0-only
/*
 * stopper.c - processes that take turns, and stop the emulator in each, so
 * that its debugger can say what the registers really hold.
 *
 * Bochs stops where somebody writes 'D' to port 0x8900. Written by way of /dev/port the
 * kernel does it, on its own root; written by ourselves we do, on user mode's. Of each
 * stop a line says what VMLAB_CPUS said of this CPU:
 *
 *	kernel PID CPU CR3 CR4
 *	user PID CPU CR3 CR4
 *
 * or "moved PID", when it said something else right after the stop: then we have been away
 * meanwhile. The last lines are "mm PID CTX_ID" of all, ours among them, while all are
 * still there, then what `vmlab tags --json` says. selftests/emulator compares.
 */
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"

#define PROCESSES	9
#define ROUNDS		2
#define PORT		0x8900

static int node, port;

static int look(struct vmlab_cpu *cpu)
{
	struct vmlab_cpus cpus = ask_cpus(cpu, 1);

	cpus.start = sched_getcpu();
	cpus.end = cpus.start + 1;
	return ask(node, VMLAB_CPUS, &cpus);
}

static void stop_in_kernel(void)
{
	if (pwrite(port, "D", 1, PORT) != 1)
		perror("/dev/port");
}

static void stop_in_user(void)
{
	outb('D', PORT);
}

static void stop(const char *where, unsigned int cr3, void (*how)(void))
{
	struct vmlab_cpu before, after;
	int ret = look(&before);

	how();
	if (ret || look(&after)) {
		printf("%s failed\n", where);
		return;
	}
	/* Without a second root, user mode runs on the first one. */
	if (!before.regs[cr3])
		cr3 = VMLAB_X86_REG_CR3;
	if (memcmp(before.regs, after.regs, sizeof(before.regs)) || before.pid != after.pid ||
	    before.cpu != after.cpu)
		printf("moved %d\n", getpid());
	else
		printf("%s %d %u 0x%llx 0x%llx\n", where, before.pid, before.cpu,
		       (unsigned long long)before.regs[cr3],
		       (unsigned long long)before.regs[VMLAB_X86_REG_CR4]);
}

/* A byte comes in for each turn, and goes out when it is over. */
static void take_turns(int in, int out)
{
	char byte;

	if (iopl(3))
		perror("iopl");
	while (read(in, &byte, 1) == 1) {
		stop("kernel", VMLAB_X86_REG_CR3, stop_in_kernel);
		stop("user", VMLAB_X86_REG_USER_CR3, stop_in_user);
		fflush(stdout);
		if (write(out, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

static void say_mm(pid_t pid)
{
	struct vmlab_mm mm = { .size = sizeof(mm) };
	int target = ask_target(node, pid);

	if (target < 0 || ask(target, VMLAB_MM, &mm))
		printf("mm failed\n");
	else
		printf("mm %d %llu\n", pid, (unsigned long long)mm.out_context);
	close(target);
}

/*
 * Waits until @pid waits for its next turn. It might have been preempted where it said
 * that this one is over, and would run once more later, under another tag than that of
 * its stops.
 */
static int wait_until_asleep(pid_t pid)
{
	char path[32], text[512];
	const char *state;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (;;) {
		fd = open(path, O_RDONLY);
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
		if (len <= 0)
			return -1;
		text[len] = '\0';
		state = strrchr(text, ')');
		if (!state)
			return -1;
		if (state[2] == 'S')
			return 0;
		usleep(1000);
	}
}

/* With no process in between, which would take a slot. */
static int tell_tags(void)
{
	char *argv[] = { "vmlab", "tags", "--json", NULL };
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ))
		return 1;
	return waitpid(pid, &status, 0) != pid || status;
}

int main(void)
{
	int in[PROCESSES][2], out[2], i, round;
	pid_t pids[PROCESSES];
	char byte = 0;

	node = open(NODE, O_RDWR);
	port = open("/dev/port", O_RDWR);
	if (node < 0 || port < 0 || pipe(out)) {
		perror("stopper");
		return 1;
	}
	for (i = 0; i < PROCESSES; i++) {
		if (pipe(in[i]))
			return 1;
		pids[i] = fork();
		if (!pids[i])
			take_turns(in[i][0], out[1]);
	}
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < PROCESSES; i++)
			if (write(in[i][1], &byte, 1) != 1 || read(out[0], &byte, 1) != 1 ||
			    wait_until_asleep(pids[i]))
				return 1;
	for (i = 0; i < PROCESSES; i++)
		say_mm(pids[i]);
	say_mm(getpid());
	fflush(stdout);
	return tell_tags();
}
