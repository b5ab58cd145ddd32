# shellcheck shell=bash disable=SC2034,SC2154 # it shares its names with run
# SPDX-License-Identifier: GPL-2.0-only
#
# How a lab VM is started under Bochs, which has what QEMU's emulation of x86-64 lacks:
# PCIDs. It is slow, and shares no folder: the guest's root is an initramfs with busybox,
# vmlab, the programs that COMMAND names and their libraries, on a CD. COMMAND's outputs
# and status come back when it is over, as a tar archive over the second serial port. To
# be sourced by run, whose settings it reads.

readonly BOCHS_PROGRAMS=(bochs xorriso script)
readonly BOCHS_PACKAGES=(bochs bochsbios vgabios bochs-term xorriso isolinux syslinux-common bsdutils)
# The debugger is told to go on so many times; each stop shows the control registers.
readonly BOCHS_STOPS=500

# bochs_model NAME: Bochs's name for a CPU of ours; others are passed on.
bochs_model() {
	case $1 in
	haswell) echo corei7_haswell_4770 ;;		# PCID, INVPCID, KPTI
	icelake) echo corei7_icelake_u ;;		# PCID, INVPCID, no KPTI
	sandybridge) echo corei7_sandy_bridge_2600k ;;	# PCID, no INVPCID, KPTI
	penryn) echo core2_penryn_t9600 ;;		# no PCID
	*) echo "$1" ;;
	esac
}

# bochs_root FOLDER COMMAND...: what the guest has.
bochs_root() {
	local root=$1 word program library

	shift
	mkdir -p "$root"/{bin,dev,proc,sys,tmp}
	cp "$busybox" "$root/bin/busybox"
	install -m 755 "$LAB/guest/init-bochs" "$root/init"
	[ -z "$module" ] || cp "$module" "$root/vmlab.ko"
	printf '%s\n' "${*@Q}" >"$root/command"
	for word in vmlab "$@"; do
		for program in "$cell/tools/vmlab/$word" "$cell/selftests/bin/$word"; do
			if [ -z "$cell" ] || [[ $word == */* ]] || [ ! -f "$program" ]; then continue; fi
			cp "$program" "$root/bin/"
			ldd "$program" 2>/dev/null | grep -o '/[^ )]*' | while read -r library; do
				mkdir -p "$root${library%/*}"
				cp -Lu "$library" "$root$library"
			done
		done
	done
}

# bochs_disk COMMAND...: the CD, $control/cd.iso.
bochs_disk() {
	local cd=$control/cd append

	append="console=ttyS0,115200 nokaslr tsc=reliable quiet cryptomgr.notests panic=-1 oops=panic"
	append+=" printk.time=1 watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=60 random.trust_cpu=on"
	# Bochs 2.7 says that its Ice Lake has fast short copies, and does not do them.
	[ "$cpu" != icelake ] || append+=" clearcpuid=fsrm"
	mkdir -p "$cd/isolinux"
	bochs_root "$control/root" "$@"
	(cd "$control/root" && find . | cpio --quiet -o -H newc -R 0:0 | gzip -1) >"$cd/initrd"
	cp "$kernel_dir/vmlinuz" "$cd/vmlinuz"
	cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$cd/isolinux/"
	cat >"$cd/isolinux/isolinux.cfg" <<-END
	default lab
	prompt 0
	label lab
	kernel /vmlinuz
	append initrd=/initrd $append $kernel_args
	END
	xorriso -as mkisofs -quiet -o "$control/cd.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
		-no-emul-boot -boot-load-size 4 -boot-info-table "$cd" 2>"$control/emulator" ||
		fail "$LAB_FAILED" "xorriso could not make the guest's CD: $(tail -n 1 "$control/emulator")"
	rm -rf "$cd" "$control/root"
}

# bochs_command: sets qemu=(...), which is what start runs.
bochs_command() {
	local i of

	cat >"$control/bochsrc" <<-END
	config_interface: textconfig
	display_library: term
	romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
	vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
	megs: $memory
	cpu: model=$(bochs_model "$cpu"), count=$cpus, ips=100000000, reset_on_triple_fault=0
	clock: sync=none
	ata0-master: type=cdrom, path=$control/cd.iso, status=inserted
	boot: cdrom
	com1: enabled=1, mode=file, dev=$control/serial
	com2: enabled=1, mode=file, dev=$control/answer
	panic: action=fatal
	error: action=ignore
	info: action=ignore
	log: $control/bochs.log
	END
	# The registers of each CPU: which of them asked for the stop only the guest knows.
	for ((i = 0; i < BOCHS_STOPS; i++)); do
		echo c
		for ((of = 0; of < cpus; of++)); do
			# shellcheck disable=SC2016 # the debugger's
			printf 'set $cpu = %d\ncreg\n' "$of"
		done
	done >"$control/debugger.rc"
	echo q >>"$control/debugger.rc"
	: >"$control/serial"
	# It wants a terminal for its display, which nobody looks at; and does not go when
	# that does, so that its own number is kept (the wrappers become it).
	cat >"$control/bochs" <<-END
	echo \$\$ >${control@Q}/bochs.pid
	TERM=xterm exec bochs -q -f ${control@Q}/bochsrc -rc ${control@Q}/debugger.rc
	END
	qemu=(script -qec "exec sh ${control@Q}/bochs" "$control/debugger")
}

# bochs_kill: however it ends, no emulator stays behind.
bochs_kill() {
	local pid

	read -r pid 2>/dev/null <"$control/bochs.pid" || return 0
	rm -f "$control/bochs.pid"
	# Its number may be somebody else's by now.
	! grep -qsF "$control" "/proc/$pid/cmdline" || kill -KILL "$pid" 2>/dev/null || true
}

# bochs_answer: what came back, to where run has it from other guests.
bochs_answer() {
	: >"$control/stdout"
	: >"$control/stderr"
	tar -xf "$control/answer" -C "$control" stdout stderr status 2>/dev/null || rm -f "$control/status"
	cat "$control/stdout"
	cat "$control/stderr" >&2
	[ -z "$debugger" ] || tr -d '\r' <"$control/debugger" >"$debugger"
}
