#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`table.py FILE.json...`: the results of Google Benchmark as one table, with medians and spread.

A row whose name ends in "/baseline" (or has "/baseline:what" in it) is what the rows of the same name before that part are
measured against: they show how many times the baseline's time they take.
"""
import json
import pathlib
import statistics
import sys

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def time_text(seconds):
    for unit, scale in UNITS.items():
        if seconds < 1000 * scale or unit == "s":
            return f"{seconds / scale:.3g} {unit}"


def runs_of(path):
    """{name: seconds of each repetition} and {name: counters of the last} of one file."""
    runs, counters = {}, {}
    for run in json.loads(path.read_text())["benchmarks"]:
        if run.get("run_type") == "iteration" and not run.get("error_occurred"):
            name = run["run_name"]
            for option in ("/real_time", "/manual_time", "/process_time", "/iterations:", "/repeats:", "/min_time:"):
                if option in name:
                    head, _, tail = name.partition(option)
                    name = head + ("/" + tail.partition("/")[2] if "/" in tail else "")
            runs.setdefault(name, []).append(run["real_time"] * UNITS[run["time_unit"]])
            counters[name] = {key: run[key] for key in ("bytes_per_second", "items_per_second") if key in run}
    return runs, counters


def rows_of(path):
    runs, counters = runs_of(path)
    for name, times in runs.items():
        median = statistics.median(times)
        rates = counters[name]
        note = ""
        if "bytes_per_second" in rates:
            note = f'{rates["bytes_per_second"] / 2**30:.2f} GiB/s'
        elif "items_per_second" in rates:
            note = f'{rates["items_per_second"]:,.0f} /s'
        if "/baseline" not in name:
            for other, base in runs.items():
                if other.partition("/baseline")[0] == name and other != name:
                    note += f'  {median / statistics.median(base):.2f} x {other.partition("/baseline:")[2] or "baseline"}'
        yield name, time_text(median), f"{time_text(min(times))} .. {time_text(max(times))}", note.strip()


def main(paths):
    for path in map(pathlib.Path, paths):
        rows = [(path.stem, "median", "spread", "")] + list(rows_of(path))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        for row in rows:
            print(f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip())
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
