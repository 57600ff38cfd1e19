"""Buy the strongest signals, hold them under resting exits, sell on a signal or by rule."""

from __future__ import annotations

from backtrader_system.engine.protected_strategy import ProtectedStrategy


class MlTrading(ProtectedStrategy):
    """The strategy of the system `ml_trading`.

    Every session, after the close:

    1. held positions: the first rule of `ExitRules` that holds sells all or a part at the next open;
    2. buy signals of at least `signal_threshold`, strongest first (ties by symbol), are sized by the sizer and bought
       at the next open with their stop, target and trailing stop attached.

    A symbol that is sold today is not bought today. See docs/timeline.md.

    Its stops and targets need `ContractBroker`; under another broker it refuses to start unless they are all None.

    Examples
    --------
    >>> import backtrader as bt
    >>> from backtrader_system.engine.broker import ContractBroker
    >>> cerebro = bt.Cerebro()
    >>> cerebro.broker = ContractBroker(cash=100_000)
    >>> _ = cerebro.addstrategy(MlTrading, signal_threshold=0.4, stop_loss_fraction=0.05)
    """

    def decide(self) -> None:
        held = self.held_positions()
        self.drop_entries_without_signal()
        self.buy_all(self.candidates(held, self.sell_by_rules(held)))
