/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/sealing.h"

#include <stdlib.h>
#include <string.h>

struct sealing *sealing_new(const struct tscf_seal *seal, struct tscf_credential *credential)
{
	struct sealing *s = malloc(sizeof(*s));
	if (s)
		*s = (struct sealing){.seal = *seal, .holders = 1, .credential = tscf_credential_hold(credential)};
	return s;
}

struct sealing *sealing_hold(struct sealing *s)
{
	if (s)
		s->holders++;
	return s;
}

void sealing_drop(struct sealing **s)
{
	struct sealing *gone = *s;
	*s = NULL;
	if (!gone || --gone->holders > 0)
		return;
	tscf_credential_drop(gone->credential);
	explicit_bzero(gone, sizeof(*gone));
	free(gone);
}
