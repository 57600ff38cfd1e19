"""Whole runs end in the orders they ended in before."""

from __future__ import annotations

import pytest
from golden_runs import RUNS, approved, facts


@pytest.mark.parametrize("name", RUNS)
def test_run_gives_the_approved_orders(name):
    assert facts(name) == approved()[name]
