/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox.h - actions for the thread of an event loop.  This is the only way in which one thread makes another do
 * something.
 *
 * Workers share nothing that packets need.  An action that concerns another worker is sent to that worker, which runs
 * it between two batches of packets.  Actions of one sender run in the order in which they were sent.  Packets are
 * never sent this way.
 */
#ifndef TSCF_SERVER_MAILBOX_H
#define TSCF_SERVER_MAILBOX_H

#include <ev.h>
#include <pthread.h>

/** Most posted actions (no sender waits for them) that may wait in a mailbox. */
#define SERVER_MAIL_MAX 4096

struct server_mail;

struct server_mailbox {
	struct ev_loop *loop;
	struct ev_async arrived;
	void *owner;
	pthread_mutex_t lock; /**< protects the members below */
	pthread_cond_t done;
	struct server_mail *first, **last;
	unsigned posted;
};

/** An action, called with the mailbox's owner in the thread of the mailbox's loop. */
typedef void (*server_mail_action)(void *owner, void *data);

/** Open a mailbox that is emptied by @p loop.  @return 0 or -errno. */
int server_mailbox_open(struct server_mailbox *box, struct ev_loop *loop, void *owner);
/** Close a mailbox whose loop does not run any more, and free posted actions that have not run.  A mailbox that is all
 * zero is left alone. */
void server_mailbox_close(struct server_mailbox *box);

/**
 * Post @p action to run later, from any thread.
 *
 * @param data  malloc'ed memory or NULL; freed after the action.
 * @return 0; or -ENOBUFS (too many actions wait already) or -ENOMEM; after an error @p data still belongs to the
 * caller.
 */
int server_mailbox_post(struct server_mailbox *box, server_mail_action action, void *data);

/** Run @p action in the mailbox's thread and wait until it has run.  Only for the main thread: no thread waits for its
 * mailbox. */
void server_mailbox_call(struct server_mailbox *box, server_mail_action action, void *data);

#endif
