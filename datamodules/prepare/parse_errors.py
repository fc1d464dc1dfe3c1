"""Rewrites errors of argparse and jsonargparse as one line: the option, the cause, the remedy.

jsonargparse reports a wrong value by a nested list of all types that it tried, on up to ten
lines. Here its lines are sorted into the option's name, the class that it belongs to, the value,
and what was expected; a message of another form is only joined to one line.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module

from jsonargparse import ArgumentParser

KEY = re.compile(r'Parser key "([^"]+)":?\s*(.*)')
CLASS = re.compile(r"Problem with given class_path '([^']+)':")
VALUE = re.compile(r"(?:Got value|Given value): (.*)")
TYPE = re.compile(r"(?:Expected an? <class '|Not of type )(\w+)|Expected a typing\.Literal\[(.*)\]")
RANGE = re.compile(r"Not of type \w+: (.*) does not conform to restriction v(.*)")
NOT_ACCEPTED = re.compile(r"(?:Option|does not accept option) '([^']+)'")
UNRECOGNIZED = re.compile(r"unrecognized arguments: (--[\w.+-]+|\S+)")
REQUIRED = re.compile(r"the following arguments are required: (.*)")
NO_CLASS = re.compile(
    r"Expected a dot import path string: (.*)|Import path (?:(.*) )?does not corr"
)
ABSTRACT = re.compile(r"Expected an instantiatable class")
YAML_PLACE = re.compile(r' in "<unicode string>", line (\d+), column \d+:.*')
NOISE = re.compile(
    "Does not validate against|Subtypes:|Errors:|Given value type|Expected a path but|"
    "Not a valid subclass|Subclass types expect|a class path|a dict with"
)

Classes = Mapping[str, Collection[str]]
"""Option -> the names of the classes that may be chosen for it."""


@dataclass
class _Parts:
    """The parts of a message."""

    keys: list[str] = field(default_factory=list)
    class_path: str = ""
    value: str = ""
    reasons: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, message: str) -> "_Parts":
        parts, depth = cls(), -1
        for line in message.splitlines():
            text = line.strip().removeprefix("- ")
            indentation = len(line) - len(text)
            if indentation <= depth:  # after the class: other types that the option may have
                continue
            if match := KEY.match(text):
                parts.keys.append(match[1])
                text = match[2]
            if match := CLASS.match(text):
                parts.class_path, parts.reasons, depth = match[1], [], indentation
                continue
            if match := VALUE.search(text):
                parts.value = match[1]
                text = text[: match.start()].rstrip(". ")
            if text and not NOISE.match(text):
                parts.reasons.append(text)
        return parts

    @property
    def option(self) -> str:
        return f"--{'.'.join(self.keys)}"


def explain(message: str, help_command: str, options: Collection[str], classes: Classes) -> str:
    """Rewrite an error as one line.

    Args:
        message: The error of argparse or jsonargparse.
        help_command: The command that lists all options, such as ``train.py fit --help``.
        options: The command's options, such as ``--trainer.max_epochs``.
        classes: The classes of options that take one.

    Returns:
        The line, such as ``--data.batch_size: must be int, not 'x'``.
    """
    parts = _Parts.of(message)
    text = "\n".join(parts.reasons)
    if match := NOT_ACCEPTED.search(text):
        if parts.class_path:
            return _unknown_argument(parts, match[1])
        return _unknown_option(f"--{match[1]}", help_command, options)
    if match := UNRECOGNIZED.search(text):
        return _unknown_option(match[1], help_command, options)
    if match := REQUIRED.search(text):
        names = match[1].split(", ")
        if parts.class_path:
            return "; ".join(_required_by_class(names, parts))
        return "; ".join(_required(names, help_command, options, classes))
    if (match := NO_CLASS.search(text)) or ABSTRACT.search(text):
        name = (match and (match[1] or match[2])) or parts.value
        return _no_class(parts.option, "" if name.startswith("NestedArg") else name, classes)
    if match := RANGE.search(text):
        return f"{parts.option}: must be {match[2]}, not {match[1]}"
    if expected := list(_expected(text)):
        given = f", not {parts.value!r}" if parts.value else ""
        return f"{parts.option}: must be {' or '.join(expected)}{given}"
    return f"{parts.option}: {_joined(text)}" if parts.keys else _joined(text)


def _joined(text: str) -> str:
    """Join lines; shorten PyYAML's description of a place in a file to the line's number."""
    if text.startswith("Unexpected config:"):
        return "not a YAML mapping of options to values"
    return YAML_PLACE.sub(r" (line \1)", " ".join(text.split())).removeprefix("argument ")


def _expected(text: str) -> Iterator[str]:
    """Yield the types that a message names; ``NoneType``, YAML's null, comes last."""
    types = [match.groups() for match in TYPE.finditer(text)]
    yield from (name for name, _ in types if name and name != "NoneType")
    choices = ", ".join(values.replace("'", "") for _, values in types if values)
    if choices:
        yield f"one of {choices}"
    if any(name == "NoneType" for name, _ in types):
        yield "null"


