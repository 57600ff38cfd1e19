"""The whole report: sections, degenerate runs, documentation."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.ledgers.schemas import EQUITY, ORDERS, TRADES, ledger_table
from backtrader_system.metrics.performance import performance_metrics
from backtrader_system.metrics.verdict import verdict
from backtrader_system.settings.output import EvidenceSettings

FEW = EvidenceSettings(bootstrap_samples=200)


def equity_of(returns: np.ndarray, capital: float = 100_000.0) -> pd.DataFrame:
    level = capital * np.cumprod(1 + returns)
    return curve(level, capital)


def curve(level: np.ndarray, capital: float = 100_000.0) -> pd.DataFrame:
    level = np.asarray(level, dtype=float)
    before = np.concatenate([[capital], level[:-1]])
    safe = np.where(before == 0, np.nan, before)
    return ledger_table(EQUITY, pd.DataFrame({
        "session": pd.bdate_range("2020-01-01", periods=len(level)), "cash": level / 2,
        "positions_value": level / 2, "equity": level, "return": level / safe - 1,
        "drawdown": np.minimum(level / np.maximum(np.maximum.accumulate(level), capital) - 1, 0),
        "gross_exposure": 0.5, "net_exposure": 0.5, "positions": 2}))


def metrics_of(equity: pd.DataFrame, baseline: pd.DataFrame | None = None, **options: object) -> dict[str, dict]:
    return performance_metrics(
        equity, ledger_table(TRADES), ledger_table(ORDERS), baseline_equity=baseline,
        evidence=options.pop("evidence", FEW), **options)


def good(n_sessions: int = 800, seed: int = 1, mean: float = 0.001) -> pd.DataFrame:
    return equity_of(np.random.default_rng(seed).normal(mean, 0.01, n_sessions))


def test_headline_figures_of_a_written_out_run() -> None:
    found = metrics_of(equity_of(np.array([0.10, -0.20, 0.25])), periods_per_year=365)

    summary = found["summary"]
    assert summary["total_return"] == pytest.approx(1.10 * 0.80 * 1.25 - 1)
    assert summary["initial_value"] == pytest.approx(100_000)
    assert summary["final_value"] == pytest.approx(110_000)
    assert summary["net_profit"] == pytest.approx(10_000)
    assert summary["max_drawdown"] == pytest.approx(0.20)
    assert summary["average_drawdown"] == pytest.approx(0.20 / 3)
    assert (summary["sessions"], summary["calendar_days"], summary["periods_per_year"]) == (3, 3, 365)
    assert summary["cagr"] is None
    assert summary["cagr_note"] == "under one year: not annualised (3 calendar days)"
    assert summary["calmar_ratio_note"] == summary["cagr_note"]
    assert summary["volatility"] == pytest.approx(np.std([0.10, -0.20, 0.25], ddof=1) * math.sqrt(365))
    assert found["evidence"]["sharpe_ratio_low_note"] == "3 sessions; an interval needs 20"


def test_every_missing_figure_says_why_and_json_has_no_nan() -> None:
    for equity in (good(), good(5), equity_of(np.zeros(300)), equity_of(np.array([0.01]))):
        for section in metrics_of(equity).values():
            json.dumps(section, allow_nan=False)
            for name, value in section.items():
                assert value is not None or section[f"{name}_note"], name


def test_no_key_is_in_two_sections() -> None:
    sections = metrics_of(good(), good(seed=2))
    keys = [key for section in sections.values() for key in section]

    assert list(sections) == ["summary", "risk", "trade", "evidence"]
    assert len(keys) == len(set(keys))


def test_every_key_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)`", page, flags=re.MULTILINE))
    sections = [metrics_of(good(), good(seed=2)), metrics_of(good(5)), metrics_of(curve([1e5, -5.0, 7.0]))]
    keys = {key for found in sections for section in found.values() for key in section}

    keys = {key for key in keys if not key.endswith("_note") and not key.startswith("exits_")}
    assert keys - documented == set()


def test_negative_equity_has_no_ratio_but_a_reason() -> None:
    found = metrics_of(curve([100_000.0, -50.0, 20_000.0]))

    reason = "equity was not positive in session 2020-01-02"
    assert found["summary"]["total_return"] == pytest.approx(-0.8)
    assert found["summary"]["max_drawdown"] == pytest.approx(1.0005)
    for name in ("cagr", "volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio"):
        assert (found["summary"][name], found["summary"][f"{name}_note"]) == (None, reason)
    assert found["evidence"]["probabilistic_sharpe_ratio_note"] == "equity was not always positive"


def test_equity_of_exactly_zero_is_no_crash() -> None:
    assert metrics_of(curve([100_000.0, 0.0, 0.0]))["summary"]["sharpe_ratio"] is None


def test_run_without_a_trade_is_flat_and_says_so() -> None:
    found = metrics_of(equity_of(np.zeros(300)), good(300))

    assert found["summary"]["total_return"] == 0.0
    assert found["summary"]["volatility"] == 0.0
    assert found["summary"]["sharpe_ratio_note"] == "returns do not vary"
    assert found["evidence"]["verdict"] == (
        "Not enough evidence: no interval could be computed (returns do not vary).")


def test_same_seed_same_figures() -> None:
    assert metrics_of(good(), good(seed=2)) == metrics_of(good(), good(seed=2))
    other = metrics_of(good(), good(seed=2), evidence=EvidenceSettings(bootstrap_samples=200, seed=12))
    assert other["evidence"]["sharpe_ratio_low"] != metrics_of(good())["evidence"]["sharpe_ratio_low"]


def test_interval_holds_the_estimate_and_narrows_with_less_confidence() -> None:
    wide = metrics_of(good(), good(seed=2))
    narrow = metrics_of(good(), good(seed=2), evidence=EvidenceSettings(bootstrap_samples=200, confidence=0.6))

    for name in ("sharpe_ratio", "total_return", "cagr"):
        low, high = (wide["evidence"][f"{name}_{end}"] for end in ("low", "high"))
        assert low < wide["summary"][name] < high
        assert low < narrow["evidence"][f"{name}_low"] < narrow["evidence"][f"{name}_high"] < high


def test_excess_over_the_baseline() -> None:
    strategy, baseline = good(), good(seed=2)
    found = metrics_of(strategy, baseline)["evidence"]

    difference = strategy["return"] - baseline["return"]
    assert found["excess_mean_return"] == pytest.approx(difference.mean() * 252)
    assert found["excess_total_return"] == pytest.approx(
        (strategy["equity"].iloc[-1] - baseline["equity"].iloc[-1]) / 100_000)
    assert found["baseline_total_return"] == pytest.approx(baseline["equity"].iloc[-1] / 100_000 - 1)
    assert found["excess_mean_return_low"] < found["excess_mean_return"] < found["excess_mean_return_high"]


def test_a_run_equal_to_its_baseline_has_no_excess() -> None:
    lucky = good(mean=0.003)
    found = metrics_of(lucky, lucky)["evidence"]

    assert (found["excess_mean_return_low"], found["excess_mean_return_high"]) == (0.0, 0.0)
    assert found["verdict"].startswith("Not enough evidence that the strategy beats the baseline")


def test_baseline_of_other_sessions_is_an_error() -> None:
    with pytest.raises(DataError, match=r"baseline has other sessions .* run both over the same period"):
        metrics_of(good(100), good(99))


def test_no_session_is_an_error() -> None:
    with pytest.raises(DataError, match="the equity table has no session"):
        metrics_of(ledger_table(EQUITY))


@pytest.mark.parametrize(("sharpe", "excess", "start"), [
    ((-0.5, 2.0), (-0.1, 0.3), "Not enough evidence: with 95% confidence over 252 sessions"),
    ((0.2, 2.0), (-0.1, 0.3), "Not enough evidence that the strategy beats the baseline"),
    ((0.2, 2.0), (0.1, 0.3), "Evidence of a gain, within this sample"),
    ((-0.5, 2.0), (-0.3, -0.1), "Evidence that the strategy does worse than the baseline"),
    ((-0.5, 2.0), (0.1, 0.3), "Not enough evidence of a gain, although"),
    ((-2.0, -0.2), (-0.1, 0.3), "Evidence of a loss against the risk-free rate"),
], ids=["neither", "gain only", "both", "worse", "better only", "loss"])
def test_verdict_says_no_more_than_the_intervals(sharpe: tuple, excess: tuple, start: str) -> None:
    text = verdict(sharpe, excess, n_sessions=252, confidence=0.95, reason=None, has_baseline=True)

    assert text.startswith(start)
    assert f"between {sharpe[0]:.2f} and {sharpe[1]:.2f}" in text
    assert text.endswith("the best of several tried settings looks better than it is.")
