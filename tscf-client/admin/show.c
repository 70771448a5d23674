/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/show.h"

#include "common/daemon/show.h"
#include "common/daemon/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/** How long a state has lasted, as "5 min". */
static const char *lasting(const json_t *since, time_t now, char *buf)
{
	if (!json_is_number(since) || json_number_value(since) <= 0)
		return strcpy(buf, "-");
	return tscf_show_duration((json_int_t)now - json_integer_value(since), buf);
}

/** "3 of 12": messages that were sent again. */
static const char *lost(const json_t *messages, char *buf)
{
	json_int_t sent = json_integer_value(json_object_get(messages, "sent"));
	json_int_t repeated = json_integer_value(json_object_get(messages, "repeated"));

	if (sent == 0)
		return strcpy(buf, "-");
	snprintf(buf, TSCF_SHOW_TEXT, "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT, repeated, sent);
	return buf;
}

static void add_tunnel(struct tscf_table *table, const char *name, const json_t *tunnel, time_t now)
{
	const json_t *traffic = json_object_get(tunnel, "traffic");
	json_int_t ms = json_integer_value(json_object_get(tunnel, "round_trip_ms"));
	char text[TSCF_SHOW_TEXT];

	tscf_table_cell(table, name);
	tscf_table_cell(table, tscf_show_value(json_object_get(tunnel, "state"), text));
	tscf_table_cell(table, lasting(json_object_get(tunnel, "since"), now, text));
	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT " ms", ms);
	tscf_table_cell(table, ms > 0 ? text : "-");
	tscf_table_cell(table, tscf_show_bytes(json_integer_value(json_object_get(traffic, "sent_bytes")), text));
	tscf_table_cell(table, tscf_show_bytes(json_integer_value(json_object_get(traffic, "received_bytes")), text));
	tscf_table_cell(table, lost(json_object_get(tunnel, "messages"), text));
}

/** By what some packets of a tunnel on a stream go beside it, if they want to. */
static void print_side_way(const char *name, const char *what, const json_t *way, time_t now, FILE *out)
{
	const json_t *reason = json_object_get(way, "reason");
	char state[TSCF_SHOW_TEXT], transport[TSCF_SHOW_TEXT], since[TSCF_SHOW_TEXT], why[TSCF_SHOW_TEXT];

	if (!json_is_object(way))
		return;
	fprintf(out, "%s %s: %s %s since %s%s%s\n", name, what,
		tscf_show_value(json_object_get(way, "transport"), transport),
		tscf_show_value(json_object_get(way, "state"), state),
		tscf_show_since(json_object_get(way, "since"), now, since), json_is_string(reason) ? ": " : "",
		json_is_string(reason) ? tscf_show_value(reason, why) : "");
}

/** Where a tunnel leads, and from which internal addresses, if it does. */
static void print_way(const char *name, const json_t *tunnel, time_t now, FILE *out)
{
	const json_t *addresses = json_object_get(tunnel, "internal"), *server = json_object_get(tunnel, "server");
	const json_t *copies = json_object_get(tunnel, "copy_ways"), *one;
	size_t i;
	char transport[TSCF_SHOW_TEXT], at[TSCF_SHOW_TEXT], internal[TSCF_SHOW_TEXT];

	if (json_array_size(addresses) == 0)
		return;
	fprintf(out, "%s tunnel: %s%s%s, internal address %s\n", name,
		tscf_show_value(json_object_get(tunnel, "transport"), transport), server ? " to " : "",
		server ? tscf_show_value(server, at) : "", tscf_show_value(addresses, internal));
	print_side_way(name, "media", json_object_get(tunnel, "media"), now, out);
	json_array_foreach(copies, i, one) print_side_way(name, "copies", one, now, out);
}

/** The networks that are reached through the tunnels, and the largest packet. */
static void print_reach(const json_t *plain, FILE *out)
{
	const json_t *routes = json_object_get(plain, "routes"), *one;
	json_int_t mtu = json_integer_value(json_object_get(plain, "mtu"));
	char text[TSCF_SHOW_TEXT];
	size_t i;

	if (json_array_size(routes) > 0) {
		fputs("routes:", out);
		json_array_foreach(routes, i, one) fprintf(out, " %s", tscf_show_value(one, text));
		fputc('\n', out);
	}
	if (mtu > 0)
		fprintf(out, "MTU: %" JSON_INTEGER_FORMAT "%s\n", mtu,
			json_is_true(json_object_get(plain, "mtu_confirmed")) ? ", confirmed" : "");
}

