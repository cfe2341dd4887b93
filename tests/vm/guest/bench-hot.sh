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

sh /tmp/loops untraced
bpftool prog loadall /opt/empty.bpf.o /sys/fs/bpf/empty autoattach >/dev/null || exit
sh /tmp/loops empty
rm -r /sys/fs/bpf/empty
for how in fsession fentry kprobe; do
	iommutrace record -q --mechanism $how -o /out/$how.ims -- sh /tmp/loops $how || exit
done
