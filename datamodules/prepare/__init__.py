"""Prepares the videos of any data module: indexes, verifies or transcodes them.

python -m datamodules.prepare index | verify | transcode
"""
