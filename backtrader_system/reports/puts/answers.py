"""The first page: what a seller of puts asks, each question with a plain answer, its numbers and what they rest on."""

from __future__ import annotations

from backtrader_system.reports.figure_text import FigureSheet, is_missing, signed_percent
from backtrader_system.reports.puts.blocks import Block, Heading, Paragraph
from backtrader_system.reports.puts.facts import (
    FEWEST_EXPIRIES,
    RECOMMENDATIONS,
    VERDICTS,
    auc_text,
    confidence_text,
    facts_of,
    has_column,
    learned_text,
    money,
    p_text,
    plain_points,
    plural,
    points,
    rate,
    table_of,
    weights_text,
    with_interval,
)
from backtrader_system.reports.puts.other_rules import account_range_text, page_text, verdict_text
from backtrader_system.reports.puts.seller import Seller, losing_puts, put_trades, seller_of
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.section_figures import SectionFigures

LITTLE_COVERAGE = 0.999
WHY_NO_BREAK_EVEN = ("no break-even rate: puts of one outcome are absent, or the worthless ones lost or the assigned "
                     "ones earned money")
NOT_THE_REST = ("which is not 1 minus the share: it allows for options of one date and of one stock that move "
                "together")


def answer_blocks(result: RunResult) -> list[Block]:
    """Return the questions and their answers."""
    answers = (
        ("Does the score predict which puts expire worthless?", *predicts(result)),
        ("Does selling these puts pay?", *pays(result)),
        ("Was it luck?", *luck(result)),
        ("Should the weights change?", *weights_answer(result)),
        ("What is synthetic or re-implemented?", *origin(result)),
        ("How far can this be trusted?", *trust(result)),
    )
    blocks: list[Block] = []
    for question, lead, text in answers:
        blocks += [Heading(question, 3), Paragraph(text, lead=lead)]
    return blocks


def predicts(result: RunResult) -> tuple[str, str]:
    """Return whether the score tells worthless expiry, with sample, base rate, AUC and top against bottom."""
    facts = facts_of(result)
    verdict = VERDICTS.get(str(facts.value("verdict")), "Not computed.")
    if not facts.count("n_options"):
        return verdict, "No option was judged: none has a score and a known outcome."
    interval = f"{confidence_text(result)} interval"
    parts = [
        f"{sample_text(facts)}; {facts.text('base_rate', rate)} of the options expired worthless "
        f"({interval} {facts.interval('base_rate', rate) or 'not computed'}).",
        f"AUC {with_interval(facts, 'auc', auc_text)}: how often a worthless option had the higher score; 0.500 is a "
        "coin toss.",
        f"Within an expiry date the best fifth by score expired worthless in {facts.text('top_hit_rate', rate)}, the "
        f"worst fifth in {facts.text('bottom_hit_rate', rate)}: difference {_difference(facts)}.",
    ]
    if facts.value("market_auc") is not None:
        parts.append(f"The market's own probability N(d2) has an AUC of {facts.text('market_auc', auc_text)}"
                     f"{_added_text(result)}.")
    parts += [text for text in (page_text(result),) if text]
    if facts.value("verdict") == "not enough evidence" and facts.section.get("verdict_note"):
        parts.append(str(facts.section["verdict_note"]))
    return _beside_market(verdict, facts), " ".join(parts)


def _beside_market(verdict: str, facts: SectionFigures) -> str:
    """Return the verdict, less proud where the price of the option sorts better than the score."""
    market, own = facts.value("market_auc"), facts.value("auc")
    is_weaker = market is not None and own is not None and market > own
    return "Yes, but the option's price tells more." if verdict == VERDICTS["score works"] and is_weaker else verdict


def _added_text(result: RunResult) -> str:
    """Return whether the score adds to the market's probability, as the criterion of that name has it."""
    criteria = table_of(result, "criteria")
    if not has_column(criteria, "criterion", "verdict", "found"):
        return ""
    rows = criteria[criteria["criterion"] == "The score adds to the market's own probability"]
    words = {"met": "the score adds to it", "not met": "the score adds nothing to it",
             "not enough evidence": "whether the score adds to it cannot be told"}
    return "".join(f"; {words.get(str(row['verdict']), row['verdict'])} ({row['found']})"
                   for row in rows.to_dict("records"))


def pays(result: RunResult) -> tuple[str, str]:
    """Return whether selling paid, from the blotter and the account, beside buy and hold and random portfolios."""
    seller, sheet, facts = seller_of(result.trades), FigureSheet(result.metrics), facts_of(result)
    if not seller.sold:
        saved = sheet.value("total_trades")
        if saved:
            return "The blotter was not saved.", f"{saved:,} trades were closed; see the performance report."
        return "Nothing was sold.", "No put was sold and closed in the period."
    too_little = _too_little_sold(result)
    parts = [too_little, money_text(seller), tail_text(seller), account_text(result)]
    if facts.value("random_rank") is not None:
        p_value = facts.value("random_p")
        beside = "" if p_value is None else f" ({p_text(p_value)}, {NOT_THE_REST})"
        parts.append("Held to expiry, the options with the best scores did better than "
                     f"{rate(facts.value('random_rank'))} of random portfolios of as many options of the same expiry "
                     f"dates{beside}.")
    return "Not enough evidence." if too_little else _pays_lead(sheet), " ".join(filter(None, parts))


