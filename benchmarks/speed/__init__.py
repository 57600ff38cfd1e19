"""The contestants of `benchmarks/engine_speed.py`, each run in a process of its own."""
