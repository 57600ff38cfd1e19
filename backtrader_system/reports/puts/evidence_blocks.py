"""The parts of a put report about the score: hit rates, reliability, what it adds to the market, factors, regimes."""

from __future__ import annotations

import pandas as pd

from backtrader_system.reports.figure_text import count, number, precise
from backtrader_system.reports.puts.blocks import Block, Heading, Paragraph, table
from backtrader_system.reports.puts.charts import chart_blocks
from backtrader_system.reports.puts.facts import (
    CellText,
    auc_text,
    column_rows,
    confidence_text,
    factor_name,
    facts_of,
    has_column,
    method_name,
    money,
    p_text,
    plain_points,
    plural,
    rate,
    shown,
    shown_interval,
    table_of,
    without_empty,
)
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.section_figures import value_text

HIT_RATE_TABLES = {
    "probability_bucket": "By probability of worthless expiry", "quintile": "By fifth of the score",
    "days_to_expiry": "By days to expiry at the judgement",
}
FIFTH_NOTE = ("Fifths of each expiry date. The rows hold whole options; the best and worst fifth of the text split "
              "options that tie at the limit, and the one that the limit cuts, so they may differ a little.")


def hit_rate_blocks(result: RunResult) -> list[Block]:
    """Return the hit rates by score with intervals, counts and money, and by other groupings."""
    rates = table_of(result, "hit_rate_analysis")
    blocks: list[Block] = [Heading("Hit rate by score")]
    if not has_column(rates, "analysis", "bucket"):
        return [*blocks, Paragraph("No hit rate was computed: no option has a score and a known outcome.")]
    blocks += [
        *chart_blocks(result, "plot_hit_rate.png"),
        *_hit_rate_table(result, rates[rates["analysis"] == "score_bucket"], "score"),
        Paragraph(
            "One row per option, judged once, on the first day inside the entry window. Intervals treat options of one "
            "expiry date (and of one underlying) as one draw. A hit is worthless expiry; P&L is of one contract after "
            "the fill and fees, held to expiry; tail is the mean of the worst 5 %."),
        Paragraph(_bid_text(result)),
        Heading("Tests of the score", 3), _test_table(result), *chart_blocks(result, "plot_score_outcome.png"),
    ]
    for analysis, title in HIT_RATE_TABLES.items():
        chosen = rates[(rates["analysis"] == analysis) & (rates["options"] > 0)]
        if len(chosen):
            blocks += [Heading(title, 3), *_hit_rate_table(result, chosen, "group")]
            blocks += [Paragraph(FIFTH_NOTE)] if analysis == "quintile" else []
    return blocks


def _bid_text(result: RunResult) -> str:
    """Return which options have money, and what these need to break even."""
    facts = facts_of(result)
    n_options, n_priced = facts.count("n_options"), facts.count("n_priced")
    without = ("All options had a bid." if n_options == n_priced else
               f"{n_options - n_priced:,} of {plural(n_options, 'option')} had no bid: they could not be sold, and "
               "count in the hit rate but in no premium, P&L or break-even.")
    break_even = facts.value("break_even_rate")
    needed = ("" if break_even is None or facts.value("priced_hit_rate") is None else
              f" Break-even takes {rate(break_even)} worthless; of the options that had a bid "
              f"{facts.text('priced_hit_rate', rate)} were.")
    return (f"{without}{needed} Compare break-even, the share at which the premium pays for the losses, with 'of these "
            "worthless', the share of the options with a bid. A blank break-even: no share breaks even, because "
            "options of one outcome are absent, or worthless ones lost or assigned ones earned on average.")


def _hit_rate_table(result: RunResult, rates: pd.DataFrame, name: str) -> list[Block]:
    if rates.empty:
        return [Paragraph("No option falls into any of the groups.")]
    columns: dict[str, CellText] = {
        name: shown("bucket", str), "options": shown("options", count), "expiries": shown("expiries", count),
        "worthless": shown("worthless", count), "hit rate": shown("hit_rate", rate),
        f"{confidence_text(result)} interval": shown_interval("low", "high", rate),
        "with a bid": shown("priced", count), "of these worthless": shown("priced_hit_rate", rate),
        "break-even": shown("break_even_rate", rate), "mean premium": shown("mean_premium", money),
        "mean P&L": shown("mean_pnl", money),
        "interval of P&L": shown_interval("expectancy_low", "expectancy_high", money),
        "tail": shown("tail_loss", money), "worst": shown("worst_pnl", money),
    }
    columns = without_empty(columns, rates)
    return [table(list(columns), column_rows(rates, columns), right=range(1, len(columns)))]


