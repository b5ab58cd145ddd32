# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian packages of any suite, without touching the host's own lists: the
# mirror is the one that the host's apt is configured for, the suites are ours,
# and lists and downloads live in a folder of the cache. Nothing is installed
# from here, only fetched and unpacked.

# mirror_of LABEL TAIL: the address of the host's mirror with this label; on a
# host that has no lists yet labels are unknown, and its usual tail decides.
mirror_of() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(REPO_URI)|$(LABEL)|$(COMPONENT)' 'Created-By: Packages' |
		awk -F'|' -v label="$1" -v tail="$2" '
			{ sub(/\/+$/, "", $1) }
			$3 != "main" { next }
			$2 == label { print $1; found = 1; exit }
			$1 ~ ("/" tail "$") && !near { near = $1 }
			END { if (!found && near) print near }'
}

# private_apt_start DIR ARCH SUITE...: lists for these suites in DIR, for a system
# of this architecture on which nothing is installed; then private_apt_get
# COMMAND... asks them.
private_apt_start() {
	local dir=$1 arch=$2 keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	local suite mirror options=

	shift 2
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	[ -f "$keyring" ] && options="signed-by=$keyring"
	for suite in "$@"; do
		case $suite in
		*-security) mirror=$(mirror_of Debian-Security debian-security) ;;
		*) mirror=$(mirror_of Debian debian) ;;
		esac
		# Not every host has a security mirror; the main one will do then.
		[ -z "$mirror" ] || echo "deb [arch=$arch $options] $mirror $suite main"
	done >"$dir/sources.list"
	[ -s "$dir/sources.list" ] ||
		fail "$LAB_FAILED" "apt is configured for no mirror that has $*: add one to /etc/apt, then try again"
	private_apt_options=(-qq
		-o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::Etc::preferencesparts=/dev/null -o Dir::Etc::preferences=/dev/null
		-o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o "Dir::State::status=$dir/status"
		-o "APT::Architecture=$arch" -o "APT::Architectures=$arch"
		-o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none)
	private_apt_get update || fail "$LAB_FAILED" "apt could not read the lists of $*"
}

private_apt_get() {
	apt-get "${private_apt_options[@]}" "$@"
}

# package_field PACKAGE FIELD: of the newest version there is.
package_field() {
	apt-cache "${private_apt_options[@]}" --no-all-versions show "$1" 2>/dev/null |
		awk -v field="$2:" '$1 == field { sub(/^[^:]*: */, ""); print; exit }'
}

# newest_package GLOB: the one of the highest version among the names that match.
newest_package() {
	local candidate

	apt-cache "${private_apt_options[@]}" pkgnames "${1%%[*?[]*}" | while read -r candidate; do
		# shellcheck disable=SC2053 # it is a pattern
		[[ $candidate != $1 ]] || echo "$candidate"
	done | sort -V | tail -n 1
}

# package_needs PACKAGE PATTERN: the names it depends on that match.
package_needs() {
	package_field "$1" Depends | tr ',|' '\n' | awk '{ print $1 }' | grep -E -- "$2" || true
}

# fetch_package PACKAGE DIR: downloads and unpacks it into DIR.
fetch_package() {
	local package=$1 dir=$2 size deb

	size=$(package_field "$package" Size)
	[ -n "$size" ] || fail "$LAB_GONE" "$package is gone from the mirror"
	say "fetching $package ($(((size + 500000) / 1000000)) MB)"
	deb=$dir.deb
	mkdir -p "$deb"
	(cd "$deb" && private_apt_get download "$package") ||
		fail "$LAB_FAILED" "apt could not fetch $package"
	if [ $# -gt 2 ]; then
		"${@:3}" "$deb"/*.deb
	else
		dpkg-deb -x "$deb"/*.deb "$dir"
	fi
	rm -r -- "$deb"
}
