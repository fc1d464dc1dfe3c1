"""SME's alignment of frames t and t+1 at the middle of a clip, as in figure 3 of TSI."""

from collections.abc import Mapping
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from lightning_modules.tensorboard.grad_cam import Classify
from lightning_modules.tensorboard.inspection import (
    Aligning,
    Watch,
    blocks_of,
    by_stage,
    short_name,
)
from lightning_modules.tensorboard.pictures.alignment import AlignmentView, draw_alignments


def last_aligning(network: nn.Module) -> dict[str, Aligning]:
    """Find the last block of each stage that aligns, by module name."""
    aligning = {name: block for name, block in blocks_of(network, Aligning).items() if block.aligns}
    return dict(list(stage.items())[-1] for stage in by_stage(network, aligning).values())


def view_middle_pair(num_frames: int, block: Aligning, *inputs: Tensor) -> AlignmentView:
    """Compute a block's maps of the middle pair of frames of the first clip.

    Args:
        num_frames: T.
        block: The block.
        inputs: Its inputs, frames t and t+1 of all T-1 pairs of each clip.
    """
    t = _middle(num_frames)
    current, following = (frames[t : t + 1] for frames in inputs)
    attention = block.attention(current, following)[0]
    saliency = block.saliency(current, following)[0].mean(0)
    return AlignmentView("", attention.float().cpu(), saliency.float().cpu())


def draw_middle_pair(clip: Tensor, views: Mapping[str, AlignmentView]) -> Figure | None:
    """Draw one row per block; blocks whose map has only one position are left out.

    Args:
        clip: uint8 0-255, (T, 3, H, W).
        views: The maps of each block, by its module name.

    Returns:
        The picture; None if no block is left.
    """
    named = [
        view._replace(name=short_name(name))
        for name, view in views.items()
        if view.saliency.numel() > 1
    ]
    t = _middle(len(clip))
    return draw_alignments(clip[t], clip[t + 1], named) if named else None


@torch.no_grad()
def draw_alignment(classify: Classify, network: nn.Module, clip: Tensor) -> Figure | None:
    """Run a clip through the network and draw its middle pair of frames.

    Args:
        classify: Maps uint8 clips (1, T, 3, H, W) to logits (1, K), through ``network``.
        network: The network, in evaluation mode.
        clip: uint8 0-255, (T, 3, H, W).

    Returns:
        The picture; None if no block aligns maps of several positions.
    """
    aligning = last_aligning(network)
    if not aligning:
        return None
    watch = Watch(aligning, partial(view_middle_pair, len(clip)))
    try:
        classify(clip[None])
    finally:
        views = watch.close()
    return draw_middle_pair(clip.cpu(), views)


def _middle(num_frames: int) -> int:
    """Return the middle t for which t+1 is a frame of the clip, too."""
    return (num_frames - 1) // 2
