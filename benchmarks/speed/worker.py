"""Run one contestant in this process and print, as one line of JSON, how long it took and how much memory it used.

    python -m speed.worker CONTESTANT --market FOLDER [--rules JSON] [--repeats 3] [--warm-up] [--options JSON]

A contestant is a module of this package with three functions: `prepare(market, rules, **options)` turns the bars into
what a user of that library has at hand, untimed; `run(prepared)` is timed; `outcome(result)` reads the result, untimed.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from speed.market import read_market
from speed.rules import Rules


def peak_mib() -> float:
    """Return the most memory this process, or the largest of its children, has had resident.

    `ru_maxrss` of a process counts its parent's memory at the moment of the fork, so Linux's own counter is read.
    """
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        own = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    return max(own, children)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contestant")
    parser.add_argument("--market", type=Path, required=True)
    parser.add_argument("--rules", type=json.loads, default={})
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--warm-up", action="store_true", help="run once more before, uncounted")
    parser.add_argument("--options", type=json.loads, default={})
    given = parser.parse_args()

    contestant = importlib.import_module(f"speed.{given.contestant}")
    prepared = contestant.prepare(read_market(given.market), Rules(**given.rules), **given.options)
    before_mib = peak_mib()
    if given.warm_up:
        contestant.run(prepared)
    seconds, result = [], None
    for _ in range(given.repeats):
        result = None               # so that two results never lie in memory together
        gc.collect()
        started = time.perf_counter()
        result = contestant.run(prepared)
        seconds.append(time.perf_counter() - started)
    peak = peak_mib()
    print(json.dumps({"seconds": seconds, "before_mib": before_mib, "peak_mib": peak,
                      "outcome": asdict(contestant.outcome(result))}))


if __name__ == "__main__":
    main()
