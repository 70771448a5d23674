/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/query.h"

#include "common/base/log.h"
#include "common/control/control_wire.h"
#include "common/daemon/listener_process.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

/** A daemon that removes its rules with thousands of sockets open may need some time. */
#define STOP_MS 30000
#define LOOK_MS 50

int64_t tscf_query_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void tscf_query_pause(int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

/** @return the parsed text in *reply (NULL if there is none) and 0, or -EPROTO (logged). */
static int parse_reply(const char *program, const char *text, json_t **reply)
{
	json_error_t error;

	*reply = text ? json_loads(text, JSON_DECODE_ANY, &error) : NULL;
	if (*reply || !text)
		return 0;
	tscf_error("the answer of %s is no JSON: %s", program, error.text);
	return -EPROTO;
}

/** @return the meaning of the daemon's refusal @p err in words. */
static const char *refusal(enum tscf_control_op op, int err)
{
	if (err == EPERM || err == EACCES)
		return "you may not do that";
	if (op == TSCF_CONTROL_RELOAD && err == ETIMEDOUT)
		return "a file that it reads again does not answer; nothing was changed";
	if (op == TSCF_CONTROL_RELOAD)
		return "its configuration has errors, which its log names; nothing was changed";
	if ((op == TSCF_CONTROL_LEVEL_OF || op == TSCF_CONTROL_REDUNDANCY_OF || op == TSCF_CONTROL_DATAGRAM_OF) &&
	    err == ENOENT)
		return "no such socket";
	if (op == TSCF_CONTROL_DISCONNECT && err == ENOENT)
		return "no such client has a tunnel";
	if (op == TSCF_CONTROL_FLUSH && err == EBUSY)
		return "it is running; stop it first";
	return strerror(err);
}

/** A daemon listens at @p path, but has not answered or will not. */
static void report_silence(const char *program, const char *path)
{
	struct tscf_listener_process listener;
	const char *why = NULL;

	if (tscf_listener_process_find(path, &listener) == 0)
		why = tscf_listener_process_why(&listener);
	if (why)
		tscf_error("%s does not answer at %s: its process %d %s", program, path, (int)listener.pid, why);
	else if (listener.pid > 0)
		tscf_error("%s (process %d) does not answer at %s", program, (int)listener.pid, path);
	else
		tscf_error("%s does not answer at %s", program, path);
}

/**
 * A process that is stopped is asked nothing: it would use up the whole time limit, and do what it was asked when it
 * goes on.
 *
 * @return as tscf_control_ask.
 */
static int ask(const char *path, const struct tscf_control_request *request, const char *question, int timeout_ms,
	       char **text)
{
	int64_t deadline = tscf_control_deadline(timeout_ms);
	int sock = tscf_control_connect(path, deadline), result = -ETIMEDOUT;
	struct tscf_listener_process listener;

	*text = NULL;
	if (sock < 0)
		return sock;
	listener = tscf_listener_process_of(sock);
	if (!tscf_listener_process_is_stopped(&listener))
		result = tscf_control_ask_on(sock, request, question, deadline, text);
	tscf_control_hang_up(sock);
	return result;
}

void tscf_query_report(const char *program, const char *path, enum tscf_control_op op, int err)
{
	const char *hint = err == -ENOENT || err == -ECONNREFUSED ? " (is it running?)" : "";

	if (err == -ETIMEDOUT)
		report_silence(program, path);
	else if (err < 0)
		tscf_error("no %s answers at %s: %s%s", program, path, strerror(-err), hint);
	else if (err > 0)
		tscf_error("%s refused: %s", program, refusal(op, err));
}

int tscf_query(const char *program, const char *path, const struct tscf_control_request *request, int timeout_ms,
	       json_t **reply)
{
	return tscf_query_ask(program, path, request, NULL, timeout_ms, reply);
}

int tscf_query_ask(const char *program, const char *path, const struct tscf_control_request *request,
		   const char *question, int timeout_ms, json_t **reply)
{
	json_t *json = NULL;
	char *text = NULL;
	int err = ask(path, request, question, timeout_ms, &text);

	if (err == 0)
		err = parse_reply(program, text, &json);
	else
		tscf_query_report(program, path, (enum tscf_control_op)request->op, err);
	free(text);
	if (reply)
		*reply = json;
	else
		json_decref(json);
	return err;
}

int tscf_query_partly(const char *program, const char *path, const struct tscf_control_request *request, int timeout_ms,
		      json_t **reply)
{
	char *text = NULL;
	int err = ask(path, request, NULL, timeout_ms, &text), broken;

	*reply = NULL;
	if (err < 0 || (err > 0 && !text)) {
		tscf_query_report(program, path, (enum tscf_control_op)request->op, err);
	} else {
		broken = parse_reply(program, text, reply);
		err = err == 0 ? broken : err;
	}
	free(text);
	return err;
}

int tscf_query_quietly(const char *path, const struct tscf_control_request *request, const char *question,
		       int timeout_ms, json_t **reply)
{
	char *text = NULL;
	int err = ask(path, request, question, timeout_ms, &text);

	*reply = err == 0 && text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
	free(text);
	return err == 0 && !*reply ? -EPROTO : err;
}

/** @return a descriptor of the process that listens at @p path, or -errno. */
static int process_at(const char *path)
{
	struct tscf_listener_process listener;
	int err = tscf_listener_process_find(path, &listener), process;

	if (err < 0)
		return err;
	if (listener.pid == 0)
		return -ESRCH;
	process = pidfd_open(listener.pid, 0);
	return process < 0 ? -errno : process;
}

static bool wait_process(int process, int64_t deadline)
{
	struct pollfd p = {.fd = process, .events = POLLIN};
	int64_t left;

	while ((left = deadline - tscf_query_now()) > 0)
		if (poll(&p, 1, (int)left) > 0)
			return true;
	return false;
}

static bool wait_socket(const char *path, int64_t deadline)
{
	while (tscf_query_now() < deadline) {
		struct tscf_listener_process listener;

		if (tscf_listener_process_find(path, &listener) < 0)
			return true;
		tscf_query_pause(LOOK_MS);
	}
	return false;
}

int tscf_query_stop(const char *program, const char *path)
{
	struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = TSCF_CONTROL_STOP};
	int process = process_at(path);
	int64_t deadline = tscf_query_now() + STOP_MS;
	int err = tscf_query(program, path, &request, TSCF_QUERY_MS, NULL);

	if (err == 0 && !(process >= 0 ? wait_process(process, deadline) : wait_socket(path, deadline))) {
		tscf_error("%s has not stopped after %d s", program, STOP_MS / 1000);
		err = -ETIMEDOUT;
	}
	if (process >= 0)
		close(process);
	return err;
}

int tscf_query_print_json(const json_t *json, FILE *out)
{
	if (json_dumpf(json, out, JSON_INDENT(2) | JSON_ENCODE_ANY) < 0 || fputc('\n', out) == EOF ||
	    fflush(out) == EOF)
		return -EIO;
	return 0;
}
