"""The folder of one run: complete under its final name, or visibly incomplete."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backtrader_system.errors import BacktraderSystemError, OutputError
from backtrader_system.file_output import explain_os_errors, write_text

INCOMPLETE = ".incomplete"
INCOMPLETE_NOTE = "INCOMPLETE.txt"
LATEST = "latest"
MAX_NAME_LENGTH = 60
MAX_RUNS_PER_SECOND = 1_000

Clock = Callable[[], datetime]
logger = logging.getLogger("backtrader_system")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where a run writes now, and where its files are once it succeeded.

    path : the working folder, `<final_path>.incomplete`.
    final_path : `<output-dir>/<YYYYMMDD_HHMMSS>_<config>`, with `-2` and so on for runs of the same second.
    timestamp : YYYYMMDD_HHMMSS of the clock; part of the file names.
    """

    path: Path
    final_path: Path
    timestamp: str


@contextmanager
def open_run_folder(
    output_dir: Path | str, config_name: str, *, clock: Clock = datetime.now
) -> Iterator[RunFolder]:
    """Create the folder of a run, and give it its final name when the body has succeeded.

    output_dir : created with its parents if need be; no existing run in it is ever changed.
    config_name : becomes part of the folder's name; characters other than letters, digits, `.`, `_`, `-`
        become `_`, so a name cannot leave `output_dir`.
    clock : returns the moment that names the folder.

    If the body raises, Ctrl-C included, or the process dies, the folder keeps its `.incomplete` name and
    `INCOMPLETE.txt` says why. `run.log` takes what the logger `backtrader_system` hears meanwhile.

    Raises
    ------
    OutputError
        If the folder cannot be created or renamed; before the body where it can be known before.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as results:
    ...     with open_run_folder(results, "sample", clock=lambda: datetime(2024, 1, 2, 3, 4, 5)) as folder:
    ...         _ = (folder.path / "report.md").write_text("done")
    ...     print(folder.final_path.name, (Path(results) / "latest" / "report.md").read_text())
    20240102_030405_sample done
    """
    folder = _claim_folder(Path(output_dir), config_name, clock())
    note = folder.path / INCOMPLETE_NOTE
    try:
        write_text(note, "This run has not finished: it is still running, or its process was killed.\n")
        with _log_file(folder.path / "run.log"):
            yield folder
        with explain_os_errors("finish the run folder", folder.final_path):
            note.unlink()
            folder.path.rename(folder.final_path)
    except BaseException as error:
        _leave_note(note, error)
        raise
    point_latest_at(folder.final_path)


def safe_name(name: str) -> str:
    """Return `name` as one path component of letters, digits, `.`, `_` and `-`.

    Examples
    --------
    >>> safe_name("../my config.yaml"), safe_name("..")
    ('my_config', 'run')
    """
    name = name.removesuffix(".yaml").removesuffix(".yml")
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:MAX_NAME_LENGTH].strip("._-")
    return cleaned.removesuffix(INCOMPLETE) or "run"


def point_latest_at(run: Path) -> None:
    """Make `latest` beside `run` point to it, by a relative link, or by `latest.txt` where links cannot be made.

    The old link is replaced in one step, so a reader sees the old run or the new one.

    Raises
    ------
    OutputError
        If neither can be written; `run` itself is complete then.
    """
    link, text = run.parent / LATEST, run.parent / f"{LATEST}.txt"
    temporary = run.parent / f".{LATEST}.{os.getpid()}.tmp"
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(run.name, target_is_directory=True)
    except (OSError, NotImplementedError):   # a file system or a Windows account without links
        write_text(text, f"{run.name}\n")
        return
    with explain_os_errors(f"point to the complete run {run.name} from", link):
        try:
            os.replace(temporary, link)
        finally:
            temporary.unlink(missing_ok=True)
        text.unlink(missing_ok=True)


def _claim_folder(output_dir: Path, config_name: str, moment: datetime) -> RunFolder:
    """Create the working folder. Creating it is the claim, so two processes never share one."""
    with explain_os_errors("create the output folder", output_dir):
        output_dir.mkdir(parents=True, exist_ok=True)
    link = output_dir / LATEST
    if link.exists() and not link.is_symlink():
        raise OutputError(f"cannot use {output_dir}: {link} is not a link to a run; move it out of the way")
    timestamp = moment.strftime("%Y%m%d_%H%M%S")
    for number in range(1, MAX_RUNS_PER_SECOND + 1):
        suffix = "" if number == 1 else f"-{number}"
        final = output_dir / f"{timestamp}_{safe_name(config_name)}{suffix}"
        working = final.with_name(final.name + INCOMPLETE)
        with explain_os_errors("create the run folder", working):
            try:
                working.mkdir()
            except FileExistsError:
                continue
        if final.exists():      # a run of this second that has finished; asked after the claim, so it cannot change
            working.rmdir()
            continue
        return RunFolder(working, final, timestamp)
    raise OutputError(f"cannot name a run folder in {output_dir}: {MAX_RUNS_PER_SECOND} runs have the time {timestamp}")


def _leave_note(note: Path, error: BaseException) -> None:
    if isinstance(error, KeyboardInterrupt):
        reason = "It was interrupted (Ctrl-C)."
    elif isinstance(error, BacktraderSystemError):
        reason = f"It stopped with an error: {error}"
    else:
        reason = f"It stopped with an unexpected {type(error).__name__}: {error}"
    try:
        write_text(note, f"This run has not finished. {reason}\n")
    except OutputError as failure:
        # The disk may be full: the first note, or the folder's name alone, still says incomplete.
        error.add_note(str(failure))


class _RunLogHandler(logging.FileHandler):
    """Writes `run.log`; a log that cannot be written stops the run instead of printing a traceback per line."""

    def handleError(self, record: logging.LogRecord) -> None:
        with explain_os_errors("write", Path(self.baseFilename)):
            raise


@contextmanager
def _log_file(path: Path) -> Iterator[None]:
    with explain_os_errors("write", path):
        handler = _RunLogHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(min(logging.INFO, logger.getEffectiveLevel()))
    try:
        logger.info("run started")
        yield
        logger.info("run finished")
    except BaseException:
        logger.info("run stopped", exc_info=True)
        raise
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        with explain_os_errors("write", path):
            handler.close()
