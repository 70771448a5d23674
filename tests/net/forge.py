#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put forged datagrams on a link, with any source address: what an attacker between client and server can do.

    forge.py OUTER udp  SOURCE:PORT DESTINATION:PORT TEXT     a clear inner UDP packet in a datagram of the plain tunnel
    forge.py OUTER tail SOURCE DESTINATION TEXT               a later IP fragment of UDP whose first one never was
    forge.py OUTER unreachable SOURCE DESTINATION:PORT REMOTE:PORT
                                                              ICMP port unreachable from SOURCE to DESTINATION, quoting a packet that
                                                              DESTINATION:PORT would have sent to REMOTE:PORT
    forge.py OUTER message TYPE TSID [TLV=HEX]...             a control message; TYPE and TLV are numbers, TSID is 16 digits

OUTER is SOURCE:PORT>DESTINATION:PORT, the outer addresses; or "-" to send the inner packet itself, by the routes of the namespace;
or "-DEVICE" to send it through that device.  --count N repeats it.
"""

import argparse
import ipaddress
import socket
import struct
import sys
import time


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def endpoint(text):
    address, _, port = text.partition(":")
    return ipaddress.ip_address(address).packed, int(port or 0)


def ipv4(protocol, source, destination, payload, ident=0x7453, fragment=0):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, fragment, 64, protocol, 0, source, destination)
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def udp(source, destination, payload):
    length = 8 + len(payload)
    pseudo = source[0] + destination[0] + struct.pack(">BBH", 0, 17, length)
    header = struct.pack(">HHHH", source[1], destination[1], length, 0)
    value = checksum(pseudo + header + payload) or 0xFFFF
    return ipv4(17, source[0], destination[0], header[:6] + struct.pack(">H", value) + payload)


def unreachable(source, socket_end, remote):
    quote = udp(socket_end, remote, b"forged quote")[:28]
    body = struct.pack(">BBHI", 3, 3, 0, 0) + quote
    return ipv4(1, source[0], socket_end[0], body[:2] + struct.pack(">H", checksum(body)) + body[4:])


def message(kind, tsid, tlvs):
    parts = []
    for text in tlvs:
        number, _, value = text.partition("=")
        value = bytes.fromhex(value)
        parts.append(struct.pack(">HH", int(number), len(value)) + value)
    # A sequence number that no honest request has reached.
    return struct.pack(">BBH", 0x10, int(kind), len(parts)) + bytes.fromhex(tsid) + struct.pack(">I", 0x10000000) + b"".join(parts)


def build(args):
    words = args.words
    if args.kind == "udp":
        return udp(endpoint(words[0]), endpoint(words[1]), (words[2] + " ").encode() * 4)
    if args.kind == "tail":
        text = (words[2] + " ").encode() * 8
        return ipv4(17, endpoint(words[0])[0], endpoint(words[1])[0], text[:len(text) // 8 * 8], fragment=185)
    if args.kind == "unreachable":
        return unreachable(endpoint(words[0]), endpoint(words[1]), endpoint(words[2]))
    return message(words[0], words[1], words[2:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("outer")
    parser.add_argument("kind", choices=["udp", "tail", "unreachable", "message"])
    parser.add_argument("words", nargs="+")
    args = parser.parse_args()
    packet = build(args)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if args.outer.startswith("-"):
        if args.outer[1:]:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, args.outer[1:].encode())
    else:
        source, destination = (endpoint(end) for end in args.outer.split(">"))
        packet = udp(source, destination, packet)
    for _ in range(args.count):
        raw.sendto(packet, (str(ipaddress.ip_address(packet[16:20])), 0))
        time.sleep(0.002)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit("forge: %s" % error)
