/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/dtls_world.h"

#include "common/crypto/crypto.h"
#include "tests/unit/certs.h"
#include "tests/unit/dtls_inside.h"
#include "tests/unit/event.h"
#include "tests/unit/netns.h"
#include "tests/unit/numbered.h"
#include "tests/unit/tls_case.h"

#include <stdio.h>
#include <string.h>

struct dtls_world dtls_world;

static uint32_t length_of(uint32_t number)
{
	return 4 + number % (TSCF_DTLS_PAYLOAD_MAX - 3);
}

static void received(void *context, struct tscf_transport *t, struct tscf_batch *batch)
{
	struct transport_end *end = context;
	struct tscf_batch answer = {.count = 0};
	bool close_peer = end->closes_peer_when_received, close = end->closes_when_received;

	end->waiting = dtls_inside_strangers(t);
	for (unsigned i = 0; i < batch->count; i++) {
		struct tscf_packet *packet = batch->packet[i];

		ck_assert_ptr_nonnull(packet->peer);
		end->received++;
		end->last_tos = packet->tos;
		snprintf(end->last, sizeof(end->last), "%.*s", (int)packet->length, (const char *)packet->data);
		if (end->numbered) {
			numbered_check(packet, end->next, length_of(end->next));
			end->next++;
		}
		if (end->echo)
			tscf_batch_add(&answer, packet);
	}
	if (close_peer)
		tscf_peer_close(batch->packet[0]->peer);
	tscf_transport_send(t, &answer);
	transport_end_closing(end, false, NULL, close, t);
}

static void peer_moved(void *context, struct tscf_peer *peer)
{
	struct transport_end *end = context;

	ck_assert_ptr_eq(end->peer, peer);
	end->moved++;
}

static const struct tscf_transport_handler handler = {
    .received = received, .peer_up = transport_end_up, .peer_down = transport_end_down, .peer_moved = peer_moved};

void dtls_start_server(void)
{
	union tscf_endpoint local;

	ck_assert_int_eq(tscf_endpoint_parse("127.0.0.1:0", 0, &local), 0);
	ck_assert_int_eq(tscf_dtls_listen(dtls_world.loop, dtls_world.server_tls, &local, NULL, &handler,
					  &dtls_world.server, &dtls_world.server.transport),
			 0);
}

static void setup(void)
{
	tscf_netns_enter();
	ck_assert_int_eq(tscf_crypto_acquire(), 0);
	dtls_world.loop = ev_loop_new(EVFLAG_AUTO);
	dtls_world.ring = tscf_ring_new(TSCF_PACKET_MAX);
	dtls_world.server = (struct transport_end){.echo = true};
	dtls_world.server_tls = tls_case_server("good");
	dtls_world.client_tls = tls_case_client("ca.pem", "vpn.example.org", NULL);
	dtls_start_server();
}

static void teardown(void)
{
	if (dtls_world.server.transport)
		tscf_transport_close(dtls_world.server.transport);
	tscf_tls_free(dtls_world.server_tls);
	tscf_tls_free(dtls_world.client_tls);
	tscf_ring_free(dtls_world.ring);
	ev_loop_destroy(dtls_world.loop);
	tscf_crypto_release();
}

void dtls_restart_server_with(const char *name)
{
	tscf_transport_close(dtls_world.server.transport);
	tscf_tls_free(dtls_world.server_tls);
	dtls_world.server_tls = tls_case_server(name);
	dtls_start_server();
}

void dtls_replace_client_tls(struct tscf_tls *tls)
{
	tscf_tls_free(dtls_world.client_tls);
	dtls_world.client_tls = tls;
}

void dtls_connect_to(struct transport_end *client, const union tscf_endpoint *remote)
{
	ck_assert_int_eq(tscf_dtls_connect(dtls_world.loop, dtls_world.client_tls, remote, NULL, &handler, client,
					   &client->transport, &client->peer),
			 0);
}

bool dtls_has_received(void *context)
{
	return ((struct transport_end *)context)->received > 0;
}

void dtls_come_up(struct transport_end *client, const union tscf_endpoint *remote)
{
	dtls_connect_to(client, remote);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_settled, client, 9));
	ck_assert_msg(client->up == 1, "%s", client->reason);
}

void dtls_send_numbers(struct transport_end *end, uint32_t first, unsigned count)
{
	struct tscf_batch batch = {.count = 0};

	for (unsigned i = 0; i < count; i++) {
		struct tscf_packet *packet = tscf_ring_packet(dtls_world.ring, i);
		uint32_t number = first + i;

		packet->peer = end->peer;
		numbered_fill(packet, number, length_of(number));
		tscf_batch_add(&batch, packet);
	}
	tscf_transport_send(end->transport, &batch);
}

/* One packet there and back. */
void dtls_check_alive(struct transport_end *client)
{
	client->received = 0;
	tscf_peer_send(client->peer, DTLS_NEEDLE, strlen(DTLS_NEEDLE));
	ck_assert(tscf_test_run_until(dtls_world.loop, dtls_has_received, client, 5));
	ck_assert_str_eq(client->last, DTLS_NEEDLE);
}

bool dtls_was_resumed(const struct transport_end *client)
{
	return dtls_inside_resumed(client->peer);
}

TCase *dtls_case(const char *name)
{
	TCase *tests = tcase_create(name);

	tcase_add_unchecked_fixture(tests, tls_case_prepare, certs_remove);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	return tests;
}

Suite *dtls_suite(const char *name, TCase *tests)
{
	Suite *suite = suite_create(name);

	suite_add_tcase(suite, tests);
	return suite;
}
