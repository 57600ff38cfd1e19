"""Do the contestants that follow the same rules make the same trades? Speed means nothing otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from speed.outcome import Agreement, compare
from speed.race import Contestant, Ground, Track
from speed.rows import KERNEL, OURS, STOCK_QUIET, USER, VECTORBT
from speed.rules import MARKET_ORDERS_ONLY, STOPS_AND_TARGETS, WIDE_STOPS, Rules

EQUAL = Ground(100, 2520)
LATE = Ground(100, 2520, late_fraction=0.3)
DELISTED = Ground(100, 2520, late_fraction=0.15, delisted_fraction=0.15)
STOCK = STOCK_QUIET             # observers change no trade
USER_TRADES = replace(USER, label="the user's strategy, our broker", options={"ledgers": "own"})
USER_STOCK_BROKER = replace(USER, label="the user's strategy, Backtrader's broker on our feeds",
                            options={"ledgers": "own", "broker": "stock"})


@dataclass(frozen=True, slots=True)
class Check:
    """Two contestants that must agree.

    expects : whether an `Agreement` is as it must be, given the first session in which ours did what stock cannot.
    """

    what: str
    left: Contestant
    right: Contestant
    ground: Ground
    rules: Rules
    expects: Callable[[Agreement, str | None], bool]
    because: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. is_fine : None if a contestant is not installed."""

    text: str
    is_fine: bool | None


def same(agreement: Agreement, _first: str | None) -> bool:
    return agreement.is_exact


def same_sessions(agreement: Agreement, _first: str | None) -> bool:
    return agreement.n_ours == agreement.n_theirs == agreement.n_equal


def same_until_named(agreement: Agreement, first: str | None) -> bool:
    """Every trade agrees until ours first does what stock cannot; later ones hang on the slot that it freed."""
    return agreement.first_difference == first


TARGETS_SLIP = "the same sessions; profits differ, for stock slips no limit order inside the bar"
CHECKS = (
    Check("market orders only", OURS, STOCK, EQUAL, MARKET_ORDERS_ONLY, same, "every trade, price and profit"),
    Check("market orders only, 30 % listed late", OURS, STOCK, LATE, MARKET_ORDERS_ONLY, same,
          "every trade, price and profit"),
    Check("wide stops and targets", OURS, STOCK, EQUAL, WIDE_STOPS, same_sessions, TARGETS_SLIP),
    Check("the timed rules", OURS, STOCK, EQUAL, STOPS_AND_TARGETS, same_until_named,
          "the same until the first exit in its entry bar, where stock's exits sleep"),
    Check("the timed rules, late and delisted", OURS, STOCK, DELISTED, STOPS_AND_TARGETS, same_until_named,
          "the same until the first exit in its entry bar or of a delisted symbol, which stock keeps for ever"),
    Check("a user's strategy, Backtrader's broker", USER_STOCK_BROKER, STOCK, EQUAL, STOPS_AND_TARGETS, same,
          "every trade, price and profit"),
    Check("a user's strategy, our broker", USER_TRADES, STOCK, EQUAL, STOPS_AND_TARGETS, same_sessions, TARGETS_SLIP),
    Check("kernel and event engine", KERNEL, OURS, EQUAL, STOPS_AND_TARGETS, same, "every trade, price and profit"),
    Check("kernel and vectorbt", KERNEL, VECTORBT, EQUAL, STOPS_AND_TARGETS, same, "every trade, price and profit"),
)


def run_checks(track: Track, *, divisor: int) -> Iterator[Finding]:
    """Yield what each check finds; `divisor` shortens the markets."""
    trades: dict[tuple, tuple[list, str | None, float]] = {}
    for check in CHECKS:
        if not all(track.has(side) for side in (check.left, check.right)):
            yield Finding(f"{check.what}: not checked, {check.right.label} is not installed", None)
            continue
        ground = replace(check.ground, n_sessions=max(check.ground.n_sessions // divisor, 252))
        for side in (check.left, check.right):
            key = (side.label, ground, check.rules)
            if key not in trades:
                found = track.run(replace(side, repeats=1, warm_up=False), ground, check.rules).outcome
                trades[key] = found.trades, found.first_beyond_stock, found.n_notifications
        (left, first, notified), (right, _, notified_right) = (
            trades[side.label, ground, check.rules] for side in (check.left, check.right))
        agreement = compare(left, right, check.rules.cash)
        is_fine = check.expects(agreement, first)
        if notified and notified_right:
            is_fine = is_fine and notified == notified_right
        yield Finding(_text(check, agreement, is_fine=is_fine), is_fine)


def _text(check: Check, agreement: Agreement, *, is_fine: bool) -> str:
    first = f"; first difference {agreement.first_difference}" if agreement.first_difference else ""
    return (
        f"{'ok' if is_fine else 'NOT AS EXPECTED'}: {check.what}: {check.left.label} {agreement.n_ours:,} trades, "
        f"{check.right.label} {agreement.n_theirs:,}, {agreement.n_equal:,} in the same sessions (prices to "
        f"{agreement.worst_price:.0e}, profits to {agreement.worst_pnl:.0e} of the capital){first}. "
        f"Expected: {check.because}.")
