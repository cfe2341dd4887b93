#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# fleet.sh: one machine of a fleet. iommud serves its metrics to the outside; whoever connects to port 9742 and
# says a step gets it done, and what the kernel's own counts say of it. /driver.ko, if it is there, is iommulab.
. /opt/guest/lib.sh
lab=/sys/kernel/debug/iommulab
set -- "$1" $(vfio_devices | sort -k2 | awk '{ print $1 }')
step=$1 first=$2

# The last card is behind another IOMMU where there is more than one.
for other; do :; done

work() {
	case $step in
	load) vfio-loop -n 1000 "$first" ;;
	mismatch)
		if [ -e $lab ]; then echo soft-mismatch >$lab/scenario; else vfio-loop -n 10 "$first" "$other"; fi
		;;
	# And a domain without a device stays behind.
	fault) echo "alloc a dev 0.0; attach a 0.0; fault a 0.0 0x1000; alloc b dev 0.1; keep" >$lab/scenario ;;
	esac
}

done_by_step() {
	oracle_start
	work >/dev/null 2>/tmp/work.err
	echo "status $?"
	cat /tmp/work.err
	oracle_stop
	echo "devices $(ls -d /sys/kernel/iommu_groups/*/devices/* | wc -l)"
}

case $step in
serve) ;;
end) touch /tmp/end; exit ;;
*) done_by_step; exit ;;
esac

modprobe vfio-pci
[ ! -e /driver.ko ] || insmod /driver.ko || exit
iommud --metrics 0.0.0.0:9741 --socket /tmp/iommud.sock --group "" 2>/out/iommud.log &
daemon=$!
for i in $(seq 600); do
	grep -q ready: /out/iommud.log && break
	usleep 100000
done
nc -ll -p 9742 -e /bin/sh -c 'read -r step && exec /bin/sh /opt/guest/fleet.sh "$step"' &
echo ready
while [ ! -e /tmp/end ] && kill -0 $daemon; do
	usleep 100000
done
kill -TERM $daemon
wait $daemon
status=$?
dmesg >/out/dmesg
exit $status
