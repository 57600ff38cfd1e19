"""Settings of the put system: what it needs, and what it says of values that nothing reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from backtrader_system.errors import SettingsError
from backtrader_system.settings.loading import load_settings


@pytest.mark.parametrize(("overrides", "fault"), [
    ({"puts.source": "chain"}, "puts.chain: missing; puts.source chain needs a Parquet or CSV file of option quotes"),
    ({"puts.source": "collected"}, "puts.collected: missing; puts.source collected needs a store"),
    ({"backtest.start_date": None}, "backtest.start_date: missing; give a date as YYYY-MM-DD"),
    ({"universe.symbols": None}, "universe: missing; data.source yahoo needs universe.symbols, file or membership"),
    ({"puts.score.entry_days_to_expiry": 60}, "60 lies above max_days_to_expiry, 45: no option has a score then"),
    ({"puts.synthetic.highest_strike_fraction": 0.5}, "0.5 does not lie above lowest_strike_fraction, 0.8"),
])
def test_what_a_run_of_puts_lacks_is_said(overrides: dict[str, object], fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings("put_recommendations", overrides)
    assert fault in str(caught.value)


def test_quotes_with_their_own_prices_need_neither_bars_nor_dates(tmp_path: Path) -> None:
    (tmp_path / "chain.csv").touch()
    settings = load_settings("put_recommendations", {
        "puts.source": "chain", "puts.chain": str(tmp_path / "chain.csv"), "puts.underlying_prices": "quotes",
        "data.source": "files", "universe.symbols": None, "backtest.start_date": None, "backtest.end_date": None})

    assert settings.warnings == ()


@pytest.mark.parametrize(("overrides", "warning"), [
    ({"puts.outcome.spread_part": 0.3}, "puts.outcome.spread_part: not used by puts.outcome.fill bid"),
    ({"puts.selling.margin_floor_fraction": 0.2},
     "puts.selling.margin_floor_fraction: not used by puts.selling.collateral cash_secured"),
    ({"strategy.max_positions": 3},
     "strategy.max_positions: not used by system put_recommendations: its rules are in puts.selling"),
    ({"strategy.exits.stop_loss_fraction": 0.2},
     "strategy.exits.stop_loss_fraction: not used by system put_recommendations: its exits are in puts.selling"),
    ({"puts.quotes.style": "european", "puts.outcome.deep_time_value": 0.1},
     "puts.outcome.deep_time_value: not used: European options are exercised at expiry only"),
    ({"puts.weight_search.enabled": False, "puts.weight_search.folds": 3},
     "puts.weight_search.folds: not used while puts.weight_search.enabled is false"),
])
def test_a_value_that_nothing_reads_is_warned_of(overrides: dict[str, object], warning: str) -> None:
    assert any(found.endswith(warning) for found in load_settings("put_recommendations", overrides).warnings)
