"""What the README shows works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from backtrader_system.cli import backtest_model, conviction, puts, signals
from backtrader_system.cli.main import overrides_of, parser
from backtrader_system.settings.loading import load_settings

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands(program: str) -> list[list[str]]:
    lines = [line.split("#")[0] for block in blocks("bash") for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith(program)]


def test_python_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(blocks("python")[0], names)
    assert (tmp_path / "equity.png").stat().st_size > 10_000
    assert names["earlier"].orders.equals(names["result"].orders)


@pytest.mark.parametrize("command", commands("python backtest_runner.py"), ids=" ".join)
def test_every_command_line_is_understood(command, tmp_path, monkeypatch):
    (tmp_path / "my_run.yaml").write_text(blocks("yaml")[0])
    (tmp_path / "bars.parquet").touch()
    monkeypatch.chdir(tmp_path)
    arguments = parser().parse_args(command[2:])
    system = load_settings(arguments.config, overrides_of(arguments)).settings.system
    assert system == ("put_recommendations" if "put_" in str(arguments.config) else "ml_trading")


@pytest.mark.parametrize("command", commands("python backtest_model.py"), ids=" ".join)
def test_every_conviction_command_line_is_understood(command, tmp_path, monkeypatch):
    for name in ("bars.parquet", "signals.csv"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    arguments = backtest_model.parser().parse_args(command[2:])
    loaded = load_settings(arguments.config, backtest_model.overrides_of(arguments))
    assert loaded.settings.system == "conviction"


@pytest.mark.parametrize("command", commands("python -m backtrader_system"), ids=" ".join)
def test_every_module_command_line_is_understood(command):
    module = {"conviction": conviction, "puts": puts, "signals": signals}[command[3]]
    assert callable(module.parser().parse_args(command[4:]).action)


def test_make_targets_exist():
    targets = set(re.findall(r"^(\w+):", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {words[1] for words in commands("make")} <= targets


def test_yaml_example_is_yaml():
    assert yaml.safe_load(blocks("yaml")[0])["data"]["source"] == "files"


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (PROJECT / target).exists(), target
