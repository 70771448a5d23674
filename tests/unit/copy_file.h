/* SPDX-License-Identifier: GPL-3.0-or-later */
/* copy_file.h - copies of programs and libraries, for tests that change them or run them as another user. */
#ifndef TSCF_TESTS_COPY_FILE_H
#define TSCF_TESTS_COPY_FILE_H

#include <sys/types.h>

/** Copy the file @p from to @p to, with @p mode.  @return a descriptor of the copy, which the caller closes. */
int copy_file(const char *from, const char *to, mode_t mode);

#endif
