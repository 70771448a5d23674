/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.c - what `tscf-client status` and `sockets` show, as JSON.
 */
#include "common/base/datagram.h"
#include "common/base/log.h"
#include "common/control/control_address.h"
#include "common/tls/cert.h"
#include "common/tls/tls.h"
#include "tscf-client/context.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

static json_t *internal_list(const struct tunnel *t, bool up)
{
	char text[TSCF_ADDR_TEXT];
	json_t *list = json_array();
	for (unsigned i = 0; up && i < TSCF_FAMILIES; i++)
		if (t->internal.of[i].family)
			json_array_append_new(list, json_string(tscf_addr_format(&t->internal.of[i], text)));
	return list;
}

static json_t *addr_list(const struct tscf_service_addrs *list, bool up)
{
	char text[TSCF_ADDR_TEXT];
	json_t *array = json_array();
	for (unsigned i = 0; up && i < list->count; i++)
		json_array_append_new(array, json_string(tscf_addr_format(&list->addr[i], text)));
	return array;
}

/* What the client has not taken from the server. */
static json_t *refusal_list(const struct client *c, bool up)
{
	json_t *array = json_array();
	for (unsigned i = 0; up && i < c->pushed.refusal_count; i++)
		json_array_append_new(array, json_string(c->pushed.refusals[i]));
	return array;
}

static json_t *route_list(const struct client *c, bool up)
{
	char text[TSCF_ADDR_TEXT];
	json_t *array = json_array();
	for (unsigned i = 0; up && i < c->facts.route_count; i++)
		json_array_append_new(array, json_string(tscf_prefix_format(&c->facts.routes[i], text)));
	return array;
}

static json_t *nat_address(const struct client *c)
{
	char text[TSCF_ADDR_TEXT];
	if (c->plain.state != TUNNEL_UP || c->observed.sa.sa_family == 0)
		return json_null();
	return json_string(tscf_endpoint_format(&c->observed, text));
}

static void config_tunnel(const struct tunnel *t, bool up, unsigned mtu, const char *device, const char *transport,
			  struct tscf_control_tunnel *out)
{
	out->up = up;
	out->mtu = mtu;
	if (up) {
		out->ipv4 = tscf_control_address(&t->internal.of[tscf_family_index(AF_INET)], 0);
		out->ipv6 = tscf_control_address(&t->internal.of[tscf_family_index(AF_INET6)], 0);
	}
	snprintf(out->device, sizeof(out->device), "%s", device);
	snprintf(out->transport, sizeof(out->transport), "%s", transport);
}

_Static_assert(TSCF_CONTROL_SERVERS_MAX == TSCF_SERVICE_ADDRS_MAX, "all servers have room");

void report_config(const struct client *c, struct tscf_control_config *out)
{
	bool up = c->plain.state == TUNNEL_UP;
	*out = (struct tscf_control_config){.server = tscf_control_endpoint(&c->plain.way.remote)};
	config_tunnel(&c->plain, up, c->pmtu.mtu, c->config->plain_dev,
		      way_transport(c->plain.way.kind, c->plain.way.inside), &out->plain);
	config_tunnel(&c->encrypted, dtte_is_up(&c->dtte), c->pmtu.mtu, c->config->encrypted_dev,
		      way_transport(c->encrypted.way.kind, true), &out->encrypted);
	if (!up)
		return;
	out->nat = tscf_control_endpoint(&c->observed);
	out->local = tscf_control_endpoint(&c->plain.transport->local);
	for (unsigned i = 0; i < c->dns.count; i++)
		out->dns[i] = tscf_control_address(&c->dns.addr[i], 0);
	for (unsigned i = 0; i < c->sip_servers.count; i++)
		out->sip_servers[i] = tscf_control_address(&c->sip_servers.addr[i], 0);
}

static json_t *traffic(const struct tunnel *t)
{
	struct tscf_transport_counters n = tunnel_counters(t);
	int64_t lost = t->peer ? tscf_peer_lost(t->peer) : -1;
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "sent_packets", (json_int_t)n.sent_packets,
			 "sent_bytes", (json_int_t)n.sent_bytes, "received_packets", (json_int_t)n.received_packets,
			 "received_bytes", (json_int_t)n.received_bytes, "send_drops", (json_int_t)n.send_drops,
			 "receive_drops", (json_int_t)n.receive_drops, "queue_drops", (json_int_t)n.queue_drops,
			 "invalid", (json_int_t)n.invalid, "lost", lost < 0 ? json_null() : json_integer(lost));
}

