"""Charts of a conviction run say what is seen; a table that cannot be drawn is left out with a reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from backtrader_system.reports.conviction.charts import CHARTS, chart_notes, conviction_plots
from backtrader_system.reports.conviction.plots import returns_figure, win_rate_figure
from backtrader_system.reports.conviction.plots_model import (
    importance_figure,
    scenarios_figure,
    walk_forward_figure,
)
from backtrader_system.reports.figure_style import png_bytes
from backtrader_system.reports.run_files import plots_of

OWN = {"plot_win_rate_by_conviction.png", "plot_returns.png", "plot_importance.png", "plot_scenarios.png",
       "plot_walk_forward.png"}
BANDS = pd.DataFrame({"score": ["<7", "7", "8", "9", "10"], "signals": [70, 5, 0, 12, 2], "resolved": [60, 5, 0, 10, 0],
                      "winners": [2, 1, 0, 4, 0], "win_rate": [1 / 30, 0.2, np.nan, 0.4, np.nan],
                      "low": [0.01, 0.04, np.nan, 0.17, np.nan], "high": [0.11, 0.62, np.nan, 0.69, np.nan],
                      "mean_probability": [0.04, np.nan, np.nan, 0.2, np.nan]})


def with_table(result, **tables):
    return replace(result, tables={**result.tables, **tables})


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_a_run_has_the_charts_of_the_design_document(random_result):
    assert set(plots_of(random_result())) == set(CHARTS)


def test_nothing_to_show_is_a_reason_and_no_empty_chart(arithmetic_result):
    result = arithmetic_result()

    assert set(conviction_plots(result)) == {"plot_returns.png"}
    assert set(chart_notes(result)) == OWN - {"plot_returns.png"}
    assert chart_notes(replace(result, trades=result.trades.iloc[:0]))["plot_returns.png"] == "no trade was closed"
    assert chart_notes(with_table(result, conviction_bands=BANDS.assign(resolved=0)))[
        "plot_win_rate_by_conviction.png"] == "no scored signal is resolved"


def test_the_win_rates_have_counts_base_rate_break_even_and_intervals(random_result):
    figure = win_rate_figure(with_table(random_result(), conviction_bands=BANDS))

    # 7 winners of 75 resolved signals
    assert figure.get_suptitle() == "Win rate by conviction: score 9 won 40.0 % (4 of 10), all signals 9.3 %"
    assert texts(figure) == ["2 of 60", "1 of 5", "4 of 10", "no resolved\nsignal", "no resolved\nsignal"]
    assert {"base rate: all signals, 9.3 %", "needed to break even after costs, 3.1 %", "95% interval (Wilson)"} <= set(
        labels(figure))
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == pytest.approx([100 / 30, 20.0, 40.0])


@pytest.mark.parametrize(("resolved", "winners", "title"), [
    # 10 is the fewest a title speaks of: one of one at score 10 is none
    ([60, 5, 10, 9, 1], [2, 1, 2, 5, 1], "score 8 won 20.0 % (2 of 10), all signals 12.9 %"),          # 11 of 85
    ([60, 5, 9, 9, 1], [2, 1, 2, 4, 1],
     "too few outcomes at any score from 7 on; all signals 11.9 % (10 of 84)"),
])
def test_the_title_speaks_of_no_score_with_a_handful_of_outcomes(random_result, resolved, winners, title):
    bands = BANDS.assign(resolved=resolved, winners=winners, win_rate=np.divide(winners, resolved), low=0.0, high=1.0)

    figure = win_rate_figure(with_table(random_result(), conviction_bands=bands))

    assert figure.get_suptitle() == f"Win rate by conviction: {title}"


@pytest.mark.parametrize(("label", "words"), [
    ("touch", "mean probability of the label: target touched"), ("traded", "mean probability the model stated")])
def test_the_legend_names_the_event_of_the_probabilities(random_result, label, words):
    result = random_result()
    settings = result.settings.model_copy(update={
        "conviction": result.settings.conviction.model_copy(update={"label": label})})

    shown = labels(win_rate_figure(replace(result, settings=settings)))

    assert [text for text in shown if text.startswith("mean probability")] == [words]


def test_the_error_bars_reach_to_the_ends_of_the_intervals(random_result):
    figure = win_rate_figure(with_table(random_result(), conviction_bands=BANDS))

    segments = next(lines.get_segments() for lines in figure.axes[0].collections)
    assert [segment[:, 1].tolist() for segment in segments] == [
        pytest.approx([1.0, 11.0]), pytest.approx([4.0, 62.0]), pytest.approx([17.0, 69.0])]


def test_the_returns_chart_counts_every_closed_trade_once(arithmetic_result, random_result):
    figure = returns_figure(arithmetic_result())

    # median of 98, 98.4, 98.8, 98.8, 99.2, 99.6, 10, -3, -3.2, -3.4; their mean is 593.2 / 10
    assert figure.get_suptitle() == ("Net returns of 10 closed trades: median +98.2 %, mean +59.3 %; 7 earned money, "
                                     "6 reached the target")
    for drawn, number in ((figure, 10), (returns_figure(random_result(n_trades=150)), 150)):
        assert sum(bar.get_height() for bar in drawn.axes[0].patches) == number


def test_no_bar_of_the_returns_holds_gains_and_losses(random_result):
    figure = returns_figure(random_result())

    edges = np.array([(bar.get_x(), bar.get_x() + bar.get_width()) for bar in figure.axes[0].patches])
    assert not ((edges[:, 0] < -1e-9) & (edges[:, 1] > 1e-9)).any()


def test_stop_and_target_are_marked(arithmetic_result):
    marked = texts(returns_figure(arithmetic_result()))

    assert any(text.startswith("stop -2%") for text in marked)
    assert any(text.startswith("target +100%") for text in marked)


def test_the_features_are_named_in_plain_words_strongest_first(random_result):
    importance = pd.DataFrame({"feature": ["a_b", "dan_endorsed", "c"], "group": "g", "winners": [0.1, 0.2, np.nan],
                               "losers": [0.3, 0.1, np.nan], "winners_signed": 0.1, "losers_signed": 0.1,
                               "words": [None, "endorsed by Dan", "the c"]})

    figure = importance_figure(with_table(random_result(), importance=importance))

    names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert names == ["a b", "endorsed by Dan", "the c"]
    assert labels(figure) == ["in signals that became winners", "in signals that did not"]


def test_every_scenario_has_its_count_and_every_group_its_panel(random_result):
    result = random_result()

    figure = scenarios_figure(result)
    alone = scenarios_figure(with_table(result, scenario_equity=pd.DataFrame()))

    assert len(figure.axes) == 5
    assert [axes.get_title(loc="left") for axes in figure.axes[1:]] == [
        "Scenario 1: the best by ML score", "Scenario 2: which threshold", "Scenario 3: ML against rules",
        "Scenario 4: which size"]
    assert len(figure.axes[0].get_yticklabels()) == 7       # 11 without the four sizes of the same signals
    assert len(alone.axes) == 1


@pytest.mark.parametrize("days", [1, 2, 20, 61, 100, 400, 728, 1_200, 4_000])
def test_panels_of_any_length_have_few_dates(random_result, days):
    result = random_result()
    sessions = pd.date_range("2020-01-15", periods=days)
    curve = pd.DataFrame({"session": sessions, "scenario": "top_decile", "equity": 100_000.0})

    figure = scenarios_figure(with_table(result, scenario_equity=curve))

    assert png_bytes(figure)          # a warning of the locator would be an error here
    shown = [tick for tick in figure.axes[1].get_xticks() if tick <= figure.axes[1].get_xlim()[1]]
    assert 1 <= len(shown) <= 6


def test_a_month_without_a_selected_signal_is_called_so(random_result):
    result = random_result(months=2)
    folds = result.tables["walk_forward"].assign(win_rate=[0.5, np.nan], n_selected=[2, 0], winners=[1, 0],
                                                 mean_net_return=[0.1, np.nan], low=[0.1, np.nan], high=[0.9, np.nan])

    figure = walk_forward_figure(with_table(result, walk_forward=folds))
    silent = with_table(result, walk_forward=folds.assign(win_rate=np.nan, low=np.nan))

    assert figure.get_suptitle() == "Walk-forward over 2 test months: win rate of selected signals 50.0 % on average"
    assert texts(figure) == ["1 of 2", "none"]
    assert chart_notes(silent) == {"plot_walk_forward.png": "no selected signal of a test month is resolved"}


@pytest.mark.parametrize("name", sorted(OWN))
def test_a_run_of_one_month_and_one_trade_can_be_drawn(random_result, name):
    result = random_result(months=1, n_trades=1, n_signals=30)

    assert png_bytes(conviction_plots(result)[name]()).startswith(b"\x89PNG")


def test_equal_runs_give_equal_bytes(random_result):
    first, second = (png_bytes(scenarios_figure(random_result())) for _ in range(2))

    assert first == second


def test_the_equity_chart_names_the_rules(random_result):
    figure = random_result().plot_equity()

    assert "baseline: rules" in labels(figure)
    assert "baseline (rules)" in figure.get_suptitle()
    assert "random · simulated signals" in [text.get_text() for text in figure.texts]
