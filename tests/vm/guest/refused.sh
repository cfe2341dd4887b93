#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# refused.sh PATTERN: this machine cannot be captured, and the one line says why. Prints TAP.
. /opt/guest/lib.sh
mount -t securityfs none /sys/kernel/security # systemd does that elsewhere

refused() {
	iommutrace record -o /tmp/x.ims -- true 2>/tmp/stderr
	[ $? = 1 ] || return 1
	cat /tmp/stderr
	[ "$(wc -l </tmp/stderr)" = 1 ] && grep -q "$1" /tmp/stderr && [ ! -e /tmp/x.ims ]
}

check "refused: $1" refused "$1"
