/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/init_plan.h"

#include "common/base/log.h"
#include "tscf-server/setup/invite.h"
#include "tscf-server/setup/pool_choice.h"
#include "tscf-server/setup/survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int out_of_memory(void)
{
	tscf_error("%s", strerror(ENOMEM));
	return -ENOMEM;
}

/** The address of this host, unless a name was given. */
static int choose_name(struct server_public_names *names)
{
	char text[TSCF_ADDR_TEXT];
	struct tscf_addr own;

	if (names->count > 0)
		return 0;
	if (invite_own_address(AF_INET, &own) < 0) {
		tscf_error("cannot find out by which address clients reach this host, because it has no default route: "
			   "expected --public-name HOST");
		return -EINVAL;
	}
	tscf_addr_format(&own, text);
	names->count = 1;
	return tscf_invitation_server_parse(text, strlen(text), 0, &names->at[0]);
}

/** The network of the only other device, unless a route was given. */
static int choose_routes(struct server_prefixes *routes, const struct survey *survey, struct init_plan *plan)
{
	const char *virtual_ones = survey->virtual_ones;
	char text[TSCF_ADDR_TEXT];

	if (routes->count > 0)
		return 0;
	snprintf(plan->route_reason, sizeof(plan->route_reason), "%s is the only other device%s%s", survey->device,
		 virtual_ones[0] ? "; left out, since virtual: " : "", virtual_ones);
	if (survey->inside.count == 1)
		return server_prefixes_add(routes, &survey->inside.list[0]) < 0 ? out_of_memory() : 0;
	tscf_error("cannot find out which network clients are to reach through this server: expected --route NETWORK");
	for (unsigned i = 0; i < survey->inside.count; i++)
		tscf_error("one that this host is in: --route %s", tscf_prefix_format(&survey->inside.list[i], text));
	if (virtual_ones[0])
		tscf_error("left out, since virtual: %s", virtual_ones);
	return -EINVAL;
}

static int choose_pools(struct server_config *c, struct survey *survey)
{
	struct server_interface_config *i = c->interfaces;
	struct tscf_prefix plain, encrypted;

	if (i->pool.count > 0 && i->encrypted_pool.count > 0)
		return 0;
	if (i->pool.count > 0 || i->encrypted_pool.count > 0) {
		tscf_error("expected both --pool and --encrypted-pool, or none to have them chosen");
		return -EINVAL;
	}
	for (unsigned n = 0; n < c->routes.count; n++)
		if (server_prefixes_add(&survey->taken, &c->routes.list[n]) < 0)
			return out_of_memory();
	if (pool_choose(&survey->taken, &plain, &encrypted) < 0) {
		tscf_error(
		    "cannot find private networks that this host does not use: expected --pool and --encrypted-pool");
		return -ENOSPC;
	}
	if (server_prefixes_add(&i->pool, &plain) < 0 || server_prefixes_add(&i->encrypted_pool, &encrypted) < 0)
		return out_of_memory();
	return 0;
}

/** Name a file beside the configuration, unless the settings do.  @p length is that of the configuration's name
 * without its ending. */
static int name_file(char **name, const struct init_plan *plan, size_t length, const char *ending)
{
	if (*name || asprintf(name, "%.*s%s", (int)length, plan->config_file, ending) >= 0)
		return 0;
	*name = NULL;
	return out_of_memory();
}

/** Name the files beside the configuration. */
static int name_files(struct server_config *c, struct init_plan *plan)
{
	size_t length = strlen(plan->config_file);
	int err;

	if (length > 5 && strcmp(plan->config_file + length - 5, ".conf") == 0)
		length -= 5;
	if (snprintf(plan->nft_file, sizeof(plan->nft_file), "%.*s.nft", (int)length, plan->config_file) >=
	    (int)sizeof(plan->nft_file)) {
		tscf_error("%s: %s", plan->config_file, strerror(ENAMETOOLONG));
		return -ENAMETOOLONG;
	}
	err = name_file(&c->interfaces->psk_file, plan, length, ".psk");
	return err < 0 ? err : name_file(&c->interfaces->denied_clients, plan, length, ".denied");
}

static int choose_networks(struct server_config *c, struct init_plan *plan)
{
	struct tscf_addr towards;
	struct survey survey;
	const bool numeric = tscf_addr_parse(c->interfaces->public_names.at[0].host, &towards) == 0;
	int err = survey_make(numeric ? &towards : NULL, &survey);

	if (err == 0)
		err = choose_routes(&c->routes, &survey, plan);
	if (err == 0)
		err = choose_pools(c, &survey);
	plan->forwards = survey.forwards;
	survey_free(&survey);
	return err;
}

int init_plan_make(struct server_config *config, const char *file, struct init_plan *plan)
{
	int err;

	*plan = (struct init_plan){.config = config, .config_file = file};
	config->interfaces->services = SERVER_SERVICE_DTTE;
	err = name_files(config, plan);
	if (err == 0)
		err = choose_name(&config->interfaces->public_names);
	if (err == 0)
		err = choose_networks(config, plan);
	return err < 0 ? err : server_config_check(config);
}
