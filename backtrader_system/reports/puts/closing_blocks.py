"""The last parts of a put report: success criteria, sensitivity, data, method, settings, files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from backtrader_system.reports.figure_text import count, signed_percent
from backtrader_system.reports.puts.blocks import Block, Heading, Paragraph, bullets, cut_table, table
from backtrader_system.reports.puts.facts import (
    CellText,
    auc_text,
    column_rows,
    facts_of,
    has_column,
    money,
    plain_points,
    plain_text,
    plural,
    rate,
    shown,
    table_of,
)
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import changed_settings
from backtrader_system.reports.section_figures import value_text

ISSUES_SHOWN = 30
SETTINGS_SHOWN = 40
# Contracts are all that the source holds; judged are those that had a quote inside the entry window.
DATA_ROWS = (
    ("n_option_days", "option-days with a quote"), ("n_underlyings", "underlyings judged"),
    ("n_contracts", "all contracts"), ("n_worthless", "... expired worthless"),
    ("n_assigned", "... in the money at expiry"), ("n_contracts_unknown", "... of unknown outcome"),
    ("n_pinned", "of the contracts, closed within the pin threshold"),
    ("n_judged", "judged options (one day of a contract each)"),
    ("n_options", "... of known outcome and with a score"), ("worthless", "...... of these worthless"),
    ("assigned", "...... of these assigned"), ("n_unknown", "... of unknown outcome"),
    ("n_unscored", "... of known outcome without a score"),
    ("n_assigned_early", "of the judged options, assigned early"),
)
DATA_NOTE = ("All contracts are counted by their outcome at expiry, judged options by what came of them, assignment "
             "before expiry included. What is unknown is left out of every rate, never counted as worthless.")


def criteria_blocks(result: RunResult) -> list[Block]:
    """Return the success criteria of the owner's document, each met, not met or without enough evidence."""
    criteria = table_of(result, "criteria")
    blocks: list[Block] = [Heading("The success criteria")]
    if not has_column(criteria, "criterion", "verdict"):
        return [*blocks, Paragraph("They were not checked.")]
    names = ("criterion", "required", "found", "verdict", "why")
    columns: dict[str, CellText] = {name: shown(name, plain_text) for name in names}
    met = Counter(criteria["verdict"])
    text = ", ".join(f"{met[name]} {name}" for name in ("met", "not met", "not enough evidence") if met[name])
    return [*blocks, Paragraph(f"{text[:1].upper()}{text[1:]}."), table(list(columns), column_rows(criteria, columns))]


def sensitivity_blocks(result: RunResult) -> list[Block]:
    """Return what other rules of assignment, fill and exit give."""
    variants = table_of(result, "sensitivity")
    blocks: list[Block] = [Heading("Sensitivity: assignment, fill, early exit")]
    if not has_column(variants, "variant"):
        return [*blocks, Paragraph("No variant was computed."), *_account_variants(result)]
    columns: dict[str, CellText] = {
        "variant": lambda row: str(row["variant"]).replace("_", " "), "hit rate": shown("hit_rate", rate),
        "P&L of a contract": shown("expectancy", money), "AUC": shown("auc", auc_text),
        "best minus worst fifth (points)": shown("top_bottom_difference", plain_points),
        "verdict on the ranking": shown("verdict", str),
    }
    return [*blocks, table(list(columns), column_rows(variants, columns), right=(1, 2, 3, 4)),
            Paragraph("The same options judged again; only the named rule differs from the run. The fill moves money, "
                      "not outcomes, so no AUC. What the page recommends is no other rule but fewer options."),
            *_account_variants(result)]


def _account_variants(result: RunResult) -> list[Block]:
    """Return what the account would have made under other rules."""
    variants = table_of(result, "selling_variants")
    if not has_column(variants, "variant", "net_pnl"):
        return []
    columns: dict[str, CellText] = {
        "the account": shown("variant", str), "positions": shown("sold", count), "worthless": shown("worthless", count),
        "assigned": shown("assigned", count), "bought back": shown("bought_back", count),
        "net P&L": shown("net_pnl", money), "return": shown("total_return", signed_percent),
        "maximum drawdown": lambda row: value_text(row.get("max_drawdown"), lambda depth: rate(abs(depth))),
        "worst position": shown("worst_trade", money),
    }
    return [Heading("The account under other rules", 3),
            table(list(columns), column_rows(variants, columns), right=range(1, len(columns))),
            Paragraph("The same recommendations sold anew; assigned shares count in the net P&L.")]


def data_blocks(result: RunResult) -> list[Block]:
    """Return what was found wrong or odd in chain and prices, with counts, and which outcomes are unknown."""
    facts = facts_of(result)
    known = {name: facts.count(name) for name, _ in DATA_ROWS if facts.value(name) is not None}
    if facts.value("base_rate") is not None:
        known["worthless"] = round(facts.value("base_rate") * facts.count("n_options"))
        known["assigned"] = facts.count("n_options") - known["worthless"]
    rows = [(words, count(known[name])) for name, words in DATA_ROWS if name in known]
    blocks: list[Block] = [Heading("Data")]
    blocks += [table(("what", "number"), rows, right=(1,)), Paragraph(DATA_NOTE)] if rows else []
    return [*blocks, *_issue_blocks(result), *_price_blocks(result)]


