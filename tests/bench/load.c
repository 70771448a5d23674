/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tscf-load - load for a tscf-server: many tunnels and calls from one process that speaks the protocol itself, without
 * devices.
 *
 * Run it on the access side of a server under test; see README.  All source addresses must be local there
 * (ip route add local PREFIX dev lo), and the server needs a route back.
 */
#include "tests/bench/load.h"

#include "common/base/log.h"
#include "common/crypto/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void load_die(const char *format, ...)
{
	va_list arguments;

	fputs("tscf-load: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

uint64_t load_clock(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t load_wall_clock(void)
{
	return read_clock(CLOCK_REALTIME);
}

static void open_clients(struct load *load)
{
	load->clients = calloc(load->options.plain, sizeof(*load->clients));
	load->phases = calloc(LOAD_PHASES, sizeof(*load->phases));
	if (!load->clients || !load->phases)
		load_die("out of memory");
	for (unsigned i = 0; i < load->options.plain; i++)
		tscf_random(load->clients[i].id, sizeof(load->clients[i].id));
	tscf_share_make(&load->share);
	load->plain_wire = load_wire_open(&load->options, false);
}

static void open_tls(struct load *load)
{
	const struct load_options *o = &load->options;
	char error[TSCF_TLS_ERROR];

	if (o->encrypted == 0)
		return;
	load->tls = tscf_tls_client(o->ca, o->server_name, o->pin, error);
	if (!load->tls)
		load_die("%s", error);
	load->encrypted_wire = load_wire_open(o, true);
}

static void close_all(struct load *load)
{
	for (unsigned i = 0; i < load->options.plain; i++)
		load_tunnel_close(&load->clients[i]);
	load_calls_free(load);
	tscf_tls_free(load->tls);
	load_wire_close(load->plain_wire);
	load_wire_close(load->encrypted_wire);
	free(load->clients);
	free(load->phases);
}

/* Calls come first, so that they are there while all the rest is set up. */
static void set_up(struct load *load)
{
	const struct load_options *o = &load->options;
	unsigned calls_from = o->plain - o->active;

	load_phase_run(load, "plain (for calls)", calls_from, o->active, LOAD_CONFIGURE, LOAD_PLAIN_UP);
	load_calls_add(load, calls_from, o->active, false);
	load_phase_run(load, "plain", 0, calls_from, LOAD_CONFIGURE, LOAD_PLAIN_UP);
	load_phase_run(load, "encrypted (for calls)", 0, o->active_encrypted, LOAD_RESERVE, LOAD_ENCRYPTED_UP);
	load_calls_add(load, 0, o->active_encrypted, true);
	load_phase_run(load, "encrypted", o->active_encrypted, o->encrypted - o->active_encrypted, LOAD_RESERVE,
		       LOAD_ENCRYPTED_UP);
}

static void set_up_again(struct load *load)
{
	unsigned count = load->options.resumed, first = load->options.encrypted - count;

	load_phase_run(load, "release (to resume)", first, count, LOAD_RELEASE_ENCRYPTED, LOAD_PLAIN_UP);
	load->resume = true;
	load_phase_run(load, "handshakes, resumed", first, count, LOAD_HANDSHAKE, LOAD_PLAIN_UP);
	load_phase_run(load, "encrypted, resumed", first, count, LOAD_RESERVE, LOAD_ENCRYPTED_UP);
}

static void release(struct load *load)
{
	load_phase_run(load, "release encrypted", 0, load->options.encrypted, LOAD_RELEASE_ENCRYPTED, LOAD_PLAIN_UP);
	load_phase_run(load, "release plain", 0, load->options.plain - load->options.active, LOAD_RELEASE_PLAIN,
		       LOAD_DOWN);
}

int main(int argc, char **argv)
{
	struct load load = {.phase_count = 0};

	setvbuf(stdout, NULL, _IOLBF, 0);
	tscf_log_set_level(TSCF_LOG_WARNING);
	load_options_parse(argc, argv, &load.options);
	open_clients(&load);
	open_tls(&load);
	set_up(&load);
	if (load.options.seconds > 0)
		load_phase_idle(&load, load_calls_any(&load) ? "calls" : "idle", load.options.seconds);
	set_up_again(&load);
	release(&load);
	load_phase_end(&load);
	load_report(&load);
	close_all(&load);
	return 0;
}
