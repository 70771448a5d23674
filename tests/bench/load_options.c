/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/load.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: tscf-load --server ADDR[:PORT] --source ADDR [OPTION]...\n"
    "Set up many tunnels to a tscf-server from one process, keep calls going on some of them, and release them.\n"
    "      --server ADDR[:PORT]    plain port of the server, default 2004; the encrypted one is the next\n"
    "      --source ADDR           source address of the first client; each has one, in sequence\n"
    "      --plain N               plain tunnels, default 1000\n"
    "      --encrypted N           encrypted tunnels, on the first of the plain ones; default 0\n"
    "      --resumed N             encrypted tunnels to release and set up once more, resuming; default 0\n"
    "      --bindings N            sockets bound on each encrypted tunnel, default 0\n"
    "      --pin PIN | --ca FILE --server-name NAME   how to know the server, for encrypted tunnels\n"
    "      --echo ADDR:PORT        echo server in the service network, for calls\n"
    "      --active N              calls on plain tunnels, default 0\n"
    "      --active-encrypted N    calls on encrypted tunnels, default 0\n"
    "      --rate R                packets per second of each call, default 50\n"
    "      --seconds S             how long calls go on when all tunnels are there, default 5; 0: no such phase\n"
    "      --window N              plain set-ups under way at a time, default 512\n"
    "      --encrypted-window N    encrypted ones, default 32\n"
    "      --phase-seconds S       give a phase up after that long, default 120\n"
    "      --server-pid PID        process whose CPU time and memory are read\n"
    "      --json FILE             write the results there as well\n"
    "  -h, --help\n";

enum option_id {
	OPT_SERVER = 256,
	OPT_SOURCE,
	OPT_PLAIN,
	OPT_ENCRYPTED,
	OPT_RESUMED,
	OPT_BINDINGS,
	OPT_PIN,
	OPT_CA,
	OPT_SERVER_NAME,
	OPT_ECHO,
	OPT_ACTIVE,
	OPT_ACTIVE_ENCRYPTED,
	OPT_RATE,
	OPT_SECONDS,
	OPT_WINDOW,
	OPT_ENCRYPTED_WINDOW,
	OPT_PHASE_SECONDS,
	OPT_SERVER_PID,
	OPT_JSON,
};

