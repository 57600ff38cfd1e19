"""The QuantStats page asks nothing of the network."""

from __future__ import annotations

import logging
import re
import socket

import numpy as np
import pytest

from backtrader_system.errors import OutputError
from backtrader_system.reports.run_folder import open_run_folder
from backtrader_system.reports.tearsheet import tearsheet_html, without_outside_links
from backtrader_system.reports.write_run import write_run

# Names of XML vocabularies; a browser reads them as names and fetches nothing.
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_arguments, **_options):
        raise AssertionError("a tear sheet opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
def test_the_page_is_complete_and_calls_nobody(make_result, caplog):
    wave = [0.01 * np.sin(number / 3) + 0.001 for number in range(90)]
    level = logging.getLogger("matplotlib.font_manager").level

    with caplog.at_level(logging.DEBUG, logger="backtrader_system"):
        html = tearsheet_html(make_result(returns=wave))

    assert "Sharpe" in html
    assert "Buy and hold" in html or "BUY AND HOLD" in html
    assert "<svg" in html
    assert set(re.findall(r"https?://[^\s\"'<>)]+", html)) <= NAMESPACES
    assert not re.search(r"<(link|script|iframe|img|object)\b|@import|onload=", html)
    assert not [record for record in caplog.records if "findfont" in record.message]
    assert logging.getLogger("matplotlib.font_manager").level == level


def test_everything_that_leads_outside_is_removed():
    html = ('<link rel="icon" href="https://example.org/x.ico"><script src="http://a/x.js"></script><p>kept</p>'
            '<a href="http://b">words</a><metadata><x y="http://c"/></metadata><body onload="save()">')

    assert without_outside_links(html) == "<p>kept</p>words<body>"


@pytest.mark.parametrize(("returns", "reason"), [
    pytest.param([0.01, -0.01] * 5, "it needs 40 sessions, the run has 10", id="too short"),
    pytest.param([0.0] * 60, "the returns do not vary", id="constant"),
])
def test_a_run_too_small_for_it_says_so_and_is_stored_without(make_result, tmp_path, returns, reason):
    result = make_result(returns=returns, settings={"output": {"save_tearsheet": True, "save_plots": False}})

    with pytest.raises(OutputError, match=reason):
        tearsheet_html(result)
    with open_run_folder(tmp_path, "sample") as folder:
        stored = write_run(result, folder.path, folder.timestamp)
    assert any(reason in warning for warning in stored.warnings)
    assert not (stored.folder / "tearsheet.html").exists()
