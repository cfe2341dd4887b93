// SPDX-License-Identifier: GPL-2.0-only
/* Pipes, full disks, signals: what happens between the stream and the kernel. */
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "test_stream.h"

#define RECORDS 20000

static void put_numbered(struct ims_writer *w, uint64_t from, uint64_t to, FILE *f)
{
	for (; from < to; from++) {
		struct ims_record rec = numbered_event(from);

		assert_int_equal(ims_writer_put(w, &rec), 0);
		if (f)
			text_record(f, &rec);
	}
}

static char *text_numbered(uint64_t count)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	uint64_t n;

	for (n = 0; n < count; n++) {
		struct ims_record rec = numbered_event(n);

		text_record(f, &rec);
	}
	fclose(f);
	return text;
}

static uint8_t *stream_numbered(uint64_t count, uint64_t flush_every, size_t *bytes)
{
	int fd = memory_fd("", 0);
	struct ims_writer *w = ims_writer_new(fd, 6);
	uint8_t *p;
	uint64_t n;

	for (n = 0; n < count; n += flush_every) {
		put_numbered(w, n, n + flush_every, NULL);
		assert_int_equal(ims_writer_flush(w), 0);
	}
	ims_writer_free(w);
	p = content(fd, bytes);
	close(fd);
	return p;
}

static void test_one_byte_at_a_time(void **state)
{
	const uint64_t count = 60;
	char *want = text_numbered(count), *got;
	struct ims_reader *r;
	size_t bytes, size, i;
	uint8_t *stream = stream_numbered(count, 10, &bytes);
	FILE *f = open_memstream(&got, &size);
	int fd[2];

	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	assert_int_equal(ims_reader_open(fd[0], &r), 0);
	for (i = 0; i < bytes; i++) {
		assert_int_equal(text_rest(r, f), -EAGAIN);
		assert_int_equal(write(fd[1], stream + i, 1), 1);
	}
	/* A chunk is read once it is whole: before the end of the stream, not at it. */
	assert_int_equal(text_rest(r, f), -EAGAIN);
	fflush(f);
	assert_string_equal(got, want);
	close(fd[1]);
	assert_int_equal(text_rest(r, f), 0);
	assert_int_equal(text_rest(r, f), 0);
	assert_undamaged(ims_reader_damage(r));
	assert_int_equal(ims_reader_input(r)->bytes, bytes);
	assert_int_equal(ims_reader_input(r)->chunks, 6);
	assert_int_equal(ims_reader_input(r)->major, 1);
	ims_reader_free(r);
	fclose(f);
	close(fd[0]);
	free(stream);
	free(want);
	free(got);
}

/* What open would say, next says when there was nothing to tell it by. */
static void test_late_verdict(void **state)
{
	struct ims_record rec;
	struct ims_reader *r;
	int fd[2];

	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	assert_int_equal(ims_reader_open(fd[0], &r), 0);
	assert_int_equal(ims_reader_next(r, &rec), -EAGAIN);
	close(fd[1]);
	assert_int_equal(ims_reader_next(r, &rec), -ENODATA);
	ims_reader_free(r);
	close(fd[0]);

	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	assert_int_equal(ims_reader_open(fd[0], &r), 0);
	assert_int_equal(write(fd[1], "hello", 5), 5);
	assert_int_equal(ims_reader_next(r, &rec), -EAGAIN);
	close(fd[1]);
	assert_int_equal(ims_reader_next(r, &rec), -EPROTO);
	assert_int_equal(ims_reader_next(r, &rec), -EPROTO);
	ims_reader_free(r);
	close(fd[0]);
}

static void test_read_error(void **state)
{
	int dir = open("/", O_RDONLY | O_DIRECTORY);
	struct ims_reader *r;

	assert_int_equal(ims_reader_open(dir, &r), -EISDIR);
	assert_int_equal(ims_reader_open(-1, &r), -EBADF);
	close(dir);
}

