"""Benchmarks of decoding, loading and networks: python -m experiments.benchmark."""
