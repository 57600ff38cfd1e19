"""Invented signals with a planted skill."""
