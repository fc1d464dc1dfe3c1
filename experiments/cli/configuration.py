"""Checks a command line of train.py without running it."""

import io
from collections.abc import Sequence
from contextlib import redirect_stderr

from experiments.cli.command_line import RecognitionCLI
from experiments.cli.monitoring import check_monitors
from experiments.cli.user_errors import USER_ERRORS


class _ConfigurationOnly(RecognitionCLI):
    """Parses and checks a configuration, and stops there."""

    def _set_seed(self) -> None:
        """Leave this process's random numbers as they are."""

    def before_instantiate_classes(self) -> None:
        if self.fits:
            check_monitors(self.config[self.subcommand])

    def instantiate_classes(self) -> None:
        """Build nothing."""

    def _run_subcommand(self, subcommand: str) -> None:
        """Run nothing."""


def find_mistake(arguments: Sequence[str]) -> str | None:
    """Build the configuration of a command line of train.py.

    Args:
        arguments: The subcommand and its options.

    Returns:
        The line with which train.py would refuse them; None if it would not.
    """
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            _ConfigurationOnly(args=list(arguments))
    except USER_ERRORS as error:
        return " ".join(str(error).split())
    except SystemExit as end:
        return said.getvalue().strip().removeprefix("error: ") if end.code else None
    return None
