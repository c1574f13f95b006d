"""``config.json``: what the Hugging Face hub and its library ask a folder for."""

import json
from pathlib import Path
from typing import Final

from nas import __version__
from nas.arch import canonical_hash, to_json
from nas.export.model_file import shortest
from nas.export.package import Package
from nas.nn.cost import num_params

CARD: Final = "README.md"
"""What the hub shows beside a model: its card has to be called so."""


def add_config(folder: Path, package: Package) -> Package:
    """Write ``config.json``, which tells all about the network but its weights.

    ``num_classes`` is there for ``PyTorchModelHubMixin``, which hands to ``Network``
    those of the values that it takes.
    """
    architecture = package.architecture
    names = list(package.classes)
    config = {
        "model_type": "nas",
        "architectures": ["Network"],
        "num_classes": len(names),
        "id2label": {str(number): name for number, name in enumerate(names)},
        "input_shape": list(architecture.input_shape),
        "image_mean": list(shortest(package.mean)),
        "image_std": list(shortest(package.std)),
        "num_params": num_params(architecture),
        "architecture": to_json(architecture),
        "architecture_hash": canonical_hash(architecture),
        "nas_version": __version__,
    }
    text = json.dumps(config, indent=2) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
    return package
