"""Indicators against hand arithmetic and against pandas, symbol by symbol."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_market import panel, random_panel

from backtrader_system.errors import SettingsError
from backtrader_system.settings.models import SEED_FEATURES
from backtrader_system.signals.features import FEATURES, compute_features


def only(bars, name):
    return compute_features(bars, [name])[name][:, 0]


def test_price_vs_mean_by_hand():
    assert only(panel([1, 2, 3, 4, 10]), "price_vs_ma5")[4] == pytest.approx((10 - 4) / 4)


def test_first_rows_are_empty_until_the_look_back_is_full():
    values = only(panel(np.arange(1.0, 30.0)), "price_vs_ma20")

    assert np.isnan(values[:19]).all()
    assert np.isfinite(values[19:]).all()


def test_momentum_by_hand():
    closes = np.linspace(100, 128, 15)

    assert only(panel(closes), "momentum_14")[14] == pytest.approx(0.28)
    assert np.isnan(only(panel(closes), "momentum_14")[13])


def test_volatility_by_hand():
    closes = 100 * np.cumprod([1.0] + [1.01, 0.99] * 5)

    # Ten returns of +/- 1 %: mean 0, squares sum to 10 * 0.0001, over nine degrees of freedom.
    assert only(panel(closes), "volatility_10d")[10] == pytest.approx(np.sqrt(10 * 0.0001 / 9))


def test_rsi_by_hand():
    closes = 100 + np.cumsum([0] + [2.0] * 7 + [-1.0] * 7)

    # Gains 7 * 2, losses 7 * 1: 100 - 100 / (1 + 2).
    assert only(panel(closes), "rsi")[14] == pytest.approx(100 - 100 / 3)
    assert only(panel(closes), "rsi_normalized")[14] == pytest.approx((100 - 100 / 3 - 50) / 50)


def test_rsi_without_losses_is_100_and_without_moves_is_empty():
    assert only(panel(np.arange(1.0, 20.0)), "rsi")[14] == 100.0
    assert np.isnan(only(panel(np.full(20, 5.0)), "rsi")).all()


def test_volume_ratio_by_hand():
    volume = np.array([100.0] * 19 + [300.0])

    assert only(panel(np.ones(20), volume=volume), "volume_ratio")[19] == pytest.approx(300 / 110)
    assert only(panel(np.ones(20), volume=np.zeros(20)), "volume_ratio")[19] == 1.0


def test_band_position_by_hand():
    closes = np.array([9.0, 11.0] * 9 + [9.0, 12.0])
    spread = 2 * np.std(closes, ddof=1)

    expected = (12 - (closes.mean() - spread)) / (2 * spread)
    assert only(panel(closes), "bb_position")[19] == pytest.approx(expected)


def test_bands_without_width_put_the_price_in_the_middle():
    assert only(panel(np.full(25, 0.1)), "bb_position")[19:].tolist() == [0.5] * 6
    assert np.isnan(only(panel(np.full(25, 0.1)), "bb_position")[:19]).all()


def test_trend_consistency_by_hand():
    closes = np.array([10.0] * 6 + [12, 12, 12, 12, 11, 9])

    # Row 10: 11 > 10 (5 bars ago), 11 > 10 (10 bars ago); row 11: 9 < 12 and 9 < 10.
    assert only(panel(closes), "trend_consistency")[10:].tolist() == [1.0, -1.0]
    assert only(panel(np.full(11, 10.0)), "trend_consistency")[10] == -1.0


def test_true_range_counts_the_gap_from_the_previous_close():
    close = np.full(15, 10.0)
    high, low = close + 0.5, close - 0.5
    high[14], low[14], close[14] = 13.0, 12.5, 12.8

    # Thirteen ranges of 1 and one of 13 - 10.
    values = only(panel(close, high=high, low=low), "atr_14")
    assert values[14] == pytest.approx((13 * 1 + 3) / 14)
    assert only(panel(close, high=high, low=low), "atr_fraction_14")[14] == pytest.approx(16 / 14 / 12.8)


def test_range_position_and_gap_by_hand():
    close = np.arange(1.0, 21.0)
    bars = panel(close, high=close + 1, low=close - 1, open=close - 0.5)

    assert only(bars, "range_position_20")[19] == pytest.approx((20 - 0) / (21 - 0))
    assert only(bars, "overnight_gap")[19] == pytest.approx(19.5 / 19 - 1)


def test_a_split_moves_no_ratio_and_prices_are_todays():
    bars = random_panel(120, 1, actions=False)
    split = np.ones(bars.shape)
    split[100] = 4.0
    after = np.where(np.arange(120)[:, None] >= 100, 4.0, 1.0)
    divided = {name: getattr(bars, name) / after for name in ("open", "high", "low", "close")}
    split_bars = panel(divided.pop("close"), **divided, volume=bars.volume * after, split_ratio=split)

    plain, with_split = compute_features(bars, FEATURES), compute_features(split_bars, FEATURES)

    for name in FEATURES:
        unit = {"atr_14": 1 / after, "macd_histogram": 1 / after, "average_volume_20d": after}.get(name, 1.0)
        np.testing.assert_allclose(with_split[name], plain[name] * unit, rtol=1e-9, atol=1e-12, err_msg=name)


def test_a_dividend_is_not_a_loss():
    close = np.array([100.0] * 14 + [98.0])
    dividend = np.array([0.0] * 14 + [2.0])

    assert only(panel(close, dividend=dividend), "momentum_14")[14] == pytest.approx(0.0)


def pandas_features(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the seed's features of adjusted bars, written with pandas."""
    close, change = frame["close"], frame["close"].diff()
    mean, deviation = close.rolling(20).mean(), close.rolling(20).std()
    line = close.ewm(span=12).mean() - close.ewm(span=26).mean()
    gain, loss = change.clip(lower=0).rolling(14).mean(), (-change.clip(upper=0)).rolling(14).mean()
    signs = [np.where(close > close.shift(bars), 1, -1) for bars in (5, 10)]
    return {
        **{f"price_vs_ma{n}": close / close.rolling(n).mean() - 1 for n in (5, 20, 50)},
        "rsi_normalized": (100 - 100 / (1 + gain / loss) - 50) / 50,
        **{f"volatility_{n}d": close.pct_change().rolling(n).std() for n in (10, 20)},
        "volume_ratio": frame["volume"] / frame["volume"].rolling(20).mean(),
        "bb_position": (close - (mean - 2 * deviation)) / (4 * deviation),
        "macd_histogram": (line - line.ewm(span=9).mean()).where(np.arange(len(close)) >= 33),
        "trend_consistency": pd.Series((signs[0] + signs[1]) / 2, close.index).where(np.arange(len(close)) >= 10),
    }


