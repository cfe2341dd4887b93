# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Booting an entry of the matrix and running a command in it.

help_run() {
	cat <<'END'
usage: testbed run ENTRY [OPTION]... -- CMD [ARG...]

Boot ENTRY of the matrix, run CMD in it and exit with its status: 124 if time ran out, 125 if the
guest panicked, died, could not load a module or never reached user space, both with the end of
the guest's console on stderr. CMD's stdout and stderr are ours. What it writes under /out comes
back to --out. One guest runs at a time; others wait.

  --timeout SEC            for the boot and CMD together (default 300)
  --out DIR                where the guest's /out is unpacked when CMD has ended
  --add HOST:GUEST         put the host's file or folder HOST there as GUEST; may be repeated
  --modules "NAME..."      kernel modules to load before CMD
  --add-modules "NAME..."  modules to ship for CMD to modprobe
  --append "ARG..."        more kernel arguments
  --global DEV.PROP=VALUE  a property of QEMU's devices of a kind; may be repeated
  --smp N, --mem MB        size of the guest (default 2 CPUs, 1024 MB)
  --forward HOST:GUEST     127.0.0.1's TCP port HOST leads to the guest's port GUEST, by a card that no IOMMU
                           sees and TESTBED_NICS leaves out; may be repeated
  --disk                   an NVMe disk of 256 MB of zeros behind the IOMMU; nvme is loaded
  --console FILE           keep the guest's console output
  --kernel PATH            not the suite's kernel: a bzImage (with the suite's modules), a .deb, or a
                           folder that one was unpacked in
  --icount                 count instructions for time: one is one nanosecond; one CPU, "edu" in
                           place of the network cards, stdout and stderr sent when CMD has ended

The guest is busybox and what you add: link programs statically.
END
}

cmd_run() {
	local entry='' timeout=300 out='' add=() load='' ship='' append='' smp=2 mem=1024 console='' icount=''
	local given='' disk='' global=() forward=
	while [ $# -gt 0 ]; do
		[[ $1 != --?* || $1 == --icount || $1 == --disk || $# -ge 2 ]] || usage "run: $1 wants a value" run
		case $1 in
		--timeout) timeout=$(check_number "$@"); shift 2 ;;
		--out) out=$2; shift 2 ;;
		--add) check_add "$2"; add+=("$2"); shift 2 ;;
		--modules) load+=" $2"; shift 2 ;;
		--add-modules) ship+=" $2"; shift 2 ;;
		--append) append+=" $2"; shift 2 ;;
		--global) global+=(-global "$2"); shift 2 ;;
		--smp) smp=$(check_number "$@"); shift 2 ;;
		--mem) mem=$(check_number "$@"); shift 2 ;;
		--disk) disk=1; shift ;;
		--console) console=$2; shift 2 ;;
		--forward) check_forward "$2"; forward+=,hostfwd=tcp:127.0.0.1:${2%:*}-:${2#*:}; shift 2 ;;
		--kernel) given=$2; shift 2 ;;
		--icount) icount=1; shift ;;
		--) shift; break ;;
		-*) usage "run: unknown option '$1'" run ;;
		*)
			[ -z "$entry" ] || usage "run: unexpected '$1' (the command comes after --)" run
			entry=$1
			shift
			;;
		esac
	done
	[ -n "$entry" ] || usage "run: which entry of the matrix?" run
	[ $# -gt 0 ] || usage "run: no command given" run
	need_root
	root_ready

	local arch suite iommu args kernel work
	matrix_entry "$entry"
	kernel_fetch "$suite" "$arch"
	kernel=$(realpath "$cache/kernels/$suite-$arch")
	machine_setup "$arch" "$iommu" "$smp" "$mem" "$icount"
	machine+=("${global[@]}")
	[ -z "$forward" ] || machine_forward "$arch" "$forward"
	[ -z "$disk" ] || machine_disk
	take_guest_lock
	work_make
	[ -z "$given" ] || { kernel_given "$given" "$kernel" "$work/kernel" && kernel=$work/kernel; }
	run_script "$icount" "$load" "${forward:+$forward_mac}" "$@" >"$work/run.sh"
	local modules
	read -ra modules <<<"$machine_modules $load $ship"
	initramfs_build "$work/initrd" "$kernel" "$arch"
	say "$entry: booting $(<"$kernel/release"), initramfs $(du -m "$work/initrd" | cut -f1) MB"
	guest_ports
	local up='' booted
	guest_boot "$kernel" "$machine_append $args$append"
	guest_up "$entry" "$timeout" || guest_boot "$kernel" "$machine_append $args$append"
	guest_wait "$entry" "$timeout"
}

