/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * configure.c - configuration requests: how tunnels begin.
 */
#include "tscf-server/control/kinds.h"
#include "tscf-server/control/resume.h"
#include "tscf-server/session/admission.h"
#include "tscf-server/session/bind.h"
#include "tscf-server/session/rejections.h"
#include "tscf-server/session/reply.h"
#include "tscf-server/session/rival.h"
#include "tscf-server/store/journal.h"

#include "common/auth/agreement.h"
#include "common/crypto/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** Bytes of a message with a part of the certificates, besides that part. */
#define CHAIN_OVERHEAD (TSCF_MESSAGE_HEADER + TSCF_TLV_HEADER + 4)

/** @param who the identity that the client has proved; NULL: none */
static void refuse_client(const struct server_request *r, const struct tscf_client_name *who,
			  enum server_counter counter, enum tscf_response code, const char *text)
{
	server_count(&r->state->counters, counter);
	server_rejected(r, who ? who->name : NULL, text);
	server_refuse_configuration(r, code, text);
}

static void refuse(const struct server_request *r, enum server_counter counter, enum tscf_response code,
		   const char *text)
{
	refuse_client(r, NULL, counter, code, text);
}

/** An encrypted connection that is refused is closed.  @param plain the client's plain session; NULL: not known */
static void refuse_connection(const struct server_request *r, const struct server_session *plain,
			      enum server_counter counter, enum tscf_response code, const char *text)
{
	refuse_client(r, plain ? plain->who : NULL, counter, code, text);
	r->answer->end = r->in->session;
	r->answer->why = text;
}

/** Write the settings that clients of both kinds of tunnel get. */
static void write_settings(const struct server_request *r, struct tscf_writer *w, const struct server_lease *lease,
			   uint32_t services)
{
	const struct server_settings *settings = &r->state->settings;

	tscf_write_response(w, TSCF_RESPONSE_SUCCESS, "");
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		struct tscf_prefix internal = server_lease_prefix(lease, tscf_family(i));

		if (internal.addr.family != 0)
			tscf_write_prefix(w, TSCF_TLV_INTERNAL_IPV4, &internal);
	}
	server_networks_write_routes(settings, w);
	tscf_write_u16(w, TSCF_TLV_MTU, (uint16_t)settings->mtu);
	server_write_times(r, services, w);
}

static void begin_plain(const struct server_request *r, struct tscf_writer *w, uint64_t tsid,
			const struct server_lease *lease)
{
	server_respond_begin(r, w, tsid);
	write_settings(r, w, lease, r->in->interface->services);
	server_networks_write_servers(&r->state->settings, r->in->interface->services, w);
	tscf_write_endpoint(w, TSCF_TLV_OBSERVED_ADDRESS, &r->in->place.outer);
}

/** @return whether the answer to @p r would be too large for its request; all these answers have the same size or
 * less. */
static bool too_small(const struct server_request *r)
{
	struct server_lease any = {.encrypted = false};
	const struct server_pool *p = NULL;
	struct tscf_writer w;
	int length;

	while ((p = server_pools_next(&r->in->interface->allocator->plain_pools, p))) {
		struct tscf_addr addr = server_pool_prefix(p).addr;

		any.address[tscf_family_index(addr.family)].addr = addr;
	}
	begin_plain(r, &w, 0, &any);
	length = tscf_write_finish(&w);
	if (length > 0)
		length += (int)tscf_agreement_room(r->state->identity);
	return length < 0 || length > (int)sizeof(r->answer->data) || server_reply_exceeds(r, (uint32_t)length);
}

/** A limit is reached: count which.  @return the reason. */
static const char *limit(const struct server_request *r, enum server_counter counter, const char *why)
{
	server_count(&r->state->counters, counter);
	return why;
}

/**
 * Take a place for a plain session at that outer address; a session that @p replaces another does not count as one
 * more.
 *
 * @return NULL, or the reason why there is no place, which has been counted.
 */
