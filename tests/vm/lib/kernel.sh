# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Kernels: Debian's own packages, downloaded and unpacked, never installed.
#
#   kernels/SUITE-ARCH     link to the unpacked kernel that the suite holds; touched when looked up
#   kernels/RELEASE-ARCH/  vmlinuz, config, System.map, release, and lib/modules/RELEASE

help_kernel() {
	cat <<END
usage: testbed kernel [--refresh] SUITE ARCH

Fetch the newest kernel of SUITE (bookworm, trixie, backports) for ARCH (amd64, arm64) and print
where it is, one KEY=VALUE a line: release, vmlinuz, config, system_map, modules. The suite is
looked up once a day, so that all else works offline.

  --refresh   look it up now
END
}

cmd_kernel() {
	local refresh='' dir
	[ "${1-}" != --refresh ] || { refresh=1 && shift; }
	[ $# = 2 ] || usage "kernel: wants SUITE and ARCH" kernel
	kernel_fetch "$1" "$2" "$refresh"
	dir=$(realpath "$cache/kernels/$1-$2")
	printf '%s=%s\n' release "$(<"$dir/release")" vmlinuz "$dir/vmlinuz" config "$dir/config" \
		system_map "$dir/System.map" modules "$dir/lib/modules/$(<"$dir/release")"
}

# kernel_fetch SUITE ARCH [REFRESH]: make kernels/SUITE-ARCH point at an unpacked kernel.
kernel_fetch() {
	local suite arch=$2 link=$cache/kernels/$1-$2 log=$cache/log/kernel-$1-$2.log
	suite=$(suite_name "$1")
	triplet "$arch" >/dev/null
	need_tool depmod
	mkdir -p "$cache/kernels" "$cache/log"
	take_lock kernels 7
	if [ -n "${3-}" ] || ! [ -e "$link/release" ] || ! fresh "$link"; then
		say "looking up the kernel of $suite for $arch"
		if kernel_update "$suite" "$arch" "$link" >"$log" 2>&1; then
			:
		elif [ -e "$link/release" ]; then
			say "it cannot be looked up now ($(tail -n 1 "$log")): keeping $(<"$link/release")"
		else
			die "no kernel of $suite for $arch: $(grep -m1 '^E:' "$log" || tail -n 1 "$log")" \
				"read $log; is the mirror $(mirror) reachable?"
		fi
	fi
	flock -u 7
}

kernel_update() {
	local apt=$cache/apt/$1-$2 name release dir link=$3
	kernel_apt_config "$1" "$2" "$apt"
	kernel_apt apt-get -q -o APT::Update::Error-Mode=any update || return
	name=$(kernel_depends "linux-image-$2" | grep -m1 '^linux-image-[0-9]') || {
		echo "E: linux-image-$2 names no versioned package"
		return 1
	}
	release=${name#linux-image-}
	dir=$cache/kernels/$release-$2
	if [ ! -e "$dir/release" ]; then
		say "fetching $release for $2" 2>&"$terminal"
		kernel_unpack "$name" "$release" "$dir" || return
	fi
	ln -sfn "$release-$2" "$link"
}

# An apt that knows this one suite and architecture only, whatever the host's sources are.
kernel_apt_config() {
	local apt=$3
	mkdir -p "$apt/lists/partial" "$apt/etc" "$apt/download"
	echo "deb [arch=$2 signed-by=$keyring] $(mirror) $1 main" >"$apt/etc/sources.list"
	: >"$apt/status"
	apt_options=(-o "Dir::Etc::SourceList=$apt/etc/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o Dir::Etc::PreferencesParts=/dev/null -o "Dir::State::Lists=$apt/lists"
		-o "Dir::State::status=$apt/status" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
		-o "APT::Architecture=$2" -o "APT::Architectures::=$2" -o Acquire::Languages=none
		-o APT::Sandbox::User=root -o Acquire::Retries=3)
}

kernel_apt() {
	local tool=$1
	shift
	"$tool" "${apt_options[@]}" "$@"
}

kernel_depends() {
	kernel_apt apt-cache --no-all-versions show "$1" |
		sed -n 's/^\(Pre-\)\?Depends: //p' | tr ',' '\n' | sed 's/^ *//; s/[ :(|].*//'
}

# The versioned image package and, where it is split, the others that make it up.
kernel_parts() {
	local part
	echo "$1"
	kernel_depends "$1" | grep -E "^linux-(image|binary|modules|base)-[0-9]" | while read -r part; do
		kernel_parts "$part"
	done
}

kernel_unpack() {
	local release=$2 dir=$3 new=$3.new part
	rm -rf "$new"
	mkdir -p "$new/tree/usr/lib"
	ln -s usr/lib "$new/tree/lib"
	kernel_parts "$1" | sort -u >"$new/parts"
	cat "$new/parts"
	while read -r part; do
		kernel_download "$part" "$new/tree" || return
	done <"$new/parts"
	mv "$new/tree/usr/lib" "$new/lib"
	cp -L "$(find "$new/tree" "$new/lib/modules" -name 'vmlinuz*' | head -n 1)" "$new/vmlinuz" || return
	cp -L "$(find "$new/tree" "$new/lib/modules" -name "config*" -type f | head -n 1)" "$new/config" || return
	cp -L "$(find "$new/tree" "$new/lib/modules" -name "System.map*" -type f | head -n 1)" "$new/System.map" ||
		return
	rm -rf "$new/tree"
	depmod -b "$new" -F "$new/System.map" "$release" || return
	echo "$release" >"$new/release"
	rm -rf "$dir"
	mv "$new" "$dir"
}

# Only whole packages, which apt has verified, ever get their final name.
kernel_download() {
	local deb apt=${apt:?set by kernel_update}
	deb=$archives/$(kernel_apt apt-cache --no-all-versions show "$1" |
		sed -n 's|^Filename: .*/||p' | head -n 1)
	if [ ! -e "$deb" ]; then
		rm -rf "$apt/download"
		mkdir -p "$apt/download" "$archives"
		(cd "$apt/download" && kernel_apt apt-get -q download "$1") || return
		mv "$apt"/download/*.deb "$deb"
	fi
	dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$2"
}

# kernel_given PATH SUITE_DIR DIR: makes DIR a kernel's folder of a bzImage, a package or an unpacked one.
kernel_given() {
	local from=$1 suite=$2 dir=$3 modules
	mkdir -p "$dir/lib"
	case $from in
	*.deb)
		mkdir "$dir/tree"
		dpkg-deb --fsys-tarfile "$from" | tar -x -C "$dir/tree" || die "--kernel: cannot unpack $from"
		from=$dir/tree
		;;
	esac
	if [ -f "$from" ]; then
		cp "$from" "$dir/vmlinuz"
		cp "$suite/release" "$dir/"
		ln -s "$suite/lib/modules" "$dir/lib/modules"
		return
	fi
	modules=$(find "$from" -path '*lib/modules/*' -name modules.order -printf '%h\n' | head -n 1)
	[ -n "$modules" ] || die "--kernel: $from has no lib/modules/RELEASE"
	cp -L "$(find "$from" -name 'vmlinu[xz]*' -type f | head -n 1)" "$dir/vmlinuz" ||
		die "--kernel: $from has no vmlinuz"
	basename "$modules" >"$dir/release"
	mkdir "$dir/lib/modules"
	cp -r "$modules" "$dir/lib/modules/"
	depmod -b "$dir" "$(<"$dir/release")"
}
