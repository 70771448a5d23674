/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redundancy/decoder.h"

#include "common/base/bytes.h"
#include "common/redundancy/gf256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS (TSCF_DECODER_KEPT + TSCF_DECODER_ROWS)

int tscf_decoder_init(struct tscf_decoder *d)
{
	*d = (struct tscf_decoder){.capacity = TSCF_SYMBOL_HEADER + TSCF_SYMBOLS_SMALL};
	d->symbols = malloc((size_t)SYMBOLS * d->capacity);
	return d->symbols ? 0 : -ENOMEM;
}

void tscf_decoder_free(struct tscf_decoder *d)
{
	free(d->symbols);
	d->symbols = NULL;
}

/** Have room for symbols of @p length bytes; what was kept is lost if that needs more memory.  @return whether there is
 * room. */
static bool fits(struct tscf_decoder *d, uint32_t length)
{
	uint32_t capacity = TSCF_SYMBOL_HEADER + TSCF_SOURCE_MAX;
	uint8_t *symbols;

	if (length <= d->capacity)
		return true;
	symbols = length <= capacity ? malloc((size_t)SYMBOLS * capacity) : NULL;
	if (!symbols)
		return false;
	free(d->symbols);
	*d = (struct tscf_decoder){.capacity = capacity, .symbols = symbols};
	return true;
}

static uint8_t *kept_symbol(const struct tscf_decoder *d, unsigned i)
{
	return d->symbols + (size_t)i * d->capacity;
}

static uint8_t *row_symbol(const struct tscf_decoder *d, const struct tscf_decoder_row *row)
{
	return d->symbols + (size_t)(TSCF_DECODER_KEPT + (row - d->row)) * d->capacity;
}

static uint32_t symbol_length(const struct tscf_decoder_kept *k)
{
	return TSCF_SYMBOL_HEADER + (uint32_t)k->length;
}

/** @return the kept packet with this identifier, or TSCF_DECODER_KEPT. */
static unsigned find(struct tscf_decoder *d, uint32_t id)
{
	for (unsigned i = 0; i < TSCF_DECODER_KEPT; i++) {
		struct tscf_decoder_kept *k = &d->kept[i];

		if (k->length == 0)
			continue;
		if (!k->identified)
			k->id = tscf_source_id(kept_symbol(d, i) + TSCF_SYMBOL_HEADER, k->length);
		k->identified = true;
		if (k->id == id)
			return i;
	}
	return TSCF_DECODER_KEPT;
}

bool tscf_decoder_has(struct tscf_decoder *d, uint32_t id)
{
	return find(d, id) < TSCF_DECODER_KEPT;
}

static unsigned keep(struct tscf_decoder *d, const uint8_t *data, uint32_t length)
{
	unsigned i = d->next;
	uint8_t *symbol = kept_symbol(d, i);

	if (d->kept[i].repaired)
		d->repaired--;
	d->next = (uint8_t)((i + 1) % TSCF_DECODER_KEPT);
	d->kept[i] = (struct tscf_decoder_kept){.length = (uint16_t)length};
	tscf_put_u16(symbol, (uint16_t)length);
	memcpy(symbol + TSCF_SYMBOL_HEADER, data, length);
	return i;
}

/* --- rows --- */

/** Begin the row with the first coefficient that is not 0; free it if there is none. */
static void normalise(struct tscf_decoder_row *row)
{
	unsigned zeros = 0;

	while (zeros < TSCF_REPAIR_WINDOW && row->coefficient[zeros] == 0)
		zeros++;
	if (zeros == TSCF_REPAIR_WINDOW)
		row->length = 0;
	if (zeros == 0 || zeros == TSCF_REPAIR_WINDOW)
		return;
	memmove(row->coefficient, row->coefficient + zeros, TSCF_REPAIR_WINDOW - zeros);
	memset(row->coefficient + TSCF_REPAIR_WINDOW - zeros, 0, zeros);
	row->first = (uint16_t)(row->first + zeros);
}

/** Cancel the first unknown of @p row with @p other, which has the same one.  Neither reaches further than a window. */
static void cancel(struct tscf_decoder *d, struct tscf_decoder_row *row, const struct tscf_decoder_row *other)
{
	uint8_t factor = tscf_gf256_multiply(row->coefficient[0], tscf_gf256_inverse(other->coefficient[0]));
	uint8_t *symbol = row_symbol(d, row);

	if (row->length < other->length) {
		memset(symbol + row->length, 0, other->length - row->length);
		row->length = other->length;
	}
	tscf_gf256_add(symbol, row_symbol(d, other), other->length, factor);
	tscf_gf256_add(row->coefficient, other->coefficient, TSCF_REPAIR_WINDOW, factor);
	normalise(row);
}

