/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each reason for which a client does not get what it asks for on its tunnel is in the server's log, with the client's
 * address, is counted, and is sent to it. */
#include "tests/unit/config_case.h"
#include "tests/unit/request_refusals.h"
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"

#include "common/base/log.h"
#include "common/crypto/hash.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What of each kind is called in the log, and which counter counts it. */
static const struct {
	const char *name;
	enum server_counter counter;
} kinds[REFUSED_REQUESTS] = {[REFUSED_BIND] = {"bindings", SERVER_COUNT_REFUSED_BINDING},
			     [REFUSED_SHIELD] = {"shields", SERVER_COUNT_REFUSED_BINDING},
			     [REFUSED_UNSHIELD] = {"the end of shields", SERVER_COUNT_REFUSED_BINDING},
			     [REFUSED_SOCKETS] = {"services for sockets", SERVER_COUNT_REFUSED_SERVICE},
			     [REFUSED_MEDIA] = {"media way", SERVER_COUNT_REFUSED_SERVICE},
			     [REFUSED_MEDIA_OPEN] = {"media way", SERVER_COUNT_REFUSED_RESERVATION},
			     [REFUSED_COPIES] = {"copy way", SERVER_COUNT_REFUSED_SERVICE},
			     [REFUSED_COPIES_OPEN] = {"copy way", SERVER_COUNT_REFUSED_RESERVATION},
			     [REFUSED_RESUME] = {"resumption", SERVER_COUNT_REFUSED_RESUME},
			     [REFUSED_STRANGE] = {"a service", SERVER_COUNT_REFUSED_SERVICE}};

static const uint8_t secret[32] = {7}, other_secret[32] = {8};
static struct server_quota *quota; /**< of the client's sessions; NULL: none */

/* Each provokes the refusal of its name: the last request of client a. */
#define DECLARE(name, ...) static void refuse_##name(void);
REQUEST_REFUSALS(DECLARE)
#define NAME(name, ...) refuse_##name,
static void (*const provoke[])(void) = {REQUEST_REFUSALS(NAME)};

/** A service request with one more TLV of 32 bytes; @p value NULL: without it. */
static void ask(struct world_client *c, enum tscf_service service, uint16_t type, const uint8_t *value, bool encrypted)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(c, &writer, data, TSCF_SERVICE_REQUEST, encrypted);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, service);
	if (value)
		tscf_write_bytes(&writer, type, value, 32);
	world_send(c, &writer, encrypted);
}

/* --- bindings --- */

static void connect_encrypted(void)
{
	world_connect(&a);
	world_encrypt(&a);
}

/** Give a session of the client all the entries that one may have. */
static void fill(struct server_session *s)
{
	for (unsigned port = 1; s->bindings.count < SERVER_BINDINGS_MAX; port++) {
		const struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, (uint16_t)port, NULL, 0);

		ck_assert_ptr_nonnull(
		    tscf_bindings_bind(w->state->bindings, &key, TSCF_LEVEL_ENCRYPTED_ONLY, s, &s->bindings));
	}
}

static struct tscf_binding_key last_port(void)
{
	return world_key(&a.plain, IPPROTO_UDP, 65000, NULL, 0);
}

/** An address that is no key for one socket. */
static struct tscf_binding_key illegal(void)
{
	return world_key(&a.plain, IPPROTO_UDP, 0, "192.0.2.1", 5004);
}

static struct tscf_binding_key of_another(void)
{
	const struct tscf_addr theirs = world_addr("192.0.2.9");

	return sip(&theirs);
}

static void refuse_bind_many(void)
{
	struct tscf_binding_key key;

	connect_encrypted();
	fill(world_encrypted(&a));
	key = last_port();
	bind_only(&a, &key);
}

static void refuse_bind_quota(void)
{
	struct tscf_binding_key key;

	connect_encrypted();
	quota = calloc(1, sizeof(*quota));
	ck_assert_ptr_nonnull(quota);
	atomic_store(&quota->bindings, 1);
	world_encrypted(&a)->quota = quota;
	key = sip(&a.plain);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	key = last_port();
	bind_only(&a, &key);
	world_encrypted(&a)->quota = NULL;
}

static void refuse_bind_other(void)
{
	const struct tscf_binding_key key = of_another();

	connect_encrypted();
	bind_only(&a, &key);
}

static void refuse_bind_illegal(void)
{
	struct tscf_binding_key key;

	connect_encrypted();
	key = illegal();
	bind_only(&a, &key);
}

/* --- shields --- */

static void refuse_shield_many(void)
{
	struct tscf_binding_key key;

	world_connect(&a);
	fill(world_plain(&a));
	key = last_port();
	world_shield(&a, &key, false);
}

