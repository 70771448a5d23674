/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/settings/policy.h"

#include "common/base/datagram.h"
#include "common/base/redundancy.h"
#include "common/control/control.h"
#include "common/daemon/dscp_setting.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UID_MAX (UINT32_MAX - 1)

/** Room for "NUMBER-NUMBER". */
#define RANGE_TEXT 32

/** "N" or "N-M".  @return 0 or -EINVAL. */
static int parse_range(const char *text, unsigned long low, unsigned long high, unsigned long *first,
		       unsigned long *last)
{
	char copy[RANGE_TEXT];
	char *dash;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, strlen(text) + 1);
	dash = strchr(copy, '-');
	if (dash)
		*dash++ = '\0';
	if (tscf_number_parse(copy, low, high, first) != 0 ||
	    tscf_number_parse(dash ? dash : copy, low, high, last) != 0)
		return -EINVAL;
	return *first <= *last ? 0 : -EINVAL;
}

static int parse_uid(const struct tscf_setting *s, const char *text, void *field)
{
	unsigned long low, high;

	(void)s;
	if (parse_range(text, 0, UID_MAX, &low, &high) != 0) {
		const struct passwd *user = getpwnam(text);

		if (!user)
			return -EINVAL;
		low = high = user->pw_uid;
	}
	if (field)
		*(struct tscf_uid_range *)field = (struct tscf_uid_range){(uint32_t)low, (uint32_t)high, true};
	return 0;
}

static int parse_ports(const struct tscf_setting *s, const char *text, void *field)
{
	unsigned long low, high;

	(void)s;
	/* The kernel accepts no rule whose range ends with port 65535. */
	if (parse_range(text, 1, 65534, &low, &high) != 0)
		return -EINVAL;
	if (field)
		*(struct tscf_port_range *)field = (struct tscf_port_range){(uint16_t)low, (uint16_t)high};
	return 0;
}

static int parse_protocol(const struct tscf_setting *s, const char *text, void *field)
{
	static const struct {
		const char *name;
		uint8_t number;
	} protocols[] = {{"any", 0}, {"udp", IPPROTO_UDP}, {"tcp", IPPROTO_TCP}};

	(void)s;
	for (unsigned i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcmp(text, protocols[i].name) != 0)
			continue;
		if (field)
			*(uint8_t *)field = protocols[i].number;
		return 0;
	}
	return -EINVAL;
}

static int parse_remote(const struct tscf_setting *s, const char *text, void *field)
{
	struct tscf_prefix prefix;

	(void)s;
	/* A prefix of length 0 would select an address family, which a rule cannot do. */
	if (tscf_prefix_parse(text, &prefix) != 0 || prefix.length == 0)
		return -EINVAL;
	tscf_prefix_normalize(&prefix);
	if (field)
		*(struct tscf_prefix *)field = prefix;
	return 0;
}

/** A program is identified by the file it runs from, with symbolic links resolved.  One that does not exist yet is
 * identified by the name as written. */
static int parse_program(const struct tscf_setting *s, const char *text, void *field)
{
	char *real = text[0] == '/' ? realpath(text, NULL) : NULL;
	const char *name = real ? real : text;
	size_t length = strlen(name);
	bool ok = text[0] == '/' && length < POLICY_PROGRAM;

	(void)s;
	if (ok && field)
		memcpy(field, name, length + 1);
	free(real);
	return ok ? 0 : -EINVAL;
}

static int parse_cgroup(const struct tscf_setting *s, const char *text, void *field)
{
	size_t length = strlen(text);

	(void)s;
	if (text[0] != '/' || length >= POLICY_CGROUP)
		return -EINVAL;
	while (length > 1 && text[length - 1] == '/')
		length--;
	if (field)
		snprintf(field, POLICY_CGROUP, "%.*s", (int)length, text);
	return 0;
}

static int parse_dscps(const struct tscf_setting *s, const char *text, void *field)
{
	uint64_t dscps;

	(void)s;
	if (tscf_dscps_parse(text, &dscps) != 0 || dscps == 0)
		return -EINVAL;
	if (field)
		*(uint64_t *)field = dscps;
	return 0;
}

