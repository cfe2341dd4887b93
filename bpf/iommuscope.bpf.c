// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs are one object because they share their maps. They are included and not linked: the
 * static linker of libbpf 1.1 (Debian 12) loses relocations of maps that are declared extern.
 */
#include "state.bpf.h"
#include "lifecycle.bpf.h"
#include "hotpath.bpf.h"
#include "plain.bpf.h"
#include "quick.bpf.h"
#include "fault.bpf.h"
#include "snapshot.bpf.h"

char LICENSE[] SEC("license") = "GPL";
