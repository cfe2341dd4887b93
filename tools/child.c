// SPDX-License-Identifier: GPL-2.0-only
#include "tools/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/common.h"
#include "tools/privileges.h"

/* An exec failure comes back through a pipe that closes on success. */
int child_start(struct child *c, char **argv, bool to_stderr)
{
	int pipe_fd[2], err = 0;
	ssize_t n;

	*c = (struct child){0};
	if (pipe2(pipe_fd, O_CLOEXEC))
		return -errno;
	c->pid = fork();
	if (c->pid == 0) {
		if (to_stderr)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		signal(SIGPIPE, SIG_DFL);
		privileges_forget();
		execvp(argv[0], argv);
		err = -errno;
		_exit(write(pipe_fd[1], &err, sizeof(err)) == sizeof(err) ? 127 : 126);
	}
	if (c->pid < 0) {
		err = -errno;
		c->pid = 0;
	}
	close(pipe_fd[1]);
	do
		n = c->pid ? read(pipe_fd[0], &err, sizeof(err)) : 0;
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(err)) {
		waitpid(c->pid, NULL, 0);
		c->pid = 0;
	}
	close(pipe_fd[0]);
	return err;
}

bool child_ended(struct child *c)
{
	if (!c->pid)
		return true;
	if (waitpid(c->pid, &c->status, WNOHANG) != c->pid)
		return false;
	c->pid = 0;
	if (c->asked)
		return true;
	if (WIFSIGNALED(c->status))
		complain("the command was ended by signal %d", WTERMSIG(c->status));
	else if (WEXITSTATUS(c->status))
		complain("the command exited with %d", WEXITSTATUS(c->status));
	return true;
}

bool child_stop(struct child *c, double now)
{
	if (!c->pid)
		return false;
	if (!c->asked) {
		kill(c->pid, SIGTERM);
		c->asked = now;
	} else if (!c->killed && now >= c->asked + CHILD_PATIENCE) {
		complain("the command did not end when asked to: it was killed");
		kill(c->pid, SIGKILL);
		c->killed = now;
	} else if (c->killed && now >= c->killed + CHILD_PATIENCE) {
		complain("the command (pid %d) cannot be killed: left behind", (int)c->pid);
		c->pid = 0;
	}
	return c->pid;
}