static int parse_level(const struct tscf_setting *s, const char *text, void *field)
{
	enum tscf_level level;

	(void)s;
	if (tscf_level_parse(text, &level) != 0 || level == TSCF_LEVEL_DEFAULT)
		return -EINVAL;
	if (field)
		*(enum tscf_level *)field = level;
	return 0;
}

static int parse_redundancy(const struct tscf_setting *s, const char *text, void *field)
{
	struct policy_ask redundancy = {.given = true};

	(void)s;
	if (tscf_redundancy_parse(text, &redundancy.value) != 0)
		return -EINVAL;
	if (field)
		*(struct policy_ask *)field = redundancy;
	return 0;
}

static int parse_datagram(const struct tscf_setting *s, const char *text, void *field)
{
	struct policy_ask datagram = {.given = true};

	(void)s;
	if (tscf_datagram_parse(text, &datagram.value) != 0 || datagram.value == TSCF_DATAGRAM_DEFAULT)
		return -EINVAL;
	if (field)
		*(struct policy_ask *)field = datagram;
	return 0;
}

static int parse_when(const struct tscf_setting *s, const char *text, void *field)
{
	struct policy_when *when = field;
	struct condition one;

	(void)s;
	if (condition_parse(text, &one) != 0 || (when && when->count == POLICY_CONDITIONS_MAX))
		return -EINVAL;
	if (when)
		when->list[when->count++] = one;
	return 0;
}

#define FIELD(member) offsetof(struct policy, member)

const struct tscf_setting policy_settings[POLICY_SETTINGS] = {
    {"level", "unencrypted, encrypted-only or encrypted-preferred", parse_level, FIELD(level), 0, 0, 0},
    {"program", "the absolute name of a program, of at most 255 characters", parse_program, FIELD(program), 0, 0, 0},
    {"cgroup",
     "the name of a cgroup from the root of cgroup v2, of at most 255 characters, where * ? and [...] match as in file "
     "names",
     parse_cgroup, FIELD(cgroup), 0, 0, 0},
    {"dscp", "DSCPs separated by commas: 0 to 63, CS0 to CS7, AF11 to AF43, EF, VA, LE", parse_dscps, FIELD(dscps), 0,
     0, 0},
    {"uid", "a user's name, a number, or two numbers as in 1000-1999", parse_uid, FIELD(uid), 0, 0, 0},
    {"protocol", "udp, tcp or any", parse_protocol, FIELD(protocol), 0, 0, 0},
    {"local-port", "a port from 1 to 65534, or two as in 5060-5069", parse_ports, FIELD(local_port), 0, 0, 0},
    {"remote", "an address or ADDRESS/BITS, BITS not 0", parse_remote, FIELD(remote), 0, 0, 0},
    {"remote-port", "a port from 1 to 65534, or two as in 5060-5069", parse_ports, FIELD(remote_port), 0, 0, 0},
    {"redundancy", "none, auto, balance, or a factor from 1 to 4", parse_redundancy, FIELD(redundancy), 0, 0, 0},
    {"datagram", "preferred or never", parse_datagram, FIELD(datagram), 0, 0, 0},
    {"when",
     "at most 4 of trusted, untrusted, battery, wifi-open, wifi-secure, metered, \"connection NAME\" with a name of at "
     "most 64 bytes, \"loss > 1%\" to \"loss > 99%\", \"rtt > 1ms\" to \"rtt > 10000ms\", each with \"not\" before it "
     "or without",
     parse_when, FIELD(when), 0, POLICY_CONDITIONS_MAX, TSCF_SETTING_LIST},
    {NULL, NULL, NULL, 0, 0, 0, 0},
};

bool policy_name_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= sizeof(((struct policy *)0)->name))
		return false;
	while (*name && isgraph((unsigned char)*name))
		name++;
	return *name == '\0';
}

unsigned policy_number(struct policy *one, unsigned numbered)
{
	bool by_library = one->program[0] != '\0' || one->cgroup[0] != '\0' || one->dscps != 0;

	one->number = by_library ? numbered + 1 : 0;
	return numbered + by_library;
}

unsigned policies_numbered(const struct policies *p)
{
	unsigned count = 0;

	for (unsigned i = 0; i < p->count; i++)
		count += p->list[i].number != 0;
	return count;
}

bool policies_by_cgroup(const struct policies *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].cgroup[0] != '\0')
			return true;
	return false;
}

