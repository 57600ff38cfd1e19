"""What was run: the facts every report begins with."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from backtrader_system.reports.result import RunResult
from backtrader_system.settings.settings import Settings

SIMULATED = "SIMULATED MARKET: the prices are generated, no real security ever traded at them"
SIMULATED_SIGNALS = "SIMULATED SIGNALS: the ideas are invented and placed over real prices, nobody ever posted them"
OPTION_PRICES = "option prices"
MODEL_PRICES = "MODEL OPTION PRICES: contracts and premiums are made up over the prices, nobody ever quoted them"
SIMULATED_BOTH = "SIMULATED MARKET AND SIGNALS: the prices are generated and the ideas over them are invented"
Change = tuple[str, object, object]
_SOURCES = {"files": "the user's own files", "yahoo": "Yahoo Finance", "simulated": "simulated market"}


def run_facts(result: RunResult) -> dict[str, object]:
    """Return identity, period, universe, capital and costs of a run, as plain values."""
    settings, sessions = result.settings, result.equity["session"] if len(result.equity) else None
    return {
        "id": result.run_id, "name": result.name, "system": settings.system, "strategy": settings.strategy.name,
        "is_simulated": result.is_simulated, "source": _SOURCES[settings.data.source],
        "first_session": None if sessions is None else sessions.iloc[0],
        "last_session": None if sessions is None else sessions.iloc[-1],
        "n_sessions": len(result.equity), "universe": universe_text(settings),
        "initial_capital": settings.backtest.initial_capital, "costs": costs_text(settings),
        "verification": verification_text(result), "warnings": list(result.warnings),
    }


def simulation_text(parts: Collection[str]) -> str:
    """Return what a reader must be told first of a run whose `parts` are simulated; nothing if none is.

    Examples
    --------
    >>> simulation_text(("signals",))[:17], simulation_text(())
    ('SIMULATED SIGNALS', '')
    """
    if "signals" in parts:
        return SIMULATED_BOTH if "market" in parts else SIMULATED_SIGNALS
    texts = ((SIMULATED, "market"), (MODEL_PRICES, OPTION_PRICES))
    return ". ".join(text for text, part in texts if part in parts)


def verification_text(result: RunResult) -> str:
    """Return what the second engine says of the run, in words; nothing for a run that holds no figures."""
    return str(result.metrics.get("checks", {}).get("kernel_verification", ""))


def universe_text(settings: Settings, *, shown: int = 12) -> str:
    """Return which symbols may be traded, in words.

    Examples
    --------
    >>> universe_text(Settings(universe={"symbols": ["KO", "MSFT"]}))
    '2 symbols: KO, MSFT'
    """
    universe = settings.universe
    if universe.symbols is not None:
        more = f" and {len(universe.symbols) - shown} more" if len(universe.symbols) > shown else ""
        plural = "" if len(universe.symbols) == 1 else "s"
        return f"{len(universe.symbols)} symbol{plural}: {', '.join(universe.symbols[:shown])}{more}"
    if universe.file is not None:
        return f"symbols of the file {universe.file}"
    if universe.membership is not None:
        return f"members by date of the file {universe.membership}"
    if settings.data.source == "simulated":
        return f"{settings.data.simulated.n_symbols} simulated symbols"
    return "all symbols of the data"


def costs_text(settings: Settings) -> str:
    """Return the costs per side in words; costs of zero are named only if all are.

    Examples
    --------
    >>> costs_text(Settings())
    'commission 5 bps, slippage 2 bps per side'
    """
    if settings.system == "put_recommendations":
        return _costs_of_puts(settings)
    return _costs_per_side(settings)


def _costs_of_puts(settings: Settings) -> str:
    """Return what selling and buying back a put costs, and what shares of an assignment cost."""
    outcome = settings.puts.outcome
    fill = {"bid": "sold at the bid", "mid": "sold at the mid",
            "part": f"sold at the mid less {outcome.spread_part:.0%} of the half spread"}[outcome.fill]
    fees = [f"{amount:g} {what}" for amount, what in (
        (outcome.fee_per_order, "an order"), (outcome.fee_per_contract, "a contract"),
        (outcome.assignment_fee, "a contract assigned")) if amount]
    shares = f"; assigned shares: {_costs_per_side(settings)}" if outcome.settlement == "physical" else ""
    return f"puts {fill}, fees {', '.join(fees) or 'none'}{shares}"


def _costs_per_side(settings: Settings) -> str:
    costs = settings.backtest
    parts = [
        (costs.commission_bps, f"commission {costs.commission_bps:g} bps"),
        (costs.commission_per_share, f"commission {costs.commission_per_share:g} dollars per share"),
        (costs.commission_minimum, f"at least {costs.commission_minimum:g} dollars per order"),
        (costs.slippage_bps, f"slippage {costs.slippage_bps:g} bps"),
        (costs.half_spread_bps, f"half-spread {costs.half_spread_bps:g} bps"),
        (costs.impact_coefficient, f"square-root impact, coefficient {costs.impact_coefficient:g}"),
    ]
    named = [text for value, text in parts if value]
    return f"{', '.join(named)} per side" if named else "none: commission and slippage are zero"


def changed_settings(settings: Settings) -> list[Change]:
    """Return (key path, value, default) of every setting that is not at its default, in the order of the settings."""
    return _changes(settings.model_dump(mode="json"), Settings().model_dump(mode="json"), "")


def _changes(values: Mapping[str, object], defaults: Mapping[str, object], prefix: str) -> list[Change]:
    found: list[Change] = []
    for key, value in values.items():
        default = defaults.get(key)
        if isinstance(value, Mapping) and isinstance(default, Mapping) and default:
            found += _changes(value, default, f"{prefix}{key}.")
        elif value != default:
            found.append((f"{prefix}{key}", value, default))
    return found
