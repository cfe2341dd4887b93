// SPDX-License-Identifier: GPL-2.0-only
/* Names of PCI devices, from a file in the form of pci.ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/pci_names.h"

static const char ids[] = "# 1af4  A comment\n"
			  "1af3  Before\n"
			  "\t1041  Before's device\n"
			  "1af4  Red Hat, Inc.\n"
			  "# in between\n"
			  "\n"
			  "\t1000  Virtio network device\n"
			  "\t\t1af4 0001  QEMU Virtual Machine\n"
			  "\t\t1042 0002  No device of its own\n"
			  "\t1041  Virtio 1.0 network device\n"
			  "8086  Intel Corporation\n"
			  "\t10d3  82574L Gigabit Network Connection\n"
			  "C 02  Network controller\n"
			  "\t00  Ethernet controller\n";

static struct pci_names *open_text(const char *text)
{
	char path[] = "/tmp/test_pci_names.XXXXXX";
	int fd = mkstemp(path);
	struct pci_names *p;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	p = pci_names_open(path);
	unlink(path);
	return p;
}

static void assert_called(struct pci_names *p, unsigned int vendor, unsigned int device,
			  const char *name)
{
	char buf[64];

	pci_names_of(p, vendor, device, buf, sizeof(buf));
	assert_string_equal(buf, name);
}

static void test_names(void **state)
{
	struct pci_names *p = open_text(ids);

	assert_called(p, 0x1af4, 0x1041, "Red Hat, Inc. Virtio 1.0 network device");
	assert_called(p, 0x1af4, 0x1000, "Red Hat, Inc. Virtio network device");
	assert_called(p, 0x8086, 0x10d3, "Intel Corporation 82574L Gigabit Network Connection");
	pci_names_close(p);
}

/* Another vendor's device, a subsystem, or a class is not taken for it. */
static void test_unknown(void **state)
{
	struct pci_names *p = open_text(ids);

	assert_called(p, 0x8086, 0x1041, "Intel Corporation");
	assert_called(p, 0x1af4, 0x1042, "Red Hat, Inc.");
	assert_called(p, 0x1af4, 0x10d3, "Red Hat, Inc.");
	assert_called(p, 0x8086, 0x0000, "Intel Corporation");
	assert_called(p, 0x1234, 0x11e8, "");
	pci_names_close(p);
}

static void test_cut(void **state)
{
	struct pci_names *p = open_text(ids);
	char buf[16];

	pci_names_of(p, 0x8086, 0x10d3, buf, sizeof(buf));
	assert_string_equal(buf, "Intel Corporati");
	pci_names_of(p, 0x8086, 0x10d3, buf, 1);
	assert_string_equal(buf, "");
	pci_names_close(p);
}

static void test_no_file(void **state)
{
	struct pci_names *p;

	assert_null(pci_names_open("/nonexistent/pci.ids"));
	assert_called(NULL, 0x8086, 0x10d3, "");
	p = open_text("1af4  Ends here");
	assert_called(p, 0x1af4, 0x1041, "");
	pci_names_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
