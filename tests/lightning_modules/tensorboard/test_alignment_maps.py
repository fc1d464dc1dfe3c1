"""AlignmentMaps: one pair of frames of the first validation clip, one block per stage."""

from collections.abc import Sequence

import pytest
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modules.tensorboard import AlignmentMaps, alignment_views
from lightning_modules.tensorboard.pictures.alignment import AlignmentView
from tests.lightning_modules.conftest import Board, Fit
from tests.lightning_modules.glass import Glass


def test_each_stage_s_last_block_is_drawn_with_its_frames(
    watch: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Sequence[AlignmentView]] = []

    def keep(frame: Tensor, following: Tensor, views: Sequence[AlignmentView]) -> Figure:
        assert frame.shape == following.shape == (3, 6, 6)
        drawn.append(views)
        return Figure()

    monkeypatch.setattr(alignment_views, "draw_alignments", keep)
    watch(AlignmentMaps())
    for views in drawn:
        assert [view.name for view in views] == ["stage1.align", "stage2.align"]
        for view in views:
            assert view.attention.shape == (36, 36)
            assert view.saliency.shape == (6, 6)
    assert len(drawn) == 2


def test_blocks_that_do_not_align_are_not_drawn(watch: Fit, board: Board) -> None:
    watch(AlignmentMaps(), network=Glass(aligns=False))
    assert board().Tags()["images"] == []
