"""Blocks that are no part of ``nas`` are exported as its own are."""

import importlib
import textwrap

import pytest
import torch
from torch import nn

from nas.arch import Architecture, Basic, Block, Stem, Sum
from nas.errors import SpecError
from nas.export import ModelFacts, source
from nas.nn.layers import Head, Normalize
from nas.nn.network import Call, Layout
from nas.records import Recipe

ARCHITECTURE = Architecture(
    input_shape=(2, 4, 4),
    num_classes=2,
    stem=Stem(width=2),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=2),),
)
FACTS = ModelFacts(
    name="m", data="d", accuracy=0.5, recipe=Recipe(), seed=0, origin="trial 1 of r"
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
            head=Call(Head, (2,), {"num_classes": 2}),
        )
        monkeypatch.setattr("nas.nn.network.layout", lambda *_: layout)
        return source(ARCHITECTURE, (0.5, 0.25), (1.0, 1.0), ("a", "b"), FACTS)

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
