"""Files that a command writes beside a run: an older one of its own is replaced, anything else is left alone."""

from __future__ import annotations

from pathlib import Path

from backtrader_system.errors import OutputError


def check_own(path: Path, beginning: str = "") -> None:
    """Raise OutputError if `path` holds something that this command did not write.

    beginning : how such a file begins; an empty one means that no existing file may be replaced.
    """
    if not path.exists():
        return
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; name a file")
    with path.open("rb") as file:
        is_own = bool(beginning) and file.read(len(beginning)) == beginning.encode()
    if not is_own:
        raise OutputError(f"{path}: exists and was not written by this command; name another file or remove it first")
