"""VideoRecognizer: uint8 frames in, scores of one or many views out, metrics of every video."""

from typing import Any, cast

import pytest
import torch
from pytorch_lightning import Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from lightning_modules import RunError, VideoRecognizer
from lightning_modules.video_recognizer import VideoBatch
from tests.lightning_modules.conftest import Fit

CLASSES = ("dark", "bright", "none of these")


class Brightness(nn.Module):
    """Logits that can be computed by hand: (-mean, +mean, 0) of a normalised clip."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, clips: Tensor) -> Tensor:
        mean = clips.mean((1, 2, 3, 4)) * self.scale
        return torch.stack([-mean, mean, torch.zeros_like(mean)], dim=1)


def views_of(*values: int) -> Tensor:
    """Make one video's views, each of one grey value, (1, V, T=2, 3, 4, 4)."""
    grey = torch.tensor(values, dtype=torch.uint8).view(1, -1, 1, 1, 1, 1)
    return grey.expand(1, len(values), 2, 3, 4, 4)


def batch_of(values: list[int], labels: list[int]) -> VideoBatch:
    """Make a batch of one-view videos."""
    clips = torch.cat([views_of(value) for value in values])
    index = torch.arange(len(values))
    return VideoBatch(
        clips=clips,
        label=torch.tensor(labels),
        index=index,
        path=[str(value) for value in values],
    )


def loader_of(batches: list[VideoBatch]) -> DataLoader[VideoBatch]:
    """Make a loader of ready batches."""
    return DataLoader(cast(Dataset[VideoBatch], batches), batch_size=None)


def test_frames_are_scaled_and_normalised_by_imagenet_s_mean_and_std() -> None:
    recognizer = VideoRecognizer(nn.Identity(), CLASSES)
    grey = torch.full((1, 2, 3, 4, 4), 255, dtype=torch.uint8)
    normalised = recognizer(grey)[0, 0, :, 0, 0]
    expected = (1 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    torch.testing.assert_close(normalised, expected)


def test_views_are_averaged_as_logits() -> None:
    recognizer = VideoRecognizer(Brightness(), CLASSES)
    scores = recognizer.score_views(views_of(10, 200))
    by_view = [recognizer.score_views(views_of(value)) for value in (10, 200)]
    torch.testing.assert_close(scores, (by_view[0] + by_view[1]) / 2)


def test_views_are_averaged_as_probabilities_on_request() -> None:
    recognizer = VideoRecognizer(Brightness(), CLASSES, view_fusion="softmax")
    probabilities = [recognizer.score_views(views_of(value)).exp() for value in (10, 200)]
    scores = recognizer.score_views(views_of(10, 200))
    torch.testing.assert_close(scores.exp(), (probabilities[0] + probabilities[1]) / 2)
    torch.testing.assert_close(scores.exp().sum(1), torch.ones(1))


def test_a_test_counts_every_video_once_in_batches_of_any_size() -> None:
    batches = [batch_of([0, 255, 0], [0, 1, 1]), batch_of([255], [1])]
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
    recognizer = VideoRecognizer(Brightness(), CLASSES)
    results = trainer.test(recognizer, loader_of(batches), verbose=False)[0]
    assert results["test/n_videos"] == 4
    assert results["test/top1"] == pytest.approx(3 / 4)
    assert results["test/top5"] == 1  # there are only three classes


def test_the_test_loss_is_the_mean_over_videos_not_over_batches() -> None:
    recognizer = VideoRecognizer(Brightness(), CLASSES)
    values, labels = [0, 100, 200, 255], [0, 0, 1, 2]
    scores = torch.cat([recognizer.score_views(views_of(value)) for value in values])
    expected = nn.functional.cross_entropy(scores, torch.tensor(labels)).item()
    batches = [batch_of(values[:3], labels[:3]), batch_of(values[3:], labels[3:])]
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
    results = trainer.test(recognizer, loader_of(batches), verbose=False)[0]
    assert results["test/loss"] == pytest.approx(expected)


def test_predictions_carry_index_path_label_and_scores() -> None:
    recognizer = VideoRecognizer(Brightness(), CLASSES)
    predictions = recognizer.predict_step(batch_of([0, 255], [0, -1]), 0)
    assert predictions["index"].tolist() == [0, 1]
    assert predictions["label"].tolist() == [0, -1]
    assert predictions["path"] == ["0", "255"]
    assert predictions["scores"].argmax(1).tolist() == [0, 1]


def test_the_network_runs_in_channels_last() -> None:
    recognizer = VideoRecognizer(nn.Conv2d(3, 4, 3), CLASSES)
    weight = next(recognizer.network.parameters())
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_weights_of_3d_convolutions_keep_their_layout() -> None:
    recognizer = VideoRecognizer(nn.Conv3d(3, 4, 3), CLASSES)
    assert next(recognizer.network.parameters()).is_contiguous()


def linear() -> nn.Module:
    """Make a network that computes in half precision under autocast."""
    return nn.Sequential(nn.Flatten(), nn.Linear(96, 3))


def test_scores_of_a_clip_are_float32_in_half_precision() -> None:
    recognizer = VideoRecognizer(linear(), CLASSES)
    with torch.autocast("cpu", torch.bfloat16):
        assert recognizer.network(torch.rand(1, 2, 3, 4, 4)).dtype == torch.bfloat16
        assert recognizer(views_of(10)[:, 0]).dtype == torch.float32


@pytest.mark.parametrize("view_fusion", ["logits", "softmax"])
def test_views_are_averaged_in_float32_in_half_precision(view_fusion: Any) -> None:
    recognizer = VideoRecognizer(linear(), CLASSES, view_fusion=view_fusion)
    views = views_of(10, 100, 200)
    with torch.autocast("cpu", torch.bfloat16):
        logits = torch.stack([recognizer(view) for view in views.unbind(1)])
        scores = recognizer.score_views(views)
    expected = logits.mean(0) if view_fusion == "logits" else logits.softmax(-1).mean(0).log()
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, expected)  # to float32's rounding


def test_probabilities_of_confident_views_stay_finite() -> None:
    recognizer = VideoRecognizer(Brightness(), CLASSES, view_fusion="softmax")
    with torch.no_grad():
        next(recognizer.network.parameters()).fill_(1000.0)
    assert recognizer.score_views(views_of(255, 255)).isfinite().all()


def test_a_fit_that_counts_only_steps_is_refused(fit: Fit) -> None:
    with pytest.raises(RunError, match=r"trainer\.max_epochs"):
        fit(VideoRecognizer(Brightness(), CLASSES), max_epochs=-1, max_steps=3)
