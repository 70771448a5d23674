/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/client.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/daemon/daemon.h"
#include "common/linux/scheduling.h"
#include "common/tls/key_log.h"
#include "tscf-client/context.h"
#include "tscf-client/sockets/live_sockets.h"
#include "tscf-client/sockets/processes.h"

#include <cap-ng.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_hangup(struct ev_loop *loop, ev_signal *w, int events)
{
	struct client *c = w->data;
	(void)loop, (void)events;
	reloads_begin(&c->reloads, NULL);
}

static void on_clock(struct ev_loop *loop, ev_check *w, int events)
{
	struct client *c = w->data;
	(void)loop, (void)events;
	client_clock(c);
	/* The clock is checked again before the loop sleeps: the process may be stopped while it works, too. */
	monitor_sleep(&c->monitor, c->now);
}

/* Before the loop sleeps: report collected changes, and set the time to wake up. */
static void on_prepare(struct ev_loop *loop, ev_prepare *w, int events)
{
	struct client *c = w->data;
	(void)loop, (void)events;
	client_clock(c);
	need_flush(&c->need);
	/* Programs must learn that encryption ends before the server is asked to end it. */
	subscriptions_flush(&c->subscriptions);
	registry_flush(&c->registry);
	asks_flush(&c->asks);
	hook_flush(&c->hook);
	uint64_t next = tscf_timers_sleep(&c->timers);
	monitor_sleep(&c->monitor, next > c->now ? next : c->now);
}

static void on_stop_signal(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)w, (void)events;
	ev_break(loop, EVBREAK_ALL);
}

/** How to make encrypted tunnels to a server, and know it.  @return NULL with the reason logged. */
static struct tscf_tls *server_tls(const struct client_config *config, const struct client_server *one)
{
	char error[TSCF_TLS_ERROR];
	struct tscf_tls *tls = tscf_tls_client(config->ca, client_server_name(&config->servers, one),
					       client_server_pin(&config->servers, one), error);
	if (!tls)
		tscf_error("server %s: %s", one->host, error);
	return tls;
}

static int make_tls(struct client *c)
{
	const struct client_config *config = c->config;
	for (unsigned i = 0; i < config->servers.count; i++) {
		c->tls[i] = server_tls(config, &config->servers.list[i]);
		if (!c->tls[i])
			return -EINVAL;
		if (config->ca_crl)
			tscf_tls_check_revocation(c->tls[i], renewal_check_server, &c->renewal);
		tscf_tls_log_keys(c->tls[i], c->key_log);
	}
	return 0;
}

int client_check(const struct client_config *config)
{
	for (unsigned i = 0; i < config->servers.count; i++) {
		struct tscf_tls *tls = server_tls(config, &config->servers.list[i]);
		if (!tls)
			return -EINVAL;
		tscf_tls_free(tls);
	}
	struct renewal_read read;
	int error = renewal_read(config, &read);
	if (error == 0)
		renewal_read_free(&read);
	return error;
}

static int open_key_log(struct client *c)
{
	if (!c->config->key_log)
		return 0;
	c->key_log = tscf_key_log_open(c->config->key_log);
	return c->key_log < 0 ? c->key_log : 0;
}

static int open_device(struct client *c, struct tscf_tun *tun, const char *name)
{
	int error = tscf_tun_open(tun, name, false, c->config->realtime_dscps);
	if (error == -EBUSY)
		tscf_error("device %s exists already: another client? (%s)", name,
			   "--plain-dev and --encrypted-dev choose other names");
	else if (error < 0)
		tscf_error("cannot create device %s: %s", name, tscf_tun_strerror(error));
	if (error < 0)
		return error;
	/* Packets for the plain address arrive on both devices. */
	tscf_link_sysctl("ipv4", name, "rp_filter", "2");
	/* IPsec policies of other programs for all packets would have the kernel drop what comes by a tunnel. */
	tscf_link_sysctl("ipv4", name, "disable_policy", "1");
	tscf_link_sysctl("ipv6", name, "disable_policy", "1");
	return 0;
}

static int open_control(struct client *c)
{
	int error = tscf_control_listen(c->loop, c->config->control, policies_control_mode(&c->config->written),
					&commands_handler, c, &c->control);
	if (error == -EADDRINUSE)
		tscf_error("another client answers at %s", c->config->control);
	else if (error < 0)
		tscf_error("cannot listen at %s: %s", c->config->control, tscf_control_strerror(error));
	return error;
}

