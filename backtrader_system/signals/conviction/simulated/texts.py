"""Messages of a chat room that nobody wrote: phrases put together by numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FIRE, ROCKET = "\N{FIRE}", "\N{ROCKET}"

OPENERS = (
    "Looking at this one today.", "Back on my list.", "Anyone following this?", "Adding it to the watch list.",
    "Quick note before the weekend.", "Chart looks clean to me.", "New idea from my notes.", "Thoughts on this one?",
    "Still early here in my view.", "Picked this up from a friend who works in the field.")
# What a scraper's rules count, mildest first.
BULLISH = (
    (), ("I am bullish here.",), ("Bullish, and I have been buying.",),
    ("Bullish and buying.", "Still accumulating on every dip."),
    ("Very bullish, this is a high conviction idea.", "Buying and accumulating all week."))
FUNDAMENTALS = (
    "Last earnings were better than guided.", "Revenue growth has not slowed.", "It takes market share every quarter.",
    "There is a real moat around the product.", "The addressable market is far larger than people think.")
HYPE = ("This goes to the moon.", "Easy 100x from here.", "Lambo soon.", "Straight to the moon, do not fade it.")
# What no rule of the scrapers looks for.
DETAILS = (
    "A patent was granted for the core method.", "Every user makes it better for the next one, a network effect.",
    "They are the first mover in that niche.", "An experienced team that has shipped before.",
    "A partnership with a large provider was signed.", "The launch of the next version is dated.",
    "Talks about a merger have been confirmed.", "One of the few in its batch at Y Combinator that kept its founders.")
CRYPTO_THESIS = (
    "Fees go to stakers and the unlock schedule ends this quarter.", "Daily active wallets keep rising on both chains.",
    "The bridge volume doubled while nobody talked about it.", "Validators have been moving coins off exchanges.",
    "The treasury pays for two years of work without selling.", "Developers merged the new client last night.",
    "Funding is flat, so the trade is not crowded.", "The testnet handled the load test without a halt.",
    "Governance voted to burn a part of the fees.", "Borrow demand on the lending side picked up again.")
STOCK_THESIS = (
    "Orders for next year are already booked.", "The new plant runs at full load since spring.",
    "Debt was refinanced at a lower rate.", "Insiders have not sold a single share this year.",
    "The segment that lost money was closed.", "Two analysts visited the site and came back impressed.",
    "Inventory is back to where it was before.", "The dividend is covered twice.",
    "Short interest is still high for such a quiet chart.", "Management repeated its guidance twice.")
ENDORSEMENTS = ("Dan likes it too.", "Dan mentioned it on the call.", "Dan is in.")
LINKS = ("https://example.org/notes", "https://example.org/chart", "https://example.com/thread")
DAYS_WATCHED = 400              # a number in every message, so that hardly any two are equal
CLOSERS = ("Not advice.", "Let me know what I miss.", "Sizing small.", "Will update.", "")


@dataclass(frozen=True, slots=True)
class MessagePlan:
    """How much of each kind a message holds; integer arrays of shape (n,).

    bullish : 0 to 4, place in BULLISH. fires, rockets : emoji. fundamentals, hype, details, thesis, links : sentences.
    """

    ticker: np.ndarray
    is_crypto: np.ndarray
    is_endorsed: np.ndarray
    bullish: np.ndarray
    fires: np.ndarray
    rockets: np.ndarray
    fundamentals: np.ndarray
    hype: np.ndarray
    details: np.ndarray
    thesis: np.ndarray
    links: np.ndarray

    def __len__(self) -> int:
        return len(self.ticker)


def compose_messages(plan: MessagePlan, stream: np.random.Generator) -> list[str]:
    """Return one message per row of the plan; no sentence twice in one message.

    Examples
    --------
    >>> one, none = np.array([1]), np.array([0])
    >>> plan = MessagePlan(np.array(["TAO"]), one > 0, none > 0, one, one, none, none, none, one, none, none)
    >>> text = compose_messages(plan, np.random.default_rng(1))[0]
    >>> text.startswith("$TAO "), "bullish" in text, text.count(FIRE)
    (True, True, 1)
    """
    # More than the longest list of phrases, so that every first phrase is equally likely.
    first = stream.integers(1_000_000_007, size=(len(plan), 9)).tolist()
    columns = [np.asarray(getattr(plan, name)).tolist() for name in MessagePlan.__slots__]
    return [_message(*row, picks) for *row, picks in zip(*columns, first, strict=True)]


def _message(
    ticker: str, is_crypto: bool, is_endorsed: bool, bullish: int, fires: int, rockets: int, fundamentals: int,
    hype: int, details: int, thesis: int, links: int, picks: list[int],
) -> str:
    sentences = [
        f"${ticker}", *_some(OPENERS, 1, picks[0]), f"Day {1 + picks[8] % DAYS_WATCHED} of watching it.",
        *BULLISH[bullish],
        *_some(CRYPTO_THESIS if is_crypto else STOCK_THESIS, thesis, picks[1]),
        *_some(FUNDAMENTALS, fundamentals, picks[2]), *_some(DETAILS, details, picks[3]), *_some(HYPE, hype, picks[4]),
        *_some(ENDORSEMENTS, int(is_endorsed), picks[5]), *_some(CLOSERS, 1, picks[6]),
        *_some(LINKS, links, picks[7]), FIRE * fires, ROCKET * rockets]
    return " ".join(sentence for sentence in sentences if sentence)


def _some(phrases: tuple[str, ...], count: int, first: int) -> list[str]:
    """Return `count` different phrases, neighbours in the list from place `first` on, round the end."""
    return [phrases[(first + number) % len(phrases)] for number in range(min(count, len(phrases)))]
