"""The command line of the conviction system, with the options of the document it comes from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from backtrader_system.cli.main import print_and_run
from backtrader_system.cli.options import bars_from, day, overrides, period
from backtrader_system.cli.outcome import ended

PROGRAM = "backtest_model.py"
STRATEGIES = ("top10", "threshold7", "threshold8", "threshold9", "hybrid", "rules")
SCENARIOS = ("top_decile", "thresholds", "ml_vs_rules", "sizing", "walk_forward", "ablation")
NAMES = {"1": "top_decile", "2": "thresholds", "3": "ml_vs_rules", "4": "sizing"}

EXAMPLES = """examples:
  python backtest_model.py --config conviction_sample.yaml        invented ideas, simulated market, no network
  python backtest_model.py --model models/conviction_v0.1.skops --data data/historical_signals.csv \\
      --strategy top10 --position-size 5000 --output reports/backtest_v0.1.md
  python backtest_model.py --data signals.csv --prices bars.parquet --scenarios all

strategies: top10 buys the best tenth by the model's score, threshold7|8|9 all from that score on, hybrid the best tenth
by 0.7 model + 0.3 rules (conviction.hybrid_ml_weight), rules the best tenth by the rules' score.
Without --model, a model is trained before every month on the signals that were resolved by then.
exit codes: 0 done, 1 something you can mend or Ctrl-C, 2 wrong usage, 3 ledgers do not reconcile"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `argv` as for `cli.main.main`."""
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = parser().parse_args(given)
    return ended(lambda: _run(arguments, given), verbose=arguments.verbose)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all options."""
    result = argparse.ArgumentParser(
        prog=PROGRAM, description="Would the best of these scored ideas have paid, and do the scores beat the rules?",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    add = result.add_argument
    add("--model", metavar="FILE", help="a model file (.skops); none: retrained before every month")
    add("--data", metavar="FILE", help="historical signals: CSV, JSON lines or a signal store")
    add("--prices", metavar="PATH", help="bars: a Parquet or CSV file or a folder of them (default: Yahoo)")
    add("--strategy", choices=STRATEGIES, help="which signals are bought (default: top10)")
    add("--selection", choices=("causal", "whole_sample"),
        help="top10, hybrid, rules: compare with earlier scores only (default), or with the whole sample (looks ahead)")
    add("--position-size", type=float, metavar="DOLLARS", help="stake of one trade (default: 5000)")
    add("--scenarios", type=_scenarios, metavar="NAMES",
        help=f"all, or some of {', '.join(SCENARIOS)}, with commas; 1 to 4 name the first four (default: all)")
    add("--output", type=Path, metavar="FILE", help="also write the report here (Markdown, plots beside it)")
    add("--start-date", type=day, metavar="YYYY-MM-DD", help="first day (default: that of the first signal)")
    add("--end-date", type=day, metavar="YYYY-MM-DD", help="last day (default: the last outcome)")
    add("-c", "--config", default="conviction.yaml", metavar="NAME", help="a config (default: conviction.yaml)")
    add("-o", "--output-dir", type=Path, metavar="DIR", help="where the run folder goes (default: output.results_dir)")
    add("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE",
        help="any other setting, as strategy.exits.stop_loss_fraction=0.15; may be repeated, wins over the above")
    add("-v", "--verbose", action="store_true", help="show log messages, and tracebacks of errors")
    return result


def overrides_of(arguments: argparse.Namespace) -> list[str]:
    """Return all overrides as `section.key=value`, those of `--set` last."""
    return overrides({
        "conviction.model": arguments.model, "conviction.signals": arguments.data,
        "conviction.strategy": arguments.strategy, "conviction.selection": arguments.selection,
        "conviction.scenarios": arguments.scenarios, **bars_from(arguments.prices),
        "sizer.cash_per_position": arguments.position_size, **period(arguments),
    }, arguments.overrides)


def _run(arguments: argparse.Namespace, given: list[str]) -> int:
    from backtrader_system.settings.loading import load_settings

    loaded = load_settings(arguments.config, overrides_of(arguments))
    if loaded.settings.system != "conviction":
        from backtrader_system.errors import SettingsError

        raise SettingsError(f"{loaded.path}: system is {loaded.settings.system}; {PROGRAM} runs system: conviction. "
                            "Run this config by backtest_runner.py")
    if arguments.output is not None:
        from backtrader_system.reports.conviction.report_copy import check_report_target

        check_report_target(arguments.output)
    result = print_and_run(loaded, arguments.output_dir, [PROGRAM, *given])
    if arguments.output is not None:
        from backtrader_system.reports.conviction.report_copy import write_report_copy

        print(f"Report written to: {write_report_copy(result, arguments.output)}")
    return 0


def _scenarios(text: str) -> list[str]:
    if text == "all":
        return list(SCENARIOS)
    names = [NAMES.get(name.strip(), name.strip()) for name in text.split(",")]
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"unknown scenario {', '.join(unknown)}; there are all, {', '.join(SCENARIOS)}")
    return names
