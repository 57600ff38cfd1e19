"""Few months, one underlying, equal scores, absent factors, separated outcomes: a note, never a wrong number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.metrics.puts.evidence import PutEvidence, put_evidence
from backtrader_system.metrics.puts.simulated import simulated_rows

P_VALUES = ("trend_p", "logit_p", "auc_p", "auc_within_expiry_p", "top_bottom_difference_p", "random_p")
ENDS = ("base_rate_low", "auc_high", "logit_low", "top_bottom_difference_high", "expectancy_low", "top_n_return_low")


def _evidence(rows: pd.DataFrame) -> PutEvidence:
    return put_evidence(rows, samples=199, random_portfolios=199)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return simulated_rows(1, n_expiries=24, n_underlyings=12, n_strikes=3)


def test_below_ten_months_there_is_no_p_value_and_the_reason_is_said() -> None:
    found = _evidence(simulated_rows(1, n_expiries=9, n_underlyings=15, skill=30.0))

    assert found.figures["verdict"] == "not enough evidence"
    for name in (*P_VALUES, *ENDS):
        assert found.figures[name] is None, name
        assert "9 different months" in found.figures[f"{name}_note"]
    assert found.figures["auc"] > 0.7
    assert "10 months are needed" in found.conclusion[-1]
    # Only what surely fails can be "not met" without an interval; nothing is met.
    assert set(found.tables["criteria"]["verdict"]) == {"not enough evidence"}


def test_weekly_expiries_of_two_months_are_two_clusters(rows: pd.DataFrame) -> None:
    weekly = pd.date_range("2018-01-05", periods=8, freq="7D")
    some = rows[rows["expiry"].isin(sorted(rows["expiry"].unique())[:8])]
    place = some["expiry"].map({date: number for number, date in enumerate(sorted(some["expiry"].unique()))})
    found = _evidence(some.assign(expiry=weekly[place]))

    assert (found.figures["n_expiries"], found.figures["n_clusters"]) == (8, 2)
    assert found.figures["trend_p"] is None


def test_one_underlying_with_58_expiries_has_p_values() -> None:
    found = _evidence(simulated_rows(2, n_expiries=58, n_underlyings=1, n_strikes=17, is_clumped=False))

    assert all(found.figures[name] is not None for name in P_VALUES)
    assert found.figures["n_underlyings"] == 1


@pytest.mark.parametrize(("change", "note"), [
    pytest.param({"score": 50.0}, "same score", id="constant score"),
    pytest.param({"worthless": 1.0}, "864 known outcomes are worthless", id="all worthless"),
    pytest.param({"worthless": 0.0}, "864 known outcomes are in the money", id="none worthless"),
    pytest.param({"worthless": np.nan}, "no option has a score and a known outcome", id="nothing known"),
])
def test_what_does_not_vary_gives_no_verdict(rows: pd.DataFrame, change: dict, note: str) -> None:
    found = _evidence(rows.assign(**change))

    assert found.figures["verdict"] == "not enough evidence"
    assert found.figures["trend_p"] is None
    assert note in found.figures["trend_p_note"]


def test_unknown_outcomes_are_counted_and_left_out(rows: pd.DataFrame) -> None:
    some = rows.copy()
    some.loc[:9, "worthless"] = np.nan
    some.loc[10:14, "score"] = np.nan
    found = _evidence(some)

    assert (found.figures["n_options"], found.figures["n_unknown"], found.figures["n_unscored"]) == (849, 10, 5)
    assert "10 without a known outcome, 5 without a score" in found.conclusion[1]


def test_absent_factors_are_no_evidence_and_leave_the_others_alone(rows: pd.DataFrame) -> None:
    some = rows.assign(recovery_advantage=np.nan, historical_peak=60.0)
    table = _evidence(some).tables["factor_importance"].set_index("factor")

    assert table.loc["recovery_advantage", ["options", "coverage", "note"]].tolist() == [0, 0.0, "no option has it"]
    assert table.loc["historical_peak", "note"] == "it does not vary"
    assert table.loc[["recovery_advantage", "historical_peak"], "multivariate_p"].isna().all()
    assert table.loc["support_strength", "multivariate_p"] > 0
    assert table.loc["recovery_advantage", "predictive"] == "not enough evidence"


def test_a_factor_of_the_month_alone_is_judged_between_months(rows: pd.DataFrame) -> None:
    season = rows["expiry"].map({date: number for number, date in enumerate(rows["expiry"].unique())})
    table = _evidence(rows.assign(monthly_seasonality=season.astype(float))).tables["factor_importance"]
    row = table.set_index("factor").loc["monthly_seasonality"]

    assert np.isnan(row["p_within_expiry"])
    assert row["note"] == "equal for all options of an expiry"
    assert row["p_value"] > 0
    assert row["p_holm"] >= row["p_value"]


def test_a_factor_that_only_tells_months_apart_does_not_predict(rows: pd.DataFrame) -> None:
    # Equal for all options of an expiry, and higher in the months in which more options expired worthless.
    share = rows.groupby("expiry")["worthless"].transform("mean")
    table = _evidence(rows.assign(monthly_seasonality=100 * share)).tables["factor_importance"]
    row = table.set_index("factor").loc["monthly_seasonality"]

    assert row["auc"] > 0.6
    assert row["p_holm"] < 0.05
    assert row["predictive"] == "not enough evidence"


def test_a_factor_whose_two_readings_disagree_does_not_predict(rows: pd.DataFrame) -> None:
    # Within an expiry date higher is better; over all options the bad months have the high values.
    share = rows.groupby("expiry")["worthless"].transform("mean")
    value = 500 * (1 - share) + 10 * rows["worthless"] + rows.index % 7
    row = _evidence(rows.assign(support_strength=value)).tables["factor_importance"].set_index("factor").loc[
        "support_strength"]

    assert row["auc"] < 0.5
    assert row["auc_within_expiry"] > 0.5
    assert row["p_within_holm"] < 0.05
    assert row["predictive"] == "not enough evidence"
    assert row["note"] == "within an expiry date and over all options it points in different directions"


def test_a_factor_of_the_day_whose_readings_disagree_says_both(rows: pd.DataFrame) -> None:
    share = rows.groupby("expiry")["worthless"].transform("mean")
    quoted = rows["expiry"] - pd.to_timedelta(30 + rows["worthless"], unit="D")
    value = 500 * (1 - share) + 10 * rows["worthless"]
    row = _evidence(rows.assign(support_strength=value, quote_date=quoted)).tables["factor_importance"].iloc[1]

    assert row["note"] == ("equal for all options of a day: within an expiry date it compares days of judgement; "
                           "within an expiry date and over all options it points in different directions")


def test_a_factor_of_the_day_says_that_it_compares_days(rows: pd.DataFrame) -> None:
    days = (rows.index.to_series() % 4).astype(int)
    quoted = rows["expiry"] - pd.to_timedelta(30 + days, unit="D")
    table = _evidence(rows.assign(quote_date=quoted, current_performance=days.astype(float)))
    row = table.tables["factor_importance"].set_index("factor").loc["current_performance"]

    assert row["p_within_expiry"] > 0
    assert row["note"] == "equal for all options of a day: within an expiry date it compares days of judgement"


def test_copies_have_no_separate_share(rows: pd.DataFrame) -> None:
    table = _evidence(rows.assign(days_since_break=rows["support_strength"])).tables["factor_importance"]

    assert np.isinf(table.set_index("factor").loc["support_strength", "vif"])
    assert table["multivariate_p"].isna().all()


def test_a_perfect_score_is_found_though_the_regression_has_no_maximum(rows: pd.DataFrame) -> None:
    found = _evidence(rows.assign(score=30 + 40 * rows["worthless"]))

    assert found.figures["verdict"] == "score works"
    assert found.figures["logit_slope"] is None
    assert "wholly separated" in found.figures["logit_slope_note"]


def test_a_top_bucket_without_losses_breaks_nothing(rows: pd.DataFrame) -> None:
    some = rows.copy()
    some.loc[some["score"] > 70, "worthless"] = 1.0
    found = _evidence(some)

    assert found.figures["logit_slope"] > 0
    assert found.figures["logit_p"] < 0.05


def test_unknown_money_leaves_the_ranking(rows: pd.DataFrame) -> None:
    found = _evidence(rows.assign(pnl=np.nan, return_on_capital=np.nan))

    assert found.figures["mean_pnl"] is None
    assert found.figures["top_n_return"] is None
    assert found.figures["random_p"] is None
    assert found.figures["trend_p"] is not None


def test_row_order_changes_nothing(rows: pd.DataFrame) -> None:
    mixed = rows.sample(frac=1.0, random_state=3)

    assert _evidence(mixed).figures == _evidence(rows).figures


def test_scale_of_the_score_changes_no_p_value(rows: pd.DataFrame) -> None:
    one, other = _evidence(rows).figures, _evidence(rows.assign(score=rows["score"] / 2 + 10)).figures

    for name in ("trend_p", "auc_p", "top_bottom_difference_p", "random_p"):
        assert one[name] == pytest.approx(other[name], abs=0.006), name


def test_missing_columns_are_named(rows: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="columns score, regime are missing"):
        put_evidence(rows.drop(columns=["score", "regime"]))


def test_all_faults_are_named_at_once(rows: pd.DataFrame) -> None:
    faulty = rows.assign(worthless=rows["worthless"].where(rows.index != 5, 0.5))
    faulty.loc[1, "contract"] = faulty.loc[0, "contract"]

    with pytest.raises(DataError, match=r"1 options occur twice, first S000 000 0;.*found 0.5 at S001 000 2"):
        put_evidence(faulty)
