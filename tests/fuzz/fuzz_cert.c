/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: a peer's certificate, before anything of it has been proved.  The key that is found lies inside, and is
 * found again where the certificate is cut behind it; names match what they are, and nothing else does.
 */
#include "common/crypto/hash.h"
#include "common/tls/cert.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void walk(const uint8_t *der, size_t size)
{
	uint8_t pin[TSCF_PIN_SIZE], digest[TSCF_PIN_SIZE];
	const uint8_t *spki = NULL;
	size_t length = 0;
	int err = tscf_cert_spki(der, size, &spki, &length);

	must(tscf_cert_pin(der, size, pin) == err);
	if (err != 0)
		return;
	must(spki > der && length >= 2 && length <= size - (size_t)(spki - der));
	must(spki[0] == 0x30);
	tscf_sha256(spki, length, digest);
	must(memcmp(pin, digest, sizeof(pin)) == 0);
	/* The outer lengths do not hold any more. */
	must(tscf_cert_spki(der, (size_t)(spki - der) + length - 1, &spki, &length) != 0);
}

/* The bytes as a name of a certificate. */
static void match(const uint8_t *bytes, size_t size)
{
	char name[256];

	if (size == 0 || size >= sizeof(name))
		return;
	memcpy(name, bytes, size);
	name[size] = '\0';
	if (strlen(name) == size && name[0] != '*' && name[0] != '.' && name[size - 1] != '.')
		must(tscf_cert_dns_matches((const char *)bytes, size, name));
	if (tscf_cert_dns_matches((const char *)bytes, size, "phone.example.org"))
		must(!memchr(bytes, 0, size) && size >= strlen("*.example.org"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In a block of its own, so that reading past its end is seen. */
	uint8_t *exact = malloc(size > 0 ? size : 1);

	must(exact != NULL);
	memcpy(exact, data, size);
	walk(exact, size);
	match(exact, size);
	must(!tscf_cert_is_for(exact, size, ""));
	tscf_cert_is_for(exact, size, "phone.example.org");
	tscf_cert_is_for(exact, size, "192.0.2.1");
	tscf_cert_is_for(exact, size, "2001:db8::1");
	free(exact);
	return 0;
}
