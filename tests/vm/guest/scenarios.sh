#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scenarios.sh DRIVER MODULE: records every scenario of one of our drivers by itself, for
# tests/vm/scenarios to judge. /out/NAME.ims, and what the kernel answered in /out/NAME.result.
. /opt/guest/lib.sh
driver=$1 module=$2

# one NAME COMMAND...: recorded until a second after it ended, so that what it kept counts as kept.
one() {
	name=$1
	shift
	iommutrace record -q --operations map,unmap -o "/out/$name.ims" -- /bin/sh -c '"$@" >/out/'"$name"'.result 2>&1; sleep 1.3' \
		sh "$@" 2>"/out/$name.err" || echo "record failed: $(cat "/out/$name.err")"
}

lab=/sys/kernel/debug/iommulab
script() {
	printf '%s' "$1" >$lab/scenario
	sed -n 's/^result //p' $lab/scenario
}
# For the shells that one() starts.
cat >/tmp/script <<'END'
#!/bin/sh
printf '%s' "$1" >/sys/kernel/debug/iommulab/scenario
sed -n 's/^result //p' /sys/kernel/debug/iommulab/scenario
END
chmod +x /tmp/script

iommulab() {
	insmod "$module" || exit 1
	for name in device bus-wrong bus-wrong-vfio bus-right proxy proxy-wrong deferred accepted-mismatch \
		hard-mismatch soft-mismatch shared pasid pasid-format attach-enomem attach-eio \
		finalise-fails alloc-fails map-half unmap-short leak; do
		one $name /tmp/script $name
		cat $lab/counters >"/out/$name.counters"
		[ $name != leak ] || script reset >/dev/null
	done
	rmmod iommulab
	# A group with devices behind two instances is there from the start, and in every recording.
	insmod "$module" mixed_groups=1 || exit 1
	for name in mixed-group pasid-group probe-lost; do
		one $name /tmp/script $name
	done
	rmmod iommulab
	# The core itself warns when no domain of a new device can be attached: after dmesg was kept.
	dmesg >/out/dmesg
	insmod "$module" || exit 1
	one probe-lost-bus /tmp/script probe-lost-bus
}

# Two cards behind one SMMU and a third behind another, as the matrix has them.
smmuv3() {
	parameters=/sys/module/iommuscope_smmuv3/parameters
	insmod "$module" || exit 1
	wait_for_cards
	set -- $(vfio_devices | sort -k2 | awk '{ print $1 }')
	modprobe vfio-pci
	same="$1 $2" mixed="$1 $3"
	one smmuv3-device vfio-loop -n 20 $same
	one smmuv3-soft-mismatch vfio-loop -n 20 $mixed
	echo bus >$parameters/alloc_policy
	one smmuv3-bus-wrong vfio-loop -n 20 "$3"
	# "Some device on the bus" is the first that has a group: a bridge, and the edu device is behind
	# its SMMU; before 7.x only devices that a driver had have one, so it is the first card.
	right=$(pci_device 0x1234 0x11e8)
	[ -e "/sys/bus/pci/devices/$right/iommu_group" ] || right=$2
	one smmuv3-bus-right vfio-loop -n 20 "$right"
	echo deferred >$parameters/alloc_policy
	one smmuv3-deferred vfio-loop -n 20 "$1"
	echo device >$parameters/alloc_policy
	echo 0 >$parameters/check_instance
	one smmuv3-accepted-mismatch vfio-loop -n 20 $mixed
	echo 1 >$parameters/check_instance
}

$driver
[ -e /out/dmesg ] || dmesg >/out/dmesg
