"""Settings of the section `puts`, and of others, that a run of puts never reads."""

from __future__ import annotations

from collections.abc import Iterator

from backtrader_system.settings.puts import FactorWeights, SyntheticChainSettings, WeightSearchSettings
from backtrader_system.settings.references import reads_bars
from backtrader_system.settings.settings import Settings

ROUNDING = 1e-6
Keys = tuple[tuple[str, ...], ...]
_MARGIN = ("margin_floor_fraction", "margin_safety_factor", "margin_event_buffer")


def unread_by_puts(settings: Settings) -> Iterator[tuple[Keys, str]]:
    """Yield keys that the system `put_recommendations` does not read under the other settings, and why."""
    puts, strategy = settings.puts, type(settings.strategy).model_fields
    yield _keys(("strategy",), *(name for name in strategy if name not in ("name", "params", "exits"))), \
        "not used by system put_recommendations: its rules are in puts.selling"
    yield _keys(("strategy", "exits"), *type(settings.strategy.exits).model_fields), \
        "not used by system put_recommendations: its exits are in puts.selling"
    yield _keys(("sizer",), *(name for name in type(settings.sizer).model_fields if name != "lot_size")), \
        "not used by system put_recommendations: contracts are sized by puts.selling.capital_per_position"
    if not reads_bars(settings):
        yield _keys(("data",), "path"), f"not read: puts.source {puts.source} brings its own prices of the underlyings"
    yield from _unread_sources(settings)
    yield from _unread_money(settings)
    if not puts.weight_search.enabled and not puts.score.learn_weights:
        rest = [name for name in WeightSearchSettings.model_fields if name != "enabled"]
        yield _keys(("puts", "weight_search"), *rest), "not used while puts.weight_search.enabled is false"
    total = sum(getattr(puts.score.weights, name) for name in FactorWeights.model_fields)
    if abs(total - 100) > ROUNDING:
        yield _keys(("puts", "score", "weights"), *FactorWeights.model_fields), (
            f"the six weights sum to {total:g}, those not given keep their default; they are rescaled to 100"
            if total else "all weights are 0: no option has a score")
    if puts.score.arithmetic == "compat":
        yield _keys(("puts", "score"), "missing"), "not used by puts.score.arithmetic compat: a missing factor is zero"


def _unread_sources(settings: Settings) -> Iterator[tuple[Keys, str]]:
    puts = settings.puts
    where = f"not read: puts.source is {puts.source}"
    if puts.source != "chain":
        yield _keys(("puts",), "chain", "underlying_prices"), where
    if puts.source != "collected":
        yield _keys(("puts",), "collected", "stock_names"), where
    if puts.source != "synthetic":
        yield _keys(("puts", "synthetic"), *SyntheticChainSettings.model_fields), where
    else:
        yield _keys(("puts",), "settlements"), where


def _unread_money(settings: Settings) -> Iterator[tuple[Keys, str]]:
    outcome, selling = settings.puts.outcome, settings.puts.selling
    if outcome.fill != "part":
        yield _keys(("puts", "outcome"), "spread_part"), f"not used by puts.outcome.fill {outcome.fill}"
    is_european = settings.puts.quotes.style == "european"
    if is_european:
        yield _keys(("puts", "outcome"), "early_assignment", "deep_time_value"), \
            "not used: European options are exercised at expiry only"
    elif outcome.early_assignment == "never":
        yield _keys(("puts", "outcome"), "deep_time_value"), "not used by puts.outcome.early_assignment never"
    if selling.collateral != "margin":
        yield _keys(("puts", "selling"), *_MARGIN), f"not used by puts.selling.collateral {selling.collateral}"
    if selling.take_profit_fraction == 1:
        yield _keys(("puts", "selling"), "take_profit_fraction"), "1 is never reached before expiry: buying back costs"


def _keys(section: tuple[str, ...], *names: str) -> Keys:
    return tuple((*section, name) for name in names)