def _test_table(result: RunResult) -> Block:
    facts = facts_of(result)

    def by(name: str, form: object) -> tuple[str, str]:
        return facts.text(name, form), facts.interval(name, form)

    rows = [
        ("AUC of the score", *by("auc", auc_text), "0.500 is chance"),
        ("AUC within one expiry date", *by("auc_within_expiry", auc_text), "the market's move taken out"),
        ("AUC of the market's probability", *by("market_auc", auc_text), "N(d2) at the quote's iv"),
        ("Best fifth", *by("top_hit_rate", rate), "hit rate; ties split, see the table of fifths"),
        ("Worst fifth", *by("bottom_hit_rate", rate), "hit rate"),
        ("Best minus worst fifth", *by("top_bottom_difference", plain_points),
         "percentage points; asked for: above 15"),
        ("Log-odds per 10 points of score", *by("logit_slope", number), _p(facts.text("logit_p", p_text))),
        ("Trend over the buckets", facts.text("trend_p", p_text), "", "permuted within expiry dates"),
        ("McFadden R2", facts.text("mcfadden_r2", precise), "", "0 is nothing explained"),
        ("Brier score of the score", facts.text("brier", precise), "",
         f"skill over the base rate {facts.text('brier_skill', precise)}"),
        ("Brier score of the market", facts.text("market_brier", precise), "", "lower is better"),
        ("Expectancy of an option", *by("expectancy", money), "P&L of one contract, all options"),
    ]
    return table(("figure", "value", f"{confidence_text(result)} interval", "to compare"), rows, right=(1, 2))


def _p(text: str) -> str:
    return f"logistic regression, errors by expiry date: {text}"


def reliability_blocks(result: RunResult) -> list[Block]:
    """Return what was predicted beside what came."""
    reliability = table_of(result, "reliability")
    blocks: list[Block] = [Heading("Reliability: is a stated 80 % worth 80 %?")]
    if not has_column(reliability, "method", "predicted", "actual"):
        return [*blocks, Paragraph("Not computed: no probability meets a known outcome.")]
    columns: dict[str, CellText] = {
        "method": lambda row: method_name(row.get("method")), "bin": shown("bin", str), "options": shown("n", count),
        "predicted": shown("predicted", rate), "worthless": shown("actual", rate),
        f"{confidence_text(result)} interval": shown_interval("low", "high", rate),
        "actual minus predicted": lambda row: value_text(row["actual"] - row["predicted"], plain_points),
    }
    known = reliability[reliability["n"] > 0] if "n" in reliability else reliability
    return [*blocks, *chart_blocks(result, "plot_reliability.png"),
            table(list(columns), column_rows(known, columns), right=range(1, len(columns))),
            Paragraph("The score is no probability; score / 100 is shown to see whether it may be read as one. "
                      "Differences in percentage points; above zero: safer than stated."),
            *_validation_blocks(result)]


def _validation_blocks(result: RunResult) -> list[Block]:
    validation = table_of(result, "probability_validation")
    if not has_column(validation, "method"):
        return []
    columns: dict[str, CellText] = {
        "method": lambda row: method_name(row.get("method")), "rows are": shown("sample", str),
        "n": shown("options", count), "expiries": shown("expiries", count), "Brier": shown("brier", precise),
        "skill": shown("brier_skill", precise), "AUC": shown("auc", auc_text),
        f"{confidence_text(result)} interval": shown_interval("auc_low", "auc_high", auc_text),
        "log loss": shown("log_loss", precise), "calibration error": shown("calibration_error", precise),
        "source": shown("source", str),
    }
    columns = without_empty(columns, validation)
    return [Heading("The five probability methods", 3),
            table(list(columns), column_rows(validation, columns), right=range(2, len(columns) - 1))]


def incremental_blocks(result: RunResult) -> list[Block]:
    """Return whether the score adds to what the market and the contract already say."""
    models = table_of(result, "incremental")
    blocks: list[Block] = [Heading("Does the score add to what the market already says?")]
    if not has_column(models, "model"):
        return [*blocks, Paragraph("Not computed.")]
    columns: dict[str, CellText] = {
        "model": shown("model", str), "McFadden R2": shown("mcfadden_r2", precise), "AUC": shown("auc", auc_text),
        "Brier": shown("brier", precise),
        "AUC gained": shown("auc_difference", _signed),
        f"{confidence_text(result)} interval": shown_interval("auc_difference_low", "auc_difference_high", _signed),
        "p": shown("p_value", p_text),
    }
    columns = without_empty(columns, models)
    return [*blocks, table(list(columns), column_rows(models, columns), right=range(1, len(columns))),
            Paragraph("Each row is a logistic regression of worthless expiry. AUC and Brier score are out of sample: "
                      "each fifth of time is judged by the other four, so they differ from the AUC of the score and of "
                      "the market elsewhere. The p-value and the gain are of the "
                      "score added to the model before. Moneyness, days and volatility alone sort most options: a "
                      "score that adds nothing to them repeats what the price says.")]


