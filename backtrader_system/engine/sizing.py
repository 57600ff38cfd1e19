"""How large a position may be: pure functions of numbers known at the decision.

The functions run as they are in the event engine and compiled in the sweep kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DOUBLE_STEP = 2.0**-52       # between 1 and the next number
ROOM_ROUNDING = 1e-12        # of equity: what rounding leaves under a limit buys no millionth of a share


def kelly_fraction(win_probability: float, average_win: float, average_loss: float) -> float:
    """Return the full Kelly fraction (b p - q) / b with b = win / loss, in [0, 1].

    average_win, average_loss : positive fractions of the stake. Kelly (1956) for a bet that loses the whole stake; with
    partial losses it understates the growth-optimal notional, which is the cautious side.
    Returns 0 if the edge is not positive, if a size is not positive or if the probability lies outside [0, 1].

    Examples
    --------
    >>> round(kelly_fraction(0.5, 0.08, 0.025), 5)      # b = 3.2; (3.2 * 0.5 - 0.5) / 3.2
    0.34375
    """
    if not 0 <= win_probability <= 1 or average_win <= 0 or average_loss <= 0:
        return 0.0
    odds = average_win / average_loss
    return min(max((odds * win_probability - (1 - win_probability)) / odds, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class TradeStatistics:
    """Closed trades so far: counts and summed returns (fractions of the entry value)."""

    n_wins: int = 0
    n_losses: int = 0
    sum_win_returns: float = 0.0
    sum_loss_returns: float = 0.0    # positive

    def shrunk(
        self, prior_win_rate: float, prior_win: float, prior_loss: float, prior_trades: float
    ) -> tuple[float, float, float]:
        """Return win probability, average win and average loss, drawn towards a prior worth `prior_trades` trades.

        Each is (prior * weight + observed sum) / (weight + observed count): no trades give the prior, many the record.
        """
        return shrunk_statistics(self, prior_win_rate, prior_win, prior_loss, prior_trades)


def shrunk_statistics(
    seen: TradeStatistics, prior_win_rate: float, prior_win: float, prior_loss: float, prior_trades: float
) -> tuple[float, float, float]:
    """Return `TradeStatistics.shrunk` of anything with its fields."""
    n_trades = seen.n_wins + seen.n_losses
    if prior_trades + n_trades == 0:
        return prior_win_rate, prior_win, prior_loss
    probability = (prior_trades * prior_win_rate + seen.n_wins) / (prior_trades + n_trades)
    return (
        probability,
        shrunk_mean(prior_win, prior_trades, seen.sum_win_returns, seen.n_wins),
        shrunk_mean(prior_loss, prior_trades, seen.sum_loss_returns, seen.n_losses),
    )


def shrunk_mean(prior: float, weight: float, total: float, count: int) -> float:
    """Return a mean drawn towards a prior that is worth `weight` observations."""
    return (prior * weight + total) / (weight + count) if weight + count > 0 else prior


def kelly_share(
    seen: TradeStatistics, score: float, prior_win_rate: float, prior_win: float, prior_loss: float,
    prior_trades: float, multiplier: float, is_growth_optimal: bool = False,
) -> float:
    """Return the share of equity that a part of Kelly's fraction asks for.

    score : the signal's strength, in place of a prior win rate that is NaN; 0 means none, and then it is 0.5.
    is_growth_optimal : how Kelly's f is read. False: a position is f of equity. True: f is what the position loses
        when it loses, so it is f / average loss of equity, at most 1 (Kelly 1956, solved for the notional).

    Examples
    --------
    >>> prior = TradeStatistics(), 0.0, 0.667, 1.27, 0.18, 30.0, 0.25      # f = 0.667 - 0.333 / (1.27 / 0.18) = 0.6198
    >>> round(kelly_share(*prior), 4), round(kelly_share(*prior, True), 4)     # 0.25 f and 0.25 f / 0.18
    (0.155, 0.8608)
    """
    prior = prior_win_rate
    if prior != prior:
        prior = score if score > 0 else 0.5
    probability, win, loss = shrunk_statistics(seen, min(prior, 1.0), prior_win, prior_loss, prior_trades)
    share = multiplier * kelly_fraction(probability, win, loss)
    return min(share / loss, 1.0) if is_growth_optimal and loss > 0 else share


def has_record(seen: TradeStatistics, min_trades: int) -> bool:
    """Return whether enough trades were won or lost for Kelly to act on them; a trade of exactly 0 is neither."""
    return seen.n_wins + seen.n_losses >= min_trades


def scaled_wish(wanted: float, size_factor: float) -> float:
    """Return the share of equity to reach for a signal that asks for `size_factor` times the usual size.

    NaN asks for the usual size. Rounded up, so that 1.5 times 5,000 dollars are 150 shares at 50 dollars.

    Examples
    --------
    >>> scaled_wish(0.05, 1.0), scaled_wish(0.05, float("nan")), round(scaled_wish(0.05, 2.0), 12)
    (0.05, 0.05, 0.1)
    """
    if size_factor == 1 or size_factor != size_factor:
        return wanted
    return wanted * size_factor * (1 + 2 * DOUBLE_STEP)


@dataclass(frozen=True, slots=True)
class PositionLimits:
    """Limits that every buy obeys, as fractions of equity unless said otherwise.

    Examples
    --------
    >>> limits = PositionLimits(max_symbol_exposure=0.15, cash_reserve_fraction=0.05)
    >>> limits.allowed_dollars(0.40, equity=10_000, free_cash=9_000, held_value=500, gross_value=500, net_value=500)
    1000.0
    """

    max_positions: int = 1_000_000
    max_position_size: float = 1.0
    max_position_size_exceptional: float = 1.0
    exceptional_strength: float = 2.0
    max_symbol_exposure: float = 1.0
    max_net_exposure: float = 1.0
    target_invested_ceiling: float = 1.0
    cash_reserve_fraction: float = 0.0

    def position_cap(self, score: float) -> float:
        """Return the largest share of equity one symbol may reach, given the score of its signal."""
        return position_cap(self, score)

    def allowed_dollars(
        self, fraction: float, *, equity: float, free_cash: float, held_value: float, gross_value: float,
        net_value: float, score: float = 0.0,
    ) -> float:
        """Return how many dollars of a wanted `fraction` of equity may be bought now; never negative.

        free_cash : cash less what orders already sent will take, plus what sales already sent will bring.
        held_value, gross_value, net_value : dollars in this symbol, in all symbols without and with sign, each with
            the orders already sent. The held part counts: `fraction` is what the position should reach.
        """
        return allowed_dollars(self, fraction, equity, free_cash, held_value, gross_value, net_value, score)


def position_cap(limits: PositionLimits, score: float) -> float:
    """Return `PositionLimits.position_cap` of anything with its fields."""
    size_cap = (
        limits.max_position_size_exceptional if score >= limits.exceptional_strength else limits.max_position_size
    )
    return min(size_cap, limits.max_symbol_exposure)


def allowed_dollars(
    limits: PositionLimits, fraction: float, equity: float, free_cash: float, held_value: float, gross_value: float,
    net_value: float, score: float,
) -> float:
    """Return `PositionLimits.allowed_dollars` of anything with its fields."""
    room = min(
        min(fraction, position_cap(limits, score)) * equity - held_value,
        limits.target_invested_ceiling * equity - gross_value,
        limits.max_net_exposure * equity - net_value,
        free_cash - limits.cash_reserve_fraction * equity,
    )
    return room if room > ROOM_ROUNDING * equity else 0.0


def target_fraction(wanted: float, cap: float, held_fraction: float, scale: float) -> float:
    """Return the share of equity to reach: what is held and today's buy, scaled."""
    return held_fraction + scale * max(min(wanted, cap) - held_fraction, 0.0)