static const char *claim_plain(const struct server_request *r, bool replaces)
{
	const struct server_interface *i = r->in->interface;

	if (!i->enabled)
		return limit(r, SERVER_COUNT_REFUSED_DISABLED, "no new tunnels here any more");
	if (i->unconfirmed_count >= SERVER_UNCONFIRMED_MAX)
		return limit(r, SERVER_COUNT_REFUSED_HALF_OPEN, "too many tunnels are being set up");
	if (!replaces && i->max_per_source &&
	    tscf_source_count(&r->state->sessions.sources, &r->in->place.outer) >= i->max_per_source)
		return limit(r, SERVER_COUNT_REFUSED_SOURCE, "no more tunnels from that address");
	if (!server_allocator_claim(&i->allocator->plain, replaces ? 0 : i->max_plain, 0))
		return limit(r, SERVER_COUNT_REFUSED_TUNNELS, "no more tunnels here");
	return NULL;
}

/**
 * A client that configures its tunnel again may get its addresses back, from the same outer address (the port may be
 * another): they will be taken from the old session when the new one is confirmed.  A client that had to prove its
 * identity must have the same identity: its identifier was on the wire in clear.
 *
 * @param who the identity that the client has proved, or NULL where no proof is asked for
 * @return the lease with an additional hold, or NULL.
 */
static struct server_lease *former_lease(const struct server_request *r, const struct tscf_addr *wish,
					 const uint8_t *client_id, const struct tscf_client_name *who)
{
	struct server_lease *lease = wish->family ? server_lease_find(&r->state->leases, wish) : NULL;
	struct tscf_addr from = tscf_endpoint_addr(&r->in->place.outer);

	if (!lease || lease->encrypted || lease->pools != &r->in->interface->allocator->plain_pools)
		return NULL;
	if (!tscf_addr_equal(&lease->client, &from) ||
	    memcmp(lease->client_id, client_id, sizeof(lease->client_id)) != 0)
		return NULL;
	if (who && !(lease->plain && server_is_client(lease->plain, who)) &&
	    !(lease->encrypted_session && server_is_client(lease->encrypted_session, who)))
		return NULL;
	server_lease_hold(lease);
	return lease;
}

/** @return the number of the client's process that sent the request, or 0. */
static uint64_t run_of(const struct server_request *r)
{
	struct tscf_tlv tlv;
	uint64_t run;

	return tscf_message_find(r->message, TSCF_TLV_RUN, &tlv) && tscf_tlv_u64(&tlv, &run) == 0 ? run : 0;
}

/** @return whether the plain session of @p lease has another client than the one that sent the request. */
static enum server_rival rival_at(const struct server_request *r, const struct server_lease *lease)
{
	struct server_session *s = lease ? lease->plain : NULL;
	enum server_rival rival;

	if (!s || s == r->in->session || (s->run != 0 && s->run == run_of(r)))
		return SERVER_RIVAL_GONE;
	rival = server_rival_of(s, r->in->now);
	/* On a connection the client does not repeat its request: there the answer counts when the new session is to be
	 * confirmed. */
	return rival == SERVER_RIVAL_ASKED && r->in->place.connection ? SERVER_RIVAL_GONE : rival;
}

/** @return whether the new session will replace one of the client of @p quota: that of @p lease, or one at its outer
 * address. */
static bool replaces_own(const struct server_request *r, const struct server_lease *lease,
			 const struct server_quota *quota)
{
	const struct server_session *here = r->in->session;

	return (lease && lease->plain && lease->plain->quota == quota) ||
	       (here && (here->quota == quota || (here->pending && here->pending->quota == quota)));
}

/** Count the new session in the quota of its client.  @return NULL, or why it may not have one more; it has been
 * counted. */
static const char *claim_quota(const struct server_request *r, const struct server_lease *lease,
			       const struct tscf_client_name *who, struct server_quota **quota)
{
	*quota = server_quota_hold(r->state->quotas, who);
	if (server_quota_claim(*quota, SERVER_QUOTA_PLAIN, replaces_own(r, lease, *quota)))
		return NULL;
	server_quota_drop(r->state->quotas, *quota);
	*quota = NULL;
	return limit(r, SERVER_COUNT_REFUSED_CLIENT_LIMIT, SERVER_REFUSAL_TUNNELS);
}

