"""Writing files so that each is whole or absent, and so that a failure tells what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backtrader_system.errors import OutputError

_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space, or choose another disk with {option}",
    errno.EDQUOT: "your disk quota is used up: delete files, or choose another disk with {option}",
    errno.EROFS: "the file system is read-only: choose another folder with {option}",
    errno.EACCES: "you may not write there: change its permissions, or choose another folder with {option}",
    errno.EPERM: "you may not write there: change its permissions, or choose another folder with {option}",
    errno.ENOTDIR: "a part of this path is a file, not a folder: choose another folder with {option}",
    errno.EEXIST: "a file of that name is in the way: move it, or choose another folder with {option}",
    errno.EISDIR: "a folder of that name is in the way: move it, or choose another folder with {option}",
    errno.ENAMETOOLONG: "the name is too long: use a shorter {option} or config name",
}


@contextmanager
def explain_os_errors(action: str, path: Path, option: str = "--output-dir") -> Iterator[None]:
    """Turn an OSError of the body into an OutputError: `action`, `path`, the reason and what to do by `option`."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "check the folder, or choose another with {option}")
        reason = error.strerror or str(error)
        raise OutputError(f"cannot {action} {path}: {reason}; {advice.format(option=option)}") from error


def write_bytes(path: Path, content: bytes, *, option: str = "--output-dir") -> None:
    """Write `content` to `path` by way of a neighbour that is renamed when complete.

    option : the option of the command line that chose the place; named in the advice of an error.

    Raises
    ------
    OutputError
        If the disk is full, the folder is read-only, or a folder of that name is in the way.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with explain_os_errors("write", path, option):
        try:
            temporary.write_bytes(content)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_text(path: Path, content: str) -> None:
    """Write text as UTF-8 with LF line ends, the same bytes on every system. See `write_bytes`."""
    write_bytes(path, content.encode("utf-8"))
