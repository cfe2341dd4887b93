// SPDX-License-Identifier: GPL-2.0-only
#include "tools/load.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/common.h"

static bool tell(int fd, const void *what, size_t len)
{
	return write(fd, what, len) == (ssize_t)len;
}

/*
 * What others have to do is done after so long idle. The tick comes at multiples of its period (since 13bb06f8dd42,
 * "tick/common: Align tick period during sched_timer setup"), which divides this: it has just been.
 */
#define REST_NS 100000000
#define AFTER_TICK_NS 200000

static void wait_to_be_alone(void)
{
	uint64_t at = (workload_now_ns() / REST_NS + 2) * REST_NS + AFTER_TICK_NS;
	struct timespec t = {.tv_sec = (time_t)(at / 1000000000), .tv_nsec = (long)(at % 1000000000)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* Tells when it begins, then the result; the command's own exec closes the pipe before that. */
static void run_child(const struct load *l, int fd)
{
	struct workload_result result = {};
	uint64_t begin_ns;

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	if (l->alone)
		wait_to_be_alone();
	begin_ns = workload_now_ns();
	if (!tell(fd, &begin_ns, sizeof(begin_ns)))
		_exit(1);
	if (l->workload) {
		l->workload->once(&l->options, &result);
	} else {
		if (l->to_stderr)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(l->command[0], l->command);
		workload_fail(&result, "cannot run %.100s: %s", l->command[0], strerror(errno));
	}
	_exit(tell(fd, &result, sizeof(result)) ? 0 : 1);
}

int load_start(struct load *l)
{
	int fd[2], err;

	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	l->pid = fork();
	if (l->pid == 0)
		run_child(l, fd[1]);
	err = l->pid < 0 ? -errno : 0;
	close(fd[1]);
	l->result_fd = fd[0];
	if (err)
		close(fd[0]);
	return err;
}

static void take_result(const struct load *l, int status, struct workload_result *r)
{
	uint64_t begin_ns, end_ns = workload_now_ns();
	bool begun = read(l->result_fd, &begin_ns, sizeof(begin_ns)) == sizeof(begin_ns);
	bool told = begun && read(l->result_fd, r, sizeof(*r)) == sizeof(*r);

	if (!told)
		*r = (struct workload_result){.operations = 1,
					      .total_ns = begun ? end_ns - begin_ns : 0};
	close(l->result_fd);
	if (WIFSIGNALED(status))
		workload_fail(r, "it was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		workload_fail(r, "exit status %d", WEXITSTATUS(status));
	else if (!told && l->workload)
		workload_fail(r, "it did not tell what it did");
}

bool load_ended(struct load *l, bool wait, struct workload_result *r)
{
	int status = 0;
	pid_t pid;

	if (stop_requested)
		kill(l->pid, SIGTERM);
	while ((pid = waitpid(l->pid, &status, wait ? 0 : WNOHANG)) < 0 && errno == EINTR)
		if (stop_requested)
			kill(l->pid, SIGTERM);
	if (pid == 0)
		return false;
	take_result(l, status, r);
	if (stop_requested)
		workload_fail(r, "it was stopped");
	return true;
}
