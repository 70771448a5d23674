/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The change from wolfSSL's handshake to the records of dtls_protect.h. */
#include "common/transport/dtls_peer.h"

#include "common/base/bytes.h"

#include <errno.h>

void dtls_keys_sent(struct dtls_peer *peer, const uint8_t *data, size_t length)
{
	struct tscf_dtls_record record;

	for (; tscf_dtls_record_first(data, length, &record); data += record.length, length -= record.length) {
		if (record.epoch == 0 || record.length < TSCF_DTLS_RECORD_HEADER + 8)
			continue;
		peer->sent_sequence = tscf_get_u64(data + 3);
		peer->sent_nonce = tscf_get_u64(data + TSCF_DTLS_RECORD_HEADER);
	}
}

static int take_direction(struct tscf_protect *protect, struct dtls_peer *peer, bool of_server, struct tscf_gcm **gcm)
{
	const uint8_t *key = of_server ? wolfSSL_GetServerWriteKey(peer->ssl) : wolfSSL_GetClientWriteKey(peer->ssl);
	const uint8_t *iv = of_server ? wolfSSL_GetServerWriteIV(peer->ssl) : wolfSSL_GetClientWriteIV(peer->ssl);
	int length = wolfSSL_GetKeySize(peer->ssl);

	if (!key || !iv || length <= 0 || length > TSCF_PROTECT_KEY)
		return -EPROTO;
	memcpy(protect->key, key, (size_t)length);
	memcpy(protect->iv, iv, TSCF_PROTECT_IV);
	protect->key_length = (uint32_t)length;
	switch (wolfSSL_GetBulkCipher(peer->ssl)) {
	case wolfssl_aes_gcm:
		protect->cipher = TSCF_PROTECT_AES_GCM;
		protect->gcm = *gcm;
		*gcm = NULL;
		return tscf_gcm_key_length_valid(protect->key_length) ? 0 : -EPROTO;
	case wolfssl_chacha:
		protect->cipher = TSCF_PROTECT_CHACHA20_POLY1305;
		return protect->key_length == TSCF_PROTECT_KEY ? 0 : -EPROTO;
	default:
		return -EPROTO;
	}
}

int dtls_keys_take(struct dtls_peer *peer)
{
	bool server = dtls_of(peer)->tls->server;
	int err = take_direction(&peer->sending, peer, server, &peer->crypto.encrypt);

	if (err == 0)
		err = take_direction(&peer->receiving, peer, !server, &peer->crypto.decrypt);
	/* wolfSSL has sent its own Finished at least. */
	if (err < 0 || peer->sent_sequence == 0)
		return -EPROTO;
	peer->sending.sequence = peer->sent_sequence + 1;
	peer->sending.nonce = peer->sent_nonce + 1;
	wolfSSL_free(peer->ssl);
	peer->ssl = NULL;
	tscf_crypto_session_free(&peer->crypto);
	return 0;
}
