"""Specification of `orientation`: frames are turned and mirrored as ffmpeg's command line does."""

import subprocess
from pathlib import Path
from shutil import which

import numpy as np
import pytest

from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video_scan import scan_video
from tests.datamodules.decoding.encoded import encode

ONE, LAST = 1 << 16, 1 << 30
STORED = np.array([[1, 2, 3], [4, 5, 6]])  # of a frame that is 3 squares wide
# (a, b, c, d) of the matrix, and how the frame is shown.
MATRICES = {
    "as stored": ((1, 0, 0, 1), [[1, 2, 3], [4, 5, 6]]),
    "mirrored left to right": ((-1, 0, 0, 1), [[3, 2, 1], [6, 5, 4]]),
    "mirrored top to bottom": ((1, 0, 0, -1), [[4, 5, 6], [1, 2, 3]]),
    "upside down": ((-1, 0, 0, -1), [[6, 5, 4], [3, 2, 1]]),
    "a quarter clockwise": ((0, 1, -1, 0), [[4, 1], [5, 2], [6, 3]]),
    "a quarter counter-clockwise": ((0, -1, 1, 0), [[3, 6], [2, 5], [1, 4]]),
    "mirrored along its diagonal": ((0, 1, 1, 0), [[1, 4], [2, 5], [3, 6]]),
    "mirrored along its other diagonal": ((0, -1, -1, 0), [[6, 3], [5, 2], [4, 1]]),
}
SQUARE = 16


def write(path: Path, matrix: tuple[float, float, float, float]) -> Path:
    """Write two frames of squares without loss, with a display matrix."""
    image = np.kron(STORED * 40, np.ones((SQUARE, SQUARE)))[..., None].repeat(3, axis=-1)
    a, b, c, d = (round(value * ONE) for value in matrix)
    return encode(
        path,
        "libx264rgb",
        pixel_format="rgb24",
        options={"crf": "0"},
        matrix=[a, b, 0, c, d, 0, 0, 0, LAST],
        frames=np.stack([image, image]).astype(np.uint8),
    )


def shown(path: Path) -> list[list[int]]:
    """Read the squares of the second frame."""
    facts = scan_video(path)
    frame = read_frames(path, [1], facts.seek_index)[0, 0]
    assert frame.shape == (facts.height, facts.width)
    squares: list[list[int]] = (frame[SQUARE // 2 :: SQUARE, SQUARE // 2 :: SQUARE] // 40).tolist()
    return squares


@pytest.mark.parametrize("name", MATRICES)
def test_a_display_matrix_is_applied_exactly(name: str, tmp_path: Path) -> None:
    matrix, expected = MATRICES[name]
    assert shown(write(tmp_path / "clip.mp4", matrix)) == expected


@pytest.mark.parametrize("name", MATRICES)
def test_a_display_matrix_is_applied_as_by_ffmpeg(name: str, tmp_path: Path) -> None:
    if which("ffmpeg") is None:
        pytest.skip("ffmpeg's command line is absent")
    path = write(tmp_path / "clip.mp4", MATRICES[name][0])
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-f", "rawvideo"]
    done = subprocess.run([*command, "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    frame = read_frames(path, [0])[0].permute(1, 2, 0).numpy()
    assert frame.tobytes() == done.stdout


@pytest.mark.parametrize("degrees", [30, -45])
def test_other_angles_are_left_as_stored(degrees: int, tmp_path: Path) -> None:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    path = write(tmp_path / "clip.mp4", (cosine, sine, -sine, cosine))
    assert shown(path) == STORED.tolist()


def test_a_matrix_without_extent_is_ignored(tmp_path: Path) -> None:
    assert shown(write(tmp_path / "clip.mp4", (0, 0, 0, 1))) == STORED.tolist()
