/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/workers_each.h"

#include "tscf-server/context.h"

struct errand {
	void (*action)(struct server_worker *worker, void *data);
	void *data;
};

static void run_errand(void *owner, void *data)
{
	struct errand *errand = data;

	errand->action(owner, errand->data);
}

void server_workers_each(struct server *server, void (*action)(struct server_worker *worker, void *data), void *data)
{
	struct errand errand = {.action = action, .data = data};

	for (unsigned n = 0; n < server->worker_count; n++)
		server_mailbox_call(&server->workers[n].mailbox, run_errand, &errand);
}
