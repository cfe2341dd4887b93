// SPDX-License-Identifier: GPL-2.0-only
/* The parts of the tools that need no kernel: the output of a recording, and its command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_folder.h"
#include "tools/child.h"
#include "tools/output.h"

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void assert_holds(const char *path, const char *text)
{
	char got[64] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_true(fread(got, 1, sizeof(got) - 1, f) == strlen(text));
	assert_string_equal(got, text);
	fclose(f);
}

static void test_output_commits(void **state)
{
	struct output o;

	put("a", "old");
	assert_int_equal(output_open(&o, "a"), 0);
	assert_int_equal(write(o.fd, "new", 3), 3);
	assert_holds("a", "old");
	assert_int_equal(output_commit(&o), 0);
	/* From here on a kill leaves it where it belongs. */
	assert_holds("a", "new");
	assert_holds("a.old", "old");
	assert_int_equal(write(o.fd, "er", 2), 2);
	assert_int_equal(output_close(&o), 0);
	assert_holds("a", "newer");
	assert_int_equal(files(), 2);
	unlink("a");
	unlink("a.old");
}

static void test_output_gives_up(void **state)
{
	struct output o;

	put("a", "old");
	assert_int_equal(output_open(&o, "a"), 0);
	assert_int_equal(write(o.fd, "new", 3), 3);
	assert_int_equal(output_close(&o), 0);
	assert_holds("a", "old");
	assert_int_equal(files(), 1);
	unlink("a");
	/* Neither does a first one leave anything. */
	assert_int_equal(output_open(&o, "a"), 0);
	assert_int_equal(output_close(&o), 0);
	assert_int_equal(files(), 0);
}

/* The older one cannot be kept: it stays what it is. */
static void test_output_cannot_keep(void **state)
{
	struct output o;

	put("a", "old");
	assert_int_equal(mkdir("a.old", 0700), 0);
	assert_int_equal(output_open(&o, "a"), 0);
	assert_int_equal(output_commit(&o), -EISDIR);
	assert_int_equal(output_close(&o), 0);
	assert_holds("a", "old");
	assert_int_equal(files(), 2);
	rmdir("a.old");
	unlink("a");
}

static void test_output_no_file(void **state)
{
	struct output o;

	assert_int_equal(output_open(&o, "/dev/null"), 0);
	assert_int_equal(output_commit(&o), 0);
	assert_int_equal(output_close(&o), 0);
	assert_int_equal(output_open(&o, "-"), 0);
	assert_int_equal(o.fd, STDOUT_FILENO);
	assert_int_equal(output_commit(&o), 0);
	assert_int_equal(output_close(&o), 0);
	assert_int_equal(output_open(&o, "nowhere/a"), -ENOENT);
	assert_int_equal(output_close(&o), 0);
	assert_int_equal(files(), 0);
}

static void wait_for(struct child *c, bool (*what)(struct child *c))
{
	for (int i = 0; i < 500 && !what(c); i++)
		usleep(10000);
}

static bool ready(struct child *c)
{
	return !access("ready", F_OK);
}

static void test_child_starts(void **state)
{
	char *nothing[] = {"no-such-command", NULL}, *yes[] = {"true", NULL};
	struct child c;

	assert_int_equal(child_start(&c, nothing, false), -ENOENT);
	assert_true(child_ended(&c));
	assert_false(child_stop(&c, 1));
	assert_int_equal(child_start(&c, yes, false), 0);
	wait_for(&c, child_ended);
	assert_int_equal(c.pid, 0);
	assert_int_equal(c.status, 0);
}

static void test_child_stops(void **state)
{
	char *patient[] = {"sleep", "100", NULL};
	struct child c;

	assert_int_equal(child_start(&c, patient, false), 0);
	assert_false(child_ended(&c));
	assert_true(child_stop(&c, 1));
	wait_for(&c, child_ended);
	assert_int_equal(c.pid, 0);
	assert_true(WIFSIGNALED(c.status) && WTERMSIG(c.status) == SIGTERM);
	assert_false(child_stop(&c, 2));
}

static void test_child_stubborn(void **state)
{
	char *stubborn[] = {"sh", "-c", "trap '' TERM; : >ready; exec sleep 100", NULL};
	struct child c;

	assert_int_equal(child_start(&c, stubborn, false), 0);
	wait_for(&c, ready);
	assert_true(child_stop(&c, 1));
	assert_true(child_stop(&c, CHILD_PATIENCE));
	usleep(100000);
	assert_false(child_ended(&c));
	assert_true(child_stop(&c, 1 + CHILD_PATIENCE));
	wait_for(&c, child_ended);
	assert_int_equal(c.pid, 0);
	assert_true(WIFSIGNALED(c.status) && WTERMSIG(c.status) == SIGKILL);
	unlink("ready");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_commits),	   cmocka_unit_test(test_output_gives_up),
		cmocka_unit_test(test_output_cannot_keep), cmocka_unit_test(test_output_no_file),
		cmocka_unit_test(test_child_starts),	   cmocka_unit_test(test_child_stops),
		cmocka_unit_test(test_child_stubborn),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
