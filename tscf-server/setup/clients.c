/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/clients.h"

#include "common/auth/enrolments.h"
#include "common/base/log.h"
#include "common/crypto/random.h"
#include "common/daemon/settings.h"
#include "tscf-server/settings/enrolled.h"
#include "tscf-server/settings/options.h"
#include "tscf-server/setup/force.h"
#include "tscf-server/setup/invite.h"
#include "tscf-server/setup/key_file.h"
#include "tscf-server/setup/names.h"
#include "tscf-server/setup/qr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/** Bytes of a new key: as many as its use as an HMAC-SHA-256 key can make use of. */
#define KEY_SIZE 32

/** @return the interface whose clients these are, or NULL (logged). */
static const struct server_interface_config *find_interface(const struct server_config *c)
{
	for (const struct server_interface_config *i = c->interfaces; i; i = i->next)
		if (i->enabled && i->psk_file)
			return i;
	tscf_error("no interface has a file of keys: expected psk-file in the configuration, as tscf-server init "
		   "writes it (clients without a key are not let in then)");
	return NULL;
}

/**
 * Open the file of keys.  What is written must be readable for the server: it belongs to the owner of the control
 * socket of a running one, or else, if it is new, to the owner of the state directory.
 */
static int open_keys(struct key_file *f, const char *name, const struct server_config *c, bool make)
{
	const bool is_new = make && access(name, F_OK) < 0;
	int err = key_file_open(f, name, make);
	struct stat st;

	if (err < 0 || geteuid() != 0)
		return err;
	if (stat(c->control, &st) == 0 || (is_new && stat(c->state_dir, &st) == 0)) {
		f->file.uid = st.st_uid;
		f->file.gid = st.st_gid;
	}
	return 0;
}

/* --- add-client --- */

static int check_new(const struct key_file *f, const struct names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!tscf_psks_find(&f->psks, names->list[i], strlen(names->list[i])))
			continue;
		tscf_error("%s: there is a client %s already", f->file.name, names->list[i]);
		return -EEXIST;
	}
	return 0;
}

/**
 * @param kind  what all keys have in common
 * @return a new key for each name, or NULL (logged).
 */
static struct tscf_psk *make_keys(const struct names *names, const struct tscf_psk *kind)
{
	struct tscf_psk *psks = calloc(names->count, sizeof(*psks));

	if (!psks) {
		tscf_error("%s", strerror(ENOMEM));
		return NULL;
	}
	for (size_t i = 0; i < names->count; i++) {
		psks[i] = *kind;
		memcpy(psks[i].identity, names->list[i], strlen(names->list[i]) + 1);
		tscf_random(psks[i].key, KEY_SIZE);
		psks[i].key_length = KEY_SIZE;
	}
	return psks;
}

/** @return 0, or -EIO if standard output does not take them. */
static int print_invitations(struct tscf_invitation *invitation, const struct tscf_psk *psks, size_t count, bool qr)
{
	char text[TSCF_INVITATION_TEXT];

	for (size_t i = 0; i < count; i++) {
		invitation->psk = psks[i];
		tscf_invitation_format(invitation, text);
		puts(text);
		if (qr && qr_print(text) == -ENOENT)
			qr = false;
	}
	explicit_bzero(text, sizeof(text));
	explicit_bzero(&invitation->psk, sizeof(invitation->psk));
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	tscf_error("the invitations cannot be printed; remove-client takes the keys back");
	return -EIO;
}

/** Add the keys to the file and put them into force; if the server refuses, they are not in the file. */
static int enter(const struct key_file *f, const struct server_config *c, const struct tscf_psk *psks, size_t count)
{
	int err = key_file_add(f, psks, count);

	if (err < 0)
		return err;
	err = force_files(c);
	if (err == 0)
		return 0;
	tscf_error("%s is put back as it was: no client was added", f->file.name);
	key_file_put_back(f);
	return err;
}

/** Find out what keys are wanted: lasting ones, or those of one-time invitations.  @return 0, or -errno (logged). */
static int take_kind(const struct tscf_cli *cli, const struct server_config *c, struct tscf_psk *kind)
{
	const char *text = tscf_cli_value(cli, "valid-for");
	unsigned long days = SERVER_VALID_DAYS;

	memset(kind, 0, sizeof(*kind));
	if (!tscf_cli_has(cli, "one-time"))
		return 0;
	/* The text was checked with the command line. */
	if (text)
		tscf_number_parse(text, 1, SERVER_VALID_DAYS_MAX, &days);
	kind->kind = TSCF_PSK_INVITED;
	kind->until = (int64_t)time(NULL) + (int64_t)days * 86400;
	return invite_record(c, kind->record);
}