/* Messages to the server, and how many of them were sent again because no answer came. */
static json_t *messages(const struct tunnel *t)
{
	return json_pack("{s:I, s:I}", "sent", (json_int_t)t->requests.transmissions, "repeated",
			 (json_int_t)t->requests.repetitions);
}

static json_t *tsid_text(const struct tunnel *t)
{
	char text[20];
	if (t->tsid == TSCF_TSID_NONE)
		return json_null();
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)t->tsid);
	return json_string(text);
}

static time_t wall_clock(const struct client *c, uint64_t monotonic)
{
	return (time_t)((c->wall_ahead + (int64_t)monotonic) / 1000);
}

/* The ways that were tried, and the results. */
static json_t *candidate_list(const struct client *c)
{
	const struct candidates *race = &c->connector.race;
	char text[WAY_TEXT];
	json_t *list = json_array();
	for (unsigned i = 0; i < race->count; i++) {
		const struct candidate *one = &race->list[i];
		const struct way *way = &c->connector.ways[i];
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:i, s:o}", "server",
						      c->config->servers.list[way->server].host, "way",
						      way_format(&c->config->servers, way, text), "state",
						      candidates_state_name(one->state), "since",
						      (json_int_t)wall_clock(c, one->since), "failures",
						      (int)one->failures, "reason", text_or_null(one->reason)));
	}
	return list;
}

/* The key of the server that was verified last. */
static json_t *pin_of(const struct trust *t)
{
	uint8_t digest[TSCF_PIN_SIZE];
	char text[TSCF_PIN_TEXT];
	const uint8_t *at = t->chain, *der;
	size_t length = t->length, der_length;
	if (!at || tscf_cert_take(&at, &length, &der, &der_length) < 0 || tscf_cert_pin(der, der_length, digest) < 0)
		return json_null();
	return json_string(tscf_pin_format(digest, text));
}

/* The last warnings and errors, for those who may read the log. */
static json_t *errors_list(bool privileged)
{
	struct tscf_log_past past[TSCF_LOG_RECENT];
	unsigned count = tscf_log_recent(past);
	json_t *list = json_array();
	for (unsigned i = 0; privileged && i < count; i++)
		json_array_append_new(list, json_pack("{s:I, s:I, s:i, s:s}", "first", (json_int_t)past[i].first,
						      "last", (json_int_t)past[i].last, "count", (int)past[i].count,
						      "text", past[i].text));
	return list;
}

/* Whether the server of the plain tunnel is verified. */
static json_t *verified_status(const struct client *c, bool up)
{
	const struct tscf_tls *tls = c->tls[c->plain.way.server];
	const char *by = !tscf_tls_has_ca(tls) ? "pin" : tscf_tls_has_pin(tls) ? "CA and pin" : "CA";
	const unsigned number = c->plain.way.server;
	return up ? json_pack("{s:s, s:I, s:s, s:o}", "by", by, "since", (json_int_t)wall_clock(c, c->verified_since),
			      "name", c->config->servers.list[number].host, "pin",
			      pin_of(&c->connector.verifier.known[number]))
		  : json_null();
}

static json_t *plain_status(struct client *c, bool privileged)
{
	static const char *const names[] = {"down", "connecting", "up"};
	char server[TSCF_ADDR_TEXT];
	const struct way *way = &c->plain.way;
	union tscf_endpoint at = way_endpoint(way, false);
	const struct outage *outage = &c->connector.outage;
	uint32_t failures = outage->present ? outage->failures : 0;
	bool up = c->plain.state == TUNNEL_UP;
	return json_pack(
	    "{s:s, s:s, s:I, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:b, s:b, s:I, "
	    "s:I, s:o, s:o}",
	    "state", names[c->plain.state], "reason", c->plain_reason, "since",
	    (json_int_t)wall_clock(c, c->plain_since), "verified", verified_status(c, up), "unverified",
	    text_or_null(c->connector.verifier.untrusted && !up ? c->connector.verifier.reason : ""), "refused",
	    text_or_null(c->connector.refusal), "transport", way_transport(way->kind, way->inside), "server",
	    tscf_endpoint_format(&at, server), "internal", internal_list(&c->plain, up), "nat", nat_address(c), "dns",
	    addr_list(&c->dns, up), "sip", addr_list(&c->sip_servers, up), "routes", route_list(c, up), "not_taken",
	    refusal_list(c, up), "tsid", privileged ? tsid_text(&c->plain) : json_null(), "mtu", (int)c->pmtu.mtu,
	    "mtu_confirmed", c->pmtu.search.confirmed, "shared_identifier", c->identity.shared, "failures",
	    (json_int_t)failures, "round_trip_ms", (json_int_t)c->plain.requests.round_trip_ms, "limit",
	    text_or_null(tunnel_limit(&c->plain)), "traffic", traffic(&c->plain));
}

