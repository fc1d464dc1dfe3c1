"""Compares the rows of a grid by their saved predictions, clip by clip and seed by seed."""
