"""Short names of videos: what tells them apart within one list."""

import os
from collections.abc import Sequence
from pathlib import Path


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Name each video by its path from the folder that all of them share."""
    folders = [os.path.dirname(os.path.abspath(path)) for path in paths]
    shared = os.path.commonpath(folders) if folders else ""
    return {path: os.path.relpath(path, shared) for path in paths}


def names_of_renderings(paths: Sequence[str]) -> dict[str, str]:
    """Name each video without its ending; with it, all of them, if two names would be equal."""
    short = short_names(paths)
    bare = {path: str(Path(name).with_suffix("")) for path, name in short.items()}
    return bare if len(set(bare.values())) == len(bare) else short
