"""Search spaces whose networks misbehave while they are trained, for real."""

from pathlib import Path
from textwrap import dedent, indent
from typing import Final

PLUGIN: Final = '''
import multiprocessing
import os
import signal
import time
from pathlib import Path

import torch
from torch import nn


class Troubled(nn.Module):
    """A convolution, and what happens beside it in a worker."""

    def __init__(self, w_in, w_out, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(w_in, w_out, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(w_out)

    def forward(self, x):
        if multiprocessing.parent_process() is not None and self.training:
            x = self.trouble(x)
        return torch.relu(self.norm(self.conv(x)))

    def trouble(self, x):
        here = Path({here!r})
{body}
        return x
'''

SPACE: Final = """
schema: 1
plugins: [troubled.py]
widths: solved
multiple_of: 4
min_width: 4
stem: {width: 1, kernel: 3}
blocks:
  - {aggregation: sum, unit: Troubled, depth: [1, 2, 3, 4, 5, 6], width: 1}
"""

ONCE: Final = """
try:
    (here / "happened").touch(exist_ok=False)
except FileExistsError:
    return x
"""
"""What comes after it happens in one forward pass of one worker alone."""


def troubled_space(folder: Path, body: str) -> Path:
    """Write a space whose only unit does something in a worker, and return its path.

    Args:
        folder: where to; ``here`` in the body.
        body: statements that may change ``x`` (N, C, H, W).
    """
    text = indent(dedent(body), " " * 8)
    (folder / "troubled.py").write_text(
        PLUGIN.replace("{here!r}", repr(str(folder))).replace("{body}", text)
    )
    path = folder / "troubled.yaml"
    path.write_text(SPACE)
    return path
