"""Configs become settings, or all their faults at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from backtrader_system.errors import SettingsError
from backtrader_system.settings.loading import load_settings
from backtrader_system.settings.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(path.name for path in (PROJECT / "config").glob("*.yaml"))
WriteConfig = Callable[..., Path]

SEED_SAMPLE = """
# Trading Parameters
strategy:
  signal_threshold: 0.25      # Minimum signal strength
  max_positions: 15           # Maximum concurrent positions
  max_position_size: 0.40     # 40% max position size
  max_symbol_exposure: 0.15   # 15% max per symbol

# Commission & Slippage
backtest:
  commission_bps: 5           # 5 basis points commission
  slippage_bps: 2            # 2 basis points slippage
  initial_capital: 100000.0

# ML Model Configuration
ml_config:
  min_training_days: 60
  feature_columns: [rsi_normalized, bb_position]
"""


@pytest.fixture
def write(tmp_path: Path) -> WriteConfig:
    """Return a function that writes a config and returns its path."""
    def write_config(text: str, name: str = "run.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path
    return write_config


def faults_of(config: Path, overrides: list[str] | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(config, overrides or [])
    assert all(fault in str(caught.value) for fault in caught.value.faults)
    return tuple(fault.replace(f"{config}", "run.yaml") for fault in caught.value.faults)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_config_loads(name: str, tmp_path: Path) -> None:
    given = tmp_path / "given.csv"
    given.touch()
    needs = {"conviction.yaml": "conviction.signals", "put_chain.yaml": "puts.chain",
             "put_collected.yaml": "puts.collected"}
    loaded = load_settings(name, {needs[name]: str(given)} if name in needs else {})

    assert loaded.name == name.removesuffix(".yaml")
    assert json.loads(json.dumps(loaded.resolved, allow_nan=False)) == loaded.resolved


def test_conviction_config_without_signals_says_what_to_give() -> None:
    with pytest.raises(SettingsError, match=r"conviction\.yaml:\d+: conviction\.signals: missing; give a file"):
        load_settings("conviction")


def test_default_config_spells_out_every_default() -> None:
    resolved = load_settings().resolved
    default = Settings().model_dump(mode="json")

    assert len(resolved["universe"]["symbols"]) == 20
    assert resolved | {"universe": default["universe"]} == default


def test_conviction_config_spells_out_every_default_of_its_section(tmp_path: Path) -> None:
    (tmp_path / "signals.csv").touch()
    resolved = load_settings("conviction", {"conviction.signals": str(tmp_path / "signals.csv")}).resolved["conviction"]
    spelt_out = yaml.safe_load((PROJECT / "config" / "conviction.yaml").read_text())["conviction"]
    default = Settings().model_dump(mode="json")["conviction"]

    assert resolved | {"signals": None} == default
    assert keys_of(spelt_out) == keys_of(default)
    assert load_settings("conviction_sample").warnings == ()


def test_put_config_spells_out_every_default_of_its_section() -> None:
    resolved = load_settings("put_recommendations").resolved["puts"]
    spelt_out = yaml.safe_load((PROJECT / "config" / "put_recommendations.yaml").read_text())["puts"]
    default = Settings().model_dump(mode="json")["puts"]

    assert resolved == default
    assert keys_of(spelt_out) == keys_of(default)
    assert load_settings("put_recommendations").warnings == load_settings("put_recommendations_sample").warnings == ()


def keys_of(section: dict[str, object]) -> dict[str, object]:
    return {name: keys_of(value) if isinstance(value, dict) else None for name, value in section.items()}


def test_derived_configs_warn_of_nothing_and_the_default_only_of_the_two_caps_of_the_original() -> None:
    assert load_settings("aggressive").warnings == load_settings("conservative").warnings == ()
    assert [warning.split(": ", 1)[1] for warning in load_settings().warnings] == [
        "strategy.max_position_size: 0.40 is never reached: max_symbol_exposure 0.15 binds first",
        "strategy.max_position_size_exceptional: 0.60 is never reached: max_symbol_exposure 0.15 binds first",
    ]


def test_sample_is_simulated_and_trades_all_its_symbols() -> None:
    settings = load_settings("sample.yaml").settings

    assert (settings.data.source, settings.universe.symbols) == ("simulated", None)


def test_the_originals_sample_config_loads_with_defaults_for_the_rest(write: WriteConfig) -> None:
    settings = load_settings(write(SEED_SAMPLE), ["data.source=simulated"]).settings

    assert settings.strategy.max_positions == 15
    assert settings.ml_config.feature_columns == ("rsi_normalized", "bb_position")
    assert settings.backtest.end_date == date(2025, 8, 22)


def test_all_faults_are_reported_at_once(write: WriteConfig) -> None:
    config = write(
        "data: {source: simulated}\n"
        "strategy:\n"
        "  signal_treshold: 0.3\n"
        "  max_positions: true\n"
        "  max_position_size: 1.5\n"
        "  commission_bps: 5\n"
        "backtest:\n"
        "  start_date: 2024-02-30\n"
        "  initial_capital: .inf\n"
        "output: {save_plots: 'yes', plots: 3}\n"
        "sizer: {type: kely}\n"
        "universe: {symbols: [AAPL, 12, 'A/../B C', ON]}\n"
        "ml_config: {models: {regime: {max_features: log2}}, cache_dir: 4}\n"
        "output: {}\n"
        "colour: red\n")

    assert faults_of(config) == (
        "run.yaml:14: output: is given twice, first in run.yaml:10; keep one of them",
        "run.yaml:12: universe.symbols[1]: found 12; allowed: a symbol: quoted if it is a number, "
        "up to 24 letters, digits and . _ - = ^ /",
        "run.yaml:12: universe.symbols[2]: found 'A/../B C'; allowed: a symbol: quoted if it is a number, "
        "up to 24 letters, digits and . _ - = ^ /",
        "run.yaml:8: backtest.start_date: found '2024-02-30', day value is outside expected range; "
        "allowed: a date as YYYY-MM-DD, or null",
        "run.yaml:9: backtest.initial_capital: found inf; allowed: a number above 0",
        "run.yaml:4: strategy.max_positions: found true; allowed: a whole number at least 1",
        "run.yaml:5: strategy.max_position_size: found 1.5; allowed: a number above 0 and at most 1",
        "run.yaml:3: strategy.signal_treshold: unknown key. Did you mean 'signal_threshold'?",
        "run.yaml:6: strategy.commission_bps: unknown key. Did you mean 'backtest.commission_bps'?",
        "run.yaml:11: sizer.type: found 'kely'; allowed: kelly or fixed_cash or fixed_fraction or equal_weight",
        "run.yaml:13: ml_config.models.regime.max_features: found 'log2'; allowed: sqrt, or a number above 0 "
        "and at most 1",
        "run.yaml:13: ml_config.cache_dir: found 4; allowed: a path, or null",
        "run.yaml:10: output.save_plots: found 'yes'; allowed: true or false",
        "run.yaml:10: output.plots: found 3; allowed: a section with equity, drawdown, monthly_returns, exposure",
        "run.yaml:15: colour: unknown key; allowed: system, universe, data, backtest, strategy, sizer, ml_config, "
        "conviction, puts, analyzers, output, evidence, execution",
    )


def test_one_fault_is_one_line(write: WriteConfig) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(write("data: {source: simulated}\nstrategy: {max_positions: 0}\n"))

    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(":2: strategy.max_positions: found 0; allowed: a whole number at least 1")


@pytest.mark.parametrize(("text", "fault"), [
    ("backtest:\n  start_date: 2024-02-01\n  end_date: 2024-01-01\n",
     "run.yaml:3: backtest.end_date: the end 2024-01-01 lies before start_date, 2024-02-01 (run.yaml:2)"),
    ("backtest:\n  commission_bps: x\n  start_date: 2030-01-01\n",
     "run.yaml:3: backtest.end_date: the end 2025-08-22 lies before start_date, 2030-01-01"),
    ("strategy:\n  target_invested_floor: 0.9\n  target_invested_ceiling: 0.8\n",
     "run.yaml:3: strategy.target_invested_ceiling: the ceiling 0.8 lies below target_invested_floor, 0.9 "
     "(run.yaml:2)"),
    ("strategy: {exits: {trailing_stop_fraction: 0.1, trailing_stop_atr: 3.0}}\n",
     "run.yaml:1: strategy.exits.trailing_stop_atr: a position has one trailing stop; trailing_stop_fraction is set "
     "too: make one of them null"),
    ("universe:\n  symbols: [A]\n  membership: run.yaml\n",
     "run.yaml:3: universe.membership: only one of symbols, file and membership may be given; symbols is too "
     "(run.yaml:2)"),
    ("universe: {symbols: [A, B, A]}\n",
     "run.yaml:1: universe.symbols: A is listed twice; list every symbol once"),
    ("universe: {symbols: []}\n",
     "run.yaml:1: universe.symbols: found []; allowed: a list that is not empty, each item a symbol: quoted if it "
     "is a number, up to 24 letters, digits and . _ - = ^ /, or null"),
], ids=["dates", "date against a default", "floor above ceiling", "two trailing stops", "two universes", "twice",
         "empty"])
def test_settings_that_clash_are_faults(write: WriteConfig, text: str, fault: str) -> None:
    assert fault in faults_of(write(text), ["data.source=simulated"])


@pytest.mark.parametrize(("text", "fault"), [
    ("data:\n  source: files\n", "run.yaml:1: data.path: missing; data.source files needs"),
    ("data: {source: yahoo}\n", "universe: missing; data.source yahoo needs universe.symbols, file or membership"),
    ("data: {source: simulated}\nuniverse: {file: run.yaml}\nexecution:\n  alpaca_config: {key: SECRET}\n",
     "run.yaml:4: execution.alpaca_config: only the backtest mode exists"),
    ("data: {source: files, path: run.yaml,\n  corporate_actions: run.yaml}\n",
     "run.yaml:2: data.corporate_actions: has no use with data.source files and data.prices adjusted"),
    ("universe: {symbols: [A]}\ndata: {snapshot: abc,\n  refresh: true}\n",
     "run.yaml:3: data.refresh: asks for a new snapshot"),
])
def test_sections_that_need_or_exclude_each_other(write: WriteConfig, text: str, fault: str) -> None:
    (found,) = faults_of(write(text))

    assert found.startswith(fault)
    assert "SECRET" not in found


def test_relative_inputs_count_from_their_config_then_from_the_current_folder(
    write: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = write("data: {source: files, path: bars.csv}\nuniverse: {file: here.txt}\n", "base/base.yaml")
    child = write(f"extends: {base}\n", "child/child.yaml")
    (tmp_path / "base" / "bars.csv").write_text("")
    (tmp_path / "here.txt").write_text("")
    monkeypatch.chdir(tmp_path)

    settings = load_settings(child).settings

    assert settings.data.path == tmp_path / "base" / "bars.csv"
    assert settings.universe.file == Path("here.txt")
    assert settings.output.results_dir == Path("results")


def test_missing_input_file_is_a_fault_with_its_line(write: WriteConfig) -> None:
    (fault,) = faults_of(write("data:\n  source: files\n  path: gone.csv\n"))

    assert fault == ("run.yaml:3: data.path: no such file: gone.csv; looked in the folder of the config and in the "
                     "current folder")


def test_parameters_of_a_users_strategy_are_free(write: WriteConfig) -> None:
    config = write("data: {source: simulated}\nstrategy: {params: {lookback: 20, names: [a, b], deep: {x: null}}}\n")

    assert load_settings(config).settings.strategy.params == {"lookback": 20, "names": ["a", "b"], "deep": {"x": None}}
