/* SPDX-License-Identifier: GPL-2.0-only */
/* layout.h - where a driver's own domain struct says which instance it is bound to. */
#ifndef IMS_CAPTURE_LAYOUT_H
#define IMS_CAPTURE_LAYOUT_H

#include <iommuscope/event.h>

/*
 * Finds the layout of the domains of @driver in the kernel's BTF, or in that of its module.
 * Returns 0; -ENOENT when the driver is none whose struct we know; -ESRCH when its BTF has no
 * such struct or member.
 */
int ims_layout_find(const char *driver, struct ims_layout *layout);

#endif
