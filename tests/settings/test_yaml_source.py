"""The YAML reader: strict, and exact about lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backtrader_system.errors import SettingsError
from backtrader_system.settings.yaml_source import MAX_BYTES, Origin, parse_document, read_yaml

FILE = Origin("run.yaml", 1)


@pytest.mark.parametrize(("text", "value"), [
    ("1e-3", 0.001), ("2E5", 200_000.0), ("1_000", 1000), ("010", 10), ("-0.08", -0.08), (".5", 0.5), ("0x1F", 31),
    ("true", True), ("false", False), ("null", None), ("", None), ("~", None),
    ("ON", "ON"), ("NO", "NO"), ("yes", "yes"), ("1:30", "1:30"), ("2024-08-23", "2024-08-23"), ("'12'", "12"),
    ("1e", "1e"),
])
def test_scalar_is_what_a_user_means(text: str, value: object) -> None:
    found = parse_document(f"a: {text}\n", FILE).values["a"]

    assert (found, type(found)) == (value, type(value))


def test_line_of_every_key_and_item_is_known() -> None:
    document = parse_document("strategy:\n  exits:\n    stop: 1\nuniverse: {symbols: [A,\n  B]}\n", FILE)

    assert str(document.origins[("strategy", "exits", "stop")]) == "run.yaml:3"
    assert str(document.origins[("universe", "symbols", 1)]) == "run.yaml:5"
    assert str(document.origin(("strategy", "exits", "other"))) == "run.yaml:2"
    assert document.origin(("data", "path")) is None


def test_key_given_twice_is_a_fault_with_both_lines() -> None:
    document = parse_document("data:\n  path: a\n  calendar: X\n  path: b\n", FILE)

    assert document.faults == ("run.yaml:4: data.path: is given twice, first in run.yaml:2; keep one of them",)
    assert document.values["data"]["path"] == "a"


@pytest.mark.parametrize(("text", "message"), [
    ("a: 1\nb: [1, 2\nc: 3\n", r"run.yaml:\d: .*expected ',' or '\]'"),
    ("a: 1\n\tb: 2\n", r"run.yaml:2: "),
    ("a: 1\nb: &x 2\n", r"run.yaml:2: anchors \(&\) and aliases \(\*\) are not supported"),
    ("a: 1\nb: *x\n", r"run.yaml:2: anchors"),
    ("a: 1\n---\nb: 2\n", r"run.yaml:2: but found another document"),
    ("a: 1\nb: \x01\n", r"run.yaml:2: holds the character"),
    ("- a\n- b\n", r"run.yaml:1: must hold `section: value` pairs"),
    ("a: " + "[" * 200, r"run.yaml:1: is nested deeper than 20 levels"),
], ids=["flow", "tab", "anchor", "alias", "two documents", "control character", "list", "deep"])
def test_broken_yaml_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_document(text, FILE)


@pytest.mark.parametrize(("text", "message"), [
    ("a: !!python/object:os.system x\n", r"run.yaml:1: a: the tag .* is not supported"),
    ("a: !!set {x, y}\n", r"run.yaml:1: a: the tag .* is not supported"),
    ("a: !!int abc\n", r"run.yaml:1: a: 'abc' is no int"),
    ("a: !!bool maybe\n", r"run.yaml:1: a: 'maybe' is no bool"),
    ("? [x]\n: 1\n", r"run.yaml:1: the file: a key must be a word"),
])
def test_tags_and_odd_keys_are_faults(text: str, message: str) -> None:
    (fault,) = parse_document(text, FILE).faults

    assert re.match(message, fault)


def test_empty_file_gives_no_values() -> None:
    assert parse_document("# nothing\n", FILE).values == {}


def test_large_unreadable_and_not_utf8_files_are_refused(tmp_path: Path) -> None:
    large, latin = tmp_path / "large.yaml", tmp_path / "latin.yaml"
    large.write_text("#" * (MAX_BYTES + 1))
    latin.write_bytes(b"a: 1\nb: caf\xe9\n")

    with pytest.raises(SettingsError, match=r"large.yaml: has 262,145 bytes; a config may have 262,144"):
        read_yaml(large, "large.yaml")
    with pytest.raises(SettingsError, match=r"latin.yaml:2: is not UTF-8"):
        read_yaml(latin, "latin.yaml")
    with pytest.raises(SettingsError, match=r"gone.yaml: cannot be read: No such file"):
        read_yaml(tmp_path / "gone.yaml", "gone.yaml")


def test_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")

    assert read_yaml(tmp_path / "bom.yaml", "bom.yaml").values == {"a": 1}