def test_seed_features_equal_pandas_also_after_late_listing_and_halts():
    bars = random_panel(actions=False)

    features = compute_features(bars, SEED_FEATURES)

    for column, symbol in enumerate(bars.symbols):
        reference = pandas_features(bars.frame(symbol))
        for name in SEED_FEATURES:
            expected = reference[name].reindex(bars.sessions).to_numpy()
            np.testing.assert_allclose(
                features[name][:, column], expected, rtol=1e-8, atol=1e-11, err_msg=f"{symbol} {name}")


def test_a_symbols_features_do_not_depend_on_its_companions():
    bars = random_panel()
    together = compute_features(bars, FEATURES)

    for symbol in bars.symbols:
        alone = compute_features(bars.select([symbol]), FEATURES)
        column = bars.symbols.index(symbol)
        for name in FEATURES:
            assert alone[name][:, 0].tobytes() == together[name][:, column].tobytes(), name


def test_features_do_not_depend_on_where_the_history_starts():
    bars = random_panel(260, 1, actions=False)

    full = compute_features(bars, FEATURES)
    late = compute_features(bars.take_sessions(slice(40, None)), FEATURES)

    for name in FEATURES:
        # The weights of its averages never quite end: (1 - 2 / 27)^120 is 1e-4 of the price.
        tolerance = 1e-2 if name == "macd_histogram" else 1e-12
        rows = slice(121, None)
        np.testing.assert_allclose(late[name][rows], full[name][40:][rows], rtol=tolerance, atol=tolerance,
                                   err_msg=name)


def test_unknown_features_are_named_with_the_nearest_spelling():
    with pytest.raises(SettingsError, match=r"unknown features(.|\n)*'rsi_normalised'; did you mean 'rsi_normalized'"):
        compute_features(random_panel(10, 1), ["rsi", "rsi_normalised", "zzz"])
