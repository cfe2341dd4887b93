# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The root: a Debian folder with QEMU, compilers and kernel headers, entered by chroot.

packages_common() {
	echo gcc gcc-14 make clang llvm dwarves trace-cmd kmod e2fsprogs cpio xz-utils zstd uthash-dev pkg-config \
		protobuf-compiler protobuf-c-compiler git ca-certificates prometheus tmux
}

# From backports: the newest QEMU (Debian 12's knows one SMMUv3 only), kernel headers and BPF tools.
packages_backports() {
	echo qemu-system-arm qemu-system-x86 qemu-efi-aarch64 ipxe-qemu seabios bpftool
}

packages_arch() {
	local lib
	for lib in libc6-dev libelf-dev libdw-dev zlib1g-dev libzstd-dev libjansson-dev libprotobuf-c-dev \
		libncurses-dev libsystemd-dev libmicrohttpd-dev; do
		echo "$lib:$1"
	done
	[ "$1" = "$(native_arch)" ] || echo "gcc-$(triplet "$1")" "gcc-14-$(triplet "$1")"
}

packages_arch_backports() {
	echo "libbpf-dev:$1" "linux-headers-$1:$1"
}

help_deps() {
	cat <<'END'
usage: testbed deps

Print the names of the Debian packages the testbed needs on the host, one a line.
END
}

cmd_deps() {
	local IFS=$'\n '
	# shellcheck disable=SC2086 # a list
	printf '%s\n' $host_packages
}

help_exec() {
	cat <<'END'
usage: testbed exec [--bind SRC:DST]... [--chdir DIR] -- CMD [ARG...]

Run CMD inside the testbed's root, in namespaces of its own: nothing it started or mounted is left
behind when it ends or is killed. Its exit status is ours.

  --bind SRC:DST   show the host's SRC (folder or file) as DST inside
  --chdir DIR      start in DIR (a path inside; default /)
END
}