static void leave_quota(const struct server_request *r, struct server_quota *quota)
{
	server_quota_release(quota, SERVER_QUOTA_PLAIN);
	server_quota_drop(r->state->quotas, quota);
}

/** Claim a place for the new session, and count it.  @return NULL, or why there is none; that has been counted. */
static const char *claim(const struct server_request *r, const struct server_lease *lease,
			 const struct tscf_client_name *who, struct server_quota **quota)
{
	const char *full = claim_plain(r, lease || r->in->session);

	*quota = NULL;
	if (full)
		return full;
	full = claim_quota(r, lease, who, quota);
	if (full)
		server_allocator_release(&r->in->interface->allocator->plain);
	return full;
}

static bool has_address(const struct server_radius_grant *grant)
{
	return grant->address.of[0].family != 0 || grant->address.of[1].family != 0;
}

/** @return @p lease, which may be NULL, if it has the addresses that are granted; else NULL, and its hold is dropped.
 */
static struct server_lease *granted(const struct server_request *r, const struct server_radius_grant *grant,
				    struct server_lease *lease)
{
	for (unsigned i = 0; lease && i < TSCF_FAMILIES; i++) {
		if (grant->address.of[i].family == 0 || server_lease_has(lease, &grant->address.of[i]))
			continue;
		server_lease_drop(&r->state->leases, lease, r->in->now);
		lease = NULL;
	}
	return lease;
}

/**
 * Find a place and addresses for a new plain session.
 *
 * @param quota  out: the quota in which the session is counted
 * @param grant  addresses that it must have
 * @param rival  out: the session of another client with this identifier, if there is one.
 * @return the lease with a hold.  NULL: refused, or not decided yet and not answered.
 */
static struct server_lease *admit(const struct server_request *r, const uint8_t *client_id,
				  const struct tscf_client_name *who, const struct server_radius_grant *grant,
				  struct server_quota **quota, struct server_session **rival)
{
	const struct server_pools *pools = &r->in->interface->allocator->plain_pools;
	struct server_lease *lease = NULL;
	struct tscf_addrs wishes = tscf_message_internal(r->message);
	enum server_rival other;
	const char *full;

	for (unsigned i = 0; i < TSCF_FAMILIES && !lease; i++) {
		if (grant->address.of[i].family != 0)
			wishes.of[i] = grant->address.of[i];
		else if (wishes.of[i].family == 0)
			server_pools_recall(pools, tscf_family(i), client_id, &wishes.of[i]);
		lease = granted(r, grant, former_lease(r, &wishes.of[i], client_id, who));
	}
	other = rival_at(r, lease);
	*rival = other != SERVER_RIVAL_GONE ? lease->plain : NULL;
	if (*rival) {
		server_lease_drop(&r->state->leases, lease, r->in->now);
		lease = NULL;
	}
	if (other == SERVER_RIVAL_ASKED)
		return NULL;
	full = claim(r, lease, who, quota);
	if (full) {
		if (lease)
			server_lease_drop(&r->state->leases, lease, r->in->now);
		refuse_client(r, who, SERVER_COUNT_REFUSED_LIMIT, TSCF_RESPONSE_LIMIT, full);
		return NULL;
	}
	if (!lease &&
	    server_lease_grant(&r->state->leases, pools, client_id, &wishes, &grant->address, r->in->now, &lease) < 0) {
		server_allocator_release(&r->in->interface->allocator->plain);
		leave_quota(r, *quota);
		refuse_client(r, who, SERVER_COUNT_REFUSED_ADDRESS, TSCF_RESPONSE_NO_ADDRESS,
			      has_address(grant) ? "the address from the RADIUS server is not free here"
						 : "no internal address is free");
	}
	return lease;
}

/** Answer with the addresses and settings of the new session, and prove that the answer is from this server; or end the
 * session again. */
