"""The same user's strategy and analyzers, unchanged, in `PanelCerebro` with our feeds.

Options: those of `stock`, and `broker`: "contract" for our broker, "stock" for Backtrader's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import backtrader as bt

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.cerebro import PanelCerebro
from backtrader_system.engine.feeds import panel_feeds
from backtrader_system.engine.slippage import Slippage
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.signals.scored import ScoredPanel
from speed import stock
from speed.market import Market
from speed.ours import bar_panel, scored_panel
from speed.outcome import Outcome
from speed.rules import BPS, Rules


@dataclass(frozen=True, slots=True)
class Prepared:
    bars: BarPanel
    scored: ScoredPanel
    rules: Rules
    broker: str
    ledgers: str
    strategy: str


def prepare(
    market: Market, rules: Rules, broker: str = "contract", ledgers: str = "backtrader", strategy: str = "scores"
) -> Prepared:
    return Prepared(bar_panel(market), scored_panel(market, rules.entry_score), rules, broker, ledgers, strategy)


def run(prepared: Prepared) -> bt.Strategy:
    rules = prepared.rules
    cerebro = PanelCerebro()
    for feed in panel_feeds(prepared.bars, prepared.scored):
        cerebro.adddata(feed)
    if prepared.broker == "contract":
        cerebro.broker = ContractBroker(cash=rules.cash, slippage=Slippage(rules.slippage_bps))
        cerebro.broker.setcommission(commission=rules.commission_bps * BPS)
    else:
        stock.set_costs(cerebro.broker, rules)
    return stock.run_user(cerebro, rules, prepared.ledgers, prepared.strategy)


def outcome(strategy: bt.Strategy) -> Outcome:
    return stock.outcome(strategy)
