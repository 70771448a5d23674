/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/log.h"
#include "common/base/log_queue.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int saved_stderr, reader;

/* Standard error is a pipe while a test runs. */
static void setup(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
	close(ends[1]);
	reader = ends[0];
	unsetenv("JOURNAL_STREAM");
}

static void teardown(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(reader);
}

/** @return everything that was logged since the last call; a mark at the end keeps the read from waiting. */
static const char *logged(void)
{
	static char text[8192];
	ssize_t n;

	ck_assert_int_eq(write(STDERR_FILENO, "$", 1), 1);
	n = read(reader, text, sizeof(text));
	ck_assert_int_ge(n, 1);
	ck_assert_int_eq(text[n - 1], '$');
	text[n - 1] = '\0';
	return text;
}

START_TEST(line_format)
{
	tscf_log_init("tscf-test", TSCF_LOG_DEBUG);
	tscf_warning("text %d", 5);
	ck_assert_str_eq(logged(), "tscf-test: warning: text 5\n");
	tscf_error("a");
	tscf_info("b");
	tscf_debug("c");
	ck_assert_str_eq(logged(), "tscf-test: error: a\ntscf-test: info: b\ntscf-test: debug: c\n");
}
END_TEST

/** Count the lines of "line N of many", whose numbers must grow, and those that are said to be lost. */
static void count_line(const char *line, int *last, unsigned *counted)
{
	unsigned lost;
	int n;

	if (sscanf(line, "tscf-test: warning: %u lines were not logged", &lost) == 1) {
		*counted += lost;
		return;
	}
	ck_assert_int_eq(sscanf(line, "tscf-test: info: line %d of many", &n), 1);
	ck_assert_int_gt(n, *last);
	*last = n;
	(*counted)++;
}

/* Nobody reads what is logged.  Lines wait, those without room are counted, and the rest comes out in its order. */
START_TEST(nobody_reads)
{
	const unsigned lines = 20000;
	unsigned counted = 0;
	char line[256];
	int last = -1;
	FILE *in = fdopen(reader, "r");

	tscf_log_init("tscf-test", TSCF_LOG_INFO);
	ck_assert_int_eq(tscf_log_queue_start(), 0);
	for (unsigned n = 0; n < lines; n++)
		tscf_info("line %u of many", n);
	while (counted < lines) {
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), in));
		count_line(line, &last, &counted);
	}
	ck_assert_uint_eq(counted, lines);
}
END_TEST

/* The end of the program waits for the lines, but not for ever. */
START_TEST(end_of_a_queue)
{
	tscf_log_init("tscf-test", TSCF_LOG_INFO);
	ck_assert_int_eq(tscf_log_queue_start(), 0);
	tscf_info("the last");
	tscf_log_queue_finish();
	ck_assert_str_eq(logged(), "tscf-test: info: the last\n");
}
END_TEST

START_TEST(end_of_a_full_queue)
{
	tscf_log_init("tscf-test", TSCF_LOG_INFO);
	ck_assert_int_eq(tscf_log_queue_start(), 0);
	for (unsigned n = 0; n < 20000; n++)
		tscf_info("line %u of many", n);
	tscf_log_queue_finish();
	tscf_info("too late");
}
END_TEST

START_TEST(levels_hide)
{
	tscf_log_init("tscf-test", TSCF_LOG_WARNING);
	ck_assert(tscf_log_enabled(TSCF_LOG_WARNING) && !tscf_log_enabled(TSCF_LOG_INFO));
	tscf_info("hidden");
	ck_assert_str_eq(logged(), "");
	tscf_log_set_level(TSCF_LOG_INFO);
	tscf_info("shown");
	ck_assert_str_eq(logged(), "tscf-test: info: shown\n");
}
END_TEST

START_TEST(level_names)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	enum tscf_log_level level;

	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(tscf_log_level_parse(names[i], &level), 0);
		ck_assert_int_eq((int)level, i);
	}
	ck_assert_int_eq(tscf_log_level_parse("trace", &level), -EINVAL);
	ck_assert_int_eq(tscf_log_level_parse("", &level), -EINVAL);
}
END_TEST

START_TEST(errno_is_kept)
{
	tscf_log_init("tscf-test", TSCF_LOG_INFO);
	errno = ENOENT;
	tscf_error("%m");
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_str_eq(logged(), "tscf-test: error: No such file or directory\n");
	/* Even if nothing can be written. */
	close(STDERR_FILENO);
	errno = EPERM;
	tscf_error("lost");
	ck_assert_int_eq(errno, EPERM);
}
END_TEST

/* A text from the other end cannot forge a line or an escape sequence; UTF-8 stays. */
START_TEST(control_characters)
{
	tscf_log_init("tscf-test", TSCF_LOG_INFO);
	tscf_info("%s", "a\ntscf-test: error: forged\x1b[2J\x7f \xc3\xa9");
	ck_assert_str_eq(logged(), "tscf-test: info: a?tscf-test: error: forged?[2J? \xc3\xa9\n");
}
END_TEST