static void answer_plain(const struct server_request *r, struct server_session *s)
{
	struct tscf_writer w;
	struct tscf_tlv share;
	int length;

	if (tscf_message_find(r->message, TSCF_TLV_KEY_SHARE, &share))
		memcpy(s->share, share.value, sizeof(s->share));
	begin_plain(r, &w, s->tsid, s->lease);
	length = tscf_agreement_answer(r->state->identity, r->message, tscf_client_name_key(s->who), &w, &s->seal);
	if (length < 0) {
		refuse(r, SERVER_COUNT_REFUSED_SHARE, TSCF_RESPONSE_MALFORMED, "the key share is of no use");
		/* After the answer: it ends the connection, and no other message of that may be handled. */
		r->answer->end = s;
		r->answer->why = "its key share is of no use";
		return;
	}
	r->answer->length = (uint32_t)length;
	server_reply_keep(&s->configuration, r->message->sequence, r->answer->data, r->answer->length);
}

void server_configure_plain(const struct server_request *r)
{
	struct tscf_client_name *who;
	struct server_lease *lease;
	struct server_session *s, *rival;
	struct server_quota *quota;
	struct server_radius_grant grant;
	struct tscf_tlv id, quiet;

	if (!tscf_agreement_offered(r->message)) {
		refuse(r, SERVER_COUNT_REFUSED_SHARE, TSCF_RESPONSE_MALFORMED,
		       "no key share that this server knows: the client is too old, or too new");
		return;
	}
	if (too_small(r)) {
		refuse(r, SERVER_COUNT_REFUSED_TOO_SMALL, TSCF_RESPONSE_TOO_SMALL, "pad the request");
		return;
	}
	tscf_message_find(r->message, TSCF_TLV_CLIENT_ID, &id);
	if (!server_admit_plain(r, id.value, &who, &grant))
		return;
	lease = admit(r, id.value, who, &grant, &quota, &rival);
	if (!lease) {
		free(who);
		return;
	}
	s = server_session_new_plain(r->state, &r->in->place, r->in->session, lease, id.value, r->in->now);
	if (!s) {
		server_lease_drop(&r->state->leases, lease, r->in->now);
		server_allocator_release(&r->in->interface->allocator->plain);
		leave_quota(r, quota);
		free(who);
		refuse(r, SERVER_COUNT_REFUSED_LIMIT, TSCF_RESPONSE_LIMIT, "out of memory");
		return;
	}
	if (rival)
		server_rival_found(r->state, rival, s);
	server_resume_take_lock(s, r->message);
	s->run = run_of(r);
	s->who = who;
	s->quota = quota;
	if (server_allowance_grant(r->state, s, &grant) < 0)
		tscf_warning("out of memory: the accounting records of a tunnel have no Class attribute");
	s->quiet = tscf_message_find(r->message, TSCF_TLV_QUIET, &quiet);
	answer_plain(r, s);
}

void server_send_chain(const struct server_request *r)
{
	struct tscf_chain_part part = {.offset = 0};
	struct tscf_writer w;
	struct tscf_tlv tlv;
	uint32_t room = server_reply_exceeds(r, TSCF_MESSAGE_MAX) ? SERVER_AMPLIFICATION * r->length : TSCF_MESSAGE_MAX;

	if (!tscf_message_find(r->message, TSCF_TLV_CHAIN_PART, &tlv) || tscf_tlv_chain_part(&tlv, &part) < 0 ||
	    room <= CHAIN_OVERHEAD) {
		server_count(&r->state->counters, SERVER_COUNT_CONTROL_MALFORMED);
		server_rejected(r, NULL, "no place in the certificates");
		server_respond(r, TSCF_TSID_NONE, TSCF_RESPONSE_MALFORMED, "no place in the certificates");
		return;
	}
	room = room - CHAIN_OVERHEAD < TSCF_CHAIN_PART_MAX ? room - CHAIN_OVERHEAD : TSCF_CHAIN_PART_MAX;
	server_respond_begin(r, &w, TSCF_TSID_NONE);
	tscf_identity_lock(r->state->identity);
	part = tscf_identity_part(r->state->identity, part.offset, (uint16_t)room);
	tscf_write_chain_part(&w, &part);
	tscf_identity_unlock(r->state->identity);
	server_respond_finish(r, &w);
}

