/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/accounting/account_radius.h"

#include "tscf-server/accounting/reasons.h"
#include "tscf-server/radius/attributes.h"
#include "tscf-server/radius/radius.h"

#include "common/base/bytes.h"
#include "common/crypto/hash.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_TEXT 17

struct account_radius {
	char *file;
	struct server_radius *radius; /**< NULL: the file is to be read */
};

static const struct {
	const char *why;
	enum server_radius_cause cause;
} causes[] = {
    {SERVER_WHY_RELEASED, SERVER_RADIUS_USER_REQUEST},  {SERVER_WHY_SILENT, SERVER_RADIUS_IDLE_TIMEOUT},
    {SERVER_WHY_LOST, SERVER_RADIUS_LOST_CARRIER},      {SERVER_WHY_NO_ANSWER, SERVER_RADIUS_LOST_CARRIER},
    {SERVER_WHY_STOP, SERVER_RADIUS_NAS_REBOOT},        {SERVER_WHY_SUCCEEDED, SERVER_RADIUS_PORT_PREEMPTED},
    {SERVER_WHY_YIELDED, SERVER_RADIUS_PORT_PREEMPTED}, {SERVER_WHY_ADMINISTRATOR, SERVER_RADIUS_ADMIN_RESET},
    {SERVER_WHY_TIME, SERVER_RADIUS_TIME_IS_OVER},
};

static enum server_radius_cause cause_of(const char *why)
{
	for (unsigned n = 0; n < sizeof(causes) / sizeof(causes[0]); n++)
		if (strcmp(why, causes[n].why) == 0)
			return causes[n].cause;
	return SERVER_RADIUS_NAS_REQUEST;
}

static enum server_radius_status status_of(enum server_account_event event)
{
	switch (event) {
	case SERVER_ACCOUNT_START:
		return SERVER_RADIUS_START;
	case SERVER_ACCOUNT_STOP:
		return SERVER_RADIUS_STOP;
	default:
		return SERVER_RADIUS_INTERIM_UPDATE;
	}
}

/** A TSID is for the client and the server alone: only a hash of it is sent. */
static void add_session(struct server_radius_request *q, unsigned attribute, uint64_t tsid)
{
	uint8_t value[8], hash[32];
	char text[ID_TEXT];

	tscf_put_u64(value, tsid);
	tscf_sha256(value, sizeof(value), hash);
	snprintf(text, sizeof(text), "%016" PRIx64, tscf_get_u64(hash));
	server_radius_add_text(q, attribute, text);
}

static void add_traffic(struct server_radius_request *q, const struct server_account *a)
{
	const struct server_traffic *t = &a->traffic;

	server_radius_add_number(q, SERVER_RADIUS_ACCT_SESSION_TIME,
				 a->at > a->since ? (uint32_t)(a->at - a->since) : 0);
	server_radius_add_number(q, SERVER_RADIUS_ACCT_INPUT_OCTETS, (uint32_t)t->received_bytes);
	server_radius_add_number(q, SERVER_RADIUS_ACCT_INPUT_GIGAWORDS, (uint32_t)(t->received_bytes >> 32));
	server_radius_add_number(q, SERVER_RADIUS_ACCT_OUTPUT_OCTETS, (uint32_t)t->sent_bytes);
	server_radius_add_number(q, SERVER_RADIUS_ACCT_OUTPUT_GIGAWORDS, (uint32_t)(t->sent_bytes >> 32));
	server_radius_add_number(q, SERVER_RADIUS_ACCT_INPUT_PACKETS, (uint32_t)t->received_packets);
	server_radius_add_number(q, SERVER_RADIUS_ACCT_OUTPUT_PACKETS, (uint32_t)t->sent_packets);
}

/** The name without the kind of proof. */
static void add_identity(struct server_radius_request *q, const char *identity)
{
	const char *name = strchr(identity, ' ');

	if (name && name[1])
		server_radius_add_text(q, SERVER_RADIUS_USER_NAME, name + 1);
}

static void add_outer(struct server_radius_request *q, const union tscf_endpoint *outer)
{
	const struct tscf_addr address = tscf_endpoint_addr(outer);
	char text[TSCF_ADDR_TEXT];

	server_radius_add_text(q, SERVER_RADIUS_CALLING_STATION_ID, tscf_addr_format(&address, text));
}

static void fill(struct server_radius_request *q, const struct server_account *a)
{
	char info[32];

	server_radius_add_number(q, SERVER_RADIUS_ACCT_STATUS_TYPE, status_of(a->event));
	add_session(q, SERVER_RADIUS_ACCT_SESSION_ID, a->tsid);
	add_session(q, SERVER_RADIUS_ACCT_MULTI_SESSION_ID, a->plain);
	server_radius_add_number(q, SERVER_RADIUS_EVENT_TIMESTAMP, (uint32_t)a->at);
	server_radius_add_number(q, SERVER_RADIUS_SERVICE_TYPE, SERVER_RADIUS_SERVICE_FRAMED);
	server_radius_add_number(q, SERVER_RADIUS_NAS_PORT_TYPE, SERVER_RADIUS_PORT_TYPE_VIRTUAL);
	server_radius_add_number(q, SERVER_RADIUS_ACCT_AUTHENTIC, SERVER_RADIUS_AUTHENTIC_LOCAL);
	snprintf(info, sizeof(info), "%s%s%s", a->encrypted ? "encrypted" : "plain", a->transport ? " " : "",
		 a->transport ? a->transport : "");
	server_radius_add_text(q, SERVER_RADIUS_CONNECT_INFO, info);
	add_identity(q, a->identity);
	add_outer(q, &a->outer);
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (a->internal[i].family)
			server_radius_add_address(q, &a->internal[i]);
	if (a->class_length > 0)
		server_radius_add_bytes(q, SERVER_RADIUS_CLASS, a->class, a->class_length);
	if (a->event != SERVER_ACCOUNT_START)
		add_traffic(q, a);
	if (a->event == SERVER_ACCOUNT_STOP)
		server_radius_add_number(q, SERVER_RADIUS_ACCT_TERMINATE_CAUSE, cause_of(a->why));
}

static bool is_of_tunnel(const struct server_account *a)
{
	return a->event == SERVER_ACCOUNT_START || a->event == SERVER_ACCOUNT_INTERIM ||
	       a->event == SERVER_ACCOUNT_STOP;
}

static int send_account(void *context, const struct server_account *account)
{
	struct account_radius *r = context;
	struct server_radius_request *q;
	int err = 0;

	if (!is_of_tunnel(account))
		return 0;
	if (!r->radius)
		err = server_radius_open(r->file, &r->radius);
	if (err < 0)
		return err;
	q = server_radius_request_new(r->radius);
	if (!q)
		return -ENOMEM;
	fill(q, account);
	err = server_radius_account(r->radius, q);
	server_radius_request_free(q);
	return err;
}

static void change_file(void *context, char *file)
{
	struct account_radius *r = context;

	server_radius_close(r->radius);
	r->radius = NULL;
	free(r->file);
	r->file = file;
}

static void radius_free(void *context)
{
	struct account_radius *r = context;

	server_radius_close(r->radius);
	free(r->file);
	free(r);
}

static const struct server_recorder_ops ops = {
    .what = "radius-accounting", .change = change_file, .write = send_account, .free = radius_free};

struct server_recorder *server_account_radius_new(void)
{
	struct account_radius *r = calloc(1, sizeof(*r));

	return r ? server_recorder_new(&ops, r) : NULL;
}
