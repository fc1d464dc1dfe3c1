"""Specification of 1x1 convolutions of single positions."""

import pytest
import torch
from torch import nn

from models.blocks.pooled_conv import apply_1x1


@pytest.mark.parametrize("bias", [True, False])
def test_it_is_the_convolution(bias: bool) -> None:
    conv = nn.Conv2d(6, 4, 1, bias=bias).double().to(memory_format=torch.channels_last)
    pooled = torch.randn(3, 6, dtype=torch.float64)
    expected = conv(pooled[:, :, None, None])
    torch.testing.assert_close(apply_1x1(conv, pooled), expected, rtol=0, atol=1e-10)
    (through_product,) = torch.autograd.grad(apply_1x1(conv, pooled).square().sum(), conv.weight)
    (through_conv,) = torch.autograd.grad(expected.square().sum(), conv.weight)
    torch.testing.assert_close(through_product, through_conv, rtol=0, atol=1e-10)
