/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reply_cache.h - sent answers, kept so that the server repeats the answer when a client repeats a request: each
 * request is executed once.
 */
#ifndef TSCF_SERVER_REPLY_CACHE_H
#define TSCF_SERVER_REPLY_CACHE_H

#include <stdint.h>

/** One answer. */
struct server_cached_reply {
	uint8_t *data; /**< NULL: empty */
	uint16_t length;
	uint32_t sequence;
};

/** How many are kept at most. */
#define SERVER_REPLY_CACHE_MAX 16

/** The last answers of a session. */
struct server_reply_cache {
	struct server_cached_reply kept[SERVER_REPLY_CACHE_MAX];
	unsigned next;
};

/** Keep an answer; without memory it is not kept. */
void server_reply_keep(struct server_cached_reply *slot, uint32_t sequence, const uint8_t *data, uint32_t length);
/** Free the answer, if there is one. */
void server_reply_forget(struct server_cached_reply *slot);

/** Keep an answer; it replaces the oldest of @p most. */
void server_reply_cache_keep(struct server_reply_cache *answers, unsigned most, uint32_t sequence, const uint8_t *data,
			     uint32_t length);
/** @return the answer to the request of that sequence number, or NULL. */
const struct server_cached_reply *server_reply_cache_find(const struct server_reply_cache *answers, uint32_t sequence);
/** Free all answers. */
void server_reply_cache_forget(struct server_reply_cache *answers);

#endif
