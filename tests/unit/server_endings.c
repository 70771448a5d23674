/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server_endings.c - each reason for which the server ends a tunnel is in its log, with the client's address, and is
 * sent to the client unless that has caused the end itself. */
#include "tests/unit/certs.h"
#include "tests/unit/config_case.h"
#include "tests/unit/endings.h"
#include "tests/unit/server_refusals_case.h"

#include "common/base/log.h"
#include "tscf-server/admin/disconnect.h"
#include "tscf-server/session/admission.h"
#include "tscf-server/session/allowance.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Each ends the plain tunnel of client a for the reason of its name. */
#define DECLARE_END(name, ...) static void end_##name(void);
ENDINGS(DECLARE_END)
#define NAME_END(name, ...) end_##name,
static void (*const provoke[])(void) = {ENDINGS(NAME_END)};

static void review(void)
{
	server_admission_review(w->state, w->now);
}

static void connect_by_key(void)
{
	struct tscf_credential *alice = credential(ALICE);

	let_in(ALICE);
	connect_as(&a, alice);
	tscf_credential_drop(alice);
}

static void connect_by_certificate(void)
{
	let_in_by(NULL, certs_path("ca.pem"), NULL, NULL);
	ask_by_certificate("phone");
	ck_assert_int_eq(world_keepalive(&a, false), 0);
}

static void end_administrator(void)
{
	struct server_disconnected ended = {0};
	struct server_roster_place place = {0};
	struct server_who who;
	char tsid[17];

	world_connect(&a);
	snprintf(tsid, sizeof(tsid), "%016llx", (unsigned long long)a.tsid);
	server_who_read(tsid, &who);
	while (server_disconnect_some(w->state, &who, w->now, &place, &ended))
		;
}

static void end_time(void)
{
	const struct server_radius_grant grant = {.seconds = 10};

	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(server_allowance_grant(w->state, world_plain(&a), &grant), 0);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	world_pass(w, 10000);
}

static void end_proof_wanted(void)
{
	world_connect(&a);
	let_in(ALICE);
	review();
}

static void end_withdrawn(void)
{
	connect_by_key();
	let_in(BOB);
	review();
}

static void end_key_changed(void)
{
	connect_by_key();
	let_in("alice:00112233445566778899aabbccddee00\n");
	review();
}

static void end_no_certificates_now(void)
{
	connect_by_certificate();
	let_in(ALICE);
	review();
}

static void end_ca_gone(void)
{
	connect_by_certificate();
	let_in_by(NULL, certs_path("other.pem"), NULL, NULL);
	review();
}

static void end_revoked_now(void)
{
	connect_by_certificate();
	let_in_unless(&(struct certs_crl_spec){.issuer = "ca", .revoked = {"phone"}}, 1);
	review();
}

static void end_expired_now(void)
{
	connect_by_certificate();
	world_plain(&a)->who->until = time(NULL) - 1;
	world_pass(w, SERVER_CERTIFICATES_MS);
}

START_TEST(end_is_logged_and_sent)
{
	const struct ending *e = &endings[_i];
	char line[200], outer[TSCF_ADDR_TEXT], text[TSCF_RESPONSE_TEXT_MAX + 1];
	const uint8_t *sent;
	enum tscf_response code;
	struct tscf_message m;
	const char *log;
	int length;

	tscf_log_set_level(TSCF_LOG_INFO);
	capture_begin();
	provoke[_i]();
	log = capture_end();
	ck_assert_msg(world_plain(&a) == NULL, "%s: the tunnel is still there", e->name);
	snprintf(line, sizeof(line), "test: info: plain tunnel of %s ends: %s\n", tscf_endpoint_format(&a.outer, outer),
		 e->why);
	ck_assert_msg(strstr(log, line) != NULL, "%s: the log is '%s'", e->name, log);
	sent = w->peer[w->peers - 1].last;
	length = tscf_message_length(sent, TSCF_MESSAGE_MAX);
	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(tscf_message_decode(sent, (uint32_t)length, &m), 0);
	ck_assert_int_eq(m.type, TSCF_RELEASE_REQUEST);
	ck_assert_int_eq(tscf_message_response(&m, &code, text, sizeof(text)), 0);
	ck_assert_msg(code == e->code && strcmp(text, e->why) == 0, "%s: %s: %s", e->name, tscf_response_name(code),
		      text);
}
END_TEST

/* --- ends that the client causes itself: it is not told --- */

