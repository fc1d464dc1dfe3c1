"""Measurements beside those of other libraries: python -m experiments.benchmark."""
