/* SPDX-License-Identifier: GPL-2.0-only */
/* pair.h - what probing a call costs on this machine, before anything is done there. */
#ifndef IMS_CAPTURE_PAIR_H
#define IMS_CAPTURE_PAIR_H

/*
 * Measures what an empty entry and exit probe adds to a call of a kernel function, in ns. *@mechanism is
 * what the probes are: the first that can be had. Returns 0 or -errno: it cannot be measured here.
 */
int ims_pair_measure(double *ns, const char **mechanism);

#endif
