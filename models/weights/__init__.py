"""Where a network's first weights come from, and how they are fitted into it."""

from models.weights.fitting import load_weights
from models.weights.sources import find_download, read_source

__all__ = ["find_download", "load_weights", "read_source"]
