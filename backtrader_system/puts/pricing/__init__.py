"""Prices, probabilities and implied volatilities of puts, over whole arrays."""
