/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/radius/radius.h"

#include "tscf-server/radius/attributes.h"
#include "tscf-server/radius/dictionary.h"

#include "common/base/bytes.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/text.h"

#include <errno.h>
#include <radcli/radcli.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct server_radius {
	rc_handle *handle;
};

struct server_radius_request {
	const struct server_radius *radius;
	VALUE_PAIR *list;
	bool failed;
};

bool server_radius_built(void)
{
	return true;
}

int server_radius_open(const char *file, struct server_radius **out)
{
	/* libradcli would wait for the writer of a FIFO. */
	int fd = tscf_file_open(file);
	struct server_radius *r;

	if (fd < 0) {
		tscf_error("%s: %s", file, strerror(-fd));
		return fd;
	}
	close(fd);
	r = malloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->handle = rc_read_config(file);
	if (!r->handle)
		tscf_error("%s: expected a configuration of libradcli, as in radiusclient.conf; the reason is in the "
			   "system log",
			   file);
	if (r->handle && server_radius_dictionary_complete(r->handle, file)) {
		*out = r;
		return 0;
	}
	server_radius_close(r);
	return -EINVAL;
}

void server_radius_close(struct server_radius *r)
{
	if (r && r->handle)
		rc_destroy(r->handle);
	free(r);
}

struct server_radius_request *server_radius_request_new(const struct server_radius *r)
{
	struct server_radius_request *q = calloc(1, sizeof(*q));

	if (q)
		q->radius = r;
	return q;
}

void server_radius_request_free(struct server_radius_request *q)
{
	if (q)
		rc_avpair_free(q->list);
	free(q);
}

static void add(struct server_radius_request *q, unsigned attribute, const void *value, int length)
{
	if (!rc_avpair_add(q->radius->handle, &q->list, (int)attribute, value, length, 0))
		q->failed = true;
}

void server_radius_add_number(struct server_radius_request *q, unsigned attribute, uint32_t value)
{
	add(q, attribute, &value, 0);
}

void server_radius_add_text(struct server_radius_request *q, unsigned attribute, const char *value)
{
	server_radius_add_bytes(q, attribute, value, strlen(value));
}

void server_radius_add_bytes(struct server_radius_request *q, unsigned attribute, const void *value, size_t length)
{
	add(q, attribute, value, (int)(length < SERVER_RADIUS_VALUE ? length : SERVER_RADIUS_VALUE));
}

void server_radius_add_address(struct server_radius_request *q, const struct tscf_addr *address)
{
	if (address->family == AF_INET)
		server_radius_add_number(q, SERVER_RADIUS_FRAMED_IP_ADDRESS, tscf_get_u32(address->bytes));
	else
		add(q, SERVER_RADIUS_FRAMED_IPV6_ADDRESS, address->bytes, 16);
}

static int error_of(int result)
{
	switch (result) {
	case OK_RC:
		return 0;
	case TIMEOUT_RC:
		return -ETIMEDOUT;
	case REJECT_RC:
		return -EACCES;
	case BADRESP_RC:
	case BADRESPID_RC:
	case CHALLENGE_RC:
		return -EPROTO;
	default:
		return -EIO;
	}
}

int server_radius_account(struct server_radius *r, struct server_radius_request *q)
{
	int err = q->failed ? -ENOMEM : error_of(rc_aaa(r->handle, 0, q->list, NULL, NULL, 0, PW_ACCOUNTING_REQUEST));

	return err == -EACCES ? -EPROTO : err;
}

static VALUE_PAIR *find(VALUE_PAIR *list, int attribute, rc_attr_type type)
{
	VALUE_PAIR *vp = rc_avpair_get(list, attribute, 0);

	return vp && vp->type == type ? vp : NULL;
}

static uint32_t number(VALUE_PAIR *list, int attribute, int vendor)
{
	const VALUE_PAIR *vp = rc_avpair_get(list, attribute, vendor);

	return vp && vp->type == PW_TYPE_INTEGER ? vp->lvalue : 0;
}

/** 255.255.255.255 and 255.255.255.254 leave the choice to the user and to the NAS (RFC 2865, 5.8). */
static void take_ipv4(VALUE_PAIR *list, struct tscf_addr *out)
{
	const VALUE_PAIR *vp = find(list, SERVER_RADIUS_FRAMED_IP_ADDRESS, PW_TYPE_IPADDR);

	if (!vp || vp->lvalue >= 0xfffffffe)
		return;
	out->family = AF_INET;
	tscf_put_u32(out->bytes, vp->lvalue);
}

static void take_grant(VALUE_PAIR *list, struct server_radius_grant *grant)
{
	const VALUE_PAIR *vp;

	take_ipv4(list, &grant->address.of[tscf_family_index(AF_INET)]);
	vp = find(list, SERVER_RADIUS_FRAMED_IPV6_ADDRESS, PW_TYPE_IPV6ADDR);
	if (vp) {
		grant->address.of[tscf_family_index(AF_INET6)].family = AF_INET6;
		memcpy(grant->address.of[tscf_family_index(AF_INET6)].bytes, vp->strvalue, 16);
	}
	grant->seconds = number(list, SERVER_RADIUS_SESSION_TIMEOUT, 0);
	grant->up = number(list, SERVER_RADIUS_WISPR_MAX_UP, SERVER_RADIUS_WISPR);
	grant->down = number(list, SERVER_RADIUS_WISPR_MAX_DOWN, SERVER_RADIUS_WISPR);
	grant->interim = number(list, SERVER_RADIUS_ACCT_INTERIM_INTERVAL, 0);
	vp = find(list, SERVER_RADIUS_CLASS, PW_TYPE_STRING);
	if (vp && vp->lvalue <= sizeof(grant->class)) {
		grant->class_length = (uint8_t)vp->lvalue;
		memcpy(grant->class, vp->strvalue, vp->lvalue);
	}
}

int server_radius_access(struct server_radius *r, struct server_radius_request *q, struct server_radius_grant *grant,
			 char message[SERVER_RADIUS_MESSAGE])
{
	char said[PW_MAX_MSG_SIZE] = "";
	VALUE_PAIR *received = NULL;
	const char *text;
	size_t length;
	int err;

	memset(grant, 0, sizeof(*grant));
	message[0] = '\0';
	if (q->failed)
		return -ENOMEM;
	err = error_of(rc_aaa(r->handle, 0, q->list, &received, said, 0, PW_ACCESS_REQUEST));
	if (err == 0)
		take_grant(received, grant);
	if (err == 0 || err == -EACCES) {
		length = strnlen(said, sizeof(said));
		text = tscf_text_strip(said, &length);
		tscf_text_copy(text, length, message, SERVER_RADIUS_MESSAGE);
	}
	rc_avpair_free(received);
	return err;
}
