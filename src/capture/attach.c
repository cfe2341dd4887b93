// SPDX-License-Identifier: GPL-2.0-only
/* attach.c - by raw system calls, where the libbpf of the build may not know the mechanism yet. */
#include "capture/attach.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf_version.h>

#define ENOTSUPP 524 /* the kernel's own, and not in errno.h */
#define KPROBE_PMU "/sys/bus/event_source/devices/kprobe"

static const char *error_name(int err)
{
	const char *name = err == -ENOTSUPP ? "ENOTSUPP" : strerrorname_np(-err);

	return name ? name : "?";
}

/* ---- links ------------------------------------------------------------------------------------ */

static int link_create(int prog, int target, int type, union bpf_attr *attr)
{
	int fd;

	attr->link_create.prog_fd = prog;
	attr->link_create.target_fd = target;
	attr->link_create.attach_type = type;
	fd = (int)syscall(__NR_bpf, BPF_LINK_CREATE, attr, sizeof(*attr));
	return fd < 0 ? -errno : fd;
}

/* fsession, fentry, fexit: the place was given at load. */
static int link_tracing(int prog, int type, uint64_t cookie)
{
	union bpf_attr attr = {};

	attr.link_create.tracing.cookie = cookie;
	return link_create(prog, 0, type, &attr);
}

static int link_multi(int prog, bool is_return, const char *name, uint64_t address, uint64_t cookie)
{
	union bpf_attr attr = {};

	if (address)
		attr.link_create.kprobe_multi.addrs = (uintptr_t)&address;
	else
		attr.link_create.kprobe_multi.syms = (uintptr_t)&name;
	attr.link_create.kprobe_multi.cnt = 1;
	attr.link_create.kprobe_multi.cookies = (uintptr_t)&cookie;
	attr.link_create.kprobe_multi.flags = is_return ? BPF_F_KPROBE_MULTI_RETURN : 0;
	return link_create(prog, 0, BPF_TRACE_KPROBE_MULTI, &attr);
}

/* A number in a file of the kprobe PMU: "6", or "config:0". */
static int pmu_number(const char *file)
{
	FILE *f = fopen(file, "re");
	int n = -ENOENT;

	if (!f)
		return -errno;
	if (fscanf(f, "%*[a-z:]%d", &n) != 1) {
		rewind(f);
		if (fscanf(f, "%d", &n) != 1)
			n = -EIO;
	}
	fclose(f);
	return n;
}

static int open_kprobe(bool is_return, const char *name, uint64_t address)
{
	struct perf_event_attr attr = {.size = sizeof(attr)};
	int type = pmu_number(KPROBE_PMU "/type"), bit = pmu_number(KPROBE_PMU "/format/retprobe");
	int fd;

	if (type < 0 || bit < 0)
		return type < 0 ? type : bit;
	attr.type = type;
	attr.config = is_return ? 1ull << bit : 0;
	attr.config1 = address ? 0 : (uintptr_t)name;
	attr.config2 = address;
	fd = (int)syscall(__NR_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int link_kprobe(int prog, int event, uint64_t cookie)
{
	union bpf_attr attr = {};

	attr.link_create.perf_event.bpf_cookie = cookie;
	return link_create(prog, event, BPF_PERF_EVENT, &attr);
}

/* ---- trying ----------------------------------------------------------------------------------- */

/* A program that returns at once; negative where the kernel does not even load it. */
static int load_empty(enum bpf_prog_type type, int attach_type, int btf_id)
{
	const struct bpf_insn nop[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type,
		    .attach_btf_id = btf_id);

	return bpf_prog_load(type, "ims_try", "GPL", nop, 2, &opts);
}

/* A function that every kernel with IOMMUs has, and that is seldom called. */
#define TRY_AT "iommu_domain_free"

/*
 * By trial: arm64 without direct calls (6.1) loads fentry programs, and refuses to attach them;
 * kernels without FPROBE (6.1) do so with kprobe-multi.
 */
static int try_link(const struct plan *p, enum plan_mechanism m)
{
	int type = m == PLAN_FSESSION ? p->fsession : m == PLAN_FENTRY ? BPF_TRACE_FENTRY : 0;
	int id = btf__find_by_name_kind(p->btf, TRY_AT, BTF_KIND_FUNC);
	int prog, link;

	if (id < 0)
		return id;
	prog = m == PLAN_MULTI ? load_empty(BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0)
			       : load_empty(BPF_PROG_TYPE_TRACING, type, id);
	if (prog < 0)
		return prog;
	link = m == PLAN_MULTI ? link_multi(prog, true, TRY_AT, 0, 0)
			       : link_tracing(prog, type, 1);
	if (link >= 0)
		close(link);
	close(prog);
	return link < 0 ? link : 0;
}

/* The running kernel's number, which headers of the build may not have. */
static int attach_type(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, "bpf_attach_type", BTF_KIND_ENUM);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, id);

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name))
			return btf_enum(t)[i].val;
	return -ENOENT;
}