/** What did not arrive of the packets that the server has sent in a tunnel, and what this host has lost. */
static void print_losses(const char *name, const json_t *tunnel, FILE *out)
{
	static const char *const kinds[] = {"send_drops", "receive_drops", "queue_drops", "invalid"};
	const json_t *traffic = json_object_get(tunnel, "traffic");
	json_int_t lost = json_integer_value(json_object_get(traffic, "lost"));
	bool any = false;

	if (lost > 0)
		fprintf(out, "%s tunnel, lost on the way from the server: %" JSON_INTEGER_FORMAT "\n", name, lost);
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		json_int_t count = json_integer_value(json_object_get(traffic, kinds[i]));

		if (count == 0)
			continue;
		fprintf(out, "%s%s %s %" JSON_INTEGER_FORMAT, any ? "" : name,
			any ? "," : " tunnel, lost here:", kinds[i], count);
		any = true;
	}
	if (any)
		fputc('\n', out);
}

/** Warnings and errors of the daemon, with their times. */
static void print_errors(const json_t *errors, time_t now, FILE *out)
{
	const json_t *one;
	size_t i;

	json_array_foreach(errors, i, one)
	{
		json_int_t count = json_integer_value(json_object_get(one, "count"));
		char when[TSCF_SHOW_TEXT], text[TSCF_SHOW_TEXT];

		fprintf(out, "error at %s: %s", tscf_show_since(json_object_get(one, "last"), now, when),
			tscf_show_value(json_object_get(one, "text"), text));
		if (count > 1)
			fprintf(out, " (%" JSON_INTEGER_FORMAT " times)", count);
		fputc('\n', out);
	}
}

/** What the server has reported about itself and this client, if anything. */
static void print_told(const char *name, const json_t *value, FILE *out)
{
	char text[TSCF_SHOW_TEXT];

	if (json_is_string(value) || json_array_size(value) > 0)
		fprintf(out, "%s: %s\n", name, tscf_show_value(value, text));
}

/** Each thing that the client has not taken from the server, and why. */
static void print_not_taken(const json_t *list, FILE *out)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) print_told("not taken from the server", one, out);
}

static void print_reason(const char *name, const json_t *tunnel, FILE *out)
{
	const char *text = json_string_value(json_object_get(tunnel, "reason"));
	json_int_t failures = json_integer_value(json_object_get(tunnel, "failures"));
	char reason[TSCF_SHOW_TEXT];

	if (!text || text[0] == '\0')
		return;
	fprintf(out, "%s: %s", name, tscf_show_value(json_object_get(tunnel, "reason"), reason));
	if (failures > 1)
		fprintf(out, " (%" JSON_INTEGER_FORMAT " attempts in vain)", failures);
	fputc('\n', out);
}

/** Ways to the servers that failed when they were last tried. */
static void print_candidates(const json_t *candidates, FILE *out)
{
	char way[TSCF_SHOW_TEXT];
	const json_t *one;
	size_t i;

	json_array_foreach(candidates, i, one)
	    print_reason(tscf_show_value(json_object_get(one, "way"), way), one, out);
}

/** What the guard has dropped, by reason. */
static void print_drops(json_t *counters, FILE *out)
{
	static const char prefix[] = "guard_";
	json_t *one;
	char text[TSCF_SHOW_TEXT];
	const char *name;

	json_object_foreach(counters, name, one)
	{
		if (strncmp(name, prefix, sizeof(prefix) - 1) == 0 && json_integer_value(one) > 0)
			fprintf(out, "  %s: %s\n", name, tscf_show_value(one, text));
	}
}

