/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/seal.h"

#include "common/base/bytes.h"
#include "common/crypto/hash.h"

#include <string.h>

#define NUMBER_SIZE 8
#define RUN_SHIFT   32

static void make_mac(const uint8_t key[TSCF_SEAL_KEY_SIZE], const uint8_t *data, uint32_t length,
		     uint8_t mac[TSCF_MAC_SIZE])
{
	uint8_t whole[32];

	tscf_mac(key, TSCF_SEAL_KEY_SIZE, data, length, whole);
	memcpy(mac, whole, TSCF_MAC_SIZE);
}

uint32_t tscf_seal_close(struct tscf_seal *s, uint8_t *data, uint32_t length)
{
	uint8_t *value = tscf_message_add_last(data, length, TSCF_TLV_SEAL, TSCF_SEAL_VALUE_SIZE);
	uint8_t *mac = value + NUMBER_SIZE;

	tscf_put_u64(value, ++s->sent);
	make_mac(s->send_key, data, (uint32_t)(mac - data), mac);
	return length + TSCF_SEAL_SIZE;
}

static bool is_new(const struct tscf_seal *s, uint64_t number)
{
	uint64_t behind;

	/* The window could not go on behind it. */
	if (number == UINT64_MAX)
		return false;
	if (number >= s->next)
		return true;
	behind = s->next - 1 - number;
	return behind < TSCF_SEAL_WINDOW && !(s->seen >> behind & 1);
}

static void mark(struct tscf_seal *s, uint64_t number)
{
	uint64_t ahead;

	if (number < s->next) {
		s->seen |= UINT64_C(1) << (s->next - 1 - number);
		return;
	}
	ahead = number + 1 - s->next;
	s->seen = (ahead < TSCF_SEAL_WINDOW ? s->seen << ahead : 0) | 1;
	s->next = number + 1;
}

enum tscf_seal_result tscf_seal_open(struct tscf_seal *s, const struct tscf_message *m)
{
	uint32_t length;
	const uint8_t *data = tscf_message_bytes(m, &length);
	uint8_t mac[TSCF_MAC_SIZE];
	struct tscf_tlv tlv;
	uint64_t number;

	if (!tscf_message_find(m, TSCF_TLV_SEAL, &tlv) || tlv.value + tlv.length != data + length)
		return TSCF_SEAL_MISSING;
	make_mac(s->receive_key, data, length - TSCF_MAC_SIZE, mac);
	if (!tscf_equal_secret(mac, tlv.value + NUMBER_SIZE, TSCF_MAC_SIZE))
		return TSCF_SEAL_FORGED;
	number = tscf_get_u64(tlv.value);
	if (number >> RUN_SHIFT < s->next >> RUN_SHIFT)
		return TSCF_SEAL_PAST;
	if (!is_new(s, number))
		return TSCF_SEAL_REPLAYED;
	mark(s, number);
	return TSCF_SEAL_RIGHT;
}

static uint64_t first_of(uint64_t run)
{
	return run << RUN_SHIFT;
}

void tscf_seal_follow(struct tscf_seal *s)
{
	uint64_t first = first_of((s->next - 1) >> RUN_SHIFT);

	if (s->sent < first)
		s->sent = first;
}

void tscf_seal_restart(struct tscf_seal *s, uint32_t run)
{
	s->sent = s->next = first_of(run);
	s->seen = UINT64_MAX;
}