/** A client that supports connection ids gets one, if the transport has them. */
static void write_connection_id(const struct server_request *r, struct tscf_writer *w)
{
	uint8_t id[TSCF_PEER_ID_MAX];
	struct tscf_tlv tlv;
	uint32_t length;

	if (!tscf_message_find(r->message, TSCF_TLV_CONNECTION_ID, &tlv))
		return;
	length = tscf_peer_give_id(r->in->place.connection, id);
	if (length > 0)
		tscf_write_bytes(w, TSCF_TLV_CONNECTION_ID, id, length);
}

static void write_encrypted(const struct server_request *r, const struct server_session *s)
{
	struct tscf_writer w;

	server_respond_begin(r, &w, s->tsid);
	write_settings(r, &w, s->lease, s->services);
	tscf_write_bytes(&w, TSCF_TLV_RESUME_SECRET, s->resume_secret, sizeof(s->resume_secret));
	write_connection_id(r, &w);
	server_respond_finish(r, &w);
}

/**
 * @return whether the connection may take the place of @p old.  The reservation does not prove that it is the same
 * client: it was made on the plain tunnel, where others can read the TSID and send in the client's name.  The secret
 * that the client got on the old encrypted tunnel proves it.  Without the secret the old tunnel must first be found
 * dead.
 */
static bool may_replace(const struct server_request *r, const struct server_session *old)
{
	struct tscf_tlv secret;

	return tscf_message_find(r->message, TSCF_TLV_RESUME_SECRET, &secret) &&
	       secret.length == sizeof(old->resume_secret) &&
	       tscf_equal_secret(secret.value, old->resume_secret, sizeof(old->resume_secret));
}

/**
 * A restarted client does not know the bindings of its former run and would never release them.  So the old tunnel ends
 * as if it were lost, and its encrypted-only entries become shields.
 *
 * @return @p old, or NULL when it has ended.
 */
static struct server_session *end_former_run(const struct server_request *r, struct server_session *old)
{
	struct tscf_tlv complete;

	if (!old || !tscf_message_find(r->message, TSCF_TLV_COMPLETE, &complete))
		return old;
	server_session_end(r->state, old, r->in->now, "its client was restarted");
	return NULL;
}

/** Give the connection its TSID and addresses, those of @p old if there is one.  @return 0 or -errno. */
static int establish(const struct server_request *r, const struct server_session *plain, uint64_t tsid,
		     struct server_session *old)
{
	struct server_session *s = r->in->session;
	struct server_lease *lease;
	int err;

	if (old) {
		lease = old->lease;
		server_lease_hold(lease);
	} else {
		err = server_lease_new(&r->state->leases, &r->in->interface->allocator->encrypted_pools, true,
				       plain->client_id, NULL, r->in->now, &lease);
		if (err < 0)
			return err;
	}
	/* The encrypted session may outlive the plain tunnel, but ends when the client is not admitted any more. */
	s->who = plain->who ? server_client_name_copy(plain->who) : NULL;
	if (server_allowance_share(r->state, s, plain) < 0)
		tscf_warning("out of memory: the accounting records of a tunnel have no Class attribute");
	err = plain->who && !s->who
		  ? -ENOMEM
		  : server_session_configure(r->state, s, tsid, lease, plain->lease, plain->services, r->in->now);
	if (err < 0) {
		server_lease_drop(&r->state->leases, lease, r->in->now);
		return err;
	}
	server_lease_settle(lease, plain->client_id);
	server_journal_lease(r->state, lease, plain->client_id);
	if (old) {
		server_bindings_inherit(r->state, old, s);
		server_session_end(r->state, old, r->in->now, "its client has opened another");
	}
	return 0;
}

