"""The verdict follows its rules, and the page defines every figure."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtrader_system.metrics.figure import Figure, missing
from backtrader_system.metrics.puts.evidence import PutEvidence, put_evidence
from backtrader_system.metrics.puts.simulated import simulated_rows
from backtrader_system.metrics.puts.verdict import criteria_table, overall_verdict

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "put_metrics.md").read_text()
GOOD = {"trend_p": 0.01, "trend_z": 2.8, "trend_z_first_half": 2.0, "trend_z_second_half": 1.5,
        "top_bottom_difference": 0.12, "top_bottom_difference_low": 0.04, "top_bottom_difference_high": 0.20,
        "top_bottom_difference_p": 0.02}


def _verdict(**changes: float) -> str:
    return overall_verdict({name: Figure(value) for name, value in (GOOD | changes).items()}, 0.05)[0]


@pytest.mark.parametrize(("changes", "verdict"), [
    pytest.param({}, "score works", id="all agree"),
    pytest.param({"trend_p": 0.2}, "not enough evidence", id="no trend"),
    pytest.param({"top_bottom_difference_p": 0.06}, "not enough evidence", id="no difference of fifths"),
    pytest.param({"trend_z_second_half": -0.1}, "not enough evidence", id="gone in the later half"),
    pytest.param({"trend_z": -2.8}, "not enough evidence", id="trend against fifths"),
    pytest.param({"top_bottom_difference_low": -0.01}, "not enough evidence", id="interval holds zero"),
    pytest.param({"trend_p": 0.4, "top_bottom_difference_p": 0.3, "top_bottom_difference_high": 0.14}, "no evidence",
                 id="fifteen points ruled out"),
    pytest.param({"trend_p": 0.4, "top_bottom_difference_p": 0.3, "top_bottom_difference_high": 0.16},
                 "not enough evidence", id="fifteen points possible"),
    pytest.param({"trend_z": -2.8, "trend_z_first_half": -1.0, "trend_z_second_half": -2.0,
                  "top_bottom_difference": -0.12, "top_bottom_difference_low": -0.2,
                  "top_bottom_difference_high": -0.04}, "worse than chance", id="all agree below"),
])
def test_verdict_needs_all_to_agree(changes: dict, verdict: str) -> None:
    assert _verdict(**changes) == verdict


def test_verdict_without_a_test_says_why() -> None:
    figures = {name: missing("two months only") for name in GOOD}

    assert overall_verdict(figures, 0.05) == ("not enough evidence", "No test is possible: two months only.")


@pytest.mark.parametrize(("low", "verdict", "why"), [
    pytest.param([0.18, 0.41], "not enough evidence", "in no regime does the interval lie above 0.5", id="none"),
    pytest.param([0.18, 0.52], "met", "above 0.5: falling, calm", id="one of two"),
    pytest.param([np.nan, 0.52], "met", "above 0.5: falling, calm", id="one known"),
    pytest.param([np.nan, np.nan], "not enough evidence", "too few months of expiry in the regimes", id="none known"),
])
def test_when_scoring_works_takes_a_regime_whose_interval_lies_above_chance(low, verdict, why, useful) -> None:
    regimes = pd.DataFrame({"regime": ["rising, calm", "falling, calm"], "auc": [0.53, 0.6], "auc_low": low,
                            "auc_high": [0.88, 0.7]})
    figures = {name: Figure(useful.figures[name]) for name in useful.figures}
    table = criteria_table(figures, useful.tables["factor_importance"], useful.tables["incremental"], regimes, 0.05)
    row = table.set_index("criterion").loc["When scoring works is known"]

    assert row["verdict"] == verdict
    assert row["why"].startswith(why)


def test_the_chance_against_random_portfolios_is_told_apart_from_the_share_beaten(useful: PutEvidence) -> None:
    (choice,) = [text for text in useful.conclusion if text.startswith("The options with the best scores")]

    assert "this is not 1 minus the share, as it allows for options of one date and one stock" in choice


@pytest.fixture(scope="module")
def useful() -> PutEvidence:
    rows = simulated_rows(3, n_expiries=36, n_underlyings=20, n_strikes=4, skill=8.0)
    return put_evidence(rows, samples=499, random_portfolios=499,
                        weights={"recovery_advantage": 25, "support_strength": 20, "days_since_break": 15,
                                 "historical_peak": 15, "monthly_seasonality": 15, "current_performance": 10})


def test_useful_score_meets_the_criteria_it_should(useful: PutEvidence) -> None:
    verdict = useful.tables["criteria"].set_index("criterion")["verdict"]

    assert useful.figures["verdict"] == "score works"
    assert verdict["High scores go with worthless expiry"] == "met"
    assert verdict["Score discrimination is statistically significant"] == "met"
    assert verdict["Top-scored portfolios outperform random selection"] == "met"
    assert verdict["The score adds to the market's own probability"] == "met"
    assert useful.conclusion[0].startswith("The score works as a ranking in these data.")


def test_score_that_is_the_markets_probability_adds_nothing_to_it() -> None:
    rows = simulated_rows(3, n_expiries=36, n_underlyings=20, n_strikes=4)
    found = put_evidence(rows.assign(score=100 * rows["market_probability"] ** 2), samples=499, random_portfolios=199)
    row = found.tables["criteria"].iloc[-1]

    assert found.figures["verdict"] == "repeats the price"
    assert found.conclusion[0].startswith("The score ranks the options, but only as their price does.")
    assert row["criterion"] == "The score adds to the market's own probability"
    assert row["verdict"] == "not met"
    assert "Alone, the market's probability ranks with AUC" in found.conclusion[2]


def test_weights_are_shown_beside_their_factors(useful: PutEvidence) -> None:
    table = useful.tables["factor_importance"].set_index("factor")

    assert table.loc["support_strength", "weight"] == 20
    assert table.loc["current_performance", "weight"] == 10


def test_same_rows_and_seed_give_the_same_numbers(useful: PutEvidence) -> None:
    rows = simulated_rows(3, n_expiries=36, n_underlyings=20, n_strikes=4, skill=8.0)
    again = put_evidence(rows, samples=499, random_portfolios=499)

    assert again.figures == useful.figures
    assert again.tables["random_portfolios"].equals(useful.tables["random_portfolios"])


def test_every_figure_and_table_is_defined_on_the_page(useful: PutEvidence) -> None:
    names = {re.sub(r"_(low|high|note)$", "", name) for name in useful.figures} - {"logit"}

    assert [name for name in sorted(names | set(useful.tables)) if f"`{name}`" not in PAGE] == []
