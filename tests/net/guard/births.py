# SPDX-License-Identifier: GPL-3.0-or-later
"""births.py - makes sockets of another user in every way there is, and sees when a client counts them.

HOST COMMAND...: a host with a TCP echo at port 7000, and what shows the client's status as JSON.  Tells for each way,
tried five times, in how many milliseconds after the birth and after the end the status showed it at best, and how often
the client has listed the sockets in all.  The ways that cause listings come last: some follow a second later.
"""
import json, os, socket, struct, subprocess, sys, time

# Longer than the client waits for the second listing that some events cause.
REST_S = 1.5

HOST, COMMAND = sys.argv[1], sys.argv[2:]
FAMILY = socket.AF_INET6 if ":" in HOST else socket.AF_INET
USER = 4242


def status():
    s = json.loads(subprocess.run(COMMAND, check=True, capture_output=True).stdout)
    return s["sockets"]["encrypted-only"], s["counters"]["socket_listings"]


def udp(family=FAMILY):
    return socket.socket(family, socket.SOCK_DGRAM)


def tcp(family=FAMILY):
    s = socket.socket(family, socket.SOCK_STREAM)
    # No TIME_WAIT.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return s


def bound():
    s = udp()
    s.bind(("", 0))
    return [s]


def both_families():
    s = udp(socket.AF_INET6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", 0))
    return [s]


def one_family():
    s = udp(socket.AF_INET6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("::", 0))
    return [s]


def connected():
    s = udp()
    s.connect((HOST, 7000))
    return [s]


def sent():
    s = udp()
    s.sendto(b"x", (HOST, 7000))
    return [s]


def multipath():
    s = socket.socket(FAMILY, socket.SOCK_STREAM, socket.IPPROTO_MPTCP)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.bind(("", 0))
    s.listen()
    return [s]


def listening():
    s = tcp()
    s.bind(("", 0))
    s.listen()
    return [s]


def listening_unbound():
    s = tcp()
    s.listen()
    return [s]


def connection():
    s = tcp()
    s.connect((HOST, 7000))
    return [s]


def accepted():
    # The phone has no ::1.
    listener, s = tcp(socket.AF_INET), tcp(socket.AF_INET)
    listener.bind(("", 0))
    listener.listen()
    s.connect(("127.0.0.1", listener.getsockname()[1]))
    return [listener, s, listener.accept()[0]]


def passed():
    s, pair = udp(), socket.socketpair()
    s.bind(("", 0))
    socket.send_fds(pair[0], [b"x"], [s.fileno()])
    s.close()
    fds = socket.recv_fds(pair[1], 1, 1)[1]
    return [socket.socket(fileno=fds[0])]


def program(commands, answers):
    """The program of that user: makes sockets by a way when told its name, and closes them at the next line."""
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    for name in commands:
        sockets = globals()[name.strip()]()
        answers.write("%d %d\n" % (len(sockets), time.monotonic_ns()))
        answers.flush()
        next(commands)
        for s in sockets:
            s.close()
        del sockets
        answers.write("0 %d\n" % time.monotonic_ns())
        answers.flush()


def start():
    down, up = os.pipe(), os.pipe()
    if os.fork() == 0:
        os.close(down[1])
        os.close(up[0])
        program(os.fdopen(down[0]), os.fdopen(up[1], "w"))
        os._exit(0)
    os.close(down[0])
    os.close(up[1])
    return os.fdopen(down[1], "w"), os.fdopen(up[0])


def ask(line):
    commands.write(line + "\n")
    commands.flush()
    count, when = answers.readline().split()
    return int(count), int(when)


def shown(count, since):
    """ms from that time until the client counts so many.  How long the command runs that shows it does not count."""
    while True:
        passed = (time.monotonic_ns() - since) / 1e6
        if status()[0] == count or passed > 3000:
            return passed


def rest():
    """Wait until the client has not listed the sockets for a while."""
    before, since, limit = None, time.monotonic(), time.monotonic() + 30
    while time.monotonic() < min(since + REST_S, limit):
        now = status()[1]
        if now != before:
            before, since = now, time.monotonic()
        time.sleep(0.1)
    if time.monotonic() >= limit:
        sys.exit("the client lists the sockets again and again")


# The encrypted tunnel that the first socket causes is up, and stays.
os.setgroups([])
os.seteuid(USER)
tunnel = bound()
os.seteuid(0)
rest()
commands, answers = start()
ways = [bound, both_families, one_family, sent, connection, passed, connected, listening, listening_unbound, accepted]
# A kernel may have no MPTCP; and the guard refuses it where marks do not reach the flows of a connection.
os.seteuid(USER)
try:
    multipath()[0].close()
    ways.append(multipath)
except (OSError, AttributeError):
    pass
os.seteuid(0)
for way in ways:
    born = gone = 9999
    before = status()
    # A busy machine is late now and then.
    for _ in range(5):
        count, when = ask(way.__name__)
        born = min(born, shown(before[0] + count, when))
        count, when = ask("")
        gone = min(gone, shown(before[0], when))
    print(way.__name__, round(born), round(gone), status()[1] - before[1])
commands.close()
os.wait()
