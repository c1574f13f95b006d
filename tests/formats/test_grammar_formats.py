"""Every unit in every aggregation survives every format."""

from functools import partial
from pathlib import Path

import pytest
import torch
from grammar_networks import (
    AGGREGATIONS,
    CLASSES,
    SHAPE,
    finished,
    grammar_architecture,
    pictures,
)

from nas.arch import FUSIONS, UNITS, Architecture
from nas.arch.reference import REFERENCES
from nas.formats import Quantized, write_onnx, write_torch_export
from nas.formats.int8 import quantized_graph
from nas.formats.onnx_graph import logits, onnx_graph, session
from nas.formats.parity import check_same
from nas.nn.build import build


def check_formats(
    architecture: Architecture, folder: Path, within: float = 0.25
) -> None:
    network = finished(architecture)
    graph = onnx_graph(network, SHAPE, CLASSES)
    running = session(graph.SerializeToString())
    check_same(network, partial(logits, running), SHAPE, "onnx")
    write_torch_export(network, SHAPE, folder / "model.pt2")
    pixels = pictures(64)
    small = Quantized(quantized_graph(graph, pixels).SerializeToString())
    images = torch.from_numpy(pixels) / 255
    with torch.inference_mode():
        expected = network(images)
    error = (small(images) - expected).square().mean()
    # Of garbage, the error would be as large as what tells images apart, or larger.
    assert error < within * expected.var(dim=0).mean()


@pytest.mark.parametrize("number", range(len(UNITS)), ids=list(UNITS))
def test_every_unit_in_every_kind_of_aggregation(number, tmp_path):
    check_formats(grammar_architecture(number), tmp_path)


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
@pytest.mark.parametrize("fusion", range(len(FUSIONS)), ids=FUSIONS)
@pytest.mark.parametrize("number", range(len(UNITS)), ids=list(UNITS))
def test_every_unit_in_every_aggregation_before_every_fusion(number, fusion, tmp_path):
    # Some have logits that hardly differ, of which rounding is a larger part.
    network = grammar_architecture(number, AGGREGATIONS, fusion)
    check_formats(network, tmp_path, within=0.5)


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", REFERENCES)
def test_famous_networks(name, tmp_path):
    network = build(REFERENCES[name]((3, 32, 32), 10), seed=0).eval()
    classes = [str(number) for number in range(10)]
    write_onnx(network, (3, 32, 32), classes, tmp_path / "model.onnx")
    write_torch_export(network, (3, 32, 32), tmp_path / "model.pt2")
