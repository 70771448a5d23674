/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/init_text.h"

#include "common/daemon/settings.h"

#include <string.h>

static void print_prefixes(const struct server_prefixes *list, FILE *out)
{
	char text[TSCF_ADDR_TEXT];

	for (unsigned i = 0; i < list->count; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? ", " : "", tscf_prefix_format(&list->list[i], text));
}

static void print_path(const char *name, const char *value, FILE *out)
{
	if (!value)
		return;
	fprintf(out, "%s = ", name);
	tscf_settings_quote(out, value);
	fputc('\n', out);
}

static void print_ports(const struct server_interface_config *i, FILE *out)
{
	static const char *const names[] = {[SERVER_UDP] = "udp", [SERVER_TCP] = "tcp"};
	char text[TSCF_ADDR_TEXT];

	for (unsigned n = 0; n < i->listen.count; n++) {
		struct tscf_addr a = tscf_endpoint_addr(&i->listen.at[n]);

		for (unsigned p = SERVER_UDP; p <= SERVER_TCP; p++) {
			if (!(i->protocols & SERVER_BIT(p)))
				continue;
			fprintf(
			    out,
			    "\ttscf-port {\n\t\taddress = \"%s\"\n\t\tport = %u\n\t\ttransport-protocol = %s\n\t}\n",
			    tscf_addr_format(&a, text), tscf_endpoint_port(&i->listen.at[n]), names[p]);
		}
	}
}

/** A port that equals the interface's is left out. */
static void print_names(const struct server_public_names *names, FILE *out)
{
	char text[TSCF_INVITATION_HOST_MAX + 9];

	for (unsigned n = 0; n < names->count; n++) {
		const struct tscf_invitation_server *one = &names->at[n];

		fputs(n > 0 ? ", " : "", out);
		if (one->port != 0)
			fprintf(out, "\"%s\"", tscf_invitation_server_format(one, text));
		else
			fprintf(out, strchr(one->host, ':') ? "\"[%s]\"" : "\"%s\"", one->host);
	}
}

static void print_interface(const struct server_interface_config *i, FILE *out)
{
	fputs("\ntscf-interface \"default\" {\n"
	      "\t# Sockets may ask for encrypted tunnels.\n"
	      "\tassigned-services = \"DTTE\"\n\n"
	      "\t# Name or address by which clients reach this server, for the invitations of add-client.\n"
	      "\tpublic-name = { ",
	      out);
	print_names(&i->public_names, out);
	fputs(" }\n\n\t# Only clients with a key in this file are let in: tscf-server add-client NAME.\n\t", out);
	print_path("psk-file", i->psk_file, out);
	fputs("\n\t# Except those in this one: tscf-server deny NAME, and allow NAME.\n\t", out);
	print_path("denied-clients", i->denied_clients, out);
	fputs("\n\t# Phones that send their media to each other need these two (the second is a global setting):\n"
	      "\t#     inter-client-block = false\n"
	      "\t#     route = { the networks above, and the ranges below }\n\n"
	      "\t# Plain tunnels; encrypted ones are on the next port.\n",
	      out);
	print_ports(i, out);
	fputs("\n\t# Internal addresses of clients, in their plain and in their encrypted tunnels.\n"
	      "\ttscf-address-pool {\n\t\trange = { ",
	      out);
	print_prefixes(&i->pool, out);
	fputs(" }\n\t\tencrypted-range = { ", out);
	print_prefixes(&i->encrypted_pool, out);
	fputs(" }\n\t}\n}\n", out);
}

void init_text_config(const struct init_plan *plan, FILE *out)
{
	const struct server_config *c = plan->config;

	fputs("# Settings of tscf-server; tscf-server.conf(5).  Written by tscf-server init.\n"
	      "# After a change: tscf-server --check-config, and tscf-server reload.\n\n"
	      "# Networks that clients reach through the server.\n"
	      "route = { ",
	      out);
	print_prefixes(&c->routes, out);
	fputs(" }\n\n# The certificate and its key, unless cert and key are set, and what must survive a restart.\n",
	      out);
	print_path("state-dir", c->state_dir, out);
	print_path("cert", c->cert, out);
	print_path("key", c->key, out);
	print_interface(c->interfaces, out);
}

/** IPv4 only: in IPv6, clients have addresses that the service network can route to. */
static void print_set(const struct server_interface_config *i, FILE *out)
{
	const struct server_prefixes *pools[] = {&i->pool, &i->encrypted_pool};
	const char *comma = "";
	char text[TSCF_ADDR_TEXT];

	fputs("{ ", out);
	for (unsigned p = 0; p < 2; p++) {
		for (unsigned n = 0; n < pools[p]->count; n++) {
			if (pools[p]->list[n].addr.family != AF_INET)
				continue;
			fprintf(out, "%s%s", comma, tscf_prefix_format(&pools[p]->list[n], text));
			comma = ", ";
		}
	}
	fputs(" }", out);
}

static void print_devices(const struct init_plan *plan, FILE *out)
{
	fprintf(out, "{ \"%s\", \"%s\" }", plan->config->plain_dev, plan->config->encrypted_dev);
}

static void print_masquerade(const struct init_plan *plan, FILE *out)
{
	fputs("ip saddr ", out);
	print_set(plan->config->interfaces, out);
	fputs(" oifname != ", out);
	print_devices(plan, out);
	fputs(" masquerade", out);
}

void init_text_nft(const struct init_plan *plan, FILE *out)
{
	fputs(
	    "#!/usr/sbin/nft -f\n"
	    "# Rules for tscf-server, written by tscf-server init; they can be loaded again.\n"
	    "table ip " INIT_TABLE "\n"
	    "delete table ip " INIT_TABLE "\n"
	    "table ip " INIT_TABLE " {\n"
	    "\t# The service network sees clients by the address of this host.  Without this chain its routers need a\n"
	    "\t# route to the clients' addresses.\n"
	    "\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat;\n\t\t",
	    out);
	print_masquerade(plan, out);
	fputs("\n\t}\n", out);
	if (!plan->forwards) {
		fputs("\t# This host did not forward packets before: it does so for the tunnels only.\n"
		      "\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n\t\tiifname ",
		      out);
		print_devices(plan, out);
		fputs(" accept\n\t\toifname ", out);
		print_devices(plan, out);
		fputs(" accept\n\t\tdrop\n\t}\n", out);
	}
	fputs("}\n", out);
}

void init_text_commands(const struct init_plan *plan, FILE *out)
{
	if (!plan->forwards) {
		fputs("    nft add table ip " INIT_TABLE "\n"
		      "    nft 'add chain ip " INIT_TABLE
		      " forward { type filter hook forward priority filter; policy accept; }'\n"
		      "    nft 'add rule ip " INIT_TABLE " forward iifname != ",
		      out);
		print_devices(plan, out);
		fputs(" oifname != ", out);
		print_devices(plan, out);
		fputs(" drop'\n    sysctl -w net.ipv4.ip_forward=1\n", out);
	} else {
		fputs("    nft add table ip " INIT_TABLE "\n", out);
	}
	fputs("    nft 'add chain ip " INIT_TABLE " postrouting { type nat hook postrouting priority srcnat; }'\n"
	      "    nft 'add rule ip " INIT_TABLE " postrouting ",
	      out);
	print_masquerade(plan, out);
	fputs("'\n", out);
}