cmd_exec() {
	local binds=() bind dir=/
	while [ $# -gt 0 ]; do
		case $1 in
		--bind)
			bind=$(check_bind "${2-}")
			binds+=("$bind")
			shift 2
			;;
		--chdir)
			[[ ${2-} == /* ]] || usage "exec: --chdir wants an absolute path" exec
			dir=$2
			shift 2
			;;
		--) shift; break ;;
		*) usage "exec: unknown option '$1'" exec ;;
		esac
	done
	[ $# -gt 0 ] || usage "exec: no command given" exec
	need_root
	root_ready
	supervise "${enter[@]}" "$root" "$dir" "${binds[@]}" -- "$@"
}

check_bind() {
	[[ $1 == ?*:/* && $1 != *..* ]] || usage "--bind wants SRC:DST with DST absolute, got '$1'" exec
	[ -e "${1%%:*}" ] || die "--bind: ${1%%:*} does not exist"
	echo "$(realpath "${1%%:*}"):${1#*:}"
}

# lib/enter in namespaces that die with their first process, and that with us.
enter=(unshare --mount --propagation private --pid --fork --kill-child "$lib/enter")

root_ready() {
	[ -e "$cache/stamp/common" ] ||
		die "there is no testbed root in $root yet" "testbed setup"
}

# Inside the root, with the network and the kept packages: for apt.
in_root() {
	supervise "${enter[@]}" "$root" / "$(realpath /etc/resolv.conf):/etc/resolv.conf" \
		"$archives:/var/cache/apt/archives" -- "$@"
}

help_setup() {
	cat <<END
usage: testbed setup [--refresh] [ARCH...]

Make, finish or update the testbed's root: Debian $root_suite with $backports in
$root
ARCH is the guests' architecture: amd64, arm64; default both. About 3.5 GB. Safe to interrupt and
to repeat: finished parts are skipped, downloads are kept. Looks for newer packages once a day.

  --refresh   look for newer packages now
END
}

cmd_setup() {
	local refresh='' arches=() arch
	while [ $# -gt 0 ]; do
		case $1 in
		--refresh) refresh=1 ;;
		-*) usage "setup: unknown option '$1'" setup ;;
		*) triplet "$1" >/dev/null; arches+=("$1") ;;
		esac
		shift
	done
	[ ${#arches[@]} -gt 0 ] || arches=(amd64 arm64)
	need_root
	take_lock setup 8
	mkdir -p "$cache/stamp" "$archives/partial" "$cache/log"
	setup_base
	setup_packages common "$refresh" "$(packages_common)" "$(packages_backports)"
	for arch in "${arches[@]}"; do
		setup_packages "$arch" "$refresh" "$(packages_arch "$arch")" "$(packages_arch_backports "$arch")"
		setup_busybox "$arch"
	done
	say "root is ready: $root"
}

setup_base() {
	local log=$cache/log/debootstrap.log
	[ ! -e "$cache/stamp/base" ] || return 0
	need_tool debootstrap
	say "making the root with debootstrap ($root_suite, log: $log)"
	rm -rf "$root" "$root.new" "$cache"/stamp/*
	supervise unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
		debootstrap --variant=minbase --include=ca-certificates \
		--cache-dir="$archives" --keyring="$keyring" "$root_suite" "$root.new" "$(mirror)" >"$log" 2>&1 ||
		die "debootstrap failed: $(tail -n 1 "$log")" "read $log, then testbed setup again"
	write_root_config
	mv "$root.new" "$root"
	: >"$cache/stamp/base"
}

# Without documentation.
write_root_config() {
	apt_config "$root.new" "$root_suite $root_suite-updates $backports"
	printf 'path-exclude=/usr/share/%s/*\n' doc man locale >>"$root.new/etc/dpkg/dpkg.cfg.d/iommuscope"
}

# setup_packages NAME REFRESH LIST BACKPORTS_LIST: the stamp holds the lists' hash, so a changed
# list adds what is missing and an interrupted install has none.
setup_packages() {
	local name=$1 refresh=$2 list=$3 newer=$4 stamp=$cache/stamp/$1 log=$cache/log/packages-$1.log hash
	hash=$(printf '%s\n' "$list" "$newer" | sha256sum | cut -d' ' -f1)
	if [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ] && [ -z "$refresh" ] && fresh "$stamp"; then
		return
	fi
	say "installing packages: $name (log: $log)"
	if ! install_packages "$name" "$list" "$newer" >"$log" 2>&1; then
		[ "$(cat "$stamp" 2>/dev/null)" = "$hash" ] ||
			die "packages of '$name' could not be installed: $(grep -m1 '^E:' "$log" || tail -n1 "$log")" \
				"read $log, then testbed setup again"
		say "no newer packages to be had now ($(grep -m1 '^[EW]:' "$log")); the root stays as it is"
		return
	fi
	echo "$hash" >"$stamp.new"
	mv "$stamp.new" "$stamp"
}

install_packages() {
	# shellcheck disable=SC2016 # expanded inside
	in_root env DEBIAN_FRONTEND=noninteractive sh -ec '
		dpkg --configure -a
		[ "$1" = common ] || dpkg --add-architecture "$1"
		apt-get -q -o APT::Update::Error-Mode=any update
		apt-get -qy --fix-broken install
		apt-get -qy install $2
		apt-get -qy -t "$4" install $3' sh "${1/#$(native_arch)/common}" "$2" "$3" "$backports"
}

# One static busybox per architecture for the guests; the packages cannot be installed side by side.
setup_busybox() {
	local busybox=$root/usr/lib/testbed/busybox-$1
	[ ! -x "$busybox" ] || return 0
	# shellcheck disable=SC2016 # expanded inside
	in_root sh -ec 'cd /tmp; apt-get -q download "busybox-static:$1"
		dpkg-deb -x busybox-static_*.deb x; mkdir -p /usr/lib/testbed
		cp x/usr/bin/busybox /usr/lib/testbed/new
		mv /usr/lib/testbed/new "/usr/lib/testbed/busybox-$1"' sh "$1" >"$cache/log/busybox-$1.log" 2>&1 ||
		die "busybox-static:$1 could not be fetched: $(tail -n 1 "$cache/log/busybox-$1.log")"
}
