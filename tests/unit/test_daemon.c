// SPDX-License-Identifier: GPL-2.0-only
/* The daemon's socket: what clients get, what slow ones lose, and what hostile ones cannot do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/clients.h"
#include "daemon/export.h"

#define FLIGHT_BYTES (256u << 10)
#define SECOND	     1000000000ull

/* A daemon without a kernel: records are put by hand, and time is what @now says. */
struct fixture {
	char dir[32], path[64];
	struct clients clients;
	uint64_t now;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct epoll_event e = {.events = EPOLLIN};

	*state = f;
	strcpy(f->dir, "/tmp/iommud-test.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/sock", f->dir);
	f->now = SECOND;
	f->clients.most = 64;
	f->clients.heads.flight = ims_flight_new(FLIGHT_BYTES, 0);
	f->clients.heads.carry = ims_carry_new();
	f->clients.epoll = epoll_create1(EPOLL_CLOEXEC);
	assert_int_equal(listener_open(&f->clients.listener, f->path, ""), 0);
	e.data.ptr = &f->clients;
	assert_int_equal(
		epoll_ctl(f->clients.epoll, EPOLL_CTL_ADD, f->clients.listener.fd, &e), 0);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	clients_close(&f->clients, 0);
	assert_int_equal(f->clients.heads.alive, 0);
	ims_flight_free(f->clients.heads.flight);
	ims_carry_free(f->clients.heads.carry);
	close(f->clients.epoll);
	assert_int_equal(access(f->path, F_OK), -1);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static void put(struct fixture *f, const struct ims_record *rec)
{
	assert_int_equal(ims_flight_put(f->clients.heads.flight, rec), 0);
	assert_int_equal(ims_carry_see(f->clients.heads.carry, rec), 0);
}

static void put_event(struct fixture *f, uint32_t hook, uint64_t domain)
{
	struct ims_record rec = {.type = IMS_REC_EVENT, .time_ns = f->now++};

	rec.event.hook = hook;
	rec.event.domain = domain;
	rec.event.device = "0000:01:00.0";
	put(f, &rec);
}

/* All that the daemon's loop would do now. */
static void turn(struct fixture *f)
{
	struct epoll_event ready[16];
	int n;

	assert_int_equal(ims_flight_flush(f->clients.heads.flight), 0);
	clients_serve(&f->clients, f->now);
	while ((n = epoll_wait(f->clients.epoll, ready, 16, 0)) > 0)
		for (int i = 0; i < n; i++) {
			if (ready[i].data.ptr == &f->clients)
				clients_accept(&f->clients, f->now);
			else
				client_ready(&f->clients, ready[i].data.ptr, ready[i].events,
					     f->now);
		}
}

/* What a reader saw. */
struct seen {
	int fd;
	struct ims_reader *reader;
	uint64_t events, earlier, lost, begins, since;
	bool ended, goes_on, eof;
};

static struct seen come(struct fixture *f, enum ims_want want)
{
	struct seen s = {.fd = ims_connect(f->path, want)};

