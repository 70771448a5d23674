/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json.h - pieces of JSON that several reports have.  Without memory a member is missing.
 */
#ifndef TSCF_SERVER_JSON_H
#define TSCF_SERVER_JSON_H

#include "common/base/addr.h"
#include "common/packet/binding.h"

#include <jansson.h>

/** Set a member to @p value, which is taken over. */
void server_json_set(json_t *object, const char *key, json_t *value);
/** Set a member to a number. */
void server_json_number(json_t *object, const char *key, uint64_t value);
/** @return the text of an address and port, a new reference; NULL when out of memory. */
json_t *server_json_endpoint(const union tscf_endpoint *e);
/** The same of an address. */
json_t *server_json_address(const struct tscf_addr *a);
/** @return an array of the names of @p services, SERVER_SERVICE_*. */
json_t *server_json_services(uint32_t services);
/** @return the text of @p value (malloc'ed, the caller frees), which is freed; NULL when out of memory. */
char *server_json_text(json_t *value);
/** @return the name of @p state in reports. */
const char *server_binding_state_name(enum tscf_binding_state state);

#endif
