/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/join_files.h"

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"
#include "common/daemon/settings.h"
#include "common/tls/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK "# Written by tscf-client join; tscf-client leave removes it.  Checksum "
/** The script of the package. */
#define DNS_SCRIPT PKGLIBEXECDIR "/tscf-dns"
/** Bytes of SHA-256 in the first line. */
#define CHECKSUM 8
/** Room for a configuration; one that was changed may be longer. */
#define TEXT_MAX (1 << 20)

int join_files_name(struct join_files *files, const char *config)
{
	size_t length = strlen(config);

	files->config = config;
	if (length > 5 && strcmp(config + length - 5, ".conf") == 0)
		length -= 5;
	if (snprintf(files->key, sizeof(files->key), "%.*s.psk", (int)length, config) < (int)sizeof(files->key))
		return 0;
	tscf_error("the name of the configuration file is too long: %s", config);
	return -ENAMETOOLONG;
}

/** Write the checksum of @p text, in hexadecimal, into @p out of 2 * CHECKSUM + 1 bytes. */
static void checksum(const char *text, char *out)
{
	uint8_t digest[32];

	tscf_sha256(text, strlen(text), digest);
	*tscf_hex_put(out, digest, CHECKSUM) = '\0';
}

static void print_settings(FILE *f, const struct join_files *files, const struct tscf_invitation *i)
{
	static const char *const transports[] = {NULL, "udp", "tcp"};
	char server[TSCF_INVITATION_HOST_MAX + 9], pin[TSCF_PIN_TEXT];

	fprintf(f, "server = \"%s\"\n", tscf_invitation_server_format(&i->servers[0], server));
	for (unsigned n = 1; n < i->server_count; n++)
		fprintf(f, "fallback-server \"%s\" {\n}\n", tscf_invitation_server_format(&i->servers[n], server));
	if (transports[i->transport])
		fprintf(f, "transport = %s\n", transports[i->transport]);
	fprintf(f, "pin = \"%s\"\n", tscf_pin_format(i->pin, pin));
	fputs("psk-file = ", f);
	tscf_settings_quote(f, files->key);
	if (access(DNS_SCRIPT, X_OK) == 0)
		fputs("\n# The DNS servers of the service network are used while the tunnel is up.\nscript = "
		      "\"" DNS_SCRIPT "\"",
		      f);
	fputs("\n\n# Which programs are encrypted: see \"Policies\" in tscf-client.conf(5).\n", f);
}

/** @return the text of the configuration, which the caller frees, or NULL. */
static char *make_text(const struct join_files *files, const struct tscf_invitation *invitation)
{
	char sum[2 * CHECKSUM + 1], *settings = NULL, *text = NULL;
	size_t size;
	FILE *f = open_memstream(&settings, &size);

	if (!f)
		return NULL;
	print_settings(f, files, invitation);
	if (fclose(f) == 0) {
		checksum(settings, sum);
		if (asprintf(&text, MARK "%s.\n%s", sum, settings) < 0)
			text = NULL;
	}
	free(settings);
	return text;
}

static int write_one(const char *file, const char *text, bool force)
{
	int err = force ? tscf_file_replace(file, 0600, text, strlen(text))
			: tscf_file_create(file, 0600, text, strlen(text));

	if (err == -EEXIST)
		tscf_error("%s exists already: --force replaces it", file);
	else if (err < 0)
		tscf_error("cannot write %s: %s", file, strerror(-err));
	return err;
}

/** Keep the old key under another name, if there is one.  @return 0 or -errno (logged). */
static int set_aside(const struct join_files *files, char aside[PATH_MAX + 8])
{
	int err;

	snprintf(aside, PATH_MAX + 8, "%s.former", files->key);
	unlink(aside);
	if (link(files->key, aside) == 0 || errno == ENOENT)
		return 0;
	err = -errno;
	tscf_error("cannot keep %s: %s", files->key, strerror(-err));
	return err;
}

/** Replace both.  After an error both are as they were: no key is left that is not that of the configuration. */
static int replace_both(const struct join_files *files, const char *config, const char *key)
{
	char aside[PATH_MAX + 8];
	int err = set_aside(files, aside);

	if (err < 0)
		return err;
	err = write_one(files->key, key, true);
	if (err == 0 && (err = write_one(files->config, config, true)) < 0 && rename(aside, files->key) < 0)
		unlink(files->key);
	unlink(aside);
	return err;
}

static int write_both(const struct join_files *files, const char *config, const char *key, bool force)
{
	int err = tscf_directory_make_above(files->config);

	if (err < 0) {
		tscf_error("cannot make the directory of %s: %s", files->config, strerror(-err));
		return err;
	}
	if (force)
		return replace_both(files, config, key);
	/* The one that says more is looked for first. */
	if (access(files->config, F_OK) == 0)
		return write_one(files->config, config, false);
	err = write_one(files->key, key, false);
	if (err < 0)
		return err;
	err = write_one(files->config, config, false);
	if (err < 0)
		unlink(files->key);
	return err;
}

int join_files_write(const struct join_files *files, const struct tscf_invitation *invitation, bool force)
{
	char *text = make_text(files, invitation), key[TSCF_PSK_LINE + 1];
	struct tscf_psk psk;
	int err;

	if (!text) {
		tscf_error("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	psk = invitation->psk;
	if (invitation->once) {
		psk.kind = TSCF_PSK_JOINING;
		tscf_random(psk.share, sizeof(psk.share));
	}
	tscf_psk_format(&psk, key);
	strcat(key, "\n");
	err = write_both(files, text, key, force);
	explicit_bzero(&psk, sizeof(psk));
	explicit_bzero(key, sizeof(key));
	free(text);
	return err;
}

/** @return NULL if leave may remove a configuration with this text, or why not. */
static const char *objection(const char *text, bool force)
{
	char sum[2 * CHECKSUM + 1];
	const char *settings = strchr(text, '\n');

	if (strncmp(text, MARK, strlen(MARK)) != 0 || !settings)
		return "was not written by join";
	checksum(settings + 1, sum);
	if (!force && strncmp(text + strlen(MARK), sum, strlen(sum)) != 0)
		return "was changed after join had written it: --force removes it all the same";
	return NULL;
}

int join_files_check(const struct join_files *files, bool force)
{
	char *text = calloc(1, TEXT_MAX);
	const char *why;
	int length;

	if (!text) {
		tscf_error("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	length = tscf_file_read(files->config, text, TEXT_MAX);
	why = length < 0 ? strerror(-length) : objection(text, force);
	free(text);
	if (!why)
		return 0;
	tscf_error("%s: %s", files->config, why);
	return length < 0 ? length : -EPERM;
}

int join_files_remove(const struct join_files *files)
{
	int err = 0;

	/* The key goes first: without it the configuration can still be recognised, and this be done again. */
	if (unlink(files->key) < 0 && errno != ENOENT) {
		err = -errno;
		tscf_error("cannot remove %s: %s", files->key, strerror(-err));
	} else if (unlink(files->config) < 0) {
		err = -errno;
		tscf_error("cannot remove %s: %s", files->config, strerror(-err));
	}
	return err;
}
