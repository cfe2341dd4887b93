// SPDX-License-Identifier: GPL-2.0-only
/* The same programs for kernels without BTF, but for those that need it. */
#define IMS_NO_BTF
#include "iommuscope.bpf.c"
