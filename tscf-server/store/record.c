/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/store/record.h"

#include "tscf-server/settings/config.h"

#include "common/base/bytes.h"
#include "common/packet/message.h"

#include <errno.h>
#include <string.h>

/** TLVs that are never sent. */
enum {
	RECORD_INTERFACE = 0x8000, /* the name, without NUL */
	RECORD_SERVICES,           /* 8 */
	RECORD_GUARDED,            /* 0 */
	RECORD_STREAM,             /* 0 */
	RECORD_WHO,                /* of the client that has proved its identity: key, then name without NUL */
	RECORD_PLACE,              /* 2 */
	RECORD_CERTIFICATE, /* of that client, if it has one: pin of its CA, last second (8), names for revocation */
	RECORD_LOCAL,       /* the server's address that the client uses */
	RECORD_KEYS,        /* to seal messages to the client, and to check those from it */
	RECORD_LIFE,        /* since when it has been there (8), and its traffic (4 times 8) */
	RECORD_ALLOWANCE,   /* until when it may be there (8), and its class */
	RECORD_GRANTED,     /* bytes in a second from (4) and to (4) its client, seconds between its records (4) */
};

/** Bytes of RECORD_LIFE. */
#define LIFE_SIZE (5 * 8)

/** Bytes of RECORD_GRANTED. */
#define GRANTED_SIZE (3 * 4)

#define CERTIFICATE_FIXED (32 + 8)

static void write_address(struct tscf_writer *w, const struct tscf_addr *a)
{
	struct tscf_prefix p = {.addr = *a, .length = (uint8_t)(8 * tscf_addr_size(a->family))};

	tscf_write_prefix(w, TSCF_TLV_INTERNAL_IPV4, &p);
}

static void write_who(struct tscf_writer *w, const struct tscf_client_name *who)
{
	const size_t length = strlen(who->name);
	uint8_t value[sizeof(who->key) + sizeof(who->name)];

	memcpy(value, who->key, sizeof(who->key));
	memcpy(value + sizeof(who->key), who->name, length);
	tscf_write_bytes(w, RECORD_WHO, value, (uint16_t)(sizeof(who->key) + length));
}

static void write_certificate(struct tscf_writer *w, const struct tscf_client_name *who)
{
	const size_t ids = who->certificate_count * sizeof(who->certificates[0]);
	uint8_t value[CERTIFICATE_FIXED + sizeof(who->certificates)];

	memcpy(value, who->ca, sizeof(who->ca));
	tscf_put_u64(value + sizeof(who->ca), (uint64_t)who->until);
	memcpy(value + CERTIFICATE_FIXED, who->certificates, ids);
	tscf_write_bytes(w, RECORD_CERTIFICATE, value, (uint16_t)(CERTIFICATE_FIXED + ids));
}

static int read_certificate(const struct tscf_tlv *t, struct tscf_client_name *who)
{
	uint64_t until;
	size_t ids;

	if (t->length < CERTIFICATE_FIXED)
		return -EINVAL;
	ids = t->length - CERTIFICATE_FIXED;
	if (ids > sizeof(who->certificates) || ids % sizeof(who->certificates[0]) != 0)
		return -EINVAL;
	until = tscf_get_u64(t->value + sizeof(who->ca));
	if (until == 0 || until > INT64_MAX)
		return -EINVAL;
	memcpy(who->ca, t->value, sizeof(who->ca));
	who->until = (int64_t)until;
	memcpy(who->certificates, t->value + CERTIFICATE_FIXED, ids);
	who->certificate_count = (unsigned)(ids / sizeof(who->certificates[0]));
	return 0;
}

static int read_who(const struct tscf_tlv *t, struct server_record *out)
{
	struct tscf_client_name *who = &out->who;

	if (t->length <= sizeof(who->key) || t->length - sizeof(who->key) >= sizeof(who->name) ||
	    memchr(t->value + sizeof(who->key), '\0', t->length - sizeof(who->key)))
		return -EINVAL;
	memcpy(who->key, t->value, sizeof(who->key));
	memcpy(who->name, t->value + sizeof(who->key), t->length - sizeof(who->key));
	out->named = true;
	return 0;
}

static void write_keys(struct tscf_writer *w, const struct tscf_seal *seal)
{
	uint8_t value[2 * TSCF_SEAL_KEY_SIZE];

	memcpy(value, seal->send_key, TSCF_SEAL_KEY_SIZE);
	memcpy(value + TSCF_SEAL_KEY_SIZE, seal->receive_key, TSCF_SEAL_KEY_SIZE);
	tscf_write_bytes(w, RECORD_KEYS, value, sizeof(value));
	explicit_bzero(value, sizeof(value));
}

