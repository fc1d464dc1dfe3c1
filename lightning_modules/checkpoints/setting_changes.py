"""Which settings of a model differ from those that a checkpoint states."""

import json
from collections.abc import Mapping
from importlib import import_module
from inspect import Parameter, signature
from typing import Any

NAME = "model"


def changed_settings(
    there: Mapping[str, Any], here: Mapping[str, Any], kind: type
) -> dict[str, tuple[Any, Any]]:
    """Compare the configurations of a model.

    A setting that the checkpoint does not state did not exist when it was saved: it counts as its
    default, which keeps what the code did before.

    Args:
        there: The checkpoint's configuration, plain values.
        here: This run's.
        kind: The class of the model.

    Returns:
        Dotted name -> the values there and here.
    """
    its, ours = _flat(there), _flat(here)
    defaults = _defaults(here, kind)
    its |= {name: defaults[name] for name in ours if name not in its and name in defaults}
    return {
        name: (its.get(name), ours.get(name))
        for name in dict.fromkeys([*its, *ours])
        if its.get(name) != ours.get(name)
    }


def _flat(values: Mapping[str, Any], prefix: str = NAME) -> dict[str, Any]:
    """Flatten nested values to dotted names -> values."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        key = prefix if name == "init_args" else f"{prefix}.{name}"
        flat |= _flat(value, key) if isinstance(value, dict) else {key: value}
    return flat


def _defaults(arguments: Mapping[str, Any], kind: type, prefix: str = NAME) -> dict[str, Any]:
    """Give the defaults of a class and of those among its arguments, by dotted name."""
    parameters = [
        parameter
        for base in reversed(kind.__mro__)  # a subclass may hand on keyword arguments
        if "__init__" in vars(base) and base is not object
        for parameter in signature(base).parameters.values()
    ]
    found = {
        f"{prefix}.{parameter.name}": json.loads(json.dumps(parameter.default, default=str))
        for parameter in parameters
        if parameter.default is not Parameter.empty
    }
    for name, value in arguments.items():
        if isinstance(value, dict) and "class_path" in value:
            module, _, class_name = value["class_path"].rpartition(".")
            part = getattr(import_module(module), class_name)
            found |= _defaults(value.get("init_args") or {}, part, f"{prefix}.{name}")
    return found
