#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""terminal.py - a terminal that a script sits at.

  terminal.py COLUMNSxLINES COMMAND... <STEPS

Runs COMMAND on a pseudo terminal of that size.  Each line of STEPS is one of

  wait SECONDS TEXT   until the screen shows TEXT
  gone SECONDS TEXT   until it does not
  type TEXT           keys; \\e is Escape, \\n is Enter
  size COLUMNSxLINES  another size
  signal NAME         to the command
  stopped SECONDS     until the command is stopped; the terminal must be as before
  taken SECONDS       until the command has the whole screen
  screen FILE         what the screen shows now
  end SECONDS         until the command has ended

A step that fails is named on standard error, with the screen: exit status 1.  At the end, one line tells the exit status
of the command (or the signal that ended it) and how it has left the terminal.
"""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

SEQUENCE = re.compile(r"\033\[(\??)([0-9;]*)([A-Za-z])")


class Terminal:
    def __init__(self, size, command):
        # The other side stays open: its settings are read after the command has ended.
        self.fd, self.side = pty.openpty()
        self.resize(size)
        self.before = termios.tcgetattr(self.side)
        self.pid = os.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.login_tty(self.side)
            os.execvp(command[0], command)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.clear()
        self.row = self.column = 0
        self.alternate, self.cursor, self.status, self.rest = False, True, None, ""

    def resize(self, size):
        self.columns, self.lines = (int(n) for n in size.split("x"))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", self.lines, self.columns, 0, 0))
        self.clear()

    def clear(self):
        self.cells = [[" "] * self.columns for _ in range(self.lines)]

    def control(self, private, numbers, kind):
        if private:
            if numbers == "1049":
                self.alternate = kind == "h"
            if numbers == "25":
                self.cursor = kind == "h"
        elif kind == "H":
            at = [int(n or 1) for n in (numbers or "1;1").split(";")]
            self.row, self.column = min(at[0], self.lines) - 1, min(at[1], self.columns) - 1
        elif kind == "K":
            self.cells[self.row][0 if numbers == "2" else self.column:] = \
                [" "] * (self.columns if numbers == "2" else self.columns - self.column)
        elif kind == "J":
            self.cells[self.row][self.column:] = [" "] * (self.columns - self.column)
            for row in range(self.row + 1, self.lines):
                self.cells[row] = [" "] * self.columns

    def put(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.row = min(self.row + 1, self.lines - 1)
        elif self.column < self.columns:
            self.cells[self.row][self.column] = char
            self.column += 1

    def show(self, text):
        text, at = self.rest + text, 0
        while at < len(text):
            found = SEQUENCE.match(text, at)
            if found:
                self.control(*found.groups())
                at = found.end()
            elif text[at] == "\033" and len(text) - at < 12:
                break
            else:
                self.put(text[at])
                at += 1
        self.rest = text[at:]

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.cells) + "\n"

    def poll(self, seconds):
        """Take what the command writes.  False when it has ended."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if ready:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if data:
                self.show(self.decoder.decode(data))
                return True
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = os.waitstatus_to_exitcode(status)
        return self.status is None

    def until(self, seconds, condition):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            if self.status is None:
                self.poll(0.1)
            elif not condition():
                return False
        return True

    def step(self, verb, rest):
        if verb in ("wait", "gone"):
            seconds, text = rest.split(" ", 1)
            return self.until(float(seconds), lambda: (text in self.text()) == (verb == "wait"))
        if verb == "type":
            os.write(self.fd, rest.replace("\\e", "\033").replace("\\n", "\n").encode())
        elif verb == "size":
            self.resize(rest)
        elif verb == "signal":
            os.kill(self.pid, getattr(signal, "SIG" + rest))
        elif verb == "screen":
            with open(rest, "w", encoding="utf-8") as file:
                file.write(self.text())
        elif verb == "stopped":
            return self.until(float(rest), lambda: self.stopped() and self.left() == "restored")
        elif verb == "taken":
            return self.until(float(rest), lambda: self.alternate)
        elif verb == "end":
            return self.until(float(rest), lambda: self.status is not None)
        else:
            return False
        return True

    def stopped(self):
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(") ", 1)[1].startswith("T")

    def left(self):
        now = termios.tcgetattr(self.side)
        return "restored" if not self.alternate and self.cursor and now[:4] == self.before[:4] else "changed"


def main():
    terminal = Terminal(sys.argv[1], sys.argv[2:])
    for line in sys.stdin:
        verb, _, rest = line.rstrip("\n").partition(" ")
        if not terminal.step(verb, rest):
            sys.stderr.write(f"failed: {line}{terminal.text()}")
            if terminal.status is None:
                os.kill(terminal.pid, signal.SIGKILL)
            return 1
    status = terminal.status
    print("running" if status is None else f"status {status}" if status >= 0 else signal.Signals(-status).name, terminal.left())
    return 0


if __name__ == "__main__":
    sys.exit(main())
