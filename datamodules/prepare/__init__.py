"""Prepares the videos of any data module: indexes, verifies, transcodes or packs them.

python -m datamodules.prepare index | verify | transcode | pack
"""
