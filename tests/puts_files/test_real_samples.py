"""The owner's sample files, as they are."""

from __future__ import annotations

import numpy as np
import pytest

from backtrader_system.puts.files.days_to_expiry import infer_snapshot
from backtrader_system.puts.files.option_code import parse_option_code
from backtrader_system.puts.files.reading import read_owner_file
from backtrader_system.puts.files.schemas import (
    DATA,
    MARGINS,
    MONTHLY,
    PROBABILITIES,
    RECOVERY,
    SCORED,
    STOCKS,
    SUPPORT,
)

pytestmark = pytest.mark.real_data
SAMPLES = {
    "put_options_se_schema_sample.csv": (DATA, 10, 14),
    "put_options_se_probability_history_sample.csv": (PROBABILITIES, 11, 7),
    "reference/putoptions/data_csv_aak_sample.csv": (DATA, 21, 23),
    "reference/putoptions/data_csv_aak_2025-11-28_sample.csv": (DATA, 20, 27),
    "reference/putoptions/probability_history_8TRA_sample.csv": (PROBABILITIES, 57, 7),
    "reference/putoptions/recovery_report_scenario_sample.csv": (RECOVERY, 72, 13),
    "reference/putoptions/support_level_metrics_sample.csv": (SUPPORT, 30, 26),
    "reference/putoptions/margin_requirements_sample.csv": (MARGINS, 15, 13),
    "reference/putoptions/stock_data_aak_close_sample.csv": (STOCKS, 290, 3),
    "reference/putoptions/stocks_monthly_aak_sample.csv": (MONTHLY, 99, 9),
    "reference/putoptions/current_options_scored_sample.csv": (SCORED, 14, 11),
}


def sample(data_folder, name):
    path = data_folder / name
    if not path.is_file():
        pytest.skip(f"no {name} among the real data")
    return read_owner_file(path, SAMPLES[name][0])


@pytest.mark.parametrize("name", SAMPLES)
def test_every_row_and_column_is_read(data_folder, name):
    read = sample(data_folder, name)
    assert read.table.shape == SAMPLES[name][1:]
    assert {issue.rule for issue in read.issues} <= {"missing_column"}


@pytest.mark.parametrize(("name", "day", "unit"), [
    ("reference/putoptions/data_csv_aak_sample.csv", "2025-10-14", "calendar"),
    ("reference/putoptions/data_csv_aak_2025-11-28_sample.csv", "2025-11-28", "sessions")])
def test_the_day_and_unit_of_a_snapshot(data_folder, name, day, unit):
    table = sample(data_folder, name).table
    found = infer_snapshot(table["DaysToExpiry"].to_numpy(), table["ExpiryDate"].to_numpy(), name)
    assert (f"{found.day:%Y-%m-%d}", found.unit, found.share) == (day, unit, 1.0)


@pytest.mark.parametrize("name", [name for name, (schema, *_) in SAMPLES.items() if schema is DATA])
def test_codes_say_strike_and_expiry(data_folder, name):
    table = sample(data_folder, name).table
    for code, strike, expiry in zip(table["OptionName"], table["StrikePrice"], table["ExpiryDate"], strict=True):
        parsed = parse_option_code(code)
        assert (parsed.strike, parsed.expiry(expiry)) == (strike, expiry)


def test_every_margin_is_the_largest_of_three(data_folder):
    table = sample(data_folder, "reference/putoptions/margin_requirements_sample.csv").table
    three = table[["Margin_A_Broker_Proxy", "Margin_B_Historical_Floor", "Margin_Floor_15pct"]].max(axis=1)
    np.testing.assert_allclose(table["Est_Margin_SEK"], three, atol=1e-4)
