// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <stdio.h>

#include "capture/fault.h"

struct code_name {
	__u32 code;
	const char *name;
};

/* Arm IHI 0070, section 7.3. */
static const struct code_name smmuv3[] = {
	{0x01, "F_UUT"},
	{0x02, "C_BAD_STREAMID"},
	{0x03, "F_STE_FETCH"},
	{0x04, "C_BAD_STE"},
	{0x05, "F_BAD_ATS_TREQ"},
	{0x06, "F_STREAM_DISABLED"},
	{0x07, "F_TRANSL_FORBIDDEN"},
	{0x08, "C_BAD_SUBSTREAMID"},
	{0x09, "F_CD_FETCH"},
	{0x0a, "C_BAD_CD"},
	{0x0b, "F_WALK_EABT"},
	{0x10, "F_TRANSLATION"},
	{0x11, "F_ADDR_SIZE"},
	{0x12, "F_ACCESS"},
	{0x13, "F_PERMISSION"},
	{0x20, "F_TLB_CONFLICT"},
	{0x21, "F_CFG_CONFLICT"},
	{0x24, "E_PAGE_REQUEST"},
	{0x25, "F_VMS_FETCH"},
	{},
};

/* VT-d specification, section 7.1: in the words by which the kernel's log names them. */
static const struct code_name vtd[] = {
	{0x01, "Present bit in root entry is clear"},
	{0x02, "Present bit in context entry is clear"},
	{0x03, "Invalid context entry"},
	{0x04, "Access beyond MGAW"},
	{0x05, "PTE Write access is not set"},
	{0x06, "PTE Read access is not set"},
	{0x07, "Next page table ptr is invalid"},
	{0x08, "Root table address invalid"},
	{0x09, "Context table ptr is invalid"},
	{0x0c, "non-zero reserved fields in PTE"},
	{0x39, "SM: Present bit in Root Entry is clear"},
	{0x41, "SM: Present bit in Context Entry is clear"},
	{0x51, "SM: Present bit in Directory Entry is clear"},
	{0x59, "SM: Present bit in PASID Table Entry is clear"},
	{0x70, "SM: Error attempting to access first-level paging entry"},
	{0x71, "SM: Present bit in first-level paging entry is clear"},
	{0x78, "SM: Error attempting to access second-level paging entry"},
	{0x79, "SM: Read/Write permission error in second-level paging entry"},
	{0x80, "SM: Address in first-level translation is not canonical"},
	{0x83, "SM: Address beyond the DMA hardware max"},
	{0x85, "SM: No write permission for Write/AtomicOp request"},
	{0x86, "SM: No read permission for Read/AtomicOp request"},
	{},
};

#define AMD_FLAG_INTERRUPT 0x008
#define AMD_FLAG_PRESENT   0x010

const char *ims_fault_reason(const struct ims_kevent *k, char *buf, size_t size)
{
	const struct code_name *c = k->fault == IMS_FAULT_SMMUV3 ? smmuv3 : vtd;

	if (k->fault == IMS_FAULT_NONE)
		return "";
	if (k->fault == IMS_FAULT_AMD) {
		snprintf(buf, size, "IO_PAGE_FAULT (flags 0x%03x%s)", k->code,
			 k->code & AMD_FLAG_INTERRUPT ? ": interrupt"
			 : k->code & AMD_FLAG_PRESENT ? ": present"
						      : "");
		return buf;
	}
	while (c->name && c->code != k->code)
		c++;
	if (c->name)
		snprintf(buf, size, "%s (0x%02x)", c->name, k->code);
	else
		snprintf(buf, size, "0x%02x", k->code);
	return buf;
}

const char *ims_fault_requester(const struct ims_kevent *k, char *buf, size_t size)
{
	snprintf(buf, size, "%04x:%02x:%02x.%x", k->source >> 16, k->source >> 8 & 0xff,
		 k->source >> 3 & 0x1f, k->source & 7);
	return buf;
}