	assert_true(s.fd >= 0);
	assert_int_equal(fcntl(s.fd, F_SETFL, O_NONBLOCK), 0);
	turn(f);
	return s;
}

static void go(struct seen *s)
{
	ims_reader_free(s->reader);
	close(s->fd);
}

static void see(struct seen *s, const struct ims_record *rec)
{
	if (rec->type == IMS_REC_EVENT && rec->event.flags & IMS_EVENT_EARLIER)
		s->earlier++;
	else if (rec->type == IMS_REC_EVENT)
		s->events++;
	else if (rec->type == IMS_REC_LOSS && rec->loss.cause == IMS_LOSS_SLOW_READER)
		s->lost = rec->loss.lost;
	else if (rec->type == IMS_REC_HOST && !strcmp(rec->host.key, "live.begin"))
		s->begins = strtoull(rec->host.value, NULL, 10);
	else if (rec->type == IMS_REC_HOST && !strcmp(rec->host.key, "live.since"))
		s->since++;
	if (rec->type == IMS_REC_END) {
		s->ended = true;
		s->goes_on = rec->end.goes_on;
	}
}

/* Reads what is there. */
static void read_on(struct fixture *f, struct seen *s)
{
	struct ims_record rec;
	int n = 1;

	if (!s->reader)
		assert_int_equal(ims_reader_open(s->fd, &s->reader), 0);
	do {
		while ((n = ims_reader_next(s->reader, &rec)) > 0)
			see(s, &rec);
		turn(f);
	} while (n == -EAGAIN && poll(&(struct pollfd){s->fd, POLLIN}, 1, 0) > 0);
	assert_true(n == 0 || n == -EAGAIN || n == -ECONNRESET);
	s->eof = n != -EAGAIN;
}

/* First what is so, in the right order, then what happens. */
static void test_live(void **state)
{
	struct fixture *f = *state;
	struct seen s;

	put_event(f, IMS_HOOK_DOMAIN_ALLOC, 1);
	put_event(f, IMS_HOOK_DOMAIN_ALLOC, 2);
	put_event(f, IMS_HOOK_DOMAIN_FREE, 1);
	s = come(f, IMS_WANT_LIVE);
	read_on(f, &s);
	assert_int_equal(s.earlier, 1);
	assert_int_equal(s.events, 0);
	assert_int_equal(s.begins, 1);
	assert_int_equal(s.since, 1);
	put_event(f, IMS_HOOK_ATTACH, 2);
	put_event(f, IMS_HOOK_DOMAIN_FREE, 2);
	turn(f);
	read_on(f, &s);
	assert_int_equal(s.events, 2);
	assert_false(s.eof);
	assert_int_equal(ims_reader_damage(s.reader)->missing_chunks, 0);
	go(&s);
	turn(f);
	assert_int_equal(f->clients.count, 0);
}

/* The flight recorder, whole, and an end that says that it goes on. */
static void test_recent(void **state)
{
	struct fixture *f = *state;
	struct seen s;

	for (int i = 0; i < 100; i++)
		put_event(f, IMS_HOOK_ATTACH, 1);
	s = come(f, IMS_WANT_RECENT);
	read_on(f, &s);
	put_event(f, IMS_HOOK_ATTACH, 1);
	turn(f);
	read_on(f, &s);
	assert_int_equal(s.events, 100);
	assert_true(s.ended && s.goes_on && s.eof);
	assert_int_equal(f->clients.count, 0);
	go(&s);
}

static void test_end(void **state)
{
	struct fixture *f = *state;
	struct ims_record end = {.type = IMS_REC_END, .time_ns = 9 * SECOND};
	struct seen s = come(f, IMS_WANT_LIVE);

	put(f, &end);
	assert_int_equal(ims_flight_flush(f->clients.heads.flight), 0);
	clients_close(&f->clients, SECOND);
	read_on(f, &s);
	assert_true(s.ended && !s.goes_on && s.eof);
	go(&s);
}

/* Events that do not compress to nothing: the recorder has to let go of some. */
static void flood(struct fixture *f, unsigned int events)
{
	for (unsigned int i = 0; i < events; i++) {
		f->now += i * 7919 % 100000;
		put_event(f, IMS_HOOK_ATTACH, i * 2654435761u);
		if (i % 4096 == 4095)
			turn(f);
	}
	turn(f);
}

/* A slow reader loses what it did not read in time, is told how much, and disturbs nobody. */
static void test_slow(void **state)
{
	struct fixture *f = *state;
	struct seen slow = come(f, IMS_WANT_LIVE), quick = come(f, IMS_WANT_LIVE);
	unsigned int total = 0;

	for (int i = 0; i < 40; i++) {
		flood(f, 4096);
		total += 4096;
		read_on(f, &quick);
	}
	assert_int_equal(quick.events, total);
	assert_int_equal(quick.lost, 0);
	assert_int_equal(quick.since, 1);
	read_on(f, &slow);
	flood(f, 1000);
	total += 1000;
	read_on(f, &slow);
	assert_true(slow.lost > 0);
	assert_int_equal(slow.events + slow.lost, total);
	assert_true(slow.since >= 2);
	assert_true(slow.begins > quick.begins);
	assert_true(ims_reader_damage(slow.reader)->missing_chunks > 0);
	go(&slow);
	go(&quick);
}

/* Who never reads costs a chunk; and a head that nobody takes is given up. */
static void test_never_reads(void **state)
{
	struct fixture *f = *state;
	int fd[80];

	f->clients.most = 80;
	for (int i = 0; i < 2000; i++)
		put_event(f, IMS_HOOK_DOMAIN_ALLOC, i + 1);
	for (int i = 0; i < 80; i++) {
		fd[i] = ims_connect(f->path, i % 2 ? IMS_WANT_LIVE : IMS_WANT_RECENT);
		assert_true(fd[i] >= 0);
		flood(f, 2000);
		assert_true(f->clients.heads.alive <= 4);
		assert_true(ims_flight_bytes(f->clients.heads.flight) <= FLIGHT_BYTES + (80 << 10));
	}
	f->now += 60 * SECOND;
	turn(f);
	turn(f);
	assert_int_equal(f->clients.heads.alive, 0);
	for (int i = 0; i < 80; i++)
		close(fd[i]);
	turn(f);
	assert_int_equal(f->clients.count, 0);
}

static int raw(struct fixture *f)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, f->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void test_hostile(void **state)
{
	struct fixture *f = *state;
	char much[4096];
	int fd = raw(f);

	memset(much, 'x', sizeof(much));
	turn(f);
	assert_int_equal(f->clients.count, 1);
	assert_int_equal(send(fd, much, sizeof(much), MSG_NOSIGNAL), sizeof(much));
	turn(f);
	assert_int_equal(f->clients.count, 0);
	close(fd);
	fd = raw(f);
	assert_int_equal(send(fd, "iommuscope 2 all\n", 17, MSG_NOSIGNAL), 17);
	turn(f);
	assert_int_equal(f->clients.count, 0);
	close(fd);
	fd = raw(f); /* says nothing */
	turn(f);
	f->now += 4 * SECOND;
	turn(f);
	assert_int_equal(f->clients.count, 1);
	f->now += 2 * SECOND;
	turn(f);
	assert_int_equal(f->clients.count, 0);
	close(fd);
}

static void test_too_many(void **state)
{
	struct fixture *f = *state;
	struct seen a, b, c;

	f->clients.most = 2;
	a = come(f, IMS_WANT_LIVE);
	b = come(f, IMS_WANT_LIVE);
	c = come(f, IMS_WANT_LIVE);
	assert_int_equal(f->clients.count, 2);
	assert_int_equal(f->clients.refused, 1);
	go(&a);
	go(&b);
	go(&c);
	turn(f);
}

static void test_socket(void **state)
{
	struct fixture *f = *state;
	struct listener other;
	struct stat st;
	char path[80];

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(listener_open(&other, f->path, ""), -EADDRINUSE);
	assert_int_equal(access(f->path, F_OK), 0);
	/* Left from one that was killed. */
	snprintf(path, sizeof(path), "%s2", f->path);
	assert_int_equal(listener_open(&other, path, "root"), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(close(other.fd), 0);
	assert_int_equal(ims_connect(path, IMS_WANT_LIVE), -ECONNREFUSED);
	assert_int_equal(listener_open(&other, path, ""), 0);
	listener_close(&other);
	assert_int_equal(ims_connect(path, IMS_WANT_LIVE), -ENOENT);
	/* What is no socket is not taken away. */
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(listener_open(&other, path, ""), -EEXIST);
	assert_int_equal(unlink(path), 0);
}

/* Connects as a user of no privileges, in @group; the answer, and how many were refused by then. */
static int connect_as(struct fixture *f, const char *path, gid_t group, uint64_t *refused)
{
	int status, ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		int fd = setgroups(1, &group) || setgid(65534) || setuid(65534)
				 ? -EPERM : ims_connect(path, IMS_WANT_LIVE);
		char c;

		_exit(fd < 0 ? -fd : read(ends[0], &c, 1) != 1);
	}
	for (int i = 0; i < 20; i++) {
		turn(f);
		usleep(10000);
	}
	*refused = f->clients.refused;
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	turn(f);
	close(ends[0]);
	close(ends[1]);
	return WEXITSTATUS(status);
}

/* Members of the group may, others may not, not even when the socket's mode lets them. */
static void test_group(void **state)
{
	struct fixture *f = *state;
	struct listener own = f->clients.listener;
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &f->clients};
	struct group *group = getgrnam("daemon");
	uint64_t refused;
	char path[80];

