/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/message_case.h"
#include "tests/unit/runner.h"

#include <stdlib.h>
#include <string.h>

void begin(struct built *b, enum tscf_message_type type)
{
	tscf_write_begin(&b->w, b->data, sizeof(b->data), type, TSID, SEQUENCE);
}

int decode_cut(const struct built *b, uint32_t length, struct tscf_message *out)
{
	uint8_t *exact = malloc(length);
	int error;

	memcpy(exact, b->data, length);
	error = tscf_message_decode(exact, length, out);
	if (error)
		free(exact);
	return error;
}

void drop(const struct tscf_message *m)
{
	free((void *)(uintptr_t)(m->tlvs - TSCF_MESSAGE_HEADER));
}

void decode(struct built *b, struct tscf_message *m, struct tscf_tlv *tlv)
{
	uint32_t offset = 0;
	int length = tscf_write_finish(&b->w);

	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(decode_cut(b, (uint32_t)length, m), 0);
	ck_assert(tscf_message_next(m, &offset, tlv));
}

struct tscf_addr addr(const char *text)
{
	struct tscf_addr a;

	ck_assert_int_eq(tscf_addr_parse(text, &a), 0);
	return a;
}

struct tscf_wire_binding a_binding(const char *local, const char *remote)
{
	struct tscf_wire_binding b = {
	    .key = {.local = addr(local), .local_port = 5060, .protocol = IPPROTO_UDP},
	    .action = TSCF_BIND_ACTION_BIND,
	    .level = TSCF_LEVEL_ENCRYPTED_ONLY,
	    .flags = TSCF_BIND_FLAG_MOVED,
	};

	if (remote) {
		b.key.remote = addr(remote);
		b.key.remote_port = 6050;
	}
	return b;
}
