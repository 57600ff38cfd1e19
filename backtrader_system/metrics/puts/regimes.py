"""Whether the score works in rising and falling, calm and stormy markets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.metrics.puts.discrimination import auc_estimate, auc_within_expiry
from backtrader_system.metrics.puts.errors_by_cluster import mean_estimate, resampling, share_estimate
from backtrader_system.metrics.puts.hit_rates import tail_loss
from backtrader_system.metrics.puts.sample import EvidenceSample
from backtrader_system.metrics.puts.selection import top_against_bottom

COLUMNS = ("regime", "options", "expiries", "hit_rate", "low", "high", "mean_score", "mean_pnl", "expectancy_low",
           "expectancy_high", "tail_loss", "auc", "auc_low", "auc_high", "auc_within_expiry", "top_bottom_difference",
           "top_bottom_low", "top_bottom_high", "note")


def regime_table(sample: EvidenceSample, *, confidence: float, n_samples: int, seed: int) -> pd.DataFrame:
    """Return one row per regime of the market on the day an option was judged; the columns `COLUMNS`.

    Each as over all options, of those of the regime only. NaN with a note below 10 months of expiry in a regime.
    """
    regime = sample.rows["regime"].fillna("unknown").astype(str).to_numpy(dtype=object)
    rows = []
    for number, name in enumerate(sorted(set(regime))):
        part = sample.part(regime == name)
        draws = resampling(np.random.default_rng([seed, number]), n_clusters=part.n_clusters, n_samples=n_samples,
                           confidence=confidence)
        everything = np.ones(len(part.worthless), dtype=bool)
        rate = share_estimate(everything, part, confidence)
        pnl = part.rows["pnl"].to_numpy(float)
        money = mean_estimate(pnl, everything.astype(float), part, draws)
        auc, within = auc_estimate(part.score, part, draws), auc_within_expiry(part.score, part, draws)
        fifths = top_against_bottom(part.score, part, draws).difference
        rows.append((
            name, len(part.worthless), part.n_strata, rate.value, rate.low, rate.high, float(part.score.mean()),
            money.value, money.low, money.high, tail_loss(pnl), auc.value, auc.low, auc.high, within.value,
            fifths.value, fifths.low, fifths.high, part.why_no_error or ""))
    return pd.DataFrame(rows, columns=list(COLUMNS))
