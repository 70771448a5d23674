/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/relay.h"

#include "tests/unit/runner.h"

#include <sys/socket.h>
#include <unistd.h>

static bool passes(struct relay *relay, bool to_server, uint8_t *data, size_t length)
{
	if (relay->filter && !relay->filter(relay, to_server, data, length))
		return false;
	/* Numerical Recipes' generator; the high bits are the better ones. */
	relay->random = relay->random * 1664525 + 1013904223;
	if ((relay->random >> 8) % 100 < relay->loss) {
		relay->lost++;
		return false;
	}
	relay->passed++;
	return true;
}

static void on_back(struct ev_loop *loop, struct ev_io *io, int events)
{
	struct relay_flow *flow = io->data;
	struct relay *relay = flow->relay;
	uint8_t data[65536];
	ssize_t length = recv(flow->back, data, sizeof(data), MSG_DONTWAIT);

	(void)loop;
	(void)events;
	if (length > 0 && passes(relay, false, data, (size_t)length))
		sendto(relay->front, data, (size_t)length, 0, &flow->client.sa, tscf_endpoint_size(&flow->client));
}

static union tscf_endpoint name_of(int fd)
{
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);
	union tscf_endpoint out;

	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	ck_assert_int_eq(tscf_endpoint_from_sockaddr((struct sockaddr *)&name, size, &out), 0);
	return out;
}

static void open_back(struct relay_flow *flow, const union tscf_endpoint *local)
{
	struct relay *relay = flow->relay;

	flow->back = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (local->sa.sa_family != 0)
		ck_assert_int_eq(bind(flow->back, &local->sa, tscf_endpoint_size(local)), 0);
	ck_assert_int_eq(connect(flow->back, &relay->server.sa, tscf_endpoint_size(&relay->server)), 0);
	ev_io_init(&flow->io, on_back, flow->back, EV_READ);
	flow->io.data = flow;
	ev_io_start(relay->loop, &flow->io);
}

void relay_rebind(struct relay *relay)
{
	struct relay_flow *flow = &relay->flow[0];
	int old = flow->back;

	ev_io_stop(relay->loop, &flow->io);
	relay->former = name_of(old);
	/* While the old socket is there, the new one gets another port. */
	open_back(flow, &(union tscf_endpoint){.sa.sa_family = 0});
	close(old);
}

static struct relay_flow *flow_of(struct relay *relay, const union tscf_endpoint *client)
{
	struct relay_flow *flow = relay->flow;

	for (unsigned i = 0; i < relay->flows; i++)
		if (tscf_endpoint_equal(&relay->flow[i].client, client))
			return &relay->flow[i];
	if (relay->single && relay->flows == 1) {
		flow->client = *client;
		return flow;
	}
	ck_assert_uint_lt(relay->flows, RELAY_FLOWS);
	flow = &relay->flow[relay->flows++];
	flow->relay = relay;
	flow->client = *client;
	open_back(flow, &relay->former);
	relay->former.sa.sa_family = 0;
	return flow;
}

static void on_front(struct ev_loop *loop, struct ev_io *io, int events)
{
	struct relay *relay = io->data;
	union tscf_endpoint client;
	socklen_t size = sizeof(client);
	uint8_t data[65536];
	ssize_t length = recvfrom(relay->front, data, sizeof(data), MSG_DONTWAIT, &client.sa, &size);

	(void)loop;
	(void)events;
	if (length > 0 && passes(relay, true, data, (size_t)length))
		send(flow_of(relay, &client)->back, data, (size_t)length, 0);
}

void relay_open(struct relay *relay, struct ev_loop *loop, const union tscf_endpoint *server)
{
	relay->loop = loop;
	relay->server = *server;
	relay->random = 1;
	relay->front = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(tscf_endpoint_parse("127.0.0.1:0", 0, &relay->address), 0);
	ck_assert_int_eq(bind(relay->front, &relay->address.sa, tscf_endpoint_size(&relay->address)), 0);
	relay->address = name_of(relay->front);
	ev_io_init(&relay->io, on_front, relay->front, EV_READ);
	relay->io.data = relay;
	ev_io_start(loop, &relay->io);
}

void relay_close(struct relay *relay)
{
	ev_io_stop(relay->loop, &relay->io);
	close(relay->front);
	for (unsigned i = 0; i < relay->flows; i++) {
		ev_io_stop(relay->loop, &relay->flow[i].io);
		close(relay->flow[i].back);
	}
}

void relay_inject(struct relay *relay, bool to_server, const void *data, size_t length)
{
	struct relay_flow *flow = &relay->flow[0];

	if (to_server)
		send(flow->back, data, length, 0);
	else
		sendto(relay->front, data, length, 0, &flow->client.sa, tscf_endpoint_size(&flow->client));
}
