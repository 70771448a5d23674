/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server_list.h - which servers there are, and by which transports and proxy they are reached: a part of the settings.
 *
 * Servers are listed in order of preference.  A setting that a server does not have itself is taken from those for all
 * servers.
 */
#ifndef TSCF_CLIENT_SERVER_LIST_H
#define TSCF_CLIENT_SERVER_LIST_H

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_SERVERS_MAX 8

/** Which transports may be used; each with its encrypted twin: UDP with DTLS, TCP with TLS. */
enum client_transport {
	CLIENT_TRANSPORT_UNSET, /**< as set for all servers, which is AUTO unless configured */
	CLIENT_TRANSPORT_AUTO,  /**< UDP, then TCP */
	CLIENT_TRANSPORT_UDP,
	CLIENT_TRANSPORT_TCP,
};

struct client_server {
	char *host;    /**< name or address */
	uint16_t port; /**< plain port; 0: as set for all */
	enum client_transport transport;
	char *pin;         /**< or NULL: as set for all */
	char *server_name; /**< or NULL: as set for all; if that is NULL, the host */
};

struct client_servers {
	unsigned count;
	struct client_server list[CLIENT_SERVERS_MAX];
	struct client_server all; /**< defaults for settings that a server does not have itself; host is unused */
	/** The server that the next setting is for; NULL: for all.  On the command line, settings follow their
	 * server. */
	struct client_server *current;
};

/** An HTTP proxy. */
struct client_proxy {
	char *host; /**< NULL: none */
	uint16_t port;
	char *credentials; /**< for Basic authentication (RFC 7617), in base64; NULL: none.  A secret: never logged */
};

/** Forget the servers and the settings for all. */
void client_servers_clear(struct client_servers *s);
/** Forget the servers, but not the settings for all. */
void client_servers_forget(struct client_servers *s);
/**
 * Add "HOST", "HOST:PORT", "[V6]" or "[V6]:PORT" (@p s NULL: only check it).
 *
 * @return 0, -EINVAL, -ENOSPC, or -ENOMEM.
 */
int client_servers_add(struct client_servers *s, const char *text);

/** @return the port of @p one, or else that of all. */
uint16_t client_server_port(const struct client_servers *s, const struct client_server *one);
/** @return the transport of @p one, or else that of all, or else CLIENT_TRANSPORT_AUTO. */
enum client_transport client_server_transport(const struct client_servers *s, const struct client_server *one);
/** @return the pin, or NULL. */
const char *client_server_pin(const struct client_servers *s, const struct client_server *one);
/** @return the name that its certificate must have. */
const char *client_server_name(const struct client_servers *s, const struct client_server *one);

/**
 * Take "http://[USER:PASSWORD@]HOST:PORT[/]"; user and password may be percent-encoded (RFC 3986) (@p p NULL: only
 * check).
 *
 * @return 0, -EINVAL, or -ENOMEM.
 */
int client_proxy_parse(struct client_proxy *p, const char *text);
void client_proxy_clear(struct client_proxy *p);

/** @return the transports by name: "auto", "udp", "tcp"; UNSET for anything else. */
enum client_transport client_transport_parse(const char *text);

#endif
