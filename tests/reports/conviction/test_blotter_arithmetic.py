"""Every count and dollar of trades that a conviction report prints follows from its blotter by arithmetic."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from backtrader_system.metrics.uncertainty import wilson_interval
from backtrader_system.reports.conviction.blotter import Blotter, blotter_of, disagreements, with_conviction
from backtrader_system.reports.report_markdown import report_text


def value_of(report: str, figure: str) -> str:
    """Return the second cell of the row of the performance table that begins with `figure`."""
    table = report.split("## Performance\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in table.splitlines() if line.startswith(f"| {figure}")]
    assert len(rows) == 1, figure
    return rows[0].split("|")[2].strip()


def number(text: str) -> float:
    return float(re.search(r"-?\$?([\d,.]+)", text)[0].replace("$", "").replace(",", ""))


def test_the_seeds_own_example_does_not_add_up():
    # 6 wins of $6,350 on average and 3 losses of $900 are printed there beside a net P&L of $32,400.
    seed = Blotter(closed=9, reached_target=6, earning=6, losing=3, gross_profit=6 * 6_350.0, gross_loss=3 * 900.0,
                   stakes=45_000.0, mean_gain=1.27, mean_loss=-0.18, open_trades=0, open_pnl=0.0)

    assert seed.net_pnl == 35_400 != 32_400
    assert seed.profit_factor == pytest.approx(38_100 / 2_700)      # 14.1; the example says 7.1
    assert seed.return_on_stakes == pytest.approx(0.7867, abs=1e-4)      # the example says 72 %


def test_ten_trades_are_reported_as_a_reader_adds_them_up(arithmetic_result):
    report = report_text(arithmetic_result(), files=())

    # 4,900 + 4,920 + 2 * 4,940 + 4,960 + 4,980 + 500 = 30,140; 150 + 160 + 170 = 480; 10 stakes of 5,000
    assert value_of(report, "Win rate: closed trades") == "60.00 % (6 of 10)"
    assert value_of(report, "Trades that earned money") == "70.00 % (7 of 10)"
    assert value_of(report, "Average gain") == "+86.11 % ($4,306)"      # 30,140 / 7 = 4,305.71
    assert value_of(report, "Average loss") == "-3.20 % (-$160)"
    assert value_of(report, "Net P&L") == "$29,660"
    assert value_of(report, "Return on stakes") == "+59.32 % on $50,000 staked"
    assert value_of(report, "Profit factor") == "62.79"                 # 30,140 / 480
    assert ("It adds up: 7 earning x $4,305.71 - 3 losing x $160.00 = $29,660.00 net P&L; with $75.00 of 1 still open, "
            "at the last close, the account changed by $29,735.00.") in report


@pytest.mark.parametrize("seed", [pytest.param(seed, id=f"seed {seed}") for seed in range(1, 6)])
def test_a_random_report_is_derived_again_from_its_blotter(random_result, seed):
    result = random_result(seed)
    report = report_text(result, files=())
    closed = result.trades[result.trades["status"] == "closed"]
    pnl = closed["net_pnl"].to_numpy()
    stakes = float((closed["entry_price"] * closed["size"]).sum())
    n_target = int((closed["exit_reason"] == "target").sum())

    low, high = wilson_interval(n_target, len(closed))
    assert f"| {n_target / len(closed) * 100:.2f} % ({n_target} of {len(closed)}) | {low * 100:.2f} % to " in report
    assert f"{high * 100:.2f} % | zero skill" in report
    assert value_of(report, "Trades that earned money").endswith(f"({(pnl > 0).sum()} of {len(pnl)})")
    assert number(value_of(report, "Net P&L")) == pytest.approx(pnl.sum(), abs=0.5)
    assert number(value_of(report, "Return on stakes")) == pytest.approx(pnl.sum() / stakes * 100, abs=0.005)
    factor = pnl[pnl > 0].sum() / -pnl[pnl < 0].sum()
    assert number(value_of(report, "Profit factor")) == pytest.approx(factor, abs=0.005)


@pytest.mark.parametrize("seed", [pytest.param(seed, id=f"seed {seed}") for seed in range(1, 6)])
def test_the_printed_sum_closes_within_rounding(random_result, seed):
    report = report_text(random_result(seed), files=())

    earning, gain, losing, loss, net = (float(part.replace(",", "")) for part in re.search(
        r"It adds up: ([\d,]+) earning x \$([\d,.]+) - ([\d,]+) losing x \$([\d,.]+) = (-?\$?[\d,.]+) net",
        report.replace("= -$", "= -").replace("= $", "= ")).groups())

    # Averages are rounded to the cent, so each trade may be off by half a cent, and the sum by as much again.
    assert earning * gain - losing * loss == pytest.approx(net, abs=(earning + losing + 1) * 0.005 + 1e-6)


def test_a_run_whose_figures_are_not_those_of_its_blotter_is_called_out(arithmetic_result):
    seeds = arithmetic_result(conviction={"net_pnl": 32_400.0})

    assert disagreements(arithmetic_result()) == []
    assert disagreements(seeds) == ["the figure `net_pnl` of the run is 32400.0, its blotter gives 29660.0"]
    assert "**It does not add up; trust no figure of this report:**" in report_text(seeds, files=())


def test_a_lost_trade_is_seen_in_the_change_of_the_account(arithmetic_result):
    full = arithmetic_result()
    lost = replace(full, trades=full.trades.iloc[1:])

    assert any("the account changed by 29,735.00 dollars, its trades earned 24,835.00" in fault
               for fault in disagreements(lost))


def test_without_a_loss_the_profit_factor_is_called_infinite(arithmetic_result, make_trades):
    won = make_trades({"net_pnl": 10.0})

    result = replace(arithmetic_result(), trades=won)

    assert value_of(report_text(result, files=()), "Profit factor") == "infinite: no trade lost"
    assert np.isnan(blotter_of(won.iloc[:0]).profit_factor)


def test_a_trade_has_the_highest_score_of_the_signals_that_were_bought_with_it(arithmetic_result):
    result = arithmetic_result()
    first = result.signals.iloc[[0]]
    others = [first.assign(signal_id="twin", ml_score=9), first.assign(signal_id="shy", ml_score=10, deployed=False)]
    signals = result.signals.__class__(np.vstack([result.signals, *others]), columns=result.signals.columns)

    joined = with_conviction(result.trades, signals.astype({"ml_score": float, "deployed": bool}))

    assert len(joined) == len(result.trades)
    assert joined.iloc[0][["ticker", "conviction"]].tolist() == ["T1", 9.0]      # 7 without its twin
