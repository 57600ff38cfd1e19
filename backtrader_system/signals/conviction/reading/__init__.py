"""Signals as files hold them: layouts, clocks, checks."""
