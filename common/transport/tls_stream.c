/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_stream.c - TLS between the socket and the queue.
 *
 * Bytes are encrypted only when the socket takes them: encrypted bulk cannot be overtaken any more, and so at most one
 * encrypted record waits in front of an urgent packet.  wolfSSL's send callback takes everything that it is given, so
 * that no call into wolfSSL has to be repeated.
 */
#include "common/tls/tls_context.h"

#include "common/crypto/crypto.h"
#include "common/tls/key_log.h"
#include "common/transport/stream_peer.h"
#include "common/transport/tls_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <wolfssl/error-ssl.h>

/* Most bytes of one record (RFC 8446, 5.1). */
#define RECORD_MAX 16384
/*
 * Bytes read from the socket at a time: together with a record that wolfSSL has the beginning of, they fit in
 * TSCF_STREAM_READ_BYTES when decrypted.
 */
#define RAW_BYTES (96 * 1024)
/*
 * Records without data in one read: so many, and one for every few records with data.  Each change of keys is such a
 * record of a few bytes, and costs as much as many packets; a whole read of them would delay all other connections.
 */
#define IDLE_RECORDS_MAX 32
#define DATA_PER_IDLE    4
/* Most encrypted bytes that wait: a flight of the handshake, the records of one large packet. */
#define SEALED_MAX (256 * 1024)

struct tls_peer {
	struct tscf_stream_peer base;
	WOLFSSL *ssl;
	struct tscf_crypto_session crypto;
	struct tscf_tls_check check;     /* client */
	bool session_offered;            /* client */
	bool session_kept;               /* client */
	bool more;                       /* another record follows in the same call */
	uint32_t records;                /* encrypted with the present key */
	uint32_t taken, with_data;       /* in this read: pieces that wolfSSL has taken, and records with data */
	struct tscf_stream_queue sealed; /* of class TSCF_STREAM_BEGUN only */
};

struct tls_stream {
	struct tscf_stream base;
	const struct tls_peer *raw_of; /* the peer whose bytes are in raw */
	uint32_t raw_at, raw_end;
	uint8_t raw[RAW_BYTES]; /* bytes from the socket */
	uint8_t record[RECORD_MAX];
};

static struct tls_peer *tls_peer_of(struct tscf_stream_peer *peer)
{
	return (struct tls_peer *)peer;
}

static struct tls_stream *tls_of(const struct tls_peer *peer)
{
	return (struct tls_stream *)peer->base.peer.transport;
}

/* --- what wolfSSL calls --- */

static int on_send(WOLFSSL *ssl, char *data, int length, void *context)
{
	struct tls_peer *peer = context;
	ssize_t sent = 0;

	(void)ssl;
	if (tscf_stream_queue_empty(&peer->sealed)) {
		sent = send(peer->base.fd, data, (size_t)length,
			    MSG_DONTWAIT | MSG_NOSIGNAL | (peer->more ? MSG_MORE : 0));
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return WOLFSSL_CBIO_ERR_CONN_RST;
		if (sent < 0)
			sent = 0;
	}
	if (sent == length)
		return length;
	if (peer->sealed.fifo[TSCF_STREAM_BEGUN].bytes > SEALED_MAX ||
	    tscf_stream_queue_add(&peer->sealed, &tls_of(peer)->base.pool, TSCF_STREAM_BEGUN, (uint8_t *)data + sent,
				  (uint32_t)(length - sent)) < 0)
		return WOLFSSL_CBIO_ERR_GENERAL;
	return length;
}

/* wolfSSL takes each record in two pieces, its header and the rest.  A handshake has limits of its own. */
static bool is_idle_talk(const struct tls_peer *peer)
{
	const uint32_t records = peer->taken / 2;

	return peer->base.state == TSCF_STREAM_UP &&
	       records > peer->with_data + peer->with_data / DATA_PER_IDLE + IDLE_RECORDS_MAX;
}

