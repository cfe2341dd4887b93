# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# drivers.sh - our own drivers in a guest: "ENTRY:DRIVER" is an entry of the matrix that loads one.

# driver_append ENTRY DRIVER: the kernel arguments that make room for it.
driver_append() {
	case $2:$1 in
	smmuv3:*) echo initcall_blacklist=arm_smmu_driver_init ;;
	# 6.1 has room for one IOMMU driver only: the machine's own stays away.
	iommulab:amd64-*-bookworm) echo intel_iommu=off ;;
	iommulab:arm64-*-bookworm) echo initcall_blacklist=arm_smmu_driver_init ;;
	esac
}

# driver_module DIR DRIVER: its file in what driver/build made.
driver_module() {
	case $2 in
	iommulab) echo "$1/iommulab/iommulab.ko" ;;
	smmuv3) echo "$1/smmuv3/iommuscope-smmuv3.ko" ;;
	esac
}
