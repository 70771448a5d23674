/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proof_subject.h - the bytes that a proof is over; for the two halves of proof.h. */
#ifndef TSCF_PROOF_SUBJECT_H
#define TSCF_PROOF_SUBJECT_H

#include "common/auth/proof.h"

#include <string.h>

#define TSCF_PROOF_LABEL         24
#define TSCF_PROOF_CHALLENGE_MAX 64
#define TSCF_PROOF_SUBJECT_MAX   (TSCF_PROOF_LABEL + 1 + TSCF_PROOF_CHALLENGE_MAX + 16)
#define TSCF_PROOF_MAC           32

/**
 * Write label, length of the challenge, challenge and client identifier.  The label keeps proofs of one kind of tunnel
 * from passing for those of the other.
 *
 * @return the length, or 0 when the challenge is too long.
 */
static inline uint32_t tscf_proof_subject_bytes(const struct tscf_proof_subject *s, uint8_t out[TSCF_PROOF_SUBJECT_MAX])
{
	static const char labels[2][TSCF_PROOF_LABEL] = {"tscf client, plain", "tscf client, encrypted"};

	if (s->challenge_length > TSCF_PROOF_CHALLENGE_MAX)
		return 0;
	memcpy(out, labels[s->encrypted], TSCF_PROOF_LABEL);
	out[TSCF_PROOF_LABEL] = (uint8_t)s->challenge_length;
	memcpy(out + TSCF_PROOF_LABEL + 1, s->challenge, s->challenge_length);
	memcpy(out + TSCF_PROOF_LABEL + 1 + s->challenge_length, s->client_id, 16);
	return TSCF_PROOF_LABEL + 1 + s->challenge_length + 16;
}

#endif
