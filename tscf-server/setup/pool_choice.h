/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pool_choice.h - chooses address ranges for clients that this host does not use yet.
 *
 * A pure function.
 */
#ifndef TSCF_SERVER_POOL_CHOICE_H
#define TSCF_SERVER_POOL_CHOICE_H

#include "tscf-server/settings/prefixes.h"

/** Length of each range: 4093 clients. */
#define POOL_LENGTH 20

/**
 * Choose two neighbouring IPv4 ranges in private networks (RFC 1918) that overlap none of @p taken.
 *
 * @return 0, or -ENOSPC.
 */
int pool_choose(const struct server_prefixes *taken, struct tscf_prefix *plain, struct tscf_prefix *encrypted);

#endif
