/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * level.h - the encryption level of a socket, its name, and its encoding in the socket's mark.
 *
 * tscf(7), "LEVELS".  Other programs use the mark too: only the bits under the mask are ours.
 */
#ifndef TSCF_LEVEL_H
#define TSCF_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

/** The four levels, with the numbers of the program interface and of the wire. */
enum tscf_level {
	TSCF_LEVEL_DEFAULT = 0,
	TSCF_LEVEL_UNENCRYPTED = 1,
	TSCF_LEVEL_ENCRYPTED_ONLY = 2,
	TSCF_LEVEL_ENCRYPTED_PREFERRED = 3,
};

/*
 * The value under the mask, from its lowest bit on.  Two bits: the level.  One bit: a program has set the level of this
 * very socket, so no policy changes it.  Without that bit, the rest is the number of the policy that set the level
 * (policies_rule_number in policy.h for those that have none), 0 for the default of tscf-run.
 */
#define TSCF_MARK_LEVEL        3U
#define TSCF_MARK_EXPLICIT     4U
#define TSCF_MARK_POLICY_SHIFT 3U
/** Explicit, with no level: the daemon's own outer sockets. */
#define TSCF_MARK_OUTER TSCF_MARK_EXPLICIT
/** Bits 24 to 30, which the common firewall and container tools do not use. */
#define TSCF_MARK_MASK_DEFAULT 0x7f000000U

/** @return the name used on command lines and in files: "default", "unencrypted", ... ; "invalid" out of range. */
const char *tscf_level_name(enum tscf_level level);
/** Parse the name of a level.  @return 0 with the level, or -EINVAL. */
int tscf_level_parse(const char *name, enum tscf_level *out);
/** @return whether sockets of this level use the encrypted tunnel. */
bool tscf_level_wants_encryption(enum tscf_level level);
/** @return whether @p mask can hold our values: at least three contiguous bits. */
bool tscf_mark_mask_valid(uint32_t mask);
/** @return how many policies can have a number under @p mask. */
unsigned tscf_mark_policies(uint32_t mask);
/** @return @p mark with @p value under @p mask, all other bits unchanged. */
uint32_t tscf_mark_set(uint32_t mark, uint32_t mask, uint32_t value);
/** @return the value in @p mark under @p mask. */
uint32_t tscf_mark_get(uint32_t mark, uint32_t mask);
/** @return the level in @p mark; default for TSCF_MARK_OUTER. */
enum tscf_level tscf_mark_level(uint32_t mark, uint32_t mask);
/** @return the value for a level that a program sets on its socket; for the default level the value is 0. */
uint32_t tscf_mark_explicit(enum tscf_level level);

#endif