def _unknown_option(option: str, help_command: str, options: Collection[str]) -> str:
    close = nearest(option, options)
    remedy = f"did you mean {' or '.join(close)}?" if close else f"{help_command} lists all"
    return f"{option}: no such option; {remedy}"


def nearest(option: str, options: Collection[str]) -> list[str]:
    """Find the options that a misspelt one may mean, at most three.

    These are options that end with the same name, as ``--model.optimizer.lr`` for ``--lr``; else
    the one that is written most alike; else those whose last name begins so or is written alike.

    Args:
        option: The option, such as ``--trainer.max_epoch``.
        options: The existing options.
    """
    option = option.removesuffix(".class_path").partition(".init_args")[0]
    endings: dict[str, list[str]] = {}
    for known in dict.fromkeys(options):
        if not known.endswith((".help", "+")):
            endings.setdefault(_last_name(known), []).append(known)
    name = _last_name(option)
    if name in endings:
        return endings[name][:3]
    names = [one for group in endings.values() for one in group]
    if alike := get_close_matches(option, names, n=1):
        return alike
    longer = [ending for ending in endings if name and ending.startswith(name)]
    close = longer or get_close_matches(name, endings, n=2)
    return [one for ending in close for one in endings[ending]][:3]


def _last_name(option: str) -> str:
    return option.lstrip("-").rpartition(".")[2]


def _unknown_argument(parts: _Parts, name: str) -> str:
    """Name a close argument of the class, or how to list all."""
    module, _, kind = parts.class_path.rpartition(".")
    own = ArgumentParser().add_class_arguments(getattr(import_module(module), kind))
    close = get_close_matches(name, own, n=1)
    known = f"did you mean {parts.option}.{close[0]}?" if close else ""
    remedy = known or f"{parts.option}.help {kind} lists all"
    return f"{parts.option}.{name}: {kind} has no such option; {remedy}"


def _required_by_class(names: list[str], parts: _Parts) -> Iterator[str]:
    kind = parts.class_path.rpartition(".")[2]
    for name in names:
        yield f"{parts.option}.{name}: {kind} needs it; give it here or in --config"


def _required(
    names: list[str], help_command: str, options: Collection[str], classes: Classes
) -> Iterator[str]:
    for name in names:
        known = f"--{name}" in options
        key = name if known else name.partition(".")[2]  # jsonargparse puts the subcommand first
        if key in classes:
            yield f"--{key} or --config must name one of {', '.join(classes[key])}"
        else:
            yield f"{f'--{key}' if key else name} must be given; see {help_command}"


def _no_class(option: str, name: str, classes: Classes) -> str:
    """Explain that a class does not exist, and list the existing ones.

    Args:
        option: The option.
        name: The given name; empty if only an argument of the class was given.
        classes: The classes of options that take one.
    """
    names = sorted(classes.get(option.removeprefix("--"), ()))
    by_lower = {known.lower(): known for known in names}
    close = get_close_matches(name.lower(), by_lower, n=1)
    meant = f"did you mean {by_lower[close[0]]}? " if close else ""
    remedy = f"there are {', '.join(names)}" if names else "give its import path"
    return f"{option}: {f'no class {name}' if name else 'name a class first'}; {meant}{remedy}"
