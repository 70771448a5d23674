#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a client for a level for a process of root, in the name of a user's process that had its number before.

    handed.py CONTROL     the control socket

The user's process connects and ends; what it leaves is the connection.  Then root's process gets its number.  Printed:
the error that the client answers (0: none), and whether root's process is in another cgroup.
"""

import os
import signal
import socket
import struct
import sys

MAGIC, RUN, UNENCRYPTED, NOBODY = 0x54534346, 17, 1, 65534
TRIES = 200  # another program may get the number first


def connect_as_user(s, control):
    """Connect S by a process that ends.  Its number."""
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        s.connect(control)
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


def process_with(number):
    """A process that does nothing, with that number; None: another program has it."""
    with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as last:
        last.write(str(number - 1))
    pid = os.fork()
    if pid == 0:
        while True:
            signal.pause()
    if pid == number:
        return pid
    end(pid)
    return None


def end(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def cgroup_of(pid):
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as text:
        return text.read()


def ask(s):
    s.settimeout(5)
    s.sendall(struct.pack("=9I", MAGIC, RUN, UNENCRYPTED, *[0] * 6))
    return struct.unpack("=4I", s.recv(16, socket.MSG_WAITALL))[1]


def main():
    for _ in range(TRIES):
        s = socket.socket(socket.AF_UNIX)
        pid = process_with(connect_as_user(s, sys.argv[1]))
        if not pid:
            s.close()
            continue
        before = cgroup_of(pid)
        error = ask(s)
        print(error, "moved" if cgroup_of(pid) != before else "same")
        end(pid)
        return
    print("no process has got the number")


if __name__ == "__main__":
    main()
