/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/resume.h"

#include "common/crypto/hash.h"
#include "common/crypto/random.h"

#include <string.h>

void resume_forget(struct resume *r)
{
	sealing_drop(&r->sealing);
	explicit_bzero(r, sizeof(*r));
	r->tsid = TSCF_TSID_NONE;
}

static void write_lock(struct tscf_writer *w, const uint8_t key[RESUME_KEY_SIZE])
{
	uint8_t lock[32];

	tscf_sha256(key, RESUME_KEY_SIZE, lock);
	tscf_write_bytes(w, TSCF_TLV_RESUME_LOCK, lock, sizeof(lock));
}

void resume_write_lock(struct resume *r, struct tscf_writer *w)
{
	resume_forget(r);
	tscf_random(r->key, sizeof(r->key));
	tscf_random(r->next_key, sizeof(r->next_key));
	write_lock(w, r->key);
}

void resume_ready(struct resume *r, uint64_t tsid, unsigned server, struct sealing *sealing)
{
	r->tsid = tsid;
	r->server = server;
	r->sealing = sealing_hold(sealing);
}

void resume_write_key(const struct resume *r, struct tscf_writer *w)
{
	tscf_write_bytes(w, TSCF_TLV_RESUME_KEY, r->key, sizeof(r->key));
	write_lock(w, r->next_key);
}

static void advance(struct resume *r)
{
	memcpy(r->key, r->next_key, sizeof(r->key));
	tscf_random(r->next_key, sizeof(r->next_key));
	r->turn++;
}

void resume_accepted(struct resume *r, unsigned turn)
{
	/* If another request was refused and moved on to the next key, the server has that key's lock already. */
	if (turn == r->turn)
		advance(r);
	r->second_try = false;
}

bool resume_refused(struct resume *r, unsigned turn)
{
	bool again = !r->second_try;

	/* Another request has already used that key. */
	if (turn != r->turn)
		return true;
	if (again)
		advance(r);
	r->second_try = true;
	return again;
}
