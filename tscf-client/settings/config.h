/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * config.h - the settings of tscf-client: from its file (libconfuse), then from the command line, which wins.
 *
 * tscf-client.conf(5).  All settings are read and checked before the program does anything else; they do not change
 * afterwards.
 */
#ifndef TSCF_CLIENT_CONFIG_H
#define TSCF_CLIENT_CONFIG_H

#include "common/base/level.h"
#include "common/base/log.h"
#include "tscf-client/settings/accept.h"
#include "tscf-client/settings/networks.h"
#include "tscf-client/settings/policy.h"
#include "tscf-client/settings/server_list.h"

#include <stdbool.h>
#include <stdint.h>

/** Priorities of policy rules that the client uses, from rule_priority on. */
#define CLIENT_RULE_SPAN (15 + 2 * POLICIES_MAX)

/** Whether to use the guard; guard.h. */
enum client_guard {
	CLIENT_GUARD_AUTO, /**< where it is available */
	CLIENT_GUARD_REQUIRED,
	CLIENT_GUARD_OFF,
};

struct client_config {
	struct client_servers servers; /**< in order of preference */
	struct client_proxy proxy;
	char *ca;                      /**< PEM file, or NULL */
	char *ca_crl;                  /**< revocation lists of these CAs, or NULL */
	char *cert, *key;              /**< PEM files by which the client authenticates itself, or NULL */
	char *psk_file, *psk_identity; /**< or the file of pre-shared keys, and the identity of the key to use (NULL:
					  the only one) */
	char *plain_dev, *encrypted_dev;
	enum tscf_level default_level;
	struct policies written; /**< the policies of the file, and their conditions */
	/** Those in force: levels of sockets that have none of their own.  The first policy that matches decides. */
	struct policies policies;
	struct networks trusted;            /**< networks on which encrypted-preferred sockets are plain */
	struct accept_routes accept_routes; /**< routes that the server may send */
	bool accept_dns;                    /**< take the DNS servers that the server sends */
	bool keep_routes;                   /**< its routes stay in use while the plain tunnel is down */
	unsigned mtu;                       /**< 0: as the server says */
	uint32_t fwmark_mask;
	uint32_t rule_priority; /**< first of CLIENT_RULE_SPAN priorities */
	uint32_t table_plain, table_encrypted;
	enum client_guard guard;
	bool routes_in_main;  /**< put the plain tunnel's routes into table main as well */
	unsigned persistence; /**< seconds the encrypted tunnel lingers without an encrypted socket */
	unsigned hold_ms;     /**< how long encrypted-only packets wait for the tunnel */
	unsigned keepalive;   /**< seconds without a packet from the server before the client sends a keepalive request;
				 0: never */
	unsigned return_idle; /**< seconds without a packet before the client switches to a better server that would
				 give another internal address */
	char *script;         /**< run when tunnels come and go; NULL: none */
	unsigned script_timeout; /**< seconds */
	char *control;
	char *state_dir;            /**< keeps state for the next run */
	uint64_t realtime_dscps;    /**< DSCPs whose packets overtake bulk traffic, as bits */
	uint64_t ddt_dscps;         /**< DSCPs of media that leaves a stream, as bits; 0: none does */
	bool ddt_rtp;               /**< what has the shape of RTP does, too */
	unsigned redundancy_bound;  /**< ms; packets repaired later than that are not delivered */
	unsigned realtime_priority; /**< of the threads that carry packets; 0: none */
	enum tscf_log_level log_level;
	bool foreground;
	const char *key_log; /**< of --key-log only, so that no file leaves it on; NULL: none */
};

/** Set every default (allocated strings included).  @return 0 or -ENOMEM. */
int client_config_init(struct client_config *c);
void client_config_free(struct client_config *c);

/**
 * Read the file over @p c.  Every error is logged with file, line, and the expected value.
 *
 * @return 0, or -EINVAL (a setting is wrong), or -errno (the file cannot be read).
 */
int client_config_read(struct client_config *c, const char *file);

/** Check the settings as a whole: a server is named, it can be verified (ca or pin), tables differ, mask has room ...
 * Errors are logged.  @return 0 or -EINVAL. */
int client_config_check(const struct client_config *c);

#endif
