"""An export on disk: ``model.py`` with ``model.safetensors`` beside it."""

import runpy
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open

from nas.arch import Architecture
from nas.errors import RunError
from nas.export.facts import ModelFacts
from nas.export.model_file import source

Shapes = Mapping[str, tuple[int, ...]]


def write(
    folder: Path,
    architecture: Architecture,
    mean: Sequence[float],
    std: Sequence[float],
    classes: Sequence[str],
    weights: Path,
    facts: ModelFacts,
) -> Path:
    """Write ``model.py`` and ``model.safetensors`` to a new folder.

    Both are tried before they appear under these names: the written file loads the
    written weights. See ``source`` for the arguments; ``weights`` is the .safetensors
    file of the trained network.

    Returns:
        The path of ``model.py``.

    Raises:
        RunError: when the folder is taken or the weights are of another network.
    """
    text = source(architecture, mean, std, classes, facts)
    _check_weights(weights, _shapes(architecture))
    try:
        with _new_folder(folder) as draft:
            (draft / "model.py").write_text(text, encoding="utf-8", newline="\n")
            shutil.copyfile(weights, draft / "model.safetensors")
            runpy.run_path(str(draft / "model.py"))["load"]()
            for name in ("model.safetensors", "model.py"):
                (draft / name).replace(folder / name)
    except OSError as error:
        raise RunError(f"{folder}: cannot be written: {error.strerror}") from error
    return folder / "model.py"


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Make a folder, with one for drafts in it; leave none behind after an error."""
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file; an export needs a folder of its own")
    if folder.is_dir() and any(folder.iterdir()):
        raise RunError(
            f"{folder} is not empty, and an export overwrites nothing; name a new "
            "folder or empty this one"
        )
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".draft-") as draft:
            yield Path(draft)
    except BaseException:
        if is_new and not any(folder.iterdir()):
            folder.rmdir()
        raise


def _shapes(architecture: Architecture) -> Shapes:
    """Return the shape of every tensor that the network's weights have."""
    import torch

    from nas.nn.build import build

    with torch.device("meta"):
        state = build(architecture).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


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