static void wrong_tsid(void)
{
	world_connect(&a);
	a.sealed_tsid = ++a.tsid;
	world_keepalive(&a, false);
}

static void configured_twice(void)
{
	world_dial(&a);
	world_connect(&a);
	world_configure(&a, NULL, false);
}

static void silent(void)
{
	world_connect(&a);
	world_pass(w, (uint64_t)w->state->settings.persistence * 1000);
}

static void lost(void)
{
	w->state->settings.persistence = 0;
	world_dial(&a);
	world_connect(&a);
	world_hang_up(&a);
	world_pass(w, SERVER_LOST_MS);
}

static void released(void)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer t;

	world_connect(&a);
	world_begin(&a, &t, data, TSCF_RELEASE_REQUEST, false);
	world_send(&a, &t, false);
}

static void encrypt_again(void)
{
	world_connect(&a);
	world_encrypt(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
}

/* Who has not the secret of the old tunnel gets its place when that is dead. */
static void unanswered(void)
{
	encrypt_again();
	ck_assert_int_eq(world_configure_encrypted(&a, false), TSCF_RESPONSE_RESERVATION);
	for (unsigned passed = 0; passed <= SERVER_PROBE_MS; passed += 100)
		world_pass(w, 100);
}

static void configured_anew(void)
{
	world_connect(&a);
	world_connect(&a);
}

static void opened_another(void)
{
	encrypt_again();
	ck_assert_int_eq(world_configure_encrypted(&a, true), TSCF_RESPONSE_SUCCESS);
}

static void restarted(void)
{
	encrypt_again();
	ck_assert_int_eq(world_configure_encrypted_anew(&a), TSCF_RESPONSE_SUCCESS);
}

START_TEST(end_is_logged)
{
	static const struct {
		const char *kind, *why;
		void (*provoke)(void);
	} ends[] = {{"plain", "it sent a message with a wrong TSID", wrong_tsid},
		    {"plain", "it asked to be configured twice", configured_twice},
		    {"plain", "nothing was heard of it for the persistence time", silent},
		    {"plain", "its connection was lost and it did not come back", lost},
		    {"plain", "released by its client", released},
		    {"plain", "its client has configured a new one", configured_anew},
		    {"encrypted", "its client did not answer", unanswered},
		    {"encrypted", "its client has opened another", opened_another},
		    {"encrypted", "its client was restarted", restarted}};
	char line[200], outer[TSCF_ADDR_TEXT];
	const char *log;

	tscf_log_set_level(TSCF_LOG_INFO);
	capture_begin();
	ends[_i].provoke();
	log = capture_end();
	snprintf(line, sizeof(line), "test: info: %s tunnel of %s ends: %s\n", ends[_i].kind,
		 tscf_endpoint_format(&a.outer, outer), ends[_i].why);
	ck_assert_msg(strstr(log, line) != NULL, "the log is '%s'", log);
}
END_TEST

/* A clone of a client, behind the same NAT, is refused the addresses of the first, which is alive. */
START_TEST(clone_is_logged_and_told)
{
	char line[320], outer[TSCF_ADDR_TEXT], text[TSCF_RESPONSE_TEXT_MAX + 1];
	enum tscf_response code;

	world_connect(&a);
	b.outer = a.outer;
	tscf_endpoint_set_port(&b.outer, 5001);
	memcpy(b.id, a.id, sizeof(b.id));
	b.run = a.run + 1;
	world_dial(&b);
	ck_assert_int_eq(world_configure(&b, &a.plain, false), TSCF_RESPONSE_SUCCESS);
	w->now++;
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	capture_begin();
	ck_assert_int_eq(world_keepalive(&b, false), TSCF_RESPONSE_NO_SESSION);
	ck_assert_int_eq(tscf_message_response(&w->reply, &code, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "another client has the same identifier");
	snprintf(line, sizeof(line), "test: warning: refused: plain tunnel of %s, identity not known: %s\n",
		 tscf_endpoint_format(&b.outer, outer), text);
	ck_assert_str_eq(capture_end(), line);
	ck_assert_ptr_nonnull(world_plain(&a));
	ck_assert_ptr_null(world_plain(&b));
}
END_TEST

void endings_add(TCase *t)
{
	tcase_add_loop_test(t, end_is_logged_and_sent, 0, ENDING_COUNT);
	tcase_add_loop_test(t, end_is_logged, 0, 9);
	tcase_add_test(t, clone_is_logged_and_told);
}
