#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# Reads a timeline as a viewer does, with a parser that is not ours: the object form of the
# Trace Event Format. Says what is wrong, and ends with 1; else how many events there are.
#
# usage: timeline.py FILE
import json
import sys


def fail(why, event=None):
    print(f"{why}: {json.dumps(event)}" if event else why)
    sys.exit(1)


def check(event):
    needs = {"X": ("ts", "dur"), "i": ("ts", "s"), "C": ("ts", "args"), "M": ("args",)}
    kind = event.get("ph")
    if kind not in needs:
        fail("a phase that does not exist", event)
    for key in ("name", "pid") + needs[kind]:
        if key not in event:
            fail(f"no {key}", event)
    if not isinstance(event["name"], str) or not event["name"]:
        fail("no name", event)
    for key in ("pid", "tid"):
        if key in event and (type(event[key]) is not int or event[key] < 0):
            fail(f"{key} is no number of a process", event)
    for key in ("ts", "dur"):
        if key in event and (type(event[key]) not in (int, float) or event[key] < 0):
            fail(f"{key} is no time", event)
    if kind == "i" and event["s"] not in ("t", "p", "g"):
        fail("whose is it?", event)
    if kind == "C" and not all(type(v) in (int, float) for v in event["args"].values()):
        fail("a counter counts", event)
    if kind == "M" and (event["name"] not in ("process_name", "thread_name")
                        or not isinstance(event["args"]["name"], str)):
        fail("metadata that does not exist", event)


# What takes time in a thread is within what else takes time there, or beside it.
def check_nesting(events):
    threads = {}
    for event in events:
        if event["ph"] == "X":
            threads.setdefault((event["pid"], event["tid"]), []).append(event)
    for slices in threads.values():
        ends = []
        for event in sorted(slices, key=lambda e: (e["ts"], -e["dur"])):
            while ends and ends[-1] <= event["ts"] + 0.0015:
                ends.pop()
            end = event["ts"] + event["dur"]
            if ends and end > ends[-1] + 0.0015:
                fail("neither within the one before nor behind it", event)
            ends.append(end)


with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
if document.get("displayTimeUnit") not in ("ms", "ns"):
    fail("no unit")
for one in document["traceEvents"]:
    check(one)
check_nesting(document["traceEvents"])
for phase in "XiCM":
    print(phase, sum(e["ph"] == phase for e in document["traceEvents"]))