def _issue_blocks(result: RunResult) -> list[Block]:
    issues = table_of(result, "data_issues")
    if not has_column(issues, "rule", "count"):
        return [Paragraph("Nothing was found wrong in the option data.")]
    ordered = issues.sort_values(["severity", "count"], ascending=[True, False], kind="stable")
    columns: dict[str, CellText] = {
        "what became of it": shown("severity", str), "fault": lambda row: str(row["rule"]).replace("_", " "),
        "rows": shown("count", count), "first example": shown("example", str), "advice": shown("advice", str)}
    rows = column_rows(ordered, columns)
    return [Heading("Faults and oddities of the option data", 3),
            *cut_table(list(columns), rows, shown=ISSUES_SHOWN, more="the table data_issues among the files",
                       right=(2,))]


def _price_blocks(result: RunResult) -> list[Block]:
    report = result.data_report.to_dict()
    counts = Counter((kind, str(issue.get("rule"))) for kind in ("faults", "repairs", "warnings")
                     for issue in report.get(kind) or ())
    parts = [plural(int(report.get(f"n_{word}s") or 0), word) for word in ("symbol", "session", "bar")]
    size = f"Prices of the underlyings: {', '.join(parts)}, warm-up included."
    if not counts:
        return [Paragraph(f"{size} Nothing was found wrong in them.")]
    words = {"faults": "error", "repairs": "repaired", "warnings": "warning"}
    rows = [(words[kind], rule.replace("_", " "), count(number)) for (kind, rule), number in counts.items()]
    return [Paragraph(size), table(("prices", "rule", "number"), rows, right=(2,)),
            Paragraph("Each case is named in the section data of manifest.json.")]


def method_blocks(result: RunResult) -> list[Block]:
    """Return how it was computed, and what that leaves out."""
    score, outcome = result.settings.puts.score, result.settings.puts.outcome
    early = {"never": "no put is assigned before expiry",
             "deep_in_the_money": "a put is assigned early once it has no time value left",
             "deep_or_dividend": "a put is assigned early once it has no time value left, or after an ex-dividend day "
                                 "on which the interest on the strike exceeds its time value"}[outcome.early_assignment]
    at_strike = "worthless" if outcome.worthless_at_strike else "in the money, as the owner counts it"
    return [Heading("Method and caveats"), bullets(
        ("When:", "A quote of a day is known after its close. Factors use closes up to that day, outcomes of contracts "
         "that expired strictly before it, and the highest probability strictly before it. An order decided after a "
         "close is filled at the contract's next quote."),
        ("Judged:", f"every option once, on its first day with {score.entry_days_to_expiry} calendar days or less to "
         f"expiry; the score asks for {score.min_days_to_expiry} to {score.max_days_to_expiry} days."),
        ("Score:", f"support window {score.rolling_period} days, probabilities "
         f"{score.probability_method.replace('_', ' ')}, peak threshold {score.peak_threshold:.0%}, recovery "
         f"{score.recovery.replace('_', ' ')}, arithmetic {score.arithmetic.replace('_', ' ')}."),
        ("Outcome:", f"by the settlement or the close on the last session up to expiry; a close at the strike counts "
         f"as {at_strike}. No close: unknown, never worthless. {early[:1].upper()}{early[1:]}."),
        ("Dependence:", "intervals and p-values treat all options of one expiry date as one draw, and those of one "
         "underlying too where there are ten or more of both."),
        ("Weights:", "chosen on the earliest expiry dates, confirmed on the next, reported on the last; the best of "
         "41,118 weights always looks good on the dates it was chosen on."),
        ("Left out:", "margin calls, taxes, interest on collateral, the effect of own orders on the quotes, and shares "
         "that vanished before the data begin."),
    )]


def settings_blocks(result: RunResult) -> list[Block]:
    """Return the settings that are not at their defaults."""
    changes = changed_settings(result.settings)
    blocks: list[Block] = [Heading("Settings that differ from the defaults")]
    if not changes:
        return [*blocks, Paragraph("None.")]
    rows = [(path, _short(value), _short(default)) for path, value, default in changes]
    return [*blocks, *cut_table(("setting", "this run", "default"), rows, shown=SETTINGS_SHOWN, more="manifest.json")]


def file_blocks(files: Sequence[str]) -> list[Block]:
    """Return the names of the run's files."""
    return [Heading("Files"), bullets(*files),
            Paragraph("Definitions of the figures of the account: docs/metrics.md. Settings, versions and hashes of "
                      "this run: manifest.json.")]


def _short(value: object, *, length: int = 80) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= length else f"{text[:length]}..."
