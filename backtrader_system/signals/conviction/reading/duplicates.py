"""The same signal under two ids: which one is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from backtrader_system.signals.conviction.history import SignalHistory
from backtrader_system.signals.conviction.issues import EXCLUDED, SignalIssue

REPOST_WITHIN = pd.Timedelta(hours=24)
MIN_REPOST_CHARACTERS = 20


def repost_issues(history: SignalHistory, where: Mapping[str, str] | None = None) -> tuple[SignalIssue, ...]:
    """Return an excluding issue for every signal that repeats an earlier one under another id.

    where : signal_id -> file and line, for the messages.
    Rules, each judged by earlier signals only, so that a later post never removes an earlier one:
    - `same_instant`: ticker, source and signal_time are equal; the first in the order of the history is kept. Signals
      that only have a date (23:59:59) are left alone: a room may name a ticker twice a day.
    - `repost`: the same first message about the same ticker within 24 hours of the one that is kept, in any source.
      Case and blanks do not matter; messages under 20 characters say too little to tell.
    """
    signals = history.signals.reset_index(drop=True)
    instants = _same_instants(signals)
    reposts = _reposts(signals.drop(index=list(instants)), history)
    found = {**{row: ("same_instant", kept) for row, kept in instants.items()},
             **{row: ("repost", kept) for row, kept in reposts.items()}}
    ids, tickers = signals["signal_id"].to_numpy(), signals["ticker"].to_numpy()
    return tuple(
        SignalIssue(EXCLUDED, rule, (where or {}).get(ids[row], "signal store"), ids[row], tickers[row],
                    f"repeats signal '{ids[kept]}' of {signals['signal_time'].iloc[kept]:%Y-%m-%d %H:%M} UTC",
                    "the first is kept")
        for row, (rule, kept) in sorted(found.items()))


def without_reposts(history: SignalHistory, where: Mapping[str, str] | None = None) -> SignalHistory:
    """Return the history without signals that repeat an earlier one; each is listed in its issues."""
    issues = repost_issues(history, where)
    if not issues:
        return history
    gone = {issue.signal_id for issue in issues}
    signals = history.signals[~history.signals["signal_id"].isin(gone)].reset_index(drop=True)
    revisions = {block: table[~table["signal_id"].isin(gone)].reset_index(drop=True)
                 for block, table in history.revisions.items()}
    return SignalHistory(signals, revisions, (*history.issues, *issues), history.is_simulated)


def _same_instants(signals: pd.DataFrame) -> dict[int, int]:
    # A date without a time is taken as the last second of its day.
    has_time = ~signals["signal_time"].dt.strftime("%H:%M:%S").eq("23:59:59")
    timed = signals[has_time]
    keys = ["ticker", "source", "signal_time"]
    again = timed[timed.duplicated(keys, keep=False)]
    first = again.groupby(keys)["signal_id"].transform(lambda ids: ids.index[0])
    return {int(row): int(kept) for row, kept in first.items() if row != kept}


def _reposts(signals: pd.DataFrame, history: SignalHistory) -> dict[int, int]:
    message = history.revisions.get("message")
    if message is None or message.empty:
        return {}
    first = message.sort_values("known_at", kind="stable").drop_duplicates("signal_id")
    text = signals["signal_id"].map(first.set_index("signal_id")["message"]).fillna("").astype("str")
    text = text.str.casefold().str.replace(r"\s+", " ", regex=True).str.strip()
    posts = signals.assign(text=text)[(text.str.len() >= MIN_REPOST_CHARACTERS).to_numpy()]
    posts = posts[posts.duplicated(["ticker", "text"], keep=False)].sort_values("signal_time", kind="stable")
    return {row: kept for _, group in posts.groupby(["ticker", "text"]) for row, kept in _within_a_day(group)}


def _within_a_day(posts: pd.DataFrame) -> Iterator[tuple[int, int]]:
    rows, times = posts.index.to_numpy(), posts["signal_time"].dt.tz_localize(None).to_numpy()
    kept = 0
    for place in range(1, len(rows)):
        if times[place] - times[kept] <= np.timedelta64(REPOST_WITHIN.value, "ns"):
            yield int(rows[place]), int(rows[kept])
        else:
            kept = place
