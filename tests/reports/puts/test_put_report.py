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
    tables = {"selling_variants": pd.DataFrame({"variant": ["bought back at twice the premium", "settled in cash"],
                                                "net_pnl": 1.0, "total_return": [-0.0146, 0.0146]})}
    blocks = report_blocks(put_result(skill=6.0, is_synthetic=True, figures={"n_unknown": 1_249}, tables=tables),
                           files=FILES)

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


def paying(result, trades):
    """Return the run with these trades and a return whose interval lies above zero and above buy and hold."""
    evidence = result.metrics["evidence"] | {"total_return_low": 0.01, "total_return_high": 0.9,
                                             "baseline_total_return": 0.0}
    metrics = {**result.metrics, "evidence": evidence, "summary": result.metrics["summary"] | {"total_return": 0.5}}
    return answer(report_blocks(replace(result, metrics=metrics, trades=trades), files=FILES), QUESTIONS[1])


def test_five_worthless_puts_do_not_show_that_selling_pays(put_result):
    result = put_result()
    worthless = result.trades[result.trades["exit_reason"] == "worthless"]

    found = paying(result, worthless)

    assert paying(result, result.trades).lead == "Yes, in this sample."
    assert found.lead == "Not enough evidence."
    assert found.text.startswith("No put was assigned or bought back at a loss, so what a loss costs is not known.")


def test_puts_of_nine_expiry_dates_do_not_show_that_selling_pays(put_result):
    result = put_result()
    dates = sorted(result.tables["evidence_rows"]["expiry"].unique())
    puts = result.trades[result.trades["size"] < 0]

    nine, ten = (paying(result, puts[puts["exit_session"].isin(dates[:number])]) for number in (9, 10))

    assert nine.lead == "Not enough evidence."
    assert "The puts sold expired on 9 dates; 10 are needed." in nine.text
    assert ten.lead == "Yes, in this sample."


def test_the_chance_of_luck_is_told_apart_from_the_share_of_random_portfolios(put_result):
    text = report(put_result(figures={"random_rank": 0.902, "random_p": 0.22}))

    assert ("did better than 90.2 % of random portfolios of as many options of the same expiry dates (p = 0.220, which "
            "is not 1 minus the share: it allows for options of one date and of one stock that move together)") in text


def test_break_even_stands_beside_the_hit_rate_of_the_options_that_had_a_bid(put_result):
    rates = pd.DataFrame({
        "analysis": ["score_bucket", "score_bucket"], "bucket": ["90-100", "80-90"], "options": [100, 50],
        "expiries": 12, "worthless": [90, 40], "hit_rate": [0.9, 0.8], "low": 0.7, "high": 0.95, "priced": [60, 50],
        "priced_hit_rate": [0.8333, 0.8], "break_even_rate": [0.85, None], "mean_premium": 50.0, "mean_pnl": -2.0})

    text = report(put_result(tables={"hit_rate_analysis": rates},
                             figures={"n_options": 150, "n_priced": 110, "break_even_rate": 0.86,
                                      "priced_hit_rate": 0.818}))

    assert "| 90-100 | 100 | 12 | 90 | 90.0 % | 70.0 % to 95.0 % | 60 | 83.3 % | 85.0 % | 50.00 | -2.00 |" in text
    assert "40 of 150 options had no bid" in text
    assert "Break-even takes 86.0 % worthless; of the options that had a bid 81.8 % were." in text
    assert "A blank break-even: no share breaks even" in text


def test_both_readings_of_a_factor_stand_in_the_table_with_what_limits_them(put_result):
    factors = put_result().tables["factor_importance"].assign(
        auc=0.457, p_value=0.376, auc_within_expiry=0.61, p_within_holm=0.012, note="")
    factors.loc[0, "note"] = "equal for all options of a day: within an expiry date it compares days of judgement"

    text = report(put_result(tables={"factor_importance": factors}))

    assert "| p = 0.376 | 0.610 | p = 0.012 |" in text
    assert ("Recovery advantage: equal for all options of a day: within an expiry date it compares days of judgement."
            in text)


def test_contracts_and_judged_options_are_counted_apart_and_each_adds_up(put_result):
    counts = {"n_contracts": 1_000, "n_outcomes_known": 960, "n_worthless": 700, "n_assigned": 260,
              "n_contracts_unknown": 40, "n_judged": 800, "n_options": 770, "n_unknown": 20, "n_unscored": 10,
              "base_rate": 0.7, "n_assigned_early": 30}

    lines = report(put_result(figures=counts)).splitlines()

    start = lines.index("| all contracts | 1,000 |")
    assert lines[start:start + 12] == [
        "| all contracts | 1,000 |", "| ... expired worthless | 700 |", "| ... in the money at expiry | 260 |",
        "| ... of unknown outcome | 40 |", "| of the contracts, closed within the pin threshold | 1 |",
        "| judged options (one day of a contract each) | 800 |", "| ... of known outcome and with a score | 770 |",
        "| ...... of these worthless | 539 |", "| ...... of these assigned | 231 |", "| ... of unknown outcome | 20 |",
        "| ... of known outcome without a score | 10 |",
        "| of the judged options, assigned early | 30 |"]