check_number() {
	[[ ${2-} =~ ^[1-9][0-9]*$ ]] || usage "run: $1 wants a number, got '${2-}'" run
	echo "$2"
}

check_add() {
	[[ $1 == ?*:/?* ]] || usage "run: --add wants HOST:GUEST with GUEST absolute, got '$1'" run
	[ -e "${1%%:*}" ] || die "--add: ${1%%:*} does not exist"
}

check_forward() {
	[[ $1 =~ ^[1-9][0-9]*:[1-9][0-9]*$ ]] || usage "run: --forward wants HOSTPORT:GUESTPORT, got '$1'" run
}

# Sets the caller's arch, suite, iommu and args.
matrix_entry() {
	local line
	line=$(awk -v name="$1" '$1 == name' "$here/matrix")
	[ -n "$line" ] || usage "run: the matrix has no entry '$1' (testbed list shows them)" run
	read -r _ arch suite iommu args <<<"$line"
}

# One guest at a time, but for those of whoever holds the lock for all of them; what runs left that were
# killed goes.
take_guest_lock() {
	[ "${TESTBED_HELD-}" != "$cache" ] || return 0
	take_lock guest 9
	rm -rf "$cache"/run/*
}

# A folder for this run.
work_make() {
	mkdir -p "$cache/run"
	work=$(mktemp -d "$cache/run/XXXXXX")
	trap run_cleanup EXIT
}

run_cleanup() {
	supervise_stop
	[ -z "${console-}" ] || cp "$work/console" "$console" 2>/dev/null || true
	rm -rf "${work:?}"
}

# What the guest's init reads.
run_script() {
	local icount=$1 load=$2 forward=$3 word
	shift 3
	printf "buffered='%s'\nlink_modules='%s'\nload_modules='%s'\nforward_mac='%s'\n" "$icount" \
		"$machine_modules" "$load" "$forward"
	printf 'command() {\n\texec'
	for word; do
		printf " '%s'" "${word//\'/\'\\\'\'}"
	done
	printf '\n}\n'
}

guest_ports() {
	local port number=0
	for port in stdout stderr out; do
		number=$((number + 1))
		machine+=(-chardev "file,id=$port,path=/run/testbed/$port"
			-device "virtserialport,chardev=$port,nr=$number,name=$port")
	done
}

# guest_boot KERNEL APPEND: sets the caller's booted.
guest_boot() {
	local file
	booted=$SECONDS
	for file in stdout stderr out console; do
		: >"$work/$file"
	done
	supervise_start "${enter[@]}" "$root" / "$work:/run/testbed" "$1:/run/kernel" -- \
		"${machine[@]}" -serial file:/run/testbed/console -kernel /run/kernel/vmlinuz \
		-initrd /run/testbed/initrd -append "$2" </dev/null >"$work/qemu.log" 2>&1
	tail -c +1 -f -s 0.1 --pid="$supervised" "$work/stdout" 9>&- &
	tails=$!
	tail -c +1 -f -s 0.1 --pid="$supervised" "$work/stderr" >&2 9>&- &
	tails+=" $!"
}

# guest_up ENTRY TIMEOUT: false if the kernel hangs in its boot, before anything of ours runs: the machine is
# ended then. Sets the caller's up.
guest_up() {
	until grep -aq 'testbed: user space is up' "$work/console"; do
		kill -0 "$supervised" 2>/dev/null || return 0
		[ $((SECONDS - booted)) -lt "$2" ] || return 0
		if [ $((SECONDS - booted)) -ge 90 ]; then
			guest_failed "$1: not up after 90 s, booting once more"
			guest_stop
			return 1
		fi
		sleep 0.1
	done
	up=$((SECONDS - booted))
	say "$1: up after $up s, running the command"
}

guest_stop() {
	supervise_stop
	# shellcheck disable=SC2086 # a list
	wait $tails
}

# guest_wait ENTRY TIMEOUT: until the command has ended, the guest has, or time has run out.
guest_wait() {
	local entry=$1 end=$((booted + $2)) status='' alive
	while :; do
		# In this order: it may say its last word and be gone in between.
		kill -0 "$supervised" 2>/dev/null && alive=1 || alive=
		status=$(tail -c 16 "$work/out" | sed -n 's/^.*status \([0-9]*\)$/\1/p' | tail -n 1)
		[ -z "$status" ] || break
		[ -n "$alive" ] || { status=died; break; }
		[ "$SECONDS" -lt "$end" ] || break
		sleep 0.1
	done
	sleep 0.1
	guest_stop
	case $status in
	'')
		guest_failed "$entry: timed out after $2 s${up:+ (user space was up after $up s)}"
		exit 124
		;;
	died)
		local how=died
		grep -q 'Kernel panic' "$work/console" && how=panicked
		[ -n "$up" ] || how+=" before user space was up"
		guest_failed "$entry: the guest $how"
		exit 125
		;;
	esac
	[ "$status" != 125 ] || guest_failed "$entry: the command did not run, or exited with 125"
	guest_out
	say "$entry: exit status $status after $((SECONDS - booted)) s"
	exit "$status"
}

guest_out() {
	[ -n "$out" ] || return 0
	mkdir -p "$out"
	tar -x --no-same-owner -f "$work/out" -C "$out"
}

guest_failed() {
	say "$1"
	{
		grep -v 'has no peer' "$work/qemu.log"
		grep -a 'Kernel panic' "$work/console"
		sed 's/\x1b\[[0-9;?=]*[A-Za-z]//g' "$work/console" | grep -av '^ *$' | tail -n 25
	} | tr -d '\r' | sed 's/^/  | /' >&2 || true
}

help_hold() {
	cat <<'END'
usage: testbed hold -- CMD [ARG...]

Take the lock of the guests, run CMD, and exit with its status. CMD may call "testbed run" several times
at once: its guests run side by side.
END
}

cmd_hold() {
	[ "${1-}" = -- ] && [ $# -gt 1 ] || usage "hold: no command given (it comes after --)" hold
	shift
	need_root
	take_guest_lock
	# What it starts has the lock, too, and keeps it for as long as any of it lives.
	TESTBED_HELD=$cache exec "$@"
}

help_list() {
	cat <<'END'
usage: testbed list

Print the matrix, one entry a line: name, architecture, suite, IOMMU, extra kernel arguments.
END
}

cmd_list() { grep -v '^#' "$here/matrix"; }

help_clean() {
	cat <<END
usage: testbed clean [--downloads]

Remove the root, the kernels and what killed runs left in $cache.

  --downloads   the downloaded packages, too
END
}

cmd_clean() {
	need_root
	take_lock setup 8
	take_lock guest 9
	if grep -q " $(realpath -m "$root")/" /proc/self/mounts; then
		die "something is still mounted in $root" "umount it"
	fi
	rm -rf --one-file-system "$root" "$root.new" "$cache"/{stamp,kernels,run,log}
	[ "${1-}" != --downloads ] || rm -rf "$cache/apt"
}
