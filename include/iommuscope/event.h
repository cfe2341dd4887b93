/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event.h - what the BPF programs and the capture in user space share.
 *
 * Fixed-width fields, explicit padding, every byte written by the program that emits it. Kernel
 * pointers in here never leave the capture: it turns them into names and small numbers.
 */
#ifndef IOMMUSCOPE_EVENT_H
#define IOMMUSCOPE_EVENT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* The logical points that are observed. The numbers are part of the file format: append only. */
enum ims_hook {
	IMS_HOOK_NONE = 0,
	IMS_HOOK_DOMAIN_ALLOC = 1,  /* a domain is allocated */
	IMS_HOOK_DOMAIN_FREE = 2,   /* a domain is freed */
	IMS_HOOK_ATTACH = 3,        /* one device is attached to a domain; result is the driver's */
	IMS_HOOK_ATTACH_GROUP = 4,  /* a caller asks the core to attach a whole group */
	IMS_HOOK_DETACH_GROUP = 5,  /* a caller gives the group back to the core */
	IMS_HOOK_DEVICE_ADD = 6,    /* a device joins a group */
	IMS_HOOK_DEVICE_REMOVE = 7, /* a device leaves its group */
	IMS_HOOK_PROBE = 8,         /* the core probes a device for its IOMMU */
	IMS_HOOK_CALLER = 9,        /* an operation that attaches on behalf of user space (VFIO) */
	IMS_HOOK_MAP = 10,          /* hot path: one contiguous range is mapped */
	IMS_HOOK_UNMAP = 11,        /* hot path: one range is unmapped, without the invalidation */
	IMS_HOOK_SNAPSHOT = 12,     /* not a call: the state found at start */
	IMS_HOOK_FINALISE = 13,     /* a driver binds a domain; device is the one it chose */
	IMS_HOOK_ATTACH_PASID = 14, /* a domain is attached to a PASID of a device */
	IMS_HOOK_IOTLB_SYNC = 15,   /* hot path: a domain's invalidations are carried out, by its driver */
	IMS_HOOK_QUEUE_SYNC = 16,   /* hot path: an instance's command queue is given work or waited for */
	IMS_HOOK_DMA_MAP = 17,      /* hot path: the DMA API maps for a device; its map is in this */
	IMS_HOOK_DMA_UNMAP = 18,    /* hot path: and unmaps */
	IMS_HOOK_FAULT = 19,        /* an I/O page fault; the device is the one that faulted */
	IMS_HOOK_DETACH_PASID = 20, /* a PASID of a device is given back */
	IMS_HOOK_MAX
};

/* The programs: one pair (or one tracepoint) each. A hook can have several points. */
enum ims_point {
	IMS_POINT_DOMAIN_ALLOC,
	IMS_POINT_DOMAIN_FREE,
	IMS_POINT_ATTACH,
	IMS_POINT_ATTACH_GROUP,
	IMS_POINT_ATTACH_DEVICE,
	IMS_POINT_DETACH_GROUP,
	IMS_POINT_DETACH_DEVICE,
	IMS_POINT_PROBE,
	IMS_POINT_VFIO_ATTACH,
	IMS_POINT_MAP,
	IMS_POINT_UNMAP,
	IMS_POINT_DEVICE_ADD,
	IMS_POINT_DEVICE_REMOVE,
	IMS_POINT_FINALISE,
	IMS_POINT_ATTACH_PASID,
	IMS_POINT_LAB,
	IMS_POINT_ALLOC_DEVICE,
	IMS_POINT_ALLOC_BUS,
	IMS_POINT_ALLOC_PAGING_OP,
	IMS_POINT_ALLOC_USER_OP,
	IMS_POINT_ALLOC_NESTED_OP,
	IMS_POINT_ALLOC_SVA_OP,
	IMS_POINT_ATTACH_HANDLE,
	IMS_POINT_REPLACE_HANDLE,
	IMS_POINT_DETACH_HANDLE,
	IMS_POINT_REPLACE_PASID,
	IMS_POINT_DETACH_PASID,
	IMS_POINT_IOTLB_SYNC,
	IMS_POINT_IOTLB_FLUSH,
	IMS_POINT_IOTLB_SYNC_MAP,
	IMS_POINT_QUEUE_SYNC,
	IMS_POINT_DMA_MAP,
	IMS_POINT_DMA_MAP_SG,
	IMS_POINT_DMA_MAP_RESOURCE,
	IMS_POINT_DMA_ALLOC,
	IMS_POINT_DMA_UNMAP,
	IMS_POINT_DMA_UNMAP_SG,
	IMS_POINT_DMA_UNMAP_RESOURCE,
	IMS_POINT_DMA_FREE,
	IMS_POINT_DMA_IOVA_LINK,
	IMS_POINT_DMA_IOVA_UNLINK,
	IMS_POINT_DMA_IOVA_DESTROY,
	IMS_POINT_FAULT,       /* drivers that report to the core: SMMUv2, ... */
	IMS_POINT_FAULT_SMMUV3,
	IMS_POINT_FAULT_SCOPE, /* our own SMMUv3 module */
	IMS_POINT_FAULT_VTD,
	IMS_POINT_FAULT_AMD,
	IMS_POINT_QUEUE_SYNC_SCOPE, /* our own SMMUv3 module */
	IMS_POINT_MAX
};

