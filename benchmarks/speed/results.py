"""What the rounds of a work add up to, and whether its targets are met: pure functions of measurements."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from speed.race import Measured
from speed.rows import Rival, Row


@dataclass(frozen=True, slots=True)
class Rounds:
    """Everything measured of one work: per contestant's label one `Measured` per round, in the order of the rounds."""

    row: Row
    n_bars: int
    measured: dict[str, list[Measured]]

    def seconds(self, label: str) -> list[float]:
        """Return the best time of each round."""
        return [one.process_seconds if self.row.whole_process else min(one.seconds) for one in self.measured[label]]

    def ratios(self, label: str) -> list[float]:
        """Return, per round, how many times as long `label` took as ours in the same round."""
        ours = self.seconds(self.row.ours.label)
        return [theirs / own for theirs, own in zip(self.seconds(label), ours, strict=True)]

    def peak_mib(self, label: str) -> float:
        return max(one.peak_mib for one in self.measured[label])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table, as text; `is_met` is None where a work has no target."""

    cells: tuple[str, ...]
    is_met: bool | None


HEAD = ("work", "to beat", "ours, s: min (median)", "theirs, s: min (median)", "ratio: median (min to max)", "target",
        "stretch", "met")
DETAIL_HEAD = ("work", "who", "s: min (median)", "symbol-bars per s", "peak MiB", "MiB before the run", "trades")


def verdict(value: float, target: float | None, stretch: float | None) -> tuple[str, bool | None]:
    """Return the last cell of a line for a ratio, and whether the target is met.

    Examples
    --------
    >>> verdict(12.0, 10, 25)
    ('yes', True)
    >>> verdict(8.0, 10, 25)
    ('no: 80 % of the target', False)
    """
    if target is None:
        return "", None
    if value < target:
        return f"no: {100 * value / target:.0f} % of the target", False
    return ("yes, stretch too" if stretch is not None and value >= stretch else "yes"), True


def lines_of(rounds: Rounds) -> list[Line]:
    """Return the lines of a work: one per rival that ran, or one for its absolute target."""
    row = rounds.row
    lines = [_rival_line(rounds, rival) for rival in row.rivals if rival.contestant.label in rounds.measured]
    if row.target_seconds is not None:
        seconds = rounds.seconds(row.ours.label)
        text, is_met = verdict(row.target_seconds / median(seconds), 1, row.target_seconds / row.stretch_seconds)
        lines.append(Line((row.work, "-", _times(seconds), "", "", f"{row.target_seconds:g} s",
                           f"{row.stretch_seconds:g} s", text), is_met))
    if row.target_mib is not None:
        peak = rounds.peak_mib(row.ours.label)
        text, is_met = verdict(row.target_mib / peak, 1, None)
        lines.append(Line((row.work, "-", f"peak {peak:.0f} MiB", "", "", f"{row.target_mib:g} MiB", "", text), is_met))
    return lines


def _rival_line(rounds: Rounds, rival: Rival) -> Line:
    row, label = rounds.row, rival.contestant.label
    ratios = rounds.ratios(label)
    text, is_met = verdict(median(ratios), rival.target, rival.stretch)
    return Line((
        row.work, label, _times(rounds.seconds(row.ours.label)), _times(rounds.seconds(label)),
        f"{median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})", _factor(rival.target), _factor(rival.stretch),
        text), is_met)


def details_of(rounds: Rounds) -> list[tuple[str, ...]]:
    """Return, per contestant of a work, its times, speed, memory and number of closed trades."""
    rows = []
    for label, measured in rounds.measured.items():
        seconds = rounds.seconds(label)
        n_settings = measured[0].outcome.n_settings
        rows.append((
            rounds.row.work, label, _times(seconds), f"{n_settings * rounds.n_bars / min(seconds):,.0f}",
            f"{rounds.peak_mib(label):.0f}", f"{max(one.before_mib for one in measured):.0f}",
            f"{measured[0].outcome.n_trades:,}"))
    return rows


def _times(seconds: list[float]) -> str:
    return f"{_three_digits(min(seconds))} ({_three_digits(median(seconds))})"


def _three_digits(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _factor(value: float | None) -> str:
    return "" if value is None else f"{value:g}x"


def markdown_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ("---",) * len(head), *rows))
