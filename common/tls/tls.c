/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/tls/tls_context.h"

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/reading.h"
#include "common/crypto/crypto.h"
#include "common/crypto/random.h"
#include "common/tls/key_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wolfssl/error-ssl.h>

/* AEAD and forward secrecy only (RFC 9325, 4.2). */
#define GCM_SUITES                                                                                                     \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-"    \
	"GCM-SHA384"
#define CHACHA_SUITES "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

/* TLS 1.3 has only these (RFC 8446, B.4), and CCM. */
#define GCM_SUITES_13    "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384"
#define CHACHA_SUITES_13 "TLS13-CHACHA20-POLY1305-SHA256"

/* wolfSSL's default list begins with P-521 and ends with SHA-1 and 224-bit curves. */
#define SIGNATURES                                                                                                     \
	"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"                         \
	"RSA+SHA256:RSA+SHA384:RSA+SHA512"

/*
 * Seconds that a session may be resumed.  wolfSSL's two ticket keys live 3600 s each, and one is used for new tickets
 * only while it lives longer than the tickets.  With more than half of 3600 there are times without a usable key, and
 * then every handshake fails.
 */
#define SESSION_SECONDS 1200
#define MIN_RSA_BITS    2048
#define MIN_ECC_BITS    256

static void *fail(struct tscf_tls *tls, char *error, const char *what, const char *why)
{
	snprintf(error, TSCF_TLS_ERROR, "%s: %s", what, why);
	tscf_tls_free(tls);
	return NULL;
}

static const char *text_of(long code)
{
	return wolfSSL_ERR_reason_error_string((unsigned long)(code < 0 ? -code : code));
}

/* wolfSSL opens the file itself: it would wait for a FIFO, and does not say what is wrong.  @return 0 or -errno. */
static int try_to_open(const char *file)
{
	int fd = tscf_file_open(file);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static bool set_groups(WOLFSSL_CTX *ctx)
{
	static const word16 groups[] = {WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP384R1,
					WOLFSSL_ECC_SECP521R1};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (wolfSSL_CTX_UseSupportedCurve(ctx, groups[i]) != WOLFSSL_SUCCESS)
			return false;
	return true;
}

static const char *suites_of(bool stream, bool aes)
{
	if (stream)
		return aes ? GCM_SUITES_13 ":" CHACHA_SUITES_13 ":" GCM_SUITES ":" CHACHA_SUITES
			   : CHACHA_SUITES_13 ":" GCM_SUITES_13 ":" CHACHA_SUITES ":" GCM_SUITES;
	return aes ? GCM_SUITES ":" CHACHA_SUITES : CHACHA_SUITES ":" GCM_SUITES;
}

static int set_policy(WOLFSSL_CTX *ctx, bool server, bool stream)
{
	bool aes = tscf_crypto_has_aes();
	const char *suites = suites_of(stream, aes);

	if (stream && wolfSSL_CTX_SetMinVersion(ctx, WOLFSSL_TLSV1_2) != WOLFSSL_SUCCESS)
		return -EINVAL;
	if (wolfSSL_CTX_set_cipher_list(ctx, suites) != WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_set1_sigalgs_list(ctx, SIGNATURES) != WOLFSSL_SUCCESS || !set_groups(ctx) ||
	    wolfSSL_CTX_SetMinRsaKey_Sz(ctx, MIN_RSA_BITS) != WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_SetMinEccKey_Sz(ctx, MIN_ECC_BITS) != WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_SetDevId(ctx, TSCF_CRYPTO_DEVICE) != WOLFSSL_SUCCESS)
		return -EINVAL;
	/*
	 * For a server with AES instructions all suites are cheap, so it follows the preference of the client, which
	 * may be a phone without them.
	 */
	if (server && aes)
		wolfSSL_CTX_UseClientSuites(ctx);
	wolfSSL_CTX_set_timeout(ctx, SESSION_SECONDS);
	return 0;
}

static struct tscf_tls *new_tls(bool server, char *error)
{
	struct tscf_tls *tls;

	error[0] = '\0';
	if (tscf_crypto_acquire() < 0)
		return fail(NULL, error, "wolfSSL", "cannot start");
	tls = calloc(1, sizeof(*tls));
	if (!tls) {
		tscf_crypto_release();
		return fail(NULL, error, "TLS", strerror(ENOMEM));
	}
	pthread_mutex_init(&tls->renewal, NULL);
	tls->server = server;
	tls->key_records = TSCF_TLS_KEY_RECORDS;
	tls->key_log = -1;
	tscf_random(tls->cookie_secret, sizeof(tls->cookie_secret));
	tls->ctx = wolfSSL_CTX_new(server ? wolfDTLSv1_2_server_method() : wolfDTLSv1_2_client_method());
	tls->stream_ctx = wolfSSL_CTX_new(server ? wolfSSLv23_server_method() : wolfSSLv23_client_method());
	if (!tls->ctx || set_policy(tls->ctx, server, false) < 0 || !tls->stream_ctx ||
	    set_policy(tls->stream_ctx, server, true) < 0)
		return fail(tls, error, "wolfSSL", "does not know the wanted cipher suites");
	return tls;
}

/*
 * @return NULL, or the name of the bad file, with wolfSSL's code (WOLFSSL_SUCCESS: key and certificate do not belong
 * together).
 */
static const char *use_identity(WOLFSSL_CTX *ctx, const char *cert_file, const char *key_file, int *code)
{
	tscf_reading_note(cert_file);
	*code = wolfSSL_CTX_use_certificate_chain_file(ctx, cert_file);
	if (*code != WOLFSSL_SUCCESS)
		return cert_file;
	tscf_reading_note(key_file);
	*code = wolfSSL_CTX_use_PrivateKey_file(ctx, key_file, WOLFSSL_FILETYPE_PEM);
	if (*code != WOLFSSL_SUCCESS || wolfSSL_CTX_check_private_key(ctx) != WOLFSSL_SUCCESS)
		return key_file;
	wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_NONE, NULL);
	return NULL;
}