/*
 * Rows of the plan. The first of each point has the point's number; a point that is hooked at several
 * functions has further ones. A program learns its row from the cookie of its attachment.
 */
#define IMS_ROWS 64
#define IMS_ROW_NO_ARGS (1u << 31) /* in the cookie: the function's arguments are not as declared */

_Static_assert(IMS_POINT_MAX <= IMS_ROWS, "each point has a row");

/* Why something that happened is not in the stream. Numbers are part of the file format. */
enum ims_loss_cause {
	IMS_LOSS_RING_FULL = 0,   /* no space in the ring buffer */
	IMS_LOSS_INFLIGHT = 1,    /* no room to remember a call's entry: no event; map, unmap: no time */
	IMS_LOSS_DOMAINS = 2,     /* domain table full: the domain has no number */
	IMS_LOSS_SLOTS = 3,       /* no statistics slot left: counted under domain 0 */
	IMS_LOSS_NO_ENTRY = 4,    /* returned with no entry: "inflight", or under way at start */
	IMS_LOSS_MISSED = 5,      /* the kernel skipped our program (recursion, kretprobe) */
	IMS_LOSS_UNACCOUNTED = 6, /* found by who reads: emitted, not received, no cause is known */
	IMS_LOSS_STORM = 7,       /* more than IMS_FAULTS_PER_SECOND faults */
	IMS_LOSS_SLOW_READER = 8, /* the daemon had it no more when this client was to get it */
	IMS_LOSS_MAX
};

#define IMS_NAME_LEN 32 /* device and instance names, with the terminating NUL */
#define IMS_COMM_LEN 16

/* What is counted and timed on the hot path, each for one kind of object. */
enum ims_op {
	IMS_OP_MAP, /* of a domain, as are the next two */
	IMS_OP_UNMAP,
	IMS_OP_IOTLB_SYNC,
	IMS_OP_QUEUE_SYNC, /* of an instance */
	IMS_OP_DMA_MAP, /* of a device */
	IMS_OP_DMA_UNMAP,
	IMS_OPS
};

/* Slots are handed out when first used, and given back by user space once their object is gone. */
/* What a call is about, at least; less than a page is one. */
enum ims_size { IMS_SIZE_NONE, IMS_SIZE_4K, IMS_SIZE_64K, IMS_SIZE_2M, IMS_SIZE_1G, IMS_SIZES };

static inline enum ims_size ims_size_of(__u64 bytes)
{
	return bytes >= 1u << 30     ? IMS_SIZE_1G
	       : bytes >= 2u << 20   ? IMS_SIZE_2M
	       : bytes >= 64u << 10 ? IMS_SIZE_64K
	       : bytes		     ? IMS_SIZE_4K
				     : IMS_SIZE_NONE;
}

enum ims_slot_state { IMS_SLOT_FREE, IMS_SLOT_USED, IMS_SLOT_DEAD };