static int read_keys(const struct tscf_tlv *t, struct tscf_seal *seal)
{
	if (t->length != 2 * TSCF_SEAL_KEY_SIZE)
		return -EINVAL;
	seal->agreed = true;
	memcpy(seal->send_key, t->value, TSCF_SEAL_KEY_SIZE);
	memcpy(seal->receive_key, t->value + TSCF_SEAL_KEY_SIZE, TSCF_SEAL_KEY_SIZE);
	return 0;
}

static void write_life(struct tscf_writer *w, const struct server_record *r)
{
	uint8_t value[LIFE_SIZE];

	tscf_put_u64(value, (uint64_t)r->since);
	tscf_put_u64(value + 8, r->traffic.received_packets);
	tscf_put_u64(value + 16, r->traffic.received_bytes);
	tscf_put_u64(value + 24, r->traffic.sent_packets);
	tscf_put_u64(value + 32, r->traffic.sent_bytes);
	tscf_write_bytes(w, RECORD_LIFE, value, sizeof(value));
}

static int read_life(const struct tscf_tlv *t, struct server_record *out)
{
	uint64_t since;

	if (t->length != LIFE_SIZE)
		return -EINVAL;
	since = tscf_get_u64(t->value);
	if (since > INT64_MAX)
		return -EINVAL;
	out->since = (int64_t)since;
	out->traffic = (struct server_traffic){.received_packets = tscf_get_u64(t->value + 8),
					       .received_bytes = tscf_get_u64(t->value + 16),
					       .sent_packets = tscf_get_u64(t->value + 24),
					       .sent_bytes = tscf_get_u64(t->value + 32)};
	return 0;
}

static void write_allowance(struct tscf_writer *w, const struct server_record *r)
{
	uint8_t value[8 + sizeof(r->class)];

	tscf_put_u64(value, (uint64_t)r->allowed_until);
	memcpy(value + 8, r->class, r->class_length);
	tscf_write_bytes(w, RECORD_ALLOWANCE, value, (uint16_t)(8 + r->class_length));
}

static int read_allowance(const struct tscf_tlv *t, struct server_record *out)
{
	uint64_t until;

	if (t->length < 8 || t->length > 8 + sizeof(out->class))
		return -EINVAL;
	until = tscf_get_u64(t->value);
	if (until > INT64_MAX)
		return -EINVAL;
	out->allowed_until = (int64_t)until;
	out->class_length = (uint8_t)(t->length - 8);
	memcpy(out->class, t->value + 8, out->class_length);
	return 0;
}

static void write_granted(struct tscf_writer *w, const struct server_record *r)
{
	uint8_t value[GRANTED_SIZE];

	tscf_put_u32(value, r->granted_up);
	tscf_put_u32(value + 4, r->granted_down);
	tscf_put_u32(value + 8, r->interval);
	tscf_write_bytes(w, RECORD_GRANTED, value, sizeof(value));
}

static int read_granted(const struct tscf_tlv *t, struct server_record *out)
{
	if (t->length != GRANTED_SIZE)
		return -EINVAL;
	out->granted_up = tscf_get_u32(t->value);
	out->granted_down = tscf_get_u32(t->value + 4);
	out->interval = tscf_get_u32(t->value + 8);
	if (out->interval == 0)
		return 0;
	return out->interval >= SERVER_RADIUS_INTERIM_MIN && out->interval <= SERVER_RADIUS_INTERIM_MAX ? 0 : -EINVAL;
}

int server_record_write(const struct server_record *r, uint8_t data[SERVER_RECORD_SIZE])
{
	struct tscf_writer w;

	tscf_write_begin(&w, data, SERVER_RECORD_SIZE, TSCF_CONFIGURATION_RESPONSE, r->tsid, 0);
	tscf_write_bytes(&w, RECORD_INTERFACE, r->interface, (uint16_t)strlen(r->interface));
	tscf_write_endpoint(&w, TSCF_TLV_OBSERVED_ADDRESS, &r->outer);
	if (r->local.family != 0)
		tscf_write_addr(&w, RECORD_LOCAL, &r->local);
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (r->address[i].family != 0)
			write_address(&w, &r->address[i]);
	tscf_write_bytes(&w, TSCF_TLV_CLIENT_ID, r->client_id, sizeof(r->client_id));
	tscf_write_u64(&w, RECORD_SERVICES, r->services);
	if (r->quiet)
		tscf_write_bytes(&w, TSCF_TLV_QUIET, NULL, 0);
	if (r->guarded)
		tscf_write_bytes(&w, RECORD_GUARDED, NULL, 0);
	if (r->stream)
		tscf_write_bytes(&w, RECORD_STREAM, NULL, 0);
	if (r->place != 0)
		tscf_write_u16(&w, RECORD_PLACE, (uint16_t)r->place);
	if (r->resumable)
		tscf_write_bytes(&w, TSCF_TLV_RESUME_LOCK, r->resume_lock, sizeof(r->resume_lock));
	if (r->named)
		write_who(&w, &r->who);
	if (r->named && r->who.until != 0)
		write_certificate(&w, &r->who);
	if (r->shield_locked)
		tscf_write_bytes(&w, TSCF_TLV_SHIELD_LOCK, r->shield_lock, sizeof(r->shield_lock));
	if (r->seal.agreed)
		write_keys(&w, &r->seal);
	if (r->since > 0)
		write_life(&w, r);
	if (r->allowed_until > 0 || r->class_length > 0)
		write_allowance(&w, r);
	if (r->granted_up > 0 || r->granted_down > 0 || r->interval > 0)
		write_granted(&w, r);
	return tscf_write_finish(&w);
}

