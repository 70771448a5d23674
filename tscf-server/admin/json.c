/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/json.h"

#include "tscf-server/settings/config.h"

void server_json_set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

void server_json_number(json_t *object, const char *key, uint64_t value)
{
	server_json_set(object, key, json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

json_t *server_json_endpoint(const union tscf_endpoint *e)
{
	char text[TSCF_ADDR_TEXT];

	return json_string(tscf_endpoint_format(e, text));
}

json_t *server_json_address(const struct tscf_addr *a)
{
	char text[TSCF_ADDR_TEXT];

	return json_string(tscf_addr_format(a, text));
}

char *server_json_text(json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);

	json_decref(value);
	return text;
}

json_t *server_json_services(uint32_t services)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} known[] = {
	    {SERVER_SERVICE_SIP, "SIP"},
	    {SERVER_SERVICE_REDUNDANCY, "redundancy"},
	    {SERVER_SERVICE_DDT, "DDT"},
	    {SERVER_SERVICE_DTTE, "DTTE"},
	    {SERVER_SERVICE_KEEPALIVE, "server-keepalive"},
	    {SERVER_SERVICE_NAGLE, "nagle"},
	    {SERVER_SERVICE_BLOCK, "inter-client-block"},
	};
	json_t *list = json_array();

	for (unsigned n = 0; n < sizeof(known) / sizeof(known[0]); n++)
		if (services & known[n].bit)
			json_array_append_new(list, json_string(known[n].name));
	return list;
}

const char *server_binding_state_name(enum tscf_binding_state state)
{
	static const char *const names[TSCF_BINDING_STATES] = {
	    [TSCF_BINDING_ACTIVE] = "active",
	    [TSCF_BINDING_RELEASED] = "released",
	    [TSCF_BINDING_SHIELD] = "shield",
	    [TSCF_BINDING_TOMBSTONE] = "tombstone",
	};

	return names[state];
}
