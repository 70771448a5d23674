/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/capture/selection.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

/* @return the object, or NULL when out of memory. */
static json_t *object_of(const struct tscf_capture_selection *s)
{
	char remote[TSCF_ADDR_TEXT];
	json_t *o = json_object();
	int err = 0;

	if (s->client)
		err |= json_object_set_new(o, "client", json_string(s->client));
	if (s->filter.remote.addr.family)
		err |= json_object_set_new(o, "remote", json_string(tscf_prefix_format(&s->filter.remote, remote)));
	if (s->filter.remote_port)
		err |= json_object_set_new(o, "remote_port", json_integer(s->filter.remote_port));
	if (err == 0)
		return o;
	json_decref(o);
	return NULL;
}

int tscf_capture_selection_write(const struct tscf_capture_selection *s, struct tscf_control_request *out, char **text)
{
	json_t *o = object_of(s);

	out->protocol = s->filter.protocol;
	out->level = s->filter.port;
	*text = o && json_object_size(o) > 0 ? json_dumps(o, JSON_COMPACT) : NULL;
	if (!o || (!*text && json_object_size(o) > 0)) {
		json_decref(o);
		return -ENOMEM;
	}
	json_decref(o);
	return 0;
}

static int read_object(const json_t *o, struct tscf_capture_selection *out)
{
	const char *remote = json_string_value(json_object_get(o, "remote"));
	json_int_t port = json_integer_value(json_object_get(o, "remote_port"));

	out->client = json_string_value(json_object_get(o, "client"));
	if (port < 0 || port > UINT16_MAX || (remote && tscf_prefix_parse(remote, &out->filter.remote) != 0))
		return -EINVAL;
	out->filter.remote_port = (uint16_t)port;
	return 0;
}

int tscf_capture_selection_read(const struct tscf_control_request *request, const char *text,
				struct tscf_capture_selection *out, void **owner)
{
	json_t *o;

	*owner = NULL;
	*out = (struct tscf_capture_selection){
	    .filter = {.protocol = (uint8_t)request->protocol, .port = (uint16_t)request->level}};
	if (!text || text[0] == '\0')
		return 0;
	o = json_loads(text, 0, NULL);
	if (!json_is_object(o) || read_object(o, out) != 0) {
		json_decref(o);
		return -EINVAL;
	}
	*owner = o;
	return 0;
}

void tscf_capture_selection_free(void *owner)
{
	json_decref(owner);
}
