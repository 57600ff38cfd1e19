"""Which files a run has, under which names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from backtrader_system.reports.conviction.charts import conviction_plots
from backtrader_system.reports.puts.charts import put_plots
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_folder import safe_name
from backtrader_system.settings.output import OutputSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT = "report.md"
TEARSHEET = "tearsheet.html"
RUN_LOG = "run.log"
# Table of RunResult -> start of its file's name, and the setting that saves it.
LEDGERS: Mapping[str, tuple[str, str]] = {
    "trades": ("trade_blotter", "save_trades"),
    "equity": ("equity_curve", "save_equity_curve"),
    "orders": ("orders", "save_trades"),
    "signals": ("signals", "save_trades"),
    "actions": ("corporate_actions", "save_trades"),
    "predictions": ("predictions", "save_trades"),
    "baseline_equity": ("baseline_equity_curve", "save_equity_curve"),
}
# Tables whose files keep the names that the owner of the put system gave them, without a time.
NAMED_BY_OWNER = ("historical_options_outcomes", "backtest_results", "hit_rate_analysis", "factor_importance",
                  "weight_optimization")
ANALYZER = "analyzer:"
FURTHER = "table:"


def performance_report_name(timestamp: str) -> str:
    """Return the name of the JSON report."""
    return f"performance_report_{timestamp}.json"


def tables_of(result: RunResult) -> dict[str, pd.DataFrame]:
    """Return every table of a run by key: the ledgers' field names, `table:<name>` and `analyzer:<name>`."""
    ledgers = {name: getattr(result, name) for name in LEDGERS}
    further = {f"{FURTHER}{name}": table for name, table in sorted(result.tables.items())}
    return ledgers | further | {f"{ANALYZER}{name}": table for name, table in sorted(result.analyzers.items())}


def table_files(result: RunResult, tables: Mapping[str, pd.DataFrame], timestamp: str) -> dict[str, str | None]:
    """Return the file name of each of `tables` by key; None where it is left out. No two have one name."""
    names: dict[str, str | None] = {}
    for key, table in tables.items():
        name = (_owner_file(key) if result.settings.system == "put_recommendations" else None) or table_file(
            key, len(table), result.settings.output, timestamp)
        is_taken = name is not None and name in names.values()
        names[key] = f"{key.partition(':')[0]}_{name}" if is_taken else name
    return names


def _owner_file(key: str) -> str | None:
    """Return the fixed file name of a table of the put system, or None if it has none."""
    kind, _, name = key.partition(":")
    return f"{name}.csv" if f"{kind}:" == FURTHER and name in NAMED_BY_OWNER else None


def table_file(key: str, rows: int, output: OutputSettings, timestamp: str) -> str | None:
    """Return the file name of a table, or None if the settings, or its being an optional empty one, leave it out."""
    if key.startswith((ANALYZER, FURTHER)):
        kind, _, name = key.partition(":")
        stem = safe_name(name)
        is_taken = stem in {name for name, _ in LEDGERS.values()} | {"performance_report"}
        return f"{f'{kind}_' if is_taken else ''}{stem}_{timestamp}.csv"
    stem, setting = LEDGERS[key]
    if not getattr(output, setting) or (key == "actions" and rows == 0):
        return None
    return f"{stem}_{timestamp}.csv"


def plots_of(result: RunResult) -> dict[str, Callable[[], Figure]]:
    """Return what draws each plot that the settings ask for, by file name."""
    wanted = result.settings.output.plots
    draw = {
        "plot_equity.png": (wanted.equity, result.plot_equity),
        "plot_drawdown.png": (wanted.drawdown, result.plot_drawdown),
        "plot_monthly_returns.png": (wanted.monthly_returns, result.plot_monthly_returns),
        "plot_exposure.png": (wanted.exposure, result.plot_exposure),
    }
    if not result.settings.output.save_plots or result.equity.empty:
        return {}
    chosen = {name: plot for name, (is_wanted, plot) in draw.items() if is_wanted}
    further = {"conviction": conviction_plots, "put_recommendations": put_plots}.get(result.settings.system)
    return chosen | further(result) if further else chosen
