/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/init.h"

#include "common/base/log.h"
#include "common/tls/tls.h"
#include "tscf-server/settings/certificate_files.h"
#include "tscf-server/setup/firewall.h"
#include "tscf-server/setup/init_files.h"
#include "tscf-server/setup/init_plan.h"
#include "tscf-server/setup/invite.h"
#include "tscf-server/setup/program.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORWARDING "/proc/sys/net/ipv4/ip_forward"
/** The user of the service (tscf-server.service). */
#define SERVICE_USER "tscf"

typedef void (*init_text)(const struct init_plan *plan, FILE *out);

/* --- files --- */

/** @return 0, or -EEXIST if one of the files is there (logged). */
static int check_missing(const struct init_plan *plan, bool apply)
{
	const struct server_interface_config *i = plan->config->interfaces;
	const char *names[] = {plan->config_file, i->psk_file, i->denied_clients, plan->nft_file};
	int err = 0;

	for (unsigned n = 0; n < (apply ? 4 : 3); n++) {
		if (access(names[n], F_OK) < 0 && errno == ENOENT)
			continue;
		tscf_error("%s exists already", names[n]);
		err = -EEXIST;
	}
	return err;
}

static int make_text(struct init_files *files, const struct init_plan *plan, const char *name, init_text write)
{
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);
	int err;

	if (!f)
		return -ENOMEM;
	write(plan, f);
	err = fclose(f) == 0 ? init_files_make(files, name, 0644, text, length) : -ENOMEM;
	free(text);
	return err;
}

/** Make the pair of certificate and key, unless it exists or is not the server's own.  The invitation gets its pin. */
static int make_certificate(struct init_files *files, const struct server_config *c, struct tscf_invitation *invitation)
{
	struct server_certificate_files pair;
	int own = server_certificate_files_find(&pair, c, c->state_dir), err = own < 0 ? own : 0;

	if (own > 0)
		err = init_files_directory(files, c->state_dir);
	if (own > 0 && err == 0 && access(pair.key, F_OK) < 0)
		err = init_files_note(files, pair.key);
	if (own > 0 && err == 0 && access(pair.cert, F_OK) < 0)
		err = init_files_note(files, pair.cert);
	return err < 0 ? err : invite_prepare(c, c->interfaces, invitation);
}

/** What was written must be what the server reads. */
static int check_written(const char *file)
{
	struct server_config c;
	int err = server_config_init(&c);

	if (err == 0)
		err = server_config_read(&c, file);
	if (err == 0)
		err = server_config_check(&c);
	server_config_free(&c);
	return err;
}

static int make_files(struct init_files *files, const struct init_plan *plan, bool apply,
		      struct tscf_invitation *invitation)
{
	const struct server_interface_config *i = plan->config->interfaces;
	int err = make_certificate(files, plan->config, invitation);

	if (err == 0)
		err = init_files_make(files, i->psk_file, 0600, "", 0);
	if (err == 0)
		err = init_files_give(files, i->psk_file);
	if (err == 0)
		err = init_files_make(files, i->denied_clients, 0644, "", 0);
	if (err == 0)
		err = make_text(files, plan, plan->config_file, init_text_config);
	if (err == 0)
		err = check_written(plan->config_file);
	if (err == 0 && apply)
		err = make_text(files, plan, plan->nft_file, init_text_nft);
	return err;
}

/* --- the host --- */

static int nft(const char *verb, const char *file)
{
	const char *const words[] = {"nft", verb, file, NULL};
	int err = program_run(words, NULL, 0);

	if (err == 0)
		return 0;
	if (err == -ENOENT)
		tscf_error("nft is not installed: --apply needs it");
	else
		tscf_error("nft %s %s has failed", verb, file);
	return err < 0 ? err : -EIO;
}

static int set_forwarding(void)
{
	FILE *f = fopen(FORWARDING, "we");
	int err = f && fputs("1\n", f) >= 0 ? 0 : -errno;

	if (f && fclose(f) != 0 && err == 0)
		err = -errno;
	if (err < 0)
		tscf_error("cannot write %s: %s", FORWARDING, strerror(-err));
	return err;
}

