"""Networks in 8-bit integers."""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch
from grammar_networks import CLASSES, SHAPE, pictures
from torch import nn

from nas.formats import Quantized, quantized
from nas.formats.int8 import CALIBRATION_IMAGES


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 64, 3))
    pooled = (nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 3))
    return nn.Sequential(*layers, *pooled).eval()


@pytest.fixture(scope="module")
def small(network) -> Quantized:
    return quantized(network, pictures(64), CLASSES)


def weights_of(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def test_the_same_arguments_give_the_same_bytes(network, small, tmp_path):
    before = weights_of(network)
    small.save(tmp_path / "first.onnx")
    quantized(network, pictures(64), CLASSES).save(tmp_path / "second.onnx")
    first = (tmp_path / "first.onnx").read_bytes()
    assert first == (tmp_path / "second.onnx").read_bytes()
    assert small.num_bytes == len(first)
    after = weights_of(network)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_it_is_of_integers_and_a_third_of_the_size(network, small, tmp_path):
    small.save(tmp_path / "model.onnx")
    model = onnx.load(tmp_path / "model.onnx")
    whole = {
        tuple(item.dims)
        for item in model.graph.initializer
        if item.data_type == onnx.TensorProto.INT8 and len(item.dims) > 1
    }
    assert whole == {(32, 3, 3, 3), (64, 32, 3, 3), (3, 64)}
    (classes,) = model.metadata_props
    assert json.loads(classes.value) == list(CLASSES)
    num_weights = sum(item.numel() for item in network.parameters())
    assert small.num_bytes < 4 * num_weights / 2.8


def test_it_tells_images_apart_as_the_network_does(network, small):
    images = torch.from_numpy(pictures(128, seed=1)) / 255
    with torch.inference_mode():
        expected = network(images)
    found = small(images)
    assert found.shape == expected.shape
    together = torch.stack([found.flatten(), expected.flatten()])
    assert torch.corrcoef(together)[0, 1] > 0.99
    assert not torch.equal(found, expected)


def test_another_process_runs_it_without_nas_and_torch(small, tmp_path):
    small.save(tmp_path / "model_int8.onnx")
    images = torch.from_numpy(pictures(3)) / 255
    np.save(tmp_path / "images.npy", images.numpy())
    program = """
import sys, numpy, onnxruntime
session = onnxruntime.InferenceSession("model_int8.onnx")
numpy.save("logits.npy", session.run(None, {"images": numpy.load("images.npy")})[0])
assert "nas" not in sys.modules and "torch" not in sys.modules
"""
    command = [sys.executable, "-I", "-c", program]
    subprocess.run(command, cwd=tmp_path, env=os.environ, check=True)
    found = torch.from_numpy(np.load(tmp_path / "logits.npy"))
    torch.testing.assert_close(found, small(images))
    again = Quantized((tmp_path / "model_int8.onnx").read_bytes())
    assert torch.equal(again(images), small(images))


@pytest.mark.parametrize("pool", [nn.AvgPool2d, nn.MaxPool2d])
def test_windows_that_reach_over_the_edge_are_no_trouble(pool):
    torch.manual_seed(0)
    pooled = pool(3, 2, ceil_mode=True)
    layers = (nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), pooled, nn.Conv2d(8, 3, 1))
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    side = np.repeat(pictures(64), 2, axis=3)[..., :14]  # of 15 x 14
    images = torch.from_numpy(side) / 255
    with torch.inference_mode():
        expected = network(images)
    error = (quantized(network, side, CLASSES)(images) - expected).abs().mean()
    assert error < 0.01 * expected.abs().mean()


def test_images_of_all_the_training_split_are_looked_at(network):
    # Bright ones at the very end, where a first part would miss them.
    dark = np.zeros((4 * CALIBRATION_IMAGES, *SHAPE), np.uint8)
    last = dark.copy()
    last[-8:] = pictures(8)
    images = torch.from_numpy(pictures(64)) / 255
    with torch.inference_mode():
        expected = network(images)

    def error(calibration: np.ndarray) -> float:
        found = quantized(network, calibration, CLASSES)(images)
        return float((found - expected).square().mean())

    assert error(last) < error(dark) / 4
