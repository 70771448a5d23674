/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/mailbox.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct server_mail {
	struct server_mail *next;
	server_mail_action action;
	void *data;
	bool *done; /* flag that the caller waits for; NULL: the mail was posted */
};

static void append(struct server_mailbox *box, struct server_mail *mail)
{
	mail->next = NULL;
	*box->last = mail;
	box->last = &mail->next;
}

static struct server_mail *take_all(struct server_mailbox *box)
{
	struct server_mail *all;

	pthread_mutex_lock(&box->lock);
	all = box->first;
	box->first = NULL;
	box->last = &box->first;
	box->posted = 0;
	pthread_mutex_unlock(&box->lock);
	return all;
}

static void tell_done(struct server_mailbox *box, bool *done)
{
	pthread_mutex_lock(&box->lock);
	*done = true;
	pthread_cond_broadcast(&box->done);
	pthread_mutex_unlock(&box->lock);
}

static void execute(struct server_mailbox *box, struct server_mail *mail)
{
	bool *done = mail->done;

	mail->action(box->owner, mail->data);
	if (done) { /* the caller owns the mail, which is gone as soon as the flag is set */
		tell_done(box, done);
		return;
	}
	free(mail->data);
	free(mail);
}

static void on_arrived(struct ev_loop *loop, struct ev_async *watcher, int events)
{
	struct server_mailbox *box = watcher->data;
	struct server_mail *mail = take_all(box), *next;

	(void)loop;
	(void)events;
	for (; mail; mail = next) {
		next = mail->next;
		execute(box, mail);
	}
}

int server_mailbox_open(struct server_mailbox *box, struct ev_loop *loop, void *owner)
{
	int err = pthread_mutex_init(&box->lock, NULL);

	if (err != 0)
		return -err;
	err = pthread_cond_init(&box->done, NULL);
	if (err != 0) {
		pthread_mutex_destroy(&box->lock);
		return -err;
	}
	box->loop = loop;
	box->owner = owner;
	box->last = &box->first;
	ev_async_init(&box->arrived, on_arrived);
	box->arrived.data = box;
	ev_async_start(loop, &box->arrived);
	return 0;
}

void server_mailbox_close(struct server_mailbox *box)
{
	struct server_mail *mail, *next;

	if (!box->loop)
		return;
	ev_async_stop(box->loop, &box->arrived);
	for (mail = take_all(box); mail; mail = next) {
		next = mail->next;
		free(mail->data);
		free(mail);
	}
	pthread_cond_destroy(&box->done);
	pthread_mutex_destroy(&box->lock);
	memset(box, 0, sizeof(*box));
}

int server_mailbox_post(struct server_mailbox *box, server_mail_action action, void *data)
{
	struct server_mail *mail = malloc(sizeof(*mail));
	bool room;

	if (!mail)
		return -ENOMEM;
	*mail = (struct server_mail){.action = action, .data = data};
	pthread_mutex_lock(&box->lock);
	room = box->posted < SERVER_MAIL_MAX;
	if (room) {
		box->posted++;
		append(box, mail);
	}
	pthread_mutex_unlock(&box->lock);
	if (!room) {
		free(mail);
		return -ENOBUFS;
	}
	ev_async_send(box->loop, &box->arrived);
	return 0;
}

void server_mailbox_call(struct server_mailbox *box, server_mail_action action, void *data)
{
	bool done = false;
	struct server_mail mail = {.action = action, .data = data, .done = &done};

	pthread_mutex_lock(&box->lock);
	append(box, &mail);
	pthread_mutex_unlock(&box->lock);
	ev_async_send(box->loop, &box->arrived);
	pthread_mutex_lock(&box->lock);
	while (!done)
		pthread_cond_wait(&box->done, &box->lock);
	pthread_mutex_unlock(&box->lock);
}
