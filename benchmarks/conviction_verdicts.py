"""How often the verdict "ML beats the rules" appears, with no skill and with a planted one.

    python benchmarks/conviction_verdicts.py --prices bars.parquet --seeds 200 --planted-seeds 100

Signals are simulated over the given bars (default: the simulated market). For every seed a model is retrained before
each month, and the best signals by the model and by the rules are compared as a run does it. Printed: how often each
verdict appeared, how often the interval missed the truth, and the power that the reports themselves predict.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from backtrader_system.metrics.conviction.comparison import Comparison
from backtrader_system.progress import Silent
from backtrader_system.settings.loading import load_settings
from backtrader_system.settings.settings import Settings
from backtrader_system.systems.conviction.ideas import prepare_ideas
from backtrader_system.systems.conviction.scenarios import compare_with_rules
from backtrader_system.systems.conviction.scoring import score_ideas
from backtrader_system.systems.conviction.sources import IdeaSources, invented, read_sources

MARGIN = 0.10


def comparison_of(sources: IdeaSources, skill: float, seed: int) -> Comparison:
    """Return the comparison of one simulated history."""
    settings = with_signals(sources.settings, skill, seed)
    one = invented(settings, sources.market, sources.closes)
    ideas, scores = score_ideas(prepare_ideas(one), settings.conviction, one.first_session, Silent())
    return compare_with_rules(ideas, scores, settings)[0]


def with_signals(settings: Settings, skill: float, seed: int) -> Settings:
    """Return the settings with another skill and seed of the simulated signals."""
    simulated = settings.conviction.simulated.model_copy(update={"skill": skill, "seed": seed})
    return settings.model_copy(update={"conviction": settings.conviction.model_copy(update={"simulated": simulated})})


def table_of(found: list[Comparison]) -> pd.DataFrame:
    """Return one row per history."""
    names = ("difference", "low", "high", "n_a", "n_b", "n_clusters", "verdict", "power")
    return pd.DataFrame([{name: getattr(one, name) for name in names} for one in found])


def summary_lines(title: str, table: pd.DataFrame, truth: float) -> list[str]:
    """Return what the histories of one skill showed; `truth` is the mean difference they should cover."""
    counts = table["verdict"].value_counts()
    has_interval = table["low"].notna()
    missed, missed_mean = (((table["low"] > value) | (table["high"] < value))[has_interval].mean()
                           for value in (truth, table["difference"].mean()))
    verdicts = ", ".join(f"{name} {count} ({count / len(table):.1%})" for name, count in counts.items())
    return [f"{title}: {len(table)} histories, mean difference {table['difference'].mean():+.1%} "
            f"(sd {table['difference'].std():.1%}), {table['n_a'].mean():.0f} trades each, "
            f"{table['n_clusters'].mean():.0f} clusters",
            f"  verdicts: {verdicts}",
            f"  intervals that miss {truth:+.1%}: {missed:.1%}, their own mean: {missed_mean:.1%} (nominal 5.0%)"]


def power_at(truth: float, power: dict[float, float]) -> float:
    """Return the power that a report states, between its true differences; 0.025 at the margin of ten points."""
    known = {MARGIN: 0.025} | power
    return float(np.interp(truth, list(known), list(known.values())))


def main() -> None:
    """Run the experiment and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prices")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--planted-seeds", type=int, default=100)
    parser.add_argument("--skill", type=float, default=0.8)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    arguments = parser.parse_args()
    prices = ["data.source=files", f"data.path={arguments.prices}", "backtest.start_date=null",
              "backtest.end_date=null"] if arguments.prices else []
    loaded = load_settings("conviction_sample.yaml", [
        *prices, f"conviction.simulated.n_signals={arguments.count}", *arguments.overrides])
    start = time.perf_counter()
    sources = read_sources(loaded.settings, Silent())
    tables = {}
    for skill, count in ((0.0, arguments.seeds), (arguments.skill, arguments.planted_seeds)):
        found = Parallel(n_jobs=arguments.workers)(
            delayed(comparison_of)(sources, skill, seed) for seed in range(1, count + 1))
        tables[skill] = table_of(found)
    null, planted = tables[0.0], tables[arguments.skill]
    print("\n".join(summary_lines("No skill", null, 0.0)))
    truth = float(planted["difference"].mean())
    print("\n".join(summary_lines(f"Skill {arguments.skill:g}", planted, truth)))
    predicted = np.mean([power_at(truth, one) for one in planted["power"] if one])
    print(f"  power that the reports predict at {truth:+.1%}: {predicted:.1%}; seen: "
          f"{(planted['verdict'] == 'rollout').mean():.1%}")
    print(f"{time.perf_counter() - start:.0f} seconds")


if __name__ == "__main__":
    main()
