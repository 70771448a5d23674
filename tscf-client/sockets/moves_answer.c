/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/moves_answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *reason_of(int error)
{
	switch (-error) {
	case ESRCH:
		return "no process is known to have it";
	case EPERM:
		return "its process may not be looked into";
	case EXDEV:
		return "it is in another network namespace";
	case EACCES:
		return "its user has too many encrypted sockets";
	case EAGAIN:
		return "it was made in the meantime";
	case EOPNOTSUPP:
		return "a socket of this protocol cannot be encrypted";
	default:
		return strerror(-error);
	}
}

void moves_missed(struct moves *moves, struct change *change, const struct tscf_socket *s, pid_t pid, int error)
{
	struct miss *one;

	change->missed_count++;
	if (change->error == 0)
		change->error = error;
	if (!change->call)
		move_log_missed(&moves->missed_log, s, pid, reason_of(error), tscf_timers_now(moves->timers));
	if (!change->detailed || change->missed_count > MOVES_DESCRIBED)
		return;
	one = malloc(sizeof(*one));
	if (!one)
		return;
	*one = (struct miss){.next = change->missed, .socket = *s, .pid = pid, .error = error};
	change->missed = one;
}

void moves_missed_free(struct change *change)
{
	while (change->missed) {
		struct miss *one = change->missed;

		change->missed = one->next;
		free(one);
	}
}

static double milliseconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) * 1e3 + (double)(now.tv_nsec - then->tv_nsec) / 1e6;
}

static json_t *describe_missed(struct moves *moves, const struct change *change)
{
	json_t *list = json_array();

	for (const struct miss *one = change->missed; one; one = one->next) {
		uint32_t value = tscf_mark_get(one->socket.mark, moves->config->fwmark_mask);
		json_t *socket = moves->describe(moves->context, &one->socket, value, one->pid);

		json_object_set_new(socket, "error", json_string(reason_of(one->error)));
		json_array_append_new(list, socket);
	}
	return list;
}

char *moves_describe(struct moves *moves, const struct change *change)
{
	json_t *list, *answer;
	unsigned moved = 0, pending = 0;
	char *text;

	if (change->count == 0 && change->missed_count == 0)
		return NULL;
	list = json_array();
	for (const struct move *m = change->moves; m; m = m->next) {
		if (m->failed)
			continue;
		moved += m->done;
		pending += !m->done;
		if (json_array_size(list) < MOVES_DESCRIBED)
			json_array_append_new(list, moves->describe(moves->context, &m->socket, m->value, m->pid));
	}
	answer = json_pack("{s:i, s:i, s:i, s:f, s:s, s:s, s:o, s:o}", "moved", (int)moved, "pending", (int)pending,
			   "missed", (int)change->missed_count, "milliseconds", milliseconds_since(&change->started),
			   "encrypted", dtte_state_name(moves->dtte->state), "reason", moves->dtte->reason, "sockets",
			   list, "missed_sockets", describe_missed(moves, change));
	text = answer ? json_dumps(answer, 0) : NULL;
	json_decref(answer);
	return text;
}
