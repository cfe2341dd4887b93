#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# fault.sh MODULE [flight|late]...: has the edu device do DMA where nothing is mapped, recorded, with the kernel's
# own log beside it, for tests/vm/check-fault to judge. MODULE: a driver to load first, or empty. flight: by a
# flight recorder, too. late: and with the kernel kept from reading a fault until the device is elsewhere.
. /opt/guest/lib.sh
[ -z "$1" ] || insmod "$1" || exit 1
shift
modprobe vfio-pci

# record NAME OPTIONS -- COMMAND...
record() {
	name=$1
	shift
	iommutrace record -q -o "/out/$name.ims" "$@" >"/out/$name.log" 2>&1
	echo "status $?" >>"/out/$name.log"
}

# Its group comes with its driver on older kernels. VFIO's leaves it in its default domain until
# somebody opens the group.
edu=$(pci_device 0x1234 0x11e8)
echo vfio-pci >"/sys/bus/pci/devices/$edu/driver_override"
echo "$edu" >/sys/bus/pci/drivers_probe
echo "$edu $(basename "$(readlink -f "/sys/bus/pci/devices/$edu/iommu")")" >/out/edu

for group in /sys/kernel/iommu_groups/*; do
	for dev in "$group"/devices/*; do
		echo "${dev##*/} $(cat "$group/type")"
	done
done | sort >/out/types
dmesg >/out/dmesg.before
record default -- sh -c "edu-dma $edu read 0x2000000 0x2001000 0x2001000; edu-dma $edu write 0x2002008"
dmesg | tail -n +"$(($(wc -l </out/dmesg.before) + 1))" >/out/dmesg.default
# All of them are slow enough to have a stack.
record vfio --events all --slower 1 -- edu-dma "$edu" vfio 0x4000000 1

# What comes before is no fault: a file that it triggered would end before there is one.
flight() {
	card=$(vfio_devices | awk 'NR == 1 { print $1 }')
	iommutrace record --flight 1M --trigger fault --after 0.5 --events all -o /out/flight.ims -- sh -c \
		"vfio-loop -n 10 $card && sleep 1 && edu-dma $edu vfio 0x4000000 1 && exec sleep 60" \
		>/out/flight.log 2>&1
	echo "status $?" >>/out/flight.log
}

# The thread of the interrupt has one CPU, which another program has.
late() {
	grep evtq /proc/interrupts | while IFS=: read -r irq rest; do echo 2 >"/proc/irq/$((irq))/smp_affinity"; done
	record late --events all -- \
		sh -c "hold-cpu 1 30 & sleep 0.2; taskset 1 edu-dma $edu vfio 0x4000000 0; kill \$!; sleep 0.5"
}

for also in "$@"; do "$also"; done
dmesg >/out/dmesg
