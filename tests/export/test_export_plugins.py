"""Blocks that are no part of ``nas`` are exported as its own are."""

import importlib
import textwrap
from dataclasses import replace

import pytest
import torch
from made_package import made_package
from torch import nn

from nas.arch import (
    Architecture,
    Basic,
    Block,
    Concat,
    CustomAggregation,
    CustomUnit,
    Hierarchical,
    Plugin,
    StemConv,
    Sum,
)
from nas.errors import SpecError
from nas.export import source
from nas.nn.build import build
from nas.nn.layers import Head, Normalize
from nas.nn.layout import Call, Layout

ARCHITECTURE = Architecture(
    input_shape=(2, 4, 4),
    num_classes=2,
    stem=(StemConv(width=2),),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=2),),
)


@pytest.fixture
def exported(tmp_path, monkeypatch):
    """A function: the text of a network whose only block a module's text defines."""
    monkeypatch.syspath_prepend(tmp_path)

    def export(module: str, text: str, block: str) -> str:
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(text))
        layout = Layout(
            normalize=Call(Normalize, ([0.5, 0.25], [1.0, 1.0])),
            stem=Call(nn.Identity),
            blocks=(Call(getattr(importlib.import_module(module), block), (3,)),),
            fusion=None,
            head=Call(Head, (2,), {"num_classes": 2}),
            aux=(),
        )
        monkeypatch.setattr("nas.nn.layout.layout", lambda *_: layout)
        return source(made_package(ARCHITECTURE))

    return export


def test_a_block_of_a_module_of_ones_own(exported):
    text = exported(
        "my_blocks",
        """
        import torch.nn.functional as F
        from torch import nn
        from nas.nn.layers import conv

        class Gate(nn.Module):
            def __init__(self, kernel):
                super().__init__()
                self.conv = conv(2, 2, kernel)

            def forward(self, x):
                return x * F.sigmoid(self.conv(x))
        """,
        "Gate",
    )
    namespace = {"__name__": "model"}
    exec(text, namespace)
    assert "self.stem = nn.Identity()\n" in text
    assert "self.head = Head(2, num_classes=num_classes)\n" in text
    network = namespace["Network"](5)
    assert isinstance(network.blocks[0], namespace["Gate"])
    assert network(torch.rand(3, 2, 4, 4)).shape == (3, 5)


@pytest.mark.parametrize("name", ["load", "Path", "read_safetensors", "Head"])
def test_a_name_that_means_two_things_is_refused(exported, name):
    text = f"def {name}(kernel): pass\n"
    with pytest.raises(SpecError, match=f"{name}.*cannot be exported"):
        exported(f"clash_{name}", text, name)


def test_an_import_that_means_two_things_is_refused(exported):
    text = "from importlib.resources import Package as Path\ndef block(k): Path\n"
    with pytest.raises(SpecError, match=r"'Path' of .* cannot be exported beside"):
        exported("clash_import", text, "block")


MY_BLOCKS = """\
from torch import Tensor, nn

from nas.nn.layers import conv


class Gate(nn.Module):
    def __init__(self, w_in: int, w_out: int, stride: int = 1, slope: float = 0.0):
        super().__init__()
        self.conv = conv(w_in, 2 * w_out, 3, stride)
        self.act = nn.LeakyReLU(slope)

    def forward(self, x: Tensor) -> Tensor:
        y, gate = self.conv(x).chunk(2, dim=1)
        return self.act(y) * gate.sigmoid()


class Last(nn.Module):
    def __init__(self, w_in, w_out, depth, unit, stride=1):
        super().__init__()
        self.first = unit(w_in, w_out, stride)
        self.rest = nn.Sequential(*(unit(w_out, w_out, 1) for _ in range(depth - 1)))

    def forward(self, x):
        return self.rest(self.first(x))
"""


def test_units_and_aggregations_of_a_space_carry_their_source(tmp_path):
    (tmp_path / "my_blocks.py").write_text(MY_BLOCKS)
    plugin = Plugin.of(tmp_path / "my_blocks.py")
    gate = CustomUnit(name="Gate", plugin=plugin, options=(("slope", 0.25),))
    last = CustomAggregation(name="Last", plugin=plugin)
    blocks = [
        Block(aggregation=aggregation, unit=unit, depth=2, width=3, stride=2)
        for aggregation, unit in (
            (Sum(), gate),
            (Concat(growth=2), gate),
            (Hierarchical(), gate),
            (last, gate),
            (last, Basic()),
        )
    ]
    architecture = replace(ARCHITECTURE, input_shape=(2, 40, 40), blocks=tuple(blocks))
    package = made_package(architecture)
    text = source(package)
    assert text.count("class Gate(nn.Module):") == text.count("class Last(") == 1
    assert "nas_plugin" not in text
    namespace = {"__name__": "model"}
    exec(text, namespace)
    built = build(architecture, package.mean, package.std, seed=0).eval()
    written = namespace["Network"]().eval()
    written.load_state_dict(built.state_dict())
    images = torch.rand(2, *architecture.input_shape)
    assert torch.equal(written(images), built(images))
