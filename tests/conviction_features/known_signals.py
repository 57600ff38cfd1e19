"""Small tables of what was known of signals, for tests."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

NOW = pd.Timestamp("2025-10-02 20:00", tz="UTC")
TEXTS = ("message", "reactions", "recorded_status", "notes")
NUMBERS = (
    "dan_endorsed", "price_at_signal", "total_reactions", "unique_reactors", "comment_count", "mention_count",
    "trends_now", "trends_7d_ago", "trends_30d_ago", "trends_peak", "liquidity", "holder_growth_7d", "whale_buying",
    "smart_money_holds", "liquidity_locked_share", "contract_verified", "honeypot_score", "top10_share", "dex_count",
    "volume_authenticity", "token_age_days", "recorded_score", "deployed", "position_size", "stop_loss", "target_1",
    "target_2")
MARKET = ("price_at_mention", "current_price", "change_1d", "volume_now", "volume_30d_average")


def signal(*, age_hours: float | None = None, reactions: dict | None = None, **fields: object) -> dict:
    """Return one row; what is not given is missing."""
    posted = pd.NaT if age_hours is None else NOW - pd.Timedelta(hours=age_hours)
    row = {"signal_id": "s", "ticker": "AAA", "asset_type": "", "source": "", "signal_time": posted,
           **dict.fromkeys(TEXTS, ""), **dict.fromkeys((*NUMBERS, *MARKET), np.nan)}
    assert fields.keys() <= row.keys(), fields.keys() - row.keys()
    return {**row, **fields, "reactions": "" if reactions is None else json.dumps(reactions)}


def tables(*rows: dict) -> tuple[pd.DataFrame, pd.DataFrame, pd.DatetimeIndex]:
    """Return what is known, the market inputs and the decisions of these rows."""
    frame = pd.DataFrame(list(rows))
    frame["signal_time"] = pd.to_datetime(frame["signal_time"], utc=True).astype("datetime64[ns, UTC]")
    known = frame.drop(columns=list(MARKET))
    return known, frame[list(MARKET)].astype(float), pd.DatetimeIndex([NOW] * len(rows))
