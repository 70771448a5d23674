/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/settings/settings.h"

#include "common/daemon/dscp_setting.h"
#include "common/linux/scheduling.h"
#include "common/linux/tun_steering.h"
#include "common/packet/message.h"
#include "common/redundancy/redundancy.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TUNNELS_MAX 200000

static const struct {
	const char *name;
	uint32_t bit;
} services[] = {
    {"DTTE", SERVER_SERVICE_DTTE},
    {"SIP", SERVER_SERVICE_SIP},
    {"redundancy", SERVER_SERVICE_REDUNDANCY},
    {"DDT", SERVER_SERVICE_DDT},
    {"server-keepalive", SERVER_SERVICE_KEEPALIVE},
    {"nagle", SERVER_SERVICE_NAGLE},
    {"inter-client-block", SERVER_SERVICE_BLOCK},
};

#define SERVICES "DTTE, SIP, redundancy, DDT, server-keepalive, nagle, inter-client-block, separated by commas"

/** @return the bit of the service whose name is the @p length bytes at @p word, or 0. */
static uint32_t service_bit(const char *word, size_t length)
{
	for (unsigned i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strlen(services[i].name) == length && strncasecmp(services[i].name, word, length) == 0)
			return services[i].bit;
	return 0;
}

/** Parse names separated by commas or white space, in any case. */
static int parse_services(const struct tscf_setting *s, const char *text, void *field)
{
	static const char separators[] = ", \t\n";
	uint32_t bits = 0;

	(void)s;
	for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
		size_t length = strcspn(text, separators);
		uint32_t bit = service_bit(text, length);

		if (bit == 0)
			return -EINVAL;
		bits |= bit;
		text += length;
	}
	if (field)
		*(uint32_t *)field = bits;
	return 0;
}

static int parse_state(const struct tscf_setting *s, const char *text, void *field)
{
	bool enabled = strcasecmp(text, "enabled") == 0;

	(void)s;
	if (!enabled && strcasecmp(text, "disabled") != 0)
		return -EINVAL;
	if (field)
		*(bool *)field = enabled;
	return 0;
}

/** Field: struct server_prefixes, to which the route is added. */
static int parse_route(const struct tscf_setting *s, const char *text, void *field)
{
	struct tscf_prefix p;

	(void)s;
	if (tscf_prefix_parse(text, &p) != 0)
		return -EINVAL;
	tscf_prefix_normalize(&p);
	return field ? server_prefixes_add(field, &p) : 0;
}

/** Like parse_route, but refuses a prefix that is too large to be intended or too small for one client. */
static int parse_pool(const struct tscf_setting *s, const char *text, void *field)
{
	struct tscf_prefix p;
	bool v6;

	if (tscf_prefix_parse(text, &p) != 0)
		return -EINVAL;
	v6 = p.addr.family == AF_INET6;
	if (p.length < (v6 ? 64 : 8) || p.length > (v6 ? 126 : 30))
		return -EINVAL;
	return parse_route(s, text, field);
}

/** Field: a list of addresses, to which the address is added. */
static int parse_service_addr(const struct tscf_setting *s, const char *text, void *field)
{
	struct tscf_service_addrs *list = field;
	struct tscf_addr a;

	(void)s;
	if (tscf_addr_parse(text, &a) != 0 || tscf_addr_is_any(&a))
		return -EINVAL;
	if (!list)
		return 0;
	if (list->count == TSCF_SERVICE_ADDRS_MAX)
		return -EINVAL;
	list->addr[list->count++] = a;
	return 0;
}

/** Field: struct server_places, to which the address is added. */
static int parse_listen(const struct tscf_setting *s, const char *text, void *field)
{
	struct server_places *places = field;
	union tscf_endpoint e;

	(void)s;
	if (tscf_endpoint_parse(text, TSCF_PORT, &e) != 0 || tscf_endpoint_port(&e) == 0 ||
	    tscf_endpoint_port(&e) == UINT16_MAX)
		return -EINVAL;
	if (!places)
		return 0;
	if (places->count == SERVER_PLACES_MAX)
		return -EINVAL;
	places->at[places->count++] = e;
	return 0;
}

