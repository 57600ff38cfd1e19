"""The base of strategies that sell recommended puts: its steps, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from backtrader_system.engine.cursor import has_bar
from backtrader_system.engine.puts.broker import cost_to_buy_back, quoted_premium
from backtrader_system.engine.puts.terms import terms_of
from backtrader_system.engine.scored_strategy import ScoredStrategy
from backtrader_system.errors import StrategyError

ASSIGNED_SHARES = "assigned shares"
_ROUNDING = 1e-9        # of prices: a premium is a mid less part of a spread


class PutSellingStrategy(ScoredStrategy):
    """A `ScoredStrategy` over feeds of puts (`OptionQuotes`) and of their underlyings, under `PutBroker`.

    To write your own, copy `strategies/put_selling.py` and put the steps of `decide()` together as you need them:
    `sell_assigned_shares`, `buy_back_by_rules`, `sell_puts`. They run after the close; orders fill at the next quote,
    shares at the next open. Expiry and assignment are the broker's.

    top_n : contracts sold at most in one decision, by score. min_score : 0 to 100. max_per_underlying : short puts of
        one underlying at once. min_premium : money per contract, at the quote of the decision
        and at the fill, which is cancelled below it. max_spread_ratio : ask / bid above
        it is not sold.
    take_profit_fraction : bought back once this share of the premium is earned. stop_loss_multiple : once it costs
        this many premiums. exit_days_to_expiry : so many calendar days before expiry. None: no such rule. Costs and
        gains are at the price at which a put would be bought back now.
    """

    params = (
        ("top_n", 20),
        ("min_score", 0.0),
        ("max_per_underlying", 1),
        ("min_premium", 5.0),
        ("max_spread_ratio", 10.0),
        ("take_profit_fraction", None),
        ("stop_loss_multiple", None),
        ("exit_days_to_expiry", None),
    )

    def start(self) -> None:
        if not hasattr(self.broker, "free_collateral"):
            raise StrategyError(
                f"{type(self).__name__} needs a broker that knows expiries and collateral; set "
                f"`cerebro.broker = PutBroker(cash=...)` instead of {type(self.broker).__name__}")
        self.spread_part = self.broker.p.slippage.spread_part

    def short_puts(self) -> list[tuple[Any, Any]]:
        """Return the puts held with their positions, in the order of the feeds."""
        return [(data, position) for data, position in self.broker.held().items() if terms_of(data)]

    def sell_assigned_shares(self) -> None:
        """Sell all shares held at their next open; they came by assignment."""
        waiting = self.feeds_being_sold()
        for data, position in self.held():
            if data not in waiting:
                self.sell(data=data, size=position.size, reason=ASSIGNED_SHARES)

    def buy_back_by_rules(self) -> set[Any]:
        """Buy back what the rules say of each put held; return the feeds bought back."""
        rules = (self.p.take_profit_fraction, self.p.stop_loss_multiple, self.p.exit_days_to_expiry)
        if all(rule is None for rule in rules):
            return set()
        waiting, bought = self.feeds_being_bought(), set()
        for data, position in self.short_puts():
            if data in waiting or not has_bar(data, self.datetime[0]):
                continue
            reason = self._exit_reason(data, position)
            if reason:
                self.buy(data=data, size=-position.size, reason=reason)
                bought.add(data)
        return bought

    def _exit_reason(self, data: Any, position: Any) -> str | None:
        cost, premium = cost_to_buy_back(data, self.spread_part), position.price
        profit, stop, days = self.p.take_profit_fraction, self.p.stop_loss_multiple, self.p.exit_days_to_expiry
        if stop is not None and cost >= stop * premium * (1 - _ROUNDING):
            return "stop_loss"
        if profit is not None and cost <= (1 - profit) * premium * (1 + _ROUNDING):
            return "take_profit"
        if days is not None and data.days_to_expiry[0] <= days:
            return "exit_days"
        return None

    def sell_puts(self) -> None:
        """Sell the best contracts for sale today, as many contracts as the sizer says; note why others are not sold.

        Equal scores: the higher probability first, then the higher bid on its collateral, then by name.
        """
        signals = self.buy_signals(self.p.min_score)
        self.skip_all(signals.below_threshold, "score below the minimum")
        counts, n_sold = self._puts_per_underlying(), 0
        for data in sorted(signals.usable, key=_best_first):
            why = "top_n reached" if n_sold >= self.p.top_n else next(self._obstacles(data, counts), None)
            size = 0 if why else self.getsizing(data, isbuy=False)
            if not size:
                self.skip(data, why or "not enough free collateral")
                continue
            self.sell(data=data, size=size, reason="recommended", score=data.score[0],
                      probability=data.probability[0], least_premium=self.p.min_premium)
            counts[data.terms.underlying] += 1
            n_sold += 1

    def _obstacles(self, data: Any, counts: Counter[str]) -> Iterator[str]:
        """Yield why a contract is not sold, collateral aside."""
        if data in self.broker.sold_at:
            yield "sold before"
        if self.broker.orders_of(data):
            yield "an order for this contract still waits"
        if counts[data.terms.underlying] >= self.p.max_per_underlying:
            yield "as many puts of its underlying as allowed"
        bid, half_spread = data.bid[0], data.half_spread[0]
        premium = bid if bid == bid else quoted_premium(data, self.spread_part, data.close[0])
        if not premium >= self.p.min_premium or not premium > 0:
            yield "premium below the minimum"
        if bid + 2 * half_spread > self.p.max_spread_ratio * bid:
            yield "spread too wide"
        if not self.sizer.fits_position(data):
            yield "one contract takes more than capital_per_position"

    def _puts_per_underlying(self) -> Counter[str]:
        counts = Counter(data.terms.underlying for data, _ in self.short_puts())
        counts.update(data.terms.underlying for data in self.feeds_being_sold()
                      if terms_of(data) and not self.getposition(data).size)
        return counts


def _best_first(data: Any) -> tuple[float, float, float, str]:
    probability, bid, collateral = data.probability[0], data.bid[0], data.collateral[0]
    return (-data.score[0], -probability if probability == probability else 0.0,
            -bid / collateral if bid == bid and collateral > 0 else 0.0, data._name)
