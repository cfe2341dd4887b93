#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# bench-hot.sh: the VFIO loop untraced, with empty programs, and recorded, for tests/bench/hot. Every loop
# leaves /out/VARIANT.N.json; the minimum of each is compared.
. /opt/guest/lib.sh
dev=$(pci_device 0x1234 0x11e8 | head -n 1)

cat >/tmp/loops <<END
for i in 1 2 3; do
	vfio-loop -n 1000 --json /out/\$1.\$i.json $dev >/dev/null || exit
done
END

sh /tmp/loops warm
sleep 10
sh /tmp/loops untraced
for object in empty empty-maps; do
	bpftool prog loadall /opt/$object.bpf.o /sys/fs/bpf/$object autoattach >/dev/null || exit
	sh /tmp/loops $object
	rm -r /sys/fs/bpf/$object
done
for how in fsession fentry kprobe; do
	iommutrace record -q --mechanism $how -o /out/$how.ims -- sh /tmp/loops $how || exit
	iommutrace record -q --mechanism $how --operations map,unmap -o /out/$how-maps.ims -- \
		sh /tmp/loops $how-maps || exit
done
