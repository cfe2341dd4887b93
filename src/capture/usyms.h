/* SPDX-License-Identifier: GPL-2.0-only */
/* usyms.h - the symbols of programs and libraries, for stacks in user space. */
#ifndef IMS_CAPTURE_USYMS_H
#define IMS_CAPTURE_USYMS_H

#include <stddef.h>
#include <stdint.h>

struct usyms;

struct usyms *usyms_new(void);
void usyms_free(struct usyms *u);

/* Looks where process @pid has its programs and libraries now; after its end, as at the last look if
 * that was at it too, else nowhere. */
void usyms_process(struct usyms *u, uint32_t pid);

/*
 * Writes for an address in the process looked at: "name+0x1c (prog)"; of a stripped file, whose exported
 * names are all there is, "name+0x1c (libc.so.6) [build-id HEX+0x41c]", the latter the address as the file
 * has it; where there is no symbol "0x41c (/usr/lib/libx.so) [build-id HEX]"; where there is no file
 * "0x...". A name that is too long is cut. @size: 224 at least.
 */
void usyms_format(struct usyms *u, uint64_t addr, char *buf, size_t size);

#endif
