"""The figures that a compiled run leaves, one record per setting."""

from __future__ import annotations

import numpy as np

FIGURES = np.dtype([
    ("final_equity", "f8"),     # dollars
    ("total_return", "f8"), ("sharpe_ratio", "f8"), ("volatility", "f8"), ("max_drawdown", "f8"),
    ("total_trades", "i8"),     # closed ones
    ("win_rate", "f8"), ("profit_factor", "f8"), ("open_trades", "i8"),
    ("commission_paid", "f8"), ("slippage_paid", "f8"), ("traded_volume", "f8"),        # dollars
    ("ambiguous_fills", "i8"), ("orders", "i8"), ("fills", "i8"), ("rejected_orders", "i8"), ("actions", "i8"),
], align=True)
