"""Which feeds have a buy signal in a session, strongest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np


class BuySignals(NamedTuple):
    """The feeds with a buy signal in one session.

    usable : strongest first, ties by name. below_threshold : with too low a score, or none. outside : not in the
    universe, whatever the score.
    """

    usable: list[Any]
    below_threshold: list[Any]
    outside: list[Any]


def buy_signals_now(feeds: Iterable[Any], session: float, threshold: float) -> BuySignals:
    """Return the buy signals of the present session by looking at every feed.

    A feed counts if its bar is of this `session` and its line `direction` is positive.
    """
    signals = BuySignals([], [], [])
    for data in feeds:
        if not (len(data) and data.datetime[0] == session and data.direction[0] > 0):
            continue
        if not data.is_member[0] > 0:
            signals.outside.append(data)
        elif not data.score[0] >= threshold:
            signals.below_threshold.append(data)
        else:
            signals.usable.append(data)
    signals.usable.sort(key=lambda data: (-data.score[0], data._name))
    return signals


class BuySignalIndex:
    """The buy signals of every session, sorted once instead of session by session.

    Only for feeds loaded in bulk. It knows what later sessions will bring, so strategies reach it through
    `ScoredStrategy.buy_signals`, which asks for the present session.
    """

    def __init__(self, feeds: Sequence[Any], threshold: float) -> None:
        columns = [data.columns for data in feeds]
        rows = [np.flatnonzero(column.column("direction") > 0) for column in columns]
        owner = np.repeat(np.arange(len(feeds)), [len(row) for row in rows])
        number, score, member = (
            np.concatenate([values[row] for values, row in zip(part, rows, strict=True)]) for part in (
                [column.numbers for column in columns], [column.column("score") for column in columns],
                [column.column("is_member") for column in columns]))
        kind = np.where(~(member > 0), 2, np.where(score >= threshold, 0, 1))
        by_name = np.argsort(np.argsort([data._name for data in feeds], kind="stable"))
        order = np.lexsort((by_name[owner], np.where(kind == 0, -score, 0.0), kind, number))
        self._feeds = [feeds[n] for n in owner[order].tolist()]
        sessions, starts = np.unique(number[order], return_index=True)
        self._bounds: dict[float, list[int]] = {}
        if len(owner):
            ends = [starts + np.add.reduceat(kind[order] <= last, starts) for last in (0, 1, 2)]
            bounds = np.stack([starts, *ends], axis=1).tolist()
            self._bounds = dict(zip(sessions.tolist(), bounds, strict=True))

    def at(self, session: float) -> BuySignals:
        """Return the buy signals of one session."""
        first, low, outside, last = self._bounds.get(session, (0, 0, 0, 0))
        feeds = self._feeds
        return BuySignals(feeds[first:low], feeds[low:outside], feeds[outside:last])
