"""Contestants, and how one of them is run and measured in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from speed.market import random_market, save_market
from speed.outcome import Outcome
from speed.peers import interpreter
from speed.rules import Rules

PACKAGE_FOLDER = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who runs.

    module : of this package; see `speed.worker`. peer : the environment it needs, None for ours. repeats, warm_up :
    timed runs per process, and whether an untimed one comes before. nothing_compiled : whether numba starts from an
    empty cache on disk.
    """

    label: str
    module: str
    peer: str | None = None
    options: dict = field(default_factory=dict)
    repeats: int = 1
    warm_up: bool = False
    nothing_compiled: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """One process: the seconds of each timed run, of the whole process, and memory in MiB."""

    seconds: tuple[float, ...]
    process_seconds: float
    before_mib: float
    peak_mib: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Ground:
    """A market to run on, as arguments of `random_market`."""

    n_symbols: int
    n_sessions: int
    late_fraction: float = 0.0
    delisted_fraction: float = 0.0

    @property
    def name(self) -> str:
        parts = (("late", self.late_fraction), ("delisted", self.delisted_fraction))
        return f"{self.n_symbols}x{self.n_sessions}" + "".join(f"_{kind}{part:g}" for kind, part in parts if part)


class ContestantFailed(Exception):
    """A contestant's process ended with an error."""


@dataclass(slots=True)
class Track:
    """Runs contestants; writes each market once. markets, peers : folders. n_bars : bars of the markets made so far."""

    markets: Path
    peers: Path
    n_bars: dict[Ground, int] = field(default_factory=dict)

    def has(self, contestant: Contestant) -> bool:
        """Return whether the environment of `contestant` is installed."""
        return interpreter(self.peers, contestant.peer) is not None

    def market_folder(self, ground: Ground) -> Path:
        folder = self.markets / ground.name
        if ground not in self.n_bars:
            market = random_market(ground.n_symbols, ground.n_sessions, late_fraction=ground.late_fraction,
                                   delisted_fraction=ground.delisted_fraction)
            save_market(market, folder)
            self.n_bars[ground] = market.n_bars
        return folder

    def run(self, contestant: Contestant, ground: Ground, rules: Rules) -> Measured:
        """Return what a fresh process of `contestant` measured.

        Raises: ContestantFailed with the end of its error output.
        """
        command = [
            str(interpreter(self.peers, contestant.peer)), "-m", "speed.worker", contestant.module,
            "--market", str(self.market_folder(ground)), "--rules", json.dumps(asdict(rules)),
            "--options", json.dumps(contestant.options), "--repeats", str(contestant.repeats),
            *(["--warm-up"] if contestant.warm_up else []),
        ]
        with tempfile.TemporaryDirectory(prefix="numba_") as empty:
            environment = os.environ | ({"NUMBA_CACHE_DIR": empty} if contestant.nothing_compiled else {})
            started = time.perf_counter()
            done = subprocess.run(command, cwd=PACKAGE_FOLDER, env=environment, capture_output=True, text=True,
                                  check=False)
            process_seconds = time.perf_counter() - started
        if done.returncode:
            raise ContestantFailed(f"{contestant.label} on {ground.name}: exit code {done.returncode}\n"
                                   f"{done.stderr[-2000:]}")
        found = json.loads(done.stdout.splitlines()[-1])
        return Measured(tuple(found["seconds"]), process_seconds, found["before_mib"], found["peak_mib"],
                        Outcome(**found["outcome"]))


def noise_seconds() -> float:
    """Return the time of a fixed loop; how it varies between runs says how quiet the machine is."""
    started = time.perf_counter()
    total = 0
    for number in range(3_000_000):
        total += number
    return time.perf_counter() - started
