"""The kernel as the event engine's independent check: the same run, simulated twice, fill by fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from backtrader_system.engine.kernel.rule_table import kernel_supports
from backtrader_system.errors import ReconciliationError

if TYPE_CHECKING:
    from backtrader_system.engine.backtest import Ledgers
    from backtrader_system.engine.kernel.kernel_ledgers import KernelLedgers
    from backtrader_system.market_data.panel import BarPanel
    from backtrader_system.progress import Progress
    from backtrader_system.settings.settings import Settings
    from backtrader_system.signals.scored import ScoredPanel

RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-9, 1e-9
PRICE_TOLERANCE = 1e-18      # dollars a share: a token may cost a millionth of a dollar
_FILLED = ("filled", "partly_filled")
_ACTION_KEY = ("session", "symbol")


@dataclass(frozen=True, slots=True)
class Verification:
    """What the kernel says of one run.

    reason : why the run was not verified; empty if it was. n_fills : how many fills were compared.

    Examples
    --------
    >>> Verification("ml_trading", n_fills=1234).text
    'ml_trading: verified by the kernel, 1,234 fills agree'
    >>> Verification("my_rules", "the strategy 'my_rules' is not built in").text
    "my_rules: not verified by the kernel: the strategy 'my_rules' is not built in"
    """

    strategy: str
    reason: str = ""
    n_fills: int = 0

    @property
    def text(self) -> str:
        if self.reason:
            return f"{self.strategy}: not verified by the kernel: {self.reason}"
        plural = "" if self.n_fills == 1 else "s"
        return f"{self.strategy}: verified by the kernel, {self.n_fills:,} fill{plural} agree"


def verify_with_kernel(
    ledgers: Ledgers, bars: BarPanel, scored: ScoredPanel | None, settings: Settings, *,
    known: Mapping[str, np.ndarray] | None = None, strategy_name: str | None = None, progress: Progress | None = None,
) -> Verification:
    """Simulate a run of the event engine again with the kernel and compare order by order.

    ledgers : what `run_backtest` returned for the other arguments. Compared are every order's end, every fill (session,
        symbol, type, reason and shares exactly, price and costs to 1e-9), corporate actions, cash and equity.
    Raises: ReconciliationError naming the first order that differs and both sides' values.
    """
    name = strategy_name or settings.strategy.name
    reasons = kernel_supports(settings, strategy_name)
    if reasons:
        return Verification(name, "; ".join(reasons))
    from backtrader_system.engine.kernel.compiling import is_compiled
    from backtrader_system.engine.kernel.run import run_kernel

    if progress is not None and not is_compiled():
        progress.say("Compiling the second engine, once after an install or an update ...")
    kernel = run_kernel(bars, scored, settings, known=known, strategy_name=strategy_name)
    fault = first_difference(ledgers, kernel)
    if fault:
        raise ReconciliationError(
            f"the event engine and the kernel disagree about '{name}', so one of them is wrong and nothing the run "
            f"says can be trusted. If you changed strategies/{name}.py in place, give your copy a name of its own; "
            "otherwise please report this with the settings of the run.", faults=[fault])
    return Verification(name, n_fills=len(kernel.fills))


def first_difference(ledgers: Ledgers, kernel: KernelLedgers) -> str:
    """Return the first place where the ledgers of the two engines differ, in words; nothing if they agree."""
    fills = ledgers.orders[ledgers.orders["status"].isin(_FILLED)]
    ends = ledgers.orders.drop_duplicates("order_id", keep="last")
    by_order = kernel.fills.sort_values("order_id", kind="stable")
    tables = (
        ("fill", fills, by_order, ("order_id", "session", "symbol", "order_type", "reason", "size"),
         ("price", "commission", "slippage")),
        ("order", ends, kernel.orders, ("order_id", "symbol", "order_type", "status"), ()),
        ("corporate action", _sorted(ledgers.actions), _sorted(kernel.actions), (*_ACTION_KEY, "kind"),
         ("ratio", "shares", "amount")),
        ("session", ledgers.equity, kernel.equity, ("session",), ("cash", "equity")),
    )
    faults = [fault for fault in (_table_difference(*table) for table in tables) if fault]
    return faults[0] if faults else ""


def _sorted(actions: pd.DataFrame) -> pd.DataFrame:
    return actions.sort_values(list(_ACTION_KEY), kind="stable")


def _table_difference(
    what: str, ours: pd.DataFrame, theirs: pd.DataFrame, exact: tuple[str, ...], close: tuple[str, ...]
) -> str:
    """Return the first row in which two tables differ, in words."""
    n_both = min(len(ours), len(theirs))
    columns = [*exact, *close]
    ours, theirs = ours[columns].reset_index(drop=True), theirs[columns].reset_index(drop=True)
    differs = np.zeros(n_both, dtype=bool)
    for name in exact:
        differs |= ours[name].to_numpy()[:n_both] != theirs[name].to_numpy()[:n_both]
    for name in close:
        differs |= ~np.isclose(
            ours[name].to_numpy(float)[:n_both], theirs[name].to_numpy(float)[:n_both], rtol=RELATIVE_TOLERANCE,
            atol=PRICE_TOLERANCE if name == "price" else ABSOLUTE_TOLERANCE, equal_nan=True)
    if differs.any():
        row = int(np.argmax(differs))
        return f"{what}: the event engine says {_words(ours, row)}; the kernel says {_words(theirs, row)}"
    if len(ours) != len(theirs):
        return f"{what}: the event engine says {_words(ours, n_both)}; the kernel says {_words(theirs, n_both)}"
    return ""


def _words(table: pd.DataFrame, row: int) -> str:
    if row >= len(table):
        return f"nothing after {len(table)} of them"
    return ", ".join(
        f"{name} {value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else f"{name} {value}"
        for name, value in table.iloc[row].items())
