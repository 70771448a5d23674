/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * connector.h - the search for a way to a server that carries the plain tunnel.
 *
 * Names are looked up (resolver.h), turned into ways (endpoints.h), and the ways are tried (candidates.h).  A try opens
 * a transport and asks the server for a configuration.  The first try that is answered becomes the plain tunnel
 * (plain.h).
 */
#ifndef TSCF_CLIENT_CONNECTOR_H
#define TSCF_CLIENT_CONNECTOR_H

#include "common/auth/proof.h"
#include "common/daemon/timers.h"
#include "tscf-client/identity.h"
#include "tscf-client/kernel/name_watch.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/sockets/registry.h"
#include "tscf-client/tunnel/candidates.h"
#include "tscf-client/tunnel/endpoints.h"
#include "tscf-client/tunnel/outage.h"
#include "tscf-client/tunnel/proving.h"
#include "tscf-client/tunnel/refusal.h"
#include "tscf-client/tunnel/resolver.h"
#include "tscf-client/tunnel/resume.h"
#include "tscf-client/tunnel/trust.h"
#include "tscf-client/tunnel/tunnel.h"

/** How long the search waits for the names of all servers, so that the first server is tried first. */
#define CONNECTOR_RESOLVE_MS 1000
/** While there is no tunnel, or not the best one, names are looked up again this often. */
#define CONNECTOR_RESOLVE_AGAIN_MS 30000
/** A name that could not be resolved is looked up again this often while the last change of the network is not older
 * than the third value; after that, as often as the second value says. */
#define CONNECTOR_UNKNOWN_MS       1000
#define CONNECTOR_UNKNOWN_LATER_MS 10000
#define CONNECTOR_EAGER_MS         600000
/** For this time a session is not resumed inside an encrypted connection: a round trip may take longer than the pause
 * between two tries. */
#define CONNECTOR_RESUME_MS 1500
/** For this time after the loss of a tunnel, the request to resume it is sent with this pause. */
#define CONNECTOR_FRESH_MS       10000
#define CONNECTOR_FRESH_PAUSE_MS 80

/** One try. */
struct connector_try {
	struct connector *connector;
	struct tunnel tunnel;
	unsigned index;               /**< its place in the list of candidates */
	bool quiet;                   /**< the request asked for it */
	struct proving proving;       /**< what the server has demanded */
	bool refused;                 /**< the server has refused the request */
	char refusal[TRUST_REASON];   /**< ... and why */
	refusal_done refusal_done;    /**< called with that */
	bool enrolling;               /**< the request uses a one-time invitation */
	bool resuming;                /**< the request was to resume the present session */
	unsigned turn;                /**< ... with the key of this turn (resume.h) */
	struct resume resume;         /**< resumes the session that this try configures */
	struct tscf_offer offer;      /**< what keys are made of */
	struct trust_fetch fetch;     /**< the server's certificates that are being fetched */
	trust_done verified;          /**< called with the result of the verification */
	struct tscf_message response; /**< what the server has configured; it is in `bytes` */
	uint8_t bytes[TSCF_PROBE_MAX];
};

/** The owner sets what it uses; the rest is zero at first. */
struct connector {
	struct client *client; /**< for plain.h */
	const struct client_config *config;
	struct tscf_timers *timers;
	const struct tunnel_host *host;
	const struct tunnel *plain;
	struct registry *registry;
	const struct client_identity *identity;
	struct tscf_credential *const *credential; /**< authenticates this client; NULL: none */
	struct verifier verifier;
	char refusal[TRUST_REASON]; /**< why a server refused last, since the plain tunnel was up; empty: none did */
	struct resume resume;       /**< of the plain tunnel */
	struct tscf_timer timer;
	struct candidates race;
	struct resolver *resolver;
	struct way_addresses addresses[CLIENT_SERVERS_MAX];
	struct way ways[CANDIDATES_MAX];
	struct way last; /**< the way that carried the tunnel last; family 0: none yet */
	struct outage outage;
	struct name_watch name_watch;
	struct connector_try tries[CANDIDATES_MAX];
	int adopted;         /**< the try that has become the plain tunnel and is being confirmed, or -1 */
	unsigned awaited;    /**< a bit for each name whose look-up has not ended yet */
	uint64_t begin_at;   /**< the search begins then, even without all names; UINT64_MAX: it has begun */
	uint64_t resolve_at; /**< names are looked up again at this time */
	uint64_t changed_at; /**< the last change of the host's network or of the resolver's files */
	uint64_t sought_at;  /**< when the tunnel was lost, or when the network changed while there was none */
};

/** No session can be resumed yet.  @return 0 or -errno. */
int connector_init(struct connector *s);
void connector_free(struct connector *s);
/** Start the search; it goes on until the program ends. */
void connector_begin(struct connector *s);
/** The way that was adopted last carries packets both ways. */
void connector_alive(struct connector *s);
/** The plain tunnel is lost, or the way that was adopted last has failed. */
void connector_lost(struct connector *s, const char *reason);
/** @return whether the way of the plain tunnel is not confirmed yet. */
bool connector_confirming(const struct connector *s);
/** The network has changed: try again now what failed, and what was started on a way that is gone. */
void connector_hurry(struct connector *s);
/** This client proves who it is in another way from now on: servers that have refused it are asked again now. */
void connector_credential_changed(struct connector *s);

#endif
