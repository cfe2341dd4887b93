// SPDX-License-Identifier: GPL-2.0-only
/* relocs - prints the members, types and enumerators that the relocations of a BPF object name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <gelf.h>
#include <linux/bpf.h>

/* Section .BTF.ext, as Documentation/bpf/btf.rst of the kernel has it. */
struct ext_header {
	__u16 magic;
	__u8 version;
	__u8 flags;
	__u32 hdr_len;
	__u32 func_info_off, func_info_len;
	__u32 line_info_off, line_info_len;
	__u32 core_relo_off, core_relo_len;
};

struct ext_section {
	__u32 name_off;
	__u32 count;
	struct bpf_core_relo relo[];
};

static const struct btf_type *skip_modifiers(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (btf_is_mod(t) || btf_is_typedef(t))
		t = btf__type_by_id(btf, t->type);
	return t;
}

static void print_enumerator(const struct btf *btf, const struct btf_type *t, unsigned int i)
{
	__u32 name = btf_is_enum64(t) ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;

	printf("enum %s.%s\n", btf__name_by_offset(btf, t->name_off),
	       btf__name_by_offset(btf, name));
}

/* The members that lead to what @access names: "0:1:2" is member 2 of member 1. */
static void print_members(const struct btf *btf, const struct btf_type *t, const char *access)
{
	char *end;

	strtoul(access, &end, 10); /* of an array of the type; no member */
	while (*end == ':') {
		unsigned long i = strtoul(end + 1, &end, 10);

		if (btf_is_array(t)) {
			t = skip_modifiers(btf, btf_array(t)->type);
			continue;
		}
		printf("struct %s.%s\n", btf__name_by_offset(btf, t->name_off),
		       btf__name_by_offset(btf, btf_members(t)[i].name_off));
		t = skip_modifiers(btf, btf_members(t)[i].type);
	}
}

static void print_relo(const struct btf *btf, const struct bpf_core_relo *r)
{
	const struct btf_type *t = skip_modifiers(btf, r->type_id);
	const char *access = btf__name_by_offset(btf, r->access_str_off);

	switch (r->kind) {
	case BPF_CORE_ENUMVAL_EXISTS:
	case BPF_CORE_ENUMVAL_VALUE:
		print_enumerator(btf, t, (unsigned int)strtoul(access, NULL, 10));
		break;
	case BPF_CORE_TYPE_EXISTS:
	case BPF_CORE_TYPE_SIZE:
	case BPF_CORE_TYPE_MATCHES:
		printf("struct %s\n", btf__name_by_offset(btf, t->name_off));
		break;
	default:
		print_members(btf, t, access);
	}
}

static int print_relos(const struct btf *btf, const char *data)
{
	const struct ext_header *head = (const void *)data;
	const char *p = data + head->hdr_len + head->core_relo_off;
	const char *end = p + head->core_relo_len;
	__u32 size = head->core_relo_len ? *(const __u32 *)p : 0;

	if (size && size < sizeof(struct bpf_core_relo))
		return -EINVAL;
	for (p += sizeof(size); p < end;) {
		const struct ext_section *s = (const void *)p;

		p += sizeof(*s);
		for (__u32 i = 0; i < s->count; i++, p += size)
			print_relo(btf, (const void *)p);
	}
	return 0;
}

static Elf_Data *section(Elf *elf, const char *name)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr head;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &head) && !strcmp(elf_strptr(elf, names, head.sh_name), name))
			return elf_getdata(scn, NULL);
	return NULL;
}

int main(int argc, char **argv)
{
	struct btf *btf = argc == 2 ? btf__parse(argv[1], NULL) : NULL;
	int fd = btf ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	Elf *elf = fd >= 0 && elf_version(EV_CURRENT) != EV_NONE ? elf_begin(fd, ELF_C_READ, NULL)
								 : NULL;
	Elf_Data *ext = elf ? section(elf, ".BTF.ext") : NULL;
	int err = ext ? print_relos(btf, ext->d_buf) : -ENODATA;

	if (err)
		fprintf(stderr,
			"relocs: %s: no relocations that can be read; usage: relocs OBJECT\n",
			argc == 2 ? argv[1] : "which object?");
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	btf__free(btf);
	return err ? 1 : 0;
}
