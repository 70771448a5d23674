#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put forged datagrams on a link, with any source address: what an attacker between client and server can do.

    forge.py OUTER udp  SOURCE:PORT DESTINATION:PORT TEXT     a clear inner UDP packet in a datagram of the plain tunnel
    forge.py OUTER tail SOURCE DESTINATION TEXT               a later IP fragment of UDP whose first one never was
    forge.py OUTER unreachable SOURCE DESTINATION:PORT REMOTE:PORT
                                                              ICMP port unreachable from SOURCE to DESTINATION, quoting a packet that
                                                              DESTINATION:PORT would have sent to REMOTE:PORT
    forge.py OUTER message TYPE TSID [TLV=HEX]...             a control message; TYPE and TLV are numbers, TSID is 16 digits
    forge.py OUTER bytes HEX                                  what was seen before, once more

Addresses are IPv4 or IPv6; a port is what follows the last colon, and brackets may be left out.

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


def address(text):
    return ipaddress.ip_address(text.strip("[]")).packed


def endpoint(text):
    host, _, port = text.rpartition(":")
    return address(host), int(port)


def ipv4(protocol, source, destination, payload, ident=0x7453, fragment=0):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, fragment, 64, protocol, 0, source, destination)
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def ipv6(protocol, source, destination, payload, ident=0x7453, fragment=None):
    """With a fragment header if there is a fragment field: the offset in bytes and the flag for more."""
    if fragment is not None:
        payload = struct.pack(">BBHI", protocol, 0, fragment, ident) + payload
        protocol = 44
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + source + destination + payload


def ip(protocol, source, destination, payload):
    return (ipv4 if len(source) == 4 else ipv6)(protocol, source, destination, payload)


def tail(source, destination, payload):
    """A later fragment, at offset 1480."""
    if len(source) == 4:
        return ipv4(17, source, destination, payload, fragment=185)
    return ipv6(17, source, destination, payload, fragment=1480)


def pseudo(source, destination, protocol, length):
    if len(source) == 4:
        return source + destination + struct.pack(">BBH", 0, protocol, length)
    return source + destination + struct.pack(">II", length, protocol)


def udp(source, destination, payload):
    length = 8 + len(payload)
    header = struct.pack(">HHHH", source[1], destination[1], length, 0)
    value = checksum(pseudo(source[0], destination[0], 17, length) + header + payload) or 0xFFFF
    return ip(17, source[0], destination[0], header[:6] + struct.pack(">H", value) + payload)


def unreachable(source, socket_end, remote):
    v4 = len(source) == 4
    quote = udp(socket_end, remote, b"forged quote")[:28 if v4 else 48]
    body = struct.pack(">BBHI", 3 if v4 else 1, 3 if v4 else 4, 0, 0) + quote
    value = checksum(body if v4 else pseudo(source, socket_end[0], 58, len(body)) + body)
    return ip(1 if v4 else 58, source, socket_end[0], body[:2] + struct.pack(">H", value) + body[4:])


def message(kind, tsid, tlvs):
    parts = []
    for text in tlvs:
        number, _, value = text.partition("=")
        value = bytes.fromhex(value)
        parts.append(struct.pack(">HH", int(number), len(value)) + value)
    # A sequence number above those of all true requests.
    return struct.pack(">BBH", 0x10, int(kind), len(parts)) + bytes.fromhex(tsid) + struct.pack(">I", 0x10000000) + b"".join(parts)


def build(args):
    words = args.words
    if args.kind == "udp":
        return udp(endpoint(words[0]), endpoint(words[1]), (words[2] + " ").encode() * 4)
    if args.kind == "tail":
        text = (words[2] + " ").encode() * 8
        return tail(address(words[0]), address(words[1]), text[:len(text) // 8 * 8])
    if args.kind == "unreachable":
        return unreachable(address(words[0]), endpoint(words[1]), endpoint(words[2]))
    if args.kind == "bytes":
        return bytes.fromhex(words[0])
    return message(words[0], words[1], words[2:])


def raw_socket(packet, outer):
    family = socket.AF_INET if packet[0] >> 4 == 4 else socket.AF_INET6
    raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if outer.startswith("-") and outer[1:]:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, outer[1:].encode())
    return raw


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("outer")
    parser.add_argument("kind", choices=["udp", "tail", "unreachable", "message", "bytes"])
    parser.add_argument("words", nargs="+")
    args = parser.parse_args()
    packet = build(args)
    if not args.outer.startswith("-"):
        source, destination = (endpoint(end) for end in args.outer.split(">"))
        packet = udp(source, destination, packet)
    raw = raw_socket(packet, args.outer)
    to = packet[16:20] if packet[0] >> 4 == 4 else packet[24:40]
    for _ in range(args.count):
        raw.sendto(packet, (str(ipaddress.ip_address(to)), 0))
        time.sleep(0.002)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit("forge: %s" % error)
