/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * siphash.h - a keyed hash for tables whose keys an attacker chooses.
 *
 * SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): without the key an attacker cannot
 * make entries fall into one bucket.  It is not for message authentication: hash values must not leave the process.
 */
#ifndef TSCF_SIPHASH_H
#define TSCF_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/** Secret of one table; the owner of the table sets it once. */
struct tscf_siphash_key {
	uint64_t k[2];
};

/** Fill @p key with random bytes from the kernel.  @return 0, or -errno: then the table must not be used. */
int tscf_siphash_key_init(struct tscf_siphash_key *key);

/** @return the hash of @p length bytes at @p data. */
uint64_t tscf_siphash(const struct tscf_siphash_key *key, const void *data, size_t length);

#endif
