/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the seeds of the fuzz targets: make_seeds DIRECTORY makes DIRECTORY/fuzz_message, fuzz_packet,
 * fuzz_redundancy, fuzz_segment, fuzz_stream and fuzz_wireless.
 *
 * The seeds are kept in the tree; this program is run again when the formats change ("make fuzz-seeds").
 */
#include "common/linux/wireless_message.h"
#include "common/packet/copy.h"
#include "common/packet/message.h"
#include "common/redundancy/encoder.h"
#include "tests/unit/offload_build.h"
#include "tests/unit/packet_build.h"
#include "tests/unit/wireless_build.h"

#include <err.h>
#include <limits.h>
#include <linux/nl80211.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Identifier of the flow of build_ipv4 and build_ports (tscf(7), "REDUNDANCY"). */
#define FLOW_ID 0x2170223c

static void save(const char *target, const char *name, const void *data, uint32_t length)
{
	char path[PATH_MAX];
	FILE *f;

	mkdir(target, 0777);
	snprintf(path, sizeof(path), "%s/%s", target, name);
	f = fopen(path, "wb");
	if (!f || fwrite(data, 1, length, f) != length || fclose(f))
		err(EXIT_FAILURE, "%s", path);
}

static void save_packet(const char *name, struct build *b)
{
	build_finish(b);
	save("fuzz_packet", name, b->data, b->length);
}

static void save_message(const char *name, struct tscf_writer *w)
{
	int length = tscf_write_finish(w);

	if (length < 0)
		errx(EXIT_FAILURE, "%s does not fit", name);
	save("fuzz_message", name, w->data, (uint32_t)length);
}

static void make_ipv4(void)
{
	struct build inner, b;

	build_ipv4(&inner, IPPROTO_UDP, IPV4_DF, 0);
	build_ports(&inner, 12);
	save_packet("ipv4-udp", &inner);
	build_ipv4(&b, IPPROTO_TCP, 0, 8);
	build_ports(&b, 20);
	save_packet("ipv4-options-tcp", &b);
	build_ipv4(&b, IPPROTO_UDP, IPV4_MF, 0);
	build_ports(&b, 16);
	save_packet("ipv4-first-fragment", &b);
	build_ipv4(&b, IPPROTO_UDP, 2, 0);
	build_zero(&b, 5);
	save_packet("ipv4-last-fragment", &b);
	build_ipv4(&b, IPPROTO_ICMP, 0, 0);
	build_icmp(&b, ICMP_ECHO);
	save_packet("ipv4-echo", &b);
	build_ipv4(&b, IPPROTO_ICMP, 0, 0);
	build_icmp(&b, ICMP_DEST_UNREACH);
	build_bytes(&b, inner.data, 28);
	save_packet("ipv4-error", &b);
}

static void make_ipv6(void)
{
	struct build inner, b;

	build_ipv6(&inner, IPPROTO_UDP);
	build_ports(&inner, 12);
	save_packet("ipv6-udp", &inner);
	build_ipv6(&b, IPPROTO_HOPOPTS);
	build_extension(&b, IPPROTO_HOPOPTS, IPPROTO_ROUTING, 8);
	build_extension(&b, IPPROTO_ROUTING, IPPROTO_AH, 8);
	build_extension(&b, IPPROTO_AH, IPPROTO_DSTOPTS, 12);
	build_extension(&b, IPPROTO_DSTOPTS, IPPROTO_TCP, 8);
	build_ports(&b, 20);
	save_packet("ipv6-extensions-tcp", &b);
	build_ipv6(&b, IPPROTO_FRAGMENT);
	build_fragment(&b, IPPROTO_UDP, 0, true);
	build_ports(&b, 16);
	save_packet("ipv6-first-fragment", &b);
	build_ipv6(&b, IPPROTO_FRAGMENT);
	build_fragment(&b, IPPROTO_UDP, 16, false);
	build_zero(&b, 5);
	save_packet("ipv6-last-fragment", &b);
	build_ipv6(&b, IPPROTO_ICMPV6);
	build_icmp(&b, ICMP6_PACKET_TOO_BIG);
	build_bytes(&b, inner.data, inner.length);
	save_packet("ipv6-error", &b);
}

