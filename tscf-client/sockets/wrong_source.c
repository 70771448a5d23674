/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/wrong_source.h"

#include "common/base/log.h"
#include "common/packet/binding.h"
#include "common/packet/packet.h"
#include "tscf-client/sockets/processes.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

/** Between two packets that are noted, in ms. */
#define NOTE_MS 5000
/** Between two log lines about one socket. */
#define LOG_MS 600000
/** In that time no more sockets than this are looked up and named: that takes a look at all processes. */
#define LOG_MOST 8
/** For so long after its last packet a socket is shown as one that has a wrong source. */
#define SHOW_MS 60000

void wrong_source_note(struct wrong_source *w, const uint8_t *data, uint32_t length)
{
	struct tscf_packet_info info;

	/* Until the tunnel is up, no address is right. */
	if (w->pending || tscf_timers_now(w->timers) < w->next || w->plain->state != TUNNEL_UP)
		return;
	if (tscf_packet_parse(data, length, &info) != TSCF_PACKET_OK || info.source_port == 0 ||
	    (info.protocol != IPPROTO_UDP && info.protocol != IPPROTO_TCP))
		return;
	w->pending = true;
	tscf_binding_key_of(&info, TSCF_FROM_LOCAL, &w->flow);
}

/** @return the entry of the noted packet's sender: the one it has, or the oldest. */
static struct wrong_sender *sender_of(struct wrong_source *w)
{
	struct wrong_sender *oldest = &w->senders[0];

	for (unsigned i = 0; i < WRONG_SOURCES; i++) {
		struct wrong_sender *one = &w->senders[i];

		if (one->seen != 0 && one->port == w->flow.local_port && one->protocol == w->flow.protocol &&
		    tscf_addr_equal(&one->local, &w->flow.local))
			return one;
		if (one->seen < oldest->seen)
			oldest = one;
	}
	*oldest =
	    (struct wrong_sender){.local = w->flow.local, .port = w->flow.local_port, .protocol = w->flow.protocol};
	return oldest;
}

/** @return the number of the noted packet's socket, or 0: it cannot be known. */
static uint32_t find_inode(struct wrong_source *w)
{
	struct tscf_socket s;

	/* A socket that is bound to no address has that of its route: then the packet is not its own. */
	if (tscf_sockdiag_flow_socket(&w->diag, &w->flow, 0, &s) != 0 || tscf_addr_is_any(&s.local))
		return 0;
	return s.inode;
}

/** A search for the program of a noted packet. */
struct naming {
	struct search search;
	const struct tunnel *plain;
	struct tscf_addr local; /**< the packet's source */
	uint16_t local_port;
	struct owner owner;
};

static void look_through(struct search *search)
{
	struct naming *n = (struct naming *)search;

	if (n->owner.inode != 0)
		processes_find_owners(&n->owner, 1);
}

static void log_sender(struct search *search)
{
	const struct naming *n = (const struct naming *)search;
	const struct tscf_addr *right = &n->plain->internal.of[tscf_family_index(n->local.family)];
	char from[TSCF_ADDR_TEXT], address[TSCF_ADDR_TEXT], who[80];
	union tscf_endpoint e;

	if (n->owner.pid != 0)
		snprintf(who, sizeof(who), "%s (process %d)", n->owner.program, (int)n->owner.pid);
	else
		snprintf(who, sizeof(who), "a program that is not found, or another host,");
	tscf_endpoint_make(&n->local, n->local_port, &e);
	tscf_endpoint_format(&e, from);
	if (right->family != 0)
		tscf_warning("%s sends from the wrong address %s: its packets are dropped; it must be bound to %s, or "
			     "to no address",
			     who, from, tscf_addr_format(right, address));
	else
		tscf_warning("%s sends from %s: its packets are dropped, for the tunnel has no address of this family",
			     who, from);
}

static void free_naming(struct search *search)
{
	free(search);
}

/** Log who has sent the noted packet, when its program has been found. */
static void name_sender(struct wrong_source *w)
{
	struct naming *n = calloc(1, sizeof(*n));

	if (!n)
		return;
	*n = (struct naming){
	    .search = {.uid = SEARCHES_CLIENT, .work = look_through, .over = log_sender, .free = free_naming},
	    .plain = w->plain,
	    .local = w->flow.local,
	    .local_port = w->flow.local_port,
	    .owner = {.inode = find_inode(w)}};
	searches_begin(*w->searches, &n->search);
}

/** A program can change its port for each packet, so there is a limit over all sockets. */
static bool may_log(struct wrong_source *w, const struct wrong_sender *sender, uint64_t now)
{
	if (sender->logged != 0 && now - sender->logged < LOG_MS)
		return false;
	if (w->logged_since == 0 || now - w->logged_since >= LOG_MS) {
		w->logged_since = now;
		w->logged = 0;
	}
	return w->logged < LOG_MOST;
}

static uint64_t next(const void *owner)
{
	const struct wrong_source *w = owner;

	return w->pending ? 0 : UINT64_MAX;
}

static void tick(void *owner)
{
	struct wrong_source *w = owner;
	struct wrong_sender *sender = sender_of(w);
	uint64_t now = tscf_timers_now(w->timers);

	if (may_log(w, sender, now)) {
		name_sender(w);
		sender->logged = now;
		if (++w->logged == LOG_MOST)
			tscf_warning("further programs that send from a wrong address are not named for a while; "
				     "up_spoofed counts their packets");
	}
	sender->seen = now;
	w->pending = false;
	w->next = now + NOTE_MS;
}

bool wrong_source_has(const struct wrong_source *w, const struct tscf_socket *s)
{
	uint64_t now = tscf_timers_now(w->timers);

	for (unsigned i = 0; i < WRONG_SOURCES; i++) {
		const struct wrong_sender *one = &w->senders[i];

		if (one->seen != 0 && now - one->seen < SHOW_MS && one->port == s->local_port &&
		    one->protocol == s->protocol && tscf_addr_equal(&one->local, &s->local))
			return true;
	}
	return false;
}

int wrong_source_init(struct wrong_source *w)
{
	tscf_timers_add(w->timers, &w->timer, next, tick, w);
	return tscf_sockdiag_flow_open(&w->diag);
}

void wrong_source_free(struct wrong_source *w)
{
	tscf_sockdiag_flow_close(&w->diag);
}
