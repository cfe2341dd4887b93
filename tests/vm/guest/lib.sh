# SPDX-License-Identifier: GPL-2.0-only
# lib.sh - what the scripts that run in a guest share. The shell is busybox's.

for loader in /opt/lib/ld-linux*; do
	mkdir -p /lib64
	ln -sf "$loader" /lib/
	ln -sf "$loader" /lib64/
done
export LD_LIBRARY_PATH=/opt/lib PATH=/opt/bin:$PATH
tracing=/sys/kernel/tracing
mkdir -p /out

# One TAP line: check NAME COMMAND...
tests=0
check() {
	name=$1
	shift
	tests=$((tests + 1))
	if "$@" >/tmp/check.log 2>&1; then
		echo "ok $tests - $name"
	else
		echo "not ok $tests - $name"
		sed 's/^/# /' /tmp/check.log | tail -n 12
	fi
}

# skip NAME REASON
skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

# says PATTERN STATUS COMMAND...: the status, and exactly one line of error, which matches.
says() {
	pattern=$1 status=$2
	shift 2
	"$@" >/tmp/stdout 2>/tmp/stderr
	got=$?
	cat /tmp/stderr
	[ "$got" = "$status" ] || { echo "status $got, not $status"; return 1; }
	[ "$(wc -l </tmp/stderr)" = 1 ] || { echo "not one line"; return 1; }
	grep -q "$pattern" /tmp/stderr
}

# as_nobody TOOL ARG...: busybox can change the user by this only, and wants the user to have a name.
as_nobody() {
	tool=$1
	shift
	chmod 755 /opt /opt/bin /opt/lib
	mkdir -p /etc
	echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
	start-stop-daemon -S -c 65534:65534 -x "/opt/bin/$tool" -- "$@"
}

# When an IOMMU's driver came late, the kernel takes up the cards' probe in its own time.
wait_for_cards() {
	i=0
	until [ "$(vfio_devices | wc -l)" -ge 3 ] || [ $i = 50 ]; do
		i=$((i + 1))
		usleep 200000
	done
}

# "BDF INSTANCE" of every network device that has an IOMMU: those are free for VFIO to take.
vfio_devices() {
	for nic in $TESTBED_NICS; do
		iommu=/sys/bus/pci/devices/$nic/iommu
		[ ! -e "$iommu" ] || echo "$nic $(basename "$(readlink -f "$iommu")")"
	done
}

# pci_device VENDOR DEVICE: its address.
pci_device() {
	for dev in /sys/bus/pci/devices/*; do
		[ "$(cat "$dev/vendor") $(cat "$dev/device")" = "$1 $2" ] && echo "${dev##*/}"
	done
}

# Counts the kernel's own iommu:map and iommu:unmap tracepoints, in an instance of our own.
oracle_start() {
	mkdir "$tracing/instances/oracle"
	echo 8192 >"$tracing/instances/oracle/buffer_size_kb"
	for event in map unmap; do
		echo 1 >"$tracing/instances/oracle/events/iommu/$event/enable"
	done
}

# "map N unmap N": a count from the ring's own statistics would hide which event it was, so the
# events are read; the ring is large enough for all of them, or the oracle says it is not.
oracle_stop() {
	echo 0 >"$tracing/instances/oracle/tracing_on"
	awk '/^overrun|^dropped/ { lost += $NF } END { print "overrun", lost + 0 }' \
		"$tracing"/instances/oracle/per_cpu/cpu*/stats
	awk '/: map: IOMMU/ { map++ } /: unmap: IOMMU/ { unmap++ }
	     END { print "map", map + 0; print "unmap", unmap + 0 }' "$tracing/instances/oracle/trace"
	rmdir "$tracing/instances/oracle"
}

# Counts the calls of 6.1's op of VT-d that makes domains: nobody can inline it, as its callers know an
# address only. And those of the core's function around it by its symbol, which has a copy in iommu_domain_alloc.
# After oracle_start.
alloc_oracle_start() {
	for f in intel_iommu_domain_alloc __iommu_domain_alloc; do
		echo "p:allocs/$f $f" >>"$tracing/kprobe_events"
	done
	echo 1 >"$tracing/instances/oracle/events/allocs/enable"
}

# "alloc N inner N", before oracle_stop.
alloc_oracle_read() {
	echo 0 >"$tracing/instances/oracle/events/allocs/enable"
	awk '/: __iommu_domain_alloc: / { inner++ } /: intel_iommu_domain_alloc: / { alloc++ }
	     END { print "alloc", alloc + 0; print "inner", inner + 0 }' "$tracing/instances/oracle/trace"
}

# After oracle_stop: with an event that was on the kernel empties the buffers.
alloc_oracle_stop() {
	sed -n 's/^p:\(allocs[^ ]*\) .*/-:\1/p' "$tracing/kprobe_events" >/tmp/allocs
	while read -r event; do echo "$event" >>"$tracing/kprobe_events"; done </tmp/allocs
}

sysfs_topology() {
	for instance in /sys/class/iommu/*; do
		for dev in "$instance"/devices/*; do
			[ -e "$dev" ] && echo "instance ${instance##*/} ${dev##*/}"
		done
	done
	for group in /sys/kernel/iommu_groups/*; do
		for dev in "$group"/devices/*; do
			[ -e "$dev" ] && echo "group ${group##*/} ${dev##*/}"
		done
	done
}
