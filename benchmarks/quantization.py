"""What 8-bit integers cost in accuracy, and save in bytes and time, in three ways.

Trains four networks of at most 82,000 parameters (depthwise separable units that are
summed, MBConv units and pre-activation bottlenecks that are concatenated, a tree of
basic units), and quantises each with

- `nas.formats.quantized`: onnxruntime, static, calibrated on 64, 256 and 1,024 images,
- torchao's PT2E with its X86InductorQuantizer, calibrated on 256 images, saved by
  torch.export and run as it is (what it gains takes torch.compile and a C++ compiler),
- torchao's quantize_ with 8-bit weights,

against the network itself, run by PyTorch and by onnxruntime. Prints for each the
accuracy on the validation split, the bytes of its file, and the median milliseconds of
processor time that batches of 1 and of 64 take on one thread, in turns; or what went
wrong.

    python benchmarks/quantization.py [--data digits] [--images N] [--epochs 30]
        [--rounds 30] [--keep FOLDER]

``--data`` is any source that `nas search` knows, ``--images`` of which are trained on,
at most 3,000 others tell the accuracy. ``--keep`` is where trained weights are kept and
found again. Needs nas[onnx]; without torchao, its rows are left out.
"""

import argparse
import copy
import io
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from nas.arch import (
    Architecture,
    Basic,
    Block,
    Concat,
    Hierarchical,
    Inverted,
    PreactBottleneck,
    Separable,
    StemConv,
    Sum,
)
from nas.data import SearchData, Split, load
from nas.errors import one_line
from nas.formats import Quantized
from nas.formats.int8 import quantized_graph
from nas.formats.onnx_graph import logits, onnx_graph, session
from nas.nn.build import build
from nas.nn.cost import num_params
from nas.records import EvalRequest, Recipe
from nas.train.evaluate import WEIGHTS, Evaluator
from nas.train.scored import scored

Network = Callable[[Tensor], Tensor]


def architectures(shape: tuple[int, int, int], classes: int) -> dict[str, Architecture]:
    """Return the networks by name."""

    def network(*blocks: Block, **changes: str) -> Architecture:
        return Architecture(
            input_shape=shape,
            num_classes=classes,
            stem=(StemConv(width=16),),
            blocks=blocks,
            **changes,
        )

    mbconv = Inverted(kernel=3, expansion=3.0, squeeze=0.25)
    dense, tree = PreactBottleneck(), Hierarchical()
    return {
        "separable, sum": network(
            Block(aggregation=Sum(), unit=Separable(kernel=3), depth=3, width=32),
            Block(
                aggregation=Sum(), unit=Separable(kernel=5), depth=3, width=64, stride=2
            ),
        ),
        "MBConv, concat": network(
            Block(aggregation=Concat(growth=8), unit=mbconv, depth=4, width=32),
            Block(
                aggregation=Concat(growth=8), unit=mbconv, depth=4, width=40, stride=2
            ),
            activation="silu",
        ),
        "bottleneck, concat": network(
            Block(aggregation=Concat(growth=8), unit=dense, depth=5, width=32),
            Block(
                aggregation=Concat(growth=12), unit=dense, depth=5, width=48, stride=2
            ),
            fusion="concat",
        ),
        "basic, hierarchical": network(
            Block(aggregation=tree, unit=Basic(), depth=2, width=24),
            Block(aggregation=tree, unit=Basic(), depth=2, width=40, stride=2),
            fusion="hierarchical",
        ),
    }


def part(data: SearchData, num_images: int) -> SearchData:
    """Return the first of the training images, and 3,000 for validation at most."""

    def first(split: Split, count: int) -> Split:
        return Split(images=split.images[:count], labels=split.labels[:count])

    return replace(
        data,
        train=first(data.train, num_images),
        validation=first(data.validation, 3000),
    )


def trained(
    name: str, spec: Architecture, data: SearchData, epochs: int, keep: Path
) -> nn.Module:
    """Return a network with its weights, trained unless they are kept already."""
    path = keep / name.replace(", ", "_") / WEIGHTS
    if not path.exists():
        request = EvalRequest(
            trial=0,
            architecture=spec,
            recipe=Recipe(epochs=epochs),
            seed=0,
            folder=str(path.parent),
        )
        result = Evaluator(data, "cpu")(request)
        assert result.status == "complete", result.error
    network = build(spec, data.mean, data.std)
    network.load_state_dict(load_file(path))
    return network.eval()


