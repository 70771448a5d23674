#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A path with a delay: forward UDP late, in both directions, until killed.

    delay.py MILLISECONDS PORT ADDRESS PORT-THERE [PORT ADDRESS PORT-THERE]...

What comes to PORT of 127.0.0.1 goes to PORT-THERE of ADDRESS after so long, from a port of its own for each sender, and what comes back to
that port likewise goes to the sender.
"""

import collections
import selectors
import socket
import sys
import time


class Way:
    """One port and its destination."""

    def __init__(self, selector, port, there):
        self.selector, self.there, self.far = selector, there, {}
        self.near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.near.bind(("127.0.0.1", port))
        selector.register(self.near, selectors.EVENT_READ, (self, None))

    def read(self, sock, sender):
        """Receive a datagram, and return the function that forwards it."""
        data, peer = sock.recvfrom(65535)
        if sender:
            return lambda: self.near.sendto(data, sender)
        if peer not in self.far:
            far = socket.socket(socket.AF_INET6 if ":" in self.there[0] else socket.AF_INET, socket.SOCK_DGRAM)
            far.connect(self.there)
            self.far[peer] = far
            self.selector.register(far, selectors.EVENT_READ, (self, peer))
        return lambda: self.far[peer].send(data)


def late(queue):
    """Send the datagrams that are due."""
    while queue and queue[0][0] <= time.monotonic():
        try:
            queue.popleft()[1]()
        except OSError:
            pass  # as any datagram that gets lost


def main():
    delay, words = int(sys.argv[1]) / 1000, sys.argv[2:]
    selector, queue = selectors.DefaultSelector(), collections.deque()
    for port, address, port_there in zip(words[0::3], words[1::3], words[2::3]):
        Way(selector, int(port), (address, int(port_there)))
    print("ready", flush=True)
    while True:
        wait = max(queue[0][0] - time.monotonic(), 0) if queue else None
        for key, _ in selector.select(wait):
            way, sender = key.data
            try:
                queue.append((time.monotonic() + delay, way.read(key.fileobj, sender)))
            except OSError:
                pass  # nobody there
        late(queue)


if __name__ == "__main__":
    main()
