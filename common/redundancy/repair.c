/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redundancy/repair.h"

#include "common/base/bytes.h"
#include "common/base/siphash.h"
#include "common/redundancy/gf256.h"

#include <errno.h>

#define RTP_FIELDS 0x01

uint32_t tscf_repair_write(const struct tscf_repair *repair, uint8_t *out)
{
	uint8_t *at = out + TSCF_REPAIR_HEADER;

	out[0] = TSCF_REPAIR_FIRST_BYTE;
	out[1] = (uint8_t)(repair->index << 4 | repair->count);
	tscf_put_u16(out + 2, repair->number);
	tscf_put_u32(out + 4, repair->flow);
	for (unsigned i = 0; i < repair->count; i++, at += TSCF_REPAIR_COVERED) {
		tscf_put_u32(at, repair->covered[i].id);
		at[4] = repair->covered[i].age;
	}
	return (uint32_t)(at - out);
}

int tscf_repair_read(const uint8_t *data, uint32_t length, struct tscf_repair *out)
{
	const struct tscf_bytes all = {data, length};
	const uint8_t *header = tscf_bytes_at(&all, 0, TSCF_REPAIR_HEADER), *at;
	uint32_t end;

	if (!header || header[0] != TSCF_REPAIR_FIRST_BYTE)
		return -EINVAL;
	*out = (struct tscf_repair){.flow = tscf_get_u32(header + 4),
				    .number = tscf_get_u16(header + 2),
				    .index = header[1] >> 4,
				    .count = header[1] & 0x0f};
	if (out->count > TSCF_REPAIR_WINDOW || out->index >= TSCF_REPAIR_INDEXES)
		return -EINVAL;
	at = tscf_bytes_at(&all, TSCF_REPAIR_HEADER, out->count * TSCF_REPAIR_COVERED);
	if (!at)
		return -EINVAL;
	for (unsigned i = 0; i < out->count; i++, at += TSCF_REPAIR_COVERED)
		out->covered[i] = (struct tscf_covered){.id = tscf_get_u32(at), .age = at[4]};
	end = TSCF_REPAIR_HEADER + out->count * (uint32_t)TSCF_REPAIR_COVERED;
	out->symbol = data + end;
	out->symbol_length = length - end;
	if (out->count == 0)
		return out->symbol_length == 0 ? 0 : -EINVAL;
	return out->symbol_length > TSCF_SYMBOL_HEADER && out->symbol_length <= TSCF_SYMBOL_HEADER + TSCF_SOURCE_MAX
		   ? 0
		   : -EINVAL;
}

void tscf_report_write(const struct tscf_report *report, uint8_t out[TSCF_REPORT_SIZE])
{
	out[0] = TSCF_REPORT_FIRST_BYTE;
	out[1] = report->rtp ? RTP_FIELDS : 0;
	tscf_put_u16(out + 2, report->sequence);
	tscf_put_u32(out + 4, report->flow);
	tscf_put_u32(out + 8, report->came);
	tscf_put_u16(out + 12, report->expected);
	tscf_put_u16(out + 14, report->lost);
	tscf_put_u16(out + 16, report->runs);
}

int tscf_report_read(const uint8_t *data, uint32_t length, struct tscf_report *out)
{
	if (length != TSCF_REPORT_SIZE || data[0] != TSCF_REPORT_FIRST_BYTE || (data[1] & ~RTP_FIELDS))
		return -EINVAL;
	*out = (struct tscf_report){.flow = tscf_get_u32(data + 4),
				    .rtp = data[1] == RTP_FIELDS,
				    .sequence = tscf_get_u16(data + 2),
				    .came = tscf_get_u32(data + 8),
				    .expected = tscf_get_u16(data + 12),
				    .lost = tscf_get_u16(data + 14),
				    .runs = tscf_get_u16(data + 16)};
	return 0;
}

uint32_t tscf_source_id(const uint8_t *data, uint32_t length)
{
	static const struct tscf_siphash_key zero;

	return (uint32_t)tscf_siphash(&zero, data, length);
}

uint8_t tscf_repair_coefficient(uint16_t number, uint8_t index, uint16_t covered)
{
	uint32_t row = (uint32_t)number * TSCF_REPAIR_INDEXES + index;

	/* Reduced first, so that the product fits. */
	return tscf_gf256_power(row % 255 * (covered & 0xffU));
}