/** Field: struct server_public_names, to which the name is added. */
static int parse_public_name(const struct tscf_setting *s, const char *text, void *field)
{
	struct server_public_names *names = field;
	struct tscf_invitation_server one;

	(void)s;
	if (tscf_invitation_server_parse(text, strlen(text), 0, &one) != 0)
		return -EINVAL;
	if (!names)
		return 0;
	if (names->count == TSCF_INVITATION_SERVERS_MAX)
		return -EINVAL;
	names->at[names->count++] = one;
	return 0;
}

/** inter-client-block is the opposite of the field inter_client. */
static int parse_block(const struct tscf_setting *s, const char *text, void *field)
{
	bool block;

	if (tscf_setting_bool(s, text, &block) != 0)
		return -EINVAL;
	if (field)
		*(bool *)field = !block;
	return 0;
}

static int parse_address(const struct tscf_setting *s, const char *text, void *field)
{
	struct tscf_addr a;

	(void)s;
	if (tscf_addr_parse(text, &a) != 0)
		return -EINVAL;
	if (field)
		*(struct tscf_addr *)field = a;
	return 0;
}

static const char *const protocols[SERVER_PROTOCOLS] = {
    [SERVER_UDP] = "udp", [SERVER_TCP] = "tcp", [SERVER_DTLS] = "dtls", [SERVER_TLS] = "tls"};

/** @return the protocol whose name is the @p length bytes at @p word, or SERVER_PROTOCOLS. */
static enum server_protocol protocol_called(const char *word, size_t length)
{
	unsigned i = 0;

	while (i < SERVER_PROTOCOLS && (strlen(protocols[i]) != length || strncasecmp(protocols[i], word, length) != 0))
		i++;
	return (enum server_protocol)i;
}

static int parse_protocol(const struct tscf_setting *s, const char *text, void *field)
{
	enum server_protocol protocol = protocol_called(text, strlen(text));

	(void)s;
	if (protocol == SERVER_PROTOCOLS)
		return -EINVAL;
	if (field)
		*(enum server_protocol *)field = protocol;
	return 0;
}

/** Parse plain protocols; each adds its encrypted twin. */
static int parse_transports(const struct tscf_setting *s, const char *text, void *field)
{
	static const char separators[] = ", \t\n";
	unsigned plain = 0;

	(void)s;
	for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
		size_t length = strcspn(text, separators);
		enum server_protocol protocol = protocol_called(text, length);

		if (protocol == SERVER_PROTOCOLS || !(SERVER_BIT(protocol) & SERVER_PLAIN_PROTOCOLS))
			return -EINVAL;
		plain |= SERVER_BIT(protocol);
		text += length;
	}
	if (plain == 0)
		return -EINVAL;
	if (field)
		*(unsigned *)field = plain | server_twins(plain);
	return 0;
}

#define DEVICE        "a device name of 1 to 15 characters, without blank, '/', ':', '%'"
#define SERVICE_ADDR  "an IP address, at most four of them"
#define POOL          "an IPv4 block from /8 to /30 or an IPv6 block from /64 to /126, such as 10.0.0.0/16"
#define PUBLIC_NAME   "at most 4 of HOST or HOST:PORT, IPv6 addresses in brackets, PORT from 1 to 65534"
#define FIELD(member) offsetof(struct server_config, member)

_Static_assert(TSCF_SERVICE_ADDRS_MAX == 4, "SERVICE_ADDR names the bound");

