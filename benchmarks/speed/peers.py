"""The environments of the peers: where they are, what is pinned, how they are made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).parent.parent / "peers.txt"


def pins() -> dict[str, list[str]]:
    """Return, by peer, the requirements of its environment."""
    lines = [line.split() for line in PINS.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {requirements[0].partition("==")[0]: requirements for requirements in lines}


def install(folder: Path) -> None:
    """Create one environment per peer in `folder`, outside the project."""
    for name, requirements in pins().items():
        print(f"installing {requirements[0]} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        subprocess.run([str(folder / name / "bin" / "python"), "-m", "pip", "install", "--quiet",
                        "--disable-pip-version-check", *requirements], check=True)


def interpreter(folder: Path, name: str | None) -> Path | None:
    """Return the Python that has the peer `name`, our own for None, or None if the peer is not installed."""
    if name is None:
        return Path(sys.executable)
    python = folder / name / "bin" / "python"
    return python if python.exists() else None


def version_note(folder: Path, name: str) -> str:
    """Return the installed version of a peer, and the pinned one where it differs; empty if not installed."""
    python = interpreter(folder, name)
    if python is None:
        return ""
    code = f"import importlib.metadata; print(importlib.metadata.version({name!r}))"
    found = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    pinned = pins()[name][0].partition("==")[2]
    return f"{name} {found}" + ("" if found == pinned else f" (pinned: {pinned})")