/* Debian's kernels take 3 for: CAP_PERFMON is not enough. */
static void try_kprobe(char *why, size_t size)
{
	int event = open_kprobe(false, TRY_AT, 0), paranoid = -1;
	FILE *f = fopen("/proc/sys/kernel/perf_event_paranoid", "re");

	if (f && fscanf(f, "%d", &paranoid) != 1)
		paranoid = -1;
	if (f)
		fclose(f);
	if (event >= 0)
		close(event);
	else if (event == -EACCES && paranoid > 2)
		snprintf(why, size, "perf_event_paranoid is %d: needs CAP_SYS_ADMIN", paranoid);
	else
		snprintf(why, size, "refused (%s)", error_name(event));
}

void attach_try(struct plan *p, enum plan_mechanism m, char *why, size_t size)
{
	int err;

	why[0] = 0;
	if (m == PLAN_KPROBE) {
		try_kprobe(why, size);
		return;
	}
	if (!p->own_btf && m != PLAN_MULTI) {
		snprintf(why, size, "needs the kernel's own BTF");
		return;
	}
	if (m == PLAN_FSESSION) {
		p->fsession = attach_type(p->btf, "BPF_TRACE_FSESSION");
		if (p->fsession < 0) {
			snprintf(why, size, "not in this kernel");
			return;
		}
		if (LIBBPF_MAJOR_VERSION == 1 && LIBBPF_MINOR_VERSION < 3) {
			snprintf(why, size, "built with a libbpf before 1.3");
			return;
		}
	}
	err = try_link(p, m);
	if (err)
		snprintf(why, size, "refused (%s)", error_name(err));
}

/* ---- load ------------------------------------------------------------------------------------- */

/* The programs of each mechanism: what runs at the return, and what at the entry. */
static const char *const kinds[][2] = {
	[PLAN_FSESSION] = {"fsession", NULL},	 [PLAN_FENTRY] = {"fexit", "fentry"},
	[PLAN_MULTI] = {"retmulti", "multi"}, [PLAN_KPROBE] = {"kretprobe", "kprobe"},
	[PLAN_TP_BTF] = {"tp", NULL},	 [PLAN_RAW_TP] = {"tp", NULL},
	[PLAN_NONE] = {NULL, NULL},
};

struct bpf_program *attach_program_of(const struct bpf_object *obj, const char *prefix,
				      enum plan_mechanism m, int k)
{
	char name[64];

	if (!kinds[m][k])
		return NULL;
	snprintf(name, sizeof(name), "%s_%s", prefix, kinds[m][k]);
	return bpf_object__find_program_by_name(obj, name);
}

static int prepare_program(const struct plan *p, struct plan_row *row, struct bpf_program *prog,
			   char *log)
{
	int err = 0;

	if (!prog)
		return -ENOENT;
	if (row->mechanism == PLAN_FSESSION) { /* of a section that this libbpf may not know */
		bpf_program__set_type(prog, BPF_PROG_TYPE_TRACING);
		bpf_program__set_expected_attach_type(prog, p->fsession);
	}
	if (row->mechanism == PLAN_FSESSION || row->mechanism == PLAN_FENTRY ||
	    row->mechanism == PLAN_TP_BTF)
		err = bpf_program__set_attach_target(prog, 0, row->function);
	if (err)
		return err;
	log[0] = 0;
	bpf_program__set_log_buf(prog, log, PLAN_LOG);
	bpf_program__set_autoload(prog, true);
	return 0;
}

