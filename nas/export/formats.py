"""Other forms of a model, as steps that add them to its export."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nas.errors import ConfigError, unknown
from nas.export.facts import QuantizedFacts
from nas.export.folder import Step
from nas.export.hub import add_config
from nas.export.model_files import load_model
from nas.export.package import Package
from nas.formats import (
    SCHEME,
    check_onnx,
    quantized,
    write_onnx,
    write_torch_export,
)

if TYPE_CHECKING:
    from torch import Tensor

INT8: Final = "int8"


def add_onnx(folder: Path, package: Package) -> Package:
    """Write ``model.onnx``, which onnxruntime has run."""
    shape = package.architecture.input_shape
    write_onnx(load_model(folder), shape, package.classes, folder / "model.onnx")
    return package


def add_torch_export(folder: Path, package: Package) -> Package:
    """Write ``model.pt2``, which ``torch.export.load`` has read."""
    shape = package.architecture.input_shape
    write_torch_export(load_model(folder), shape, folder / "model.pt2")
    return package


@dataclass(frozen=True, kw_only=True, eq=False)
class AddInt8:
    """Writes ``model_int8.onnx`` and tells what it reaches.

    Args:
        images: that the network is trained on, uint8 (N, C, H, W).
        score: the accuracy of a network, in [0, 1].
        split: the images that ``score`` looks at.
    """

    images: NDArray[np.uint8]
    score: "Callable[[Callable[[Tensor], Tensor]], float]"
    split: str

    def __call__(self, folder: Path, package: Package) -> Package:
        """Add the file and the facts."""
        network = quantized(load_model(folder), self.images, package.classes)
        path = folder / "model_int8.onnx"
        network.save(path)
        facts = QuantizedFacts(
            file=path.name,
            scheme=SCHEME,
            accuracy=self.score(network),
            split=self.split,
            num_bytes=network.num_bytes,
        )
        return package.with_facts(quantized=facts)


STEPS: Final[Mapping[str, Step]] = {
    "onnx": add_onnx,
    "torch-export": add_torch_export,
    "hub": add_config,
}
"""Those that take nothing but what is exported."""

FORMATS: Final = (*STEPS, INT8)


def check_formats(names: Iterable[str]) -> None:
    """Refuse formats that are unknown, or need what is not installed.

    Raises:
        ConfigError: saying which.
    """
    for name in names:
        if name not in FORMATS:
            raise ConfigError(unknown("format", name, FORMATS))
        if name in ("onnx", INT8):
            check_onnx(f"the format {name}")
