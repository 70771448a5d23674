/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/roster.h"

#include "tscf-server/session/media.h"
#include "tscf-server/session/refusals.h"

#include <stdio.h>
#include <string.h>

static void count_level(struct server_roster_entry *e, const struct tscf_binding *b)
{
	if ((b->state == TSCF_BINDING_ACTIVE || b->state == TSCF_BINDING_SHIELD) && b->level < SERVER_ROSTER_LEVELS)
		e->levels[b->level]++;
}

static void copy_bindings(const struct server_session *s, uint64_t now, struct server_roster_entry *e,
			  struct server_roster_page *page)
{
	e->first = page->bindings;
	for (const struct tscf_binding *b = s->bindings.first; b; b = b->owner_next) {
		if (now >= b->expires)
			continue;
		count_level(e, b);
		if (e->bindings == SERVER_ROSTER_BINDINGS_EACH) {
			e->omitted++;
			continue;
		}
		page->binding[page->bindings++] = (struct server_roster_binding){
		    .key = b->key, .level = b->level, .state = b->state, .implicit = b->implicit};
		e->bindings++;
	}
}

static void copy_who(const struct server_session *s, struct server_roster_entry *e)
{
	if (!s->who)
		return;
	memcpy(e->identity, s->who->name, sizeof(e->identity));
	memcpy(e->key, s->who->key, sizeof(e->key));
}

static struct server_roster_side_way side_way(const struct server_side_way *way, uint64_t now)
{
	return (struct server_roster_side_way){.transport = way->listener->transport->ops->name,
					       .outer = way->peer->outer,
					       .age = now - way->since,
					       .received_packets = way->received_packets,
					       .sent_packets = way->sent_packets};
}

static void copy_side_ways(const struct server_session *s, uint64_t now, struct server_roster_entry *e)
{
	if (s->media && s->media->way.proved)
		e->media = side_way(&s->media->way, now);
	for (unsigned i = 0; s->copy_ways && i < SERVER_COPY_WAYS; i++)
		if (s->copy_ways->way[i].proved)
			e->copy_way[e->copy_ways++] = side_way(&s->copy_ways->way[i], now);
}

/** Of whom one tunnel is meant, the other is, too. */
static bool is_meant(const struct server_who *who, const struct server_session *s, const struct server_session *partner)
{
	return !who || server_who_means(who, s) || (partner && server_who_means(who, partner));
}

static void copy(const struct server_session *s, const struct server_who *who, const struct server_roster_place *place,
		 uint64_t now, struct server_roster_page *page)
{
	struct server_roster_entry *e = &page->entry[page->count++];
	const struct server_session *partner = server_session_partner(s);

	*e = (struct server_roster_entry){
	    .place = *place,
	    .tsid = s->tsid,
	    .partner = partner ? partner->tsid : TSCF_TSID_NONE,
	    .encrypted = s->encrypted,
	    .meant = is_meant(who, s, partner),
	    .preferred = s->yield.state != SERVER_YIELD_KEPT,
	    .confirmed = s->confirmed,
	    .connected = s->peer != NULL,
	    .interface = s->interface->name,
	    .transport = s->listener->transport->ops->name,
	    .outer = s->outer,
	    .services = s->services,
	    .age = now - s->created,
	    .idle = now - s->heard,
	    .received_packets = s->received_packets,
	    .received_bytes = s->received_bytes,
	    .sent_packets = s->sent_packets,
	    .sent_bytes = s->sent_bytes,
	    .lost_packets = server_session_packets_lost(s),
	    .over_rate = s->over_rate,
	    .inter_client = server_refused(s),
	    .repaired = s->redundant.repaired,
	    .repairs_sent = s->redundant.repairs_sent,
	};
	for (unsigned i = 0; s->lease && i < TSCF_FAMILIES; i++)
		e->internal[i] = s->lease->address[i].addr;
	copy_who(s, e);
	copy_side_ways(s, now, e);
	for (const struct tscf_service_entry *socket = s->sockets.first; socket; socket = socket->owner_next)
		e->redundancy += socket->now.redundancy != TSCF_REDUNDANCY_NONE;
	copy_bindings(s, now, e, page);
}

static bool is_full(const struct server_roster_page *page)
{
	return page->count == SERVER_ROSTER_SESSIONS ||
	       page->bindings > SERVER_ROSTER_BINDINGS - SERVER_ROSTER_BINDINGS_EACH;
}

struct server_session *server_roster_next(const struct server_sessions *table, const struct server_roster_place *place)
{
	struct server_session *s;

	if (place->order == 0)
		return table->by_tsid;
	s = server_session_find(table, place->tsid);
	if (s && s->order == place->order)
		return s->hh.next;
	/* It has ended since the last page: this is rare, so the way from the first one on may be long. */
	for (s = table->by_tsid; s && s->order <= place->order; s = s->hh.next)
		;
	return s;
}

/** Copy connections without a TSID.  @return whether there may be more. */
static bool read_accepted(const struct server_state *state, const struct server_who *who, uint64_t now,
			  struct server_roster_place *place, struct server_roster_page *page)
{
	for (const struct server_session *s = state->sessions.unconfirmed; s; s = s->next) {
		if (s->tsid != TSCF_TSID_NONE || s->serial <= place->order)
			continue;
		if (is_full(page))
			return true;
		place->order = s->serial;
		copy(s, who, place, now, page);
	}
	return false;
}

bool server_roster_read(const struct server_state *state, const struct server_who *who, uint64_t now,
			struct server_roster_place *place, struct server_roster_page *page)
{
	page->now = now;
	page->count = page->bindings = 0;
	if (place->tsid != TSCF_TSID_NONE) {
		for (const struct server_session *s = server_roster_next(&state->sessions, place); s; s = s->hh.next) {
			if (is_full(page))
				return true;
			*place = (struct server_roster_place){.order = s->order, .tsid = s->tsid};
			copy(s, who, place, now, page);
		}
		*place = (struct server_roster_place){.tsid = TSCF_TSID_NONE};
	}
	return read_accepted(state, who, now, place, page);
}
