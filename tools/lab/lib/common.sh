# shellcheck shell=bash disable=SC2034 # names are for those who source this
# SPDX-License-Identifier: GPL-2.0-only
#
# What every script of the lab shares: where things are kept, how it speaks
# (one line, on stderr, starting with "lab: ") and how it takes a lock. To be
# sourced with LAB set to the folder of the lab's scripts.

# The lab's own failures; 0, 1, 7 ... are COMMAND's, 2 is wrong usage. A mirror
# keeps only the newest kernels: one that it had is no failure of ours.
readonly LAB_FAILED=125 LAB_GONE=69
LAB_TOP=$(cd "$LAB/../.." && pwd -P)
readonly LAB_TOP
LAB_CACHE=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmlab}
readonly DEFAULT_KERNEL=6.1 DEFAULT_ARCH=x86_64

say() {
	printf 'lab: %s\n' "$*" >&2
}

# fail STATUS WORDS...: one line, and out.
fail() {
	local status=$1

	shift
	say "$@"
	exit "$status"
}

# make_cache: the cache folder, as an absolute path: cells, kernels and images
# refer to each other by name, and the guest sees them at the same place.
make_cache() {
	mkdir -p "$LAB_CACHE" || fail "$LAB_FAILED" "cannot make LAB_CACHE, $LAB_CACHE"
	LAB_CACHE=$(cd "$LAB_CACHE" && pwd -P)
	export LAB_CACHE
}

# take_lock FILE WORDS: held until this shell and what it started end. The children
# that must not hold it (emulators) are to be started outside.
take_lock() {
	local fd

	mkdir -p "${1%/*}"
	exec {fd}>"$1"
	flock -w 2 "$fd" && return	# a moment is not worth a line
	say "another run is at work on $2; waiting for it"
	flock "$fd"
}

# What stands before it is not counted: the emulator ended that (LAB_FAULT), and nobody else.
readonly NOT_COUNTED="# the emulator's fault, so not counted"

# attempt FILE COMMAND...: runs it; FILE gets its output, too. Once more where no test failed, but
# the emulator did: of what it was asked, that says nothing. Wants pipefail.
attempt() {
	local out=$1 status=0

	shift
	export LAB_FAULT=$out.fault
	rm -f -- "$LAB_FAULT"
	"$@" | tee "$out" || status=$?
	if [ "$status" -ne 0 ] && emulator_ended "$out"; then
		echo "$NOT_COUNTED: $(cat "$LAB_FAULT"); once more" | tee -a "$out"
		status=0
		"$@" | tee -a "$out" || status=$?
	fi
	rm -f -- "$LAB_FAULT"
	unset LAB_FAULT
	return "$status"
}

# emulator_ended FILE: and no test had failed, as FILE, the output, tells.
emulator_ended() {
	[ -s "$LAB_FAULT" ] && ! counted <"$1" | grep -qE '^(# )?not ok'
}

# counted: of the output on standard input.
counted() {
	awk -v mark="$NOT_COUNTED" '
		index($0, mark) == 1 { kept = ""; next }
		{ kept = kept $0 "\n" }
		END { printf "%s", kept }'
}