def onnx_forms(network: nn.Module, data: SearchData) -> dict[str, tuple[Network, int]]:
    """Return what onnxruntime runs, with the bytes of each file."""
    graph = onnx_graph(network, data.input_shape, data.classes)
    content = graph.SerializeToString()
    forms: dict[str, tuple[Network, int]] = {
        "onnxruntime": (partial(logits, session(content)), len(content))
    }
    for count in (64, 256, 1024):
        small = Quantized(
            quantized_graph(graph, data.train.images, count).SerializeToString()
        )
        forms[f"onnxruntime int8, {count}"] = (small, small.num_bytes)
    return forms


def pt2e(network: nn.Module, data: SearchData) -> tuple[Network, int]:
    """Return what torchao's PT2E makes of a network, and the bytes of its file."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    example = (torch.zeros(2, *data.input_shape),)
    shapes = ({0: torch.export.Dim("batch", min=1)},)
    quantizer = x86.X86InductorQuantizer()
    quantizer.set_global(x86.get_default_x86_inductor_quantization_config())
    traced = torch.export.export(network, example, dynamic_shapes=shapes).module()
    prepared = prepare_pt2e(traced, quantizer)
    with torch.no_grad():
        prepared(torch.from_numpy(data.train.images[:256]) / 255)
        converted = convert_pt2e(prepared)
        program = torch.export.export(converted, example, dynamic_shapes=shapes)
    file = io.BytesIO()
    torch.export.save(program, file)
    return converted, len(file.getvalue())


def weights_only(
    network: nn.Module, data: SearchData, convolutions: bool
) -> tuple[Network, int]:
    """Return a network with weights that torchao has made 8-bit, and their bytes."""
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    kinds = (nn.Linear, nn.Conv2d) if convolutions else nn.Linear
    small = copy.deepcopy(network)
    quantize_(
        small, Int8WeightOnlyConfig(), filter_fn=lambda m, _: isinstance(m, kinds)
    )
    file = io.BytesIO()
    torch.save(small.state_dict(), file)
    with torch.inference_mode():
        small(torch.zeros(2, *data.input_shape))
    return small, len(file.getvalue())


def medians(
    networks: dict[str, Network], images: Tensor, rounds: int
) -> dict[str, float]:
    """Return the median milliseconds of processor time of each, measured in turns."""
    times: dict[str, list[float]] = {name: [] for name in networks}
    with torch.inference_mode():
        for _ in range(rounds + 2):
            for name, network in networks.items():
                started = time.thread_time()
                network(images)
                times[name].append(time.thread_time() - started)
    return {name: 1000 * statistics.median(all_[2:]) for name, all_ in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--images", type=int, default=10**9)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    data = part(load(options.data).for_search(), options.images)
    print(f"{len(data.train)} + {len(data.validation)} images of {options.data}")
    with tempfile.TemporaryDirectory() as folder:
        keep = options.keep or Path(folder)
        for name, spec in architectures(data.input_shape, data.num_classes).items():
            network = trained(name, spec, data, options.epochs, keep)
            compare(name, spec, network, data, options.rounds)


def compare(
    name: str, spec: Architecture, network: nn.Module, data: SearchData, rounds: int
) -> None:
    """Print a table of what becomes of a network."""
    print(f"\n{name}: {num_params(spec):,} parameters")
    weights = sum(tensor.nbytes for tensor in network.state_dict().values())
    forms: dict[str, tuple[Network, int]] = {"PyTorch": (network, weights)}
    forms |= onnx_forms(network, data)
    if find_spec("torchao") is not None:
        for label, make in (
            ("torchao PT2E", pt2e),
            ("torchao weights, linear", partial(weights_only, convolutions=False)),
            ("torchao weights, all", partial(weights_only, convolutions=True)),
        ):
            try:
                forms[label] = make(network, data)
            except Exception as error:
                print(f"  {label:26}{one_line(error)}")
    networks = {label: form for label, (form, _) in forms.items()}
    images = torch.from_numpy(data.train.images[:64]) / 255
    single = medians(networks, images[:1], rounds)
    many = medians(networks, images, rounds // 3)
    print(f"  {'':26}{'accuracy':>9}{'bytes':>11}{'1 image':>10}{'64 images':>11}")
    for label, (form, num_bytes) in forms.items():
        accuracy = scored(form, data.validation, data.num_classes, "accuracy")
        print(
            f"  {label:26}{accuracy:9.4f}{num_bytes:11,}"
            f"{single[label]:10.3f}{many[label]:11.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