/* Some have one that is quicker, for a special case. It may rely on how many parameters there are. */
static struct bpf_program *program_of(const struct plan *p, const struct plan_row *row,
				      const struct bpf_object *obj, int k)
{
	int params = points[row->point].params;
	struct bpf_program *variant = NULL;
	char name[48];

	snprintf(name, sizeof(name), "%s_%s", row->program, p->variant ? p->variant : "");
	if (p->variant && (!params || params == row->params))
		variant = attach_program_of(obj, name, row->mechanism, k);
	return variant ? variant : attach_program_of(obj, row->program, row->mechanism, k);
}

static int prepare_row(struct plan *p, struct plan_row *row, const struct bpf_object *obj)
{
	for (int k = 0; k < 2 && kinds[row->mechanism][k]; k++) {
		struct bpf_program *prog = program_of(p, row, obj, k);
		int err = prepare_program(p, row, prog, p->log[row - p->row][k]);

		if (err)
			return err;
		row->prog[k] = prog;
	}
	return 0;
}

/* A raw tracepoint's program is loaded unless it is told not to be: all others are the other way round. */
static void leave_out(const struct bpf_object *obj, const struct plan_row *row)
{
	struct bpf_program *prog = attach_program_of(obj, row->program, PLAN_RAW_TP, 0);

	if (prog)
		bpf_program__set_autoload(prog, false);
}

/* Kprobes have no target at load: one pair serves all that come later. */
static void prepare_late(const struct bpf_object *obj, enum ims_point point)
{
	for (int k = 0; k < 2; k++) {
		struct bpf_program *prog =
			attach_program_of(obj, points[point].program, PLAN_KPROBE, k);

		if (prog)
			bpf_program__set_autoload(prog, true);
	}
}

int plan_prepare(struct plan *p, struct bpf_object *obj)
{
	struct bpf_program *prog;

	if (!p->log)
		p->log = calloc(IMS_ROWS, sizeof(*p->log));
	if (!p->log)
		return -ENOMEM;
	bpf_object__for_each_program(prog, obj)
		if (strcmp(bpf_program__section_name(prog), "raw_tp"))
			bpf_program__set_autoload(prog, false);
	for (unsigned int i = 0; i < IMS_POINT_MAX; i++)
		if (late_is_possible(i))
			prepare_late(obj, i);
	for (unsigned int i = 0; i < p->count; i++) {
		struct plan_row *row = &p->row[i];
		int err;

		memset(row->prog, 0, sizeof(row->prog));
		if (row->state == PLAN_FAILED) /* was refused: the others shall load */
			leave_out(obj, row);
		err = row->state == PLAN_CHOSEN ? prepare_row(p, row, obj) : 0;
		if (!err)
			continue;
		row->state = PLAN_FAILED;
		plan_say(row, "target: %s", strerror(-err));
	}
	return 0;
}

bool attach_was_refused(const struct plan *p, const struct plan_row *row, const char **line)
{
	for (int k = 0; k < 2; k++) {
		char *log = p->log[row - p->row][k], *s;

		if (!row->prog[k] || !log[0])
			continue;
		log[PLAN_LOG - 1] = 0;
		s = strstr(log, "\nprocessed ");
		if (s)
			*s = 0;
		s = strrchr(log, '\n');
		*line = s ? s + 1 : log;
		return true;
	}
	return false;
}

/* ---- attach ----------------------------------------------------------------------------------- */

