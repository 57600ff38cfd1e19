"""The figures of the section `conviction` as text, and the words of this system."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from backtrader_system.reports.figure_text import percent
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.section_figures import SectionFigures

STRATEGIES = {
    "top10": "best {fraction} of the signals by ML score", "threshold7": "every signal with an ML score of 7 or more",
    "threshold8": "every signal with an ML score of 8 or more",
    "threshold9": "every signal with an ML score of 9 or more",
    "hybrid": "best {fraction} by {weight} ML and {rest} rule score", "rules": "best {fraction} by rule score",
}
SELECTIONS = {
    "causal": "causal: a score is compared only with scores of earlier signals",
    "whole_sample": "over the whole sample: LOOK-AHEAD, a live trader does not know later scores",
}
VERDICTS = {
    "rollout": "ML beats the rules: roll out", "hybrid": "ML and rules are as good: keep the hybrid",
    "iterate": "ML loses to the rules: iterate on features", "not_enough_evidence": "Not enough evidence",
}
SCENARIOS = {
    "top_decile": "best {fraction} by ML", "threshold_7": "ML score 7 or more", "threshold_8": "ML score 8 or more",
    "threshold_9": "ML score 9 or more", "ml_best": "best by ML", "rules_best": "best by rules", "hybrid": "hybrid",
    "fixed_size": "same dollars each", "double_size": "double size from score {high}",
    "kelly_at_risk": "Kelly: fraction at risk", "kelly_growth": "Kelly: growth-optimal", "walk_forward": "walk-forward",
}
GROUPS = {
    "top_decile": "Scenario 1: the best by ML score", "thresholds": "Scenario 2: which threshold",
    "ml_vs_rules": "Scenario 3: ML against rules", "sizing": "Scenario 4: which size",
}
SELECTED = {"causal": "causal", "whole_sample": "whole sample: LOOK-AHEAD"}


def facts_of(result: RunResult) -> SectionFigures:
    """Return the conviction figures of a run."""
    return SectionFigures(result.metrics.get("conviction", {}))


def table_of(result: RunResult, name: str) -> pd.DataFrame:
    """Return a further table of the run; an empty one if the run has none."""
    return result.tables.get(name, pd.DataFrame())


def flags_of(result: RunResult, *, is_raised: bool = True) -> list[Mapping[str, object]]:
    """Return the flags that are raised, or those that are not, red before green; one without a state is raised."""
    flags = [flag for flag in facts_of(result).section.get("flags") or ()
             if (flag.get("state", "raised") == "raised") == is_raised]
    return sorted(flags, key=lambda flag: flag["kind"] != "red")


def hurdles_text(facts: SectionFigures) -> str:
    """Return what a win rate must be compared with: no skill, break-even, entries at random times.

    Examples
    --------
    >>> hurdles_text(SectionFigures({"zero_skill_hit_rate": 0.02, "break_even_hit_rate": 0.03}))
    'zero skill 2.00 %, break-even 3.00 %'
    """
    parts = [f"zero skill {facts.text('zero_skill_hit_rate')}", f"break-even {facts.text('break_even_hit_rate')}"]
    if facts.value("random_hit_rate") is not None:
        parts.append(f"entries at any session {facts.text('random_hit_rate')}")
    return ", ".join(parts)


def selection_text(result: RunResult) -> str:
    """Return how signals were selected; a threshold compares a score with nothing but itself."""
    conviction = result.settings.conviction
    return "by the score alone" if conviction.strategy.startswith("threshold") else SELECTIONS[conviction.selection]


def is_file_of(stem: str, path: str) -> bool:
    """Return whether a path is that of the run's file with this stem, such as `trade_blotter`."""
    return path.rpartition("/")[2].startswith(f"{stem}_")


def share_text(part: int, whole: int) -> str:
    """Return a share with its counts.

    Examples
    --------
    >>> share_text(6, 9), share_text(0, 0)
    ('66.67 % (6 of 9)', 'none of 0')
    """
    return f"{percent(part / whole)} ({part:,} of {whole:,})" if whole else "none of 0"


def strategy_text(result: RunResult) -> str:
    """Return which signals are bought, in words."""
    settings = result.settings.conviction
    weight = settings.hybrid_ml_weight
    return STRATEGIES[settings.strategy].format(
        fraction=f"{settings.top_fraction:.0%}", weight=f"{weight:.0%}", rest=f"{1 - weight:.0%}")


def scenario_text(name: str, result: RunResult) -> str:
    """Return a scenario in words; one that nobody described by its name."""
    settings = result.settings.conviction
    words = SCENARIOS.get(name, name.replace("_", " "))
    return words.format(fraction=f"{settings.top_fraction:.0%}", high=settings.high_conviction_score)


def group_title(group: str) -> str:
    """Return the title of a group of scenarios; one that nobody described by its name."""
    return GROUPS.get(group, str(group).replace("_", " ").capitalize())


def won_text(result: RunResult) -> str:
    """Return what a signal that won is, traded alone by the exits of the run, in words."""
    exits = result.settings.strategy.exits
    target, stop = exits.take_profit_fraction, exits.stop_loss_fraction
    goal = "its target" if target is None else f"its target of {target:+.0%}"
    limit = "the time limit" if stop is None else f"its stop of -{stop:.0%} and the time limit"
    return f"{goal} came before {limit}"


def label_text(result: RunResult) -> str:
    """Return what the models are trained to find, the label, in words."""
    settings = result.settings.conviction
    if settings.label == "traded":
        return won_text(result)
    target = result.settings.strategy.exits.take_profit_fraction
    goal = "the target" if target is None else f"{target:+.0%} over the entry price"
    return f"its high touched {goal} within {settings.label_days} days of the entry, whether or not the stop came first"


def base_rate_of(bands: pd.DataFrame) -> float | None:
    """Return the share of winners among all resolved signals of the table of bands; None without one."""
    resolved = 0 if bands.empty else int(bands["resolved"].sum())
    return int(bands["winners"].sum()) / resolved if resolved else None
