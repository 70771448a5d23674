/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load_client.c - the plain tunnel of one client, step by step. */
#include "load.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

/* Every answer may have three times the size of its request. */
#define REQUEST_SIZE 400
#define FIRST_PORT   10000

static void source_of(const struct load *load, unsigned i, bool encrypted, union tscf_endpoint *out)
{
	struct tscf_addr a = load->options.source;
	uint32_t host = ((uint32_t)a.bytes[0] << 24 | (uint32_t)a.bytes[1] << 16 | (uint32_t)a.bytes[2] << 8 | a.bytes[3]);
	unsigned port = FIRST_PORT + i % LOAD_CLIENTS_PER_SOURCE + (encrypted ? LOAD_CLIENTS_PER_SOURCE : 0);

	host += i / LOAD_CLIENTS_PER_SOURCE;
	a.bytes[0] = (uint8_t)(host >> 24);
	a.bytes[1] = (uint8_t)(host >> 16);
	a.bytes[2] = (uint8_t)(host >> 8);
	a.bytes[3] = (uint8_t)host;
	tscf_endpoint_make(&a, (uint16_t)port, out);
}

int load_socket(struct load *load, unsigned i, bool encrypted)
{
	union tscf_endpoint local, remote = load->options.server;
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 2 * (uint64_t)i + encrypted};
	char text[TSCF_ADDR_TEXT];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		load_die("socket of client %u: %s", i, strerror(errno));
	source_of(load, i, encrypted, &local);
	if (encrypted)
		tscf_endpoint_set_port(&remote, (uint16_t)(tscf_endpoint_port(&remote) + 1));
	if (bind(fd, &local.sa, tscf_endpoint_size(&local)) < 0)
		load_die("bind to %s: %s", tscf_endpoint_format(&local, text), strerror(errno));
	if (connect(fd, &remote.sa, tscf_endpoint_size(&remote)) < 0)
		load_die("connect to %s: %s", tscf_endpoint_format(&remote, text), strerror(errno));
	if ((load->options.active || load->options.active_encrypted) &&
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
		load_die("time stamps: %s", strerror(errno));
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		load_die("epoll: %s", strerror(errno));
	return fd;
}

struct load_datagram load_receive(int fd, void *data, size_t size)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec iov = {.iov_base = data, .iov_len = size};
	struct msghdr header = {
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t length = recvmsg(fd, &header, MSG_DONTWAIT);
	struct load_datagram datagram = {.length = length > 0 ? (size_t)length : 0};
	struct timespec t;

	if (length <= 0)
		return datagram;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		datagram.came = (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
	}
	return datagram;
}

static void send_plain(struct load_client *c, struct tscf_writer *w)
{
	int length = tscf_write_finish(w);

	/* What the kernel does not take now is sent again like what is lost on the way. */
	if (length > 0 && send(c->fd, w->data, (size_t)length, MSG_DONTWAIT) < 0)
		return;
}

static void send_plain_step(struct load_client *c)
{
	uint8_t data[TSCF_MESSAGE_MAX], secret[32], hash[32];
	struct tscf_writer w;

	switch (c->step) {
	case LOAD_CONFIGURE:
		tscf_write_begin(&w, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, c->sequence);
		tscf_write_bytes(&w, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
		tscf_write_pad(&w, REQUEST_SIZE);
		break;
	case LOAD_CONFIRM:
		tscf_write_begin(&w, data, sizeof(data), TSCF_KEEPALIVE_REQUEST, c->tsid, c->sequence);
		break;
	case LOAD_RESERVE:
		load_tunnel_secret(c, secret);
		tscf_sha256(secret, sizeof(secret), hash);
		tscf_write_begin(&w, data, sizeof(data), TSCF_SERVICE_REQUEST, c->tsid, c->sequence);
		tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_DTTE);
		tscf_write_bytes(&w, TSCF_TLV_RESERVATION_HASH, hash, sizeof(hash));
		break;
	default:
		tscf_write_begin(&w, data, sizeof(data), TSCF_RELEASE_REQUEST, c->tsid, c->sequence);
		break;
	}
	send_plain(c, &w);
}