def _too_little_sold(result: RunResult) -> str:
    """Return why the puts sold cannot show whether selling pays: no loss, few expiry dates, no interval."""
    sheet, facts, reasons = FigureSheet(result.metrics), facts_of(result), []
    if losing_puts(result.trades).empty:
        reasons.append("No put was assigned or bought back at a loss, so what a loss costs is not known.")
    outcomes = table_of(result, "historical_options_outcomes")
    if has_column(outcomes, "OptionName", "ExpiryDate"):
        sold = outcomes["OptionName"].isin(put_trades(result.trades)["symbol"])
        n_dates = outcomes.loc[sold, "ExpiryDate"].nunique()
        if n_dates < FEWEST_EXPIRIES:
            reasons.append(f"The puts sold expired on {plural(n_dates, 'date')}; {FEWEST_EXPIRIES} are needed.")
    if not reasons and has_too_few(facts):
        reasons.append(f"The options judged expired on {plural(facts.count('n_expiries'), 'date')} in "
                       f"{plural(facts.count('n_clusters'), 'month')}; {FEWEST_EXPIRIES} months are needed.")
    if not reasons and any(is_missing(sheet.value(f"total_return_{end}")) for end in ("low", "high")):
        reasons.append("The account's return has no interval.")
    return " ".join(reasons)


def money_text(seller: Seller) -> str:
    """Return the sum of the seller: premium, what was paid at assignment, fees, what is left."""
    parts = [f"{plural(seller.sold, 'put position')} sold and closed, {rate(seller.hit_rate)} of them worthless",
             f"premium collected {money(seller.premium)}, paid at assignment {money(seller.payoffs)}"]
    parts += [f"bought back for {money(seller.buybacks)}"] if seller.buybacks else []
    parts += [f"assigned shares {money(seller.shares_pnl)}"] if seller.shares_pnl else []
    text = (f"{parts[0]}: {', '.join(parts[1:])}, fees {money(seller.fees)}; left {money(seller.net_pnl)}, "
            f"{money(seller.mean_pnl)} a position.")
    if seller.open_trades:
        text += (f" Not in it: {plural(seller.open_trades, 'position')} still open, {money(seller.open_pnl)} at "
                 "the last mark.")
    return text


def tail_text(seller: Seller) -> str:
    """Return what the worst positions cost, and the hit rate that the premium needs."""
    text = f"The worst 5 % of positions made {money(seller.tail_loss)} each"
    needed = seller.needed_hit_rate
    if is_missing(needed):
        return f"{text}; {WHY_NO_BREAK_EVEN}."
    return f"{text}; at these gains and losses {rate(needed)} must expire worthless to break even."


def account_text(result: RunResult) -> str:
    """Return the return of the account with its interval, beside buy and hold."""
    sheet = FigureSheet(result.metrics)
    if sheet.value("total_return") is None:
        return ""
    interval = sheet.interval("total_return")
    theirs = sheet.value("baseline_total_return")
    text = f"The account made {signed_percent(sheet.value('total_return'))}"
    text += f" ({confidence_text(result)} interval {interval})" if interval else ""
    text += f", {result.baseline_name} of the underlyings {signed_percent(theirs)}" if theirs is not None else ""
    fall = sheet.value("max_drawdown")
    return f"{text}{'' if fall is None else f'; at worst it lay {rate(fall)} below its peak'}."


def luck(result: RunResult) -> tuple[str, str]:
    """Return how likely chance alone gives this, and how many independent dates it rests on."""
    facts = facts_of(result)
    months = facts.count("n_clusters")
    beside = f" in {plural(months, 'month')}" if months else ""
    dates = (f"Options that expire in one month rise and fall together: the sample is "
             f"{plural(facts.count('n_expiries'), 'expiry date')}{beside}, not "
             f"{plural(facts.count('n_options'), 'option')}.")
    tests = [(name, facts.value(key)) for name, key in (
        ("rising hit rate over the score buckets", "trend_p"), ("logistic regression on the score", "logit_p"),
        ("best against worst fifth", "top_bottom_difference_p"), ("against random portfolios", "random_p"))]
    known = [f"{name} {p_text(value)}" for name, value in tests if value is not None]
    if not known:
        note = facts.section.get("trend_p_note") or "no test was computed"
        return "It cannot be told.", f"{dates} No p-value is given: {note}."
    lead = {"score works": "Hardly.", "repeats the price": "Hardly, but the option's price knows it, too.",
            "worse than chance": "The failure hardly is.",
            "no evidence": "Chance explains what was seen."}.get(str(facts.value("verdict")), "It cannot be told.")
    return lead, (f"If the score were worthless, a result like this would appear by chance so often: "
                  f"{'; '.join(known)}. {dates}")


