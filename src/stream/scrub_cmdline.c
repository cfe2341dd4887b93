// SPDX-License-Identifier: GPL-2.0-only
/* scrub_cmdline.c - the kernel's command line: only values known to be harmless stay. */
#include <stdio.h>
#include <string.h>

#include "scrub_out.h"

/* Parameters whose values are about IOMMUs, or name nobody. */
static bool is_harmless(const char *key, size_t len)
{
	static const char *const known[] = {
		"intel_iommu",
		"amd_iommu",
		"amd_iommu_intr",
		"iommu",
		"intremap",
		"arm-smmu",
		"arm-smmu-v3",
		"vfio",
		"vfio_pci",
		"vfio-pci",
		"vfio_iommu_type1",
		"swiotlb",
		"pci",
		"pcie_aspm",
		"pcie_acs_override",
		"kvm",
		"kvm_intel",
		"kvm_amd",
		"hugepages",
		"hugepagesz",
		"default_hugepagesz",
		"transparent_hugepage",
		"isolcpus",
		"nohz_full",
		"rcu_nocbs",
		"mitigations",
		"console",
		"initcall_blacklist",
		"modprobe.blacklist",
		"module_blacklist",
		"acpi",
		"efi",
		"lockdown",
		"cma",
	};
	size_t module = strcspn(key, ".=");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i]);

		if ((n == len || n == module) && !strncmp(key, known[i], n))
			return true;
	}
	return false;
}

/* A word without a value that is one of the kernel's own, or a small number, or on and off. */
static bool says_nothing(const char *word, size_t len)
{
	static const char *const known[] = {
		"quiet",  "ro",	   "rw",     "splash", "debug", "nokaslr", "nosmt", "on",
		"off",	  "yes",   "no",     "y",      "n",	"Y",	   "N",	    "--",
		"single", "nopti", "noapic", "auto",   "force", "nofail",  "maybe"};
	size_t sign = word[0] == '-', digits = strspn(word + sign, "0123456789");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i]) == len && !strncmp(word, known[i], len))
			return true;
	word += sign;
	len -= sign;
	return digits && digits <= 5 &&
	       (digits == len || (digits + 1 == len && strchr("KMG", word[digits])));
}

/* Up to the next space outside quotes. */
static size_t parameter_length(const char *p)
{
	bool quoted = false;
	size_t n = 0;

	for (; p[n] && (quoted || p[n] != ' '); n++)
		quoted ^= p[n] == '"';
	return n;
}

static void scrub_parameter(struct scrub *s, struct out *o, const char *p, size_t len)
{
	const char *equals = memchr(p, '=', len);
	size_t key = equals ? (size_t)(equals - p) : 0;
	char value[WORD_MAX];

	if (equals)
		out_put(o, p, key + 1);
	p += equals ? key + 1 : 0;
	len -= equals ? key + 1 : 0;
	if (says_nothing(p, len)) {
		out_put(o, p, len);
	} else if (equals ? is_harmless(p - key - 1, key) : is_harmless(p, len)) {
		snprintf(value, sizeof(value), "%.*s", (int)len, p);
		out_scrubbed(s, value, o, false);
	} else if (len) {
		out_replace(s, o, SCRUB_VALUE, p, len);
	}
}

void scrub_cmdline(struct scrub *s, const char *text, char *buf, size_t size)
{
	struct out o = out_begin(buf, size);

	while (*text) {
		size_t n = parameter_length(text);

		scrub_parameter(s, &o, text, n);
		text += n;
		n = strspn(text, " ");
		out_put(&o, text, n);
		text += n;
	}
	out_end(&o);
}
