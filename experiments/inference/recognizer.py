"""Scores and features of videos by a trained network.

V views, T frames (segments) of a clip, C channels, H W pixels, K classes.
"""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np
import torch
from torch import Tensor, nn

from datamodules.clips.frame_sampling import Indices
from datamodules.clips.views import ProtocolViews
from datamodules.decoding.video import FrameSource
from datamodules.errors import DataError
from datamodules.lists.unlabelled import is_one_video, unlabelled_videos
from datamodules.user_path import absolute_path
from experiments.inference.sources import Source, open_source
from lightning_modules import RunError, VideoRecognizer
from lightning_modules.tensorboard.inspection import stage_ends

Scores = dict[str, float]
"""Class name -> probability, 0-1, the most probable class first."""

INDEX = 0
"""Protocols that draw clips at random draw them by the seed and a video's place in its list."""


class Features(NamedTuple):
    """Features of a video, averaged over the positions of the feature maps.

    Attributes:
        frames: Of each frame of each view, (V, T, C); (V, T', C) where the network has merged
            frames, as I3D does.
        clip: Their mean, (C,).
    """

    frames: Tensor
    clip: Tensor


class Recognizer:
    """Classifies videos as in the test of the training: same frames, crops and classes.

    Args:
        module: The trained network with its classes and its normalisation, in evaluation mode.
        make_views: Reads a source as the views of the test protocol.
        seed: Of protocols that draw clips at random.

    Attributes:
        module: The same: uint8 clips 0-255, (B, T, 3, H, W), to logits, (B, K).
        class_names: The K classes.
        stages: The names of the network's stages, for `features`.
    """

    def __init__(self, module: VideoRecognizer, make_views: ProtocolViews, seed: int = 0) -> None:
        self.module = module
        self.make_views = make_views
        self.seed = seed
        self.class_names = tuple(module.class_names)
        self._stage_ends = stage_ends(module.network)
        self.stages = tuple(self._stage_ends)

    @overload
    def __call__(self, videos: Tensor | FrameSource) -> Scores: ...
    @overload
    def __call__(self, videos: Iterable[str | PathLike[str]]) -> dict[str, Scores]: ...
    @overload
    def __call__(self, videos: str | PathLike[str]) -> Any: ...
    def __call__(self, videos: Any) -> Any:
        """Score a video, or several.

        Args:
            videos: A video file, a folder of numbered images, or decoded frames, uint8 0-255,
                (n, 3, H, W); or several paths, a csv, or a folder with videos at any depth.

        Returns:
            The scores of one video; of several, those of each by its path.

        Raises:
            DataError: If a video cannot be read, there is none, or this is none of these.
        """
        if isinstance(videos, str | PathLike):
            place = absolute_path(videos, "video")
            if is_one_video(place):
                return self._named(self.logits(place))
            videos = [place]
        elif isinstance(videos, Tensor | FrameSource) or not isinstance(videos, Iterable):
            return self._named(self.logits(videos))
        paths = unlabelled_videos([_place(path) for path in videos])
        if not paths:
            raise DataError("no video is given; give paths, or a folder")
        return {path: self._named(self.logits(path)) for path in paths}

    def frame_indices(self, num_frames: int) -> Indices:
        """Choose the frames of the clips of a video, (clips, T), as the protocol says."""
        return self.make_views.frame_indices(num_frames, self._generator())

    def views(self, source: Source) -> Tensor:
        """Read a source as the views of the test protocol, uint8 0-255, (V, T, 3, S, S).

        Raises:
            DataError: If it cannot be read.
        """
        return self.make_views(open_source(source), self._generator()).clips

    def logits(self, source: Source) -> Tensor:
        """Score a source: logits on the CPU, (K,); see `VideoRecognizer.score_views`.

        Raises:
            DataError: If it cannot be read.
        """
        return self.logits_of_views(self.views(source))

    def classify(self, clips: Tensor) -> Tensor:
        """Classify clips of any device, uint8 0-255, (B, T, 3, S, S) -> logits, (B, K)."""
        logits: Tensor = self.module(clips.to(self.module.device))
        return logits

    @torch.no_grad()
    def logits_of_views(self, views: Tensor) -> Tensor:
        """Score what `views` has read: logits on the CPU, (K,)."""
        return self.module.score_views(views[None].to(self.module.device))[0].cpu()

    def features(self, source: Source, stage: str | None = None) -> Features:
        """Compute the features of a source, on the CPU.

        Args:
            source: What is to be read.
            stage: One of ``stages``; None for the input of the classifier.

        Raises:
            DataError: If the source cannot be read.
            RunError: If there is no such stage.
        """
        return self.features_of_views(self.views(source), stage)

    @torch.no_grad()
    def features_of_views(self, views: Tensor, stage: str | None = None) -> Features:
        """Compute the features of what `views` has read; see `features`."""
        kept: list[Tensor] = []
        if stage is None:
            layer = _classifier(self.module.network)
            handle = layer.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0]))
        else:
            layer = self.stage_end(stage)
            handle = layer.register_forward_hook(lambda _, inputs, output: kept.append(output))
        try:
            for view in views.unbind():
                self.classify(view[None])
        finally:
            handle.remove()
        if not all(isinstance(output, Tensor) for output in kept):
            raise RunError(f"stage {stage}: gives more than one tensor; name another stage")
        frames = torch.stack([_pooled(output).float().cpu() for output in kept])
        return Features(frames, frames.mean((0, 1)))

    def stage_end(self, stage: str) -> nn.Module:
        """Return the last block of a stage.

        Raises:
            RunError: If there is no such stage.
        """
        if stage not in self._stage_ends:
            raise RunError(f"stage {stage}: is none of this network's: {', '.join(self.stages)}")
        return self._stage_ends[stage]

    def blank_views(self) -> Tensor:
        """Make the views of a black video, to try a stage before any work; see `views`."""
        side = self.make_views.short_side
        return self.views(torch.zeros(64, 3, side, side, dtype=torch.uint8))

    def _named(self, logits: Tensor) -> Scores:
        probabilities, order = logits.softmax(0).sort(descending=True)
        pairs = zip(order.tolist(), probabilities.tolist(), strict=True)
        return {self.class_names[place]: probability for place, probability in pairs}

    def _generator(self) -> np.random.Generator:
        return np.random.default_rng([self.seed, 0, INDEX])


def _place(path: Any) -> Path:
    """Make the path of one of several videos absolute."""
    if not isinstance(path, str | PathLike):
        raise DataError(
            "a video is a path or a torch tensor of decoded frames, uint8 (frames, 3, height, "
            f"width), and several are paths, not {type(path).__name__}; numpy frames become such a "
            "tensor by torch.from_numpy(frames).permute(0, 3, 1, 2)"
        )
    return absolute_path(path, "video")


def _classifier(network: nn.Module) -> nn.Module:
    """Find the layer that gives the logits: ``network.classifier``, or the last linear layer."""
    named = getattr(network, "classifier", None)
    if isinstance(named, nn.Module):
        return named
    linear = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise RunError(f"{type(network).__name__}: has no linear classifier; name a stage")
    return linear[-1]


def _pooled(output: Tensor) -> Tensor:
    """Average over positions: (T, C, H, W), (1, C, T', H, W), (T, C) or (1, C) -> (T, C)."""
    if output.ndim == 5:
        return output.mean((3, 4))[0].T
    return output.flatten(2).mean(2) if output.ndim > 2 else output
