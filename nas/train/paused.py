"""A training that waits on disk, to be taken up by whichever worker is free.

One safetensors file, whose header says in JSON what it is of; nothing in it is ever
unpickled. It is there as a whole or not at all.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import Tensor

from nas.arch import canonical_hash
from nas.records import EvalRequest, recipe_to_json

PAUSED: Final = "paused.safetensors"
_VERSION: Final = 1
_KEY: Final = "training"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """How far a training has come: the accuracy after each epoch, and its state.

    ``standing`` is the accuracy that it is judged by, ``tensors`` are those of
    `nas.train.snapshot`.
    """

    curve: tuple[float, ...]
    standing: float
    tensors: Mapping[str, Tensor]

    @property
    def epochs(self) -> int:
        """How many epochs it has had."""
        return len(self.curve)


def write_paused(request: EvalRequest, device: str, paused: Paused) -> None:
    """Keep a training in its folder; durable once this returns."""
    header = _identity(request, device)
    header |= {"curve": list(paused.curve), "standing": paused.standing}
    # By way of NumPy, whose arrays are written much faster than tensors.
    arrays = {name: value.numpy() for name, value in paused.tensors.items()}
    path = Path(request.folder) / PAUSED
    unfinished = path.with_name(f"{PAUSED}.part")
    with unfinished.open("wb") as file:
        file.write(save(arrays, {_KEY: json.dumps(header)}))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def read_paused(request: EvalRequest, device: str) -> Paused | None:
    """Return what a request can go on from, None where there is nothing of the kind.

    A file that is torn, or of another network, recipe, seed or kind of device, counts
    as none: the training then begins anew.
    """
    path = Path(request.folder) / PAUSED
    with suppress(OSError, SafetensorError, ValueError, TypeError, KeyError):
        with safe_open(path, framework="pt") as file:
            header = json.loads(file.metadata()[_KEY])
            curve = tuple(map(float, header.pop("curve")))
            standing = float(header.pop("standing"))
            if header != _identity(request, device) or len(curve) > _last(request):
                return None
            names = list(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
        return Paused(curve=curve, standing=standing, tensors=tensors)
    return None


def _last(request: EvalRequest) -> int:
    epochs = request.stop_epoch
    return request.recipe.epochs if epochs is None else epochs


def _identity(request: EvalRequest, device: str) -> dict[str, Any]:
    """Return what must be equal for a training to go on as if it had not paused."""
    return {
        "version": _VERSION,
        "architecture": canonical_hash(request.architecture),
        "recipe": recipe_to_json(request.recipe),
        "seed": request.seed,
        "device": device,
    }
