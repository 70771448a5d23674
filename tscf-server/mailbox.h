/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox.h - the only way by which one thread has something done in another: actions for the thread of an event loop.
 *
 * Workers share nothing that packets need, so what concerns another worker is sent there and done there, between two
 * batches of packets.  Actions of one sender are done in the order in which they were sent.  Not for packets.
 */
#ifndef TSCF_SERVER_MAILBOX_H
#define TSCF_SERVER_MAILBOX_H

#include <ev.h>
#include <pthread.h>

/** Most actions that wait in a mailbox and that nobody waits for. */
#define SERVER_MAIL_MAX 4096

struct server_mail;

struct server_mailbox {
	struct ev_loop *loop;
	struct ev_async arrived;
	void *owner;
	pthread_mutex_t lock; /**< of what follows */
	pthread_cond_t done;
	struct server_mail *first, **last;
	unsigned posted;
};

/** What is to be done, with the mailbox's owner; it runs in the thread of the mailbox's loop. */
typedef void (*server_mail_action)(void *owner, void *data);

/** Open a mailbox that is emptied by @p loop.  @return 0 or -errno. */
int server_mailbox_open(struct server_mailbox *box, struct ev_loop *loop, void *owner);
/** The loop does not run any more: what was posted and not done is freed.  Nothing happens to one that is all zero. */
void server_mailbox_close(struct server_mailbox *box);

/**
 * Have @p action done some time, from any thread.
 *
 * @param data  malloc'ed memory or NULL; freed after the action.
 * @return 0; or -ENOBUFS (too much waits there already) or -ENOMEM: then @p data is still the caller's.
 */
int server_mailbox_post(struct server_mailbox *box, server_mail_action action, void *data);

/** Have @p action done, and wait until it has been.  From a thread whose own mailbox nobody waits for: the main one. */
void server_mailbox_call(struct server_mailbox *box, server_mail_action action, void *data);

#endif
