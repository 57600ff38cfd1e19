"""Drift of scores, features, hit rate and calibration against scipy, hand arithmetic and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from backtrader_system.errors import DataError
from backtrader_system.metrics.conviction.drift import drift_report
from backtrader_system.metrics.conviction.population_shift import (
    largest_gap,
    population_stability,
    stability_null,
    stability_of_stretches,
)

NOW = pd.Timestamp("2024-06-30", tz="UTC")


def signals(n: int, last: str, days: int, rate: float, seed: int = 0, **columns: object) -> pd.DataFrame:
    """Return n signals evenly over the `days` up to `last`, the given share of which won, spread evenly."""
    rng = np.random.default_rng(seed)
    at = pd.Timestamp(last, tz="UTC") - pd.to_timedelta(np.linspace(days, 0, n), unit="D")
    won = np.diff(np.floor(rate * np.arange(n + 1) + 1e-9))
    return pd.DataFrame({"decided_at": at, "score": rng.integers(1, 11, n).astype(float), "probability": rate,
                         "won": won, "x": rng.normal(size=n)}).assign(**columns)


def rows(before: pd.DataFrame, live: pd.DataFrame, **settings: object) -> pd.DataFrame:
    return drift_report(before, live, now=NOW, **settings).set_index("name")


BEFORE = signals(1_000, "2024-03-31", 700, 0.40)
T = stats.t.ppf(0.975, 23)      # 700 days are 24 stretches of 30


def wilson(won: int, n: int) -> tuple[float, float]:
    ends = stats.binomtest(won, n).proportion_ci(1 - 2 * stats.norm.sf(T), method="wilson")
    return ends.low, ends.high


def test_stability_index_equals_hand_arithmetic() -> None:
    expected, live = np.repeat([0.0, 1.0], [75, 25]), np.repeat([0.0, 1.0], [20, 20])
    # Half a signal more in each bin: 75.5 and 25.5 of 101; 20.5 of 41 twice.
    before, now = np.array([75.5, 25.5]) / 101, np.array([0.5, 0.5])

    assert population_stability(expected, live) == (pytest.approx(np.sum((now - before) * np.log(now / before))), 2)


def test_stability_index_sees_a_flag_that_never_rose_before() -> None:
    # Half a signal more in each of two bins: 100.5 and .5 of 101 become .5 and 20.5 of 21.
    before, now = np.array([100.5, 0.5]) / 101, np.array([0.5, 20.5]) / 21

    found = population_stability(np.zeros(100), np.ones(20))

    assert found == (pytest.approx(np.sum((now - before) * np.log(now / before))), 2)


def test_stability_index_keeps_every_score_apart() -> None:
    scores = np.tile(np.arange(1.0, 11), 30)

    assert population_stability(scores, np.repeat([5.0, 6.0], 20))[0] > 2
    assert population_stability(scores, scores)[1] == 10


def test_stability_index_sees_a_feed_that_stops() -> None:
    values = np.random.default_rng(1).normal(size=500)

    assert population_stability(values, np.full(50, np.nan))[0] > 3
    assert population_stability(np.full(500, np.nan), np.full(50, np.nan)) == (0.0, 1)


@pytest.mark.parametrize(("n", "m"), [(500, 60), (1_000, 200)])
def test_null_of_the_stability_index_is_exceeded_once_in_twenty(n: int, m: int) -> None:
    rng = np.random.default_rng(3)
    drawn = [population_stability(rng.normal(size=n), rng.normal(size=m)) for _ in range(1_000)]
    exceeded = np.mean([value > stability_null(n, m, bins) for value, bins in drawn])

    assert 0.02 <= exceeded <= 0.07


def test_each_past_stretch_is_held_against_the_others() -> None:
    values, stretch = np.repeat([0.0, 0.0, 1.0], 20), np.repeat([0, 1, 2], 20)

    found = stability_of_stretches(values, stretch, 10)

    assert found[2] == pytest.approx(population_stability(np.zeros(40), np.ones(20))[0])
    assert found[2] > found[0] == found[1] > 0
    assert stability_of_stretches(values, stretch, 21).size == 0


def test_kolmogorov_smirnov_equals_that_of_scipy() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.normal(size=400), rng.normal(0.4, 1, 90)
    gap, p_value = largest_gap(first, second)

    expected = stats.ks_2samp(first, second, method="asymp")
    assert gap == pytest.approx(expected.statistic, abs=1e-12)
    assert p_value == pytest.approx(stats.kstwobign.sf(gap * (400 * 90 / 490) ** 0.5), abs=1e-10)
    assert p_value == pytest.approx(stats.ks_2samp(first, second, method="exact").pvalue, abs=0.02)    # the limit law


def test_nothing_is_wrong_where_live_is_like_the_backtest() -> None:
    live = signals(3_000, "2024-06-29", 60, 0.40, seed=9)

    found = rows(BEFORE, live, features=("x",), precision_limit=0.3)

    assert found["state"].tolist() == ["ok"] * 6


def test_scores_that_move_up_raise_the_alarm() -> None:
    live = signals(600, "2024-06-29", 60, 0.40, seed=9, score=10.0)

    found = rows(BEFORE, live)

    assert found.loc["score_psi", "state"] == "alarm"
    assert found.loc["score_ks_p_value", "state"] == "watch"


def test_a_shift_that_past_months_showed_too_is_no_alarm() -> None:
    month = ((BEFORE["decided_at"] - BEFORE["decided_at"].min()).dt.days // 30).to_numpy()
    before = BEFORE.assign(score=5.0 + 3 * (month % 2))
    live = signals(86, "2024-06-29", 60, 0.40, score=8.0)

    assert rows(before, live).loc["score_psi", "state"] == "not enough evidence"


def test_a_fifth_of_the_features_is_the_limit() -> None:
    names = tuple(f"x{i}" for i in range(10))
    rng = np.random.default_rng(6)
    before = BEFORE.assign(**{name: rng.normal(size=1_000) for name in names})
    live = signals(600, "2024-06-29", 60, 0.40)

    def report(n_shifted: int) -> pd.Series:
        moved = {name: rng.normal(2.0 * (i < n_shifted), 1, 600) for i, name in enumerate(names)}
        return rows(before, live.assign(**moved), features=names).loc["features_shifted"]

    assert [report(n)["state"] for n in (0, 2, 3)] == ["ok", "watch", "alarm"]
    assert report(3)["live"] == 0.3


def test_hit_rate_is_compared_by_the_interval_of_newcombe() -> None:
    live = signals(100, "2024-05-30", 28, 0.20)       # all labels ended within the last 30 days

    found = rows(BEFORE, live).loc["hit_rate"]

    (low, high), (past_low, past_high) = wilson(20, 100), wilson(400, 1_000)
    assert (found["expected"], found["live"], found["n"]) == (0.4, 0.2, 100)
    assert found["low"] == pytest.approx(-0.2 - np.hypot(0.2 - low, past_high - 0.4))
    assert found["high"] == pytest.approx(-0.2 + np.hypot(high - 0.2, 0.4 - past_low))
    assert found["state"] == "alarm"


@pytest.mark.parametrize(("n", "rate", "state"), [
    (20, 0.30, "watch"), (20, 0.40, "not enough evidence"), (5_000, 0.40, "ok"), (5, 0.0, "not enough evidence"),
], ids=["lower but few", "equal but few", "equal and many", "too few"])
def test_hit_rate_of_few_signals_is_no_alarm(n: int, rate: float, state: str) -> None:
    live = signals(n, "2024-05-30", 28, rate)

    assert rows(BEFORE, live).loc["hit_rate", "state"] == state


def test_months_that_differ_widen_the_interval_of_the_hit_rate() -> None:
    month = ((BEFORE["decided_at"] - BEFORE["decided_at"].min()).dt.days // 30).to_numpy()
    before = BEFORE.assign(won=(month % 5 < 2) * 1.0)       # whole months win or lose
    live = signals(100, "2024-05-30", 28, 0.25)

    assert rows(BEFORE, live).loc["hit_rate", "state"] == "alarm"
    assert rows(before, live).loc["hit_rate", "state"] == "watch"


def test_outcomes_of_signals_whose_horizon_has_not_ended_are_left_out() -> None:
    old = signals(100, "2024-05-30", 28, 0.40)
    young = signals(100, "2024-06-29", 20, 0.0)             # quick stops, known before any target

    assert rows(BEFORE, pd.concat([old, young])).loc["hit_rate", "n"] == 100
    assert rows(BEFORE, young).loc["hit_rate", "state"] == "not enough evidence"


def test_only_selected_signals_count_where_selection_is_known() -> None:
    live = signals(100, "2024-05-30", 28, 0.40).assign(selected=np.arange(100) < 40)

    assert rows(BEFORE.assign(selected=True), live).loc["hit_rate", "n"] == 40


def test_calibration_is_the_poisson_binomial_z() -> None:
    probability = np.tile([0.1, 0.5, 0.9, 0.3], 25)
    live = signals(100, "2024-05-30", 28, 0.60, probability=probability)
    exact = stats.poisson_binom(probability)

    found = rows(BEFORE, live).loc["calibration"]

    assert (found["expected"], found["live"]) == (pytest.approx(exact.mean()), 60)
    assert found["high"] - found["difference"] == pytest.approx(T * exact.std())
    assert found["state"] == "alarm"       # (60 - 45) / sqrt(25 * (.09 + .25 + .09 + .21)) = 3.75


@pytest.mark.parametrize(("rate", "state"), [(0.2, "alarm"), (0.5, "watch"), (0.7, "ok")])
def test_two_weeks_below_the_precision_limit(rate: float, state: str) -> None:
    live = signals(60, "2024-05-30", 28, rate)

    assert rows(BEFORE, live).loc["weekly_precision", "state"] == state


def test_one_good_week_calls_the_precision_alarm_off() -> None:
    live = signals(60, "2024-05-30", 28, 0.0)
    live.loc[live["decided_at"] > pd.Timestamp("2024-05-25", tz="UTC"), "won"] = 1.0

    assert rows(BEFORE, live).loc["weekly_precision", "state"] == "ok"


def test_net_return_is_compared_like_two_samples() -> None:
    rng = np.random.default_rng(2)
    before = BEFORE.assign(net_return=rng.normal(0.05, 0.1, 1_000))
    live = signals(100, "2024-05-30", 28, 0.40).assign(net_return=rng.normal(-0.05, 0.1, 100))

    found = rows(before, live).loc["mean_net_return"]

    welch = stats.ttest_ind(live["net_return"], before["net_return"], equal_var=False)
    assert found["difference"] / (found["high"] - found["difference"]) * T == pytest.approx(welch.statistic)
    assert found["state"] == "watch"


def test_no_live_signal_is_not_enough_evidence_anywhere() -> None:
    found = rows(BEFORE, BEFORE.iloc[:0], features=("x",))

    assert set(found["state"]) == {"not enough evidence"}


def test_missing_columns_are_all_named() -> None:
    with pytest.raises(DataError, match="columns are missing") as caught:
        rows(BEFORE.drop(columns="score"), BEFORE.drop(columns=["won", "decided_at"]))

    assert caught.value.faults == ("backtest signals: no column 'score'", "live signals: no column 'decided_at'",
                                   "live signals: no column 'won'")
