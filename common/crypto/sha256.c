/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/crypto/sha256.h"

#include <nettle/sha2.h>
#include <string.h>

static void load(struct sha256_ctx *context, const struct tscf_sha256_state *state)
{
	memcpy(context->state, state->words, sizeof(context->state));
	context->count = state->length / SHA256_BLOCK_SIZE;
	context->index = (unsigned)(state->length % SHA256_BLOCK_SIZE);
	memcpy(context->block, state->block, context->index);
}

void tscf_sha256_update(struct tscf_sha256_state *state, const uint8_t *data, size_t length)
{
	struct sha256_ctx context;

	load(&context, state);
	sha256_update(&context, length, data);
	memcpy(state->words, context.state, sizeof(context.state));
	memcpy(state->block, context.block, context.index);
	state->length += length;
}

void tscf_sha256_finish(struct tscf_sha256_state *state, uint8_t digest[TSCF_SHA256_SIZE])
{
	struct sha256_ctx context;

	load(&context, state);
	/* This also resets the state. */
	sha256_digest(&context, SHA256_DIGEST_SIZE, digest);
	memcpy(state->words, context.state, sizeof(context.state));
	state->length = 0;
}
