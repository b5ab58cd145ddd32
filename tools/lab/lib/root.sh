# shellcheck shell=bash disable=SC2034,SC2154 # names are for those who source this
# SPDX-License-Identifier: GPL-2.0-only
#
# Small Debian systems that are only unpacked, into a folder of the cache, and
# never booted or configured. chroot/SUITE has a compiler and what it needs, for
# kernels whose headers do not work on this host; sysroot/ARCH is what guests of
# another architecture see as their root, and what programs for them are linked
# with. Who they are is said here; make-root makes them.

# root_row NAME: sets root_arch, root_suites and root_packages; false for a name
# that is none of ours.
root_row() {
	case $1 in
	chroot/trixie)
		root_arch=amd64 root_suites=(trixie)
		root_packages=(
			make gcc-14 gcc-14-aarch64-linux-gnu binutils-aarch64-linux-gnu
			pahole libelf1t64 libssl3t64 zlib1g
			bash dash coreutils sed grep mawk findutils diffutils usr-is-merged) ;;
	sysroot/arm64)
		root_arch=arm64 root_suites=(bookworm bookworm-security)
		root_packages=(
			base-files base-passwd libc-bin libc6 usr-is-merged		# to run
			bash dash coreutils diffutils findutils grep hostname mawk perl-base sed
			busybox-static iproute2 kmod libcap2-bin mount ncurses-base procps
			psmisc python3 strace util-linux gdb-minimal
			libc6-dev linux-libc-dev libelf-dev libdw-dev libbpf-dev	# to link
			libjansson-dev libsmartcols-dev libyajl-dev zlib1g-dev) ;;
	*) return 1 ;;
	esac
}

root_dir() {
	printf '%s/%s\n' "$LAB_CACHE" "$1"
}

# root_stamp: what a root of this row is made of.
root_stamp() {
	printf '%s\n' "$root_arch ${root_suites[*]}: ${root_packages[*]}"
}

# root_is_there NAME: complete, and made of what it is to be made of today.
root_is_there() {
	root_row "$1" && [ "$(cat "$(root_dir "$1")/.lab" 2>/dev/null)" = "$(root_stamp)" ]
}

# toolchain_root: the name of the root that modules of the row (see kernel_row)
# are built in; nothing where that is the host.
toolchain_root() {
	[ "$row_toolchain" = here ] || [ "$row_toolchain" = "$(host_suite)" ] ||
		echo "chroot/$row_toolchain"
}

# guest_root ARCH: the name of the root that guests see instead of the host's /.
guest_root() {
	[ "$1" = "$DEFAULT_ARCH" ] || echo "sysroot/$1"
}

host_suite() (
	. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}"
)

# in_root DIR FOLDER... -- COMMAND...: runs COMMAND there, with these folders of the
# host at their own places. Who is not root becomes it in a namespace of users;
# the mounts are nobody else's, and gone when COMMAND is.
in_root() {
	local root=$1 folders=(/proc /dev) as_root=()

	shift
	while [ "$1" != -- ]; do
		folders+=("$1")
		shift
	done
	shift
	mkdir -p "${folders[@]/#/$root}"
	[ "$(id -u)" -eq 0 ] || as_root=(-r)
	# shellcheck disable=SC2016 # the inner shell's
	PATH=$PATH:/usr/sbin unshare "${as_root[@]}" -m sh -c '
		root=$1
		shift
		while [ "$1" != -- ]; do
			mount --rbind "$1" "$root$1" || exit
			shift
		done
		shift
		exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/usr/sbin LC_ALL=C "$@"' \
		sh "$root" "${folders[@]}" -- "$@"
}