/* Who has a statistics slot. The first IMS_OPS are those of all that got none of their own. */
struct ims_slot_owner {
	__u64 domain; /* number; 0: none */
	__u64 address; /* of the device, or of the driver's instance; 0: none */
	__u32 hook;
	__u32 state; /* enum ims_slot_state, written last */
	char object[IMS_NAME_LEN]; /* name of the device or the instance; "": none */
	__u32 selected; /* domain: the filters want it */
	__u32 size;     /* enum ims_size */
};

enum ims_stacks { IMS_STACK_KERNEL = 1, IMS_STACK_USER = 2 };

#define IMS_KSTACK_MAX 24
#define IMS_NO_GROUP 0xffffffffu

enum ims_event_flags {
	IMS_EVENT_SNAPSHOT = 1u << 0,  /* seen at start, not seen happening */
	IMS_EVENT_UNTIMED = 1u << 1,   /* duration_ns is not known */
	IMS_EVENT_FINALISED = 1u << 2, /* attach: the domain had no instance before and has one now */
	IMS_EVENT_DEFAULT = 1u << 3,   /* snapshot: this is the default domain of the group */
	IMS_EVENT_CURRENT = 1u << 4,   /* snapshot: the group is attached to this domain now */
	IMS_EVENT_NO_DEVICE = 1u << 5, /* alloc: no device was given (a bus, or NULL) */
	IMS_EVENT_DRIVER_READ = 1u << 6, /* the driver's own struct could be read: an empty
					  * domain_instance means "bound to none", not "unknown" */
	IMS_EVENT_WRITE = 1u << 7,       /* fault: the device wanted to write; else to read */
	IMS_EVENT_NO_ACCESS = 1u << 8,   /* fault: what it wanted to do is not known */
	IMS_EVENT_EARLIER = 1u << 9,     /* before this stream begins: told for what it left behind */
	IMS_EVENT_PASID = 1u << 10,      /* fault: under a PASID, so not of the device's own domain */
};

/* Whose numbers a fault's code is of. */
enum ims_fault_code {
	IMS_FAULT_NONE,	  /* the driver tells no code */
	IMS_FAULT_SMMUV3, /* the event's number (Arm IHI 0070, 7.3) */
	IMS_FAULT_VTD,	  /* the fault reason (VT-d specification, 7.1) */
	IMS_FAULT_AMD,	  /* the flags of an IO_PAGE_FAULT (AMD 48882, 2.5.3) */
};

/* Of hook none, which stays inside the capture: the module called @device is loaded; else it goes. */
#define IMS_EVENT_MODULE_COMES 1u

/*
 * One lifecycle event. @domain is the number this capture gave to the domain (1, 2, ...; 0 when
 * there is none): a domain that is freed and allocated again at the same address gets a new one.
 */
struct ims_kevent {
	__u64 time_ns;     /* CLOCK_MONOTONIC when the call returned */
	__u64 duration_ns; /* of the call */
	__u64 domain;      /* number, not an address */
	__u64 instance_ops; /* address of the instance's struct iommu_ops; user space names it */
	__u64 domain_ops;  /* address of the ops that the instance gives its paging domains */
	__u32 hook;        /* enum ims_hook */
	__s32 result;      /* 0 or -errno */
	__u32 cpu;
	__u32 pid; /* of the process (tgid) */
	__u32 tid;
	__u32 stack_depth; /* frames in stack[] */
	__u32 flags;    /* enum ims_event_flags */
	__u32 group;    /* IMS_NO_GROUP when there is none */
	__u32 domain_type; /* the kernel's IOMMU_DOMAIN_* bits */
	__u32 row;         /* of the plan */
	__u64 iova;        /* map, unmap, fault */
	__u64 size;        /* map, unmap */
	__u64 device_iommu; /* address of the instance of the device */
	__u64 ops;         /* address of the domain's ops, 0: no domain */
	__u64 layout;      /* key of the struct ims_layout that fits the domain; 0: none does */
	__u32 format;      /* what the layout's format bits say, when there is one */
	__u32 fault;       /* fault: enum ims_fault_code */
	__u32 code;        /* fault */
	__u32 source;      /* fault: PCI segment << 16 | requester ID, when device is empty */
	char comm[IMS_COMM_LEN];
	char device[IMS_NAME_LEN];
	char instance[IMS_NAME_LEN];        /* of the device */
	char driver[IMS_NAME_LEN];          /* of the instance; may be empty */
	char domain_instance[IMS_NAME_LEN]; /* read from the driver's struct after the call */
	__u64 stack[IMS_KSTACK_MAX];        /* return addresses, innermost first */
};

