"""``model.onnx``: a network for every program that reads ONNX."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nas.formats.onnx_graph import logits, onnx_graph, session
from nas.formats.parity import check_same

if TYPE_CHECKING:
    from torch import nn


def write_onnx(
    network: "nn.Module",
    input_shape: tuple[int, int, int],
    classes: Sequence[str],
    path: Path,
) -> None:
    """Write a network as one ONNX file, once it computes what PyTorch computes.

    See `onnx_graph` for the arguments and for what is in the file.

    Raises:
        SpecError: when it cannot be ONNX, or onnxruntime computes something else.
    """
    content = onnx_graph(network, input_shape, classes).SerializeToString()
    check_same(network, partial(logits, session(content)), input_shape, path.name)
    path.write_bytes(content)
