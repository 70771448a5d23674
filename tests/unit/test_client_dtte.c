/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first dynamic encryption module on a clock of the test's own: which actions follow which events, and what the
 * gate lets through.
 */
#include "tests/unit/runner.h"
#include "tscf-client/dtte.h"

#include <string.h>

/** What the machine did, one letter each: r request, c connect, f configure, u up, l release, x close, i idle, H O S
 * gate. */
static char done[64];

static void note(char letter)
{
	size_t n = strlen(done);
	ck_assert_uint_lt(n + 1, sizeof(done));
	done[n] = letter;
	done[n + 1] = '\0';
}

static void on_request(void *context)
{
	(void)context;
	note('r');
}

static void on_connect(void *context)
{
	(void)context;
	note('c');
}

static void on_configure(void *context)
{
	(void)context;
	note('f');
}

static void on_up(void *context)
{
	(void)context;
	note('u');
}

static void on_release(void *context)
{
	(void)context;
	note('l');
}

static void on_close(void *context)
{
	(void)context;
	note('x');
}

static void on_idle(void *context)
{
	(void)context;
	note('i');
}

static void on_gate(void *context, enum dtte_gate gate)
{
	(void)context;
	note("HOS"[gate]);
}

static uint32_t no_jitter(void *context)
{
	(void)context;
	return 0;
}

static const struct dtte_actions actions = {on_request, on_connect, on_configure, on_up,    on_release,
					    on_close,   on_idle,    on_gate,      no_jitter};

static void expect(const char *letters)
{
	ck_assert_str_eq(done, letters);
	done[0] = '\0';
}

static void start(struct dtte *d)
{
	done[0] = '\0';
	dtte_init(d, &actions, NULL, 3000, 30000, 0);
	ck_assert_int_eq(d->gate, DTTE_GATE_HOLD);
	ck_assert_uint_eq(dtte_next(d), UINT64_MAX);
}

static void bring_up(struct dtte *d, uint64_t now)
{
	dtte_plain(d, true, now);
	dtte_demand(d, true, now);
	dtte_reserved(d, now);
	dtte_handshake_done(d, now);
	dtte_configured(d, now);
	ck_assert(dtte_is_up(d));
	done[0] = '\0';
}

/* FIG. 3: demand, service request, handshake, configuration; the sockets are registered before the gate opens. */
START_TEST(sequence)
{
	struct dtte d;
	start(&d);
	dtte_plain(&d, true, 1);
	expect("");
	dtte_demand(&d, true, 2);
	ck_assert_int_eq(d.state, DTTE_REQUESTED);
	expect("r");
	dtte_reserved(&d, 3);
	ck_assert_int_eq(d.state, DTTE_HANDSHAKE);
	expect("c");
	dtte_handshake_done(&d, 4);
	ck_assert_int_eq(d.state, DTTE_CONFIGURING);
	expect("f");
	ck_assert_int_eq(d.gate, DTTE_GATE_HOLD);
	dtte_configured(&d, 5);
	ck_assert_int_eq(d.state, DTTE_UP);
	expect("uO");
	ck_assert_uint_eq(d.since, 5);
}
END_TEST

/* No plain tunnel, no request; it is made when the plain tunnel comes. */
START_TEST(waits_for_plain)
{
	struct dtte d;
	start(&d);
	dtte_demand(&d, true, 1);
	expect("");
	dtte_plain(&d, true, 2);
	expect("r");
}
END_TEST

/* The last socket goes: the tunnel lingers, is used again at once, and is released when its time is over. */
START_TEST(lingers)
{
	struct dtte d;
	start(&d);
	bring_up(&d, 0);
	dtte_demand(&d, false, 1000);
	ck_assert_int_eq(d.state, DTTE_LINGERING);
	ck_assert_int_eq(d.gate, DTTE_GATE_OPEN);
	ck_assert_uint_eq(dtte_next(&d), 31000);
	dtte_demand(&d, true, 2000);
	ck_assert_int_eq(d.state, DTTE_UP);
	ck_assert_uint_eq(dtte_next(&d), UINT64_MAX);
	dtte_demand(&d, false, 3000);
	dtte_tick(&d, 32999);
	expect("");
	dtte_tick(&d, 33000);
	expect("liH");
	ck_assert_int_eq(d.state, DTTE_IDLE);
}
END_TEST

/* Refused: the gate shuts at once; it is tried again after 1, 2, 4 ... s, less a quarter without jitter, and the gate
 * stays shut meanwhile. */