START_TEST(long_line_is_cut)
{
	char text[5000];
	const char *line;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	tscf_log_init("tscf-test", TSCF_LOG_INFO);
	tscf_info("%s", text);
	line = logged();
	ck_assert_uint_eq(strlen(line), 1024);
	ck_assert_int_eq(line[1022], 'x');
	ck_assert_int_eq(line[1023], '\n');
}
END_TEST

/* The journal's prefix is used only if the variable names our standard error. */
START_TEST(journal_prefix)
{
	char stream[64];
	struct stat st;

	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	tscf_log_init("tscf-test", TSCF_LOG_DEBUG);
	tscf_error("a");
	tscf_warning("b");
	tscf_info("c");
	tscf_debug("d");
	ck_assert_str_eq(logged(), "<3>a\n<4>b\n<6>c\n<7>d\n");

	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	tscf_log_init("tscf-test", TSCF_LOG_DEBUG);
	tscf_error("a");
	ck_assert_str_eq(logged(), "tscf-test: error: a\n");
	setenv("JOURNAL_STREAM", "nonsense", 1);
	tscf_log_init("tscf-test", TSCF_LOG_DEBUG);
	tscf_error("a");
	ck_assert_str_eq(logged(), "tscf-test: error: a\n");
}
END_TEST

/* A datagram socket in the place of the journal's, in @p directory.  @return it. */
static int journal_socket(char directory[64], char path[96])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_DGRAM, 0);

	strcpy(directory, "/tmp/tscf-journal.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, 96, "%s/socket", directory);
	strcpy(address.sun_path, path);
	ck_assert_int_eq(bind(sock, (struct sockaddr *)&address, sizeof(address)), 0);
	return sock;
}

/* No value can begin a field of its own; a journal that does not read holds nobody up. */
START_TEST(fields_of_the_journal)
{
	static char large[5000];
	const struct tscf_log_field fields[] = {{"TSCF_LEVEL", "encrypted-only"},
						{"TSCF_PROGRAM", "a\nPRIORITY=0"},
						{NULL, NULL}},
				    too_much[] = {{"TSCF_LEVEL", large}, {NULL, NULL}};
	char directory[64], path[96], got[512];
	int sock = journal_socket(directory, path), err;
	ssize_t n;

	ck_assert_int_eq(tscf_journal_send(path, 6, "tscf-test", "text", fields), 0);
	n = recv(sock, got, sizeof(got) - 1, MSG_DONTWAIT);
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_str_eq(got, "MESSAGE=text\nPRIORITY=6\nSYSLOG_IDENTIFIER=tscf-test\nTSCF_LEVEL=encrypted-only\n"
			      "TSCF_PROGRAM=a?PRIORITY=0\n");
	memset(large, 'x', sizeof(large) - 1);
	ck_assert_int_eq(tscf_journal_send(path, 6, "tscf-test", "text", too_much), -EMSGSIZE);
	for (err = 0; err == 0;)
		err = tscf_journal_send(path, 6, "tscf-test", "text", fields);
	ck_assert_int_eq(err, -EAGAIN);
	close(sock);
	unlink(path);
	ck_assert_int_eq(tscf_journal_send(path, 6, "tscf-test", "text", fields), -ENOENT);
	rmdir(directory);
	/* Standard error is not the journal. */
	tscf_log_init("tscf-test", TSCF_LOG_INFO);
	tscf_log_fields(TSCF_LOG_INFO, fields, "number %d", 1);
	ck_assert_str_eq(logged(), "tscf-test: info: number 1\n");
}
END_TEST

START_TEST(recent)
{
	struct tscf_log_past past[TSCF_LOG_RECENT];
	unsigned count;

	tscf_log_init("tscf-test", TSCF_LOG_INFO);
	for (int i = 0; i < TSCF_LOG_RECENT + 3; i++)
		tscf_warning("number %d", i);
	tscf_error("number 5");
	tscf_info("no fault");
	logged();
	count = tscf_log_recent(past);
	ck_assert_uint_eq(count, TSCF_LOG_RECENT);
	/* What came again is the newest, and counted. */
	ck_assert_str_eq(past[count - 1].text, "number 5");
	ck_assert_uint_eq(past[count - 1].count, 2);
	ck_assert_str_eq(past[0].text, "number 3");
	ck_assert_int_le(past[0].first, past[count - 1].last);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, line_format);
	tcase_add_test(tc, nobody_reads);
	tcase_add_test(tc, end_of_a_queue);
	tcase_add_test(tc, end_of_a_full_queue);
	tcase_add_test(tc, levels_hide);
	tcase_add_test(tc, level_names);
	tcase_add_test(tc, errno_is_kept);
	tcase_add_test(tc, control_characters);
	tcase_add_test(tc, long_line_is_cut);
	tcase_add_test(tc, journal_prefix);
	tcase_add_test(tc, fields_of_the_journal);
	tcase_add_test(tc, recent);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
