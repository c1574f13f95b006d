from copy import deepcopy

import pytest
import torch
from torch import nn

from nas.arch import Architecture, Block, Separable, StemConv, Sum
from nas.nn import depthwise
from nas.nn.build import build
from nas.nn.depthwise import DepthwiseConv2d
from nas.nn.processor import suit_processor


def conv(kernel: int | tuple[int, int], stride: int, dtype: torch.dtype) -> nn.Conv2d:
    torch.manual_seed(0)
    sides = (kernel, kernel) if isinstance(kernel, int) else kernel
    padding = (sides[0] // 2, sides[1] // 2)
    return nn.Conv2d(
        6, 6, sides, stride, padding=padding, groups=6, bias=False, dtype=dtype
    )


@pytest.mark.parametrize("shape", [(2, 6, 9, 8), (3, 6, 4, 4), (1, 6, 1, 1)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 3, 5, 7, 9, (3, 5), (5, 3)])
def test_outputs_and_gradients_are_those_of_torch(
    kernel: int | tuple[int, int],
    stride: int,
    shape: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(depthwise, "_pays", lambda *_: True)
    plain = conv(kernel, stride, torch.float64)
    fast = deepcopy(plain)
    suit_processor(fast)
    assert type(fast) is DepthwiseConv2d
    x = torch.randn(shape, dtype=torch.float64)
    x = x.contiguous(memory_format=torch.channels_last)
    inputs = [x.clone().requires_grad_(), x.clone().requires_grad_()]
    outputs = [plain(inputs[0]), fast(inputs[1])]
    torch.testing.assert_close(outputs[1], outputs[0])
    weights = torch.randn_like(outputs[0])
    for output in outputs:
        (output * weights).sum().backward()
    if stride == 1:
        torch.testing.assert_close(inputs[1].grad, inputs[0].grad)
    else:  # computed in float32
        torch.testing.assert_close(inputs[1].grad, inputs[0].grad, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(fast.weight.grad, plain.weight.grad)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5])
def test_in_bfloat16_it_is_as_exact_as_torch(kernel: int, stride: int) -> None:
    plain = conv(kernel, stride, torch.float32)
    fast = deepcopy(plain)
    suit_processor(fast)
    x = torch.randn(4, 6, 10, 10)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = [plain(x.requires_grad_()), fast(x)]
    assert outputs[1].dtype == torch.bfloat16
    grads = [
        torch.autograd.grad(output.float().pow(2).sum(), (x, layer.weight))
        for output, layer in zip(outputs, (plain, fast), strict=True)
    ]
    for expected, found in zip(*grads, strict=True):
        assert found.dtype == torch.float32
        error = (found - expected).norm() / expected.norm()
        assert error < 0.01


def test_an_input_that_needs_no_gradient_gets_none() -> None:
    layer = conv(5, 1, torch.float32)
    suit_processor(layer)
    layer(torch.randn(2, 6, 5, 5)).sum().backward()
    assert layer.weight.grad is not None
    frozen = layer.requires_grad_(False)
    x = torch.randn(2, 6, 5, 5, requires_grad=True)
    frozen(x).sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(6, 6, 3, padding=1),
        nn.Conv2d(6, 12, 3, padding=1, groups=6, bias=False),
        nn.Conv2d(6, 6, 3, groups=6, bias=False),
        nn.Conv2d(6, 6, 3, padding=1, groups=6),
        nn.Conv2d(6, 6, 3, padding=2, dilation=2, groups=6, bias=False),
        nn.Conv2d(6, 6, 4, padding=2, groups=6, bias=False),
        nn.Conv2d(6, 6, 3, padding=1, groups=6, bias=False, padding_mode="reflect"),
    ],
)
def test_other_convolutions_stay_as_they_are(layer: nn.Module) -> None:
    suit_processor(layer)
    assert type(layer) is nn.Conv2d


def test_it_finds_those_of_a_network() -> None:
    block = Block(
        aggregation=Sum(), unit=Separable(kernel=5), depth=2, width=8, stride=2
    )
    network = build(
        Architecture(
            input_shape=(1, 8, 8),
            num_classes=3,
            stem=(StemConv(width=8),),
            blocks=(block,),
        ),
        seed=0,
    )
    keys = list(network.state_dict())
    suit_processor(network)
    changed = [m for m in network.modules() if type(m) is DepthwiseConv2d]
    depthwise = [
        m for m in network.modules() if isinstance(m, nn.Conv2d) and m.groups > 1
    ]
    assert changed == depthwise != []
    assert list(network.state_dict()) == keys


@pytest.mark.parametrize(
    ("kernel", "stride", "side", "bf16", "pays"),
    [
        (3, 1, 8, False, False),
        (3, 1, 28, True, True),
        (5, 1, 4, True, False),
        (5, 1, 8, False, True),
        (5, 2, 28, False, False),
        (3, 2, 4, True, True),
    ],
)
def test_it_is_used_where_it_pays(
    kernel: int, stride: int, side: int, bf16: bool, pays: bool
) -> None:
    layer = conv(kernel, stride, torch.float32)
    suit_processor(layer)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        output = layer(torch.randn(1, 6, side, side))
    assert ("_Depthwise" in type(output.grad_fn).__name__) is pays
