#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One direction of a link with a delay: forward packets late, and lose some, until killed.

    slow_link.py DEVICE LINK DESTINATION MILLISECONDS

Makes the TUN device DEVICE with a route to DESTINATION, an IPv4 address on the link device LINK, and sends what comes up there on by
LINK after so long, in order.  While the file named by LOSE (in the environment) has a number in it, so many of 100 packets are lost,
the same ones in each run.
"""

import fcntl
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def open_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH14x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def percent():
    try:
        with open(os.environ["LOSE"], encoding="ascii") as file:
            return float(file.read() or 0)
    except (OSError, KeyError):
        return 0


def main():
    name, link, destination, delay = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]) / 1000
    tun, queue, chance = open_tun(name), deque(), random.Random(1)
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    for words in (["link", "set", name, "up"], ["route", "add", destination + "/32", "dev", name]):
        subprocess.run(["ip"] + words, check=True)
    print("ready", flush=True)
    while True:
        wait = max(queue[0][0] - time.monotonic(), 0) if queue else None
        if select.select([tun], [], [], wait)[0]:
            packet = os.read(tun, 65536)
            if packet[0] >> 4 == 4 and chance.random() * 100 >= percent():
                queue.append((time.monotonic() + delay, packet))
        while queue and queue[0][0] <= time.monotonic():
            try:
                out.sendto(queue.popleft()[1], (destination, 0))
            except OSError:
                pass  # as any packet that gets lost


if __name__ == "__main__":
    main()
