/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/packet_sniffers.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** A list that is longer counts as having a sniffer. */
#define LIST_MAX 8192

void tscf_packet_sniffers_open(struct tscf_packet_sniffers *o)
{
	o->raw = open("/proc/net/raw", O_RDONLY | O_CLOEXEC);
	o->raw6 = open("/proc/net/raw6", O_RDONLY | O_CLOEXEC);
	o->packet = open("/proc/net/packet", O_RDONLY | O_CLOEXEC);
}

static void close_list(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void tscf_packet_sniffers_close(struct tscf_packet_sniffers *o)
{
	close_list(&o->raw);
	close_list(&o->raw6);
	close_list(&o->packet);
}

/** @return the line after the one at @p line, or NULL. */
static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] != '\0' ? end + 1 : NULL;
}

bool tscf_packet_sniffers_in_raw(const char *list)
{
	/* The first line has the column names.  A raw socket has its protocol in the column of the local port. */
	for (const char *line = next_line(list); line; line = next_line(line)) {
		unsigned protocol;

		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%4x", &protocol) != 1 || protocol == IPPROTO_UDP)
			return true;
	}
	return false;
}

bool tscf_packet_sniffers_in_packet(const char *list, int index)
{
	for (const char *line = next_line(list); line; line = next_line(line)) {
		int device;

		/* Address, references, type and protocol come first; device 0 means all devices. */
		if (sscanf(line, "%*s %*u %*u %*x %d", &device) != 1 || device == 0 || device == index)
			return true;
	}
	return false;
}

/** @return whether the whole list could be read. */
static bool read_list(int fd, char *list)
{
	ssize_t length = 0, got;

	do {
		got = pread(fd, list + length, (size_t)(LIST_MAX - length), length);
		if (got > 0)
			length += got;
	} while (got > 0 && length < LIST_MAX);
	if (got < 0 || length == LIST_MAX)
		return false;
	list[length] = '\0';
	return true;
}

bool tscf_packet_sniffers_any(const struct tscf_packet_sniffers *o, int index)
{
	char list[LIST_MAX];

	if (o->raw < 0)
		return true;
	if (!read_list(o->raw, list) || tscf_packet_sniffers_in_raw(list))
		return true;
	if (o->raw6 >= 0 && (!read_list(o->raw6, list) || tscf_packet_sniffers_in_raw(list)))
		return true;
	return o->packet >= 0 && (!read_list(o->packet, list) || tscf_packet_sniffers_in_packet(list, index));
}
