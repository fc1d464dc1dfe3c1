"""Where a network's first weights come from, and how they are fitted into it."""

from models.weights.fitting import load_weights
from models.weights.sources import read_source

__all__ = ["load_weights", "read_source"]
