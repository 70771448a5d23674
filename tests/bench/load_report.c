/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load_report.c - what a phase has cost, as a table and as JSON. */
#include "tests/bench/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Read a small file of /proc.  @return whether it was there. */
static bool slurp(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	length = fread(text, 1, size - 1, file);
	text[length] = '\0';
	fclose(file);
	return length > 0;
}

struct load_meter load_meter_read(pid_t pid)
{
	struct load_meter meter = {0};
	unsigned long user = 0, system = 0, kilobytes = 0;
	char text[8192];
	const char *at;

	if (pid == 0)
		return meter;
	/* The name in parentheses may hold anything. */
	if (slurp(pid, "stat", text, sizeof(text)) && (at = strrchr(text, ')')) &&
	    sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2)
		meter.cpu = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
	if (slurp(pid, "status", text, sizeof(text)) && (at = strstr(text, "VmRSS:")) &&
	    sscanf(at, "VmRSS: %lu", &kilobytes) == 1)
		meter.rss = (uint64_t)kilobytes * 1024;
	return meter;
}

struct figures {
	double seconds, per_second, cpu, cpu_us, bytes, cpu_us_packet;
	uint64_t lost;
};

static struct figures figures_of(const struct load_phase *p)
{
	struct figures f = {.seconds = (double)(p->end - p->start) / 1e9, .cpu = p->after.cpu - p->before.cpu};

	f.lost = p->calls_sent > p->calls_back ? p->calls_sent - p->calls_back : 0;
	if (p->done > 0) {
		f.per_second = p->done / f.seconds;
		f.cpu_us = f.cpu * 1e6 / p->done;
		f.bytes = ((double)p->after.rss - (double)p->before.rss) / p->done;
	}
	/* Each packet passes the server twice. */
	if (p->calls_sent > 0)
		f.cpu_us_packet = f.cpu * 1e6 / (double)(p->calls_sent + p->calls_back);
	return f;
}

static void print_setups(const struct load_phase *p, const struct figures *f)
{
	if (p->wanted == 0) {
		printf("%-22s %49.1f s %35.0f %% CPU\n", p->name, f->seconds, 100 * f->cpu / f->seconds);
		return;
	}
	printf("%-22s %7u %6u %8u %7u %8.2f %9.0f %8.2f %8.2f %9.1f %9.0f\n", p->name, p->done, p->failed, p->repeated,
	       p->resumed, f->seconds, f->per_second, histogram_ms(&p->setup, 0.5), histogram_ms(&p->setup, 0.99),
	       f->cpu_us, f->bytes);
}

static void print_calls(const struct load_phase *p, const struct figures *f)
{
	if (p->calls_sent == 0)
		return;
	printf("%-22s %9llu %7llu %7llu %8llu %8.3f %8.3f %8.3f %9.2f\n", p->name, (unsigned long long)p->calls_sent,
	       (unsigned long long)f->lost, (unsigned long long)p->calls_late, (unsigned long long)p->calls_skipped,
	       histogram_ms(&p->round_trip, 0.5), histogram_ms(&p->round_trip, 0.99), histogram_ms(&p->round_trip, 1),
	       p->wanted == 0 ? f->cpu_us_packet : 0);
}

static void print_tables(const struct load *load)
{
	struct figures f;

	printf("%-22s %7s %6s %8s %7s %8s %9s %8s %8s %9s %9s\n", "phase", "done", "failed", "repeated", "resumed",
	       "seconds", "per s", "p50 ms", "p99 ms", "CPU us", "RSS bytes");
	for (unsigned i = 0; i < load->phase_count; i++) {
		f = figures_of(&load->phases[i]);
		print_setups(&load->phases[i], &f);
	}
	if (!load_calls_any(load))
		return;
	printf("\n%-22s %9s %7s %7s %8s %8s %8s %8s %9s\n", "calls in phase", "sent", "lost", "late", "skipped",
	       "p50 ms", "p99 ms", "max ms", "CPU us");
	for (unsigned i = 0; i < load->phase_count; i++) {
		f = figures_of(&load->phases[i]);
		print_calls(&load->phases[i], &f);
	}
}

static json_t *phase_object(const struct load_phase *p)
{
	struct figures f = figures_of(p);

	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:{s:I, s:I, s:I, "
			 "s:I, s:f, s:f, s:f, s:f}}",
			 "phase", p->name, "wanted", (int)p->wanted, "done", (int)p->done, "failed", (int)p->failed,
			 "repeated", (int)p->repeated, "resumed", (int)p->resumed, "seconds", f.seconds, "per_second",
			 f.per_second, "p50_ms", histogram_ms(&p->setup, 0.5), "p99_ms", histogram_ms(&p->setup, 0.99),
			 "server_cpu_seconds", f.cpu, "server_cpu_us_each", f.cpu_us, "server_rss_bytes_each", f.bytes,
			 "server_rss_bytes", (json_int_t)p->after.rss, "calls", "sent", (json_int_t)p->calls_sent,
			 "lost", (json_int_t)f.lost, "late", (json_int_t)p->calls_late, "skipped",
			 (json_int_t)p->calls_skipped, "p50_ms", histogram_ms(&p->round_trip, 0.5), "p99_ms",
			 histogram_ms(&p->round_trip, 0.99), "max_ms", histogram_ms(&p->round_trip, 1),
			 "server_cpu_us_per_packet", f.cpu_us_packet);
}

static void write_json(const struct load *load)
{
	const struct load_options *o = &load->options;
	json_t *phases = json_array(), *root;

	for (unsigned i = 0; i < load->phase_count; i++)
		json_array_append_new(phases, phase_object(&load->phases[i]));
	root =
	    json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:o}", "plain", (int)o->plain, "encrypted",
		      (int)o->encrypted, "resumed", (int)o->resumed, "bindings", (int)o->bindings, "active",
		      (int)o->active, "active_encrypted", (int)o->active_encrypted, "rate", o->rate, "phases", phases);
	if (!root || json_dump_file(root, o->json, JSON_INDENT(1)) < 0)
		load_die("%s: %s", o->json, strerror(errno));
	json_decref(root);
}

void load_report(const struct load *load)
{
	print_tables(load);
	if (load->options.json)
		write_json(load);
}
