/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/settings/networks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int networks_add_prefix(const struct tscf_setting *s, const char *text, void *field)
{
	struct networks *n = field;
	struct tscf_prefix prefix;

	(void)s;
	/* A prefix of length 0 would be every network. */
	if (tscf_prefix_parse(text, &prefix) != 0 || prefix.length == 0)
		return -EINVAL;
	if (!n)
		return 0;
	if (n->prefix_count == NETWORKS_MAX)
		return -EINVAL;
	tscf_prefix_normalize(&prefix);
	n->prefixes[n->prefix_count++] = prefix;
	return 0;
}

int networks_add_interface(const struct tscf_setting *s, const char *text, void *field)
{
	struct networks *n = field;
	char *name = NULL;
	int err = tscf_setting_device(s, text, &name);

	if (err == 0 && n && n->interface_count == NETWORKS_MAX)
		err = -EINVAL;
	if (err == 0 && n)
		snprintf(n->interfaces[n->interface_count++], IF_NAMESIZE, "%s", name);
	free(name);
	return err;
}

bool networks_any(const struct networks *n)
{
	return n->prefix_count + n->interface_count > 0;
}

bool networks_match(const struct networks *n, const struct tscf_addr *source, const char *interface, char *by)
{
	char text[TSCF_ADDR_TEXT];

	by[0] = '\0';
	for (unsigned i = 0; i < n->prefix_count && !by[0]; i++)
		if (tscf_prefix_contains(&n->prefixes[i], source))
			snprintf(by, NETWORKS_TEXT, "prefix %s", tscf_prefix_format(&n->prefixes[i], text));
	for (unsigned i = 0; i < n->interface_count && !by[0]; i++)
		if (strcmp(n->interfaces[i], interface) == 0)
			snprintf(by, NETWORKS_TEXT, "interface %s", interface);
	return by[0] != '\0';
}
