#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a server for tunnels with forged source addresses, so that the sender does not get the answers.

    flood.py PREFIX SERVER PORT COUNT RATE

Sends COUNT datagrams, RATE a second, each from another address of PREFIX and another port: in turn a Configuration_Request to PORT
and a DTLS ClientHello to the next one.  Prints "done".
"""

import ipaddress
import os
import random
import struct
import sys
import time

# The source folder may be read-only, and must not change.
sys.dont_write_bytecode = True

import forge


def configuration_request():
    """The request of a new client: with its own X25519 key, padded to 480 bytes as clients do."""
    share = b"\x01" + os.urandom(32)
    return forge.message(1, "f" * 16, ["15=" + os.urandom(16).hex(), "32=" + share.hex(), "17=" + bytes(403).hex()])


def extension(kind, value):
    return struct.pack(">HH", kind, len(value)) + value


def client_hello():
    """The first hello of a DTLS 1.2 client, without a cookie."""
    suites = struct.pack(">HHHHH", 8, 0xC02B, 0xC02F, 0xCCA9, 0xCCA8)
    extensions = (extension(10, b"\x00\x04\x00\x1d\x00\x17") + extension(11, b"\x01\x00") + extension(23, b"")
                  + extension(13, b"\x00\x04\x04\x03\x08\x04"))
    body = b"\xfe\xfd" + os.urandom(32) + b"\x00\x00" + suites + b"\x01\x00" + struct.pack(">H", len(extensions)) + extensions
    size = len(body).to_bytes(3, "big")
    handshake = b"\x01" + size + b"\x00\x00" + b"\x00\x00\x00" + size + body
    return b"\x16\xfe\xfd" + bytes(8) + struct.pack(">H", len(handshake)) + handshake


def main():
    prefix, server, port = ipaddress.ip_network(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    count, rate = int(sys.argv[4]), int(sys.argv[5])
    to = ipaddress.ip_address(server).packed
    raw, begin = None, time.monotonic()
    for number in range(count):
        source = prefix[random.randrange(1, prefix.num_addresses - 1)].packed, random.randrange(1024, 65536)
        hello = number % 2
        packet = forge.udp(source, (to, port + hello), client_hello() if hello else configuration_request())
        raw = raw or forge.raw_socket(packet, "-")
        raw.sendto(packet, (server, 0))
        time.sleep(max(begin + number / rate - time.monotonic(), 0))
    print("done", flush=True)


if __name__ == "__main__":
    main()