def weights_answer(result: RunResult) -> tuple[str, str]:
    """Return what the search over all weights recommends."""
    facts = facts_of(result)
    lead = RECOMMENDATIONS.get(str(facts.value("weight_recommendation")), "Not searched.")
    if facts.value("weight_recommendation") is None:
        note = facts.section.get("weight_recommendation_note") or "the search was not run (puts.weight_search.enabled)"
        return lead, f"{str(note)[:1].upper()}{str(note)[1:]}."
    text = str(facts.value("weight_text") or "").removeprefix("Not enough evidence: ")
    text = f"{text[:1].upper()}{text[1:]}"
    now, best = weights_text(facts.value("current_weights")), weights_text(facts.value("best_weights"))
    learned = learned_text(result)
    if learned:
        text += " It compares with the configured weights, not with those learned month by month."
    if now and best:
        text += (f" {'Configured' if learned else 'In use'}: {now}; best of the past: {best} (order of the factors "
                 "as in the factor table).")
    return lead, text.strip()


def origin(result: RunResult) -> tuple[str, str]:
    """Return what of the run is made up, re-built or given, and which factors it has."""
    facts = facts_of(result)
    is_synthetic, is_given = bool(facts.value("is_synthetic")), facts.value("probability_source") == "given"
    chain = ("the chain: contracts are listed on third Fridays and a stated strike grid, premiums are Black-Scholes "
             "prices on past volatility, nobody ever quoted them. Outcomes come from real closes"
             if is_synthetic else "no quote: contracts and prices are those of the source")
    if result.settings.data.source == "simulated":
        chain = "the chain and the market itself: closes are generated too"
    probabilities = ("the probabilities are those of the source" if is_given else
                     "the probabilities of worthless expiry are our re-implementation, walk-forward: the recipes of "
                     "the original methods are not published")
    recovery = ("recovery advantage is rebuilt from what was known on each day"
                if facts.value("recovery") != "whole_life" else
                "recovery advantage is the original's, which LOOKS AHEAD")
    available = facts.section.get("factors_available")
    covered = facts.text("coverage_mean", rate)
    factors = (f" {len(available)} of 6 factors have data, on average {covered} of the weight."
               if isinstance(available, list | tuple) else "")
    lead = ("Option prices and probabilities." if is_synthetic and not is_given else
            "Option prices." if is_synthetic else "Nothing." if is_given else "The probabilities.")
    return lead, f"Synthetic is {chain}. Re-implemented: {probabilities}; {recovery}.{factors}"


def trust(result: RunResult) -> tuple[str, str]:
    """Return how far the conclusions carry, and each thing that limits them."""
    facts = facts_of(result)
    if has_too_few(facts):
        lead = "Not far."
    else:
        lead = ("The ranking, not the money." if facts.value("is_synthetic") else
                f"As far as {facts.count('n_expiries'):,} expiry dates go.")
    limits = [text for is_so, text in _limits(result, facts) if is_so]
    text = "; ".join(limits)
    return lead, f"{text[:1].upper()}{text[1:]}."


def _limits(result: RunResult, facts: SectionFigures) -> list[tuple[bool, str]]:
    underlyings, unknown = facts.count("n_underlyings"), facts.count("n_unknown")
    coverage = facts.value("coverage_mean")
    return [
        (has_too_few(facts), f"too few expiry dates ({facts.count('n_expiries'):,}) for any interval"),
        (bool(facts.value("is_synthetic")), "premiums are model prices, so every amount of money is an illustration"),
        (underlyings == 1, "one underlying says nothing about others"),
        (unknown > 0, f"{plural(unknown, 'judged option')} without a known outcome left out, never counted as "
         "worthless"),
        (coverage is not None and float(coverage) < LITTLE_COVERAGE,
         f"the score rests on {facts.text('coverage_mean', rate)} of its weight on average"),
        (facts.value("recovery") == "whole_life", "the recovery factor looks ahead"),
        (bool(verdict_text(result)), verdict_text(result)),
        (True, account_range_text(result)),
        (True, "the premium of a calm period says nothing about a crash it does not hold"),
    ]


def has_too_few(facts: SectionFigures) -> bool:
    """Return whether the options end on too few dates, or in too few months, for an interval."""
    return min(facts.count("n_expiries"), facts.count("n_clusters")) < FEWEST_EXPIRIES


def sample_text(facts: SectionFigures) -> str:
    """Return how many options, underlyings and expiry dates were judged."""
    return (f"{plural(facts.count('n_options'), 'option')} on {plural(facts.count('n_underlyings'), 'underlying')}, "
            f"{plural(facts.count('n_expiries'), 'expiry date')}")


def _difference(facts: SectionFigures) -> str:
    interval = facts.interval("top_bottom_difference", plain_points)
    return facts.text("top_bottom_difference", points) + (f" ({interval})" if interval else "")


def _pays_lead(sheet: FigureSheet) -> str:
    """Return whether the interval of the account's return lies above zero."""
    low, high = sheet.value("total_return_low"), sheet.value("total_return_high")
    if low > 0:
        theirs = sheet.value("baseline_total_return")
        is_worse = theirs is not None and theirs > sheet.value("total_return")
        return "It earned money, but less than buy and hold." if is_worse else "Yes, in this sample."
    return "No: it lost money." if high < 0 else "Not shown: the interval of its return holds zero."
