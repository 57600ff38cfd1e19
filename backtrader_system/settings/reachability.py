"""Settings that can never act: limits that another one beats, and values that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

from backtrader_system.settings.puts_unread import unread_by_puts
from backtrader_system.settings.settings import Settings
from backtrader_system.settings.trading import ExitSettings, SizerSettings
from backtrader_system.settings.yaml_source import Document, dotted, place

TOLERANCE = 1e-9        # 0.95 + 0.05 may be a little more than 1

# Settings that only one sizer reads; `strategy` holds some of them because the original did.
_READ_BY = {
    "kelly": (("strategy", "kelly_multiplier"), ("strategy", "avg_win"), ("strategy", "avg_loss"),
              ("sizer", "prior_trades"), ("sizer", "prior_win_rate"), ("sizer", "kelly_reading"),
              ("sizer", "kelly_min_trades")),
    "fixed_cash": (),
    "fixed_fraction": (("sizer", "fraction"),),
    "equal_weight": (),
}
# Exits that look at a signal, or at the gain it brought. The strategy `conviction` has none of them.
_DECAY = ("decay_min_holding_sessions", "decay_drop", "decay_ceiling", "decay_hold_is_zero")
_SELL_SIGNAL = ("sell_all_strength", "sell_part_strength", "sell_part_fraction", "winner_gain_fraction", "winner_shift",
                "other_shift")


@dataclass(frozen=True, slots=True)
class _Finding:
    """One warning: the keys it is about, the first of which gives file and line, and why they never act."""

    keys: tuple[tuple[str, ...], ...]
    reason: str


def unreachable(settings: Settings, document: Document) -> tuple[str, ...]:
    """Return one warning for each setting that can never act, `file:line: section.key: why`.

    A value that nothing reads is only worth a warning if it is not the default: somebody meant something by it.
    """
    is_puts = settings.system == "put_recommendations"
    findings = [] if is_puts else [
        *_position_limits(settings), *_account_limits(settings), *_exits(settings), *_models(settings)]
    unread = _unread_in_puts(settings) if is_puts else _unread(settings)
    default = Settings()
    for finding in unread:
        chosen = tuple(key for key in finding.keys if _value(settings, key) != _value(default, key))
        if chosen:
            findings.append(_Finding(chosen, finding.reason))
    return tuple(_text(finding, document) for finding in findings)


def _value(settings: Settings, key: tuple[str, ...]) -> object:
    return reduce(getattr, key, settings)


def _text(finding: _Finding, document: Document) -> str:
    first, *others = finding.keys
    names = ", ".join([place(document.origin(first), first), *(dotted(key) for key in others)])
    return f"{names}: {finding.reason}"


def _position_limits(settings: Settings) -> Iterator[_Finding]:
    limits, sizer = settings.strategy, settings.sizer
    cap = limits.max_symbol_exposure
    for name in ("max_position_size", "max_position_size_exceptional"):
        if getattr(limits, name) > cap:
            yield _Finding((("strategy", name),), f"{getattr(limits, name):.2f} is never reached: "
                           f"max_symbol_exposure {cap:.2f} binds first")
    if limits.max_position_size_exceptional < limits.max_position_size:
        yield _Finding((("strategy", "max_position_size_exceptional"),),
                       f"{limits.max_position_size_exceptional:.2f} lies below max_position_size "
                       f"{limits.max_position_size:.2f}: exceptional signals get smaller positions")
    highest = max(limits.max_position_size, limits.max_position_size_exceptional)
    if highest < cap:
        yield _Finding((("strategy", "max_symbol_exposure"),), f"{cap:.2f} is never reached: the position "
                       f"sizes allow at most {highest:.2f}")
    largest = min(highest, cap)
    if limits.min_order_fraction > largest:
        yield _Finding((("strategy", "min_order_fraction"),), f"{limits.min_order_fraction:.2f} is more than a "
                       f"position may reach ({largest:.2f}): no buy is ever sent")
    if limits.max_positions * largest < limits.target_invested_floor - TOLERANCE:
        yield _Finding((("strategy", "target_invested_floor"),), f"{limits.target_invested_floor:.2f} is never "
                       f"reached: {limits.max_positions} positions of at most {largest:.2f} bind first")
    if sizer.type == "fixed_fraction" and sizer.fraction > largest:
        yield _Finding((("sizer", "fraction"),), f"{sizer.fraction:.2f} is never reached: a position may reach "
                       f"at most {largest:.2f}")
    cash_fraction = sizer.cash_per_position / settings.backtest.initial_capital
    if uses_fixed_cash(sizer) and cash_fraction > largest:
        yield _Finding((("sizer", "cash_per_position"),), f"{sizer.cash_per_position:,.0f} dollars are "
                       f"{cash_fraction:.2f} of the initial capital, more than the {largest:.2f} a position may reach")


def uses_fixed_cash(sizer: SizerSettings) -> bool:
    """Return whether any position gets `cash_per_position`."""
    return sizer.type == "fixed_cash" or (sizer.type == "kelly" and sizer.kelly_min_trades > 0)


def _account_limits(settings: Settings) -> Iterator[_Finding]:
    limits, reserve = settings.strategy, settings.sizer.cash_reserve_fraction
    ceiling, net = limits.target_invested_ceiling, limits.max_net_exposure
    if ceiling > net:
        yield _Finding((("strategy", "target_invested_ceiling"),),
                       f"{ceiling:.2f} is never reached: max_net_exposure {net:.2f} binds first")
    if net > ceiling and not settings.backtest.allow_short:
        yield _Finding((("strategy", "max_net_exposure"),),
                       f"{net:.2f} is never reached: target_invested_ceiling {ceiling:.2f} binds first")
    highest = min(ceiling, net)
    if reserve + highest > 1 + TOLERANCE:
        yield _Finding((("sizer", "cash_reserve_fraction"),), f"{reserve:.2f} kept in cash leaves {1 - reserve:.2f} "
                       f"to invest: the {highest:.2f} that the exposure limits allow is never reached")
    if limits.target_invested_floor > min(highest, 1 - reserve) + TOLERANCE:
        yield _Finding((("strategy", "target_invested_floor"),), f"{limits.target_invested_floor:.2f} is never "
                       f"reached: at most {min(highest, 1 - reserve):.2f} may be invested")


def _exits(settings: Settings) -> Iterator[_Finding]:
    exits = settings.strategy.exits
    for rule in ("stop_loss", "take_profit"):
        if getattr(exits, f"{rule}_fraction") is not None and getattr(exits, f"{rule}_atr") is not None:
            yield _Finding((_exit(f"{rule}_fraction"), _exit(f"{rule}_atr")),
                           "both are given: the one nearer to the price acts")
    is_conviction = settings.strategy.name == "conviction"
    if exits.sell_signal and not is_conviction and exits.sell_part_strength >= exits.sell_all_strength:
        yield _Finding((_exit("sell_part_strength"),), f"{exits.sell_part_strength:.2f} never acts: from "
                       f"sell_all_strength {exits.sell_all_strength:.2f} on everything is sold")
    trail, stop = exits.trailing_stop_fraction, exits.stop_loss_fraction
    if trail is not None and stop is not None and trail <= stop:
        yield _Finding((_exit("stop_loss_fraction"),), f"{stop:.2f} is never reached: the trailing stop "
                       f"{trail:.2f} starts nearer to the price and never moves away")
    target, part = exits.take_profit_fraction, exits.profit_take_gain_fraction
    if target is not None and part is not None and target <= part and not is_conviction:
        yield _Finding((_exit("profit_take_gain_fraction"),), f"{part:.2f} is never reached: take_profit_fraction "
                       f"{target:.2f} sells everything first")
    yield from _time_limits(exits, has_decay=exits.signal_decay and not is_conviction)


def _time_limits(exits: ExitSettings, *, has_decay: bool) -> Iterator[_Finding]:
    """Yield limits that another one always beats; so many sessions last at least so many days."""
    sessions, days = exits.max_holding_sessions, exits.max_holding_calendar_days
    if sessions is not None and days is not None and sessions >= days:
        yield _Finding((_exit("max_holding_sessions"),), f"{sessions} is never reached: max_holding_calendar_days "
                       f"{days} sells first")
    least = exits.decay_min_holding_sessions
    for name, longest in (("max_holding_sessions", sessions), ("max_holding_calendar_days", days)):
        if has_decay and longest is not None and longest <= least:
            yield _Finding((_exit("decay_min_holding_sessions"),), f"{least} is never reached: {name} {longest} "
                           "sells first")
            return


def _models(settings: Settings) -> Iterator[_Finding]:
    models = settings.ml_config
    window = models.training_window_sessions
    if models.enabled and window is not None and window < models.min_training_days:
        yield _Finding((("ml_config", "training_window_sessions"),), f"{window} sessions never hold the "
                       f"{models.min_training_days} rows of min_training_days: no model is ever trained")


def _unread(settings: Settings) -> Iterator[_Finding]:
    """Yield values that nothing reads under the other settings; they matter only where someone gave them."""
    kind = settings.sizer.type
    # Its scenario `sizing` compares fixed dollars with both readings of Kelly, whatever sizer the run has. Its config
    # sets them, so leaving the scenario out for once is no reason to warn.
    has_sizing_scenario = settings.system == "conviction"
    for reader, keys in _READ_BY.items():
        if reader != kind and keys and not (reader == "kelly" and has_sizing_scenario):
            yield _Finding(keys, f"not used by sizer.type {kind}")
    if not (uses_fixed_cash(settings.sizer) or has_sizing_scenario):
        yield _Finding((("sizer", "cash_per_position"),), f"not used by sizer.type {kind}" + (
            " while kelly_min_trades is 0" if kind == "kelly" else ""))
    if settings.strategy.name == "conviction":
        yield from _unread_by_conviction(settings.strategy.exits)
    else:
        yield from _unread_exits(settings.strategy.exits)
    if settings.universe.membership is None:
        yield _Finding((("universe", "on_leave"),), "not used without universe.membership: no symbol ever leaves")
    if settings.strategy.name == "buy_and_hold":
        names = ("profile", "signal_threshold", "max_positions", "add_to_positions")
        yield _Finding(tuple(("strategy", name) for name in names), "not used by strategy buy_and_hold")
    yield from _unread_data(settings)


def _unread_in_puts(settings: Settings) -> Iterator[_Finding]:
    for keys, reason in unread_by_puts(settings):
        yield _Finding(keys, reason)
    yield from _unread_data(settings)


def _unread_exits(exits: ExitSettings) -> Iterator[_Finding]:
    if not exits.signal_decay:
        yield _Finding(tuple(_exit(name) for name in _DECAY), "not used while signal_decay is false")
    if not exits.sell_signal:
        yield _Finding(tuple(_exit(name) for name in _SELL_SIGNAL), "not used while sell_signal is false")
    if exits.profit_take_gain_fraction is None:
        yield _Finding((_exit("profit_take_fraction"),), "not used while profit_take_gain_fraction is null")


def _unread_by_conviction(exits: ExitSettings) -> Iterator[_Finding]:
    """Yield exits that the strategy never asks; switching one off is what it does anyway."""
    names = [*_SELL_SIGNAL, *_DECAY, "profit_take_fraction"]
    names += ["signal_decay"] if exits.signal_decay else []
    names += ["profit_take_gain_fraction"] if exits.profit_take_gain_fraction is not None else []
    yield _Finding(tuple(_exit(name) for name in names), "not used by strategy conviction: it sells at its stop, its "
                   "target and its time limit only")


def _unread_data(settings: Settings) -> Iterator[_Finding]:
    source = settings.data.source
    if source != "files":
        yield _Finding((("data", "path"),), f"not read: data.source is {source}")
    if source != "yahoo":
        yield _Finding((("data", "snapshot"), ("data", "refresh")), f"not used: data.source is {source}")


def _exit(name: str) -> tuple[str, ...]:
    return ("strategy", "exits", name)