/* CAP_NET_ADMIN: devices, routes, rules, marks.  CAP_SYS_PTRACE: descriptors of running programs, and the owners of
 * sockets; CAP_DAC_READ_SEARCH: the same for programs of other users, as /proc/PID/fd can only be listed by its owner.
 */
static int drop_privileges(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH,
		      -1);
	if (capng_apply(CAPNG_SELECT_CAPS) == 0)
		return 0;
	tscf_error("cannot drop capabilities");
	return -EPERM;
}

/* Without the lock, the secret belongs to the other client, and this one must not use it. */
static void open_state(struct client *c)
{
	client_identity_open(&c->identity, c->config->state_dir, CLIENT_MACHINE_FILE);
	resume_secret_open(&c->resume_secret, c->identity.lock >= 0 ? c->config->state_dir : NULL);
}

/** The memory that the packet path needs: nothing is allocated later.  @return 0 or -errno, logged. */
static int make_tables(struct client *c)
{
	int error = suspects_init(&c->suspects);
	if (error == 0)
		error = wrong_source_init(&c->wrong_source);
	if (error == 0)
		error = port_traffic_init(&c->port_traffic);
	if (error == 0)
		error = hold_init(&c->hold);
	if (error == 0)
		error = rtp_flows_init(&c->rtp_flows);
	if (error == 0)
		error = tscf_redundancy_port_init(&c->redundancy, CLIENT_REDUNDANT_FLOWS);
	c->redundancy.shared.bound = c->config->redundancy_bound;
	c->ring = error == 0 ? tscf_ring_new(TSCF_PACKET_MAX) : NULL;
	if (error == 0 && !c->ring)
		error = -ENOMEM;
	if (error < 0)
		tscf_error("cannot make the tables of the packet path: %s", strerror(-error));
	return error;
}

static int set_up(struct client *c)
{
	/* For each socket that moves back, a descriptor is held until the server has confirmed. */
	tscf_daemon_raise_descriptors();
	unsigned restored;
	c->searches = searches_new(c->loop);
	c->readers = searches_new(c->loop);
	int error = c->searches && c->readers ? open_key_log(c) : -ENOMEM;
	if (error == 0)
		error = make_tls(c);
	if (error == 0)
		error = renewal_start(&c->renewal);
	if (error == 0 && (error = connector_init(&c->connector)) < 0)
		tscf_error("cannot look up names: %s", strerror(-error));
	if (error == 0)
		error = open_control(c);
	if (error == 0)
		open_state(c);
	if (error == 0 && (error = tscf_netlink_open(&c->netlink)) < 0)
		tscf_error("cannot open netlink: %s", strerror(-error));
	if (error == 0)
		error = open_device(c, &c->plain_tun, c->config->plain_dev);
	if (error == 0)
		error = open_device(c, &c->encrypted_tun, c->config->encrypted_dev);
	tscf_packet_sniffers_open(&c->sniffers);
	/* All that a start can lack comes before the first change of rules and policies. */
	if (error == 0 && (error = registry_init(&c->registry)) < 0)
		tscf_error("cannot watch sockets: %s", strerror(-error));
	if (error == 0 && (error = asks_init(&c->asks)) < 0)
		tscf_error("cannot list sockets: %s", strerror(-error));
	if (error == 0)
		error = make_tables(c);
	if (error == 0)
		error = routing_adopt(&c->routing, c->netlink, c->config);
	c->facts.plain_device = c->plain_tun.index;
	c->facts.encrypted_device = c->encrypted_tun.index;
	if (error == 0)
		error = routing_guard(&c->routing, &c->facts, &restored);
	tscf_scheduling_set(c->config->realtime_priority, false);
	if (error == 0)
		error = guard_open(&c->guard, c->config, &c->facts);
	return error ? error : drop_privileges();
}

