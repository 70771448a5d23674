/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load_encrypted.c - the encrypted tunnel of one client, step by step.
 *
 * A transport of common/transport/dtls.h is made for one tunnel to one server and owns buffers for whole batches:
 * twenty thousand of them would be ten gigabytes.  So the connections here are wolfSSL's own, with the project's
 * context, keys and cipher policy.
 */
#include "tests/bench/load.h"

#include "common/crypto/crypto.h"
#include "common/tls/tls_context.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* As in the transport: a larger read makes wolfSSL allocate and clear more. */
#define READ_SIZE 1500
/* Binding TLVs in one request; each has 16 bytes. */
#define BINDINGS_PER_REQUEST 70
#define FIRST_BOUND_PORT     5004

struct load_tunnel {
	struct load *load;
	unsigned client;
	WOLFSSL *ssl;
	struct tscf_crypto_session crypto;
	struct tscf_tls_check check;
	uint64_t tsid;
	const struct load_datagram *input; /* NULL: wolfSSL has seen it */
	bool up;
	unsigned bound, binding; /* bindings answered; those and the ones in the request under way */
};

static int on_send(WOLFSSL *ssl, char *data, int length, void *context)
{
	const struct load_tunnel *t = context;

	(void)ssl;
	if (length <= 0)
		return WOLFSSL_CBIO_ERR_GENERAL;
	load_wire_send(t->load->encrypted_wire, t->client, data, (size_t)length);
	return length;
}

static int on_receive(WOLFSSL *ssl, char *data, int room, void *context)
{
	struct load_tunnel *t = context;

	const struct load_datagram *input = t->input;

	(void)ssl;
	t->input = NULL;
	if (!input || input->length > (size_t)room)
		return WOLFSSL_CBIO_ERR_WANT_READ;
	memcpy(data, input->data, input->length);
	return (int)input->length;
}

void load_tunnel_secret(const struct load_client *c, uint8_t secret[32])
{
	/* Nobody but the server under test is to be convinced, and it only compares. */
	memcpy(secret, c->id, sizeof(c->id));
	memcpy(secret + sizeof(c->id), c->id, sizeof(c->id));
}

static void handshake(struct load *load, struct load_client *c)
{
	struct load_tunnel *t = c->tunnel;
	int result, error;

	tscf_crypto_use(&t->crypto);
	result = wolfSSL_connect(t->ssl);
	if (result != WOLFSSL_SUCCESS) {
		error = wolfSSL_get_error(t->ssl, result);
		if (error != WOLFSSL_ERROR_WANT_READ && error != WOLFSSL_ERROR_WANT_WRITE)
			load_finish(load, c, false);
		return;
	}
	t->up = true;
	if (wolfSSL_session_reused(t->ssl))
		load->phase->resumed++;
	else if (!load->tls->session)
		tscf_tls_session_keep(&load->tls->session, t->ssl);
	if (load->phase->from == LOAD_HANDSHAKE) {
		wolfSSL_shutdown(t->ssl);
		load_tunnel_close(c);
		load_finish(load, c, true);
		return;
	}
	wolfSSL_FreeArrays(t->ssl);
	load_enter(load, c, LOAD_CONFIGURE_ENCRYPTED);
}

void load_tunnel_open(struct load *load, struct load_client *c, uint64_t reserved)
{
	struct load_tunnel *t = calloc(1, sizeof(*t));

	if (!t || tscf_crypto_session_init(&t->crypto) < 0 || !(t->ssl = tscf_tls_connection(load->tls, &t->check)))
		load_die("out of memory at client %u", load_client_number(load, c));
	t->load = load;
	t->client = load_client_number(load, c);
	t->tsid = reserved;
	c->tunnel = t;
	wolfSSL_SSLSetIOSend(t->ssl, on_send);
	wolfSSL_SSLSetIORecv(t->ssl, on_receive);
	wolfSSL_SetIOWriteCtx(t->ssl, t);
	wolfSSL_SetIOReadCtx(t->ssl, t);
	if (load->resume)
		tscf_tls_session_offer(&load->tls->session, t->ssl);
	c->step = LOAD_HANDSHAKE;
	c->attempts = 1;
	c->sent = load->now;
	handshake(load, c);
}

void load_tunnel_close(struct load_client *c)
{
	struct load_tunnel *t = c->tunnel;

	if (!t)
		return;
	wolfSSL_free(t->ssl);
	tscf_crypto_session_free(&t->crypto);
	free(t);
	c->tunnel = NULL;
}

void load_tunnel_write(struct load_client *c, const void *data, size_t length)
{
	tscf_crypto_use(&c->tunnel->crypto);
	wolfSSL_write(c->tunnel->ssl, data, (int)length);
}

