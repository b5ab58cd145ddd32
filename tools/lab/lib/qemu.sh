# shellcheck shell=bash disable=SC2034,SC2154 # it shares its names with run
# SPDX-License-Identifier: GPL-2.0-only
#
# How a lab VM is started under QEMU: which accelerator works here, which of
# the two forms of the kernel a CPU needs, and the machine around it. To be
# sourced by run, whose settings it reads.

readonly LOG_LIMIT=64M

# default_cpu ARCH [COUNTING]: QEMU 7.2 emulates CMPXCHG16B wrongly (6.12 dies of
# it); 4 levels are the default because 5 cost a slower boot. Each step of a
# rep-prefixed instruction counts as one: let kernels that are measured copy by
# words. On arm64 it is a CPU on which a kernel wants KPTI.
default_cpu() {
	case $1 in
	arm64) echo cortex-a72 ;;
	*) echo "max,cx16=off,la57=off${2:+,erms=off,fsrm=off}" ;;
	esac
}

# terminal_of ARCH: what the guest calls the terminal of -i. The virt machine has
# one serial port only.
terminal_of() {
	case $1 in
	arm64) echo /dev/hvc0 ;;
	*) echo /dev/ttyS1 ;;
	esac
}

# A /dev/kvm may be there and hang every guest: the CPU must have it too.
kvm_works() {
	[ "$arch" = x86_64 ] && grep -qwE 'vmx|svm' /proc/cpuinfo && { : <>/dev/kvm; } 2>/dev/null
}

# Entered as an ELF through PVH a kernel skips its decompressor, and with it
# KASLR and the switch to 5 levels. Who may want these gets the bzImage.
wants_bzimage() {
	[ "$row_entry" = elf ] || return 0
	case " $kernel_args " in
	*" kaslr "*) return 0 ;;
	esac
	case ,$cpu, in
	*,la57=off,* | *,-la57,*) return 1 ;;
	esac
}

# qemu_command: sets qemu=(...).
qemu_command() {
	local image=$kernel_dir/vmlinux machine=q35 accel=tcg append

	if [ -n "$counting" ]; then
		# The guest's clock is its instruction counter, and stands for no idling.
		accel=tcg,thread=single cpus=1
	elif kvm_works; then
		accel=kvm
	fi
	append="quiet cryptomgr.notests panic=-1 oops=panic printk.time=1"
	# A busy host must not look like a hanging guest; -t is there for those.
	append+=" watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=60 random.trust_cpu=on"
	if [ "$arch" = arm64 ]; then
		machine=virt
		append+=" console=ttyAMA0"
	else
		! wants_bzimage || image=$kernel_dir/vmlinuz
		append+=" console=ttyS0,115200 tsc=reliable"
	fi
	append+=" $kernel_args"

	mkfifo "$control/serial.pipe"
	# Bounded: a kernel that prints without end must not fill the disk.
	{ head -c "$LOG_LIMIT" >"$control/serial"; cat >/dev/null; } <"$control/serial.pipe" &
	reader_pids+=($!)
	# shellcheck disable=SC2054 # commas are QEMU's
	qemu=("$(emulator_of "$arch")" -M "$machine" -accel "$accel" -cpu "$cpu" -m "$memory" -smp "$cpus"
		-nodefaults -no-user-config -display none -no-reboot
		-kernel "$image" -initrd "$initramfs" -append "$append"
		-chardev "file,id=log,path=$(qemu_escape "$control")/serial.pipe" -serial chardev:log
		-fsdev "local,id=root,path=$(qemu_escape "${guest_root:-/}"),security_model=none,readonly=on,multidevs=remap"
		-device virtio-9p-pci,fsdev=root,mount_tag=root
		-fsdev "local,id=control,path=$(qemu_escape "$control"),security_model=none,multidevs=remap"
		-device virtio-9p-pci,fsdev=control,mount_tag=control)
	# CPUs are dealt out in turn.
	# shellcheck disable=SC2054
	[ -z "$nodes" ] || qemu+=(-object "memory-backend-ram,id=node0,size=$((memory / 2))M"
		-object "memory-backend-ram,id=node1,size=$((memory - memory / 2))M"
		-numa node,nodeid=0,memdev=node0 -numa node,nodeid=1,memdev=node1)
	# shellcheck disable=SC2054
	[ -z "$counting" ] || qemu+=(-icount shift=0,sleep=off)
	# shellcheck disable=SC2054
	[ -z "$guest_root" ] || qemu+=(
		-fsdev "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap"
		-device virtio-9p-pci,fsdev=host,mount_tag=host)
	# shellcheck disable=SC2054
	[ -z "$share" ] || qemu+=(
		-fsdev "local,id=share,path=$(qemu_escape "$(cd "$share" && pwd -P)"),security_model=none,multidevs=remap"
		-device virtio-9p-pci,fsdev=share,mount_tag=share)
	if [ -n "$monitor" ]; then
		mkfifo "$control"/{monitor,line}.{in,out}
		answer_questions &
		monitor_pid=$!
		# shellcheck disable=SC2054
		qemu+=(-chardev "pipe,id=monitor,path=$(qemu_escape "$control")/monitor"
			-mon chardev=monitor,mode=control
			-chardev "pipe,id=line,path=$(qemu_escape "$control")/line" -serial chardev:line)
	fi
	# shellcheck disable=SC2054
	[ -z "$interactive" ] || qemu+=(-chardev stdio,id=terminal,signal=off)
	# shellcheck disable=SC2054
	case ${interactive:+$arch} in
	arm64) qemu+=(-device virtio-serial-pci -device virtconsole,chardev=terminal) ;;
	?*) qemu+=(-serial chardev:terminal) ;;
	esac
}

# answer_questions: between the guest's line and the emulator's control socket. A guest
# could have its emulator do anything by that: what is none of these it does not get.
# An answer ends with a line of nothing but a dot. The kernel half would be megabytes.
answer_questions() {
	local question answer

	exec 3<>"$control/monitor.in" 4<>"$control/monitor.out" 5<>"$control/line.in" 6<>"$control/line.out"
	read -r answer <&4
	echo '{"execute":"qmp_capabilities"}' >&3
	read -r answer <&4
	while read -r question <&6; do
		answer=
		if [[ $question =~ ^(info (registers|mem|tlb)|gva2gpa 0x[0-9a-f]{1,16})$ ]]; then
			printf '{"execute":"human-monitor-command","arguments":{"command-line":"%s"}}\n' \
				"$question" >&3
			until [[ $answer == '{"return": '* || $answer == '{"error": '* ]]; do
				read -r answer <&4
			done
			answer=${answer#'{"return": "'}
			answer=${answer%'"}'*}
		fi
		{ printf '%b' "$answer" | grep -v '^ffff' | tr -d '\r'; echo .; } >&5
	done
}

# In an option's value a comma is written twice.
qemu_escape() {
	printf %s "${1//,/,,}"
}
