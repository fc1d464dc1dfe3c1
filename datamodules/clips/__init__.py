"""Frames in, views out: which frames make a clip, crops, flips, and test protocols."""
