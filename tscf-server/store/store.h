/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.h - what the server knows in its next run too: who had which internal address, plain sessions, and what may
 * not be sent in clear.
 *
 * An SQLite file, server.db in the state directory, written by a thread of its own, so that nothing on the packet path
 * ever waits for a disk.  What cannot be written at once waits (pending.h) until there is time; none of it is lost. The
 * file survives the death of the process in any moment; of what was written shortly before a loss of power some may be
 * missing.
 *
 * When it cannot be written any more it is removed, because a store that is older than the world would be worse than
 * none; the server then goes on without.
 *
 * Any thread may use the functions from server_store_put on.
 */
#ifndef TSCF_SERVER_STORE_H
#define TSCF_SERVER_STORE_H

#include "tscf-server/address/lease.h"
#include "tscf-server/store/record.h"

#include "common/packet/binding.h"

#include <stdbool.h>
#include <stdint.h>

/** The store notes so often that the server lives. */
#define SERVER_STORE_ALIVE_S 5
/** When a server comes back later than this after it was seen last without a clean stop, the store may be out of date.
 */
#define SERVER_STORE_STALE_S 20

struct server_store;

/** How what is stored of a binding forbids clear packets. */
enum server_stored_binding {
	SERVER_STORED_NONE,   /**< not at all: it is not stored */
	SERVER_STORED_SHIELD, /**< encrypted-only */
	SERVER_STORED_TOMBSTONE,
	SERVER_STORED_EXCEPTION, /**< clear, although a wider one forbids it */
};

enum server_change_kind {
	SERVER_CHANGE_LEASE,   /**< this client has, or had last, this address */
	SERVER_CHANGE_SESSION, /**< a session is as its record says; length 0: it is gone */
	SERVER_CHANGE_BINDING, /**< a key is stored as this; SERVER_STORED_NONE: it is gone */
};

/** One thing that has changed. */
struct server_change {
	enum server_change_kind kind;
	bool fresh; /**< the store was not told of this thing before, or was told that it is gone */
	union {
		struct {
			struct tscf_addr addr;
			uint8_t client_id[SERVER_CLIENT_ID_SIZE];
		} lease;
		struct {
			uint64_t tsid;
			uint16_t length;
			uint8_t record[SERVER_RECORD_SIZE];
		} session;
		struct {
			struct tscf_binding_key key;
			enum server_stored_binding as;
		} binding;
	};
};

/** In which order what was stored is told: all leases, the oldest first, then sessions, then bindings. */
struct server_store_reader {
	void (*change)(void *context, const struct server_change *change);
	void *context;
};

/** What is known about the run before. */
struct server_store_past {
	bool clean;       /**< it has stopped in order: the store is all that it knew */
	uint64_t seconds; /**< since it was alive */
};

/**
 * Open the store in @p state_dir and make it if there is none.  One that is damaged or of another program is put aside
 * with a warning, as server.db.damaged.
 *
 * @return 0 with the store in *out, or -errno (logged): the server runs without.
 */
int server_store_open(const char *state_dir, struct server_store **out, struct server_store_past *past);
/** Read everything; before server_store_start. */
void server_store_read(struct server_store *store, const struct server_store_reader *reader);
/** Begin to write.  @return 0 or -errno (logged). */
int server_store_start(struct server_store *store);
/** Write what waits, note that the stop is clean, close.  NULL is allowed. */
void server_store_close(struct server_store *store);

/** The ticket of what is in the store since it was opened. */
#define SERVER_TICKET_BEFORE 1

/**
 * Have a change written.
 *
 * @return its ticket, which server_store_written() reaches when it has been written, or a later change of the same
 * thing; 0: it is lost, since there is no memory.
 */
uint64_t server_store_put(struct server_store *store, const struct server_change *change);

/** @return the ticket up to which everything has been written; UINT64_MAX when nothing is written any more. */
uint64_t server_store_written(const struct server_store *store);

/** Who is told that server_store_written() has grown. */
struct server_store_watcher {
	void (*told)(void *context); /**< called from the store's thread */
	void *context;
	struct server_store_watcher *next; /**< the store's */
};

/** Tell @p watcher, too, until the store is closed. */
void server_store_watch(struct server_store *store, struct server_store_watcher *watcher);

/** @return the number of changes that were lost for want of memory. */
uint64_t server_store_lost(const struct server_store *store);

#endif
