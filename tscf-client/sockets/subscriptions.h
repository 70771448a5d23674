/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * subscriptions.h - programs that want events when packets of their sockets begin and cease to travel encrypted, and
 * when tunnels come up and go down.
 *
 * A program subscribes on the control socket (control.h, SUBSCRIBE), and passes the descriptor of each socket that it
 * wants to watch (WATCH): a program that has the descriptor may know the state.  A socket is
 *
 *     enabled    when it asks for encryption, the rules lead its packets to the encrypted tunnel, and the server has
 *                acknowledged that it sends there what comes back; until one of these ends
 *     (encrypted-preferred sockets do not ask for it while they are to be plain: preferred.h)
 *     available  unless it asks for encryption and the last attempt to have an encrypted tunnel has failed
 *
 * The same is said of redundancy: enabled when the server has granted it to the socket (asks.h), available unless the
 * socket asks for it and the server has refused it.  And of the datagrams that a socket prefers: enabled while its
 * packets go by them, granted by the server, in the tunnel that the socket is in.
 *
 * The outer socket of the plain tunnel is told when the tunnel comes up, and when it goes on by another.
 *
 * Everything is derived from the state machine and the registry at the end of a loop iteration, so that a watcher gets
 * only states that last, in the order in which they came.
 */
#ifndef TSCF_CLIENT_SUBSCRIPTIONS_H
#define TSCF_CLIENT_SUBSCRIPTIONS_H

#include "common/control/control.h"
#include "common/linux/sockdiag.h"
#include "tscf-client/sockets/asks.h"
#include "tscf-client/sockets/registry.h"
#include "tscf-client/tunnel/side_way.h"

#include <stdbool.h>
#include <stdint.h>

/** Sockets that one subscriber may watch. */
#define SUBSCRIPTIONS_WATCHES_MAX 4096
/** Subscriptions of one user other than root: half of the user's connections (control.h). */
#define SUBSCRIPTIONS_PER_USER 128
/** Sockets that all subscribers of one such user may watch: whenever a socket changes, each watched one is looked at.
 */
#define SUBSCRIPTIONS_WATCHES_PER_USER 8192

/** The owner sets what it uses; the rest is zero at first. */
struct subscriptions {
	const struct client_config *config;
	const struct tscf_timers *timers;
	const struct dtte *dtte;
	const struct registry *registry;
	const struct preferred *preferred;
	const struct tunnel *plain, *encrypted;
	const struct side_way *plain_media, *encrypted_media;
	const struct asks *asks;
	const union tscf_endpoint *observed; /**< our outer address, as the server sees it */
	const char *plain_reason;            /**< why the plain tunnel is up or down, as text */
	struct subscriber *subscribers;
	struct watched *sockets; /**< by cookie */
	bool dirty;              /**< the registry or a watched socket has changed */
	/** As of the last check. */
	bool plain_up, encrypted_up, open;
	bool plain_datagrams, encrypted_datagrams;
	struct tscf_control_outer outer; /**< all zero while the plain tunnel is down */
	unsigned failures;
};

/** Handle TSCF_CONTROL_SUBSCRIBE, _WATCH and _UNWATCH. */
void subscriptions_subscribe(struct subscriptions *n, struct tscf_control_call_in *call);
void subscriptions_watch(struct subscriptions *n, struct tscf_control_call_in *call);
void subscriptions_unwatch(struct subscriptions *n, struct tscf_control_call_in *call);
/** Forget the subscriber @p call.  @return whether it was one. */
bool subscriptions_gone(struct subscriptions *n, struct tscf_control_call_in *call);

/** The socket is as @p s says, and has that level. */
void subscriptions_socket(struct subscriptions *n, const struct tscf_socket *s, enum tscf_level level);
/** Every socket with a level has been reported since the registry's last dump began: sockets that were not are gone. */
void subscriptions_dumped(struct subscriptions *n);
/** The socket with that cookie is gone. */
void subscriptions_destroyed(struct subscriptions *n, uint64_t cookie);
/** What the server knows of some socket has changed. */
void subscriptions_changed(struct subscriptions *n);
/** At the end of a loop iteration: send what has changed. */
void subscriptions_flush(struct subscriptions *n);
/** Forget all subscribers. */
void subscriptions_free(struct subscriptions *n);

#endif
