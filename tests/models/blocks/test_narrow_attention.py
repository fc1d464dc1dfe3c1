"""Specification of attention of narrow tokens: when it is taken, and that it changes no result."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from models import native
from models.blocks.narrow_attention import FEWEST_TOKENS, attend, suits
from models.blocks.saliency_alignment import attention_maps, salient_attention


def two_frames(tokens: int = FEWEST_TOKENS, width: int = 4) -> tuple[Tensor, Tensor]:
    """Draw queries and keys of three frames."""
    query, key = torch.randn(2, 3, tokens, width)
    return query, key


def test_it_suits_frames_on_a_cpu_in_float32_without_gradients() -> None:
    query, key = two_frames()
    assert suits(query, key)
    assert not suits(query.requires_grad_(), key)
    with torch.no_grad():
        assert suits(query, key)
        assert not suits(query.bfloat16(), key.bfloat16())
        assert not suits(query.double(), key.double())
        assert not suits(query.to("meta"), key.to("meta"))
        assert not suits(*two_frames(FEWEST_TOKENS - 1))
        assert not suits(*two_frames(width=5))
        with torch.autocast("cpu"):
            assert not suits(query, key)


@pytest.mark.parametrize("odd", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_gives_what_torch_gives(odd: float) -> None:
    query, key = two_frames()
    key[1, 5, 2] = odd
    query[2, 7, 0] = odd
    own = F.scaled_dot_product_attention(query, key, key)
    torch.testing.assert_close(attend(query, key), own, equal_nan=True)


def test_without_kernels_torch_computes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    query, key = two_frames()
    monkeypatch.setattr(native, "has_kernels", lambda: False)
    own = F.scaled_dot_product_attention(query[:, None], key[:, None], key[:, None])[:, 0]
    assert torch.equal(attend(query, key), own)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_alignment_takes_it(layout: torch.memory_format) -> None:
    current, following = torch.randn(2, 3, 4, 24, 24)
    weights = attention_maps(current, following)
    expected = (weights @ following.flatten(2).mT).mT.unflatten(2, (24, 24))
    layouts = [x.contiguous(memory_format=layout) for x in (current, following)]
    torch.testing.assert_close(salient_attention(*layouts), expected, rtol=1e-4, atol=1e-5)


def test_training_and_evaluation_agree() -> None:
    current, following = torch.randn(2, 3, 4, 24, 24)
    with torch.no_grad():
        evaluated = salient_attention(current, following)
    trained = salient_attention(current.requires_grad_(), following)
    torch.testing.assert_close(trained, evaluated, rtol=1e-4, atol=1e-5)


def test_torch_accepts_the_operation_and_compiles_it_into_one_graph() -> None:
    query, key = two_frames()
    torch.library.opcheck(attend, (query, key))
    compiled = torch.compile(salient_attention, backend="aot_eager", fullgraph=True)
    frames = torch.randn(2, 1, 4, 24, 24).unbind()
    torch.testing.assert_close(compiled(*frames), salient_attention(*frames))


def test_an_exported_program_has_torch_s_own_operations_alone() -> None:
    class Salience(nn.Module):
        def forward(self, current: Tensor, following: Tensor) -> Tensor:
            return salient_attention(current, following)

    program = torch.export.export(Salience(), torch.randn(2, 1, 4, 24, 24).unbind())
    called = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert called
    assert all(target.startswith("aten.") for target in called)


def test_its_multiply_adds_are_counted() -> None:
    query, key = two_frames()
    with FlopCounterMode(display=False) as counter:
        attend(query, key)
    assert counter.get_total_flops() == 2 * 2 * 3 * FEWEST_TOKENS**2 * 4
