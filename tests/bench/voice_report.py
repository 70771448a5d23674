#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of voice, for people: a table, and a plot.

    voice_report.py [--svg FILE] FIGURES

FIGURES is what voice_figures.py printed for each loss.  The table has what was aimed at beside what was measured.
"""

import argparse
import importlib.machinery
import importlib.util
import json
import os

# At most so much may remain lost, percent, by the loss in percent and the mean length of bursts (0: at random).
REMAINS = {(0, 0): 0, (1, 0): 0.001, (5, 0): 0.02, (10, 0): 0.1, (20, 0): 1, (5, 3): 0.5}
# Most bytes on the wire, as a multiple of the stream's.  Messages in the encrypted tunnel are in it: 0.1 %.
BANDWIDTH = {(0, 0): 1.001, (10, 0): 2.6}
REPAIRED_P99 = 60  # ms
MACHINE = 0.05  # percent of the packets without redundancy that the path did not lose, and that were late or did not come: else the machine was busy
ADDED_DELAY = 1  # ms, for packets that were not lost: what the clock and the machine can tell from nothing
DIRECTIONS = ("up", "down")

HEAD = """\
                                  lost on the       lost to the         repaired  bytes           MOS       lost, percent
loss, %       tunnel    redund.   path, %           listener, %         p99, ms   on wire                   at most
                                  up      down      up        down      up  down             up    down"""


def loss_of(row):
    return row["loss_percent"], row["burst"]


def loss_name(row):
    percent, burst = loss_of(row)
    return f"{percent:g} in {burst:g}s" if burst else f"{percent:g}"


def milliseconds(value):
    return "-" if value is None else f"{value:.0f}"


def verdict(met):
    return "met" if met else "not met"


def line(row):
    up, down = row["up"], row["down"]
    text = (f"{loss_name(row):<13} {row['tunnel']:<9} {row['redundancy']:<8} {up['path_lost_percent']:6.2f} {down['path_lost_percent']:9.2f} "
            f"{up['lost_percent']:10.3f} {down['lost_percent']:9.3f} {milliseconds(up['repaired_p99_ms']):>7} {milliseconds(down['repaired_p99_ms']):>5} "
            f"{row['bandwidth']:8.2f} {up['mos']:9.2f} {down['mos']:7.2f}")
    bar = REMAINS.get(loss_of(row))
    if row["redundancy"] == "none" or bar is None:
        return text
    met = all(row[direction]["lost_percent"] <= bar for direction in DIRECTIONS)
    return f"{text}    {bar:g}: {verdict(met)}"


def added_delay(rows):
    """The largest difference of median delays with and without redundancy, of packets that were not lost."""
    without = {(loss_of(row), row["tunnel"]): row for row in rows if row["redundancy"] == "none"}
    return max(row[direction]["delay_ms"] - without[loss_of(row), row["tunnel"]][direction]["delay_ms"]
               for row in rows if row["redundancy"] == "auto" for direction in DIRECTIONS)


def lost_by_the_machine(rows):
    return max(row[direction]["lost_percent"] - row[direction]["path_lost_percent"]
               for row in rows if row["redundancy"] == "none" for direction in DIRECTIONS)


def other_bars(rows):
    """What is aimed at beside the loss: (text, value, most)."""
    having = [row for row in rows if row["redundancy"] == "auto"]
    slowest = [row[d]["repaired_p99_ms"] for row in having for d in DIRECTIONS if row[d]["repaired_p99_ms"] is not None]
    yield "delay of packets that were not lost, ms more than without", added_delay(rows), ADDED_DELAY
    if slowest:
        yield "delay of repaired packets, p99, ms more than without", max(slowest), REPAIRED_P99
    for loss, most in BANDWIDTH.items():
        values = [row["bandwidth"] for row in having if loss_of(row) == loss]
        if values:
            yield f"bytes on the wire at {loss[0]:g} % loss, times those of the stream", max(values), most
    yield "late or lost without redundancy, but not on the path, percent: the machine", lost_by_the_machine(rows), MACHINE


def table(rows):
    lines = [HEAD, *(line(row) for row in rows), ""]
    lines += [f"{text}: {value:.4g}, at most {most:g}: {verdict(value <= most)}" for text, value, most in other_bars(rows)]
    packets = min(row[direction]["packets"] for row in rows for direction in DIRECTIONS)
    lines.append(f"{packets} packets in each direction of each row: one of them is {100 / packets:.3f} %")
    return "\n".join(lines)


# --- the plot ---

def contrib_plot():
    """contrib/plot as a module, for its picture and its colours."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../contrib/plot")
    loader = importlib.machinery.SourceFileLoader("contrib_plot", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def series_of(rows, plot):
    """(name, colour, rows by loss) of each kind of calls."""
    shades = {("plain", "none"): "#f3d38a", ("encrypted", "none"): "#8fd3bf"}
    for tunnel in ("plain", "encrypted"):
        for redundancy in ("none", "auto"):
            name = f"{tunnel}, {'with' if redundancy == 'auto' else 'without'} redundancy"
            colour = shades.get((tunnel, redundancy), plot.COLOURS[tunnel])
            yield name, colour, {loss_name(row): row for row in rows if (row["tunnel"], row["redundancy"]) == (tunnel, redundancy)}


def draw_bars(picture, plot, title, kinds, value, lowest, highest, height=150):
    """A panel with a group of bars for each loss."""
    losses = list(dict.fromkeys(loss for _, _, by_loss in kinds for loss in by_loss))
    whole = plot.WIDTH - plot.LEFT - plot.RIGHT
    group, bottom = whole / max(len(losses), 1), picture.y + height
    bar = group * 0.8 / len(kinds)
    picture.text(plot.LEFT, picture.y - 8, title, size=13)
    for mark in range(5):
        y, number = bottom - height * mark / 4, lowest + (highest - lowest) * mark / 4
        picture.line([(plot.LEFT, y), (plot.WIDTH - plot.RIGHT, y)], "#ddd" if mark else "#333")
        picture.text(plot.LEFT - 8, y + 4, f"{number:.3g}", "end", 11)
    for place, loss in enumerate(losses):
        x = plot.LEFT + group * (place + 0.1)
        for _, colour, by_loss in kinds:
            if loss in by_loss:
                tall = height * (value(by_loss[loss]) - lowest) / (highest - lowest)
                picture.rect(x, bottom - tall, bar - 1, tall, colour)
                picture.text(x + bar / 2, bottom - tall - 2, f"{value(by_loss[loss]):.2f}", "middle", 9)
            x += bar
        picture.text(plot.LEFT + group * (place + 0.5), bottom + 17, f"{loss} % lost", "middle", 11)
    picture.y += height + plot.GAP


def draw(rows):
    plot = contrib_plot()
    picture, kinds, title = plot.Picture(1), list(series_of(rows, plot)), "Voice on a path that loses packets"
    picture.text(plot.LEFT, 22, title, size=16)
    for place, (name, colour, _) in enumerate(kinds):
        picture.rect(plot.LEFT + place * 215, 32, 12, 12, colour)
        picture.text(plot.LEFT + place * 215 + 16, 42, name)
    picture.y += 14
    draw_bars(picture, plot, "MOS (E-model, G.711 with concealment), the worse direction", kinds,
              lambda row: min(row[direction]["mos"] for direction in DIRECTIONS), 1, 5)
    draw_bars(picture, plot, "bytes on the wire, times those of the stream", kinds, lambda row: row["bandwidth"], 0,
              plot.nice(max(row["bandwidth"] for row in rows)))
    return picture.render(title)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures")
    parser.add_argument("--svg")
    arguments = parser.parse_args()
    with open(arguments.figures) as file:
        rows = [json.loads(text) for text in file]
    print(table(rows))
    if arguments.svg:
        with open(arguments.svg, "w") as file:
            file.write(draw(rows))


if __name__ == "__main__":
    main()
