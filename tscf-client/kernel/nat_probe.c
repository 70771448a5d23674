/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/nat_probe.h"

#include "common/base/level.h"
#include "common/base/log.h"
#include "common/crypto/random.h"
#include "common/packet/packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** The Discard service (RFC 863), in case a datagram ever arrives. */
#define PORT       9
#define UDP_HEADER 8U

/* The level, and so the mark, for the packets of each device. */
static const enum tscf_level levels[] = {TSCF_LEVEL_UNENCRYPTED, TSCF_LEVEL_ENCRYPTED_ONLY};

static bool is_wanted(const struct nat_probes *n, bool encrypted)
{
	if (encrypted)
		return dtte_is_up(n->dtte) && n->dtte->gate == DTTE_GATE_OPEN;
	return n->dtte->plain_up;
}

static int open_marked(const struct nat_probes *n, int family, enum tscf_level level, const struct tscf_addr *from)
{
	union tscf_endpoint local;
	uint32_t mark = tscf_mark_set(0, n->config->fwmark_mask, TSCF_MARK_EXPLICIT | level);
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	tscf_endpoint_make(from, 0, &local);
	/* Bind before setting the level: binding a socket that has a level would register it at the server. */
	if (fd >= 0 && bind(fd, &local.sa, tscf_endpoint_size(&local)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* @return an address that a service route of the family leads to; family 0: there is none. */
static struct tscf_addr destination(const struct nat_probes *n, int family)
{
	for (unsigned i = 0; i < n->facts->route_count; i++)
		if (n->facts->routes[i].addr.family == family)
			return routing_sample(&n->facts->routes[i]);
	return (struct tscf_addr){.family = 0};
}

/* That the kernel has no room at the moment says nothing of its rules. */
static bool is_passing(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

/* @return whether a datagram was sent, or refused: that one does not arrive. */
static bool send_one(const struct nat_probes *n, const struct nat_probe *p, int family, enum tscf_level level)
{
	const struct tscf_addr *from = &n->facts->plain.of[tscf_family_index((sa_family_t)family)];
	struct tscf_addr to = destination(n, family);
	union tscf_endpoint remote;
	if (!from->family || !to.family)
		return false;
	int fd = open_marked(n, family, level, from);
	if (fd < 0)
		return false;
	tscf_endpoint_make(&to, PORT, &remote);
	ssize_t sent = sendto(fd, p->token, sizeof(p->token), MSG_DONTWAIT, &remote.sa, tscf_endpoint_size(&remote));
	bool refused = sent < 0 && !is_passing(errno);
	close(fd);
	return sent >= 0 || refused;
}

static void send_all(struct nat_probes *n, struct nat_probe *p, enum tscf_level level)
{
	tscf_random(p->token, sizeof(p->token));
	p->changed = false;
	p->sent = tscf_timers_now(n->timers);
	/* Count first: a sent datagram is in the device at once. */
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		p->waiting += send_one(n, p, tscf_family(i), level);
	p->at = p->sent + (p->waiting > 0 ? NAT_PROBE_WAIT_MS : NAT_PROBE_MS);
}

static void say(const struct nat_probe *p)
{
	const char *device = p->device;
	if (p->finding == NAT_PROBE_CHANGED)
		tscf_warning("a rule of this host's firewall changes the source of packets that leave by %s, as "
			     "masquerading does: "
			     "connections that are moved break; put before it: nft insert rule ip TABLE CHAIN oifname "
			     "\"%s\" accept, or "
			     "iptables -t nat -I POSTROUTING -o %s -j ACCEPT",
			     device, device, device);
	else if (p->finding == NAT_PROBE_DROPPED)
		tscf_warning(
		    "this host lets no packets out by %s: its firewall, an IPsec policy or a policy rule keeps "
		    "them back, or sets another mark",
		    device);
	else
		tscf_info("packets leave by %s unchanged now", device);
}

static void conclude(struct nat_probes *n, struct nat_probe *p, enum nat_probe_finding finding)
{
	enum nat_probe_finding before = p->finding;
	p->finding = finding;
	p->doubtful = false;
	p->waiting = 0;
	p->at = tscf_timers_now(n->timers) + NAT_PROBE_MS;
	if (finding == before || (before == NAT_PROBE_UNKNOWN && finding == NAT_PROBE_UNCHANGED))
		return;
	say(p);
}

/* Something may have been on its way to being put back: one datagram that does not arrive is not enough. */
static void give_up(struct nat_probes *n, struct nat_probe *p, enum tscf_level level)
{
	if (p->changed || p->doubtful || p->finding == NAT_PROBE_DROPPED) {
		conclude(n, p, p->changed ? NAT_PROBE_CHANGED : NAT_PROBE_DROPPED);
		return;
	}
	p->waiting = 0;
	p->doubtful = true;
	send_all(n, p, level);
}

static void tick_one(struct nat_probes *n, struct nat_probe *p, bool encrypted)
{
	if (!is_wanted(n, encrypted))
		*p = (struct nat_probe){.device = p->device, .finding = p->finding};
	else if (tscf_timers_now(n->timers) >= p->at && p->waiting > 0)
		give_up(n, p, levels[encrypted]);
	else if (tscf_timers_now(n->timers) >= p->at)
		send_all(n, p, levels[encrypted]);
}

static void tick(void *context)
{
	struct nat_probes *n = context;
	tick_one(n, &n->of[0], false);
	tick_one(n, &n->of[1], true);
}

void nat_probe_again(struct nat_probes *n)
{
	for (unsigned i = 0; i < 2; i++)
		if (n->of[i].waiting == 0 && n->of[i].at > n->of[i].sent + NAT_PROBE_GAP_MS)
			n->of[i].at = n->of[i].sent + NAT_PROBE_GAP_MS;
}

/* When a tunnel goes down, its datagrams under way are forgotten at once. */
static uint64_t next_of(const struct nat_probes *n, const struct nat_probe *p, bool encrypted)
{
	if (is_wanted(n, encrypted))
		return p->at;
	return p->at != 0 || p->waiting > 0 || p->changed ? 0 : UINT64_MAX;
}

static uint64_t next_due(const void *context)
{
	const struct nat_probes *n = context;
	uint64_t plain = next_of(n, &n->of[0], false), encrypted = next_of(n, &n->of[1], true);
	return plain < encrypted ? plain : encrypted;
}

void nat_probe_init(struct nat_probes *n)
{
	tscf_timers_add(n->timers, &n->timer, next_due, tick, n);
}

bool nat_probe_take(struct nat_probes *n, struct nat_probe *p, const uint8_t *data, uint32_t length)
{
	struct tscf_packet_info info;
	/* Our datagram has no options, so its size is fixed. */
	if (length < UDP_HEADER + sizeof(p->token) ||
	    memcmp(data + length - sizeof(p->token), p->token, sizeof(p->token)) != 0 ||
	    tscf_packet_parse(data, length, &info) != TSCF_PACKET_OK)
		return false;
	p->changed |= !tscf_addrs_have(&n->facts->plain, &info.source);
	p->waiting--;
	if (p->waiting == 0)
		conclude(n, p, p->changed ? NAT_PROBE_CHANGED : NAT_PROBE_UNCHANGED);
	return true;
}

const char *nat_probe_name(enum nat_probe_finding finding)
{
	static const char *const names[] = {NULL, "unchanged", "source changed", "dropped"};
	return names[finding];
}