static void make_configuration(void)
{
	static const uint8_t id[32] = {1, 2, 3}, share[TSCF_KEY_SHARE_SIZE] = {1};
	static const struct tscf_chain_part part = {.total = 40, .offset = 8, .length = 32, .bytes = id};
	struct tscf_prefix prefix = {.length = 24};
	uint8_t data[TSCF_MESSAGE_MAX];
	union tscf_endpoint endpoint;
	struct tscf_writer w;

	tscf_write_begin(&w, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, 1);
	tscf_write_bytes(&w, TSCF_TLV_CLIENT_ID, id, 16);
	tscf_write_bytes(&w, TSCF_TLV_KEY_SHARE, share, sizeof(share));
	tscf_write_bytes(&w, TSCF_TLV_SHIELD_LOCK, id, 32);
	tscf_write_bytes(&w, TSCF_TLV_QUIET, NULL, 0);
	tscf_write_pad(&w, 100);
	save_message("configuration-request", &w);

	tscf_addr_parse("10.0.0.2", &prefix.addr);
	tscf_write_begin(&w, data, sizeof(data), TSCF_CONFIGURATION_RESPONSE, 0x0123456789abcdef, 1);
	tscf_write_response(&w, TSCF_RESPONSE_SUCCESS, "welcome");
	tscf_write_prefix(&w, TSCF_TLV_INTERNAL_IPV4, &prefix);
	tscf_write_prefix(&w, TSCF_TLV_ROUTE_IPV4, &prefix);
	tscf_addr_parse("2001:db8::2", &prefix.addr);
	tscf_write_prefix(&w, TSCF_TLV_INTERNAL_IPV4, &prefix);
	tscf_write_addr(&w, TSCF_TLV_DNS, &prefix.addr);
	tscf_endpoint_make(&prefix.addr, 40000, &endpoint);
	tscf_write_endpoint(&w, TSCF_TLV_OBSERVED_ADDRESS, &endpoint);
	tscf_write_u16(&w, TSCF_TLV_MTU, 1340);
	tscf_write_u16(&w, TSCF_TLV_KEEPALIVE, 10);
	tscf_write_u16(&w, TSCF_TLV_PERSISTENCE, 330);
	tscf_write_u16(&w, TSCF_TLV_NAGLE, 5);
	tscf_write_bytes(&w, TSCF_TLV_COOKIE, id, 8);
	tscf_write_bytes(&w, TSCF_TLV_KEY_SHARE, share, sizeof(share));
	tscf_write_bytes(&w, TSCF_TLV_CHAIN_DIGEST, id, 32);
	tscf_write_bytes(&w, TSCF_TLV_SIGNATURE, share, sizeof(share));
	tscf_write_bytes(&w, TSCF_TLV_MAC, id, 16);
	save_message("configuration-response", &w);

	tscf_write_begin(&w, data, sizeof(data), TSCF_CONFIGURATION_RESPONSE, TSCF_TSID_NONE, 2);
	tscf_write_response(&w, TSCF_RESPONSE_ENROLLED, "");
	tscf_write_bytes(&w, TSCF_TLV_KEY_SHARE, share, sizeof(share));
	tscf_write_bytes(&w, TSCF_TLV_LASTING_KEY, id, 32);
	tscf_write_bytes(&w, TSCF_TLV_MAC, id, 16);
	save_message("configuration-enrolled", &w);

	tscf_write_begin(&w, data, sizeof(data), TSCF_CHAIN_RESPONSE, TSCF_TSID_NONE, 2);
	tscf_write_chain_part(&w, &part);
	save_message("chain-response", &w);

	tscf_write_begin(&w, data, sizeof(data), TSCF_CERTIFICATE_REQUEST, TSCF_TSID_NONE, 3);
	tscf_write_bytes(&w, TSCF_TLV_CLIENT_ID, id, 16);
	tscf_write_bytes(&w, TSCF_TLV_COOKIE, id, 17);
	tscf_write_bytes(&w, TSCF_TLV_CHAIN_DIGEST, id, 32);
	tscf_write_chain_part(&w, &part);
	save_message("certificate-request", &w);

	tscf_write_begin(&w, data, sizeof(data), TSCF_KEEPALIVE_REQUEST, 0x0123456789abcdef, 3);
	tscf_write_bytes(&w, TSCF_TLV_SEAL, id, TSCF_SEAL_VALUE_SIZE);
	save_message("keepalive-sealed", &w);

	tscf_write_begin(&w, data, sizeof(data), TSCF_KEEPALIVE_REQUEST, 0x0123456789abcdef, 4);
	tscf_write_need(&w, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	save_message("keepalive-need", &w);
	tscf_write_begin(&w, data, sizeof(data), TSCF_KEEPALIVE_REQUEST, 0x0123456789abcdef, 5);
	tscf_write_bytes(&w, TSCF_TLV_YIELD, NULL, 0);
	save_message("keepalive-yield", &w);
	tscf_write_begin(&w, data, sizeof(data), TSCF_KEEPALIVE_REQUEST, 0x0123456789abcdef, 6);
	tscf_write_bytes(&w, TSCF_TLV_NETWORKS, NULL, 0);
	save_message("keepalive-networks", &w);
}

static void make_service(void)
{
	struct tscf_wire_binding binding = {.level = TSCF_LEVEL_ENCRYPTED_ONLY, .flags = TSCF_BIND_FLAG_MOVED};
	static const uint8_t hash[32] = {4, 5, 6};
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer w;

	tscf_write_begin(&w, data, sizeof(data), TSCF_SERVICE_REQUEST, 0x0123456789abcdef, 2);
	tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_DTTE);
	tscf_write_bytes(&w, TSCF_TLV_RESERVATION_HASH, hash, sizeof(hash));
	save_message("enable-dtte", &w);

	tscf_write_begin(&w, data, sizeof(data), TSCF_SERVICE_RESPONSE, 0x0123456789abcdef, 2);
	tscf_write_response(&w, TSCF_RESPONSE_SUCCESS, NULL);
	tscf_write_u64(&w, TSCF_TLV_RESERVED_TSID, 0xfedcba9876543210);
	save_message("reserved", &w);

	tscf_write_begin(&w, data, sizeof(data), TSCF_SERVICE_REQUEST, 0x0123456789abcdef, 3);
	tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_BIND);
	tscf_addr_parse("10.0.0.2", &binding.key.local);
	tscf_write_binding(&w, &binding);
	binding.key.protocol = IPPROTO_UDP;
	binding.key.local_port = 5060;
	tscf_addr_parse("192.0.2.1", &binding.key.remote);
	binding.key.remote_port = 5060;
	tscf_write_binding(&w, &binding);
	tscf_addr_parse("2001:db8::2", &binding.key.local);
	tscf_addr_parse("2001:db8::1", &binding.key.remote);
	binding.action = TSCF_BIND_ACTION_CLOSE;
	tscf_write_binding(&w, &binding);
	save_message("bind", &w);
}

