"""Finding configs, chains of `extends`, and the key names of the original."""

from __future__ import annotations

from pathlib import Path

import pytest

from backtrader_system.errors import SettingsError
from backtrader_system.settings.loading import load_settings, resolve_config_path

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["aggressive", "aggressive.yaml", "config/aggressive.yaml",
                                  PROJECT / "config" / "aggressive.yaml"])
def test_shipped_config_is_found_from_any_folder(here: Path, name: str | Path) -> None:
    assert resolve_config_path(name).resolve() == PROJECT / "config" / "aggressive.yaml"


def test_without_a_name_the_default_config_is_taken(here: Path) -> None:
    assert load_settings().name == "backtest_config"


def test_own_configs_come_before_shipped_ones(here: Path) -> None:
    (here / "config").mkdir()
    (here / "config" / "sample.yaml").write_text("")
    assert resolve_config_path("sample") == Path("config/sample.yaml")

    (here / "sample.yaml").write_text("")
    assert resolve_config_path("sample") == Path("sample.yaml")


def test_unknown_config_names_those_there_are_and_the_nearest(here: Path) -> None:
    with pytest.raises(SettingsError, match=r"^config/aggressive_config.yaml: no such config; config/ has: "
                       r"aggressive.yaml, .*sample.yaml. Did you mean 'aggressive.yaml'\?$"):
        resolve_config_path("config/aggressive_config.yaml")
    with pytest.raises(SettingsError, match="is a folder"):
        resolve_config_path(here)


def test_extends_merges_mappings_and_replaces_lists(here: Path) -> None:
    (here / "a.yaml").write_text("data: {source: simulated}\nanalyzers: [one, two]\n"
                                 "strategy:\n  max_positions: 3\n  exits: {stop_loss_fraction: 0.1, decay_drop: 0.2}\n")
    (here / "b.yaml").write_text("extends: a\nanalyzers: [three]\nstrategy: {exits: {stop_loss_fraction: 0.2}}\n"
                                 "sizer:\n")
    (here / "c.yaml").write_text("extends: b.yaml\nstrategy: {max_positions: 4}\nbacktest:\nstrategy_note: 1\n")

    with pytest.raises(SettingsError, match=r"^c.yaml:4: strategy_note: unknown key. Did you mean 'strategy'\?"):
        load_settings("c")
    settings = load_settings("b").settings

    assert settings.analyzers == ("three",)
    assert settings.strategy.max_positions == 3
    assert (settings.strategy.exits.stop_loss_fraction, settings.strategy.exits.decay_drop) == (0.2, 0.2)


def test_fault_of_a_base_names_the_base(here: Path) -> None:
    (here / "a.yaml").write_text("data: {source: simulated}\nsizer: {prior_trades: -1}\n")
    (here / "b.yaml").write_text("extends: a\nsizer: {fraction: 0.1}\n")

    with pytest.raises(SettingsError, match=r"^a.yaml:2: sizer.prior_trades: found -1; allowed: a number at least 0$"):
        load_settings("b")


@pytest.mark.parametrize(("text", "message"), [
    ("extends: b\n", r"^b.yaml:1: extends: the configs extend each other in a circle: a.yaml -> b.yaml -> a.yaml$"),
    ("sizer:\nextends: [x, y]\n", r"^a.yaml:2: extends: found \['x', 'y'\]; allowed: the name or path of one"),
    ("extends: smaple\n", r"^a.yaml:1: extends: smaple: no such config; .* Did you mean 'sample.yaml'\?$"),
], ids=["circle", "list", "unknown"])
def test_extends_that_leads_nowhere_is_refused(here: Path, text: str, message: str) -> None:
    (here / "a.yaml").write_text(text)
    (here / "b.yaml").write_text("extends: a\n")

    with pytest.raises(SettingsError, match=message):
        load_settings("a.yaml")


def test_universe_of_a_config_replaces_that_of_its_base(here: Path) -> None:
    (here / "names.txt").write_text("AAPL\n")
    (here / "a.yaml").write_text("extends: backtest_config\nuniverse: {file: names.txt}\n")

    universe = load_settings("a").settings.universe
    assert (universe.symbols, universe.file) == (None, Path("names.txt"))

    universe = load_settings("a", ["universe.symbols=[KO]"]).settings.universe
    assert (universe.symbols, universe.file) == (("KO",), None)


def test_key_names_of_the_original_still_work(here: Path) -> None:
    (here / "old.yaml").write_text("universe: {type: list, symbols: [KO, PG]}\nstrategy: {min_training_days: 80}\n")
    (here / "older.yaml").write_text("backtest: {symbols: [KO]}\n")

    settings = load_settings("old").settings
    assert settings.universe.symbols == ("KO", "PG")
    assert settings.ml_config.min_training_days == 80
    assert load_settings("older").settings.universe.symbols == ("KO",)
    assert load_settings("old", ["strategy.min_training_days=90"]).settings.ml_config.min_training_days == 90


@pytest.mark.parametrize(("text", "message"), [
    ("strategy: {min_training_days: 60}\nml_config: {min_training_days: 70}\n",
     r"old.yaml:1: strategy.min_training_days: found 60, but ml_config.min_training_days is 70 \(old.yaml:2\); keep"),
    ("backtest: {symbols: [A]}\nuniverse: {symbols: [B]}\n",
     r"old.yaml:1: backtest.symbols: found \['A'\], but universe.symbols is \['B'\] \(old.yaml:2\)"),
    ("universe: {type: sp500, symbols: [A]}\n", r"old.yaml:1: universe.type: found 'sp500'; this key of old configs"),
    ("universe: {type: list}\n", r"old.yaml:1: universe.type: found 'list'; .* beside universe.symbols"),
    ("strategy: {min_training_days: x}\n", r"old.yaml:1: ml_config.min_training_days: found 'x'"),
])
def test_key_names_of_the_original_cannot_contradict_ours(here: Path, text: str, message: str) -> None:
    (here / "old.yaml").write_text(text)

    with pytest.raises(SettingsError, match=message):
        load_settings("old", ["data.source=simulated"])


def test_impossible_name_is_an_unknown_config(here: Path) -> None:
    with pytest.raises(SettingsError, match="no such config"):
        resolve_config_path("x" * 300)
