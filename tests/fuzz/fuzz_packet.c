/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: the packet parser, and on ICMP errors the parser of quotes. */
#include "common/packet/packet.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What holds for every packet and every quote that is accepted. */
static void check(const struct tscf_packet_info *info, size_t there)
{
	const uint8_t family = info->version == 4 ? AF_INET : AF_INET6;

	must(info->version == 4 || info->version == 6);
	must(info->source.family == family && info->destination.family == family);
	must(info->total <= there && info->transport <= info->total);
	must(info->transport >= (info->version == 4 ? 20 : 40));
	must(info->first || info->fragment);
	must(info->first || (info->source_port == 0 && info->destination_port == 0 && !info->quotes));
}

/* Bytes after the packet must change nothing, and a packet one byte shorter must be refused. */
static void check_ends(const uint8_t *data, const struct tscf_packet_info *info)
{
	struct tscf_packet_info again, cut;

	must(tscf_packet_parse(data, info->total, &again) == TSCF_PACKET_OK);
	must(again.total == info->total && again.transport == info->transport && again.protocol == info->protocol);
	must(again.source_port == info->source_port && again.destination_port == info->destination_port);
	must(tscf_packet_parse(data, info->total - 1, &cut) != TSCF_PACKET_OK);
}

/* The quote lies in a block that ends where the outer packet ends, so that reading past it is seen. */
static void parse_quote(const uint8_t *data, const struct tscf_packet_info *info)
{
	uint8_t *exact = malloc(info->total);
	struct tscf_packet_info quote;

	memcpy(exact, data, info->total);
	if (tscf_packet_parse_quote(exact, info, &quote) == TSCF_PACKET_OK) {
		check(&quote, info->total - info->transport - 8);
		must(quote.version == info->version && !quote.quotes);
	}
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tscf_packet_info info;

	if (tscf_packet_parse(data, (uint32_t)size, &info) != TSCF_PACKET_OK)
		return 0;
	check(&info, size);
	check_ends(data, &info);
	if (info.quotes)
		parse_quote(data, &info);
	return 0;
}
