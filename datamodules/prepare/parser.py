"""The parser of all command lines of this project: wrong usage is one line on stderr, status 2."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from inspect import isabstract
from types import ModuleType
from typing import Any, ClassVar, NoReturn

import jsonargparse

from datamodules.prepare.parse_errors import explain


class OneLineParser(argparse.ArgumentParser):
    """Prints an error as one line, without the usage of hundreds of options; see ``--help``.

    Options must be written in full. The class also works as the first base of a subclass of
    `jsonargparse.ArgumentParser`.

    Attributes:
        packages: For an option, the package whose classes may be chosen; error messages list them.
        config_file: The YAML that is being read, for messages; None if there is none.
        help_option: What lists all options.
    """

    packages: ClassVar[dict[str, ModuleType]] = {}
    config_file: str | None = None
    help_option: ClassVar[str] = "--help"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **kwargs})

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """End the process with status 2.

        Args:
            message: The message of argparse or jsonargparse.
            ex: The exception that jsonargparse caught.
        """
        if not self.exit_on_error:  # a parser that jsonargparse creates internally
            raise argparse.ArgumentError(None, message) from ex
        parser = getattr(ex, "subcommand_parser", None) or self
        options = [name for action in parser._actions for name in action.option_strings]
        copied = _copied(parser)
        options += [f"--{name}" for name in class_options(self.packages) if name not in copied]
        classes = {option: class_names(package) for option, package in self.packages.items()}
        help_command = f"{parser.prog.replace(' [options]', '')} {self.help_option}"
        line = explain(message, help_command, options, classes)
        self.exit(2, f"error: {f'{self.config_file}: ' if self.config_file else ''}{line}\n")


def class_names(package: ModuleType) -> list[str]:
    """List a package's own classes by name, without abstract ones, bases of others and errors."""
    own = {
        name: kind
        for name, kind in vars(package).items()
        if isinstance(kind, type) and kind.__module__.startswith(package.__name__)
    }
    bases = {base for kind in own.values() for base in kind.__mro__[1:]}
    return sorted(
        name
        for name, kind in own.items()
        if not (isabstract(kind) or kind in bases or issubclass(kind, Exception))
    )


def _copied(parser: argparse.ArgumentParser) -> set[str]:
    """Name the options that get the value of another one, so that they cannot be given."""
    links = getattr(parser, "_links_group", None)
    targets = [link.target[0] for link in links._group_actions] if links else []
    return {target.replace(".init_args", "") for target in targets}


def class_options(packages: Mapping[str, ModuleType]) -> Iterator[str]:
    """Give the options of the classes that may be chosen, such as ``model.optimizer.lr``."""
    for option, package in packages.items():
        for name in class_names(package):
            kind, arguments = getattr(package, name), []
            with suppress(Exception):  # of other packages, whose arguments may not be readable
                arguments = jsonargparse.ArgumentParser().add_class_arguments(kind)
            yield from (f"{option}.{argument}" for argument in arguments)


@contextmanager
def constructor_errors(
    known: tuple[type[Exception], ...], other: type[Exception]
) -> Iterator[None]:
    """Raise a constructor's own error instead of jsonargparse's list of the types that it tried.

    Args:
        known: Errors whose messages are written for users.
        other: The error to raise, with one line, for any other ValueError.
    """
    try:
        yield
    except ValueError as error:
        cause = next((e for e in (error, error.__cause__) if isinstance(e, known)), None)
        raise cause or other(explain(str(error), "", (), {})) from error