static int on_receive(WOLFSSL *ssl, char *data, int room, void *context)
{
	struct tls_peer *peer = context;
	struct tls_stream *tls = tls_of(peer);
	uint32_t left = tls->raw_of == peer ? tls->raw_end - tls->raw_at : 0;
	uint32_t length = (uint32_t)room < left ? (uint32_t)room : left;

	(void)ssl;
	if (length == 0)
		return WOLFSSL_CBIO_ERR_WANT_READ;
	peer->taken++;
	if (is_idle_talk(peer))
		return WOLFSSL_CBIO_ERR_GENERAL;
	memcpy(data, tls->raw + tls->raw_at, length);
	tls->raw_at += length;
	return (int)length;
}

/* --- the handshake --- */

/* @return 0 if wolfSSL only waits, or -errno with the reason set. */
static int why(struct tls_peer *peer, int result)
{
	int error = wolfSSL_get_error(peer->ssl, result);
	char reason[TSCF_TLS_ERROR];

	if (error == WOLFSSL_ERROR_WANT_READ || error == WOLFSSL_ERROR_WANT_WRITE)
		return 0;
	if (error == WOLFSSL_ERROR_ZERO_RETURN)
		error = ZERO_RETURN;
	else if (error >= 0)
		error = SOCKET_ERROR_E;
	/* wolfSSL keeps a list of errors of this thread; nothing reads it. */
	wolfSSL_ERR_clear_error();
	if (peer->check.reason[0] != '\0')
		return tscf_stream_reason(&peer->base, EKEYREJECTED, peer->check.reason);
	if (is_idle_talk(peer))
		return tscf_stream_reason(&peer->base, EPROTO, "too many records without data");
	return tscf_stream_reason(&peer->base,
				  error == ZERO_RETURN || error == SOCKET_PEER_CLOSED_E ? ECONNRESET : EPROTO,
				  tscf_tls_reason(peer->ssl, error, reason));
}

/* @return whether the connection may be given to the user. */
static bool is_verified(const struct tls_peer *peer)
{
	if (tls_of(peer)->base.tls->server)
		return true;
	/* A session is kept only of a verified connection, and resuming it proves that this is the same server. */
	return peer->check.verified || (peer->session_offered && wolfSSL_session_reused(peer->ssl));
}

static int step(struct tls_peer *peer)
{
	struct tls_stream *tls = tls_of(peer);
	int result, err;

	tscf_crypto_use(&peer->crypto);
	result = tls->base.tls->server ? wolfSSL_accept(peer->ssl) : wolfSSL_connect(peer->ssl);
	if (result != WOLFSSL_SUCCESS) {
		err = why(peer, result);
		/* The session may have caused the failure. */
		if (err < 0 && peer->session_offered)
			tscf_tls_session_forget(&tls->base.tls->stream_session);
		return err;
	}
	wolfSSL_ERR_clear_error();
	if (!is_verified(peer))
		return tscf_stream_reason(&peer->base, EKEYREJECTED, "server is not verified");
	tscf_key_log_write(tls->base.tls->key_log, peer->ssl);
	wolfSSL_FreeArrays(peer->ssl);
	return 1;
}

static int begin(struct tscf_stream_peer *base)
{
	struct tls_peer *peer = tls_peer_of(base);
	struct tscf_tls *tls = tls_of(peer)->base.tls;

	if (tscf_crypto_session_init(&peer->crypto) < 0)
		return tscf_stream_reason(base, ENOMEM, "out of memory");
	peer->ssl = tscf_tls_stream_connection(tls, &peer->check);
	if (!peer->ssl)
		return tscf_stream_reason(base, ENOMEM, "out of memory");
	wolfSSL_SSLSetIORecv(peer->ssl, on_receive);
	wolfSSL_SSLSetIOSend(peer->ssl, on_send);
	wolfSSL_SetIOReadCtx(peer->ssl, peer);
	wolfSSL_SetIOWriteCtx(peer->ssl, peer);
	if (!tls->server)
		peer->session_offered = tscf_tls_session_offer(&tls->stream_session, peer->ssl);
	return tls->server ? 0 : step(peer);
}