_Static_assert(sizeof(struct ims_kevent) == 280 + 8 * IMS_KSTACK_MAX, "ims_kevent has no holes");

/* The same when stacks of user space are asked for. */
struct ims_kevent_user {
	struct ims_kevent event;
	__u64 depth;
	__u64 stack[IMS_KSTACK_MAX];
};

/* How a driver's domain tells the instances it is used on. */
enum ims_layout_kind {
	IMS_LAYOUT_POINTER, /* a pointer to the driver's one instance */
	IMS_LAYOUT_XARRAY,  /* an xarray by the instance's index of structs that begin with one */
	IMS_LAYOUT_COUNTS,  /* an array by the instance's index of counts of devices (__u32) */
};

/*
 * One map or unmap, in the buffer of the CPU on which it returned; or the name of a
 * task, told before the first record of it on this CPU.
 */
struct ims_trace {
	__u64 time_ns; /* CLOCK_MONOTONIC when the call returned */
	union {
		struct {
			__u64 iova;
			__u64 size; /* asked for */
		};
		char comm[IMS_COMM_LEN]; /* of a task */
	};
	__u64 duration_ns;
	union {
		struct {
			__u32 tid;
			__s16 result; /* 0 or -errno; -ENOENT: less was unmapped than asked */
			__u8 point; /* enum ims_point + 1; 0: a task */
			__u8 flags; /* enum ims_trace_flags */
		};
		__u64 what; /* at once */
	};
	union {
		struct {
			__u32 mark; /* its number in this buffer, from 1. Another: not yet whole */
			__u32 domain; /* or its slot; of a task: its process */
		};
		__u64 last; /* at once, and when all the rest is written */
	};
};

_Static_assert(sizeof(struct ims_trace) == 48, "ims_trace has no holes");

enum ims_trace_flags {
	IMS_TRACE_COUNTED = 1, /* by the program, in its statistics; else this record is to be counted */
	IMS_TRACE_SLOT = 2, /* domain is the slot of its statistics, which user space knows */
};

#define IMS_TRACE_TASKS 8
#define IMS_TRACE_SPARE 8 /* records: more than programs can interrupt each other on a CPU */
#define IMS_TRACE_UNTOLD (~0ull)

/*
 * The buffer of one CPU begins with this; records @tail to @head, modulo their number, are in what
 * follows. In all it has at most 4 MiB, the most that older kernels give the value of an array.
 */
struct ims_trace_cpu {
	__u64 head;                  /* reserved by programs */
	__u64 emitted[2];            /* map, unmap: recorded, or lost as the buffer was full */
	__u64 told[IMS_TRACE_TASKS]; /* by tid: whose name was told last */
	__u64 last;                  /* of these, the one that is asked for first */
	__u64 pad[4];
	__u64 tail; /* read by user space: on a cache line of its own */
	__u64 half; /* from this one on the buffer is half full, by user space; 0: do not know */
	__u64 pad2[6];
};

_Static_assert(sizeof(struct ims_trace_cpu) == 192, "whole cache lines");

/*
 * How the driver's own struct is read: the domain is @domain bytes into it, what tells its instances
 * @instance bytes. In the driver's struct of an instance the struct iommu_device is @iommu bytes, the
 * instance's index @index bytes. @format_bits bits at bit @format tell the page table's format; 0:
 * nothing in the struct does. User space finds the offsets in the kernel's BTF.
 */
struct ims_layout {
	__u32 kind; /* enum ims_layout_kind */
	__u32 domain;
	__u32 instance;
	__u32 iommu;
	__u32 index;
	__u32 format;
	__u32 format_bits; /* up to 32 */
};

#endif