static const char *encrypted_state(const struct client *c)
{
	bool wanted = c->dtte.state == DTTE_IDLE && c->dtte.demand;
	return wanted ? "down" : dtte_state_name(c->dtte.state);
}

/* A way beside a tunnel; null where it has none and wants none. */
static json_t *side_way_status(const struct client *c, const struct side_way *s)
{
	if (!side_way_is_there(s))
		return json_null();
	return json_pack("{s:s, s:o, s:s, s:I, s:I, s:I, s:o}", "state", side_way_state_name(s), "reason",
			 text_or_null(s->reason), "transport", way_transport(s->kind->transport, s->stream->encrypted),
			 "since", (json_int_t)wall_clock(c, s->since), "opened", (json_int_t)s->opened, "round_trip_ms",
			 (json_int_t)s->way.requests.round_trip_ms, "traffic", traffic(&s->way));
}

/* Those of its copy ways that it has or wants. */
static json_t *copy_ways_status(const struct client *c, const struct copy_ways *ways)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < COPY_WAYS; i++) {
		json_t *one = side_way_status(c, &ways->way[i]);
		if (!json_is_null(one))
			json_array_append(list, one);
		json_decref(one);
	}
	return list;
}

static void report_side_ways(const struct client *c, const struct side_ways *ways, json_t *tunnel)
{
	json_object_set_new(tunnel, "media", side_way_status(c, &ways->media));
	json_object_set_new(tunnel, "copy_ways", copy_ways_status(c, &ways->copies));
}

static json_t *encrypted_status(struct client *c, bool privileged)
{
	static const char *const gates[] = {"hold", "open", "shut"};
	time_t since = wall_clock(c, c->dtte.since);
	return json_pack("{s:s, s:s, s:I, s:s, s:o, s:o, s:s, s:i, s:I, s:o, s:o}", "state", encrypted_state(c),
			 "reason", c->dtte.reason, "since", (json_int_t)since, "transport",
			 way_transport(c->encrypted.way.kind, true), "internal",
			 internal_list(&c->encrypted, dtte_is_up(&c->dtte)), "tsid",
			 privileged ? tsid_text(&c->encrypted) : json_null(), "gate",
			 gates[c->upkeep.shut ? DTTE_GATE_SHUT : c->dtte.gate], "failures", (int)c->dtte.failures,
			 "round_trip_ms", (json_int_t)c->encrypted.requests.round_trip_ms, "limit",
			 text_or_null(tunnel_limit(&c->encrypted)), "traffic", traffic(&c->encrypted));
}

static json_t *counters(const struct client *c)
{
	json_t *object = json_object();
#define X(name) json_object_set_new(object, #name, json_integer((json_int_t)c->counters.name));
	CLIENT_COUNTERS(X)
#undef X
#define X(name) json_object_set_new(object, #name, json_integer((json_int_t)c->redundancy.shared.counters.name));
	TSCF_REDUNDANCY_COUNTERS(X)
#undef X
	json_object_set_new(object, "hold_dropped", json_integer((json_int_t)c->hold.dropped));
	json_object_set_new(object, "socket_listings", json_integer((json_int_t)c->registry.listings));
	json_object_set_new(object, "sockets_missed", json_integer((json_int_t)c->registry.sockets_missed));
	json_object_set_new(object, "sockets_stale", json_integer((json_int_t)c->registry.sockets_stale));
	guard_report_counters(&c->guard, object);
	return object;
}

/* Whether this host changes or drops packets on their way to our devices. */
static json_t *packets_status(const struct client *c)
{
	const char *plain = nat_probe_name(c->nat_probes.of[0].finding),
		   *encrypted = nat_probe_name(c->nat_probes.of[1].finding);
	return json_pack("{s:o, s:o}", "plain", text_or_null(plain), "encrypted", text_or_null(encrypted));
}

static json_t *kernel_status(const struct client *c)
{
	return json_pack("{s:s, s:I, s:o, s:I}", "state", upkeep_state_name(c->upkeep.state), "since",
			 (json_int_t)wall_clock(c, c->upkeep.since), "reason", text_or_null(c->upkeep.reason),
			 "put_back", (json_int_t)c->counters.put_back);
}

static json_t *repairs(const struct tscf_redundancy *r)
{
	return json_pack("{s:I, s:I}", "repaired", (json_int_t)r->repaired, "repairs_sent",
			 (json_int_t)r->repairs_sent);
}

