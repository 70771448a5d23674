/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/network_manager.h"

#include "common/base/log.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define MANAGER    "org.freedesktop.NetworkManager"
#define PATH       "/org/freedesktop/NetworkManager"
#define ACTIVE     MANAGER ".Connection.Active"
#define PROPERTIES "org.freedesktop.DBus.Properties"

/** NMMetered of NetworkManager's D-Bus interface. */
enum { METERED_UNKNOWN, METERED_YES, METERED_NO, METERED_GUESS_YES, METERED_GUESS_NO };

/* --- questions and answers --- */

/* Ask for a property.  The bus must not start NetworkManager to be asked. */
static int get(struct network_manager *m, const char *path, const char *interface, const char *property,
	       sd_bus_message_handler_t on_answer)
{
	sd_bus_message *request = NULL;
	int err = sd_bus_message_new_method_call(m->bus, &request, MANAGER, path, PROPERTIES, "Get");

	if (err >= 0)
		err = sd_bus_message_set_auto_start(request, false);
	if (err >= 0)
		err = sd_bus_message_append(request, "ss", interface, property);
	if (err >= 0)
		err = sd_bus_call_async(m->bus, NULL, request, on_answer, m, 0);
	sd_bus_message_unref(request);
	return err;
}

/* Read the property, of D-Bus type @p type.  @return whether there is one: an error means that nobody is there who
 * knows. */
static bool read_property(sd_bus_message *answer, const char *type, void *out)
{
	return !sd_bus_message_is_method_error(answer, NULL) && sd_bus_message_read(answer, "v", type, out) >= 0;
}

static enum condition_state judge(uint32_t metered)
{
	switch (metered) {
	case METERED_YES:
	case METERED_GUESS_YES:
		return CONDITION_HOLDS;
	case METERED_NO:
	case METERED_GUESS_NO:
		return CONDITION_FAILS;
	default:
		return CONDITION_UNKNOWN;
	}
}

static int on_metered(sd_bus_message *answer, void *context, sd_bus_error *error)
{
	struct network_manager *m = context;
	uint32_t value = METERED_UNKNOWN;

	(void)error;
	m->metered = read_property(answer, "u", &value) ? judge(value) : CONDITION_UNKNOWN;
	return 0;
}

static int on_id(sd_bus_message *answer, void *context, sd_bus_error *error)
{
	struct network_manager *m = context;
	const char *id = "";

	(void)error;
	if (!read_property(answer, "s", &id))
		id = "";
	snprintf(m->connection, sizeof(m->connection), "%s", id);
	return 0;
}

/* "/": there is none. */
static int on_primary(sd_bus_message *answer, void *context, sd_bus_error *error)
{
	struct network_manager *m = context;
	const char *path = "/";

	(void)error;
	if (!read_property(answer, "o", &path) || strcmp(path, "/") == 0 || get(m, path, ACTIVE, "Id", on_id) < 0)
		m->connection[0] = '\0';
	return 0;
}

static int ask(struct network_manager *m)
{
	int err = get(m, PATH, MANAGER, "Metered", on_metered);

	return err < 0 ? err : get(m, PATH, MANAGER, "PrimaryConnection", on_primary);
}

/* A property has changed, or NetworkManager has come or gone. */
static int on_change(sd_bus_message *signal, void *context, sd_bus_error *error)
{
	(void)signal, (void)error;
	return ask(context);
}

/* --- the bus --- */

static int join(struct network_manager *m)
{
	static const char *const changes[] = {
	    "type='signal',sender='" MANAGER "',path='" PATH "',interface='" PROPERTIES "',member='PropertiesChanged'",
	    "type='signal',sender='" MANAGER "',path_namespace='" PATH "/ActiveConnection',interface='" PROPERTIES
	    "',member='PropertiesChanged'",
	    "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" MANAGER "'",
	};
	int err = sd_bus_open_system(&m->bus);

	for (unsigned i = 0; err >= 0 && i < sizeof(changes) / sizeof(changes[0]); i++)
		err = sd_bus_add_match_async(m->bus, NULL, changes[i], on_change, NULL, m);
	return err < 0 ? err : ask(m);
}

/* Do all that can be done without waiting; the next readiness is waited for by the event loop.  @return 0, or -errno:
 * the bus is lost. */
static int work(struct network_manager *m)
{
	int err, events, fd;

	while ((err = sd_bus_process(m->bus, NULL)) > 0)
		;
	fd = sd_bus_get_fd(m->bus);
	events = sd_bus_get_events(m->bus);
	if (err < 0 || fd < 0 || events < 0)
		return err < 0 ? err : fd < 0 ? fd : events;
	ev_io_stop(m->loop, &m->io);
	ev_io_set(&m->io, fd, (events & POLLIN ? EV_READ : 0) | (events & POLLOUT ? EV_WRITE : 0));
	ev_io_start(m->loop, &m->io);
	return 0;
}

static void leave(struct network_manager *m, int error)
{
	if (error != m->error)
		tscf_debug("D-Bus: %s", strerror(-error));
	m->error = error;
	network_manager_stop(m);
}

static void on_ready(struct ev_loop *loop, ev_io *io, int events)
{
	struct network_manager *m = io->data;
	const struct network_manager before = *m;
	int error = work(m);

	(void)loop, (void)events;
	if (error < 0)
		leave(m, error);
	if (m->metered != before.metered || strcmp(m->connection, before.connection) != 0)
		m->changed(m->context);
}

void network_manager_look(struct network_manager *m)
{
	int error = 0;

	if (!m->bus) {
		ev_init(&m->io, on_ready);
		m->io.data = m;
		error = join(m);
	}
	if (error >= 0)
		error = work(m);
	if (error < 0)
		leave(m, error);
}

void network_manager_stop(struct network_manager *m)
{
	m->metered = CONDITION_UNKNOWN;
	m->connection[0] = '\0';
	if (!m->bus)
		return;
	ev_io_stop(m->loop, &m->io);
	m->bus = sd_bus_close_unref(m->bus);
}