/* A disk that is full, then is not: what was accepted is in the file. */
static void test_disk_full(void **state)
{
	char *want, *got;
	struct ims_damage damage;
	int fd = open("/dev/full", O_WRONLY);
	struct ims_writer *w = ims_writer_new(fd, 0);
	uint64_t n = 0, refused = 0;
	size_t bytes;
	uint8_t *stream;
	int file = memory_fd("", 0);
	int err;

	while (refused < 3) {
		struct ims_record rec = numbered_event(n);

		err = ims_writer_put(w, &rec);
		assert_true(!err || err == -ENOSPC);
		refused += !!err;
		n += !err;
	}
	assert_int_equal(ims_writer_flush(w), -ENOSPC);
	assert_int_equal(ims_writer_bytes(w), 0);
	assert_int_equal(dup2(file, fd), fd);
	assert_int_equal(ims_writer_flush(w), 0);
	ims_writer_free(w);

	want = text_numbered(n);
	stream = content(file, &bytes);
	got = text_of(stream, bytes, &damage, &err);
	assert_string_equal(got, want);
	assert_undamaged(&damage);
	free(stream);
	free(want);
	free(got);
	close(file);
	close(fd);
}

/* A pipe that takes a part of a chunk at a time, and then nothing. */
static void test_written_in_parts(void **state)
{
	char *want = text_numbered(RECORDS), *got;
	struct ims_writer *w;
	struct ims_reader *r;
	uint64_t n = 0, stops = 0;
	size_t size;
	FILE *f = open_memstream(&got, &size);
	int fd[2], err;

	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	assert_int_equal(fcntl(fd[1], F_SETPIPE_SZ, 4096), 4096);
	w = ims_writer_new(fd[1], 0);
	assert_int_equal(ims_reader_open(fd[0], &r), 0);
	do {
		struct ims_record rec = numbered_event(n);

		err = n < RECORDS ? ims_writer_put(w, &rec) : ims_writer_flush(w);
		assert_true(!err || err == -EAGAIN);
		if (err) {
			stops++;
			assert_int_equal(text_rest(r, f), -EAGAIN);
		} else {
			n++;
		}
	} while (n <= RECORDS);
	ims_writer_free(w);
	close(fd[1]);
	assert_int_equal(text_rest(r, f), 0);
	assert_undamaged(ims_reader_damage(r));
	assert_true(stops > 20);
	fclose(f);
	assert_string_equal(got, want);
	ims_reader_free(r);
	close(fd[0]);
	free(want);
	free(got);
}

static void test_nobody_reads(void **state)
{
	struct ims_writer *w;
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fd), 0);
	w = ims_writer_new(fd[1], 6);
	put_numbered(w, 0, 10, NULL);
	close(fd[0]);
	assert_int_equal(ims_writer_flush(w), -EPIPE);
	assert_int_equal(ims_writer_flush(w), -EPIPE);
	ims_writer_free(w);
	close(fd[1]);
}

static volatile sig_atomic_t ticks;

static void tick(int sig)
{
	ticks++;
}

static void tick_often(void)
{
	const struct sigaction sa = {.sa_handler = tick};
	const struct itimerval it = {{0, 200}, {0, 200}};

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

static int write_slowly(int fd)
{
	struct ims_writer *w = ims_writer_new(fd, 0);
	uint64_t n;

	for (n = 0; n < RECORDS; n++) {
		struct ims_record rec = numbered_event(n);

		if (ims_writer_put(w, &rec))
			return 1;
		if (n % 1000 == 0 && usleep(2000) && errno != EINTR)
			return 1;
	}
	if (ims_writer_flush(w))
		return 1;
	ims_writer_free(w);
	return 0;
}

/* Both sides wait on a small pipe, and signals interrupt both. */
static void test_signals(void **state)
{
	const struct itimerval off = {};
	char *want = text_numbered(RECORDS), *got;
	struct ims_reader *r;
	int fd[2], status;
	size_t size;
	FILE *f = open_memstream(&got, &size);
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(fcntl(fd[1], F_SETPIPE_SZ, 4096), 4096);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		tick_often();
		_exit(write_slowly(fd[1]));
	}
	close(fd[1]);
	tick_often();
	assert_int_equal(ims_reader_open(fd[0], &r), 0);
	assert_int_equal(text_rest(r, f), 0);
	setitimer(ITIMER_REAL, &off, NULL);
	assert_undamaged(ims_reader_damage(r));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(ticks > 0);
	fclose(f);
	assert_string_equal(got, want);
	ims_reader_free(r);
	close(fd[0]);
	free(want);
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_byte_at_a_time),
		cmocka_unit_test(test_late_verdict),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_written_in_parts),
		cmocka_unit_test(test_nobody_reads),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
