"""What there is to know about a data set before any search."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nas.data.baselines import Baseline, baselines
from nas.data.dataset import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """A data set in numbers.

    ``shape`` is the (channels, height, width) of every image; ``train``, ``validation``
    and ``test`` are numbers of images, ``counts`` has those of each class. Validation
    images that were not given are held out from the training images: they are among
    ``train``, and candidates learn from the ``fitted`` others. ``given`` has the number
    of images in the splits that the source had itself; the others were made from its
    training images, or from all where it had no splits. ``duplicates``
    has the number of images that are in two splits at once. ``mean`` and ``std`` are
    those of each channel of the training images in [0, 1].
    """

    name: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    train: int
    fitted: int
    validation: int
    test: int
    counts: Mapping[str, tuple[int, ...]]
    given: Mapping[str, int]
    duplicates: Mapping[str, int]
    unreadable: int
    warnings: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    baselines: Mapping[str, Baseline]

    @property
    def imbalance(self) -> float:
        """The largest class's number of training images in those of the smallest."""
        return max(self.counts["train"]) / max(1, min(self.counts["train"]))

    def to_json(self) -> dict[str, Any]:
        """Return the facts as plain data."""
        data: dict[str, Any] = _plain(asdict(self))
        data["imbalance"] = round(self.imbalance, 2)
        return data


def describe(dataset: Dataset) -> DataFacts:
    """Return the facts; takes seconds, most of them for the baselines."""
    num_classes = len(dataset.classes)
    splits = {
        "train": dataset.train,
        "validation": dataset.validation,
        "test": dataset.test,
    }
    counts = {
        name: np.bincount(split.labels, minlength=num_classes)
        for name, split in splits.items()
    }
    if "validation" not in dataset.given:
        counts["train"] = counts["train"] + counts["validation"]
    return DataFacts(
        name=dataset.name,
        classes=dataset.classes,
        shape=dataset.for_search().input_shape,
        train=int(counts["train"].sum()),
        fitted=len(dataset.train),
        validation=len(dataset.validation),
        test=len(dataset.test),
        counts={name: tuple(map(int, numbers)) for name, numbers in counts.items()},
        given=_given(dataset, {name: len(split) for name, split in splits.items()}),
        duplicates=dict(dataset.duplicates),
        unreadable=dataset.unreadable,
        warnings=dataset.warnings,
        mean=dataset.mean,
        std=dataset.std,
        baselines=baselines(dataset),
    )


def _given(dataset: Dataset, sizes: Mapping[str, int]) -> dict[str, int]:
    given = {name: sizes[name] for name in dataset.given}
    if "train" in given:
        given["train"] = sum(
            size for name, size in sizes.items() if name == "train" or name not in given
        )
    return given


def _plain(value: Any) -> Any:
    """Return a value with lists for tuples, which YAML has no word for."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
