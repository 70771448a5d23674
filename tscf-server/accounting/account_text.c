/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/accounting/account_text.h"

#include "common/base/level.h"
#include "common/base/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const events[] = {
    [SERVER_ACCOUNT_SERVER_START] = "server-start", [SERVER_ACCOUNT_START] = "start",
    [SERVER_ACCOUNT_INTERIM] = "interim",           [SERVER_ACCOUNT_STOP] = "stop",
    [SERVER_ACCOUNT_SERVER_STOP] = "server-stop",   [SERVER_ACCOUNT_LOST] = "lost",
};

static json_t *tsid_text(uint64_t tsid)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, tsid);
	return json_string(text);
}

/** JSON has only UTF-8, which the name in a certificate need not be. */
static json_t *identity_text(const char *identity)
{
	char text[TSCF_PROOF_NAME];

	if (!identity[0])
		return json_null();
	tscf_text_copy(identity, strlen(identity), text, sizeof(text));
	return json_string(text);
}

static json_t *endpoint_text(const union tscf_endpoint *e)
{
	char text[TSCF_ADDR_TEXT];

	return json_string(tscf_endpoint_format(e, text));
}

static json_t *internal_list(const struct server_account *a)
{
	json_t *list = json_array();
	char text[TSCF_ADDR_TEXT];

	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (a->internal[i].family)
			json_array_append_new(list, json_string(tscf_addr_format(&a->internal[i], text)));
	return list;
}

static json_t *levels_object(const struct server_account *a)
{
	json_t *o = json_object();

	if (!a->levels_known) {
		json_decref(o);
		return json_null();
	}
	for (unsigned n = TSCF_LEVEL_UNENCRYPTED; n < SERVER_ACCOUNT_LEVELS; n++)
		json_object_set_new(o, tscf_level_name((enum tscf_level)n), json_integer((json_int_t)a->levels[n]));
	return o;
}

static void set_number(json_t *o, const char *name, uint64_t value)
{
	json_object_set_new(o, name, json_integer((json_int_t)value));
}

static void set_tunnel(json_t *o, const struct server_account *a)
{
	json_object_set_new(o, "tsid", tsid_text(a->tsid));
	json_object_set_new(o, "kind", json_string(a->encrypted ? "encrypted" : "plain"));
	json_object_set_new(o, "identity", identity_text(a->identity));
	json_object_set_new(o, "interface", json_string(a->interface));
	json_object_set_new(o, "transport", a->transport ? json_string(a->transport) : json_null());
	json_object_set_new(o, "outer", endpoint_text(&a->outer));
	json_object_set_new(o, "internal", internal_list(a));
	json_object_set_new(o, "since", json_integer(a->since));
	set_number(o, "received_packets", a->traffic.received_packets);
	set_number(o, "received_bytes", a->traffic.received_bytes);
	set_number(o, "sent_packets", a->traffic.sent_packets);
	set_number(o, "sent_bytes", a->traffic.sent_bytes);
	json_object_set_new(o, "lost_packets", a->packets_lost < 0 ? json_null() : json_integer(a->packets_lost));
	json_object_set_new(o, "levels", levels_object(a));
	if (a->event == SERVER_ACCOUNT_STOP)
		json_object_set_new(o, "reason", json_string(a->why));
}

char *server_account_text(const struct server_account *a)
{
	json_t *o = json_object();
	char *text;

	json_object_set_new(o, "time", json_integer(a->at));
	json_object_set_new(o, "event", json_string(events[a->event]));
	if (a->event == SERVER_ACCOUNT_LOST)
		set_number(o, "records", a->lost);
	else if (a->event != SERVER_ACCOUNT_SERVER_START && a->event != SERVER_ACCOUNT_SERVER_STOP)
		set_tunnel(o, a);
	text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(o);
	return text;
}
