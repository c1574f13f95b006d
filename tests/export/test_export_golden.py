"""One exported file, kept to be read: what changes in it is seen in review.

To accept a change, run this file from the root of the repository:

    python -m tests.export.test_export_golden
"""

from pathlib import Path

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
from nas.export import ModelFacts, Package, source
from nas.records import Recipe

GOLDEN = Path(__file__).parent / "golden" / "model.py"


def _exported() -> str:
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
    package = Package(
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
    return source(package)


def test_the_exported_file_is_the_one_that_was_reviewed():
    assert _exported() == GOLDEN.read_text(encoding="utf-8")


if __name__ == "__main__":
    GOLDEN.write_text(_exported(), encoding="utf-8", newline="\n")
