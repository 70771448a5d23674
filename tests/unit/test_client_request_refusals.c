/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each reason for which a server does not give a client what it asks for on its tunnel is in the client's log, once,
 * and its status shows it as long as it holds. */
#include "tests/unit/client_world.h"
#include "tests/unit/config_case.h"
#include "tests/unit/request_refusals.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** What of each kind the client asks for, how its log begins, and where its status shows why; NULL: in the log only. */
static const struct {
	enum world_ask ask;
	const char *log, *status;
} kinds[REFUSED_REQUESTS] = {
    [REFUSED_BIND] = {WORLD_BIND, "the server refused to register sockets", "bindings_refused"},
    [REFUSED_SHIELD] = {WORLD_SHIELD, "the server refused to shield sockets", "bindings_refused"},
    [REFUSED_UNSHIELD] = {WORLD_UNSHIELD, "the server refused to lift the shields of sockets", "bindings_refused"},
    [REFUSED_SOCKETS] = {WORLD_SOCKETS, "the server does not give sockets what they ask for", "redundancy.reason"},
    [REFUSED_MEDIA] = {WORLD_OFFER_MEDIA, "media of the plain tunnel go by its stream only", "plain.media.reason"},
    [REFUSED_MEDIA_OPEN] = {WORLD_OPEN_MEDIA, "media of the plain tunnel go by its stream only", "plain.media.reason"},
    [REFUSED_COPIES] = {WORLD_OFFER_COPIES, "copies of the plain tunnel go by its stream only",
			"plain.copy_ways.0.reason"},
    [REFUSED_COPIES_OPEN] = {WORLD_OPEN_COPIES, "copies of the plain tunnel go by its stream only",
			     "plain.copy_ways.0.reason"},
    [REFUSED_RESUME] = {WORLD_RESUME, "the plain tunnel cannot be resumed", NULL},
};

static bool is_by_stream(enum refused_request what)
{
	return what >= REFUSED_MEDIA && what <= REFUSED_COPIES_OPEN;
}

static void refuse(struct client_world *w)
{
	const struct request_refusal *r = &request_refusals[w->i];

	w->server.code[kinds[r->what].ask] = r->code;
	w->server.text = r->why;
	/* Otherwise what is encrypted is bound, and not shielded. */
	if (r->what == REFUSED_SHIELD || r->what == REFUSED_UNSHIELD)
		w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	if (is_by_stream(r->what)) {
		w->config.servers.all.transport = CLIENT_TRANSPORT_TCP;
		w->config.persistence = 30;
	}
}

/** Have the client ask.  @return a socket, which it may do that for, or -1. */
static int ask(struct client_world *w, enum refused_request what)
{
	const struct tscf_control_request request = {.op = TSCF_CONTROL_SET_REDUNDANCY, .level = 2};
	const int tos = 0xb8; /* expedited forwarding */
	int fd;

	if (what == REFUSED_BIND || what == REFUSED_SHIELD || what == REFUSED_UNSHIELD) {
		fd = world_only(w, 5000);
		if (what == REFUSED_UNSHIELD) {
			WORLD_UNTIL(w, 5000, world_shielded(w, 5000));
			world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
		}
		return fd;
	}
	if (what == REFUSED_RESUME) {
		world_lose_plain(w);
		return -1;
	}
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5004);
	if (what == REFUSED_MEDIA || what == REFUSED_MEDIA_OPEN)
		ck_assert_int_eq(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)), 0);
	else
		ck_assert_int_eq(world_ask_as(w, &request, fd, getpid(), 0)->error, 0);
	return fd;
}

/** Let @p ms pass; a socket that wants another way speaks all the time. */
static void go_on(struct client_world *w, int fd, unsigned ms)
{
	const bool speaks = is_by_stream(request_refusals[w->i].what);

	for (unsigned passed = 0; passed < ms; passed += 20) {
		if (speaks)
			ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "voice"), 0);
		world_pass(w, 20);
	}
}

/** The reason for a refusal is gone: it is not shown any more. */
static void forget(struct client_world *w, enum refused_request what, int fd)
{
	/* A way that is not offered is asked for by the next tunnel; a service, by the next socket. */
	if (is_by_stream(what))
		world_link_down(world_link(w, WORLD_TCP), ECONNRESET);
	if (what == REFUSED_SOCKETS)
		world_close(w, fd);
	go_on(w, fd, 20000);
	if (what != REFUSED_SOCKETS)
		close(fd);
}

/** @return how often @p line is in @p log. */
static unsigned count(const char *log, const char *line)
{
	unsigned found = 0;

	for (; (log = strstr(log, line)); log++)
		found++;
	return found;
}

WORLD_TEST(logged_once_and_shown, refuse)
{
	const struct request_refusal *r = &request_refusals[w->i];
	char reason[220], line[320];
	const char *log;
	int fd;

	snprintf(reason, sizeof(reason), "%s: %s", tscf_response_name(r->code), r->why);
	if (r->what == REFUSED_SOCKETS)
		snprintf(reason, sizeof(reason), "%s", r->why);
	snprintf(line, sizeof(line), r->what == REFUSED_RESUME ? "%s (%s)" : "%s: %s", kinds[r->what].log, reason);
	world_plain_up(w);
	capture_begin();
	fd = ask(w, r->what);
	go_on(w, fd, 20000);
	log = capture_end();
	ck_assert_msg(count(log, line) == 1, "%s: not '%s' once, the log is '%s'", r->name, line, log);
	ck_assert(world_plain_is_up(w));
	if (kinds[r->what].status) {
		ck_assert_str_eq(world_status(w, kinds[r->what].status), reason);
		w->server.code[kinds[r->what].ask] = TSCF_RESPONSE_SUCCESS;
		forget(w, r->what, fd);
		ck_assert_str_eq(world_status(w, kinds[r->what].status), "null");
	}
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client request refusals");
	TCase *t = tcase_create("refusals");
	int most = 0;

	while (most < REQUEST_REFUSAL_COUNT && request_refusals[most].what != REFUSED_STRANGE)
		most++;
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, logged_once_and_shown, 0, most);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
