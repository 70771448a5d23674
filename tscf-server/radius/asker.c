/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/radius/asker.h"

#include "tscf-server/radius/attributes.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 2000

struct waiting {
	struct waiting *next;
	struct server_question question;
};

struct server_asker {
	server_ruling_handler handler;
	void *context;
	pthread_t thread[SERVER_ASKER_THREADS];
	unsigned threads;

	pthread_mutex_t lock;   /**< protects the members below, and is held while the handler runs */
	pthread_cond_t wake;    /**< for the threads */
	pthread_cond_t stopped; /**< a thread has ended its work */
	struct waiting *first, **last;
	unsigned count;
	char *file;
	unsigned version; /**< of `file`: grows with each change */
	bool silent;      /**< the log has said that there is no answer */
	bool stop;
	unsigned ended; /**< threads that have ended their work */
};

/** What one thread has. */
struct own {
	struct server_radius *radius;
	unsigned version;
};

struct server_asker *server_asker_new(server_ruling_handler handler, void *context)
{
	struct server_asker *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->handler = handler;
	a->context = context;
	a->last = &a->first;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->wake, NULL);
	tscf_condition_init(&a->stopped);
	return a;
}

int server_asker_change(struct server_asker *a, const char *file)
{
	char *own = strdup(file);

	if (!own)
		return -ENOMEM;
	pthread_mutex_lock(&a->lock);
	free(a->file);
	a->file = own;
	a->version++;
	pthread_mutex_unlock(&a->lock);
	return 0;
}

static void fill(struct server_radius_request *q, const struct server_question *question)
{
	const struct tscf_addr outer = tscf_endpoint_addr(&question->outer);
	char text[TSCF_ADDR_TEXT];

	server_radius_add_text(q, SERVER_RADIUS_USER_NAME, question->user);
	server_radius_add_number(q, SERVER_RADIUS_SERVICE_TYPE, SERVER_RADIUS_SERVICE_AUTHORIZE_ONLY);
	server_radius_add_number(q, SERVER_RADIUS_NAS_PORT_TYPE, SERVER_RADIUS_PORT_TYPE_VIRTUAL);
	server_radius_add_text(q, SERVER_RADIUS_CALLING_STATION_ID, tscf_addr_format(&outer, text));
}

/** Have the thread use the newest file.  @return 0 or -errno. */
static int renew(struct server_asker *a, struct own *own)
{
	char *file;
	unsigned version;
	int err;

	pthread_mutex_lock(&a->lock);
	version = a->version;
	file = a->file && (version != own->version || !own->radius) ? strdup(a->file) : NULL;
	pthread_mutex_unlock(&a->lock);
	if (!file)
		return own->radius && version == own->version ? 0 : -ENOMEM;
	server_radius_close(own->radius);
	own->radius = NULL;
	err = server_radius_open(file, &own->radius);
	own->version = version;
	free(file);
	return err;
}

static int ask(struct server_asker *a, struct own *own, const struct server_question *question,
	       struct server_ruling *ruling)
{
	struct server_radius_request *q;
	int err;

	if (tscf_clock_now() >= question->until)
		return -ETIMEDOUT;
	err = renew(a, own);
	if (err < 0)
		return err;
	q = server_radius_request_new(own->radius);
	if (!q)
		return -ENOMEM;
	fill(q, question);
	err = server_radius_access(own->radius, q, &ruling->grant, ruling->message);
	server_radius_request_free(q);
	return err;
}

/** The lock is held. */
static void report(struct server_asker *a, int err)
{
	const bool silent = err < 0 && err != -EACCES;

	if (silent && !a->silent)
		tscf_warning("radius-access: %s; clients get no tunnel without an answer", strerror(-err));
	else if (!silent && a->silent)
		tscf_info("radius-access: the RADIUS server answers again");
	a->silent = silent;
}

static struct waiting *take_first(struct server_asker *a)
{
	struct waiting *w = a->first;

	a->first = w->next;
	if (!a->first)
		a->last = &a->first;
	a->count--;
	return w;
}

static void *ask_all(void *argument)
{
	struct server_asker *a = argument;
	struct own own = {.radius = NULL};

	pthread_mutex_lock(&a->lock);
	while (!a->stop) {
		struct server_ruling ruling = {.err = 0};
		struct waiting *w;

		if (!a->first) {
			pthread_cond_wait(&a->wake, &a->lock);
			continue;
		}
		w = take_first(a);
		pthread_mutex_unlock(&a->lock);
		ruling.id = w->question.id;
		ruling.err = ask(a, &own, &w->question, &ruling);
		pthread_mutex_lock(&a->lock);
		report(a, ruling.err);
		if (!a->stop)
			a->handler(a->context, w->question.worker, &ruling);
		free(w);
	}
	pthread_mutex_unlock(&a->lock);
	server_radius_close(own.radius);
	pthread_mutex_lock(&a->lock);
	a->ended++;
	pthread_cond_signal(&a->stopped);
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

int server_asker_start(struct server_asker *a)
{
	int err = 0;

	while (a->threads < SERVER_ASKER_THREADS && err == 0) {
		err = tscf_thread_begin(&a->thread[a->threads], ask_all, a);
		a->threads += err == 0;
	}
	if (err < 0)
		tscf_error("cannot start a thread: %s", strerror(-err));
	return err;
}

int server_asker_ask(struct server_asker *a, const struct server_question *question)
{
	struct waiting *w = malloc(sizeof(*w));
	bool room;

	if (!w)
		return -ENOMEM;
	w->next = NULL;
	w->question = *question;
	pthread_mutex_lock(&a->lock);
	room = a->count < SERVER_ASKER_MAX;
	if (room) {
		*a->last = w;
		a->last = &w->next;
		a->count++;
		pthread_cond_signal(&a->wake);
	}
	pthread_mutex_unlock(&a->lock);
	if (!room)
		free(w);
	return room ? 0 : -ENOBUFS;
}

/** Have the threads end.  @return whether they have. */
static bool stop(struct server_asker *a)
{
	const struct timespec patience = tscf_deadline(PATIENCE_MS);
	bool ended;
	int err = 0;

	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->wake);
	while (a->ended < a->threads && err == 0)
		err = pthread_cond_timedwait(&a->stopped, &a->lock, &patience);
	ended = a->ended == a->threads;
	pthread_mutex_unlock(&a->lock);
	return ended;
}

void server_asker_close(struct server_asker *a)
{
	if (!a)
		return;
	if (!stop(a)) {
		/* A thread waits for the RADIUS server, and uses the asker after that. */
		for (unsigned n = 0; n < a->threads; n++)
			pthread_detach(a->thread[n]);
		return;
	}
	for (unsigned n = 0; n < a->threads; n++)
		pthread_join(a->thread[n], NULL);
	while (a->first)
		free(take_first(a));
	pthread_cond_destroy(&a->stopped);
	pthread_cond_destroy(&a->wake);
	pthread_mutex_destroy(&a->lock);
	free(a->file);
	free(a);
}