def factor_blocks(result: RunResult) -> list[Block]:
    """Return what each factor tells alone and beside the others."""
    factors = table_of(result, "factor_importance")
    blocks: list[Block] = [Heading("Which factors matter")]
    if not has_column(factors, "factor"):
        return [*blocks, Paragraph("Not computed: no factor has data beside a known outcome.")]
    interval = f"{confidence_text(result)} interval"
    columns: dict[str, CellText] = {
        "factor": lambda row: factor_name(row.get("factor")), "weight": shown("weight", _weight),
        "known for": shown("coverage", rate), "correlation": shown("correlation", _signed),
        "AUC alone": shown("auc", auc_text), interval: shown_interval("auc_low", "auc_high", auc_text),
        "p": shown("p_value", p_text), "AUC within an expiry": shown("auc_within_expiry", auc_text),
        "p within (Holm)": shown("p_within_holm", p_text),
        "log-odds beside the others": shown("multivariate_coefficient", number),
        f"{interval} ": shown_interval("multivariate_low", "multivariate_high", number),
        "VIF": shown("vif", number), "predicts?": shown("predictive", str),
    }
    return [*blocks, *chart_blocks(result, "plot_factors.png"),
            table(list(columns), column_rows(factors, columns), right=range(1, len(columns) - 1)),
            Paragraph("Log-odds per standard deviation with all factors in one logistic regression; VIF above 5: the "
                      "factor repeats others. Days since break and the filter strike <= rolling low come from the same "
                      "low. 'predicts?' says yes if within an expiry the p-value, counted for the number of factors "
                      "(Holm), is small, and both AUCs, of all options and within an expiry, lie above 0.5. 'Known "
                      "for' is the share of options with data."), *_factor_notes(factors), *_missing_factors(result)]


def _factor_notes(factors: pd.DataFrame) -> list[Block]:
    """Return what limits a factor, once for all factors of which it is true."""
    notes = factors[factors["note"].fillna("") != ""] if "note" in factors else factors.iloc[:0]
    texts = []
    for note, rows in notes.groupby("note", sort=False):
        names = ", ".join(map(factor_name, rows["factor"]))
        texts.append(f"{names[:1].upper()}{names[1:]}: {note}.")
    return [Paragraph(" ".join(texts))] if texts else []


def _missing_factors(result: RunResult) -> list[Block]:
    missing = facts_of(result).value("missing")
    words = {"renormalise": "the weights of the others are scaled up", "neutral": "it counts as 50",
             "zero": "it counts as 0"}.get(str(missing))
    return [Paragraph(f"Where a factor is missing, {words} (puts.score.missing).")] if words else []


def regime_blocks(result: RunResult) -> list[Block]:
    """Return hit rates by the state of the market."""
    regimes = table_of(result, "regime")
    if regimes.empty:
        rates = table_of(result, "hit_rate_analysis")
        regimes = rates[rates["analysis"] == "regime"] if has_column(rates, "analysis") else regimes
    blocks: list[Block] = [Heading("When does it work?")]
    if regimes.empty:
        return [*blocks, Paragraph("No regime was told apart.")]
    columns: dict[str, CellText] = {
        "market on the day of the judgement": lambda row: str(row.get("regime", row.get("bucket", ""))),
        "options": shown("options", count), "expiries": shown("expiries", count), "hit rate": shown("hit_rate", rate),
        f"{confidence_text(result)} interval": shown_interval("low", "high", rate), "AUC": shown("auc", auc_text),
        "interval of AUC": shown_interval("auc_low", "auc_high", auc_text), "mean P&L": shown("mean_pnl", money),
        "tail": shown("tail_loss", money), "verdict": shown("verdict", str),
    }
    columns = without_empty(columns, regimes)
    return [*blocks, table(list(columns), column_rows(regimes, columns), right=range(1, len(columns))),
            Paragraph("Rising or falling, calm or stormy: the equal-weighted market of the underlyings, known on the "
                      "day. A regime with few expiry dates says little.")]


def _signed(value: object) -> str:
    return f"{float(value) + 0.0:+.3f}"


def _weight(value: object) -> str:
    return f"{float(value):g}"
