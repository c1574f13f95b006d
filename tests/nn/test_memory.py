"""Concat blocks that keep parts: the same numbers, less kept."""

import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from nas.arch import Basic, Block, Concat, PreactBottleneck, Separable
from nas.nn.layout import block_call
from nas.nn.memory import DEEP, keep_parts


def pair(unit, depth, compress=True):
    width = 8 if compress else 8 + depth * 4
    aggregation = Concat(growth=4, compress=compress)
    spec = Block(aggregation=aggregation, unit=unit, depth=depth, width=width, stride=2)
    made = []
    for _ in range(2):
        torch.manual_seed(0)
        made.append(block_call(spec, 8)())
    return made


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("unit", [Basic(), Separable(), PreactBottleneck()])
def test_outputs_gradients_and_statistics_are_the_same(unit, compress):
    plain, frugal = pair(unit, DEEP, compress)
    keep_parts(frugal)
    x = torch.randn(4, 8, 9, 9)
    images = [x.clone().requires_grad_(), x.clone().requires_grad_()]
    for block, image in zip((plain, frugal), images, strict=True):
        block(image).square().sum().backward()
    assert torch.equal(images[0].grad, images[1].grad)
    for p, q in zip(plain.parameters(), frugal.parameters(), strict=True):
        assert torch.equal(p.grad, q.grad)
    states = plain.state_dict(), frugal.state_dict()
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def concatenations_kept(block: nn.Module, x: torch.Tensor) -> int:
    """Count the kept tensors that are as wide as some concatenation."""
    made = []
    cat = torch.cat

    def spy(tensors, dim=0):
        made.append(cat(tensors, dim=dim))
        return made[-1]

    kept = []

    def pack(tensor):
        kept.append(tensor.data_ptr())
        return tensor

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "cat", spy)
        with saved_tensors_hooks(pack, lambda tensor: tensor):
            block(x)
    return len({tensor.data_ptr() for tensor in made} & set(kept))


def test_no_concatenation_is_kept_in_deep_blocks_only():
    x = torch.randn(2, 8, 8, 8, requires_grad=True)
    plain, frugal = pair(Basic(), DEEP)
    keep_parts(frugal)
    assert concatenations_kept(plain, x) == DEEP + 1
    assert concatenations_kept(frugal, x) == 0
    _, shallow = pair(Basic(), DEEP - 1)
    keep_parts(shallow)
    assert concatenations_kept(shallow, x) == DEEP


def test_evaluation_needs_nothing_of_it():
    plain, frugal = pair(Basic(), DEEP)
    keep_parts(frugal)
    x = torch.randn(2, 8, 8, 8)
    with torch.inference_mode():
        assert torch.equal(plain.eval()(x), frugal.eval()(x))