struct tscf_tls *tscf_tls_server(const char *cert_file, const char *key_file, char *error)
{
	struct tscf_tls *tls = new_tls(true, error);
	const char *wrong = cert_file;
	int code, err;

	if (!tls)
		return NULL;
	err = try_to_open(cert_file);
	if (err == 0) {
		wrong = key_file;
		err = try_to_open(key_file);
	}
	if (err < 0)
		return fail(tls, error, wrong, strerror(-err));
	wrong = use_identity(tls->ctx, cert_file, key_file, &code);
	if (!wrong)
		wrong = use_identity(tls->stream_ctx, cert_file, key_file, &code);
	if (wrong && code != WOLFSSL_SUCCESS)
		return fail(tls, error, wrong,
			    code < 0             ? text_of(code)
			    : wrong == cert_file ? "holds no certificate in PEM"
						 : "holds no private key in PEM, or one with a passphrase");
	if (wrong || !tscf_tls_key_fits(cert_file, key_file))
		return fail(tls, error, key_file, "is not the key of the certificate");
	return tls;
}

/* Sessions are kept in struct tscf_tls: there each belongs to one server and one way of verifying it. */
static void set_verification(WOLFSSL_CTX *ctx)
{
	wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER, tscf_tls_verify);
	wolfSSL_CTX_set_session_cache_mode(ctx, WOLFSSL_SESS_CACHE_OFF);
	wolfSSL_CTX_UseSessionTicket(ctx);
}

/*
 * Trust the CAs that are valid now.  If that changes, the kept sessions are dropped: a CA that is not valid any more
 * may have verified them.  Where revocation is checked, none is used.
 */
static void follow_clock(struct tscf_tls *tls)
{
	if (!tscf_tls_cas_trust(&tls->cas, time(NULL), tls->ctx, tls->stream_ctx) && !tls->revocation)
		return;
	tscf_tls_session_forget(&tls->session);
	tscf_tls_session_forget(&tls->stream_session);
}

/* Public collections of CAs always have some that have expired.  @return 0 or -errno. */
static int read_cas(struct tscf_tls *tls, const char *file)
{
	const int64_t now = time(NULL);
	int error = tscf_tls_cas_read(&tls->cas, file);
	size_t invalid = error == 0 ? tscf_tls_cas_invalid(&tls->cas, now) : 0;

	if (invalid > 0 && invalid == tls->cas.count)
		tscf_warning("%s: %s: no server is accepted until the clock says otherwise", file,
			     tscf_tls_cas_untrusted(&tls->cas, now));
	else if (invalid > 0)
		tscf_info("%s: %zu of %zu CAs are not valid now, and not trusted until the clock says otherwise", file,
			  invalid, tls->cas.count);
	return error;
}

struct tscf_tls *tscf_tls_client(const char *ca_file, const char *server_name, const char *pin, char *error)
{
	struct tscf_tls *tls = new_tls(false, error);
	int result;

	if (!tls)
		return NULL;
	tls->has_ca = ca_file != NULL;
	tls->has_pin = pin != NULL;
	if (!tls->has_ca && !tls->has_pin)
		return fail(tls, error, "TLS", "a server is verified by a CA or a pin, and neither is given");
	if (tls->has_pin && tscf_pin_parse(pin, tls->pin) < 0)
		return fail(tls, error, pin, "is no pin (sha256: and 44 characters of base64)");
	if (tls->has_ca && (!server_name || server_name[0] == '\0'))
		return fail(tls, error, ca_file, "a CA is of no use without the name of the server");
	if (tls->has_ca) {
		tls->server_name = strdup(server_name);
		if (!tls->server_name)
			return fail(tls, error, "TLS", strerror(ENOMEM));
	}
	set_verification(tls->ctx);
	set_verification(tls->stream_ctx);
	result = tls->has_ca ? read_cas(tls, ca_file) : 0;
	if (result < 0)
		return fail(tls, error, ca_file,
			    result == -EINVAL ? "holds no certificate of a CA in PEM" : strerror(-result));
	return tls;
}