static json_t *redundancy_status(const struct client *c)
{
	unsigned granted, count = asks_count(&c->asks, ASK_REDUNDANCY, &granted);
	return json_pack("{s:i, s:i, s:o, s:o, s:o}", "sockets", (int)count, "granted", (int)granted, "reason",
			 text_or_null(c->asks.reason), "plain", repairs(&c->plain_redundant), "encrypted",
			 repairs(&c->encrypted_redundant));
}

/* What was measured of the condition's kind, null if nothing was. */
static json_t *measured(const struct conditions *c, enum condition_kind kind)
{
	int loss = conditions_loss(c), rtt = quality_round_trip(&c->quality);
	if (kind == CONDITION_LOSS && loss >= 0)
		return json_real(loss / 10.0);
	return kind == CONDITION_RTT && rtt >= 0 ? json_integer(rtt) : json_null();
}

static json_t *condition_list(const struct client *c)
{
	json_t *list = json_array();
	char text[CONDITION_TEXT];
	for (unsigned i = 0; i < c->conditions.in_use.count; i++) {
		const struct condition_watch *w = &c->conditions.in_use.list[i];
		json_array_append_new(
		    list, json_pack("{s:s, s:s, s:I, s:o}", "condition", condition_format(&w->is, text), "state",
				    condition_state_name(w->state), "since", (json_int_t)wall_clock(c, w->since),
				    "measured", measured(&c->conditions, w->is.kind)));
	}
	return list;
}

/* The policies that are not in force. */
static json_t *off_list(const struct client_config *config)
{
	json_t *list = json_array();
	for (unsigned i = 0, k = 0; i < config->written.count; i++)
		if (k < config->policies.count && config->policies.list[k].place == i)
			k++;
		else
			json_array_append_new(list, json_string(config->written.list[i].name));
	return list;
}

char *report_status(struct client *c, bool privileged)
{
	const unsigned *n = c->registry.counts;
	json_t *sockets =
	    json_pack("{s:i, s:i, s:i}", "encrypted-only", (int)n[TSCF_LEVEL_ENCRYPTED_ONLY], "encrypted-preferred",
		      (int)n[TSCF_LEVEL_ENCRYPTED_PREFERRED], "unencrypted", (int)n[TSCF_LEVEL_UNENCRYPTED]);
	json_t *status = json_pack("{s:o, s:o, s:o, s:s, s:i, s:o, s:I}", "plain", plain_status(c, privileged),
				   "encrypted", encrypted_status(c, privileged), "sockets", sockets, "default_level",
				   tscf_level_name(c->config->default_level), "bindings",
				   (int)tscf_bindings_count(c->registry.table), "counters", counters(c), "started",
				   (json_int_t)wall_clock(c, c->started));
	json_object_set_new(json_object_get(status, "plain"), "messages", messages(&c->plain));
	json_object_set_new(json_object_get(status, "encrypted"), "messages", messages(&c->encrypted));
	report_side_ways(c, &c->plain_ways, json_object_get(status, "plain"));
	report_side_ways(c, &c->encrypted_ways, json_object_get(status, "encrypted"));
	json_object_set_new(status, "bindings_refused", text_or_null(c->registry.refusal));
	json_object_set_new(status, "errors", errors_list(privileged));
	json_object_set_new(status, "trusted", json_boolean(preferred_trusted(&c->preferred)));
	json_object_set_new(status, "kernel", kernel_status(c));
	json_object_set_new(status, "trusted_by", text_or_null(c->preferred.by));
	json_object_set_new(status, "conditions", condition_list(c));
	json_object_set_new(status, "policies_not_in_force", off_list(c->config));
	json_object_set_new(status, "yields", json_boolean(c->preferred.yields_until != 0));
	json_object_set_new(status, "candidates", candidate_list(c));
	json_object_set_new(status, "guard", guard_report(&c->guard));
	json_object_set_new(status, "packets", packets_status(c));
	json_object_set_new(status, "redundancy", redundancy_status(c));
	json_object_set_new(status, "key_log", text_or_null(c->config->key_log));
	char *text = status ? json_dumps(status, 0) : NULL;
	json_decref(status);
	return text;
}

static const char *protocol_name(const struct tscf_socket *s)
{
	if (s->type == SOCK_RAW)
		return "raw";
	switch (s->protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_UDPLITE:
		return "udplite";
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return "icmp";
	default:
		return "other";
	}
}

