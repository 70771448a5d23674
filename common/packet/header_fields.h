/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * header_fields.h - offsets of the IP, TCP and UDP header fields that offloads read and rewrite: RFC 791, RFC 8200, RFC
 * 9293, RFC 768.  Byte offsets from the start of each header.
 */
#ifndef TSCF_HEADER_FIELDS_H
#define TSCF_HEADER_FIELDS_H

#include <linux/virtio_net.h>

#define TSCF_IPV4_HEADER   20   /**< without options */
#define TSCF_IPV4_PLAIN    0x45 /**< first byte of a header without options */
#define TSCF_IPV4_TOS      1
#define TSCF_IPV4_TOTAL    2
#define TSCF_IPV4_ID       4
#define TSCF_IPV4_FRAGMENT 6
#define TSCF_IPV4_DF       0x4000
#define TSCF_IPV4_TTL      8
#define TSCF_IPV4_PROTOCOL 9
#define TSCF_IPV4_CHECK    10
#define TSCF_IPV4_SOURCE   12

#define TSCF_IPV6_HEADER  40
#define TSCF_IPV6_PAYLOAD 4
#define TSCF_IPV6_NEXT    6
#define TSCF_IPV6_HOPS    7
#define TSCF_IPV6_SOURCE  8

#define TSCF_TCP_HEADER 20 /**< without options */
#define TSCF_TCP_SEQ    4
#define TSCF_TCP_ACK    8
#define TSCF_TCP_OFFSET 12
#define TSCF_TCP_FLAGS  13
#define TSCF_TCP_WINDOW 14
#define TSCF_TCP_CHECK  16

#define TSCF_FLAG_FIN 0x01
#define TSCF_FLAG_PSH 0x08
#define TSCF_FLAG_ACK 0x10
#define TSCF_FLAG_ECE 0x40
#define TSCF_FLAG_CWR 0x80

#define TSCF_UDP_HEADER 8
#define TSCF_UDP_LENGTH 4
#define TSCF_UDP_CHECK  6

/* Headers of kernels before 6.2 lack UDP segmentation. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#endif
