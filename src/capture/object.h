/* SPDX-License-Identifier: GPL-2.0-only */
/* object.h - the BPF object that fits the kernel. */
#ifndef IMS_CAPTURE_OBJECT_H
#define IMS_CAPTURE_OBJECT_H

#include "iommuscope.skel.h"

/*
 * Opens the programs, to be loaded with ims_bpf__load(). @btf: a file that has the kernel's BTF; then
 * they are those that need none from the kernel. Returns NULL with errno set.
 */
struct ims_bpf *object_open(const char *btf);

#endif