START_TEST(backs_off)
{
	static const uint64_t pauses[] = {750, 1500, 3000, 6000, 12000, 22500, 22500};
	struct dtte d;
	uint64_t now = 0;
	start(&d);
	dtte_plain(&d, true, now);
	dtte_demand(&d, true, now);
	expect("r");
	for (unsigned i = 0; i < sizeof(pauses) / sizeof(*pauses); i++) {
		dtte_failed(&d, "service unavailable", now);
		ck_assert_int_eq(d.state, DTTE_FAILED);
		ck_assert_str_eq(d.reason, "service unavailable");
		expect(i == 0 ? "xS" : "x");
		ck_assert_uint_eq(dtte_next(&d), now + pauses[i]);
		dtte_tick(&d, now + pauses[i] - 1);
		expect("");
		now += pauses[i];
		dtte_tick(&d, now);
		expect("r");
		ck_assert_int_eq(d.gate, DTTE_GATE_SHUT);
	}
	dtte_reserved(&d, now);
	dtte_handshake_done(&d, now);
	dtte_configured(&d, now);
	expect("cfuO");
	ck_assert_uint_eq(d.failures, 0);
}
END_TEST

/* While the server makes room, the request is repeated and packets are held; not for ever. */
START_TEST(busy)
{
	struct dtte d;
	uint64_t now = 0;
	start(&d);
	dtte_plain(&d, true, now);
	dtte_demand(&d, true, now);
	for (unsigned i = 0; i < DTTE_BUSY_TIMES; i++) {
		dtte_busy(&d, now);
		ck_assert_int_eq(d.state, DTTE_REQUESTED);
		now += DTTE_BUSY_MS;
		done[0] = '\0';
		dtte_tick(&d, now - 1);
		ck_assert_int_eq(d.gate, now - 1 < 3000 ? DTTE_GATE_HOLD : DTTE_GATE_SHUT);
		ck_assert_ptr_null(strchr(done, 'r'));
		dtte_tick(&d, now);
		ck_assert_ptr_nonnull(strchr(done, 'r'));
	}
	done[0] = '\0';
	dtte_busy(&d, now);
	expect("x");
	ck_assert_int_eq(d.state, DTTE_FAILED);
	/* The next request is put off as often. */
	dtte_tick(&d, now + 1000);
	expect("r");
	dtte_busy(&d, now + 1000);
	ck_assert_int_eq(d.state, DTTE_REQUESTED);
	dtte_reserved(&d, now + 1001);
	dtte_busy(&d, now + 1002);
	ck_assert_int_eq(d.state, DTTE_HANDSHAKE);
	ck_assert_uint_eq(dtte_next(&d), UINT64_MAX);
}
END_TEST

/* A tunnel that others need is released soon, whatever packets come; a socket that wants it keeps it. */
START_TEST(leaves)
{
	struct dtte d;
	start(&d);
	bring_up(&d, 0);
	dtte_leave(&d, 100);
	ck_assert_int_eq(d.state, DTTE_UP);
	dtte_demand(&d, false, 100);
	dtte_leave(&d, 350);
	dtte_touch(&d, 200);
	dtte_leave(&d, 900);
	ck_assert_uint_eq(dtte_next(&d), 350);
	dtte_demand(&d, true, 300);
	dtte_tick(&d, 400);
	ck_assert_int_eq(d.state, DTTE_UP);
	expect("");
	dtte_demand(&d, false, 500);
	ck_assert_uint_eq(dtte_next(&d), 30500);
	dtte_leave(&d, 750);
	dtte_tick(&d, 750);
	expect("liH");
	ck_assert_int_eq(d.state, DTTE_IDLE);
	ck_assert_str_eq(d.reason, "given up for encrypted-only sockets of others");
}
END_TEST

/* It was refused to preferred sockets: for an encrypted-only one it is asked for at once, and packets are held. */
START_TEST(needed)
{
	struct dtte d;
	start(&d);
	dtte_plain(&d, true, 0);
	dtte_demand(&d, true, 0);
	dtte_failed(&d, "no capacity", 1);
	expect("rxS");
	dtte_needed(&d, 100);
	expect("Hr");
	ck_assert_int_eq(d.state, DTTE_REQUESTED);
	dtte_needed(&d, 101);
	expect("");
	dtte_failed(&d, "no capacity", 200);
	dtte_plain(&d, false, 201);
	done[0] = '\0';
	dtte_needed(&d, 202);
	expect("");
}
END_TEST