static void refuse_shield_other(void)
{
	const struct tscf_binding_key key = of_another();

	world_connect(&a);
	world_shield(&a, &key, false);
}

static void refuse_shield_illegal(void)
{
	struct tscf_binding_key key;

	world_connect(&a);
	key = illegal();
	world_shield(&a, &key, false);
}

/** Ask to lift a shield, with a lock if @p with_lock, by @p key. */
static void unshield(bool with_lock, const uint8_t *key, enum tscf_bind_action action)
{
	const struct tscf_wire_binding wire = {.key = sip(&a.plain), .action = action, .level = TSCF_LEVEL_UNENCRYPTED};
	uint8_t data[TSCF_MESSAGE_MAX], lock[32];
	struct tscf_writer writer;

	tscf_sha256(secret, sizeof(secret), lock);
	ask(&a, TSCF_SERVICE_SHIELD, TSCF_TLV_SHIELD_LOCK, lock, false);
	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_UNSHIELD);
	tscf_write_bytes(&writer, TSCF_TLV_SHIELD_KEY, key, 32);
	if (with_lock)
		tscf_write_bytes(&writer, TSCF_TLV_SHIELD_LOCK, lock, sizeof(lock));
	tscf_write_binding(&writer, &wire);
	world_send(&a, &writer, false);
}

static void refuse_unshield_illegal(void)
{
	world_connect(&a);
	unshield(true, secret, TSCF_BIND_ACTION_BIND);
}

static void refuse_unshield_no_lock(void)
{
	world_connect(&a);
	unshield(false, secret, TSCF_BIND_ACTION_RELEASE);
}

static void refuse_unshield_wrong_key(void)
{
	world_connect(&a);
	unshield(true, other_secret, TSCF_BIND_ACTION_RELEASE);
}

/* --- what sockets ask for --- */

static void ask_for(const struct tscf_binding_key *key)
{
	const struct tscf_wire_socket socket = {.key = *key, .services = {.redundancy = 1}};
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_SOCKETS);
	tscf_write_socket(&writer, &socket);
	world_send(&a, &writer, false);
}

static void refuse_sockets_unassigned(void)
{
	struct tscf_binding_key key;

	w->interface->services = SERVER_SERVICE_DTTE;
	world_connect(&a);
	key = sip(&a.plain);
	ask_for(&key);
}

static void refuse_sockets_many(void)
{
	struct tscf_binding_key key;

	world_connect(&a);
	key = sip(&a.plain);
	world_plain(&a)->sockets.count += SERVER_SOCKETS_MAX;
	ask_for(&key);
	world_plain(&a)->sockets.count -= SERVER_SOCKETS_MAX;
}

static void refuse_sockets_other(void)
{
	const struct tscf_binding_key key = of_another();

	world_connect(&a);
	ask_for(&key);
}

static void refuse_sockets_illegal(void)
{
	struct tscf_binding_key key;

	world_connect(&a);
	key = illegal();
	ask_for(&key);
}

/* --- ways beside a stream --- */

static void connect_by_stream(void)
{
	world_dial(&a);
	world_connect(&a);
}

/** Offer a way by the secret. */
static void offer(enum tscf_service service)
{
	uint8_t hash[32];

	tscf_sha256(secret, sizeof(secret), hash);
	ask(&a, service, TSCF_TLV_RESERVATION_HASH, hash, false);
}

/** Show @p shown by UDP, or by another TCP connection.  From here on the client sends by that. */
static void open_way(enum tscf_service service, const uint8_t *shown)
{
	tscf_endpoint_set_port(&a.outer, 6000);
	a.stream = NULL;
	if (service == TSCF_SERVICE_ENABLE_REDUNDANCY)
		world_dial(&a);
	ask(&a, service, TSCF_TLV_RESERVATION_SECRET, shown, false);
}

static void refuse_media_unassigned(void)
{
	w->interface->services = SERVER_SERVICE_DTTE;
	connect_by_stream();
	offer(TSCF_SERVICE_ENABLE_DDT);
}

static void refuse_media_no_datagrams(void)
{
	world_connect(&a);
	offer(TSCF_SERVICE_ENABLE_DDT);
}

static void refuse_media_no_hash(void)
{
	connect_by_stream();
	ask(&a, TSCF_SERVICE_ENABLE_DDT, 0, NULL, false);
}

