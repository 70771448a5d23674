/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is reported to the script, and when: pure. */
#include "tscf-client/admin/hook.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool same_service(const struct hook_state *a, const struct hook_state *b)
{
	const struct tscf_control_config *x = &a->config, *y = &b->config;
	if (a->route_count != b->route_count)
		return false;
	for (unsigned i = 0; i < a->route_count; i++)
		if (a->routes[i].length != b->routes[i].length ||
		    !tscf_addr_equal(&a->routes[i].addr, &b->routes[i].addr))
			return false;
	return memcmp(&x->server, &y->server, sizeof(x->server)) == 0 &&
	       memcmp(&x->nat, &y->nat, sizeof(x->nat)) == 0 && memcmp(x->dns, y->dns, sizeof(x->dns)) == 0 &&
	       memcmp(x->sip_servers, y->sip_servers, sizeof(x->sip_servers)) == 0;
}

static bool same_tunnel(const struct tscf_control_tunnel *a, const struct tscf_control_tunnel *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

enum hook_reason hook_next_reason(const struct hook_state *reported, const struct hook_state *now)
{
	const struct tscf_control_config *before = &reported->config, *after = &now->config;
	if (before->encrypted.up && !after->encrypted.up)
		return HOOK_ENCRYPTED_DOWN;
	if (before->plain.up && !after->plain.up)
		return HOOK_PLAIN_DOWN;
	if (!before->plain.up && after->plain.up)
		return HOOK_PLAIN_UP;
	if (after->plain.up && (!same_tunnel(&before->plain, &after->plain) || !same_service(reported, now)))
		return HOOK_PLAIN_CHANGED;
	if (!before->encrypted.up && after->encrypted.up)
		return HOOK_ENCRYPTED_UP;
	if (after->encrypted.up && !same_tunnel(&before->encrypted, &after->encrypted))
		return HOOK_ENCRYPTED_CHANGED;
	return HOOK_NONE;
}

static bool is_encrypted(enum hook_reason reason)
{
	return reason == HOOK_ENCRYPTED_UP || reason == HOOK_ENCRYPTED_CHANGED || reason == HOOK_ENCRYPTED_DOWN;
}

void hook_note(struct hook_state *reported, enum hook_reason reason, const struct hook_state *now)
{
	struct tscf_control_tunnel encrypted = reported->config.encrypted;
	if (is_encrypted(reason)) {
		reported->config.encrypted = now->config.encrypted;
	} else if (reason != HOOK_NONE) {
		*reported = *now;
		reported->config.encrypted = encrypted;
	}
}

const char *hook_reason_name(enum hook_reason reason)
{
	switch (reason) {
	case HOOK_PLAIN_UP:
		return "plain-up";
	case HOOK_PLAIN_CHANGED:
		return "plain-changed";
	case HOOK_PLAIN_DOWN:
		return "plain-down";
	case HOOK_ENCRYPTED_UP:
		return "encrypted-up";
	case HOOK_ENCRYPTED_CHANGED:
		return "encrypted-changed";
	case HOOK_ENCRYPTED_DOWN:
		return "encrypted-down";
	case HOOK_NONE:
		break;
	}
	return "none";
}

/* --- variables --- */

struct writer {
	struct hook_environment *out;
	unsigned count;
	size_t used; /**< length of the present variable */
};

static void __attribute__((format(printf, 2, 3))) append(struct writer *w, const char *format, ...)
{
	char *text = w->out->text[w->count - 1];
	va_list ap;
	if (w->used >= HOOK_VARIABLE)
		return;
	va_start(ap, format);
	w->used += (size_t)vsnprintf(text + w->used, HOOK_VARIABLE - w->used, format, ap);
	va_end(ap);
}

static void begin(struct writer *w, const char *name)
{
	w->out->list[w->count] = w->out->text[w->count];
	w->out->list[++w->count] = NULL;
	w->used = 0;
	append(w, "%s=", name);
}

/* Elements are separated by blanks. */
static void element(struct writer *w, const char *text)
{
	const char *so_far = w->out->text[w->count - 1];
	append(w, "%s%s", w->used > 0 && w->used < HOOK_VARIABLE && so_far[w->used - 1] != '=' ? " " : "", text);
}

static struct tscf_addr addr_of(const struct tscf_control_address *a)
{
	return a->family == 4   ? tscf_addr_v4(a->bytes)
	       : a->family == 6 ? tscf_addr_v6(a->bytes)
				: (struct tscf_addr){0};
}

static void addresses(struct writer *w, const char *name, const struct tscf_control_address *list, unsigned count)
{
	char text[TSCF_ADDR_TEXT];
	begin(w, name);
	for (unsigned i = 0; i < count; i++) {
		struct tscf_addr a = addr_of(&list[i]);
		if (a.family)
			element(w, tscf_addr_format(&a, text));
	}
}

static void endpoint(struct writer *w, const char *name, const struct tscf_control_address *address)
{
	struct tscf_addr a = addr_of(address);
	union tscf_endpoint e;
	char text[TSCF_ADDR_TEXT];
	begin(w, name);
	if (!a.family)
		return;
	tscf_endpoint_make(&a, address->port, &e);
	element(w, tscf_endpoint_format(&e, text));
}

static void routes(struct writer *w, const struct hook_state *s)
{
	char text[TSCF_ADDR_TEXT];
	begin(w, "TSCF_ROUTES");
	for (unsigned i = 0; i < s->route_count; i++)
		element(w, tscf_prefix_format(&s->routes[i], text));
}

static void word(struct writer *w, const char *name, const char *value)
{
	begin(w, name);
	append(w, "%s", value);
}

void hook_variables(const struct hook_state *state, enum hook_reason reason, const char *control,
		    struct hook_environment *out)
{
	const struct tscf_control_config *c = &state->config;
	const struct tscf_control_tunnel *t = is_encrypted(reason) ? &c->encrypted : &c->plain;
	const struct tscf_control_address internal[] = {t->ipv4, t->ipv6};
	struct writer w = {.out = out};
	word(&w, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	word(&w, "TSCF_REASON", hook_reason_name(reason));
	word(&w, "TSCF_CONTROL", control);
	word(&w, "TSCF_DEVICE", t->device);
	word(&w, "TSCF_TRANSPORT", t->transport);
	begin(&w, "TSCF_MTU");
	append(&w, "%u", t->mtu);
	addresses(&w, "TSCF_ADDRESSES", internal, 2);
	routes(&w, state);
	addresses(&w, "TSCF_DNS", c->dns, TSCF_CONTROL_SERVERS_MAX);
	addresses(&w, "TSCF_SIP", c->sip_servers, TSCF_CONTROL_SERVERS_MAX);
	endpoint(&w, "TSCF_SERVER", &c->server);
	endpoint(&w, "TSCF_NAT", &c->nat);
}

_Static_assert(HOOK_VARIABLES_MAX == 12, "as many as hook_variables makes");
