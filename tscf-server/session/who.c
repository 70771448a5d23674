/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/who.h"

#include "tscf-server/session/authorisation.h"

#include <stdlib.h>
#include <string.h>

static uint64_t read_tsid(const char *text)
{
	return strlen(text) == 16 && strspn(text, "0123456789abcdefABCDEF") == 16 ? strtoull(text, NULL, 16)
										  : TSCF_TSID_NONE;
}

void server_who_read(const char *text, struct server_who *out)
{
	union tscf_endpoint e;

	*out = (struct server_who){.identity = text, .tsid = read_tsid(text)};
	if (tscf_endpoint_parse(text, 0, &e) < 0)
		return;
	out->address = tscf_endpoint_addr(&e);
	out->port = tscf_endpoint_port(&e);
}

static bool has_identity(const struct server_session *s, const char *identity)
{
	const char *name = s->who ? strchr(s->who->name, ' ') : NULL;

	return name && (strcmp(s->who->name, identity) == 0 || strcmp(name + 1, identity) == 0);
}

static bool has_address(const struct server_session *s, const struct server_who *who)
{
	const struct tscf_addr outer = tscf_endpoint_addr(&s->outer);

	if (who->address.family == 0)
		return false;
	for (unsigned i = 0; s->lease && who->port == 0 && i < TSCF_FAMILIES; i++)
		if (tscf_addr_equal(&s->lease->address[i].addr, &who->address))
			return true;
	return tscf_addr_equal(&outer, &who->address) && (who->port == 0 || who->port == tscf_endpoint_port(&s->outer));
}

bool server_who_means(const struct server_who *who, const struct server_session *s)
{
	const bool by_tsid = who->tsid != TSCF_TSID_NONE && s->tsid == who->tsid;

	return by_tsid || has_identity(s, who->identity) || has_address(s, who);
}