def test_the_account_shows_its_collateral_and_what_it_earned_on_it(put_result):
    result = put_result(figures={"collateral_mean": 0.12, "collateral_max": 0.5, "collateral_breaches": 3,
                                 "puts_net_pnl": 500.0})
    sessions = pd.DatetimeIndex(["2020-01-01", "2021-01-01", "2021-12-31"])      # two years: 730.5 days
    used = pd.DataFrame({"session": sessions, "equity": 100_000.0, "collateral": [5_000.0, 15_000.0, 10_000.0],
                         "free": 90_000.0, "is_breach": False})

    text = report(replace(result, tables={**result.tables, "collateral": used}))

    # 500 / 10,000 / (730 / 365.25) = 2.50 %
    assert "| Collateral behind open puts, mean | 12.0 % |  |  |" in text
    assert "| Collateral behind open puts, highest | 50.0 % |  |  |" in text
    assert "| Sessions with more collateral than equity | 3 |  |  |" in text
    assert "| Return of the puts on the mean collateral, per year | +2.50 % |  |  |" in text
    assert "Average exposure" not in text


def test_weights_learned_month_by_month_are_called_so(put_result):
    learned = pd.DataFrame([dict.fromkeys(result_factors(), 100 / 6) | {
        "month": pd.Timestamp(2020, month, 1), "n_rows": 10, "n_expiries": 12, "is_learned": month > 1}
        for month in (1, 2, 3)])

    puts = {"source": "chain", "chain": "options.parquet", "score": {"learn_weights": True}}
    text = report(put_result(tables={"learned_weights": learned}, settings={"puts": puts}))

    assert "| weights in use | learned month by month (2 of 3 months; the others as configured: " in text
    assert "It compares with the configured weights, not with those learned month by month." in text
    assert "Configured: 25 / 20 / 15 / 15 / 15 / 10; best of the past:" in text
    assert "| 20,111 | configured | 25 |" in text
    assert "It compares with the configured weights" not in report(put_result())


def test_captions_tell_where_numbers_of_one_name_may_differ(put_result):
    text = report(put_result())

    assert "The sentence above the chart compares within bins of probability and days to expiry" in text
    assert "The rows hold whole options; the best and worst fifth of the text split options that tie" in text
    assert "AUC and Brier score are out of sample: each fifth of time is judged by the other four" in text


def result_factors() -> tuple[str, ...]:
    return ("recovery_advantage", "support_strength", "days_since_break", "historical_peak", "monthly_seasonality",
            "current_performance")


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

    assert "17 judged options without a known outcome left out, never counted as worthless" in text
    assert "| ... of unknown outcome | 17 |" in text
    assert "| excluded | duplicate quote | 1,988 | line 17: 510050 2015-12-23 P 2.25 |" in text


def test_weights_in_use_stand_below_the_best(put_result):
    lines = report(put_result()).splitlines()

    assert any(line.startswith("| 1 |  | ") for line in lines)
    assert "| 20,111 | in use | 25 | 20 | 15 | 15 | 15 | 10 | 0.560 | 0.550 | 0.550 | 0.152 | +0.30 % |" in lines
    assert any(line.startswith("|  | equal | 16.7 | 16.7 |") for line in lines)


def test_a_rule_that_changes_the_verdict_is_named_but_not_the_choice_of_the_page(put_result):
    variants = pd.DataFrame({"variant": ["as configured", "at the strike", "only what the page recommends"],
                             "options": [500, 500, 40], "auc": [0.5, 0.6, 0.7],
                             "verdict": ["no evidence", "score works", "not enough evidence"]})

    changed = report(put_result(tables={"sensitivity": variants}))
    same = report(put_result())

    assert "the verdict on the score is another one with the rule at the strike (score works)" in changed
    assert "the verdict on the score is another one" not in same
    assert "give the same verdict" not in same


def test_the_first_answer_says_what_the_score_does_on_the_page(put_result):
    found = answer(report_blocks(put_result(), files=FILES), QUESTIONS[0])

    assert ("Among the 210 options that the page would recommend its AUC is 0.540; verdict there: not enough evidence."
            in found.text)


def test_a_page_that_recommends_nothing_is_said_so(put_result):
    variants = pd.DataFrame({"variant": ["as configured", "only what the page recommends"], "options": [500, 0],
                             "auc": [0.5, None], "verdict": ["no evidence", "not enough evidence"]})

    found = answer(report_blocks(put_result(tables={"sensitivity": variants}), files=FILES), QUESTIONS[0])

    assert "The page would recommend none of them." in found.text


def test_how_the_money_moves_under_other_rules_is_part_of_the_trust(put_result):
    variants = pd.DataFrame({"variant": ["as configured", "settled in cash", "bought back at twice the premium"],
                             "net_pnl": [10.0, 20.0, -5.0], "total_return": [0.0151, 0.0204, -0.0046]})

    found = answer(report_blocks(put_result(tables={"selling_variants": variants}), files=FILES), QUESTIONS[5])
    untried = answer(report_blocks(put_result(), files=FILES), QUESTIONS[5])

    assert ("under other rules of fill, assignment and exit the account made from -0.46 % (bought back at twice the "
            "premium) to +2.04 % (settled in cash)") in found.text
    assert "the account was not tried under other rules of fill, assignment and exit" in untried.text


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
