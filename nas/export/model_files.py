"""The files of the model itself: its code, its weights and their test."""

import runpy
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from safetensors import SafetensorError, safe_open

from nas.errors import RunError, SpecError
from nas.export.model_file import source
from nas.export.package import Package
from nas.export.selftest import IMAGES, TOLERANCE, selftest_source
from nas.export.train_file import train_source
from nas.export.words import accuracy_text

if TYPE_CHECKING:
    from torch import Tensor, nn

Shapes = Mapping[str, tuple[int, ...]]

MODEL: Final = "model.py"
WEIGHTS: Final = "model.safetensors"


def add_model(folder: Path, package: Package) -> Package:
    """Write the code, the weights and the test, once both give the same logits.

    Raises:
        RunError: when the weights are those of another network.
        SpecError: when the code computes something else than the network.
    """
    from safetensors.torch import load_file, save

    from nas.nn.build import build

    text = source(package)
    mean, std = tuple(package.mean), tuple(package.std)
    network = build(package.architecture, mean, std, package.facts.seed)
    weights = folder / WEIGHTS
    if package.weights is None:
        # The library's own save_file would keep the file from everybody else.
        weights.write_bytes(save(network.state_dict()))
    else:
        state = network.state_dict()
        _check_weights(package.weights, {k: tuple(v.shape) for k, v in state.items()})
        shutil.copyfile(package.weights, weights)
        network.load_state_dict(load_file(weights))
    _write(folder / MODEL, text)
    logits = _outputs(network.eval(), package)
    _compare(logits, _outputs(load_model(folder), package))
    _write(folder / "test_model.py", selftest_source(package, logits.tolist()))
    return package


def add_training(folder: Path, package: Package) -> Package:
    """Write ``train.py``, which trains the network as it was trained."""
    facts = package.facts
    if facts.recipe is not None:
        text = train_source(
            package.architecture,
            facts.recipe,
            data=facts.data,
            reached=accuracy_text(facts),
            seed=facts.seed,
            use_validation=facts.tested is not None and facts.tested.with_validation,
        )
        _write(folder / "train.py", text)
    return package


def load_model(folder: Path) -> "nn.Module":
    """Return the network that the exported code makes, with its weights, in eval mode.

    It maps images (N, C, H, W) in [0, 1] to logits (N, classes).
    """
    network: nn.Module = runpy.run_path(str(folder / MODEL))["load"]()
    return network


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _outputs(network: "nn.Module", package: Package) -> "Tensor":
    import torch

    from nas.export.standalone import pattern

    with torch.inference_mode():
        logits: Tensor = network(pattern(IMAGES, package.architecture.input_shape))
    return logits


def _compare(expected: "Tensor", found: "Tensor") -> None:
    # Code of the user's own may draw random numbers when it should not.
    apart = (found - expected).abs().max() / expected.abs().max().clamp(min=1)
    if not apart <= TOLERANCE:
        raise SpecError(
            "the network cannot be exported: its code gives other logits than the "
            f"network, by {apart:.1g}; units of your own must give the same whenever "
            "they are asked, once in eval mode"
        )


def _check_weights(weights: Path, expected: Shapes) -> None:
    """Refuse weights that are not those of the network."""
    try:
        with safe_open(weights, framework="numpy") as file:
            names = list(file.keys())
            found = {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except OSError as error:
        reason = error.strerror or "no such file"
        raise RunError(f"{weights}: cannot be read: {reason}") from None
    except SafetensorError as error:
        raise RunError(f"{weights}: not a .safetensors file: {error}") from None
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise RunError(
                f"{weights}: not the weights of this architecture: {name} is "
                f"{_shape(found.get(name))}, not {_shape(expected.get(name))}; "
                "take both from the same trial"
            )


def _shape(shape: tuple[int, ...] | None) -> str:
    return "absent" if shape is None else "x".join(map(str, shape)) or "one number"
