/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * invite.h - what all invitations to a server have in common.
 */
#ifndef TSCF_SERVER_INVITE_H
#define TSCF_SERVER_INVITE_H

#include "common/auth/invitation.h"
#include "tscf-server/settings/config.h"

/**
 * Find the address of this host that packets by its default route have.  Nothing is sent.
 *
 * @param family  AF_INET or AF_INET6
 * @return 0, or -errno.
 */
int invite_own_address(uint8_t family, struct tscf_addr *out);

/**
 * Fill in servers, transport and pin of an invitation to the interface @p i; its identity and key are left empty.
 *
 * The servers are its public names, or else the addresses that it listens on; if that is any address, the address that
 * this host uses towards its default route.  Makes the server's certificate if it would be made at the first start.
 *
 * @return 0, or -errno (logged).
 */
int invite_prepare(const struct server_config *c, const struct server_interface_config *i, struct tscf_invitation *out);

/**
 * Find the name of the server's record of used invitations.  Makes the record if there is none.
 *
 * @return 0, or -errno (logged).
 */
int invite_record(const struct server_config *c, uint8_t name[TSCF_PSK_RECORD]);

#endif
