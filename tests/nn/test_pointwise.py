from copy import deepcopy

import pytest
import torch
from torch import nn

from nas.nn.pointwise import MOST_PIXELS, PointwiseConv2d
from nas.nn.processor import suit_processor


def layers(stride: int, dtype: torch.dtype) -> tuple[nn.Conv2d, nn.Conv2d]:
    torch.manual_seed(0)
    plain = nn.Conv2d(6, 10, 1, stride, bias=False, dtype=dtype)
    fast = deepcopy(plain)
    suit_processor(fast)
    assert type(fast) is PointwiseConv2d
    return plain, fast


@pytest.mark.parametrize(
    "shape", [(3, 6, 4, 4), (2, 6, 5, 7), (1, 6, 1, 1), (2, 6, 40, 40)]
)
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_outputs_and_gradients_are_those_of_torch(
    stride: int, shape: tuple[int, ...]
) -> None:
    x = torch.randn(shape, dtype=torch.float64)
    x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
    found = []
    for layer in layers(stride, torch.float64):
        output = layer(x)
        assert output.is_contiguous(memory_format=torch.channels_last)
        loss = (output * torch.arange(output.numel()).view_as(output)).sum()
        found.append((output, *torch.autograd.grad(loss, (x, layer.weight))))
    for expected, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, expected)


def test_small_images_are_multiplied_and_large_ones_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from nas.nn import pointwise

    called = []
    for name in ("linear", "conv2d"):
        real = getattr(pointwise, name)

        def noted(*args: object, name: str = name, real: object = real) -> object:
            called.append(name)
            return real(*args)

        monkeypatch.setattr(pointwise, name, noted)
    side = int(MOST_PIXELS**0.5)
    for stride, size in ((1, side), (1, side + 1), (2, 2 * side), (2, 2 * side + 1)):
        layers(stride, torch.float32)[1](torch.randn(1, 6, size, size))
    assert called == ["linear", "conv2d", "linear", "conv2d"]


def test_in_bfloat16() -> None:
    plain, fast = layers(1, torch.float32)
    x = torch.randn(2, 6, 4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        expected, found = plain(x), fast(x)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(4, 4, 3, padding=1, bias=False),
        nn.Conv2d(4, 4, 1, bias=True),
        nn.Conv2d(4, 4, 1, groups=2, bias=False),
        nn.Conv2d(4, 4, 1, padding=1, bias=False),
    ],
)
def test_other_convolutions_stay(other: nn.Conv2d) -> None:
    suit_processor(other)
    assert type(other) is nn.Conv2d


def test_a_class_of_its_own_is_left_alone() -> None:
    class Halved(nn.Conv2d):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) / 2

    other = nn.Sequential(Halved(4, 4, 1, bias=False))
    x = torch.randn(1, 4, 3, 3)
    expected = other(x)
    suit_processor(other)
    assert type(other[0]) is Halved
    assert torch.equal(other(x), expected)
