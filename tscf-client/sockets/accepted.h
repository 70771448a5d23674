/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * accepted.h - connections of accept_queue.h get their mark once a program has accepted them.
 *
 * Nothing tells of an accept(2), so the kernel's sockets of the port are looked at while there are such connections: a
 * few milliseconds after the listening socket was marked, and then ever more rarely, since a program may never accept
 * them.
 */
#ifndef TSCF_CLIENT_ACCEPTED_H
#define TSCF_CLIENT_ACCEPTED_H

struct client;

/** Begin to look while there are any. */
void accepted_init(struct client *c);

#endif
