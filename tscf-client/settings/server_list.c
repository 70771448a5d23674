/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/settings/server_list.h"

#include "common/daemon/settings.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

/** Longest "USER:PASSWORD" of a proxy. */
#define CREDENTIALS_MAX 255

static void clear_server(struct client_server *one)
{
	free(one->host);
	free(one->pin);
	free(one->server_name);
	*one = (struct client_server){.host = NULL};
}

void client_servers_forget(struct client_servers *s)
{
	for (unsigned i = 0; i < s->count; i++)
		clear_server(&s->list[i]);
	s->count = 0;
	s->current = NULL;
}

void client_servers_clear(struct client_servers *s)
{
	client_servers_forget(s);
	clear_server(&s->all);
}

/** A link-local address means nothing without the interface behind it, as in fe80::1%eth0. */
static bool needs_zone(const char *host, size_t length)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr a;

	if (length >= sizeof(text))
		return false;
	memcpy(text, host, length);
	text[length] = '\0';
	return inet_pton(AF_INET6, text, &a) == 1 && IN6_IS_ADDR_LINKLOCAL(&a);
}

/** A bare IPv6 address has colons and no port.  *port is where the port begins, or NULL. */
static int split_server(const char *text, const char **host, size_t *host_length, const char **port)
{
	const char *colon = strchr(text, ':');
	const char *close = strchr(text, ']');

	*port = NULL;
	*host = text;
	*host_length = strlen(text);
	if (text[0] == '[') {
		if (!close || (close[1] != '\0' && close[1] != ':'))
			return -EINVAL;
		*host = text + 1;
		*host_length = (size_t)(close - text) - 1;
		if (close[1] == ':')
			*port = close + 2;
	} else if (colon && !strchr(colon + 1, ':')) {
		*host_length = (size_t)(colon - text);
		*port = colon + 1;
	}
	if (needs_zone(*host, *host_length))
		return -EINVAL;
	return *host_length > 0 && strcspn(text, " \t\n/") == strlen(text) ? 0 : -EINVAL;
}

int client_servers_add(struct client_servers *s, const char *text)
{
	const char *host, *port_text;
	unsigned long port = 0;
	size_t length;
	struct client_server *one;

	if (split_server(text, &host, &length, &port_text) != 0)
		return -EINVAL;
	if (port_text && tscf_number_parse(port_text, 1, 65534, &port) != 0)
		return -EINVAL;
	if (!s)
		return 0;
	if (s->count == CLIENT_SERVERS_MAX)
		return -ENOSPC;
	one = &s->list[s->count];
	*one = (struct client_server){.host = strndup(host, length), .port = (uint16_t)port};
	if (!one->host)
		return -ENOMEM;
	s->count++;
	return 0;
}

uint16_t client_server_port(const struct client_servers *s, const struct client_server *one)
{
	return one->port ? one->port : s->all.port;
}

enum client_transport client_server_transport(const struct client_servers *s, const struct client_server *one)
{
	if (one->transport != CLIENT_TRANSPORT_UNSET)
		return one->transport;
	return s->all.transport != CLIENT_TRANSPORT_UNSET ? s->all.transport : CLIENT_TRANSPORT_AUTO;
}

const char *client_server_pin(const struct client_servers *s, const struct client_server *one)
{
	return one->pin ? one->pin : s->all.pin;
}

const char *client_server_name(const struct client_servers *s, const struct client_server *one)
{
	if (one->server_name)
		return one->server_name;
	return s->all.server_name ? s->all.server_name : one->host;
}

enum client_transport client_transport_parse(const char *text)
{
	if (strcmp(text, "auto") == 0)
		return CLIENT_TRANSPORT_AUTO;
	if (strcmp(text, "udp") == 0)
		return CLIENT_TRANSPORT_UDP;
	return strcmp(text, "tcp") == 0 ? CLIENT_TRANSPORT_TCP : CLIENT_TRANSPORT_UNSET;
}

/* --- proxy --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** @return the number of bytes written to @p out (CREDENTIALS_MAX of them), or -EINVAL. */
static int percent_decode(const char *text, size_t length, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		int byte = (unsigned char)text[i];

		if (text[i] == '%') {
			int high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
			int low = i + 2 < length ? hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EINVAL;
			byte = high << 4 | low;
			i += 2;
		}
		if (n == CREDENTIALS_MAX || iscntrl(byte))
			return -EINVAL;
		out[n++] = (uint8_t)byte;
	}
	return (int)n;
}

/** "USER:PASSWORD" to base64.  @p out NULL: only check. */
static int encode_credentials(const char *text, size_t length, char **out)
{
	uint8_t raw[CREDENTIALS_MAX];
	char encoded[BASE64_ENCODE_RAW_LENGTH(CREDENTIALS_MAX) + 1];
	int n = memchr(text, ':', length) ? percent_decode(text, length, raw) : -EINVAL;

	if (n < 0)
		return n;
	if (!out)
		return 0;
	base64_encode_raw(encoded, (size_t)n, raw);
	encoded[BASE64_ENCODE_RAW_LENGTH((size_t)n)] = '\0';
	*out = strdup(encoded);
	explicit_bzero(raw, sizeof(raw));
	explicit_bzero(encoded, sizeof(encoded));
	return *out ? 0 : -ENOMEM;
}

int client_proxy_parse(struct client_proxy *p, const char *text)
{
	static const char scheme[] = "http://";
	char authority[512];
	const char *at, *where, *host, *port_text;
	char *credentials = NULL, *copy;
	unsigned long port;
	size_t length;
	int err = 0;

	if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
		return -EINVAL;
	text += sizeof(scheme) - 1;
	length = strcspn(text, "/");
	if (length >= sizeof(authority) || (text[length] == '/' && text[length + 1] != '\0'))
		return -EINVAL;
	memcpy(authority, text, length);
	authority[length] = '\0';
	at = strrchr(authority, '@');
	where = at ? at + 1 : authority;
	if (split_server(where, &host, &length, &port_text) != 0 || !port_text ||
	    tscf_number_parse(port_text, 1, 65535, &port) != 0)
		return -EINVAL;
	if (at)
		err = encode_credentials(authority, (size_t)(at - authority), p ? &credentials : NULL);
	if (err != 0 || !p)
		return err;
	copy = strndup(host, length);
	if (!copy) {
		free(credentials);
		return -ENOMEM;
	}
	client_proxy_clear(p);
	*p = (struct client_proxy){.host = copy, .port = (uint16_t)port, .credentials = credentials};
	return 0;
}

void client_proxy_clear(struct client_proxy *p)
{
	if (p->credentials)
		explicit_bzero(p->credentials, strlen(p->credentials));
	free(p->credentials);
	free(p->host);
	*p = (struct client_proxy){.host = NULL};
}
