/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network-manager.c - NetworkManager on a bus, as far as it says whether the connection is metered.
 *
 *     network-manager BUS METERED
 *
 * BUS is the address of the bus, METERED the number of its property Metered at first.  Each line of standard input is
 * another one.  Ends at the end of input, or with the bus.
 */
#include "tests/net/tool.h"

#include <err.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define NAME "org.freedesktop.NetworkManager"
#define PATH "/org/freedesktop/NetworkManager"

struct manager {
	uint32_t metered;
};

static const sd_bus_vtable properties[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Metered", "u", NULL, offsetof(struct manager, metered), SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_VTABLE_END};

static void must(int result, const char *what)
{
	if (result < 0)
		errx(EXIT_FAILURE, "%s: %s", what, strerror(-result));
}

static sd_bus *join(const char *address, struct manager *m)
{
	sd_bus *bus = NULL;

	must(sd_bus_new(&bus), "bus");
	must(sd_bus_set_address(bus, address), address);
	must(sd_bus_set_bus_client(bus, true), "client");
	must(sd_bus_start(bus), address);
	must(sd_bus_add_object_vtable(bus, NULL, PATH, NAME, properties, m), "object");
	must(sd_bus_request_name(bus, NAME, 0), NAME);
	return bus;
}

/** @return false at the end of input. */
static bool read_line(sd_bus *bus, struct manager *m)
{
	char line[32];

	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	m->metered = (uint32_t)tool_number(line, UINT32_MAX);
	must(sd_bus_emit_properties_changed(bus, PATH, NAME, "Metered", NULL), "signal");
	return true;
}

int main(int argc, char **argv)
{
	struct manager m;
	sd_bus *bus;

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: network-manager BUS METERED");
	m.metered = (uint32_t)tool_number(argv[2], UINT32_MAX);
	bus = join(argv[1], &m);
	/* A line is read whole, and nothing is kept of the next. */
	setvbuf(stdin, NULL, _IONBF, 0);
	for (;;) {
		struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = sd_bus_get_fd(bus)}};
		int more;

		while ((more = sd_bus_process(bus, NULL)) > 0)
			;
		must(more, "bus");
		ready[1].events = (short)sd_bus_get_events(bus);
		if (poll(ready, 2, -1) < 0)
			err(EXIT_FAILURE, "poll");
		if (ready[0].revents && !read_line(bus, &m))
			break;
	}
	sd_bus_flush_close_unref(bus);
	return EXIT_SUCCESS;
}
