/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * services.h - which sockets have asked for redundancy, or for datagrams.
 *
 * Both ends use one such table.  At the server it holds what clients have asked for; at the client, what is asked for
 * and whether the server has agreed.  tscf(7), "SERVICES OF A SOCKET".
 *
 * It is separate from the bindings (binding.h): those exist for encrypted sockets only, and say which tunnel a packet
 * takes.  An entry here never changes that.  It says how the packets of a socket are sent in whatever tunnel they are.
 * The keys are those of bindings, and the most specific entry decides (key_table.h); nothing is merged.
 *
 * Packets are the same with and without redundancy, so the two ends need not change at the same moment: repair packets
 * of a socket that the receiver's table does not have are ignored.
 */
#ifndef TSCF_SERVICES_H
#define TSCF_SERVICES_H

#include "common/base/redundancy.h"
#include "common/packet/binding.h"

#include <stdbool.h>
#include <stdint.h>

/** What a socket gets; all zero: nothing. */
struct tscf_services_of {
	uint8_t redundancy; /**< TSCF_REDUNDANCY_*, or a factor */
	bool datagram;      /**< datagrams are preferred where the tunnel is a stream (DDT) */
};

/** The entries of one owner; zero-initialised, embedded in the owner. */
struct tscf_service_list {
	struct tscf_service_entry *first;
	unsigned count;
};

/** Client: what the server knows of an entry. */
enum tscf_service_told {
	TSCF_SERVICE_FRESH,    /**< it is to be told what is wanted */
	TSCF_SERVICE_TOLD,     /**< it has not answered yet */
	TSCF_SERVICE_ANSWERED, /**< `now` is what it has granted of `wanted` */
};

struct tscf_service_entry {
	struct tscf_binding_key key;
	struct tscf_services_of now;    /**< in force: how the packets of the socket are sent */
	struct tscf_services_of wanted; /**< client: what is asked for */
	uint64_t cookie;                /**< client: SO_COOKIE of the socket that asks */
	enum tscf_service_told told;    /**< client */
	bool stream_only;               /**< client: no datagrams, whatever a packet's DSCP; the server need not know */
	bool refused;                   /**< client: the server has refused what was wanted when it answered last */
	uint32_t request;               /**< server: sequence number of the last request about it ... */
	uint64_t session;               /**< ... and the TSID of its tunnel */
	void *owner;
	struct tscf_service_list *list;                      /**< of the owner, or NULL ... */
	struct tscf_service_entry *owner_next, **owner_link; /**< ... kept by this module */
};

struct tscf_services;

/** @return an empty table, or NULL when out of memory. */
struct tscf_services *tscf_services_new(void);
/** NULL is allowed. */
void tscf_services_free(struct tscf_services *table);
/** @return the number of entries: with none, no packet needs a look. */
unsigned tscf_services_count(const struct tscf_services *table);

/** @return the most specific entry that covers @p flow (a key without wildcards), or NULL.  O(1). */
struct tscf_service_entry *tscf_services_find(const struct tscf_services *table, const struct tscf_binding_key *flow);
/** @return the entry of the socket that the packet @p info is from or for, as @p direction says, or NULL. */
const struct tscf_service_entry *tscf_services_of_packet(const struct tscf_services *table,
							 const struct tscf_packet_info *info,
							 enum tscf_direction direction);
/** @return the redundancy in force of the socket that the packet @p info is from or for, as @p direction says. */
uint8_t tscf_services_redundancy(const struct tscf_services *table, const struct tscf_packet_info *info,
				 enum tscf_direction direction);
/** @return the entry with exactly this key, or NULL; a wildcard only matches a wildcard. */
struct tscf_service_entry *tscf_services_get(const struct tscf_services *table, const struct tscf_binding_key *key);
/**
 * Make the entry with this key, all zero, or take the one that there is; @p owner gets it, on its @p list (NULL: on
 * none).
 *
 * @return the entry, or NULL when out of memory.
 */
struct tscf_service_entry *tscf_services_put(struct tscf_services *table, const struct tscf_binding_key *key,
					     void *owner, struct tscf_service_list *list);
/** Remove the entry and free it. */
void tscf_services_remove(struct tscf_services *table, struct tscf_service_entry *s);
/** Remove every entry on @p list. */
void tscf_services_remove_list(struct tscf_services *table, struct tscf_service_list *list);
/** @return the entry that was made after @p s, or the first one for NULL; NULL at the end. */
struct tscf_service_entry *tscf_services_next(const struct tscf_services *table, const struct tscf_service_entry *s);

/** @return whether @p s is nothing at all. */
bool tscf_services_none(const struct tscf_services_of *s);
/** @return whether the two are the same. */
bool tscf_services_equal(const struct tscf_services_of *a, const struct tscf_services_of *b);

#endif
