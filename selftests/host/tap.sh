# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# TAP from shell scripts: a flat stream, numbered, with its plan and its totals at
# the end. To be sourced.

tap_number=0 tap_passed=0 tap_failed=0 tap_skipped=0

tap_ok() {
	echo "ok $((++tap_number)) $*"
	tap_passed=$((tap_passed + 1))
}

# tap_not_ok NAME: what is wrong comes on standard input; in this shell, which counts,
# so not at the end of a pipe.
tap_not_ok() {
	echo "not ok $((++tap_number)) $*"
	tap_failed=$((tap_failed + 1))
	head -n 40 | cut -c 1-400 | sed 's/^/# /'
}

tap_skip() {
	local name=$1
	shift

	echo "ok $((++tap_number)) $name # SKIP $*"
	tap_skipped=$((tap_skipped + 1))
}

# tap_check NAME COMMAND...: passes when COMMAND succeeds and says nothing.
tap_check() {
	local name=$1 out status=0
	shift

	out=$("$@" 2>&1) || status=$?
	if [ $status -eq 0 ] && [ -z "$out" ]; then
		tap_ok "$name"
	else
		tap_not_ok "$name" <<<"$out"$'\n'"status $status"
	fi
}

# tap_program NAME COMMAND...: a program that prints TAP; each of its tests is one of
# ours, and so is its coming to an end.
tap_program() {
	local name=$1 line out status=0 tests=0 planned
	shift

	out=$("$@" 2>&1) || status=$?
	while IFS= read -r line; do
		case $line in
		"ok "*'# SKIP'*) tap_skip "$name: $(tap_name "${line%%# SKIP*}")" "${line##*# SKIP}" ;;
		"ok "*) tap_ok "$name: $(tap_name "$line")" ;;
		"not ok "*) tap_not_ok "$name: $(tap_name "${line#not }")" </dev/null ;;
		"1.."*) planned=${line#1..}; continue ;;
		"TAP version"*) continue ;;
		*) echo "# ${line#\# }"; continue ;;
		esac
		tests=$((tests + 1))
	done <<<"$out"
	if [ "$tests" -eq 0 ] || [ "${planned:-0}" -ne "$tests" ]; then
		tap_not_ok "$name comes to its end" <<<"$tests of ${planned:-an unknown number of} tests"
	elif [ $status -ne 0 ] && ! grep -q '^not ok' <<<"$out"; then
		tap_not_ok "$name ends well" <<<"status $status"
	fi
}

# tap_name LINE: what is tested, without the number.
tap_name() {
	sed -E 's/^ok [0-9]+ *(- )?//; s/ *$//' <<<"$1"
}

# The plan, the totals; false when anything failed or nothing passed.
tap_end() {
	echo "1..$tap_number"
	echo "$tap_passed passed, $tap_failed failed, $tap_skipped skipped"
	[ $tap_failed -eq 0 ] && [ $tap_passed -gt 0 ]
}