/* --- receiving --- */

/* Have bytes of @p peer ready for wolfSSL to read.  @return bytes, 0 if there are none, or -errno. */
static int fill(struct tls_peer *peer)
{
	struct tls_stream *tls = tls_of(peer);
	int got;

	if (tls->raw_of == peer && tls->raw_at < tls->raw_end)
		return (int)(tls->raw_end - tls->raw_at);
	tls->raw_of = peer;
	tls->raw_at = tls->raw_end = 0;
	got = tscf_stream_recv(&peer->base, tls->raw, RAW_BYTES);
	if (got > 0)
		tls->raw_end = (uint32_t)got;
	return got;
}

static int secure(struct tscf_stream_peer *base)
{
	int got = fill(tls_peer_of(base));

	return got > 0 ? step(tls_peer_of(base)) : got;
}

/* The server sends its session ticket before its first data. */
static void keep_session(struct tls_peer *peer)
{
	if (tls_of(peer)->base.tls->server || peer->session_kept)
		return;
	peer->session_kept = true;
	tscf_tls_session_keep(&tls_of(peer)->base.tls->stream_session, peer->ssl);
}

static int receive(struct tscf_stream_peer *base, uint8_t *to, uint32_t room)
{
	struct tls_peer *peer = tls_peer_of(base);
	int got = fill(peer), n, err;
	uint32_t have = 0;

	if (got <= 0)
		return got;
	tscf_crypto_use(&peer->crypto);
	peer->taken = peer->with_data = 0;
	while ((n = wolfSSL_read(peer->ssl, to + have, (int)(room - have))) > 0) {
		have += (uint32_t)n;
		peer->with_data++;
	}
	err = why(peer, n);
	if (have > 0)
		keep_session(peer);
	/* Data that came before the end is handed up first. */
	if (err < 0 && have > 0)
		tscf_stream_peer_abort_later(base, -err, tscf_stream_of(base)->reason);
	return have > 0 ? (int)have : err;
}

/* --- sending --- */

static bool waits(const struct tscf_stream_peer *base)
{
	return !tscf_stream_queue_empty(&((const struct tls_peer *)base)->sealed);
}

