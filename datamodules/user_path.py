"""Paths as users write them: understood once, at the door of every command line.

All parts of a run then get the same absolute path, whichever library reads it and from whichever
working folder: PyTorch Lightning, TensorBoard, fsspec and FFmpeg each have rules of their own.
"""

import argparse
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from datamodules.errors import DataError

DATA_PATHS = (
    *("root", "source", "annotations", "index_dir"),
    *("train_list", "val_list", "test_list", "test_answers"),
)
"""The arguments of data modules that are paths."""

CONFIG_OPTIONS = ("--config", "-c")
CLASS_OPTIONS = {
    f"--{part}.{init}{name}"
    for part, names in (("data", DATA_PATHS), ("model.network", ("weights",)))
    for name in names
    for init in ("", "init_args.")
}
"""Options whose values are paths, and arguments of a class."""

OPTIONS = {*CONFIG_OPTIONS, *CLASS_OPTIONS, "--run_dir"}

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
VARIABLE = re.compile(r"\$(?:\w+|\{[^}]*\})")


def absolute_path(text: str | os.PathLike[str], name: str) -> Path:
    """Make a path absolute: ``~``, ``~user``, ``$NAME`` and ``${NAME}`` as in a shell.

    A relative path starts from the working folder, also where a config file states it. Symbolic
    links stay, unless the path has a part ``..``, which depends on them.

    Args:
        text: The path.
        name: The option, for messages.

    Raises:
        DataError: If it is empty or a URL, or a variable or a user does not exist.
    """
    given = os.fspath(text)
    if not given.strip():
        raise DataError(f"{name} is empty; give a path")
    if URL.match(given):
        raise DataError(f"{name}={given}: URLs are not supported; give a local path")
    path = os.path.expanduser(given)
    if path.startswith("~"):
        user = path.partition("/")[0]
        raise DataError(f"{name}={given}: no such user {user}; ./{given} names a folder {user}")
    path = os.path.expandvars(path)
    if unset := VARIABLE.search(path):
        raise DataError(f"{name}={given}: {unset[0]} is not set; set it, or write the path in full")
    full = Path(path).absolute()
    return full.resolve() if ".." in full.parts else full


def path_argument(text: str) -> Path:
    """Make a path of an argument of argparse: ``add_argument("--output", type=path_argument)``.

    Raises:
        argparse.ArgumentTypeError: If it cannot be used.
    """
    try:
        return absolute_path(text, "path")
    except DataError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def resolve_paths(arguments: Any, names: Sequence[str], prefix: str) -> None:
    """Make those of the named arguments absolute that are given as text.

    Args:
        arguments: A part of a configuration, a dict or Namespace, which is changed.
        names: Which of them are paths.
        prefix: Of the option in messages, such as ``data``.

    Raises:
        DataError: If a path cannot be used.
    """
    for name in names:
        value = arguments.get(name)
        if isinstance(value, str | os.PathLike):
            arguments[name] = str(absolute_path(value, f"--{prefix}.{name}"))


def understand_arguments(arguments: Sequence[str]) -> list[str]:
    """Rewrite the paths of a command line that jsonargparse would misread.

    It reads the values of a class's arguments as YAML, in which ``my: videos`` is a mapping; here
    they become JSON. In ``--config`` it would not understand ``$NAME``.

    Args:
        arguments: Such as ``--data.source=path`` or ``--data.source path``.

    Raises:
        DataError: If the path of a config cannot be used.
    """
    understood: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, given = argument.partition("=")
        if name not in OPTIONS:
            understood.append(argument)
        elif equals:
            understood.append(_option(name, given))
        else:
            value = next(waiting, None)
            understood.append(name if value is None else _option(name, value))
    return understood


def _option(name: str, value: str) -> str:
    if name in CONFIG_OPTIONS:
        is_yaml = value.lstrip().startswith("{")
        return f"--config={value if is_yaml else absolute_path(value, '--config')}"
    if name == "--run_dir":
        return f"{name}={value if value == 'null' else absolute_path(value, name)}"
    part, _, argument = name.replace(".init_args.", ".").rpartition(".")
    if _is_plain(value):
        return f"{name}={value}"
    return f"{part}={json.dumps({'init_args': {argument: value}})}"


def _is_plain(value: str) -> bool:
    """Tell whether jsonargparse takes a value as text, or as null if that is meant."""
    try:
        return value == "null" or not isinstance(yaml.safe_load(value), dict | list | None)
    except yaml.YAMLError:
        return True
