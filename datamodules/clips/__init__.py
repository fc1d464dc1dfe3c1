"""Frames in, views out: frame sampling, crops, flips and test protocols."""
