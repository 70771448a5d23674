/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * condition.h - conditions of the network that a policy may depend on, and whether one of them holds.
 *
 *                     known                known, and not so
 *     UNKNOWN --------------------> HOLDS <-----------------> FAILS
 *
 * A condition on something measured changes only when the measured value has been on the other side for
 * CONDITION_HOLD_MS without a break, and it ends at four fifths of its limit: a value near the limit must not move
 * sockets to and fro.  While nothing is measured, the last verdict stands.  Other conditions follow what is known at
 * once.  Pure. tscf-client.conf(5), "Policies".
 */
#ifndef TSCF_CLIENT_CONDITION_H
#define TSCF_CLIENT_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

/** How long a measured value must be on the other side of its limit. */
#define CONDITION_HOLD_MS 5000
/** Room for the name of a connection. */
#define CONDITION_NAME 65
/** Room for a condition as text. */
#define CONDITION_TEXT (32 + CONDITION_NAME)
/** Highest limits. */
#define CONDITION_LOSS_MAX 99    /* percent */
#define CONDITION_RTT_MAX  10000 /* milliseconds */

enum condition_kind {
	CONDITION_TRUSTED,     /**< the network is trusted (preferred.h) */
	CONDITION_BATTERY,     /**< this host runs on its battery */
	CONDITION_WIFI_OPEN,   /**< packets leave by a WiFi that is not encrypted */
	CONDITION_WIFI_SECURE, /**< by one that is */
	CONDITION_METERED,     /**< the connection is metered */
	CONDITION_CONNECTION,  /**< it is the one of that name */
	CONDITION_LOSS,        /**< more keepalives than this percentage are lost */
	CONDITION_RTT,         /**< they take longer than so many milliseconds */
};

enum condition_state { CONDITION_UNKNOWN, CONDITION_HOLDS, CONDITION_FAILS };

/** As it is written in a policy. */
struct condition {
	enum condition_kind kind;
	bool negated;
	unsigned limit;            /**< of what is measured; else 0 */
	char name[CONDITION_NAME]; /**< of the connection; else "" */
};

/** What is known of the network. */
struct condition_facts {
	enum condition_state trusted, battery, wifi_open, wifi_secure, metered;
	const char *connection; /**< its name; NULL or "": not known */
	int loss;               /**< tenths of a percent; negative: not measured */
	int rtt;                /**< milliseconds; negative: not measured */
};

/** A condition in use. */
struct condition_watch {
	struct condition is;
	enum condition_state state; /**< of `is`: with its negation */
	uint64_t since;             /**< monotonic ms: when the state last changed */
	uint64_t turning;           /**< since when the measured value has been on the other side; 0: it is not */
};

/** Parse one condition, such as "not loss > 2%".  @return 0 or -EINVAL. */
int condition_parse(const char *text, struct condition *out);
/** Write @p c as a user would: "untrusted", "not loss > 2%", "connection Office".  @return @p buf. */
const char *condition_format(const struct condition *c, char buf[CONDITION_TEXT]);
/** @return whether both say the same. */
bool condition_equal(const struct condition *a, const struct condition *b);
/** @return whether the condition is about something that keepalives measure. */
bool condition_is_measured(const struct condition *c);

/** Compare the condition with the facts at @p now.  @return whether its state has changed. */
bool condition_update(struct condition_watch *w, const struct condition_facts *facts, uint64_t now);
/** @return when the state changes if the facts stay; UINT64_MAX: never. */
uint64_t condition_due(const struct condition_watch *w);
/** @return "holds", "does not hold" or "unknown". */
const char *condition_state_name(enum condition_state state);

#endif
