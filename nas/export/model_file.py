"""The text of ``model.py``: the blocks that a network uses, and how to use it."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from nas.errors import SpecError
from nas.export.dependencies import LIBRARIES, needed
from nas.export.formatting import (
    INDENT,
    docstring,
    paragraph,
    plain,
    statement,
    table,
)
from nas.export.imports import Import, import_block
from nas.export.package import Package
from nas.export.sources import Definition
from nas.export.words import accuracy_text, recipe_text
from nas.nn.cost import cost

_STANDALONE: Final = "nas.export.standalone"

_LOAD: Final = '''\
def load(path: str | Path | None = None) -> Network:
    """Return the {kind} network in eval mode, for use.

    ``path`` leads to its weights; without one, model.safetensors beside this file.
    """
    return build(path=path).eval()


def build(num_classes: int = {classes}, path: str | Path | None = None) -> Network:
    """Return the {kind} network in training mode, for fine-tuning.

    Where ``num_classes`` is not the number of CLASSES, its head is a new one, which
    knows nothing yet. ``path`` is as in ``load``.
    """
    file = Path(path or Path(__file__).with_name("model.safetensors"))
    weights = read_safetensors(file)
    network = Network()
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{{file}}: not the weights of this network") from error
    if num_classes != len(CLASSES):
{head}
    return network'''

_MAIN: Final = '''\
def main() -> None:
    """Describe the network, or name what a picture shows."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("picture", nargs="?", type=Path, help="a file to classify")
    picture = parser.parse_args().picture
    try:
        network = load()
        images = read_image(picture, INPUT_SHAPE) if picture else None
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    if images is None:
        images = torch.zeros(1, *INPUT_SHAPE)
        size = sum(p.numel() for p in network.parameters() if p.requires_grad)
        print(f"{size:,} parameters; takes images (N, {str(INPUT_SHAPE)[1:-1]})")
        names = ", ".join(f"{name!r:.40}" for name in CLASSES)
        print(textwrap.shorten(f"{len(CLASSES)} classes: {names}", 88))
        print("A black image, to see that it runs:")
    with torch.inference_mode():
        scores = network(images)[0].softmax(dim=0)
    best = scores.topk(min(3, len(CLASSES)))
    for score, index in zip(*best, strict=True):
        print(f"{score:8.2%}  {CLASSES[index]!r}")'''

_USAGE: Final = """\
    import torch
    from model import CLASSES, load

    network = load()
    with torch.inference_mode():
        best = network(images).argmax(dim=1)
    names = [CLASSES[i] for i in best]"""

_IMPORTS: Final = (
    *(Import(name) for name in ("argparse", "sys", "textwrap", "torch")),
    Import("pathlib", "Path"),
)
_OWN_NAMES: Final = ("CLASSES", "INPUT_SHAPE", "Network", "build", "load", "main")


def source(package: Package) -> str:
    """Return the text of ``model.py``.

    Raises:
        SpecError: when a part of the network cannot stand in a file of its own.
    """
    from nas.export.network_class import NetworkClass  # loads torch
    from nas.nn.layout import layout

    architecture = package.architecture
    parts = layout(architecture, shortest(package.mean), shortest(package.std))
    network = NetworkClass(parts, architecture)
    blocks = needed(network.roots)
    readers = needed(
        [(_STANDALONE, "read_safetensors"), (_STANDALONE, "read_image")],
        LIBRARIES | {"PIL"},
    )
    imports = {*_IMPORTS, *network.imports, *blocks.imports, *readers.imports}
    _check_names(imports, blocks.definitions + readers.definitions)
    constants = "\n".join(
        [
            statement("CLASSES", tuple(package.classes)),
            statement("INPUT_SHAPE", architecture.input_shape)
            + "  # channels, height, width",
        ]
    )
    body = [
        constants,
        *blocks.texts,
        network.text,
        *readers.texts,
        _LOAD.format(
            kind="untrained" if package.weights is None else "trained",
            classes=architecture.num_classes,
            head=statement("network.head", network.head, 2 * INDENT),
        ),
        _MAIN,
        'if __name__ == "__main__":\n    main()',
    ]
    start = f"{_docstring(package)}\n\n{import_block(imports)}\n\n"
    return start + "\n\n\n".join(body) + "\n"


def shortest(values: Sequence[float]) -> tuple[float, ...]:
    """Return the numbers with the fewest digits that are the same in float32."""
    return tuple(float(str(np.float32(value))) for value in values)


def _check_names(imports: Iterable[Import], definitions: Iterable[Definition]) -> None:
    """Refuse two meanings of one name in one file."""
    meanings = [(name, "model.py itself") for name in _OWN_NAMES]
    meanings += {(item.binds, item.origin) for item in imports}
    meanings += [(name, item.module) for item in definitions for name in item.names]
    seen: dict[str, str] = {}
    for name, where in meanings:
        if name in seen:
            raise SpecError(
                f"{name!r} of {where} cannot be exported beside {name!r} of "
                f"{seen[name]}; rename the one that is yours"
            )
        seen[name] = where


def _docstring(package: Package) -> str:
    architecture, facts = package.architecture, package.facts
    total = cost(architecture).total
    channels, height, width = architecture.input_shape
    num_classes = architecture.num_classes
    rows = {
        "name": plain(facts.name),
        "data": plain(facts.data),
        "accuracy": plain(accuracy_text(facts)),
        "parameters": f"{total.params:,}",
        "MACs": f"{total.macs:,} for one image",
        "recipe": plain(recipe_text(facts.recipe)),
        "origin": plain(f"{facts.origin}, seed {facts.seed}"),
    }
    return docstring(
        [
            f"An image classifier for {num_classes} classes, exported by nas.",
            table(rows),
            paragraph(
                f"It takes images (N, {channels}, {height}, {width}) with values in "
                f"[0, 1] and returns logits (N, {num_classes}). The weights are in "
                "model.safetensors, which belongs beside this file; PyTorch is all "
                "that both need."
            ),
            _USAGE,
            paragraph(
                "`python model.py` describes the network, `python model.py cat.png` "
                "names what a picture shows. To fine-tune it on classes of your own, "
                "train what `build(num_classes=5)` returns: the same network with a "
                "new head. `Network(num_classes)` is the same network with fresh "
                "weights."
            ),
        ]
    )
