"""A file of invented signals is known for what it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from backtrader_system.market_data.calendar import session_close_instant
from backtrader_system.market_data.panel import panel_from_table
from backtrader_system.market_data.simulated import simulate_market
from backtrader_system.settings.conviction import SimulatedSignalSettings
from backtrader_system.settings.data import SimulatedSettings
from backtrader_system.signals.conviction.reading.read_signals import read_signals
from backtrader_system.signals.conviction.reading.signal_file import signals_to_csv
from backtrader_system.signals.conviction.simulated.signals import simulate_signals

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def test_file_of_invented_signals_is_read_as_simulated(tmp_path):
    sessions = pd.date_range("2024-01-01", "2024-06-30").as_unit("ns").rename("session")
    bars = panel_from_table(simulate_market(SimulatedSettings(n_symbols=2), sessions).bars)
    history = simulate_signals(bars, session_close_instant("24/7", bars.sessions), SimulatedSignalSettings(n_signals=9),
                               label_days=10, label_gain=0.1, stop=0.1)
    signals_to_csv(history, tmp_path / "invented.csv")
    (tmp_path / "real.csv").write_text("ticker,signal_time,source\nTAO,2024-05-01T10:00:00Z,Yieldschool\n")

    assert read_signals(tmp_path / "invented.csv", now=NOW).is_simulated
    assert not read_signals(tmp_path / "real.csv", now=NOW).is_simulated
