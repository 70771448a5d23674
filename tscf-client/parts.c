/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parts.c - what each part of the client uses of the others.  A part has no other way to them. */
#include "tscf-client/context.h"
#include "tscf-client/sockets/processes.h"

#include <errno.h>

static void write_rules(void *context)
{
	client_route(context);
}

static void device_gone(void *context, struct tscf_tun *tun)
{
	device_loop_lost(context, tun, -ENODEV);
}

static void ways_changed(void *context)
{
	struct client *c = context;
	nat_probe_again(&c->nat_probes);
}

static void connect_kernel(struct client *c)
{
	c->router = (struct router){write_rules, c};
	c->upkeep = (struct upkeep){.routing = &c->routing,
				    .facts = &c->facts,
				    .router = &c->router,
				    .plain_tun = &c->plain_tun,
				    .encrypted_tun = &c->encrypted_tun,
				    .dtte = &c->dtte,
				    .device_gone = device_gone,
				    .ways_changed = ways_changed,
				    .context = c,
				    .put_back = &c->counters.put_back,
				    .timers = &c->timers};
	c->nat_probes = (struct nat_probes){.config = c->config,
					    .facts = &c->facts,
					    .dtte = &c->dtte,
					    .timers = &c->timers,
					    .of = {{.device = c->plain_tun.name}, {.device = c->encrypted_tun.name}}};
}

static void credential_changed(void *context)
{
	struct client *c = context;
	connector_credential_changed(&c->connector);
}

static void lists_changed(void *context)
{
	plain_lists_changed(context);
}

static void connect_tunnels(struct client *c)
{
	c->tunnel_host = (struct tunnel_host){.client = c,
					      .config = c->config,
					      .timers = &c->timers,
					      .routing = &c->routing,
					      .facts = &c->facts,
					      .router = &c->router,
					      .tls = c->tls,
					      .identity = &c->identity,
					      .mtu = &c->pmtu.mtu,
					      .packets = &path_handler,
					      .control_invalid = &c->counters.control_invalid,
					      .control_wrong_tsid = &c->counters.control_wrong_tsid,
					      .control_unsealed = &c->counters.control_unsealed,
					      .control_forged = &c->counters.control_forged,
					      .control_replayed = &c->counters.control_replayed};
	c->pushed = (struct pushed){
	    .config = c->config, .facts = &c->facts, .dns = &c->dns, .refused = &c->counters.pushed_refused};
	c->internal_check = (struct internal_check){.devices = {c->plain_tun.name, c->encrypted_tun.name}};
	c->connector.client = c;
	c->connector.config = c->config;
	c->connector.timers = &c->timers;
	c->connector.host = &c->tunnel_host;
	c->connector.plain = &c->plain;
	c->connector.registry = &c->registry;
	c->connector.identity = &c->identity;
	c->connector.credential = &c->renewal.credential;
	c->connector.verifier.unverified = &c->counters.unverified;
	c->renewal = (struct renewal){.config = c->config,
				      .readers = &c->readers,
				      .timers = &c->timers,
				      .credential_changed = credential_changed,
				      .lists_changed = lists_changed,
				      .context = c};
	c->reloads = (struct reloads){.readers = &c->readers,
				      .timers = &c->timers,
				      .renewal = &c->renewal,
				      .apply = commands_apply,
				      .context = c};
	c->pmtu = (struct pmtu){.config = c->config,
				.timers = &c->timers,
				.routing = &c->routing,
				.plain_tun = &c->plain_tun,
				.encrypted_tun = &c->encrypted_tun,
				.plain = &c->plain,
				.encrypted = &c->encrypted};
}

/* The process may have ended. */
static json_t *describe_socket(void *context, const struct tscf_socket *s, uint32_t value, pid_t pid)
{
	char program[32];
	processes_program(pid, program, sizeof(program));
	return report_socket(context, s, value, pid, program);
}

