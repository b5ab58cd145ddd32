# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A copy of this checkout in LAB_CACHE/build, for builds that must not mix with any
# other. Copied is by content: what did not change is not built again. To be
# sourced with TOP set to the checkout.

LAB=$TOP/tools/lab
# shellcheck source=tools/lab/lib/common.sh
. "$LAB/lib/common.sh"

# A build of our own is no part of the one that may have called us.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES KDIR

# host_needs: what a clean machine lacks, it gets.
host_needs() {
	local runtime

	runtime=$(clang -print-resource-dir 2>/dev/null)/lib/linux/libclang_rt.asan-$(uname -m).a
	if [ ! -f "$runtime" ] || ! pkg-config --exists yajl smartcols libelf jansson ||
	   [ ! -f "${KSELFTEST_DIR:-$LAB_CACHE/linux-src/tools/testing/selftests}/kselftest_harness.h" ]; then
		"$LAB/setup" --kselftest
	fi
}

# host_copy NAME: sets copy, its folder; locked until this shell ends.
host_copy() {
	local checkout

	make_cache
	# Two checkouts that share a cache have a copy each.
	checkout=$(printf %s "$TOP" | cksum)
	copy=$LAB_CACHE/build/$1/${checkout%% *}
	take_lock "$copy.lock" "the build $1"
	mkdir -p "$copy"
	rsync -rlpc --delete --filter=':- .gitignore' --exclude=/.git "$TOP/" "$copy/"
}

# host_build FLAGS TARGET...: what is in the copy, with clang and these flags.
# What it says goes to standard error, and only when it fails.
host_build() {
	local flags=$1 log=$copy.log
	shift

	if ! make -s -C "$copy/tools" -j"$(nproc)" CC=clang CFLAGS="-O1 -g $flags" \
		lib/libvmlab.a vmlab/vmlab >"$log" 2>&1 </dev/null ||
	   ! make -s -C "$copy/selftests/host" -j"$(nproc)" CC=clang CFLAGS="-O1 -g $flags" \
		"$@" >>"$log" 2>&1 </dev/null; then
		cat "$log" >&2
		return 1
	fi
}