/** @return another row with the same first unknown as @p row, or NULL. */
static const struct tscf_decoder_row *twin(const struct tscf_decoder *d, const struct tscf_decoder_row *row)
{
	for (unsigned i = 0; i < TSCF_DECODER_ROWS; i++)
		if (&d->row[i] != row && d->row[i].length > 0 && d->row[i].first == row->first)
			return &d->row[i];
	return NULL;
}

/** Bring @p row into echelon form with the others: each begins with an unknown of its own. */
static void reduce(struct tscf_decoder *d, struct tscf_decoder_row *row)
{
	const struct tscf_decoder_row *other;

	normalise(row);
	/* Each turn cancels one unknown. */
	while (row->length > 0 && (other = twin(d, row)) != NULL)
		cancel(d, row, other);
}

/** @return a row that is not in use; the oldest makes room. */
static struct tscf_decoder_row *free_row(struct tscf_decoder *d)
{
	struct tscf_decoder_row *oldest = &d->row[0];

	for (unsigned i = 0; i < TSCF_DECODER_ROWS; i++) {
		if (d->row[i].length == 0)
			return &d->row[i];
		if ((int16_t)(d->row[i].first - oldest->first) < 0)
			oldest = &d->row[i];
	}
	oldest->length = 0;
	return oldest;
}

/** @return the coefficient of packet @p number, or NULL if the row does not reach it. */
static uint8_t *coefficient(struct tscf_decoder_row *row, uint16_t number)
{
	uint16_t at = (uint16_t)(number - row->first);

	return row->length > 0 && at < TSCF_REPAIR_WINDOW ? &row->coefficient[at] : NULL;
}

/**
 * Packet @p number is known now, as kept packet @p i: remove it from all rows.  With TSCF_DECODER_KEPT as @p i it never
 * will be: the rows that need it are freed.
 */
static void substitute(struct tscf_decoder *d, uint16_t number, unsigned i)
{
	bool changed[TSCF_DECODER_ROWS] = {false};

	for (unsigned r = 0; r < TSCF_DECODER_ROWS; r++) {
		struct tscf_decoder_row *row = &d->row[r];
		uint8_t *factor = coefficient(row, number);

		if (!factor || *factor == 0)
			continue;
		if (i == TSCF_DECODER_KEPT || symbol_length(&d->kept[i]) > row->length) {
			row->length = 0;
			continue;
		}
		tscf_gf256_add(row_symbol(d, row), kept_symbol(d, i), symbol_length(&d->kept[i]), *factor);
		*factor = 0;
		changed[r] = true;
	}
	for (unsigned r = 0; r < TSCF_DECODER_ROWS; r++)
		if (changed[r])
			normalise(&d->row[r]);
	for (unsigned r = 0; r < TSCF_DECODER_ROWS; r++)
		if (changed[r] && d->row[r].length > 0)
			reduce(d, &d->row[r]);
}

/* --- unknowns --- */

static struct tscf_decoder_unknown *unknown(struct tscf_decoder *d, uint16_t number)
{
	return &d->unknown[number % TSCF_DECODER_KEPT];
}

/** Forget the packets and rows that are too far behind @p number, which is the highest now. */
static void advance(struct tscf_decoder *d, uint16_t number, struct tscf_redundancy_counters *counters)
{
	int ahead = d->started ? (int16_t)(number - d->number) : 1;

	/* Far behind: the other end has begun anew. */
	if (ahead <= 0 && ahead > -TSCF_DECODER_KEPT)
		return;
	d->started = true;
	d->number = number;
	for (unsigned i = 0; i < TSCF_DECODER_KEPT; i++) {
		struct tscf_decoder_unknown *u = &d->unknown[i];

		if (u->open && (uint16_t)(number - u->number) >= TSCF_DECODER_KEPT) {
			u->open = false;
			counters->repair_impossible++;
		}
	}
	for (unsigned i = 0; i < TSCF_DECODER_ROWS; i++)
		if ((uint16_t)(number - d->row[i].first) >= TSCF_DECODER_KEPT)
			d->row[i].length = 0;
}

/** The single unknown of @p row is solved: check it, keep it, and deliver it if it is in time. */
static void solve(struct tscf_decoder *d, struct tscf_decoder_row *row, uint64_t now,
		  const struct tscf_decoder_output *out)
{
	struct tscf_decoder_unknown *u = unknown(d, row->first);
	uint8_t *symbol = row_symbol(d, row);
	uint32_t length;
	unsigned i;

	tscf_gf256_scale(symbol, row->length, tscf_gf256_inverse(row->coefficient[0]));
	length = tscf_get_u16(symbol);
	row->length = length > 0 && TSCF_SYMBOL_HEADER + length <= row->length ? row->length : 0;
	if (row->length == 0 || tscf_source_id(symbol + TSCF_SYMBOL_HEADER, length) != u->id) {
		row->length = 0;
		out->counters->repair_invalid++;
		substitute(d, row->first, TSCF_DECODER_KEPT);
		return;
	}
	row->length = 0;
	i = keep(d, symbol + TSCF_SYMBOL_HEADER, length);
	u->open = false;
	/* Both ends count whole milliseconds. */
	if (now >= u->due + out->bound) {
		out->counters->repaired_late++;
	} else {
		d->kept[i].repaired = true;
		d->repaired++;
		out->deliver(out->context, kept_symbol(d, i) + TSCF_SYMBOL_HEADER, length);
	}
	substitute(d, row->first, i);
}

