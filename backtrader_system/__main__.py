"""`python -m backtrader_system`, the same as `python backtest_runner.py`."""

from backtrader_system.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