def share_of_cash(cash: float, equity: float) -> float:
    """Return the share of equity that is `cash`, rounded up where its product with equity would fall below it.

    Otherwise 5,000 dollars could buy 99 shares at 50 dollars.

    Examples
    --------
    >>> 5_000 / 75_773.24 * 75_773.24 < 5_000, share_of_cash(5_000, 75_773.24) * 75_773.24 >= 5_000
    (True, True)
    """
    share = cash / equity
    return share * (1 + DOUBLE_STEP) if share * equity < cash else share


def scale_to_floor(
    invested_fraction: float, buys: Sequence[float], rooms: Sequence[float], floor_fraction: float
) -> float:
    """Return the factor, at least 1, by which today's buys grow so that the account is invested to its floor.

    buys : what each buy adds, as a share of equity. rooms : the most that each may add; a buy grown to its room leaves
        the rest to the others. Where all rooms together do not reach the floor, every buy grows to its room.

    Examples
    --------
    >>> scale_to_floor(0.25, [0.125, 0.125], [1.0, 1.0], 0.75)
    2.0
    >>> scale_to_floor(0.25, [0.125, 0.125], [0.125, 1.0], 0.75)      # the second alone: (0.5 - 0.125) / 0.125
    3.0
    """
    need = floor_fraction - invested_fraction
    if need <= 0:
        return 1.0
    growing = []
    total = 0.0
    for n in range(len(buys)):
        if buys[n] > 0:
            growing.append((rooms[n] / buys[n], buys[n], rooms[n]))
    growing.sort()
    for n in range(len(growing)):
        total += growing[n][1]
    scale = 1.0
    for n in range(len(growing)):
        limit, buy, room = growing[n]
        scale = max(need / total, 1.0)
        if scale <= limit:
            return scale
        scale, need, total = max(limit, 1.0), need - room, total - buy
    return scale
