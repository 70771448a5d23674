/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resume.h - a plain session goes on at another outer address.
 *
 * tscf(7), "RESUME".  The client shows the key of the lock that it gave before, and gives the next lock: a key that has
 * been seen on the path is used up.  Nothing moves before the new address is proven: the answer bears a cookie, which
 * the client sends back in a keepalive request from there.
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
 * Configuration_Resume_Request on a plain transport, from whatever outer address.  A datagram's is proven by a cookie;
 * to a connection that has no session the tunnel goes at once.
 */
void server_resume(const struct server_request *r);

/**
 * A message with the TSID of a session that lives elsewhere: if it is a keepalive request with the cookie that was sent
 * to this outer address, the session moves here, and is that of the request then.
 *
 * @return whether another worker has to do with the message now.
 */
bool server_resume_prove(struct server_request *r);

#endif
