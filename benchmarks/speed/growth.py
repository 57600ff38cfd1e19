"""How time grows with bars and with trades, and a plot of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from statistics import linear_regression

from speed.race import Contestant, Ground, Track
from speed.rows import KERNEL, OURS
from speed.rules import STOPS_AND_TARGETS, Rules

# Twice the work may take this many times as long and still count as linear: memory beyond the caches costs its share.
LARGEST_FACTOR_PER_DOUBLING = 2.2
SESSIONS = tuple(Ground(100, n_sessions) for n_sessions in (315, 630, 1260, 2520, 5040))
SYMBOLS = tuple(Ground(n_symbols, 2520) for n_symbols in (125, 250, 500, 1000, 2000))
POSITIONS = (5, 10, 20, 40, 80)
INVESTED_FRACTION = 0.75


@dataclass(frozen=True, slots=True)
class Point:
    """One size of one series: `x` symbol-bars or closed trades."""

    series: str
    who: str
    x: float
    seconds: float


def run_growth(track: Track, *, divisor: int, rounds: int) -> Iterator[Point]:
    """Yield the best time of every size, for the event engine and the kernel."""
    for who in (replace(OURS, repeats=1), replace(KERNEL, repeats=5)):
        for series, grounds in (("bars, more sessions", SESSIONS), ("bars, more symbols", SYMBOLS)):
            for ground in grounds:
                yield _point(track, series, who, ground, STOPS_AND_TARGETS, divisor, rounds)
        for n_positions in POSITIONS:
            rules = replace(STOPS_AND_TARGETS, max_positions=n_positions, entry_score=0.6,
                            position_fraction=INVESTED_FRACTION / n_positions)
            yield _point(track, "trades", who, Ground(500, 2520), rules, divisor, rounds)


def _point(
    track: Track, series: str, who: Contestant, ground: Ground, rules: Rules, divisor: int, rounds: int
) -> Point:
    ground = replace(ground, n_sessions=max(ground.n_sessions // divisor, 100))
    measured = [track.run(who, ground, rules) for _ in range(rounds)]
    x = measured[0].outcome.n_trades if series == "trades" else track.n_bars[ground]
    return Point(series, who.label, x, min(min(one.seconds) for one in measured))


def factor_per_doubling(points: list[Point]) -> float:
    """Return by what factor time grows when the size doubles: a line through the largest three sizes, in logarithms.

    Small sizes hide growth behind the costs that every run has.

    Examples
    --------
    >>> factor_per_doubling([Point("bars", "ours", x, 1e-6 * x) for x in (100, 200, 400)])
    2.0
    """
    largest = sorted(points, key=lambda point: point.x)[-3:]
    sizes, seconds = ([log(getattr(point, name)) for point in largest] for name in ("x", "seconds"))
    return round(2 ** linear_regression(sizes, seconds).slope, 2)


def growth_lines(points: list[Point]) -> list[tuple[str, bool]]:
    """Return one sentence per series, and whether time grew no faster than the series."""
    lines = []
    for key in dict.fromkeys((point.who, point.series) for point in points):
        chosen = [point for point in points if (point.who, point.series) == key]
        factor = factor_per_doubling(chosen)
        is_linear = factor <= LARGEST_FACTOR_PER_DOUBLING
        sizes = ", ".join(f"{point.x:,.0f}: {point.seconds:.3g} s" for point in chosen)
        lines.append((f"{'linear' if is_linear else 'NOT LINEAR'}: {key[0]}, {key[1]}: {sizes}; twice as many cost "
                      f"{factor:.2f} times", is_linear))
    return lines


def plot_growth(points: list[Point], path: Path) -> None:
    """Write a plot of seconds against bars and against trades."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker

    series_names = list(dict.fromkeys(point.series for point in points))
    figure, axes = pyplot.subplots(1, len(series_names), figsize=(5 * len(series_names), 4), layout="constrained")
    for axis, series in zip(axes, series_names, strict=True):
        for who, marker in zip(dict.fromkeys(point.who for point in points), "os", strict=False):
            chosen = [point for point in points if (point.series, point.who) == (series, who)]
            sizes, seconds = [point.x for point in chosen], [point.seconds for point in chosen]
            axis.loglog(sizes, seconds, marker=marker, label=who)
            axis.loglog(sizes, [seconds[-1] * size / sizes[-1] for size in sizes], ":", color="grey")
        axis.set(xlabel="closed trades" if series == "trades" else "symbol-bars", ylabel="seconds of one run",
                 title=f"Time against {series}")
        axis.xaxis.set_minor_formatter(ticker.NullFormatter())
        axis.legend(title="dotted: linear")
    figure.savefig(path, dpi=120)