void tscf_tls_check_revocation(struct tscf_tls *tls, tscf_tls_revocation check, void *context)
{
	tls->revocation = check;
	tls->revocation_context = context;
}

static void swap(WOLFSSL_CTX **a, WOLFSSL_CTX **b)
{
	WOLFSSL_CTX *kept = *a;

	*a = *b;
	*b = kept;
}

void tscf_tls_renew(struct tscf_tls *tls, struct tscf_tls *fresh)
{
	pthread_mutex_lock(&tls->renewal);
	swap(&tls->ctx, &fresh->ctx);
	swap(&tls->stream_ctx, &fresh->stream_ctx);
	pthread_mutex_unlock(&tls->renewal);
	tscf_tls_free(fresh);
}

void tscf_tls_log_keys(struct tscf_tls *tls, int fd)
{
	tls->key_log = fd;
}

void tscf_tls_free(struct tscf_tls *tls)
{
	if (!tls)
		return;
	tscf_tls_session_forget(&tls->session);
	tscf_tls_session_forget(&tls->stream_session);
	if (tls->ctx)
		wolfSSL_CTX_free(tls->ctx);
	if (tls->stream_ctx)
		wolfSSL_CTX_free(tls->stream_ctx);
	pthread_mutex_destroy(&tls->renewal);
	free(tls->server_name);
	tscf_tls_cas_free(&tls->cas);
	explicit_bzero(tls->cookie_secret, sizeof(tls->cookie_secret));
	free(tls);
	tscf_crypto_release();
}

/*
 * Hold the lock while wolfSSL takes a reference for the connection.  A reference of our own, released with
 * wolfSSL_CTX_free, would be wrong: that call frees members of the context (5.5.4: those of SRP) whatever the count, so
 * only the owner may call it.
 */
static WOLFSSL *connection(struct tscf_tls *tls, WOLFSSL_CTX *const *ctx, struct tscf_tls_check *check)
{
	WOLFSSL *ssl;

	if (!tls->server)
		follow_clock(tls);
	pthread_mutex_lock(&tls->renewal);
	ssl = wolfSSL_new(*ctx);
	pthread_mutex_unlock(&tls->renewal);
	if (ssl)
		tscf_key_log_prepare(tls->key_log, ssl);
	if (ssl && !tls->server) {
		*check = (struct tscf_tls_check){.tls = tls};
		wolfSSL_SetCertCbCtx(ssl, check);
	}
	return ssl;
}

WOLFSSL *tscf_tls_connection(struct tscf_tls *tls, struct tscf_tls_check *check)
{
	WOLFSSL *ssl = connection(tls, &tls->ctx, check);

	if (!ssl)
		return NULL;
	wolfSSL_dtls_set_using_nonblock(ssl, 1);
	if (tls->server && wolfSSL_DTLS_SetCookieSecret(ssl, tls->cookie_secret, sizeof(tls->cookie_secret)) != 0) {
		wolfSSL_free(ssl);
		return NULL;
	}
	return ssl;
}

WOLFSSL *tscf_tls_stream_connection(struct tscf_tls *tls, struct tscf_tls_check *check)
{
	WOLFSSL *ssl = connection(tls, &tls->stream_ctx, check);

	if (ssl && tls->key_log >= 0 && wolfSSL_set_max_proto_version(ssl, TLS1_2_VERSION) != WOLFSSL_SUCCESS) {
		wolfSSL_free(ssl);
		return NULL;
	}
	return ssl;
}

bool tscf_tls_session_offer(WOLFSSL_SESSION *const *session, WOLFSSL *ssl)
{
	return *session && wolfSSL_set_session(ssl, *session) == WOLFSSL_SUCCESS;
}

void tscf_tls_session_keep(WOLFSSL_SESSION **session, WOLFSSL *ssl)
{
	WOLFSSL_SESSION *fresh = wolfSSL_get1_session(ssl);

	if (!fresh)
		return;
	tscf_tls_session_forget(session);
	*session = fresh;
}

void tscf_tls_session_forget(WOLFSSL_SESSION **session)
{
	if (*session)
		wolfSSL_SESSION_free(*session);
	*session = NULL;
}

const char *tscf_tls_reason(WOLFSSL *ssl, int error, char *text)
{
	WOLFSSL_ALERT_HISTORY history = {.last_rx = {.code = -1}};

	if (error == FATAL_ERROR && wolfSSL_get_alert_history(ssl, &history) == WOLFSSL_SUCCESS &&
	    history.last_rx.code >= 0)
		snprintf(text, TSCF_TLS_ERROR, "the other end refuses: %s",
			 wolfSSL_alert_desc_string_long(history.last_rx.code));
	else if (error == ZERO_RETURN)
		snprintf(text, TSCF_TLS_ERROR, "closed by the other end");
	else
		snprintf(text, TSCF_TLS_ERROR, "%s", text_of(error));
	return text;
}
