/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renewal.h - files that say who the ends are, and that are taken when they change (renewed_file.h): this client's
 * certificate and key, or its pre-shared key, and the revocation lists of its servers' CA.
 *
 * If a file cannot be used, the log says so, and what was read before stays in use.  A thread looks at the files and
 * reads them: a file system that does not answer must not hold the loop up.
 */
#ifndef TSCF_CLIENT_RENEWAL_H
#define TSCF_CLIENT_RENEWAL_H

#include "common/auth/proof.h"
#include "common/auth/server_crl.h"
#include "common/daemon/renewed_file.h"
#include "common/daemon/timers.h"
#include "tscf-client/settings/config.h"

#include <stdbool.h>
#include <stdint.h>

/** Files by which this client proves who it is; the settings name some of them. */
enum renewal_own { RENEWAL_CERTIFICATE, RENEWAL_KEY, RENEWAL_PSK, RENEWAL_OWN };

/** What is read of the files; the reader's until it is taken. */
struct renewal_read {
	struct tscf_credential *credential; /**< authenticates this client at its next plain tunnel; NULL: none */
	struct tscf_server_crl *crl;        /**< NULL: revocation is not checked */
};

struct renewal_look;
struct searches;

/** The owner sets what it uses; the rest is zero at first. */
struct renewal {
	const struct client_config *config;
	struct searches *const *readers; /**< the threads that read */
	struct tscf_timers *timers;
	void (*credential_changed)(void *context); /**< a server that has refused this client may accept it now */
	void (*lists_changed)(void *context);      /**< a server that was verified may be revoked now */
	void *context;
	struct tscf_credential *credential; /**< authenticates this client at its next plain tunnel; NULL: none */
	struct tscf_server_crl *crl;        /**< NULL: revocation is not checked */
	struct tscf_renewed_file own[RENEWAL_OWN];
	struct tscf_renewed_file lists;
	struct renewal_look *look; /**< under way: it has `own` and `lists` */
	bool hangs;                /**< that was said of it */
	struct tscf_timer timer;
	uint64_t look_at; /**< monotonic ms: of the next look, or of the one under way */
};

/** Read the files that @p config names; any thread may.  @return 0, or -EINVAL if one cannot be used (logged). */
int renewal_read(const struct client_config *config, struct renewal_read *out);
/** Forget what was read and not taken. */
void renewal_read_free(struct renewal_read *read);
/** Read the files, and watch those that may change.  @return 0 or -errno (logged). */
int renewal_start(struct renewal *r);
/** Use what was read again instead of what was read before. */
void renewal_take(struct renewal *r, struct renewal_read *fresh);
/** Watch no file any more, and forget what was read. */
void renewal_stop(struct renewal *r);

/** For tscf_tls_check_revocation; the context is the struct renewal, which has lists.  @return NULL, or why the
 * certificates are refused. */
const char *renewal_check_server(void *context, const struct tscf_chain_link *links, unsigned count);
/** @return whether a list revokes one of these certificates, DER back to back; @p chain may be NULL. */
bool renewal_revokes(const struct renewal *r, const uint8_t *chain, size_t length);

#endif
