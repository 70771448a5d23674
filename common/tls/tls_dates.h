/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_dates.h - whether the certificates of a file are valid by the clock. */
#ifndef TSCF_TLS_DATES_H
#define TSCF_TLS_DATES_H

#include <stdint.h>

/**
 * Warn of every certificate in the PEM @p file that has expired or is not valid yet at @p now (seconds since 1970): of
 * which, and since or until when.  A file that cannot be read is left to those who use it.
 *
 * @return how many there are.
 */
unsigned tscf_tls_dates_warn(const char *file, int64_t now);

/**
 * The time in which every certificate of the PEM @p file is valid, in seconds since 1970: *from and *until, both 0 if
 * the file has none.
 */
void tscf_tls_dates_of(const char *file, int64_t *from, int64_t *until);

#endif
