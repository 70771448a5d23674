#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a server for a plain tunnel as no tscf-client does, and print what it answers.

    ask.py SERVER:PORT [TLV=HEX]...     a configuration request with these TLVs; TLV is a number

One line is printed: the response code and the text.  Without an answer within a second the exit status is 1.
"""

import socket
import struct
import sys

import forge

REQUEST, NO_SESSION = 1, "ff" * 8
RESPONSE = 9  # TLV with code and text


def tlvs(message):
    at, (count,) = 16, struct.unpack(">H", message[2:4])
    for _ in range(count):
        kind, length = struct.unpack(">HH", message[at:at + 4])
        yield kind, message[at + 4:at + 4 + length]
        at += 4 + length


def main():
    host, _, port = sys.argv[1].rpartition(":")
    host = host.strip("[]")
    asker = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    asker.settimeout(1)
    asker.connect((host, int(port)))
    asker.send(forge.message(REQUEST, NO_SESSION, sys.argv[2:]))
    try:
        answer = asker.recv(2048)
    except TimeoutError:
        sys.exit("ask: no answer")
    value = dict(tlvs(answer)).get(RESPONSE, b"")
    print(struct.unpack(">H", value[:2])[0], value[2:].decode())


if __name__ == "__main__":
    main()
