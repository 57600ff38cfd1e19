"""The command line: options, exit codes and messages."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from backtrader_system.cli.main import main, overrides_of, parser
from backtrader_system.errors import ReconciliationError
from backtrader_system.systems.registry import SYSTEMS

PROJECT = Path(__file__).resolve().parents[2]
RUNNER = PROJECT / "backtest_runner.py"
RunThat = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run_that(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunThat:
    """Return a function that runs the command line on a system which raises `error`: exit code, stdout, stderr."""
    def run(error: BaseException) -> tuple[int, str, str]:
        def system(*positional: object, **named: object) -> None:
            raise error
        module = ModuleType("failing_system")
        module.run = system
        monkeypatch.setitem(sys.modules, "failing_system", module)
        monkeypatch.setitem(SYSTEMS, "ml_trading", ("failing_system", "run", "run"))
        return main(["--config", "sample.yaml"]), *capsys.readouterr()
    return run


def call(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("command", [[str(RUNNER)], ["-m", "backtrader_system"]], ids=["script", "module"])
def test_help_answers_at_once_from_any_folder(tmp_path: Path, command: list[str]) -> None:
    start = time.perf_counter()
    answer = call(*command, "--help", folder=tmp_path)
    seconds = time.perf_counter() - start

    assert answer.returncode == 0
    options = ["--config", "--output-dir", "--symbols", "--start-date", "--end-date", "--initial-capital", "--verbose"]
    assert [option for option in [*options, "--set", "--version"] if option not in answer.stdout] == []
    assert seconds < 1.0


def test_parsing_loads_nothing_heavy(tmp_path: Path) -> None:
    code = ("import sys; from backtrader_system.cli.main import parser; parser().parse_args([]); "
            "print([m for m in ('pandas', 'numpy', 'pydantic', 'yaml', 'rich', 'backtrader') if m in sys.modules])")

    assert call("-c", code, folder=tmp_path).stdout == "[]\n"


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"backtrader-system {version('backtrader-system')}\n"


@pytest.mark.parametrize(("arguments", "message"), [
    (["--colour"], "unrecognized arguments: --colour"),
    (["--symbols"], "--symbols: expected at least one argument"),
    (["--start-date", "2024-13-01"], "--start-date: '2024-13-01' is no date; write it as YYYY-MM-DD"),
    (["--initial-capital", "much"], "--initial-capital: invalid float value: 'much'"),
    (["--conf", "x"], "unrecognized arguments"),
])
def test_wrong_usage_exits_with_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_options_become_overrides_and_set_comes_last() -> None:
    arguments = parser().parse_args([
        "--symbols", "ON", "1398", "--start-date", "2024-01-02", "--end-date", "2024-03-01", "--initial-capital", "5e4",
        "--set", "sizer.type=equal_weight"])

    assert overrides_of(arguments) == [
        'universe.symbols=["ON", "1398"]', 'backtest.start_date="2024-01-02"', 'backtest.end_date="2024-03-01"',
        "backtest.initial_capital=50000.0", "sizer.type=equal_weight"]


@pytest.mark.parametrize(("arguments", "line"), [
    (["-c", "smaple"], "error: smaple: no such config; config/ has: aggressive.yaml, backtest_config.yaml, "
                       "conservative.yaml, conviction.yaml, conviction_sample.yaml, put_chain.yaml, "
                       "put_collected.yaml, put_recommendations.yaml, put_recommendations_sample.yaml, sample.yaml. "
                       "Did you mean 'sample.yaml'?"),
    (["-c", "sample", "--set", "sizer.typ=kelly"], "error: --set sizer.typ: unknown key. Did you mean 'type'?"),
    (["-c", "sample", "--initial-capital", "-5"],
     "error: --set backtest.initial_capital: found -5.0; allowed: a number above 0"),
    (["-c", "sample", "--symbols", "../x"], "error: --set universe.symbols: universe.symbols[0]: found '../x'; "
     "allowed: a symbol: quoted if it is a number, up to 24 letters, digits and . _ - = ^ /"),
], ids=["config", "key", "capital", "symbol"])
def test_user_error_is_one_line_and_exit_code_1(tmp_path: Path, arguments: list[str], line: str) -> None:
    answer = call(str(RUNNER), *arguments, folder=tmp_path)

    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", line + "\n")
    assert list(tmp_path.iterdir()) == []


def test_verbose_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-c", "smaple"]) == 1
    assert "Traceback" not in capsys.readouterr().err

    assert main(["-c", "smaple", "-v"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "code", "message"), [
    (ReconciliationError("cash differs"), 3, "error: cash differs\n"),
    (KeyboardInterrupt(), 1, "interrupted; a run folder that was begun stays marked incomplete\n"),
    (ZeroDivisionError("x"), 1, "error: a bug in this program, not in your input: ZeroDivisionError: x (-v shows "
                                "where); please report it\n"),
    (ModuleNotFoundError("no", name="duckdb"), 1, "error: the package 'duckdb' is not installed; run `make backtest`"),
    (ModuleNotFoundError("no", name="backtrader_system.gone"), 1, "error: a bug in this program"),
    (MemoryError(), 1, "error: not enough memory"),
])
def test_failure_of_a_run_has_its_exit_code(
    run_that: RunThat, error: BaseException, code: int, message: str
) -> None:
    found, _, printed = run_that(error)

    assert found == code
    assert printed.startswith(message)


def test_first_line_says_that_the_market_is_simulated(run_that: RunThat) -> None:
    _, printed, _ = run_that(KeyboardInterrupt())

    assert "simulated" in printed.splitlines()[0].lower()


def test_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    shell = f"{sys.executable} {RUNNER} --help | head -n 1; {sys.executable} {RUNNER} --version | true"
    answer = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert "Traceback" not in answer.stderr
    assert "BrokenPipe" not in answer.stderr


def test_names_of_the_conviction_command_are_those_of_the_settings() -> None:
    from typing import get_args

    from backtrader_system.cli.backtest_model import SCENARIOS, STRATEGIES
    from backtrader_system.settings import conviction

    assert SCENARIOS == conviction.SCENARIOS == get_args(conviction.ScenarioName)
    assert get_args(conviction.ConvictionSettings.model_fields["strategy"].annotation) == STRATEGIES
