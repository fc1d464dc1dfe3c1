"""SplitMetrics: top-1 never exceeds top-5, and without ties they are torchmetrics' numbers."""

import pytest
import torch
from torch import Tensor
from torchmetrics.classification import MulticlassAccuracy

from lightning_modules.metrics import SplitMetrics, TopKAccuracy, label_ranks

NAN = float("nan")
LOSS = torch.tensor(0.5)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Draw the same scores in every run."""
    torch.manual_seed(0)


def accuracies(scores: Tensor, labels: Tensor) -> tuple[float, float]:
    """Compute top-1 and top-5 of one batch."""
    metrics = SplitMetrics(scores.shape[1])
    metrics.update(scores, labels, LOSS)
    computed = metrics.compute()
    return computed["top1"].item(), computed["top5"].item()


def torchmetrics_accuracy(num_classes: int, k: int) -> MulticlassAccuracy:
    """Make the metric that counted top-k in earlier versions."""
    return MulticlassAccuracy(
        num_classes, top_k=min(k, num_classes), average="micro", validate_args=False
    )


def untied(videos: int, num_classes: int) -> Tensor:
    """Draw scores of which no two are equal in a video, also in bfloat16."""
    return torch.stack([torch.randperm(num_classes) for _ in range(videos)]).float()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("num_classes", [1, 2, 4, 5, 6, 174])
def test_without_ties_the_numbers_are_torchmetrics(num_classes: int, dtype: torch.dtype) -> None:
    scores, labels = untied(300, num_classes).to(dtype), torch.randint(num_classes, (300,))
    expected = [torchmetrics_accuracy(num_classes, k)(scores, labels).item() for k in (1, 5)]
    assert accuracies(scores, labels) == tuple(expected)


def test_a_rank_is_the_number_of_greater_scores() -> None:
    scores = torch.tensor([[0.1, 0.7, 0.2], [0.1, 0.7, 0.2], [0.1, 0.7, 0.2]])
    assert label_ranks(scores, torch.tensor([0, 1, 2])).tolist() == [2, 0, 1]


def test_equal_scores_are_ranked_by_class_index() -> None:
    scores = torch.tensor([1.0, 2.0, 1.0, 2.0, 1.0]).expand(5, 5)
    assert label_ranks(scores, torch.arange(5)).tolist() == [2, 0, 3, 1, 4]


@pytest.mark.parametrize("value", [0.0, -1.5, float("inf"), -float("inf")])
def test_all_equal_scores_choose_the_first_classes(value: float) -> None:
    scores = torch.full((8, 8), value)
    assert accuracies(scores, torch.arange(8)) == (1 / 8, 5 / 8)


@pytest.mark.parametrize("num_classes", [2, 6, 50])
def test_top_1_never_exceeds_top_5_with_many_ties(num_classes: int) -> None:
    for _ in range(50):
        scores = torch.randint(3, (20, num_classes)).to(torch.bfloat16)
        top1, top5 = accuracies(scores, torch.randint(num_classes, (20,)))
        assert top1 <= top5


def test_top_5_counts_all_classes_where_there_are_fewer_than_five() -> None:
    assert accuracies(torch.zeros(4, 4), torch.arange(4)) == (1 / 4, 1)


@pytest.mark.parametrize("num_classes", [1, 3, 5, 8])
def test_a_label_whose_score_is_nan_is_never_a_hit(num_classes: int) -> None:
    labels = torch.arange(num_classes)
    alone = torch.zeros(num_classes, num_classes).fill_diagonal_(NAN)
    assert accuracies(alone, labels) == (0, 0)
    assert accuracies(torch.full_like(alone, NAN), labels) == (0, 0)


def test_a_nan_of_another_class_is_ranked_before_the_label() -> None:
    scores = torch.tensor([[3.0, NAN, 1.0, NAN]])
    assert label_ranks(scores, torch.tensor([0])).tolist() == [2]


def test_batches_of_any_size_add_up() -> None:
    scores, labels = untied(10, 8), torch.randint(8, (10,))
    metrics = SplitMetrics(8)
    for rows in (slice(0, 7), slice(7, 10)):
        metrics.update(scores[rows], labels[rows], LOSS)
    computed = metrics.compute()
    assert (computed["top1"].item(), computed["top5"].item()) == accuracies(scores, labels)
    assert (computed["n_videos"].item(), computed["loss"].item()) == (10, 0.5)


def test_a_loss_that_is_nan_is_not_left_out_of_the_mean() -> None:
    metrics = SplitMetrics(2)
    for loss in (0.5, NAN):
        metrics.update(torch.zeros(1, 2), torch.tensor([0]), torch.tensor(loss))
    assert metrics.compute()["loss"].isnan()


def test_a_reset_starts_from_zero() -> None:
    metrics = SplitMetrics(2)
    metrics.update(torch.tensor([[0.0, 1.0]]), torch.tensor([0]), LOSS)
    metrics.reset()
    metrics.update(torch.tensor([[0.0, 1.0]]), torch.tensor([1]), LOSS)
    assert {name: value.item() for name, value in metrics.compute().items()} == {
        "top1": 1,
        "top5": 1,
        "loss": 0.5,
        "n_videos": 1,
    }


@pytest.mark.parametrize("k", [1, 5])
def test_the_sums_of_an_older_checkpoint_are_continued(k: int) -> None:
    scores, labels = untied(20, 8), torch.randint(8, (20,))
    whole, older, resumed = (*(torchmetrics_accuracy(8, k) for _ in range(2)), TopKAccuracy(k))
    whole.update(scores, labels)
    older.update(scores[:12], labels[:12])
    for name, value in older.metric_state.items():  # as callbacks/exact_resume.py does
        setattr(resumed, name, value)
    resumed.update(label_ranks(scores[12:], labels[12:]))
    assert resumed.compute() == whole.compute()


def test_metrics_add_no_keys_to_a_checkpoint_s_weights() -> None:
    assert not SplitMetrics(8).state_dict()
