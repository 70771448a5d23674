/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shields: what the server is told of encrypted-only sockets over the plain tunnel, when there is no encrypted one, and
 * what happens when it does not answer or refuses.
 */
#include "tests/unit/client_world.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static bool has(const struct tscf_message *m, uint16_t type)
{
	struct tscf_tlv tlv;

	return tscf_message_find(m, type, &tlv);
}

static void no_encryption(struct client_world *w)
{
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
}

WORLD_TEST(shielded_and_lifted, no_encryption)
{
	struct tscf_message m;
	int fd, other;

	world_plain_up(w);
	fd = world_only(w, 5000);
	other = world_only(w, 5001);
	WORLD_UNTIL(w, 3000, world_shielded(w, 5000) && world_shielded(w, 5001));
	m = world_last(w, WORLD_SHIELD);
	ck_assert(has(&m, TSCF_TLV_SHIELD_LOCK));
	/* Its owner's word lifts one, by the key of the lock, and with the next lock. */
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_UNENCRYPTED)->error, 0);
	WORLD_UNTIL(w, 1000, !world_shielded(w, 5000));
	m = world_last(w, WORLD_UNSHIELD);
	ck_assert(has(&m, TSCF_TLV_SHIELD_KEY) && has(&m, TSCF_TLV_SHIELD_LOCK));
	ck_assert(world_arrives(world_link(w, WORLD_UDP), fd, 5000));
	ck_assert(world_shielded(w, 5001));
	/* The other one closes: what comes for it stays refused for a minute. */
	world_close(w, other);
	world_pass(w, 30000);
	ck_assert(world_shielded(w, 5001));
	WORLD_UNTIL(w, 60000, !world_shielded(w, 5001));
	close(fd);
}

/* A shield that is lost is told until it has arrived. */
WORLD_TEST(shield_lost, no_encryption)
{
	int fd;

	world_plain_up(w);
	w->server.reaction[WORLD_SHIELD] = WORLD_LOSES;
	fd = world_only(w, 5000);
	world_pass(w, 20000);
	ck_assert_uint_ge(w->server.count[WORLD_SHIELD], 8);
	w->server.reaction[WORLD_SHIELD] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 3000, world_shielded(w, 5000));
	close(fd);
}

WORLD_TEST(shield_refused, no_encryption)
{
	int fd;

	world_plain_up(w);
	if (w->i)
		w->server.reaction[WORLD_SHIELD] = WORLD_WITHOUT;
	w->server.code[WORLD_SHIELD] = TSCF_RESPONSE_LIMIT;
	fd = world_only(w, 5000);
	world_pass(w, 1000);
	/* At this end nothing passes all the same. */
	ck_assert(!world_arrives(world_link(w, WORLD_UDP), fd, 5000));
	w->server.reaction[WORLD_SHIELD] = WORLD_ANSWERS;
	w->server.code[WORLD_SHIELD] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 6000, world_shielded(w, 5000));
	close(fd);
}

static void no_encryption_and_a_policy(struct client_world *w)
{
	struct policies *policies = &w->config.policies;

	no_encryption(w);
	policies->list[0] = (struct policy){
	    .name = "other", .level = TSCF_LEVEL_ENCRYPTED_ONLY, .uid = {.low = 4242, .high = 4242, .given = true}};
	policies->count = 1;
}

/* While there are policies a plain socket is an exception, which only an encrypted tunnel can carry.  The shield that
 * it had before is lifted without one. */
WORLD_TEST(exception_lifts_shield, no_encryption_and_a_policy)
{
	int fd;

	world_plain_up(w);
	fd = world_only(w, 5000);
	WORLD_UNTIL(w, 3000, world_shielded(w, 5000));
	if (w->i)
		w->server.code[WORLD_UNSHIELD] = TSCF_RESPONSE_NOT_ALLOWED;
	world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	world_pass(w, 100);
	w->server.code[WORLD_UNSHIELD] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 10000, !world_shielded(w, 5000));
	ck_assert(world_arrives(world_link(w, WORLD_UDP), fd, 5000));
	close(fd);
}

/* The server never heard of an exception that came and went without an encrypted tunnel. */
WORLD_TEST(exception_not_told, no_encryption_and_a_policy)
{
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_UNENCRYPTED)->error, 0);
	world_pass(w, 1000);
	close(fd);
	world_pass(w, 3000);
	ck_assert_uint_eq(w->server.count[WORLD_UNSHIELD], 0);
}

