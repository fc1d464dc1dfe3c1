"""The command line: LightningCLI with this project's defaults, links, run folder and errors."""

import json
import logging
import signal
import warnings
from pathlib import Path
from typing import Any

from jsonargparse.typing import NonNegativeInt
from lightning_fabric.plugins import CheckpointIO
from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import Callback, LearningRateMonitor, ModelCheckpoint
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_info, rank_zero_warn

import models  # noqa: F401 - makes class_path: TEINet resolve
from datamodules.base import VideoDataModule
from datamodules.loading.watched_loader import find_dead_worker
from experiments.cli.brief_parser import BriefParser
from experiments.cli.hyperparameters import hyperparameters
from experiments.cli.resuming import continues_slurm_job, step_of
from experiments.cli.strict_yaml import refuse_duplicate_keys
from experiments.cli.user_errors import USER_ERRORS, user_errors
from experiments.run_folder import find_checkpoint, refuse_existing_run, require_writable
from lightning_modules import CheckpointFiles, RunError, VideoRecognizer
from lightning_modules.callbacks import (
    ConfigFile,
    DeviceMemory,
    ExactResume,
    GradientNorm,
    LastCheckpoint,
    MetricsFile,
    PredictionsFile,
    RecipeReport,
    Throughput,
    WeightAverage,
)
from lightning_modules.tensorboard import (
    AlignmentMaps,
    ConfusionMatrix,
    GateStatistics,
    HyperparameterTable,
    TemporalKernels,
    WorstClips,
)

DEFAULTS = Path(__file__).parent.parent / "defaults.yaml"
SUBCOMMANDS = ("fit", "validate", "test", "predict")
HARMLESS_WARNINGS = (
    ".*does not have many workers.*",  # a choice of the experiment
    ".*args parameter is intended to run from within Python.*",  # the demo and grids do
    ".*module\\(s\\) in eval mode at the start of training.*",  # partial BN, which is reported
    ".*isinstance\\(treespec, LeafSpec\\)` is deprecated.*",  # Lightning against newer torch
    ".*smaller than the logging interval.*",
    ".*exists and is not empty.*",  # a resumed run's own checkpoints
    ".*Total length of `list` across ranks is zero.*",  # a data set without validation videos
    ".*callbacks used to create the checkpoint.*WeightAverage.*",  # a test needs only its result
    ".*your dataloader is not resumable.*",  # ours goes on where the loop's counters say
    ".*sync_dist=True.*",  # torchmetrics has summed over the processes already
)


