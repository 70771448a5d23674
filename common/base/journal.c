/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/journal.h"

#include "common/base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_MAX 4096

struct message {
	char bytes[MESSAGE_MAX];
	size_t length;
	bool too_long;
};

/* A newline in a value would begin another field. */
static void put(struct message *m, const char *name, const char *value)
{
	char *start = m->bytes + m->length;
	size_t room = sizeof(m->bytes) - m->length;
	int n = snprintf(start, room, "%s=%s\n", name, value);

	if (n < 0 || (size_t)n >= room) {
		m->too_long = true;
		return;
	}
	tscf_text_hide_controls(start, (size_t)n - 1);
	m->length += (size_t)n;
}

static int send_to(const char *path, const struct message *m)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, err = 0;

	if (m->too_long || strlen(path) >= sizeof(address.sun_path))
		return -EMSGSIZE;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, m->bytes, m->length, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof(address)) <
	    0)
		err = -errno;
	close(fd);
	return err;
}

int tscf_journal_send(const char *path, unsigned priority, const char *program, const char *text,
		      const struct tscf_log_field *fields)
{
	struct message m = {.length = 0, .too_long = false};
	const char digit[] = {(char)('0' + priority), '\0'};

	put(&m, "MESSAGE", text);
	put(&m, "PRIORITY", digit);
	put(&m, "SYSLOG_IDENTIFIER", program);
	for (; fields->name; fields++)
		put(&m, fields->name, fields->value);
	return send_to(path, &m);
}