static int read_name(const struct tscf_tlv *t, char name[SERVER_RECORD_NAME])
{
	if (t->length == 0 || t->length >= SERVER_RECORD_NAME || memchr(t->value, '\0', t->length))
		return -EINVAL;
	memcpy(name, t->value, t->length);
	name[t->length] = '\0';
	return 0;
}

static int read_services(const struct tscf_tlv *t, uint32_t *services)
{
	uint64_t value;

	if (tscf_tlv_u64(t, &value) < 0 || value > UINT32_MAX)
		return -EINVAL;
	*services = (uint32_t)value;
	return 0;
}

static int read_place(const struct tscf_tlv *t, unsigned *place)
{
	uint16_t value;

	if (tscf_tlv_u16(t, &value) < 0 || value >= SERVER_PLACES_MAX)
		return -EINVAL;
	*place = value;
	return 0;
}

static int read_address(const struct tscf_tlv *t, struct tscf_addr address[TSCF_FAMILIES])
{
	struct tscf_prefix p;

	if (tscf_tlv_prefix(t, &p) < 0)
		return -EINVAL;
	address[tscf_family_index(p.addr.family)] = p.addr;
	return 0;
}

/** Read a TLV; the message codec has checked the sizes of the TLVs of the protocol. */
static int read_tlv(const struct tscf_tlv *t, struct server_record *out)
{
	switch (t->type) {
	case RECORD_INTERFACE:
		return read_name(t, out->interface);
	case RECORD_SERVICES:
		return read_services(t, &out->services);
	case RECORD_GUARDED:
		out->guarded = true;
		return 0;
	case RECORD_WHO:
		return read_who(t, out);
	case RECORD_CERTIFICATE:
		return read_certificate(t, &out->who);
	case RECORD_PLACE:
		return read_place(t, &out->place);
	case RECORD_LOCAL:
		return tscf_tlv_addr(t, &out->local);
	case RECORD_KEYS:
		return read_keys(t, &out->seal);
	case RECORD_LIFE:
		return read_life(t, out);
	case RECORD_ALLOWANCE:
		return read_allowance(t, out);
	case RECORD_GRANTED:
		return read_granted(t, out);
	case RECORD_STREAM:
		out->stream = true;
		return 0;
	case TSCF_TLV_OBSERVED_ADDRESS:
		return tscf_tlv_endpoint(t, &out->outer);
	case TSCF_TLV_INTERNAL_IPV4:
	case TSCF_TLV_INTERNAL_IPV6:
		return read_address(t, out->address);
	case TSCF_TLV_CLIENT_ID:
		memcpy(out->client_id, t->value, sizeof(out->client_id));
		return 0;
	case TSCF_TLV_QUIET:
		out->quiet = true;
		return 0;
	case TSCF_TLV_RESUME_LOCK:
		out->resumable = true;
		memcpy(out->resume_lock, t->value, sizeof(out->resume_lock));
		return 0;
	case TSCF_TLV_SHIELD_LOCK:
		out->shield_locked = true;
		memcpy(out->shield_lock, t->value, sizeof(out->shield_lock));
		return 0;
	default:
		return 0;
	}
}

static bool is_complete(const struct server_record *r)
{
	bool addressed = false;

	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		addressed |= r->address[i].family != 0;
	return addressed && r->tsid != TSCF_TSID_NONE && r->interface[0] != '\0' && r->outer.sa.sa_family != 0;
}

int server_record_read(const uint8_t *data, uint32_t length, struct server_record *out)
{
	struct tscf_message m;
	struct tscf_tlv tlv;
	uint32_t offset = 0;

	memset(out, 0, sizeof(*out));
	if (tscf_message_decode(data, length, &m) < 0 || m.type != TSCF_CONFIGURATION_RESPONSE)
		return -EINVAL;
	out->tsid = m.tsid;
	while (tscf_message_next(&m, &offset, &tlv))
		if (read_tlv(&tlv, out) < 0)
			return -EINVAL;
	return is_complete(out) ? 0 : -EINVAL;
}
