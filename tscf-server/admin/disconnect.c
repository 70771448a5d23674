/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/disconnect.h"

#include "tscf-server/accounting/reasons.h"
#include "tscf-server/admin/json.h"
#include "tscf-server/session/dismiss.h"

#include "common/base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void end(struct server_state *state, struct server_session *s, uint64_t now, struct server_disconnected *ended)
{
	if (s->encrypted)
		ended->encrypted++;
	else
		ended->plain++;
	server_session_dismiss(state, s, TSCF_RESPONSE_SHUTDOWN, SERVER_WHY_ADMINISTRATOR, now);
}

bool server_disconnect_some(struct server_state *state, const struct server_who *who, uint64_t now,
			    struct server_roster_place *place, struct server_disconnected *ended)
{
	struct server_session *next, *partner;
	unsigned looked = 0, clients = 0;

	for (struct server_session *s = server_roster_next(&state->sessions, place); s; s = next) {
		if (looked++ == SERVER_DISCONNECT_LOOK || clients == SERVER_DISCONNECT_END)
			return true;
		next = s->hh.next;
		if (!server_who_means(who, s)) {
			*place = (struct server_roster_place){.order = s->order, .tsid = s->tsid};
			continue;
		}
		clients++;
		partner = server_session_partner(s);
		if (partner && next == partner)
			next = partner->hh.next;
		if (partner)
			end(state, partner, now, ended);
		end(state, s, now, ended);
	}
	return false;
}

/* --- all workers --- */

struct errand {
	struct server_who who;
	struct server_roster_place place;
	struct server_disconnected ended;
	bool more;
};

static void disconnect_some(void *worker, void *data)
{
	const struct server_worker *w = worker;
	struct errand *errand = data;

	errand->more = server_disconnect_some(w->state, &errand->who, tscf_clock_now(), &errand->place, &errand->ended);
}

int server_disconnect(struct server *server, const char *text, char **json)
{
	struct errand errand = {.more = false};
	json_t *o;

	if (!text)
		return -EINVAL;
	server_who_read(text, &errand.who);
	for (unsigned n = 0; n < server->worker_count; n++) {
		errand.place = (struct server_roster_place){0};
		do
			server_mailbox_call(&server->workers[n].mailbox, disconnect_some, &errand);
		while (errand.more);
	}
	if (errand.ended.plain + errand.ended.encrypted == 0)
		return -ENOENT;
	o = json_object();
	server_json_number(o, "plain", errand.ended.plain);
	server_json_number(o, "encrypted", errand.ended.encrypted);
	*json = server_json_text(o);
	return *json ? 0 : -ENOMEM;
}
