"""The same account under other rules: what the result hangs on."""

from __future__ import annotations

import gc
from collections.abc import Mapping

import numpy as np
import pandas as pd

from backtrader_system.progress import Progress
from backtrader_system.settings.settings import Settings
from backtrader_system.systems.put_recommendations.account import PutAccount, account_of, sales_table
from backtrader_system.systems.put_recommendations.scoring import ScoredPuts

COLUMNS = ("variant", "sold", "worthless", "assigned", "bought_back", "net_pnl", "total_return", "max_drawdown",
           "worst_trade")
# Rules that the report always compares: section of `puts`, and what changes in it.
VARIANTS: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "as configured": {},
    "filled at mid": {"outcome": {"fill": "mid"}},
    "filled at the bid": {"outcome": {"fill": "bid"}},
    "never assigned early": {"outcome": {"early_assignment": "never"}},
    "settled in cash": {"outcome": {"settlement": "cash"}},
    "bought back at half the premium": {"selling": {"take_profit_fraction": 0.5}},
    "bought back at twice the premium": {"selling": {"stop_loss_multiple": 2.0}},
    "bought back 7 days before expiry": {"selling": {"exit_days_to_expiry": 7}},
}


def selling_variants(
    scored: ScoredPuts, entries: np.ndarray, settings: Settings, progress: Progress
) -> pd.DataFrame:
    """Return what the account would have made under each of `VARIANTS`.

    Columns variant, sold (contracts' positions), worthless, assigned, bought_back, net_pnl, total_return,
    max_drawdown, worst_trade; money in the currency of the quotes. Rules equal to the run's own are left out.
    No row if `puts.compare_rules` is false.
    """
    if not settings.puts.compare_rules:
        return pd.DataFrame(columns=list(COLUMNS))
    sales = sales_table(scored, entries)
    rows = []
    for name, changes in VARIANTS.items():
        changed = with_rules(settings, changes)
        if name != "as configured" and _acts_alike(changed, settings):
            continue
        progress.say(f"Selling the same puts: {name}")
        rows.append({"variant": name, **variant_figures(account_of(scored, sales, changed))})
        gc.collect()        # Backtrader's feeds refer to each other; an account that is over would stay beside the next
    return pd.DataFrame(rows)


def _acts_alike(changed: Settings, settings: Settings) -> bool:
    """Return whether both sell and settle in the same way; no European option is assigned early."""
    if settings.puts.quotes.style == "european":
        changed, settings = (with_rules(one, {"outcome": {"early_assignment": "never"}}) for one in (changed, settings))
    return changed.puts == settings.puts


def with_rules(settings: Settings, changes: Mapping[str, Mapping[str, object]]) -> Settings:
    """Return the settings with changed values in sections of `puts`."""
    sections = {name: getattr(settings.puts, name).model_copy(update=dict(values)) for name, values in changes.items()}
    return settings.model_copy(update={"puts": settings.puts.model_copy(update=sections), "analyzers": ()})


def variant_figures(account: PutAccount) -> dict[str, float]:
    """Return the figures of one account."""
    ledgers = account.ledgers
    equity = ledgers.equity
    puts = ledgers.trades[ledgers.trades["symbol"].isin(account.contracts)]
    closed = puts[puts["status"] == "closed"]
    count = closed["exit_reason"].value_counts()
    capital = float(equity["equity"].iloc[0] / (1 + equity["return"].iloc[0]))
    assigned = int(count.get("assigned", 0) + count.get("assigned_early", 0))
    worthless = int(count.get("worthless", 0))
    final = float(equity["equity"].iloc[-1])
    return {
        "sold": len(puts), "worthless": worthless, "assigned": assigned,
        "bought_back": len(closed) - worthless - assigned, "net_pnl": final - capital,
        "total_return": final / capital - 1, "max_drawdown": float(equity["drawdown"].min()),
        # Open ones, marked at the end, count too: a put whose stock vanished is never closed.
        "worst_trade": float(puts["net_pnl"].min()) if len(puts) else np.nan,
    }
