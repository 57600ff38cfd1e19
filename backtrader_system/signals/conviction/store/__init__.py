"""The signal store: everything ever seen, append-only."""
