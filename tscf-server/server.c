/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/server.h"

#include "tscf-server/accounting/accounts.h"
#include "tscf-server/admin/capture.h"
#include "tscf-server/admin/disconnect.h"
#include "tscf-server/admin/report.h"
#include "tscf-server/admin/sessions.h"
#include "tscf-server/certificate.h"
#include "tscf-server/context.h"
#include "tscf-server/control/authorised.h"
#include "tscf-server/device_watch.h"
#include "tscf-server/devices.h"
#include "tscf-server/interface.h"
#include "tscf-server/reload.h"
#include "tscf-server/renewal.h"
#include "tscf-server/restore.h"
#include "tscf-server/session/reply.h"
#include "tscf-server/settings/enrolled.h"
#include "tscf-server/settings/host_check.h"
#include "tscf-server/shut.h"
#include "tscf-server/store/state_lock.h"
#include "tscf-server/store_later.h"
#include "tscf-server/worker.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/daemon/daemon.h"
#include "common/daemon/reader.h"
#include "common/linux/scheduling.h"
#include "common/tls/key_log.h"

#include <cap-ng.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- events --- */

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
	server_reload(ev_userdata(loop), NULL);
}

static void answer_page(struct server *server, struct tscf_control_call_in *call)
{
	char *text = NULL;
	int err = server_sessions_page(server, call->text, &text);

	tscf_control_answer(call, -err, text);
	free(text);
}

static void answer_disconnect(struct server *server, struct tscf_control_call_in *call)
{
	char *text = NULL;
	int err = server_disconnect(server, call->text, &text);

	tscf_control_answer(call, -err, text);
	free(text);
}

static void answer_text(struct tscf_control_call_in *call, char *text)
{
	tscf_control_answer(call, text ? 0 : ENOMEM, text);
	free(text);
}

/** Who is connected from where is not for every user. */
static bool is_privileged(enum tscf_control_op op)
{
	return op == TSCF_CONTROL_STOP || op == TSCF_CONTROL_RELOAD || op == TSCF_CONTROL_SESSIONS ||
	       op == TSCF_CONTROL_DISCONNECT;
}

