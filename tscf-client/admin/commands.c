/* SPDX-License-Identifier: GPL-3.0-or-later */
/* commands.c - passes the requests at the control socket to the parts that answer them. */
#include "common/base/log.h"
#include "common/capture/selection.h"
#include "common/control/control.h"
#include "tscf-client/admin/waiters.h"
#include "tscf-client/context.h"
#include "tscf-client/sockets/live_sockets.h"
#include "tscf-client/sockets/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void answer_json(struct tscf_control_call_in *call, char *text)
{
	tscf_control_answer(call, text ? 0 : ENOMEM, text);
	free(text);
}

static void get_config(struct client *c, struct tscf_control_call_in *call)
{
	struct tscf_control_config config;
	report_config(c, &config);
	tscf_control_answer_with(call, 0, &config, sizeof(config));
}

/** The sockets of one request, for its answer. */
struct asking {
	struct client *client;
	enum ask_service service;
	uint8_t value;
	json_t *list;
	int error; /**< of the first socket that cannot ask */
};

static void ask_one(void *context, pid_t pid, int fd)
{
	struct asking *asking = context;
	struct client *c = asking->client;
	struct tscf_socket s;
	char program[32];
	int error = tscf_socket_of_own(fd, &s);

	processes_program(pid, program, sizeof(program));
	if (error == 0)
		error = asks_put(&c->asks, &s, asking->service, asking->value, ASK_EXPLICIT);
	if (error == 0)
		json_array_append_new(
		    asking->list, report_socket(c, &s, tscf_mark_get(s.mark, c->config->fwmark_mask), pid, program));
	else if (error != -EAFNOSUPPORT && asking->error == 0)
		asking->error = error;
	tscf_control_discard(c->control, fd);
}

static void all_asked(void *context, struct tscf_control_call_in *call, int error, int first)
{
	struct asking *asking = context;
	size_t count = json_array_size(asking->list);
	char *text = count > 0 ? json_dumps(asking->list, 0) : NULL;

	if (error == 0)
		error = asking->error < 0 ? asking->error : first;
	if (error == 0)
		error = -ENOENT;
	if (call)
		tscf_control_answer(call, count > 0 ? 0 : -error, text);
	free(text);
}

static void free_asking(void *context)
{
	struct asking *asking = context;

	json_decref(asking->list);
	free(asking);
}

/* Of sockets of running programs. */
static void ask_of(struct client *c, struct tscf_control_call_in *call, enum ask_service service)
{
	static const struct live_user user = {ask_one, NULL, all_asked, free_asking};
	const bool legal = asks_legal(service, call->request.level);
	struct asking *asking = legal ? malloc(sizeof(*asking)) : NULL;
	int error = legal ? -ENOMEM : -EINVAL;

	if (asking) {
		*asking = (struct asking){
		    .client = c, .service = service, .value = (uint8_t)call->request.level, .list = json_array()};
		error = live_sockets_search(c->searches, call, &user, asking);
	}
	if (error < 0)
		tscf_control_answer(call, -error, NULL);
}

/* Only root and the daemon's own user may stop it or clean up. */
static bool privileged(const struct tscf_control_call_in *call)
{
	return call->uid == 0 || call->uid == geteuid();
}

/* The guard refuses clear packets of sockets that the new policies name, until they have been looked at.  Without it,
 * packets wait for that, and only programs under the library are looked at. */
static void classify_existing(struct client *c, struct tscf_control_call_in *call)
{
	if (c->guard.on && live_sockets_classify_beside(&c->moves, &c->guard, c->searches, call, NULL))
		return;
	live_sockets_classify(&c->moves, &c->guard);
	if (call)
		tscf_control_answer(call, 0, NULL);
}

/* First new sockets get their level by the new policies, then existing ones. */
int commands_policies_changed(struct client *c, struct tscf_control_call_in *call)
{
	int error = registry_policies_changed(&c->registry);

	guard_policies_changed(&c->guard);
	classify_existing(c, error < 0 ? NULL : call);
	client_route(c);
	/* Until now the guard did not tell of sockets that the new policies alone name. */
	registry_resync_soon(&c->registry);
	asks_policies_changed(&c->asks);
	return error;
}

void commands_apply(void *context, const struct client_config *fresh, struct tscf_control_call_in *call)
{
	struct client *c = context;
	c->config->written = fresh->written;
	c->config->policies = fresh->policies;
	c->config->trusted = fresh->trusted;
	c->config->accept_routes = fresh->accept_routes;
	c->config->accept_dns = fresh->accept_dns;
	c->config->keep_routes = fresh->keep_routes;
	c->config->log_level = fresh->log_level;
	tscf_log_set_level(fresh->log_level);
	/* Without a client, no condition is known. */
	tscf_control_mode(c->control, policies_control_mode(&c->config->written));
	conditions_reload(&c->conditions);
	int error = commands_policies_changed(c, call);
	plain_review(c);
	preferred_look(&c->preferred);
	conditions_look(&c->conditions);
	nat_probe_again(&c->nat_probes);
	upkeep_soon(&c->upkeep);
	tscf_info("reloaded: %u policies; other settings hold from the next start on", c->config->written.count);
	if (call && error < 0)
		tscf_control_answer(call, -error, NULL);
}

/* The request is always for the process that has connected; it cannot name another.  But that process may have handed
 * the connection on, and its number may be that of another user's process by now. */
static void run(struct client *c, struct tscf_control_call_in *call)
{
	int err = -EINVAL;

	if (call->pid > 0 && call->request.level <= TSCF_LEVEL_ENCRYPTED_PREFERRED)
		err = processes_uid(call->pid) != (int64_t)call->uid
			  ? -EPERM
			  : guard_run(&c->guard, call->pid, call->uid, (enum tscf_level)call->request.level);
	tscf_control_answer(call, -err, NULL);
}

