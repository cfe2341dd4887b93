/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMS_CAPTURE_CHECK_H
#define IMS_CAPTURE_CHECK_H

#include "capture/capture.h"

/*
 * Whether this process on this machine can capture at all; with @btf, the kernel needs none of its
 * own. Returns 0, or -errno with *@err.
 */
int ims_capture_check(const char *btf, struct ims_error *err);

#endif
