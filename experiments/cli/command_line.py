"""The command line: LightningCLI with this project's defaults, run folder and errors."""

import json
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI
from pytorch_lightning.utilities import rank_zero_info, rank_zero_warn

import models  # noqa: F401 - makes class_path: TEINet resolve
from datamodules.base import VideoDataModule
from datamodules.loading.watched_loader import find_dead_worker
from datamodules.prepare.parser import constructor_errors
from datamodules.user_path import understand_arguments
from experiments.cli.arguments import add_options, link_options
from experiments.cli.callbacks import (
    keep_in_run_folder,
    logging_callbacks,
    progress_callbacks,
    result_callbacks,
    training_callbacks,
)
from experiments.cli.first_weights import load_first_weights, take_weights
from experiments.cli.loggers import make_loggers
from experiments.cli.monitoring import check_monitors
from experiments.cli.moved_run import adopt_moved_run
from experiments.cli.parser import TrainParser
from experiments.cli.paths import make_paths_absolute
from experiments.cli.quiet import hide_harmless_messages
from experiments.cli.resuming import (
    allow_trained_epochs,
    continues_slurm_job,
    find_checkpoint,
    refuse_existing_run,
    require_writable,
)
from experiments.cli.strict_yaml import refuse_duplicate_keys
from experiments.cli.trainer_options import check_trainer, refuse_options
from experiments.cli.trainer_parts import as_list
from experiments.cli.user_errors import USER_ERRORS, user_errors
from lightning_modules import CheckpointFiles, RunError, VideoRecognizer
from lightning_modules.callbacks import ConfigFile, ExactResume
from lightning_modules.checkpoints.folder_claim import claimed, is_first_process
from lightning_modules.checkpoints.run_folder import RunFolder

LIGHTNING_REFUSALS = (TypeError, ValueError, RuntimeError, ImportError)
"""How Lightning refuses --trainer.devices=two, or a package that is missing."""

DEFAULTS = Path(__file__).parent.parent / "defaults.yaml"
SUBCOMMANDS = ("fit", "validate", "test", "predict")


