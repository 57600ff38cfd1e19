"""Progress as a user sees it."""

from __future__ import annotations

import io

import pytest

from backtrader_system.cli.progress_bar import ProgressBar


class Terminal(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


def test_outside_a_terminal_each_stage_is_one_line() -> None:
    stream = io.StringIO()
    with ProgressBar(stream) as progress:
        assert list(progress.track("abc", "Training", 3)) == ["a", "b", "c"]
        progress.say("[red]3 models[/red]")
        assert list(progress.track([], "Backtest", 0)) == []

    assert stream.getvalue() == "Training ...\n[red]3 models[/red]\nBacktest ...\n"


def test_on_a_terminal_a_bar_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with ProgressBar(stream) as progress:
        assert list(progress.track(range(3), "Training", 3)) == [0, 1, 2]

    assert "Training" in stream.getvalue()
    assert "3/3" in stream.getvalue()


def test_terminal_is_restored_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()

    def interrupted() -> None:
        with ProgressBar(stream) as progress:
            for _ in progress.track(range(3), "Training", 3):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert stream.getvalue().rfind("\x1b[?25h") > stream.getvalue().rfind("\x1b[?25l")      # the cursor is back
