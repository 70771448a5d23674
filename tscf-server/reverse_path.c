/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/reverse_path.h"

#include "tscf-server/context.h"

#include "common/base/bytes.h"
#include "common/base/log.h"
#include "common/crypto/random.h"
#include "common/packet/checksum.h"
#include "common/packet/packet.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define IPV4_HEADER 20U
#define IPV6_HEADER 40U
#define ECHO_HEADER 8U
/** The token, and a byte that names the device. */
#define TOKEN     8U
#define ECHO_DATA (TOKEN + 1)
#define HOPS      64

struct request {
	uint8_t data[IPV6_HEADER + ECHO_HEADER + ECHO_DATA];
	uint32_t length;
};

static unsigned bit_of(unsigned family_index, bool encrypted)
{
	return 1U << (2 * family_index + encrypted);
}

static uint8_t *put_header(struct request *r, const struct tscf_addr *from, const struct tscf_addr *to)
{
	uint8_t *ip = r->data;
	bool v4 = from->family == AF_INET;
	size_t size = tscf_addr_size(from->family);
	uint32_t header = v4 ? IPV4_HEADER : IPV6_HEADER;

	memset(r, 0, sizeof(*r));
	r->length = header + ECHO_HEADER + ECHO_DATA;
	ip[0] = v4 ? 0x45 : 0x60;
	tscf_put_u16(ip + (v4 ? 2 : 4), (uint16_t)(v4 ? r->length : r->length - header));
	ip[v4 ? 9 : 6] = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	ip[v4 ? 8 : 7] = HOPS;
	memcpy(ip + (v4 ? 12 : 8), from->bytes, size);
	memcpy(ip + (v4 ? 16 : 24), to->bytes, size);
	if (v4)
		tscf_checksum_put(ip + 10, tscf_checksum_add(ip, IPV4_HEADER));
	return ip + header;
}

static void build(struct request *r, const struct tscf_addr *from, const struct tscf_addr *to, uint64_t token,
		  bool encrypted)
{
	uint8_t *icmp = put_header(r, from, to);
	bool v4 = from->family == AF_INET;

	icmp[0] = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	memcpy(icmp + ECHO_HEADER, &token, TOKEN);
	icmp[ECHO_HEADER + TOKEN] = encrypted;
	tscf_checksum_put(icmp + 2,
			  tscf_checksum_add(icmp, ECHO_HEADER + ECHO_DATA) +
			      (v4 ? 0 : tscf_checksum_pseudo(r->data, IPPROTO_ICMPV6, ECHO_HEADER + ECHO_DATA)));
}

static void give(struct server_device *device, struct request *r)
{
	tscf_tun_put(&device->tun, r->data, r->length);
	tscf_tun_flush(&device->tun);
}

/** @return an encrypted session that may send from a plain address, or NULL. */
static const struct server_session *any_encrypted(const struct server_worker *worker)
{
	const struct server_session *s = worker->state->sessions.confirmed;

	while (s && (!s->encrypted || !s->partner))
		s = s->next;
	return s;
}

static void ask(struct server_worker *worker, const struct server_session *s, uint64_t token)
{
	struct request request;

	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		const struct tscf_addr *from = &s->partner->address[i].addr;
		struct tscf_addr own = server_pools_own(&s->interface->allocator->plain_pools, from);

		if (from->family == 0 || own.family == 0)
			continue;
		build(&request, from, &own, token, false);
		give(&worker->plain, &request);
		build(&request, from, &own, token, true);
		give(&worker->encrypted, &request);
	}
}

/** @return the value in force for the device: the larger of its own and that of "all". */
static int rp_filter(const char *device)
{
	int all = tscf_link_sysctl_get("ipv4", "all", "rp_filter"),
	    own = tscf_link_sysctl_get("ipv4", device, "rp_filter");
	int larger = all > own ? all : own;

	return larger > '0' ? larger - '0' : 0;
}

/** @return whether rp_filter was the cause and has been set back. */
static bool mend(const char *device)
{
	if (rp_filter(device) != 1 || tscf_link_sysctl("ipv4", device, "rp_filter", "2") < 0)
		return false;
	tscf_warning("%s: another program has set rp_filter to 1, so this host dropped packets from the encrypted "
		     "tunnel: set back to 2",
		     device);
	return true;
}

