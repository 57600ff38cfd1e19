"""Stop, target and trailing stop of a compiled run: live from the fill of the entry on."""

from __future__ import annotations

import math

import numpy as np

from backtrader_system.engine.kernel.compiling import compiled
from backtrader_system.engine.kernel.orders import end, send
from backtrader_system.engine.kernel.records import END, KIND, REASON
from backtrader_system.engine.protection import stop_level, target_level, trailing_anchor, trailing_level


@compiled
def protect(run, session, column) -> None:
    """Replace the exits of a position by ones for its present size and average price, as its newest entry asks."""
    rules, position = run.rules, run.book[column]
    if not has_protection(rules, position):
        return
    old = run.orders[column, KIND.TRAIL].level if run.orders[column, KIND.TRAIL].id > 0 else np.nan
    for kind in range(KIND.STOP, KIND.TARGET + 1):
        end(run, session, column, kind, END.CANCELLED)
    stop = stop_level(position.price, rules.stop_loss_fraction, position.stop_distance)
    target = target_level(position.price, rules.take_profit_fraction, position.target_distance)
    if stop > 0:
        send(run, session, column, KIND.STOP, position.size, stop, np.nan, REASON.STOP)
    if rules.trailing_stop_fraction == rules.trailing_stop_fraction or not math.isnan(position.trail_distance):
        send_trail(run, session, column, old)
    if target > 0:
        send(run, session, column, KIND.TARGET, position.size, target, np.nan, REASON.TARGET)


@compiled
def has_protection(rules, position):
    """Return whether the waiting buy brings any exit."""
    return not (
        math.isnan(rules.stop_loss_fraction) and math.isnan(rules.take_profit_fraction)
        and math.isnan(rules.trailing_stop_fraction) and math.isnan(position.stop_distance)
        and math.isnan(position.target_distance) and math.isnan(position.trail_distance))


@compiled
def send_trail(run, session, column, old_level) -> None:
    """Send a trailing stop that never stands lower than the one it replaces; it may begin at 0 or below."""
    rules, position = run.rules, run.book[column]
    anchor = position.price
    if not math.isnan(old_level):
        anchor = max(anchor, trailing_anchor(old_level, rules.trailing_stop_fraction, position.trail_distance))
    level = trailing_level(anchor, rules.trailing_stop_fraction, position.trail_distance)
    send(run, session, column, KIND.TRAIL, position.size, level, position.trail_distance, REASON.TRAIL)