/* An answer was lost, and with it the word that the key is used up: the next one is shown then. */
WORLD_TEST(lifting_refused, no_encryption)
{
	int fd;

	world_plain_up(w);
	fd = world_only(w, 5000);
	WORLD_UNTIL(w, 3000, world_shielded(w, 5000));
	w->server.code[WORLD_UNSHIELD] = TSCF_RESPONSE_NOT_ALLOWED;
	world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	world_pass(w, 100);
	struct tscf_message before = world_last(w, WORLD_UNSHIELD);
	struct tscf_tlv lock, key;
	uint8_t shown[32];
	ck_assert(tscf_message_find(&before, TSCF_TLV_SHIELD_KEY, &key));
	memcpy(shown, key.value, sizeof(shown));
	w->server.code[WORLD_UNSHIELD] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 10000, !world_shielded(w, 5000));
	struct tscf_message after = world_last(w, WORLD_UNSHIELD);
	ck_assert(tscf_message_find(&after, TSCF_TLV_SHIELD_KEY, &lock));
	ck_assert(memcmp(shown, lock.value, sizeof(shown)) != 0);
	close(fd);
}

/* One lifting is under way at a time, and a shield for the same socket comes after it. */
WORLD_TEST(shielded_again, no_encryption)
{
	int fd;

	world_plain_up(w);
	fd = world_only(w, 5000);
	WORLD_UNTIL(w, 3000, world_shielded(w, 5000));
	w->server.reaction[WORLD_UNSHIELD] = WORLD_KEEPS;
	world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	world_level(w, fd, TSCF_LEVEL_ENCRYPTED_ONLY);
	world_pass(w, 100);
	w->server.reaction[WORLD_UNSHIELD] = WORLD_ANSWERS;
	world_answer_all(w, w->i);
	WORLD_UNTIL(w, 10000, world_shielded(w, 5000));
	world_pass(w, 6000);
	ck_assert(world_shielded(w, 5000));
	ck_assert(!world_arrives(world_link(w, WORLD_UDP), fd, 5000));
	close(fd);
}

/* --- the quiet of a server that has lost its memory --- */

/* The quiet ends when every shield has arrived, and not before. */
WORLD_TEST(complete_comes_last, no_encryption)
{
	struct tscf_message m;
	int fd, other;

	world_plain_up(w);
	fd = world_only(w, 5000);
	other = world_only(w, 5001);
	WORLD_UNTIL(w, 3000, world_shielded(w, 5000) && world_shielded(w, 5001));
	w->server.reaction[WORLD_SHIELD] = WORLD_KEEPS;
	w->server.code[WORLD_RESUME] = TSCF_RESPONSE_NO_SESSION;
	w->server.code[WORLD_KEEPALIVE] = TSCF_RESPONSE_NO_SESSION;
	world_link_unreachable(world_link(w, WORLD_UDP));
	world_turn(w);
	w->server.code[WORLD_KEEPALIVE] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 5000, w->server.count[WORLD_CONFIGURE] == 2);
	m = world_last(w, WORLD_CONFIGURE);
	ck_assert(has(&m, TSCF_TLV_QUIET));
	world_pass(w, 3000);
	m = world_last(w, WORLD_SHIELD);
	ck_assert(!has(&m, TSCF_TLV_COMPLETE));
	if (w->i)
		w->server.code[WORLD_SHIELD] = TSCF_RESPONSE_LIMIT;
	w->server.reaction[WORLD_SHIELD] = WORLD_ANSWERS;
	world_answer_all(w, false);
	world_pass(w, 1000);
	m = world_last(w, WORLD_SHIELD);
	/* Refused: better nothing from that server than something in clear. */
	ck_assert_int_eq(has(&m, TSCF_TLV_COMPLETE), w->i == 0);
	close(fd);
	close(other);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client shields");
	TCase *shields = tcase_create("shields"), *quiet = tcase_create("quiet");

	tcase_add_test(shields, shielded_and_lifted);
	tcase_add_test(shields, shield_lost);
	tcase_add_loop_test(shields, shield_refused, 0, 2);
	tcase_add_test(shields, lifting_refused);
	tcase_add_loop_test(shields, exception_lifts_shield, 0, 2);
	tcase_add_loop_test(shields, shielded_again, 0, 2);
	tcase_add_test(shields, exception_not_told);
	tcase_add_loop_test(quiet, complete_comes_last, 0, 2);
	suite_add_tcase(s, shields);
	suite_add_tcase(s, quiet);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
