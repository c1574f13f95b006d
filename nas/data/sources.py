"""Named data sets, and how one of them becomes three splits."""

from collections.abc import Callable
from typing import Final

import numpy as np

from nas.data.dataset import Dataset, Split, channel_statistics
from nas.data.splits import stratified
from nas.errors import DataError, unknown

TEST_FRACTION: Final = 0.2
VALIDATION_FRACTION: Final = 0.2  # of what the test split leaves

Labelled = tuple[tuple[str, ...], Split]


def load(source: str, seed: int = 0) -> Dataset:
    """Return the data set of that name.

    Args:
        source: a name in `SOURCES`.
        seed: of the splits alone, so that every search on the data sees the same ones.

    Raises:
        DataError: there is no such source.
    """
    if source not in SOURCES:
        raise DataError(unknown("data set", source, SOURCES))
    classes, everything = SOURCES[source]()
    rest, test = _split(everything, TEST_FRACTION, seed)
    train, validation = _split(rest, VALIDATION_FRACTION, seed)
    mean, std = channel_statistics(train.images)
    return Dataset(
        name=source,
        classes=classes,
        train=train,
        validation=validation,
        test=test,
        mean=mean,
        std=std,
    )


def _digits() -> Labelled:
    """1,797 handwritten digits, 8 x 8 (Alpaydin and Kaynak 1998), in scikit-learn."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    levels = bunch.images[:, np.newaxis]  # 0 to 16
    images = np.rint(levels * (255 / 16)).astype(np.uint8)
    split = Split(images=images, labels=bunch.target.astype(np.int64))
    return tuple(str(name) for name in bunch.target_names), split


def _split(split: Split, fraction: float, seed: int) -> tuple[Split, Split]:
    rest, chosen = (
        Split(images=split.images[index], labels=split.labels[index])
        for index in stratified(split.labels, fraction, seed)
    )
    return rest, chosen


SOURCES: Final[dict[str, Callable[[], Labelled]]] = {"digits": _digits}
