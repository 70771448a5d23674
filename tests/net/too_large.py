#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that forbids fragments, and sends datagrams that are too large until it gets an error.

    too_large.py LOCAL:PORT REMOTE:PORT BYTES

It forbids fragments, sends datagrams of BYTES from LOCAL to REMOTE, and prints "EMSGSIZE" and the MTU of the path that the kernel then
knows; or "sent" and that MTU if nobody has said anything for three seconds.
"""

import errno
import ipaddress
import socket
import sys
import time

# From <linux/in.h> and <linux/in6.h>; the socket module lacks them.
IP_MTU_DISCOVER, IP_MTU, IPV6_MTU_DISCOVER, IPV6_MTU, PMTUDISC_DO = 10, 14, 23, 24, 2


def endpoint(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def told(sock, size):
    """Whether a send fails because the datagram is too large, within three seconds."""
    end = time.monotonic() + 3
    while time.monotonic() < end:
        try:
            sock.send(bytes(size))
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                return True
            if error.errno != errno.ECONNREFUSED:
                raise
        time.sleep(0.02)
    return False


def main():
    local, remote, size = endpoint(sys.argv[1]), endpoint(sys.argv[2]), int(sys.argv[3])
    v4 = ipaddress.ip_address(remote[0]).version == 4
    level = socket.IPPROTO_IP if v4 else socket.IPPROTO_IPV6
    with socket.socket(socket.AF_INET if v4 else socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(level, IP_MTU_DISCOVER if v4 else IPV6_MTU_DISCOVER, PMTUDISC_DO)
        sock.bind(local)
        sock.connect(remote)
        word = "EMSGSIZE" if told(sock, size) else "sent"
        print(word, sock.getsockopt(level, IP_MTU if v4 else IPV6_MTU))


if __name__ == "__main__":
    main()
