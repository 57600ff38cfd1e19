"""The fields of a raw signal: which block they belong to, what they hold and what values are possible.

A block is a group of fields that are read at the same moment: the message when it was posted, its reactions when they
were counted, and so on. Each block has its own stamp of that moment.
"""

from __future__ import annotations

from collections.abc import Mapping

IDENTITY = ("signal_id", "ticker", "asset_type", "source", "signal_time")

BLOCKS: Mapping[str, tuple[str, ...]] = {
    "message": ("message", "dan_endorsed", "price_at_signal"),
    "reactions": ("reactions", "total_reactions", "unique_reactors", "comment_count", "mention_count"),
    "trends": ("trends_now", "trends_7d_ago", "trends_30d_ago", "trends_peak"),
    "onchain": (
        "liquidity", "holder_growth_7d", "whale_buying", "smart_money_holds", "liquidity_locked_share",
        "contract_verified", "honeypot_score", "top10_share", "dex_count", "volume_authenticity", "token_age_days"),
    "scores": ("recorded_score", "recorded_status"),
    "deployment": ("deployed", "position_size", "stop_loss", "target_1", "target_2", "notes"),
}

# How the ids of invented signals begin, so that a file of them is known for what it is.
SIMULATED_ID = "sim-"

# The column of a file that says when a block was read. Scores and deployment have none: they carry no decision.
STAMPS: Mapping[str, str] = {
    "message": "known_at", "reactions": "reactions_known_at", "trends": "trends_known_at",
    "onchain": "onchain_known_at"}
# Blocks that keep changing after the post: without a stamp nobody knows whether they were known in time.
CHANGING_BLOCKS = ("reactions", "trends", "onchain")

TEXTS = frozenset({"message", "reactions", "recorded_status", "notes"})
FLAGS = frozenset({"dan_endorsed", "whale_buying", "smart_money_holds", "contract_verified", "deployed"})
FIELDS = tuple(field for fields in BLOCKS.values() for field in fields)
NUMBERS = frozenset(FIELDS) - TEXTS - FLAGS
PRICES = frozenset({"price_at_signal", "stop_loss", "target_1", "target_2"})

# Smallest and largest possible value; a price must also not be 0. What lies outside is taken as missing.
RANGES: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("total_reactions", "unique_reactors", "comment_count", "mention_count", "trends_now",
                     "trends_7d_ago", "trends_30d_ago", "trends_peak", "liquidity", "honeypot_score", "dex_count",
                     "token_age_days", "position_size", *PRICES), (0.0, float("inf"))),
    "liquidity_locked_share": (0.0, 100.0), "top10_share": (0.0, 100.0), "volume_authenticity": (0.0, 1.0)}
