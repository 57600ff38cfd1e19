"""What a conviction backtest may conclude: the four questions, answered as far as the sample reaches."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

MIN_RESOLVED = 30       # signals of a threshold, or trades of a sizing, below which it is not compared
_NOT_ENOUGH = "Not enough evidence"
_STAY_FIXED = "not enough evidence to leave the fixed size"
_FIXED, _DOUBLE = "fixed_size", "double_size"


@dataclass(frozen=True, slots=True)
class Basis:
    """What limits every conclusion of this run.

    break_even_hit_rate, zero_skill_hit_rate : win rates that pay the costs, and of a price without drift; None if
    there is no target or no stop. cold_start_share : of the scored signals, by a model of synthetic signals.

    Examples
    --------
    >>> Basis(is_simulated=True).is_simulated
    True
    """

    confidence: float = 0.95
    is_simulated: bool = False
    looks_ahead: bool = False
    cold_start_share: float = 0.0
    in_sample_signals: int = 0
    break_even_hit_rate: float | None = None
    zero_skill_hit_rate: float | None = None


def conclusion_sentences(
    scenarios: pd.DataFrame, comparison_text: str | None, trend_text: str | None, basis: Basis
) -> list[str]:
    """Return the answers to the four questions, then what limits them.

    scenarios : the table `scenarios` of a conviction run; rows that are absent were not run. comparison_text : of
    `compare_selections`, None if not run. trend_text : of `score_trend`. No sentence claims that a model is ready: one
    history, chosen and looked at, cannot show that.
    """
    answers = [
        f"Would the top 10 % have made money? {_top_decile(scenarios, basis)}",
        f"Does ML beat the rules? {comparison_text or 'Not examined in this run.'}",
        f"Which threshold? {_threshold(scenarios, trend_text)}",
        f"Which sizing? {_sizing(scenarios)}",
    ]
    return answers + _limits(basis)


def _top_decile(scenarios: pd.DataFrame, basis: Basis) -> str:
    rows = scenarios[scenarios["scenario"] == "top_decile"]
    if rows.empty:
        return "Not examined in this run."
    row = rows.iloc[0]
    if not row["trades"]:
        return f"{_NOT_ENOUGH}: {int(row['n_selected'])} signals were selected, none became a closed trade."
    money = "made" if row["net_pnl"] > 0 else "lost"
    stakes = f" ({row['return_on_stakes']:+.1%} of the stakes)" if pd.notna(row["return_on_stakes"]) else ""
    head = (f"In this sample they {money} {abs(row['net_pnl']):,.0f} dollars{stakes} in {int(row['trades'])} closed "
            f"trades; {_rate(row)}{_hurdle(basis)}")
    return f"{head}. {_sharpe_sentence(row, basis)}"


def _hurdle(basis: Basis) -> str:
    parts = []
    if basis.zero_skill_hit_rate is not None:
        parts.append(f"{basis.zero_skill_hit_rate:.1%} without any skill")
    if basis.break_even_hit_rate is not None:
        parts.append(f"{basis.break_even_hit_rate:.1%} to break even")
    return f" (stop against target: {', '.join(parts)})" if parts else ""


def _sharpe_sentence(row: pd.Series, basis: Basis) -> str:
    if pd.isna(row["sharpe_low"]) or pd.isna(row["sharpe_high"]):
        return f"{_NOT_ENOUGH} that this was more than luck: the Sharpe ratio has no interval."
    interval = (f"the {basis.confidence:.0%} interval of the Sharpe ratio, {row['sharpe_low']:.2f} to "
                f"{row['sharpe_high']:.2f},")
    if row["sharpe_low"] > 0:
        return f"Evidence of a gain within this sample: {interval} is above zero."
    if row["sharpe_high"] < 0:
        return f"Evidence of a loss against the risk-free rate: {interval} is below zero."
    return f"{_NOT_ENOUGH} that this was more than luck: {interval} holds zero."


def _threshold(scenarios: pd.DataFrame, trend_text: str | None) -> str:
    rows = scenarios[(scenarios["group"] == "thresholds") & (scenarios["n_selected"] > 0)]
    if rows.empty:
        return "No signal reached a threshold." if (scenarios["group"] == "thresholds").any() else \
            "Not examined in this run."
    listed = "; ".join(f"{_label(row)}: {_rate(row)}, mean net return {_percent(row['mean_net_return'])}"
                       for _, row in rows.iterrows())
    trend = f" {trend_text}" if trend_text else ""
    enough = rows[(rows["n_resolved"] >= MIN_RESOLVED) & rows["mean_net_return"].notna()]
    if len(enough) < 2:
        return f"{listed}. {_NOT_ENOUGH}: fewer than two thresholds have {MIN_RESOLVED} known outcomes.{trend}"
    best = enough.loc[enough["mean_net_return"].idxmax()]
    head = f"{listed}. {_best_threshold(rows, best)}"
    others = enough[enough["scenario"] != best["scenario"]]
    # Thresholds are nested, so intervals that do not even overlap are a cautious sign of a difference.
    if bool((others["win_rate_high"] < best["win_rate_low"]).all()):
        return f"{head} and its win rate lies above the others' intervals.{trend}"
    return f"{head}, but the intervals of the win rates overlap: not enough evidence for any one threshold.{trend}"


def _best_threshold(rows: pd.DataFrame, best: pd.Series) -> str:
    """Return the sentence's head; a higher mean of too few outcomes is named, not passed over."""
    highest = rows.loc[rows["mean_net_return"].idxmax()]
    if not highest["mean_net_return"] > best["mean_net_return"]:
        return f"{_label(best)} earned most per signal"
    return (f"{_label(highest)} earned most per signal, but on {int(highest['n_resolved'])} known outcomes only; of "
            f"those with {MIN_RESOLVED} or more, {_label(best)} earned most")


