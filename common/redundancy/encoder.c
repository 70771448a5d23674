/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redundancy/encoder.h"

#include "common/base/bytes.h"
#include "common/redundancy/gf256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tscf_encoder_init(struct tscf_encoder *e, uint32_t flow, uint32_t span)
{
	*e = (struct tscf_encoder){.flow = flow, .span = span, .capacity = TSCF_SYMBOL_HEADER + TSCF_SYMBOLS_SMALL};
	e->symbols = malloc((size_t)TSCF_REPAIR_WINDOW * e->capacity);
	return e->symbols ? 0 : -ENOMEM;
}

void tscf_encoder_free(struct tscf_encoder *e)
{
	free(e->symbols);
	e->symbols = NULL;
}

static uint8_t *symbol_of(const struct tscf_encoder *e, uint16_t number)
{
	return e->symbols + (size_t)(number % TSCF_REPAIR_WINDOW) * e->capacity;
}

/** Make room for packets of any size; the symbols so far are lost.  @return whether there is room. */
static bool grow(struct tscf_encoder *e)
{
	uint32_t capacity = TSCF_SYMBOL_HEADER + TSCF_SOURCE_MAX;
	uint8_t *symbols = malloc((size_t)TSCF_REPAIR_WINDOW * capacity);

	if (!symbols)
		return false;
	free(e->symbols);
	e->symbols = symbols;
	e->capacity = capacity;
	e->count = 0;
	return true;
}

void tscf_encoder_source(struct tscf_encoder *e, const uint8_t *data, uint32_t length, uint32_t limit, uint64_t now)
{
	uint8_t *symbol;

	e->number++;
	if (length > limit || (TSCF_SYMBOL_HEADER + length > e->capacity && !grow(e))) {
		e->count = 0;
		return;
	}
	symbol = symbol_of(e, e->number);
	tscf_put_u16(symbol, (uint16_t)length);
	memcpy(symbol + TSCF_SYMBOL_HEADER, data, length);
	e->slot[e->number % TSCF_REPAIR_WINDOW] = (struct tscf_encoder_slot){.sent = now, .length = (uint16_t)length};
	if (e->count < TSCF_REPAIR_WINDOW)
		e->count++;
}

/** @return how many of the last source packets can still be repaired in time. */
static uint8_t covered_now(const struct tscf_encoder *e, uint64_t now)
{
	uint8_t n = 0;

	while (n < e->count && now - e->slot[(uint16_t)(e->number - n) % TSCF_REPAIR_WINDOW].sent <= e->span)
		n++;
	return n;
}

static struct tscf_covered name(struct tscf_encoder *e, uint16_t number, uint64_t now)
{
	struct tscf_encoder_slot *slot = &e->slot[number % TSCF_REPAIR_WINDOW];

	/* Only when it is needed: on a path without loss it is not. */
	if (!slot->identified)
		slot->id = tscf_source_id(symbol_of(e, number) + TSCF_SYMBOL_HEADER, slot->length);
	slot->identified = true;
	return (struct tscf_covered){.id = slot->id, .age = (uint8_t)(now - slot->sent)};
}

uint32_t tscf_encoder_repair(struct tscf_encoder *e, uint8_t index, uint64_t now, uint8_t *out)
{
	struct tscf_repair repair = {.flow = e->flow, .number = e->number, .index = index};
	uint32_t header, longest = 0;
	uint16_t first;

	repair.count = covered_now(e, now);
	if (repair.count == 0)
		return 0;
	first = (uint16_t)(e->number - repair.count + 1);
	for (uint8_t i = 0; i < repair.count; i++) {
		uint32_t length = TSCF_SYMBOL_HEADER + e->slot[(uint16_t)(first + i) % TSCF_REPAIR_WINDOW].length;

		repair.covered[i] = name(e, (uint16_t)(first + i), now);
		longest = length > longest ? length : longest;
	}
	header = tscf_repair_write(&repair, out);
	memset(out + header, 0, longest);
	for (uint8_t i = 0; i < repair.count; i++) {
		uint16_t number = (uint16_t)(first + i);

		tscf_gf256_add(out + header, symbol_of(e, number),
			       TSCF_SYMBOL_HEADER + e->slot[number % TSCF_REPAIR_WINDOW].length,
			       tscf_repair_coefficient(e->number, index, number));
	}
	return header + longest;
}

void tscf_encoder_count(const struct tscf_encoder *e, uint8_t *out)
{
	tscf_repair_write(&(struct tscf_repair){.flow = e->flow, .number = e->number}, out);
}
