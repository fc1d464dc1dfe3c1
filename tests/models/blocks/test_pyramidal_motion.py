"""Specification of SME's pyramidal motion modelling (TSI, section 3.2, equations 3-4)."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks.pyramidal_motion import PyramidalMotion

Shake = Callable[[nn.Module], None]


def depthwise_3x3(kernels: Tensor, x: Tensor) -> Tensor:
    """Filter each channel with its own 3x3 kernel, as nine shifted products."""
    height, width = x.shape[-2:]
    padded = F.pad(x, (1, 1, 1, 1))
    return sum(
        (
            kernels[:, 0, i, j, None, None] * padded[:, :, i : i + height, j : j + width]
            for i in range(3)
            for j in range(3)
        ),
        torch.zeros_like(x),
    )


def equations_3_and_4(kernels: list[Tensor], current: Tensor, aligned: Tensor) -> Tensor:
    """D_1 = conv_1(X'), D_k = conv_k(D_{k-1} + X'), M = sum over k of (D_k - X_t)."""
    differences = [depthwise_3x3(kernels[0], aligned)]
    for kernel in kernels[1:]:
        differences.append(depthwise_3x3(kernel, differences[-1] + aligned))
    return torch.stack([d - current for d in differences]).sum(0)


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_it_is_equations_3_and_4(levels: int, shake: Shake) -> None:
    pyramid = PyramidalMotion(4, levels).double()
    shake(pyramid)
    current, aligned = torch.randn(2, 3, 4, 6, 5, dtype=torch.float64)
    expected = equations_3_and_4(list(pyramid.parameters()), current, aligned)
    torch.testing.assert_close(pyramid(current, aligned), expected)


def test_one_level_is_one_convolution_minus_the_frame(shake: Shake) -> None:
    simple = PyramidalMotion(4, levels=1).double()
    shake(simple)
    current, aligned = torch.randn(2, 3, 4, 6, 5, dtype=torch.float64)
    (kernels,) = simple.parameters()
    torch.testing.assert_close(simple(current, aligned), depthwise_3x3(kernels, aligned) - current)


def test_k_is_4_depthwise_3x3_convolutions_without_bias() -> None:
    assert sum(p.numel() for p in PyramidalMotion(8).parameters()) == 4 * 8 * 9


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
def test_each_level_sees_one_pixel_further(levels: int, shake: Shake) -> None:
    pyramid = PyramidalMotion(1, levels)
    shake(pyramid)
    point = torch.zeros(1, 1, 11, 11)
    point[..., 5, 5] = 1
    seen = pyramid(torch.zeros_like(point), point)[0, 0].nonzero()
    assert (seen - 5).abs().max() == levels


@pytest.mark.parametrize("levels", [1, 2, 4])
@pytest.mark.parametrize("size", [(6, 5), (1, 1), (2, 7)])
def test_its_mean_is_taken_without_its_map(
    levels: int, size: tuple[int, int], shake: Shake
) -> None:
    pyramid = PyramidalMotion(4, levels).double()
    shake(pyramid)
    current, aligned = torch.randn(2, 3, 4, *size, dtype=torch.float64)
    inputs = [current.requires_grad_(), aligned.requires_grad_(), *pyramid.parameters()]
    mean, of_map = pyramid.mean(current, aligned), pyramid(current, aligned).mean((2, 3))
    torch.testing.assert_close(mean, of_map, rtol=0, atol=1e-10)
    outer = torch.randn_like(mean)
    for actual, expected in zip(
        torch.autograd.grad(mean, inputs, outer),
        torch.autograd.grad(of_map, inputs, outer),
        strict=True,
    ):
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)
