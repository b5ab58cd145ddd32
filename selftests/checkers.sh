#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a kernel that checks itself has to say at the end: are its checkers there, are they
# still at work (lockdep and kmemleak switch themselves off after trouble, and are silent from
# then on), and has anybody left something behind? Its log is judged by the lab.
# Which checkers there are to be says the kernel's name (tools/lab/config).
number=0 failed=0
debug=/sys/kernel/debug

# result STATUS WHAT
result() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
		failed=1
	fi
}

symbol() {
	grep -qE " $1\$" /proc/kallsyms
}

lockdep_works() {
	grep -qE '^ *debug_locks: *1$' /proc/lockdep_stats
}

kcsan_works() {
	grep -q '^enabled: 1' "$debug/kcsan" && ! grep -q '^setup_watchpoints: 0$' "$debug/kcsan"
}

# What was freed a moment ago may still be on its way.
nobody_holds_it() {
	local users try fd

	for try in 1 2 3 4 5 6 7 8 9 10; do
		users=$(cat /sys/module/vmlab/refcnt) || return 1
		[ "$users" -ne 0 ] || return 0
		sleep "0.$try"
	done
	echo "# $users users of the module:"
	for fd in /proc/[0-9]*/fd/*; do
		case $(readlink "$fd") in
		*vmlab*) echo "# $fd of $(tr '\0' ' ' <"${fd%/fd/*}/cmdline")" ;;
		esac
	done
	return 1
}

# Twice: what is young is not taken for lost, and what is found is told by the second.
nothing_lost() {
	sleep 6
	echo scan >"$debug/kmemleak" && echo scan >"$debug/kmemleak" || return 1
	if grep -q '^unreferenced object' "$debug/kmemleak"; then
		head -n 200 "$debug/kmemleak" | sed 's/^/# /'
		return 1
	fi
}

echo "TAP version 13"
case $(uname -r) in
*-vmlab-debug)
	echo "1..9"
	symbol '__asan_load8(_noabort)?'
	result $? "KASAN is built in"
	symbol '__ubsan_handle_out_of_bounds'
	result $? "UBSAN is built in"
	[ -e "$debug/kcov" ]
	result $? "KCOV is built in"
	[ -e /proc/self/fail-nth ] && [ -d "$debug/fail_usercopy" ]
	result $? "faults can be injected"
	[ -d "$debug/page_tables" ]
	result $? "page tables can be dumped"
	lockdep_works
	result $? "lockdep is still at work"
	[ -w "$debug/kmemleak" ]
	result $? "kmemleak is built in"
	nobody_holds_it
	result $? "nobody holds the module"
	nothing_lost
	result $? "kmemleak is still at work, and finds nothing"
	;;
*-vmlab-kcsan)
	echo "1..2"
	kcsan_works
	result $? "KCSAN is at work"
	nobody_holds_it
	result $? "nobody holds the module"
	;;
*)
	echo "1..2"
	echo "ok 1 the checkers are at work # SKIP this kernel has none"
	number=1
	nobody_holds_it
	result $? "nobody holds the module"
	;;
esac
exit "$failed"
