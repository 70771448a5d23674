/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/capture/capture_command.h"

#include "common/base/log.h"
#include "common/capture/capture_file.h"
#include "common/control/control_wire.h"
#include "common/daemon/query.h"
#include "common/daemon/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/** How long the daemon may take for the next part of what it has begun to send. */
#define PART_MS     5000
#define SECONDS_MAX 86400

struct run {
	const struct tscf_capture_command *command;
	struct tscf_capture_file file;
	int sock, signals;
	uint64_t packets; /* written */
	bool asked;       /* for the end */
	bool ended;       /* counts have come */
	struct tscf_tap_counts counts;
	uint8_t chunk[TSCF_TAP_RECORD_MAX];
};

/** @return 0 with the number in *out, which stays as it is if the option was not given; or -EINVAL (logged). */
static int read_number(const struct tscf_cli *cli, const char *name, unsigned long high, unsigned long *out)
{
	const char *text = tscf_cli_value(cli, name);

	if (!text || tscf_number_parse(text, 1, high, out) == 0)
		return 0;
	tscf_error("--%s %s: expected a number from 1 to %lu", name, text, high);
	return -EINVAL;
}

/** ":PORT", "ADDRESS", "ADDRESS:PORT", "[ADDRESS]:PORT" or "ADDRESS/BITS". */
static int parse_remote(const char *text, struct tscf_tap_filter *out)
{
	union tscf_endpoint e;
	unsigned long port;

	if (strchr(text, '/'))
		return tscf_prefix_parse(text, &out->remote);
	if (text[0] == ':') {
		if (tscf_number_parse(text + 1, 1, UINT16_MAX, &port) < 0)
			return -EINVAL;
		out->remote_port = (uint16_t)port;
		return 0;
	}
	if (tscf_endpoint_parse(text, 0, &e) < 0)
		return -EINVAL;
	out->remote.addr = tscf_endpoint_addr(&e);
	out->remote.length = (uint8_t)(8 * tscf_addr_size(out->remote.addr.family));
	out->remote_port = tscf_endpoint_port(&e);
	return 0;
}

static int read_remote(const char *text, struct tscf_tap_filter *out)
{
	if (!text || parse_remote(text, out) == 0)
		return 0;
	tscf_error("--remote %s: expected ADDRESS, ADDRESS:PORT, :PORT or ADDRESS/BITS", text);
	return -EINVAL;
}

static int read_protocol(const char *text, uint8_t *out)
{
	if (text && strcmp(text, "udp") != 0 && strcmp(text, "tcp") != 0) {
		tscf_error("--proto %s: expected udp or tcp", text);
		return -EINVAL;
	}
	if (text)
		*out = strcmp(text, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
	return 0;
}

int tscf_capture_command_read(const struct tscf_cli *cli, struct tscf_capture_command *out)
{
	struct tscf_tap_filter *filter = &out->selection.filter;
	unsigned long port = 0;

	*out = (struct tscf_capture_command){.file = cli->argument, .force = tscf_cli_has(cli, "force")};
	if (read_number(cli, "count", UINT32_MAX, &out->count) < 0 ||
	    read_number(cli, "seconds", SECONDS_MAX, &out->seconds) < 0 ||
	    read_number(cli, "port", UINT16_MAX, &port) < 0 || read_remote(tscf_cli_value(cli, "remote"), filter) < 0 ||
	    read_protocol(tscf_cli_value(cli, "proto"), &filter->protocol) < 0)
		return -EINVAL;
	filter->port = (uint16_t)port;
	return 0;
}

/** Signals end the capture in order; a reader that goes away is an error of write(). */
static int take_signals(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/** @return 0 or a positive errno of the daemon's, or -errno. */
static int begin(struct run *run)
{
	const struct tscf_capture_command *command = run->command;
	const int64_t deadline = tscf_control_deadline(TSCF_QUERY_MS);
	struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = TSCF_CONTROL_CAPTURE};
	struct tscf_control_reply reply;
	char *text;
	int err = tscf_capture_selection_write(&command->selection, &request, &text);

	if (err < 0)
		return err;
	run->sock = tscf_control_dial_with(command->control, &request, text, deadline);
	free(text);
	if (run->sock < 0)
		return run->sock;
	err = tscf_control_receive_reply(run->sock, &reply, deadline);
	return err < 0 ? err : reply.error;
}

static int ask_for_end(struct run *run)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = TSCF_CONTROL_CAPTURE_END};

	if (run->asked)
		return 0;
	run->asked = true;
	return tscf_control_send(run->sock, &request, -1, tscf_control_deadline(PART_MS));
}

