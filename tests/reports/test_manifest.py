"""The manifest says what a run was made from."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from backtrader_system.reports.manifest import git_state, package_versions, peak_memory_bytes
from backtrader_system.reports.run_folder import open_run_folder
from backtrader_system.reports.write_run import write_run


@pytest.fixture
def manifest_and_folder(tmp_path, make_result) -> tuple[dict, Path]:
    result = make_result(settings={"data": {"source": "files", "path": "data/my prices.csv"},
                                   "output": {"save_plots": False}})
    with open_run_folder(tmp_path, "sample", clock=lambda: datetime(2024, 1, 2, 3, 4, 5)) as folder:
        stored = write_run(result, folder.path, folder.timestamp, timings={"data": 1.5}, command=["run", "a.yaml"])
    return json.loads((stored.folder / "manifest.json").read_text()), stored.folder


def test_it_holds_the_hash_of_every_other_file(manifest_and_folder):
    manifest, folder = manifest_and_folder
    files = {path.name for path in folder.iterdir()} - {"manifest.json", "run.log"}

    assert manifest["files"] == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files}


def test_it_holds_settings_with_the_hash_of_their_canonical_form(manifest_and_folder):
    manifest, _ = manifest_and_folder
    canonical = json.dumps(manifest["settings"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert manifest["settings_sha256"] == hashlib.sha256(canonical.encode()).hexdigest()
    assert manifest["seeds"] == {"data.simulated.seed": 7, "ml_config.seed": 42, "conviction.simulated.seed": 7,
                                 "conviction.classifier.seed": 42, "evidence.seed": 11}


def test_paths_appear_only_as_the_user_gave_them(manifest_and_folder):
    manifest, folder = manifest_and_folder

    assert manifest["settings"]["data"]["path"] == "data/my prices.csv"
    assert str(folder.parent) not in json.dumps(manifest)


def test_it_holds_command_stages_versions_and_data(manifest_and_folder):
    manifest, _ = manifest_and_folder

    assert manifest["command"] == ["run", "a.yaml"]
    assert manifest["seconds"]["data"] == 1.5
    assert manifest["seconds"]["report"] > 0
    assert manifest["packages"]["backtrader"] == "1.9.78.123"
    assert manifest["python"].startswith("3.")
    assert manifest["data"]["fingerprint"] == "abc123"
    assert manifest["tables"]["trades"]["rows"] == 3


def test_peak_memory_is_in_bytes():
    peak = peak_memory_bytes()

    assert peak is None or 10e6 < peak < 1e12


def test_a_package_that_is_absent_has_no_version():
    assert set(package_versions().values()) - {None}
    assert all(version is None or version[0].isdigit() for version in package_versions().values())


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def test_the_commit_is_that_of_the_code_and_only_if_git_tracks_it(tmp_path):
    source = tmp_path / "module.py"
    source.write_text("x = 1\n")
    assert git_state(source) is None
    git(tmp_path, "init", "-q")
    assert git_state(source) is None
    git(tmp_path, "add", "module.py")
    git(tmp_path, "commit", "-q", "-m", "first")

    clean = git_state(source)
    source.write_text("x = 2\n")
    changed = git_state(source)

    assert len(clean["commit"]) == 40
    assert clean["is_modified"] is False
    assert changed == {"commit": clean["commit"], "is_modified": True}
    (tmp_path / "installed.py").write_text("")     # as a package installed inside somebody's repository
    assert git_state(tmp_path / "installed.py") is None


def test_without_git_there_is_no_commit_and_no_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert git_state() is None
