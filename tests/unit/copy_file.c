/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/copy_file.h"
#include "tests/unit/runner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int copy_file(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY), out = open(to, O_CREAT | O_TRUNC | O_RDWR, 0700);
	char buffer[65536];
	ssize_t got;

	ck_assert_int_ge(in, 0);
	ck_assert_int_ge(out, 0);
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		ck_assert_int_eq(write(out, buffer, (size_t)got), got);
	ck_assert_int_eq(fchmod(out, mode), 0);
	close(in);
	return out;
}
