"""One export's code and card, kept to be read: what changes is seen in review.

To accept a change, run this file from the root of the repository:

    python -m tests.export.test_export_golden
"""

from dataclasses import replace
from pathlib import Path

import pytest

from nas.arch import (
    Architecture,
    Basic,
    Block,
    Concat,
    Hierarchical,
    PreactBottleneck,
    Separable,
    StemConv,
    Sum,
)
from nas.export import ModelFacts, Package, facts, source
from nas.export.card import card
from nas.latency import Latency
from nas.records import Recipe

GOLDEN = Path(__file__).parent / "golden"


def _package() -> Package:
    architecture = Architecture(
        input_shape=(3, 32, 32),
        num_classes=10,
        stem=(StemConv(width=16),),
        blocks=(
            Block(aggregation=Sum(), unit=Basic(), depth=2, width=16),
            Block(
                aggregation=Concat(growth=8),
                unit=PreactBottleneck(),
                depth=3,
                width=32,
                stride=2,
            ),
            Block(
                aggregation=Hierarchical(residual_root=True),
                unit=Separable(kernel=5),
                depth=4,
                width=48,
                stride=2,
            ),
        ),
        fusion="concat",
        dropout=0.1,
    )
    animals = ("bird", "cat", "deer", "dog", "frog", "horse")
    return Package(
        architecture=architecture,
        weights=Path("weights.safetensors"),
        mean=(0.49139968, 0.48215841, 0.44653091),
        std=(0.24703223, 0.24348513, 0.26158784),
        classes=("airplane", "automobile", *animals, "ship", "truck"),
        facts=ModelFacts(
            name="cifar10-small",
            data="cifar10",
            accuracy=0.9134,
            recipe=Recipe(epochs=40, batch_size=128, augment="standard"),
            seed=3,
            origin="trial 42 of runs/small",
        ),
    )


def _retrained() -> Package:
    """The same once everything is known that a card can tell."""
    speed = Latency(
        device="Some CPU @ 2 GHz",
        threads=1,
        batch_size=1,
        precision="float32",
        median_ms=1.872,
        low_ms=1.801,
        high_ms=2.416,
        runs=400,
        warmup_runs=20,
        torch="2.13.0",
        measured="2026-01-02T03:04:05+00:00",
    )
    more = replace(speed, batch_size=64, median_ms=61.7, low_ms=60.2, high_ms=70.9)
    return _package().with_facts(
        repeats=((11, 0.9102), (12, 0.9096)),
        tested=facts.TestedFacts(
            accuracies=((3, 0.9321), (4, 0.9298), (5, 0.9334)),
            seed=3,
            mean=0.93177,
            std=0.00182,
            low=0.92725,
            high=0.93629,
            images=10_000,
            with_validation=True,
        ),
        images=facts.ImageFacts(train=45_000, validation=5_000, test=10_000),
        latency=(speed, more),
        quantized=facts.QuantizedFacts(
            file="model_int8.onnx",
            scheme="weights and activations, per channel, by 256 training images",
            accuracy=0.9312,
            split="test",
            num_bytes=71_220,
        ),
        commands=(
            ("nas", "search", "--data", "cifar10", "--run", "runs/small"),
            ("nas", "export", "runs/small", "--trial", "42", "--to", "my model"),
        ),
        versions={"nas": "0.1.0", "torch": "2.13.0", "python": "3.11.7"},
    )


def _exported() -> dict[str, str]:
    return {"model.py": source(_package()), "model_card.md": card(_retrained())}


@pytest.mark.parametrize("name", ["model.py", "model_card.md"])
def test_the_exported_file_is_the_one_that_was_reviewed(name):
    assert _exported()[name] == (GOLDEN / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    for name, text in _exported().items():
        (GOLDEN / name).write_text(text, encoding="utf-8", newline="\n")
