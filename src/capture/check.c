// SPDX-License-Identifier: GPL-2.0-only
#include "capture/check.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/error.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

static bool have_capability(unsigned int cap)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {};

	if (syscall(SYS_capget, &head, data))
		return false;
	return data[cap / 32].effective & (1u << (cap % 32));
}

static bool locked_down(void)
{
	char buf[128] = "";
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");

	if (!f)
		return false;
	if (!fgets(buf, sizeof(buf), f))
		buf[0] = 0;
	fclose(f);
	return strstr(buf, "[confidentiality]");
}

static bool have_instance(void)
{
	DIR *d = opendir("/sys/class/iommu");
	struct dirent *e;
	bool found = false;

	if (!d)
		return false;
	while (!found && (e = readdir(d)))
		found = e->d_name[0] != '.';
	closedir(d);
	return found;
}

int ims_capture_check(const char *btf, struct ims_error *err)
{
	static const struct {
		unsigned int cap;
		const char *name, *why;
	} need[] = {{CAP_BPF, "CAP_BPF", "load BPF programs"},
		    {CAP_PERFMON, "CAP_PERFMON", "attach them and read kernel memory"}};

	for (size_t i = 0; i < sizeof(need) / sizeof(need[0]); i++) {
		if (!have_capability(need[i].cap) && !have_capability(CAP_SYS_ADMIN))
			return ims_fail(err, -EPERM,
					"cannot capture: no %s, which is needed to %s; run it as root",
					need[i].name, need[i].why);
	}
	if (locked_down())
		return ims_fail(err, -EPERM,
				"cannot capture: kernel lockdown (confidentiality) refuses to let "
				"BPF read kernel memory; boot with lockdown=integrity or none");
	if (!btf && access(BTF_PATH, R_OK))
		return ims_fail(err, -ENOENT,
				"cannot capture: no " BTF_PATH " (%s); the kernel needs "
				"CONFIG_DEBUG_INFO_BTF=y, as distribution kernels have; or give a "
				"file with --btf",
				strerror(errno));
	if (!have_instance())
		return ims_fail(err, -ENODEV,
				"cannot capture: no IOMMU in this machine (/sys/class/iommu is empty); "
				"enable it in the firmware or with intel_iommu=on");
	return 0;
}
