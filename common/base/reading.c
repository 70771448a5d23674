/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/reading.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct tscf_reading *mine;

void tscf_reading_begin(struct tscf_reading *reading)
{
	mine = reading;
}

void tscf_reading_note(const char *file)
{
	if (!mine)
		return;
	pthread_mutex_lock(&lock);
	snprintf(mine->file, sizeof(mine->file), "%s", file);
	pthread_mutex_unlock(&lock);
}

void tscf_reading_last(const struct tscf_reading *reading, char file[PATH_MAX])
{
	pthread_mutex_lock(&lock);
	memcpy(file, reading->file, PATH_MAX);
	pthread_mutex_unlock(&lock);
}
