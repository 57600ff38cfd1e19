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
        """Return the time of each round; the median where a process makes several runs."""
        return [one.process_seconds if self.row.whole_process else median(one.seconds) for one in self.measured[label]]

    def least_seconds(self, label: str) -> float:
        """Return the shortest time of all."""
        return min(one.process_seconds if self.row.whole_process else min(one.seconds) for one in self.measured[label])

    def ratios(self, label: str) -> list[float]:
        """Return, per round, how many times as long `label` took as ours in the same round."""
        ours = self.seconds(self.row.ours.label)
        return [theirs / own for theirs, own in zip(self.seconds(label), ours, strict=True)]

    def peak_mib(self, label: str) -> float:
        return max(one.peak_mib for one in self.measured[label])

    def added_mib(self, label: str) -> float:
        """Return by how much the runs raised the peak, beyond bars, settings and imports before them."""
        return max(one.peak_mib - one.before_mib for one in self.measured[label])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table, as text; `is_met` is None where a work has no target."""

    cells: tuple[str, ...]
    is_met: bool | None


FLAT_MEMORY_FACTOR = 1.1
HEAD = ("work", "to beat", "ours, s: min (median)", "theirs, s: min (median)", "ratio: median (min to max)", "target",
        "stretch", "met")
DETAIL_HEAD = ("work", "who", "s: min (median)", "symbol-bars per s", "peak MiB", "MiB before the first run", "trades")


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
        lines.append(_seconds_line(rounds, row.target_seconds, row.stretch_seconds))
    if row.target_mib is not None:
        peak = rounds.peak_mib(row.ours.label)
        lines.append(_memory_line(row, "peak", peak, row.target_mib, f"{row.target_mib:g} MiB"))
    if row.flat_against is not None:
        label = row.flat_against.label
        largest = rounds.added_mib(label) * FLAT_MEMORY_FACTOR
        lines.append(_memory_line(row, "added by the run", rounds.added_mib(row.ours.label), largest,
                                  f"{FLAT_MEMORY_FACTOR:g} x {label}: {largest:.0f} MiB"))
    if not lines:
        lines.append(Line((row.work, "-", _times(rounds, row.ours.label), "", "", "", "", ""), None))
    return lines


def _seconds_line(rounds: Rounds, target: float, stretch: float | None) -> Line:
    label = rounds.row.ours.label
    text, is_met = verdict(target / median(rounds.seconds(label)), 1, None if stretch is None else target / stretch)
    stretch_text = "" if stretch is None else f"{stretch:g} s"
    return Line((rounds.row.work, "-", _times(rounds, label), "", "", f"{target:g} s", stretch_text, text), is_met)


def _memory_line(row: Row, what: str, found_mib: float, target_mib: float, target_text: str) -> Line:
    text, is_met = verdict(target_mib / found_mib, 1, None)
    return Line((f"{row.work}: memory", "-", f"{what}: {found_mib:.0f} MiB", "", "", target_text, "", text), is_met)


def _rival_line(rounds: Rounds, rival: Rival) -> Line:
    row, label = rounds.row, rival.contestant.label
    ratios = rounds.ratios(label)
    text, is_met = verdict(median(ratios), rival.target, rival.stretch)
    return Line((
        row.work, label, _times(rounds, row.ours.label), _times(rounds, label),
        f"{median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})", _factor(rival.target), _factor(rival.stretch),
        text), is_met)


def details_of(rounds: Rounds) -> list[tuple[str, ...]]:
    """Return, per contestant of a work, its times, speed, memory and number of closed trades."""
    rows = []
    for label, measured in rounds.measured.items():
        n_bars = measured[0].outcome.n_settings * rounds.n_bars
        rows.append((
            rounds.row.work, label, _times(rounds, label), f"{n_bars / rounds.least_seconds(label):,.0f}",
            f"{rounds.peak_mib(label):.0f}", f"{max(one.before_mib for one in measured):.0f}",
            f"{measured[0].outcome.n_trades:,}"))
    return rows


def _times(rounds: Rounds, label: str) -> str:
    return f"{_three_digits(rounds.least_seconds(label))} ({_three_digits(median(rounds.seconds(label)))})"


def _three_digits(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _factor(value: float | None) -> str:
    return "" if value is None else f"{value:g}x"


def markdown_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ("---",) * len(head), *rows))
