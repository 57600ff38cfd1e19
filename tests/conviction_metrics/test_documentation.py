"""Every figure is defined in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from backtrader_system.metrics.conviction.calibration import calibration_figures
from backtrader_system.metrics.conviction.flags import Estimate, conviction_flags
from backtrader_system.metrics.conviction.selection_quality import selection_quality

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "conviction_metrics.md").read_text()


def test_every_figure_has_its_definition() -> None:
    figures = selection_quality(np.zeros(1), np.ones(1, dtype=bool)) | calibration_figures(np.zeros(1), np.zeros(1))
    names = {re.sub(r"_(low|high)$", "", name) for name in figures} - {"n"}

    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []


def test_every_flag_has_its_limit() -> None:
    nothing = Estimate(None)
    flags = conviction_flags(win_rate=nothing, top_band=nothing, sharpe=nothing, max_drawdown=nothing,
                             net_pnl=np.zeros(0), score=np.zeros(0))

    assert [flag.name for flag in flags if f"| {flag.kind}: {flag.name} |" not in PAGE] == []
