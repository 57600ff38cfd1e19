"""What a seller of puts reads: plain answers first, every number with what it rests on, every gap with its reason."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from backtrader_system.reports.markdown_table import cell
from backtrader_system.reports.puts.blocks import Bullets, Chart, Heading, Paragraph
from backtrader_system.reports.puts.charts import CHARTS
from backtrader_system.reports.puts.page_layout import Text, pages_of
from backtrader_system.reports.puts.report import put_report, report_blocks
from backtrader_system.reports.run_facts import simulation_text

FILES = ("plot_hit_rate.png", "hit_rate_analysis.csv", "backtest_report.pdf", "manifest.json")
QUESTIONS = (
    "Does the score predict which puts expire worthless?", "Does selling these puts pay?", "Was it luck?",
    "Should the weights change?", "What is synthetic or re-implemented?", "How far can this be trusted?",
)


def answer(blocks, question: str) -> Paragraph:
    titles = [block.text if isinstance(block, Heading) else None for block in blocks]
    return blocks[titles.index(question) + 1]


def report(result) -> str:
    return put_report(result, files=FILES)


def test_the_first_page_answers_the_questions_of_a_seller(put_result):
    blocks = report_blocks(put_result(skill=6.0), files=FILES)

    page = [mark.text for mark in pages_of(blocks, {})[0] if isinstance(mark, Text)]
    assert [text for text in page if text in QUESTIONS] == list(QUESTIONS)


def test_a_useful_score_is_called_so_with_sample_and_intervals(put_result):
    result = put_result(skill=6.0)
    figures = result.metrics["puts"]

    found = answer(report_blocks(result, files=FILES), QUESTIONS[0])

    assert found.lead == "Yes, but the option's price tells more."
    assert "; the score adds to it (" in found.text
    assert "1,152 options on 12 underlyings, 24 expiry dates" in found.text
    assert f"AUC {figures['auc']:.3f} ({figures['auc_low']:.3f} to {figures['auc_high']:.3f})" in found.text
    assert f"{figures['base_rate']:.1%}".replace("%", " %") in found.text


@pytest.mark.parametrize(("verdict", "lead"), [
    ("score works", "Yes."), ("no evidence", "No sign of it."), ("not enough evidence", "Not enough evidence."),
    ("worse than chance", "No: worse than chance."), (None, "Not computed."),
])
def test_the_verdict_is_said_in_plain_words(put_result, verdict, lead):
    blocks = report_blocks(put_result(figures={"verdict": verdict, "market_auc": 0.5, "auc": 0.6}), files=FILES)

    assert answer(blocks, QUESTIONS[0]).lead == lead


def test_few_expiry_dates_give_no_p_value_and_say_why(put_result):
    blocks = report_blocks(put_result(n_expiries=5, n_underlyings=1), files=FILES)

    luck = answer(blocks, "Was it luck?")
    assert luck.lead == "It cannot be told."
    assert "No p-value is given: the options expire in 5 different months" in luck.text
    assert "p =" not in luck.text
    assert answer(blocks, QUESTIONS[0]).lead == "Not enough evidence."
    assert answer(blocks, QUESTIONS[1]).lead == "Not enough evidence."
    trust = answer(blocks, QUESTIONS[-1])
    assert trust.lead == "Not far."
    assert "too few expiry dates (5)" in trust.text.lower()
    assert "one underlying says nothing about others" in trust.text


@pytest.mark.parametrize(("low", "high", "ours", "lead"), [
    (0.01, 0.09, 0.05, "It earned money, but less than buy and hold."), (0.01, 0.9, 0.5, "Yes, in this sample."),
    (-0.2, 0.2, 0.05, "Not shown: the interval of its return holds zero."),
    (-0.3, -0.1, -0.2, "No: it lost money."), (None, None, 0.05, "Not enough evidence."),
])
def test_whether_it_pays_follows_from_the_interval_and_from_buy_and_hold(put_result, low, high, ours, lead):
    result = put_result()
    evidence = result.metrics["evidence"] | {"total_return_low": low, "total_return_high": high,
                                             "baseline_total_return": 0.25}
    metrics = {**result.metrics, "evidence": evidence, "summary": result.metrics["summary"] | {"total_return": ours}}

    blocks = report_blocks(replace(result, metrics=metrics), files=FILES)

    assert answer(blocks, QUESTIONS[1]).lead == lead


def test_the_sum_of_the_seller_stands_in_the_report_and_one_that_is_wrong_is_named(put_result):
    result = put_result()
    wrong = result.trades.assign(net_pnl=result.trades["net_pnl"] + 5.0)

    assert "| premium collected at the sale | +" in report(result)
    assert "It does not add up" not in report(result)
    assert "**It does not add up.** The lines do not add up" in report(replace(result, trades=wrong))


def test_markdown_and_pages_hold_the_same_words(put_result):
    blocks = report_blocks(put_result(), files=FILES)
    markdown = put_report(put_result(), files=FILES)

    words = " ".join(mark.text for page in pages_of(blocks, {}) for mark in page if isinstance(mark, Text))
    texts = [block.text for block in blocks if isinstance(block, Heading | Paragraph)]
    texts += [text for block in blocks if isinstance(block, Bullets) for _, text in block.items]
    assert len(texts) > 60
    for text in texts:
        assert cell(text) in markdown
        assert " ".join(text.split()) in words


def test_charts_are_shown_where_the_run_has_them(put_result):
    result = put_result()

    assert f"![{CHARTS['plot_hit_rate.png']}](plot_hit_rate.png)" in report(result)
    named = [block.name for block in report_blocks(result, files=FILES) if isinstance(block, Chart)]
    assert sorted(named) == sorted(CHARTS)


def test_a_report_of_nothing_says_so_everywhere(put_result):
    result = put_result()
    empty = {name: getattr(result, name).iloc[:0] for name in ("trades", "equity", "baseline_equity")}

    text = report(replace(result, metrics={"puts": {}}, tables={}, **empty))

    for words in ("No option was judged", "Nothing was sold.", "Not searched.", "No hit rate was computed",
                  "Not compared: without a history of probabilities", "They were not checked.", "No account was run.",
                  "No variant was computed."):
        assert words in text
    assert "nan" not in text.lower().replace("finance", "")
    assert "None" not in text.replace("\nNone.", "")


def test_no_trade_is_no_error(put_result):
    result = put_result()

    text = report(replace(result, trades=result.trades.iloc[:0], metrics={**result.metrics, "trade": {}},
                          tables={**result.tables, "expiries": pd.DataFrame()}))

    assert "**Nothing was sold.**" in text
    assert "No put was sold and closed: there is nothing to add up." in text


def test_model_prices_are_named_before_anything_else(put_result):
    result = put_result(is_synthetic=True)

    lines = report(result).splitlines()

    assert lines[2].startswith("> **MODEL OPTION PRICES")
    assert result.simulated_parts == ("option prices",)
    assert result.corner == "puts · simulated option prices"
    blocks = report_blocks(result, files=FILES)
    assert answer(blocks, QUESTIONS[4]).lead == "Option prices and probabilities."
    assert "every amount of money is an illustration" in answer(blocks, QUESTIONS[5]).text
    assert "4 of 6 factors have data, on average 60.0 % of the weight" in answer(blocks, QUESTIONS[4]).text


def test_a_simulated_market_with_model_prices_says_both():
    text = simulation_text(("market", "option prices"))

    assert text.startswith("SIMULATED MARKET")
    assert "MODEL OPTION PRICES" in text


def test_the_recovery_of_the_original_is_called_look_ahead(put_result):
    blocks = report_blocks(put_result(figures={"recovery": "whole_life"}), files=FILES)

    assert "LOOKS AHEAD" in answer(blocks, QUESTIONS[4]).text
    assert "the recovery factor looks ahead" in answer(blocks, QUESTIONS[5]).text


def test_both_recovery_definitions_stand_side_by_side_in_the_order_of_their_bins(put_result):
    lines = report(put_result()).splitlines()

    start = lines.index("### Bin by bin at the threshold of 90%")
    bins = [line.split(" | ")[0:2] for line in lines[start + 4:start + 10]]
    assert [days for _, days in bins] == ["0-7", "8-14", "15-21", "22-28", "29-35", "36+"]
    assert "| known in time | 90% | 1,000 |" in "\n".join(lines)
    assert "| of the whole life | 90% | 1,000 |" in "\n".join(lines)


def test_unknown_outcomes_and_faults_of_the_data_are_counted(put_result):
    text = report(put_result(figures={"n_unknown": 17}))

    assert "17 contracts without a known outcome left out, never counted as worthless" in text
    assert "| outcomes unknown, left out | 17 |" in text
    assert "| excluded | duplicate quote | 1,988 | line 17: 510050 2015-12-23 P 2.25 |" in text


def test_weights_in_use_stand_below_the_best(put_result):
    lines = report(put_result()).splitlines()

    assert any(line.startswith("| 1 |  | ") for line in lines)
    assert "| 20,111 | in use | 25 | 20 | 15 | 15 | 15 | 10 | 0.560 | 0.550 | 0.550 | 0.152 | +0.30 % |" in lines
    assert any(line.startswith("|  | equal | 16.7 | 16.7 |") for line in lines)


def test_a_verdict_that_depends_on_the_rules_is_named(put_result):
    variants = pd.DataFrame({"variant": ["as_run", "fill_at_mid"], "verdict": ["no evidence", "score works"]})

    text = report(put_result(tables={"sensitivity": variants}))

    assert "the verdict depends on the rules of assignment, fill and exit (no evidence, score works)" in text


def test_the_account_under_other_rules_is_shown(put_result):
    variants = pd.DataFrame({
        "variant": ["as configured", "settled in cash"], "sold": 40, "worthless": 30, "assigned": [9, 10],
        "bought_back": 0, "net_pnl": [1_234.5, -600.0], "total_return": [0.012345, -0.006], "max_drawdown": -0.045,
        "worst_trade": -812.0})

    text = report(put_result(tables={"selling_variants": variants}))

    assert "| as configured | 40 | 30 | 9 | 0 | 1,234 | +1.23 % | 4.5 % | -812 |" in text
    assert "| settled in cash | 40 | 30 | 10 | 0 | -600 | -0.60 % | 4.5 % | -812 |" in text


def test_a_long_table_is_cut_with_a_note(put_result):
    issues = pd.DataFrame({"severity": "warning", "rule": [f"rule_{n}" for n in range(45)], "source": "x", "count": 1,
                           "example": "line 1", "advice": "look"})

    text = report(put_result(tables={"data_issues": issues}))

    assert "And 15 more: the table data_issues among the files." in text
