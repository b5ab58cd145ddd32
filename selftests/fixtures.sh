# shellcheck shell=bash disable=SC2034 # for those who source this
# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests want of a kernel's command line, by architecture: huge pages of every
# size it has, reserved at boot, and memfd_secret() switched on.
declare -A fixtures
fixtures[x86_64]="hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=16 secretmem.enable=1"
fixtures[arm64]="${fixtures[x86_64]} hugepagesz=64K hugepages=16 hugepagesz=32M hugepages=2"
# And what it need not: each program at an address of its own. QEMU 7.2 keeps what it has
# translated by virtual address, and translates all of a program anew wherever else it
# finds it: twice the time where many programs start. The longer tier has it as users do.
same_place=norandmaps
# A guest that takes itself for a machine (tools/lab/run -c). A kernel of x86 that knows of a
# hypervisor, but not how to sleep in it, spins on locks without queueing (virt_spin_lock(),
# asm/qspinlock.h): nobody sees there who waits, and the walker gives no lock back.
machine=,hypervisor=off
