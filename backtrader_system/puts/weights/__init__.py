"""The search over all weights of the composite score, and what of its result can be believed."""