class RecognitionCLI(LightningCLI):
    """fit | validate | test | predict, with ``experiments/defaults.yaml`` below every config.

    Args:
        args: Command-line arguments; None for the process's own.
    """

    def __init__(self, args: list[str] | None = None) -> None:
        refuse_duplicate_keys()
        advertisement = logging.getLogger("pytorch_lightning.utilities.rank_zero")
        advertisement.addFilter(_is_no_advertisement)
        for harmless in HARMLESS_WARNINGS:
            warnings.filterwarnings("ignore", harmless)
        defaults = {"default_config_files": [str(DEFAULTS)], "parser_mode": "yaml"}
        super().__init__(
            VideoRecognizer,
            VideoDataModule,
            subclass_mode_data=True,
            save_config_callback=ConfigFile,
            parser_class=BriefParser,
            seed_everything_default=0,
            # Our samplers shard exactly; Lightning's would pad.
            trainer_defaults={"use_distributed_sampler": False},
            # A flag that lacks letters is a mistake, not an abbreviation.
            parser_kwargs={**dict.fromkeys(SUBCOMMANDS, defaults), "allow_abbrev": False},
            auto_configure_optimizers=False,
            args=args,
        )

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the run folder and the checkpoint, state shared values once."""
        parser.add_argument(
            "--run_dir",
            type=str | None,
            default=None,
            help="Folder of the run: config, TensorBoard events, checkpoints, metrics. "
            "Default: runs/<name of the last --config>.",
        )
        parser.add_argument(
            "--ema_decay",
            type=float | None,
            default=None,
            help="Validate and save an exponential moving average of the weights with this decay, "
            "such as 0.999. Default: no average.",
        )
        parser.add_argument(
            "--pictures",
            type=NonNegativeInt,
            default=10,
            help="About how often in a fit TensorBoard gets pictures, evenly spread; 0 for none. "
            "It shows ten of each kind unless told otherwise.",
        )
        parser.add_argument(
            "--allow_other_data",
            type=bool,
            default=False,
            help="Let a checkpoint meet what it was not trained on: other classes or another order "
            "of them, another data set, list or split, num_segments, sampling or normalisation. "
            "What differs is warned of, and scores mean what you say they mean. Default: refuse.",
        )
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        parser.add_lightning_class_args(LastCheckpoint, "last")
        parser.link_arguments("seed_everything", "data.init_args.seed", compute_fn=int)
        parser.link_arguments("data.init_args.num_segments", "model.network.init_args.num_segments")
        parser.link_arguments(
            "data.num_classes", "model.network.init_args.num_classes", apply_on="instantiate"
        )
        parser.link_arguments("allow_other_data", "model.allow_other_data")
        parser.link_arguments("data.class_names", "model.class_names", apply_on="instantiate")

    def _parse_ckpt_path(self) -> None:
        """Keep the configuration: Lightning would let a checkpoint's values override it."""

    def before_instantiate_classes(self) -> None:
        """Settle the run folder and the checkpoint before any work."""
        config = self.config[self.subcommand]
        self.asked_for = config.model.as_dict()
        if self.subcommand == "fit" and config.checkpoint.save_last:
            raise RunError("checkpoint.save_last: last.ckpt is saved by --last; leave this null")
        if config.run_dir is None:
            config.run_dir = str(Path("runs") / _last_config_name(config.config))
        require_writable(Path(config.run_dir))
        if self.subcommand == "fit" and config.ckpt_path is None:
            if not continues_slurm_job(Path(config.run_dir)):
                refuse_existing_run(Path(config.run_dir))
                return
            config.ckpt_path = "last"
        config.ckpt_path = find_checkpoint(Path(config.run_dir), config.ckpt_path)
        rank_zero_info(f"checkpoint {config.ckpt_path}")
        if "weights" in config.model.network.init_args:
            config.model.network.init_args.weights = None  # the checkpoint holds them all

    def instantiate_classes(self) -> None:
        """Build everything; a value that a constructor refuses is the user's to mend."""
        try:
            super().instantiate_classes()
        except ValueError as error:
            # jsonargparse wraps what a constructor raises in an account of the types it tried.
            cause = error.__cause__
            known = next((e for e in (error, cause) if isinstance(e, USER_ERRORS)), None)
            raise known or RunError(str(error)) from error
        self.model.configuration = json.loads(json.dumps(self.asked_for, default=str))
        monitored = self.config[self.subcommand].checkpoint.monitor
        if self.subcommand == "fit" and self.datamodule.validates_on_test and monitored:
            rank_zero_warn(
                f"checkpoint.monitor={monitored}: val is the official test list of these data, so "
                "best.ckpt is chosen on the test; give --checkpoint.monitor null"
            )

    def _run_subcommand(self, subcommand: str) -> None:
        """Run it; where this process has to give up, the processes it launched do not wait."""
        try:
            super()._run_subcommand(subcommand)
        except Exception as error:
            known = error if isinstance(error, USER_ERRORS) else find_dead_worker(error)
            if known is None:
                raise
            if self.trainer.strategy.launcher is not None:
                self.trainer.strategy.launcher.kill(signal.SIGKILL)
            raise known from error.__cause__

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Send everything that the trainer writes into the run folder.

        Raises:
            RunError: If BatchNorm shall be shared where torch cannot.
        """
        run_dir = self._get(self.config_init, "run_dir")
        trainer = self._get(self.config_init, "trainer")
        table = HyperparameterTable(hyperparameters(self.config[self.subcommand]))
        first: list[Callback] = []
        callbacks: list[Callback] = [MetricsFile(), PredictionsFile(), Throughput(), table]
        fit = self.subcommand == "fit"
        checkpoint = self._get(self.config_init, "ckpt_path")
        if fit:
            first = [ExactResume(int(self._get(self.config_init, "seed_everything")))]
            callbacks = [*self._weight_average(), RecipeReport(), *callbacks]
        kwargs["default_root_dir"] = run_dir
        if trainer["logger"] in (None, True):
            # Curves belong to the fit: a test would write its step 0 over them.
            # A resumed fit hides what the one before it logged after the checkpoint.
            purge_step = step_of(checkpoint) if fit and checkpoint else None
            logger = TensorBoardLogger(run_dir, name="", version="", purge_step=purge_step)
            kwargs["logger"] = logger if fit else False
            callbacks += self._tensorboard_callbacks() if fit else []
        kwargs["callbacks"] = [*first, *(trainer["callbacks"] or []), *callbacks]
        plugins = trainer["plugins"] or []
        plugins = plugins if isinstance(plugins, list) else [plugins]
        if not any(isinstance(plugin, CheckpointIO) for plugin in plugins):
            kwargs["plugins"] = [*plugins, CheckpointFiles()]
        built = super().instantiate_trainer(**kwargs)
        on_cpu = built.strategy.root_device.type == "cpu"
        if fit and on_cpu and trainer["sync_batchnorm"]:
            raise RunError("trainer.sync_batchnorm=true needs GPUs; give false on CPUs")
        if fit and checkpoint is None:
            # What was chosen stays: in SLURM, Lightning would resume any hpc_ckpt of the folder.
            built._checkpoint_connector._user_managed = True
        return built

    def _weight_average(self) -> list[Callback]:
        decay = self._get(self.config_init, "ema_decay")
        return [] if decay is None else [WeightAverage(decay)]

    def _tensorboard_callbacks(self) -> list[Callback]:
        """Make what fills TensorBoard during a fit."""
        curves = [LearningRateMonitor("step"), GradientNorm(), DeviceMemory(), GateStatistics()]
        times = self.config[self.subcommand].pictures
        pictures = (ConfusionMatrix, WorstClips, TemporalKernels, AlignmentMaps)
        return [*curves, *(make(times) for make in pictures if times)]


def _is_no_advertisement(record: logging.LogRecord) -> bool:
    return "litlogger" not in record.getMessage()


def _last_config_name(configs: list[Any] | None) -> str:
    return Path(str(configs[-1])).stem if configs else "default"


def main(args: list[str] | None = None) -> None:
    """Run one subcommand; a user's mistake ends it with one line on stderr and exit status 1.

    Args:
        args: Command-line arguments; None for the process's own.
    """
    with user_errors():
        RecognitionCLI(args=args)