const struct tscf_setting server_settings[] = {
    {"dns", SERVICE_ADDR, parse_service_addr, FIELD(dns), 0, TSCF_SERVICE_ADDRS_MAX, TSCF_SETTING_LIST},
    {"sip-server", SERVICE_ADDR, parse_service_addr, FIELD(sip_servers), 0, TSCF_SERVICE_ADDRS_MAX, TSCF_SETTING_LIST},
    {"route", "an IP block such as 192.0.2.0/24 or 2001:db8::/32", parse_route, FIELD(routes), 0, 0, TSCF_SETTING_LIST},
    {"cert", "the absolute name of a PEM file", tscf_setting_path, FIELD(cert), 0, 0, TSCF_SETTING_PATH},
    {"key", "the absolute name of a PEM file", tscf_setting_path, FIELD(key), 0, 0, TSCF_SETTING_PATH},
    {"mtu", "a number from 576 to 1500", tscf_setting_number, FIELD(mtu), 576, 1500, 0},
    {"keepalive-timer", "seconds: 0 (as the client has it) or 30 to 660", tscf_setting_number_or_zero,
     FIELD(keepalive_stream), 30, 660, 0},
    {"keepalive-timer-datagram", "seconds from 0 (as the client has it) to 660", tscf_setting_number,
     FIELD(keepalive_datagram), 0, 660, 0},
    {"server-keepalive-timer", "seconds from 5 to 660", tscf_setting_number, FIELD(server_keepalive), 5, 660, 0},
    {"tunnel-persistence-time", "seconds: 0 (no limit) or 10 to 700", tscf_setting_number_or_zero, FIELD(persistence),
     10, 700, 0},
    {"workers", "a number from 1 to 64, or 0 for one per processor", tscf_setting_number, FIELD(workers), 0,
     TSCF_WORKERS_MAX, 0},
    {"plain-dev", DEVICE, tscf_setting_device, FIELD(plain_dev), 0, 0, 0},
    {"encrypted-dev", DEVICE, tscf_setting_device, FIELD(encrypted_dev), 0, 0, 0},
    {"control", "an absolute path of at most 107 characters", tscf_setting_socket, FIELD(control), 0, 0,
     TSCF_SETTING_PATH},
    {"state-dir", "the absolute name of a directory", tscf_setting_path, FIELD(state_dir), 0, 0, TSCF_SETTING_PATH},
    {"client-limits", "the absolute name of a file", tscf_setting_path, FIELD(client_limits_file), 0, 0,
     TSCF_SETTING_PATH},
    {"accounting-log", "the absolute name of a file", tscf_setting_path, FIELD(accounting_log), 0, 0,
     TSCF_SETTING_PATH},
    {"radius-access", "the absolute name of a file", tscf_setting_path, FIELD(radius_access), 0, 0, TSCF_SETTING_PATH},
    {"radius-timeout", "seconds from 1 to 8", tscf_setting_number, FIELD(radius_timeout), 1, 8, 0},
    {"radius-accounting", "the absolute name of a file", tscf_setting_path, FIELD(radius_accounting), 0, 0,
     TSCF_SETTING_PATH},
    {"accounting-interval", "seconds from 0 (only start and stop) to 86400", tscf_setting_number,
     FIELD(accounting_interval), 0, 86400, 0},
    {"realtime-dscp", TSCF_DSCPS_EXPECTED, tscf_setting_dscps, FIELD(realtime_dscps), 0, 0, 0},
    {"realtime-priority", "a number from 0 (none) to 99", tscf_setting_number, FIELD(realtime_priority), 0,
     TSCF_SCHEDULING_MAX, 0},
    {"redundancy-bound", "milliseconds from 20 to 200", tscf_setting_number, FIELD(redundancy_bound),
     TSCF_REDUNDANCY_BOUND_MIN_MS, TSCF_REDUNDANCY_BOUND_MAX_MS, 0},
    {"log-level", "error, warning, info or debug", tscf_setting_log_level, FIELD(log_level), 0, 0, 0},
    {NULL, NULL, NULL, 0, 0, 0, 0},
};

#undef FIELD
#define FIELD(member) offsetof(struct server_interface_config, member)

