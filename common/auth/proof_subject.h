/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proof_subject.h - the bytes that a proof covers; for the client's and the server's half of proof.h. */
#ifndef TSCF_PROOF_SUBJECT_H
#define TSCF_PROOF_SUBJECT_H

#include "common/auth/proof.h"

#include <string.h>

#define TSCF_PROOF_LABEL         24
#define TSCF_PROOF_CHALLENGE_MAX 64
#define TSCF_PROOF_SUBJECT_MAX   (TSCF_PROOF_LABEL + 1 + TSCF_PROOF_CHALLENGE_MAX + 16 + TSCF_KEY_SHARE_SIZE)
#define TSCF_PROOF_MAC           32

/**
 * Write label, length of the challenge, challenge, client identifier, and on a plain tunnel the client's key share.
 * Because of the label, a proof for one kind of tunnel is not valid for the other kind.
 *
 * @return the length, or 0 when the challenge is too long.
 */
static inline uint32_t tscf_proof_subject_bytes(const struct tscf_proof_subject *s, uint8_t out[TSCF_PROOF_SUBJECT_MAX])
{
	static const char labels[2][TSCF_PROOF_LABEL] = {"tscf client, plain 1", "tscf client, encrypted"};
	const uint32_t share = s->encrypted ? 0 : TSCF_KEY_SHARE_SIZE;
	uint8_t *end = out + TSCF_PROOF_LABEL + 1;

	if (s->challenge_length > TSCF_PROOF_CHALLENGE_MAX)
		return 0;
	memcpy(out, labels[s->encrypted], TSCF_PROOF_LABEL);
	out[TSCF_PROOF_LABEL] = (uint8_t)s->challenge_length;
	memcpy(end, s->challenge, s->challenge_length);
	end += s->challenge_length;
	memcpy(end, s->client_id, 16);
	end += 16;
	if (share > 0)
		memcpy(end, s->share, share);
	return (uint32_t)(end - out) + share;
}

#endif
