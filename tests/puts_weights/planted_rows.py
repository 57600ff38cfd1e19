"""Rows of evidence with or without a factor that says something."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.puts.weights.evidence import FACTOR_NAMES


def planted_rows(seed: int, *, strength: dict[str, float] | None = None, n_expiries: int = 48, per_expiry: int = 60,
                 without: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return rows whose log odds of ending worthless rise by `strength` per 20 points of a factor.

    All options of an expiry date share a shock of the market, as real ones do.
    """
    random = np.random.default_rng(seed)
    n = n_expiries * per_expiry
    place = np.repeat(np.arange(n_expiries), per_expiry)
    factors = np.clip(50 + 20 * random.standard_normal((n, 6)), 0, 100)
    odds = 1.1 + 0.8 * random.standard_normal(n_expiries)[place]
    for name, value in (strength or {}).items():
        odds = odds + value * (factors[:, FACTOR_NAMES.index(name)] - 50) / 20
    worthless = (random.random(n) < 1 / (1 + np.exp(-odds))).astype(float)
    expiry = pd.Timestamp("2014-01-17") + pd.to_timedelta(28 * place, unit="D")
    rows = pd.DataFrame(factors, columns=list(FACTOR_NAMES)).assign(
        expiry=expiry, expiry_session=expiry, quote_date=expiry - pd.Timedelta(days=25), worthless=worthless,
        return_on_capital=np.where(worthless == 1, 0.01, -0.04))
    rows[list(without)] = np.nan
    return rows
