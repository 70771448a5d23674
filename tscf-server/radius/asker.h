/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * asker.h - asks a RADIUS server whether clients may have tunnels, without holding up who asks.
 *
 * A few threads send the questions, because libradcli blocks.  Questions wait in a queue; one that does not fit in is
 * refused, and one that has waited for too long gets no answer.
 */
#ifndef TSCF_SERVER_ASKER_H
#define TSCF_SERVER_ASKER_H

#include "tscf-server/radius/radius.h"

#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/** Questions that are with the RADIUS server at a time. */
#define SERVER_ASKER_THREADS 4
/** Most questions that wait. */
#define SERVER_ASKER_MAX 1024

struct server_asker;

struct server_question {
	uint64_t id;     /**< of the asking worker */
	unsigned worker; /**< who asks */
	uint64_t until;  /**< milliseconds of tscf_clock_now: nobody waits for an answer then */
	union tscf_endpoint outer;
	char user[SERVER_RADIUS_VALUE + 1];
};

struct server_ruling {
	uint64_t id;
	int err; /**< 0: access is granted; -EACCES: refused; else: there was no answer */
	struct server_radius_grant grant;
	char message[SERVER_RADIUS_MESSAGE]; /**< for the user, or "" */
};

/** Receives a ruling in a thread of the asker. */
typedef void (*server_ruling_handler)(void *context, unsigned worker, const struct server_ruling *ruling);

/** @return an asker without threads, or NULL when out of memory. */
struct server_asker *server_asker_new(server_ruling_handler handler, void *context);
/** Use this file of libradcli from now on, and read it again if it is the same.  @return 0 or -ENOMEM. */
int server_asker_change(struct server_asker *a, const char *file);
/** Begin, unless it has begun.  @return 0 or -errno (logged). */
int server_asker_start(struct server_asker *a);
/** Ask, from any thread.  @return 0: the handler will be called; or -ENOBUFS, -ENOMEM: nobody is asked. */
int server_asker_ask(struct server_asker *a, const struct server_question *question);
/** End: the handler is not called any more.  Waits for threads for two seconds at most.  NULL is allowed. */
void server_asker_close(struct server_asker *a);

#endif
