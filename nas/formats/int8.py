"""Networks in 8-bit integers, quantised after their training (Jacob et al. 2018).

Weights get a scale for each channel, activations one for each tensor, from the smallest
and largest values that some images give.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
from numpy.typing import NDArray

from nas.errors import SpecError, one_line
from nas.formats.compact import compact
from nas.formats.onnx_graph import IMAGES, logits, onnx_graph, session
from nas.formats.quiet import quiet

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import Tensor, nn

CALIBRATION_IMAGES: Final = 256
"""More of them change no accuracy; see docs/quantization.md."""

SCHEME: Final = (
    "8-bit integers, weights with a scale for each channel, activations with one for "
    f"each tensor, from {CALIBRATION_IMAGES} training images at most"
)

_BATCH: Final = 32

_OPERATIONS: Final = (
    *("Add", "AveragePool", "Clip", "Concat", "Conv", "Gemm", "GlobalAveragePool"),
    *("LeakyRelu", "MatMul", "MaxPool", "Mul", "Pad", "Relu", "Reshape", "Sigmoid"),
    *("Slice", "Transpose", "Unsqueeze"),
)
"""What is done in integers. Normalisations of their own are not: they have no kernels
for integers, and in some graphs onnxruntime cannot quantise them.
"""


@final
class Quantized:
    """A network in 8-bit integers: an ONNX file and what runs it on a CPU.

    Args:
        content: of the file.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._session = session(content)

    def __call__(self, images: "Tensor") -> "Tensor":
        """Return the logits (N, classes) of images, float32 (N, C, H, W) in [0, 1]."""
        return logits(self._session, images)

    @property
    def num_bytes(self) -> int:
        """The size of its file."""
        return len(self._content)

    def save(self, path: Path) -> None:
        """Write the file, an .onnx."""
        path.write_bytes(self._content)


def quantized(
    network: "nn.Module", images: NDArray[np.uint8], classes: Sequence[str]
) -> Quantized:
    """Return a network in 8-bit integers; the network itself stays as it is.

    The same arguments give the same bytes.

    Args:
        network: images (N, C, H, W) in [0, 1] to logits, in eval mode, on the CPU.
        images: that it is trained on, uint8 (N, C, H, W); 256 of them, from first to
            last, tell how large its activations become.
        classes: a name for each logit; any strings.

    Raises:
        SpecError: when the network cannot be quantised.
    """
    _, channels, height, width = images.shape
    graph = onnx_graph(network, (channels, height, width), classes)
    return Quantized(quantized_graph(graph, images).SerializeToString())


def quantized_graph(
    graph: "ModelProto",
    images: NDArray[np.uint8],
    num_images: int = CALIBRATION_IMAGES,
) -> "ModelProto":
    """Return an ONNX model in 8-bit integers, by so many images; see `quantized`."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_static

    with tempfile.TemporaryDirectory() as folder, quiet(""):
        exact, path = Path(folder, "exact.onnx"), Path(folder, "int8.onnx")
        onnx.save(graph, exact)
        try:
            quantize_static(
                exact,
                path,
                _Reader(images, num_images),
                op_types_to_quantize=_OPERATIONS,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        except Exception as error:  # of a library that has no errors of its own
            raise SpecError(
                f"this network cannot be quantised: {one_line(error)}; "
                "leave quantisation out"
            ) from error
        model = onnx.load(path)
    del model.metadata_props[:]
    model.metadata_props.extend(graph.metadata_props)
    compact(model)
    return model


class _Reader:
    """Hands batches of images to onnxruntime, which looks for this method alone."""

    def __init__(self, images: NDArray[np.uint8], num_images: int) -> None:
        count = min(len(images), num_images)
        # Evenly over all of them, because they may be in the order of their classes.
        chosen = np.linspace(0, len(images) - 1, count).round().astype(int)
        self._batches = (
            images[chosen[start : start + _BATCH]] for start in range(0, count, _BATCH)
        )

    def get_next(self) -> dict[str, Any] | None:
        """Return the next batch, None after the last one."""
        batch = next(self._batches, None)
        return None if batch is None else {IMAGES: batch.astype(np.float32) / 255}
