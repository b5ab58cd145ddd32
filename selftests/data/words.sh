# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The command line that answers as NAME did: to be sourced by who keeps answers, and by
# who compares with them.

# replay_words AT FORM: sets words, of the answer in AT.args and AT.rec. FORM is json or
# text. What begins with ./ lies beside AT; a diff has no recording of its own.
replay_words() {
	local at=$1 form=$2 word

	read -ra words <"$at.args"
	for word in "${!words[@]}"; do
		case ${words[word]} in ./*) words[word]=${at%/*}/${words[word]#./} ;; esac
	done
	[ ! -e "$at.rec" ] || words=("${words[0]}" --replay "$at.rec" "${words[@]:1}")
	[ "$form" = text ] || words=("${words[0]}" --json "${words[@]:1}")
}