static void make_sockets(void)
{
	struct tscf_wire_socket socket = {.services = {.redundancy = TSCF_REDUNDANCY_AUTO, .datagram = true}};
	struct tscf_wire_answer answer = {.services = {.redundancy = 2}};
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer w;

	tscf_write_begin(&w, data, sizeof(data), TSCF_SERVICE_REQUEST, 0x0123456789abcdef, 4);
	tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_SOCKETS);
	socket.key.protocol = IPPROTO_UDP;
	socket.key.local_port = 4000;
	tscf_addr_parse("10.0.0.2", &socket.key.local);
	tscf_write_socket(&w, &socket);
	tscf_addr_parse("2001:db8::2", &socket.key.local);
	tscf_addr_parse("2001:db8::1", &socket.key.remote);
	socket.key.remote_port = 5004;
	socket.services = (struct tscf_services_of){0};
	tscf_write_socket(&w, &socket);
	save_message("sockets", &w);

	tscf_write_begin(&w, data, sizeof(data), TSCF_SERVICE_RESPONSE, 0x0123456789abcdef, 4);
	tscf_write_response(&w, TSCF_RESPONSE_SUCCESS, NULL);
	tscf_write_socket_answer(&w, &answer);
	answer = (struct tscf_wire_answer){.code = TSCF_RESPONSE_LIMIT};
	tscf_write_socket_answer(&w, &answer);
	save_message("sockets-answer", &w);
}

/** Append a packet to a seed of fuzz_redundancy: its length, 20 ms since the one before, its bytes. */
static void add_packet(struct build *seed, const uint8_t *packet, uint32_t length)
{
	const uint8_t header[] = {(uint8_t)(length >> 8), (uint8_t)length, 20};

	build_bytes(seed, header, sizeof(header));
	build_bytes(seed, packet, length);
}

/** Four packets of which the third and the fourth are lost, and two repair packets. */
static void make_redundancy(void)
{
	uint8_t repair[TSCF_SOURCE_MAX + TSCF_REPAIR_OVERHEAD];
	struct build seed = {0}, b;
	struct tscf_encoder encoder;

	if (tscf_encoder_init(&encoder, FLOW_ID, 45))
		errx(EXIT_FAILURE, "out of memory");
	for (unsigned i = 0; i < 4; i++) {
		build_ipv4(&b, IPPROTO_UDP, 0, 0);
		build_ports(&b, 20);
		build_finish(&b);
		b.data[b.length - 1] = (uint8_t)i;
		tscf_encoder_source(&encoder, b.data, b.length, TSCF_SOURCE_MAX, 1020);
		if (i < 2)
			add_packet(&seed, b.data, b.length);
	}
	for (uint8_t index = 0; index < 2; index++)
		add_packet(&seed, repair, tscf_encoder_repair(&encoder, index, 1020, repair));
	tscf_encoder_free(&encoder);
	save("fuzz_redundancy", "repair", seed.data, seed.length);
}

