"""Writing files so that each is whole or absent, and so that a failure tells what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backtrader_system.errors import OutputError

_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space, or choose another disk with --output-dir",
    errno.EDQUOT: "your disk quota is used up: delete files, or choose another disk with --output-dir",
    errno.EROFS: "the file system is read-only: choose another folder with --output-dir",
    errno.EACCES: "you may not write there: change its permissions, or choose another folder with --output-dir",
    errno.EPERM: "you may not write there: change its permissions, or choose another folder with --output-dir",
    errno.ENOTDIR: "a part of this path is a file, not a folder: choose another folder with --output-dir",
    errno.EEXIST: "a file of that name is in the way: move it, or choose another folder with --output-dir",
    errno.EISDIR: "a folder of that name is in the way: move it, or choose another folder with --output-dir",
    errno.ENAMETOOLONG: "the name is too long: use a shorter --output-dir or config name",
}


@contextmanager
def explain_os_errors(action: str, path: Path) -> Iterator[None]:
    """Turn an OSError of the body into an OutputError: `action`, `path`, the reason and what to do."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "check the folder, or choose another with --output-dir")
        reason = error.strerror or str(error)
        raise OutputError(f"cannot {action} {path}: {reason}; {advice}") from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` by way of a neighbour that is renamed when complete.

    Raises
    ------
    OutputError
        If the disk is full, the folder is read-only, or a folder of that name is in the way.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with explain_os_errors("write", path):
        try:
            temporary.write_bytes(content)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_text(path: Path, content: str) -> None:
    """Write text as UTF-8 with LF line ends, the same bytes on every system. See `write_bytes`."""
    write_bytes(path, content.encode("utf-8"))
