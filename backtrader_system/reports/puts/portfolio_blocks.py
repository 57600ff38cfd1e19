"""The parts of a put report about money: the account, the seller's sum, months, expiries, random portfolios."""

from __future__ import annotations

import pandas as pd

from backtrader_system.reports.figure_text import FigureSheet, count, label
from backtrader_system.reports.puts.answers import NOT_THE_REST, account_text, money_text
from backtrader_system.reports.puts.blocks import Block, Heading, Paragraph, cut_table, table
from backtrader_system.reports.puts.charts import chart_blocks
from backtrader_system.reports.puts.facts import (
    CellText,
    column_rows,
    confidence_text,
    facts_of,
    has_column,
    money,
    p_text,
    plural,
    rate,
    shown,
    table_of,
)
from backtrader_system.reports.puts.seller import Seller, put_trades, seller_of
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.section_figures import SectionFigures, value_text

ACCOUNT = ("total_return", "cagr", "volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "max_drawdown",
           "average_drawdown")
EXTREMES_SHOWN = 5
EXPIRIES_SHOWN = 15
ORDERS_SHOWN = 8
DAYS_A_YEAR = 365.25
COLLATERAL_NOTE = ("Collateral in shares of the equity, over all sessions. Its return counts what the puts made, open "
                   "ones at their last mark, and not what assigned shares did afterwards.")


def portfolio_blocks(result: RunResult) -> list[Block]:
    """Return the account that sold the puts recommended, beside buy and hold and random portfolios."""
    seller = seller_of(result.trades)
    blocks: list[Block] = [Heading("Selling the recommended puts"), Paragraph(selling_text(result))]
    if not len(result.equity):
        return [*blocks, Paragraph("No account was run.")]
    return [
        *blocks, *chart_blocks(result, "plot_equity.png"), _account_table(result),
        Paragraph(f"{account_text(result)} {COLLATERAL_NOTE}".strip()), *_sum_blocks(seller),
        *chart_blocks(result, "plot_premium.png"),
        *chart_blocks(result, "plot_drawdown.png"), *_random_blocks(result), *_extreme_blocks(result),
        *_expiry_blocks(result), *_order_blocks(result),
        *chart_blocks(result, "plot_monthly_returns.png"), *chart_blocks(result, "plot_exposure.png"),
    ]


def selling_text(result: RunResult) -> str:
    """Return what was sold, at which price, with what behind it, in words."""
    selling, outcome = result.settings.puts.selling, result.settings.puts.outcome
    fill = {"bid": "at the bid", "mid": "at the middle of bid and ask",
            "part": f"at the mid less {outcome.spread_part:.0%} of the half spread"}[outcome.fill]
    collateral = {"cash_secured": "the whole strike in cash", "margin": "the margin formula"}[selling.collateral]
    exits = [text for value, text in (
        (selling.take_profit_fraction, f"at {selling.take_profit_fraction or 0:.0%} of the premium earned"),
        (selling.stop_loss_multiple, f"at {selling.stop_loss_multiple or 0:g} times the premium"),
        (selling.exit_days_to_expiry, f"{selling.exit_days_to_expiry or 0} days before expiry")) if value is not None]
    held = f"bought back {' or '.join(exits)}, else held to expiry" if exits else "held to expiry"
    capital = result.settings.backtest.initial_capital
    return (f"From {money(capital)}, the best {selling.top_n} puts of each decision by score are sold {fill}, at most "
            f"{selling.max_per_underlying} per underlying, up to {money(selling.capital_per_position)} of collateral a "
            f"position ({collateral}), {held}. Fees: {money(outcome.fee_per_order)} an order and "
            f"{money(outcome.fee_per_contract)} a contract. All amounts are in the currency of the quotes.")


