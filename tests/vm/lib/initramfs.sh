# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The guest's whole file system: busybox, lib/guest-init, modules, and what the caller adds.

# initramfs_build OUT KERNEL_DIR ARCH, with the caller's arrays modules (all to ship) and add
# (HOSTFILE:GUESTPATH), and the file $work/run.sh (what to load and run).
initramfs_build() {
	local out=$1 kernel=$2 arch=$3 tree=$work/tree pair
	need_tool cpio
	mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,dev,proc,sys,tmp,out,root,etc,run}
	cp "$root/usr/lib/testbed/busybox-$arch" "$tree/bin/busybox" ||
		die "the root has no busybox for $arch" "testbed setup $arch"
	install -m 755 "$lib/guest-init" "$tree/init"
	install -m 755 "$work/run.sh" "$tree/etc/run.sh"
	initramfs_modules "$kernel" "$tree"
	for pair in "${add[@]}"; do
		mkdir -p "$tree$(dirname "${pair#*:}")"
		cp -a --dereference "${pair%%:*}" "$tree${pair#*:}"
	done
	(cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet --reproducible) >"$out"
	rm -rf "$tree"
}

initramfs_modules() {
	local release dir file to=$2
	release=$(<"$1/release")
	dir=$1/lib/modules/$release
	to=$to/lib/modules/$release
	mkdir -p "$to"
	initramfs_closure "$dir" >"$work/modules"
	while read -r file; do
		mkdir -p "$to/${file%/*}"
		case $file in
		*.xz) xz -dc "$dir/$file" >"$to/${file%.xz}" ;;
		*) cp "$dir/$file" "$to/$file" ;;
		esac
	done <"$work/modules"
	# busybox modprobe reads these; they may name modules that are not shipped.
	sed 's/\.ko\.xz/.ko/g' "$dir/modules.dep" >"$to/modules.dep"
	[ ! -e "$dir/modules.builtin" ] || cp "$dir/modules.builtin" "$to/"
}

# The files of the wanted modules and of all that they depend on.
initramfs_closure() {
	local missing
	: >"$work/closure" # nothing to ship: every module asked for may be built in
	missing=$(printf '%s\n' "${modules[@]}" | awk -v list="$work/closure" '
		function name(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path); return path }
		stage == 1 { known[name($1)] = 1; next }
		stage == 2 { file = $1; sub(/:$/, "", file); n = name(file); known[n] = 1; path[n] = file
			for (i = 2; i <= NF; i++) deps[n] = deps[n] " " $i; next }
		{ n = name($1); if (!known[n]) print $1
		  else if (n in path) { print path[n] > list; k = split(deps[n], d, " ")
			for (i = 1; i <= k; i++) print d[i] > list } }
	' stage=1 "$1/modules.builtin" stage=2 "$1/modules.dep" stage=3 -)
	[ -z "$missing" ] || die "kernel ${1##*/} has no module ${missing//$'\n'/ }"
	sort -u "$work/closure"
}
