"""Reads from packets, without decoding them, where decoding can start exactly."""