static void connect_sockets(struct client *c)
{
	c->accept_queue = (struct accept_queue){.config = c->config, .timers = &c->timers, .guard = &c->guard};
	c->registry = (struct registry){.config = c->config,
					.timers = &c->timers,
					.dtte = &c->dtte,
					.preferred = &c->preferred,
					.accept_queue = &c->accept_queue,
					.encrypted_tun = &c->encrypted_tun,
					.plain = &c->plain,
					.encrypted = &c->encrypted,
					.events = &client_registry_events,
					.context = c};
	c->subscriptions = (struct subscriptions){.config = c->config,
						  .timers = &c->timers,
						  .dtte = &c->dtte,
						  .registry = &c->registry,
						  .preferred = &c->preferred,
						  .plain = &c->plain,
						  .encrypted = &c->encrypted,
						  .plain_media = &c->plain_ways.media,
						  .encrypted_media = &c->encrypted_ways.media,
						  .asks = &c->asks,
						  .observed = &c->observed,
						  .plain_reason = c->plain_reason};
	c->moves = (struct moves){.config = c->config,
				  .timers = &c->timers,
				  .dtte = &c->dtte,
				  .registry = &c->registry,
				  .subscriptions = &c->subscriptions,
				  .accept_queue = &c->accept_queue,
				  .guard = &c->guard,
				  .preferred = &c->preferred,
				  .control = &c->control,
				  .describe = describe_socket,
				  .context = c};
	c->asks = (struct asks){.config = c->config,
				.timers = &c->timers,
				.guard = &c->guard,
				.registry = &c->registry,
				.plain = &c->plain,
				.encrypted = &c->encrypted,
				.changed = client_asks_changed,
				.context = c};
	c->guarded = (struct guarded){.moves = &c->moves,
				      .asks = &c->asks,
				      .guard = &c->guard,
				      .timers = &c->timers,
				      .asked = {.moves = &c->moves, .guard = &c->guard, .searches = &c->searches}};
	c->accepted = (struct accepted){.queue = &c->accept_queue, .moves = &c->moves, .searches = &c->searches};
	c->suspects = (struct suspects){.config = c->config,
					.timers = &c->timers,
					.plain_tun = &c->plain_tun,
					.registry = &c->registry,
					.moves = &c->moves};
	c->wrong_source = (struct wrong_source){.timers = &c->timers, .plain = &c->plain, .searches = &c->searches};
}

static void connect_preferred(struct client *c)
{
	c->preferred = (struct preferred){.config = c->config,
					  .timers = &c->timers,
					  .plain = &c->plain,
					  .router = &c->router,
					  .dtte = &c->dtte,
					  .registry = &c->registry,
					  .moves = &c->moves,
					  .subscriptions = &c->subscriptions};
	c->need = (struct need){.timers = &c->timers,
				.dtte = &c->dtte,
				.registry = &c->registry,
				.preferred = &c->preferred,
				.encrypted = &c->encrypted};
}

static void policies_changed(void *context)
{
	commands_policies_changed(context, NULL);
}

static void connect_conditions(struct client *c)
{
	c->conditions = (struct conditions){.config = c->config,
					    .timers = &c->timers,
					    .preferred = &c->preferred,
					    .plain = &c->plain,
					    .changed = policies_changed,
					    .context = c};
}

static void describe_tunnels(void *context, struct tscf_control_config *out)
{
	report_config(context, out);
}

static void connect_admin(struct client *c)
{
	c->waiters.config = c->config;
	c->waiters.timers = &c->timers;
	c->waiters.plain = &c->plain;
	c->waiters.plain_reason = c->plain_reason;
	c->waiters.dtte = &c->dtte;
	c->waiters.preferred = &c->preferred;
	c->waiters.connector = &c->connector;
	c->waiters.encrypted_refused = &c->encrypted_refused;
	c->hook.config = c->config;
	c->hook.timers = &c->timers;
	c->hook.dtte = &c->dtte;
	c->hook.encrypted = &c->encrypted;
	c->hook.facts = &c->facts;
	c->hook.pmtu = &c->pmtu;
	c->hook.observed = &c->observed;
	c->hook.describe = describe_tunnels;
	c->hook.context = c;
}

void client_connect_parts(struct client *c)
{
	connect_kernel(c);
	connect_tunnels(c);
	connect_sockets(c);
	connect_preferred(c);
	connect_conditions(c);
	connect_admin(c);
}