/* @return 0, or -errno. */
static int send_sealed(struct tls_peer *peer)
{
	struct iovec iov[16];
	struct msghdr header = {.msg_iov = iov};
	ssize_t sent;

	header.msg_iovlen = tscf_stream_queue_next(&peer->sealed, iov, 16);
	if (header.msg_iovlen == 0)
		return 0;
	sent = sendmsg(peer->base.fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : tscf_stream_reason(&peer->base, errno, strerror(errno));
	return tscf_stream_queue_gone(&peer->sealed, &tls_of(peer)->base.pool, (uint32_t)sent);
}

/* Bytes to be sent, and the position in them. */
struct cursor {
	const struct iovec *iov;
	unsigned count;
	size_t at; /* offset in the first piece */
};

static void advance(struct cursor *c, size_t bytes)
{
	c->at += bytes;
	if (c->at < c->iov->iov_len)
		return;
	c->iov++;
	c->count--;
	c->at = 0;
}

/*
 * @return the next bytes for a record, with their number in *length.  They are copied to @p record only if they lie in
 * several pieces.
 */
static const uint8_t *next_record(struct cursor *c, uint8_t *record, uint32_t *length)
{
	const uint8_t *first = (const uint8_t *)c->iov->iov_base + c->at;

	*length = 0;
	if (c->iov->iov_len - c->at >= RECORD_MAX) {
		*length = RECORD_MAX;
		advance(c, RECORD_MAX);
		return first;
	}
	while (c->count > 0 && *length < RECORD_MAX) {
		size_t n = c->iov->iov_len - c->at;

		if (n > RECORD_MAX - *length)
			n = RECORD_MAX - *length;
		memcpy(record + *length, (const uint8_t *)c->iov->iov_base + c->at, n);
		*length += (uint32_t)n;
		advance(c, n);
	}
	return record;
}

/*
 * One key may protect only a limited number of records.  TLS 1.2 cannot change its key, and counts its nonces itself.
 */
static int count_record(struct tls_peer *peer)
{
	if (++peer->records < tls_of(peer)->base.tls->key_records || wolfSSL_version(peer->ssl) != TLS1_3_VERSION)
		return 0;
	peer->records = 0;
	return wolfSSL_update_keys(peer->ssl) == WOLFSSL_SUCCESS
		   ? 0
		   : tscf_stream_reason(&peer->base, EPROTO, "the key cannot be changed");
}

static int send_clear(struct tscf_stream_peer *base, const struct iovec *iov, unsigned count)
{
	struct tls_peer *peer = tls_peer_of(base);
	struct cursor c = {.iov = iov, .count = count};
	int taken = 0, err = send_sealed(peer);

	tscf_crypto_use(&peer->crypto);
	while (err == 0 && c.count > 0 && !waits(base)) {
		uint32_t length;
		const uint8_t *data = next_record(&c, tls_of(peer)->record, &length);

		peer->more = c.count > 0;
		err = wolfSSL_write(peer->ssl, data, (int)length);
		if (err != (int)length)
			err = why(peer, err);
		else
			err = count_record(peer);
		taken += (int)length;
	}
	peer->more = false;
	return err < 0 ? err : taken;
}

static void goodbye(struct tscf_stream_peer *base)
{
	struct tls_peer *peer = tls_peer_of(base);

	tscf_crypto_use(&peer->crypto);
	wolfSSL_shutdown(peer->ssl);
	shutdown(base->fd, SHUT_WR);
}

/* --- the transport --- */

static void free_peer(struct tscf_stream_peer *base)
{
	struct tls_peer *peer = tls_peer_of(base);

	if (peer->ssl)
		wolfSSL_free(peer->ssl);
	tscf_crypto_session_free(&peer->crypto);
	tscf_stream_queue_clear(&peer->sealed, &tls_of(peer)->base.pool);
	if (tls_of(peer)->raw_of == peer)
		tls_of(peer)->raw_of = NULL;
}

static const struct tscf_transport_ops tls_ops = {
    .name = "tls",
    .encrypted = true,
    TSCF_STREAM_OPS,
};

static const struct tscf_stream_kind tls_kind = {
    .peer_size = sizeof(struct tls_peer),
    .begin = begin,
    .secure = secure,
    .receive = receive,
    .send = send_clear,
    .waits = waits,
    .goodbye = goodbye,
    .free_peer = free_peer,
};

static struct tscf_stream_make make_tls(struct ev_loop *loop, struct tscf_tls *tls,
					const struct tscf_transport_handler *handler, void *context)
{
	return (struct tscf_stream_make){.ops = &tls_ops,
					 .kind = &tls_kind,
					 .size = sizeof(struct tls_stream),
					 .tls = tls,
					 .loop = loop,
					 .handler = handler,
					 .context = context};
}

int tscf_tls_stream_listen(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *local,
			   const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
			   void *context, struct tscf_transport **out)
{
	struct tscf_stream_make make = make_tls(loop, tls, handler, context);

	return tls->server ? tscf_stream_listen(&make, local, options, out) : -EINVAL;
}

int tscf_tls_stream_connect(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *remote,
			    const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
			    void *context, struct tscf_transport **out, struct tscf_peer **peer)
{
	struct tscf_stream_make make = make_tls(loop, tls, handler, context);

	return tls->server ? -EINVAL : tscf_stream_connect(&make, remote, options, out, peer);
}

int tscf_tls_stream_attach(struct ev_loop *loop, struct tscf_tls *tls, int fd,
			   const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out,
			   struct tscf_peer **peer)
{
	struct tscf_stream_make make = make_tls(loop, tls, handler, context);

	return tls->server ? -EINVAL : tscf_stream_attach(&make, fd, out, peer);
}
