"""The probabilities that puts expire worthless, by five methods."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.pricing.black_scholes import worthless_probability
from backtrader_system.puts.pricing.clocks import rescaled_volatility, years_to_expiry
from backtrader_system.puts.pricing.implied_volatility import implied_volatility
from backtrader_system.puts.probabilities.calibrated import bayesian, bias_corrected
from backtrader_system.puts.probabilities.iv_history import historical_iv
from backtrader_system.puts.probabilities.option_days import option_days
from backtrader_system.puts.probabilities.weighted import COMPAT_WEIGHTS, votes, weighted_average
from backtrader_system.settings.puts import PutsSettings, QuoteSettings

GIVEN, REBUILT = "given", "re-implementation"
_AVERAGED = ("black_scholes", "bias_corrected", "historical_iv")
METHODS = (*_AVERAGED, "weighted", "bayesian")


def method_sources(chain: OptionChain) -> dict[str, str]:
    """Return for each method whether its probabilities are "given" by the source or our "re-implementation".

    A column of the chain counts as given as soon as it holds one value; its gaps stay unknown then.
    """
    return {method: GIVEN if _given(chain, method) is not None else REBUILT for method in METHODS}


def probability_methods(chain: OptionChain, outcomes: pd.DataFrame, settings: PutsSettings) -> pd.DataFrame:
    """Return the probabilities of all methods, one row per quote of `chain`, in [0, 1], NaN unknown.

    outcomes : one row per contract: number, expiry_session, worthless (1.0, 0.0, NaN).
    Columns: black_scholes (exact), bias_corrected, historical_iv, weighted, bayesian. Given columns of the chain are
    taken as they are (`method_sources`); the others are a walk-forward re-implementation: the value of a quote uses
    its own prices and the outcomes of contracts that had expired before its month began.
    """
    if chain.quotes.empty:
        return pd.DataFrame(dict.fromkeys(METHODS, np.zeros(0)))
    days, needed = option_days(chain, outcomes), settings.score.min_recovery_expiries
    columns = {method: _given(chain, method) for method in METHODS}
    volatility = quote_volatility(chain, settings.quotes)
    if columns["black_scholes"] is None:
        columns["black_scholes"] = black_scholes(chain, settings.quotes, volatility)
    if columns["bias_corrected"] is None:
        columns["bias_corrected"] = bias_corrected(days, columns["black_scholes"], needed)
    if columns["historical_iv"] is None:
        columns["historical_iv"] = historical_iv(
            days, chain.quotes["underlying_price"].to_numpy(dtype=float), chain.of_contract("strike"),
            _years(chain, settings.quotes, "iv"), volatility, needed)
    if columns["bayesian"] is None:
        columns["bayesian"] = bayesian(days, columns["black_scholes"], needed)
    if columns["weighted"] is None:
        methods = np.column_stack([columns[method] for method in _AVERAGED])
        is_vintage = settings.quotes.clock in COMPAT_WEIGHTS and all(_given(chain, name) is not None
                                                                     for name in _AVERAGED)
        weights = np.array(COMPAT_WEIGHTS[settings.quotes.clock]) if is_vintage else votes(days, methods)
        columns["weighted"] = weighted_average(methods, weights)
    return pd.DataFrame(columns)[list(METHODS)]


def black_scholes(chain: OptionChain, quotes: QuoteSettings, volatility: np.ndarray | None = None) -> np.ndarray:
    """Return N(d2) of each quote at its implied volatility, shape (n_quotes,); NaN where that is unknown.

    volatility : as of `quote_volatility`; None computes it.
    """
    volatility = quote_volatility(chain, quotes) if volatility is None else volatility
    return worthless_probability(
        chain.quotes["underlying_price"].to_numpy(dtype=float), chain.of_contract("strike"),
        _years(chain, quotes, "probability"), quotes.risk_free_rate, volatility, quotes.dividend_yield)


def quote_volatility(chain: OptionChain, quotes: QuoteSettings) -> np.ndarray:
    """Return the implied volatility of each quote per year of the clock: the source's, else that of the price.

    The price is the middle of bid and ask, else the last; NaN where no volatility gives it.
    """
    volatility = chain.quotes["iv"].to_numpy(dtype=float) / rescaled_volatility(1.0, quotes.clock)
    volatility = np.where(volatility > 0, volatility, np.nan)
    is_missing = np.isnan(volatility)
    if is_missing.any():
        spot = chain.quotes["underlying_price"].to_numpy(dtype=float)
        volatility[is_missing] = implied_volatility(
            chain.mid()[is_missing], spot[is_missing], chain.of_contract("strike")[is_missing],
            _years(chain, quotes, "iv")[is_missing], quotes.risk_free_rate, quotes.dividend_yield, quotes.style)
    return volatility


def _years(chain: OptionChain, quotes: QuoteSettings, purpose: str) -> np.ndarray:
    return years_to_expiry(chain.quotes["quote_date"].to_numpy(), chain.of_contract("expiry"), quotes.clock, purpose)


def _given(chain: OptionChain, method: str) -> np.ndarray | None:
    if method not in chain.quotes.columns:
        return None
    values = chain.quotes[method].to_numpy(dtype=float)
    return values if np.isfinite(values).any() else None