const struct tscf_setting server_interface_settings[] = {
    {"state", "enabled or disabled", parse_state, FIELD(enabled), 0, 0, 0},
    {"assigned-services", SERVICES, parse_services, FIELD(services), 0, 0, 0},
    {"max-tunnels", "a number from 0 (as many as the pool has) to 200000", tscf_setting_number, FIELD(max_tunnels), 0,
     TUNNELS_MAX, 0},
    {"max-encrypted-tunnels", "a number from 0 (as many as the pool has) to 200000", tscf_setting_number,
     FIELD(max_encrypted_tunnels), 0, TUNNELS_MAX, 0},
    {"max-tunnels-per-source", "a number from 0 (no limit) to 200000", tscf_setting_number,
     FIELD(max_tunnels_per_source), 0, TUNNELS_MAX, 0},
    {"nagle-time", "milliseconds from 1 to 50", tscf_setting_number, FIELD(nagle_ms), 1, 50, 0},
    {"half-open-limit", "a number from 0 (every client needs a cookie) to 4096", tscf_setting_number,
     FIELD(half_open_limit), 0, 4096, 0},
    {"psk-file", "the absolute name of a file", tscf_setting_path, FIELD(psk_file), 0, 0, TSCF_SETTING_PATH},
    {"client-ca", "the absolute name of a PEM file", tscf_setting_path, FIELD(client_ca), 0, 0, TSCF_SETTING_PATH},
    {"client-crl", "the absolute name of a file", tscf_setting_path, FIELD(client_crl), 0, 0, TSCF_SETTING_PATH},
    {"denied-clients", "the absolute name of a file", tscf_setting_path, FIELD(denied_clients), 0, 0,
     TSCF_SETTING_PATH},
    {"public-name", PUBLIC_NAME, parse_public_name, FIELD(public_names), 0, TSCF_INVITATION_SERVERS_MAX,
     TSCF_SETTING_LIST},
    {"inter-client-block", "true or false", parse_block, FIELD(inter_client), 0, 0, 0},
    {NULL, NULL, NULL, 0, 0, 0, 0},
};

const struct tscf_setting server_pool_settings[] = {
    {"range", POOL, parse_pool, FIELD(pool), 0, 0, TSCF_SETTING_LIST},
    {"encrypted-range", POOL, parse_pool, FIELD(encrypted_pool), 0, 0, TSCF_SETTING_LIST},
    {NULL, NULL, NULL, 0, 0, 0, 0},
};

const struct tscf_setting server_first_interface_settings[] = {
    {"listen", "at most 4 of ADDRESS or ADDRESS:PORT, IPv6 addresses with a port in brackets, PORT from 1 to 65534",
     parse_listen, FIELD(listen), 0, 0, 0},
    {"pool", POOL, parse_pool, FIELD(pool), 0, 0, 0},
    {"encrypted-pool", POOL, parse_pool, FIELD(encrypted_pool), 0, 0, 0},
    {"services", SERVICES, parse_services, FIELD(services), 0, 0, 0},
    {"psk-file", "a file name", tscf_setting_path, FIELD(psk_file), 0, 0, TSCF_SETTING_PATH},
    {"client-ca", "the name of a PEM file", tscf_setting_path, FIELD(client_ca), 0, 0, TSCF_SETTING_PATH},
    {"client-crl", "a file name", tscf_setting_path, FIELD(client_crl), 0, 0, TSCF_SETTING_PATH},
    {"denied-clients", "a file name", tscf_setting_path, FIELD(denied_clients), 0, 0, TSCF_SETTING_PATH},
    {"public-name", PUBLIC_NAME, parse_public_name, FIELD(public_names), 0, 0, 0},
    {"transport", "udp, tcp, or both separated by a comma", parse_transports, FIELD(protocols), 0, 0, 0},
    {NULL, NULL, NULL, 0, 0, 0, 0},
};

#undef FIELD
#define FIELD(member) offsetof(struct server_port, member)

const struct tscf_setting server_port_settings[] = {
    {"address", "an IP address", parse_address, FIELD(address), 0, 0, 0},
    {"port", "a port from 1 to 65535", tscf_setting_port, FIELD(port), 1, 65535, 0},
    {"transport-protocol", "udp or tcp, or dtls or tls for the port after it", parse_protocol, FIELD(protocol), 0, 0,
     0},
    {NULL, NULL, NULL, 0, 0, 0, 0},
};

/** Of a table with its end, and the sections beside it. */
#define FITS(table, sections) (sizeof(table) / sizeof((table)[0]) + (sections) <= SERVER_SETTINGS_MAX)
_Static_assert(FITS(server_settings, 1) && FITS(server_interface_settings, 2), "SERVER_SETTINGS_MAX is too small");