/* A reason that is too long ends with a whole character. */
START_TEST(long_reason)
{
	struct dtte d;
	char reason[241] = "";
	start(&d);
	dtte_plain(&d, true, 0);
	dtte_demand(&d, true, 0);
	for (unsigned i = 0; i < 120; i++)
		strcat(reason, "\xd0\xb6");
	dtte_failed(&d, reason, 0);
	ck_assert_uint_eq(strlen(d.reason), sizeof(d.reason) - 2);
	ck_assert_int_eq(memcmp(d.reason, reason, strlen(d.reason)), 0);
}
END_TEST

/* What made it fail is over: no waiting for the end of the back-off, and the gate stays shut until it is up. */
START_TEST(hurries)
{
	struct dtte d;
	start(&d);
	dtte_hurry(&d, 0);
	dtte_plain(&d, true, 0);
	dtte_demand(&d, true, 0);
	expect("r");
	dtte_failed(&d, "certificate is not valid yet", 100);
	expect("xS");
	dtte_hurry(&d, 200);
	ck_assert_uint_eq(dtte_next(&d), 200);
	dtte_tick(&d, 200);
	expect("r");
	dtte_hurry(&d, 300);
	dtte_tick(&d, 300);
	expect("");
	ck_assert_int_eq(d.gate, DTTE_GATE_SHUT);
}
END_TEST

/* A server that does not answer: what is held is held for hold_ms, not longer, in every state of the negotiation. */
START_TEST(hold_ends)
{
	for (int steps = 0; steps < 3; steps++) {
		struct dtte d;
		start(&d);
		dtte_plain(&d, true, 0);
		dtte_demand(&d, true, 0);
		if (steps > 0)
			dtte_reserved(&d, 1000);
		if (steps > 1)
			dtte_handshake_done(&d, 2000);
		done[0] = '\0';
		ck_assert_uint_eq(dtte_next(&d), 3000);
		dtte_tick(&d, 2999);
		expect("");
		dtte_tick(&d, 3000);
		expect("S");
	}
}
END_TEST

/* The plain tunnel is not there: held packets are refused after hold_ms too. */
START_TEST(hold_ends_without_plain)
{
	struct dtte d;
	start(&d);
	dtte_demand(&d, true, 10);
	ck_assert_uint_eq(dtte_next(&d), 3010);
	dtte_tick(&d, 3010);
	expect("S");
	dtte_demand(&d, false, 4000);
	expect("iH");
}
END_TEST

/* A tunnel that is lost soon, again and again, is a failure each time: the pauses grow until one lasts. */
START_TEST(does_not_last)
{
	struct dtte d;
	uint64_t now = 1000;
	start(&d);
	bring_up(&d, now);
	for (unsigned i = 0; i < DTTE_SHORT_MAX; i++) {
		dtte_failed(&d, "closed", ++now);
		ck_assert_int_eq(d.state, DTTE_REQUESTED);
		bring_up(&d, now);
	}
	for (uint64_t pause = DTTE_BACKOFF_MS; pause <= 4 * DTTE_BACKOFF_MS; pause *= 2) {
		dtte_failed(&d, "closed", ++now);
		ck_assert_int_eq(d.state, DTTE_FAILED);
		ck_assert_int_eq(d.gate, DTTE_GATE_SHUT);
		ck_assert_uint_eq(dtte_next(&d), now + pause - pause / 4);
		now = dtte_next(&d);
		dtte_tick(&d, now);
		ck_assert_int_eq(d.state, DTTE_REQUESTED);
		bring_up(&d, now);
	}
	now += DTTE_SHORT_MS;
	dtte_failed(&d, "closed", now);
	ck_assert_int_eq(d.state, DTTE_REQUESTED);
	bring_up(&d, now);
	dtte_failed(&d, "closed", ++now);
	ck_assert_int_eq(d.state, DTTE_REQUESTED);
}
END_TEST

/* A tunnel that is lost while wanted is asked for again at once, and packets are held, not refused and never let
 * through. */
START_TEST(lost_and_back)
{
	struct dtte d;
	start(&d);
	bring_up(&d, 0);
	dtte_failed(&d, "the server does not answer", 5000);
	expect("xHr");
	ck_assert_int_eq(d.state, DTTE_REQUESTED);
	ck_assert_uint_eq(dtte_next(&d), 8000);
}
END_TEST