class RecognitionCLI(LightningCLI):
    """fit | validate | test | predict; every config is merged over ``experiments/defaults.yaml``.

    Args:
        args: Command-line arguments; None for the process's own.
    """

    def __init__(self, args: list[str] | None = None) -> None:
        refuse_duplicate_keys()
        hide_harmless_messages()
        defaults = {"default_config_files": [str(DEFAULTS)], "parser_mode": "yaml"}
        with ExitStack() as self.while_it_runs:
            super().__init__(
                VideoRecognizer,
                VideoDataModule,
                subclass_mode_data=True,
                save_config_callback=ConfigFile,
                parser_class=TrainParser,
                seed_everything_default=0,
                # Our samplers give every video to one process; Lightning's would repeat some.
                trainer_defaults={"use_distributed_sampler": False},
                parser_kwargs={"prog": "train.py", **dict.fromkeys(SUBCOMMANDS, defaults)},
                auto_configure_optimizers=False,
                args=args,
            )

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add this project's options."""
        add_options(parser)
        link_options(parser)

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, make paths absolute, and refuse what would falsify a promise."""
        super().parse_arguments(
            parser, understand_arguments(sys.argv[1:] if args is None else args)
        )
        config = self.config[self.config.subcommand]
        adopt_moved_run(config)
        make_paths_absolute(config)
        refuse_options(config, self.config.subcommand == "fit")

    def _parse_ckpt_path(self) -> None:
        """Keep the configuration: Lightning would replace it by the checkpoint's values."""

    @property
    def fits(self) -> bool:
        """Whether the subcommand is ``fit``."""
        return str(self.subcommand) == "fit"

    def before_instantiate_classes(self) -> None:
        """Find the run folder and the checkpoint, and check them, before any work."""
        config = self.config[self.subcommand]
        self.model_config = config.model.as_dict()
        if self.fits:
            check_monitors(config)
        elif config.checkpoint.monitor is None:  # there is no best epoch
            config.ckpt_path = config.ckpt_path or "last"
        run = RunFolder(Path(config.run_dir))
        require_writable(run)
        if self.fits and is_first_process():
            self.while_it_runs.enter_context(claimed(run))
        if self.fits and config.ckpt_path is None:
            if not continues_slurm_job(run):
                refuse_existing_run(run)
                return
            config.ckpt_path = "last"
        config.ckpt_path = str(find_checkpoint(run, config.ckpt_path))
        rank_zero_info(f"checkpoint {config.ckpt_path}")
        if self.fits:
            allow_trained_epochs(config.trainer, Path(config.ckpt_path))
        else:  # nothing is saved, so that an older run's options need no check
            config.checkpoint = self._parser(self.subcommand).get_defaults().checkpoint
        if "weights" in config.model.network.init_args:
            config.model.network.init_args.weights = None  # the checkpoint holds all of them

    def instantiate_classes(self) -> None:
        """Build data, model and trainer.

        Raises:
            RunError: If a constructor refuses a value, and what the constructors raise.
        """
        network = self.config[self.subcommand].model.network
        weights = take_weights(network)
        with constructor_errors(USER_ERRORS, RunError):
            super().instantiate_classes()
        self.datamodule.read_lists(str(self.subcommand))
        if weights is not None:  # last, because they may be downloaded
            network.init_args.weights = weights
            backbone = network.init_args.get("backbone")
            load_first_weights(self.model.network, weights, backbone)
        self.model.configuration = json.loads(json.dumps(self.model_config, default=str))
        monitored = self.config[self.subcommand].checkpoint.monitor
        if self.fits and self.datamodule.validates_on_test and monitored:
            rank_zero_warn(
                f"checkpoint.monitor={monitored}: val is the official test list of these data, so "
                "best.ckpt is chosen on the test; give --checkpoint.monitor null"
            )

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Build the trainer; everything that it writes goes into the run folder.

        Raises:
            RunError: If a setting of the trainer cannot be used.
        """
        config = self.config_init[self.subcommand]
        kwargs["plugins"] = [*as_list(config.trainer.plugins), CheckpointFiles()]
        kwargs["default_root_dir"] = config.run_dir
        kwargs["enable_model_summary"] = False  # see NetworkSummary
        kwargs["callbacks"] = self._callbacks(config)
        kwargs["logger"] = make_loggers(config, self.fits) or False
        try:
            trainer = super().instantiate_trainer(**kwargs)
        except LIGHTNING_REFUSALS as error:
            raise RunError(f"trainer: {error}") from error
        if self.fits:
            check_trainer(trainer, config)
        if self.fits and config.ckpt_path is None:
            # On SLURM, Lightning would otherwise resume any hpc_ckpt of the folder.
            trainer._checkpoint_connector._user_managed = True
        return trainer

    def _callbacks(self, config: Any) -> list[Callback]:
        """List the config's callbacks and this project's, in the order in which they run."""
        own = as_list(config.trainer.callbacks)
        keep_in_run_folder([*own, config.checkpoint], RunFolder(Path(config.run_dir)))
        parsed = self.config[self.subcommand]
        lines = progress_callbacks(parsed, own)
        if not self.fits:
            if lines:
                config.verbose = False  # they print the results, which Lightning prints as a table
            return [*own, *lines, *result_callbacks(parsed)]
        exact = ExactResume(int(config.seed_everything))
        callbacks = [exact, *own, *lines, *training_callbacks(parsed), *result_callbacks(parsed)]
        if config.trainer.logger not in (False, []):
            callbacks += logging_callbacks(config.pictures)
        return callbacks

    def _run_subcommand(self, subcommand: str) -> None:
        """Run it; if this process fails, end the processes that it launched, which would wait."""
        try:
            super()._run_subcommand(subcommand)
        except Exception as error:
            known = error if isinstance(error, USER_ERRORS) else find_dead_worker(error)
            if isinstance(error, ModuleNotFoundError):  # an optional package of a callback
                known = RunError(f"trainer: {error}")
            if known is None:
                raise
            if self.trainer.strategy.launcher is not None:
                self.trainer.strategy.launcher.kill(signal.SIGKILL)
            raise known from error.__cause__


def main(args: list[str] | None = None) -> None:
    """Run one subcommand; a user's mistake ends the process with one line and status 1 or 2.

    Args:
        args: Command-line arguments; None for the process's own.
    """
    with user_errors():
        RecognitionCLI(args=args)