static void on_request(void *context, struct tscf_control_call_in *call)
{
	struct server *server = context;
	enum tscf_control_op op = (enum tscf_control_op)call->request.op;

	if (is_privileged(op) && call->uid != 0 && call->uid != geteuid()) {
		tscf_control_answer(call, EPERM, NULL);
		return;
	}
	switch (op) {
	case TSCF_CONTROL_STATUS:
		answer_text(call, server_report_status(server));
		break;
	case TSCF_CONTROL_SESSIONS:
		answer_page(server, call);
		break;
	case TSCF_CONTROL_DISCONNECT:
		answer_disconnect(server, call);
		break;
	case TSCF_CONTROL_CAPTURE:
	case TSCF_CONTROL_CAPTURE_END:
		tscf_capture_request(&server->capture, call);
		break;
	case TSCF_CONTROL_RELOAD:
		server_reload(server, call);
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

static void on_gone(void *context, struct tscf_control_call_in *call)
{
	struct server *server = context;

	tscf_capture_gone(&server->capture, call);
	server_reload_gone(call);
}

static bool brings_text(uint32_t op)
{
	return op == TSCF_CONTROL_SESSIONS || op == TSCF_CONTROL_DISCONNECT || op == TSCF_CONTROL_CAPTURE;
}

static const struct tscf_control_handler control_handler = {
    .request = on_request, .gone = on_gone, .brings_text = brings_text};

/* --- set-up and end --- */

/** @return the number of processors that this process may use. */
static unsigned processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (unsigned)CPU_COUNT(&set) < TSCF_WORKERS_MAX ? (unsigned)CPU_COUNT(&set) : TSCF_WORKERS_MAX;
}

static int open_control(struct server *server)
{
	const char *path = server->config->control;
	int err;

	tscf_capture_init(&server->capture, server->loop, &server_capture_taps, server);
	err = tscf_control_listen(server->loop, path, 0666, &control_handler, server, &server->control);

	if (err == -EADDRINUSE)
		tscf_error("%s: another tscf-server answers there", path);
	else if (err < 0)
		tscf_error("cannot listen at %s: %s", path, tscf_control_strerror(err));
	return err;
}

static void start_events(struct server *server)
{
	ev_signal_init(&server->terminate, on_stop_signal, SIGTERM);
	ev_signal_init(&server->interrupt, on_stop_signal, SIGINT);
	ev_signal_init(&server->hangup, on_hangup, SIGHUP);
	ev_signal_start(server->loop, &server->terminate);
	ev_signal_start(server->loop, &server->interrupt);
	ev_signal_start(server->loop, &server->hangup);
}

static void stop_events(struct server *server)
{
	ev_signal_stop(server->loop, &server->terminate);
	ev_signal_stop(server->loop, &server->interrupt);
	ev_signal_stop(server->loop, &server->hangup);
}

/**
 * From here on only CAP_NET_ADMIN is needed, for the devices and for buffers beyond the limits.  The process keeps its
 * user, because it must remove the control socket at the end.
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

/** Without a lock, for example on a read-only file system, there is no store either, which says so itself. */
static int lock_state(struct server *server)
{
	server->state_lock = server_state_lock(server->config->state_dir);
	return server->state_lock == -EBUSY ? -EBUSY : 0;
}

static int open_key_log(struct server *server)
{
	if (!server->config->key_log)
		return 0;
	server->key_log = tscf_key_log_open(server->config->key_log);
	return server->key_log < 0 ? server->key_log : 0;
}

/** @return the number of workers: as many as configured, if packets can be steered to their workers. */
static unsigned choose_workers(struct server *server)
{
	unsigned wished = server->config->workers != 0 ? server->config->workers : processors();
	int err = tscf_tun_steering_open(&server->steering, server->config->realtime_dscps, wished);

	if (err < 0 && wished > 1) {
		tscf_warning("one worker instead of %u: the kernel does not take the program that spreads packets: %s",
			     wished, strerror(-err));
		wished = 1;
		err = tscf_tun_steering_open(&server->steering, server->config->realtime_dscps, wished);
	}
	if (err < 0)
		tscf_debug("urgent packets come with the others: %s", strerror(-err));
	return wished;
}

static int set_up(struct server *server)
{
	unsigned workers;
	int err;

	/* Every stream needs a descriptor. */
	tscf_daemon_raise_descriptors();
	ev_set_userdata(server->loop, server);
	workers = choose_workers(server);
	server->accounts = server_accounts_new(server->config);
	server->quotas = server_quotas_new();
	server->reload_reader = tscf_reader_new(server->loop);
	if (!server->accounts || !server->quotas || !server->reload_reader)
		return -ENOMEM;
	server_quotas_change(server->quotas, server->config->client_limits);
	err = server_authorised_prepare(server, server->config);
	if (err == 0)
		server_authorised_change(server, server->config);
	if (err == 0)
		err = server_allocators_make(server, server->config, workers);
	if (err == 0)
		err = server_workers_open(server, workers);
	if (err == 0)
		server_interfaces_review(server, server->config);
	/* First the step that detects another running server, last the sockets that clients see. */
	if (err == 0)
		err = open_control(server);
	if (err == 0)
		err = lock_state(server);
	if (err == 0)
		err = open_key_log(server);
	if (err == 0 && server->state_lock >= 0)
		server->enrolled = server_enrolled_open(server->config->state_dir);
	if (err == 0) {
		server_enrolled_take(server->config, server->enrolled);
		err = server_certificate_open(server, server->config);
	}
	if (err == 0)
		server_config_warn(server->config);
	if (err == 0)
		err = server_devices_open(server);
	if (err == 0)
		err = server_workers_listen(server);
	if (err == 0)
		server_restore(server);
	if (err == 0 && server->enrolled)
		err = tscf_enrolments_start(server->enrolled, server_authorised_recorded, server);
	/* Capabilities and priority are per thread: new threads inherit those that this thread has before they
	 * start. */
	tscf_scheduling_set(server->config->realtime_priority, true);
	if (err == 0)
		err = drop_capabilities();
	return err;
}

static void say_goodbye(struct server_worker *worker)
{
	uint8_t data[TSCF_MESSAGE_MAX];

	/* With a store, plain sessions go on when the server is back. */
	for (struct server_session *s = worker->state->sessions.confirmed; s; s = s->next)
		if (s->encrypted || !worker->state->store)
			server_session_send(s, data,
					    server_write_release(s, TSCF_RESPONSE_SHUTDOWN, "the server stops", data));
}

/** @return 0 after a clean stop, or -errno. */
static int serve(struct server *server, void (*ready)(void *context), void *context)
{
	int err;

	start_events(server);
	err = server_workers_start(server);
	tscf_scheduling_reset();
	if (err == 0)
		err = server_accounts_start(server->accounts);
	if (err == 0 && server->asker)
		err = server_asker_start(server->asker);
	if (err == 0) {
		server_renewal_follow(server, server_watched_new(server->config, server->config->state_dir));
		server_store_later_start(server);
		server_device_watch_start(server);
		ready(context);
		ev_run(server->loop, 0);
		server_device_watch_stop(server);
		tscf_capture_stop(&server->capture);
		server_workers_stop(server);
		for (unsigned n = 0; n < server->worker_count; n++)
			say_goodbye(&server->workers[n]);
		server_shut_end(server);
	}
	server_store_later_stop(server);
	server_renewal_stop(server);
	stop_events(server);
	return err;
}

static void tear_down(struct server *server)
{
	server_restore_end(server);
	tscf_enrolments_stop(server->enrolled);
	server_asker_close(server->asker);
	server_workers_close(server);
	tscf_enrolments_free(server->enrolled);
	server_quotas_free(server->quotas);
	server_accounts_close(server->accounts);
	server_allocators_retract(server, NULL);
	tscf_tun_steering_close(&server->steering);
	server_certificate_close(server);
	if (server->key_log >= 0)
		close(server->key_log);
	if (server->control)
		tscf_control_close(server->control, false);
	/* The calls that wait for a reload are gone. */
	tscf_reader_free(server->reload_reader);
	if (server->state_lock >= 0)
		close(server->state_lock);
	ev_loop_destroy(server->loop);
}

int server_run(const struct server_config *config, void (*ready)(void *context),
	       struct server_config *(*reread)(void *context), void *context)
{
	struct server server = {
	    .config = config,
	    .state_lock = -1,
	    .key_log = -1,
	    .device_watch = {.fd = -1},
	    .steering = {.program = -1, .exceptions = -1},
	    .since = time(NULL),
	    .started = tscf_clock_now(),
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
	if (err == 0)
		err = serve(&server, ready, context);
	tear_down(&server);
	return err;
}
