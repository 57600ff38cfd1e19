"""The layouts of signal files, and which column of a file holds what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.fields import BLOCKS, FIELDS, IDENTITY, STAMPS
from backtrader_system.signals.conviction.issues import WARNING, SignalIssue
from backtrader_system.signals.conviction.reading.raw_rows import RawRows

REQUIRED = ("ticker", "signal_time")
# Counts of single reactions that come in columns of their own.
REACTION_COUNTS = ("fire", "rocket", "thumbsup", "other")

DATABASE_HEADERS = ("Ticker", "Source", "Date_Found", "Price_Entry", "Conviction_Score", "Status", "Deployed",
                    "Position_Size", "Stop_Loss", "Target_1", "Target_2", "Current_Price", "PnL_Dollars", "PnL_Percent",
                    "Notes")
LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "recommended": (*IDENTITY, *FIELDS, *STAMPS.values()),
    "signal database, 15 columns (also without its header)": DATABASE_HEADERS,
    "signal list, 7 columns": ("ticker", "source", "conviction", "date_found", "catalyst", "status", "entry_clarity"),
    "reactions": ("ticker", "date", "total_reactions", *REACTION_COUNTS),
    "historical signals": ("ticker", "signal_date", "price_at_signal", "price_7d", "price_30d", "price_60d", "source",
                           "reactions", "dan_endorsed", "mention_count"),
    "training table": ("ticker", "source", "date_found", "(53 features)", "hit_target")}

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "signal_id": ("id",),
    "ticker": ("symbol",),
    "asset_type": ("asset_class",),
    "source": ("signal_source", "channel"),
    "signal_time": ("signal_time_utc", "signal_date", "date_found", "date", "timestamp", "posted_at", "posted_at_utc"),
    "known_at": ("known_at_utc", "message_known_at", "message_known_at_utc"),
    "reactions_known_at": ("reactions_known_at_utc",),
    "trends_known_at": ("trends_known_at_utc",),
    "onchain_known_at": ("onchain_known_at_utc",),
    "message": ("text", "thesis", "thesis_text", "catalyst"),
    "dan_endorsed": ("dan_endorsement",),
    "price_at_signal": ("price_entry", "entry_price", "price_at_mention", "signal_price", "price"),
    "reactions": ("reactions_json",),
    "total_reactions": ("reaction_count",),
    "comment_count": ("comments",),
    "mention_count": ("mentions",),
    "trends_now": ("trends_0", "google_trends", "google_trends_now", "google_trends_current", "trends_current"),
    "trends_7d_ago": ("trends_7", "google_trends_7d_ago"),
    "trends_30d_ago": ("trends_30", "google_trends_30d_ago"),
    "trends_peak": ("google_trends_peak",),
    "liquidity": ("liquidity_level",),
    "holder_growth_7d": ("holder_growth",),
    "whale_buying": ("whale_accumulation",),
    "smart_money_holds": ("smart_money_holdings",),
    "liquidity_locked_share": ("liquidity_locked", "liquidity_locked_pct"),
    "contract_verified": ("verified",),
    "top10_share": ("top10_pct", "holder_concentration"),
    "dex_count": ("dex_listing_count",),
    "recorded_score": ("conviction_score", "conviction", "rule_score", "score"),
    "recorded_status": ("status",)}
_OUTCOME = re.compile(r"current_price|pnl(_dollars|_percent|_pct)?|hit_target|outcome|max_gain|price_now|"
                      r"(price|return)_(after_|in_|plus_|at_)?\d+_?d?(ays?)?(_later|_after)?")
# Two features that no raw table holds: what follows are the 53 features of the original's training table.
_TRAINING = {"thesis_quality_score", "reaction_velocity"}


@dataclass(frozen=True, slots=True)
class NamedColumns:
    """The columns of a file under the names of this project.

    texts : name -> texts. headers : name -> header in the file, for messages. outcomes : columns of results, unread.
    naive_utc : names of instants whose header says that they are UTC. issues : columns that are not read.
    """

    texts: Mapping[str, list[str]]
    headers: Mapping[str, str]
    outcomes: Mapping[str, list[str]]
    naive_utc: frozenset[str]
    issues: tuple[SignalIssue, ...]


def name_columns(rows: RawRows) -> NamedColumns:
    """Return the columns of a file under their names here.

    A file without a header must have the 15 columns of the signal database, in their order.
    Raises: DataError that says which columns are missing or ambiguous, what was found and which layouts there are.
    """
    columns = dict(rows.columns)
    if not rows.has_header:
        if len(columns) != len(DATABASE_HEADERS):
            raise _unknown_layout(rows, ["a header line"])
        columns = dict(zip(DATABASE_HEADERS, columns.values(), strict=True))
    plain = {header: re.sub(r"[^a-z0-9]+", "_", header.lower()).strip("_") for header in columns}
    readable = set(IDENTITY) if set(plain.values()) >= _TRAINING else None
    named = {header: name for header in columns
             if (name := _NAMES.get(plain[header])) and (readable is None or name in readable)}
    _refuse_ambiguous(rows, named)
    missing = [name for name in REQUIRED if name not in named.values()]
    if missing:
        raise _unknown_layout(rows, missing)
    outcomes = [header for header in columns if header not in named and _OUTCOME.fullmatch(plain[header])]
    unread = [header for header in columns if header not in named and header not in outcomes]
    naive_utc = frozenset(name for header, name in named.items() if plain[header].endswith("_utc"))
    return NamedColumns({name: columns[header] for header, name in named.items()},
                        {name: header for header, name in named.items()},
                        {header: columns[header] for header in outcomes}, naive_utc,
                        _unread_issues(rows, outcomes, unread, is_training=readable is not None))


def _accepted_names() -> dict[str, str]:
    names = (*IDENTITY, *FIELDS, *STAMPS.values(), *REACTION_COUNTS)
    accepted = {name: name for name in names}
    accepted |= {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
    onchain = [(header, name) for header, name in accepted.items() if name in BLOCKS["onchain"]]
    return accepted | {f"{group}_{header}": name for group in ("onchain", "onchain_data") for header, name in onchain}


_NAMES = _accepted_names()


def _refuse_ambiguous(rows: RawRows, named: Mapping[str, str]) -> None:
    headers: dict[str, list[str]] = {}
    for header, name in named.items():
        headers.setdefault(name, []).append(header)
    faults = [f"{found} all mean {name}" for name, found in headers.items() if len(found) > 1]
    if faults:
        raise DataError(f"{rows.source}: columns that mean the same; keep one of each", faults=faults)


def _unknown_layout(rows: RawRows, missing: list[str]) -> DataError:
    found = list(rows.columns) if rows.has_header else f"{len(rows.columns)} columns, first line without names"
    accepted = [f"{name} may be called {', '.join((name, *_ALIASES[name]))}" for name in missing if name in _ALIASES]
    known = [f"layout '{name}': {', '.join(headers)}" for name, headers in LAYOUTS.items()]
    return DataError(f"{rows.source}: no known layout of signals: missing {', '.join(missing)}; found {found}",
                     faults=[*accepted, *known])


def _unread_issues(
    rows: RawRows, outcomes: list[str], unread: list[str], *, is_training: bool
) -> tuple[SignalIssue, ...]:
    def issue(rule: str, headers: list[str], advice: str) -> SignalIssue:
        return SignalIssue(WARNING, rule, rows.source, "", "", f"columns {', '.join(headers)}", advice)

    issues = []
    if outcomes:
        issues.append(issue("outcome_not_read", outcomes, "outcomes are computed from bars"))
    if unread and is_training:
        issues.append(issue("feature_not_read", unread, "features are computed from messages, reactions and prices"))
    elif unread:
        issues.append(issue("column_not_read", unread, "rename them if they hold one of the known fields"))
    return tuple(issues)
