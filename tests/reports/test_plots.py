"""Plots say what is seen, in the same bytes each time."""

from __future__ import annotations

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from backtrader_system.reports.figure_style import png_bytes
from backtrader_system.reports.plots import (
    drawdown_figure,
    equity_figure,
    exposure_figure,
    monthly_returns,
    monthly_returns_figure,
)

CORNER = "20240102_030405_sample"


def title(figure: Figure) -> str:
    return figure.get_suptitle()


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_equity_plot_names_both_returns_period_and_run(make_equity):
    figure = equity_figure(make_equity([0.10, 0.10]), make_equity([0.05, 0.0]), corner=CORNER)

    # 1.1 * 1.1 - 1 and 1.05 - 1
    assert title(figure) == (
        "Equity: strategy +21.0 %, baseline (buy and hold) +5.0 %, 2021-01-04 to 2021-01-05 (2 sessions)")
    assert CORNER in [text.get_text() for text in figure.texts]
    assert labels(figure) == [
        "drawdown: below the highest equity so far", "strategy", "baseline: buy and hold", "initial capital"]
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("session", "equity (dollars)")


def test_the_shaded_drawdown_reaches_from_equity_to_the_peak_that_starts_at_the_capital(make_equity):
    figure = equity_figure(make_equity([-0.10, 0.30, -0.10]), make_equity([0.0] * 3), corner=CORNER)

    heights = figure.axes[0].collections[0].get_paths()[0].vertices[:, 1]

    assert heights.max() == pytest.approx(117_000)     # 100,000 * 0.9 * 1.3
    assert heights.min() == pytest.approx(90_000)
    assert np.isclose(heights, 100_000).any()          # the first loss is measured from the initial capital


def test_a_large_range_gets_a_log_scale_and_says_so(make_equity):
    flat = make_equity([0.0, 0.0])
    fivefold, threefold = (equity_figure(make_equity([rise, 0.0]), flat, corner="") for rise in (4.0, 2.0))

    assert (fivefold.axes[0].get_yscale(), threefold.axes[0].get_yscale()) == ("log", "linear")
    assert fivefold.axes[0].get_ylabel() == "equity (dollars), log scale"


def test_equity_that_was_lost_entirely_is_still_drawn(make_equity):
    figure = equity_figure(make_equity([4.0, -1.2, -0.5]), make_equity([0.0] * 3), corner="")

    assert figure.axes[0].get_yscale() == "linear"
    assert png_bytes(figure)


def test_the_drawdown_plot_names_its_worst_point(make_equity):
    figure = drawdown_figure(make_equity([0.10, -0.20, 0.05, 0.30]), make_equity([0.0] * 4), corner=CORNER)

    assert title(figure).startswith("Drawdown: at worst 20.0 % below the highest equity so far, 2021-01-04")
    assert texts(figure) == ["worst: -20.0 % on 2021-01-05\nfrom 2021-01-04, recovered 2021-01-07"]
    assert figure.axes[0].get_ylabel() == "below the highest equity so far (%)"


def test_a_drawdown_that_is_open_is_not_called_recovered(make_equity):
    figure = drawdown_figure(make_equity([-0.20, 0.05]), make_equity([0.0] * 2), corner="")

    assert texts(figure) == ["worst: -20.0 % on 2021-01-04\nfrom the start, not recovered by 2021-01-05"]


def test_monthly_returns_compound_within_month_and_year(make_equity):
    equity = make_equity([0.10, 0.10, -0.50, 0.0, 0.20], start="2021-12-29")     # Dec 29, 30, 31, Jan 3, 4

    table = monthly_returns(equity)

    assert table.loc[2021, 12] == pytest.approx(1.1 * 1.1 * 0.5 - 1)
    assert table.loc[2022, "year"] == pytest.approx(1.0 * 1.2 - 1)
    assert np.isnan(table.loc[2022, 2])
    assert list(table.columns) == [*range(1, 13), "year"]


def test_the_heat_map_shows_numbers_with_sign_and_handles_one_month(make_equity):
    figure = monthly_returns_figure(make_equity([0.10, -0.30]), corner=CORNER)

    assert texts(figure) == ["-23.0", "-23.0"]       # 1.1 * 0.7 - 1, in the month and in the year
    assert title(figure) == "Monthly returns in percent, 2021-01-04 to 2021-01-05 (2 sessions)"
    assert figure.axes[1].get_ylabel() == "month's return (%)"


def test_what_rounds_to_zero_has_no_sign(make_equity):
    assert texts(monthly_returns_figure(make_equity([-0.0001]), corner="")) == ["0.0", "0.0"]


def test_the_exposure_plot_shows_share_and_number(make_equity):
    long_only = make_equity([0.0, 0.01])
    hedged = long_only.assign(net_exposure=[0.1, 0.2])

    figure = exposure_figure(long_only, corner=CORNER)

    assert title(figure).startswith("Exposure: 50 % of equity invested on average, 2.0 positions, ")
    assert [axes.get_ylabel() for axes in figure.axes] == ["exposure (% of equity)", "positions (number)"]
    assert "net: long minus short" not in labels(figure)
    assert "net: long minus short" in labels(exposure_figure(hedged, corner=""))


@pytest.mark.parametrize("draw", [equity_figure, drawdown_figure, monthly_returns_figure, exposure_figure])
def test_one_session_can_be_drawn(make_equity, draw):
    equity = make_equity([0.01])
    tables = [equity, equity] if draw in (equity_figure, drawdown_figure) else [equity]

    assert png_bytes(draw(*tables, corner="")).startswith(b"\x89PNG")


def test_equal_tables_give_equal_bytes_whatever_style_the_session_has(make_result):
    result = make_result()
    first = png_bytes(result.plot_monthly_returns()), png_bytes(result.plot_equity())
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 20, "axes.facecolor": "black"}):
        second = png_bytes(result.plot_monthly_returns()), png_bytes(result.plot_equity())

    assert first == second
    assert b"Software" not in first[0]


def test_a_symbol_or_name_with_dollar_signs_is_not_read_as_mathematics(make_equity):
    assert png_bytes(monthly_returns_figure(make_equity([0.01]), corner="a $x_{$ b"))


def test_drawing_leaves_pyplot_alone():
    code = "import sys, backtrader_system.reports.plots; print('matplotlib.pyplot' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
