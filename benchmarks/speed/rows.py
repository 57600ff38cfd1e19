"""The works of the race: who runs what, against whom, and how much faster we want to be."""

from __future__ import annotations

from dataclasses import dataclass, replace

from speed.race import Contestant, Ground
from speed.rules import STOPS_AND_TARGETS, Rules

OURS = Contestant("event engine", "ours", repeats=3, warm_up=True)
STOCK = Contestant("stock Backtrader", "stock")
STOCK_QUIET = Contestant("stock Backtrader, observers off", "stock", options={"observers": False})
NAUTILUS = Contestant("nautilus_trader (approximate)", "peer_nautilus", "nautilus_trader", warm_up=True)
ZIPLINE = Contestant("zipline-reloaded (approximate)", "peer_zipline", "zipline-reloaded", warm_up=True)
PYBROKER = Contestant("pybroker (approximate)", "peer_pybroker", "lib-pybroker", warm_up=True)
USER = Contestant("the user's strategy on ours", "user_on_ours", repeats=3, warm_up=True)
USER_STOCK = Contestant("stock Backtrader", "stock", options={"ledgers": "backtrader"})
KERNEL = Contestant("kernel", "kernel", repeats=15, warm_up=True)
VECTORBT = Contestant("vectorbt, custom order function", "peer_vectorbt", "vectorbt", repeats=15, warm_up=True)


@dataclass(frozen=True, slots=True)
class Rival:
    """Whom to beat, and by what factor; None: only shown."""

    contestant: Contestant
    target: float | None = None
    stretch: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One work.

    whole_process : whether the time counts from the start of the interpreter to its end. target_seconds,
    stretch_seconds, target_mib : absolute targets, where a work has them. flat_against : a smaller work of ours; this
    one may hardly add more memory to its process.
    """

    key: str
    work: str
    ground: Ground
    ours: Contestant
    rivals: tuple[Rival, ...] = ()
    rules: Rules = STOPS_AND_TARGETS
    whole_process: bool = False
    target_seconds: float | None = None
    stretch_seconds: float | None = None
    target_mib: float | None = None
    flat_against: Contestant | None = None

    @property
    def contestants(self) -> tuple[Contestant, ...]:
        """All who run, ours first."""
        extra = () if self.flat_against is None else (self.flat_against,)
        return (self.ours, *(rival.contestant for rival in self.rivals), *extra)

    def shortened(self, divisor: int) -> Row:
        """Return the row on fewer sessions."""
        if divisor == 1:
            return self
        n_sessions = max(self.ground.n_sessions // divisor, 252)
        return replace(self, work=f"{self.work} [cut to {n_sessions} sessions]",
                       ground=replace(self.ground, n_sessions=n_sessions))


def _sweep(contestant: Contestant, n_settings: int, **options: object) -> Contestant:
    return replace(contestant, options={"n_settings": n_settings, **options}, repeats=1, warm_up=False)


def _with(contestant: Contestant, label: str, **options: object) -> Contestant:
    return replace(contestant, label=label, options=contestant.options | options)


ROWS = (
    Row("small", "event engine, 20 x 252", Ground(20, 252), replace(OURS, repeats=9),
        (Rival(replace(STOCK, repeats=3, warm_up=True), 10, 25),
         Rival(replace(STOCK_QUIET, repeats=3, warm_up=True)))),
    Row("medium", "event engine, 100 x 2,520", Ground(100, 2520), OURS,
        (Rival(STOCK, 35, 50), Rival(STOCK_QUIET), Rival(NAUTILUS, 10), Rival(ZIPLINE, 10), Rival(PYBROKER, 10))),
    Row("large", "event engine, 500 x 2,520", Ground(500, 2520), replace(OURS, repeats=2),
        (Rival(STOCK, 120, 250), Rival(STOCK_QUIET))),
    Row("memory", "event engine, 500 x 2,520, one run in a fresh process", Ground(500, 2520),
        replace(OURS, repeats=1, warm_up=False), target_mib=300),
    Row("calendars", "unequal calendars, 100 x 2,520, 15 % late and 15 % delisted",
        Ground(100, 2520, late_fraction=0.15, delisted_fraction=0.15), OURS,
        (Rival(STOCK, 20, 40), Rival(STOCK_QUIET))),
    Row("user", "a user's Backtrader strategy and stock analyzers, 100 x 2,520", Ground(100, 2520), USER,
        (Rival(USER_STOCK, 8, 12), Rival(_with(USER_STOCK, "stock Backtrader, observers off", observers=False)))),
    Row("user-broker", "the same with Backtrader's own broker on our feeds", Ground(100, 2520),
        _with(USER, "the user's strategy, stock broker", broker="stock"), (Rival(USER_STOCK),)),
    Row("user-indicators", "a user's strategy with 3 indicators per symbol, 100 x 2,520", Ground(100, 2520),
        _with(USER, "the user's strategy on ours", strategy="indicators"),
        (Rival(_with(USER_STOCK, "stock Backtrader", strategy="indicators")),)),
    Row("kernel", "kernel, one run with ledgers, 500 x 2,520, warm", Ground(500, 2520), KERNEL,
        (Rival(_with(VECTORBT, "vectorbt with orders, trades, equity", ledgers=True), 5, 9), Rival(VECTORBT))),
    Row("kernel-simulation", "kernel, one run, arrays ready, figures only, 500 x 2,520, warm", Ground(500, 2520),
        _with(KERNEL, "kernel, simulation only", only_simulation=True), (Rival(VECTORBT, 5, 9),)),
    Row("kernel-first", "kernel, first run of a new process, 20 x 252", Ground(20, 252),
        replace(KERNEL, repeats=1, warm_up=False), target_seconds=1),
    Row("kernel-compile", "the same with nothing compiled yet", Ground(20, 252),
        replace(KERNEL, repeats=1, warm_up=False, nothing_compiled=True)),
    Row("sweep", "kernel, 200 settings, 100 x 2,520, whole process from its start", Ground(100, 2520),
        _sweep(KERNEL, 200),
        (Rival(_sweep(VECTORBT, 200), 5, 15),
         Rival(_with(_sweep(VECTORBT, 200), "vectorbt, asked for trades and drawdown too", metrics=True))),
        whole_process=True),
    Row("sweep-large", "kernel, 5,000 settings, 100 x 2,520, whole process", Ground(100, 2520), _sweep(KERNEL, 5000),
        whole_process=True, target_seconds=15, stretch_seconds=5,
        flat_against=_with(_sweep(KERNEL, 200), "kernel, 200 settings")),
)
