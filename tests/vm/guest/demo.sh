#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# demo.sh: a container with two devices behind two SMMUs, recorded.
. /opt/guest/lib.sh

first=$(vfio_devices | head -n 1)
other=$(vfio_devices | awk -v i="${first##* }" '$2 != i { print $1 }' | head -n 1)
cd /out || exit
exec iommutrace record -o demo.ims -- vfio-loop -n 2000 "${first%% *}" "$other"
