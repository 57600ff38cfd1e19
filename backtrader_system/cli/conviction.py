"""Commands around conviction models: train, simulate, convert, drift."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from backtrader_system.cli.options import bars_from, day, overrides
from backtrader_system.cli.outcome import DONE, ended
from backtrader_system.cli.own_files import check_own
from backtrader_system.errors import OutputError

TRAINING_REPORT, DRIFT_REPORT = "# Training report", "# Drift"
PROGRAM = "python -m backtrader_system conviction"
EXAMPLES = """examples:
  python -m backtrader_system conviction simulate --prices bars.parquet --output signals.csv --count 500 --skill 0.6
  python -m backtrader_system conviction train --data signals.csv --prices bars.parquet --until 2024-06-30 \\
      --output models/conviction_v0.1.skops
  python -m backtrader_system conviction convert old.pkl --output models/old.skops --trust-pickle
  python -m backtrader_system conviction drift --run results/latest --data signals.db

exit codes: 0 done, 1 something you can mend or Ctrl-C, 2 wrong usage"""


def main(argv: Sequence[str]) -> int:
    """Run one of the commands and return its exit code."""
    arguments = parser().parse_args(argv)
    return ended(lambda: arguments.action(arguments), verbose=arguments.verbose)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    result = argparse.ArgumentParser(
        prog=PROGRAM, description="Train, simulate, convert and watch conviction models.", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    commands = result.add_subparsers(required=True, metavar="COMMAND")
    _train(commands.add_parser("train", help="train a model on signals and write it", allow_abbrev=False))
    _simulate(commands.add_parser("simulate", help="invent signals over real bars", allow_abbrev=False))
    _convert(commands.add_parser("convert", help="turn a pickle into a model file", allow_abbrev=False))
    _drift(commands.add_parser("drift", help="compare live outcomes with a backtest", allow_abbrev=False))
    return result


def market_options(parser: argparse.ArgumentParser, *, config: str = "conviction.yaml") -> None:
    """Add the options that say where bars come from."""
    add = parser.add_argument
    add("--prices", metavar="PATH", help="bars: a Parquet or CSV file or a folder of them (default: Yahoo)")
    add("-c", "--config", default=config, metavar="NAME", help=f"a config (default: {config})")
    add("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE", help="any other setting")
    add("-v", "--verbose", action="store_true", help="show log messages, and tracebacks of errors")


def overrides_of(arguments: argparse.Namespace, more: Mapping[str, object] = MappingProxyType({})) -> list[str]:
    """Return the overrides of the market options and of `more`, those of `--set` last."""
    return overrides({**bars_from(arguments.prices), **more}, arguments.overrides)


def _train(parser: argparse.ArgumentParser) -> None:
    parser.description = "Train, validate and calibrate a model; write it with its manifest and training report."
    parser.add_argument("--data", metavar="FILE", help="signals: CSV, JSON lines or a store (default: simulated)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="where the model goes, NAME.skops")
    parser.add_argument("--until", type=day, metavar="YYYY-MM-DD",
                        help="use outcomes known on that day only; backtest on later signals")
    market_options(parser)
    parser.set_defaults(action=_run_train)


def _run_train(arguments: argparse.Namespace) -> int:
    from backtrader_system.cli.progress_bar import ProgressBar
    from backtrader_system.settings.loading import load_settings
    from backtrader_system.systems.conviction.training import train_conviction

    if arguments.output.suffix != ".skops":
        raise OutputError(f"{arguments.output}: a model file must end in .skops")
    report = arguments.output.with_suffix(".md")
    check_own(report, TRAINING_REPORT)
    loaded = load_settings(arguments.config, overrides_of(arguments, {"conviction.signals": arguments.data}))
    with ProgressBar() as progress:
        model, text = train_conviction(loaded, arguments.output, until=arguments.until, progress=progress)
    report.write_text(text, encoding="utf-8")
    print(text)
    print(f"Model written to: {arguments.output} ({len(model.features)} features)\nReport written to: {report}")
    return DONE


def _simulate(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write invented chat-room signals over given bars; every report on them says so."
    add = parser.add_argument
    add("--output", type=Path, required=True, metavar="FILE", help="CSV of signals")
    add("--count", type=int, metavar="N", help="how many signals (default: 500)")
    add("--skill", type=float, metavar="0..1", help="what only a model reads tells of the outcome (default: 0.6)")
    add("--rule-skill", type=float, metavar="0..1", help="what the rules read tells of the outcome (default: 0)")
    add("--seed", type=int, metavar="N", help="another seed, other signals (default: 7)")
    market_options(parser)
    parser.set_defaults(action=_run_simulate)


def _run_simulate(arguments: argparse.Namespace) -> int:
    from backtrader_system.cli.progress_bar import ProgressBar
    from backtrader_system.settings.loading import load_settings
    from backtrader_system.signals.conviction.reading.signal_file import signals_to_csv
    from backtrader_system.systems.conviction.sources import read_sources

    if arguments.prices is None and arguments.config == "conviction.yaml":
        arguments.config = "conviction_sample.yaml"
    given = overrides_of(arguments, {
        "conviction.simulated.n_signals": arguments.count, "conviction.simulated.skill": arguments.skill,
        "conviction.simulated.rule_skill": arguments.rule_skill, "conviction.simulated.seed": arguments.seed})
    check_own(arguments.output)
    loaded = load_settings(arguments.config, [*given, "conviction.signals=null"])
    with ProgressBar() as progress:
        sources = read_sources(loaded.settings, progress)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    signals_to_csv(sources.history, arguments.output)
    times = sources.history.signals["signal_time"]
    print(f"{len(times):,} SIMULATED signals from {times.min():%Y-%m-%d} to {times.max():%Y-%m-%d} written to: "
          f"{arguments.output}")
    return DONE


def _convert(parser: argparse.ArgumentParser) -> None:
    parser.description = ("Turn a pickled model into a .skops file. Loading a pickle runs whatever code is in it: do "
                          "so only with a file that you made yourself.")
    add = parser.add_argument
    add("pickle", type=Path, metavar="OLD.pkl")
    add("--output", type=Path, required=True, metavar="NEW.skops")
    add("--trust-pickle", action="store_true", help="I made this file, run the code in it")
    add("--features", type=Path, metavar="FILE.json", help="names of the features in order, where the model lacks them")
    add("-v", "--verbose", action="store_true", help="show log messages, and tracebacks of errors")
    parser.set_defaults(action=_run_convert)


def _run_convert(arguments: argparse.Namespace) -> int:
    from backtrader_system.models.conviction.convert_pickle import convert_pickle

    names = None if arguments.features is None else json.loads(arguments.features.read_text(encoding="utf-8"))
    model = convert_pickle(arguments.pickle, arguments.output, trust=arguments.trust_pickle, feature_names=names)
    print(f"Model written to: {arguments.output} ({len(model.features)} features, {model.manifest.learner})")
    return DONE


def _drift(parser: argparse.ArgumentParser) -> None:
    parser.description = "Compare the last live signals and their outcomes with what a backtest let expect."
    add = parser.add_argument
    add("--run", default="results/latest", metavar="DIR", help="the backtest's run folder (default: results/latest)")
    add("--data", required=True, metavar="FILE", help="live signals: CSV, JSON lines or a signal store")
    add("--model", metavar="FILE", help="the model in use (.skops; default: that of the run)")
    add("--days", type=int, default=30, metavar="N", help="how many days back (default: 30)")
    add("--as-of", type=day, metavar="YYYY-MM-DD", help="the present day (default: today)")
    add("--output", type=Path, metavar="FILE", help="also write the report here (Markdown)")
    market_options(parser)
    parser.set_defaults(action=_run_drift)


def _run_drift(arguments: argparse.Namespace) -> int:
    from backtrader_system.cli.progress_bar import ProgressBar
    from backtrader_system.reports.conviction.drift_text import drift_text
    from backtrader_system.systems.conviction.watching import watch_drift

    if arguments.output is not None:
        check_own(arguments.output, DRIFT_REPORT)
    with ProgressBar() as progress:
        rows, notes = watch_drift(
            Path(arguments.run), Path(arguments.data), arguments.config, overrides_of(arguments),
            model=arguments.model, days=arguments.days, as_of=arguments.as_of, progress=progress)
    text = "\n".join([drift_text(rows).rstrip("\n"), *(["", "## Signals", ""] if notes else []),
                      *(f"- {note}" for note in notes), ""])
    print(text)
    if arguments.output is not None:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(text, encoding="utf-8")
        print(f"Report written to: {arguments.output}")
    return DONE
