"""Red and green flags: raised only where the whole interval is beyond the limit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from backtrader_system.metrics.conviction.flags import (
    Estimate,
    bunched_flag,
    conviction_flags,
    outsize_flag,
    profit_factor_estimate,
    win_rate_flag,
)

NAMES = ["low win rate", "one trade hides the rest", "deep drawdown", "bunched scores", "top scores win",
         "shallow drawdown", "good Sharpe ratio", "good profit factor"]


def flags(**changes: object) -> dict[str, str]:
    inputs = {
        "win_rate": Estimate.of_share(80, 100, 0.95), "top_band": Estimate.of_share(90, 100, 0.95),
        "sharpe": Estimate(2.5, 1.8, 3.2, 500), "max_drawdown": Estimate(0.10, n=500),
        "net_pnl": np.tile([300.0, -50.0], 50), "score": np.tile([2.0, 5.0, 8.0], 20),
    } | changes
    found = conviction_flags(**inputs)
    assert [flag.name for flag in found] == NAMES
    return {flag.name: flag.state for flag in found}


def test_a_convincing_run_raises_every_green_flag_and_no_red_one() -> None:
    assert flags() == dict.fromkeys(NAMES[:4], "clear") | dict.fromkeys(NAMES[4:], "raised")


def test_a_bad_run_raises_every_red_flag_and_no_green_one() -> None:
    found = flags(
        win_rate=Estimate.of_share(20, 100, 0.95), top_band=Estimate.of_share(20, 100, 0.95),
        sharpe=Estimate(-1.0, -2.0, 0.5, 500), max_drawdown=Estimate(0.40, n=500),
        net_pnl=np.array([600.0, *[-20.0] * 99]), score=np.tile([5.0, 6.0], 20))

    assert found == {
        "low win rate": "raised", "one trade hides the rest": "raised", "deep drawdown": "raised",
        "bunched scores": "raised", "top scores win": "clear", "shallow drawdown": "clear",
        "good Sharpe ratio": "clear", "good profit factor": "clear",
    }


def test_six_of_nine_proves_neither() -> None:
    found = win_rate_flag(Estimate.of_share(6, 9, 0.95))
    wilson = stats.binomtest(6, 9).proportion_ci(0.95, method="wilson")

    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high))
    assert found.text == ("low win rate: 66.7% (flag below 55.0%, interval 35.4% to 87.9%, n = 9 signals): "
                          "not enough evidence.")


def test_a_flag_without_a_value_is_not_computed() -> None:
    found = flags(sharpe=Estimate(None, n=12), top_band=Estimate.of_share(0, 0, 0.95),
                  max_drawdown=Estimate(float("nan")))

    assert {found[name] for name in ("good Sharpe ratio", "top scores win", "deep drawdown")} == {"not computed"}


def test_a_rest_that_loses_is_hidden_by_the_best_trade() -> None:
    found = outsize_flag(np.array([400.0, 300.0, 300.0, *[-80.0] * 9]))     # 1,000 - 720 = 280; without the best -120

    assert (found.state, found.value) == ("raised", 0.4)
    assert "all others together -120 dollars" in found.text


def test_few_trades_do_not_show_that_one_hides_the_others() -> None:
    assert outsize_flag(np.array([400.0, -50.0])).state == "not enough evidence"
    assert outsize_flag(np.array([-50.0])).state == "not computed"
    assert outsize_flag(np.array([100.0, 90.0, 80.0])).state == "clear"


@pytest.mark.parametrize(("score", "state"), [
    (np.tile([5.0, 6.0, 1.0, 10.0], 10), "clear"),                      # half of them
    (np.tile([5.0, 6.0, 5.0, 10.0], 10), "raised"),                     # three quarters
    (np.tile([8.0, 9.0], 20), "raised"),                                # no spread
    (np.tile([5.0, 6.0], 3), "not enough evidence"),
    (np.array([np.nan]), "not computed"),
], ids=["half", "most", "narrow", "few", "none"])
def test_bunched_scores(score: np.ndarray, state: str) -> None:
    assert bunched_flag(score).state == state


def test_profit_factor_interval_agrees_with_the_bootstrap_of_scipy() -> None:
    net_pnl = np.random.default_rng(2).normal(20, 100, 150)

    def factor(sample: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.where(sample > 0, sample, 0).sum(axis) / -np.where(sample < 0, sample, 0).sum(axis)

    expected = stats.bootstrap((net_pnl,), factor, method="percentile", n_resamples=5_000,
                               rng=np.random.default_rng(9)).confidence_interval
    found = profit_factor_estimate(net_pnl, 0.95, 42)

    assert found.value == pytest.approx(float(factor(net_pnl)))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=0.05)


def test_one_loss_leaves_the_profit_factor_open_above() -> None:
    net_pnl = np.array([50.0] * 11 + [-10.0])
    found = next(flag for flag in conviction_flags(
        win_rate=Estimate(None), top_band=Estimate(None), sharpe=Estimate(None), max_drawdown=Estimate(None),
        net_pnl=net_pnl, score=np.zeros(0)) if flag.name == "good profit factor")

    assert (found.value, found.high) == (55.0, None)
    assert "to no upper end" in found.text
