"""WorstClips: the validation's highest losses, worst first."""

from collections.abc import Sequence

import pytest
from matplotlib.figure import Figure

from lightning_modules.tensorboard import WorstClips, worst_clips
from lightning_modules.tensorboard.pictures.clip_strips import ScoredClip
from tests.lightning_modules.conftest import Fit
from tests.lightning_modules.glass import T


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[list[ScoredClip]]:
    """Collect what is drawn."""
    kept: list[list[ScoredClip]] = []

    def keep(clips: Sequence[ScoredClip], names: object) -> Figure:
        kept.append(list(clips))
        return Figure()

    monkeypatch.setattr(worst_clips, "draw_clips", keep)
    return kept


def test_the_worst_of_all_batches_come_first(watch: Fit, drawn: list[list[ScoredClip]]) -> None:
    watch(WorstClips(count=3))
    assert [clip.path for clip in drawn[0]] == [f"videos/{grey}.mp4" for grey in (255, 240, 10)]
    losses = [clip.loss for clip in drawn[0]]
    assert losses == sorted(losses, reverse=True)


def test_a_clip_has_its_frames_label_and_prediction(
    watch: Fit, drawn: list[list[ScoredClip]]
) -> None:
    watch(WorstClips(count=1))
    (clip,) = drawn[0]
    assert (clip.label, clip.prediction) == (0, 1)
    assert 1 / 3 < clip.probability < 1
    assert clip.frames.shape == (T, 3, 112, 112)
    assert clip.frames.unique().tolist() == [255]


def test_fewer_videos_than_wanted_are_all_shown(watch: Fit, drawn: list[list[ScoredClip]]) -> None:
    watch(WorstClips(count=100))
    assert [len(clips) for clips in drawn] == [5, 5]
