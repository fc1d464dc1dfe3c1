"""The parser of the command line, which answers a mistake with the mistake."""

import re
from difflib import get_close_matches
from inspect import isabstract
from types import ModuleType
from typing import Any, NoReturn

from pytorch_lightning.cli import LightningArgumentParser

import datamodules
import models
from lightning_modules.optimization import optimizers, schedules

TYPE_NOISE = (
    *("Does not validate against any of the Union subtypes", "Subtypes:", "Errors:", "Given value"),
    "- Expected a <class 'NoneType'>",
)
UNKNOWN_CLASS = re.compile(r"Expected a dot import path string: (\S+)")
CLASSES: dict[str, ModuleType] = {
    "data": datamodules,
    "model.network": models,
    "model.optimizer": optimizers,
    "model.schedule": schedules,
}


class BriefParser(LightningArgumentParser):
    """Answers a mistake with the mistake; the hundreds of options stay with ``--help``."""

    def print_usage(self, file: Any = None) -> None:
        """Print nothing."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Leave out what jsonargparse tells of the types that it tried."""
        for key, package in CLASSES.items():
            if f'key "{key}"' in message and (found := UNKNOWN_CLASS.search(message)):
                message = f"--{key}: {_unknown(found[1], package)}"
        lines = [line for line in message.splitlines() if line.strip()]
        lines = [line for line in lines if not line.strip().startswith(TYPE_NOISE)]
        super().error("\n".join(lines), ex)


def _unknown(name: str, package: ModuleType) -> str:
    """Say which classes there are in place of one that there is not."""
    names = sorted(name for name, kind in vars(package).items() if _is_offered(kind, package))
    by_lower = {known.lower(): known for known in names}
    close = get_close_matches(name.lower(), by_lower, n=1)
    meant = f"did you mean {by_lower[close[0]]}? " if close else ""
    return f"no class {name}; {meant}there are {', '.join(names)}"


def _is_offered(kind: object, package: ModuleType) -> bool:
    """Tell whether a package's name is a class to choose: its own, whole, and no error."""
    if not isinstance(kind, type) or issubclass(kind, Exception) or isabstract(kind):
        return False
    return kind.__module__.startswith(package.__name__)
