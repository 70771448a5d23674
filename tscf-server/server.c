/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server.h"

#include "context.h"
#include "devices.h"
#include "identity.h"
#include "interface.h"
#include "path.h"
#include "report.h"
#include "requests.h"

#include "common/log.h"
#include "common/udp.h"

#include <cap-ng.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_SECONDS 1.0

uint64_t server_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- reload --- */

static void differs(const char *what, const char *old, const char *fresh)
{
	if ((old == NULL) != (fresh == NULL) || (old && strcmp(old, fresh) != 0))
		tscf_warning("reload: %s changes when the server is restarted", what);
}

/** @return 0, or -EINVAL when the configuration has errors and the old one stays. */
static int reload(struct server *server)
{
	const struct server_config *old = server->config;
	struct server_config *fresh = server->reread(server->reread_context);

	if (!fresh) {
		tscf_error("reload: the configuration has errors; nothing was changed");
		return -EINVAL;
	}
	differs("plain-dev", old->plain_dev, fresh->plain_dev);
	differs("encrypted-dev", old->encrypted_dev, fresh->encrypted_dev);
	differs("control", old->control, fresh->control);
	differs("state-dir", old->state_dir, fresh->state_dir);
	differs("cert", old->cert, fresh->cert);
	differs("key", old->key, fresh->key);
	if (old->mtu != fresh->mtu)
		tscf_warning("reload: mtu changes when the server is restarted");
	server_interfaces_reload(server, fresh);
	tscf_log_set_level(fresh->log_level);
	server_config_free(fresh);
	free(fresh);
	tscf_info("reloaded; new tunnels are set up by the new configuration");
	return 0;
}

/* --- events --- */

static void on_tick(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct server *server = ev_userdata(loop);

	(void)timer;
	(void)events;
	server_state_expire(server->state, server_now());
}

static void on_stop_signal(struct ev_loop *loop, struct ev_signal *watcher, int events)
{
	(void)events;
	tscf_info("stopping: %s", strsignal(watcher->signum));
	ev_break(loop, EVBREAK_ALL);
}

static void on_hangup(struct ev_loop *loop, struct ev_signal *watcher, int events)
{
	(void)watcher;
	(void)events;
	reload(ev_userdata(loop));
}

static void answer_text(struct tscf_control_call_in *call, char *text)
{
	tscf_control_answer(call, text ? 0 : ENOMEM, text);
	free(text);
}

/** Who knows a session's id can pretend to be its client on the plain tunnel. */
static bool is_privileged(enum tscf_control_op op)
{
	return op == TSCF_CONTROL_STOP || op == TSCF_CONTROL_RELOAD || op == TSCF_CONTROL_SESSIONS;
}

static void on_request(void *context, struct tscf_control_call_in *call)
{
	struct server *server = context;
	enum tscf_control_op op = (enum tscf_control_op)call->request.op;
	int err;

	if (is_privileged(op) && call->uid != 0 && call->uid != geteuid()) {
		tscf_control_answer(call, EPERM, NULL);
		return;
	}
	switch (op) {
	case TSCF_CONTROL_STATUS:
		answer_text(call, server_report_status(server));
		break;
	case TSCF_CONTROL_SESSIONS:
		answer_text(call, server_report_sessions(server->state, server_now()));
		break;
	case TSCF_CONTROL_RELOAD:
		err = reload(server);
		tscf_control_answer(call, -err, NULL);
		break;
	case TSCF_CONTROL_STOP:
		tscf_info("stopping: asked by process %d", (int)call->pid);
		tscf_control_answer(call, 0, NULL);
		ev_break(server->loop, EVBREAK_ALL);
		break;
	default:
		tscf_control_answer(call, EOPNOTSUPP, NULL);
		break;
	}
}

static const struct tscf_control_handler control_handler = {.request = on_request};

/* --- set-up and end --- */

static int open_control(struct server *server)
{
	const char *path = server->config->control;
	int err = tscf_control_listen(server->loop, path, 0666, &control_handler, server, &server->control);

	if (err == -EADDRINUSE)
		tscf_error("%s: another tscf-server answers there", path);
	else if (err < 0)
		tscf_error("%s: cannot make the control socket: %s", path, strerror(-err));
	return err;
}

static void start_events(struct server *server)
{
	ev_signal_init(&server->terminate, on_stop_signal, SIGTERM);
	ev_signal_init(&server->interrupt, on_stop_signal, SIGINT);
	ev_signal_init(&server->hangup, on_hangup, SIGHUP);
	ev_timer_init(&server->tick, on_tick, TICK_SECONDS, TICK_SECONDS);
	ev_signal_start(server->loop, &server->terminate);
	ev_signal_start(server->loop, &server->interrupt);
	ev_signal_start(server->loop, &server->hangup);
	ev_timer_start(server->loop, &server->tick);
}

static void stop_events(struct server *server)
{
	ev_signal_stop(server->loop, &server->terminate);
	ev_signal_stop(server->loop, &server->interrupt);
	ev_signal_stop(server->loop, &server->hangup);
	ev_timer_stop(server->loop, &server->tick);
}

/**
 * From here on nothing but CAP_NET_ADMIN is needed: the devices, and buffers beyond the limits.  The user stays,
 * because the control socket must be removed at the end.
 */
static int drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN) < 0 ||
	    capng_apply(CAPNG_SELECT_CAPS) < 0) {
		tscf_error("cannot drop capabilities");
		return -EPERM;
	}
	return 0;
}

static int set_up(struct server *server)
{
	int err;

	ev_set_userdata(server->loop, server);
	server->state = server_state_new(tscf_udp_peer_add);
	if (!server->state) {
		tscf_error("out of memory");
		return -ENOMEM;
	}
	err = server_interfaces_make(server);
	/* First what tells that another server runs here, last what the world sees. */
	if (err == 0)
		err = open_control(server);
	if (err == 0 && server_interfaces_encrypt(server))
		err = server_identity_open(server);
	if (err == 0)
		err = server_devices_open(server);
	if (err == 0)
		err = server_interfaces_listen(server);
	if (err == 0)
		err = server_path_start(server);
	if (err == 0)
		err = drop_capabilities();
	return err;
}

static void say_goodbye(struct server *server)
{
	uint8_t data[TSCF_MESSAGE_MAX];

	for (struct server_session *s = server->state->sessions.confirmed; s; s = s->next)
		server_session_send(s, data, server_write_release(s, data));
}

static void tear_down(struct server *server)
{
	if (server->state)
		server_sessions_end_all(server->state, server_now());
	server_path_stop(server);
	if (server->state)
		server_interfaces_close(server);
	server_devices_close(server);
	server_identity_close(server);
	if (server->control)
		tscf_control_close(server->control);
	server_state_free(server->state);
	ev_loop_destroy(server->loop);
}

int server_run(const struct server_config *config, void (*ready)(void *context),
	       struct server_config *(*reread)(void *context), void *context)
{
	struct server server = {
	    .config = config,
	    .plain.tun.fd = -1,
	    .encrypted.tun.fd = -1,
	    .since = time(NULL),
	    .started = server_now(),
	    .reread = reread,
	    .reread_context = context,
	};
	int err;

	server.loop = ev_loop_new(EVFLAG_AUTO);
	if (!server.loop) {
		tscf_error("cannot make an event loop");
		return -ENOMEM;
	}
	err = set_up(&server);
	if (err == 0) {
		start_events(&server);
		ready(context);
		ev_run(server.loop, 0);
		stop_events(&server);
		say_goodbye(&server);
		err = server.error;
	}
	tear_down(&server);
	return err;
}
