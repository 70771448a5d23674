#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A path that loses datagrams: forward UDP in both directions, until killed.

    lossy.py MILLISECONDS SEED CONTROL-PORT PORT ADDRESS PORT-THERE [PORT ADDRESS PORT-THERE]...

What comes to PORT of 127.0.0.1 goes to PORT-THERE of ADDRESS after so long, from a port of its own for each sender, and back ("down").

The path loses nothing until a datagram to CONTROL-PORT of 127.0.0.1 says "loss PERCENT BURST".  From then on it loses so many percent of the
datagrams, BURST of them in a row on average, or each by itself if BURST is 0 (the channel of Gilbert and Elliott, which loses everything in
its bad state).  Each direction of each PORT has a channel for each DSCP, so that a call with a DSCP of its own has its own bursts, and the
repair packets that follow its packets are in them.

"count" is answered by a line of JSON, and begins a new count: for each PORT in their order {"up": {DSCP: [DATAGRAMS, BYTES, LOST]}, "down": ...};
bytes are those of IP and UDP headers too.  Messages of a plain tunnel are counted as the DSCP "messages".

Datagrams that an ECN-capable sender has sent are marked: they have met congestion (RFC 3168).  So a program sees which of its packets came by
this path, and which were lost on it and repaired behind it.
"""

import collections
import json
import random
import selectors
import socket
import struct
import sys
import time

HEADERS = 28
ECN, CONGESTION = 3, 3
MESSAGE = 0x10  # the first byte; records of DTLS have others


class Channel:
    """What is lost, one datagram after the other."""

    def __init__(self, chance, percent, burst):
        loss = percent / 100
        self.chance, self.bad = chance, False
        self.stays = 1 - 1 / burst if burst else loss
        self.begins = loss * (1 - self.stays) / (1 - loss)

    def loses(self):
        self.bad = self.chance.random() < (self.stays if self.bad else self.begins)
        return self.bad


class Path:
    """What all ways share: the loss, and the datagrams under way."""

    def __init__(self, delay, seed):
        self.delay, self.chance, self.loss, self.queue = delay, random.Random(seed), (0.0, 0.0), collections.deque()

    def channel(self):
        return Channel(self.chance, *self.loss)

    def late(self):
        """Send the datagrams that are due.  Return the seconds until the next one is, or None."""
        while self.queue and self.queue[0][0] <= time.monotonic():
            _, sock, data, tos, to = self.queue.popleft()
            try:
                sock.sendmsg([data], [(socket.IPPROTO_IP, socket.IP_TOS, struct.pack("i", tos))], 0, to)
            except OSError:
                pass  # as any datagram that gets lost
        return max(self.queue[0][0] - time.monotonic(), 0) if self.queue else None


class Direction:
    """The channels and counts of one way in one direction, by DSCP."""

    def __init__(self, path):
        self.path = path
        self.begin()

    def begin(self):
        self.channels = collections.defaultdict(self.path.channel)
        self.counts = collections.defaultdict(lambda: [0, 0, 0])

    def passes(self, tos, data):
        count = self.counts["messages" if data[:1] == bytes([MESSAGE]) else tos >> 2]
        lost = self.channels[tos >> 2].loses()
        count[0] += 1
        count[1] += len(data) + HEADERS
        count[2] += lost
        return not lost


class Way:
    """One port and its destination."""

    def __init__(self, path, selector, port, there):
        self.path, self.selector, self.there, self.far = path, selector, there, {}
        self.up, self.down = Direction(path), Direction(path)
        self.near = self.open()
        self.near.bind(("127.0.0.1", port))
        selector.register(self.near, selectors.EVENT_READ, lambda: self.read(self.near, None))

    @staticmethod
    def open():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        return sock

    def far_of(self, peer):
        if peer not in self.far:
            far = self.far[peer] = self.open()
            far.connect(self.there)
            self.selector.register(far, selectors.EVENT_READ, lambda: self.read(far, peer))
        return self.far[peer]

    def read(self, sock, sender):
        """A datagram came, from the server if @sender is where it is to go."""
        data, ancillary, _, peer = sock.recvmsg(65535, 64)
        tos = ancillary[0][2][0] if ancillary else 0
        if not (self.down if sender else self.up).passes(tos, data):
            return
        if tos & ECN:
            tos |= CONGESTION
        out = (self.near, data, tos, sender) if sender else (self.far_of(peer), data, tos, self.there)
        self.path.queue.append((time.monotonic() + self.path.delay, *out))


def obey(control, path, ways):
    """A command came."""
    data, peer = control.recvfrom(256)
    words = data.decode().split()
    if words[0] == "loss":
        path.loss = (float(words[1]), float(words[2]))
    control.sendto(json.dumps([{"up": way.up.counts, "down": way.down.counts} for way in ways]).encode() + b"\n", peer)
    for way in ways:
        way.up.begin()
        way.down.begin()


def main():
    path, selector, words = Path(int(sys.argv[1]) / 1000, sys.argv[2]), selectors.DefaultSelector(), sys.argv[4:]
    ways = [Way(path, selector, int(port), (address, int(there))) for port, address, there in zip(words[0::3], words[1::3], words[2::3])]
    control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    control.bind(("127.0.0.1", int(sys.argv[3])))
    selector.register(control, selectors.EVENT_READ, lambda: obey(control, path, ways))
    print("ready", flush=True)
    while True:
        for key, _ in selector.select(path.late()):
            try:
                key.data()
            except OSError:
                pass  # nobody there


if __name__ == "__main__":
    main()
