/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bytes.h - reads and writes wire formats: checked ranges, numbers in network byte order.
 *
 * Parsers of hostile input get pointers only from tscf_bytes_at, for exactly the bytes that they then read.
 */
#ifndef TSCF_BYTES_H
#define TSCF_BYTES_H

#include <stddef.h>
#include <stdint.h>

/** Readable memory and its size. */
struct tscf_bytes {
	const uint8_t *data;
	uint32_t length;
};

/** @return the @p size bytes at @p offset, or NULL if they are not all inside. */
static inline const uint8_t *tscf_bytes_at(const struct tscf_bytes *b, uint32_t offset, uint32_t size)
{
	if (offset > b->length || size > b->length - offset)
		return NULL;
	return b->data + offset;
}

static inline uint16_t tscf_get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t tscf_get_u32(const uint8_t *p)
{
	return (uint32_t)tscf_get_u16(p) << 16 | tscf_get_u16(p + 2);
}

static inline uint64_t tscf_get_u64(const uint8_t *p)
{
	return (uint64_t)tscf_get_u32(p) << 32 | tscf_get_u32(p + 4);
}

static inline void tscf_put_u16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void tscf_put_u32(uint8_t *p, uint32_t value)
{
	tscf_put_u16(p, (uint16_t)(value >> 16));
	tscf_put_u16(p + 2, (uint16_t)value);
}

static inline void tscf_put_u64(uint8_t *p, uint64_t value)
{
	tscf_put_u32(p, (uint32_t)(value >> 32));
	tscf_put_u32(p + 4, (uint32_t)value);
}

#endif
