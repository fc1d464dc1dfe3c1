"""Options of train.py beside those of trainer, model and data, and values stated only once."""

from jsonargparse.typing import NonNegativeInt, PositiveInt
from pytorch_lightning.cli import LightningArgumentParser

from lightning_modules.callbacks import BestCheckpoint, LastCheckpoint


def add_options(parser: LightningArgumentParser) -> None:
    """Add the run folder, the checkpoints and the other options of a run."""
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
        help="About how many times a fit adds pictures to TensorBoard, evenly spread; 0 for none.",
    )
    parser.add_argument(
        "--progress_every_n_steps",
        type=PositiveInt,
        default=50,
        help="Where the output is no terminal, such as a log file, progress is a line for every so "
        "many steps, and one for every epoch.",
    )
    parser.add_argument(
        "--allow_other_data",
        type=bool,
        default=False,
        help="Accept a checkpoint that was trained on other classes or another order of them, "
        "another data set, list or split, another num_segments, sampling or normalisation, or "
        "another setting of the network. "
        "Each difference gives a warning; check that the scores still make sense. "
        "Default: refuse.",
    )
    parser.add_lightning_class_args(BestCheckpoint, "checkpoint")
    parser.add_lightning_class_args(LastCheckpoint, "last")


def link_options(parser: LightningArgumentParser) -> None:
    """Copy values that several parts need, so that a config states each of them once."""
    parser.link_arguments("seed_everything", "data.init_args.seed", compute_fn=int)
    parser.link_arguments("data.init_args.num_segments", "model.network.init_args.num_segments")
    parser.link_arguments(
        "data.num_classes", "model.network.init_args.num_classes", apply_on="instantiate"
    )
    parser.link_arguments("allow_other_data", "model.allow_other_data")
    parser.link_arguments("data.target_names", "model.class_names", apply_on="instantiate")
