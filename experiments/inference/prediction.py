"""Predicts many videos: reads them ahead on all cores while the network runs."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from datamodules.cores import available_cores
from datamodules.decoding.video import Video
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import DataError
from experiments.inference.recognizer import Features, Recognizer
from experiments.inference.sources import open_video
from experiments.inference.windows import Window, Windows

Item = TypeVar("Item")
Result = TypeVar("Result")


class Failure(NamedTuple):
    """A video that cannot be predicted, and why; the reason begins with the path."""

    path: str
    reason: str


@dataclass(frozen=True)
class Prediction:
    """What the network says about one video.

    Attributes:
        video: The video.
        facts: Its number of frames, frame rate and size.
        logits: Of the whole video under the protocol, (K,).
        features: Of the whole video; None unless wanted.
        windows: Its sliding windows; none unless wanted.
        window_logits: Of each window, (number of windows, K).
    """

    video: Video
    facts: VideoFacts
    logits: Tensor
    features: Features | None
    windows: list[Window]
    window_logits: Tensor

    @property
    def path(self) -> str:
        """The video's path."""
        return str(self.video.path)


class _Opened(NamedTuple):
    """A video that has been scanned, the views of its test protocol, and its windows."""

    video: Video
    facts: VideoFacts
    views: Tensor
    windows: list[Window]


@dataclass(frozen=True)
class Predictor:
    """Predicts videos one after another.

    Attributes:
        recognizer: The network.
        windows: Sliding windows to score beside the whole video; None for none.
        features: Whether to compute features.
        stage: The stage of the features; None for the input of the classifier.
    """

    recognizer: Recognizer
    windows: Windows | None = None
    features: bool = False
    stage: str | None = None

    def predict(self, paths: Sequence[str]) -> Iterator[Prediction | Failure]:
        """Predict videos in their order; one that cannot be read becomes a `Failure`."""
        for opened in read_ahead(self._open, paths):
            yield opened if isinstance(opened, Failure) else self._score(opened)

    def _open(self, path: str) -> _Opened | Failure:
        try:
            video, facts = open_video(path)
            windows = self.windows.places(path, facts) if self.windows else []
            return _Opened(video, facts, self.recognizer.views(video), windows)
        except DataError as error:
            return Failure(path, str(error))

    def _score(self, opened: _Opened) -> Prediction:
        recognizer, (video, facts, views, windows) = self.recognizer, opened
        features = recognizer.features_of_views(views, self.stage) if self.features else None
        parts = read_ahead(lambda window: recognizer.views(window.of(video)), windows)
        scores = [recognizer.logits_of_views(part) for part in parts]
        logits = torch.stack(scores) if scores else torch.empty(0, len(recognizer.class_names))
        whole = recognizer.logits_of_views(views)
        return Prediction(video, facts, whole, features, windows, logits)


def read_ahead(read: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Call a function on items in threads, a few items ahead; yield the results in order.

    FFmpeg releases Python's lock. As many items as there are cores wait in memory.
    """
    cores = available_cores()
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        for item in items:
            waiting.append(pool.submit(read, item))
            if len(waiting) > cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