static int add_names(const struct tscf_cli *cli, const struct server_config *c, const struct server_interface_config *i,
		     const struct names *names)
{
	struct tscf_invitation invitation;
	struct tscf_psk *psks, kind;
	struct key_file f;
	int err = invite_prepare(c, i, &invitation);

	if (err == 0)
		err = take_kind(cli, c, &kind);
	if (err == 0)
		err = open_keys(&f, i->psk_file, c, true);
	if (err != 0)
		return err;
	invitation.once = kind.kind == TSCF_PSK_INVITED;
	psks = make_keys(names, &kind);
	err = psks ? check_new(&f, names) : -ENOMEM;
	if (err == 0)
		err = enter(&f, c, psks, names->count);
	key_file_close(&f);
	if (err == 0)
		err = print_invitations(&invitation, psks, names->count, tscf_cli_has(cli, "qr"));
	if (psks)
		explicit_bzero(psks, names->count * sizeof(*psks));
	free(psks);
	return err;
}

int clients_add(const struct tscf_cli *cli, const struct server_config *c)
{
	const struct server_interface_config *i = find_interface(c);
	struct names names;
	int err;

	if (!i)
		return EXIT_FAILURE;
	err = names_collect(cli, &names);
	if (err == 0)
		err = add_names(cli, c, i, &names);
	names_free(&names);
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- list-clients --- */

/** @return the record of used invitations, or NULL: none of @p psks needs it, or it cannot be read (logged). */
static struct tscf_enrolments *open_record(const struct tscf_psks *psks, const struct server_config *c)
{
	char file[PATH_MAX], error[PATH_MAX + 80] = "the name of the state directory is too long";
	struct tscf_enrolments *record = NULL;
	bool needed = false;

	for (size_t n = 0; n < psks->count; n++)
		needed |= psks->list[n].kind == TSCF_PSK_INVITED;
	if (!needed)
		return NULL;
	if (server_enrolled_name(c->state_dir, file) == 0)
		record = tscf_enrolments_open(file, false, error, sizeof(error));
	if (!record)
		tscf_warning("%s", error);
	return record;
}

static void print_state(const struct tscf_psk *psk, struct tscf_enrolments *record)
{
	struct tscf_enrolment used;
	char date[sizeof("2000-01-01 00:00 UTC") + 8];
	const time_t until = (time_t)psk->until;
	struct tm tm;

	if (psk->kind != TSCF_PSK_INVITED) {
		printf("%s\tkey\n", psk->identity);
	} else if (!tscf_enrolments_have(record, psk)) {
		printf("%s\tthe record of used invitations is lost\n", psk->identity);
	} else if (tscf_enrolments_find(record, psk, &used)) {
		explicit_bzero(&used, sizeof(used));
		printf("%s\thas used its invitation\n", psk->identity);
	} else if (!gmtime_r(&until, &tm) || strftime(date, sizeof(date), "%F %H:%M UTC", &tm) == 0 ||
		   time(NULL) > until) {
		printf("%s\tinvitation is no longer valid\n", psk->identity);
	} else {
		printf("%s\tinvited until %s\n", psk->identity, date);
	}
}

static void print_states(const struct tscf_psks *psks, const struct server_config *c)
{
	struct tscf_enrolments *record = open_record(psks, c);

	for (size_t n = 0; n < psks->count; n++)
		print_state(&psks->list[n], record);
	tscf_enrolments_free(record);
}

int clients_list(const struct tscf_cli *cli, const struct server_config *c)
{
	const struct server_interface_config *i = find_interface(c);
	struct tscf_psks psks;
	char error[512];

	if (!i)
		return EXIT_FAILURE;
	if (tscf_psks_read(i->psk_file, &psks, error, sizeof(error)) < 0) {
		tscf_error("%s", error);
		return EXIT_FAILURE;
	}
	if (tscf_cli_has(cli, "long"))
		print_states(&psks, c);
	else
		for (size_t n = 0; n < psks.count; n++)
			puts(psks.list[n].identity);
	tscf_psks_free(&psks);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- remove-client --- */

static int check_there(const struct key_file *f, const struct tscf_cli *cli)
{
	for (unsigned i = 0; i < cli->argument_count; i++) {
		if (tscf_psks_find(&f->psks, cli->arguments[i], strlen(cli->arguments[i])))
			continue;
		tscf_error("%s: there is no client %s", f->file.name, cli->arguments[i]);
		return -ENOENT;
	}
	return 0;
}

int clients_remove(const struct tscf_cli *cli, const struct server_config *c)
{
	const struct server_interface_config *i = find_interface(c);
	struct key_file f;
	int err;

	if (!i || open_keys(&f, i->psk_file, c, false) < 0)
		return EXIT_FAILURE;
	err = check_there(&f, cli);
	if (err == 0)
		err = key_file_remove(&f, cli->arguments, cli->argument_count);
	if (err == 0) {
		err = force_files(c);
		if (err != 0)
			tscf_error("%s is changed, but the running server still lets the client in: see its log, then "
				   "reload it",
				   f.file.name);
	}
	key_file_close(&f);
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
