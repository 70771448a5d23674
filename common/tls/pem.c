/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/tls/pem.h"

#include "common/base/file.h"
#include "common/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"

struct reader {
	struct tscf_pem_certificate one; /* file and number are always set */
	int (*each)(void *context, const struct tscf_pem_certificate *one);
	void *context;
	int refused;
	FILE *block; /* takes the lines of a certificate; NULL outside one */
	char *text;  /* ... which are here, once it is closed */
	size_t length;
};

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* @return as each. */
static int pass_on(struct reader *r)
{
	struct tscf_pem_certificate *one = &r->one;
	int result = 0;

	one->x509 =
	    wolfSSL_X509_load_certificate_buffer((const uint8_t *)r->text, (int)r->length, WOLFSSL_FILETYPE_PEM);
	one->der = one->x509 ? wolfSSL_X509_get_der(one->x509, &one->length) : NULL;
	if (one->der && one->length > 0) {
		result = r->each(r->context, one);
	} else {
		tscf_warning("%s: certificate %u cannot be read: it is left out", one->file, one->number);
		r->refused++;
	}
	wolfSSL_X509_free(one->x509);
	return result;
}

static int begin(struct reader *r)
{
	r->one.number++;
	r->block = open_memstream(&r->text, &r->length);
	return r->block ? 0 : -errno;
}

static int end(struct reader *r)
{
	int result = fclose(r->block) == 0 ? 0 : -errno;

	r->block = NULL;
	if (result == 0)
		result = pass_on(r);
	free(r->text);
	r->text = NULL;
	return result;
}

/* A certificate without its end is passed on as well: it is refused there. */
static int take_line(struct reader *r, const char *line)
{
	int result = 0;

	if (begins(line, BEGIN)) {
		if (r->block)
			result = end(r);
		if (result >= 0)
			result = begin(r);
	}
	if (result < 0 || !r->block)
		return result;
	if (fputs(line, r->block) == EOF)
		return -errno;
	return begins(line, END) ? end(r) : 0;
}

int tscf_pem_each(const char *file, int (*each)(void *context, const struct tscf_pem_certificate *one), void *context)
{
	struct reader r = {.one = {.file = file}, .each = each, .context = context};
	FILE *f = tscf_file_stream(file);
	char *line = NULL;
	size_t room = 0;
	int result = f ? 0 : -errno;

	while (result >= 0 && getline(&line, &room, f) >= 0)
		result = take_line(&r, line);
	if (result >= 0 && ferror(f))
		result = errno != 0 ? -errno : -EIO;
	if (r.block && result >= 0)
		result = end(&r);
	if (r.block)
		fclose(r.block);
	free(r.text);
	free(line);
	if (f)
		fclose(f);
	return result < 0 ? result : r.refused;
}
