"""Hit rates, fifths, choices and losses of a few options, written out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.metrics.puts.errors_by_cluster import clustered_variance, resampling, share_estimate
from backtrader_system.metrics.puts.evidence import put_evidence, sensitivity_table
from backtrader_system.metrics.puts.hit_rates import break_even_rate, score_bucket, tail_loss
from backtrader_system.metrics.puts.sample import EvidenceSample, evidence_sample
from backtrader_system.metrics.puts.selection import (
    fifth_of_all,
    fifth_within_expiry,
    portfolios_against_random,
    top_against_bottom,
    top_choice,
)
from backtrader_system.metrics.puts.simulated import simulated_rows


def _sample(score: list[float], worthless: list[float], expiry: list[str] | None = None) -> EvidenceSample:
    n = len(score)
    rows = simulated_rows(1, n_expiries=1, n_underlyings=1, n_strikes=n, is_clumped=False, lasting=0.0)
    return evidence_sample(rows.assign(
        contract=[f"C{number:03d}" for number in range(n)], score=score, worthless=worthless, underlying="A",
        pnl=[10.0 if one else -40.0 for one in worthless],
        return_on_capital=[0.01 if one else -0.04 for one in worthless],
        expiry=pd.to_datetime(expiry or ["2020-01-17"] * n)))


def _draws(sample: EvidenceSample):
    return resampling(np.random.default_rng(0), n_clusters=sample.n_clusters, n_samples=100)


def test_buckets_close_at_the_top() -> None:
    score = np.array([100.0, 90.0, 89.99, 80.0, 70.0, 60.0, 50.0, 49.99, 0.0])

    assert score_bucket(score).tolist() == [0, 0, 1, 1, 2, 3, 4, 5, 5]


def test_hit_rate_counts_options_and_dates() -> None:
    sample = _sample([95, 92, 91, 40], [1, 1, 0, 0], ["2020-01-17", "2020-02-21", "2020-02-21", "2020-01-17"])
    table = put_evidence(sample.rows, samples=100, random_portfolios=100).tables["hit_rate_analysis"]
    row = table[(table["analysis"] == "score_bucket") & (table["bucket"] == "90-100")].iloc[0]

    assert (row["options"], row["expiries"], row["worthless"]) == (3, 2, 2)
    assert row["hit_rate"] == pytest.approx(2 / 3)
    assert row["mean_pnl"] == pytest.approx((10 + 10 - 40) / 3)
    assert row["worst_pnl"] == -40
    assert row["break_even_rate"] == pytest.approx(40 / (10 + 40))
    assert np.isnan(row["low"])
    assert "2 different months" in row["note"]


def test_options_without_a_bid_count_as_hits_but_not_beside_the_break_even_rate() -> None:
    # Two worthless options had no bid: 3 of 4 are hits, of the 2 that had one 1 is. Both bids: +10 and -40.
    sample = _sample([95, 92, 91, 90], [1, 1, 1, 0])
    rows = sample.rows.assign(pnl=[np.nan, 10.0, np.nan, -40.0], premium=[np.nan, 12.0, np.nan, 12.0])
    found = put_evidence(rows, samples=100, random_portfolios=100)
    table = found.tables["hit_rate_analysis"]
    row = table[(table["analysis"] == "score_bucket") & (table["bucket"] == "90-100")].iloc[0]

    assert (row["options"], row["priced"]) == (4, 2)
    assert (row["hit_rate"], row["priced_hit_rate"]) == (0.75, 0.5)
    assert row["break_even_rate"] == pytest.approx(0.8)
    assert row["mean_pnl"] == -15.0
    assert (found.figures["n_priced"], found.figures["priced_hit_rate"]) == (2, 0.5)
    money = found.conclusion[3]
    assert money.startswith("Selling every option that had a bid brought -15.00 per contract on average")
    assert "Break-even takes 80.0% worthless; of the options that had a bid 50.0% were." in money
    assert "2 of 4 options had no bid: in the hit rate, but in no amount of money (100.0% of them worthless)." in money


def test_an_assigned_option_without_a_bid_is_no_minus_nought_percent() -> None:
    # All 506 worthless ones had a bid: 506/968 * 968 - 506/967 * 967 is nought only up to binary rounding.
    scores = [95.0 - place for place in range(968)]
    sample = _sample(scores, [1.0] * 506 + [0.0] * 462)
    pnl = sample.rows["pnl"].where(sample.rows.index != sample.rows.index[sample.worthless < 0.5][0])

    money = put_evidence(sample.rows.assign(pnl=pnl), samples=100, random_portfolios=100).conclusion[3]

    assert "1 of 968 options had no bid: in the hit rate, but in no amount of money (0.0% of them worthless)." in money


def test_a_bucket_without_any_bid_has_no_share_of_priced_options() -> None:
    sample = _sample([95, 92], [1, 0])
    rows = sample.rows.assign(pnl=np.nan, premium=np.nan, return_on_capital=np.nan)
    found = put_evidence(rows, samples=100, random_portfolios=100)
    row = found.tables["hit_rate_analysis"].iloc[0]

    assert row["priced"] == 0
    assert np.isnan(row["priced_hit_rate"])
    assert found.figures["priced_hit_rate"] is None
    assert "no option has a known P&L" in found.figures["priced_hit_rate_note"]


def test_tail_is_at_least_one_option() -> None:
    assert tail_loss(np.array([5.0, -7.0, np.nan])) == -7.0
    assert np.isnan(tail_loss(np.array([np.nan])))


def test_no_share_breaks_even_where_no_option_loses() -> None:
    assert np.isnan(break_even_rate(np.array([1.0, 0.0]), np.array([10.0, 2.0])))
    assert np.isnan(break_even_rate(np.array([1.0, 1.0]), np.array([10.0, 2.0])))


def test_fifths_of_ten_hold_two_each_and_equal_scores_share_one() -> None:
    sample = _sample([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1] * 9 + [0])

    assert fifth_within_expiry(sample.score, sample).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert fifth_of_all(np.array([5.0, 5.0, 5.0])).tolist() == [3, 3, 3]


def test_difference_of_fifths_takes_part_of_options_that_tie() -> None:
    # Top fifth of 10: 2 places. Score 9 takes one, the three of score 8 share the other. Bottom: scores 1 and 2.
    sample = _sample([1, 2, 3, 4, 5, 6, 8, 8, 8, 9], [0, 1, 1, 1, 1, 1, 1, 1, 0, 1])
    fifths = top_against_bottom(sample.score, sample, _draws(sample))

    assert fifths.top == pytest.approx((1 + 2 / 3) / 2)
    assert fifths.bottom == pytest.approx(0.5)
    assert fifths.difference.value == pytest.approx(5 / 6 - 1 / 2)


def test_months_of_fair_weather_do_not_help_a_score_that_rises_with_them() -> None:
    # All of February is worthless and has high scores; within a date the score does not matter.
    sample = _sample([10, 20, 30, 40, 50, 60, 70, 80, 90, 95], [0, 1, 0, 1, 0] + [1] * 5,
                     ["2020-01-17"] * 5 + ["2020-02-21"] * 5)

    # Bottom options of both dates: 0 and 1; top options: 0 and 1.
    assert top_against_bottom(sample.score, sample, _draws(sample)).difference.value == 0.0


def test_choice_is_at_most_half_of_a_date() -> None:
    sample = _sample([1, 2, 3, 4, 5, 5, 7], [1] * 6 + [0], ["2020-01-17"] * 3 + ["2020-02-21"] * 4)

    # January: 3 // 2 = 1 place. February: 2 of 4; score 7 takes one, the two of score 5 share the other.
    assert top_choice(sample.score, sample, 20).tolist() == [0, 0, 1, 0, 0.5, 0.5, 1]


def test_random_choices_of_two_from_four_have_the_mean_of_all() -> None:
    sample = _sample([1, 2, 3, 4], [0, 1, 1, 1])
    found = portfolios_against_random(sample.score, sample, _draws(sample), top_n=2, n_portfolios=4_000,
                                      rng=np.random.default_rng(3))

    assert found.mean_return.value == pytest.approx(0.01)
    assert found.hit_rate == pytest.approx(1.0)
    # Of six pairs three hold the losing option: (0.01 - 0.04) / 2, the others tie with ours: 1/2 + 1/2 * 1/2.
    assert sorted(set(found.table["mean_return"].round(6))) == [-0.015, 0.01]
    assert found.beaten == pytest.approx(0.75, abs=0.03)
    assert np.isnan(found.p_value)


def test_share_of_months_that_agree_within_counts_months_not_options() -> None:
    # Twelve months of ten options each, all alike within a month: nine worthless, three not. Wilson for 9 of 12 at
    # t(0.975, 11) = 2.201, but with variance 12/11 * 0.75 * 0.25 / 12, so n = 11: centre and reach as below.
    expiry = [str(date.date()) for date in pd.date_range("2020-01-17", periods=12, freq="30D") for _ in range(10)]
    sample = _sample(list(range(120)), [1.0] * 90 + [0.0] * 30, expiry)
    found = share_estimate(np.ones(120, dtype=bool), sample, 0.95)
    t, n, p = 2.200985, 11.0, 0.75
    centre = (p + t**2 / (2 * n)) / (1 + t**2 / n)
    reach = t * np.sqrt(p * (1 - p) / n + t**2 / (4 * n**2)) / (1 + t**2 / n)

    assert clustered_variance((sample.worthless - p) / 120, sample) == pytest.approx(12 / 11 * p * (1 - p) / 12)
    assert (found.low, found.high) == pytest.approx((centre - reach, centre + reach), rel=1e-5)


def test_all_worthless_bucket_still_has_a_lower_end() -> None:
    rows = simulated_rows(3, n_expiries=24, n_underlyings=12, n_strikes=3)
    rows.loc[rows["score"] > 65, "worthless"] = 1.0
    sample = evidence_sample(rows)
    found = share_estimate(sample.score > 65, sample, 0.95)

    assert found.high == 1.0
    assert 0.5 < found.low < 0.99


def test_sensitivity_has_one_row_per_variant() -> None:
    rows = simulated_rows(4, n_expiries=12, n_underlyings=4)
    table = sensitivity_table({"bid": rows, "mid": rows.assign(pnl=rows["pnl"] + 1)}, samples=99)

    assert table["variant"].tolist() == ["bid", "mid"]
    assert table.loc[1, "expectancy"] - table.loc[0, "expectancy"] == pytest.approx(1.0)
    assert table["verdict"].notna().all()
