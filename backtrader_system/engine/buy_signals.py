"""Which feeds have a buy signal in a session, strongest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from backtrader_system.engine.ranking import rank_by_session

_USABLE, _BELOW, _OUTSIDE = range(3)


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
        feeds = sorted(feeds, key=lambda data: data._name)      # ties go by name
        columns = [data.columns for data in feeds]
        bars = [np.flatnonzero(column.column("direction") > 0) for column in columns]
        owner = np.repeat(np.arange(len(feeds)), [len(rows) for rows in bars])
        number, score, member = (
            np.concatenate([values[rows] for values, rows in zip(lines, bars, strict=True)]) for lines in (
                [column.numbers for column in columns], [column.column("score") for column in columns],
                [column.column("is_member") for column in columns]))
        sessions = np.unique(np.concatenate(list({id(column.numbers): column.numbers for column in columns}.values())))
        kind = np.where(~(member > 0), _OUTSIDE, np.where(score >= threshold, _USABLE, _BELOW))
        place = 3 * np.searchsorted(sessions, number) + kind
        order = rank_by_session(place, np.where(kind == _USABLE, score, 0.0))
        self._feeds = [feeds[n] for n in owner[order].tolist()]
        ends = np.cumsum(np.bincount(place, minlength=3 * len(sessions))).reshape(-1, 3)
        starts = np.concatenate([[0], ends[:-1, -1]])
        bounds = np.column_stack([starts, ends])[ends[:, -1] > starts].tolist()
        self._bounds = dict(zip(sessions[ends[:, -1] > starts].tolist(), bounds, strict=True))

    def at(self, session: float) -> BuySignals:
        """Return the buy signals of one session."""
        first, low, outside, last = self._bounds.get(session, (0, 0, 0, 0))
        feeds = self._feeds
        return BuySignals(feeds[first:low], feeds[low:outside], feeds[outside:last])
