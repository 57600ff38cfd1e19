"""How much of the equity was in the market, and for how long."""

from __future__ import annotations

import pandas as pd

from backtrader_system.metrics.figure import Figure, missing


def exposure_figures(equity: pd.DataFrame) -> dict[str, Figure]:
    """Return exposures at the close, over all sessions.

    equity : table of `ledgers.schemas.EQUITY`; exposures are fractions of equity. `exposure` is the mean gross
    exposure; `sessions_invested` the share of sessions with a position. The share of sessions with a return other
    than 0, which some libraries call exposure, says nothing about how much was invested.
    """
    names = ("exposure", "max_exposure", "final_exposure", "net_exposure", "sessions_invested",
             "average_positions", "max_positions_held")
    if equity.empty:
        return dict.fromkeys(names, missing("no session"))
    gross, net = equity["gross_exposure"].dropna(), equity["net_exposure"].dropna()
    if gross.empty or net.empty:
        exposures = dict.fromkeys(names[:4], missing("equity was never positive"))
    else:
        exposures = {
            "exposure": Figure(float(gross.mean())), "max_exposure": Figure(float(gross.max())),
            "final_exposure": Figure(float(gross.iloc[-1])), "net_exposure": Figure(float(net.mean())),
        }
    return exposures | {
        "sessions_invested": Figure(float((equity["positions"] > 0).mean())),
        "average_positions": Figure(float(equity["positions"].mean())),
        "max_positions_held": Figure(int(equity["positions"].max())),
    }
