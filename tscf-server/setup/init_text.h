/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * init_text.h - the texts that init writes and prints.
 *
 * Functions of the plan alone.
 */
#ifndef TSCF_SERVER_INIT_TEXT_H
#define TSCF_SERVER_INIT_TEXT_H

#include "tscf-server/settings/config.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

/** The table of nft, in family ip, that has all rules of init. */
#define INIT_TABLE "tscf_server"

/** What is to be set up: one interface of the configuration, with a range of each kind, and its files. */
struct init_plan {
	const struct server_config *config;
	const char *config_file;
	char nft_file[PATH_MAX];
	char route_reason[384]; /**< why this route was chosen; empty if it was given */
	bool forwards;          /**< the host forwards already, so it may be a router for others */
};

/** The configuration file of the server. */
void init_text_config(const struct init_plan *plan, FILE *out);
/** Rules for nft -f; they can be loaded again. */
void init_text_nft(const struct init_plan *plan, FILE *out);
/** The commands that do the same as the last text, and turn forwarding on. */
void init_text_commands(const struct init_plan *plan, FILE *out);

#endif
