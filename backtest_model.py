"""Judge scored ideas: `python backtest_model.py --model M.skops --data SIGNALS.csv --strategy top10`; see `--help`.

Works from any folder. Every Python can read this file, so that an old one gets a clear message.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("error: Python 3.11 or newer is needed; this is " + sys.version.split()[0])

try:
    from backtrader_system.cli.backtest_model import main
except ImportError:
    sys.exit("error: the package backtrader_system is not here; run `python -m pip install -e .` in its folder")

if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
