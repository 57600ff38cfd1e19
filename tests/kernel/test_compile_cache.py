"""Compiled code is found again, and never the code of other sources."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backtrader_system.engine.kernel import compiling
from backtrader_system.engine.kernel.compiling import SHARED_RULES, cache_folder, cache_key, rule_sources


@pytest.fixture
def copies(tmp_path):
    for path in rule_sources():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return [tmp_path / path.name for path in rule_sources()]


def test_same_sources_give_the_same_key(copies):
    assert cache_key(copies) == cache_key(rule_sources())


@pytest.mark.parametrize("name", ["exit_rules.py", "sizing.py", "slippage.py", "fills.py"])
def test_changed_source_gives_another_key(copies, name):
    before = cache_key(copies)
    changed = next(path for path in copies if path.name == name)
    changed.write_text(changed.read_text().replace("0.0", "0.5", 1))
    assert cache_key(copies) != before


def test_key_covers_every_shared_rule():
    files = {Path(rule.__code__.co_filename).resolve() for rule in SHARED_RULES}
    assert files <= set(rule_sources())


def test_read_only_package_falls_back_to_the_cache_of_the_user(tmp_path, monkeypatch):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, so that no folder can be made below it")
    monkeypatch.setattr(compiling, "ENGINE", blocked)
    monkeypatch.setattr(compiling, "rule_sources", lambda: [])
    monkeypatch.setattr(compiling.numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    cache_folder.cache_clear()
    try:
        assert cache_folder().parent == tmp_path / "home" / "backtrader-system"
    finally:
        cache_folder.cache_clear()


def test_shared_rules_are_the_functions_of_the_event_engine():
    from backtrader_system.engine import exit_rules, order_prices, sizers
    assert exit_rules.decide_exit in SHARED_RULES
    assert order_prices.fill_at_open in SHARED_RULES
    assert sizers.kelly_share in SHARED_RULES
    assert sizers.target_fraction in SHARED_RULES


def test_command_line_imports_no_numba():
    code = "import sys, backtrader_system.cli.main, backtrader_system.systems.ml_trading; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