def _account_table(result: RunResult) -> Block:
    sheet = FigureSheet(result.metrics)

    def theirs(name: str) -> str:
        return sheet.text(f"baseline_{name}") if sheet.value(f"baseline_{name}") is not None else ""

    rows = [("Final value", value_text(sheet.value("final_value"), money), "",
             money(result.baseline_equity["equity"].iloc[-1]) if len(result.baseline_equity) else "")]
    rows += [(label(name), sheet.text(name), sheet.interval(name), theirs(name)) for name in ACCOUNT]
    rows += [(words, text, "", "") for words, text in _collateral_rows(result) if text]
    interval = f"{confidence_text(result)} interval"
    header = ("the account", "puts sold", interval, f"{result.baseline_name} of underlyings")
    return table(header, rows, right=(1, 2, 3))


def _collateral_rows(result: RunResult) -> list[tuple[str, str]]:
    """Return what stands behind the puts; the market value of short puts, near zero, would say nothing of it."""
    facts = facts_of(result)
    return [
        ("Collateral behind open puts, mean", value_text(facts.value("collateral_mean"), rate)),
        ("Collateral behind open puts, highest", value_text(facts.value("collateral_max"), rate)),
        ("Sessions with more collateral than equity", value_text(facts.value("collateral_breaches"), count)),
        ("Return of the puts on the mean collateral, per year", value_text(_collateral_return(result), _return)),
    ]


def _collateral_return(result: RunResult) -> float | None:
    """Return the net P&L of the puts a year over the mean collateral; None where nothing was set aside."""
    used, earned = table_of(result, "collateral"), facts_of(result).value("puts_net_pnl")
    if earned is None or not has_column(used, "session", "collateral"):
        return None
    mean, years = used["collateral"].mean(), (used["session"].iloc[-1] - used["session"].iloc[0]).days / DAYS_A_YEAR
    return float(earned) / mean / years if mean > 0 and years > 0 else None


def _sum_blocks(seller: Seller) -> list[Block]:
    """Return the seller's sum line by line: a reader can add it up."""
    blocks: list[Block] = [Heading("Premium against assignment losses", 3)]
    if not seller.sold:
        return [*blocks, Paragraph("No put was sold and closed: there is nothing to add up.")]
    rows = [
        ("premium collected at the sale", f"+{money(seller.premium)}", "100.0 %"),
        ("paid at assignment (strike less close)", money(-seller.payoffs), rate(seller.payoffs / seller.premium)),
        ("paid to buy puts back early", money(-seller.buybacks), rate(seller.buybacks / seller.premium)),
        ("fees of puts", money(-seller.fees), rate(seller.fees / seller.premium)),
        ("assigned shares until sold, after costs", money(seller.shares_pnl), rate(seller.shares_pnl / seller.premium)),
        ("left", money(seller.net_pnl), rate(seller.kept_share)),
    ]
    wrong = [] if seller.adds_up else [
        Paragraph("The lines do not add up to the blotter's net P&L; trust no amount of this report.",
                  lead="It does not add up.")]
    still = []
    if seller.open_trades:
        still = [Paragraph(f"{plural(seller.open_trades, 'position')} still open at the end, worth "
                           f"{money(seller.open_pnl)} at their last mark, not in this sum.")]
    return [*blocks, table(("closed positions", "money", "of the premium"), rows, right=(1, 2)), *wrong,
            Paragraph(f"{money_text(seller)} Half of the positions made more than {money(seller.median_pnl)}; the "
                      f"worst 5 % made {money(seller.tail_loss)} each."), *still]


def _random_blocks(result: RunResult) -> list[Block]:
    facts = facts_of(result)
    blocks: list[Block] = [Heading("Against random portfolios", 3)]
    if facts.value("random_rank") is None:
        note = facts.section.get("random_rank_note")
        return [*blocks, Paragraph(f"Not computed{f': {note}' if note else ''}.")]
    draws = len(table_of(result, "random_portfolios"))
    return [*blocks, *chart_blocks(result, "plot_random_portfolios.png"),
            Paragraph(f"{draws:,} portfolios drew as many options by lot from each expiry date. The options "
                      f"with the best scores returned {facts.text('top_n_return', _return)} on their collateral on "
                      f"average and beat {facts.text('random_rank', rate)} of them{_random_p(facts)}.")]


