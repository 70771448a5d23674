#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server that knows one name, until killed.

    dns.py LISTEN NAME ADDRESS...

Answers questions for NAME with the IPv4 or IPv6 addresses given, and says of every other name that it does not exist.
"""

import ipaddress
import socket
import struct
import sys

TYPES = {1: 4, 28: 6}  # A, AAAA: the version of IP
TTL = 1


def question(data):
    """Return the name that is asked for, the type, and the bytes of the whole question (RFC 1035, 4.1.2)."""
    labels, at = [], 12
    while data[at] != 0:
        labels.append(data[at + 1 : at + 1 + data[at]].decode("ascii"))
        at += 1 + data[at]
    kind, _ = struct.unpack_from("!HH", data, at + 1)
    return ".".join(labels).lower(), kind, data[12 : at + 5]


def answer(data, name, addresses):
    """Return the response to a query."""
    asked, kind, echo = question(data)
    known = asked == name.lower()
    fitting = [a for a in addresses if known and a.version == TYPES.get(kind)]
    records = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, TTL, len(a.packed)) + a.packed for a in fitting)
    flags = 0x8180 if known else 0x8183
    return data[:2] + struct.pack("!HHHHH", flags, 1, len(fitting), 0, 0) + echo + records


def main(listen, name, *addresses):
    addresses = [ipaddress.ip_address(a) for a in addresses]
    listen = ipaddress.ip_address(listen)
    sock = socket.socket(socket.AF_INET if listen.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind((str(listen), 53))
    print("ready", flush=True)
    while True:
        data, peer = sock.recvfrom(4096)
        try:
            sock.sendto(answer(data, name, addresses), peer)
        except (IndexError, struct.error, UnicodeDecodeError):
            pass


if __name__ == "__main__":
    main(*sys.argv[1:])
