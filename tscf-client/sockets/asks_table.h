/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * asks_table.h - what the server has to know of the sockets that ask, by their keys (services.h), and what it has
 * granted.  asks.h has the sockets, asks_wire.c the messages.
 *
 * A socket has an entry for each of its keys.  Where two sockets have one key, the entry is of the one that was placed
 * last.
 */
#ifndef TSCF_CLIENT_ASKS_TABLE_H
#define TSCF_CLIENT_ASKS_TABLE_H

#include "tscf-client/sockets/asks.h"

/** What @p one asks for stands in its entries.  Out of memory: that is logged, and it does not get it. */
void asks_place(struct asks *a, const struct ask *one);
/** Nothing of @p one is wanted any more.  The entries of another socket with its key stay. */
void asks_displace(struct asks *a, const struct ask *one);
/** Remove all entries: the server knows of none of them. */
void asks_clear(struct asks *a);
/** @return whether the server has refused @p one what it asks for of the service. */
bool asks_refused(const struct asks *a, const struct ask *one, enum ask_service service);

#endif
