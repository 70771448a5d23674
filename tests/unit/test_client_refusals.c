/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each reason for which a server gives no tunnel, or ends one, is in the client's log, and its status shows it. */
#include "tests/unit/client_world.h"
#include "tests/unit/config_case.h"
#include "tests/unit/endings.h"
#include "tests/unit/refusals.h"

#include "common/base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const enum world_ask asks[] = {[REFUSED_PLAIN] = WORLD_CONFIGURE,
				      [REFUSED_RESERVATION] = WORLD_RESERVE,
				      [REFUSED_ENCRYPTED] = WORLD_CONFIGURE_ENCRYPTED};

static void refuse(struct client_world *w)
{
	const struct refusal *r = &refusals[w->i];

	w->server.code[asks[r->what]] = r->code;
	w->server.text = r->why;
	capture_begin();
}

WORLD_TEST(logged_and_shown, refuse)
{
	const struct refusal *r = &refusals[w->i];
	char expected[300];
	const char *shown;
	int fd = -1;

	if (r->what == REFUSED_PLAIN) {
		snprintf(expected, sizeof(expected), "refused by the server: %s: %s", tscf_response_name(r->code),
			 r->why);
		world_pass(w, 500);
		shown = world_status(w, "plain.refused");
	} else {
		snprintf(expected, sizeof(expected), "%s: %s", tscf_response_name(r->code), r->why);
		world_plain_up(w);
		fd = world_only(w, 5000);
		/* What is held meanwhile waits no longer. */
		WORLD_UNTIL(w, 10000, strcmp(world_status(w, "encrypted.gate"), "shut") == 0);
		shown = world_status(w, "encrypted.reason");
	}
	ck_assert_msg(strcmp(shown, expected) == 0, "%s: the status is '%s'", r->name, shown);
	shown = capture_end();
	ck_assert_msg(strstr(shown, expected) != NULL, "%s: the log is '%s'", r->name, shown);
	if (fd >= 0)
		close(fd);
}

/** The plain tunnel has ended.  The status says what is tried next, and why it ended among the last warnings. */
static void has_ended(struct client_world *w, const char *why)
{
	const char *log = capture_end();
	char line[200], path[32];
	bool shown = false;

	ck_assert(!world_plain_is_up(w));
	snprintf(line, sizeof(line), "plain tunnel lost: %s", why);
	ck_assert_msg(strstr(log, line) != NULL, "the log is '%s'", log);
	for (unsigned i = 0; i < TSCF_LOG_RECENT; i++) {
		snprintf(path, sizeof(path), "errors.%u.text", i);
		shown = shown || strcmp(world_status(w, path), line) == 0;
	}
	ck_assert_msg(shown, "the status shows '%s'", world_status(w, "errors"));
}

WORLD_TEST(end_is_logged_and_shown, NULL)
{
	const struct ending *e = &endings[w->i];
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;

	world_plain_up(w);
	world_lose_everything(w);
	capture_begin();
	world_begin(world_link(w, WORLD_UDP), &t, buffer, TSCF_RELEASE_REQUEST);
	tscf_write_response(&t, e->code, e->why);
	world_send(world_link(w, WORLD_UDP), &t);
	has_ended(w, e->why);
}

/* The server knows another client by the same identifier, and says so when it is asked whether the tunnel is there. */
WORLD_TEST(unknown_is_logged_and_shown, NULL)
{
	static const char *const said[] = {"another client has the same identifier", ""};

	world_plain_up(w);
	w->server.code[WORLD_KEEPALIVE] = TSCF_RESPONSE_NO_SESSION;
	w->server.text = said[w->i];
	for (int i = 0; i < WORLD_ASKS; i++)
		if (i != WORLD_KEEPALIVE)
			w->server.reaction[i] = WORLD_LOSES;
	capture_begin();
	WORLD_UNTIL(w, 60000, !world_plain_is_up(w));
	has_ended(w, w->i == 0 ? said[0] : "the server does not know this tunnel (any more)");
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client refusals");
	TCase *t = tcase_create("refusals");

	tcase_add_loop_test(t, logged_and_shown, 0, REFUSAL_COUNT);
	tcase_add_loop_test(t, end_is_logged_and_shown, 0, ENDING_COUNT);
	tcase_add_loop_test(t, unknown_is_logged_and_shown, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
