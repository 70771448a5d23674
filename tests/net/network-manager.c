/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network-manager.c - NetworkManager on a bus, as far as it says what the connection is and whether it is metered.
 *
 *     network-manager BUS METERED [NAME]
 *
 * BUS is the address of the bus, METERED the number of its property Metered at first, NAME that of its connection;
 * without, there is none.  Lines of standard input change that: "metered NUMBER"; "connection NAME", another
 * connection, or none without a name; "rename NAME", the same connection with another name.  Ends at the end of input,
 * or with the bus.
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
/** Of a connection in use; NetworkManager gives each a number. */
#define ACTIVE      NAME ".Connection.Active"
#define ACTIVE_PATH PATH "/ActiveConnection/"
#define ACTIVES     2

struct active {
	const char *id;
	char text[128];
};

struct manager {
	uint32_t metered;
	const char *primary; /**< path of the connection; "/": there is none */
	unsigned turn;       /**< its number */
	struct active actives[ACTIVES];
};

static const char *const paths[ACTIVES] = {ACTIVE_PATH "0", ACTIVE_PATH "1"};

static const sd_bus_vtable properties[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Metered", "u", NULL, offsetof(struct manager, metered), SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("PrimaryConnection", "o", NULL, offsetof(struct manager, primary),
		    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_VTABLE_END};

static const sd_bus_vtable active_properties[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Id", "s", NULL, offsetof(struct active, id), SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
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
	for (unsigned i = 0; i < ACTIVES; i++)
		must(sd_bus_add_object_vtable(bus, NULL, paths[i], ACTIVE, active_properties, &m->actives[i]),
		     "object");
	must(sd_bus_request_name(bus, NAME, 0), NAME);
	return bus;
}

static void rename_active(struct manager *m, const char *name)
{
	struct active *now = &m->actives[m->turn];

	snprintf(now->text, sizeof(now->text), "%s", name);
	now->id = now->text;
}

/** @param name "": none. */
static void connect_to(struct manager *m, const char *name)
{
	m->turn = (m->turn + 1) % ACTIVES;
	m->primary = name[0] ? paths[m->turn] : "/";
	rename_active(m, name);
}

/** @return false at the end of input. */
static bool read_line(sd_bus *bus, struct manager *m)
{
	char line[160], *value;

	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	value = line + strcspn(line, " ");
	if (*value)
		*value++ = '\0';
	if (strcmp(line, "metered") == 0) {
		m->metered = (uint32_t)tool_number(value, UINT32_MAX);
		must(sd_bus_emit_properties_changed(bus, PATH, NAME, "Metered", NULL), "signal");
	} else if (strcmp(line, "connection") == 0) {
		connect_to(m, value);
		must(sd_bus_emit_properties_changed(bus, PATH, NAME, "PrimaryConnection", NULL), "signal");
	} else {
		rename_active(m, value);
		must(sd_bus_emit_properties_changed(bus, paths[m->turn], ACTIVE, "Id", NULL), "signal");
	}
	return true;
}

int main(int argc, char **argv)
{
	struct manager m = {.actives = {{.id = ""}, {.id = ""}}};
	sd_bus *bus;

	if (argc < 3 || argc > 4)
		errx(EXIT_FAILURE, "usage: network-manager BUS METERED [NAME]");
	m.metered = (uint32_t)tool_number(argv[2], UINT32_MAX);
	connect_to(&m, argc == 4 ? argv[3] : "");
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