/** Whether programs in the kernel keep packets in their tunnels, or only rules. */
static void print_guard(const json_t *guard, json_t *counters, time_t now, FILE *out)
{
	const json_t *reason = json_object_get(guard, "reason"), *since = json_object_get(guard, "since");
	char state[TSCF_SHOW_TEXT], rest[TSCF_SHOW_TEXT];

	fprintf(out, "guard: %s", tscf_show_value(json_object_get(guard, "state"), state));
	if (json_is_string(reason))
		fprintf(out, " (%s)", tscf_show_value(reason, rest));
	else if (json_is_integer(since))
		fprintf(out, ", since %s", tscf_show_since(since, now, rest));
	if (json_integer_value(json_object_get(guard, "older")) > 0)
		fprintf(out, ", %s sockets are older", tscf_show_value(json_object_get(guard, "older"), rest));
	fputc('\n', out);
	print_drops(counters, out);
}

/** Only problems: this host changes or drops packets on their way to a device. */
static void print_packets(const json_t *packets, FILE *out)
{
	static const char *const tunnels[] = {"plain", "encrypted"};

	for (unsigned i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		const char *finding = json_string_value(json_object_get(packets, tunnels[i]));

		if (finding && strcmp(finding, "unchanged") != 0)
			fprintf(out, "firewall: packets to the %s device: %s; see MASQUERADING in tscf-client(8)\n",
				tunnels[i], finding);
	}
}

static void print_sockets(const json_t *sockets, FILE *out)
{
	static const char *const levels[] = {"encrypted-only", "encrypted-preferred", "unencrypted"};
	char count[TSCF_SHOW_TEXT];

	fputs("sockets:", out);
	for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		fprintf(out, "%s %s %s", i > 0 ? "," : "", tscf_show_value(json_object_get(sockets, levels[i]), count),
			levels[i]);
	fputc('\n', out);
}

/** How much redundancy did in a tunnel; nothing if it did nothing. */
static void print_repairs(const char *tunnel, const json_t *repairs, FILE *out)
{
	json_int_t repaired = json_integer_value(json_object_get(repairs, "repaired"));
	json_int_t sent = json_integer_value(json_object_get(repairs, "repairs_sent"));

	if (repaired > 0 || sent > 0)
		fprintf(out,
			"; %s: %" JSON_INTEGER_FORMAT " packets repaired, %" JSON_INTEGER_FORMAT " repair packets sent",
			tunnel, repaired, sent);
}

/** Nothing if no socket asks. */
static void print_redundancy(const json_t *redundancy, FILE *out)
{
	json_int_t count = json_integer_value(json_object_get(redundancy, "sockets"));
	json_int_t granted = json_integer_value(json_object_get(redundancy, "granted"));
	char reason[TSCF_SHOW_TEXT];

	if (count == 0) {
		print_told("datagrams of sockets, refused by the server", json_object_get(redundancy, "reason"), out);
		return;
	}
	fprintf(out, "redundancy: %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " sockets have it", granted,
		count);
	if (json_is_string(json_object_get(redundancy, "reason")))
		fprintf(out, ": %s", tscf_show_value(json_object_get(redundancy, "reason"), reason));
	print_repairs("plain", json_object_get(redundancy, "plain"), out);
	print_repairs("encrypted", json_object_get(redundancy, "encrypted"), out);
	fputc('\n', out);
}

/** The conditions that policies name. */
static void print_conditions(const json_t *conditions, time_t now, FILE *out)
{
	char text[TSCF_SHOW_TEXT], state[TSCF_SHOW_TEXT], since[TSCF_SHOW_TEXT];
	const json_t *one;
	size_t i;

	json_array_foreach(conditions, i, one)
	{
		const json_t *measured = json_object_get(one, "measured");

		fprintf(out, "condition %s: %s since %s", tscf_show_value(json_object_get(one, "condition"), text),
			tscf_show_value(json_object_get(one, "state"), state),
			tscf_show_since(json_object_get(one, "since"), now, since));
		if (json_is_number(measured))
			fprintf(out, ", measured: %.1f", json_number_value(measured));
		fputc('\n', out);
	}
}

