/* SPDX-License-Identifier: GPL-2.0-only */
/* fault.h - what the code of an I/O page fault stands for, and who the requester is. */
#ifndef IMS_CAPTURE_FAULT_H
#define IMS_CAPTURE_FAULT_H

#include <iommuscope/event.h>

/* @buf of 80 bytes or more. "F_TRANSLATION (0x10)"; the number alone when it has no name. */
const char *ims_fault_reason(const struct ims_kevent *k, char *buf, size_t size);

/* The PCI device that the requester ID stands for: "0000:00:04.0". */
const char *ims_fault_requester(const struct ims_kevent *k, char *buf, size_t size);

#endif
