// SPDX-License-Identifier: GPL-2.0-only
/* Symbols of our own process: of this program, which has them all, and of libc, which is stripped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/usyms.h"

static struct usyms *usyms;
static char text[224];

static const char *format(uint64_t addr)
{
	usyms_format(usyms, addr, text, sizeof(text));
	return text;
}

static void test_own(void **state)
{
	assert_string_equal(format((uintptr_t)test_own + 1), "test_own+0x1 (test_usyms)");
}

/* The name that is exported, and what leads to a better one: the build-id, and the address in the
 * file. */
static void test_stripped(void **state)
{
	uintptr_t addr = (uintptr_t)dlsym(RTLD_DEFAULT, "getppid") + 1;
	char wanted[64], id[64] = "", end;
	uint64_t in_file;
	Dl_info info;

	assert_int_not_equal(dladdr((void *)addr, &info), 0);
	snprintf(wanted, sizeof(wanted), "getppid+0x1 (libc.so.6) [build-id ");
	assert_memory_equal(format(addr), wanted, strlen(wanted));
	assert_int_equal(
		sscanf(text + strlen(wanted), "%40[0-9a-f]+%" SCNx64 "%c", id, &in_file, &end), 3);
	assert_int_equal(strlen(id), 40);
	assert_int_equal(in_file, addr - (uintptr_t)info.dli_fbase);
	assert_int_equal(end, ']');
}

/* What does not fit is cut off the name. */
static void test_cut(void **state)
{
	uintptr_t addr = (uintptr_t)dlsym(RTLD_DEFAULT, "getppid") + 1;
	char all[224], less[224];
	size_t n;

	usyms_format(usyms, addr, all, sizeof(all));
	n = strlen(all);
	usyms_format(usyms, addr, less, n - 1);
	assert_memory_equal(less, "getpp+0x1", 9);
	assert_string_equal(less + 5, all + 7);
}

static void test_no_file(void **state)
{
	assert_string_equal(format(1), "0x1");
}

static int setup(void **state)
{
	usyms = usyms_new();
	usyms_process(usyms, (uint32_t)getpid());
	return !usyms;
}

static int teardown(void **state)
{
	usyms_free(usyms);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests_name("usyms", tests, setup, teardown);
}
