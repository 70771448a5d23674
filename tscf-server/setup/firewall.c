/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/firewall.h"

#include "tscf-server/setup/program.h"

#include <stdlib.h>
#include <string.h>

#define UFW_SETTINGS "/etc/ufw/ufw.conf"
#define LISTING_MAX  (1U << 20)

/* --- finding --- */

static void take_base_chain(const struct firewall_chain *chain, const char *line, struct firewall *out)
{
	const bool input = strstr(line, " hook input ") != NULL, forward = strstr(line, " hook forward ") != NULL;

	if (strncmp(line, "type filter ", 12) != 0 || (!input && !forward) || !strstr(line, "policy drop"))
		return;
	if (out->count == FIREWALL_CHAINS_MAX)
		return;
	out->chains[out->count] = *chain;
	out->chains[out->count++].forward = forward;
}

void firewall_parse(const char *listing, struct firewall *out)
{
	struct firewall_chain chain = {.forward = false};

	*out = (struct firewall){.count = 0};
	for (const char *at = listing; *at != '\0';) {
		char line[256];
		size_t length = strcspn(at, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)length, at + strspn(at, " \t"));
		line[strcspn(line, "\n")] = '\0';
		at += length + (at[length] == '\n');
		if (sscanf(line, "table %63s %63s {", chain.family, chain.table) == 2)
			out->firewalld |= strcmp(chain.table, "firewalld") == 0;
		else if (sscanf(line, "chain %63s {", chain.name) != 1 && strcmp(chain.table, "firewalld") != 0)
			take_base_chain(&chain, line, out);
	}
}

static bool ufw_is_on(void)
{
	FILE *f = fopen(UFW_SETTINGS, "re");
	char line[256];
	bool on = false;

	while (f && fgets(line, sizeof(line), f))
		on |= strncmp(line, "ENABLED=yes", 11) == 0;
	if (f)
		fclose(f);
	return on;
}

void firewall_find(struct firewall *out)
{
	static const char *const words[] = {"nft", "list", "chains", NULL};
	char *listing = calloc(1, LISTING_MAX);

	*out = (struct firewall){.count = 0};
	if (listing && program_run(words, listing, LISTING_MAX) == 0)
		firewall_parse(listing, out);
	free(listing);
	out->ufw = ufw_is_on();
	/* Its chains are written by its own command. */
	if (out->ufw)
		out->count = 0;
}

/* --- printing --- */

static const char *protocol_name(unsigned n)
{
	return n == SERVER_UDP ? "udp" : "tcp";
}

/** Each plain protocol has its encrypted twin on the next port. */
static void print_ports(const struct firewall *firewall, const struct server_interface_config *i, FILE *out)
{
	for (unsigned p = SERVER_UDP; p <= SERVER_TCP; p++) {
		const char *name = protocol_name(p);
		unsigned port = tscf_endpoint_port(&i->listen.at[0]);

		if (!(i->protocols & SERVER_BIT(p)))
			continue;
		if (firewall->firewalld)
			fprintf(out, "    firewall-cmd --permanent --add-port=%u-%u/%s\n", port, port + 1, name);
		if (firewall->ufw)
			fprintf(out, "    ufw allow %u:%u/%s\n", port, port + 1, name);
		for (unsigned n = 0; n < firewall->count; n++) {
			const struct firewall_chain *c = &firewall->chains[n];

			if (!c->forward)
				fprintf(out, "    nft insert rule %s %s %s %s dport %u-%u accept\n", c->family,
					c->table, c->name, name, port, port + 1);
		}
	}
}

static void print_forward(const struct firewall *firewall, const struct server_config *config, FILE *out)
{
	static const char *const directions[] = {"iifname", "oifname"};

	if (firewall->firewalld)
		fprintf(out,
			"    firewall-cmd --permanent --new-zone=tscf\n"
			"    firewall-cmd --permanent --zone=tscf --add-interface=%s --add-interface=%s\n"
			"    firewall-cmd --permanent --new-policy=tscf\n"
			"    firewall-cmd --permanent --policy=tscf --add-ingress-zone=tscf\n"
			"    firewall-cmd --permanent --policy=tscf --add-egress-zone=ANY\n"
			"    firewall-cmd --permanent --policy=tscf --set-target=ACCEPT\n"
			"    firewall-cmd --reload\n",
			config->plain_dev, config->encrypted_dev);
	if (firewall->ufw)
		fprintf(out, "    ufw route allow in on %s\n    ufw route allow in on %s\n", config->plain_dev,
			config->encrypted_dev);
	for (unsigned n = 0; n < firewall->count; n++) {
		const struct firewall_chain *c = &firewall->chains[n];

		for (unsigned d = 0; c->forward && d < 2; d++)
			fprintf(out, "    nft insert rule %s %s %s %s '{ \"%s\", \"%s\" }' accept\n", c->family,
				c->table, c->name, directions[d], config->plain_dev, config->encrypted_dev);
	}
}

bool firewall_print(const struct firewall *firewall, const struct server_config *config, FILE *out)
{
	if (!firewall->firewalld && !firewall->ufw && firewall->count == 0)
		return false;
	print_ports(firewall, config->interfaces, out);
	print_forward(firewall, config, out);
	return true;
}
