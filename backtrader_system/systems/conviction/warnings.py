"""What a reader must know before believing the figures of a run."""

from __future__ import annotations

from backtrader_system.signals.conviction.fields import CHANGING_BLOCKS
from backtrader_system.signals.conviction.history import block_counts
from backtrader_system.signals.conviction.issues import issue_counts
from backtrader_system.signals.conviction.selection import Selection
from backtrader_system.systems.conviction.ideas import Ideas
from backtrader_system.systems.conviction.scoring import IdeaScores
from backtrader_system.systems.conviction.sources import IdeaSources

BLOCK_WORDS = {"reactions": "reactions", "trends": "search trends", "onchain": "on-chain values"}


def run_warnings(
    sources: IdeaSources, ideas: Ideas, scores: IdeaScores, chosen: Selection
) -> tuple[str, ...]:
    """Return the warnings of a run, the gravest first."""
    settings = sources.settings.conviction
    found = []
    if sources.history.is_simulated:
        found.append("the signals are simulated: nobody ever posted them, and their skill "
                     f"({settings.simulated.skill:g}) is a setting")
    if settings.selection == "whole_sample" and not settings.strategy.startswith("threshold"):
        found.append("LOOK-AHEAD: the best of the whole sample are bought; a live trader does not know later scores. "
                     "conviction.selection: causal compares with earlier scores only")
    cold = int(scores.is_cold.sum())
    if cold:
        found.append(f"{cold:,} of {len(ideas.table):,} signals were scored by the cold start, a model of synthetic "
                     "signals: too few outcomes were known in their months")
    unseen = int((~scores.table["is_out_of_sample"]).sum())
    if unseen:
        found.append(f"{unseen:,} signals are left out of every result: the model was trained on them or on later ones")
    if scores.newest.manifest.converted_from:
        found.append(f"the model was converted from {scores.newest.manifest.converted_from}: nobody can tell which "
                     "signals it was trained on, so results may be in-sample")
    if not chosen.is_selected.any():
        found.append(f"no signal was selected by {settings.strategy}: the highest score is "
                     f"{scores.table['ml_score'].max():.0f} of 10")
    if not sources.history.is_simulated and settings.unstamped == "signal_time":
        counts = block_counts(sources.history)["n_unstamped"]
        for block in CHANGING_BLOCKS:
            if counts[block]:
                found.append(
                    f"{counts[block]:,} signals do not say when their {BLOCK_WORDS[block]} were read; they count as "
                    "known when the signal was posted, which looks ahead if they were read later. "
                    "conviction.unstamped: missing leaves them out")
    return (*found, *(f"signals: {line}" for line in issue_counts(ideas.issues)))
