"""Race our engines against stock Backtrader, nautilus_trader, zipline-reloaded, pybroker and vectorbt.

    python benchmarks/engine_speed.py --install-peers         # once; optional
    python benchmarks/engine_speed.py [--only large] [--rounds 3] [--quick] [--output growth.png]

All contestants trade the same rules (`speed/rules.py`) on the same seeded market (`speed/market.py`), each in a process
of its own, one after the other in every round. Prints whether those with the same rules made the same trades, and a
Markdown table: time, ratio to the rival in the same round, target, met or not.

What is timed: from the bars as a user of that library holds them (DataFrames, panels, its own bar objects) to a
finished run. Imports and reading the file are not, except where a work says "whole process".

- Ours and stock Backtrader leave an order log, a blotter and an equity curve, deliver every notification and collect
  garbage as a normal run of theirs does. Stock runs as installed, with its default observers, and again without them.
- In runs of the event engine `next()` is called in every session with Backtrader's own Order and Trade objects. The
  kernel has neither: its figures are not Backtrader's.
- Approximate: the peer handles orders in its own way (its file says how), so its trades, and its work, differ a little.
  Of the peers' ledgers nothing is asked beyond what their runs leave.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from speed import peers
from speed.checks import run_checks
from speed.growth import growth_lines, plot_growth, run_growth
from speed.race import ContestantFailed, Measured, Track, noise_seconds
from speed.results import DETAIL_HEAD, HEAD, Line, Rounds, details_of, lines_of, markdown_table
from speed.rows import ROWS, Row

QUICK_DIVISOR = 10
CHECKS, GROWTH = "checks", "growth"
DEFAULT_PEERS = Path.home() / ".cache" / "backtrader_system_peers"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    keys = [row.key for row in ROWS]
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", metavar="WORK", choices=[*keys, CHECKS, GROWTH],
                        help=f"one of {', '.join([*keys, CHECKS, GROWTH])}; may be given several times")
    parser.add_argument("--quick", action="store_true",
                        help="one round on a tenth of the sessions: tries the script, its ratios mean nothing")
    parser.add_argument("--peers", type=Path, default=DEFAULT_PEERS, help="folder with one environment per peer")
    parser.add_argument("--install-peers", action="store_true", help="create them as peers.txt says, and end")
    parser.add_argument("--output", type=Path, help="write the plot of growth to this PNG file")
    return parser.parse_args()


def run_rounds(track: Track, row: Row, n_rounds: int) -> tuple[Rounds, list[float]]:
    """Return what the contestants of `row` measured, and how long the fixed loop took before each of them."""
    contestants = [contestant for contestant in row.contestants if track.has(contestant)]
    measured: dict[str, list[Measured]] = {contestant.label: [] for contestant in contestants}
    noise = []
    for number in range(n_rounds):
        for contestant in contestants:
            noise.append(noise_seconds())
            _say(f"{row.work}: round {number + 1}, {contestant.label}")
            measured[contestant.label].append(track.run(contestant, row.ground, row.rules))
    return Rounds(row, track.n_bars[row.ground], measured), noise


def race(
    track: Track, rows: list[Row], n_rounds: int
) -> Iterator[tuple[list[Line], list[tuple[str, ...]], list[float]]]:
    """Yield the lines, details and noise of each work that ran."""
    for row in rows:
        for rival in row.rivals:
            if not track.has(rival.contestant):
                print(f"skipped: {row.work} against {rival.contestant.label}, which is not installed", flush=True)
        try:
            rounds, noise = run_rounds(track, row, n_rounds)
        except ContestantFailed as failure:
            print(f"FAILED: {row.work}: {failure}", flush=True)
            yield [Line((row.work, "", "failed", "", "", "", "", "no"), False)], [], []
        else:
            yield lines_of(rounds), details_of(rounds), noise


def print_race(track: Track, rows: list[Row], n_rounds: int) -> bool:
    """Race, print both tables and return whether every target is met."""
    lines, details, noise = [], [], []
    for some_lines, some_details, some_noise in race(track, rows, n_rounds):
        lines += some_lines
        details += some_details
        noise += some_noise
    print(f"\n{markdown_table(HEAD, [line.cells for line in lines])}\n")
    print(f"{markdown_table(DETAIL_HEAD, details)}\n")
    if noise:
        print(f"A fixed loop, run between all of these, took {min(noise):.3f} to {max(noise):.3f} s: the noise.")
    return all(line.is_met is not False for line in lines)


def print_checks(track: Track, divisor: int) -> bool:
    """Print what the checks find and return whether all is as expected."""
    try:
        findings = []
        for finding in run_checks(track, divisor=divisor):
            print(finding.text, flush=True)
            findings.append(finding)
    except ContestantFailed as failure:
        print(f"FAILED: {failure}")
        return False
    return all(finding.is_fine is not False for finding in findings)


def print_growth(track: Track, divisor: int, n_rounds: int, output: Path | None) -> bool:
    points = []
    for point in run_growth(track, divisor=divisor, rounds=n_rounds):
        _say(f"growth: {point.who}, {point.series} {point.x:,.0f}: {point.seconds:.3g} s")
        points.append(point)
    lines = growth_lines(points)
    print("\n".join(text for text, _ in lines))
    if output is not None:
        plot_growth(points, output)
        print(f"plot: {output}")
    return all(is_linear for _, is_linear in lines)


def _say(text: str) -> None:
    print(f"{text} ...", file=sys.stderr, flush=True)


def main() -> int:
    options = arguments()
    if options.install_peers:
        peers.install(options.peers)
        return 0
    chosen = options.only or [*(row.key for row in ROWS), CHECKS, GROWTH]
    divisor = QUICK_DIVISOR if options.quick else 1
    n_rounds = 1 if options.quick else options.rounds
    installed = filter(None, (peers.version_note(options.peers, name) for name in peers.pins()))
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {n_rounds} rounds; peers: "
          f"{', '.join(installed) or 'none installed'}", flush=True)
    with tempfile.TemporaryDirectory(prefix="engine_speed_") as folder:
        track = Track(Path(folder), options.peers)
        results = []
        if CHECKS in chosen:
            results.append(print_checks(track, divisor))
        rows = [row.shortened(divisor) for row in ROWS if row.key in chosen]
        if rows:
            results.append(print_race(track, rows, n_rounds))
        if GROWTH in chosen:
            results.append(print_growth(track, divisor, n_rounds, options.output))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
