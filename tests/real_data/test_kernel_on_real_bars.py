"""The kernel and the event engine agree on real bars."""

from __future__ import annotations

import pytest

from backtrader_system import run

pytestmark = pytest.mark.real_data

SYMBOLS = ["AAPL", "MSFT", "META", "TSLA", "NVDA", "JPM", "BAC", "V", "MA", "UNH", "JNJ", "PG", "XOM", "HD"]
BRACKETS = {"strategy.exits.stop_loss_atr": 2.0, "strategy.exits.take_profit_fraction": 0.1,
            "strategy.exits.trailing_stop_fraction": 0.06}


@pytest.mark.parametrize("sizer", ["kelly", "equal_weight", "fixed_fraction", "fixed_cash"])
def test_large_caps_of_five_years_are_verified(data_folder, sizer):
    result = run("backtest_config.yaml", BRACKETS | {
        "data.source": "files", "data.path": str(data_folder / "prices_largecaps_2018_2023.parquet"),
        "backtest.start_date": "2019-01-02", "backtest.end_date": "2022-12-30", "universe.symbols": SYMBOLS,
        "ml_config.enabled": False, "sizer.type": sizer, "backtest.impact_coefficient": 0.5,
        "backtest.max_participation_fraction": 0.000002}, store=False)
    assert result.metrics["checks"]["kernel_fills_compared"] > 500
    assert result.metrics["checks"]["kernel_verification"].count(": verified by the kernel") == 2