static const char *tunnel_name(const struct client *c, const struct tscf_socket *s, enum tscf_level level)
{
	bool up = dtte_is_up(&c->dtte);
	if (tscf_addrs_have(&c->encrypted.internal, &s->local))
		return up ? "encrypted" : "prohibited";
	level = registry_effective(&c->registry, level);
	if (level == TSCF_LEVEL_ENCRYPTED_ONLY)
		return up ? "encrypted" : "prohibited";
	return level == TSCF_LEVEL_ENCRYPTED_PREFERRED && c->facts.preferred ? "encrypted" : "plain";
}

static json_t *endpoint_text(const struct tscf_addr *a, uint16_t port)
{
	char text[TSCF_ADDR_TEXT];
	union tscf_endpoint e;
	if (!a->family)
		return json_null();
	tscf_endpoint_make(a, port, &e);
	return json_string(tscf_endpoint_format(&e, text));
}

static json_t *time_or_null(const struct client *c, uint64_t monotonic)
{
	return monotonic != 0 ? json_integer((json_int_t)wall_clock(c, monotonic)) : json_null();
}

/* Since when the socket has its level, and when it last went from one tunnel to the other. */
static void set_history(const struct client *c, const struct tscf_socket *s, enum tscf_level level, json_t *socket)
{
	const struct history_entry *e = history_of(&c->moves.history, s->cookie);
	uint64_t moved = e ? e->moved : 0;
	if (registry_effective(&c->registry, level) == TSCF_LEVEL_ENCRYPTED_PREFERRED && c->preferred_since > moved &&
	    (!e || c->preferred_since > e->since))
		moved = c->preferred_since;
	json_object_set_new(socket, "since", time_or_null(c, e ? e->since : 0));
	json_object_set_new(socket, "moved", time_or_null(c, moved));
}

/* What the sockets with its port have carried, since the client was started. */
static json_t *port_numbers(const struct client *c, const struct tscf_socket *s)
{
	const struct port_count *n =
	    s->local_port != 0 ? port_traffic_of(&c->port_traffic, s->protocol, s->local_port) : NULL;
	return n ? json_pack("{s:I, s:I, s:I, s:I, s:I}", "sent_packets", (json_int_t)n->sent_packets, "sent_bytes",
			     (json_int_t)n->sent_bytes, "received_packets", (json_int_t)n->received_packets,
			     "received_bytes", (json_int_t)n->received_bytes, "repaired_packets",
			     (json_int_t)n->repaired_packets)
		 : json_null();
}

static void set_asked(const struct client *c, const struct tscf_socket *s, json_t *socket)
{
	const struct ask *one = asks_of(&c->asks, s->cookie);
	uint8_t asked[ASK_SERVICES] = {0}, has[ASK_SERVICES] = {0};
	for (unsigned i = 0; one && i < ASK_SERVICES; i++) {
		asked[i] = one->of[i].value;
		has[i] = asks_in_force(&c->asks, one, (enum ask_service)i);
	}
	json_object_set_new(socket, "redundancy", json_string(tscf_redundancy_name(asked[ASK_REDUNDANCY])));
	json_object_set_new(socket, "redundancy_in_force", json_string(tscf_redundancy_name(has[ASK_REDUNDANCY])));
	json_object_set_new(socket, "datagram", json_string(tscf_datagram_name(asked[ASK_DATAGRAM])));
	json_object_set_new(socket, "datagram_in_force", json_string(tscf_datagram_name(has[ASK_DATAGRAM])));
}

json_t *report_socket(struct client *c, const struct tscf_socket *s, uint32_t value, pid_t pid, const char *program)
{
	const struct policy *p = policy_behind(&c->config->policies, s, value);
	enum tscf_level level = p ? p->level : (enum tscf_level)(value & TSCF_MARK_LEVEL);
	char cookie[20];
	snprintf(cookie, sizeof(cookie), "%016llx", (unsigned long long)s->cookie);
	json_t *socket = json_pack(
	    "{s:s, s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:s, s:b, s:I, s:o}", "cookie", cookie, "pid",
	    pid ? json_integer(pid) : json_null(), "program", text_or_null(program), "protocol", protocol_name(s),
	    "local", endpoint_text(&s->local, s->local_port), "remote",
	    s->remote_port ? endpoint_text(&s->remote, s->remote_port) : json_null(), "level", tscf_level_name(level),
	    "policy", p ? json_string(p->name) : json_null(), "tunnel", tunnel_name(c, s, level), "wrong_source",
	    wrong_source_has(&c->wrong_source, s), "uid", (json_int_t)s->uid, "traffic", port_numbers(c, s));
	if (!socket)
		return NULL;
	set_history(c, s, level, socket);
	set_asked(c, s, socket);
	return socket;
}