/** The rules come before forwarding, which they restrict; forwarding is the last step that can fail. */
static int apply_to_host(const struct init_plan *plan)
{
	static const char *const words[] = {"nft", "delete", "table", "ip", INIT_TABLE, NULL};
	int err = nft("-f", plan->nft_file);

	if (err < 0 || plan->forwards)
		return err;
	err = set_forwarding();
	if (err < 0)
		program_run(words, NULL, 0);
	return err;
}

/* --- the summary --- */

static void print_made(const struct init_plan *plan, const struct tscf_invitation *invitation)
{
	const struct server_interface_config *i = plan->config->interfaces;
	char server[TSCF_INVITATION_HOST_MAX + 9], pin[TSCF_PIN_TEXT], plain[TSCF_ADDR_TEXT], encrypted[TSCF_ADDR_TEXT],
	    route[TSCF_ADDR_TEXT];

	printf("Wrote %s, %s and %s.\n", plan->config_file, i->psk_file, i->denied_clients);
	printf("Server     %s, pin %s\n", tscf_invitation_server_format(&invitation->servers[0], server),
	       tscf_pin_format(invitation->pin, pin));
	printf("Clients    %s plain, %s encrypted; they reach %s\n", tscf_prefix_format(&i->pool.list[0], plain),
	       tscf_prefix_format(&i->encrypted_pool.list[0], encrypted),
	       tscf_prefix_format(&plan->config->routes.list[0], route));
	if (plan->route_reason[0])
		printf("Why        %s\n", plan->route_reason);
}

/** After a boot there is no forwarding before the rules that restrict it: the service loads both, where it runs. */
static void print_applied(const struct init_plan *plan, bool by_service)
{
	if (by_service)
		printf("Forwarding and masquerade are on; the service turns them on when it starts: %s.\n",
		       plan->nft_file);
	else
		printf("Forwarding and masquerade are on until the next boot.  After one, before the server starts:\n"
		       "    nft -f %s\n    sysctl -w net.ipv4.ip_forward=1\n",
		       plan->nft_file);
}

static void print_rest(const struct init_plan *plan, bool apply, bool by_service)
{
	struct firewall firewall;

	if (apply) {
		print_applied(plan, by_service);
	} else {
		puts("\nForwarding, and masquerade as the way back to clients (or routes to both ranges on the routers "
		     "there);\n"
		     "init --apply would have done this:");
		init_text_commands(plan, stdout);
	}
	firewall_find(&firewall);
	if (firewall.firewalld || firewall.ufw || firewall.count > 0) {
		puts("\nThis host has a firewall; open it for clients:");
		firewall_print(&firewall, plan->config, stdout);
	}
}

/** The service and the commands find the default file by themselves. */
static void print_start(const struct init_plan *plan, bool is_default, bool service)
{
	const char *option = is_default ? "" : " --config ", *file = is_default ? "" : plan->config_file;

	puts("\nStart the server, and invite a client:");
	if (service && is_default)
		puts("    systemctl enable --now tscf-server");
	else
		printf("    tscf-server%s%s\n", option, file);
	printf("    tscf-server add-client NAME%s%s\n", option, file);
}

int init_run(struct server_config *config, const char *file, bool is_default, bool apply)
{
	struct init_files files = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	const bool service = access("/run/systemd/system", F_OK) == 0;
	const struct passwd *user = service && geteuid() == 0 ? getpwnam(SERVICE_USER) : NULL;
	struct tscf_invitation invitation;
	struct init_plan plan;
	int err;

	if (user) {
		files.uid = user->pw_uid;
		files.gid = user->pw_gid;
	}
	/* The server's user reads the configuration. */
	umask(022);
	err = init_plan_make(config, file, &plan);
	if (err == 0)
		err = check_missing(&plan, apply);
	if (err == 0)
		err = make_files(&files, &plan, apply, &invitation);
	if (err == 0 && apply)
		err = apply_to_host(&plan);
	if (err < 0) {
		init_files_undo(&files);
		tscf_error("init: nothing was changed, because of errors");
		return EXIT_FAILURE;
	}
	init_files_keep(&files);
	print_made(&plan, &invitation);
	print_rest(&plan, apply, service && is_default);
	print_start(&plan, is_default, service);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
