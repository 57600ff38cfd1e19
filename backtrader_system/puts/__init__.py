"""Puts that a recommendation page scores: chains, outcomes, probabilities, factors, score and weight search."""