	if (geteuid() || !group)
		skip();
	assert_int_equal(chmod(f->dir, 0755), 0);
	snprintf(path, sizeof(path), "%s2", f->path);
	assert_int_equal(listener_open(&f->clients.listener, path, "daemon"), 0);
	assert_int_equal(
		epoll_ctl(f->clients.epoll, EPOLL_CTL_ADD, f->clients.listener.fd, &e), 0);
	assert_int_equal(connect_as(f, path, group->gr_gid, &refused), 0);
	assert_int_equal(refused, 0);
	assert_int_equal(f->clients.served, 1);
	assert_int_equal(connect_as(f, path, 65534, &refused), EACCES);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(connect_as(f, path, 65534, &refused), 0);
	assert_int_equal(refused, 1);
	listener_close(&f->clients.listener);
	f->clients.listener = own;
}

/* One that the kernel found to be free. */
static uint16_t free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static bool is_served(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool served = !connect(fd, (struct sockaddr *)&at, sizeof(at));

	close(fd);
	return served;
}

/* What cannot be served leaves what is served; the text file appears whole, and for everyone. */
static void test_exporter(void **state)
{
	struct fixture *f = *state;
	struct exporter e = {.model = model_new(), .clients = &f->clients,
			     .flight = f->clients.heads.flight, .epoll = f->clients.epoll};
	uint16_t port = free_port();
	char here[32], everywhere[32], abroad[32], file[64];
	struct stat st;

	snprintf(here, sizeof(here), "127.0.0.1:%u", port);
	snprintf(everywhere, sizeof(everywhere), "0.0.0.0:%u", port);
	snprintf(abroad, sizeof(abroad), "192.0.2.1:%u", port);
	snprintf(file, sizeof(file), "%s/a.prom", f->dir);
	assert_int_equal(exporter_set(&e, here, ""), 0);
	assert_int_equal(exporter_set(&e, everywhere, ""), 0);
	assert_true(is_served(port));
	assert_int_equal(exporter_set(&e, abroad, file), -EADDRNOTAVAIL);
	assert_string_equal(e.address, everywhere);
	assert_true(is_served(port));
	assert_int_equal(exporter_set(&e, "name:80", file), -EINVAL);
	assert_true(is_served(port));
	assert_int_equal(exporter_set(&e, "off", file), 0);
	assert_false(is_served(port));
	exporter_write(&e);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_true(st.st_size > 1000);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(exporter_set(&e, "off", "/nowhere/a.prom"), 0);
	exporter_write(&e);
	exporter_close(&e);
	model_free(e.model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_live, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_recent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_slow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_never_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_socket, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_group, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_exporter, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
