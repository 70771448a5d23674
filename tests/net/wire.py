#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a capture and report what an observer of the wire can read.

    wire.py PCAP clear TEXT            how many packets contain TEXT, anywhere in their bytes
    wire.py PCAP times TEXT            when each of these came
    wire.py PCAP socket PROTO PORT     how many clear inner packets belong to the phone's socket with that local port:
                                       its packets, their later fragments, and ICMP errors that quote them
    wire.py PCAP last PROTO PORT       the time of the last such packet, 0 if there is none
    wire.py PCAP answered KIND TEXT    the time of the first datagram down (of the plain or encrypted tunnel, with TEXT in it) to a port of
                                       the phone's that one has come up from, 0 if there is none
    wire.py PCAP flows                 clear inner flows: "COUNT FLOW" lines
    wire.py PCAP outside               what went over the link in no tunnel at all, as "COUNT FLOW" lines
    wire.py PCAP carried               JSON: packets with content on the ports of the tunnels, by transport and direction
    wire.py PCAP dtls                  JSON: records of the encrypted tunnel by direction and type
    wire.py PCAP messages              one line for each control message of the plain tunnel and each DTLS record; with --keys FILE
                                       (SSLKEYLOGFILE, see key_log.c) for what is inside of these, messages, packets and alerts
    wire.py PCAP raw WAY KIND          the bytes of every control message of the plain tunnel that went up or down, of that kind, in hex
    wire.py PCAP segments              JSON: of TCP that is in no tunnel, as in the service network, from the phone (up) and to it (down): how
                                       many SYNs, the largest MSS they announce, and the largest IP packet
    wire.py PCAP sip                   first lines of SIP messages that can be read, in order
    wire.py PCAP rtp OTHER             JSON: RTP from PCAP (the phone's side) to OTHER (the far side) and back, by sequence number

Every command takes --from and --to (seconds since the epoch).  The plain tunnel is UDP or TCP port 2004, the encrypted one
2005.  What went over TCP is put together again, also around lost and repeated segments; packets count at the time of the
segment that completed them.
It uses nothing that the daemons report, only the bytes of the capture.
"""

import argparse
import collections
import ipaddress
import json
import struct
import sys

PLAIN, ENCRYPTED = 2004, 2005
COPY, COPY_HEADER = 0x53, 8  # first byte and header of a copy of an inner packet, on a stream
PHONE_NETS = [ipaddress.ip_network(text) for text in ("10.8.0.0/24", "10.9.0.0/24", "2001:db8:8::/64", "2001:db8:9::/64")]
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
MESSAGES = {
    1: "configuration-request", 2: "configuration-response", 3: "resume-request", 4: "resume-response",
    5: "release-request", 6: "release-response", 7: "keepalive-request", 8: "keepalive-response",
    9: "service-request", 10: "service-response", 11: "chain-request", 12: "chain-response",
    13: "certificate-request", 14: "certificate-response",
}
TLVS = {
    1: "INTERNAL_IPV4", 2: "INTERNAL_IPV6", 3: "ROUTE_IPV4", 4: "ROUTE_IPV6", 5: "DNS", 6: "SIP_SERVER", 7: "MTU",
    8: "KEEPALIVE", 9: "RESPONSE_CODE", 10: "SERVICE_TYPE", 11: "RESERVED_TSID", 12: "BINDING", 13: "OBSERVED_ADDRESS",
    14: "RESUME_SECRET", 15: "CLIENT_ID", 16: "COOKIE", 17: "PADDING", 18: "RESERVATION_HASH",
    19: "RESERVATION_SECRET", 20: "QUIET", 21: "COMPLETE", 22: "PERSISTENCE", 23: "SHIELD_LOCK",
    24: "SHIELD_KEY", 25: "RESUME_LOCK", 26: "RESUME_KEY", 27: "AUTH_METHODS", 28: "AUTH_PROOF", 29: "AUTH_CERTIFICATE",
    30: "SHARED_ID", 31: "RUN", 32: "KEY_SHARE", 33: "CHAIN_DIGEST", 34: "SIGNATURE", 35: "MAC", 36: "CHAIN_PART",
    40: "CONNECTION_ID", 41: "ASIDE", 42: "SEAL", 43: "AUTH_KEY", 45: "SOCKET", 46: "SOCKET_ANSWER", 47: "SOCKETS_DUE",
    48: "LASTING_KEY", 50: "NAGLE", 51: "NEED", 52: "YIELD", 53: "NETWORKS",
    54: "ENTRIES_LEFT",
}
ACTIONS = ("bind", "release", "close")
LEVELS = ("default", "unencrypted", "encrypted-only", "encrypted-preferred")
# A record with a connection id does not show its type; nearly all are data.
RECORDS = {20: "change-cipher-spec", 21: "alert", 22: "handshake", 23: "data", 25: "data"}
ID = 4  # bytes of the connection ids that the server gives
HANDSHAKES = {
    0: "hello-request", 1: "client-hello", 2: "server-hello", 3: "hello-verify-request", 4: "session-ticket", 11: "certificate",
    12: "server-key-exchange", 13: "certificate-request", 14: "server-hello-done", 15: "certificate-verify",
    16: "client-key-exchange", 20: "finished",
}
SIP_METHODS = (b"REGISTER ", b"INVITE ", b"ACK ", b"BYE ", b"CANCEL ", b"OPTIONS ", b"NOTIFY ", b"SUBSCRIBE ", b"SIP/2.0 ")

Ip = collections.namedtuple("Ip", "protocol source destination ident offset more payload")


def read_pcap(path, start, end):
    """Yield (time, network-layer bytes, whole frame).  A record that is still being written is left out."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24:
        return
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    fraction = 1e9 if data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1e6
    link = struct.unpack(order + "I", data[20:24])[0] & 0xFFFF
    offset = 24
    while offset + 16 <= len(data):
        seconds, part, captured, _ = struct.unpack_from(order + "IIII", data, offset)
        offset += 16
        if offset + captured > len(data):
            return
        frame = data[offset:offset + captured]
        offset += captured
        time = seconds + part / fraction
        if start <= time <= end:
            yield time, network_layer(link, frame), frame


def network_layer(link, frame):
    """The IP packet in a frame, or nothing."""
    if link == 1:  # Ethernet
        return frame[14:] if frame[12:14] in (b"\x08\x00", b"\x86\xdd") else b""
    if link == 276:  # Linux cooked, version 2
        return frame[20:] if frame[:2] in (b"\x08\x00", b"\x86\xdd") else b""
    if link == 113:  # Linux cooked
        return frame[16:] if frame[14:16] in (b"\x08\x00", b"\x86\xdd") else b""
    return frame  # raw IP


def parse_ipv6(packet):
    """An IPv6 packet with hop-by-hop, routing, fragment and destination headers, or None."""
    if len(packet) < 40:
        return None
    total, protocol = 40 + struct.unpack_from(">H", packet, 4)[0], packet[6]
    at, ident, offset, more = 40, 0, 0, False
    while protocol in (0, 43, 44, 60) and len(packet) >= at + 8 and offset == 0:
        length = 8 if protocol == 44 else (packet[at + 1] + 1) * 8
        if protocol == 44:
            offset, more = struct.unpack_from(">H", packet, at + 2)[0] & 0xFFF8, bool(packet[at + 3] & 1)
            ident = struct.unpack_from(">I", packet, at + 4)[0]
        protocol, at = packet[at], at + length
    return Ip(protocol, str(ipaddress.ip_address(packet[8:24])), str(ipaddress.ip_address(packet[24:40])), ident,
              offset, more, packet[at:total])


def parse_ip(packet):
    """An IP packet, or None."""
    if packet and packet[0] >> 4 == 6:
        return parse_ipv6(packet)
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return None
    length = (packet[0] & 15) * 4
    total, ident, fragment = struct.unpack_from(">HHH", packet, 2)
    return Ip(packet[9], str(ipaddress.ip_address(packet[12:16])), str(ipaddress.ip_address(packet[16:20])), ident,
              (fragment & 0x1FFF) * 8, bool(fragment & 0x2000), packet[length:total])


def ports(ip):
    if ip.protocol in (6, 17) and ip.offset == 0 and len(ip.payload) >= 4:
        return struct.unpack_from(">HH", ip.payload)
    return None


class Flows:
    """Names flows, remembers first fragments."""

    def __init__(self):
        self.first = {}

    def name(self, packet):
        ip = parse_ip(packet)
        if not ip:
            return "ip%d" % (packet[0] >> 4) if packet else "empty"
        protocol = PROTOCOLS.get(ip.protocol, "protocol-%d" % ip.protocol)
        key = (ip.protocol, ip.source, ip.destination, ip.ident)
        if ip.offset:
            return self.first.get(key, "%s %s > %s fragment" % (protocol, ip.source, ip.destination))
        pair = ports(ip)
        name = "%s %s > %s" % (protocol, ip.source, ip.destination)
        if pair:
            name = "%s %s:%d > %s:%d" % (protocol, ip.source, pair[0], ip.destination, pair[1])
        elif (ip.protocol == 1 and ip.payload and ip.payload[0] in (3, 4, 5, 11, 12)
              or ip.protocol == 58 and ip.payload and ip.payload[0] < 128):
            name += " quoting " + Flows().name(ip.payload[8:])
        if ip.more:
            self.first[key] = name
        return name


def in_phone(address):
    """Whether the text is an internal address; it may be something else than an address."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ipaddress.ip_address(address) in net for net in PHONE_NETS)


def belongs(name, protocol, port):
    """Whether a flow's name is that of a packet of the phone's socket, or of an ICMP error about one."""
    name = name.split(" quoting ")[-1]
    words = name.split()
    if words[0] != protocol or len(words) < 4 or words[2] != ">":
        return False
    for end in (words[1], words[3]):
        address, _, number = end.rpartition(":")
        if in_phone(address) and number == str(port):
            return True
    return False


def tunnel(frame_ip, protocol=17):
    """(kind, direction, payload) of an outer packet of UDP, or of TCP with its header: kind is plain, encrypted or None."""
    ip = parse_ip(frame_ip)
    pair = ports(ip) if ip and ip.protocol == protocol else None
    for kind, port in (("plain", PLAIN), ("encrypted", ENCRYPTED)):
        if pair and port in pair:
            return kind, "down" if pair[0] == port else "up", ip.payload[8 if protocol == 17 else 0:]
    return None, "", b""


class Stream:
    """One direction of a TCP connection, put together."""

    def __init__(self):
        self.next, self.waiting, self.bytes = None, {}, b""

    def add(self, segment):
        sequence, flags = struct.unpack_from(">I", segment, 4)[0], segment[13]
        data = segment[(segment[12] >> 4) * 4:]
        if flags & 2 or self.next is None:  # SYN, or the capture began later
            self.next, self.waiting, self.bytes = (sequence + (flags >> 1 & 1)) & 0xFFFFFFFF, {}, b""
        if data:
            self.waiting[sequence] = max(data, self.waiting.get(sequence, b""), key=len)
        for start in sorted(self.waiting, key=lambda s: (s - self.next + 0x80000000) & 0xFFFFFFFF):
            known = (self.next - start + 0x80000000) % 0x100000000 - 0x80000000
            if known < 0:
                return
            data = self.waiting.pop(start)[known:]
            self.bytes += data
            self.next = (self.next + len(data)) & 0xFFFFFFFF

    def pieces(self):
        """Take the inner packets and messages that are complete."""
        while self.bytes:
            length = piece_length(self.bytes)
            if length is None or len(self.bytes) < length:
                return
            yield self.bytes[:length]
            self.bytes = self.bytes[length:]


def piece_length(data):
    """The length of the packet, copy of one or message that begins here; None: more is needed to tell."""
    if data[0] == COPY:
        inner = piece_length(data[COPY_HEADER:]) if len(data) > COPY_HEADER else None
        return inner and COPY_HEADER + inner
    if data[0] >> 4 == 4:
        return struct.unpack_from(">H", data, 2)[0] if len(data) >= 4 else None
    if data[0] >> 4 == 6:
        return 40 + struct.unpack_from(">H", data, 4)[0] if len(data) >= 6 else None
    if len(data) < 16:
        return None
    at = 16
    for _ in range(struct.unpack_from(">H", data, 2)[0]):
        if len(data) < at + 4:
            return None
        at += 4 + struct.unpack_from(">H", data, at + 2)[0]
    return at


def plain_pieces(path, start, end):
    """Yield (time, direction, inner packet or message) of the plain tunnel, by UDP and TCP."""
    streams = collections.defaultdict(Stream)
    for time, packet, _ in read_pcap(path, 0, end):
        kind, direction, payload = tunnel(packet)
        if kind == "plain" and payload and time >= start:
            yield time, direction, payload
        kind, direction, segment = tunnel(packet, 6)
        if kind != "plain" or len(segment) < 20:
            continue
        ip = parse_ip(packet)
        stream = streams[ip.source, ip.destination, segment[:4]]
        stream.add(segment)
        for piece in stream.pieces():
            if time >= start:
                yield time, direction, piece


def clear_packets(args):
    """Yield (time, direction, inner packet) of what the plain tunnel carries."""
    for time, direction, piece in plain_pieces(args.pcap, args.start, args.end):
        if piece[0] == COPY:
            piece = piece[COPY_HEADER:]
        if piece[0] >> 4 in (4, 6):
            yield time, direction, piece


def command_clear(args):
    text = args.arguments[0].encode()
    print(sum(text in frame for _, _, frame in read_pcap(args.pcap, args.start, args.end)))


def command_times(args):
    text = args.arguments[0].encode()
    for time, _, frame in read_pcap(args.pcap, args.start, args.end):
        if text in frame:
            print("%.6f" % time)


def command_socket(args):
    protocol, port = args.arguments
    flows = Flows()
    print(sum(belongs(flows.name(inner), protocol, port) for _, _, inner in clear_packets(args)))


def command_last(args):
    protocol, port = args.arguments
    flows = Flows()
    times = [time for time, _, inner in clear_packets(args) if belongs(flows.name(inner), protocol, port)]
    print("%.6f" % max(times, default=0))


def command_answered(args):
    """Count times from --from on: a datagram down before any datagram up from that port is no answer."""
    kind, text = args.arguments[0], args.arguments[1].encode()
    asked = set()
    for time, packet, _ in read_pcap(args.pcap, args.start, args.end):
        found, direction, payload = tunnel(packet)
        if found != kind or text not in payload:
            continue
        source, destination = ports(parse_ip(packet))
        if direction == "up":
            asked.add(source)
        elif destination in asked:
            print("%.6f" % time)
            return
    print(0)


def command_carried(args):
    counts = {name: {"up": 0, "down": 0} for name in ("udp", "dtls", "tcp", "tls")}
    for _, packet, _ in read_pcap(args.pcap, args.start, args.end):
        kind, direction, payload = tunnel(packet)
        if kind and payload:
            counts["udp" if kind == "plain" else "dtls"][direction] += 1
        kind, direction, segment = tunnel(packet, 6)
        if kind and len(segment) >= 20 and len(segment) > (segment[12] >> 4) * 4:
            counts["tcp" if kind == "plain" else "tls"][direction] += 1
    print(json.dumps(counts))


def print_counts(counts):
    for name, count in sorted(counts.items()):
        print(count, name)


def command_flows(args):
    flows = Flows()
    print_counts(collections.Counter(flows.name(inner) for _, _, inner in clear_packets(args)))


def command_outside(args):
    flows = Flows()
    print_counts(collections.Counter(
        flows.name(packet) for _, packet, _ in read_pcap(args.pcap, args.start, args.end)
        if packet and tunnel(packet)[0] is None and tunnel(packet, 6)[0] is None))


def records(payload):
    """Yield (type, epoch, record) of DTLS records, header included; the type of other bytes is None."""
    offset = 0
    while offset < len(payload):
        if len(payload) - offset < 13 or payload[offset] not in RECORDS:
            yield None, 0, payload[offset:]
            return
        header = 13 + (ID if payload[offset] == 25 else 0)
        if len(payload) - offset < header:
            yield None, 0, payload[offset:]
            return
        epoch = struct.unpack_from(">H", payload, offset + 3)[0]
        length = struct.unpack_from(">H", payload, offset + header - 2)[0]
        yield payload[offset], epoch, payload[offset:offset + header + length]
        offset += header + length


def command_dtls(args):
    counts = {"up": collections.Counter(), "down": collections.Counter()}
    for _, packet, _ in read_pcap(args.pcap, args.start, args.end):
        kind, direction, payload = tunnel(packet)
        if kind == "encrypted":
            for record, _, _ in records(payload):
                counts[direction][RECORDS.get(record, "invalid")] += 1
    names = list(RECORDS.values()) + ["invalid"]
    print(json.dumps({d: {name: c[name] for name in names} for d, c in counts.items()}))


def end_text(value):
    """Port, then address."""
    return "%s:%d" % (ipaddress.ip_address(value[2:]), struct.unpack_from(">H", value)[0])


def key_text(value):
    """PROTOCOL/LOCAL or PROTOCOL/LOCAL-REMOTE, of a value with a socket; None if it is malformed."""
    protocol, family, remote = value[3:6]
    size = 18 if family == 6 else 6
    if len(value) != 6 + (2 if remote else 1) * size:
        return None
    text = "%s/%s" % (PROTOCOLS.get(protocol, str(protocol)), end_text(value[6:6 + size]))
    return text + ("-" + end_text(value[6 + size:]) if remote else "")


def binding_text(value):
    """ACTION/LEVEL/ and the socket."""
    action, level, key = value[0], value[1], key_text(value)
    if not key or action >= len(ACTIONS) or level >= len(LEVELS):
        return "malformed"
    return "/".join([ACTIONS[action], LEVELS[level], key])


def socket_text(value):
    """REDUNDANCY/FLAGS/ and the socket."""
    return "%d/%d/%s" % (value[0], value[1], key_text(value) or "malformed")


def tlv_text(kind, value):
    name = TLVS.get(kind, "TLV-%d" % kind)
    if kind in (1, 3) and len(value) == 5 or kind in (2, 4) and len(value) == 17:
        return "%s=%s/%d" % (name, ipaddress.ip_address(value[:-1]), value[-1])
    if kind == 9:
        return "%s=%d" % (name, struct.unpack_from(">H", value)[0])
    if kind in (7, 8, 10, 22):
        return "%s=%d" % (name, int.from_bytes(value, "big"))
    if kind == 11:
        return "%s=%s" % (name, value.hex())
    if kind == 12 and len(value) >= 6:
        return "%s=%s" % (name, binding_text(value))
    if kind == 45 and len(value) >= 6:
        return "%s=%s" % (name, socket_text(value))
    if kind == 46 and len(value) == 3:
        return "%s=%d/%d/%d" % (name, *value)
    return name


def message_text(payload):
    if len(payload) < 16:
        return "truncated"
    kind, count = payload[1], struct.unpack_from(">H", payload, 2)[0]
    words = [MESSAGES.get(kind, "type-%d" % kind), "tsid=" + payload[4:12].hex(),
             "sequence=%d" % struct.unpack_from(">I", payload, 12)[0]]
    offset = 16
    for _ in range(count):
        if len(payload) - offset < 4:
            return " ".join(words + ["truncated"])
        tlv, length = struct.unpack_from(">HH", payload, offset)
        words.append(tlv_text(tlv, payload[offset + 4:offset + 4 + length]))
        offset += 4 + length
    return " ".join(words)


def inside_text(kind, content, flows):
    """The content of an encrypted record, in words."""
    if kind == 22:
        return "handshake " + HANDSHAKES.get(content[0] if content else -1, "unknown")
    if kind == 21:
        return "alert " + ("close-notify" if content[1:] == b"\0" else content.hex())
    if kind == 23 and content and content[0] >> 4 == 1:
        return message_text(content)
    return "packet " + flows.name(content) if kind == 23 else RECORDS[kind]


def record_text(kind, epoch, record):
    """What a record shows without the keys, in words."""
    text = RECORDS.get(kind, "invalid")
    if kind == 22:
        text += " " + ("encrypted" if epoch else HANDSHAKES.get(record[13] if len(record) > 13 else -1, "unknown"))
    return text


def command_messages(args):
    if args.keys:
        # A library is needed only with keys.
        import dtls
        decoder = dtls.Decoder(args.keys)
    flows = Flows()
    for time, packet, _ in read_pcap(args.pcap, 0, args.end):
        kind, direction, payload = tunnel(packet)
        lines = []
        if kind == "plain" and payload and payload[0] >> 4 == 1:
            lines = [message_text(payload)]
        elif kind == "encrypted":
            ip = parse_ip(packet)
            client = (ip.source, ports(ip)[0]) if direction == "up" else (ip.destination, ports(ip)[1])
            for number, epoch, record in records(payload):
                inside = decoder.content(client, direction, record) if args.keys and number else None
                lines.append(record_text(number, epoch, record) if inside is None else inside_text(*inside, flows))
        for line in lines if time >= args.start else []:
            print("%.6f %s %s %s" % (time, direction, kind, line))


def command_raw(args):
    way, wanted = args.arguments
    for time, packet, _ in read_pcap(args.pcap, 0, args.end):
        kind, direction, payload = tunnel(packet)
        if (time >= args.start and kind == "plain" and direction == way and len(payload) >= 16 and payload[0] >> 4 == 1 and
                MESSAGES.get(payload[1]) == wanted):
            print(payload.hex())


def announced(segment):
    """The MSS option of a TCP header, 0 if there is none."""
    options = segment[20:(segment[12] >> 4) * 4]
    while options and options[0] != 0:
        if options[0] == 2 and len(options) >= 4:
            return struct.unpack_from(">H", options, 2)[0]
        options = options[max(options[1], 2) if options[0] != 1 and len(options) > 1 else 1:]
    return 0


def command_segments(args):
    result = {name: {"syns": 0, "mss": 0, "largest": 0} for name in ("up", "down")}
    for _, packet, _ in read_pcap(args.pcap, args.start, args.end):
        ip = parse_ip(packet)
        if not ip or ip.protocol != 6 or len(ip.payload) < 20:
            continue
        way = result["up" if in_phone(ip.source) else "down"]
        way["largest"] = max(way["largest"], len(packet))
        if ip.payload[13] & 2:
            way["syns"] += 1
            way["mss"] = max(way["mss"], announced(ip.payload))
    print(json.dumps(result))


def inner_payloads(path, start, end):
    """Yield (time, source, destination, UDP payload), in the plain tunnel or outside of one."""
    for time, packet, _ in read_pcap(path, start, end):
        kind, _, payload = tunnel(packet)
        ip = parse_ip(payload if kind == "plain" else packet)
        if ip and kind != "encrypted" and ip.protocol == 17 and ip.offset == 0 and len(ip.payload) >= 8:
            yield time, ip.source, ip.destination, ip.payload[8:]


def command_sip(args):
    for _, source, destination, payload in inner_payloads(args.pcap, args.start, args.end):
        if payload.startswith(SIP_METHODS):
            print("%s > %s: %s" % (source, destination, payload.split(b"\r\n")[0].decode("ascii", "replace")))


def rtp_packets(path, start, end):
    """{(direction, ssrc): {sequence: time}} of RTP with payload type 0, sequence numbers made to grow over 65535."""
    streams = collections.defaultdict(dict)
    last = {}
    for time, source, _, payload in inner_payloads(path, start, end):
        if len(payload) < 12 or payload[0] >> 6 != 2 or payload[1] & 0x7F != 0:
            continue
        key = ("up" if in_phone(source) else "down", payload[8:12])
        sequence = struct.unpack_from(">H", payload, 2)[0]
        base = last.get(key, sequence)
        sequence = base + ((sequence - base + 0x8000) & 0xFFFF) - 0x8000
        last[key] = max(base, sequence)
        streams[key].setdefault(sequence, time)
    return streams


def command_rtp(args):
    """A packet counts as sent if it left its side in the span of time, and as received if it reached the other side at any time."""
    sides = [rtp_packets(path, 0, float("inf")) for path in (args.pcap, args.arguments[0])]
    result = {}
    for direction, sender, receiver in (("up", sides[0], sides[1]), ("down", sides[1], sides[0])):
        sent = received = 0
        gap = 0.0
        for key, stream in sender.items():
            if key[0] != direction:
                continue
            chosen = [s for s, time in stream.items() if args.start <= time <= args.end]
            arrived = sorted(receiver.get(key, {})[s] for s in chosen if s in receiver.get(key, {}))
            sent += len(chosen)
            received += len(arrived)
            gap = max([gap] + [b - a for a, b in zip(arrived, arrived[1:])])
        result[direction] = {"sent": sent, "received": received, "lost": sent - received, "max_gap_ms": round(gap * 1000, 1)}
    print(json.dumps(result))


def main():
    commands = {name[8:]: function for name, function in globals().items() if name.startswith("command_")}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pcap")
    parser.add_argument("command", choices=sorted(commands))
    parser.add_argument("arguments", nargs="*")
    parser.add_argument("--from", dest="start", type=float, default=0.0)
    parser.add_argument("--to", dest="end", type=float, default=float("inf"))
    parser.add_argument("--keys", metavar="FILE", help="of SSLKEYLOGFILE's format, for what is inside DTLS")
    args = parser.parse_args()
    wanted = {"clear": 1, "times": 1, "socket": 2, "last": 2, "answered": 2, "raw": 2, "rtp": 1}.get(args.command, 0)
    if len(args.arguments) != wanted:
        parser.error("%s takes %d arguments" % (args.command, wanted))
    commands[args.command](args)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
