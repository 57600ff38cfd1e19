"""Buy the ideas that were selected, hold each under stop, target and time limit."""

from __future__ import annotations

from backtrader_system.engine.exit_rules import ExitRules
from backtrader_system.engine.protected_strategy import ProtectedStrategy


class Conviction(ProtectedStrategy):
    """The strategy of the system `conviction`: one position per symbol, and scores never sell.

    Every session, after the close:

    1. a position is sold at the next open once it is held as long as it may be, or if its symbol left the universe;
    2. selected ideas, which are the feeds with direction 1 and a score of at least `signal_threshold`, are bought at
       the next open with their stop, target and trailing stop attached: highest score first, ties by symbol.

    Of `exit_rules` only the two time limits and `sell_when_leaving` act. A sell signal, a faded score and a gain
    below the target sell nothing; what a bar's volume has left of an entry is bought on, whatever later signals say.
    With `add_to_positions` a further idea about a held symbol buys more of it, up to its cap; the time limit counts
    from the first entry.

    The defaults are those of the owner's document: stop 2 % below the entry, target at twice the entry, 30 calendar
    days. A run takes them from its settings.

    Examples
    --------
    >>> import backtrader as bt
    >>> from backtrader_system.engine.broker import ContractBroker
    >>> cerebro = bt.Cerebro()
    >>> cerebro.broker = ContractBroker(cash=100_000)
    >>> _ = cerebro.addstrategy(Conviction, exit_rules=ExitRules(max_holding_calendar_days=60))
    """

    params = (
        ("signal_threshold", 0.0),
        ("add_to_positions", False),
        ("exit_rules", ExitRules(max_holding_calendar_days=30)),
        ("stop_loss_fraction", 0.02),
        ("take_profit_fraction", 1.0),
    )

    def __init__(self) -> None:
        super().__init__()
        self.exit_rules = self.p.exit_rules.blind_to_scores()

    def decide(self) -> None:
        held = self.held_positions()
        self.buy_all(self.candidates(held, self.sell_by_rules(held)))
