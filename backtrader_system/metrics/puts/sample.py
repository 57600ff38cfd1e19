"""The options judged, in the order and with the groups that every figure of the evidence needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError

MIN_CLUSTERS = 10       # months of expiry, or underlyings, below which no error can be told from them
FACTORS = ("recovery_advantage", "support_strength", "days_since_break", "historical_peak", "monthly_seasonality",
           "current_performance")
REQUIRED = ("contract", "underlying", "expiry", "quote_date", "days_to_expiry", "moneyness", "iv",
            "market_probability", "probability", "score", *FACTORS, "worthless", "premium", "pnl",
            "return_on_capital", "regime")


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceSample:
    """Options whose outcome is known and that have a score, sorted by expiry, underlying and contract.

    rows : the table, shape (n, ...), index 0..n-1. worthless, score : shape (n,), 1 or 0, and 0-100.
    stratum : number of the expiry date; only options of one stratum are compared within. cluster : number of the month
        of expiry; errors are sums of clusters. underlying : number of the underlying. n_unknown, n_unscored : options
        left out.

    Examples
    --------
    >>> from backtrader_system.metrics.puts.simulated import simulated_rows
    >>> sample = evidence_sample(simulated_rows(seed=1, n_expiries=12, n_underlyings=3, n_strikes=2))
    >>> len(sample.rows), sample.n_strata, sample.n_clusters, sample.is_two_way
    (72, 12, 12, False)
    """

    rows: pd.DataFrame
    worthless: np.ndarray
    score: np.ndarray
    stratum: np.ndarray
    cluster: np.ndarray
    underlying: np.ndarray
    n_unknown: int
    n_unscored: int

    @property
    def n_strata(self) -> int:
        return int(self.stratum[-1]) + 1 if len(self.stratum) else 0

    @property
    def n_clusters(self) -> int:
        return int(self.cluster[-1]) + 1 if len(self.cluster) else 0

    @property
    def n_underlyings(self) -> int:
        return int(self.underlying.max()) + 1 if len(self.underlying) else 0

    @property
    def is_two_way(self) -> bool:
        return self.n_clusters >= MIN_CLUSTERS and self.n_underlyings >= MIN_CLUSTERS

    @property
    def why_no_error(self) -> str | None:
        """Why no interval and no p-value is given; None where they are."""
        return too_few(self.n_clusters, self.n_strata)

    def part(self, is_used: np.ndarray) -> EvidenceSample:
        """Return the sample of the rows marked, shape (n,) bool, with its groups numbered anew."""
        groups = [_numbers(group[is_used]) for group in (self.stratum, self.cluster, self.underlying)]
        return EvidenceSample(self.rows[is_used].reset_index(drop=True), self.worthless[is_used], self.score[is_used],
                              *groups, self.n_unknown, self.n_unscored)


def too_few(n_clusters: int, n_strata: int | None = None) -> str | None:
    """Return why there is no interval and no p-value, or None where there are clusters enough."""
    if n_clusters >= MIN_CLUSTERS:
        return None
    dates = "" if n_strata is None else f" ({n_strata} expiry dates)"
    months = "month" if n_clusters == 1 else "different months"
    return (f"the options expire in {n_clusters} {months}{dates}; options of one month share the market, and "
            f"{MIN_CLUSTERS} months are needed")


def evidence_sample(rows: pd.DataFrame) -> EvidenceSample:
    """Return the options with a known outcome and a score.

    rows : one row per option, on the day it was judged; the columns `REQUIRED`, worthless 1, 0 or NaN.
    Raises: DataError if columns are missing, an option occurs twice, or an outcome is neither 0, 1 nor NaN.
    """
    _check(rows)
    is_known, is_scored = rows["worthless"].notna(), rows["score"].notna()
    return _grouped(rows[is_known & is_scored], int((~is_known).sum()), int((is_known & ~is_scored).sum()))


def _grouped(rows: pd.DataFrame, n_unknown: int, n_unscored: int) -> EvidenceSample:
    rows = rows.sort_values(["expiry", "underlying", "contract"], kind="stable").reset_index(drop=True)
    expiry = rows["expiry"].to_numpy("datetime64[D]")
    return EvidenceSample(
        rows, rows["worthless"].to_numpy(float), rows["score"].to_numpy(float), _numbers(expiry),
        _numbers(expiry.astype("datetime64[M]")), _numbers(rows["underlying"].astype(str).to_numpy(dtype=object)),
        n_unknown, n_unscored)


def _numbers(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1].astype(np.int64) if len(values) else np.zeros(0, np.int64)


def _check(rows: pd.DataFrame) -> None:
    absent = [name for name in REQUIRED if name not in rows.columns]
    if absent:
        raise DataError(f"evidence rows: columns {', '.join(absent)} are missing; found {', '.join(rows.columns)}")
    faults = []
    is_repeated = rows["contract"].duplicated()
    if is_repeated.any():
        first = rows.loc[is_repeated, "contract"].iloc[0]
        faults.append(f"{int(is_repeated.sum())} options occur twice, first {first}; an option is judged once")
    is_odd = rows["worthless"].notna() & ~rows["worthless"].isin([0.0, 1.0])
    if is_odd.any():
        faults.append(f"worthless must be 1, 0 or missing; found {rows.loc[is_odd, 'worthless'].iloc[0]} at "
                      f"{rows.loc[is_odd, 'contract'].iloc[0]}")
    for name in ("expiry", "underlying"):
        if rows[name].isna().any():
            faults.append(f"{name} is missing in {int(rows[name].isna().sum())} rows")
    if faults:
        raise DataError("evidence rows: " + "; ".join(faults))
