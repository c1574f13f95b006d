"""``model.pt2``: a network as a program that torch runs without any source."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas.errors import SpecError, one_line
from nas.formats.parity import check_same
from nas.formats.quiet import quiet

if TYPE_CHECKING:
    from torch import nn


def write_torch_export(
    network: "nn.Module", input_shape: tuple[int, int, int], path: Path
) -> None:
    """Write a network for ``torch.export.load``, once that gives the same network.

    It takes images (N, C, H, W) in [0, 1], batches of any size, and gives logits.

    Args:
        network: in eval mode, on the CPU.
        input_shape: the (channels, height, width) of an image.
        path: of the new file, a .pt2.

    Raises:
        SpecError: when torch cannot trace it, or computes something else.
    """
    import torch

    assert not network.training
    content = io.BytesIO()
    try:
        with quiet("torch.export", "torch._export"):
            program = torch.export.export(
                network,
                (torch.zeros(2, *input_shape),),
                dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            )
            _forget_origins(program)
            torch.export.save(program, content)
            content.seek(0)
            loaded = torch.export.load(content).module()
    except Exception as error:  # whatever a unit of somebody's own makes of a tracer
        raise SpecError(
            f"this network cannot be written by torch.export: {one_line(error)}; "
            "leave that format out"
        ) from error
    with torch.inference_mode():
        check_same(network, loaded, input_shape, path.name)
    path.write_bytes(content.getvalue())


def _forget_origins(program: Any) -> None:
    """Drop the traces into source files, which are somebody's own."""
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
