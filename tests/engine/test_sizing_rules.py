"""Sizing and exit rules against arithmetic written out."""

from __future__ import annotations

import pytest

from backtrader_system.engine.exit_rules import ExitReason, ExitRules, PositionState
from backtrader_system.engine.lots import shares_in_lots, shares_to_sell
from backtrader_system.engine.sizing import (
    PositionLimits,
    TradeStatistics,
    kelly_fraction,
    kelly_share,
    scale_to_floor,
    scaled_wish,
    share_of_cash,
)


# The table of the original system: odds of 3.2, probability -> full Kelly.
@pytest.mark.parametrize(("probability", "full"), [
    (0.25, 0.016), (0.30, 0.081), (0.40, 0.213), (0.50, 0.344), (0.60, 0.475), (0.80, 0.738), (0.95, 0.934)])
def test_kelly_reproduces_the_published_table(probability, full):
    assert kelly_fraction(probability, 0.08, 0.025) == pytest.approx(full, abs=5e-4)


@pytest.mark.parametrize(("probability", "win", "loss"), [
    (0.2, 0.08, 0.025), (0.5, 0.0, 0.025), (0.5, 0.08, -0.1), (1.2, 0.08, 0.025), (-0.1, 0.08, 0.025)])
def test_kelly_is_zero_without_an_edge_or_with_senseless_numbers(probability, win, loss):
    assert kelly_fraction(probability, win, loss) == 0.0


def test_statistics_are_drawn_towards_the_prior_by_its_weight():
    seen = TradeStatistics(n_wins=6, n_losses=4, sum_win_returns=0.30, sum_loss_returns=0.12)
    probability, win, loss = seen.shrunk(0.5, 0.08, 0.025, prior_trades=30)
    assert probability == pytest.approx((30 * 0.5 + 6) / (30 + 10))
    assert win == pytest.approx((30 * 0.08 + 0.30) / (30 + 6))
    assert loss == pytest.approx((30 * 0.025 + 0.12) / (30 + 4))


def test_without_trades_the_prior_is_the_estimate():
    assert TradeStatistics().shrunk(0.6, 0.08, 0.025, prior_trades=0) == (0.6, 0.08, 0.025)


# p 0.667, W 1.27, L 0.18: f = 0.667 - 0.333 / (1.27 / 0.18) = 0.6198; as notional 0.6198 / 0.18 = 3.443 of equity.
@pytest.mark.parametrize(("multiplier", "is_growth_optimal", "share"), [
    (1.0, False, 0.6198), (0.25, False, 0.1550), (1.0, True, 1.0), (0.25, True, 0.8608), (0.1, True, 0.3443)])
def test_two_readings_of_kelly(multiplier, is_growth_optimal, share):
    seen = TradeStatistics(n_wins=667, n_losses=333, sum_win_returns=667 * 1.27, sum_loss_returns=333 * 0.18)
    found = kelly_share(seen, 0.9, 0.5, 1.0, 1.0, 0.0, multiplier, is_growth_optimal)
    assert found == pytest.approx(share, abs=5e-5)


def test_size_factor_pays_for_the_shares_it_asks_for():
    # As floats, 1.5 * (5,000 / 118,722.02) * 118,722.02 is 7,499.999999999999: 149 shares at 50 and not 150.
    equity = 118_722.02
    assert 1.5 * share_of_cash(5_000, equity) * equity < 7_500 <= scaled_wish(
        share_of_cash(5_000, equity), 1.5) * equity


def test_record_without_an_edge_buys_nothing_in_either_reading():
    seen = TradeStatistics(n_wins=1, n_losses=9, sum_win_returns=0.5, sum_loss_returns=0.9)
    assert [kelly_share(seen, 0.9, 0.5, 1.0, 1.0, 0.0, 0.25, reading) for reading in (False, True)] == [0.0, 0.0]


def test_growth_optimal_size_without_any_loss_is_no_size():
    assert kelly_share(TradeStatistics(), 0.9, 0.5, 1.0, 0.0, 0.0, 0.25, True) == 0.0


LIMITS = PositionLimits(
    max_position_size=0.40, max_position_size_exceptional=0.60, exceptional_strength=0.85, max_symbol_exposure=0.50,
    max_net_exposure=0.95, target_invested_ceiling=0.90, cash_reserve_fraction=0.05,
)


# Equity 10,000; each case names the limit that binds.
@pytest.mark.parametrize(("fraction", "state", "expected"), [
    pytest.param(0.10, {}, 1_000, id="wish"),
    pytest.param(0.90, {}, 4_000, id="position cap"),
    pytest.param(0.90, {"score": 0.85}, 5_000, id="symbol cap under the exceptional cap"),
    pytest.param(0.10, {"held_value": 700}, 300, id="held part counts"),
    pytest.param(0.30, {"gross_value": 8_500}, 500, id="invested ceiling"),
    pytest.param(0.30, {"net_value": 9_400}, 100, id="net exposure"),
    pytest.param(0.30, {"free_cash": 1_200}, 700, id="cash reserve"),
    pytest.param(0.30, {"free_cash": 100}, 0, id="never negative"),
])
def test_each_limit_binds(fraction, state, expected):
    account = {"free_cash": 10_000, "held_value": 0, "gross_value": 0, "net_value": 0} | state
    assert LIMITS.allowed_dollars(fraction, equity=10_000, **account) == pytest.approx(expected)


