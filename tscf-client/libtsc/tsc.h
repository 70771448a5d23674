/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tsc.h - tunneled services control: the encryption level of a socket.
 *
 * For programs that know about their tunnel.  Under tscf-run(1), or with libtscf-preload.so loaded in another way, setsockopt(2)
 * and getsockopt(2) understand one option more:
 *
 *     enum tsc_so_tunnel_transport_encryption level = tsc_so_tunnel_transport_encrypted_only;
 *     setsockopt(fd, SOL_SOCKET, SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION, (char *)&level, sizeof level);
 *
 * -1: not set (errno ENOPROTOOPT: no library or no tunnel client).  0: set; packets of the socket that must be encrypted are not sent in any other
 * way, but they travel only once the encrypted tunnel is there.
 */
#ifndef TSCF_TSC_H
#define TSCF_TSC_H

#ifdef __cplusplus
extern "C" {
#endif

/** Option of level SOL_SOCKET; far away from the numbers the kernel uses. */
#define SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION 0x7453

enum tsc_so_tunnel_transport_encryption {
	tsc_so_tunnel_transport_default = 0,         /**< stays where it is */
	tsc_so_tunnel_transport_unencrypted,         /**< in the plain tunnel */
	tsc_so_tunnel_transport_encrypted_only,      /**< in the encrypted tunnel, or not at all */
	tsc_so_tunnel_transport_encrypted_preferred, /**< in the encrypted tunnel if there is one */
};

#ifdef __cplusplus
}
#endif

#endif
