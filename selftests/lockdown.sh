#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Takes what only a reboot gives back: locks the kernel down for confidentiality
# and puts Yama at scope 3. What runs after it in the same boot runs under both:
# `selftests/run lockdown.sh test_access`. The module was loaded before, since a
# locked down kernel takes none without a signature that it trusts.
lockdown=/sys/kernel/security/lockdown
yama=/proc/sys/kernel/yama/ptrace_scope
number=0

ok() {
	number=$((number + 1))
	echo "ok $number $1"
}

not_ok() {
	number=$((number + 1))
	echo "not ok $number $1"
	failed=1
}

echo "TAP version 13"
echo "1..4"
if [ ! -w "$lockdown" ]; then
	for what in "the kernel can be locked down" "a locked down kernel takes no unsigned module" \
		"a locked down kernel does not trace, and says so" \
		"Yama can be put at its last scope"; do
		ok "$what # SKIP this kernel has no lockdown"
	done
	exit 4
fi

echo confidentiality >"$lockdown"
if grep -qF '[confidentiality]' "$lockdown"; then
	ok "the kernel is locked down"
else
	not_ok "the kernel is locked down"
fi

# Loaded already or not: the signature is looked at first.
module=${VMLAB_CELL:-.}/module/vmlab.ko
if [ ! -f "$module" ]; then
	ok "a locked down kernel takes no unsigned module # SKIP VMLAB_CELL holds no vmlab.ko"
elif said=$(insmod "$module" 2>&1); then
	not_ok "a locked down kernel takes no unsigned module"
elif [[ $said == *"Operation not permitted"* ]]; then
	ok "a locked down kernel takes no unsigned module"
else
	echo "# $said"
	not_ok "a locked down kernel takes no unsigned module"
fi

# BPF may not read the kernel's memory any more: one line, and the status of a failure.
if said=$(vmlab trace fault -- true 2>&1); then
	not_ok "a locked down kernel does not trace, and says so"
elif [ "$(wc -l <<<"$said")" -eq 1 ] && [[ $said == *"locked down"* ]]; then
	ok "a locked down kernel does not trace, and says so"
else
	echo "# $said"
	not_ok "a locked down kernel does not trace, and says so"
fi

if [ ! -w "$yama" ]; then
	ok "Yama is at its last scope # SKIP this kernel has no Yama"
elif echo 3 >"$yama" && [ "$(cat "$yama")" = 3 ]; then
	ok "Yama is at its last scope"
else
	not_ok "Yama is at its last scope"
fi
exit "${failed:-0}"