static void print_verified(const json_t *plain, time_t now, FILE *out)
{
	const json_t *verified = json_object_get(plain, "verified");
	char name[TSCF_SHOW_TEXT], by[TSCF_SHOW_TEXT], since[TSCF_SHOW_TEXT];

	if (json_is_object(verified)) {
		fprintf(out, "server: %s, verified by %s, since %s\n",
			tscf_show_value(json_object_get(verified, "name"), name),
			tscf_show_value(json_object_get(verified, "by"), by),
			tscf_show_since(json_object_get(verified, "since"), now, since));
		print_told("its key", json_object_get(verified, "pin"), out);
	}
	print_told("unverified", json_object_get(plain, "unverified"), out);
	print_told("refused", json_object_get(plain, "refused"), out);
}

static void print_tunnels(json_t *status, time_t now, FILE *out)
{
	static const char *const heads[] = {"TUNNEL", "STATE", "FOR", "ROUND TRIP", "SENT", "RECEIVED", "LOST"};
	const json_t *plain = json_object_get(status, "plain"), *encrypted = json_object_get(status, "encrypted");
	struct tscf_table *table = tscf_table_new(7, heads);

	if (!table)
		return;
	add_tunnel(table, "plain", plain, now);
	add_tunnel(table, "encrypted", encrypted, now);
	tscf_table_print(table, out);
	print_way("plain", plain, now, out);
	print_way("encrypted", encrypted, now, out);
	print_losses("plain", plain, out);
	print_losses("encrypted", encrypted, out);
	print_reach(plain, out);
}

static void print_all(json_t *status, time_t now, FILE *out)
{
	const json_t *plain = json_object_get(status, "plain"), *encrypted = json_object_get(status, "encrypted");

	print_tunnels(status, now, out);
	tscf_show_key_log(status, out);
	print_verified(plain, now, out);
	print_told("NAT address", json_object_get(plain, "nat"), out);
	print_told("DNS", json_object_get(plain, "dns"), out);
	print_told("SIP", json_object_get(plain, "sip"), out);
	print_told("plain tunnel, limit of the server", json_object_get(plain, "limit"), out);
	print_told("encrypted tunnel, limit of the server", json_object_get(encrypted, "limit"), out);
	print_not_taken(json_object_get(plain, "not_taken"), out);
	print_told("trusted network", json_object_get(status, "trusted_by"), out);
	print_conditions(json_object_get(status, "conditions"), now, out);
	print_told("policies not in force", json_object_get(status, "policies_not_in_force"), out);
	if (json_is_true(json_object_get(status, "yields")))
		fputs("encrypted-preferred sockets: plain, since the server needs the encrypted tunnel for others\n",
		      out);
	print_reason("plain", plain, out);
	print_reason("encrypted", encrypted, out);
	print_reason("kernel", json_object_get(status, "kernel"), out);
	print_candidates(json_object_get(status, "candidates"), out);
	print_guard(json_object_get(status, "guard"), json_object_get(status, "counters"), now, out);
	print_packets(json_object_get(status, "packets"), out);
	print_sockets(json_object_get(status, "sockets"), out);
	print_told("sockets, refused by the server", json_object_get(status, "bindings_refused"), out);
	print_redundancy(json_object_get(status, "redundancy"), out);
	tscf_show_counters(json_object_get(status, "counters"), "counters: ", out);
	print_errors(json_object_get(status, "errors"), now, out);
}

void show_status(json_t *status, time_t now, FILE *out)
{
	struct winsize size = {0};
	char *text = NULL;
	size_t length;
	FILE *all;

	/* Lines are broken for eyes only: programs that read them want them whole. */
	if (!isatty(fileno(out))) {
		print_all(status, now, out);
		return;
	}
	(void)ioctl(fileno(out), TIOCGWINSZ, &size);
	all = open_memstream(&text, &length);
	if (all) {
		print_all(status, now, all);
		if (fclose(all) == 0)
			tscf_show_wrapped(text, size.ws_col >= 40 ? size.ws_col : 80, out);
	}
	free(text);
}

/** Sockets whose packets are dropped for their source. */
static void show_wrong_sources(const json_t *sockets, FILE *out)
{
	char program[TSCF_SHOW_TEXT], local[TSCF_SHOW_TEXT];
	const json_t *one;
	size_t i;

	json_array_foreach(sockets, i, one)
	{
		if (json_is_true(json_object_get(one, "wrong_source")))
			fprintf(out, "wrong source address: %s at %s; see up_spoofed in tscf-client(8)\n",
				tscf_show_value(json_object_get(one, "program"), program),
				tscf_show_value(json_object_get(one, "local"), local));
	}
}

