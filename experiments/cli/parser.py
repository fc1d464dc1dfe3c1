"""The parser of train.py: LightningCLI's, with errors of one line."""

from functools import partial
from os import PathLike
from typing import Any, ClassVar

from jsonargparse import Namespace, set_parsing_settings
from pytorch_lightning import callbacks, loggers
from pytorch_lightning.cli import LightningArgumentParser

import datamodules
import models
from datamodules.prepare.parser import OneLineParser, class_names
from lightning_modules.optimization import optimizers, schedules

# Lightning's command line lets fsspec read URLs.
set_parsing_settings(config_read_mode_fsspec_enabled=False)


class TrainParser(OneLineParser, LightningArgumentParser):
    """Lists the classes of this project where one does not exist, and names the config file."""

    help_option: ClassVar = "--help all"
    packages: ClassVar = {
        "data": datamodules,
        "model.network": models,
        "model.optimizer": optimizers,
        "model.schedule": schedules,
        "trainer.callbacks": callbacks,
        "trainer.logger": loggers,
    }

    def format_help(self, *args: Any, **kwargs: Any) -> str:
        """Name the classes of this project, where jsonargparse names all that torch has."""
        action: Any
        for action in self._actions:
            if action.dest in self.packages:
                names = ", ".join(class_names(self.packages[action.dest]))
                text = f", one of {names}, or a class of your own by its import path"
                action.extra_help = partial(str, text)
        return str(super().format_help(*args, **kwargs))

    def parse_path(self, path: str | PathLike[str], *args: Any, **kwargs: Any) -> Namespace:
        """Parse a config file."""
        self.config_file = str(path)
        try:
            return super().parse_path(path, *args, **kwargs)
        finally:
            self.config_file = None
