"""The sentences of a model card: what a network takes, how to use it, what to mind."""

from collections.abc import Iterator
from typing import Final

from nas.drawing.markdown import code, text
from nas.export.package import Package
from nas.export.words import accuracy_text
from nas.nn.cost import cost

_SHELL: Final = """\
python model.py picture.png  # what it shows; needs Pillow
python test_model.py         # does it still give what it gave?"""

_PICTURE: Final = """\
from pathlib import Path

import torch
from model import CLASSES, INPUT_SHAPE, load, read_image

network = load()
images = read_image(Path("picture.png"), INPUT_SHAPE)
with torch.inference_mode():
    scores = network(images).softmax(dim=1)[0]
print(CLASSES[scores.argmax()], float(scores.max()))"""

_TENSOR: Final = """\
import torch
from model import CLASSES, INPUT_SHAPE, load

network = load()
images = torch.rand(1, *INPUT_SHAPE)  # yours: float32 in [0, 1]
with torch.inference_mode():
    scores = network(images).softmax(dim=1)[0]
print(CLASSES[scores.argmax()], float(scores.max()))"""


def network_facts(package: Package) -> str:
    """Return what there is to know first, as a list."""
    architecture, facts = package.architecture, package.facts
    total = cost(architecture).total
    rows = {
        "Task": f"classifies images, {architecture.num_classes:,} classes",
        "Accuracy": text(accuracy_text(facts)),
        "Size": f"{total.params:,} parameters",
        "Work": f"{total.macs:,} multiply-accumulates for one image",
        "Data": text(facts.data),
        "Made by": "nas, as code that needs PyTorch alone",
    }
    return "\n".join(f"- **{name}:** {row}" for name, row in rows.items() if row)


def usage(package: Package) -> Iterator[str]:
    """Yield how to call the model, in the folder that the card is in."""
    reads_pictures = package.architecture.input_shape[0] in (1, 3)
    shell, python = _SHELL, _PICTURE
    if not reads_pictures:
        shell, python = _SHELL.partition("\n")[2], _TENSOR
    yield code(shell, "sh")
    yield code(python, "python")
    yield (
        "`build(num_classes=5)` returns the same network for fine-tuning, with a new "
        "head."
    )


def preprocessing(package: Package) -> str:
    """Return what has to happen to an image before the network gets it."""
    channels, height, width = package.architecture.input_shape
    what = {1: "grey", 3: "red, green and blue"}.get(channels, f"{channels} channels")
    mean, std = (
        ", ".join(f"{value:.4g}" for value in values)
        for values in (package.mean, package.std)
    )
    takes = (
        f"The network takes images (N, {channels}, {height}, {width}): {what}, from 0 "
        "to 1, so divide bytes by 255."
    )
    if package.facts.recipe is None:
        return (
            f"{takes} It does not normalise them: their mean is taken for 0, their "
            "standard deviation for 1."
        )
    inside = (
        f"It normalises them by itself, with the training images' mean {mean} and "
        f"standard deviation {std}."
    )
    if channels not in (1, 3):
        return f"{takes} {inside}"
    return (
        f"{takes} {inside} `read_image` makes such images of picture files, as the "
        f"training did: {height} x {width} pixels, bilinear, the right way up, on "
        "white where they are transparent."
    )


def limitations(package: Package) -> str:
    """Return what not to expect of the model, as a list."""
    facts = package.facts
    if facts.recipe is None:
        return "- It is untrained and knows nothing: train it before you use it."
    rows = []
    if facts.tested is None:
        rows.append(
            f"It was chosen by its {facts.metric} on the validation split, so that is "
            "likely somewhat higher than what new images will give. It has not been "
            "tried on the test split."
        )
    else:
        rows.append(
            "The test images come from the same source as the training images. Images "
            "of another camera, place or time may do worse."
        )
    rows += [
        f"It knows its {len(package.classes):,} classes only, and takes a picture of "
        "anything else for one of them.",
        "Its scores rank the classes. They are not calibrated: 0.9 does not mean right "
        "nine times out of ten.",
        "Nobody has measured how it does on single classes or groups of images; do so "
        "before decisions about people depend on it.",
    ]
    return "\n".join(f"- {row}" for row in rows)
