"""A network as an ONNX graph, and what runs one."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from nas.errors import SpecError, one_line
from nas.formats.adaptive_pool import adaptive_max_pool2d
from nas.formats.quiet import quiet

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession
    from torch import Tensor, nn

OPSET: Final = 18
"""The one that PyTorch's exporter is written in; what reads ONNX knows it by now."""

IMAGES: Final = "images"
LOGITS: Final = "logits"


def onnx_graph(
    network: "nn.Module", input_shape: tuple[int, int, int], classes: Sequence[str]
) -> "ModelProto":
    """Return a network as an ONNX model that takes batches of any size.

    Its input is ``images``, float32 (N, C, H, W) in [0, 1], its output ``logits``
    (N, classes). Its metadata have ``classes``, a JSON list of their names.

    Args:
        network: in eval mode, on the CPU.
        input_shape: the (channels, height, width) of an image.
        classes: a name for each logit; any strings.

    Raises:
        SpecError: when something in the network has no counterpart in ONNX.
    """
    import torch

    assert not network.training
    pool = torch.ops.aten.adaptive_max_pool2d.default
    try:
        with quiet("torch.onnx", "onnxscript", "onnx_ir"):
            program = torch.export.export(
                network,
                (torch.zeros(2, *input_shape),),
                dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            )
            if any(node.target is pool for node in program.graph.nodes):
                program = program.run_decompositions({pool: adaptive_max_pool2d})
            exported: Any = torch.onnx.export(
                program,
                input_names=[IMAGES],
                output_names=[LOGITS],
                opset_version=OPSET,
                dynamic_shapes=({0: "batch"},),  # what the file calls it
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # whatever a unit of somebody's own makes of a tracer
        raise SpecError(
            f"this network cannot be written as ONNX: {one_line(_cause(error))}; "
            "leave that format out"
        ) from error
    model: ModelProto = exported.model_proto
    _forget_origins(model)
    _count_no_padding(model)
    model.metadata_props.add(key="classes", value=json.dumps(list(classes)))
    return model


def session(content: bytes) -> "InferenceSession":
    """Return what runs an ONNX model on one thread of the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        content, options, providers=["CPUExecutionProvider"]
    )


def logits(running: "InferenceSession", images: "Tensor") -> "Tensor":
    """Return the logits (N, classes) of images, float32 (N, C, H, W) in [0, 1]."""
    import torch

    (found,) = running.run([LOGITS], {IMAGES: images.numpy()})
    return torch.from_numpy(found)


def _count_no_padding(model: "ModelProto") -> None:
    """Leave padding out of averages that have none.

    That changes nothing, but onnxruntime's pooling in integers takes windows that reach
    over the edge (ceil_mode) for padded ones otherwise.
    """
    for node in model.graph.node:
        if node.op_type == "AveragePool":
            given = {item.name: item for item in node.attribute}
            if "count_include_pad" in given and not any(given["pads"].ints):
                node.attribute.remove(given["count_include_pad"])


def _cause(error: BaseException) -> BaseException:
    """Return what an error began with; those that follow tell whom to write to."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _forget_origins(model: "ModelProto") -> None:
    """Drop the traces into source files, which are half of a small network's bytes."""
    graph = model.graph
    described: Iterable[Any] = (
        *graph.node,
        *graph.input,
        *graph.output,
        *graph.value_info,
        *graph.initializer,
    )
    for item in described:
        del item.metadata_props[:]
        item.doc_string = ""
    for holder in (graph, model):
        del holder.metadata_props[:]