unsigned policies_ruled(const struct policies *p)
{
	return p->count - policies_numbered(p);
}

unsigned policies_rule_number(const struct policies *p, uint32_t mask)
{
	unsigned highest = tscf_mark_policies(mask);

	/* A policy's number is at most that of policies: a mask of many bits has no need of more. */
	if (highest > POLICIES_MAX)
		highest = POLICIES_MAX + 1;
	return p->numbers < highest ? highest : 0;
}

const struct policy *policy_of_number(const struct policies *p, unsigned number)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].number == number)
			return &p->list[i];
	return NULL;
}

static bool in_ports(const struct tscf_port_range *range, uint16_t port)
{
	return range->high == 0 || (port >= range->low && port <= range->high);
}

/** The criteria that do not depend on the remote. */
static bool matches_local(const struct policy *p, uint8_t protocol, uint16_t local_port)
{
	return (p->protocol == 0 || p->protocol == protocol) && in_ports(&p->local_port, local_port);
}

static bool matches_owner(const struct policy *p, uint32_t uid)
{
	return !p->uid.given || (uid >= p->uid.low && uid <= p->uid.high);
}

static bool names_remote(const struct policy *p)
{
	return p->remote.addr.family != 0 || p->remote_port.high != 0;
}

static bool matches_remote(const struct policy *p, const struct tscf_addr *remote, uint16_t port)
{
	return (p->remote.addr.family == 0 || tscf_prefix_contains(&p->remote, remote)) &&
	       in_ports(&p->remote_port, port);
}

/** The criteria that hold for a socket whatever it sends. */
static bool matches_socket(const struct policy *p, const struct tscf_socket *s)
{
	if (!matches_local(p, s->protocol, s->local_port) || !matches_owner(p, s->uid))
		return false;
	return !names_remote(p) || (s->remote_port != 0 && matches_remote(p, &s->remote, s->remote_port));
}

const struct policy *policy_of_socket(const struct policies *p, const struct tscf_socket *s)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].number == 0 && matches_socket(&p->list[i], s))
			return &p->list[i];
	return NULL;
}

const struct policy *policy_behind(const struct policies *p, const struct tscf_socket *s, uint32_t value)
{
	unsigned number = value >> TSCF_MARK_POLICY_SHIFT;
	const struct policy *one;

	if (value & TSCF_MARK_EXPLICIT)
		return NULL;
	one = number != 0 ? policy_of_number(p, number) : NULL;
	if (!one)
		one = policy_of_socket(p, s);
	/* Otherwise the level is the default of tscf-run. */
	return one && (value == 0 || one->level == (value & TSCF_MARK_LEVEL)) ? one : NULL;
}

/* The next part of a name, without its slash.  @return where the rest begins, or NULL if there is no part or it is too
 * long. */
static const char *next_part(const char *name, char part[POLICY_CGROUP])
{
	size_t length;

	name += strspn(name, "/");
	length = strcspn(name, "/");
	if (length == 0 || length >= POLICY_CGROUP)
		return NULL;
	memcpy(part, name, length);
	part[length] = '\0';
	return name + length;
}

enum policy_fit policy_fits_cgroup(const struct policy *p, const char *cgroup)
{
	char pattern[POLICY_CGROUP], part[POLICY_CGROUP];
	const char *wanted = p->cgroup, *here = cgroup;

	while ((wanted = next_part(wanted, pattern))) {
		here = next_part(here, part);
		if (!here)
			return POLICY_FIT_BELOW;
		/* Names of units have backslashes. */
		if (fnmatch(pattern, part, FNM_NOESCAPE) != 0)
			return POLICY_FIT_NOT;
	}
	return POLICY_FIT;
}

static bool matches_cgroup(const struct policy *p, const char *cgroup)
{
	return p->cgroup[0] == '\0' || (cgroup[0] != '\0' && policy_fits_cgroup(p, cgroup) == POLICY_FIT);
}

uint32_t policies_of_program(const struct policies *p, const char *name)
{
	uint32_t programs = 0;

	for (unsigned i = 0; i < p->count; i++)
		programs |= (uint32_t)(strcmp(p->list[i].program, name) == 0) << i;
	return programs;
}

