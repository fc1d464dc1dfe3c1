"""Prepares the videos of any data module: looks through them, verifies them, transcodes them.

python -m datamodules.prepare index | verify | transcode
"""
