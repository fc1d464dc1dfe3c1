"""Makes a recognizer from a checkpoint alone, without the run's configuration."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import torch

from datamodules.clips.frame_sampling import make_sampler
from datamodules.clips.protocols import get_protocol
from datamodules.clips.views import ProtocolViews
from datamodules.user_path import absolute_path
from experiments.cli.resuming import find_checkpoint
from experiments.inference.recognizer import Recognizer
from lightning_modules import RunError, VideoRecognizer
from lightning_modules.checkpoints.provenance import KEY
from lightning_modules.checkpoints.run_folder import RunFolder
from lightning_modules.checkpoints.trained_network import read_checkpoint


def load_recognizer(
    checkpoint: str | PathLike[str],
    *,
    protocol: str | None = None,
    device: str | torch.device | None = None,
) -> Recognizer:
    """Load a trained network with its classes, its input and its test protocol.

    Args:
        checkpoint: A ``.ckpt`` file of ``train.py``, or a run folder, of which ``best.ckpt`` is
            taken, or ``last.ckpt`` if the fit monitors nothing.
        protocol: Views of a video, such as ``10x3``; None for the training's.
        device: Where to run; None for a GPU if there is one.

    Raises:
        RunError: If there is no such checkpoint or device, or it cannot be used.
        DataError: If the protocol is unknown.
    """
    file = checkpoint_file(absolute_path(checkpoint, "checkpoint"))
    trained = read_checkpoint(file)[KEY]
    _refuse_shared_name(file, trained["class_names"])
    module = VideoRecognizer.load_from_checkpoint(file, map_location="cpu").eval()
    frames, data = trained["input"], trained["data"]
    make_views = ProtocolViews(
        make_sampler(frames["sampling"], frames["num_segments"]),
        get_protocol(protocol or data["protocol"]),
        frames["short_side"],
        frames["crop_size"],
    )
    wanted = device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        module.to(wanted)
    except (RuntimeError, AssertionError) as error:  # torch without CUDA raises the latter
        reason = next(iter(str(error).splitlines()), "")
        raise RunError(f"device {wanted}: cannot be used here ({reason}); give cpu") from error
    return Recognizer(module, make_views, trained["seed"] or 0)


def _refuse_shared_name(file: Path, class_names: Sequence[str]) -> None:
    """Refuse a checkpoint of an older version with two classes of one name: a score would be lost.

    Raises:
        RunError: If there are two.
    """
    for number, name in enumerate(class_names):
        first = class_names.index(name)
        if first != number:
            raise RunError(
                f"{file}: classes {first} and {number} have the same name, {name!r}, so scores by "
                "name would lose one of them; give each class a name of its own in the list of "
                "videos, and train again"
            )


def checkpoint_file(place: Path) -> Path:
    """Give the checkpoint of a run folder; a file stays as it is.

    Raises:
        RunError: If the folder has none, or lacks the ``best.ckpt`` that its fit should have saved.
    """
    if not place.is_dir():
        return place
    run = RunFolder(place)
    if not run.checkpoints.is_dir():
        raise RunError(f"{place}: has no folder checkpoints; give a run folder, or a .ckpt file")
    return find_checkpoint(run, None)