static const struct option options[] = {
    {"server", required_argument, NULL, OPT_SERVER},
    {"source", required_argument, NULL, OPT_SOURCE},
    {"plain", required_argument, NULL, OPT_PLAIN},
    {"encrypted", required_argument, NULL, OPT_ENCRYPTED},
    {"resumed", required_argument, NULL, OPT_RESUMED},
    {"bindings", required_argument, NULL, OPT_BINDINGS},
    {"pin", required_argument, NULL, OPT_PIN},
    {"ca", required_argument, NULL, OPT_CA},
    {"server-name", required_argument, NULL, OPT_SERVER_NAME},
    {"echo", required_argument, NULL, OPT_ECHO},
    {"active", required_argument, NULL, OPT_ACTIVE},
    {"active-encrypted", required_argument, NULL, OPT_ACTIVE_ENCRYPTED},
    {"rate", required_argument, NULL, OPT_RATE},
    {"seconds", required_argument, NULL, OPT_SECONDS},
    {"window", required_argument, NULL, OPT_WINDOW},
    {"encrypted-window", required_argument, NULL, OPT_ENCRYPTED_WINDOW},
    {"phase-seconds", required_argument, NULL, OPT_PHASE_SECONDS},
    {"server-pid", required_argument, NULL, OPT_SERVER_PID},
    {"json", required_argument, NULL, OPT_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static unsigned number(const char *name, unsigned most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(optarg, &end, 10);
	if (errno || end == optarg || *end != '\0' || *optarg == '-' || value > most)
		load_die("--%s %s: expected a number from 0 to %u", name, optarg, most);
	return (unsigned)value;
}

static double rate(void)
{
	char *end;
	double value = strtod(optarg, &end);

	if (end == optarg || *end != '\0' || !(value > 0 && value <= 100000))
		load_die("--rate %s: expected packets per second, more than 0 and up to 100000", optarg);
	return value;
}

static void endpoint(const char *name, union tscf_endpoint *out)
{
	if (tscf_endpoint_parse(optarg, TSCF_PORT, out) < 0 || out->sa.sa_family != AF_INET)
		load_die("--%s %s: expected an IPv4 address, and a port", name, optarg);
}

/** The options that are a number of clients.  @return where it is kept, or NULL. */
static unsigned *count_of(int id, struct load_options *o)
{
	switch (id) {
	case OPT_PLAIN:
		return &o->plain;
	case OPT_ENCRYPTED:
		return &o->encrypted;
	case OPT_RESUMED:
		return &o->resumed;
	case OPT_ACTIVE:
		return &o->active;
	case OPT_ACTIVE_ENCRYPTED:
		return &o->active_encrypted;
	case OPT_WINDOW:
		return &o->plain_window;
	case OPT_ENCRYPTED_WINDOW:
		return &o->encrypted_window;
	default:
		return NULL;
	}
}

static void apply(int id, const char *name, struct load_options *o)
{
	unsigned *count = count_of(id, o);

	if (count) {
		*count = number(name, LOAD_CLIENTS_MAX);
		return;
	}
	switch (id) {
	case OPT_SERVER:
		endpoint(name, &o->server);
		break;
	case OPT_SOURCE:
		if (tscf_addr_parse(optarg, &o->source) < 0 || o->source.family != AF_INET)
			load_die("--source %s: expected an IPv4 address", optarg);
		break;
	case OPT_BINDINGS:
		o->bindings = number(name, LOAD_BINDINGS_MAX);
		break;
	case OPT_PIN:
		o->pin = optarg;
		break;
	case OPT_CA:
		o->ca = optarg;
		break;
	case OPT_SERVER_NAME:
		o->server_name = optarg;
		break;
	case OPT_ECHO:
		endpoint(name, &o->echo);
		break;
	case OPT_RATE:
		o->rate = rate();
		break;
	case OPT_SECONDS:
		o->seconds = number(name, LOAD_SECONDS_MAX);
		break;
	case OPT_PHASE_SECONDS:
		o->phase_seconds = number(name, LOAD_SECONDS_MAX);
		break;
	case OPT_SERVER_PID:
		o->server_pid = (pid_t)number(name, INT32_MAX);
		break;
	case OPT_JSON:
		o->json = optarg;
		break;
	default:
		fputs(help, id == 'h' ? stdout : stderr);
		exit(id == 'h' ? 0 : 2);
	}
}

static void check(struct load_options *o)
{
	if (o->server.sa.sa_family == 0 || o->source.family == 0)
		load_die("--server and --source are needed; see --help");
	if (o->encrypted > o->plain || o->resumed > o->encrypted)
		load_die("expected --plain >= --encrypted >= --resumed");
	if (o->active > o->plain - o->active_encrypted || o->active_encrypted > o->encrypted ||
	    o->active_encrypted > o->plain)
		load_die("more calls than tunnels; a client has one call");
	if ((o->active || o->active_encrypted) && o->echo.sa.sa_family == 0)
		load_die("calls need --echo");
	if (o->encrypted && !o->pin && !o->ca)
		load_die("encrypted tunnels need --pin or --ca");
	if (o->plain_window == 0 || o->encrypted_window == 0)
		load_die("a window must be at least 1");
}

void load_options_parse(int argc, char **argv, struct load_options *out)
{
	int id, index = 0;

	*out = (struct load_options){
	    .plain = 1000,
	    .rate = 50,
	    .seconds = 5,
	    .plain_window = 512,
	    .encrypted_window = 32,
	    .phase_seconds = 120,
	};
	while ((id = getopt_long(argc, argv, "h", options, &index)) != -1)
		apply(id, id >= OPT_SERVER ? options[index].name : "", out);
	if (optind < argc)
		load_die("%s: what is this? see --help", argv[optind]);
	check(out);
}
