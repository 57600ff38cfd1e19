"""What changes where the same options are judged, or the same puts sold, by other rules."""

from __future__ import annotations

from backtrader_system.reports.figure_text import is_missing, signed_percent
from backtrader_system.reports.puts.facts import auc_text, has_column, plural, table_of
from backtrader_system.reports.result import RunResult

PAGE = "only what the page recommends"      # the variant that asks of fewer options, not by another rule


def page_text(result: RunResult) -> str:
    """Return what the score does among the options that the page would recommend; nothing where that is unknown."""
    variants = table_of(result, "sensitivity")
    if not has_column(variants, "variant", "options", "auc", "verdict"):
        return ""
    return "".join(_page_row(row) for row in variants[variants["variant"] == PAGE].to_dict("records"))


def _page_row(row: dict[str, object]) -> str:
    if not row["options"]:
        return "The page would recommend none of them."
    auc = "no AUC can be told" if is_missing(row["auc"]) else f"its AUC is {auc_text(row['auc'])}"
    return (f"Among the {plural(int(row['options']), 'option')} that the page would recommend {auc}; verdict there: "
            f"{row['verdict']}.")


def verdict_text(result: RunResult) -> str:
    """Return the rules under which the verdict on the score is another one; nothing where it is the same."""
    variants = table_of(result, "sensitivity")
    if not has_column(variants, "variant", "verdict"):
        return ""
    rules = variants[variants["variant"] != PAGE]
    changed = rules[rules["verdict"] != rules["verdict"].iloc[0]] if len(rules) else rules
    names = ", ".join(f"{row['variant']} ({row['verdict']})" for row in changed.to_dict("records"))
    return f"the verdict on the score is another one with the rule {names}" if names else ""


def account_range_text(result: RunResult) -> str:
    """Return the lowest and the highest return of the account under other rules."""
    variants = table_of(result, "selling_variants")
    if not has_column(variants, "variant", "total_return") or variants["total_return"].isna().all():
        return "the account was not tried under other rules of fill, assignment and exit"
    ordered = variants[variants["total_return"].notna()].sort_values("total_return", kind="stable")
    low, high = (f"{signed_percent(row['total_return'])} ({row['variant']})"
                 for row in (ordered.iloc[0], ordered.iloc[-1]))
    return f"under other rules of fill, assignment and exit the account made from {low} to {high}"
