"""Errors about the arguments, inputs and weights of networks."""

from typing import Any, get_args


class ModelError(ValueError):
    """An argument or input that does not fit; the message names it and what would fit."""


class WeightsError(ModelError):
    """Weights that cannot be found, read or fitted; the message names the remedy."""


def require_choice(name: str, value: object, choices: Any) -> None:
    """Check an argument against the choices of its type.

    Args:
        name: The argument.
        value: What was given.
        choices: A ``Literal``.

    Raises:
        ModelError: If ``value`` is none of the choices.
    """
    if value not in get_args(choices):
        raise ModelError(f"{name}={value!r}: choose one of {', '.join(get_args(choices))}")
