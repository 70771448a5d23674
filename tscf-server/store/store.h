/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.h - what the server keeps for its next run: which client had which internal address, plain sessions, and what
 * must not be sent in clear.
 *
 * The store is an SQLite file, server.db in the state directory.  Its own thread writes it, so that the packet path
 * never waits for a disk.  A change that cannot be written at once waits (pending.h); no change is lost.  The file
 * survives the death of the process at any moment.  After a loss of power, some changes written shortly before may be
 * missing.
 *
 * If the file cannot be written, as on a full disk, the changes wait, and nothing waits for them.  The store tries
 * again each second and is complete again when it succeeds.  A server that starts meanwhile knows that the file is
 * incomplete. If the file itself is damaged or was removed, the server removes it and goes on without a store, because
 * an outdated store would be worse than none.
 *
 * Any thread may use the functions from server_store_put on.
 */
#ifndef TSCF_SERVER_STORE_H
#define TSCF_SERVER_STORE_H

#include "tscf-server/address/lease.h"
#include "tscf-server/store/record.h"

#include "common/packet/binding.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/** How often the store records that the server is alive. */
#define SERVER_STORE_ALIVE_S 5
/** If a server starts later than this after its last sign of life, and did not stop cleanly, the store may be out of
 * date.
 */
#define SERVER_STORE_STALE_S 20

/** Room for the reason why there is no store. */
#define SERVER_STORE_ERROR (PATH_MAX + 128)

struct server_store;

/** How a stored binding forbids clear packets. */
enum server_stored_binding {
	SERVER_STORED_NONE,   /**< it does not; the binding is not stored */
	SERVER_STORED_SHIELD, /**< encrypted-only */
	SERVER_STORED_TOMBSTONE,
	SERVER_STORED_EXCEPTION, /**< clear, although a wider one forbids it */
};

enum server_change_kind {
	SERVER_CHANGE_LEASE,   /**< a client has an address, or had it last */
	SERVER_CHANGE_SESSION, /**< the new record of a session; length 0: the session is gone */
	SERVER_CHANGE_BINDING, /**< the stored form of a binding; SERVER_STORED_NONE: the binding is gone */
};

/** One change. */
struct server_change {
	enum server_change_kind kind;
	bool fresh; /**< the store was not sent this object before, or was sent that it is gone */
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

/** Receives the stored entries in this order: all leases, the oldest first, then sessions, then bindings. */
struct server_store_reader {
	void (*change)(void *context, const struct server_change *change);
	void *context;
};

/** What is known about the previous run. */
struct server_store_past {
	bool clean;       /**< it stopped cleanly: the store is complete */
	bool incomplete;  /**< changes are missing */
	uint64_t seconds; /**< since it was last known to be alive */
	uint32_t run;     /**< number of this run: greater than that of every run before, at least 1 */
};

/**
 * Open the store in @p state_dir; create it if there is none.  A file that is damaged or of another program is renamed
 * to server.db.damaged with a warning.
 *
 * @param error  room for SERVER_STORE_ERROR bytes
 * @return 0 with the store in *out, or -errno with the reason in @p error: the server runs without a store.
 */
int server_store_open(const char *state_dir, struct server_store **out, struct server_store_past *past, char *error);
/** Read all entries; call it before server_store_start. */
void server_store_read(struct server_store *store, const struct server_store_reader *reader);
/** Start the thread that writes.  @return 0 or -errno (logged). */
int server_store_start(struct server_store *store);
/** Write the waiting changes, record that the stop is clean, and close.  NULL is allowed. */
void server_store_close(struct server_store *store);

/** Ticket of everything that was in the store when it was opened. */
#define SERVER_TICKET_BEFORE 1

/**
 * Have a change written.
 *
 * @return its ticket: server_store_written() reaches it when this change, or a later one of the same object, has been
 * written. 0: the change is lost for lack of memory.
 */
uint64_t server_store_put(struct server_store *store, const struct server_change *change);

/** @return the ticket up to which everything has been written; UINT64_MAX while the store cannot write. */
uint64_t server_store_written(const struct server_store *store);

/** Is called when server_store_written() has grown. */
struct server_store_watcher {
	void (*written)(void *context); /**< called from the store's thread */
	void *context;
	struct server_store_watcher *next; /**< used by the store */
};

/** Add @p watcher, until the store is closed. */
void server_store_watch(struct server_store *store, struct server_store_watcher *watcher);

/** @return the number of changes that were lost for lack of memory. */
uint64_t server_store_lost(const struct server_store *store);

#endif
