"""What is odd about a signal store: damage, edits, repeats, gaps and outcomes that are due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.history import SignalHistory, block_counts
from backtrader_system.signals.conviction.issues import EXCLUDED, WARNING, SignalIssue
from backtrader_system.signals.conviction.reading.duplicates import repost_issues
from backtrader_system.signals.conviction.store.revisions import edits, history_of
from backtrader_system.signals.conviction.store.store import GUARDS, INSTANT_FORMAT, SignalStore

# A label needs its last bar, and bars arrive with a delay: weekends, holidays.
GRACE_DAYS = 5
LATE_RECORDING = timedelta(days=7)


def check_store(store: SignalStore, *, now: datetime, label_days: int = 30) -> list[SignalIssue]:
    """Return what is odd about a store; an excluding issue means that it cannot be trusted.

    now : clock with a zone. label_days : calendar days after which an outcome is due, 5 days of grace added.
    Rules: `damaged`, `guard_missing`, `back_dated` (excluded); `edited`, `same_instant` and `repost` (a backtest leaves
    these out), `outcome_overdue`, `missing_block`, `unstamped_block`, `recorded_late` (warnings).
    """
    try:
        damage = list(_damage(store))
    except DataError as error:
        damage = [_issue(store, EXCLUDED, "damaged", "", "", (str(error), "restore a copy and import again"))]
    if damage:
        return damage
    history = history_of(store)
    # A repeat is left out by a backtest, but it is rightly in the store.
    repeats = [replace(issue, severity=WARNING, source=store.path.name) for issue in repost_issues(history)]
    return [*_broken_rules(store), *_edited(store), *repeats, *_overdue(store, now, label_days),
            *_coverage(store, history), *_recorded_late(store)]


def _issue(store: SignalStore, severity: str, rule: str, signal_id: str, ticker: str, text: tuple[str, str]
           ) -> SignalIssue:
    return SignalIssue(severity, rule, store.path.name, signal_id, ticker, *text)


def _damage(store: SignalStore) -> Iterator[SignalIssue]:
    for finding in store.read("PRAGMA integrity_check")["integrity_check"]:
        if finding != "ok":
            yield _issue(store, EXCLUDED, "damaged", "", "", (str(finding), "restore a copy and import again"))
    orphans = store.read("PRAGMA foreign_key_check")
    if len(orphans):
        yield _issue(store, EXCLUDED, "damaged", "", "", (f"{len(orphans)} rows belong to no signal",
                                                          "restore a copy and import again"))


def _broken_rules(store: SignalStore) -> Iterator[SignalIssue]:
    present = set(store.read("SELECT sql FROM sqlite_master WHERE type = 'trigger'")["sql"])
    missing = [guard.split()[2] for guard in GUARDS if guard not in present]
    if missing:
        yield _issue(store, EXCLUDED, "guard_missing", "", "", (
            f"triggers {', '.join(missing)} are gone or changed", "somebody could rewrite the past; restore a copy"))
    late = store.read("SELECT signal_id, ticker, block, known_at, r.recorded_at FROM revisions r "
                      "JOIN signals USING (signal_id) WHERE kind <> 'first' AND known_at < r.recorded_at")
    for row in late.itertuples():
        yield _issue(store, EXCLUDED, "back_dated", row.signal_id, row.ticker, (
            f"{row.block} recorded at {row.recorded_at} claims to be known at {row.known_at}", "restore a copy"))


def _edited(store: SignalStore) -> Iterator[SignalIssue]:
    changes = edits(store)
    for row in changes[changes["kind"] == "edit"].itertuples():
        yield _issue(store, WARNING, "edited", row.signal_id, row.ticker, (
            f"{row.field} was '{row.old[:60]}', became '{row.new[:60]}' on {row.when:%Y-%m-%d %H:%M} UTC",
            "the new value counts from then on only"))


def _overdue(store: SignalStore, now: datetime, label_days: int) -> Iterator[SignalIssue]:
    due = (now.astimezone(UTC) - timedelta(days=label_days + GRACE_DAYS)).strftime(INSTANT_FORMAT)
    table = store.read("SELECT signal_id, ticker, signal_time FROM signals WHERE signal_time < ? AND signal_id NOT IN "
                       "(SELECT signal_id FROM outcomes WHERE is_resolved = 1) ORDER BY signal_time", (due,))
    for row in table.itertuples():
        yield _issue(store, WARNING, "outcome_overdue", row.signal_id, row.ticker, (
            f"signal of {row.signal_time[:10]} has no resolved outcome", "run `signals label` with bars that cover it"))


def _coverage(store: SignalStore, history: SignalHistory) -> Iterator[SignalIssue]:
    for block, row in block_counts(history).iterrows():
        if row["n_missing"]:
            yield _issue(store, WARNING, "missing_block", "", "", (
                f"{row['n_missing']} of {row['n_signals']} signals have no {block}", "their features are missing"))
        if row["n_unstamped"] and block not in ("scores", "deployment"):
            yield _issue(store, WARNING, "unstamped_block", "", "", (
                f"{row['n_unstamped']} signals have {block} without the time of reading",
                "taken as known when posted, or missing, by the setting"))


def _recorded_late(store: SignalStore) -> Iterator[SignalIssue]:
    table = store.read("SELECT count(*) AS n FROM signals WHERE julianday(recorded_at) - julianday(signal_time) > ?",
                       (LATE_RECORDING.days,))
    count = int(table["n"].iloc[0])
    if count:
        yield _issue(store, WARNING, "recorded_late", "", "", (
            f"{count} signals were recorded more than {LATE_RECORDING.days} days after they were posted",
            "nobody can verify that they were chosen before their outcome was known"))