static bool has_one_unknown(const struct tscf_decoder_row *row)
{
	for (unsigned i = 1; i < TSCF_REPAIR_WINDOW; i++)
		if (row->coefficient[i])
			return false;
	return row->length > 0;
}

static struct tscf_decoder_row *solvable(struct tscf_decoder *d)
{
	for (unsigned i = 0; i < TSCF_DECODER_ROWS; i++)
		if (has_one_unknown(&d->row[i]))
			return &d->row[i];
	return NULL;
}

static void solve_all(struct tscf_decoder *d, uint64_t now, const struct tscf_decoder_output *out)
{
	struct tscf_decoder_row *row;

	/* Each turn frees a row. */
	while ((row = solvable(d)) != NULL)
		solve(d, row, now, out);
}

/* --- what came --- */

bool tscf_decoder_source(struct tscf_decoder *d, const uint8_t *data, uint32_t length, uint64_t now,
			 const struct tscf_decoder_output *out)
{
	unsigned kept;

	if (length == 0 || !fits(d, TSCF_SYMBOL_HEADER + length))
		return true;
	/* Compared byte by byte: an identifier is no proof that it is the same packet. */
	for (unsigned i = 0; d->repaired > 0 && i < TSCF_DECODER_KEPT; i++) {
		struct tscf_decoder_kept *k = &d->kept[i];

		if (!k->repaired || k->length != length ||
		    memcmp(kept_symbol(d, i) + TSCF_SYMBOL_HEADER, data, length) != 0)
			continue;
		k->repaired = false;
		d->repaired--;
		return false;
	}
	kept = keep(d, data, length);
	for (unsigned i = 0; i < TSCF_DECODER_KEPT; i++) {
		struct tscf_decoder_unknown *u = &d->unknown[i];

		if (!u->open || find(d, u->id) != kept)
			continue;
		/* It was only late. */
		u->open = false;
		substitute(d, u->number, kept);
		solve_all(d, now, out);
		break;
	}
	return true;
}

/** Move what is known of the packets that @p repair covers out of @p row.  @return false if that is not possible. */
static bool enter(struct tscf_decoder *d, struct tscf_decoder_row *row, const struct tscf_repair *repair, uint64_t now)
{
	for (unsigned i = 0; i < repair->count; i++) {
		uint16_t number = (uint16_t)(row->first + i);
		const struct tscf_covered *covered = &repair->covered[i];
		uint8_t factor = tscf_repair_coefficient(repair->number, repair->index, number);
		unsigned kept = find(d, covered->id);
		struct tscf_decoder_unknown *u = unknown(d, number);

		if (kept < TSCF_DECODER_KEPT) {
			if (symbol_length(&d->kept[kept]) > row->length)
				return false;
			tscf_gf256_add(row_symbol(d, row), kept_symbol(d, kept), symbol_length(&d->kept[kept]), factor);
			continue;
		}
		if (u->open && u->number == number && u->id != covered->id)
			return false;
		if (!u->open || u->number != number)
			*u = (struct tscf_decoder_unknown){
			    .due = now - covered->age, .id = covered->id, .number = number, .open = true};
		row->coefficient[i] = factor;
	}
	return true;
}

void tscf_decoder_repair(struct tscf_decoder *d, const struct tscf_repair *repair, uint64_t now,
			 const struct tscf_decoder_output *out)
{
	uint16_t first = (uint16_t)(repair->number - repair->count + 1);
	struct tscf_decoder_row *row;

	if (!fits(d, repair->symbol_length))
		return;
	advance(d, repair->number, out->counters);
	/* Overtaken by many others: its packets are not looked after any more. */
	if ((uint16_t)(d->number - first) >= TSCF_DECODER_KEPT)
		return;
	row = free_row(d);
	*row = (struct tscf_decoder_row){.length = repair->symbol_length, .first = first};
	memcpy(row_symbol(d, row), repair->symbol, repair->symbol_length);
	if (!enter(d, row, repair, now)) {
		row->length = 0;
		out->counters->repair_invalid++;
		return;
	}
	reduce(d, row);
	solve_all(d, now, out);
}
