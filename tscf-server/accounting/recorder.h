/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recorder.h - passes records to something that may be slow, full, or not there: a file, or another server.
 *
 * A recorder has a thread of its own, so that no packet waits.  Records wait in a queue for it.  What cannot be written
 * is tried again until it can be.  When the queue is full, further records are dropped and counted; the log says so,
 * and a record of how many are missing takes their place.
 *
 * Any thread may use a recorder.
 */
#ifndef TSCF_SERVER_RECORDER_H
#define TSCF_SERVER_RECORDER_H

#include "tscf-server/accounting/account.h"

#include <stdbool.h>
#include <stdint.h>

/** Most records that wait: about 50 MB. */
#define SERVER_RECORDER_MAX 65536
/** Pause before a record is tried again. */
#define SERVER_RECORDER_RETRY_MS 250
/** How long the end of the server waits for the records that are left. */
#define SERVER_RECORDER_PATIENCE_MS 2000

struct server_recorder;

/** The thread calls these; they may block. */
struct server_recorder_ops {
	const char *what; /**< the setting, for the log */
	/** From now on records go to @p target, malloc'ed, which the callee takes over; NULL: to nothing. */
	void (*change)(void *context, char *target);
	/** Write one record.  @return 0, or -errno: it is tried again. */
	int (*write)(void *context, const struct server_account *account);
	/** Nothing is written any more: free @p context. */
	void (*free)(void *context);
};

/** Make a recorder that is off.  It takes over @p context.  @return NULL when out of memory; @p context is freed then.
 */
struct server_recorder *server_recorder_new(const struct server_recorder_ops *ops, void *context);
/** Begin to write.  @return 0 or -errno (logged). */
int server_recorder_start(struct server_recorder *r);
/**
 * Records go to @p target from now on, and are opened again if it is the same; NULL: to nothing, and the recorder is
 * off.
 *
 * @return 0, or -ENOMEM with nothing changed.
 */
int server_recorder_change(struct server_recorder *r, const char *target);
/** @return whether records are written. */
bool server_recorder_on(const struct server_recorder *r);
/** Pass a record on, if the recorder is on.  Never blocks. */
void server_recorder_put(struct server_recorder *r, const struct server_account *account);
/** @return the number of records that were dropped. */
uint64_t server_recorder_lost(const struct server_recorder *r);
/** @return the number of records that wait. */
unsigned server_recorder_waiting(struct server_recorder *r);
/** Write what can be written without a failure, at most for SERVER_RECORDER_PATIENCE_MS, and free.  NULL is allowed. */
void server_recorder_close(struct server_recorder *r);

#endif
