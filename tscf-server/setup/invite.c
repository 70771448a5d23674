/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/invite.h"

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/tls/tls.h"
#include "tscf-server/settings/certificate_files.h"
#include "tscf-server/settings/enrolled.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- servers --- */

int invite_own_address(uint8_t family, struct tscf_addr *out)
{
	union tscf_endpoint e;
	struct sockaddr_storage local;
	socklen_t length = sizeof(local);
	struct tscf_addr far;
	int fd, err;

	/* To an address for documentation (RFC 5737, RFC 3849) only a default route leads. */
	tscf_addr_parse(family == AF_INET ? "203.0.113.1" : "2001:db8::1", &far);
	tscf_endpoint_make(&far, 9, &e);
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &e.sa, tscf_endpoint_size(&e)) < 0 || getsockname(fd, (struct sockaddr *)&local, &length) < 0) {
		err = -errno;
	} else {
		err = tscf_endpoint_from_sockaddr((struct sockaddr *)&local, length, &e);
		*out = tscf_endpoint_addr(&e);
	}
	close(fd);
	return err;
}

/** RFC 1918, RFC 4193: the address means something only near this host. */
static bool is_private(const struct tscf_addr *a)
{
	static const char *const blocks[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"};
	struct tscf_prefix p;

	for (unsigned n = 0; n < sizeof(blocks) / sizeof(blocks[0]); n++)
		if (tscf_prefix_parse(blocks[n], &p) == 0 && tscf_prefix_contains(&p, a))
			return true;
	return false;
}

static void add_address(const struct tscf_addr *a, uint16_t port, struct tscf_invitation *out)
{
	struct tscf_invitation_server *server = &out->servers[out->server_count];
	char text[TSCF_ADDR_TEXT];

	tscf_addr_format(a, text);
	memcpy(server->host, text, strlen(text) + 1);
	server->port = port;
	out->server_count++;
}

static void take_places(const struct server_places *places, struct tscf_invitation *out)
{
	for (unsigned n = 0; n < places->count && out->server_count < TSCF_INVITATION_SERVERS_MAX; n++) {
		struct tscf_addr a = tscf_endpoint_addr(&places->at[n]);

		if (!tscf_addr_is_any(&a)) {
			add_address(&a, tscf_endpoint_port(&places->at[n]), out);
			continue;
		}
		if (invite_own_address(a.family, &a) < 0)
			continue;
		if (is_private(&a)) {
			char text[TSCF_ADDR_TEXT];

			tscf_warning("the invitation names the private address %s: set public-name if clients reach "
				     "the server by another one",
				     tscf_addr_format(&a, text));
		}
		add_address(&a, tscf_endpoint_port(&places->at[n]), out);
	}
}

static int take_servers(const struct server_interface_config *i, struct tscf_invitation *out)
{
	const struct server_public_names *names = &i->public_names;

	for (unsigned n = 0; n < names->count; n++) {
		out->servers[n] = names->at[n];
		if (out->servers[n].port == 0)
			out->servers[n].port = tscf_endpoint_port(&i->listen.at[0]);
	}
	out->server_count = names->count;
	if (names->count == 0)
		take_places(&i->listen, out);
	if (out->server_count > 0)
		return 0;
	tscf_error("cannot find out by which address clients reach the server: expected public-name in interface %s, "
		   "or --public-name HOST",
		   i->name);
	return -EINVAL;
}

/* --- the pin --- */

/**
 * Give a file of root's to the owner of its directory.  That user may have put a link to any other file there, so a
 * link is not followed, and a file with several names stays root's.
 */
static void give_away(const char *name, const struct stat *owner)
{
	int fd = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC), err = fd < 0 ? -errno : 0;
	struct stat st;

	if (err == 0 && fstat(fd, &st) < 0)
		err = -errno;
	if (err == 0 && (!S_ISREG(st.st_mode) || st.st_nlink > 1))
		err = -EMLINK;
	if (err == 0 && st.st_uid == 0 && fchownat(fd, "", owner->st_uid, owner->st_gid, AT_EMPTY_PATH) < 0)
		err = -errno;
	if (err < 0)
		tscf_warning("cannot give %s to the owner of its directory: %s", name, strerror(-err));
	if (fd >= 0)
		close(fd);
}

/** Files that were made for a server that runs as another user belong to that user, as the directory does. */
static void give_all_away(const char *const *files, unsigned count, const char *state_dir)
{
	struct stat directory;

	if (geteuid() != 0 || stat(state_dir, &directory) < 0 || directory.st_uid == 0)
		return;
	for (unsigned n = 0; n < count; n++)
		give_away(files[n], &directory);
}

static int take_pin(const struct server_config *c, struct tscf_invitation *out)
{
	struct server_certificate_files files;
	char pin[TSCF_PIN_TEXT];
	int own = server_certificate_files_find(&files, c, c->state_dir);
	int err = own > 0 ? server_certificate_files_make(&files, c->state_dir) : own;

	if (err < 0)
		return err;
	if (own > 0)
		give_all_away((const char *[]){files.cert, files.key}, 2, c->state_dir);
	err = tscf_tls_pin_of_file(files.cert, pin);
	if (err == 0)
		err = tscf_pin_parse(pin, out->pin);
	if (err < 0)
		tscf_error("%s: cannot compute the pin: %s", files.cert, strerror(-err));
	return err;
}

int invite_prepare(const struct server_config *c, const struct server_interface_config *i, struct tscf_invitation *out)
{
	const unsigned plain = i->protocols & SERVER_PLAIN_PROTOCOLS;
	int err;

	memset(out, 0, sizeof(*out));
	if (plain == SERVER_BIT(SERVER_UDP))
		out->transport = TSCF_INVITATION_UDP;
	else if (plain == SERVER_BIT(SERVER_TCP))
		out->transport = TSCF_INVITATION_TCP;
	err = take_servers(i, out);
	return err < 0 ? err : take_pin(c, out);
}

int invite_record(const struct server_config *c, uint8_t name[TSCF_PSK_RECORD])
{
	char file[PATH_MAX], error[PATH_MAX + 80];
	struct tscf_enrolments *record = NULL;
	int err = server_enrolled_name(c->state_dir, file);

	if (err == 0)
		err = tscf_directory_make(c->state_dir);
	if (err == 0)
		err = tscf_enrolments_make(file);
	if (err < 0) {
		tscf_error("%s/" TSCF_ENROLMENTS_FILE ": %s", c->state_dir, strerror(-err));
		return err;
	}
	give_all_away((const char *[]){file}, 1, c->state_dir);
	record = tscf_enrolments_open(file, false, error, sizeof(error));
	if (!record) {
		tscf_error("%s", error);
		return -EINVAL;
	}
	memcpy(name, tscf_enrolments_name(record), TSCF_PSK_RECORD);
	tscf_enrolments_free(record);
	return 0;
}
