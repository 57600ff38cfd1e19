"""The manifest: everything needed to say what a run was made from, and whether its files are unchanged."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from backtrader_system.reports.result import RunResult
from backtrader_system.reports.strict_json import Plain, canonical_hash, to_plain

MANIFEST = "manifest.json"
FORMAT = 1
PACKAGES = (
    "backtrader-system", "backtrader", "pandas", "numpy", "scipy", "scikit-learn", "joblib", "matplotlib", "pyyaml",
    "pydantic", "duckdb", "exchange-calendars", "yfinance", "quantstats",
)
_GIT_SECONDS = 5


def build_manifest(
    result: RunResult, *, timestamp: str, tables: Mapping[str, Mapping[str, object]],
    files: Mapping[str, str], timings: Mapping[str, float], command: Sequence[str],
) -> dict[str, Plain]:
    """Return the manifest of a run as plain values.

    tables : per table its file (None if it was not saved), number of rows and dtypes by column.
    files : SHA-256 by file name.
    timings : seconds by stage.
    command : the command line as given; paths appear in the manifest only as the user wrote them.
    """
    settings = result.settings.model_dump(mode="json")
    return to_plain({
        "format": FORMAT, "run": result.run_id, "name": result.name, "timestamp": timestamp, "command": list(command),
        "settings": settings, "settings_sha256": canonical_hash(settings),
        "data": result.data_report.to_dict(), "warnings": list(result.warnings),
        "tables": tables, "files": files,
        "seeds": _seeds(settings), "seconds": timings, "peak_memory_bytes": peak_memory_bytes(),
        "python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}",
        "packages": package_versions(), "git": git_state(),
    })


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content` as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()


def package_versions() -> dict[str, str | None]:
    """Return the installed version of each package that can change a result; None where it is absent."""
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return versions


def peak_memory_bytes() -> int | None:
    """Return the largest memory this process, or one finished child of it, has held; None where not measured."""
    try:
        import resource
    except ImportError:      # Windows
        return None
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(kind).ru_maxrss for kind in kinds)
    return peak if sys.platform == "darwin" else peak * 1024


def git_state(source: Path = Path(__file__)) -> dict[str, Plain] | None:
    """Return commit and whether tracked files differ from it, or None if `source` is not under Git.

    A package installed inside some other project's repository is not tracked there, so it has no commit.
    """
    folder = source.resolve().parent
    if _git(folder, "ls-files", "--error-unmatch", source.name) is None:
        return None
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return None if commit is None else {"commit": commit, "is_modified": changes != "" if changes is not None else None}


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git prints, or None if there is no git, no repository or no answer."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=_GIT_SECONDS,
            check=False, env=environment,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _seeds(settings: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found |= _seeds(value, f"{prefix}{key}.")
        elif key == "seed":
            found[f"{prefix}{key}"] = value
    return found
