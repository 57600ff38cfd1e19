"""What the command line says of a put run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from backtrader_system.reports.console import header_text, summary_text
from backtrader_system.settings.loading import LoadedSettings
from backtrader_system.settings.settings import Settings


def loaded(**puts: object) -> LoadedSettings:
    return LoadedSettings(Settings(system="put_recommendations", data={"source": "files"}, puts=puts), name="puts",
                          resolved={}, path=None, warnings=())


def test_the_header_names_source_and_model_prices():
    synthetic = header_text(loaded(source="synthetic"), False)
    quoted = header_text(loaded(source="chain", chain=Path("spy.parquet")), False)

    assert synthetic.startswith("MODEL OPTION PRICES")
    assert quoted.startswith("Backtest:         puts")
    assert "Puts:             quotes of an option chain (spy.parquet)" in quoted
    assert "Costs:            puts sold at the bid, fees 0.65 a contract; assigned shares:" in quoted


def test_the_summary_answers_and_shows_hit_rates_with_dates(put_result):
    text = summary_text(put_result(skill=6.0))

    assert "DOES THE SCORE PREDICT WORTHLESS EXPIRY?\n" in text
    assert "\nYes, but the option's price tells more. 1,152 options on 12 underlyings" in text
    assert "Score 70-80:" in text
    assert " dates, " in text
    assert all(len(line) <= 90 for line in text.splitlines())
    assert text.endswith("Results are not saved.")


def test_a_summary_of_nothing_is_no_error(put_result):
    result = put_result()

    text = summary_text(replace(result, metrics={"puts": {}}, tables={}, trades=result.trades.iloc[:0],
                                warnings=("the chain holds no put",)))

    assert "Nothing was sold." in text
    assert "Warning: the chain holds no put" in text
