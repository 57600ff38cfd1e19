"""The evidence in sentences for a put seller."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from backtrader_system.metrics.figure import Figure
from backtrader_system.metrics.puts.sample import EvidenceSample
from backtrader_system.metrics.puts.verdict import MET, NO_EVIDENCE, NOT_ENOUGH, REPEATS, WORKS, WORSE, p_text

_HEADLINE = {
    WORKS: "The score works as a ranking in these data.",
    REPEATS: "The score ranks the options, but only as their price does.",
    NO_EVIDENCE: "No evidence that the score predicts worthless expiry.",
    NOT_ENOUGH: "Not enough evidence to say whether the score predicts worthless expiry.",
    WORSE: "The score does worse than chance: higher scores expire worthless less often.",
}


def conclusion_sentences(
    sample: EvidenceSample, figures: Mapping[str, Figure], why: str, criteria: pd.DataFrame
) -> list[str]:
    """Return the verdict, what it rests on, what the price already says, what selling brought, and what limits it."""
    value = {name: figure.value for name, figure in figures.items()}
    return [sentence for sentence in (
        f"{_HEADLINE[value['verdict']]} {why}",
        _basis(sample, value),
        _beside_market(criteria, value),
        _money(value),
        _choice(value),
        _factors(criteria),
        _clusters(sample),
    ) if sentence]


def _basis(sample: EvidenceSample, value: dict) -> str:
    text = (f"{_count(value['n_options'], 'option')} on {_count(value['n_underlyings'], 'underlying')} expired on "
            f"{_count(value['n_expiries'], 'date')} in {_count(sample.n_clusters, 'month')}")
    if value["base_rate"] is not None:
        text += f"; {value['base_rate']:.1%} expired worthless{_ends(value, 'base_rate', percent=True)}"
    left = [f"{n:,} {what}" for n, what in ((sample.n_unknown, "without a known outcome"),
                                           (sample.n_unscored, "without a score")) if n]
    return f"{text}{'; left out: ' + ', '.join(left) if left else ''}."


def _beside_market(criteria: pd.DataFrame, value: dict) -> str:
    row = criteria.iloc[-1]
    head = {MET: "The score adds to what the option's price already says",
            "not met": "The score adds nothing useful to what the option's price already says",
            NOT_ENOUGH: "Whether the score adds to what the option's price already says cannot be told"}[row["verdict"]]
    if value["market_auc"] is None or value["auc"] is None:
        return f"{head}: {row['found']}."
    return (f"{head}: {row['found']}. Alone, the market's probability ranks with AUC {value['market_auc']:.3f}, "
            f"the score with {value['auc']:.3f}.")


def _money(value: dict) -> str:
    if value["expectancy"] is None:
        return ""
    hurdle = ("" if value["break_even_rate"] is None else
              f" Break-even takes {value['break_even_rate']:.1%} worthless; of the options that had a bid "
              f"{value['priced_hit_rate']:.1%} were.")
    return (f"Selling every option that had a bid brought {value['expectancy']:+,.2f} per contract on average"
            f"{_ends(value, 'expectancy')}; the worst 5 % averaged {value['tail_loss']:+,.2f}.{hurdle}"
            f"{_without_bid(value)}")


def _without_bid(value: dict) -> str:
    n_without = value["n_options"] - value["n_priced"]
    if not n_without:
        return ""
    n_worthless = round(value["base_rate"] * value["n_options"]) - round(value["priced_hit_rate"] * value["n_priced"])
    return (f" {n_without:,} of {_count(value['n_options'], 'option')} had no bid: in the hit rate, but in no amount "
            f"of money ({n_worthless / n_without:.1%} of them worthless).")


def _choice(value: dict) -> str:
    if value["random_rank"] is None:
        return ""
    p_value = "" if value["random_p"] is None else (
        f" (p {p_text(value['random_p'])}: this is not 1 minus the share, as it allows for options of one date and one "
        "stock that go together)")
    return (f"The options with the best scores returned {value['top_n_return']:+.2%} of capital each; "
            f"{value['random_rank']:.1%} of random choices from the same expiry dates returned less{p_value}.")


def _factors(criteria: pd.DataFrame) -> str:
    row = criteria[criteria["criterion"] == "Which factors matter is known"].iloc[0]
    return f"Factors that predict on their own: {row['found']}."


def _clusters(sample: EvidenceSample) -> str:
    if sample.why_no_error:
        return f"No interval and no p-value is given: {sample.why_no_error}."
    return ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _ends(value: dict, name: str, *, percent: bool = False) -> str:
    low, high = value[f"{name}_low"], value[f"{name}_high"]
    if low is None or high is None:
        return ""
    return f" ({low:.1%} to {high:.1%})" if percent else f" ({low:+,.2f} to {high:+,.2f})"
