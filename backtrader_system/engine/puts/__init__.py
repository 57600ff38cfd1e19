"""Selling puts in Backtrader: contracts as feeds, expiries as events, collateral as the limit."""