static int write_record(struct run *run, const struct tscf_tap_record *r, const uint8_t *after)
{
	const struct tscf_capture_command *command = run->command;
	const uint8_t *data = after + r->comment_length;
	int err;

	if (r->place == TSCF_TAP_PLACES && r->captured == sizeof(run->counts)) {
		memcpy(&run->counts, data, sizeof(run->counts));
		run->ended = true;
		return 0;
	}
	if (r->place >= TSCF_TAP_PLACES)
		return -EPROTO;
	if (command->count > 0 && run->packets == command->count)
		return 0;
	if (command->wanted && !command->wanted(command->context, r, data))
		return 0;
	err = tscf_capture_file_packet(&run->file, r, (const char *)after, data);
	if (err == 0 && ++run->packets == command->count)
		err = ask_for_end(run);
	return err;
}

/** Write the records of the chunk. */
static int write_records(struct run *run, size_t length)
{
	struct tscf_tap_record r;
	int err = 0;

	for (size_t at = 0; err == 0 && at < length; at += sizeof(r) + r.comment_length + r.captured) {
		if (length - at < sizeof(r))
			return -EPROTO;
		memcpy(&r, run->chunk + at, sizeof(r));
		if (length - at - sizeof(r) < (size_t)r.comment_length + r.captured)
			return -EPROTO;
		err = write_record(run, &r, run->chunk + at + sizeof(r));
	}
	return err == 0 ? tscf_capture_file_flush(&run->file) : err;
}

static int read_chunk(struct run *run)
{
	const int64_t deadline = tscf_control_deadline(PART_MS);
	struct tscf_control_reply reply;
	int err = tscf_control_receive_reply(run->sock, &reply, deadline);

	if (err == 0 && reply.error != 0)
		return -ECONNRESET;
	if (err == 0 && reply.length > sizeof(run->chunk))
		return -EPROTO;
	if (err == 0)
		err = tscf_control_receive(run->sock, run->chunk, reply.length, deadline);
	return err == 0 ? write_records(run, reply.length) : err;
}

/** @return 0 when the counts have come, or -errno. */
static int follow(struct run *run)
{
	const int64_t until = tscf_query_now() + (int64_t)run->command->seconds * 1000;
	int err = 0;

	while (err == 0 && !run->ended) {
		struct pollfd fds[] = {{.fd = run->sock, .events = POLLIN}, {.fd = run->signals, .events = POLLIN}};
		int64_t left = run->command->seconds > 0 && !run->asked ? until - tscf_query_now() : -1;

		if (run->command->seconds > 0 && !run->asked && left <= 0) {
			err = ask_for_end(run);
			continue;
		}
		if (poll(fds, run->asked ? 1 : 2, left > INT32_MAX ? INT32_MAX : (int)left) < 0)
			err = errno == EINTR ? 0 : -errno;
		else if (fds[0].revents != 0)
			err = read_chunk(run);
		else if (fds[1].revents != 0)
			err = ask_for_end(run);
	}
	return err;
}

/** Say what was written, and what is missing. */
static void say_end(const struct run *run)
{
	uint64_t lost = 0;

	for (unsigned i = 0; i < TSCF_TAP_PLACES; i++)
		lost += run->counts.lost[i];
	fprintf(stderr, "%" PRIu64 " packets written to %s; %" PRIu64 " lost because they came too fast.\n",
		run->packets, run->file.name, lost);
}

/** A reader that has seen enough is no error. */
static int say_error(const struct run *run, int err)
{
	if (err == -EPIPE && strcmp(run->command->file, "-") == 0)
		return EXIT_SUCCESS;
	if (err == -ECONNRESET)
		tscf_error("%s has ended the capture; %" PRIu64 " packets are in %s", run->command->program,
			   run->packets, run->file.name);
	else
		tscf_error("%s: %s", run->file.name, strerror(-err));
	return EXIT_FAILURE;
}

/** The capture has begun: write all of it. */
static int write_file(struct run *run)
{
	const struct tscf_capture_command *command = run->command;
	int err = tscf_capture_file_open(command->file, command->force, command->writer, &run->file), closed;

	if (err < 0) {
		if (run->file.out)
			fclose(run->file.out);
		return EXIT_FAILURE;
	}
	err = follow(run);
	closed = tscf_capture_file_close(&run->file, run->ended ? &run->counts : NULL);
	if (err == 0)
		err = closed;
	if (err < 0)
		return say_error(run, err);
	say_end(run);
	return EXIT_SUCCESS;
}

int tscf_capture_command_run(const struct tscf_capture_command *command)
{
	struct run *run = calloc(1, sizeof(*run));
	int status = EXIT_FAILURE, err;

	if (!run) {
		tscf_error("%s", strerror(ENOMEM));
		return EXIT_FAILURE;
	}
	run->command = command;
	run->sock = -1;
	run->signals = take_signals();
	err = run->signals < 0 ? run->signals : begin(run);
	if (err != 0)
		tscf_query_report(command->program, command->control, TSCF_CONTROL_CAPTURE, err);
	else
		status = write_file(run);
	if (run->sock >= 0)
		close(run->sock);
	if (run->signals >= 0)
		close(run->signals);
	free(run);
	return status;
}
