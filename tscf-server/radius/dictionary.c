/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/radius/dictionary.h"

#include "tscf-server/radius/attributes.h"

#include "common/base/log.h"

#include <stdio.h>
#include <string.h>

struct attribute {
	int number;
	const char *name;
	rc_attr_type type;
};

static const struct attribute attributes[] = {
    {SERVER_RADIUS_USER_NAME, "User-Name", PW_TYPE_STRING},
    {SERVER_RADIUS_SERVICE_TYPE, "Service-Type", PW_TYPE_INTEGER},
    {SERVER_RADIUS_FRAMED_IP_ADDRESS, "Framed-IP-Address", PW_TYPE_IPADDR},
    {SERVER_RADIUS_CLASS, "Class", PW_TYPE_STRING},
    {SERVER_RADIUS_SESSION_TIMEOUT, "Session-Timeout", PW_TYPE_INTEGER},
    {SERVER_RADIUS_CALLING_STATION_ID, "Calling-Station-Id", PW_TYPE_STRING},
    {SERVER_RADIUS_ACCT_STATUS_TYPE, "Acct-Status-Type", PW_TYPE_INTEGER},
    {SERVER_RADIUS_ACCT_INPUT_OCTETS, "Acct-Input-Octets", PW_TYPE_INTEGER},
    {SERVER_RADIUS_ACCT_OUTPUT_OCTETS, "Acct-Output-Octets", PW_TYPE_INTEGER},
    {SERVER_RADIUS_ACCT_SESSION_ID, "Acct-Session-Id", PW_TYPE_STRING},
    {SERVER_RADIUS_ACCT_AUTHENTIC, "Acct-Authentic", PW_TYPE_INTEGER},
    {SERVER_RADIUS_ACCT_SESSION_TIME, "Acct-Session-Time", PW_TYPE_INTEGER},
    {SERVER_RADIUS_ACCT_INPUT_PACKETS, "Acct-Input-Packets", PW_TYPE_INTEGER},
    {SERVER_RADIUS_ACCT_OUTPUT_PACKETS, "Acct-Output-Packets", PW_TYPE_INTEGER},
    {SERVER_RADIUS_ACCT_TERMINATE_CAUSE, "Acct-Terminate-Cause", PW_TYPE_INTEGER},
    {SERVER_RADIUS_ACCT_MULTI_SESSION_ID, "Acct-Multi-Session-Id", PW_TYPE_STRING},
    {SERVER_RADIUS_ACCT_INPUT_GIGAWORDS, "Acct-Input-Gigawords", PW_TYPE_INTEGER},
    {SERVER_RADIUS_ACCT_OUTPUT_GIGAWORDS, "Acct-Output-Gigawords", PW_TYPE_INTEGER},
    {SERVER_RADIUS_EVENT_TIMESTAMP, "Event-Timestamp", PW_TYPE_INTEGER},
    {SERVER_RADIUS_NAS_PORT_TYPE, "NAS-Port-Type", PW_TYPE_INTEGER},
    {SERVER_RADIUS_CONNECT_INFO, "Connect-Info", PW_TYPE_STRING},
    {SERVER_RADIUS_ACCT_INTERIM_INTERVAL, "Acct-Interim-Interval", PW_TYPE_INTEGER},
    {SERVER_RADIUS_FRAMED_IPV6_ADDRESS, "Framed-IPv6-Address", PW_TYPE_IPV6ADDR},
};

static const struct attribute wispr[] = {
    {SERVER_RADIUS_WISPR_MAX_UP, "WISPr-Bandwidth-Max-Up", PW_TYPE_INTEGER},
    {SERVER_RADIUS_WISPR_MAX_DOWN, "WISPr-Bandwidth-Max-Down", PW_TYPE_INTEGER},
};

/** @return the name of a type as a dictionary has it. */
static const char *type_name(rc_attr_type type)
{
	static const char *const names[] = {
	    [PW_TYPE_STRING] = "string", [PW_TYPE_INTEGER] = "integer",   [PW_TYPE_IPADDR] = "ipaddr",
	    [PW_TYPE_DATE] = "date",     [PW_TYPE_IPV6ADDR] = "ipv6addr", [PW_TYPE_IPV6PREFIX] = "ipv6prefix"};

	return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "of a kind that is not known here";
}

/** Both are 32 bits, and libradcli treats them alike. */
static bool is_time(const struct attribute *a, rc_attr_type type)
{
	return a->number == SERVER_RADIUS_EVENT_TIMESTAMP && type == PW_TYPE_DATE;
}

static bool add_line(rc_handle *handle, const char *line)
{
	return rc_read_dictionary_from_buffer(handle, line, strlen(line)) >= 0;
}

static bool add(rc_handle *handle, const struct attribute *a, const char *vendor)
{
	char line[256];

	snprintf(line, sizeof(line), "ATTRIBUTE %s %d %s %s\n", a->name, a->number, type_name(a->type), vendor);
	return add_line(handle, line);
}

/**
 * Check one attribute, and add it if the dictionary lacks it.
 *
 * @param pec     number of the vendor; 0: none
 * @param vendor  its name; "": none
 */
static bool complete(rc_handle *handle, const char *file, const struct attribute *a, int pec, const char *vendor)
{
	const DICT_ATTR *found = rc_dict_getattr(handle, pec << 16 | a->number);
	const char *dictionary;

	if (!found)
		return add(handle, a, vendor);
	if (found->type == a->type || is_time(a, found->type))
		return true;
	dictionary = rc_conf_str(handle, "dictionary");
	tscf_error("%s: attribute %d%s, %s, has the type %s: expected %s", dictionary ? dictionary : file, a->number,
		   pec ? " of vendor 14122 (WISPr)" : "", found->name, type_name(found->type), type_name(a->type));
	return false;
}

/** The dictionary may name the vendor otherwise. */
static bool complete_wispr(rc_handle *handle, const char *file)
{
	const DICT_VENDOR *vendor;
	char line[64];
	bool ok;

	if (!rc_dict_getvend(handle, SERVER_RADIUS_WISPR)) {
		snprintf(line, sizeof(line), "VENDOR WISPr %d\n", SERVER_RADIUS_WISPR);
		if (!add_line(handle, line))
			return false;
	}
	vendor = rc_dict_getvend(handle, SERVER_RADIUS_WISPR);
	ok = vendor != NULL;
	for (unsigned n = 0; vendor && n < sizeof(wispr) / sizeof(wispr[0]); n++)
		ok &= complete(handle, file, &wispr[n], SERVER_RADIUS_WISPR, vendor->vendorname);
	return ok;
}

bool server_radius_dictionary_complete(rc_handle *handle, const char *file)
{
	bool ok = true;

	for (unsigned n = 0; n < sizeof(attributes) / sizeof(attributes[0]); n++)
		ok &= complete(handle, file, &attributes[n], 0, "");
	return complete_wispr(handle, file) && ok;
}
