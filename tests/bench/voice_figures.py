#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of one loss, from what both ends of the calls and the path have seen.

    voice_figures.py PERCENT BURST NEAR FAR PATH

NEAR and FAR are what calls.py printed at the phone and in the service network, PATH what lossy.py counted meanwhile, with the plain
tunnel's way first.  Calls are named TUNNEL:REDUNDANCY:PORT:DSCP.  Prints a line of JSON for each tunnel with and without redundancy.
"""

import collections
import json
import statistics
import sys

import emodel

TUNNELS, REDUNDANCIES = ("plain", "encrypted"), ("none", "auto")
LATE = 60  # ms: later than that is lost
OTHERS = "0"  # the DSCP of reports of loss, and of messages in the encrypted tunnel

Kind = collections.namedtuple("Kind", "tunnel redundancy")


def load(path):
    """The calls of one end, by kind."""
    kinds = collections.defaultdict(list)
    with open(path) as file:
        for line in file:
            call = json.loads(line)
            tunnel, redundancy, _, dscp = call["call"].split(":")
            kinds[Kind(tunnel, redundancy)].append({**call, "dscp": dscp})
    return kinds


def usual(calls):
    """The median delay of the packets that came without help, in ms; None: there are none."""
    delays = []
    for call in calls:
        helped = set(call["repaired"])
        delays += [delay for number, delay in enumerate(call["delays"]) if delay is not None and number not in helped]
    return statistics.median(delays) if delays else None


def direction_figures(calls, path, base):
    """One direction of the calls of a kind; @base is the delay without redundancy in ms."""
    missing = [[delay is None or delay > base + LATE for delay in call["delays"]] for call in calls]
    repairs = sorted(call["delays"][number] - base for call in calls for number in call["repaired"])
    here = [path.get(call["dscp"], [0, 0, 0]) for call in calls]
    percent = 100 * sum(map(sum, missing)) / max(sum(map(len, missing)), 1)
    ratio = emodel.burst_ratio([lost for call in missing for lost in call])
    return {
        "packets": sum(map(len, missing)),
        "path_lost_percent": 100 * sum(n[2] for n in here) / max(sum(n[0] for n in here), 1),
        "lost_percent": percent,
        "repaired": len(repairs),
        "repaired_p99_ms": repairs[int(0.99 * len(repairs))] if repairs else None,
        "delay_ms": usual(calls),
        "mos": emodel.opinion(emodel.rating(percent, ratio)),
        "bytes": sum(n[1] for n in here),
    }


def main():
    percent, burst = float(sys.argv[1]), float(sys.argv[2])
    received = {"up": load(sys.argv[4]), "down": load(sys.argv[3])}
    with open(sys.argv[5]) as file:
        paths = dict(zip(TUNNELS, json.load(file)))
    for tunnel in TUNNELS:
        stream = None
        for redundancy in REDUNDANCIES:
            row = {"loss_percent": percent, "burst": burst, "tunnel": tunnel, "redundancy": redundancy}
            for direction, kinds in received.items():
                base = usual(kinds[Kind(tunnel, "none")])
                row[direction] = direction_figures(kinds[Kind(tunnel, redundancy)], paths[tunnel][direction], base)
            sent = sum(row[direction].pop("bytes") for direction in received)
            if redundancy == "auto":
                sent += sum(paths[tunnel][direction].get(OTHERS, [0, 0])[1] for direction in received)
            stream = stream or sent
            row["bandwidth"] = sent / stream
            print(json.dumps(row))


if __name__ == "__main__":
    main()