/** Sockets that do not have the @p service that they ask for. */
static void show_without(const json_t *sockets, const char *service, FILE *out)
{
	char local[TSCF_SHOW_TEXT], asked[TSCF_SHOW_TEXT], in_force[TSCF_SHOW_TEXT];
	const json_t *one;
	size_t i;

	snprintf(in_force, sizeof(in_force), "%s_in_force", service);
	json_array_foreach(sockets, i, one)
	{
		const json_t *wanted = json_object_get(one, service);
		const json_t *has = json_object_get(one, in_force);

		if (has && !json_equal(wanted, has))
			fprintf(out, "%s %s is not in force for the socket at %s; see status\n", service,
				tscf_show_value(wanted, asked), tscf_show_value(json_object_get(one, "local"), local));
	}
}

void show_sockets(const json_t *sockets, FILE *out)
{
	static const char *const keys[] = {"pid",   "program", "protocol", "local",      "remote",
					   "level", "policy",  "tunnel",   "redundancy", "datagram"};
	static const char *const heads[] = {"PID",   "PROGRAM", "PROTOCOL", "LOCAL",      "REMOTE",
					    "LEVEL", "POLICY",  "TUNNEL",   "REDUNDANCY", "DATAGRAM"};

	if (json_array_size(sockets) == 0)
		fputs("No socket has a level or asks for a service.\n", out);
	else
		tscf_show_table(sockets, 10, keys, heads, out);
	show_wrong_sources(sockets, out);
	show_without(sockets, "redundancy", out);
	show_without(sockets, "datagram", out);
}

/** Sockets that have their level, but no tunnel for it yet. */
static void show_pending(const json_t *moved, FILE *out)
{
	json_int_t pending = json_integer_value(json_object_get(moved, "pending"));
	char state[TSCF_SHOW_TEXT], reason[TSCF_SHOW_TEXT];

	if (pending > 0)
		fprintf(out, "%" JSON_INTEGER_FORMAT " still to be moved; the encrypted tunnel is %s: %s\n", pending,
			tscf_show_value(json_object_get(moved, "encrypted"), state),
			tscf_show_value(json_object_get(moved, "reason"), reason));
}

void show_moved(const json_t *moved, const char *level, FILE *out)
{
	json_int_t count = json_integer_value(json_object_get(moved, "moved"));
	const json_t *sockets = json_object_get(moved, "sockets");

	fprintf(out, "%" JSON_INTEGER_FORMAT " %s moved to %s in %.1f ms\n", count, count == 1 ? "socket" : "sockets",
		level, json_number_value(json_object_get(moved, "milliseconds")));
	show_pending(moved, out);
	if (json_array_size(sockets) > 0)
		show_sockets(sockets, out);
	count += json_integer_value(json_object_get(moved, "pending")) - (json_int_t)json_array_size(sockets);
	if (count > 0)
		fprintf(out, "%" JSON_INTEGER_FORMAT " more sockets\n", count);
}

void show_missed(const json_t *moved, FILE *out)
{
	char protocol[TSCF_SHOW_TEXT], local[TSCF_SHOW_TEXT], program[TSCF_SHOW_TEXT], pid[TSCF_SHOW_TEXT];
	const json_t *sockets = json_object_get(moved, "missed_sockets"), *one;
	json_int_t more = json_integer_value(json_object_get(moved, "missed")) - (json_int_t)json_array_size(sockets);
	size_t i;

	json_array_foreach(sockets, i, one)
	{
		fprintf(out, "  %s %s, process %s, %s: %s\n",
			tscf_show_value(json_object_get(one, "protocol"), protocol),
			tscf_show_value(json_object_get(one, "local"), local),
			tscf_show_value(json_object_get(one, "pid"), pid),
			tscf_show_value(json_object_get(one, "program"), program),
			json_string_value(json_object_get(one, "error")));
	}
	if (more > 0)
		fprintf(out, "  %" JSON_INTEGER_FORMAT " more sockets\n", more);
}
