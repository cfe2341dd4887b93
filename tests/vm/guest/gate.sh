#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# gate.sh OPTION...: iommugate run in the machine of iommugate exact, with the modules that were given and
# with devices when none were.
. /opt/guest/lib.sh

case " $* " in
*" --workload vfio-"*)
	for module in vfio vfio_iommu_type1 vfio-pci; do
		modprobe $module || exit
	done
	[ ! -e /sys/module/vfio_iommu_type1 ] ||
		echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
	;;
esac
for module in /gate/*.ko; do
	[ ! -e "$module" ] || insmod "$module" || exit
done
case " $* " in
*" --device "*) ;;
*" --workload lab-"*) set -- "$@" --device 0.0 ;;
*" --workload vfio-mixed "*)
	# Two "edu" behind two instances.
	for dev in $(pci_device 0x1234 0x11e8); do
		instance=$(readlink -f "/sys/bus/pci/devices/$dev/iommu")
		[ "$instance" = "${first-}" ] || set -- "$@" --device "$dev"
		first=$instance
	done
	;;
*) set -- "$@" --device "$(pci_device 0x1234 0x11e8 | head -n 1)" ;;
esac
# Whatever still boots on the other CPU would count: under this clock its instructions are time, too.
sleep 10
exec iommugate run -o /out/run.json --instructions "$@"