static void mark_mask(const struct client *c, struct tscf_control_call_in *call)
{
	call->level = c->config->fwmark_mask;
	tscf_control_answer(call, 0, NULL);
}

/** Requests that only the administrator may make. */
static void administer(struct client *c, struct tscf_control_call_in *call)
{
	if (!privileged(call)) {
		tscf_control_answer(call, EPERM, NULL);
	} else if (call->request.op == TSCF_CONTROL_RELOAD) {
		reloads_begin(&c->reloads, call);
	} else if (call->request.op == TSCF_CONTROL_STOP) {
		tscf_control_answer(call, 0, NULL);
		ev_break(c->loop, EVBREAK_ALL);
	} else {
		/* FLUSH: a running client has no leftovers to remove. */
		tscf_control_answer(call, EBUSY, NULL);
	}
}

static int open_tap(void *context, const struct tscf_control_call_in *call)
{
	struct tscf_capture_selection selection;
	struct client *c = context;
	void *owner;
	int err = tscf_capture_selection_read(&call->request, call->text, &selection, &owner);

	if (err == 0)
		err = tscf_tap_open(&c->tap, &selection.filter, true);
	tscf_capture_selection_free(owner);
	return err;
}

static void close_tap(void *context)
{
	struct client *c = context;

	tscf_tap_close(&c->tap);
}

static struct tscf_tap *tap(void *context, unsigned n)
{
	struct client *c = context;

	return n == 0 ? &c->tap : NULL;
}

const struct tscf_capture_taps commands_taps = {.open = open_tap, .close = close_tap, .tap = tap};

static bool brings_descriptor(uint32_t op)
{
	return op == TSCF_CONTROL_SET_LEVEL || op == TSCF_CONTROL_GET_LEVEL || op == TSCF_CONTROL_BOUND ||
	       op == TSCF_CONTROL_WATCH || op == TSCF_CONTROL_SET_REDUNDANCY || op == TSCF_CONTROL_GET_REDUNDANCY ||
	       op == TSCF_CONTROL_SET_DATAGRAM || op == TSCF_CONTROL_GET_DATAGRAM;
}

/** Requests that bring the socket that they are about. */
static void about_socket(struct client *c, struct tscf_control_call_in *call)
{
	switch (call->request.op) {
	case TSCF_CONTROL_SET_LEVEL:
		moves_set_level(&c->moves, call);
		break;
	case TSCF_CONTROL_GET_LEVEL:
		moves_get_level(&c->moves, call);
		break;
	case TSCF_CONTROL_SET_REDUNDANCY:
	case TSCF_CONTROL_SET_DATAGRAM:
		asks_set(&c->asks, call);
		break;
	case TSCF_CONTROL_GET_REDUNDANCY:
	case TSCF_CONTROL_GET_DATAGRAM:
		asks_get(&c->asks, call);
		break;
	case TSCF_CONTROL_BOUND:
		asks_bound(&c->asks, call);
		moves_bound(&c->moves, call);
		break;
	case TSCF_CONTROL_WATCH:
		subscriptions_watch(&c->subscriptions, call);
		break;
	default:
		tscf_control_answer(call, ENOSYS, NULL);
	}
}

static void request(void *context, struct tscf_control_call_in *call)
{
	struct client *c = context;

	if (brings_descriptor(call->request.op)) {
		about_socket(c, call);
		return;
	}
	switch (call->request.op) {
	case TSCF_CONTROL_STATUS:
		answer_json(call, report_status(c, privileged(call)));
		break;
	case TSCF_CONTROL_SOCKETS:
		listing_request(c, call);
		break;
	case TSCF_CONTROL_MARK_MASK:
		mark_mask(c, call);
		break;
	case TSCF_CONTROL_REDUNDANCY_OF:
		ask_of(c, call, ASK_REDUNDANCY);
		break;
	case TSCF_CONTROL_DATAGRAM_OF:
		ask_of(c, call, ASK_DATAGRAM);
		break;
	case TSCF_CONTROL_LEVEL_OF:
		live_sockets_level_of(&c->moves, c->searches, call);
		break;
	case TSCF_CONTROL_RUN:
		run(c, call);
		break;
	case TSCF_CONTROL_WAIT_UP:
		waiters_add(&c->waiters, call);
		break;
	case TSCF_CONTROL_GET_CONFIG:
		get_config(c, call);
		break;
	case TSCF_CONTROL_SUBSCRIBE:
		subscriptions_subscribe(&c->subscriptions, call);
		break;
	case TSCF_CONTROL_UNWATCH:
		subscriptions_unwatch(&c->subscriptions, call);
		break;
	case TSCF_CONTROL_CAPTURE:
	case TSCF_CONTROL_CAPTURE_END:
		tscf_capture_request(&c->capture, call);
		break;
	case TSCF_CONTROL_RELOAD:
	case TSCF_CONTROL_STOP:
	case TSCF_CONTROL_FLUSH:
		administer(c, call);
		break;
	default:
		tscf_control_answer(call, ENOSYS, NULL);
	}
}

static void gone(void *context, struct tscf_control_call_in *call)
{
	struct client *c = context;
	tscf_capture_gone(&c->capture, call);
	searches_gone(c->searches, call);
	searches_gone(c->readers, call);
	if (subscriptions_gone(&c->subscriptions, call))
		return;
	waiters_gone(&c->waiters, call);
	moves_gone(call);
}

static bool brings_text(uint32_t op)
{
	return op == TSCF_CONTROL_CAPTURE;
}

const struct tscf_control_handler commands_handler = {
    .request = request, .gone = gone, .brings_descriptor = brings_descriptor, .brings_text = brings_text};
