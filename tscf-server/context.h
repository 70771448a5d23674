/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * context.h - the running daemon: its main thread, and its workers with everything they do I/O with.
 *
 * A worker is a thread.  It alone serves the clients of some outer addresses, and has its own event loop, state,
 * transports and device queues.  The main thread handles the signals and the control socket.  It makes all workers
 * before their threads start and frees them after the threads have ended; in between it reaches them only through their
 * mailboxes.
 */
#ifndef TSCF_SERVER_CONTEXT_H
#define TSCF_SERVER_CONTEXT_H

#include "tscf-server/mailbox.h"
#include "tscf-server/return_route.h"
#include "tscf-server/reverse_path.h"
#include "tscf-server/session/deferred_replies.h"
#include "tscf-server/settings/config.h"
#include "tscf-server/state.h"
#include "tscf-server/store/store.h"

#include "common/capture/capture.h"
#include "common/control/control.h"
#include "common/daemon/timers.h"
#include "common/linux/netlink.h"
#include "common/linux/pace.h"
#include "common/linux/tun.h"
#include "common/linux/tun_steering.h"
#include "common/packet/batch.h"
#include "common/tls/tls.h"

#include <ev.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

struct server;
struct server_renewal;
struct server_store_later;
struct tscf_reader;

/** A worker's part of one of the two devices. */
struct server_device {
	struct tscf_tun tun;
	struct ev_io readable;
	struct ev_io urgent; /**< the second queue, if there is one */
};

/** Number of sessions whose arrival or departure a worker remembers. */
#define SERVER_HANDOFFS 64

/** A session that moved between workers a moment ago. */
struct server_handoff {
	uint64_t tsid;
	uint64_t until; /**< when the worker forgets it */
};

struct server_input;
struct server_answer;
/** As server_control (control/dispatch.h): handles a message that another worker has received. */
typedef void (*server_redispatch)(struct server_state *state, const struct server_input *in, const uint8_t *data,
				  uint32_t length, struct server_answer *answer);

struct server_worker {
	struct server *server; /**< set up before the threads start; only a reload changes some of it */
	unsigned index;
	struct ev_loop *loop;
	struct server_state *state;

	/* path.c */
	struct server_device plain, encrypted;
	struct server_return_route return_route;
	struct tscf_ring *ring;       /**< packets read from the devices */
	struct tscf_netlink *netlink; /**< pmtu_routes.c */

	/* migrate.c */
	server_redispatch redispatch; /**< handles a message that arrived together with a session */
	struct server_handoff handoffs[SERVER_HANDOFFS];
	unsigned handoff_count; /**< handoffs so far */

	/* worker.c */
	struct server_mailbox mailbox;
	uint64_t now; /**< when this turn of the loop began, in monotonic ms */
	struct ev_check clock;
	struct ev_prepare turn; /**< sets the timers */
	struct tscf_timers timers;
	struct tscf_timer tick, liveness;
	uint64_t tick_at, liveness_at;

	/* restore.c, path.c */
	struct server_store_watcher watcher;
	struct ev_async written; /**< sent by the store's thread */
	struct server_deferred_replies deferred;
	unsigned shield_requests; /**< how often clients have been notified of the restart */
	pthread_t thread;
	bool running;
};

/** One of the two devices, as the main thread watches it (device_watch.h). */
struct server_watched_device {
	char name[16]; /**< IFNAMSIZ */
	int index;
	atomic_bool lost;  /**< set by a worker that cannot read from it */
	int error;         /**< why it cannot be put back, or 0 */
	uint64_t put_back; /**< how many times something was put back */
	struct tscf_pace pace;
};

struct server_device_watch {
	struct server_watched_device device[2]; /**< plain, encrypted */
	int fd;                                 /**< notices of the kernel; negative: none */
	struct ev_io noticed;
	struct ev_timer look;
	struct ev_async lost; /**< sent by a worker that has set `lost` of a device */
};

struct server {
	const struct server_config *config;
	struct ev_loop *loop; /**< of the main thread */
	struct server_worker *workers;
	unsigned worker_count;
	struct server_allocator
	    *allocators; /**< one for each interface that is or was enabled, in the order in which they were made */
	struct tscf_tun_steering steering; /**< of the devices; used with several workers */

	struct server_device_watch device_watch;

	/* restore.c */
	struct server_store *store;           /**< NULL: none */
	char store_error[SERVER_STORE_ERROR]; /**< why there is none, or "" */
	struct server_store_later *later;     /**< store_later.c; NULL: no try is made to have one */

	struct tscf_enrolments *enrolled; /**< used by all workers; NULL: no record of used invitations */
	struct server_quotas *quotas;     /**< used by all workers */
	struct server_accounts *accounts; /**< used by all workers */
	struct server_asker *asker;       /**< used by all workers; NULL: no RADIUS server is asked about clients */

	struct server_reverse_path reverse_path;

	/* sessions.c */
	uint64_t zero; /**< milliseconds since 1970 at which the monotonic clock was 0 */

	/* certificate.c */
	struct tscf_tls *tls;
	int key_log; /**< descriptor, or negative: none */
	struct tscf_identity *identity;
	char pin[TSCF_PIN_TEXT];
	int64_t certificate_from, certificate_until; /**< when the certificate is valid, seconds since 1970 */

	struct server_renewal *renewal; /**< renewal.c; NULL: no file is watched */

	/* server.c */
	struct tscf_control_server *control;
	struct tscf_capture capture;
	int state_lock; /**< descriptor of the state directory, or negative: not locked */
	struct ev_signal terminate, interrupt, hangup;
	time_t since;
	uint64_t started;
	struct server_config *(*reread)(void *context); /**< called by a thread */
	void *reread_context;
	struct tscf_reader *reload_reader; /**< reload.c */
};

/** Called in a worker that cannot read from its part of a device: the main thread makes the device again. */
static inline void server_worker_device_lost(struct server_worker *worker, const struct server_device *device)
{
	struct server_device_watch *d = &worker->server->device_watch;

	atomic_store(&d->device[device == &worker->encrypted].lost, true);
	ev_async_send(worker->server->loop, &d->lost);
}

#endif
