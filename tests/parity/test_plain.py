"""A reference network against the paper's description, written down a second time."""

from itertools import pairwise

import pytest
import torch
from compare import assert_same_function
from torch import nn

from nas.arch.reference import resnet20
from nas.nn.build import build


class PlainResNet20(nn.Module):
    """Nineteen 3 x 3 convolutions and a linear layer (He et al. 2016, section 4.2)."""

    def __init__(self, num_classes):
        super().__init__()
        widths = [3, *[16] * 7, *[32] * 6, *[64] * 6]
        self.convs = nn.ModuleList()
        self.norms = nn.ModuleList()
        for before, after in pairwise(widths):
            stride = 2 if before not in (3, after) else 1
            self.convs.append(nn.Conv2d(before, after, 3, stride, 1, bias=False))
            self.norms.append(nn.BatchNorm2d(after))
        self.classify = nn.Linear(64, num_classes)

    def forward(self, x):
        layers = list(zip(self.convs, self.norms, strict=True))
        conv, norm = layers[0]
        x = norm(conv(x)).relu()
        for i in range(1, 19, 2):
            (conv1, norm1), (conv2, norm2) = layers[i : i + 2]
            y = norm2(conv2(norm1(conv1(x)).relu()))
            if y.shape != x.shape:  # option A: every other pixel, new channels are 0
                kept = x[:, :, ::2, ::2]
                x = torch.cat([kept, torch.zeros_like(kept)], dim=1)
            x = (x + y).relu()
        return self.classify(x.mean(dim=(2, 3)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_resnet20_is_the_one_of_the_paper(dtype):
    ours = build(resnet20((3, 32, 27), 10))
    assert_same_function(PlainResNet20(10), ours, (3, 32, 27), dtype)
