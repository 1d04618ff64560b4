"""Benchmarks: what a message, a reading and a board cost; run by `python -m tests.bench`."""