/** Two bytes of limit, the virtio header, the bytes that a TUN device would hand out. */
static void save_super(const char *name, const struct virtio_net_hdr *vnet, const uint8_t *packet, uint32_t length)
{
	uint8_t seed[4096] = {1340 >> 8, 1340 & 0xff};

	memcpy(seed + 2, vnet, sizeof(*vnet));
	memcpy(seed + 2 + sizeof(*vnet), packet, length);
	save("fuzz_segment", name, seed, 2 + (uint32_t)sizeof(*vnet) + length);
}

static void make_super(void)
{
	static const struct {
		const char *name, *plain;
		struct offload_shape shape;
	} seeds[] = {
	    {"tcp4", "tcp4-packets", {.payload = 901, .flags = PSH | CWR}},
	    {"tcp6", "tcp6-packets", {.payload = 901, .ipv6 = true, .tcp_options = 12}},
	    {"udp4", "udp4-packets", {.payload = 901, .udp = true}},
	    {"udp6", "udp6-packets", {.payload = 901, .udp = true, .ipv6 = true}},
	};
	static struct offload_packet p;
	uint8_t packets[2048];
	struct virtio_net_hdr vnet;

	for (unsigned i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		struct offload_shape shape = seeds[i].shape;
		uint32_t length = 0;

		offload_super(&p, &shape, 300, &vnet);
		save_super(seeds[i].name, &vnet, p.data, p.length);
		memset(&vnet, 0, sizeof(vnet));
		shape.payload = 100;
		shape.flags = 0;
		for (uint16_t k = 0; k < 4; k++, shape.seq += 100, shape.id++) {
			offload_plain(&p, &shape);
			memcpy(packets + length, p.data, p.length);
			length += p.length;
		}
		save_super(seeds[i].plain, &vnet, packets, length);
	}
}

/** Packets of both families, equal and unequal ones, a copy of one, and a message, back to back. */
static void make_stream(void)
{
	uint8_t seed[2048];
	struct tscf_writer w;
	uint32_t length = 0;

	for (unsigned i = 0; i < 4; i++) {
		memset(seed + length, 0, 100);
		seed[length] = i < 3 ? 0x45 : 0x60;
		seed[length + 3] = i < 3 ? 100 : 0;
		seed[length + 5] = i < 3 ? 0 : 60;
		length += i == 2 ? 60 : 100;
		if (i == 2)
			seed[length - 60 + 3] = 60;
	}
	tscf_copy_write(1, seed + length);
	memcpy(seed + length + TSCF_COPY_HEADER, seed, 100);
	length += TSCF_COPY_HEADER + 100;
	tscf_write_begin(&w, seed + length, (uint32_t)sizeof(seed) - length, TSCF_KEEPALIVE_REQUEST, 1, 2);
	tscf_write_u16(&w, TSCF_TLV_MTU, 1340);
	length += (uint32_t)tscf_write_finish(&w);
	save("fuzz_stream", "mixed", seed, length);
	save("fuzz_stream", "cut", seed, length - 3);
}

/** Behind the netlink header. */
static void save_wireless(const char *name, const struct wireless_message *m)
{
	save("fuzz_wireless", name, m->data + NLMSG_HDRLEN, m->length - NLMSG_HDRLEN);
}

static void make_wireless(void)
{
	struct wireless_message m;

	wireless_family(&m, TSCF_WIRELESS_FAMILY, 30);
	save_wireless("family", &m);
	wireless_network(&m, NL80211_BSS_STATUS_ASSOCIATED, 0x411, WIRELESS_NAME | WIRELESS_RSN, WIRELESS_RSN);
	save_wireless("secure", &m);
	wireless_network(&m, NL80211_BSS_STATUS_ASSOCIATED, 0x401, WIRELESS_NAME | WIRELESS_QUALITY, -1);
	save_wireless("open", &m);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(EXIT_FAILURE, "usage: make_seeds DIRECTORY");
	if (chdir(argv[1]))
		err(EXIT_FAILURE, "%s", argv[1]);
	make_ipv4();
	make_ipv6();
	make_configuration();
	make_service();
	make_sockets();
	make_redundancy();
	make_super();
	make_stream();
	make_wireless();
	return EXIT_SUCCESS;
}
