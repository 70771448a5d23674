/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client with a one-time invitation: it takes a lasting key from its server, keeps it, and takes nothing else. */
#include "tests/unit/client_world.h"
#include "tests/unit/config_case.h"

#include "common/auth/proof.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY   "000102030405060708090a0b0c0d0e0f"
#define SHARE "7707076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ac177fba51db92c"

static const uint8_t lasting[TSCF_LASTING_KEY_SIZE] = {0xaa, 0xbb};
static uint8_t invitation[32];
static char file[64];

static void use_key(struct client_world *w, const char *line)
{
	uint8_t key[16];

	for (uint8_t i = 0; i < sizeof(key); i++)
		key[i] = i;
	tscf_sha256(key, sizeof(key), invitation);
	snprintf(file, sizeof(file), "/tmp/tscf-enrolment.%d", (int)getpid());
	ck_assert_int_eq(tscf_file_replace(file, 0600, line, strlen(line)), 0);
	free(w->config.psk_file);
	w->config.psk_file = strdup(file);
	w->server.cookie = true;
	w->server.methods = TSCF_PROOF_PSK;
	w->server.psk = invitation;
}

static void invited(struct client_world *w)
{
	use_key(w, "alice:" KEY ":share=" SHARE "\n");
	w->server.code[WORLD_CONFIGURE] = TSCF_RESPONSE_ENROLLED;
	w->server.lasting = lasting;
}

/** @return whether the file has the lasting key, and nothing of the invitation. */
static bool has_lasting(void)
{
	char text[256] = "";

	ck_assert_int_gt(tscf_file_read(file, text, sizeof(text) - 1), 0);
	return strcmp(text, "alice:aabb000000000000000000000000000000000000000000000000000000000000\n") == 0;
}

WORLD_TEST(takes_a_lasting_key, invited)
{
	struct stat st;

	world_plain_up(w);
	ck_assert(has_lasting());
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	unlink(file);
}

static void not_asked(struct client_world *w)
{
	use_key(w, "alice:" KEY ":share=" SHARE "\n");
	w->server.methods = 0;
	w->server.psk = NULL;
}

/* A server that does not ask who this is sees no share that is in a file, and the keys of the tunnel are new ones. */
WORLD_TEST(shows_its_share_when_asked, not_asked)
{
	uint8_t secret[TSCF_PSK_SHARE];
	struct tscf_share share;
	struct tscf_message m;
	struct tscf_tlv tlv;

	world_plain_up(w);
	m = world_last(w, WORLD_CONFIGURE);
	ck_assert(tscf_message_find(&m, TSCF_TLV_KEY_SHARE, &tlv));
	ck_assert(tscf_hex_get(SHARE, strlen(SHARE), secret, sizeof(secret)));
	ck_assert_int_eq(tscf_share_from(secret, &share), 0);
	ck_assert_mem_ne(tlv.value, share.bytes, sizeof(share.bytes));
	unlink(file);
}

/* A file that cannot be written is no reason to have no tunnel: the next run gets the same key. */
WORLD_TEST(goes_on_without_its_file, invited)
{
	unlink(file);
	world_plain_up(w);
	ck_assert(access(file, F_OK) < 0);
}

static void rogue(struct client_world *w)
{
	static const uint8_t other[32] = {1};

	invited(w);
	w->server.psk = other;
}

/* Who does not know the invitation cannot give a key. */
WORLD_TEST(takes_no_key_from_others, rogue)
{
	world_pass(w, 500);
	ck_assert(!world_plain_is_up(w));
	ck_assert_ptr_nonnull(strstr(world_status(w, "plain.unverified"), "has not come to the same keys"));
	ck_assert(!has_lasting());
	unlink(file);
}

static void lax(struct client_world *w)
{
	use_key(w, "alice:" KEY ":share=" SHARE "\n");
}

WORLD_TEST(takes_no_tunnel_for_the_invitation, lax)
{
	world_pass(w, 500);
	ck_assert(!world_plain_is_up(w) &&
		  world_plain_reason_has(w, "does not know that the invitation can be used only once"));
	unlink(file);
}

/** The client says in its log, and in its status of the first way, that it has no tunnel for @p why. */
static void has_no_tunnel(struct client_world *w, const char *why)
{
	const char *log;

	capture_begin();
	world_pass(w, 500);
	log = capture_end();
	ck_assert(!world_plain_is_up(w));
	ck_assert_msg(strstr(log, why) != NULL, "the log is '%s'", log);
	ck_assert_str_eq(world_status(w, "candidates.0.reason"), why);
	ck_assert(!has_lasting());
	unlink(file);
}

static void stingy(struct client_world *w)
{
	invited(w);
	w->server.lasting = NULL;
}

WORLD_TEST(takes_no_answer_without_a_key, stingy)
{
	has_no_tunnel(w, "the server has given no lasting key");
}

static void unasked(struct client_world *w)
{
	invited(w);
	use_key(w, "alice:" KEY "\n");
}

WORLD_TEST(takes_no_key_that_it_did_not_ask_for, unasked)
{
	has_no_tunnel(w, "the server gives a key that was not asked for");
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client enrolment");
	TCase *t = tcase_create("enrolment");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, takes_a_lasting_key);
	tcase_add_test(t, shows_its_share_when_asked);
	tcase_add_test(t, goes_on_without_its_file);
	tcase_add_test(t, takes_no_key_from_others);
	tcase_add_test(t, takes_no_tunnel_for_the_invitation);
	tcase_add_test(t, takes_no_answer_without_a_key);
	tcase_add_test(t, takes_no_key_that_it_did_not_ask_for);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
