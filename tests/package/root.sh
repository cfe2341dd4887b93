# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Roots to build, install and remove the packages in: Debian folders below the testbed's cache that are
# only ever read, with an overlay for what a test changes.

# shellcheck source=/dev/null
. tests/vm/lib/common.sh
trap 'rm -rf "${scratch:-}"' EXIT

roots=$cache/package
enter=$PWD/tests/vm/lib/enter

build_packages="build-essential dpkg-dev debhelper dh-dkms lintian"

# What the packages need to be built, as debian/control says it.
build_depends() {
	awk '/^[^ ]/ { on = 0 } sub(/^Build-Depends:/, "") { on = 1 } on' packaging/debian/control |
		tr ',' '\n' | sed 's/^ *//; s/[ (|].*//; /^debhelper-compat$/d; /^$/d'
}

# The kernel's headers that DKMS builds for.
dkms_packages() { echo "dkms linux-headers-$(native_arch)"; }

# in_root SUITE FOLDER [SRC:DST]... -- CMD...
in_root() {
	supervise unshare --mount --propagation private --pid --fork --kill-child "$enter" "$2" / \
		"$(realpath /etc/resolv.conf):/etc/resolv.conf" \
		"$roots/archives-$1:/var/cache/apt/archives" "${@:3}"
}

# in_overlay SUITE-KIND CHANGES [SRC:DST]... -- CMD...: with what CMD changes in the folder CHANGES.
in_overlay() {
	local lower=$roots/$1 suite=${1%-*} changes=$2
	shift 2
	mkdir -p "$changes"/{upper,work,root}
	# shellcheck disable=SC2016 # expanded inside
	supervise unshare --mount --propagation private --pid --fork --kill-child sh -ec '
		mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$2/root"
		enter=$3 root=$2/root
		shift 3
		exec "$enter" "$root" / "$@"' sh "$lower" "$changes" "$enter" \
		"$(realpath /etc/resolv.conf):/etc/resolv.conf" \
		"$roots/archives-$suite:/var/cache/apt/archives" "$@"
}

apt_install() { # SUITE KIND PACKAGE...
	in_root "$1" "$roots/$1-$2" -- env DEBIAN_FRONTEND=noninteractive sh -ec \
		'apt-get -q update; apt-get -qy install "$@"' sh "${@:3}"
}

# make_root SUITE-KIND LOG COMMAND...: once, and again when what it is made from has changed.
make_root() {
	local name=$1 log=$roots/log/$1 sum
	sum=$(sha256sum <<<"$2" | cut -d' ' -f1)
	[ "$(cat "$roots/$name.stamp" 2>/dev/null)" != "$sum" ] || return 0
	say "making the root $name (log: $log)"
	rm -rf "${roots:?}/$name" "$roots/$name.stamp"
	mkdir -p "$roots/log"
	"${@:3}" >"$log" 2>&1 || die "the root $name could not be made: $(tail -n 1 "$log")" "read $log"
	echo "$sum" >"$roots/$name.stamp"
}

make_base() { # SUITE
	supervise unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
		debootstrap --variant=minbase --include=ca-certificates --keyring="$keyring" "$1" \
		"$roots/$1-base" "$(mirror)"
	apt_config "$roots/$1-base" "$1 $1-updates"
}

make_from() { # SUITE KIND PACKAGE...
	cp -a "$roots/$1-base" "$roots/$1-$2"
	apt_install "$@"
}

# setup_roots SUITE: base, which has nothing; build, which builds packages; dkms, which has headers.
setup_roots() {
	local build dkms
	mkdir -p "$roots/archives-$1/partial"
	build="$build_packages $(build_depends | sort | paste -sd' ')"
	dkms=$(dkms_packages)
	# shellcheck disable=SC2086 # lists
	make_root "$1-base" 1 make_base "$1"
	# shellcheck disable=SC2086
	make_root "$1-build" "$build" make_from "$1" build $build
	# shellcheck disable=SC2086
	make_root "$1-dkms" "$dkms" make_from "$1" dkms $dkms
}
