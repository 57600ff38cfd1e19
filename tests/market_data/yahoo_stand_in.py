"""A server on this machine that answers like Yahoo, and a session that sends yfinance to it.

Prices are Yahoo's: divided by every split known today. yfinance first asks for a symbol's time zone, which it
remembers while the process lives, then for its bars. Faults are given out one per request, then all is well.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pandas as pd
from curl_cffi import requests

EXCHANGE = "America/New_York"
MISSING = {"chart": {"result": None, "error": {
    "code": "Not Found", "description": "No data found, symbol may be delisted"}}}


@dataclass
class Listing:
    """What Yahoo knows of one symbol: rows (date, open, high, low, close, adj_close, volume) and events."""

    rows: list[tuple]
    splits: dict[str, tuple[float, float]] = field(default_factory=dict)
    dividends: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)         # of requests for bars
    zone_faults: list[str] = field(default_factory=list)    # of requests for the time zone


class StandIn:
    """The server's listings, and a log of (path, query) of every request it received."""

    def __init__(self, port: int, listings: dict[str, Listing]) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.listings = listings
        self.requests: list[tuple[str, dict[str, str]]] = []

    def bar_requests(self) -> list[dict[str, str]]:
        return [query for _, query in self.requests if "period1" in query]

    def session(self) -> requests.Session:
        return RedirectedSession(self.address)

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, str]:
        """Return status and body of one request."""
        self.requests.append((path, query))
        if path == "/v1/test/getcrumb":
            return 200, "crumb"
        if not path.startswith("/v8/finance/chart/"):
            return (200, "") if path in ("", "/") else (404, "{}")
        listing = self.listings.get(path.rsplit("/", 1)[1])
        if listing is None:
            return 404, json.dumps(MISSING)
        faults = listing.faults if "period1" in query else listing.zone_faults
        fault = faults.pop(0) if faults else "none"
        if fault == "slow":
            time.sleep(0.6)
        by_fault = {"429": (429, "Too Many Requests"), "500": (500, "<html>oops</html>"),
                    "down": (200, "Will be right back"), "odd": (200, '{"chart": {"result": [{}]}}')}
        return by_fault.get(fault) or (200, json.dumps(_chart(listing, query)))


class RedirectedSession(requests.Session):
    """A session that reaches nothing but the stand-in, whatever address it is asked for."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def request(self, method: str, url: str, *args: object, **kwargs: object) -> requests.Response:
        parts = urlsplit(url)
        if not (parts.hostname or "").endswith("yahoo.com"):
            raise AssertionError(f"a request for {url}")
        query = f"?{parts.query}" if parts.query else ""
        return super().request(method, self._address + parts.path + query, *args, **kwargs)


@contextmanager
def yahoo_stand_in(listings: dict[str, Listing]) -> Iterator[StandIn]:
    """Run the stand-in on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.stand_in = StandIn(server.server_port, listings)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        status, text = self.server.stand_in.answer(parts.path, query)
        body = text.encode()
        head = (f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n\r\n")
        self.close_connection = False
        try:
            # One write: two small ones wait 40 ms for each other.
            self.wfile.write(head.encode() + body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client's time was out

    def log_message(self, *args: object) -> None:
        """Stay quiet."""


def _opening(day: str) -> int:
    return int((pd.Timestamp(day, tz=EXCHANGE) + pd.Timedelta(hours=9, minutes=30)).timestamp())


def _chart(listing: Listing, query: dict[str, str]) -> dict:
    first, last = int(query.get("period1", 0)), int(query.get("period2", 2**40))

    def inside(days: object) -> list:
        return [day for day in days if first <= _opening(day) < last]

    known = {row[0]: row[1:] for row in listing.rows}
    days = inside(known)
    columns = list(zip(*(known[day] for day in days), strict=True)) or [()] * 6
    quote = {name: list(columns[i]) for i, name in enumerate(("open", "high", "low", "close"))}
    quote["volume"] = list(columns[5])
    meta = {"currency": "USD", "instrumentType": "EQUITY", "exchangeTimezoneName": EXCHANGE, "timezone": "EST",
            "gmtoffset": -18000, "priceHint": 2, "dataGranularity": "1d", "validRanges": ["1d", "max"],
            "regularMarketTime": _opening(listing.rows[-1][0]), "regularMarketPrice": listing.rows[-1][4]}
    result = {"meta": meta, "timestamp": [_opening(day) for day in days], "events": {
        "dividends": {str(_opening(day)): {"amount": listing.dividends[day], "date": _opening(day)}
                      for day in inside(listing.dividends)},
        "splits": {str(_opening(day)): {"date": _opening(day), "numerator": listing.splits[day][0],
                                        "denominator": listing.splits[day][1]}
                   for day in inside(listing.splits)}},
        "indicators": {"quote": [quote if days else {}], "adjclose": [{"adjclose": list(columns[4])}]}}
    if not days:
        del result["timestamp"]
    return {"chart": {"result": [result], "error": None}}
