/* SPDX-License-Identifier: GPL-2.0-only */
/* pci_names.h - what PCI devices are called, where the machine has a pci.ids file. */
#ifndef IMS_CAPTURE_PCI_NAMES_H
#define IMS_CAPTURE_PCI_NAMES_H

#include <stddef.h>

struct pci_names;

/* @path: NULL for where it usually is. Returns NULL when there is no such file: nothing has a name then. */
struct pci_names *pci_names_open(const char *path);
void pci_names_close(struct pci_names *p);

/* "Intel Corporation 82574L Gigabit Network Connection"; the vendor alone; or "". */
void pci_names_of(struct pci_names *p, unsigned int vendor, unsigned int device, char *buf,
		  size_t size);

#endif
