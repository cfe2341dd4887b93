#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# modules.sh [virtio]: modules come and go while a recording runs. /driver.ko is iommulab. Prints TAP;
# the recordings stay in /out.
. /opt/guest/lib.sh

lab=/sys/kernel/debug/iommulab/scenario

# eventually COMMAND...: within 20 s of a slow machine.
eventually() {
	for i in $(seq 100); do
		"$@" && return
		usleep 200000
	done
	return 1
}

record_to() {
	iommutrace record -q -o "$1" >/tmp/record.log 2>&1 &
	recorder=$!
	eventually test -e "$1" || { cat /tmp/record.log; return 1; }
}

end_record() {
	kill -INT $recorder
	wait $recorder
}

# The kprobes of a function; those of a module that went are listed under the names of what came in its place.
kprobes() {
	grep -v GONE /sys/kernel/debug/kprobes/list | grep -cw "$1"
}

hooked() { [ "$(kprobes "$1")" -ge "$2" ]; }

scenario() { printf '%s' "$1" >$lab; }

lab_comes_and_goes() {
	record_to /out/lab.ims || return
	for round in 1 2; do
		insmod /driver.ko || return
		eventually hooked lab_scenario 2 || { echo "round $round: not hooked"; return 1; }
		scenario device || return
		scenario pasid || return
		# To put a kprobe in place holds the module for a moment.
		eventually rmmod iommulab || { echo "round $round: it is held"; return 1; }
	done
	end_record
}

# A module goes and comes back before anybody looks.
lab_flickers() {
	insmod /driver.ko || return
	record_to /out/flicker.ims || return
	rmmod iommulab && insmod /driver.ko && rmmod iommulab && insmod /driver.ko || return
	sleep 12 # it is hooked and let go again before the last of these is seen: 2 s each here
	scenario device || return
	end_record
	rmmod iommulab
}

# What iommufd and SVA call, of which stock kernels have no caller: the lab does as they do.
lab_as_iommufd() {
	insmod /driver.ko || return
	record_to /out/iommufd.ims || return
	for what in iommufd pasid-replace sva; do
		scenario $what || { cat $lab; return 1; }
	done
	end_record
	rmmod iommulab
}

# Its instances, its domains' layout and its functions are found. The lab makes the machine one that
# has an IOMMU before.
virtio_comes() {
	insmod /driver.ko || return
	record_to /out/virtio.ims || return
	modprobe virtio_iommu || return
	eventually test -e /sys/bus/pci/devices/0000:01:00.0/iommu || return
	modprobe vfio-pci
	card=$(vfio_devices | awk 'NR == 1 { print $1 }')
	sleep 1
	vfio-loop -n 50 "$card"
	end_record
}

if [ "${1-}" = virtio ]; then
	check "virtio_iommu is loaded while recording" virtio_comes
else
	check "iommulab comes, goes and comes back while recording" lab_comes_and_goes
	check "... faster than anybody looks" lab_flickers
	check "groups attached by handle, nested domains, SVA" lab_as_iommufd
fi
dmesg >/out/dmesg.modules
