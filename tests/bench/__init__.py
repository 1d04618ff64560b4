"""Benchmarks: what a message, a reading and a board cost. `python -m tests.bench`; no timed tests."""