/* Lost together with the plain tunnel: wait for that. */
START_TEST(lost_with_plain)
{
	struct dtte d;
	start(&d);
	bring_up(&d, 0);
	dtte_plain(&d, false, 100);
	ck_assert(dtte_is_up(&d));
	expect("");
	dtte_failed(&d, "the server does not answer", 200);
	expect("xH");
	dtte_tick(&d, 3200);
	expect("S");
	dtte_plain(&d, true, 9000);
	expect("r");
	ck_assert_int_eq(d.gate, DTTE_GATE_SHUT);
}
END_TEST

/* The plain tunnel goes while the service request is under way. */
START_TEST(plain_goes_while_requested)
{
	struct dtte d;
	start(&d);
	dtte_plain(&d, true, 0);
	dtte_demand(&d, true, 0);
	expect("r");
	dtte_plain(&d, false, 10);
	expect("x");
	ck_assert_int_eq(d.state, DTTE_IDLE);
	dtte_plain(&d, true, 20);
	expect("r");
}
END_TEST

/* Lost when nobody wants it: idle, no request. */
START_TEST(lost_while_lingering)
{
	struct dtte d;
	start(&d);
	bring_up(&d, 0);
	dtte_demand(&d, false, 1);
	dtte_failed(&d, "the server does not answer", 2);
	expect("xiH");
	ck_assert_int_eq(d.state, DTTE_IDLE);
}
END_TEST

/* A socket without a port, or a first packet: the tunnel is made and lingers. */
START_TEST(touch)
{
	struct dtte d;
	start(&d);
	dtte_plain(&d, true, 0);
	dtte_touch(&d, 0);
	expect("r");
	dtte_reserved(&d, 1);
	dtte_handshake_done(&d, 2);
	dtte_configured(&d, 3);
	expect("cfuO");
	ck_assert_int_eq(d.state, DTTE_LINGERING);
	dtte_touch(&d, 20000);
	dtte_tick(&d, 30003);
	expect("");
	dtte_tick(&d, 50000);
	expect("liH");
}
END_TEST

/* A socket that lives for one packet: the refusal is told, and its next packet does not ask again before the back-off
 * is over. */
START_TEST(touch_refused)
{
	struct dtte d;
	start(&d);
	dtte_plain(&d, true, 0);
	dtte_touch(&d, 0);
	dtte_failed(&d, "refused", 1);
	expect("rxS");
	ck_assert_int_eq(d.state, DTTE_FAILED);
	dtte_touch(&d, 2);
	dtte_tick(&d, 700);
	expect("");
	dtte_tick(&d, 2000);
	expect("iH");
	ck_assert_int_eq(d.state, DTTE_IDLE);
	dtte_touch(&d, 2001);
	expect("r");
}
END_TEST

/* What is held for a socket that is no more is not sent with the next tunnel. */
START_TEST(held_is_forgotten)
{
	struct dtte d;
	start(&d);
	dtte_plain(&d, true, 0);
	dtte_touch(&d, 0);
	dtte_plain(&d, false, 1);
	expect("rxi");
	dtte_demand(&d, true, 2);
	dtte_demand(&d, false, 3);
	expect("i");
}
END_TEST

/* Events that come late, for a state that is over, change nothing. */
START_TEST(late_events)
{
	struct dtte d;
	start(&d);
	dtte_reserved(&d, 1);
	dtte_handshake_done(&d, 1);
	dtte_configured(&d, 1);
	dtte_failed(&d, "late", 1);
	expect("");
	ck_assert_int_eq(d.state, DTTE_IDLE);
	bring_up(&d, 2);
	dtte_reserved(&d, 3);
	dtte_handshake_done(&d, 3);
	dtte_configured(&d, 3);
	expect("");
	ck_assert_int_eq(d.state, DTTE_UP);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client dtte");
	TCase *tc = tcase_create("states");
	tcase_add_test(tc, sequence);
	tcase_add_test(tc, waits_for_plain);
	tcase_add_test(tc, lingers);
	tcase_add_test(tc, backs_off);
	tcase_add_test(tc, busy);
	tcase_add_test(tc, leaves);
	tcase_add_test(tc, needed);
	tcase_add_test(tc, long_reason);
	tcase_add_test(tc, hurries);
	tcase_add_test(tc, hold_ends);
	tcase_add_test(tc, hold_ends_without_plain);
	tcase_add_test(tc, does_not_last);
	tcase_add_test(tc, lost_and_back);
	tcase_add_test(tc, lost_with_plain);
	tcase_add_test(tc, plain_goes_while_requested);
	tcase_add_test(tc, lost_while_lingering);
	tcase_add_test(tc, touch);
	tcase_add_test(tc, touch_refused);
	tcase_add_test(tc, held_is_forgotten);
	tcase_add_test(tc, late_events);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