static void write_configuration(struct load_client *c, struct tscf_writer *w)
{
	uint8_t secret[32];

	load_tunnel_secret(c, secret);
	tscf_write_bytes(w, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
	tscf_write_u64(w, TSCF_TLV_RESERVED_TSID, c->tunnel->tsid);
	tscf_write_bytes(w, TSCF_TLV_RESERVATION_SECRET, secret, sizeof(secret));
	tscf_write_pad(w, 200);
}

static void write_bindings(const struct load *load, struct load_client *c, struct tscf_writer *w)
{
	struct load_tunnel *t = c->tunnel;
	struct tscf_wire_binding b = {
	    .action = TSCF_BIND_ACTION_BIND,
	    .level = TSCF_LEVEL_ENCRYPTED_PREFERRED,
	    .key = {.local = tscf_addr_v4(c->internal), .protocol = IPPROTO_UDP},
	};
	unsigned end = t->bound + BINDINGS_PER_REQUEST;

	t->binding = end < load->options.bindings ? end : load->options.bindings;
	tscf_write_u16(w, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_BIND);
	for (unsigned i = t->bound; i < t->binding; i++) {
		b.key.local_port = (uint16_t)(FIRST_BOUND_PORT + 2 * i);
		tscf_write_binding(w, &b);
	}
}

void load_tunnel_send_step(struct load *load, struct load_client *c)
{
	struct load_tunnel *t = c->tunnel;
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	int length;

	tscf_crypto_use(&t->crypto);
	if (c->step == LOAD_HANDSHAKE) {
		wolfSSL_dtls_retransmit(t->ssl);
		return;
	}
	if (c->step == LOAD_CONFIGURE_ENCRYPTED) {
		tscf_write_begin(&w, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, c->sequence);
		write_configuration(c, &w);
	} else if (c->step == LOAD_BIND) {
		tscf_write_begin(&w, data, sizeof(data), TSCF_SERVICE_REQUEST, t->tsid, c->sequence);
		write_bindings(load, c, &w);
	} else {
		tscf_write_begin(&w, data, sizeof(data), TSCF_RELEASE_REQUEST, t->tsid, c->sequence);
	}
	length = tscf_write_finish(&w);
	if (length > 0)
		wolfSSL_write(t->ssl, data, length);
}

static void answered(struct load *load, struct load_client *c)
{
	struct load_tunnel *t = c->tunnel;

	if (c->step == LOAD_RELEASE_ENCRYPTED) {
		load_tunnel_close(c);
		load_finish(load, c, true);
		return;
	}
	if (c->step == LOAD_BIND)
		t->bound = t->binding;
	if (t->bound < load->options.bindings)
		load_enter(load, c, LOAD_BIND);
	else
		load_finish(load, c, true);
}

static void control(struct load *load, struct load_client *c, const uint8_t *data, size_t length)
{
	enum tscf_message_type wanted = c->step == LOAD_CONFIGURE_ENCRYPTED ? TSCF_CONFIGURATION_RESPONSE
					: c->step == LOAD_BIND              ? TSCF_SERVICE_RESPONSE
									    : TSCF_RELEASE_RESPONSE;
	enum tscf_response code;
	struct tscf_message m;

	if (tscf_message_decode(data, (uint32_t)length, &m) < 0 || m.sequence != c->sequence || m.type != wanted)
		return;
	if (tscf_message_response(&m, &code, NULL, 0) < 0 || code != TSCF_RESPONSE_SUCCESS)
		load_finish(load, c, false);
	else
		answered(load, c);
}

/* @return whether there may be another record. */
static bool read_record(struct load *load, struct load_client *c, uint64_t came)
{
	uint8_t data[READ_SIZE];
	int length;

	tscf_crypto_use(&c->tunnel->crypto);
	length = wolfSSL_read(c->tunnel->ssl, data, sizeof(data));
	if (length <= 0)
		return false;
	if (tscf_kind_of(data[0]) == TSCF_KIND_CONTROL)
		control(load, c, data, (size_t)length);
	else
		load_calls_received(load, data, (size_t)length, came);
	return c->tunnel != NULL;
}

void load_tunnel_received(struct load *load, const struct load_datagram *datagram)
{
	struct load_client *c = &load->clients[datagram->client];

	if (!c->tunnel)
		return;
	c->tunnel->input = datagram;
	if (c->step == LOAD_HANDSHAKE)
		handshake(load, c);
	while (c->tunnel && c->tunnel->up && read_record(load, c, datagram->came))
		;
	if (c->tunnel)
		c->tunnel->input = NULL;
}
