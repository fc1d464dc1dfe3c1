"""Writes a trained network as a file for other programs.

python -m experiments.export runs/a --to onnx
"""

import argparse
import uuid

from datamodules.prepare.parser import OneLineParser
from datamodules.user_path import absolute_path, path_argument
from experiments.cli.user_errors import user_errors
from experiments.export.deployed import DeployedNetwork, describe
from experiments.export.folding import fold_batch_norm
from experiments.export.parity import largest_difference, require_parity
from experiments.export.run import load_run, load_videos
from experiments.export.targets import TARGETS, Target
from lightning_modules import RunError
from lightning_modules.checkpoints.atomic_write import replace_at_end
from lightning_modules.checkpoints.run_folder import CHECKPOINTS, RunFolder


def main(args: list[str] | None = None) -> None:
    """Load the run, write the file, compare it with PyTorch, and keep it if it agrees.

    Raises:
        RunError: If an option is wrong, the run cannot be loaded, the file cannot be written, or
            its logits differ by more than the tolerance.
    """
    options, flags = _parser().parse_known_args(args)
    target, run = TARGETS[options.to], RunFolder(options.run)
    _check(options, target)
    if options.videos and flags:
        raise RunError(f"{flags[0]}: of train.py, which --videos does without; leave one out")
    if options.videos:
        loaded = load_videos(options.run, options.checkpoint, options.videos, options.clips)
    else:
        loaded = load_run(run, options.checkpoint, options.clips, flags)
    recognizer, clips = loaded.recognizer, loaded.clips
    name = f"{loaded.checkpoint.stem}{target.endings[0]}"
    usual = run.export(name) if run.path.is_dir() else loaded.checkpoint.with_name(name)
    file = options.output or usual
    network = DeployedNetwork(recognizer.normalize, recognizer.network)
    notes = [f"{len(clips)} clips"]
    if options.fold_batch_norm:
        folded = fold_batch_norm(network, clips)
        notes.append(f"{folded} BatchNorms folded")
    metadata = describe(recognizer, loaded.about, clips)
    draft = file.with_name(f"{file.stem}.{uuid.uuid4().hex}{file.suffix}")
    try:
        with replace_at_end(file, draft):
            target.write(network, clips, metadata, draft)
            difference = largest_difference(target.read(draft, network), recognizer, clips)
            require_parity(difference, options.tolerance, str(file))
    except ModuleNotFoundError as error:
        raise RunError(f"--to {options.to}: {error}; pip install -r requirements.txt") from error
    except OSError as error:
        raise RunError(f"{file}: cannot be written ({error.strerror or error})") from error
    print(
        f"{file}: {file.stat().st_size / 1e6:.1f} MB, {', '.join(notes)}, largest difference from "
        f"PyTorch {difference:.1e} of the largest logit"
    )


def _check(options: argparse.Namespace, target: Target) -> None:
    if options.to == "weights" and options.fold_batch_norm:
        raise RunError(
            "--fold_batch_norm: no network here has the folded weights; leave it out, or write "
            "--to onnx or torch_export"
        )
    if options.output is not None and options.output.suffix not in target.endings:
        endings = " or ".join(target.endings)
        raise RunError(f"--output {options.output}: a file --to {options.to} ends in {endings}")
    if options.checkpoint is not None and options.run.is_file():
        raise RunError(f"--checkpoint: {options.run} is a checkpoint already; leave the option out")
    if options.clips < 1:
        raise RunError(f"--clips {options.clips}: must be at least 1")
    if not options.tolerance >= 0:
        raise RunError(f"--tolerance {options.tolerance}: must not be negative")
    if options.checkpoint is not None and options.checkpoint not in CHECKPOINTS:
        options.checkpoint = str(absolute_path(options.checkpoint, "--checkpoint"))


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m experiments.export",
        description="Write a trained network as a file for other programs.",
        epilog="Any other flag goes to train.py, such as --data.root=/data/videos.",
    )
    parser.add_argument(
        "run", type=path_argument, help="run folder of train.py fit; with --videos also a .ckpt"
    )
    parser.add_argument("--to", choices=TARGETS, required=True, help="the kind of file")
    parser.add_argument(
        "--checkpoint",
        help="best, last, previous or a file; default: best, or last without a monitor",
    )
    parser.add_argument(
        "--output",
        type=path_argument,
        help="default: <run>/exports/<checkpoint>, or beside a checkpoint, with the usual ending",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1e-4,
        help="largest allowed difference from PyTorch, as a share of the largest logit; "
        "default: 1e-4",
    )
    parser.add_argument(
        "--videos",
        nargs="+",
        type=path_argument,
        help="videos to compare on, as files, folders or csvs; default: those of the run's data",
    )
    parser.add_argument("--clips", type=int, default=8, help="clips to compare; default: 8")
    parser.add_argument(
        "--fold_batch_norm",
        action="store_true",
        help="fold each BatchNorm into the convolution before it",
    )
    return parser


if __name__ == "__main__":
    with user_errors():
        main()