static void watch(struct client *c)
{
	ev_check_init(&c->clock, on_clock);
	ev_set_priority(&c->clock, EV_MAXPRI);
	ev_prepare_init(&c->prepare, on_prepare);
	ev_signal_init(&c->on_term, on_stop_signal, SIGTERM);
	ev_signal_init(&c->on_int, on_stop_signal, SIGINT);
	ev_signal_init(&c->on_hangup, on_hangup, SIGHUP);
	c->clock.data = c->prepare.data = c->on_term.data = c->on_int.data = c->on_hangup.data = c;
	ev_check_start(c->loop, &c->clock);
	ev_prepare_start(c->loop, &c->prepare);
	ev_signal_start(c->loop, &c->on_term);
	ev_signal_start(c->loop, &c->on_int);
	ev_signal_start(c->loop, &c->on_hangup);
	ev_init(&c->plain_readable, path_plain_readable);
	ev_init(&c->plain_urgent, path_plain_readable);
	ev_init(&c->encrypted_readable, path_encrypted_readable);
	ev_init(&c->encrypted_urgent, path_encrypted_readable);
	device_loop_start(c);
}

/* A certificate may be valid now. */
static void on_clock_set(void *context)
{
	struct client *c = context;
	tscf_log(c->dtte.state == DTTE_FAILED || c->plain.state != TUNNEL_UP ? TSCF_LOG_INFO : TSCF_LOG_DEBUG,
		 "the clock of this host was set");
	connector_hurry(&c->connector);
	dtte_hurry(&c->dtte, c->now);
}

static void on_host_changed(void *context, bool slept)
{
	plain_host_changed(context, slept);
}

static void say_goodbye(struct client *c)
{
	/* Release the encrypted tunnel first: it is tied to the plain one. */
	tunnel_release(&c->encrypted);
	tunnel_release(&c->plain);
}

static bool is_only(void *context, int fd)
{
	const struct client *c = context;
	struct tscf_socket s;
	return tscf_socket_of_own(fd, &s) == 0 &&
	       tscf_mark_level(s.mark, c->config->fwmark_mask) == TSCF_LEVEL_ENCRYPTED_ONLY;
}

/* The kernel does not list sockets without a local port; their first packet would go out in clear. */
static bool only_sockets_live(struct client *c)
{
	c->registry.dumping = false;
	memset(c->registry.counting, 0, sizeof(c->registry.counting));
	return tscf_sockdiag_dump_now(c->registry.diag) < 0 || c->registry.counting[TSCF_LEVEL_ENCRYPTED_ONLY] > 0 ||
	       processes_any_socket(is_only, c) != 0;
}

/* A program may open a socket that a policy names at any time, and this stop may be the first half of a restart. */
static void remove_rules(struct client *c)
{
	bool runs = guard_runs_forbid_clear(&c->guard), policies = runs || policies_forbid_clear(&c->config->policies),
	     live = !policies && only_sockets_live(c);
	routing_remove(&c->routing, policies || live);
	guard_close(&c->guard, policies || live);
	if (policies || live)
		tscf_warning("%s: the rules that refuse clear packets stay (tscf-client flush removes them)",
			     live   ? "encrypted-only sockets are open"
			     : runs ? "programs run that are encrypted-only"
				    : "policies say encrypted-only");
}

static void tear_down(struct client *c)
{
	tscf_capture_stop(&c->capture);
	searches_free(c->searches);
	searches_free(c->readers);
	c->searches = c->readers = NULL;
	subscriptions_free(&c->subscriptions);
	moves_free(&c->moves);
	conditions_stop(&c->conditions);
	monitor_stop(&c->monitor);
	wall_clock_stop(&c->wall_clock);
	upkeep_stop(&c->upkeep);
	/* A start that failed for want of descriptors needs some to remove what it has made. */
	tscf_packet_sniffers_close(&c->sniffers);
	if (c->routing.netlink && c->registry.diag)
		remove_rules(c);
	side_ways_restart(&c->encrypted_ways);
	side_ways_restart(&c->plain_ways);
	candidates_stop(&c->encrypted_race, c->now);
	tunnel_close(&c->encrypted);
	connector_free(&c->connector);
	tunnel_close(&c->former);
	tunnel_close(&c->plain);
	registry_free(&c->registry);
	asks_free(&c->asks);
	suspects_free(&c->suspects);
	wrong_source_free(&c->wrong_source);
	port_traffic_free(&c->port_traffic);
	accept_queue_free(&c->accept_queue);
	hold_free(&c->hold);
	tscf_redundancy_clear(&c->plain_redundant, &c->redundancy.shared);
	tscf_redundancy_clear(&c->encrypted_redundant, &c->redundancy.shared);
	tscf_redundancy_port_free(&c->redundancy);
	tscf_ring_free(c->ring);
	tscf_tun_close(&c->encrypted_tun);
	tscf_tun_close(&c->plain_tun);
	if (c->netlink)
		tscf_netlink_close(c->netlink);
	if (c->control)
		tscf_control_close(c->control, policies_need_library(&c->config->written));
	for (unsigned i = 0; i < CLIENT_SERVERS_MAX; i++)
		tscf_tls_free(c->tls[i]);
	if (c->key_log >= 0)
		close(c->key_log);
	trust_free(&c->connector.verifier);
	tscf_credential_drop(c->reserved_by);
	renewal_stop(&c->renewal);
	resume_secret_close(&c->resume_secret);
	client_identity_close(&c->identity);
}