static bool is_plain_step(enum load_step step)
{
	return step == LOAD_CONFIGURE || step == LOAD_CONFIRM || step == LOAD_RESERVE || step == LOAD_RELEASE_PLAIN;
}

void load_send(struct load *load, struct load_client *c)
{
	c->sent = load->now;
	c->attempts++;
	if (is_plain_step(c->step))
		send_plain_step(c);
	else
		load_tunnel_send_step(load, c);
}

void load_enter(struct load *load, struct load_client *c, enum load_step step)
{
	c->step = step;
	c->attempts = 0;
	c->sequence++;
	load_send(load, c);
}

void load_finish(struct load *load, struct load_client *c, bool good)
{
	struct load_phase *phase = load->phase;

	DL_DELETE(load->under_way, c);
	if (good) {
		c->step = phase->goal;
		phase->done++;
		histogram_add(&phase->setup, load->now - c->begun);
	} else {
		c->step = c->tsid != 0 ? LOAD_PLAIN_UP : LOAD_DOWN;
		load_tunnel_close(c);
		phase->failed++;
	}
}

static void configured(struct load *load, struct load_client *c, const struct tscf_message *m)
{
	struct tscf_prefix internal;
	struct tscf_tlv tlv;

	if (!tscf_message_find(m, TSCF_TLV_INTERNAL_IPV4, &tlv) || tscf_tlv_prefix(&tlv, &internal) < 0) {
		load_finish(load, c, false);
		return;
	}
	memcpy(c->internal, internal.addr.bytes, sizeof(c->internal));
	c->tsid = m->tsid;
	load_enter(load, c, LOAD_CONFIRM);
}

static void reserved(struct load *load, struct load_client *c, const struct tscf_message *m)
{
	struct tscf_tlv tlv;
	uint64_t tsid;

	if (!tscf_message_find(m, TSCF_TLV_RESERVED_TSID, &tlv) || tscf_tlv_u64(&tlv, &tsid) < 0) {
		load_finish(load, c, false);
		return;
	}
	load_tunnel_open(load, c, tsid);
}

/* The answer to the message of the client's step. */
static void answered(struct load *load, struct load_client *c, const struct tscf_message *m)
{
	enum tscf_response code = TSCF_RESPONSE_SUCCESS;

	if (m->type != TSCF_KEEPALIVE_RESPONSE && (tscf_message_response(m, &code, NULL, 0) < 0 || code != 0)) {
		load_finish(load, c, false);
		return;
	}
	switch (c->step) {
	case LOAD_CONFIGURE:
		configured(load, c, m);
		break;
	case LOAD_RESERVE:
		reserved(load, c, m);
		break;
	case LOAD_RELEASE_PLAIN:
		load_finish(load, c, true);
		break;
	default:
		load_finish(load, c, true);
		break;
	}
}

static void control(struct load *load, struct load_client *c, const uint8_t *data, size_t length)
{
	static const enum tscf_message_type wanted[] = {
	    [LOAD_CONFIGURE] = TSCF_CONFIGURATION_RESPONSE,
	    [LOAD_CONFIRM] = TSCF_KEEPALIVE_RESPONSE,
	    [LOAD_RESERVE] = TSCF_SERVICE_RESPONSE,
	    [LOAD_RELEASE_PLAIN] = TSCF_RELEASE_RESPONSE,
	};
	struct tscf_message m;

	if (tscf_message_decode(data, (uint32_t)length, &m) < 0 || !is_plain_step(c->step))
		return;
	if (m.sequence == c->sequence && m.type == wanted[c->step])
		answered(load, c, &m);
}

void load_plain_readable(struct load *load, struct load_client *c)
{
	uint8_t data[2048];
	struct load_datagram datagram = load_receive(c->fd, data, sizeof(data));

	if (datagram.length == 0)
		return;
	if (tscf_kind_of(data[0]) == TSCF_KIND_CONTROL)
		control(load, c, data, datagram.length);
	else
		load_calls_received(load, data, &datagram);
}
