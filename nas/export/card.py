"""The text of ``model_card.md``, by the conventions of Hugging Face's model cards.

A section is there only when there is something to say.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from nas.drawing import picture, svg
from nas.drawing.markdown import code, line, outline_table, table, text
from nas.export.card_texts import (
    limitations,
    network_facts,
    preprocessing,
    usage,
)
from nas.export.facts import ModelFacts
from nas.export.markdown import command, front_matter
from nas.export.package import Package
from nas.export.words import percent, recipe_text, seeds_text

_TASK: Final = "image-classification"
_MOST_CLASSES: Final = 20

_PICTURE: Final = "architecture.svg"

_FORMS: Final = {
    "model.onnx": "ONNX: for onnxruntime, OpenVINO, TensorRT, browsers and phones",
    "model.pt2": "PyTorch without any source, for `torch.export.load`",
    "model_int8.onnx": "ONNX with integers of 8 bits, the smallest file",
}
"""Files of other formats, and what they are for."""

_LICENCE: Final = (
    "`model.py` and the other programs here hold source of nas, which is under the "
    "[Apache License 2.0](https://www.apache.org/licenses/LICENSE-2.0): use them, "
    "change them and sell what you make of them; whoever gets them from you gets a "
    "copy of that licence, too. Units and aggregations of your own in `model.py` stay "
    "under your own licence. The weights are under no licence of nas. Whether you may "
    "pass them on is for the licence of the data that they were learnt from to say."
)


def add_card(folder: Path, package: Package, name: str) -> None:
    """Write the model card, and the picture that it shows, to a folder."""
    others = [form for form in _FORMS if (folder / form).is_file()]
    texts = {name: card(package, others), _PICTURE: svg(picture(package.architecture))}
    for file, content in texts.items():
        (folder / file).write_text(content, encoding="utf-8", newline="\n")


def card(package: Package, others: Sequence[str] = ()) -> str:
    """Return the text of the model card, ``others`` being files of other formats."""
    facts = package.facts
    sections = [
        front_matter(
            _metadata(package),
            'No license: is given, for that is yours to choose; see "Licence" below.',
        ),
        f"# {text(facts.name)}",
        network_facts(package),
        "## How to use it",
        *usage(package),
        *_others(others),
        "## Architecture",
        f"![The architecture, which the table tells, too]({_PICTURE})",
        outline_table(package.architecture),
        *_accuracy(facts),
        *_speed(facts),
        *_quantized(facts),
        *_data(package),
        "## Preprocessing",
        preprocessing(package),
        *_training(facts),
        "## Limitations",
        limitations(package),
        "## Licence",
        _LICENCE,
    ]
    return "\n\n".join(sections) + "\n"


def _metadata(package: Package) -> dict[str, Any]:
    """Return the card's metadata, with the accuracy in the way the hub reads it."""
    facts = package.facts
    found: dict[str, Any] = {
        "library_name": "pytorch",
        "pipeline_tag": _TASK,
        "tags": [_TASK, "pytorch", "safetensors", "neural-architecture-search"],
    }
    split, value = "validation", facts.accuracy
    if facts.tested is not None:
        split, value = "test", facts.tested.accuracy
    if value is not None:
        name = line(facts.data)
        result = {
            "task": {"type": _TASK},
            "dataset": {"name": name, "type": name, "split": split},
            "metrics": [
                {"type": facts.metric.replace(" ", "_"), "value": round(value, 6)}
            ],
        }
        found["model-index"] = [{"name": line(facts.name), "results": [result]}]
    return found


def _others(files: Sequence[str]) -> Iterator[str]:
    if not files:
        return
    yield (
        "The same network in other formats, which take images and give logits as "
        "`model.py` does:"
    )
    yield table(("file", "for"), [(f"`{file}`", _FORMS[file]) for file in files])


def _accuracy(facts: ModelFacts) -> Iterator[str]:
    rows: list[tuple[str, str, str]] = []
    if (tested := facts.tested) is not None:
        for number, accuracy in tested.accuracies:
            mine = ", this model" if number == tested.seed else ""
            rows.append((f"test{mine}", str(number), percent(accuracy)))
    if facts.accuracy is not None:
        where = "validation, in the search" if tested else "validation, this model"
        seed = "" if tested else str(facts.seed)
        rows.append((where, seed, percent(facts.accuracy)))
    for number, accuracy in facts.repeats:
        rows.append(("validation, trained again", str(number), percent(accuracy)))
    if not rows:
        return
    yield f"## {facts.metric.capitalize()}"
    yield table(("images", "seed", facts.metric), rows, f"seed {facts.metric}")
    if tested is not None and (spread := seeds_text(tested)):
        yield f"On the test images {spread}."


def _speed(facts: ModelFacts) -> Iterator[str]:
    if not facts.latency:
        return
    yield "## Speed"
    yield table(
        ("device", "threads", "precision", "batch", "median", "5 % to 95 %"),
        [
            (
                text(found.device),
                str(found.threads),
                found.precision,
                str(found.batch_size),
                f"{found.median_ms:.3g} ms",
                f"{found.low_ms:.3g} to {found.high_ms:.3g} ms",
            )
            for found in facts.latency
        ],
        numbers="threads batch median",
    )


def _quantized(facts: ModelFacts) -> Iterator[str]:
    if (small := facts.quantized) is None:
        return
    yield "## Integers of 8 bits"
    yield (
        f"`{small.file}` is the network after training, quantised: {small.scheme}. It "
        f"has {small.num_bytes:,} bytes and reaches {percent(small.accuracy)} "
        f"{facts.metric} on the {small.split} split."
    )


def _data(package: Package) -> Iterator[str]:
    facts, classes = package.facts, package.classes
    if not facts.data:
        return
    yield "## Data"
    names = ", ".join(map(text, classes[:_MOST_CLASSES]))
    if len(classes) > _MOST_CLASSES:
        names += f" and {len(classes) - _MOST_CLASSES:,} more, see `CLASSES`"
    yield (
        f"It was trained on {text(facts.data)}, of {len(classes):,} classes; in the "
        f"order of the logits: {names}."
    )
    if (images := facts.images) is None:
        return
    also = facts.tested is not None and facts.tested.with_validation
    apart = (
        f"{images.validation:,} more told networks apart in the search and were then "
        "trained on, too"
        if also
        else f"{images.validation:,} others told networks apart"
    )
    test = f"{images.test:,} test images were kept from the search"
    if facts.tested is not None:
        test += " and looked at once for each training"
    yield f"{images.train:,} images were trained on, {apart}, and {test}."


def _training(facts: ModelFacts) -> Iterator[str]:
    yield "## Training" if facts.recipe else "## Origin"
    sentences = [f"It is {text(facts.origin)}, seed {facts.seed}."]
    if facts.recipe is not None:
        sentences.insert(0, f"{recipe_text(facts.recipe)}.")
    if facts.versions:
        made = ", ".join(f"{name} {text(of)}" for name, of in facts.versions.items())
        sentences.append(f"It was made with {made}.")
    yield " ".join(sentences)
    if facts.recipe is not None:
        yield "`train.py` is the same training as plain PyTorch."
    if facts.commands:
        yield code("\n".join(map(command, facts.commands)), "sh")
