# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The machines: one QEMU command line per architecture and IOMMU of the matrix.
#
# Every machine has three devices for VFIO to take, each in a group of its own, and one "edu":
#
#              smmuv3                          vtd vtdsm amdvi virtio
#   nic1       behind smmu1, root port rp1a    root port rp1
#   nic2       behind smmu1, root port rp1b    root port rp2
#   nic3       behind smmu2, root port rp2     root port rp3
#   edu        behind smmu0, on pcie.0         on pcie.0
#
# Set by machine_setup: machine (the command), machine_append (kernel arguments),
# machine_modules (what the guest loads to talk to us, and to have its IOMMU).

machine=() machine_append='' machine_modules=''

# machine_setup ARCH IOMMU SMP MEM ICOUNT
machine_setup() {
	local arch=$1 iommu=$2 icount=$5
	machine=() machine_append="panic=-1 oops=panic quiet"
	case $arch-$iommu in
	arm64-smmuv3) machine_virt "$icount" && machine_three_smmuv3 "$icount" ;;
	arm64-virtio) machine_virt "$icount" && machine_ports pcie.0 virtio-iommu-pci,bus=pcie.0 "$icount" ;;
	amd64-vtd) machine_q35 "$icount" && machine_ports pcie.0 intel-iommu,intremap=on "$icount" ;;
	amd64-vtdsm) machine_q35 "$icount" && machine_ports pcie.0 \
		intel-iommu,intremap=on,scalable-mode=on,fsts=on "$icount" ;;
	amd64-amdvi) machine_q35 "$icount" && machine_ports pcie.0 amd-iommu,intremap=on,dma-remap=on "$icount" ;;
	amd64-virtio) machine_q35 "$icount" && machine_ports pcie.0 virtio-iommu-pci "$icount" ;;
	*) die "matrix: no machine for IOMMU '$iommu' on $arch" ;;
	esac
	[ "$iommu" != virtio ] || machine_modules+=" virtio_iommu"
	machine+=(-nodefaults -display none -no-reboot -m "$4")
	if [ -n "$icount" ]; then
		# One instruction takes one nanosecond; nothing random and no host clock in it.
		machine+=(-accel tcg,thread=single -icount "shift=0,sleep=off" -smp 1 -seed 1
			-rtc "base=2026-01-01T00:00:00,clock=vm")
		machine_append+=" nokaslr"
	else
		machine+=(-accel tcg,thread=multi -smp "$3")
	fi
}

machine_virt() {
	machine+=(qemu-system-aarch64 -M "virt,gic-version=3" -cpu "max,pauth-impdef=on"
		# UEFI, as with a device tree only pcie.0 gets an SMMU.
		-bios /usr/share/qemu-efi-aarch64/QEMU_EFI.fd
		# The way out is no PCI device, so behind no IOMMU.
		-global virtio-mmio.force-legacy=false -device virtio-serial-device)
	machine_append+=" console=ttyAMA0"
	machine_modules="virtio_mmio virtio_console virtio_pci"
}

machine_q35() {
	local cpu=max
	[ -z "$1" ] || cpu=max,-rdrand,-rdseed
	machine+=(qemu-system-x86_64 -M q35 -cpu "$cpu"
		# Without iommu_platform: the way out does not go through the IOMMU.
		-device "virtio-serial-pci,addr=0x1e")
	# On a loaded host the emulated timer is late for the kernel's check of it, which panics.
	machine_append+=" console=ttyS0 no_timer_check"
	machine_modules="virtio_pci virtio_console"
}

machine_nic() {
	local nic=virtio-net-pci,iommu_platform=on,disable-legacy=on,romfile=
	# A NIC draws random numbers; edu does not.
	[ -z "$2" ] || nic=edu
	machine+=(-device "$nic,bus=$1")
}

# The card of --forward: no IOMMU translates for it, so it maps nothing.
forward_mac=52:54:00:f0:00:01
machine_forward() { # ARCH ,hostfwd=...
	local nic=virtio-net-pci,romfile=,addr=0x1d
	[ "$1" != arm64 ] || nic=virtio-net-device
	machine+=(-netdev "user,id=forward,restrict=on$2" -device "$nic,netdev=forward,mac=$forward_mac")
	machine_modules+=" virtio_net"
}

machine_disk() {
	machine+=(-drive driver=null-co,read-zeroes=on,size=256M,if=none,id=disk
		-device nvme,drive=disk,serial=disk,bus=pcie.0,addr=0x1c)
	machine_modules+=" nvme"
}

machine_three_smmuv3() {
	machine+=(-device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0
		-device arm-smmuv3,primary-bus=pcie.1,id=smmu1
		-device pxb-pcie,id=pcie.2,bus_nr=16,bus=pcie.0
		-device arm-smmuv3,primary-bus=pcie.2,id=smmu2
		-device arm-smmuv3,primary-bus=pcie.0,id=smmu0
		-device pcie-root-port,id=rp1a,bus=pcie.1,chassis=1
		-device pcie-root-port,id=rp1b,bus=pcie.1,chassis=2
		-device pcie-root-port,id=rp2,bus=pcie.2,chassis=3)
	machine_nic rp1a "$1"
	machine_nic rp1b "$1"
	machine_nic rp2 "$1"
	machine+=(-device edu,bus=pcie.0)
}

# The IOMMU comes first: QEMU wants it before the devices behind it.
machine_ports() {
	local port
	machine+=(-device "$2")
	for port in 1 2 3; do
		machine+=(-device "pcie-root-port,id=rp$port,bus=$1,chassis=$port")
		machine_nic "rp$port" "$3"
	done
	machine+=(-device "edu,bus=$1")
}
