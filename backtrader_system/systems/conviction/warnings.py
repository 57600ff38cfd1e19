"""What a reader must know before believing the figures of a run."""

from __future__ import annotations

from collections.abc import Iterator

from backtrader_system.signals.conviction.fields import CHANGING_BLOCKS
from backtrader_system.signals.conviction.history import block_counts
from backtrader_system.signals.conviction.issues import warning_lines
from backtrader_system.signals.conviction.selection import Selection
from backtrader_system.systems.conviction.ideas import Ideas
from backtrader_system.systems.conviction.scoring import BEFORE_PERIOD, IN_SAMPLE, IdeaScores
from backtrader_system.systems.conviction.sources import IdeaSources

BLOCK_WORDS = {"reactions": "reactions", "trends": "search trends", "onchain": "on-chain values"}
LEFT_OUT = {IN_SAMPLE: "the model was trained on them or on later ones",
            BEFORE_PERIOD: "they were decided before backtest.start_date; they may train models"}


def run_warnings(
    sources: IdeaSources, ideas: Ideas, scores: IdeaScores, chosen: Selection
) -> tuple[str, ...]:
    """Return the warnings of a run, the gravest first."""
    return (*_of_signals(sources), *_of_selection(sources, scores, chosen), *_of_models(sources, scores, chosen),
            *_left_out(ideas), *_unstamped(sources), *(f"signals: {line}" for line in warning_lines(ideas.issues)))


def _of_signals(sources: IdeaSources) -> Iterator[str]:
    if sources.history.is_simulated:
        made = "" if sources.settings.conviction.signals else (
            f", and their skill ({sources.settings.conviction.simulated.skill:g}) is a setting")
        yield f"the signals are simulated: nobody ever posted them{made}"


def _of_selection(sources: IdeaSources, scores: IdeaScores, chosen: Selection) -> Iterator[str]:
    settings = sources.settings.conviction
    if settings.selection == "whole_sample" and not settings.strategy.startswith("threshold"):
        yield ("LOOK-AHEAD: the best of the whole sample are bought; a live trader does not know later scores. "
               "conviction.selection: causal compares with earlier scores only")
    if not chosen.is_selected.any():
        yield (f"no signal was selected by {settings.strategy}: the highest score is "
               f"{scores.table['ml_score'].max():.0f} of 10")


def _of_models(sources: IdeaSources, scores: IdeaScores, chosen: Selection) -> Iterator[str]:
    cold, needed = scores.is_cold, sources.settings.conviction.classifier
    if cold.any():
        yield (f"{int(cold.sum()):,} of {len(cold):,} signals, {int((cold & chosen.is_selected).sum()):,} of "
               f"{int(chosen.is_selected.sum()):,} selected ones, were scored by the cold start, a model of synthetic "
               f"signals: in their months fewer than {needed.min_training_signals} outcomes or "
               f"{needed.min_training_winners} winners were known")
    manifest = scores.newest.manifest
    if manifest.is_synthetic and scores.walk is None:
        yield "the model was trained on synthetic signals: it has learned nothing of any market"
    if manifest.converted_from:
        yield (f"the model was converted from {manifest.converted_from}: nobody can tell which signals it was trained "
               "on, so results may be in-sample")


def _left_out(ideas: Ideas) -> Iterator[str]:
    obstacles = ideas.table.loc[ideas.table["obstacle"] != "", "obstacle"]
    for reason, count in obstacles.value_counts().items():
        yield f"{count:,} signals are scored but never bought: {reason}"
    for rule, words in LEFT_OUT.items():
        count = sum(issue.rule == rule for issue in ideas.issues)
        if count:
            yield f"{count:,} signals are left out of every result: {words}"


def _unstamped(sources: IdeaSources) -> Iterator[str]:
    if sources.history.is_simulated or sources.settings.conviction.unstamped != "signal_time":
        return
    counts = block_counts(sources.history)["n_unstamped"]
    for block in CHANGING_BLOCKS:
        if counts[block]:
            yield (f"{counts[block]:,} signals do not say when their {BLOCK_WORDS[block]} were read; they count as "
                   "known when the signal was posted, which looks ahead if they were read later. "
                   "conviction.unstamped: missing leaves them out")
