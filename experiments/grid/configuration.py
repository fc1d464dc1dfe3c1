"""What the configs and overrides of a run state, and how it differs from that of another run.

The name of a run folder does not say everything: configs of one name can have other content, and
signs of values are left out. The record of a run therefore keeps its complete configuration.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

import yaml

from datamodules.user_path import DATA_PATHS
from experiments.cli.command_line import DEFAULTS
from experiments.cli.strict_yaml import load_strictly
from lightning_modules import RunError

Configuration = Mapping[str, Any]
"""Dotted key -> plain value."""

HARMLESS = ("run_dir", "index_dir", "num_workers")
"""Last parts of keys that change no result."""

YAML = (".yaml", ".yml")
"""Ends of values that name a further file, such as ``data: my_data.yaml``."""

PATHS = (*DATA_PATHS, "weights")
"""Last parts of keys whose files can be moved."""

PRETRAINING = "pretraining."
"""Before the keys of the configuration of the pretraining."""


def read_configuration(configs: Sequence[Path], overrides: Sequence[str]) -> dict[str, Any]:
    """Read what a run states: ``experiments/defaults.yaml``, its configs, its overrides.

    Comments, the order of keys and the place of the configs do not count.

    Args:
        configs: YAML files; values of later ones replace those of earlier ones.
        overrides: Arguments ``--key=value``.

    Raises:
        RunError: If a config cannot be read, or is not a mapping.
    """
    stated: dict[str, Any] = {}
    for file in (DEFAULTS, *configs):
        stated.update(_read(file))
    for argument in overrides:
        key, _, value = argument.removeprefix("--").partition("=")
        stated.update(_with_file(key, value, Path(), ()))
    return stated


def differences(
    there: Configuration, here: Configuration, places: tuple[str, str] = ("there", "here")
) -> list[str]:
    """List in what two configurations differ.

    Settings that change no result do not count, nor does a file that has been moved: one of the
    same name whose old place does not exist any more.

    Args:
        there: The configuration of a run folder.
        here: That of a row.
        places: Words for the two, for the texts.
    """
    return [
        f"{key} is {_shown(there, key)} {places[0]} and {_shown(here, key)} {places[1]}"
        for key in sorted({*there, *here})
        if key.rpartition(".")[2] not in HARMLESS
        and there.get(key) != here.get(key)
        and not (key.rpartition(".")[2] in PATHS and _moved(there.get(key), here.get(key)))
    ]


def changes_since(configuration: Configuration, now: Configuration) -> list[str]:
    """List in what the files of a run differ from what its grid's command has read before.

    Args:
        configuration: The configuration that the command has read, with that of a pretraining.
        now: That of the run's files, without a pretraining.
    """
    own = {k: v for k, v in configuration.items() if not k.startswith(PRETRAINING)}
    return differences(own, now, ("before", "now"))


def _read(file: Path, readers: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a config, with the files that its values name in place of their names."""
    try:
        content = _parse(file.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RunError(f"{file}: {' '.join(str(error).split())}") from None
    return {
        name: part
        for key, value in content.items()
        for name, part in _with_file(key, value, file.parent, (*readers, file))
    }


def _with_file(
    key: str, value: Any, folder: Path, readers: tuple[Path, ...]
) -> list[tuple[str, Any]]:
    """Replace the name of a YAML file by its content; a file that is being read is only named."""
    if isinstance(value, str) and value.endswith(YAML):
        file = folder / value
        if file.is_file() and file not in readers:
            return [(f"{key}.{name}", part) for name, part in _read(file, readers).items()]
    return [(key, value)]


@lru_cache
def _parse(text: str) -> dict[str, Any]:
    content = load_strictly(text)
    if not isinstance(content, dict | None):
        raise ValueError("is not a mapping of keys to values")
    plain = json.loads(json.dumps(content or {}, default=str))
    return dict(_flatten(plain, ""))


def _flatten(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict) or (key and not value):
        yield key, value
        return
    for name, part in value.items():
        yield from _flatten(part, f"{key}.{name}" if key else name)


def _shown(configuration: Configuration, key: str) -> str:
    return str(configuration[key]) if key in configuration else "not stated"


def _moved(there: Any, here: Any) -> bool:
    if not (isinstance(there, str) and isinstance(here, str)):
        return False
    same_name = PurePath(there).name == PurePath(here).name
    old, new = Path(there).expanduser(), Path(here).expanduser()
    return same_name and new.exists() and not old.exists()
