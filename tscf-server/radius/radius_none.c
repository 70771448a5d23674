/* SPDX-License-Identifier: GPL-3.0-or-later */
/* radius_none.c - radius.h without libradcli: nothing can be opened. */
#include "tscf-server/radius/radius.h"

#include "common/base/log.h"

#include <errno.h>

bool server_radius_built(void)
{
	return false;
}

int server_radius_open(const char *file, struct server_radius **out)
{
	(void)out;
	tscf_error("%s: this server has been built without RADIUS", file);
	return -EINVAL;
}

void server_radius_close(struct server_radius *r)
{
	(void)r;
}

struct server_radius_request *server_radius_request_new(const struct server_radius *r)
{
	(void)r;
	return NULL;
}

void server_radius_request_free(struct server_radius_request *q)
{
	(void)q;
}

void server_radius_add_number(struct server_radius_request *q, unsigned attribute, uint32_t value)
{
	(void)q;
	(void)attribute;
	(void)value;
}

void server_radius_add_text(struct server_radius_request *q, unsigned attribute, const char *value)
{
	(void)q;
	(void)attribute;
	(void)value;
}

void server_radius_add_bytes(struct server_radius_request *q, unsigned attribute, const void *value, size_t length)
{
	(void)q;
	(void)attribute;
	(void)value;
	(void)length;
}

void server_radius_add_address(struct server_radius_request *q, const struct tscf_addr *address)
{
	(void)q;
	(void)address;
}

int server_radius_access(struct server_radius *r, struct server_radius_request *q, struct server_radius_grant *grant,
			 char message[SERVER_RADIUS_MESSAGE])
{
	(void)r;
	(void)q;
	(void)grant;
	message[0] = '\0';
	return -EIO;
}

int server_radius_account(struct server_radius *r, struct server_radius_request *q)
{
	(void)r;
	(void)q;
	return -EIO;
}
