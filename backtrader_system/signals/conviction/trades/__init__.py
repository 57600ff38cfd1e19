"""When a signal is decided on, and what became of it."""
