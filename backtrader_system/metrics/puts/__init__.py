"""Whether the score of puts predicts worthless expiry: pure functions of one row per option judged."""
