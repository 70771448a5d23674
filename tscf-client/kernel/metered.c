/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/metered.h"

#include "common/base/log.h"

#include <poll.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define MANAGER    "org.freedesktop.NetworkManager"
#define PATH       "/org/freedesktop/NetworkManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

/** NMMetered of NetworkManager's D-Bus interface. */
enum { METERED_UNKNOWN, METERED_YES, METERED_NO, METERED_GUESS_YES, METERED_GUESS_NO };

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

/* An error means that nobody is there who knows. */
static int on_answer(sd_bus_message *answer, void *context, sd_bus_error *error)
{
	struct metered *m = context;
	uint32_t value = METERED_UNKNOWN;

	(void)error;
	if (sd_bus_message_is_method_error(answer, NULL) || sd_bus_message_read(answer, "v", "u", &value) < 0)
		value = METERED_UNKNOWN;
	m->state = judge(value);
	return 0;
}

/* The bus must not start NetworkManager to be asked. */
static int ask(struct metered *m)
{
	sd_bus_message *request = NULL;
	int err = sd_bus_message_new_method_call(m->bus, &request, MANAGER, PATH, PROPERTIES, "Get");

	if (err >= 0)
		err = sd_bus_message_set_auto_start(request, false);
	if (err >= 0)
		err = sd_bus_message_append(request, "ss", MANAGER, "Metered");
	if (err >= 0)
		err = sd_bus_call_async(m->bus, NULL, request, on_answer, m, 0);
	sd_bus_message_unref(request);
	return err;
}

/* A property has changed, or NetworkManager has come or gone. */
static int on_change(sd_bus_message *signal, void *context, sd_bus_error *error)
{
	(void)signal, (void)error;
	return ask(context);
}

static int join(struct metered *m)
{
	int err = sd_bus_open_system(&m->bus);

	if (err >= 0)
		err = sd_bus_match_signal_async(m->bus, NULL, MANAGER, PATH, PROPERTIES, "PropertiesChanged", on_change,
						NULL, m);
	if (err >= 0)
		err = sd_bus_add_match_async(m->bus, NULL,
					     "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',"
					     "arg0='" MANAGER "'",
					     on_change, NULL, m);
	return err < 0 ? err : ask(m);
}

/* Do all that can be done without waiting; the next readiness is waited for by the event loop.  @return 0, or -errno:
 * the bus is lost. */
static int work(struct metered *m)
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

static void leave(struct metered *m, int error)
{
	if (error != m->error)
		tscf_debug("D-Bus: %s", strerror(-error));
	m->error = error;
	metered_stop(m);
}

static void on_ready(struct ev_loop *loop, ev_io *io, int events)
{
	struct metered *m = io->data;
	enum condition_state before = m->state;
	int error = work(m);

	(void)loop, (void)events;
	if (error < 0)
		leave(m, error);
	if (m->state != before)
		m->changed(m->context);
}

void metered_look(struct metered *m)
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

void metered_stop(struct metered *m)
{
	m->state = CONDITION_UNKNOWN;
	if (!m->bus)
		return;
	ev_io_stop(m->loop, &m->io);
	m->bus = sd_bus_close_unref(m->bus);
}
