/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * firewall.h - finds the firewalls of this host, and prints the commands that open them for the server.
 */
#ifndef TSCF_SERVER_FIREWALL_H
#define TSCF_SERVER_FIREWALL_H

#include "tscf-server/settings/config.h"

#include <stdbool.h>
#include <stdio.h>

/** Most chains that are looked at. */
#define FIREWALL_CHAINS_MAX 16
/** Room for the name of a family, table or chain. */
#define FIREWALL_NAME 64

/** A chain that drops packets unless a rule of it accepts them: by its policy, or by a rule without a match. */
struct firewall_chain {
	char family[FIREWALL_NAME], table[FIREWALL_NAME], name[FIREWALL_NAME];
	bool forward; /**< of packets that are passed on; else of packets for this host */
};

struct firewall {
	struct firewall_chain chains[FIREWALL_CHAINS_MAX];
	unsigned count;
	bool firewalld, ufw;
};

/** Find them in the text that "nft list ruleset" prints.  A pure function; chains of firewalld, ufw and init are left
 * out. */
void firewall_parse(const char *listing, struct firewall *out);

/** Look at this host. */
void firewall_find(struct firewall *out);

/**
 * Print the commands that let in clients of @p config, and let through what they send and get, one on a line.
 *
 * @return whether there were any.
 */
bool firewall_print(const struct firewall *firewall, const struct server_config *config, FILE *out);

#endif
