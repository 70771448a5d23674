/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/move_log.h"

#include "common/base/addr.h"
#include "common/base/log.h"
#include "tscf-client/sockets/processes.h"

#include <netinet/in.h>
#include <stdio.h>

static bool has_room(struct move_log *log, uint64_t now)
{
	if (now >= log->second + 1000) {
		log->second = now;
		log->lines = 0;
	}
	if (log->lines >= MOVE_LOG_LINES) {
		log->omitted++;
		return false;
	}
	log->lines++;
	return true;
}

static const char *protocol_of(const struct tscf_socket *s)
{
	return s->protocol == IPPROTO_TCP ? "tcp" : s->protocol == IPPROTO_UDP ? "udp" : "other";
}

static void write_note(const struct move_note *note, const char *program, const char *local)
{
	char pid[16];
	const char *protocol = protocol_of(note->socket), *to = tscf_level_name(note->to),
		   *from = tscf_level_name(note->from);
	const struct tscf_log_field fields[] = {
	    {"TSCF_LEVEL", to},          {"TSCF_LEVEL_BEFORE", from}, {"TSCF_PROGRAM", program},   {"OBJECT_PID", pid},
	    {"TSCF_PROTOCOL", protocol}, {"TSCF_LOCAL", local},       {"TSCF_CAUSE", note->cause}, {NULL, NULL}};

	snprintf(pid, sizeof(pid), "%d", (int)note->pid);
	tscf_log_fields(TSCF_LOG_INFO, fields, "%s (process %s), %s %s: %s, was %s; %s", program, pid, protocol, local,
			to, from, note->cause);
}

static void name_local(const struct tscf_socket *s, char local[TSCF_ADDR_TEXT])
{
	union tscf_endpoint at;

	snprintf(local, TSCF_ADDR_TEXT, "no address");
	if (s->local.family == 0)
		return;
	tscf_endpoint_make(&s->local, s->local_port, &at);
	tscf_endpoint_format(&at, local);
}

void move_log_missed(struct move_log *log, const struct tscf_socket *s, pid_t pid, const char *why, uint64_t now)
{
	char name[32], local[TSCF_ADDR_TEXT];

	if (!has_room(log, now))
		return;
	if (log->omitted > 0)
		tscf_warning("%lu more sockets keep their levels", log->omitted);
	log->omitted = 0;
	name_local(s, local);
	processes_program(pid, name, sizeof(name));
	tscf_warning("%s (process %d), %s %s: the socket keeps its level: %s", name, (int)pid, protocol_of(s), local,
		     why);
}

void move_log_note(struct move_log *log, const struct move_note *note, uint64_t now)
{
	char name[32], local[TSCF_ADDR_TEXT];

	if (!tscf_log_enabled(TSCF_LOG_INFO) || !has_room(log, now))
		return;
	if (log->omitted > 0)
		tscf_info("the levels of %lu more sockets have changed", log->omitted);
	log->omitted = 0;
	name_local(note->socket, local);
	processes_program(note->pid, name, sizeof(name));
	write_note(note, name, local);
}
