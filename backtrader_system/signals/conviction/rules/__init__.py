"""Scores by the rules of the rooms and the validator."""
