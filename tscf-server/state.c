/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/state.h"

#include "tscf-server/session/admission.h"
#include "tscf-server/session/overtime.h"
#include "tscf-server/session/sweep.h"

#include "common/auth/identity.h"
#include "common/auth/proof.h"

#include <stdlib.h>
#include <string.h>

/** Least number of entries of the binding table that a tick checks. */
#define EXPIRE_LOOKS 4096

struct server_state *server_state_new(struct tscf_peer *(*add_peer)(struct tscf_transport *t,
								    const union tscf_endpoint *outer,
								    const struct tscf_addr *local, void *user))
{
	struct server_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->workers = 1;
	state->add_peer = add_peer;
	server_cookies_init(&state->cookies);
	state->bindings = tscf_bindings_new();
	state->services = tscf_services_new();
	state->fragments = tscf_fragments_new(SERVER_FRAGMENTS);
	if (tscf_redundancy_port_init(&state->redundancy, SERVER_REDUNDANT_FLOWS) < 0 || !state->bindings ||
	    !state->services || !state->fragments || server_sessions_init(&state->sessions) < 0 ||
	    server_leases_init(&state->leases) < 0 || server_reservations_init(&state->reservations) < 0) {
		server_state_free(state);
		return NULL;
	}
	return state;
}

struct server_interface *server_interface_find(const struct server_state *state, const char *name)
{
	for (struct server_interface *i = state->interfaces; i; i = i->next)
		if (strcmp(i->name, name) == 0)
			return i;
	return NULL;
}

void server_interface_free(struct server_interface *i)
{
	tscf_client_auth_drop(i->client_auth);
	free(i->name);
	free(i);
}

void server_state_free(struct server_state *state)
{
	struct server_interface *i, *next;

	if (!state)
		return;
	server_sessions_end_all(state, 0);
	server_reservations_free(&state->reservations);
	server_certificates_free(&state->certificates);
	tscf_bindings_free(state->bindings);
	tscf_services_free(state->services);
	tscf_redundancy_port_free(&state->redundancy);
	server_authorisations_free(&state->authorisations);
	server_enrolling_free(&state->enrolling);
	tscf_fragments_free(state->fragments);
	for (i = state->interfaces; i; i = next) {
		next = i->next;
		server_interface_free(i);
	}
	free(state);
}

void server_state_expire(struct server_state *state, uint64_t now)
{
	tscf_identity_tick(state->identity, now);
	unsigned looks = tscf_bindings_count(state->bindings) / 16;

	server_reservations_expire(&state->reservations, now);
	server_hold_expire(state, now);
	server_admission_tick(state, now);
	server_certificates_expire(&state->certificates, now);
	server_liveness_tick(state, now);
	server_yield_tick(state, now);
	server_sessions_expire(state, now);
	server_accounting_tick(state, now);
	server_overtime_tick(state, now);
	tscf_bindings_expire(state->bindings, now, looks > EXPIRE_LOOKS ? looks : EXPIRE_LOOKS);
}
