"""MovingShapes, the built-in synthetic data set: rendered to H.264 files on first use, then reused.

Eight classes in four pairs, over textured, drifting backgrounds. The two classes of a pair are time
reversals of each other: a network that ignores the order of frames cannot distinguish them.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from datamodules.base import VideoDataModule
from datamodules.cores import available_cores
from datamodules.decoding.write_video import write_video
from datamodules.errors import DataError
from datamodules.lists.annotations import Annotations
from datamodules.lists.splitting import SPLITS, Split
from datamodules.progress import with_progress
from datamodules.shapes.motion import CLASS_NAMES, require_room
from datamodules.shapes.nuisance import EASY, Nuisance
from datamodules.shapes.renderer import render_clip

ENCODER_OPTIONS = {"crf": "18", "preset": "veryfast", "g": "1"}
"""Keyframes only: otherwise quality would vary along a clip and reveal its direction. Also, x264
then writes the same bytes each time; with other frame types it sometimes did not."""

SCENES_PER_SPLIT = 10_000_000
"""Scene seeds of one split; far more than needed, so that splits never share a scene."""

RENDERER_VERSION = 1
"""Increase it with every change of `datamodules.shapes` or `write_video` that changes pixels."""


class RenderedVideo(NamedTuple):
    """A video to render: its file, its class, and the seed of its scene."""

    path: Path
    class_name: str
    seed: int


class MovingShapes(VideoDataModule):
    """Rendered shapes that move left or right, up or down, nearer or farther, or turn.

    Every scene is rendered as two videos, forwards and backwards in time, so that no accidental
    difference between two classes of a split helps a network that ignores the order of frames.

    Args:
        root: Where videos are stored, in a folder named after the settings that decide their
            pixels.
        train_videos: Videos for training; here and below, a multiple of 8 for balanced
            classes.
        val_videos: Videos for validation.
        test_videos: Videos for the test.
        video_size: Height and width of the videos, pixels, even.
        render_seed: Seed of the scenes; separate from the run's seed, so that runs with other seeds
            have the same videos.
        nuisance: How strongly camera drift, speed and scale hide the motion.
        index_dir: Folder of `VideoIndex`'s file; None for ``root``.
        **kwargs: Settings of `VideoDataModule`.

    Raises:
        DataError: If a setting is out of range.
    """

    class_names = CLASS_NAMES

    def __init__(
        self,
        *,
        root: str = "data/moving_shapes",
        train_videos: int = 1600,
        val_videos: int = 160,
        test_videos: int = 400,
        video_size: int = 72,
        render_seed: int = 0,
        nuisance: Nuisance = EASY,
        index_dir: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(index_dir=index_dir or root, **kwargs)
        if video_size < 16 or video_size % 2:
            raise DataError(f"{video_size=} must be even and at least 16 pixels")
        if render_seed < 0 or min(train_videos, val_videos, test_videos) < 0:
            raise DataError("render_seed and the numbers of videos must not be negative")
        sizes = (train_videos, val_videos, test_videos)
        self.sizes: dict[Split, int] = dict(zip(SPLITS, sizes, strict=True))
        require_room(nuisance)
        version = _renderer_version(nuisance)
        self.folder = Path(root) / f"{video_size}px-seed{render_seed}-{version}"
        self.video_size = video_size
        self.render_seed = render_seed
        self.nuisance = nuisance

    def make_videos(self) -> None:
        """Render the videos that do not exist yet; an interrupted rendering is continued."""
        videos = [video for split in SPLITS for video in self._videos(split)]
        missing = [video for video in videos if not video.path.is_file()]
        if missing:
            with ThreadPoolExecutor(available_cores()) as pool:  # NumPy and FFmpeg release the GIL
                rendered = pool.map(self._render, missing)
                for _ in with_progress(rendered, "Rendering MovingShapes", len(missing)):
                    pass

    def annotations(self, split: Split) -> Annotations:
        """Return one split's videos, rendered or not."""
        videos = self._videos(split)
        paths = [str(video.path) for video in videos]
        return Annotations(paths, [CLASS_NAMES.index(video.class_name) for video in videos])

    def _videos(self, split: Split) -> list[RenderedVideo]:
        """List a split's videos; the classes of a pair share their scenes."""
        first_scene = (self.render_seed * len(SPLITS) + SPLITS.index(split)) * SCENES_PER_SPLIT
        videos = []
        for number in range(self.sizes[split]):
            scene, place = divmod(number, len(CLASS_NAMES))
            name = CLASS_NAMES[place]
            path = self.folder / split / name / f"{scene:06d}.mp4"
            videos.append(RenderedVideo(path, name, first_scene + scene))
        return videos

    def _render(self, video: RenderedVideo) -> None:
        frames = render_clip(video.class_name, video.seed, self.video_size, self.nuisance)
        write_video(video.path, frames, options=ENCODER_OPTIONS)


def _renderer_version(nuisance: Nuisance) -> str:
    """Name the settings that change pixels (except size and seed): new ones render new videos."""
    settings = repr((ENCODER_OPTIONS, nuisance))
    return f"v{RENDERER_VERSION}-{hashlib.sha256(settings.encode()).hexdigest()[:8]}"