def _sizing(scenarios: pd.DataFrame) -> str:
    rows = scenarios[(scenarios["group"] == "sizing") & scenarios["sharpe"].notna()]
    if rows.empty:
        return "Not examined in this run." if not (scenarios["group"] == "sizing").any() else \
            f"{_NOT_ENOUGH}: no sizing has a Sharpe ratio."
    listed = "; ".join(
        f"{_label(row)}: Sharpe {row['sharpe']:.2f} ({_ends(row, 'sharpe', '{:.2f}')}), total return "
        f"{_percent(row['total_return'])}, largest drawdown {row['max_drawdown']:.1%}, {int(row['trades'])} trades"
        for _, row in rows.iterrows())
    untested = _untested(rows)
    reasons = "".join(f" {_label(row)}: not tested, {untested[row['scenario']]}." for _, row in rows.iterrows()
                      if row["scenario"] in untested)
    tested = rows[~rows["scenario"].isin(untested)]
    if len(tested) < 2:
        return f"{listed}.{reasons} Nothing could be told apart: {_STAY_FIXED}."
    best = tested.loc[tested["sharpe"].idxmax()]
    others = tested[tested["scenario"] != best["scenario"]]
    among = "of those tested" if untested else "of this sample"
    if bool((others["sharpe_high"] < best["sharpe_low"]).all()):
        return (f"{listed}.{reasons} {_label(best)} has the best risk-adjusted result {among}, above the others' "
                "intervals.")
    return (f"{listed}.{reasons} {_label(best)} has the highest Sharpe ratio {among}, but it does not lie above the "
            f"others' intervals: {_STAY_FIXED}.")


def _untested(rows: pd.DataFrame) -> dict[str, str]:
    """Return sizing -> why it was not put to a test: its trades are those of the fixed size, or too few."""
    fixed = rows[rows["scenario"] == _FIXED]
    reasons = {}
    for _, row in rows.iterrows():
        n_trades = int(row["trades"])
        if row["scenario"] != _FIXED and len(fixed) and _has_same_trades(row, fixed.iloc[0]):
            reasons[row["scenario"]] = f"its {n_trades} trades are the fixed ones" + (
                ", none was larger" if row["scenario"] == _DOUBLE else "")
        elif n_trades < MIN_RESOLVED:
            reasons[row["scenario"]] = f"{n_trades} trades, {MIN_RESOLVED} are needed"
    return reasons


def _has_same_trades(row: pd.Series, fixed: pd.Series) -> bool:
    # To half a cent: another size changes dollars, another order of summing only the last digits.
    return row["trades"] == fixed["trades"] and abs(row["net_pnl"] - fixed["net_pnl"]) < 0.005


def _limits(basis: Basis) -> list[str]:
    limits = []
    if basis.is_simulated:
        limits.append("The signals are simulated: this shows how the system works, and nothing about any real source.")
    if basis.looks_ahead:
        limits.append("The best signals were picked from the whole sample, which nobody could have done at the time.")
    if basis.in_sample_signals:
        limits.append(f"{basis.in_sample_signals} signals that the model may have learned from are left out of every "
                      "figure.")
    if basis.cold_start_share > 0:
        limits.append(f"{basis.cold_start_share:.0%} of the scores come from a model of synthetic signals.")
    limits.append("This is one history; the best of several tried settings looks better than it is. Trade it on paper "
                  "before trading money.")
    return limits


def _label(row: pd.Series) -> str:
    return str(row["scenario"]).replace("_", " ")


def _rate(row: pd.Series) -> str:
    if not row["n_resolved"] or pd.isna(row["win_rate"]):
        return "no signal with a known outcome"
    return (f"{int(row['winners'])} of {int(row['n_resolved'])} signals won, {row['win_rate']:.1%} "
            f"({_ends(row, 'win_rate', '{:.1%}')})")


def _ends(row: pd.Series, name: str, show: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "no interval" if pd.isna(low) or pd.isna(high) else f"{show.format(low)} to {show.format(high)}"


def _percent(value: float) -> str:
    return "not known" if pd.isna(value) else f"{value:+.1%}"