/** Count the encrypted session in the quota of its client.  @return false: the client may not have one more. */
static bool take_quota(const struct server_request *r, const struct server_session *plain,
		       const struct server_session *old)
{
	if (!server_quota_claim(plain->quota, SERVER_QUOTA_ENCRYPTED, old != NULL))
		return false;
	r->in->session->quota = server_quota_share(r->state->quotas, plain->quota);
	return true;
}

static void refuse_proof(const struct server_request *r, const struct server_session *plain, const char *why)
{
	server_count_unauthorized(r, why);
	server_rejected(r, plain->who ? plain->who->name : NULL, why);
	server_respond(r, TSCF_TSID_NONE, TSCF_RESPONSE_UNAUTHORIZED, why);
	r->answer->end = r->in->session;
	r->answer->why = why;
}

/** @return the plain session whose reservation the request uses up; the caller takes over the place that it held.  NULL
 * if the request has been refused. */
static struct server_session *redeem(const struct server_request *r, uint64_t *tsid)
{
	struct tscf_addr from = tscf_endpoint_addr(&r->in->place.outer);
	struct server_session *plain;
	struct tscf_tlv reserved, secret;
	const char *why;

	if (!tscf_message_find(r->message, TSCF_TLV_RESERVED_TSID, &reserved) || tscf_tlv_u64(&reserved, tsid) < 0 ||
	    !tscf_message_find(r->message, TSCF_TLV_RESERVATION_SECRET, &secret) ||
	    secret.length != SERVER_SECRET_SIZE) {
		refuse_connection(r, NULL, SERVER_COUNT_REFUSED_RESERVATION, TSCF_RESPONSE_MALFORMED,
				  "no reservation in the configuration request");
		return NULL;
	}
	plain = server_reservation_redeem(&r->state->reservations, *tsid, secret.value, &from, r->in->now, &why);
	if (plain && plain->interface == r->in->interface) {
		why = server_admit_encrypted(r, plain, *tsid, secret.value);
		if (!why)
			return plain;
		server_allocator_release(&plain->interface->allocator->encrypted);
		refuse_proof(r, plain, why);
		return NULL;
	}
	if (plain)
		server_allocator_release(&plain->interface->allocator->encrypted);
	refuse_connection(r, plain, SERVER_COUNT_REFUSED_RESERVATION, TSCF_RESPONSE_RESERVATION,
			  plain ? "reserved on another interface" : why);
	return NULL;
}

void server_configure_encrypted(const struct server_request *r)
{
	struct server_session *s = r->in->session;
	struct server_session *plain, *old;
	uint64_t tsid;

	plain = redeem(r, &tsid);
	if (!plain)
		return;
	old = plain->lease->encrypted_session;
	if (old && !may_replace(r, old)) {
		server_allocator_release(&plain->interface->allocator->encrypted);
		server_liveness_claimed(r->state, old, r->in->now);
		refuse_connection(r, plain, SERVER_COUNT_REFUSED_RESERVATION, TSCF_RESPONSE_RESERVATION,
				  "another encrypted tunnel of this client is alive");
		return;
	}
	old = end_former_run(r, old);
	if (!take_quota(r, plain, old)) {
		server_allocator_release(&plain->interface->allocator->encrypted);
		refuse_connection(r, plain, SERVER_COUNT_REFUSED_CLIENT_LIMIT, TSCF_RESPONSE_LIMIT,
				  SERVER_REFUSAL_ENCRYPTED_TUNNELS);
		return;
	}
	if (establish(r, plain, tsid, old) < 0) {
		server_allocator_release(&plain->interface->allocator->encrypted);
		refuse_connection(r, plain, SERVER_COUNT_REFUSED_ADDRESS, TSCF_RESPONSE_NO_ADDRESS,
				  "no internal address is free");
		return;
	}
	server_yield_take_need(r->state, s, r->message);
	server_journal_guard(r->state, plain);
	s->heard = r->in->now;
	write_encrypted(r, s);
	server_reply_keep(&s->configuration, r->message->sequence, r->answer->data, r->answer->length);
	r->answer->after = server_journal_ticket(r->state, s);
}
