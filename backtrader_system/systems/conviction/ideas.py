"""Every signal with what was known when it was decided on, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.conviction.features.features import conviction_features
from backtrader_system.signals.conviction.features.market_inputs import market_inputs
from backtrader_system.signals.conviction.history import as_of, first_known_at
from backtrader_system.signals.conviction.issues import EXCLUDED, SignalIssue
from backtrader_system.signals.conviction.rules.rule_scores import rule_scores
from backtrader_system.signals.conviction.trades.decision import decision_rows
from backtrader_system.signals.conviction.trades.outcomes import BarrierRules, signal_outcomes
from backtrader_system.systems.conviction.sources import IdeaSources

LIQUIDITY_BARS = 20


@dataclass(frozen=True, slots=True)
class Ideas:
    """The usable signals of a run, sorted by decision, signal time, ticker and id.

    table : signal_id, ticker, symbol, asset_type, signal_source, signal_time, known_at, decided_at (UTC), session,
        rule_score, rule_status, rule_name, dollar_volume (mean of 20 bars up to the decision), obstacle (why it may
        not be bought whatever its score, else "").
    row, column : where its decision lies in the bars. features : what models read. outcomes : what became of it,
        see `signal_outcomes`; looks ahead, for labels and evidence only. is_mature : bool, whether the data reach the
        end of label and time limit.
    issues : every signal that was left out, and whatever is odd.
    """

    table: pd.DataFrame
    row: np.ndarray
    column: np.ndarray
    features: pd.DataFrame
    outcomes: pd.DataFrame
    issues: tuple[SignalIssue, ...]
    is_mature: np.ndarray

    def take(self, chosen: np.ndarray, left_out: Sequence[SignalIssue]) -> Ideas:
        """Return the chosen ideas (bool, shape (n,)); `left_out` says why of the others."""
        rows = np.flatnonzero(chosen)
        frames = [frame.iloc[rows].reset_index(drop=True) for frame in (self.table, self.features, self.outcomes)]
        return Ideas(frames[0], self.row[rows], self.column[rows], frames[1], frames[2], (*self.issues, *left_out),
                     self.is_mature[rows])

    def label(self, kind: str) -> np.ndarray:
        """Return 1.0 for winners, 0.0 for others, NaN while the outcome is open; `touch` or `traded`, see the settings.

        A trade that ended early stays open until its time limit has passed: else the last weeks of the data would know
        quick losers only.
        """
        if kind == "touch":
            return self.outcomes["reached_target"].to_numpy(dtype=float)
        return np.where(self.is_mature, self.outcomes["won"].to_numpy(dtype=float), np.nan)

    @property
    def net_return(self) -> np.ndarray:
        """Return of each trade after costs, as a share of its stake; NaN while its outcome is open."""
        return np.where(self.is_mature, self.outcomes["net_return"].to_numpy(dtype=float), np.nan)

    @property
    def label_end(self) -> np.ndarray:
        """The last day that an outcome looks at, datetime64[ns]: of the label and of the trade, the later one."""
        ends = self.outcomes[["label_end", "exit_session"]].max(axis=1)
        return ends.to_numpy(dtype="datetime64[ns]")


def prepare_ideas(sources: IdeaSources) -> Ideas:
    """Return the ideas of a run.

    Raises: DataError if no signal can be decided on, with the counts of the reasons.
    """
    settings, bars, history = sources.settings, sources.market.bars, sources.history
    signals = history.signals.assign(symbol=sources.symbols.to_numpy(), known_at=first_known_at(history).to_numpy())
    column = pd.Index(bars.symbols).get_indexer(signals["symbol"])
    row = decision_rows(bars, sources.closes, column, signals["known_at"])
    obstacles = _left_out(signals, column, row, sources)
    issues = [*history.issues, *obstacles.values()]
    usable = np.setdiff1d(np.arange(len(signals)), list(obstacles))
    if not usable.size:
        raise DataError("no signal can be judged", faults=[str(issue) for issue in issues[:20]])
    order = np.lexsort([signals[name].to_numpy()[usable] for name in ("signal_id", "ticker", "signal_time")]
                       + [row[usable]])
    chosen = usable[order]
    signals, row, column = signals.iloc[chosen].reset_index(drop=True), row[chosen], column[chosen]
    decided_at = sources.closes[row]
    known = as_of(history, signals["signal_id"].tolist(), decided_at, unstamped=settings.conviction.unstamped)
    market = market_inputs(bars, row, column, signals["signal_time"], known["price_at_signal"], sources.closes)
    features = conviction_features(known, market, decided_at=decided_at, mode=settings.conviction.features)
    rules = rule_scores(known, dumbmoney_score=settings.conviction.dumbmoney_score,
                        validator_overlay=settings.conviction.validator_overlay, market=market, decided_at=decided_at)
    volume = mean_dollar_volume(bars.close, bars.volume, row, column)
    table = signals.rename(columns={"source": "signal_source"}).assign(
        decided_at=decided_at, session=bars.sessions[row], **{name: rules[name].to_numpy() for name in rules},
        dollar_volume=volume, obstacle=_obstacles(volume, known["liquidity"], settings))
    outcomes = signal_outcomes(
        bars, row, column, barrier_rules(settings), outcome_days=settings.conviction.outcome_days,
        label_days=settings.conviction.label_days)
    mature = is_mature(outcomes, bars, column, settings)
    return Ideas(table, row, column, features, outcomes, tuple(issues), mature)


def is_mature(outcomes: pd.DataFrame, bars: BarPanel, column: np.ndarray, settings: Settings) -> np.ndarray:
    """Return whether label and time limit of each idea have passed, or its symbol has ended; bool, shape (n,).

    The time limit sells at the next open, so its day must lie before the last session.
    """
    longest = settings.strategy.exits.max_holding_calendar_days or 0
    has_passed = outcomes["entry_session"] + pd.Timedelta(days=longest) < bars.sessions[-1]
    has_ended = ~bars.has_bar[-1][column]
    return (outcomes["is_mature"] & (has_passed | has_ended)).to_numpy()


def barrier_rules(settings: Settings) -> BarrierRules:
    """Return the exits and costs of the settings as the rules of one trade."""
    exits, costs = settings.strategy.exits, settings.backtest
    return BarrierRules(
        exits.stop_loss_fraction, exits.take_profit_fraction, exits.max_holding_calendar_days,
        costs.slippage_bps + costs.half_spread_bps, costs.commission_bps, costs.delisting_haircut_fraction)


def mean_dollar_volume(close: np.ndarray, volume: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return the mean of close times volume over the 20 bars up to each decision, dollars; NaN without any bar.

    close, volume : panels, NaN without a bar. row, column : int, shape (n,).
    Timing: uses bars up to and including the decision's.
    """
    dollars = close * volume
    is_known = np.isfinite(dollars)
    last = np.cumsum(is_known, axis=0)[row, column]
    result = np.full(len(row), np.nan)
    for one in np.unique(column):
        mine = np.flatnonzero(column == one)
        rows = np.flatnonzero(is_known[:, one])
        sums = np.concatenate([[0.0], np.cumsum(dollars[rows, one])])
        n_bars = last[mine]
        start = np.maximum(n_bars - LIQUIDITY_BARS, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            result[mine] = np.where(n_bars > 0, (sums[n_bars] - sums[start]) / (n_bars - start), np.nan)
    return result


def _obstacles(volume: np.ndarray, liquidity: pd.Series, settings: Settings) -> list[str]:
    floor = settings.conviction.liquidity_floor_dollars
    thin = ~(volume >= floor) & (floor > 0)
    shallow = (liquidity.to_numpy(dtype=float) < floor)
    return [f"daily volume below {floor:,.0f} dollars" if is_thin else
            f"liquidity of its exchange below {floor:,.0f} dollars" if is_shallow else ""
            for is_thin, is_shallow in zip(thin, shallow, strict=True)]


def _left_out(
    signals: pd.DataFrame, column: np.ndarray, row: np.ndarray, sources: IdeaSources
) -> dict[int, SignalIssue]:
    """Return why a signal cannot be decided on, by its number."""
    found: dict[int, SignalIssue] = {}
    where = str(sources.settings.conviction.signals or "simulated signals")
    symbols, longest = sources.settings.universe.symbols, sources.settings.conviction.max_wait_days
    decided = sources.closes[np.maximum(row, 0)]
    waits = np.asarray((decided - pd.DatetimeIndex(signals["known_at"])).days)
    for n in np.flatnonzero((column < 0) | (row < 0) | (waits > longest)):
        one = signals.iloc[n]
        if symbols is not None and one["symbol"] not in symbols:
            rule, value, advice = "not_in_universe", f"{one['symbol']} is not among universe.symbols", "add it there"
        elif column[n] < 0:
            rule, value = "no_prices", f"no bar of {one['symbol']} {_period(sources)}"
            advice = "add its bars, or map the ticker to their symbol in conviction.symbols; it is never priced at 0"
        elif row[n] < 0:
            rule, value = "after_data", f"no bar of {one['symbol']} closes after it {_period(sources)}"
            advice = "add newer bars, or end the run later"
        else:
            rule = "stale"
            value = f"posted {one['known_at']:%Y-%m-%d}, the first bar after it is of {decided[n]:%Y-%m-%d}"
            advice = f"nobody trades an idea {waits[n]} days old as new; add bars between (conviction.max_wait_days)"
        found[int(n)] = SignalIssue(EXCLUDED, rule, where, one["signal_id"], one["ticker"], value, advice)
    return found


def _period(sources: IdeaSources) -> str:
    sessions = sources.market.bars.sessions
    return f"from {sessions[0]:%Y-%m-%d} to {sessions[-1]:%Y-%m-%d}"
