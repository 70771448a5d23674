/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/log_queue.h"

#include "common/base/log.h"
#include "common/base/thread.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define STACK_BYTES (64U * 1024)

/** Stands before each line. */
struct head {
	uint16_t length;
	uint8_t level;
};

/** Lines one after the other, each behind its head. */
struct lines {
	size_t used;
	char bytes[TSCF_LOG_QUEUE_BYTES / 2];
};

static struct {
	struct lines half[2];
	pthread_mutex_t lock; /**< protects the members below, and the half that is filled */
	pthread_cond_t wake, idle;
	unsigned filled; /**< which half takes lines; the thread writes the other one */
	unsigned long lost;
	bool writing, finished;
	bool started; /**< used by the main thread only */
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

/** Whether this thread is the one that writes the lines: what it logs itself needs no room. */
static _Thread_local bool writes;

/** Wait for lines.  @return the half that has them, which is the thread's until the next call, and in *lost how many
 * lines found no room behind them. */
static const struct lines *take(unsigned long *lost)
{
	struct lines *full;

	pthread_mutex_lock(&queue.lock);
	queue.writing = false;
	pthread_cond_signal(&queue.idle);
	while (queue.half[queue.filled].used == 0 && queue.lost == 0)
		pthread_cond_wait(&queue.wake, &queue.lock);
	full = &queue.half[queue.filled];
	queue.filled = !queue.filled;
	queue.half[queue.filled].used = 0;
	*lost = queue.lost;
	queue.lost = 0;
	queue.writing = true;
	pthread_mutex_unlock(&queue.lock);
	return full;
}

static void write_lines(const struct lines *l)
{
	struct head head;

	for (size_t at = 0; at < l->used; at += sizeof(head) + head.length) {
		memcpy(&head, l->bytes + at, sizeof(head));
		tscf_log_write((enum tscf_log_level)head.level, l->bytes + at + sizeof(head), head.length);
	}
}

static void *write_all(void *argument)
{
	unsigned long lost;

	(void)argument;
	writes = true;
	for (;;) {
		write_lines(take(&lost));
		if (lost > 0)
			tscf_warning("%lu lines were not logged: nobody read the log for a while", lost);
	}
	return NULL;
}

/** Called by any thread that logs. */
static void put(enum tscf_log_level level, const char *line, size_t length)
{
	const struct head head = {.length = (uint16_t)length, .level = (uint8_t)level};
	struct lines *l;

	if (writes) {
		tscf_log_write(level, line, length);
		return;
	}
	pthread_mutex_lock(&queue.lock);
	l = &queue.half[queue.filled];
	if (l->used + sizeof(head) + length > sizeof(l->bytes)) {
		queue.lost++;
	} else if (!queue.finished) {
		memcpy(l->bytes + l->used, &head, sizeof(head));
		memcpy(l->bytes + l->used + sizeof(head), line, length);
		l->used += sizeof(head) + length;
		pthread_cond_signal(&queue.wake);
	}
	pthread_mutex_unlock(&queue.lock);
}

int tscf_log_queue_start(void)
{
	int err;

	tscf_condition_init(&queue.wake);
	tscf_condition_init(&queue.idle);
	queue.writing = true;
	err = tscf_thread_start(write_all, NULL, STACK_BYTES);
	queue.started = err == 0;
	if (queue.started)
		tscf_log_divert(put);
	return err;
}

void tscf_log_queue_finish(void)
{
	const struct timespec end = tscf_deadline(TSCF_LOG_QUEUE_END_MS);

	if (!queue.started)
		return;
	pthread_mutex_lock(&queue.lock);
	while (queue.half[queue.filled].used > 0 || queue.lost > 0 || queue.writing)
		if (pthread_cond_timedwait(&queue.idle, &queue.lock, &end) == ETIMEDOUT)
			break;
	queue.finished = true;
	pthread_mutex_unlock(&queue.lock);
}
