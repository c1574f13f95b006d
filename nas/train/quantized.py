"""A trained network in 8-bit integers, and what is left of its accuracy."""

from pathlib import Path

from safetensors.torch import load_file

from nas.arch import Architecture
from nas.data import RetrainingData
from nas.formats import quantized
from nas.nn.build import build
from nas.retraining import Quantization
from nas.train.scored import scored


def quantize_and_test(
    architecture: Architecture,
    weights: Path,
    data: RetrainingData,
    objective: str,
) -> Quantization:
    """Quantise a network by training images, and test it once.

    Args:
        architecture: of the network.
        weights: its .safetensors file.
        data: what it was trained on, and the test images.
        objective: the kind of accuracy, as in a recipe.

    Raises:
        SpecError: when the network cannot be quantised.
    """
    network = build(architecture, data.search.mean, data.search.std, seed=0)
    network.load_state_dict(load_file(weights))
    network.eval()
    search = data.search
    small = quantized(network, search.train.images, search.classes)
    return Quantization(
        accuracy=scored(small, data.test, search.num_classes, objective),
        num_bytes=small.num_bytes,
        float_bytes=weights.stat().st_size,
    )
