"""Packed data sets: many videos in a few tar files, found by an index of offsets."""
