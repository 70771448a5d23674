#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One end of calls: RTP as G.711 sends it, 50 packets of 172 bytes a second each way, and what came of the other end's.

    calls.py BEGIN SETTLE SECONDS LOCAL REMOTE CALL...

A CALL is a name that ends in ":PORT:DSCP", the port being that of both ends.  The sockets are there at once.  The first packets are sent when
there is a file BEGIN, and those of the first SETTLE seconds are not counted.  Both ends run on one host, so that they have one clock.  At the end, a line of JSON for each call:
its name, the delay in ms of each packet by its number (null: it did not come), and the numbers of those that had been lost on the way: packets
are sent as ECN-capable, and lossy.py has marked all that came by it.
"""

import json
import os
import selectors
import socket
import struct
import sys
import time

RATE, SIZE = 50, 172
HEADER = struct.Struct(">HHIIIq")  # RTP's, then the packet's number and the time
RTP, SAMPLES = 0x8000, 160
ECN_CAPABLE, ECN = 2, 3
LINGER = 1.0  # seconds for the last packets


class Call:
    """One socket."""

    def __init__(self, name, local, remote):
        self.name, (port, dscp) = name, [int(word) for word in name.split(":")[-2:]]
        self.arrived, self.repaired, self.number, self.ssrc = {}, [], 0, port
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2 | ECN_CAPABLE)
        self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        self.sock.setblocking(False)
        self.sock.bind((local, port))
        self.sock.connect((remote, port))

    def send(self):
        header = HEADER.pack(RTP, self.number & 0xFFFF, SAMPLES * self.number, self.ssrc, self.number, time.monotonic_ns())
        self.number += 1
        try:
            self.sock.send(header.ljust(SIZE, b"\xd5"))
        except OSError:
            pass  # the other end is not there yet

    def receive(self):
        try:
            data, ancillary, _, _ = self.sock.recvmsg(2048, 64)
        except OSError:
            return
        *_, number, sent = HEADER.unpack_from(data)
        self.arrived.setdefault(number, (time.monotonic_ns() - sent) / 1e6)
        if not ancillary or ancillary[0][2][0] & ECN != ECN:
            self.repaired.append(number)

    def result(self, first, end):
        delays = [self.arrived.get(number) for number in range(first, end)]
        return json.dumps({"call": self.name, "delays": [None if d is None else round(d, 2) for d in delays],
                           "repaired": [number - first for number in self.repaired if first <= number < end]})


def talk(calls, count):
    """Send @count packets of each call, and receive."""
    selector, start, sent = selectors.DefaultSelector(), time.monotonic(), 0
    for call in calls:
        selector.register(call.sock, selectors.EVENT_READ, call.receive)
    # In turn, so that the packets of all calls are spread evenly.
    interval, whole = 1 / RATE / len(calls), count * len(calls)
    end = start + count / RATE + LINGER
    while time.monotonic() < end:
        while sent < whole and time.monotonic() >= start + sent * interval:
            calls[sent % len(calls)].send()
            sent += 1
        due = start + sent * interval if sent < whole else end
        for key, _ in selector.select(max(due - time.monotonic(), 0)):
            key.data()


def main():
    settle, seconds = (float(word) for word in sys.argv[2:4])
    calls = [Call(name, *sys.argv[4:6]) for name in sys.argv[6:]]
    first, end = int(settle * RATE), int((settle + seconds) * RATE)
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.02)
    talk(calls, end)
    for call in calls:
        print(call.result(first, end))


if __name__ == "__main__":
    main()
