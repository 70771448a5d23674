#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a call sounds: the E-model of ITU-T G.107, for G.711 with packet loss concealment.

    emodel.py PERCENT [BURST-RATIO]

prints the mean opinion score (MOS) of a call that loses so many percent of its packets: 4.4 is the best that a telephone can do, 4 is good,
below 3.1 nearly all listeners are dissatisfied (G.109).

All parameters have the default values of G.107, which give a rating R of 93.2, so that only the loss counts.  Its delay is not taken
into account: below 100 ms one way it changes nothing.
"""

import sys

# The rating with all parameters at their default values (G.107, clause 7.7).
RATING = 93.2
# G.711 without loss, and its robustness with concealment against random loss (G.113, appendix I).
IE, BPL = 0, 25.1


def rating(percent, burst_ratio=1.0):
    """The rating R of a call that loses @percent of its packets.

    @burst_ratio is the mean length of the runs of lost packets over that of the same loss at random: 1 is random, more is in bursts.
    """
    effective = IE + (95 - IE) * percent / (percent / burst_ratio + BPL)
    return RATING - effective


def opinion(r):
    """The mean opinion score of a rating (G.107, annex B)."""
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    # At small ratings the formula falls below the scale.
    return max(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1.0)


def burst_ratio(lost):
    """The burst ratio of @lost, which says for each packet whether it was lost; at least 1."""
    count = sum(lost)
    runs = sum(here and not before for here, before in zip(lost, [False, *lost]))
    return max(count / runs * (1 - count / len(lost)), 1.0) if runs else 1.0


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: emodel.py PERCENT [BURST-RATIO]")
    print(f"{opinion(rating(*(float(word) for word in sys.argv[1:]))):.2f}")


if __name__ == "__main__":
    main()
