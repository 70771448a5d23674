#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""stuck_files.py - run a program that sees the files of a folder on a file system which can stop answering (FUSE).

  stuck_files.py FOLDER MOUNTPOINT FLAG PROGRAM [ARGUMENT...]

While the file FLAG exists, every open(), stat() and read() below MOUNTPOINT waits, as with NFS whose server is gone.
Needs root and a mount namespace of its own, as "ip netns exec" gives; the file system ends with the program.
"""

import ctypes
import errno
import os
import signal
import stat
import struct
import sys
import time

LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT, INTERRUPT, BATCH_FORGET = 1, 2, 3, 14, 15, 18, 25, 26, 36, 42
ROOT = 1
DIRECT_IO = 1
PR_SET_PDEATHSIG = 1
NOSUID_NODEV = 2 | 4
LARGEST = 1 << 20


def attributes(node, path):
    s = os.stat(path)
    times = (s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns)
    return struct.pack("=6Q10I", node, s.st_size, s.st_blocks, *(t // 10**9 for t in times),
                       *(t % 10**9 for t in times), s.st_mode, 1, s.st_uid, s.st_gid, 0, 4096, 0)


class Files:
    """The file system: one folder of files.  Nothing is cached by the kernel."""

    def __init__(self, folder):
        self.folder = folder
        self.paths = {ROOT: folder}

    def lookup(self, _, body):
        path = os.path.join(self.folder, body.split(b"\0")[0].decode())
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise FileNotFoundError(errno.ENOENT, path)
        node = next((n for n, p in self.paths.items() if p == path), len(self.paths) + 1)
        self.paths[node] = path
        return struct.pack("=4Q2I", node, 0, 0, 0, 0, 0) + attributes(node, path)

    def getattr(self, node, _):
        return struct.pack("=Q2I", 0, 0, 0) + attributes(node, self.paths[node])

    def read(self, node, body):
        _, offset, size = struct.unpack_from("=QQI", body)
        with open(self.paths[node], "rb") as f:
            f.seek(offset)
            return f.read(size)

    def answer(self, op, node, body):
        if op == INIT:
            return struct.pack("=4I2H2I2H8I", 7, 31, 0, 0, 0, 0, 4096, 1, 1, 0, *[0] * 8)
        if op == OPEN:
            return struct.pack("=Q2I", 0, DIRECT_IO, 0)
        if op in (RELEASE, FLUSH):
            return b""
        function = {LOOKUP: self.lookup, GETATTR: self.getattr, READ: self.read}.get(op)
        if not function:
            raise OSError(errno.ENOSYS, "")
        return function(node, body)


def serve(fuse, folder, flag):
    files = Files(folder)
    while True:
        try:
            request = os.read(fuse, LARGEST)
        except OSError as e:
            if e.errno in (errno.ENOENT, errno.EINTR):
                continue
            return
        _, op, unique, node = struct.unpack_from("=2I2Q", request)
        while os.path.exists(flag):
            time.sleep(0.02)
        if op in (FORGET, BATCH_FORGET, INTERRUPT):
            continue
        error, data = 0, b""
        try:
            data = files.answer(op, node, request[40:])
        except OSError as e:
            error = -e.errno
        try:
            os.write(fuse, struct.pack("=IiQ", 16 + len(data), error, unique) + data)
        except OSError:
            continue  # whoever asked has been killed


def main():
    folder, mountpoint, flag, *program = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    fuse = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={fuse},rootmode=40755,user_id=0,group_id=0,allow_other"
    if libc.mount(b"stuck", mountpoint.encode(), b"fuse.stuck", NOSUID_NODEV, options.encode()) != 0:
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    parent = os.getpid()
    if os.fork() == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            serve(fuse, folder, flag)
        os._exit(0)
    os.close(fuse)
    os.execvp(program[0], program)


if __name__ == "__main__":
    main()
