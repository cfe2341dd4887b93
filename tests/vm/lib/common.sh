# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Paths, messages and child processes: what every part of the testbed uses.

cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/iommuscope
root=$cache/root
archives=$cache/apt/archives
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
root_suite=trixie
backports=trixie-backports

exec {terminal}>&2 # for what must be said while stderr goes to a log

say() { printf 'testbed: %s\n' "$*" >&2; }

# die MESSAGE [HINT]: what failed and why, then what to try.
die() {
	printf 'testbed: %s\n' "$1" >&2
	[ $# -lt 2 ] || printf '         try: %s\n' "$2" >&2
	exit 1
}

usage() {
	printf 'testbed: %s\n' "$1" >&2
	printf '         try: testbed %s--help\n' "${2:+$2 }" >&2
	exit 2
}

# What the host must have; everything else lives in the root.
host_packages="ca-certificates cpio debian-archive-keyring debootstrap kmod xz-utils"

need_tool() {
	command -v "$1" >/dev/null || die "$1 is not installed here" "apt-get install $host_packages"
}

need_root() {
	[ "$(id -u)" = 0 ] || die "needs root: it mounts and calls chroot" "sudo -E $0 ..."
	unshare --mount --propagation private true 2>/dev/null ||
		die "cannot keep mounts private: no CAP_SYS_ADMIN, or a chroot whose / is no mount point" \
			"mount --bind DIR DIR, before chroot DIR"
}

native_arch() { dpkg --print-architecture; }

triplet() {
	case $1 in
	amd64) echo x86-64-linux-gnu ;;
	arm64) echo aarch64-linux-gnu ;;
	*) usage "unknown architecture '$1' (amd64 and arm64 are known)" ;;
	esac
}

# The suite's real name: the matrix says "backports" for the newest kernel there is.
suite_name() {
	case $1 in
	backports) echo $backports ;;
	bookworm | trixie | bookworm-backports | trixie-backports) echo "$1" ;;
	*) usage "unknown suite '$1' (bookworm, trixie, backports)" ;;
	esac
}

# The mirror this machine itself uses, asked from apt so that both source formats work.
mirror() {
	local uri
	# shellcheck disable=SC2016 # apt expands these
	uri=$(apt-get indextargets --no-release-info --format '$(COMPONENT) $(RELEASE) $(REPO_URI)' \
		'Created-By: Packages' 2>/dev/null |
		awk '$1 == "main" && $2 !~ /[-\/]/ && $3 ~ /^https?:.*\/debian\/?$/ { print $3; exit }')
	echo "${uri:-http://deb.debian.org/debian}"
}

# fresh FILE: true if FILE was written within the last day.
fresh() { [ -n "$(find "$1" -maxdepth 0 -mmin -1440 2>/dev/null)" ]; }

# take_lock NAME FD: wait for the lock, saying so if someone else holds it.
take_lock() {
	mkdir -p "$cache"
	eval "exec $2>\"\$cache/\$1.lock\""
	flock -n "$2" && return
	say "waiting for another testbed ($1 lock)"
	flock "$2"
}

# supervise CMD...: run CMD so that it dies with us, whatever way we die; CMD's status is ours.
# (In the background, as bash runs no trap while it waits for a foreground command.)
supervised=
supervise() {
	local rc=0
	supervise_start "$@"
	wait "$supervised" || rc=$?
	supervised=
	return "$rc"
}

supervise_start() {
	setpriv --pdeathsig KILL -- "$@" <&0 &
	supervised=$!
}

supervise_stop() {
	[ -n "$supervised" ] || return 0
	kill -KILL "$supervised" 2>/dev/null || true
	wait "$supervised" 2>/dev/null || true
	supervised=
}
trap 'supervise_stop; exit 129' HUP
trap 'supervise_stop; exit 130' INT
trap 'supervise_stop; exit 143' TERM

# apt_config ROOT SUITES: the machine's mirror and its proxy, if it has one; no fsync, as the root can be
# made again.
apt_config() {
	rm -f "$1/etc/apt/sources.list"
	cat >"$1/etc/apt/sources.list.d/debian.sources" <<END
Types: deb
URIs: $(mirror)
Suites: $2
Components: main
Signed-By: $keyring
END
	{
		apt-config dump --format '%F "%v";%n' Acquire::http Acquire::https 2>/dev/null | grep -i 'proxy' || true
		echo 'APT::Install-Recommends "false";'
		echo 'APT::Keep-Downloaded-Packages "true";'
		echo 'APT::Sandbox::User "root";'
		echo 'Acquire::Languages "none";'
		echo 'Acquire::Retries "3";'
	} >"$1/etc/apt/apt.conf.d/90iommuscope"
	echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/iommuscope"
	touch "$1/etc/resolv.conf"
}