def test_shares_are_whole_and_a_price_of_zero_buys_none():
    assert [shares_in_lots(1_000, 333, 1), shares_in_lots(1_000, 0, 1), shares_in_lots(5, 10, 1)] == [3, 0, 0]


def test_buys_grow_together_up_to_the_invested_floor():
    assert scale_to_floor(0.25, [0.25], [1.0], 0.75) == pytest.approx((0.75 - 0.25) / 0.25)
    assert scale_to_floor(0.60, [0.25], [1.0], 0.75) == 1.0
    assert scale_to_floor(0.10, [0.0], [1.0], 0.75) == 1.0
    # Of a missing 0.4, the first has room for 0.1; the second must bring 0.3.
    assert scale_to_floor(0.35, [0.05, 0.1], [0.1, 1.0], 0.75) == pytest.approx(0.3 / 0.1)
    assert scale_to_floor(0.0, [0.1, 0.1], [0.15, 0.2], 0.75) == pytest.approx(2.0), "every buy grows to its room"


def held(**changes):
    facts = {"gain_fraction": 0.0, "sessions_held": 5, "entry_score": 0.8, "score": 0.0, "direction": 0,
             "is_member": True, "has_taken_profit": False}
    return PositionState(**facts | changes)


@pytest.mark.parametrize(("position", "decision"), [
    pytest.param(held(), None, id="nothing happens"),
    pytest.param(held(is_member=False), (1.0, ExitReason.LEFT_UNIVERSE), id="left the universe"),
    pytest.param(held(direction=-1, score=0.86), (1.0, ExitReason.SELL_SIGNAL), id="above 0.80 + 0.05"),
    pytest.param(held(direction=-1, score=0.85), (0.5, ExitReason.SELL_SIGNAL), id="not above 0.85, above 0.75"),
    pytest.param(held(direction=-1, score=0.75), None, id="not above 0.75"),
    pytest.param(held(direction=-1, score=0.71, gain_fraction=0.16), (1.0, ExitReason.SELL_SIGNAL),
                 id="a winner's thresholds are lower"),
    pytest.param(held(gain_fraction=0.16), (0.3, ExitReason.PROFIT_TAKE), id="profit taken"),
    pytest.param(held(gain_fraction=0.16, has_taken_profit=True), None, id="profit is taken once"),
    pytest.param(held(direction=1, score=0.9), None, id="a buy signal sells nothing"),
])
def test_first_exit_rule_that_holds_decides(position, decision):
    assert ExitRules().decide(position) == decision


def test_time_limit_sells_all():
    rules = ExitRules(max_holding_sessions=10)
    assert rules.decide(held(sessions_held=9)) is None
    assert rules.decide(held(sessions_held=10)) == (1.0, ExitReason.TIME_LIMIT)


def test_calendar_limit_sells_all_and_comes_before_other_rules():
    rules = ExitRules(max_holding_calendar_days=30)
    assert rules.decide(held(calendar_days_held=29.0)) is None
    assert rules.decide(held(calendar_days_held=30.0)) == (1.0, ExitReason.TIME_LIMIT)
    assert rules.decide(held(calendar_days_held=30.0, direction=-1, score=0.99)) == (1.0, ExitReason.TIME_LIMIT)


def test_rules_blind_to_scores_keep_time_and_membership():
    rules = ExitRules(signal_decay=True, max_holding_calendar_days=30).blind_to_scores()
    assert rules.decide(held(direction=-1, score=1.0, gain_fraction=0.5)) is None
    assert rules.decide(held(calendar_days_held=30.0)) == (1.0, ExitReason.TIME_LIMIT)
    assert rules.decide(held(is_member=False)) == (1.0, ExitReason.LEFT_UNIVERSE)


def test_signal_decay_needs_a_weaker_signal_not_a_missing_one():
    rules = ExitRules(signal_decay=True)
    assert rules.decide(held(direction=1, score=0.3)) == (1.0, ExitReason.SIGNAL_DECAY)
    assert rules.decide(held(direction=1, score=0.45)) is None
    assert rules.decide(held(direction=1, score=0.3, sessions_held=2)) is None
    assert rules.decide(held()) is None
    zero = ExitRules(signal_decay=True, decay_hold_is_zero=True)
    assert zero.decide(held()) == (1.0, ExitReason.SIGNAL_DECAY)


def test_a_part_is_at_least_one_share_and_at_most_all():
    assert [shares_to_sell(0.3, 10), shares_to_sell(0.3, 2), shares_to_sell(1.0, 7)] == [3, 1, 7]
