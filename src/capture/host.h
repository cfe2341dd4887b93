/* SPDX-License-Identifier: GPL-2.0-only */
/* host.h - what a reader of a recording has to know about the machine. */
#ifndef IMS_CAPTURE_HOST_H
#define IMS_CAPTURE_HOST_H

#include <iommuscope/stream.h>

int host_tell(int (*sink)(void *arg, const struct ims_record *rec), void *arg);

#endif