static void refuse_media_beside(void)
{
	uint8_t data[TSCF_MESSAGE_MAX], shown[SERVER_RESUME_COOKIE_SIZE];
	struct tscf_writer writer;
	struct tscf_tlv tlv;

	connect_by_stream();
	offer(TSCF_SERVICE_ENABLE_DDT);
	open_way(TSCF_SERVICE_ENABLE_DDT, secret);
	ck_assert(tscf_message_find(&w->reply, TSCF_TLV_COOKIE, &tlv));
	memcpy(shown, tlv.value, sizeof(shown));
	world_begin(&a, &writer, data, TSCF_KEEPALIVE_REQUEST, false);
	tscf_write_bytes(&writer, TSCF_TLV_COOKIE, shown, sizeof(shown));
	world_send(&a, &writer, false);
	offer(TSCF_SERVICE_ENABLE_DDT);
}

static void refuse_media_wrong_secret(void)
{
	connect_by_stream();
	offer(TSCF_SERVICE_ENABLE_DDT);
	open_way(TSCF_SERVICE_ENABLE_DDT, other_secret);
}

static void refuse_copies_unassigned(void)
{
	w->interface->services = SERVER_SERVICE_DTTE;
	connect_by_stream();
	offer(TSCF_SERVICE_ENABLE_REDUNDANCY);
}

static void refuse_copies_no_stream(void)
{
	world_connect(&a);
	offer(TSCF_SERVICE_ENABLE_REDUNDANCY);
}

static void refuse_copies_no_hash(void)
{
	connect_by_stream();
	ask(&a, TSCF_SERVICE_ENABLE_REDUNDANCY, 0, NULL, false);
}

static void refuse_copies_wrong_secret(void)
{
	connect_by_stream();
	offer(TSCF_SERVICE_ENABLE_REDUNDANCY);
	open_way(TSCF_SERVICE_ENABLE_REDUNDANCY, other_secret);
}

/* --- resumption --- */

/** Ask to resume the tunnel from another address by @p key; NULL: without one. */
static void resume(const uint8_t *key)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	memcpy(a.resume_key, secret, sizeof(secret));
	world_connect(&a);
	a.outer = b.outer;
	world_begin(&a, &writer, data, TSCF_RESUME_REQUEST, false);
	if (key)
		tscf_write_bytes(&writer, TSCF_TLV_RESUME_KEY, key, 32);
	tscf_write_bytes(&writer, TSCF_TLV_RESUME_LOCK, secret, 32);
	world_send(&a, &writer, false);
}

static void refuse_resume_no_key(void)
{
	resume(NULL);
}

static void refuse_resume_wrong_key(void)
{
	resume(other_secret);
}

/* --- requests that tscf-client does not make --- */

static void refuse_no_service(void)
{
	world_connect(&a);
	request(&a, TSCF_SERVICE_REQUEST, false);
}

static void refuse_wrong_tunnel(void)
{
	world_connect(&a);
	ask(&a, TSCF_SERVICE_BIND, 0, NULL, false);
}

/* --- all --- */

static void setup_all(void)
{
	setup();
	w->interface->services = SERVER_SERVICE_DTTE | SERVER_SERVICE_REDUNDANCY | SERVER_SERVICE_DDT;
}

static void end(void)
{
	tscf_log_set_level(TSCF_LOG_ERROR);
	teardown();
	free(quota);
	quota = NULL;
}

START_TEST(logged_counted_and_sent)
{
	const struct request_refusal *r = &request_refusals[_i];
	const bool encrypted = r->what == REFUSED_BIND;
	char line[300], outer[TSCF_ADDR_TEXT];
	const char *log;

	tscf_log_set_level(TSCF_LOG_INFO);
	capture_begin();
	provoke[_i]();
	log = capture_end();
	world_refuses(w, r->name, r->code, r->why);
	ck_assert_msg(world_counter(w, kinds[r->what].counter) == 1, "%s: not counted", r->name);
	snprintf(line, sizeof(line), "test: %s: refused: %s of the %s tunnel of %s, identity not known: %s\n",
		 r->code == TSCF_RESPONSE_SERVICE_UNAVAILABLE ? "info" : "warning", kinds[r->what].name,
		 encrypted ? "encrypted" : "plain", tscf_endpoint_format(&a.outer, outer), r->why);
	ck_assert_msg(strstr(log, line) != NULL, "%s: the log is '%s'", r->name, log);
	/* What is refused ends no tunnel. */
	ck_assert_ptr_nonnull(encrypted ? world_encrypted(&a) : world_plain(&a));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server request refusals");
	TCase *t = tcase_create("refusals");

	tcase_add_checked_fixture(t, setup_all, end);
	tcase_add_loop_test(t, logged_counted_and_sent, 0, REQUEST_REFUSAL_COUNT);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
