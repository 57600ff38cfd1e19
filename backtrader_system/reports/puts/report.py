"""The report of a put run: written once as blocks, for report.md and backtest_report.pdf alike."""

from __future__ import annotations

from collections.abc import Sequence

from backtrader_system.reports.puts.answers import answer_blocks, sample_text
from backtrader_system.reports.puts.blocks import Block, Heading, Paragraph, bullets, table
from backtrader_system.reports.puts.closing_blocks import (
    criteria_blocks,
    data_blocks,
    file_blocks,
    method_blocks,
    sensitivity_blocks,
    settings_blocks,
)
from backtrader_system.reports.puts.evidence_blocks import (
    factor_blocks,
    hit_rate_blocks,
    incremental_blocks,
    regime_blocks,
    reliability_blocks,
)
from backtrader_system.reports.puts.facts import (
    facts_of,
    learned_text,
    money,
    plain_text,
    rate,
    source_text,
    weights_text,
)
from backtrader_system.reports.puts.markdown_blocks import markdown_text
from backtrader_system.reports.puts.portfolio_blocks import portfolio_blocks
from backtrader_system.reports.puts.recovery_blocks import recovery_blocks
from backtrader_system.reports.puts.weight_blocks import weight_blocks
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import costs_text, simulation_text, universe_text, verification_text

PDF = "backtest_report.pdf"


def put_report(result: RunResult, *, files: Sequence[str]) -> str:
    """Return report.md. files : names or relative paths beside it; charts among them are shown."""
    return markdown_text(report_blocks(result, files=files), files=files)


def put_report_pdf(result: RunResult, *, files: Sequence[str]) -> bytes:
    """Return backtest_report.pdf: the same blocks as pages, with the run's charts inside. Equal runs, equal bytes."""
    from backtrader_system.reports.puts.pdf import pdf_bytes
    from backtrader_system.reports.run_files import plots_of

    return pdf_bytes(report_blocks(result, files=files), charts=plots_of(result), header=result.corner,
                     title=f"Put recommendations: {result.run_id}")


def report_blocks(result: RunResult, *, files: Sequence[str]) -> list[Block]:
    """Return the whole report; a figure that was not computed says why."""
    notice = simulation_text(result.simulated_parts)
    return [
        Heading(f"Backtest report: put recommendations ({result.run_id})", 1),
        *([Paragraph(f"{notice}.", is_notice=True)] if notice else []),
        Paragraph(head_text(result)), *answer_blocks(result), *_run_blocks(result), *_conclusion_blocks(result),
        *_warning_blocks(result), *criteria_blocks(result), *hit_rate_blocks(result), *reliability_blocks(result),
        *incremental_blocks(result), *factor_blocks(result), *regime_blocks(result), *recovery_blocks(result),
        *weight_blocks(result), *portfolio_blocks(result), *sensitivity_blocks(result), *data_blocks(result),
        *method_blocks(result), *settings_blocks(result), *file_blocks(files),
    ]


def head_text(result: RunResult) -> str:
    """Return in one line what was judged, when and from which source."""
    facts = facts_of(result)
    phase = f"Phase {facts.value('phase')}: " if facts.value("phase") is not None else ""
    return f"{phase}{source_text(result.settings)}, {period_text(result)}; {sample_text(facts)}."


def period_text(result: RunResult) -> str:
    """Return first and last session of the account."""
    if result.equity.empty:
        return "no session"
    sessions = result.equity["session"]
    return f"{sessions.iloc[0]:%Y-%m-%d} to {sessions.iloc[-1]:%Y-%m-%d}"


def _run_blocks(result: RunResult) -> list[Block]:
    facts, puts = facts_of(result), result.settings.puts
    place = puts.chain or puts.collected
    available = [_words(name) for name in facts.section.get("factors_available") or ()]
    rows = [
        ("period", f"{period_text(result)}, {len(result.equity):,} sessions"),
        ("phase", facts.text("phase_text", str)),
        ("source of the puts", f"{source_text(result.settings)}{f' ({place})' if place else ''}"),
        ("underlyings", universe_text(result.settings)), ("sample", sample_text(facts)),
        ("factors with data", ", ".join(available) or "none"),
        ("weight covered", f"{facts.text('coverage_mean', rate)} on average, at least "
                           f"{facts.text('coverage_min', rate)}"),
        ("probabilities", f"{facts.text('probability_method', _words)}, {facts.text('probability_source', _words)}"),
        ("recovery", facts.text("recovery", _words)), ("arithmetic", facts.text("arithmetic", _words)),
        ("weights in use", _weights_in_use(result)),
        ("initial capital", money(result.settings.backtest.initial_capital)),
        ("costs", costs_text(result.settings)),
    ]
    verification = verification_text(result)
    rows += [("second check", verification)] if verification else []
    return [Heading("What was run"), table(("", ""), rows)]


def _conclusion_blocks(result: RunResult) -> list[Block]:
    conclusion = facts_of(result).section.get("conclusion") or ()
    texts = [conclusion] if isinstance(conclusion, str) else list(conclusion)
    return [Heading("Conclusion"), bullets(*map(plain_text, texts))] if texts else []


def _warning_blocks(result: RunResult) -> list[Block]:
    own = facts_of(result).section.get("warnings") or ()
    texts = list(dict.fromkeys([*result.warnings, *([own] if isinstance(own, str) else own)]))
    return [Heading("Warnings"), bullets(*texts)] if texts else []


def _weights_in_use(result: RunResult) -> str:
    configured = weights_text(facts_of(result).value("current_weights")) or "see the settings"
    learned = learned_text(result)
    return f"{learned}; the others as configured: {configured})" if learned else configured


def _words(value: object) -> str:
    return str(value).replace("_", " ")
