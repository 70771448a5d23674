/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * config.h - the settings of tscf-server: from its file (libconfuse), then from the command line, which wins.
 *
 * tscf-server.conf(5).  tscf-interface, tscf-port, tscf-address-pool and assigned-services have the names that they
 * have on other TSCF servers.
 */
#ifndef TSCF_SERVER_CONFIG_H
#define TSCF_SERVER_CONFIG_H

#include "common/auth/invitation.h"
#include "common/base/addr.h"
#include "common/base/log.h"
#include "common/packet/message.h"
#include "tscf-server/settings/client_limits.h"
#include "tscf-server/settings/prefixes.h"

#include <stdbool.h>
#include <stdint.h>

/** assigned-services, as bits. */
#define SERVER_SERVICE_DTTE       0x01U
#define SERVER_SERVICE_SIP        0x02U
#define SERVER_SERVICE_REDUNDANCY 0x04U
#define SERVER_SERVICE_DDT        0x08U
#define SERVER_SERVICE_BLOCK      0x10U /**< inter-client-block, which is the default */
#define SERVER_SERVICE_KEEPALIVE  0x20U /**< server-keepalive */
#define SERVER_SERVICE_NAGLE      0x40U

/** The transports that an interface may serve: plain ones on its port N, encrypted ones on N+1. */
enum server_protocol { SERVER_UDP, SERVER_TCP, SERVER_DTLS, SERVER_TLS, SERVER_PROTOCOLS };

/** Sets of transports, as bits. */
#define SERVER_BIT(protocol)       (1U << (protocol))
#define SERVER_PLAIN_PROTOCOLS     (SERVER_BIT(SERVER_UDP) | SERVER_BIT(SERVER_TCP))
#define SERVER_ENCRYPTED_PROTOCOLS (SERVER_BIT(SERVER_DTLS) | SERVER_BIT(SERVER_TLS))

/** @return the encrypted protocols that belong to the plain ones in the set @p plain. */
static inline unsigned server_twins(unsigned plain)
{
	return (plain & SERVER_PLAIN_PROTOCOLS) << (SERVER_DTLS - SERVER_UDP);
}

/** Most addresses that one interface listens on. */
#define SERVER_PLACES_MAX 4

/** Addresses with the plain port N of each; N+1 is the encrypted one. */
struct server_places {
	union tscf_endpoint at[SERVER_PLACES_MAX];
	unsigned count;
};

/** Names or addresses under which clients reach an interface; port 0: the one that it listens on. */
struct server_public_names {
	struct tscf_invitation_server at[TSCF_INVITATION_SERVERS_MAX];
	unsigned count;
};

struct tscf_client_auth;

/** One tscf-interface: addresses with a plain and an encrypted port each, pools, services and limits of its own. */
struct server_interface_config {
	char *name;
	bool enabled; /**< state */
	struct server_places listen;
	unsigned protocols;          /**< SERVER_BIT of those that are served, at each address */
	struct server_prefixes pool; /**< internal addresses of plain tunnels, of either family */
	struct server_prefixes encrypted_pool;
	uint32_t services;    /**< SERVER_SERVICE_* */
	unsigned max_tunnels; /**< plain tunnels; 0: as many as the pool has */
	unsigned max_encrypted_tunnels;
	unsigned max_tunnels_per_source;         /**< per outer address or IPv6 /64; 0: no limit */
	bool inter_client;                       /**< forward client-to-client traffic */
	unsigned nagle_ms;                       /**< nagle-time, with that service */
	unsigned half_open_limit;                /**< from this many unconfirmed tunnels on, clients need a cookie */
	struct server_public_names public_names; /**< for invitations; none: found out when they are made */
	char *psk_file, *client_ca, *client_crl,
	    *denied_clients;                  /**< which clients are admitted (proof.h); the first two NULL: all */
	struct tscf_client_auth *client_auth; /**< contents of these files; NULL: all clients are admitted */
	struct server_interface_config *next;
};

struct server_config {
	struct server_interface_config *interfaces; /**< at least one */
	struct tscf_service_addrs dns, sip_servers; /**< pushed to clients */
	struct server_prefixes routes;              /**< pushed to clients */
	char *cert, *key;                           /**< PEM files; NULL: made in state_dir on first start */
	unsigned mtu;                               /**< inner MTU given to clients */
	unsigned keepalive_stream;   /**< keepalive-timer: seconds, given to clients; 0: the client's own value */
	unsigned keepalive_datagram; /**< keepalive-timer-datagram */
	unsigned server_keepalive;   /**< server-keepalive-timer: seconds, for interfaces with that service */
	unsigned persistence;        /**< tunnel-persistence-time: seconds a silent tunnel stays; 0: without limit */
	unsigned workers;            /**< threads that serve clients; 0: one for each processor */
	char *plain_dev, *encrypted_dev;
	char *control;
	char *state_dir;
	char *client_limits_file;                   /**< client-limits; NULL: no client has limits of its own */
	struct server_client_limits *client_limits; /**< content of that file */
	char *accounting_log;                       /**< file for records of tunnels; NULL: none */
	char *radius_accounting;                    /**< file of libradcli, for records of tunnels; NULL: none */
	char *radius_access; /**< file of libradcli: a RADIUS server decides which clients get a tunnel; NULL: none */
	unsigned radius_timeout;      /**< seconds that a client waits for the decision */
	unsigned accounting_interval; /**< seconds between two records of a tunnel; 0: only its start and stop */
	uint64_t realtime_dscps;      /**< DSCPs of packets that overtake bulk traffic, as bits */
	unsigned realtime_priority;   /**< of the threads that carry packets; 0: none */
	unsigned redundancy_bound;    /**< ms; packets repaired later than that are not delivered */
	enum tscf_log_level log_level;
	bool foreground;
	const char *key_log; /**< of --key-log only, so that no file leaves it on; NULL: none */
};

/** Set every default (allocated strings included); there is one interface, "default".  @return 0 or -ENOMEM. */
int server_config_init(struct server_config *c);
void server_config_free(struct server_config *c);

/**
 * Read the file over @p c.  The first tscf-interface section of the file replaces the default interface.  Every error
 * is logged with file and line and what was expected.
 *
 * @return 0, or -EINVAL (a setting is wrong), or -errno (the file cannot be read).
 */
int server_config_read(struct server_config *c, const char *file);

/** Check the whole configuration: pools given and disjoint, no overlapping ports, mtu within bounds ... Errors are
 * logged.  @return 0 or -EINVAL. */
int server_config_check(const struct server_config *c);

/** Read the files that define which clients are admitted.  Errors are logged.  @return 0 or -EINVAL. */
int server_config_read_clients(struct server_config *c);

#endif
