# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# lib.sh - what vmlinux.h names, as facts.awk tells it. Sourced in the top folder.

btf_kernels="amd64-bookworm amd64-trixie amd64-backports arm64-bookworm arm64-trixie arm64-backports"

# facts_of_header ARCH [HEADER]
facts_of_header() {
	clang -E -P "-D__TARGET_ARCH_${1/amd64/x86}" "${2:-vmlinux.h}" | awk -f tests/btf/facts.awk
}

# A flavour, struct foo___v2, is a struct foo of some kernel.
plain_names() {
	sed -E 's/___[a-zA-Z0-9_]+//g'
}

# vmlinux_of RELEASE: the headers' vmlinux, in the testbed's cache. driver/build sees to it that it is.
vmlinux_of() {
	local file cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/iommuscope
	for file in "$cache"/{root,driver/headers/*}"/usr/src/linux-headers-$1/vmlinux"; do
		[ ! -e "$file" ] || { echo "$file"; return; }
	done
	echo "no vmlinux of $1 in $cache" >&2
	return 1
}
