/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/firewall.h"

#include "tscf-server/setup/init_text.h"
#include "tscf-server/setup/program.h"

#include <stdlib.h>
#include <string.h>

#define UFW_SETTINGS "/etc/ufw/ufw.conf"
#define LISTING_MAX  (1U << 20)

/* --- finding --- */

/** @return whether the line begins with this word. */
static bool begins_with(const char *line, const char *word)
{
	const size_t length = strlen(word);

	return strncmp(line, word, length) == 0 && (line[length] == ' ' || line[length] == '\0');
}

/** @return the verdict after a log statement, whose prefix is any text. */
static const char *skip_log(const char *rule)
{
	const char *prefix = strchr(rule, '"'), *end = prefix ? strchr(prefix + 1, '"') : NULL, *verdict;

	if (end)
		rule = end + 1;
	verdict = strstr(rule, " drop");
	if (!verdict)
		verdict = strstr(rule, " reject");
	return verdict ? verdict + 1 : rule;
}

/** @return what comes after statements that count or log each packet. */
static const char *skip_notes(const char *rule)
{
	int length = 0;

	if (begins_with(rule, "counter")) {
		rule += strlen("counter");
		sscanf(rule, " packets %*u bytes %*u%n", &length);
		rule += length;
		rule += strspn(rule, " ");
	}
	return begins_with(rule, "log") ? skip_log(rule) : rule;
}

/** @return whether the rule drops or rejects every packet that comes to it. */
static bool drops_all(const char *rule)
{
	const char *verdict = skip_notes(rule);

	return begins_with(verdict, "drop") || begins_with(verdict, "reject");
}

/** The chain that is being read. */
struct reading {
	struct firewall_chain chain;
	bool based; /**< it gets packets from the kernel, and is not known to drop them */
};

static void take_line(struct reading *r, const char *line, struct firewall *out)
{
	const bool input = strstr(line, " hook input ") != NULL, forward = strstr(line, " hook forward ") != NULL;

	if (strncmp(line, "type filter ", 12) == 0 && (input || forward)) {
		r->based = true;
		r->chain.forward = forward;
	}
	if (strcmp(line, "}") == 0)
		r->based = false;
	if (!r->based || !(strstr(line, "; policy drop;") || drops_all(line)))
		return;
	r->based = false;
	if (out->count < FIREWALL_CHAINS_MAX)
		out->chains[out->count++] = r->chain;
}

/** firewalld has commands of its own, and what init has written lets the tunnels' packets pass. */
static bool is_passed_over(const struct firewall_chain *chain)
{
	return strcmp(chain->table, "firewalld") == 0 || strcmp(chain->table, INIT_TABLE) == 0;
}

void firewall_parse(const char *listing, struct firewall *out)
{
	struct reading r = {.based = false};
	struct firewall_chain *chain = &r.chain;

	*out = (struct firewall){.count = 0};
	for (const char *at = listing; *at != '\0';) {
		char line[256];
		size_t length = strcspn(at, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)length, at + strspn(at, " \t"));
		line[strcspn(line, "\n")] = '\0';
		at += length + (at[length] == '\n');
		if (sscanf(line, "table %63s %63s {", chain->family, chain->table) == 2)
			out->firewalld |= strcmp(chain->table, "firewalld") == 0;
		else if (sscanf(line, "chain %63s {", chain->name) == 1)
			r.based = false;
		else if (!is_passed_over(chain))
			take_line(&r, line, out);
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
	static const char *const words[] = {"nft", "--stateless", "--terse", "list", "ruleset", NULL};
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