def _random_p(facts: SectionFigures) -> str:
    return "" if facts.value("random_p") is None else f" ({p_text(facts.value('random_p'))}, {NOT_THE_REST})"


def _return(fraction: object) -> str:
    return f"{float(fraction) * 100 + 0.0:+.2f} %"


def _extreme_blocks(result: RunResult) -> list[Block]:
    puts = put_trades(result.trades[result.trades["status"] == "closed"]).sort_values(["net_pnl", "trade_id"])
    if puts.empty:
        return []
    chosen = puts.head(EXTREMES_SHOWN)
    columns: dict[str, CellText] = {
        "contract": shown("symbol", str), "sold": shown("entry_session", _day), "ended": shown("exit_session", _day),
        "contracts": lambda row: f"{abs(row['size']):g}", "premium": shown("entry_price", money),
        "paid": shown("exit_price", money), "how": lambda row: value_text(row["exit_reason"], _words),
        "score": lambda row: value_text(row["score"], lambda value: f"{value:.1f}"), "net P&L": shown("net_pnl", money),
    }
    return [Heading(f"The worst {plural(len(chosen), 'position')}", 3),
            table(list(columns), column_rows(chosen, columns), right=(3, 4, 5, 7, 8)),
            Paragraph("Premium and paid are per contract.")]


def _expiry_blocks(result: RunResult) -> list[Block]:
    """Return what happened at expiry, the costliest first."""
    expiries = table_of(result, "expiries")
    if not has_column(expiries, "contract", "outcome", "pnl_at_expiry"):
        return []
    ordered = expiries.sort_values("pnl_at_expiry", kind="stable")
    columns: dict[str, CellText] = {
        "contract": shown("contract", str), "ended": shown("session", _day), "expiry": shown("expiry", _day),
        "strike": shown("strike", _price),
        "close": shown("underlying_close", _price), "contracts": shown("contracts", lambda value: f"{abs(value):g}"),
        "outcome": shown("outcome", _words), "payoff": shown("payoff", money), "settled in": shown("assignment", str),
        "P&L at expiry": shown("pnl_at_expiry", money),
    }
    rows = column_rows(ordered, columns)
    return [Heading("Expiries, the costliest first", 3), Paragraph(_outcome_counts(expiries)),
            *cut_table(list(columns), rows, shown=EXPIRIES_SHOWN, more="the table expiries among the files",
                       right=(3, 4, 5, 7, 9))]


def _outcome_counts(expiries: pd.DataFrame) -> str:
    counts = expiries["outcome"].value_counts()
    return f"{plural(len(expiries), 'expiry', 'expiries')}: " + ", ".join(
        f"{number:,} {_words(name)}" for name, number in counts.items()) + "."


def _order_blocks(result: RunResult) -> list[Block]:
    """Return why orders came to nothing."""
    orders = result.orders[result.orders["status"].isin(["rejected", "cancelled"])]
    if orders.empty:
        return []
    counts = orders.fillna({"reason": "no reason given"}).groupby(["status", "reason"]).size().sort_values(
        ascending=False, kind="stable")
    rows = [(status, reason or "no reason given", count(number)) for (status, reason), number in counts.items()]
    return [Heading("Orders that came to nothing", 3),
            *cut_table(("order", "why", "number"), rows, shown=ORDERS_SHOWN, more="the order log", right=(2,))]


def _day(value: object) -> str:
    return f"{value:%Y-%m-%d}"


def _price(value: object) -> str:
    return f"{float(value):,.2f}"


def _words(value: object) -> str:
    return str(value).replace("_", " ")
