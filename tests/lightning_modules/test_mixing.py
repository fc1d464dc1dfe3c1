"""Mixup and cutmix: all frames are mixed alike, and labels in the same proportion."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from lightning_modules import ClipMixing, RunError, VideoRecognizer
from lightning_modules.video_recognizer import VideoBatch
from tests.lightning_modules.conftest import CLASSES, Fit, TinyClips

LABELS = torch.tensor([0, 1, 2, 1])


def grey_clips() -> Tensor:
    """Make four clips, 1 to 4 in every pixel, (4, T=3, 3, 8, 8)."""
    return torch.arange(1.0, 5.0).view(4, 1, 1, 1, 1).expand(4, 3, 3, 8, 8).clone()


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Draw the same numbers in every run."""
    torch.manual_seed(0)


def test_cutmix_puts_the_same_box_into_all_frames() -> None:
    mixed, _ = ClipMixing(cutmix_alpha=1.0)(grey_clips(), LABELS, 3)
    assert mixed[0].unique().tolist() == [1, 4]  # the neighbour's pixels, unmixed
    assert torch.equal(mixed, mixed[:, :1, :1].expand_as(mixed))


def test_cutmix_s_labels_are_the_shares_of_the_pixels() -> None:
    mixed, targets = ClipMixing(cutmix_alpha=1.0)(grey_clips(), LABELS, 3)
    own = (mixed[0] == 1).float().mean()
    torch.testing.assert_close(targets[0], torch.stack([own, 1 - own, torch.zeros(())]))


def test_mixup_weighs_frames_and_labels_alike() -> None:
    mixed, targets = ClipMixing(mixup_alpha=1.0)(grey_clips(), LABELS, 3)
    own = targets[0, 0]
    torch.testing.assert_close(mixed[0], (own * 1 + (1 - own) * 4).expand_as(mixed[0]))
    torch.testing.assert_close(targets.sum(1), torch.ones(4))


def test_with_both_each_batch_draws_one() -> None:
    mixing = ClipMixing(mixup_alpha=1.0, cutmix_alpha=1.0)
    kinds = {len(mixing(grey_clips(), LABELS, 3)[0][0].unique()) for _ in range(20)}
    assert kinds == {1, 2}  # one mean, or pixels of two clips


def test_only_a_share_of_the_batches_is_mixed() -> None:
    mixing = ClipMixing(mixup_alpha=1.0, probability=0.5)
    outcomes = [mixing(grey_clips(), LABELS, 3) for _ in range(40)]
    plain = [targets for clips, targets in outcomes if torch.equal(clips, grey_clips())]
    assert 10 < len(plain) < 30
    assert all(torch.equal(targets.argmax(1), LABELS) for targets in plain)


def test_the_input_clips_are_not_changed() -> None:
    clips = grey_clips()
    ClipMixing(cutmix_alpha=1.0)(clips, LABELS, 3)
    assert torch.equal(clips, grey_clips())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "mixup_alpha=0.0"),
        ({"mixup_alpha": -1.0, "cutmix_alpha": 1.0}, "mixup_alpha=-1.0"),
        ({"mixup_alpha": 1.0, "probability": 0.0}, "probability=0.0"),
        ({"mixup_alpha": 1.0, "probability": 1.5}, "probability=1.5"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, float], named: str) -> None:
    with pytest.raises(RunError, match=named):
        ClipMixing(**arguments)


def test_a_batch_of_one_clip_is_refused(
    fit: Fit, recognizer: Callable[..., VideoRecognizer]
) -> None:
    with pytest.raises(RunError, match=r"at least 2 clips.*batch_size"):
        fit(recognizer(mixing=ClipMixing(mixup_alpha=1.0)), data=TinyClips(batch_size=1))


def test_mixed_clips_count_as_the_class_with_the_larger_share(
    recognizer: Callable[..., VideoRecognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[Tensor] = []
    mixed = recognizer(mixing=ClipMixing(mixup_alpha=1.0), label_smoothing=0.1)
    monkeypatch.setattr(mixed, "log", lambda *args, **kwargs: None)
    monkeypatch.setattr(
        mixed.metrics["train_metrics"],
        "update",
        lambda scores, labels, loss: counted.append(labels),
    )
    batch: Any = VideoBatch(clips=grey_clips().to(torch.uint8), label=LABELS, index=LABELS, path=[])
    torch.manual_seed(5)
    _, targets = ClipMixing(mixup_alpha=1.0)(grey_clips(), LABELS, len(CLASSES))
    torch.manual_seed(5)
    assert mixed.training_step(batch, 0).isfinite()
    assert torch.equal(counted[0], targets.argmax(1))
