/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load_calls.c - packets like those of telephone calls, to an echo server behind the tunnels and back.
 *
 * The calls share one pace: in each moment the next ones in turn are due, so that they are spread evenly.
 */
#include "tests/bench/load.h"

#include "common/base/bytes.h"
#include "common/packet/checksum.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC     0x54534c44U /* "TSLD" */
#define CALL_PORT 5004
#define HEADERS   28
#define DSCP_EF   0xb8
#define BURST     256
/* Who is this far behind does not catch up: what was due is counted as skipped, and not as lost. */
#define BEHIND_SECONDS 0.02

struct call {
	uint32_t client;
	bool encrypted;
};

struct load_calls {
	struct call *call;
	unsigned count, next;
	uint64_t since; /* when the pace was set, and what has been sent since */
	uint64_t sent;
	bool stopped;
	uint8_t packet[LOAD_PACKET];
};

/* After the headers and the head of RTP: what tells the packet's origin when it comes back. */
struct stamp {
	uint32_t magic, phase;
	uint64_t sent;
};

static void write_headers(const struct load *load, uint8_t *p)
{
	struct tscf_addr to = tscf_endpoint_addr(&load->options.echo);

	p[0] = 0x45;
	p[1] = DSCP_EF;
	tscf_put_u16(p + 2, LOAD_PACKET);
	p[6] = 0x40; /* don't fragment */
	p[8] = 64;
	p[9] = IPPROTO_UDP;
	memcpy(p + 16, to.bytes, 4);
	tscf_put_u16(p + 20, CALL_PORT);
	tscf_put_u16(p + 22, tscf_endpoint_port(&load->options.echo));
	tscf_put_u16(p + 24, LOAD_PACKET - 20);
	p[HEADERS] = 0x80;
}

void load_calls_add(struct load *load, unsigned first, unsigned count, bool encrypted)
{
	struct load_calls *calls = load->calls;
	struct call *more;

	if (count == 0)
		return;
	if (!calls) {
		calls = load->calls = calloc(1, sizeof(*calls));
		if (!calls)
			load_die("out of memory");
		write_headers(load, calls->packet);
	}
	more = realloc(calls->call, (calls->count + count) * sizeof(*more));
	if (!more)
		load_die("out of memory");
	calls->call = more;
	for (unsigned i = 0; i < count; i++)
		more[calls->count++] = (struct call){.client = first + i, .encrypted = encrypted};
	calls->since = load_clock();
	calls->sent = 0;
}

static void complete(const struct load *load, const struct load_client *c, uint8_t *p)
{
	struct stamp stamp = {
	    .magic = MAGIC, .phase = (uint32_t)(load->phase - load->phases), .sent = load_wall_clock()};
	uint16_t sum;

	memcpy(p + 12, c->internal, 4);
	memcpy(p + HEADERS + 12, &stamp, sizeof(stamp));
	memset(p + 10, 0, 2);
	sum = (uint16_t)~tscf_checksum_fold(tscf_checksum_add(p, 20));
	memcpy(p + 10, &sum, 2);
	memset(p + 26, 0, 2);
	sum = (uint16_t)~tscf_checksum_fold(tscf_checksum_add(p + 20, LOAD_PACKET - 20) +
					    tscf_checksum_pseudo(p, IPPROTO_UDP, LOAD_PACKET - 20));
	memcpy(p + 26, &sum, 2);
}

static void send_next(struct load *load)
{
	struct load_calls *calls = load->calls;
	const struct call *call = &calls->call[calls->next];
	struct load_client *c = &load->clients[call->client];

	calls->next = calls->next + 1 < calls->count ? calls->next + 1 : 0;
	calls->sent++;
	if (call->encrypted && c->step != LOAD_ENCRYPTED_UP)
		return;
	load->phase->calls_sent++;
	complete(load, c, calls->packet);
	if (call->encrypted)
		load_tunnel_write(c, calls->packet, LOAD_PACKET);
	else
		load_wire_send(load->plain_wire, call->client, calls->packet, LOAD_PACKET);
}

void load_calls_tick(struct load *load)
{
	struct load_calls *calls = load->calls;
	double pace;
	uint64_t due;

	if (!calls || calls->stopped)
		return;
	pace = load->options.rate * calls->count;
	due = (uint64_t)((double)(load->now - calls->since) / 1e9 * pace);
	if (due <= calls->sent)
		return;
	due -= calls->sent;
	if ((double)due > pace * BEHIND_SECONDS + BURST) {
		load->phase->calls_skipped += due - BURST;
		calls->sent += due - BURST;
		due = BURST;
	}
	for (unsigned i = 0; i < BURST && i < due; i++)
		send_next(load);
}

void load_calls_received(struct load *load, const uint8_t *data, size_t length, uint64_t came)
{
	struct load_phase *phase;
	struct stamp stamp;
	uint64_t took;

	if (length != LOAD_PACKET)
		return;
	memcpy(&stamp, data + HEADERS + 12, sizeof(stamp));
	if (stamp.magic != MAGIC || stamp.phase >= load->phase_count)
		return;
	phase = &load->phases[stamp.phase];
	took = came > stamp.sent ? came - stamp.sent : 0;
	phase->calls_back++;
	if (took > LOAD_LATE_NS)
		phase->calls_late++;
	histogram_add(&phase->round_trip, took);
}

void load_calls_stop(struct load *load)
{
	if (load->calls)
		load->calls->stopped = true;
}

bool load_calls_any(const struct load *load)
{
	return load->calls != NULL;
}

void load_calls_free(struct load *load)
{
	if (load->calls)
		free(load->calls->call);
	free(load->calls);
	load->calls = NULL;
}
