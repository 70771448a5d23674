/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resume.h - a plain session continues at another outer address.
 *
 * tscf(7), "RESUME".  The client shows the key of the lock that it sent before, and sends the next lock: a key that was
 * visible on the path works only once.  The session does not move before the new address is proved: the answer bears a
 * cookie, which the client sends back in a keepalive request from there.
 */
#ifndef TSCF_SERVER_RESUME_H
#define TSCF_SERVER_RESUME_H

#include <stdbool.h>
struct server_request;
struct server_session;
struct tscf_message;

/** Take the lock that comes with a configuration request, if there is one. */
void server_resume_take_lock(struct server_session *s, const struct tscf_message *m);

/**
 * Configuration_Resume_Request on a plain transport, from any outer address.  The address of a datagram is proved by a
 * cookie.  To a connection that has no session the tunnel moves at once.
 */
void server_resume(const struct server_request *r);

/**
 * Handle a message with the TSID of a session that is at another address.  If it is a keepalive request with the cookie
 * that was sent to this outer address, the session moves here and becomes the session of the request.
 *
 * @return whether another worker handles the message now.
 */
bool server_resume_prove(struct server_request *r);

/** @return whether a session with the TSID of the message waits for a proof of the address that the message is from. */
bool server_resume_awaits_proof(const struct server_request *r);

#endif
