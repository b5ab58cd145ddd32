# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The table of kernels and where an unpacked one keeps its parts. Every kernel,
# wherever it comes from, looks the same in LAB_CACHE/kernels/NAME-ARCH:
# vmlinuz, vmlinux (the same unpacked: an ELF file with BTF on x86_64, an Image on
# arm64), release (one line, what uname -r says there), build (what a module is
# built against), and when it has modules lib/modules/RELEASE.

# kernel_row NAME ARCH: sets row_kind, row_entry, row_cc, row_toolchain, row_suites,
# row_image and row_headers; false when the table has no such row.
kernel_row() {
	local name arch

	# shellcheck disable=SC2034 # for those who source this
	while read -r name arch row_kind row_entry row_cc row_toolchain row_suites row_image row_headers; do
		[ "$name" = "$1" ] && [ "$arch" = "$2" ] && return
	done < <(sed 's/#.*//' "$LAB/kernels")
	return 1
}

# kernel_names: those of the table, for messages.
kernel_names() {
	sed 's/#.*//' "$LAB/kernels" | awk 'NF { n = n sep $1 " (" $2 ")"; sep = ", " } END { print n }'
}

kernel_dir() {
	printf '%s/kernels/%s-%s\n' "$LAB_CACHE" "$1" "$2"
}

# A kernel is complete or not there at all (it is renamed into place), so one
# file stands for all. One that was built here of another configuration is another kernel.
kernel_is_there() {
	local dir

	dir=$(kernel_dir "$1" "$2")
	[ -f "$dir/release" ] && { [ ! -f "$dir/config.sum" ] || [ "$(cat "$dir/config.sum")" = "$(config_sum "$1")" ]; }
}

# config_sum NAME: of what a kernel that is built here is configured with.
config_sum() {
	cat "$LAB/config/common" "$LAB/config/$1" | sha256sum | cut -c -64
}

# ready_made NAME: somebody has built it already, and says where.
ready_made() {
	[ "$1" = debug ] && [ -n "${LAB_DEBUG_KERNEL:-}" ]
}

# debian_arch ARCH: what Debian calls it.
debian_arch() {
	case $1 in
	x86_64) echo amd64 ;;
	*) echo "$1" ;;
	esac
}

# cross_prefix ARCH: what the names of its cross tools start with.
cross_prefix() {
	case $1 in
	arm64) echo aarch64-linux-gnu- ;;
	esac
}

emulator_of() {
	case $1 in
	arm64) echo qemu-system-aarch64 ;;
	*) echo "qemu-system-$1" ;;
	esac
}
