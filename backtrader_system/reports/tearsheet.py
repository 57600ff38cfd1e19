"""The optional QuantStats page beside our own report; opening it asks nothing of the network."""

from __future__ import annotations

import logging
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from backtrader_system.errors import OutputError
from backtrader_system.reports.result import RunResult

MIN_SESSIONS = 40      # QuantStats' monthly tables need more than one month
_HASH_SALT = "backtrader-system"


def tearsheet_obstacle(result: RunResult) -> str | None:
    """Return why no tear sheet can be made of this run, or None."""
    if len(result.equity) < MIN_SESSIONS:
        return f"no tear sheet: it needs {MIN_SESSIONS} sessions, the run has {len(result.equity)}"
    returns = result.equity["return"]
    if not np.isfinite(returns).all() or returns.std() == 0:
        return "no tear sheet: the returns do not vary or are not finite"
    baseline = result.baseline_equity
    if baseline.empty or baseline["return"].std() == 0:
        return "no tear sheet: the baseline has no returns to compare with"
    return None


def tearsheet_html(result: RunResult) -> str:
    """Return the page as HTML that neither loads nor links to anything outside itself.

    QuantStats computes its own figures (per-day win rate, CAGR by 252 sessions, ...); where they differ from
    report.md, report.md's definitions hold. The baseline is passed as a Series: a ticker would be downloaded.

    Raises
    ------
    OutputError
        If `tearsheet_obstacle` names one.
    """
    obstacle = tearsheet_obstacle(result)
    if obstacle:
        raise OutputError(f"{obstacle}; set output.save_tearsheet to false")
    returns = _returns(result.equity)
    baseline = _returns(result.baseline_equity).rename(result.baseline_name.capitalize())
    market = f" (simulated {' and '.join(result.simulated_parts)})" if result.is_simulated else ""
    with _quiet_quantstats(), tempfile.TemporaryDirectory() as folder:
        import quantstats

        page = Path(folder) / "page.html"
        quantstats.reports.html(
            returns, benchmark=baseline, rf=result.settings.evidence.risk_free_rate, output=str(page),
            title=f"{result.run_id}{market}", benchmark_title=result.baseline_name.capitalize(),
            strategy_title="Strategy",
        )
        return without_outside_links(page.read_text(encoding="utf-8"))


def without_outside_links(html: str) -> str:
    """Return `html` without favicons, scripts, hyperlinks and SVG metadata (which holds links and the time)."""
    html = re.sub(r"<link\b[^>]*>", "", html)
    html = re.sub(r"<script\b.*?</script\s*>", "", html, flags=re.DOTALL)
    html = re.sub(r"<metadata>.*?</metadata>", "", html, flags=re.DOTALL)
    html = re.sub(r"<a\b[^>]*>(.*?)</a>", r"\1", html, flags=re.DOTALL)
    html = re.sub(r"<\?xml[^>]*\?>\s*|<!DOCTYPE svg[^>]*>\s*", "", html)
    return html.replace(' onload="save()"', "")


def _returns(equity: pd.DataFrame) -> pd.Series:
    return pd.Series(equity["return"].to_numpy(dtype=float), index=pd.DatetimeIndex(equity["session"]))


@contextmanager
def _quiet_quantstats() -> Iterator[None]:
    """Keep its missing-font lines, warnings and style changes from the caller, and its SVG ids the same each time."""
    if "matplotlib.pyplot" not in sys.modules:
        matplotlib.use("Agg")       # QuantStats draws by pyplot; without a display another backend fails
    fonts = logging.getLogger("matplotlib.font_manager")
    level = fonts.level
    fonts.setLevel(logging.ERROR + 1)
    try:
        with matplotlib.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import quantstats  # noqa: F401  (sets styles when first imported, so before ours)

            matplotlib.rcParams["svg.hashsalt"] = _HASH_SALT
            yield
    finally:
        fonts.setLevel(level)
