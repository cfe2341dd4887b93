/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMS_CAPTURE_ERROR_H
#define IMS_CAPTURE_ERROR_H

#include <stdio.h>

#include "capture/capture.h"

/* Fills in *@err and evaluates to @code. */
#define ims_fail(err, code, ...)                                                                   \
	({                                                                                         \
		int code_ = (code); /* before snprintf() has its way with errno */                 \
                                                                                                   \
		snprintf((err)->text, sizeof((err)->text), __VA_ARGS__);                           \
		code_;                                                                             \
	})

#endif