static struct client *client_new(struct client_config *config)
{
	struct client *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->config = config;
	c->loop = ev_loop_new(EVFLAG_AUTO);
	c->plain_tun.fd = c->plain_tun.urgent_fd = c->encrypted_tun.fd = c->encrypted_tun.urgent_fd = -1;
	c->sniffers = (struct tscf_packet_sniffers){-1, -1, -1};
	c->started = c->now = tscf_clock_now();
	tscf_timers_init(&c->timers, c->loop, &c->now);
	client_connect_parts(c);
	upkeep_init(&c->upkeep);
	monitor_init(&c->monitor, c->now, tscf_clock_boot());
	name_watch_init(&c->connector.name_watch);
	wall_clock_init(&c->wall_clock);
	c->identity.lock = c->key_log = -1;
	c->resume_secret.file = -1;
	pmtu_init(&c->pmtu);
	plain_init(c);
	tunnel_init(&c->plain, &c->tunnel_host, false, &plain_events);
	tunnel_init(&c->former, &c->tunnel_host, false, &plain_former_events);
	encrypted_init(c);
	side_ways_init(&c->plain_ways, &c->tunnel_host, &c->plain);
	side_ways_init(&c->encrypted_ways, &c->tunnel_host, &c->encrypted);
	conditions_init(&c->conditions);
	moves_init(&c->moves);
	preferred_init(&c->preferred);
	need_init(&c->need);
	accepted_init(&c->accepted);
	guarded_init(&c->guarded);
	nat_probe_init(&c->nat_probes);
	waiters_init(&c->waiters);
	hook_init(&c->hook);
	tscf_capture_init(&c->capture, c->loop, &commands_taps, c);
	return c;
}

int client_run(struct client_config *config, void (*ready)(void *context),
	       int (*reread)(void *context, struct client_config *fresh), void *context)
{
	struct client *c = client_new(config);
	if (!c || !c->loop) {
		tscf_error("cannot start: %s", strerror(ENOMEM));
		free(c);
		return -ENOMEM;
	}
	c->reloads.reread = reread;
	c->reloads.reread_context = context;
	int error = set_up(c);
	if (error == 0) {
		watch(c);
		monitor_start(&c->monitor, &c->timers, on_host_changed, c);
		wall_clock_start(&c->wall_clock, c->loop, on_clock_set, c);
		guard_listen(&c->guard, c->loop, &guarded_events, &c->guarded);
		guarded_begin(&c->guarded);
		accept_queue_adopt(&c->accept_queue);
		upkeep_start(&c->upkeep);
		reloads_start(&c->reloads);
		client_route(c);
		/* Sockets may have outlived an earlier client. */
		registry_resync_now(&c->registry);
		if (guard_must_look(&c->guard))
			live_sockets_classify(&c->moves, &c->guard);
		if (tscf_level_wants_encryption(config->default_level))
			dtte_demand(&c->dtte, true, c->now);
		/* Setting up takes long on a busy host: without this the first timers would expire at once. */
		c->now = tscf_clock_now();
		ev_now_update(c->loop);
		connector_begin(&c->connector);
		ready(context);
		ev_run(c->loop, 0);
		error = c->error;
		tscf_info("stopping");
		say_goodbye(c);
		hook_stop(&c->hook);
	}
	tear_down(c);
	ev_loop_destroy(c->loop);
	free(c);
	return error;
}