/** @param names  whether the policy names the program */
static bool matches_subject(const struct policy *p, const struct policy_subject *s, bool names)
{
	return (p->program[0] == '\0' || names) && matches_cgroup(p, s->cgroup) &&
	       (p->dscps == 0 || p->dscps >> s->dscp & 1) && matches_socket(p, s->socket);
}

const struct policy *policy_of_subject(const struct policies *p, const struct policy_subject *s)
{
	for (unsigned i = 0; i < p->count; i++)
		if (matches_subject(&p->list[i], s, s->programs >> i & 1))
			return &p->list[i];
	return NULL;
}

uint32_t policy_mark(const struct policy *one)
{
	return one->number << TSCF_MARK_POLICY_SHIFT | one->level;
}

/** Whether a policy before @p one, which says encrypted-only, lets some packets of a socket pass that is not
 * connected. */
static bool may_be_exempt(const struct policies *p, const struct policy *one, const struct tscf_socket *s)
{
	if (one->level != TSCF_LEVEL_ENCRYPTED_ONLY || s->remote_port != 0)
		return false;
	for (const struct policy *before = p->list; before < one; before++)
		if (before->number == 0 && before->level != TSCF_LEVEL_ENCRYPTED_ONLY && names_remote(before) &&
		    matches_local(before, s->protocol, s->local_port) && matches_owner(before, s->uid))
			return true;
	return false;
}

uint32_t policies_value(const struct policies *p, uint32_t mask, const struct policy_subject *s,
			enum tscf_level otherwise)
{
	const struct policy *one = policy_of_subject(p, s);

	if (!one || (one->number == 0 && may_be_exempt(p, one, s->socket)))
		return otherwise;
	if (one->number != 0)
		return policy_mark(one);
	return policies_rule_number(p, mask) << TSCF_MARK_POLICY_SHIFT | one->level;
}

bool policy_may_need_encryption(const struct policies *p, const struct tscf_socket *s, unsigned number)
{
	if (s->remote_port != 0)
		return false;
	for (unsigned i = 0; i < p->count; i++) {
		const struct policy *one = &p->list[i];

		if (one->number != 0 && one->number == number)
			return false;
		if (one->number != 0 || !matches_local(one, s->protocol, s->local_port) || !matches_owner(one, s->uid))
			continue;
		if (!names_remote(one))
			return false;
		if (one->level == TSCF_LEVEL_ENCRYPTED_ONLY)
			return true;
	}
	return false;
}

bool policy_forbids_clear(const struct policies *p, const struct tscf_binding_key *flow)
{
	for (unsigned i = 0; i < p->count; i++) {
		const struct policy *one = &p->list[i];
		bool only = one->level == TSCF_LEVEL_ENCRYPTED_ONLY;

		if (!matches_local(one, flow->protocol, flow->local_port) ||
		    !matches_remote(one, &flow->remote, flow->remote_port))
			continue;
		if (!one->uid.given && one->number == 0)
			return only;
		/* The flow may belong to this owner or program, for which clear packets are allowed. */
		if (!only)
			return false;
	}
	return false;
}

bool policy_may_forbid_clear(const struct policies *p, const struct tscf_binding_key *flow)
{
	for (unsigned i = 0; i < p->count; i++) {
		const struct policy *one = &p->list[i];

		if (one->number != 0 || !matches_local(one, flow->protocol, flow->local_port) ||
		    !matches_remote(one, &flow->remote, flow->remote_port))
			continue;
		if (one->level == TSCF_LEVEL_ENCRYPTED_ONLY)
			return true;
		if (!one->uid.given)
			return false;
	}
	return false;
}

bool policies_want_encryption(const struct policies *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].number == 0 && tscf_level_wants_encryption(p->list[i].level))
			return true;
	return false;
}

bool policies_forbid_clear(const struct policies *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].level == TSCF_LEVEL_ENCRYPTED_ONLY)
			return true;
	return false;
}

bool policies_need_library(const struct policies *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].number != 0 && p->list[i].level == TSCF_LEVEL_ENCRYPTED_ONLY)
			return true;
	return false;
}

mode_t policies_control_mode(const struct policies *p)
{
	return policies_need_library(p) ? TSCF_CONTROL_MODE_MUST : TSCF_CONTROL_MODE;
}
