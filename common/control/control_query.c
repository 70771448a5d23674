/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests whose answer is more than a number: text for the command line, structs for programs.
 */
#include "common/control/control_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/** Far more than the largest reply (about 300 bytes for each socket or session). */
#define TEXT_MAX (256U << 20)

static int receive_text(int sock, uint32_t length, int64_t deadline, char **text)
{
	char *buffer;
	int error;

	if (length == 0)
		return 0;
	if (length > TEXT_MAX)
		return -EMSGSIZE;
	buffer = malloc((size_t)length + 1);
	if (!buffer)
		return -ENOMEM;
	error = tscf_control_receive(sock, buffer, length, deadline);
	if (error != 0) {
		free(buffer);
		return error;
	}
	buffer[length] = '\0';
	*text = buffer;
	return 0;
}

/** A fresh stream socket has room for the largest text: it goes in one piece.  @return 0 or -errno. */
static int send_text(int sock, const char *text, size_t length)
{
	ssize_t sent = length == 0 ? 0 : send(sock, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0)
		return -errno;
	return (size_t)sent == length ? 0 : -EPROTO;
}

/** Send @p request with @p text; NULL: none.  @return 0 or -errno. */
static int send_with(int sock, const struct tscf_control_request *request, const char *text, int64_t deadline)
{
	size_t length = text ? strlen(text) : 0;
	struct tscf_control_request whole = *request;
	int error;

	if (length > TSCF_CONTROL_TEXT_MAX)
		return -EMSGSIZE;
	if (text)
		whole.text_length = (uint16_t)length;
	error = tscf_control_send(sock, &whole, -1, deadline);
	return error != 0 ? error : send_text(sock, text, length);
}

int tscf_control_dial_with(const char *path, const struct tscf_control_request *request, const char *text,
			   int64_t deadline)
{
	int sock = tscf_control_connect(path, deadline), error;

	if (sock < 0)
		return sock;
	error = send_with(sock, request, text, deadline);
	if (error != 0) {
		tscf_control_hang_up(sock);
		return error;
	}
	return sock;
}

int tscf_control_ask_on(int sock, const struct tscf_control_request *request, const char *question, int64_t deadline,
			char **text)
{
	struct tscf_control_reply reply;
	int error = send_with(sock, request, question, deadline);

	*text = NULL;
	if (error == 0)
		error = tscf_control_receive_reply(sock, &reply, deadline);
	if (error == 0)
		error = receive_text(sock, reply.length, deadline, text);
	return error != 0 ? error : reply.error;
}

int tscf_control_ask(const char *path, const struct tscf_control_request *request, const char *question, int timeout_ms,
		     char **text)
{
	int64_t deadline = tscf_control_deadline(timeout_ms);
	int sock = tscf_control_connect(path, deadline), result;

	*text = NULL;
	if (sock < 0)
		return sock;
	result = tscf_control_ask_on(sock, request, question, deadline, text);
	tscf_control_hang_up(sock);
	return result;
}

int tscf_control_query(const char *path, const struct tscf_control_request *request, int timeout_ms, char **text)
{
	return tscf_control_ask(path, request, NULL, timeout_ms, text);
}

int tscf_control_fetch(const char *path, const struct tscf_control_request *request, int timeout_ms, void *out,
		       size_t size)
{
	int64_t deadline = tscf_control_deadline(timeout_ms);
	int sock = tscf_control_dial(path, request, -1, deadline);
	struct tscf_control_reply reply;
	int error;

	memset(out, 0, size);
	if (sock < 0)
		return sock;
	error = tscf_control_receive_reply(sock, &reply, deadline);
	if (error == 0 && reply.error == 0)
		error = tscf_control_receive(sock, out, reply.length < size ? reply.length : size, deadline);
	tscf_control_hang_up(sock);
	return error != 0 ? error : reply.error;
}
