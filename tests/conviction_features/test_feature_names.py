"""Names, groups and words of the features, and the page that defines them."""

from __future__ import annotations

import re
from pathlib import Path

from backtrader_system.signals.conviction.features.feature_names import (
    FEATURE_GROUPS,
    FEATURE_WORDS,
    FEATURES,
    MISSING_FLAGS,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conviction_features.md"


def test_six_groups_hold_every_feature_and_flag_once():
    assert {group: len(names) for group, names in FEATURE_GROUPS.items()} == {
        "source": 7, "social": 13 + 1, "timing": 8 + 3, "onchain": 10 + 2, "thesis": 10 + 1, "interactions": 5}
    grouped = [name for names in FEATURE_GROUPS.values() for name in names]
    assert sorted(grouped) == sorted((*FEATURES, *MISSING_FLAGS))
    assert len(FEATURES) == 53


def test_every_feature_has_its_own_words():
    assert set(FEATURE_WORDS) == {*FEATURES, *MISSING_FLAGS}
    assert len(set(FEATURE_WORDS.values())) == len(FEATURE_WORDS)
    assert not [words for words in FEATURE_WORDS.values() if "_" in words or not words[0].isupper()]


def test_page_defines_every_feature_in_order():
    table = PAGE.read_text().split("## The features\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([a-z_0-9]+) \|([^|]+)\|([^|]+)\|([^|]+)\|([^|]*)\|$", table, flags=re.MULTILINE)
    assert tuple(row[0] for row in rows if row[0] != "name") == FEATURES
    assert all(flag in table for flag in MISSING_FLAGS)