static void say(const struct server_worker *worker, unsigned family_index, int finding)
{
	const char *family = family_index == 0 ? "IPv4" : "IPv6", *encrypted = worker->encrypted.tun.name;

	if (finding == SERVER_REVERSE_PATH_DROPS)
		tscf_warning("this host drops what clients send encrypted (%s): a strict check of the reverse path "
			     "drops what comes by "
			     "%s from an address that is reached by %s; set net.ipv4.conf.%s.rp_filter to 2, and let "
			     "it pass the firewall's check: "
			     "iifname \"%s\" accept",
			     family, encrypted, worker->plain.tun.name, encrypted, encrypted);
	else
		tscf_info("this host lets pass what clients send encrypted (%s)", family);
}

/** @return whether to send requests again at once. */
static bool conclude_family(struct server_worker *worker, unsigned i, unsigned answered)
{
	struct server_reverse_path *r = &worker->server->reverse_path;
	int before = atomic_load(&r->finding[i]), now = SERVER_REVERSE_PATH_PASSES;

	/* Without an answer by the plain device, a missing answer by the encrypted one proves nothing. */
	if (!(answered & bit_of(i, false)))
		return false;
	if (!(answered & bit_of(i, true))) {
		if (i == 0 && mend(worker->encrypted.tun.name))
			return true;
		now = SERVER_REVERSE_PATH_DROPS;
	}
	atomic_store(&r->finding[i], now);
	if (now != before && (now == SERVER_REVERSE_PATH_DROPS || before != SERVER_REVERSE_PATH_UNKNOWN))
		say(worker, i, now);
	return false;
}

static void conclude(struct server_worker *worker, uint64_t now)
{
	struct server_reverse_path *r = &worker->server->reverse_path;
	unsigned answered = atomic_load(&r->answered);
	bool again = atomic_exchange(&r->again, false);

	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		again |= conclude_family(worker, i, answered);
	atomic_store(&r->at, again ? now : now + SERVER_REVERSE_PATH_MS);
	atomic_store_explicit(&r->state, SERVER_REVERSE_PATH_IDLE, memory_order_release);
}

static void begin(struct server_worker *worker, uint64_t now)
{
	struct server_reverse_path *r = &worker->server->reverse_path;
	const struct server_session *s = any_encrypted(worker);
	int idle = SERVER_REVERSE_PATH_IDLE;
	uint64_t token;

	if (!s || !atomic_compare_exchange_strong(&r->state, &idle, SERVER_REVERSE_PATH_BUSY))
		return;
	atomic_store(&r->by, worker);
	atomic_store(&r->again, false);
	tscf_random(&token, sizeof(token));
	atomic_store(&r->token, token);
	atomic_store(&r->answered, 0);
	atomic_store(&r->at, now + SERVER_REVERSE_PATH_WAIT_MS);
	atomic_store_explicit(&r->state, SERVER_REVERSE_PATH_WAITING, memory_order_release);
	ask(worker, s, token);
}

void server_reverse_path_tick(struct server_worker *worker, uint64_t now)
{
	struct server_reverse_path *r = &worker->server->reverse_path;
	int state = atomic_load_explicit(&r->state, memory_order_acquire);

	bool due = now >= atomic_load(&r->at);

	if (state == SERVER_REVERSE_PATH_WAITING && atomic_load(&r->by) == worker && due)
		conclude(worker, now);
	else if (state == SERVER_REVERSE_PATH_IDLE && (due || atomic_load(&r->again)))
		begin(worker, now);
}

void server_reverse_path_again(struct server_reverse_path *r)
{
	atomic_store(&r->again, true);
}

bool server_reverse_path_take(struct server_reverse_path *r, const uint8_t *data, uint32_t length)
{
	struct tscf_packet_info info;
	uint64_t token = atomic_load(&r->token);
	const uint8_t *icmp;
	bool v4 = data[0] >> 4 == 4;

	if (length != (v4 ? IPV4_HEADER : IPV6_HEADER) + ECHO_HEADER + ECHO_DATA ||
	    tscf_packet_parse(data, length, &info) != TSCF_PACKET_OK ||
	    info.protocol != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return false;
	icmp = data + info.transport;
	if (icmp[0] != (v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) || memcmp(icmp + ECHO_HEADER, &token, TOKEN) != 0)
		return false;
	atomic_fetch_or(&r->answered, bit_of(!v4, icmp[ECHO_HEADER + TOKEN] == 1));
	return true;
}

const char *server_reverse_path_name(int finding)
{
	static const char *const names[] = {NULL, "passes", "dropped"};

	return names[finding];
}
