/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server_radius_refusals.c - clients that are refused because of what a RADIUS server says, or does not say. */
#include "tests/unit/server_refusals_case.h"

#include "tscf-server/radius/asker.h"
#include "tscf-server/session/authorisation.h"

#include <check.h>
#include <errno.h>

static struct server_asker *asker;

static void unused(void *context, unsigned worker, const struct server_ruling *ruling)
{
	(void)context;
	(void)worker;
	(void)ruling;
}

/** The request of client a is handled again. */
static void again(void *context, const struct server_way *way, const uint8_t *data, uint32_t length)
{
	(void)context;
	(void)way;
	world_send_bytes(&a, data, length, false);
}

/** A client with a good key asks for a plain tunnel, and waits for a ruling. */
static void ask(void)
{
	struct tscf_credential *alice = credential(ALICE);

	asker = server_asker_new(unused, NULL);
	ck_assert_ptr_nonnull(asker);
	w->state->authorisations.asker = asker;
	w->state->authorisations.timeout = 5000;
	let_in(ALICE);
	ck_assert_int_eq(configure(&a, false, NULL), TSCF_RESPONSE_COOKIE);
	ck_assert_int_eq(configure(&a, true, alice), -1);
	tscf_credential_drop(alice);
}

static void rule(const struct server_ruling *ruling)
{
	server_authorisation_decide(w->state, ruling, w->now, again, NULL);
}

void refuse_radius(void)
{
	ask();
	rule(&(struct server_ruling){.id = 1, .err = -EACCES});
}

void refuse_radius_message(void)
{
	ask();
	rule(&(struct server_ruling){.id = 1, .err = -EACCES, .message = "Your account is closed"});
}

void refuse_no_radius(void)
{
	ask();
	w->now += 6000;
	server_authorisations_tick(w->state, w->now, again, NULL);
}

void refuse_radius_address(void)
{
	struct server_ruling ruling = {.id = 1};

	ruling.grant.address.of[0] = world_addr("192.0.2.9");
	ask();
	rule(&ruling);
}

void radius_end(void)
{
	server_asker_close(asker);
	asker = NULL;
}
