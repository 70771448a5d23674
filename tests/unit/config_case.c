/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/config_case.h"

#include "common/base/log.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char file_name[512];
static char captured[8192];
static int saved_stderr, memory;

const char *config_file_make(const char *text)
{
	const char *directory = getenv("TMPDIR");
	ssize_t n = (ssize_t)strlen(text);
	int fd;

	snprintf(file_name, sizeof(file_name), "%s/tscf-test-XXXXXX", directory ? directory : "/tmp");
	fd = mkstemp(file_name);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, (size_t)n), n);
	close(fd);
	return file_name;
}

void config_file_remove(void)
{
	unlink(file_name);
}

void capture_begin(void)
{
	unsetenv("JOURNAL_STREAM");
	tscf_log_init("test", TSCF_LOG_INFO);
	memory = memfd_create("stderr", 0);
	ck_assert_int_ge(memory, 0);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(memory, STDERR_FILENO), 0);
}

const char *capture_end(void)
{
	ssize_t n = pread(memory, captured, sizeof(captured) - 1, 0);

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(memory);
	captured[n < 0 ? 0 : n] = '\0';
	return captured;
}

void config_case_check(const struct config_case *c, int (*reader)(void *config, const char *file), void *config)
{
	const char *file = config_file_make(c->text), *said;
	char where[600];
	int err;

	capture_begin();
	err = reader(config, file);
	said = capture_end();
	snprintf(where, sizeof(where), "test: error: %s:%d: ", file, c->line);
	config_file_remove();
	ck_assert_msg(err == -EINVAL, "%s: accepted or failed otherwise (%d)", c->text, err);
	ck_assert_msg(strncmp(said, where, strlen(where)) == 0, "%s: expected '%s', said '%s'", c->text, where, said);
	ck_assert_msg(strstr(said, c->says) != NULL, "%s: expected '%s', said '%s'", c->text, c->says, said);
	ck_assert_msg(strstr(said, c->expects) != NULL, "%s: expected '%s', said '%s'", c->text, c->expects, said);
	ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
}
