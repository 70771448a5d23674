/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer.h - answers that were sent, kept to be repeated when their requests are: a request is executed once.
 */
#ifndef TSCF_SERVER_ANSWER_H
#define TSCF_SERVER_ANSWER_H

#include <stdint.h>

/** One answer. */
struct server_kept_answer {
	uint8_t *data; /**< NULL: empty */
	uint16_t length;
	uint32_t sequence;
};

/** How many are kept at most. */
#define SERVER_ANSWERS_MAX 16

/** The last ones of a session. */
struct server_answers {
	struct server_kept_answer kept[SERVER_ANSWERS_MAX];
	unsigned next;
};

/** Keep an answer; out of memory: it is not kept. */
void server_answer_keep(struct server_kept_answer *slot, uint32_t sequence, const uint8_t *data, uint32_t length);
void server_answer_forget(struct server_kept_answer *slot);

/** Keep one in place of the oldest of @p most. */
void server_answers_keep(struct server_answers *answers, unsigned most, uint32_t sequence, const uint8_t *data, uint32_t length);
/** @return the answer to the request of that sequence number, or NULL. */
const struct server_kept_answer *server_answers_find(const struct server_answers *answers, uint32_t sequence);
void server_answers_forget(struct server_answers *answers);

#endif
