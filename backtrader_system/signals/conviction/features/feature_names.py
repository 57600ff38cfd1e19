"""The names of the features of a signal, the group each belongs to and what to call it in a report.

Definition, unit and timing of every feature: docs/conviction_features.md.
"""

from __future__ import annotations

from collections.abc import Mapping

_SOURCE = {
    "dan_endorsed": "Endorsed by Dan",
    "source_yieldschool": "From Yieldschool",
    "source_bluechips": "From the Blue Chips channel",
    "source_dumbmoney": "From Dumb Money",
    "mention_count": "Mentions",
    "multi_source": "Mentioned more than once",
    "source_reliability_score": "Assumed reliability of the source",
}
_SOCIAL = {
    "total_reactions": "Reactions",
    "fire_reactions": "Fire reactions",
    "rocket_reactions": "Rocket reactions",
    "thumbsup_reactions": "Thumbs-up reactions",
    "reaction_velocity": "Reactions per hour",
    "reaction_diversity": "People who reacted",
    "comment_count": "Comments",
    "sentiment_score": "Share of positive words",
    "hype_ratio": "Share of fire and rocket reactions",
    "thesis_quality_score": "Quality of the thesis",
    "link_count": "Links in the message",
    "emoji_spam": "Emoji spam in the message",
    "reaction_recency": "Younger than two days",
}
_TIMING = {
    "google_trends_now": "Search interest",
    "google_trends_7d_change": "Change of search interest, 7 days",
    "google_trends_30d_change": "Change of search interest, 30 days",
    "trends_peak_ratio": "Search interest against its peak",
    "message_age_hours": "Age of the message in hours",
    "price_vs_mention": "Price against price at mention",
    "volume_spike": "Volume against its usual level",
    "new_token": "Token younger than 30 days",
}
_ONCHAIN = {
    "liquidity_level": "Liquidity on exchanges",
    "holder_growth": "Growth of holders, 7 days",
    "whale_accumulation": "Whales are buying",
    "smart_money_holdings": "Smart money holds it",
    "liquidity_locked": "Share of liquidity locked",
    "contract_verified": "Contract verified",
    "honeypot_score": "Honeypot score",
    "holder_concentration": "Share of the ten largest holders",
    "dex_listing_count": "Exchanges that list it",
    "volume_authenticity": "Authenticity of volume",
}
_THESIS = {
    "thesis_length": "Words in the message",
    "thesis_keywords": "Business words in the message",
    "financial_metrics": "Names financial figures",
    "catalyst_mentioned": "Names a catalyst",
    "competitive_advantage": "Names a competitive advantage",
    "addressable_market": "Names the addressable market",
    "team_quality": "Names the team",
    "partnerships": "Names a partnership",
    "regulatory_risk": "Names a regulator",
    "hype_language_penalty": "Hype words in the message",
}
_INTERACTIONS = {
    "dan_x_reactions": "Reactions, if endorsed by Dan",
    "early_momentum": "Reactions per hour before the search peak",
    "source_consensus": "Mentions, if more than one",
    "conviction_quality": "People who reacted times quality of the thesis",
    "smart_timing": "Whales are buying and the message is young",
}
_FLAGS = {
    "thesis": {"has_message": "Message known"},
    "social": {"has_reactions": "Reactions known"},
    "timing": {"has_trends": "Search interest known", "has_price": "Price change known",
               "has_volume": "Volume known"},
    "onchain": {"has_onchain": "On-chain values known", "is_crypto": "Crypto"},
}
_GROUPS = {"source": _SOURCE, "social": _SOCIAL, "timing": _TIMING, "onchain": _ONCHAIN, "thesis": _THESIS,
           "interactions": _INTERACTIONS}

# The 53 features in the order of the models that came before.
FEATURES: tuple[str, ...] = tuple(name for group in _GROUPS.values() for name in group)

# What is known at all of a signal; beside FEATURES in the mode point_in_time.
MISSING_FLAGS: tuple[str, ...] = (
    "has_message", "has_reactions", "has_trends", "has_onchain", "has_price", "has_volume", "is_crypto")

# Every group with its flags. The flags do not exist in the mode compat.
FEATURE_GROUPS: Mapping[str, tuple[str, ...]] = {
    group: (*names, *_FLAGS.get(group, ())) for group, names in _GROUPS.items()}

# What a reader sees in place of the name.
FEATURE_WORDS: Mapping[str, str] = {
    name: words for group, names in _GROUPS.items() for name, words in {**names, **_FLAGS.get(group, {})}.items()}
