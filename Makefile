# SPDX-License-Identifier: GPL-2.0-only
#
# The targets of `make help`. This file only says what is built and run in which
# order; how a lab VM is made is in tools/lab, how a test run is made in
# selftests.

VERSION	:= $(shell cat VERSION)
KDIR	?= /lib/modules/$(shell uname -r)/build
PREFIX	?= /usr/local
# For another architecture: make hands ARCH and CROSS_COMPILE on by itself.
ifneq ($(CROSS_COMPILE),)
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
endif
# What the module is compiled with; kernels want the compiler they were built by.
MODULE_CC ?= $(CC)

ifneq ($(V),1)
Q := @
MAKEFLAGS += --no-print-directory
endif

export VERSION PREFIX DESTDIR V

all: module tools

module:
	$(Q)test -f $(KDIR)/Makefile || { \
		echo "vmlab: no kernel headers at KDIR=$(KDIR): install linux-headers-$$(uname -r)," \
			"or build in the lab with \`make lab\`" >&2; exit 1; }
	$(Q)$(MAKE) -C $(KDIR) M=$(CURDIR) CC=$(MODULE_CC) modules

tools:
	$(Q)$(MAKE) -C tools

selftests: tools
	$(Q)$(MAKE) -C selftests

demo:
	$(Q)tools/lab/setup
	$(Q)CLICOLOR_FORCE=$$(test -t 1 && test -z "$$NO_COLOR" && echo 1) \
		tools/lab/run -- vmlab lesson cow

lab:
	$(Q)tools/lab/setup
	$(Q)tools/lab/run -i

check:
	$(Q)selftests/check $(if $(filter full,$(CHECK)),full,quick)

check-debug:
	$(Q)selftests/check debug

check-matrix:
	$(Q)selftests/check-matrix

bench:
	$(Q)selftests/bench/run

style:
	$(Q)tools/lab/setup --style
	$(Q)tools/style

install: tools
	$(Q)$(MAKE) -C tools install

uninstall:
	$(Q)$(MAKE) -C tools uninstall

modules_install: module
	$(Q)$(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) modules_install

clean:
	$(Q)$(MAKE) -C tools clean
	$(Q)$(MAKE) -C selftests clean
	$(Q)if [ -f $(KDIR)/Makefile ]; then $(MAKE) -C $(KDIR) M=$(CURDIR) clean; fi

help:
	@echo 'make                  the module for KDIR, the library, the command'
	@echo 'make demo             boots a lab VM: a real program forks and breaks copy-on-write'
	@echo 'make lab              an interactive shell in the lab, vmlab loaded'
	@echo 'make check            the quick tests, on the host and in the lab (TAP)'
	@echo 'make check CHECK=full  these, the slow ones, another kernel, and fuzzing'
	@echo 'make check-debug      the tests on the checking kernel (KASAN, lockdep, kmemleak ...)'
	@echo 'make check-matrix     the quick tests on every cell of selftests/matrix'
	@echo 'make bench            what a scan costs beside its peers: one JSON object a line'
	@echo 'make install          command, library, header, man pages; DESTDIR and PREFIX'
	@echo 'make modules_install  the module, as the kernel'"'"'s build does'
	@echo 'make uninstall        takes away what install put there'
	@echo 'make style            checkpatch, sparse, coccicheck, analyzer, shellcheck, warnings as errors'
	@echo 'make clean            takes away what was built here'
	@echo
	@echo 'ARCH              architecture, as the kernel calls it (arm64), when it is not this one'
	@echo 'CROSS_COMPILE     what the names of its compiler and binutils start with'
	@echo 'KDIR              kernel headers to build the module for ($(KDIR))'
	@echo 'LAB_CACHE         where kernels and builds of the lab are kept'
	@echo 'LAB_DEBUG_KERNEL  a folder with a ready-made checking kernel; else it is built'
	@echo 'KSELFTEST_DIR     tools/testing/selftests of a kernel tree'
	@echo 'V=1               show commands'

.PHONY: all module tools selftests demo lab check check-debug check-matrix bench style \
	install uninstall modules_install clean help
