/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/capture.h"

#include "common/capture/capture_command.h"
#include "common/daemon/query.h"
#include "common/linux/sockdiag.h"
#include "common/packet/packet.h"
#include "tscf-client/sockets/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PROGRAM "tscf-client"
/** A packet of a socket that is not known has the process looked at again, but not more often than this. */
#define LOOK_MS 50

/** The sockets of one process, by protocol and local port. */
struct sockets {
	pid_t pid;
	int64_t looked; /**< when */
	struct flow {
		uint16_t protocol, port;
	} * list;
	unsigned count, room;
};

static void add(struct sockets *s, struct flow flow)
{
	struct flow *more;

	if (s->count == s->room) {
		more = reallocarray(s->list, s->room * 2 + 16, sizeof(*more));
		if (!more)
			return;
		s->list = more;
		s->room = s->room * 2 + 16;
	}
	s->list[s->count++] = flow;
}

/* The descriptor is ours to close. */
static void take_socket(void *context, pid_t pid, int fd)
{
	struct tscf_socket socket;

	(void)pid;
	if (tscf_socket_of_fd(fd, &socket) == 0)
		add(context, (struct flow){socket.protocol, socket.local_port});
	close(fd);
}

static bool has(const struct sockets *s, uint16_t protocol, uint16_t port)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->list[i].protocol == protocol && s->list[i].port == port)
			return true;
	return false;
}

/** A socket that was closed a moment ago has packets under way, so what is known stays known. */
static bool is_of_process(void *context, const struct tscf_tap_record *record, const uint8_t *data)
{
	struct sockets *s = context;
	struct tscf_packet_info info;
	uint16_t port;

	if (tscf_packet_parse(data, record->captured, &info) != TSCF_PACKET_OK)
		return false;
	port = record->direction == TSCF_TAP_OUT ? info.source_port : info.destination_port;
	if (has(s, info.protocol, port))
		return true;
	if (tscf_query_now() - s->looked < LOOK_MS)
		return false;
	processes_each_socket(s->pid, PROCESSES_ANY_OWNER, take_socket, s);
	s->looked = tscf_query_now();
	return has(s, info.protocol, port);
}

static int check_process(const struct sockets *s)
{
	if (s->pid == 0 || processes_uid(s->pid) >= 0)
		return 0;
	tscf_error("capture: there is no process %d", (int)s->pid);
	return -ESRCH;
}

int capture_run(const struct tscf_cli *cli, const struct client_config *config)
{
	const char *pid = tscf_cli_value(cli, "pid");
	struct sockets sockets = {.pid = pid ? (pid_t)strtol(pid, NULL, 0) : 0};
	struct tscf_capture_command command;
	int status;

	if (tscf_capture_command_read(cli, &command) < 0 || check_process(&sockets) < 0)
		return EXIT_FAILURE;
	command.program = PROGRAM;
	command.writer = PROGRAM " " PACKAGE_VERSION;
	command.control = config->control;
	command.wanted = pid ? is_of_process : NULL;
	command.context = &sockets;
	status = tscf_capture_command_run(&command);
	free(sockets.list);
	return status;
}
