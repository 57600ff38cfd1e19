"""The charts of a put run: what they say, and why one is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from backtrader_system.metrics.puts.evidence import put_evidence
from backtrader_system.metrics.puts.simulated import simulated_rows
from backtrader_system.reports.figure_style import png_bytes
from backtrader_system.reports.puts.charts import CHARTS, SHARED, chart_notes, put_plots
from backtrader_system.reports.puts.plots_evidence import factors_figure, hit_rate_figure, reliability_figure
from backtrader_system.reports.puts.plots_money import premium_figure, random_portfolios_figure
from backtrader_system.reports.puts.plots_search import recovery_share_figure, weight_surface_figure
from backtrader_system.reports.run_files import plots_of

RATES = pd.DataFrame({
    "analysis": "score_bucket", "bucket": ["90-100", "80-90", "<50"], "options": [40, 100, 20], "expiries": [12, 15, 1],
    "worthless": [36, 81, 9], "hit_rate": [0.9, 0.81, 0.45], "low": [0.8, 0.7, np.nan], "high": [0.97, 0.9, np.nan],
    "priced": [30, 90, 20], "priced_hit_rate": [0.87, 0.79, 0.45], "break_even_rate": [0.85, 0.84, 0.6]})


def ticks(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_xticklabels()]


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_a_full_run_has_every_chart(put_result):
    assert set(plots_of(put_result())) == set(CHARTS)


@pytest.mark.parametrize("arguments", [
    {"n_expiries": 5, "n_underlyings": 1}, {"n_expiries": 1, "n_underlyings": 1}, {"is_synthetic": True}])
def test_every_chart_of_an_awkward_run_can_be_drawn(put_result, arguments):
    for draw in put_plots(put_result(**arguments)).values():
        assert png_bytes(draw()).startswith(b"\x89PNG")


def test_nothing_to_show_is_a_reason_and_no_empty_chart(put_result):
    result = put_result()
    nothing = replace(result, tables={}, metrics={"puts": {}}, trades=result.trades.iloc[:0],
                      equity=result.equity.iloc[:0])

    assert put_plots(nothing) == {}
    assert set(chart_notes(nothing)) == set(CHARTS)
    assert chart_notes(nothing)["plot_premium.png"] == "no put was sold and closed"
    assert {chart_notes(nothing)[name] for name in SHARED} == {"no account was run"}


def test_hit_rates_have_counts_dates_intervals_and_break_even(put_result):
    figure = hit_rate_figure(put_result(tables={"hit_rate_analysis": RATES}))

    assert figure.get_suptitle() == "Hit rate by score: 90.0 % at 90-100, 45.0 % at <50"
    assert ticks(figure) == ["<50\n9 of 20\n20 with a bid\n1 date", "80-90\n81 of 100\n90 with a bid\n15 dates",
                             "90-100\n36 of 40\n30 with a bid\n12 dates"]
    assert "; 20 of 160 had no bid" in figure.axes[0].get_xlabel()
    assert [bar.get_height() for bar in figure.axes[0].patches] == pytest.approx([45.0, 81.0, 90.0])
    assert {"worthless of those with a bid", "needed of these to break even",
            "95 % interval by expiry date"} <= set(labels(figure))
    marks = [line.get_ydata().tolist() for line in figure.axes[0].lines if line.get_marker() in ("o", "D")]
    assert marks == [pytest.approx([45.0, 79.0, 87.0]), pytest.approx([60.0, 84.0, 85.0])]


def test_without_any_bid_no_break_even_is_marked(put_result):
    nothing = RATES.assign(priced=0, priced_hit_rate=np.nan, break_even_rate=np.nan)

    figure = hit_rate_figure(put_result(tables={"hit_rate_analysis": nothing}))

    assert not {"worthless of those with a bid", "needed of these to break even"} & set(labels(figure))


def test_the_title_speaks_of_no_bucket_with_a_handful_of_options(put_result):
    few = RATES.assign(options=[4, 100, 9], worthless=[4, 81, 2])

    # 87 of 113
    title = hit_rate_figure(put_result(tables={"hit_rate_analysis": few})).get_suptitle()

    assert title == "Hit rate by score: too few options in most buckets; of all 77.0 % expired worthless"


def test_reliability_draws_only_bins_of_ten_options(put_result):
    table = pd.DataFrame({"method": "score", "bin": ["0.1-0.2", "0.8-0.9"], "n": [9, 10], "predicted": [0.15, 0.85],
                          "actual": [1.0, 0.8], "low": np.nan, "high": np.nan})

    figure = reliability_figure(put_result(tables={"reliability": table}))

    points = figure.axes[0].containers[0].lines[0].get_xydata().tolist()
    assert points == [pytest.approx([84.5, 80.0])]


def test_factors_are_counted_and_ordered_by_what_they_tell(put_result):
    table = pd.DataFrame({"factor": ["support_strength", "days_since_break", "historical_peak"],
                          "auc": [0.52, 0.61, np.nan], "auc_within_expiry": [0.51, 0.6, np.nan],
                          "auc_low": [0.48, 0.55, np.nan],
                          "auc_high": [0.56, 0.67, np.nan],
                          "coverage": [1.0, 0.5, 0.0], "weight": [20.0, 15.0, 15.0], "predictive": ["no", "yes", "no"]})

    figure = factors_figure(put_result(tables={"factor_importance": table}))

    assert figure.get_suptitle() == "Factors alone: 1 of 2 tested tell worthless from assigned"
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["support strength\nweight 20, known for 100%", "days since break\nweight 15, known for 50%"]


def test_both_readings_of_a_factor_are_drawn_and_none_left_of_chance_counts_as_predicting(put_result):
    rows = simulated_rows(1, n_expiries=24, n_underlyings=12, n_strikes=3)
    share = rows.groupby("expiry")["worthless"].transform("mean")
    torn = rows.assign(support_strength=500 * (1 - share) + 10 * rows["worthless"] + rows.index % 7)
    table = put_evidence(torn, samples=199, random_portfolios=99).tables["factor_importance"]

    figure = factors_figure(put_result(tables={"factor_importance": table}))

    pooled, within = (points.get_offsets()[:, 0] for points in figure.axes[0].collections
                      if points.get_label() in ("_all options", "within an expiry date"))
    ordered = table.sort_values("auc")
    assert pooled.tolist() == pytest.approx(ordered["auc"].tolist())
    assert within.tolist() == pytest.approx(ordered["auc_within_expiry"].tolist())
    assert pooled[0] < 0.5 < within[0]
    assert figure.get_suptitle() == "Factors alone: 0 of 6 tested tell worthless from assigned"


def test_premium_stands_above_and_payoffs_below_zero(put_result):
    result = put_result()

    figure = premium_figure(result)

    heights = [bar.get_height() for bar in figure.axes[0].patches]
    puts = result.trades[result.trades["size"] < 0]
    assert sum(height for height in heights if height > 0) == pytest.approx(puts["entry_price"].sum())
    assert sum(height for height in heights if height < 0) == pytest.approx(-puts["exit_price"].sum())


def test_our_options_are_marked_among_the_random_portfolios(put_result):
    drawn = pd.DataFrame({"draw": [1, 2, 3, 4], "hit_rate": 0.8, "mean_return": [-0.01, 0.0, 0.01, 0.03]})
    result = put_result(tables={"random_portfolios": drawn}, figures={"top_n_return": 0.02, "random_rank": 0.75})

    figure = random_portfolios_figure(result)

    assert figure.get_suptitle() == ("Random portfolios: the best scores returned +2.00 %, more than 75.0 % of "
                                     "4 drawn by lot")
    assert [line.get_xdata()[0] for line in figure.axes[0].lines] == pytest.approx([2.0, 0.0])


def test_days_to_expiry_run_towards_expiry(put_result):
    figure = recovery_share_figure(put_result())

    assert ticks(figure) == ["36+", "29-35", "22-28", "15-21", "8-14", "0-7"]
    causal, whole_life = (line.get_ydata() for line in figure.axes[0].lines)
    assert (np.diff(causal) > 0).all()
    assert (np.diff(whole_life) < 0).all()


def test_the_surface_shows_every_factor_and_one_pair(put_result):
    result = put_result()
    surface = result.tables["weight_surface"]

    figure = weight_surface_figure(result)
    alone = weight_surface_figure(put_result(tables={"weight_surface": surface[surface["factor_b"] == ""]}))

    assert len(figure.axes[0].lines) == 6
    assert figure.axes[1].get_xlabel() == "weight of recovery advantage (%)"
    assert not alone.axes[1].images


def test_equity_is_drawn_in_the_currency_of_the_quotes(put_result):
    assert put_result().plot_equity().axes[0].get_ylabel() == "equity (currency of the quotes)"