static int attach_program(const struct plan *p, const struct plan_row *row, int k)
{
	uint64_t cookie = (uint64_t)(row - p->row) | (row->no_args ? IMS_ROW_NO_ARGS : 0);
	int fd = bpf_program__fd(row->prog[k]);

	switch (row->mechanism) {
	case PLAN_FSESSION:
		return link_tracing(fd, p->fsession, cookie);
	case PLAN_FENTRY:
		return link_tracing(fd, k ? BPF_TRACE_FENTRY : BPF_TRACE_FEXIT, cookie);
	case PLAN_MULTI:
		return link_multi(fd, k == 0, row->function, row->address, cookie);
	case PLAN_KPROBE:
		return link_kprobe(fd, row->link[k].event, cookie);
	case PLAN_TP_BTF:
		return bpf_raw_tracepoint_open(NULL, fd);
	case PLAN_RAW_TP:
		return bpf_raw_tracepoint_open(row->function, fd);
	case PLAN_NONE:
		break;
	}
	return -EINVAL;
}

/* The return first: an entry without its return would hold a place among the calls. */
int attach_row(const struct plan *p, struct plan_row *row)
{
	for (int k = 0; k < 2 && row->prog[k]; k++) {
		int fd;

		if (row->mechanism == PLAN_KPROBE) {
			fd = open_kprobe(k == 0, row->function, row->address);
			if (fd < 0)
				return fd;
			row->link[k].event = fd;
		}
		fd = attach_program(p, row, k);
		if (fd < 0)
			return fd;
		row->link[k].link = fd;
	}
	return 0;
}

/*
 * What the kernel says of a link in BPF_OBJ_GET_INFO_BY_FD, from 6.7 on; headers of the build may lack it.
 * Both kinds of links have a head of 16 bytes (type, id, prog_id).
 */
struct link_missed {
	__u32 type, id, prog_id, pad;
	union {
		struct {
			__u64 addrs;
			__u32 count, flags;
			__u64 missed;
		} multi;
		struct {
			__u32 type, pad;
			__u64 func_name;
			__u32 name_len, offset;
			__u64 addr, missed;
		} kprobe;
	};
};

/* Calls that never came to the program: no room for one more return address, or a kprobe in a kprobe. */
static uint64_t link_missed(const struct plan_row *row, int k)
{
	struct link_missed info = {};
	union bpf_attr attr = {};

	if (!row->link[k].link || (row->mechanism != PLAN_MULTI && row->mechanism != PLAN_KPROBE))
		return 0;
	attr.info.bpf_fd = row->link[k].link;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	if (syscall(__NR_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)))
		return 0;
	return row->mechanism == PLAN_MULTI ? info.multi.missed : info.kprobe.missed;
}

static void unlink_program(struct plan_link *l)
{
	if (l->link)
		close(l->link);
	if (l->event)
		close(l->event);
	*l = (struct plan_link){};
}

void detach_row(struct plan_row *row)
{
	row->missed += link_missed(row, 1) + link_missed(row, 0);
	unlink_program(&row->link[1]);
	unlink_program(&row->link[0]);
}

void attach_chosen(struct plan *p, struct plan_row *row)
{
	int err = attach_row(p, row);

	row->state = err ? PLAN_FAILED : PLAN_ATTACHED;
	if (!err)
		return;
	detach_row(row);
	plan_say(row, "attach: %s", error_name(err));
}

int plan_attach(struct plan *p)
{
	int attached = 0;

	for (unsigned int i = 0; i < p->count; i++) {
		struct plan_row *row = &p->row[i];

		if (row->state == PLAN_CHOSEN)
			attach_chosen(p, row);
		attached += row->state == PLAN_ATTACHED;
	}
	return attached;
}

void plan_detach(struct plan *p)
{
	for (unsigned int i = 0; i < p->count; i++)
		detach_row(&p->row[i]);
}

/* And those on which the kernel skipped a program because one was running on that CPU already. */
static uint64_t prog_missed(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (!prog || bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
		return 0;
	return info.recursion_misses;
}

uint64_t plan_missed(const struct plan_row *row)
{
	uint64_t sum = row->missed;

	for (int k = 0; k < 2; k++)
		sum += link_missed(row, k) + prog_missed(row->prog[k]);
	return sum;
}
